/* SPDX-License-Identifier: ISC */
/*
 * A call of a launch.  EC2 is not of one mind: what one server has made, another
 * may not know for seconds, so neither "not found" nor an empty answer right
 * behind a create proves anything.
 */

#include <string.h>

#include "pemkeep/base/clock.h"
#include "pemkeep/base/err.h"
#include "pemkeep/launch/remove.h"

#include "src/launch/run_internal.h"

#define FRESH_SECONDS 60
#define LOOKS 5u /* 0.25 + 0.5 + 1 + 2 seconds between */
#define FIRST_PAUSE 250u
#define LONGEST_PAUSE 5000u

static bool
is_not_found(const char *code)
{
	static const char suffix[] = ".NotFound";
	size_t len = strlen(code), n = sizeof(suffix) - 1;

	return len > n && strcmp(code + len - n, suffix) == 0;
}

/* It may have been done: no answer, none that can be read, or "internal". */
static bool
is_unsure(const struct aws_job *job)
{
	return job->error.code != ERR_OK && job->sent &&
	    (job->status < 400 || job->status >= 500);
}

static int
once(struct launch_run *run, struct launch_asked *a, struct err *e)
{
	struct aws_job job = { .profile = launch_profile(run->launch),
		.region = run->launch->region,
		.action = a->action,
		.params = &a->params,
		.row = a->row,
		.arg = a->arg };
	int r = aws_run_one(run->aws, &job, e);

	memcpy(a->code, job.code, sizeof(job.code));
	a->unsure = is_unsure(&job);
	run->unsure |= a->unsure;
	return r;
}

int
launch_ask(struct launch_run *run, struct launch_asked *a, struct err *e)
{
	int64_t until = clock_seconds() + FRESH_SECONDS;
	unsigned ms = FIRST_PAUSE;
	int r;

	while ((r = once(run, a, e)) != 0 && a->fresh &&
	    is_not_found(a->code) && clock_seconds() < until) {
		if ((r = run->pause(run->arg, ms, e)) != 0)
			break;
		ms = ms * 2 < LONGEST_PAUSE ? ms * 2 : LONGEST_PAUSE;
	}
	buf_free(&a->params);
	return r;
}

int
launch_look(struct launch_run *run, const struct aws_action *action,
    int (*row)(void *arg, const void *row, struct err *e), char *const *id,
    bool patient, struct err *e)
{
	const char *uuid = run->launch->uuid;
	unsigned ms = FIRST_PAUSE;
	int r = 0;

	for (unsigned n = 1; r == 0; n++) {
		struct launch_asked a = {
			.action = action, .row = row, .arg = run
		};

		aws_param_filter(&a.params, 1, "tag:" REMOVE_TAG, &uuid, 1);
		r = launch_ask(run, &a, e);
		if (r != 0 || (*id)[0] != '\0' || !patient || n == LOOKS)
			break;
		r = run->pause(run->arg, ms, e);
		ms *= 2;
	}
	return r;
}
