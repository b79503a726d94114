/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_AWS_STS_H
#define PEMKEEP_AWS_STS_H

/* Actions of STS: whose keys these are, and temporary ones. */

#include "pemkeep/aws/call.h"

/* GetCallerIdentity: needs no permission. */
struct sts_identity {
	const char *account; /* 12 digits */
	const char *arn;
	const char *user;
};

/* AssumeRole, GetSessionToken. */
struct sts_credentials {
	const char *id, *secret, *token;
	int64_t expires; /* Unix time */
	const char *arn; /* AssumeRole: arn:aws:sts::ACCOUNT:assumed-role/… */
	const char *role_id;
};

extern const struct aws_action sts_get_caller_identity;
extern const struct aws_action sts_assume_role;
extern const struct aws_action sts_get_session_token;

#endif
