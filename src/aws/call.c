/* SPDX-License-Identifier: ISC */
/*
 * A run of many jobs.  Keys are looked for before anything is sent, one profile
 * after the other, since somebody may have to be asked; and again behind a run in
 * which AWS found some of them too old.
 */

#include <stdlib.h>

#include "pemkeep/base/err.h"

#include "src/aws/aws.h"
#include "src/aws/call_internal.h"

/* 'stopped': somebody who was asked for a code has had enough. */
static void
begin(struct call *c, struct aws *aws, struct aws_job *job, bool stopped)
{
	c->aws = aws;
	c->job = job;
	job->error = (struct err){ ERR_OK, "", "" };
	job->code[0] = '\0';
	job->status = 0;
	job->sent = false;
	job->skew = 0;
	job->pages = 0;
	job->rows = 0;
	job->retries = 0;
	c->retry.attempt = 1;
	if (stopped)
		err_set(&job->error, ERR_INTERRUPTED, "interrupted");
	else if (call_prepare(c, &job->error) == 0)
		job->error.code = ERR_OK;
}

/* Those that have ended for want of keys go on.  False: there are none. */
static bool
renew_keys(struct call *calls, size_t count)
{
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		struct call *c = &calls[i];

		if (!c->wants_keys)
			continue;
		c->wants_keys = false;
		if (call_take_keys(c, true, &c->job->error) != 0)
			continue;
		c->job->error.code = ERR_OK;
		call_send(c, 0);
		any = true;
	}
	return any;
}

static int
run(struct aws *aws, struct call *calls, struct aws_job *jobs, size_t count)
{
	bool stopped = false;
	int status = 0;

	for (size_t i = 0; i < count; i++) {
		begin(&calls[i], aws, &jobs[i], stopped);
		stopped |= jobs[i].error.code == ERR_INTERRUPTED;
	}
	for (size_t i = 0; i < count && !stopped; i++)
		if (jobs[i].error.code == ERR_OK)
			call_send(&calls[i], 0);
	for (size_t i = 0; i < count && stopped; i++)
		if (jobs[i].error.code == ERR_OK)
			err_set(&jobs[i].error, ERR_INTERRUPTED, "interrupted");
	if (stopped)
		return ERR_INTERRUPTED;
	do
		status = http_run(aws->http, NULL);
	while (status == 0 && renew_keys(calls, count));
	for (size_t i = 0; i < count && status == 0; i++)
		status = jobs[i].error.code;
	return status;
}

int
aws_run(struct aws *aws, struct aws_job *jobs, size_t count)
{
	struct call *calls;
	int status;

	if (count == 0)
		return 0;
	calls = calloc(count, sizeof(*calls));
	if (calls == NULL || aws_http(aws) == NULL) {
		for (size_t i = 0; i < count; i++)
			err_set(&jobs[i].error, ERR_NOMEM, "out of memory");
		free(calls);
		return ERR_NOMEM;
	}
	status = run(aws, calls, jobs, count);
	for (size_t i = 0; i < count; i++)
		call_clear(&calls[i]);
	free(calls);
	return status;
}

int
aws_run_one(struct aws *aws, struct aws_job *job, struct err *e)
{
	int r = aws_run(aws, job, 1);

	if (r != 0 && e != NULL)
		*e = job->error;
	return r;
}
