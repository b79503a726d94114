/* SPDX-License-Identifier: ISC */
/*
 * Signature version 4, in the order of AWS' own description: canonical request,
 * string to sign, signing key, signature.  The secret is only ever in key[],
 * which is wiped.
 */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/digest.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/timefmt.h"

#include "src/aws/sign.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define ITEMS_MAX 32
#define SECRET_MAX 256

struct item {
	const char *at;
	size_t len, name; /* all of it; up to '=' or ':' */
};

struct url {
	const char *host, *path, *query;
	size_t host_len, path_len;
};

/* The host as it goes into the header Host: without the scheme's own port. */
static bool
split_url(const char *text, struct url *url)
{
	const char *scheme = strstr(text, "://"), *port;

	if (scheme == NULL)
		return false;
	port = scheme - text == 5 ? ":443" : ":80";
	url->host = scheme + 3;
	url->host_len = strcspn(url->host, "/?");
	url->path = url->host + url->host_len;
	url->path_len = strcspn(url->path, "?");
	url->query = url->path + url->path_len;
	url->query += *url->query == '?';
	if (url->host_len > strlen(port) &&
	    memcmp(url->host + url->host_len - strlen(port), port,
		strlen(port)) == 0)
		url->host_len -= strlen(port);
	return url->host_len > 0;
}

static bool
is_key_text(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

static int
by_text(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	size_t least = x->name < y->name ? x->name : y->name;
	int order = strncasecmp(x->at, y->at, least);

	if (order == 0 && x->name != y->name)
		order = x->name < y->name ? -1 : 1;
	if (order != 0)
		return order;
	least = x->len < y->len ? x->len : y->len;
	order = memcmp(x->at, y->at, least);
	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

/* Like by_text(), but the names of a query have upper and lower case. */
static int
by_bytes(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	size_t least = x->name < y->name ? x->name : y->name;
	int order = memcmp(x->at, y->at, least);

	if (order == 0 && x->name != y->name)
		order = x->name < y->name ? -1 : 1;
	return order != 0 ? order : by_text(a, b);
}

static bool
put_query(const char *query, struct buf *out)
{
	struct item items[ITEMS_MAX] = { { NULL, 0, 0 } };
	size_t count = 0;

	while (*query != '\0') {
		struct item *i = &items[count];

		if (count++ == ITEMS_MAX)
			return false;
		i->at = query;
		i->len = strcspn(query, "&");
		i->name = strcspn(query, "=&");
		query += i->len + (query[i->len] == '&');
	}
	qsort(items, count, sizeof(items[0]), by_bytes);
	for (size_t i = 0; i < count; i++) {
		buf_printf(out, "%s%.*s%s", i > 0 ? "&" : "", (int)items[i].len,
		    items[i].at, items[i].name == items[i].len ? "=" : "");
	}
	return true;
}

/* Without blanks at the ends, and one for many between. */
static void
put_value(const char *at, size_t len, struct buf *out)
{
	bool blank = false, any = false;

	for (; len > 0; at++, len--) {
		if (*at == ' ' || *at == '\t') {
			blank = any;
			continue;
		}
		if (blank)
			buf_put_u8(out, ' ');
		buf_put_u8(out, (uint8_t)*at);
		blank = false;
		any = true;
	}
}

/* The lines of 'headers' ("Name: value\n") and their names, sorted. */
static bool
put_headers(const char *headers, struct buf *out, struct buf *names)
{
	struct item items[ITEMS_MAX] = { { NULL, 0, 0 } };
	size_t count = 0;

	while (*headers != '\0') {
		struct item *i = &items[count];

		if (count++ == ITEMS_MAX)
			return false;
		i->at = headers;
		i->len = strcspn(headers, "\n");
		i->name = strcspn(headers, ":\n");
		if (i->name == 0 || i->name == i->len)
			return false;
		headers += i->len + (headers[i->len] == '\n');
	}
	qsort(items, count, sizeof(items[0]), by_text);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_put_u8(names, ';');
		for (size_t c = 0; c < items[i].name; c++) {
			int lower = tolower((unsigned char)items[i].at[c]);

			buf_put_u8(out, (uint8_t)lower);
			buf_put_u8(names, (uint8_t)lower);
		}
		buf_put_u8(out, ':');
		put_value(items[i].at + items[i].name + 1,
		    items[i].len - items[i].name - 1, out);
		buf_put_u8(out, '\n');
	}
	return true;
}

static bool
put_canonical(const struct sign_request *r, const char *headers,
    struct buf *out, struct buf *names)
{
	uint8_t hash[DIGEST_MAX];
	struct url url;

	if (!split_url(r->url, &url) ||
	    digest(DIGEST_SHA256, r->body, r->body_len, hash) == 0)
		return false;
	buf_printf(out, "%s\n%.*s\n", r->method,
	    url.path_len > 0 ? (int)url.path_len : 1,
	    url.path_len > 0 ? url.path : "/");
	if (!put_query(url.query, out))
		return false;
	buf_put_u8(out, '\n');
	if (!put_headers(headers, out, names))
		return false;
	buf_printf(out, "\n%s\n", buf_text(names));
	digest_put_hex(out, hash, 32, '\0');
	return buf_ok(out) && buf_ok(names);
}

/* The chain of date, region, service and "aws4_request" over the secret. */
static bool
sign(const struct sign_request *r, const char *date, const struct buf *string,
    uint8_t out[DIGEST_MAX])
{
	const char *const steps[] = { date, r->region, r->service,
		"aws4_request" };
	char key[SECRET_MAX + 5] = "AWS4";
	size_t len = strlen(r->secret), used = len + 4;
	bool done = len <= SECRET_MAX;

	if (done)
		memcpy(key + 4, r->secret, len);
	for (size_t i = 0; i < 4 && done; i++) {
		done = digest_hmac_sha256(
		    key, used, steps[i], strlen(steps[i]), out);
		memcpy(key, out, used = 32);
	}
	done = done &&
	    digest_hmac_sha256(key, used, string->data, string->len, out);
	explicit_bzero(key, sizeof(key));
	return done;
}

/* "20261121T081500Z" */
static void
put_stamp(int64_t now, char stamp[17])
{
	char iso[21];
	size_t n = 0;

	timefmt_iso(now < 0 ? 0 : (uint64_t)now, iso);
	for (size_t i = 0; iso[i] != '\0'; i++)
		if (iso[i] != '-' && iso[i] != ':' && n < 16)
			stamp[n++] = iso[i];
	stamp[n] = '\0';
}

static void
put_own_headers(
    const struct sign_request *r, const char *stamp, struct buf *out)
{
	buf_printf(out, "X-Amz-Date: %s\n", stamp);
	if (r->token != NULL && r->token[0] != '\0')
		buf_printf(out, "X-Amz-Security-Token: %s\n", r->token);
}

static void
put_given_headers(const struct sign_request *r, struct buf *out)
{
	struct url url;

	if (split_url(r->url, &url))
		buf_printf(out, "Host: %.*s\n", (int)url.host_len, url.host);
	for (size_t i = 0; r->headers != NULL && r->headers[i] != NULL; i++)
		buf_printf(out, "%s\n", r->headers[i]);
}

int
sign_v4(const struct sign_request *r, struct buf *headers, struct err *e)
{
	struct buf all = BUF_INIT, names = BUF_INIT, text = BUF_INIT;
	uint8_t hash[DIGEST_MAX];
	char stamp[17], scope[200];
	int status = ERR_FAILED;

	err_set(e, status, "the request cannot be signed");
	if (!is_key_text(r->id) || !is_key_text(r->secret) ||
	    (r->token != NULL && !is_key_text(r->token))) {
		status = err_set(e, ERR_REFUSED,
		    "the AWS keys have characters that no key has");
		goto out;
	}
	put_stamp(r->now, stamp);
	snprintf(scope, sizeof(scope), "%.8s/%s/%s/aws4_request", stamp,
	    r->region, r->service);
	put_own_headers(r, stamp, &all);
	buf_put(headers, all.data, all.len);
	put_given_headers(r, &all);
	if (!put_canonical(r, buf_text(&all), &text, &names) ||
	    digest(DIGEST_SHA256, text.data, text.len, hash) == 0)
		goto out;
	buf_clear(&text);
	buf_printf(&text, ALGORITHM "\n%s\n%s\n", stamp, scope);
	digest_put_hex(&text, hash, 32, '\0');
	stamp[8] = '\0'; /* the date alone */
	if (!sign(r, stamp, &text, hash))
		goto out;
	buf_printf(headers,
	    "Authorization: " ALGORITHM " Credential=%s/%s, "
	    "SignedHeaders=%s, Signature=",
	    r->id, scope, buf_text(&names));
	digest_put_hex(headers, hash, 32, '\0');
	buf_put_u8(headers, '\n');
	status = buf_ok(headers) ? 0 : err_set(e, ERR_NOMEM, "out of memory");
out:
	buf_free(&all);
	buf_free(&names);
	buf_free(&text);
	return status;
}
