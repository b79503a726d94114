/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AWS_CREDENTIALS_H
#define PEMKEEP_SRC_AWS_CREDENTIALS_H

/* What call.c needs of the credentials besides the public header. */

#include "pemkeep/aws/credentials.h"

struct aws_profiles;
struct credentials;
struct err;

/* Of struct aws; wipes.  NULL does nothing. */
void credentials_free(struct credentials *c);

/*
 * ERR_NOT_FOUND, and which there are: the profile that somebody has chosen (NULL:
 * the environment's) does not stand in the files.
 */
int credentials_has_profile(
    const struct aws_profiles *p, const char *chosen, struct err *e);

#endif
