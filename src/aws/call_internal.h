/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AWS_CALL_INTERNAL_H
#define PEMKEEP_SRC_AWS_CALL_INTERNAL_H

/* A job on its way: call.c (the run), call_request.c, call_answer.c. */

#include "pemkeep/aws/call.h"
#include "pemkeep/aws/credentials.h"
#include "pemkeep/base/buf.h"

#include "src/aws/http.h"
#include "src/aws/retry.h"

#define CALL_PAGES_MAX 1000u

struct call {
	struct aws *aws;
	struct aws_job *job;
	struct rows *rows;
	struct buf region, url, body;
	struct buf target; /* the header, of JSON */
	const char *json_headers[3];
	const char *ca_bundle;
	struct aws_keys keys; /* a copy of ours, unless the job has its own */
	struct http_sign sign;
	struct retry retry;

	/* Of the page that is being asked for. */
	struct buf token;   /* "": the first */
	int64_t began;      /* ms: the attempt */
	int read_status;    /* of the rows */
	struct buf error;   /* body of an error */
	struct buf message; /* AWS' words in it */
	struct err read_error;

	uint64_t *tokens; /* hashes of those that were seen */
	bool clock_tried, keys_renewed;
	bool wants_keys; /* new ones; to be sent again after that */
};

/* Find out all that the request needs. */
int call_prepare(struct call *c, struct err *e);

/* Take the keys of the profile; 'renew': the present ones are not taken. */
int call_take_keys(struct call *c, bool renew, struct err *e);

/* Ask for the page; 'delay' in ms.  After a failure the job has ended. */
void call_send(struct call *c, unsigned delay);

/* The callbacks of the request; arg: struct call. */
bool call_body(void *arg, const struct http_response *response,
    const void *bytes, size_t len);
void call_done(void *arg, const struct http_response *response);

void call_clear(struct call *c);

#endif
