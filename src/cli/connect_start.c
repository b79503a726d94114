/* SPDX-License-Identifier: ISC */

/*
 * An instance that is not up: it costs money once it runs, so somebody must say
 * yes.  It is up when its SSH server answers, which takes longer than EC2's word
 * "running".
 */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "pemkeep/agent/question.h"
#include "pemkeep/aws/ec2_change.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/clock.h"
#include "pemkeep/inventory/inventory.h"
#include "pemkeep/ssh/answer.h"

#include "src/cli/cli.h"
#include "src/cli/connect_cloud.h"

#define WAIT_MAX (10 * 60) /* seconds, for all of it */
#define ANSWER_SECONDS 10u /* for one attempt */
#define SETTLE 15          /* seconds that EC2 may still say "stopped" */
#define ADDRESSES_MAX 32

struct waiting {
	const struct connect_cloud *c;
	int64_t since;
	char said[32];
};

static bool
is(const struct connect_cloud *c, const char *state)
{
	return strcmp(c->target->instance.state, state) == 0;
}

/* On a terminal a line that counts, else one for each new state. */
static void
show(struct waiting *w, const char *what)
{
	struct buf name = BUF_INIT;

	if (w->c->options->quiet)
		return;
	connect_cloud_name(w->c, &name);
	if (out_can_progress()) {
		out_progress("%s: %s, %lld s", buf_text(&name), what,
		    (long long)(clock_seconds() - w->since));
	} else if (strcmp(w->said, what) != 0) {
		out_say(w->c->cli, "%s: %s ...", buf_text(&name), what);
		snprintf(w->said, sizeof(w->said), "%s", what);
	}
	buf_free(&name);
}

/* Where nobody can be asked, or does not want to. */
static int
not_up(const struct connect_cloud *c, const struct err *why, struct err *e)
{
	struct buf name = BUF_INIT;

	connect_cloud_name(c, &name);
	err_set(e, ERR_FAILED, "%s is %s%s%s", buf_text(&name),
	    c->target->instance.state, why != NULL ? ": " : "",
	    why != NULL ? why->text : "");
	err_hint(e, "connect --start %s", c->target->instance.id);
	buf_free(&name);
	return ERR_FAILED;
}

static int
ask(struct connect_cloud *c, struct err *e)
{
	struct buf name = BUF_INIT, question = BUF_INIT;
	int r;

	if (c->options->no_input || !question_possible())
		return not_up(c, NULL, e);
	connect_cloud_name(c, &name);
	buf_printf(&question, "%s is %s.  Start it?", buf_text(&name),
	    c->target->instance.state);
	r = prompt_confirm(c->cli, buf_text(&question), e);
	buf_free(&name);
	buf_free(&question);
	if (r == ERR_USAGE)
		return not_up(c, NULL, e);
	if (r == ERR_FAILED)
		err_set(e, ERR_FAILED, "it was not started");
	return r;
}

int
connect_start_ask(struct connect_cloud *c, struct err *e)
{
	struct err why;
	int r;

	if (!connect_cloud_is(c) || c->agreed || is(c, "running") ||
	    is(c, "pending"))
		return 0;
	if (!c->target->live && (r = connect_cloud_look(c, &why)) != 0) {
		if (r == ERR_NETWORK || r == ERR_REFUSED)
			return not_up(c, &why, e);
		*e = why;
		return r;
	}
	if (is(c, "running") || is(c, "pending"))
		return 0;
	r = c->options->start ? 0 : ask(c, e);
	c->agreed = r == 0;
	return r;
}

static int
start(struct connect_cloud *c, struct err *e)
{
	const struct target_instance *i = &c->target->instance;
	struct buf params = BUF_INIT;
	struct aws_job job = { .profile = inventory_profile(
				   c->cloud.inventory, i->profile),
		.region = i->region,
		.action = &ec2_start_instances,
		.params = &params };
	int r;

	aws_param(&params, i->id, "InstanceId.1");
	cloud_begin(&c->cloud);
	r = aws_run_one(c->cloud.aws, &job, e);
	cloud_end(&c->cloud);
	buf_free(&params);
	return r;
}

static int
too_long(const struct connect_cloud *c, const char *what, struct err *e)
{
	struct buf name = BUF_INIT;

	connect_cloud_name(c, &name);
	err_set(e, ERR_NETWORK, "%s is %s after %d minutes", buf_text(&name),
	    what, WAIT_MAX / 60);
	err_hint(e, "try again later, or look at its console");
	buf_free(&name);
	return ERR_NETWORK;
}

/* Until it runs; it is started when it has stopped. */
static int
wait_running(struct connect_cloud *c, struct waiting *w, struct err *e)
{
	int64_t started = 0;
	int r = 0;

	for (unsigned n = 0; r == 0; n++) {
		if (is(c, "running") && c->target->address_count > 0)
			return 0;
		if (is(c, "stopped") && started == 0) {
			if ((r = start(c, e)) != 0)
				return r;
			started = clock_seconds();
		} else if (is(c, "stopped") &&
		    clock_seconds() - started > SETTLE) {
			return err_set(e, ERR_FAILED,
			    "it has stopped again; its console may tell why");
		}
		show(w,
		    started != 0 && is(c, "stopped")
			? "starting"
			: c->target->instance.state);
		if (clock_seconds() - w->since > WAIT_MAX)
			return too_long(c, c->target->instance.state, e);
		(void)nanosleep(&(struct timespec){ n < 15 ? 1 : 3, 0 }, NULL);
		r = connect_cloud_look(c, e);
	}
	return r;
}

static int
wait_answer(struct connect_cloud *c, struct waiting *w, struct ssh_loop *l,
    struct err *e)
{
	const struct target *t = c->target;
	const char *addresses[ADDRESSES_MAX];
	size_t count = 0;
	struct err why;
	int r;

	for (; count < ADDRESSES_MAX && count < t->address_count; count++)
		addresses[count] = t->addresses[count].value;
	for (;;) {
		show(w, "waiting for its SSH server");
		r = ssh_answers(l, addresses, count, t->port,
		    c->options->family, ANSWER_SECONDS, &why);
		if (r != ERR_NETWORK)
			break;
		if (clock_seconds() - w->since > WAIT_MAX)
			return too_long(c, "without an SSH server", e);
		(void)nanosleep(&(struct timespec){ 1, 0 }, NULL);
	}
	if (r != 0)
		*e = why;
	return r;
}

int
connect_start(struct connect_cloud *c, struct ssh_loop *l, struct err *e)
{
	struct waiting w = { .c = c, .since = clock_seconds() };
	int r;

	if (!connect_cloud_is(c) || is(c, "running"))
		return 0;
	if ((r = connect_start_ask(c, e)) != 0)
		return r;
	if (is(c, "running"))
		return 0;
	if ((r = wait_running(c, &w, e)) == 0)
		r = wait_answer(c, &w, l, e);
	out_progress_end();
	return r;
}
