/* SPDX-License-Identifier: ISC */
/*
 * Calling, and waiting.  An instance that is on its way to where the call can be
 * made (stopping, to be started) is waited for first.
 */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/aws/ec2.h"
#include "pemkeep/aws/ec2_change.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/inventory/inventory.h"

#include "src/launch/lifecycle_internal.h"
#include "src/launch/remove_internal.h"

#define PATIENCE (600 * 1000u) /* ms */
#define FIRST_PAUSE 250u
#define LONGEST_PAUSE 5000u
#define SETTLE (20 * 1000u) /* ms that AWS may still say what was */
#define SILENT_MAX 5        /* answers in a row that do not come */
#define MISSED_MAX 3        /* looks; AWS shows a new one late */

static const struct {
	const char *name;
	const struct aws_action *action;
	const char *from, *to; /* states; from: another one is too early */
	const char *before;    /* … and this one is it */
	const char *through;
} verbs[] = {
	[LIFECYCLE_START] = { "start", &ec2_start_instances, "stopped",
	    "running", "stopping", "pending" },
	[LIFECYCLE_STOP] = { "stop", &ec2_stop_instances, "running", "stopped",
	    "pending", "stopping" },
	[LIFECYCLE_REBOOT] = { "reboot", &ec2_reboot_instances, "running",
	    "running", "pending", "running" },
	[LIFECYCLE_TERMINATE] = { "terminate", &ec2_terminate_instances, NULL,
	    "terminated", "", "shutting-down" },
};

const char *
lifecycle_name(enum lifecycle_verb verb)
{
	return verbs[verb].name;
}

static bool
is(const struct lifecycle_instance *i, const char *state)
{
	return strcmp(i->state, state) == 0;
}

bool
lifecycle_is_done(enum lifecycle_verb verb, const struct lifecycle_instance *i)
{
	if (verb == LIFECYCLE_REBOOT)
		return i->called;
	return is(i, verbs[verb].to);
}

bool
lifecycle_is_due(enum lifecycle_verb verb, const struct lifecycle_instance *i)
{
	if (verb == LIFECYCLE_REBOOT)
		return true;
	return !is(i, verbs[verb].to) && !is(i, verbs[verb].through);
}

static void
fail(struct lifecycle *l, struct lifecycle_instance *i, const struct err *why)
{
	i->error = *why;
	l->changed(l->arg, i);
}

static void
set_state(struct lifecycle *l, struct lifecycle_instance *i, const char *state)
{
	if (is(i, state) || strlen(state) >= sizeof(i->state))
		return;
	memcpy(i->state, state, strlen(state) + 1);
	l->changed(l->arg, i);
}

/* A set of instances of one profile and region, and the call for them. */
struct batch {
	struct lifecycle *l;
	struct lifecycle_instance **list;
	size_t count;
	struct buf params;
};

static int
take_change(void *arg, const void *given, struct err *e)
{
	const struct ec2_state_change *row = given;
	const struct batch *b = arg;

	(void)e;
	for (size_t i = 0; i < b->count; i++)
		if (strcmp(b->list[i]->id, row->instance) == 0)
			set_state(b->l, b->list[i], row->state);
	return 0;
}

static struct aws_job
job_of(struct batch *b)
{
	const struct lifecycle_instance *first = b->list[0];
	enum lifecycle_verb verb = b->l->verb;

	for (size_t i = 0; i < b->count; i++)
		aws_param(&b->params, b->list[i]->id, "InstanceId.%zu", i + 1);
	return (struct aws_job){ .profile = inventory_profile(
				     b->l->inventory, first->profile),
		.region = first->region,
		.action = verbs[verb].action,
		.params = &b->params,
		.row = verb == LIFECYCLE_REBOOT ? NULL : take_change,
		.arg = b };
}

/* Is it worth asking for each alone: may it be the fault of one? */
static bool
is_of_one(const struct aws_job *job)
{
	switch (job->error.code) {
	case ERR_OK:
	case ERR_NETWORK:
	case ERR_INTERRUPTED:
	case ERR_NOMEM:
		return false;
	default:
		return job->code[0] != '\0';
	}
}

static void
finish(struct batch *b, struct aws_job *job)
{
	if (strcmp(job->code, "OperationNotPermitted") == 0)
		remove_hint_protection(
		    b->list[0]->region, b->list[0]->id, &job->error);
	for (size_t i = 0; i < b->count; i++) {
		if (job->error.code == ERR_OK)
			b->list[i]->called = true;
		else
			fail(b->l, b->list[i], &job->error);
	}
}

/* Run the batches; those that fail for one of many are taken apart. */
static int
run_batches(
    struct lifecycle *l, struct batch *batches, size_t count, bool apart)
{
	struct aws_job *jobs = calloc(count + 1, sizeof(*jobs));
	struct batch *singles = calloc(l->count + 1, sizeof(*singles));
	size_t single_count = 0;
	int r = jobs != NULL && singles != NULL ? 0 : ERR_NOMEM;

	for (size_t i = 0; i < count && r == 0; i++)
		jobs[i] = job_of(&batches[i]);
	if (r == 0)
		(void)aws_run(l->aws, jobs, count);
	for (size_t i = 0; i < count && r == 0; i++) {
		struct batch *b = &batches[i];

		if (!apart || b->count == 1 || !is_of_one(&jobs[i])) {
			finish(b, &jobs[i]);
			continue;
		}
		for (size_t k = 0; k < b->count; k++)
			singles[single_count++] =
			    (struct batch){ l, &b->list[k], 1, BUF_INIT };
	}
	if (r == 0 && single_count > 0)
		r = run_batches(l, singles, single_count, false);
	for (size_t i = 0; i < single_count; i++)
		buf_free(&singles[i].params);
	free(singles);
	free(jobs);
	return r;
}

static bool
is_same_place(
    const struct lifecycle_instance *a, const struct lifecycle_instance *b)
{
	return strcmp(a->profile, b->profile) == 0 &&
	    strcmp(a->region, b->region) == 0;
}

typedef bool wanted(const struct lifecycle *l, struct lifecycle_instance *i);

/*
 * Those that are wanted, by place.  *batches and *list are to be freed, in this
 * order.
 */
static int
make_batches(struct lifecycle *l, wanted *want, struct batch **batchesp,
    size_t *countp, struct lifecycle_instance ***listp)
{
	struct batch *batches = calloc(l->count + 1, sizeof(*batches));
	struct lifecycle_instance **list = calloc(l->count + 1, sizeof(*list));
	bool *taken = calloc(l->count + 1, sizeof(*taken));
	size_t n = 0;

	*countp = 0;
	*batchesp = batches;
	*listp = list;
	if (batches == NULL || list == NULL || taken == NULL) {
		free(taken);
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < l->count; i++) {
		struct batch *b = &batches[*countp];

		if (taken[i] || !want(l, &l->list[i]))
			continue;
		*b = (struct batch){ l, &list[n], 0, BUF_INIT };
		for (size_t k = i; k < l->count; k++)
			if (!taken[k] &&
			    is_same_place(&l->list[k], &l->list[i]) &&
			    want(l, &l->list[k])) {
				taken[k] = true;
				list[n++] = &l->list[k];
				b->count++;
			}
		(*countp)++;
	}
	free(taken);
	return 0;
}

static void
free_batches(
    struct batch *batches, size_t count, struct lifecycle_instance **list)
{
	for (size_t i = 0; i < count && batches != NULL; i++)
		buf_free(&batches[i].params);
	free(batches);
	free(list);
}

static bool
wants_call(const struct lifecycle *l, struct lifecycle_instance *i)
{
	return i->error.code == ERR_OK && !i->called &&
	    lifecycle_is_due(l->verb, i);
}

static int
call_all(struct lifecycle *l)
{
	struct lifecycle_instance **list;
	struct batch *batches;
	size_t count;
	int r = make_batches(l, wants_call, &batches, &count, &list);

	if (r == 0 && count > 0)
		r = run_batches(l, batches, count, true);
	free_batches(batches, count, list);
	return r;
}

static int
take_look(void *arg, const struct ec2_instance *row, struct err *e)
{
	struct batch *b = arg;

	(void)e;
	for (size_t i = 0; i < b->count; i++)
		if (strcmp(b->list[i]->id, row->id) == 0) {
			lifecycle_take_address(b->list[i], row);
			b->list[i]->missed = 0;
			set_state(b->l, b->list[i], row->state);
		}
	return 0;
}

/* One look at those that are wanted. */
static int
look(struct lifecycle *l, wanted *want, bool addresses, struct err *e)
{
	const char **ids = calloc(l->count + 1, sizeof(*ids));
	struct lifecycle_instance **list;
	struct batch *batches;
	size_t count;
	int r = make_batches(l, want, &batches, &count, &list);

	if (r != 0 || ids == NULL)
		r = err_set(e, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < count && r == 0; i++) {
		struct batch *b = &batches[i];

		for (size_t k = 0; k < b->count; k++) {
			ids[k] = b->list[k]->id;
			b->list[k]->missed++;
		}
		r = inventory_follow(l->inventory, b->list[0]->profile,
		    b->list[0]->region, ids, b->count, addresses, take_look, b,
		    e);
		for (size_t k = 0; k < b->count && r != 0; k++)
			b->list[k]->missed = 0; /* that proves nothing */
	}
	free_batches(batches, count, list);
	free(ids);
	return r;
}

/* Must it be waited for before the call? */
static bool
is_early(const struct lifecycle *l, struct lifecycle_instance *i)
{
	return i->error.code == ERR_OK && !i->called &&
	    is(i, verbs[l->verb].before);
}

static bool
is_under_way(const struct lifecycle *l, struct lifecycle_instance *i)
{
	return i->error.code == ERR_OK && l->verb != LIFECYCLE_REBOOT &&
	    !lifecycle_is_done(l->verb, i);
}

/* What will never be as it should: sets its error. */
static void
check(struct lifecycle *l, struct lifecycle_instance *i, unsigned waited)
{
	bool gone = i->missed >= MISSED_MAX;
	struct err why;

	if (l->verb == LIFECYCLE_TERMINATE) {
		if (gone)
			set_state(l, i, "terminated");
		return;
	}
	if (!gone && !is(i, "terminated") && !is(i, "shutting-down") &&
	    !(i->called && is(i, verbs[l->verb].from) && waited > SETTLE))
		return;
	if (gone)
		err_set(&why, ERR_NOT_FOUND, "AWS does not show it any more");
	else
		err_set(&why, ERR_FAILED, "it is %s, not %s", i->state,
		    verbs[l->verb].to);
	err_hint(&why, "its console may tell why");
	fail(l, i, &why);
}

static void
give_up(struct lifecycle *l, wanted *want, unsigned waited)
{
	struct err why;

	for (size_t i = 0; i < l->count; i++)
		if (want(l, &l->list[i])) {
			err_set(&why, ERR_NETWORK, "it is %s after %u seconds",
			    l->list[i].state, waited / 1000);
			err_hint(&why, "AWS goes on with it: pemkeep list %s",
			    l->list[i].id);
			fail(l, &l->list[i], &why);
		}
}

static bool
any(struct lifecycle *l, wanted *want)
{
	for (size_t i = 0; i < l->count; i++)
		if (want(l, &l->list[i]))
			return true;
	return false;
}

/* Until none is wanted any more. */
static int
wait_for(struct lifecycle *l, wanted *want, struct err *e)
{
	unsigned pause = FIRST_PAUSE, waited = 0;
	unsigned patience = l->patience != 0 ? l->patience : PATIENCE;
	unsigned silent = 0;
	int r = 0;

	while (any(l, want)) {
		if (waited >= patience) {
			give_up(l, want, waited);
			return 0;
		}
		if ((r = l->pause(l->arg, pause, e)) != 0)
			return r;
		/* One answer that does not come puts nobody off who waits. */
		r = look(l, want, false, e);
		silent = r == 0 ? 0 : silent + 1;
		if (r != 0 && (r != ERR_NETWORK || silent == SILENT_MAX))
			return r;
		waited += pause;
		pause += pause / 2;
		if (pause > LONGEST_PAUSE)
			pause = LONGEST_PAUSE;
		for (size_t i = 0; i < l->count; i++)
			if (want(l, &l->list[i]))
				check(l, &l->list[i], waited);
	}
	return 0;
}

static bool
is_any(const struct lifecycle *l, struct lifecycle_instance *i)
{
	(void)l;
	(void)i;
	return true;
}

/* Rebooting what does not run is a misunderstanding. */
static void
refuse_stopped(struct lifecycle *l)
{
	struct err why;

	for (size_t i = 0; i < l->count; i++)
		if (l->verb == LIFECYCLE_REBOOT &&
		    !is(&l->list[i], "running") &&
		    !is(&l->list[i], "pending")) {
			err_set(&why, ERR_FAILED,
			    "it is %s, and cannot be "
			    "rebooted",
			    l->list[i].state);
			err_hint(&why, "pemkeep start %s", l->list[i].id);
			fail(l, &l->list[i], &why);
		}
}

int
lifecycle_run(struct lifecycle *l, struct err *e)
{
	struct err why;
	int r;

	refuse_stopped(l);
	if ((r = wait_for(l, is_early, e)) == 0 && (r = call_all(l)) != 0)
		err_set(e, ERR_NOMEM, "out of memory");
	if (r == 0)
		r = wait_for(l, is_under_way, e);
	/* Whatever has happened: the cache shall know. */
	if (r != ERR_INTERRUPTED && r != ERR_NOMEM)
		(void)look(l, is_any, true, &why);
	for (size_t i = 0; i < l->count && r == 0; i++)
		if (l->list[i].error.code != ERR_OK) {
			if (e != NULL)
				*e = l->list[i].error;
			r = (int)l->list[i].error.code;
		}
	return r;
}
