/* SPDX-License-Identifier: ISC */
/* From a job to the request for a page of it. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/aws/profile.h"
#include "pemkeep/base/clock.h"
#include "pemkeep/base/err.h"

#include "src/aws/aws.h"
#include "src/aws/call_internal.h"
#include "src/aws/rows.h"
#include "src/aws/xml.h"

static const char *const form_headers[] = {
	"Content-Type: application/x-www-form-urlencoded; charset=utf-8", NULL
};

#define JSON_TYPE "Content-Type: application/x-amz-json-1.1"

static bool
copy(char **to, const char *from)
{
	*to = from == NULL ? NULL : strdup(from);
	return from == NULL || *to != NULL;
}

/* They may have been got anew for another job of this profile already. */
static int
find_keys(
    struct call *c, bool renew, const struct aws_keys **keysp, struct err *e)
{
	const char *profile = c->job->profile;
	int status = aws_credentials(c->aws, profile, keysp, e);

	if (status != 0 || !renew || strcmp((*keysp)->id, c->keys.id) != 0)
		return status;
	aws_credentials_forget(c->aws, profile);
	return aws_credentials(c->aws, profile, keysp, e);
}

int
call_take_keys(struct call *c, bool renew, struct err *e)
{
	const struct aws_keys *keys = c->job->keys;
	int status = keys == NULL ? find_keys(c, renew, &keys, e) : 0;

	aws_keys_clear(&c->keys);
	c->keys = (struct aws_keys){ 0 };
	if (status != 0)
		return status;
	if (!copy(&c->keys.id, keys->id) ||
	    !copy(&c->keys.secret, keys->secret) ||
	    !copy(&c->keys.token, keys->token))
		return err_set(e, ERR_NOMEM, "out of memory");
	return 0;
}

static int
prepare_place(struct call *c, struct err *e)
{
	const struct aws_job *job = c->job;
	const char *region = job->region;
	int status = 0;

	if (region == NULL)
		status = aws_region_for(
		    c->aws, job->profile, job->action->service, &region, e);
	if (status == 0)
		status = aws_endpoint(c->aws, job->profile,
		    job->action->service, region, &c->url, e);
	if (status == 0)
		buf_put_text(&c->region, region);
	return status;
}

int
call_prepare(struct call *c, struct err *e)
{
	const struct aws_job *job = c->job;
	const struct aws_profiles *profiles;
	int status = aws_credentials_profiles(c->aws, &profiles, e);

	if (status == 0)
		status = aws_profile_attempts(profiles,
		    aws_profile_name(c->aws, job->profile),
		    &c->retry.attempts_max, e);
	if (status == 0)
		status = prepare_place(c, e);
	if (status == 0)
		status = call_take_keys(c, false, e);
	if (status == 0)
		status = xml_load(e);
	if (status != 0)
		return status;
	c->ca_bundle = aws_ca_bundle(c->aws, job->profile);
	c->rows = rows_new(job->action);
	if (c->rows == NULL || !buf_ok(&c->url) || !buf_ok(&c->region))
		return err_set(e, ERR_NOMEM, "out of memory");
	return 0;
}

/* EC2 takes no MaxResults beside instance ids. */
static bool
takes_pages(const struct aws_job *job)
{
	return job->action->page > 0 &&
	    (job->params == NULL || job->params->len == 0 ||
		memmem(job->params->data, job->params->len, "InstanceId.",
		    strlen("InstanceId.")) == NULL);
}

static void
put_json(struct call *c)
{
	const struct aws_job *job = c->job;

	buf_clear(&c->target);
	buf_printf(&c->target, "X-Amz-Target: %s.%s", job->action->target,
	    job->action->name);
	c->json_headers[0] = JSON_TYPE;
	c->json_headers[1] = buf_text(&c->target);
	buf_clear(&c->body);
	if (job->params == NULL || job->params->len == 0)
		buf_put_text(&c->body, "{}");
	else
		buf_put(&c->body, job->params->data, job->params->len);
}

static void
put_form(struct call *c)
{
	const struct aws_job *job = c->job;
	char number[16];

	buf_clear(&c->body);
	aws_param(&c->body, job->action->name, "Action");
	aws_param(&c->body, job->action->version, "Version");
	if (takes_pages(job)) {
		snprintf(number, sizeof(number), "%u", job->action->page);
		aws_param(&c->body, number, "MaxResults");
	}
	if (c->token.len > 0)
		aws_param(&c->body, buf_text(&c->token), "NextToken");
	if (job->params != NULL && job->params->len > 0) {
		buf_put_u8(&c->body, '&');
		buf_put(&c->body, job->params->data, job->params->len);
	}
}

static void
put_body(struct call *c)
{
	const struct aws_job *job = c->job;

	if (job->action->target != NULL)
		put_json(c);
	else
		put_form(c);
	if (job->params != NULL && !buf_ok(job->params))
		c->body.failed = true;
}

static int
start(struct call *c, unsigned delay, struct err *e)
{
	bool json = c->job->action->target != NULL;
	const struct http_request request = { .method = "POST",
		.url = buf_text(&c->url),
		.headers = json ? c->json_headers : form_headers,
		.body = c->body.data,
		.body_len = c->body.len,
		.sign = &c->sign,
		.ca_bundle = c->ca_bundle,
		.delay_ms = delay,
		.fresh = c->job->action->once,
		.sink = call_body,
		.done = call_done,
		.arg = c };

	return http_start(c->aws->http, &request, e);
}

void
call_send(struct call *c, unsigned delay)
{
	struct err *e = &c->job->error;
	int status;

	put_body(c);
	buf_clear(&c->error);
	c->read_status = 0;
	c->began = clock_ms() + delay;
	c->sign = (struct http_sign){ .id = c->keys.id,
		.secret = c->keys.secret,
		.token = c->keys.token,
		.region = buf_text(&c->region),
		.service = c->job->action->service,
		.offset = aws_clock_of(c->aws, buf_text(&c->url)) };
	status = rows_begin(c->rows, e);
	if (status == 0 && (!buf_ok(&c->body) || !buf_ok(&c->target)))
		status = err_set(e, ERR_NOMEM, "out of memory");
	if (status == 0)
		status = start(c, delay, e);
	if (status == 0)
		e->code = ERR_OK;
}

void
call_clear(struct call *c)
{
	rows_free(c->rows);
	aws_keys_clear(&c->keys);
	buf_free(&c->region);
	buf_free(&c->url);
	buf_free(&c->body);
	buf_free(&c->target);
	buf_free(&c->token);
	buf_free(&c->error);
	buf_free(&c->message);
	free(c->tokens);
}
