/* SPDX-License-Identifier: ISC */

/* A launch in the event log: that it is done, left half-done, or undone. */

#include "pemkeep/base/err.h"
#include "pemkeep/log/log.h"

#include "src/cli/launch.h"

static const char *
or_null(const char *text)
{
	return text != NULL && *text != '\0' ? text : NULL;
}

void
launch_log(const struct launch *l, const char *what)
{
	struct buf where = BUF_INIT;

	buf_printf(&where, "%s%s%s", l->profile,
	    l->profile[0] != '\0' ? "/" : "", l->region);
	if (what != NULL)
		buf_printf(&where, ": %s", what);
	(void)event_write(&(const struct log_event){ .kind = LOG_LAUNCH,
	    .host = l->name,
	    .instance = or_null(l->instance),
	    .address = or_null(l->address),
	    .detail = buf_text(&where) });
	buf_free(&where);
}
