/* SPDX-License-Identifier: ISC */
/*
 * The list of what is under way, and the loop around libcurl's multi interface,
 * which keeps the connections.  A request that waits for its time is no handle
 * of libcurl's yet, so that it is signed with the time at which it goes out.
 */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/clock.h"
#include "pemkeep/base/err.h"

#include "src/aws/http_internal.h"

#define CONNECTIONS_MAX 32L
#define LOOK_MS 200 /* how often interrupted() is asked */
#define LONG_LOOK_MS 60000

struct http *
http_new(const struct http_options *options)
{
	struct http *http = calloc(1, sizeof(*http));

	if (http != NULL && options != NULL)
		http->options = *options;
	return http;
}

static void
transfer_free(struct transfer *t)
{
	const struct curl *curl = &t->http->curl;

	if (t->easy != NULL) {
		curl->multi_remove_handle(t->http->multi, t->easy);
		curl->easy_cleanup(t->easy);
	}
	curl->slist_free_all(t->headers);
	free(t);
}

void
http_free(struct http *http)
{
	struct transfer *t;

	if (http == NULL)
		return;
	while ((t = http->list) != NULL) {
		http->list = t->next;
		transfer_free(t);
	}
	if (http->multi != NULL) {
		http->curl.multi_cleanup(http->multi);
		curl_unload(&http->curl);
	}
	free(http);
}

static int
start_library(struct http *http, struct err *e)
{
	const struct curl *curl = &http->curl;
	int status;

	if (http->multi != NULL)
		return 0;
	status = curl_load(&http->curl, e);
	if (status != 0)
		return status;
	http->multi = curl->multi_init();
	if (http->multi == NULL) {
		curl_unload(&http->curl);
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	curl->multi_setopt(
	    http->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, CONNECTIONS_MAX);
	curl->multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_MAX);
	return 0;
}

int
http_start(struct http *http, const struct http_request *request, struct err *e)
{
	struct transfer *t;
	int status = start_library(http, e);

	if (status != 0)
		return status;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	t->http = http;
	t->request = *request;
	if (request->sign != NULL) {
		t->sign = *request->sign;
		t->request.sign = &t->sign;
	}
	t->due = clock_ms() + request->delay_ms;
	t->next = http->list;
	http->list = t;
	return 0;
}

/* Off the list first: done() may start others. */
static void
finish(struct transfer *t)
{
	struct transfer **at = &t->http->list;
	struct http_request request = t->request;
	struct http_response response = t->response;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	transfer_free(t);
	if (request.done != NULL)
		request.done(request.arg, &response);
}

/* Start what is due.  Returns the milliseconds to what is due next. */
static int
start_due(struct http *http)
{
	struct transfer *t = http->list, *next;
	int64_t now = clock_ms(), wait = LONG_LOOK_MS;

	for (; t != NULL; t = next) {
		next = t->next;
		if (t->easy != NULL)
			continue;
		if (t->due > now) {
			wait = t->due - now < wait ? t->due - now : wait;
			continue;
		}
		if (!http_easy(t)) {
			finish(t);
			return 0; /* the list is another one now */
		}
		http->curl.multi_add_handle(http->multi, t->easy);
	}
	return (int)wait;
}

/* True: something has ended, and may have started something else. */
static bool
finish_done(struct http *http)
{
	struct transfer *t;
	CURLMsg *message;
	bool any = false;
	int left;

	while ((message = http->curl.multi_info_read(http->multi, &left)) !=
	    NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		for (t = http->list; t != NULL; t = t->next)
			if (t->easy == message->easy_handle)
				break;
		if (t == NULL)
			continue;
		http_easy_done(t, message->data.result);
		finish(t);
		any = true;
	}
	return any;
}

static int
interrupt(struct http *http, struct err *e)
{
	struct transfer *t;

	/* Those that done() starts now are ended, too. */
	while ((t = http->list) != NULL) {
		if (t->easy != NULL)
			http_easy_done(t, CURLE_ABORTED_BY_CALLBACK);
		t->response.failure = HTTP_INTERRUPTED;
		finish(t);
	}
	return err_set(e, ERR_INTERRUPTED, "interrupted");
}

int
http_run(struct http *http, struct err *e)
{
	const struct http_options *options = &http->options;
	int wait, running;

	while (http->list != NULL) {
		if (options->interrupted != NULL &&
		    options->interrupted(options->arg))
			return interrupt(http, e);
		wait = start_due(http);
		http->curl.multi_perform(http->multi, &running);
		if (finish_done(http) || wait == 0)
			continue;
		if (options->interrupted != NULL && wait > LOOK_MS)
			wait = LOOK_MS;
		http->curl.multi_poll(http->multi, NULL, 0, wait, NULL);
	}
	return 0;
}

struct collected {
	struct buf *body;
	struct http_response *response;
};

static bool
collect(void *arg, const struct http_response *response, const void *bytes,
    size_t len)
{
	struct collected *c = arg;

	(void)response;
	buf_put(c->body, bytes, len);
	return buf_ok(c->body);
}

static void
collected(void *arg, const struct http_response *response)
{
	struct collected *c = arg;

	*c->response = *response;
}

int
http_call(struct http *http, const struct http_request *request,
    struct buf *body, struct http_response *response, struct err *e)
{
	struct collected c = { body, response };
	struct http_request copy = *request;
	int status;

	copy.sink = collect;
	copy.done = collected;
	copy.arg = &c;
	*response = (struct http_response){ .failure = HTTP_BAD_REQUEST };
	status = http_start(http, &copy, e);
	if (status == 0)
		status = http_run(http, e);
	if (status != 0 || response->failure == HTTP_DONE)
		return status;
	return err_set(e,
	    response->failure == HTTP_BAD_REQUEST ? ERR_FAILED : ERR_NETWORK,
	    "%s", response->problem);
}
