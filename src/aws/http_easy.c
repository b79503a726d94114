/* SPDX-License-Identifier: ISC */
/*
 * One request as a handle of libcurl: what it may do, what it is asked, what
 * comes back.  Never CURLOPT_VERBOSE (it prints what signs the request), never
 * CURLOPT_FOLLOWLOCATION, no netrc, no cookies, no Accept-Encoding: a body that
 * is packed all the same stays packed, and is refused as what it is not.
 * CURLOPT_NOSIGNAL stays off, since that is what keeps SIGPIPE away.
 */

#include <arpa/inet.h>
#include <netinet/in.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/aws/http_internal.h"
#include "src/aws/sign.h"

#define CAP 0x2000000u /* 32 MiB */
#define CONNECT_MS 10000u
#define TIMEOUT_MS 120000u
#define STALL_BYTES 64L /* a second, in the mean of … */
#define STALL_SECONDS 20L
#define HEADERS_MAX 0x10000u
#define BUFFER 0x10000L

static bool
refuse(struct transfer *t, const char *why)
{
	t->response.failure = HTTP_BAD_REQUEST;
	snprintf(t->response.problem, sizeof(t->response.problem), "%s", why);
	return false;
}

/* Is the host of this URL this machine, by its name alone? */
static bool
is_local(const char *url)
{
	const char *host = url + strlen("http://");
	size_t len = strcspn(host, host[0] == '[' ? "]/?" : ":/?");
	char name[64];
	struct in_addr address;

	if (len >= sizeof(name))
		return false;
	memcpy(name, host, len);
	name[len] = '\0';
	if (strcmp(name, "[::1") == 0 || strcasecmp(name, "localhost") == 0)
		return true;
	return inet_pton(AF_INET, name, &address) == 1 &&
	    ntohl(address.s_addr) >> 24 == 127;
}

static bool
has_no_controls(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 127)
			return false;
	return true;
}

/* Text of a header's value: "Name: value" with that name, or NULL. */
static const char *
value_of(const char *line, size_t len, const char *name, size_t *value_len)
{
	size_t n = strlen(name);

	if (len <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
		return NULL;
	for (line += n + 1, len -= n + 1;
	     len > 0 && isspace((unsigned char)*line); len--)
		line++;
	while (len > 0 && isspace((unsigned char)line[len - 1]))
		len--;
	*value_len = len;
	return line;
}

static void
take_word(char *out, size_t size, const char *text, size_t len, const char *end)
{
	size_t n = 0;

	for (; n < len && n + 1 < size && text[n] > ' ' && text[n] <= '~' &&
	     strchr(end, text[n]) == NULL;
	     n++)
		out[n] = text[n];
	out[n] = '\0';
}

static void
take_header(struct transfer *t, const char *line, size_t len)
{
	struct http_response *r = &t->response;
	const char *value;
	char date[64];
	size_t n;

	if ((value = value_of(line, len, "Date", &n)) != NULL) {
		snprintf(
		    date, sizeof(date), "%.*s", (int)(n < 60 ? n : 60), value);
		r->date = (int64_t)t->http->curl.getdate(date, NULL);
		r->date = r->date < 0 ? 0 : r->date;
	} else if ((value = value_of(line, len, "Content-Type", &n)) != NULL) {
		take_word(r->type, sizeof(r->type), value, n, ";");
		for (char *c = r->type; *c != '\0'; c++)
			*c = (char)tolower((unsigned char)*c);
	} else if ((value = value_of(line, len, "x-amzn-ErrorType", &n)) !=
	    NULL) {
		take_word(r->error_type, sizeof(r->error_type), value, n, ":");
	}
}

/* Each line of the headers, also of a "100 Continue" that goes before. */
static size_t
on_header(char *line, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * count;
	unsigned status;

	t->header_bytes += len;
	if (t->header_bytes > HEADERS_MAX) {
		t->too_large = true;
		return 0;
	}
	if (len > 5 && memcmp(line, "HTTP/", 5) == 0) {
		t->response = (struct http_response){ .failure = HTTP_DONE };
		if (sscanf(line + 5, "%*15[0-9.] %3u", &status) == 1)
			t->response.status = status;
	} else {
		take_header(t, line, len);
	}
	return len;
}

static size_t
on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	const struct http_request *r = &t->request;
	size_t len = size * count, cap = r->cap == 0 ? CAP : r->cap;

	t->response.received += len;
	if (t->response.received > cap) {
		t->too_large = true;
		return 0;
	}
	if (r->sink != NULL && !r->sink(r->arg, &t->response, bytes, len)) {
		t->unwanted = true;
		return 0;
	}
	return len;
}

static bool
add_header(struct transfer *t, const char *line)
{
	struct curl_slist *more;

	if (!has_no_controls(line))
		return refuse(t, "a header has control characters");
	more = t->http->curl.slist_append(t->headers, line);
	if (more == NULL)
		return refuse(t, "out of memory");
	t->headers = more;
	return true;
}

static bool
add_signature(struct transfer *t)
{
	const struct http_request *r = &t->request;
	const struct http_sign *s = r->sign;
	const struct sign_request request = { .method = r->method,
		.url = r->url,
		.headers = r->headers,
		.body = r->body,
		.body_len = r->body_len,
		.id = s->id,
		.secret = s->secret,
		.token = s->token,
		.region = s->region,
		.service = s->service,
		.now = (int64_t)time(NULL) + s->offset };
	struct buf lines = BUF_INIT;
	struct err e;
	char *line, *rest;
	bool done = sign_v4(&request, &lines, &e) == 0;

	if (!done)
		refuse(t, e.text);
	rest = (char *)(uintptr_t)buf_text(&lines);
	while (done && (line = strsep(&rest, "\n")) != NULL)
		done = *line == '\0' || add_header(t, line);
	if (lines.data != NULL)
		explicit_bzero(lines.data, lines.capacity);
	buf_free(&lines);
	return done;
}

static bool
add_headers(struct transfer *t)
{
	const char *const *h = t->request.headers;

	for (; h != NULL && *h != NULL; h++)
		if (!add_header(t, *h))
			return false;
	return t->request.sign == NULL || add_signature(t);
}

static bool
is_allowed(struct transfer *t)
{
	const char *url = t->request.url;

	if (!has_no_controls(url))
		return refuse(t, "the URL has control characters");
	/* What stands before it looks like the host, and is none. */
	if (strchr(url, '@') != NULL)
		return refuse(t, "the URL has a user in it");
	if (strncmp(url, "https://", 8) == 0)
		return true;
	if (strncmp(url, "http://", 7) != 0)
		return refuse(t, "the URL is neither https nor http");
	if (t->request.no_proxy || is_local(url))
		return true;
	return refuse(t, "http without TLS is for this machine only");
}

#define SET(option, value) \
	(t->http->curl.easy_setopt(t->easy, option, value) == CURLE_OK)

/* A bundle is instead of the system's authorities, not besides them. */
static bool
set_authorities(struct transfer *t)
{
	const char *bundle = t->request.ca_bundle;

	return bundle == NULL ||
	    (SET(CURLOPT_CAINFO, bundle) && SET(CURLOPT_CAPATH, NULL));
}

/* What holds for all of them. */
static bool
set_rules(struct transfer *t)
{
	const struct http_request *r = &t->request;
	bool clear = strncmp(r->url, "http:", 5) == 0;
	size_t cap = r->cap == 0 ? CAP : r->cap;

	return SET(CURLOPT_PROTOCOLS_STR, "http,https") &&
	    SET(CURLOPT_FOLLOWLOCATION, 0L) &&
	    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
	    SET(CURLOPT_SSL_VERIFYPEER, 1L) &&
	    SET(CURLOPT_SSL_VERIFYHOST, 2L) &&
	    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
	    set_authorities(t) &&
	    (!(r->no_proxy || clear) || SET(CURLOPT_NOPROXY, "*")) &&
	    SET(CURLOPT_TCP_NODELAY, 1L) && SET(CURLOPT_BUFFERSIZE, BUFFER) &&
	    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)cap) &&
	    SET(CURLOPT_FRESH_CONNECT, (long)r->fresh) &&
	    SET(CURLOPT_CONNECTTIMEOUT_MS,
		(long)(r->connect_ms == 0 ? CONNECT_MS : r->connect_ms)) &&
	    SET(CURLOPT_TIMEOUT_MS,
		(long)(r->timeout_ms == 0 ? TIMEOUT_MS : r->timeout_ms)) &&
	    SET(CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES) &&
	    SET(CURLOPT_LOW_SPEED_TIME, STALL_SECONDS);
}

static bool
set_request(struct transfer *t)
{
	const struct http_request *r = &t->request;
	const char *agent = t->http->options.user_agent;

	return SET(CURLOPT_URL, r->url) &&
	    SET(CURLOPT_USERAGENT, agent == NULL ? "pemkeep" : agent) &&
	    SET(CURLOPT_HTTPHEADER, t->headers) &&
	    (r->body == NULL ||
		(SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len) &&
		    SET(CURLOPT_POSTFIELDS, r->body))) &&
	    SET(CURLOPT_CUSTOMREQUEST, r->method) &&
	    SET(CURLOPT_ERRORBUFFER, t->problem) &&
	    SET(CURLOPT_HEADERFUNCTION, on_header) &&
	    SET(CURLOPT_HEADERDATA, t) && SET(CURLOPT_WRITEFUNCTION, on_body) &&
	    SET(CURLOPT_WRITEDATA, t);
}

bool
http_easy(struct transfer *t)
{
	if (!is_allowed(t) || !add_headers(t))
		return false;
	t->easy = t->http->curl.easy_init();
	if (t->easy == NULL)
		return refuse(t, "out of memory");
	if (set_rules(t) && set_request(t))
		return true;
	t->http->curl.easy_cleanup(t->easy);
	t->easy = NULL;
	return refuse(t, "libcurl does not take the request");
}

static enum http_failure
failure_of(const struct transfer *t, CURLcode result)
{
	switch (result) {
	case CURLE_OK:
		return HTTP_DONE;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return HTTP_NO_HOST;
	case CURLE_OPERATION_TIMEDOUT:
		return HTTP_TIMEOUT;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
		return HTTP_TLS;
	case CURLE_FILESIZE_EXCEEDED:
		return HTTP_TOO_LARGE;
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_OUT_OF_MEMORY:
		return HTTP_BAD_REQUEST;
	default:
		return t->too_large ? HTTP_TOO_LARGE
		    : t->unwanted   ? HTTP_SINK
				    : HTTP_NO_ANSWER;
	}
}

void
http_easy_done(struct transfer *t, CURLcode result)
{
	struct http_response *r = &t->response;
	const struct curl *curl = &t->http->curl;
	long sent = 0;

	r->failure = failure_of(t, result);
	curl->easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &sent);
	r->sent = sent > 0;
	if (r->failure == HTTP_TOO_LARGE)
		snprintf(r->problem, sizeof(r->problem),
		    "the answer is larger than any should be");
	else if (r->failure != HTTP_DONE)
		snprintf(r->problem, sizeof(r->problem), "%s",
		    t->problem[0] != '\0' ? t->problem
					  : curl->easy_strerror(result));
}
