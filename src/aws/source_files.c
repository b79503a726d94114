/* SPDX-License-Identifier: ISC */
/*
 * Keys that are written down: environment, credentials file, config file; and
 * the sources that are known and not supported.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pemkeep/aws/profile.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/timefmt.h"

#include "src/aws/credentials_internal.h"

#define KEYS "aws_access_key_id"
#define SECRET "aws_secret_access_key"

static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

static int
check_expiration(struct keys_text *text, struct err *e)
{
	const char *at = variable("AWS_CREDENTIAL_EXPIRATION");

	if (at == NULL)
		return 0;
	if (!timefmt_parse(at, &text->expires))
		return err_set(e, ERR_FORMAT,
		    "AWS_CREDENTIAL_EXPIRATION is no time: '%s'", at);
	if (text->expires > (int64_t)time(NULL))
		return 0;
	err_set(e, ERR_REFUSED,
	    "the credentials in the environment have expired (%s)", at);
	err_hint(e, "set AWS_ACCESS_KEY_ID and so on anew, or unset them");
	return ERR_REFUSED;
}

int
source_environment(const struct search *s, struct aws_keys *keys, struct err *e)
{
	const char *token = variable("AWS_SECURITY_TOKEN");
	struct keys_text text = {
		.id = variable("AWS_ACCESS_KEY_ID"),
		.secret = variable("AWS_SECRET_ACCESS_KEY"),
		.token = token != NULL ? token : variable("AWS_SESSION_TOKEN"),
		.account = variable("AWS_ACCOUNT_ID"),
		.source = "the environment",
	};
	int r;

	if (s->chosen)
		return NOTHING;
	if (text.id == NULL) {
		search_looked(s, "AWS_ACCESS_KEY_ID");
		return NOTHING;
	}
	if (text.secret == NULL) {
		err_set(e, ERR_FORMAT,
		    "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is "
		    "not");
		err_hint(e, "set both, or unset AWS_ACCESS_KEY_ID");
		return ERR_FORMAT;
	}
	if ((r = check_expiration(&text, e)) != 0)
		return r;
	return keys_set(keys, &text, "in the environment", e);
}

static int
from_file(const struct search *s, enum aws_file file, struct aws_keys *keys,
    struct err *e)
{
	const struct aws_profiles *p = s->c->profiles;
	const char *path = aws_profiles_path(p, file), *token;
	struct keys_text text = {
		.id = aws_profile_get_in(p, file, s->profile, KEYS),
		.secret = aws_profile_get_in(p, file, s->profile, SECRET),
	};
	char what[300];

	if (text.id == NULL) {
		search_looked(s, "'%s'", path);
		return NOTHING;
	}
	(void)snprintf(what, sizeof(what), "of profile '%.100s' in '%.150s'",
	    s->profile, path);
	token = aws_profile_get_in(p, file, s->profile, "aws_security_token");
	text.token = token != NULL
	    ? token
	    : aws_profile_get_in(p, file, s->profile, "aws_session_token");
	text.account =
	    aws_profile_get_in(p, file, s->profile, "aws_account_id");
	text.source = what + strlen("of ");
	return keys_set(keys, &text, what, e);
}

int
source_credentials_file(
    const struct search *s, struct aws_keys *keys, struct err *e)
{
	return from_file(s, AWS_FILE_CREDENTIALS, keys, e);
}

int
source_config_file(const struct search *s, struct aws_keys *keys, struct err *e)
{
	return from_file(s, AWS_FILE_CONFIG, keys, e);
}

static int
unsupported(const char *what, const char *where, struct err *e)
{
	err_set(e, ERR_UNSUPPORTED,
	    "credentials of %s (%s) are not supported "
	    "yet",
	    what, where);
	err_hint(e,
	    "until then: `aws configure export-credentials`, which "
	    "credential_process can run");
	return ERR_UNSUPPORTED;
}

int
source_web_identity(
    const struct search *s, struct aws_keys *keys, struct err *e)
{
	char where[300];

	(void)keys;
	if (!s->chosen && variable("AWS_WEB_IDENTITY_TOKEN_FILE") != NULL)
		return unsupported(
		    "a web identity", "AWS_WEB_IDENTITY_TOKEN_FILE", e);
	if (search_get(s, "web_identity_token_file") == NULL)
		return NOTHING;
	(void)snprintf(where, sizeof(where),
	    "web_identity_token_file of profile '%.200s'", s->profile);
	return unsupported("a web identity", where, e);
}

int
source_login(const struct search *s, struct aws_keys *keys, struct err *e)
{
	char where[300];

	(void)keys;
	if (search_get(s, "login_session") == NULL)
		return NOTHING;
	(void)snprintf(where, sizeof(where),
	    "login_session of profile '%.200s'", s->profile);
	return unsupported("`aws login`", where, e);
}

int
source_container(const struct search *s, struct aws_keys *keys, struct err *e)
{
	static const char *const names[] = {
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI"
	};

	(void)s;
	(void)keys;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (getenv(names[i]) != NULL)
			return unsupported("a container", names[i], e);
	return NOTHING;
}
