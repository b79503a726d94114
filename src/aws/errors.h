/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AWS_ERRORS_H
#define PEMKEEP_SRC_AWS_ERRORS_H

/* What AWS says when it does not do what was asked, and what that means. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/aws/http.h"

struct buf;
struct err;

#define ERRORS_BODY_MAX 0x10000u /* bytes of an error that are looked at */
#define ERRORS_CODE_SIZE 64

/*
 * Find code and message in the body of an answer: XML of EC2 and of STS, JSON of
 * the others.  Both are "" where it is none of that (a proxy's page, cut off):
 * then there is only the status.  Replaces the content of 'message'.
 */
void errors_read(const struct http_response *response, const void *body,
    size_t len, char code[static ERRORS_CODE_SIZE], struct buf *message);

/* What is known about a failed call. */
struct errors_call {
	const char *action, *service, *region;
	const char *profile;  /* or NULL */
	const char *endpoint; /* where it was asked */
	const char *code, *message;
	const struct http_response *response;
	int64_t skew;      /* seconds the server's clock is ahead */
	unsigned attempts; /* more than 1 is said */
};

/* Put it into words.  Returns the code of them. */
int errors_say(const struct errors_call *call, struct err *e);

/* "this machine's clock is 7 min behind" */
void errors_put_skew(int64_t skew, struct buf *text);

/* May a clock that is wrong be the reason?  Are the keys too old? */
bool errors_is_skew(const char *code);
bool errors_is_expired(const char *code);

#endif
