/* SPDX-License-Identifier: ISC */
/* STS in tables: API version 2011-06-15. */

#include "pemkeep/aws/sts.h"

#include "src/aws/tables.h"

#define VERSION "2011-06-15"

static const struct aws_field identity_fields[] = {
	TEXT(sts_identity, account, "Account"),
	TEXT(sts_identity, arn, "Arn"),
	TEXT(sts_identity, user, "UserId"),
};
static const struct aws_table identity =
    TABLE(sts_identity, "GetCallerIdentityResult", identity_fields);
const struct aws_action sts_get_caller_identity = {
	.name = "GetCallerIdentity",
	.service = "sts",
	.version = VERSION,
	.table = &identity,
};

static const struct aws_field credentials_fields[] = {
	TEXT(sts_credentials, id, "Credentials/AccessKeyId"),
	TEXT(sts_credentials, secret, "Credentials/SecretAccessKey"),
	TEXT(sts_credentials, token, "Credentials/SessionToken"),
	TIME(sts_credentials, expires, "Credentials/Expiration"),
	TEXT(sts_credentials, arn, "AssumedRoleUser/Arn"),
	TEXT(sts_credentials, role_id, "AssumedRoleUser/AssumedRoleId"),
};
static const struct aws_table assumed =
    TABLE(sts_credentials, "AssumeRoleResult", credentials_fields);
const struct aws_action sts_assume_role = {
	.name = "AssumeRole",
	.service = "sts",
	.version = VERSION,
	.table = &assumed,
};

static const struct aws_table session =
    TABLE(sts_credentials, "GetSessionTokenResult", credentials_fields);
const struct aws_action sts_get_session_token = {
	.name = "GetSessionToken",
	.service = "sts",
	.version = VERSION,
	.table = &session,
};
