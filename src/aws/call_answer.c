/* SPDX-License-Identifier: ISC */
/*
 * What becomes of an answer: rows and the next page, another attempt, or an
 * error.  All in here runs within http_run().
 */

#include <sys/random.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pemkeep/base/clock.h"
#include "pemkeep/base/err.h"

#include "src/aws/aws.h"
#include "src/aws/call_internal.h"
#include "src/aws/errors.h"
#include "src/aws/rows.h"

#define SKEW_S 240 /* AWS takes up to 5 minutes */

bool
call_body(void *arg, const struct http_response *response, const void *bytes,
    size_t len)
{
	struct call *c = arg;

	if (response->status >= 200 && response->status < 300) {
		c->read_status =
		    rows_feed(c->rows, bytes, len, false, &c->read_error);
		return c->read_status == 0;
	}
	if (len > ERRORS_BODY_MAX - c->error.len)
		len = ERRORS_BODY_MAX - c->error.len;
	buf_put(&c->error, bytes, len);
	return true;
}

/* The job ends with what errors_say() makes of it. */
static void
say(struct call *c, const struct http_response *response)
{
	struct aws_job *job = c->job;
	const struct errors_call call = { .action = job->action->name,
		.service = job->action->service,
		.region = buf_text(&c->region),
		.profile = job->profile != NULL ? job->profile
						: c->aws->options.profile,
		.endpoint = buf_text(&c->url),
		.code = job->code,
		.message = buf_text(&c->message),
		.response = response,
		.attempts = c->retry.attempt,
		.skew = errors_is_skew(job->code) ? job->skew : 0 };

	errors_say(&call, &job->error);
}

static bool
give_rows(struct call *c)
{
	struct aws_job *job = c->job;
	const void *row = NULL;
	int status = 0;

	while (job->row != NULL && status == 0 &&
	    (row = rows_next(c->rows, row)) != NULL) {
		job->rows++;
		status = job->row(job->arg, row, &job->error);
	}
	if (status == 0)
		return true;
	job->error.code = (enum err_code)status;
	return false;
}

static uint64_t
hash(const char *text)
{
	uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	return h;
}

/* Remember it; false when it was there before, or there are too many. */
static bool
is_new_token(struct call *c, const char *token)
{
	unsigned count = c->job->pages - 1;
	uint64_t h = hash(token);

	if (c->job->pages >= CALL_PAGES_MAX)
		return false;
	if (c->tokens == NULL)
		c->tokens = calloc(CALL_PAGES_MAX, sizeof(*c->tokens));
	if (c->tokens == NULL)
		return false;
	for (unsigned i = 0; i < count; i++)
		if (c->tokens[i] == h)
			return false;
	c->tokens[count] = h;
	return true;
}

/* It works all the same, but other programs will not have that patience. */
static void
tell_clock(struct call *c)
{
	const struct aws_options *o = &c->aws->options;
	struct buf text = BUF_INIT;

	if (!c->clock_tried || c->aws->clock_told || o->warn == NULL)
		return;
	c->aws->clock_told = true;
	errors_put_skew(c->job->skew, &text);
	o->warn(o->arg, buf_text(&text));
	buf_free(&text);
}

static void
take_page(struct call *c, const struct http_response *response)
{
	struct http_response refused = *response;
	const char *token = rows_token(c->rows);

	retry_done(&c->retry, &c->aws->quota);
	tell_clock(c);
	c->job->pages++;
	if (!give_rows(c) || token[0] == '\0')
		return;
	if (is_new_token(c, token)) {
		buf_clear(&c->token);
		buf_put_text(&c->token, token);
		call_send(c, 0);
		return;
	}
	refused.failure = HTTP_SINK;
	memcpy(refused.problem, "its pages have no end", 22);
	say(c, &refused);
}

static enum retry_kind
kind_of(const struct call *c, const struct http_response *response)
{
	switch (response->failure) {
	case HTTP_DONE:
		if (response->status < 300)
			break;
		return retry_kind_of(response->status, c->job->code);
	case HTTP_NO_ANSWER:
		return RETRY_TRANSIENT;
	case HTTP_TIMEOUT:
		return RETRY_TIMEOUT;
	case HTTP_SINK:
		break;
	case HTTP_NO_HOST:
	case HTTP_TLS:
	case HTTP_TOO_LARGE:
	case HTTP_INTERRUPTED:
	case HTTP_BAD_REQUEST:
		return RETRY_NO;
	}
	return c->read_status == ERR_NETWORK ? RETRY_TRANSIENT : RETRY_NO;
}

/* Another attempt, if there is to be one. */
static bool
try_again(struct call *c, const struct http_response *response)
{
	enum retry_kind kind = kind_of(c, response);
	uint32_t random;
	unsigned delay;

	/* A throttled request has not been done. */
	if (c->job->action->once && response->sent && kind != RETRY_THROTTLED)
		return false;
	if (getentropy(&random, sizeof(random)) != 0)
		random = UINT32_MAX;
	if (!retry_again(&c->retry, &c->aws->quota, kind, clock_ms() - c->began,
		random, &delay))
		return false;
	c->job->retries++;
	call_send(c, delay);
	return true;
}

/*
 * Does AWS refuse the time of the signature?  Then once more with the time that
 * its answer has.
 */
static bool
try_clock(struct call *c, const struct http_response *response)
{
	int64_t ahead = response->date - (int64_t)time(NULL);
	const char *url = buf_text(&c->url);

	if (response->date == 0 || !errors_is_skew(c->job->code) ||
	    (ahead < SKEW_S && ahead > -SKEW_S))
		return false;
	c->job->skew = ahead;
	if (c->clock_tried)
		return false;
	c->clock_tried = true;
	aws_clock_set(c->aws, url, ahead);
	call_send(c, 0);
	return true;
}

static bool
try_keys(struct call *c)
{
	if (c->keys_renewed || c->job->keys != NULL ||
	    !errors_is_expired(c->job->code))
		return false;
	c->keys_renewed = true;
	c->wants_keys = true;
	return true;
}

/* The rest of the document, and whether there was a sound one at all. */
static int
end_of_rows(struct call *c, struct http_response *response)
{
	int status = c->read_status;

	if (status == 0)
		status = rows_feed(c->rows, "", 0, true, &c->read_error);
	c->read_status = status;
	if (status != 0)
		snprintf(response->problem, sizeof(response->problem), "%s",
		    c->read_error.text);
	return status;
}

void
call_done(void *arg, const struct http_response *given)
{
	struct call *c = arg;
	struct aws_job *job = c->job;
	struct http_response response = *given;
	bool sound = response.failure == HTTP_DONE && response.status >= 200 &&
	    response.status < 300;

	job->status = response.status;
	job->sent = job->sent || response.sent;
	job->code[0] = '\0';
	buf_clear(&c->message);
	if (response.failure == HTTP_SINK || sound)
		sound = end_of_rows(c, &response) == 0 && sound;
	else if (response.failure == HTTP_DONE)
		errors_read(&response, c->error.data, c->error.len, job->code,
		    &c->message);
	if (sound)
		take_page(c, &response);
	else if (c->read_status == ERR_NOMEM)
		job->error = c->read_error;
	else if (!try_clock(c, &response) && !try_keys(c) &&
	    !try_again(c, &response))
		say(c, &response);
}
