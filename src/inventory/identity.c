/* SPDX-License-Identifier: ISC */
/*
 * Who is behind a profile, without asking: the account where the configuration
 * names it, and a digest of all that decides who it is, under which the account
 * is remembered once AWS has said it.  No secret goes into the digest.
 */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/aws/call.h"
#include "pemkeep/aws/profile.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/digest.h"
#include "pemkeep/base/err.h"

#include "src/inventory/inventory_internal.h"

#define CHAIN_MAX 16 /* profiles that name each other */

static const char *const keys[] = { "role_arn", "source_profile",
	"credential_source", "sso_session", "sso_start_url", "sso_account_id",
	"sso_role_name", "aws_access_key_id", "credential_process",
	"web_identity_token_file", "login_session" };

static void
put(struct buf *b, const char *key, const char *value)
{
	buf_put_cstring(b, key);
	buf_put_cstring(b, value != NULL ? value : "");
}

static void
put_variable(struct buf *b, const char *name)
{
	put(b, name, getenv(name));
}

static bool
is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value != NULL && *value != '\0';
}

/* "arn:aws:iam::123456789012:role/x". */
static void
account_of_role(const char *arn, char account[static 13])
{
	for (int i = 0; i < 4 && arn != NULL; i++)
		if ((arn = strchr(arn, ':')) != NULL)
			arn++;
	if (arn != NULL && strspn(arn, "0123456789") == 12 && arn[12] == ':') {
		memcpy(account, arn, 12);
		account[12] = '\0';
	}
}

/* All of a profile, and of the one that it takes its keys from. */
static void
put_chain(const struct aws_profiles *p, const char *profile, struct buf *b)
{
	for (int i = 0; i < CHAIN_MAX && profile != NULL; i++) {
		const char *next =
		    aws_profile_get(p, profile, "source_profile");

		put(b, "profile", "");
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			put(b, keys[k], aws_profile_get(p, profile, keys[k]));
		profile =
		    next != NULL && strcmp(next, profile) != 0 ? next : NULL;
	}
}

static void
from_profile(struct inventory *inv, struct login *login, struct buf *b)
{
	const struct aws_profiles *p = inv->profiles;
	const char *role = aws_profile_get(p, login->name, "role_arn");
	const char *sso = aws_profile_get(p, login->name, "sso_account_id");
	const char *key = aws_profile_get(p, login->name, "aws_access_key_id");

	put_chain(p, login->name, b);
	login->changing = false;
	if (role != NULL) {
		account_of_role(role, login->account);
	} else if (sso != NULL) {
		if (aws_is_account(sso))
			memcpy(login->account, sso, 13);
	} else if (key == NULL) {
		login->changing = true; /* a program, or where this runs */
	}
}

int
identity_of(struct inventory *inv, struct login *login, struct err *e)
{
	struct buf b = BUF_INIT;
	uint8_t d[DIGEST_MAX];
	const char *url = NULL;
	size_t len;

	(void)aws_profile_endpoint(
	    inv->profiles, login->name, "ec2", &url, NULL);
	put(&b, "endpoint", url);
	put_variable(&b, "AWS_ENDPOINT_URL");
	put_variable(&b, "AWS_ENDPOINT_URL_STS");
	if (login->profile == NULL && inv->o.profile == NULL &&
	    is_set("AWS_ACCESS_KEY_ID")) {
		put_variable(&b, "AWS_ACCESS_KEY_ID");
		login->changing = false;
	} else {
		from_profile(inv, login, &b);
	}
	len = buf_ok(&b) ? digest(DIGEST_SHA256, b.data, b.len, d) : 0;
	buf_clear(&b);
	digest_put_hex(&b, d, len, 0);
	if (len == 0 || !buf_ok(&b)) {
		buf_free(&b);
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	memcpy(login->identity, buf_text(&b), sizeof(login->identity));
	buf_free(&b);
	return 0;
}
