/* SPDX-License-Identifier: ISC */
/*
 * The order of the steps.  The journal says what is about to be done before it
 * is, and what has come of it after: so whatever a crash leaves is at most one
 * step of which nobody knows how it ended.
 */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "pemkeep/aws/sts.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/quote.h"
#include "pemkeep/launch/journal.h"
#include "pemkeep/launch/remove.h"

#include "src/launch/run_internal.h"

static int
do_ready(struct launch_run *run, bool again, struct err *e)
{
	(void)again;
	return run->ready(run->arg, run->launch, e);
}

/* The private key first: what a pair is made of must not be lost. */
static const struct {
	const char *name;
	launch_do *act;
} steps[LAUNCH_DONE] = {
	[LAUNCH_KEY] = { "making the key", launch_do_key },
	[LAUNCH_PAIR] = { "importing the key pair", launch_do_pair },
	[LAUNCH_GROUP] = { "creating the security group", launch_do_group },
	[LAUNCH_RULES] = { "opening the ports", launch_do_rules },
	[LAUNCH_INSTANCE] = { "starting the instance", launch_do_instance },
	[LAUNCH_RUNNING] = { "waiting for the instance", launch_do_running },
	[LAUNCH_ADDRESS] = { "allocating the Elastic IP", launch_do_address },
	[LAUNCH_ASSOCIATION] = { "associating the Elastic IP",
	    launch_do_association },
	[LAUNCH_READY] = { "logging in", do_ready },
};

const char *
launch_step_name(int64_t step)
{
	return step >= 0 && step < LAUNCH_DONE ? steps[step].name : "the end";
}

static void
put_done(const struct launch *l, int64_t step, struct buf *b)
{
	switch ((enum launch_step)step) {
	case LAUNCH_KEY:
		buf_printf(b, "key '%s' is in the vault", l->key);
		break;
	case LAUNCH_PAIR:
		buf_printf(b, "key pair '%s'%s", l->pair,
		    l->pair_is_there ? " is used as it is" : "");
		break;
	case LAUNCH_GROUP:
		buf_printf(
		    b, "security group '%s' (%s)", l->group, l->group_id);
		break;
	case LAUNCH_RULES:
		buf_put_text(b, "open: tcp");
		for (size_t i = 0; i < l->rule_count; i++) {
			const struct launch_rule *rule = &l->rules[i];

			buf_printf(b, "%s %u", i > 0 ? "," : "", rule->from);
			if (rule->to != rule->from)
				buf_printf(b, "-%u", rule->to);
			buf_printf(b, " from %s", rule->cidr);
		}
		break;
	case LAUNCH_INSTANCE:
		buf_printf(
		    b, "instance %s (%s, %s)", l->instance, l->type, l->zone);
		break;
	case LAUNCH_RUNNING:
		buf_printf(b, "%s is running", l->instance);
		break;
	case LAUNCH_ADDRESS:
		if (l->elastic)
			buf_printf(b, "Elastic IP %s (%s): %s", l->address,
			    l->allocation, LAUNCH_ADDRESS_PRICE);
		break;
	case LAUNCH_ASSOCIATION:
		if (l->elastic)
			buf_printf(
			    b, "%s leads to %s", l->address, l->instance);
		break;
	case LAUNCH_READY:
	case LAUNCH_DONE:
		break;
	}
}

static void
say_done(struct launch_run *run, int64_t step)
{
	struct buf b = BUF_INIT;

	put_done(run->launch, step, &b);
	if (b.len > 0)
		run->say(run->arg, buf_text(&b));
	buf_free(&b);
}

static int
do_step(struct launch_run *run, struct err *e)
{
	struct launch *l = run->launch;
	int64_t step = l->step;
	bool again = l->begun;
	struct err why;
	int r;

	l->begun = true;
	l->since = (int64_t)time(NULL);
	if ((r = journal_write(run->journal, l, e)) != 0) {
		l->begun = again;
		return r;
	}
	run->unsure = again;
	if ((r = steps[step].act(run, again, e)) != 0) {
		l->begun = run->unsure;
		if (!l->begun)
			(void)journal_write(run->journal, l, &why);
		return r;
	}
	l->step = step + 1;
	l->begun = false;
	if ((r = journal_write(run->journal, l, e)) != 0) {
		l->step = step; /* as the file has it */
		l->begun = true;
		return r;
	}
	say_done(run, step);
	return 0;
}

int
launch_run(struct launch_run *run, struct err *e)
{
	struct launch *l = run->launch;
	int r = 0;

	if (l->undoing) {
		err_set(e, ERR_FAILED, "the launch of '%s' is being undone",
		    l->name);
		quote_hint(e, "pemkeep launch --undo ", l->name, "");
		return ERR_FAILED;
	}
	while (r == 0 && l->step < LAUNCH_DONE)
		r = do_step(run, e);
	return r == 0 ? journal_remove(run->journal, e) : r;
}

static int
on_identity(void *arg, const void *given, struct err *e)
{
	const struct sts_identity *row = given;

	(void)e;
	(void)snprintf(arg, 16, "%s", row->account);
	return 0;
}

int
launch_check_account(struct aws *aws, const struct launch *l, struct err *e)
{
	char account[16] = "";
	struct aws_job job = { .profile = launch_profile(l),
		.region = l->region,
		.action = &sts_get_caller_identity,
		.row = on_identity,
		.arg = account };
	int r = aws_run_one(aws, &job, e);

	if (r != 0)
		return r;
	if (strcmp(account, l->account) == 0)
		return 0;
	err_set(e, ERR_REFUSED,
	    "the launch of '%s' was begun in the account %s, and these "
	    "credentials are of %s",
	    l->name, l->account, account);
	err_hint(e, "choose those with --profile");
	return ERR_REFUSED;
}

struct undoing {
	struct launch_run *run;
	void (*tell)(void *arg, const struct remove_thing *t, int fate,
	    const struct err *why);
	struct err trouble; /* with the journal */
};

static int
on_pause(void *arg, const char *what, unsigned ms, struct err *e)
{
	struct undoing *u = arg;

	(void)what;
	return u->run->pause(u->run->arg, ms, e);
}

static void
on_tell(void *arg, const struct remove_thing *t, enum remove_fate fate,
    const struct err *why)
{
	struct undoing *u = arg;

	u->tell(u->run->arg, t, (int)fate, why);
	if (!t->gone)
		return;
	/* It is not looked for again, whatever happens to us. */
	launch_forget(u->run->launch, t->id);
	(void)journal_write(u->run->journal, u->run->launch, &u->trouble);
}

static int
add_known(const struct launch *l, struct remove_list *list, struct err *e)
{
	bool fresh = time(NULL) - (time_t)l->since < LAUNCH_FRESH_SECONDS;
	const struct {
		enum remove_kind kind;
		const char *id, *name;
	} known[] = {
		{ REMOVE_INSTANCE, l->instance, l->name },
		{ REMOVE_ADDRESS, l->allocation, l->address },
		{ REMOVE_GROUP, l->group_id, l->group },
		{ REMOVE_KEY_PAIR, l->pair_id, l->pair },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].id[0] != '\0')
			r = remove_add(list, known[i].kind, known[i].id,
			    known[i].name, fresh, e);
	return r;
}

int
launch_undo(struct launch_run *run,
    void (*tell)(void *arg, const struct remove_thing *t, int fate,
	const struct err *why),
    struct err *e)
{
	struct launch *l = run->launch;
	struct undoing u = { .run = run, .tell = tell };
	const struct remove_job job = { .aws = run->aws,
		.profile = launch_profile(l),
		.region = l->region,
		.launch = l->uuid,
		.pause = on_pause,
		.tell = on_tell,
		.arg = &u };
	struct remove_list list = REMOVE_LIST_INIT;
	int r = 0;

	l->undoing = true;
	if ((r = journal_write(run->journal, l, e)) == 0 && l->begun)
		r = launch_look_for(run, l->step, e);
	if (r == 0 && (r = add_known(l, &list, e)) == 0 &&
	    (r = remove_find(&job, &list, e)) == 0)
		r = remove_run(&job, &list, e);
	remove_clear(&list);
	return r == 0 ? journal_remove(run->journal, e) : r;
}
