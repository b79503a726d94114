/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_AWS_SSM_H
#define PEMKEEP_AWS_SSM_H

/*
 * Systems Manager's parameters: the public ones name the newest image of a
 * distribution ("/aws/service/…").  JSON 1.1.
 */

#include "pemkeep/aws/call.h"

/* GetParameters, of up to ten: one row for each that exists, in any order. */
struct ssm_parameter {
	const char *name, *value;
};

extern const struct aws_action ssm_get_parameters;

/* Append the parameters of the call, for aws_job.params. */
void ssm_put_names(struct buf *params, const char *const *names, size_t count);

#endif
