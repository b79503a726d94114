/* SPDX-License-Identifier: ISC */
/*
 * Roles: the source of a role is a profile (which may be a role again) or one
 * of the other sources by name.  What is wrong with the configuration is said
 * before anybody is asked for a code.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "pemkeep/aws/profile.h"
#include "pemkeep/aws/sts.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/aws/aws.h"
#include "src/aws/credentials_internal.h"

#define CODE_SIZE 16 /* of ask_code() */

struct role {
	const char *arn, *external_id, *serial;
	const char *session_name; /* NULL: one is made up */
	const char *source_profile, *credential_source;
	bool has_duration;
	long duration;
};

static bool
has_role(const struct search *s, const char *profile)
{
	const struct aws_profiles *p = s->c->profiles;

	return aws_profile_get(p, profile, "role_arn") != NULL &&
	    aws_profile_get(p, profile, "web_identity_token_file") == NULL;
}

static bool
has_static_keys(const struct search *s, const char *profile)
{
	const struct aws_profiles *p = s->c->profiles;

	return aws_profile_get(p, profile, "aws_access_key_id") != NULL ||
	    aws_profile_get(p, profile, "aws_secret_access_key") != NULL;
}

/* What is no number is as if it were not there. */
static void
read_duration(const char *text, struct role *role)
{
	char *end;

	if (text == NULL)
		return;
	role->duration = strtol(text, &end, 10);
	role->has_duration = end != text && *end == '\0';
}

__attribute__((format(printf, 3, 4))) static int
wrong(const struct search *s, struct err *e, const char *fmt, ...)
{
	char text[400];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	err_set(e, ERR_FORMAT, "profile '%s' %s", s->profile, text);
	err_hint(
	    e, "see '%s'", aws_profiles_path(s->c->profiles, AWS_FILE_CONFIG));
	return ERR_FORMAT;
}

static bool
visited(const struct search *s, const char *profile)
{
	for (size_t i = 0; i < s->visited_count; i++)
		if (strcmp(s->visited[i], profile) == 0)
			return true;
	return false;
}

/* A profile may be its own source when it has keys. */
static int
check_source_profile(const struct search *s, const char *source, struct err *e)
{
	if (!aws_profiles_has(s->c->profiles, source))
		return wrong(s, e,
		    "has the source_profile '%s', which does not exist",
		    source);
	if (strcmp(source, s->profile) == 0) {
		if (!has_static_keys(s, source))
			return wrong(
			    s, e, "is its own source_profile and has no keys");
	} else if (visited(s, source)) {
		return wrong(s, e,
		    "has the source_profile '%s', which leads back to it",
		    source);
	}
	if (s->visited_count == CHAIN_MAX)
		return wrong(
		    s, e, "ends a chain of more than %d profiles", CHAIN_MAX);
	return 0;
}

static int
read_role(const struct search *s, struct role *role, struct err *e)
{
	*role = (struct role){
		.arn = search_get(s, "role_arn"),
		.external_id = search_get(s, "external_id"),
		.serial = search_get(s, "mfa_serial"),
		.session_name = search_get(s, "role_session_name"),
		.source_profile = search_get(s, "source_profile"),
		.credential_source = search_get(s, "credential_source"),
	};
	if (role->session_name != NULL && *role->session_name == '\0')
		role->session_name = NULL;
	read_duration(search_get(s, "duration_seconds"), role);
	if (role->source_profile != NULL && role->credential_source != NULL)
		return wrong(
		    s, e, "has both source_profile and credential_source");
	if (role->source_profile == NULL && role->credential_source == NULL)
		return wrong(s, e,
		    "has role_arn, and neither source_profile nor "
		    "credential_source");
	if (role->source_profile != NULL)
		return check_source_profile(s, role->source_profile, e);
	return 0;
}

/* The text that aws-cli's cache is named after: json.dumps(sort_keys=True). */
static void
put_cache_args(struct buf *b, const struct role *role)
{
	const struct {
		const char *name, *value;
	} rest[] = {
		{ "ExternalId", role->external_id },
		{ "RoleArn", role->arn },
		{ "RoleSessionName", role->session_name },
		{ "SerialNumber", role->serial },
	};
	const char *comma = "";

	buf_put_text(b, "{");
	if (role->has_duration) {
		buf_printf(b, "\"DurationSeconds\": %ld", role->duration);
		comma = ", ";
	}
	for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++) {
		if (rest[i].value == NULL)
			continue;
		buf_printf(b, "%s\"%s\": ", comma, rest[i].name);
		keycache_put_text(b, rest[i].value);
		comma = ", ";
	}
	buf_put_text(b, "}");
}

static int
by_name(const struct search *s, const char *name, struct aws_keys *keys,
    struct err *e)
{
	struct search inner = *s;
	int r;

	inner.chosen = false;
	if (strcasecmp(name, "Environment") == 0)
		r = source_environment(&inner, keys, e);
	else if (strcasecmp(name, "Ec2InstanceMetadata") == 0)
		r = source_instance(&inner, keys, e);
	else if (strcasecmp(name, "EcsContainer") == 0)
		r = source_container(&inner, keys, e);
	else
		return wrong(
		    s, e, "has an unknown credential_source: '%s'", name);
	if (r != NOTHING)
		return r;
	err_set(e, ERR_REFUSED,
	    "profile '%s' has credential_source = %s, and there are no "
	    "credentials; looked at: %s",
	    s->profile, name, s->looked->len > 0 ? buf_text(s->looked) : name);
	return ERR_REFUSED;
}

/* Into 'own', or where they belong to the credentials. */
static int
source_keys(const struct search *s, const struct role *role,
    struct aws_keys *own, const struct aws_keys **keysp, struct err *e)
{
	const char *source = role->source_profile;
	struct search inner = *s;

	*keysp = own;
	if (source == NULL)
		return by_name(s, role->credential_source, own, e);
	inner.visited[inner.visited_count++] = source;
	return search_keys(&inner,
	    has_static_keys(s, source) || !has_role(s, source) ? ENTRY_FILES
							       : ENTRY_ROLE,
	    source, keysp, e);
}

/* As Python's getpass() there: asked each time that keys are made. */
static int
ask_code(const struct search *s, const char *serial, char code[CODE_SIZE],
    struct err *e)
{
	const struct aws_options *o = &s->c->aws->options;
	int r;

	if (o->ask_code == NULL) {
		err_set(e, ERR_REFUSED,
		    "profile '%s' wants the code of the MFA device '%s', and "
		    "there is nobody to ask",
		    s->profile, serial);
		err_hint(e,
		    "run this at a terminal, or `aws sts "
		    "get-caller-identity --profile %s` first",
		    s->profile);
		return ERR_REFUSED;
	}
	memset(code, 0, CODE_SIZE);
	if ((r = o->ask_code(o->arg, serial, code, e)) != 0)
		return r;
	code[CODE_SIZE - 1] = '\0';
	if (strlen(code) >= 6 && strspn(code, "0123456789") == strlen(code))
		return 0;
	return err_set(
	    e, ERR_REFUSED, "that is no MFA code: 6 digits or more are wanted");
}

/* Where a role lies without a region: the first one of its partition. */
static const char *
region_for(const struct search *s, const char *arn)
{
	static const struct {
		const char *prefix, *region;
	} partitions[] = {
		{ "arn:aws-cn:", "cn-north-1" },
		{ "arn:aws-us-gov:", "us-gov-west-1" },
	};
	const char *region = aws_profile_region(
	    s->c->profiles, s->visited[0], s->c->aws->options.region);

	for (size_t i = 0; region == NULL && i < 2; i++)
		if (strncmp(arn, partitions[i].prefix,
			strlen(partitions[i].prefix)) == 0)
			region = partitions[i].region;
	return region != NULL ? region : "us-east-1";
}

struct answer {
	const struct search *s;
	const struct role *role;
	const struct buf *args;
	struct aws_keys *keys;
	bool there;
};

/* "arn:aws:sts::123456789012:assumed-role/…" */
static void
account_of(const char *arn, char account[13])
{
	account[0] = '\0';
	for (int colons = 0; colons < 4 && arn != NULL; colons++)
		if ((arn = strchr(arn, ':')) != NULL)
			arn++;
	if (arn != NULL && strcspn(arn, ":") == 12) {
		memcpy(account, arn, 12);
		account[12] = '\0';
	}
}

static int
take_answer(void *arg, const void *row, struct err *e)
{
	const struct sts_credentials *c = row;
	struct answer *a = arg;
	char account[13], source[300];
	const struct keys_text text = {
		.id = c->id,
		.secret = c->secret,
		.token = c->token,
		.expires = c->expires,
		.account = account,
		.source = source,
	};
	int r;

	account_of(c->arn, account);
	(void)snprintf(source, sizeof(source), "role '%.200s'", a->role->arn);
	r = keys_set(a->keys, &text, "that STS has given", e);
	if (r == 0)
		keycache_put(a->s, a->args, a->keys, c->arn, c->role_id, false);
	a->there = r == 0;
	return r;
}

static void
put_params(struct buf *b, const struct role *role, const char *code)
{
	char text[32];

	aws_param(b, role->arn, "RoleArn");
	if (role->session_name != NULL) {
		aws_param(b, role->session_name, "RoleSessionName");
	} else {
		(void)snprintf(
		    text, sizeof(text), "pemkeep-%lld", (long long)time(NULL));
		aws_param(b, text, "RoleSessionName");
	}
	if (role->external_id != NULL)
		aws_param(b, role->external_id, "ExternalId");
	if (role->has_duration) {
		(void)snprintf(text, sizeof(text), "%ld", role->duration);
		aws_param(b, text, "DurationSeconds");
	}
	if (role->serial != NULL) {
		aws_param(b, role->serial, "SerialNumber");
		aws_param(b, code, "TokenCode");
	}
}

static int
call_sts(struct answer *a, const struct aws_keys *source, const char *code,
    struct err *e)
{
	struct buf params = BUF_INIT;
	struct aws_job job = {
		.profile = a->s->visited[0],
		.region = region_for(a->s, a->role->arn),
		.keys = source,
		.action = &sts_assume_role,
		.params = &params,
		.row = take_answer,
		.arg = a,
	};
	int r;

	put_params(&params, a->role, code);
	if ((r = aws_run_one(a->s->c->aws, &job, e)) == 0 && !a->there)
		r = err_set(e, ERR_NETWORK,
		    "the answer of STS to AssumeRole holds no credentials");
	keys_wipe_buf(&params);
	return r;
}

int
role_assume(const struct search *s, struct aws_keys *keys, struct err *e)
{
	struct aws_keys own = { .id = NULL };
	const struct aws_keys *source = NULL;
	struct buf args = BUF_INIT;
	struct role role;
	struct answer a = { s, &role, &args, keys, false };
	char code[CODE_SIZE] = "", text[300];
	int r;

	if ((r = read_role(s, &role, e)) != 0)
		return r;
	put_cache_args(&args, &role);
	(void)snprintf(
	    text, sizeof(text), "role '%.200s' (kept by aws-cli)", role.arn);
	r = keycache_get(s, &args, text, keys, e);
	if (r == NOTHING &&
	    (r = source_keys(s, &role, &own, &source, e)) == 0) {
		if (role.serial != NULL)
			r = ask_code(s, role.serial, code, e);
		if (r == 0)
			r = call_sts(&a, source, code, e);
	}
	explicit_bzero(code, sizeof(code));
	aws_keys_clear(&own);
	buf_free(&args);
	return r;
}

int
source_role(const struct search *s, struct aws_keys *keys, struct err *e)
{
	const struct aws_keys *found;
	int r;

	if (!has_role(s, s->profile))
		return NOTHING;
	r = search_keys(s, ENTRY_ROLE, s->profile, &found, e);
	return r == 0 ? keys_copy(keys, found, e) : r;
}
