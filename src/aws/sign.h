/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AWS_SIGN_H
#define PEMKEEP_SRC_AWS_SIGN_H

/*
 * AWS' signature version 4, in the header of a request.  Not libcurl's own
 * (CURLOPT_AWS_SIGV4): before 8.3 that takes no time but the clock's, so that a
 * machine with a wrong clock could not be helped, nothing could be checked
 * against the published vectors, and headers and queries that are sent in
 * another form than they are signed in are refused.
 */

#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

struct sign_request {
	const char *method;
	const char *url; /* http(s)://host[:port]/path[?query] */
	const char *const
	    *headers; /* "Name: value", NULL at the end; or NULL */
	const void *body;
	size_t body_len;
	const char *id, *secret, *token; /* token: NULL or "" for none */
	const char *region, *service;
	int64_t now; /* Unix time */
};

/*
 * Append "X-Amz-Date: …\n", "X-Amz-Security-Token: …\n" (with a token), and
 * "Authorization: …\n": the headers to add.  All of 'headers' are signed; they
 * must be ones that are sent as they are.  The path is taken as it is, so that
 * it has to be one that needs no encoding; the query is sorted, and its items
 * must be encoded already.  ERR_FAILED, ERR_NOMEM.
 */
int sign_v4(
    const struct sign_request *request, struct buf *headers, struct err *e);

#endif
