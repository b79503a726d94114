/* SPDX-License-Identifier: ISC */

/* What will be hit, how far it is, and what came of it: all on stderr. */

#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/clock.h"
#include "pemkeep/base/table.h"
#include "pemkeep/inventory/inventory.h"

#include "src/cli/cli.h"
#include "src/cli/lifecycle.h"

#define COLUMNS 5

static const char *const done[] = {
	[LIFECYCLE_START] = "running",
	[LIFECYCLE_STOP] = "stopped",
	[LIFECYCLE_REBOOT] = "reboots",
	[LIFECYCLE_TERMINATE] = "terminated",
};

void
lifecycle_show(const struct lifecycle *l)
{
	static const char *const titles[COLUMNS] = { "NAME", "ID", "STATE",
		"ADDRESS", "PROFILE/REGION" };
	struct table *t = table_new(COLUMNS);
	struct buf b = BUF_INIT, cell = BUF_INIT;

	for (size_t c = 0; c < COLUMNS; c++)
		table_cell(t, titles[c]);
	for (size_t n = 0; n < l->count; n++) {
		const struct lifecycle_instance *i = &l->list[n];

		table_cell(t, i->name);
		table_cell(t, i->id);
		table_cell(t, i->state);
		buf_clear(&cell);
		buf_printf(
		    &cell, "%s%s", i->address, i->elastic ? " (elastic)" : "");
		table_cell(t, buf_text(&cell));
		buf_clear(&cell);
		buf_printf(&cell, "%s/%s", i->profile, i->region);
		table_cell(t, buf_text(&cell));
	}
	if (table_put(&b, t))
		out_talk(buf_text(&b));
	table_free(t);
	buf_free(&cell);
	buf_free(&b);
}

void
lifecycle_show_addresses(const struct cli *cli, const struct lifecycle *l)
{
	struct buf name = BUF_INIT;

	for (size_t n = 0; n < l->count; n++) {
		const struct lifecycle_instance *i = &l->list[n];

		if (!i->changes || !lifecycle_is_due(l->verb, i))
			continue;
		buf_clear(&name);
		inventory_put_name(&name, i->name, i->id);
		out_say(cli,
		    "The address %s of %s is not elastic: it will have "
		    "another one after the next start.",
		    i->address, buf_text(&name));
	}
	buf_free(&name);
}

/* Can a line be written over? */
static bool
is_terminal(const struct lifecycle_progress *p)
{
	return !option_on(p->cli, "quiet") && out_can_progress();
}

void
lifecycle_begin(struct lifecycle_progress *p, const struct cli *cli,
    const struct lifecycle *l)
{
	*p = (struct lifecycle_progress){ cli, l, clock_seconds() };
}

void
lifecycle_wait(const struct lifecycle_progress *p, const char *what)
{
	if (is_terminal(p))
		out_progress("%s, %lld s", what,
		    (long long)(clock_seconds() - p->since));
}

/* "'web' (i-…): stopping", "2 of 5 stopped". */
static void
put_state(struct buf *b, const struct lifecycle *l)
{
	const struct lifecycle_instance *last = NULL;
	size_t ready = 0;

	for (size_t i = 0; i < l->count; i++)
		if (lifecycle_is_done(l->verb, &l->list[i]))
			ready++;
		else if (last == NULL && l->list[i].error.code == ERR_OK)
			last = &l->list[i];
	if (l->count > 1)
		buf_printf(
		    b, "%zu of %zu %s; ", ready, l->count, done[l->verb]);
	if (last == NULL)
		return;
	inventory_put_name(b, last->name, last->id);
	buf_printf(b, ": %s", last->state);
}

int
lifecycle_pause(void *progress, unsigned ms, struct err *e)
{
	const struct lifecycle_progress *p = progress;
	struct buf b = BUF_INIT;
	int r = 0;

	put_state(&b, p->l);
	while (ms > 0 && r == 0) {
		unsigned piece = ms < 500 ? ms : 500;

		lifecycle_wait(p, buf_text(&b));
		r = cloud_pause(piece, e);
		ms -= piece;
	}
	buf_free(&b);
	return r;
}

static void
say_failed(const char *name, const struct err *why)
{
	struct err full;

	err_set(&full, why->code, "%s: %s", name, why->text);
	err_hint(&full, "%s", why->hint);
	(void)out_error(&full);
}

void
lifecycle_changed(void *progress, const struct lifecycle_instance *i)
{
	const struct lifecycle_progress *p = progress;
	bool ready = lifecycle_is_done(p->l->verb, i);
	bool with_address =
	    ready && p->l->verb == LIFECYCLE_START && i->address[0] != '\0';
	struct buf name = BUF_INIT;

	inventory_put_name(&name, i->name, i->id);
	if (i->error.code != ERR_OK) {
		say_failed(buf_text(&name), &i->error);
	} else if (ready || !is_terminal(p)) {
		out_say(p->cli, "%s: %s%s%s", buf_text(&name), i->state,
		    with_address ? ", " : "", with_address ? i->address : "");
	}
	buf_free(&name);
}
