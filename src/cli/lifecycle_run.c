/* SPDX-License-Identifier: ISC */

/*
 * One of start, stop, reboot, terminate: what it would hit is shown, somebody says
 * yes to all of it once, then it is done and waited for.
 */

#include <stdio.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/inventory/inventory.h"
#include "pemkeep/log/log.h"

#include "src/cli/cli.h"
#include "src/cli/lifecycle.h"

#define HINTED 5 /* ids that a hint has room for */

static const enum log_kind events[] = {
	[LIFECYCLE_START] = LOG_START,
	[LIFECYCLE_STOP] = LOG_STOP,
	[LIFECYCLE_REBOOT] = LOG_REBOOT,
	[LIFECYCLE_TERMINATE] = LOG_TERMINATE,
};

static size_t
count_due(const struct lifecycle *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->count; i++)
		n += lifecycle_is_due(l->verb, &l->list[i]);
	return n;
}

/* What need not be called for. */
static void
say_idle(const struct cli *cli, const struct lifecycle *l)
{
	struct buf name = BUF_INIT;

	for (size_t n = 0; n < l->count; n++) {
		const struct lifecycle_instance *i = &l->list[n];

		if (lifecycle_is_due(l->verb, i))
			continue;
		buf_clear(&name);
		inventory_put_name(&name, i->name, i->id);
		out_say(cli, "%s is %s already", buf_text(&name), i->state);
	}
	buf_free(&name);
}

static int
ask(const struct cli *cli, const struct lifecycle *l, size_t due, struct err *e)
{
	const char *verb = lifecycle_name(l->verb);
	struct buf b = BUF_INIT;
	int r;

	buf_printf(&b, "%c%s ", verb[0] - 'a' + 'A', verb + 1);
	if (due == 0) {
		buf_clear(&b);
		buf_put_text(&b, "Remove what was launched with it?");
	} else if (due > 1) {
		buf_printf(&b, "these %zu instances?", due);
	} else {
		for (size_t i = 0; i < l->count; i++)
			if (lifecycle_is_due(l->verb, &l->list[i]))
				inventory_put_name(
				    &b, l->list[i].name, l->list[i].id);
		buf_put_u8(&b, '?');
	}
	if (l->verb == LIFECYCLE_TERMINATE && due > 0)
		buf_put_text(&b, "  Nothing brings it back.");
	r = prompt_confirm(cli, buf_text(&b), e);
	buf_free(&b);
	return r;
}

static void
log_it(const struct lifecycle *l)
{
	struct buf where = BUF_INIT;

	for (size_t n = 0; n < l->count; n++) {
		const struct lifecycle_instance *i = &l->list[n];

		if (!i->called)
			continue;
		buf_clear(&where);
		buf_printf(&where, "%s/%s", i->profile, i->region);
		(void)event_write(
		    &(const struct log_event){ .kind = events[l->verb],
			.host = i->name[0] != '\0' ? i->name : i->id,
			.instance = i->id,
			.address = i->address[0] != '\0' ? i->address : NULL,
			.detail = buf_text(&where) });
	}
	buf_free(&where);
}

/* How many of several are as they should be. */
static void
say_sum(const struct cli *cli, const struct lifecycle *l)
{
	struct buf name = BUF_INIT;
	size_t good = 0;

	for (size_t n = 0; n < l->count; n++) {
		const struct lifecycle_instance *i = &l->list[n];

		good +=
		    lifecycle_is_done(l->verb, i) && i->error.code == ERR_OK;
		if (l->verb != LIFECYCLE_REBOOT || !i->called)
			continue;
		buf_clear(&name);
		inventory_put_name(&name, i->name, i->id);
		out_say(cli, "%s: reboots", buf_text(&name));
	}
	if (good < l->count && l->count > 1)
		out_say(cli, "%zu of %zu are done", good, l->count);
	buf_free(&name);
}

/* By their ids: a name leads to nothing any more when an instance is over. */
static void
hint_rest(const struct lifecycle *l, struct err *e)
{
	struct buf ids = BUF_INIT;

	for (size_t i = 0; i < l->count && l->count <= HINTED; i++)
		buf_printf(&ids, " %s", l->list[i].id);
	if (l->count > HINTED)
		buf_put_text(&ids, " ID...");
	err_hint(e,
	    "what AWS was asked for goes on; what was launched with it stays, "
	    "and may cost money, until: pemkeep terminate%s",
	    buf_text(&ids));
	buf_free(&ids);
}

/*
 * Each failure has been said where it happened, but for what ended it all.  The
 * exit status.
 */
static int
report(const struct lifecycle *l, int r, struct err *e)
{
	if (r == ERR_INTERRUPTED) {
		if (l->verb == LIFECYCLE_TERMINATE)
			hint_rest(l, e);
		else
			err_hint(e,
			    "what AWS was asked for goes on: pemkeep list "
			    "--refresh");
		return out_error(e);
	}
	for (size_t i = 0; i < l->count; i++)
		if (l->list[i].error.code != ERR_OK &&
		    strcmp(l->list[i].error.text, e->text) == 0)
			return err_exit_status(e->code);
	return out_error(e);
}

static int
carry_out(struct cloud *cloud, struct lifecycle *l, struct lifecycle_rest *rest)
{
	const struct cli *cli = cloud->cli;
	struct err e, why;
	int r, later;

	cloud_begin(cloud);
	r = lifecycle_run(l, &e);
	out_progress_end();
	log_it(l);
	if (r != ERR_INTERRUPTED && l->verb == LIFECYCLE_TERMINATE &&
	    (later = lifecycle_rest_remove(rest, l, &why)) != 0) {
		if (r != 0)
			(void)out_error(&why);
		else
			e = why;
		r = r != 0 ? r : later;
	}
	cloud_end(cloud);
	say_sum(cli, l);
	return r == 0 ? 0 : report(l, r, &e);
}

/* 1 when somebody has said yes, 0 when there is nothing to do, or an error. */
static int
agree(struct cloud *cloud, struct lifecycle *l, struct lifecycle_rest *rest,
    struct err *e)
{
	const struct cli *cli = cloud->cli;
	size_t due = count_due(l);
	bool more = false;
	int r = 0;

	say_idle(cli, l);
	if (l->verb == LIFECYCLE_TERMINATE) {
		cloud_begin(cloud);
		r = lifecycle_rest_find(rest, l, e);
		cloud_end(cloud);
		if (r != 0)
			return r;
	}
	if (due > 0 && !option_on(cli, "quiet"))
		lifecycle_show(l);
	if (l->verb == LIFECYCLE_TERMINATE)
		more = lifecycle_rest_show(rest);
	else if (l->verb == LIFECYCLE_STOP)
		lifecycle_show_addresses(cli, l);
	if (due > 0 || more)
		r = ask(cli, l, due, e);
	return r != 0 ? r : 1;
}

static int
find(struct cloud *cloud, struct lifecycle *l, struct err *e)
{
	const struct cli *cli = cloud->cli;
	int r;

	cloud_begin(cloud);
	r = lifecycle_find(l, (const char *const *)cli->operands,
	    (size_t)cli->operand_count, e);
	cloud_end(cloud);
	cloud_tell(cloud, r == 0 ? NULL : e);
	if (r == ERR_AMBIGUOUS)
		lifecycle_show(l);
	return r;
}

int
lifecycle_command(struct cli *cli, enum lifecycle_verb verb)
{
	struct lifecycle_progress progress;
	struct lifecycle l = { .verb = verb,
		.pause = lifecycle_pause,
		.changed = lifecycle_changed,
		.arg = &progress };
	struct cloud cloud;
	struct lifecycle_rest rest = { .cloud = &cloud, .progress = &progress };
	struct err e;
	int r, status;

	lifecycle_begin(&progress, cli, &l);
	if ((r = cloud_open(&cloud, cli, &e)) == 0) {
		l.aws = cloud.aws;
		l.inventory = cloud.inventory;
		if ((r = find(&cloud, &l, &e)) == 0)
			r = agree(&cloud, &l, &rest, &e);
	}
	lifecycle_begin(&progress, cli, &l);
	status = r < 0 ? out_error(&e) : carry_out(&cloud, &l, &rest);
	lifecycle_rest_clear(&rest);
	lifecycle_clear(&l);
	cloud_close(&cloud);
	return status;
}
