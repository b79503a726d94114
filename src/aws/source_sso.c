/* SPDX-License-Identifier: ISC */
/*
 * IAM Identity Center: `aws sso login` has left a token in ~/.aws/sso/cache, for
 * which the portal gives the keys of a role.  The token is not refreshed here:
 * when it has expired, the user is told to log in.
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

#define ANSWER_MAX 0x10000u /* bytes: 64 KiB */
#define TIMEOUT_MS 20000u
#define TRIES 3

struct sso {
	const char *session; /* NULL: the older form */
	const char *start_url, *region, *account, *role;
};

static int
wrong(const struct search *s, struct err *e, const char *what, const char *name)
{
	err_set(e, ERR_FORMAT, "profile '%s' uses SSO %s%s", s->profile, what,
	    name);
	err_hint(
	    e, "see '%s'", aws_profiles_path(s->c->profiles, AWS_FILE_CONFIG));
	return ERR_FORMAT;
}

/* A setting of the session, which that of the profile must not contradict. */
static int
get(const struct search *s, const struct sso *sso, const char *key,
    const char **valuep, struct err *e)
{
	const char *own = search_get(s, key), *of_session = NULL;

	if (sso->session != NULL)
		of_session =
		    aws_sso_session_get(s->c->profiles, sso->session, key);
	if (own != NULL && of_session != NULL && strcmp(own, of_session) != 0)
		return wrong(s, e,
		    "with values that differ between profile and "
		    "sso-session: ",
		    key);
	*valuep = of_session != NULL ? of_session : own;
	return *valuep != NULL ? 0 : wrong(s, e, "without ", key);
}

static int
read_sso(const struct search *s, struct sso *sso, struct err *e)
{
	int r;

	*sso = (struct sso){ .session = search_get(s, "sso_session") };
	if (sso->session != NULL &&
	    !aws_sso_session_has(s->c->profiles, sso->session))
		return wrong(s, e,
		    "with an sso_session that does not exist: ", sso->session);
	if ((r = get(s, sso, "sso_role_name", &sso->role, e)) != 0 ||
	    (r = get(s, sso, "sso_account_id", &sso->account, e)) != 0 ||
	    (r = get(s, sso, "sso_start_url", &sso->start_url, e)) != 0 ||
	    (r = get(s, sso, "sso_region", &sso->region, e)) != 0)
		return r;
	return 0;
}

/* json.dumps(sort_keys=True, separators=(",", ":")) */
static void
put_cache_args(struct buf *b, const struct sso *sso)
{
	buf_put_text(b, "{\"accountId\":");
	keycache_put_text(b, sso->account);
	buf_put_text(b, ",\"roleName\":");
	keycache_put_text(b, sso->role);
	buf_put_text(
	    b, sso->session != NULL ? ",\"sessionName\":" : ",\"startUrl\":");
	keycache_put_text(
	    b, sso->session != NULL ? sso->session : sso->start_url);
	buf_put_text(b, "}");
}

static int
log_in(const struct search *s, const char *why, struct err *e)
{
	err_set(e, ERR_REFUSED, "the SSO session of profile '%s' %s",
	    s->profile, why);
	err_hint(e, "run `aws sso login --profile %s`", s->profile);
	return ERR_REFUSED;
}

/* "x-amz-sso_bearer_token: …" into 'header', from the token that was kept. */
static int
get_token(const struct search *s, const struct sso *sso, struct buf *header,
    struct err *e)
{
	const char *name = sso->session != NULL ? sso->session : sso->start_url;
	const char *token, *expires;
	struct json_value *j = NULL;
	struct buf path = BUF_INIT;
	int64_t end;
	int r;

	r = keycache_path("sso/cache/", name, strlen(name), &path, e);
	if (r == 0)
		r = keycache_read(buf_text(&path), &j, e);
	token = json_member_text(j, "accessToken");
	expires = json_member_text(j, "expiresAt");
	if (r == NOTHING)
		r = log_in(s, "has not begun", e);
	else if (r == ERR_FORMAT ||
	    (r == 0 &&
		(token == NULL || expires == NULL ||
		    !timefmt_parse(expires, &end) ||
		    strpbrk(token, "\r\n") != NULL)))
		r = log_in(s, "has no token that can be read", e);
	else if (r == 0 && end <= (int64_t)time(NULL))
		r = log_in(s, "has expired", e);
	if (r == 0) {
		buf_printf(header, "x-amz-sso_bearer_token: %s", token);
		if (!buf_ok(header))
			r = err_set(e, ERR_NOMEM, "out of memory");
	}
	json_value_free(j);
	buf_free(&path);
	return r;
}

static void
put_escaped(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (strchr("-._~", c) != NULL || (c >= '0' && c <= '9') ||
		    (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
			buf_put_u8(b, c);
		else
			buf_printf(b, "%%%02X", c);
	}
}

static int
put_url(const struct search *s, const struct sso *sso, struct buf *url,
    struct err *e)
{
	int r =
	    aws_endpoint(s->c->aws, s->visited[0], "sso", sso->region, url, e);

	if (r != 0)
		return r;
	while (url->len > 0 && url->data[url->len - 1] == '/')
		url->len--;
	buf_put_text(url, "/federation/credentials?role_name=");
	put_escaped(url, sso->role);
	buf_put_text(url, "&account_id=");
	put_escaped(url, sso->account);
	return buf_ok(url) ? 0 : err_set(e, ERR_NOMEM, "out of memory");
}

static int
judge(const struct search *s, const struct sso *sso,
    const struct http_response *response, struct err *e)
{
	if (response->status == 200)
		return 0;
	if (response->status == 401)
		return log_in(s, "is not valid any more", e);
	if (response->status == 403 || response->status == 404) {
		err_set(e, ERR_REFUSED,
		    "SSO does not give you role '%s' in account '%s' "
		    "(profile '%s')",
		    sso->role, sso->account, s->profile);
		err_hint(e, "`aws sso login --profile %s` shows what it gives",
		    s->profile);
		return ERR_REFUSED;
	}
	return err_set(e, ERR_NETWORK,
	    "the SSO portal of '%s' answers with status %u", sso->region,
	    response->status);
}

/* The same as calls: an answer that says "later" is asked for again. */
static int
call_portal(const struct search *s, const struct http_request *request,
    struct buf *body, struct http_response *response, struct err *e)
{
	struct http_request again = *request;
	int r = 0;

	for (unsigned i = 0; i < TRIES; i++) {
		again.delay_ms = i * 500;
		buf_clear(body);
		r = http_call(aws_http(s->c->aws), &again, body, response, e);
		if (r != 0 && r != ERR_NETWORK)
			break;
		if (r == 0 && response->status != 429 && response->status < 500)
			break;
	}
	return r;
}

static int
take_keys(const struct sso *sso, const struct buf *body, struct aws_keys *keys,
    struct err *e)
{
	const struct json_value *c;
	struct json_value *j = NULL;
	char source[300];
	struct keys_text text = { .account = sso->account, .source = source };
	int64_t ms;
	int r;

	r = json_parse(
	    body->data, body->len, "the answer of the SSO portal", &j, e);
	if (r != 0) {
		if (e != NULL && r == ERR_FORMAT)
			e->code = ERR_NETWORK;
		return r == ERR_FORMAT ? ERR_NETWORK : r;
	}
	c = json_member(j, "roleCredentials");
	text.id = json_member_text(c, "accessKeyId");
	text.secret = json_member_text(c, "secretAccessKey");
	text.token = json_member_text(c, "sessionToken");
	(void)snprintf(source, sizeof(source),
	    "SSO role '%.100s' in account '%.100s'", sso->role, sso->account);
	if (!json_member_int(c, "expiration", &ms) || ms <= 0 ||
	    text.token == NULL)
		r = err_set(e, ERR_NETWORK,
		    "the answer of the SSO portal holds no credentials");
	text.expires = ms / 1000;
	if (r == 0)
		r = keys_set(keys, &text, "that SSO has given", e);
	json_value_free(j);
	return r;
}

static int
ask_portal(const struct search *s, const struct sso *sso, struct aws_keys *keys,
    struct err *e)
{
	struct buf url = BUF_INIT, header, body;
	const struct aws_options *o = &s->c->aws->options;
	const char *headers[] = { NULL, NULL };
	struct http_response response = { 0 };
	struct http_request request = {
		.method = "GET",
		.headers = headers,
		.ca_bundle = o->ca_bundle != NULL
		    ? o->ca_bundle
		    : aws_profile_ca_bundle(s->c->profiles, s->visited[0]),
		.timeout_ms = TIMEOUT_MS,
		.cap = ANSWER_MAX,
	};
	int r;

	keys_room(&header, 8192);
	keys_room(&body, ANSWER_MAX);
	r = get_token(s, sso, &header, e);
	if (r == 0)
		r = put_url(s, sso, &url, e);
	if (r == 0 && aws_http(s->c->aws) == NULL)
		r = err_set(e, ERR_NOMEM, "out of memory");
	headers[0] = buf_text(&header);
	request.url = buf_text(&url);
	if (r == 0)
		r = call_portal(s, &request, &body, &response, e);
	if (r == 0)
		r = judge(s, sso, &response, e);
	if (r == 0)
		r = take_keys(sso, &body, keys, e);
	keys_wipe_buf(&header);
	keys_wipe_buf(&body);
	buf_free(&url);
	return r;
}

int
source_sso(const struct search *s, struct aws_keys *keys, struct err *e)
{
	struct buf args = BUF_INIT;
	char source[300];
	struct sso sso;
	int r;

	if (search_get(s, "sso_account_id") == NULL &&
	    search_get(s, "sso_role_name") == NULL)
		return NOTHING;
	if ((r = read_sso(s, &sso, e)) != 0)
		return r;
	put_cache_args(&args, &sso);
	(void)snprintf(source, sizeof(source),
	    "SSO role '%.100s' in account '%.100s' (kept by aws-cli)", sso.role,
	    sso.account);
	r = keycache_get(s, &args, source, keys, e);
	if (r == NOTHING) {
		r = ask_portal(s, &sso, keys, e);
		if (r == 0)
			keycache_put(s, &args, keys, NULL, NULL, true);
	}
	buf_free(&args);
	return r;
}
