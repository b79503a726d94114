/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AWS_HTTP_H
#define PEMKEEP_SRC_AWS_HTTP_H

/*
 * HTTP(S) over libcurl, which is loaded with the first request: many at the same
 * time, connections kept.  No redirect is followed, no body is unpacked, TLS is
 * always verified.  What is not encrypted goes to this machine only (127/8, ::1,
 * localhost), or where 'no_proxy' says that it may: to the instance metadata.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct http;

struct http_options {
	const char *user_agent;
	/* Asked some times a second: true ends http_run(). */
	bool (*interrupted)(void *arg);
	void *arg;
};

/* Signature version 4 (sign.h), with the clock plus 'offset'. */
struct http_sign {
	const char *id, *secret, *token; /* token: NULL or "" for none */
	const char *region, *service;
	int64_t offset; /* seconds */
};

enum http_failure {
	HTTP_DONE,      /* an answer has been read to its end */
	HTTP_NO_HOST,   /* its name is not known */
	HTTP_NO_ANSWER, /* refused, reset, cut off */
	HTTP_TIMEOUT,
	HTTP_TLS,       /* certificate, CA bundle, protocol */
	HTTP_TOO_LARGE, /* more than 'cap' */
	HTTP_SINK,      /* the sink did not want it */
	HTTP_INTERRUPTED,
	HTTP_BAD_REQUEST, /* never sent: URL, clear text, memory */
};

struct http_response {
	enum http_failure failure;
	char problem[512];   /* in words, "" for HTTP_DONE */
	unsigned status;     /* 0: there was no status line */
	int64_t date;        /* header Date; 0: none */
	char type[64];       /* media type, lower case, without parameters */
	char error_type[64]; /* x-amzn-ErrorType, up to ':' */
	size_t received;     /* bytes of the body */
	bool sent;           /* the request may have reached the server */
};

/* The texts must outlive the request, but not the sign struct itself. */
struct http_request {
	const char *method; /* "GET", "POST", "PUT" */
	const char *url;
	const char *const
	    *headers; /* "Name: value", NULL at the end; or NULL */
	const void *body;
	size_t body_len;
	const struct http_sign *sign; /* NULL: not signed */
	const char *ca_bundle;        /* NULL: the system's */
	unsigned delay_ms;            /* not before that */
	unsigned connect_ms;          /* 0: 10 s */
	unsigned timeout_ms;          /* of all of it; 0: 120 s */
	size_t cap;                   /* bytes of a body; 0: 32 MiB */
	bool no_proxy; /* also for http to another machine, see above */
	bool fresh;    /* on a connection of its own: libcurl repeats what it
			* has sent on an old one that then turns out closed */
	/*
	 * Takes the body as it comes; 'response' has what the headers say.
	 * False: no more of it.
	 */
	bool (*sink)(void *arg, const struct http_response *response,
	    const void *bytes, size_t len);
	/* Called once, from http_run(); may start others. */
	void (*done)(void *arg, const struct http_response *response);
	void *arg;
};

/* NULL without memory. */
struct http *http_new(const struct http_options *options);

/* Requests that are under way end without done(). */
void http_free(struct http *http);

/*
 * Put it on the list; http_run() does the rest.  0, or the reason why not:
 * ERR_UNSUPPORTED without a usable libcurl, ERR_NOMEM.
 */
int http_start(
    struct http *http, const struct http_request *request, struct err *e);

/* Until nothing is under way.  0, or ERR_INTERRUPTED (each was told). */
int http_run(struct http *http, struct err *e);

/*
 * One request to its end, its body appended to 'body' (sink and done are not
 * used).  0 when there was an answer, whatever its status; else ERR_NETWORK, …,
 * with the words.  Not from within a callback.
 */
int http_call(struct http *http, const struct http_request *request,
    struct buf *body, struct http_response *response, struct err *e);

#endif
