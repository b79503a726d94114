/* SPDX-License-Identifier: ISC */
/*
 * The role of the EC2 instance that this runs on, from the instance metadata
 * service, version 2 only: version 1 answers to any request that a program can
 * be talked into.  One second for an answer, never through a proxy.  Where
 * nothing answers this is no instance, and no error.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "pemkeep/aws/call.h"
#include "pemkeep/aws/profile.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/json.h"
#include "pemkeep/base/timefmt.h"

#include "src/aws/aws.h"
#include "src/aws/credentials_internal.h"
#include "src/aws/http.h"

#define IPV4 "http://169.254.169.254"
#define IPV6 "http://[fd00:ec2::254]"
#define LIFE "x-aws-ec2-metadata-token-ttl-seconds: 21600"
#define ROLES "/latest/meta-data/iam/security-credentials/"
#define TIMEOUT_MS 1000u
#define ANSWER_MAX 0x4000u /* bytes: 16 KiB */

struct session {
	struct aws *aws;
	const char *endpoint;
	struct buf token;  /* the header with it */
	struct buf answer; /* the last one */
	char problem[200]; /* why there is none; "" when there is */
};

static const char *
setting(const struct credentials *c, const char *profile, const char *variable,
    const char *key)
{
	const char *value = getenv(variable);

	if (value != NULL && *value != '\0')
		return value;
	value = aws_profile_get(c->profiles, profile, key);
	return value != NULL && *value != '\0' ? value : NULL;
}

static const char *
endpoint(const struct credentials *c, const char *profile)
{
	const char *url =
	    setting(c, profile, "AWS_EC2_METADATA_SERVICE_ENDPOINT",
		"ec2_metadata_service_endpoint");
	const char *mode =
	    setting(c, profile, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
		"ec2_metadata_service_endpoint_mode");

	if (url != NULL)
		return url;
	return mode != NULL && strcasecmp(mode, "ipv6") == 0 ? IPV6 : IPV4;
}

static bool
disabled(void)
{
	const char *value = getenv("AWS_EC2_METADATA_DISABLED");

	return value != NULL && strcasecmp(value, "true") == 0;
}

/* One line, as the token and the names of roles are. */
static bool
is_word(struct buf *b)
{
	const char *text = buf_text(b);

	for (; *text != '\0'; text++)
		if (*text < '!' || *text > '~')
			return false;
	return b->len > 0 && strlen(buf_text(b)) == b->len;
}

/* 0 with the answer, NOTHING without one that can be used, or an error. */
static int
ask(struct session *m, const char *method, const char *path, const char *header,
    struct err *e)
{
	const char *const headers[] = { header, NULL };
	struct buf url = BUF_INIT;
	struct http_response response = { 0 };
	struct http_request request = {
		.method = method,
		.headers = headers,
		.connect_ms = TIMEOUT_MS,
		.timeout_ms = TIMEOUT_MS,
		.cap = ANSWER_MAX,
		.no_proxy = true,
	};
	struct err why;
	int r;

	buf_put_text(&url, m->endpoint);
	while (url.len > 0 && url.data[url.len - 1] == '/')
		url.len--;
	buf_put_text(&url, path);
	request.url = buf_text(&url);
	buf_clear(&m->answer);
	m->problem[0] = '\0';
	r = http_call(aws_http(m->aws), &request, &m->answer, &response, &why);
	if (r == ERR_INTERRUPTED || r == ERR_NOMEM) {
		*e = why;
	} else if (r != 0) {
		(void)snprintf(
		    m->problem, sizeof(m->problem), "%.150s", why.text);
		r = NOTHING;
	} else if (response.status != 200) {
		(void)snprintf(m->problem, sizeof(m->problem), "status %u",
		    response.status);
		r = NOTHING;
	}
	buf_free(&url);
	return r;
}

/* The token that version 2 wants with all else. */
static int
begin(struct session *m, struct credentials *c, const char *profile,
    struct err *e)
{
	int r;

	*m = (struct session){ .aws = c->aws };
	keys_room(&m->token, ANSWER_MAX + 128);
	keys_room(&m->answer, ANSWER_MAX);
	if (disabled()) {
		(void)snprintf(m->problem, sizeof(m->problem),
		    "AWS_EC2_METADATA_DISABLED is set");
		return NOTHING;
	}
	if (aws_http(c->aws) == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	m->endpoint = endpoint(c, profile);
	r = ask(m, "PUT", "/latest/api/token", LIFE, e);
	if (r != 0)
		return r;
	if (!is_word(&m->answer)) {
		(void)snprintf(m->problem, sizeof(m->problem), "no token");
		return NOTHING;
	}
	buf_printf(
	    &m->token, "x-aws-ec2-metadata-token: %s", buf_text(&m->answer));
	return 0;
}

static void
end(struct session *m)
{
	keys_wipe_buf(&m->token);
	keys_wipe_buf(&m->answer);
}

static int
get(struct session *m, const char *path, struct err *e)
{
	return ask(m, "GET", path, buf_text(&m->token), e);
}

static int
no(struct session *m, const char *why)
{
	(void)snprintf(m->problem, sizeof(m->problem), "%s", why);
	return NOTHING;
}

static int
take_keys(struct session *m, const char *role, struct aws_keys *keys)
{
	const int64_t now = (int64_t)time(NULL);
	struct json_value *j = NULL;
	struct keys_text text = { .id = NULL };
	const char *expires;
	char source[300];
	int r = NOTHING;

	if (json_parse(m->answer.data, m->answer.len, "x", &j, NULL) != 0)
		return no(m, "an answer that is no JSON");
	(void)snprintf(
	    source, sizeof(source), "role '%.200s' of this instance", role);
	text.source = source;
	text.id = json_member_text(j, "AccessKeyId");
	text.secret = json_member_text(j, "SecretAccessKey");
	text.token = json_member_text(j, "Token");
	expires = json_member_text(j, "Expiration");
	if (text.token == NULL || expires == NULL ||
	    !timefmt_parse(expires, &text.expires))
		(void)no(m, "no credentials in the answer");
	else if (keys_set(keys, &text, "of the instance", NULL) != 0)
		(void)no(m, "credentials that cannot be");
	else
		r = 0;
	/* When the service is in trouble, AWS takes the old ones on. */
	if (r == 0 && keys->expires - CACHE_WINDOW <= now)
		keys->expires = now + CACHE_WINDOW;
	json_value_free(j);
	return r;
}

static int
get_keys(struct session *m, struct aws_keys *keys, struct err *e)
{
	struct buf path = BUF_INIT;
	int r = get(m, ROLES, e);

	if (r == 0) { /* the first line */
		m->answer.len = strcspn(buf_text(&m->answer), "\r\n");
		if (!is_word(&m->answer) ||
		    strpbrk(buf_text(&m->answer), "/?#%") != NULL)
			r = no(m, "the instance has no role");
	}
	if (r == 0) {
		buf_printf(&path, ROLES "%s", buf_text(&m->answer));
		r = get(m, buf_text(&path), e);
	}
	if (r == 0)
		r = take_keys(m, buf_text(&path) + strlen(ROLES), keys);
	buf_free(&path);
	return r;
}

int
source_instance(const struct search *s, struct aws_keys *keys, struct err *e)
{
	struct session m;
	int r = begin(&m, s->c, s->visited[0], e);

	if (r == 0)
		r = get_keys(&m, keys, e);
	if (r == NOTHING)
		search_looked(
		    s, "the instance metadata service (%s)", m.problem);
	end(&m);
	return r;
}

int
instance_region(struct credentials *c, struct err *e)
{
	struct session m;
	int r = begin(&m, c, aws_profile_current(c->aws->options.profile), e);

	if (r == 0)
		r = get(&m, "/latest/meta-data/placement/region", e);
	if (r == 0 && aws_is_region(buf_text(&m.answer))) {
		c->region = strdup(buf_text(&m.answer));
		if (c->region == NULL)
			r = err_set(e, ERR_NOMEM, "out of memory");
	}
	end(&m);
	return r == NOTHING ? 0 : r;
}
