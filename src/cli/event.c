/* SPDX-License-Identifier: ISC */

/* The event log has the keeper's events, and these. */

#include <unistd.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/path.h"
#include "pemkeep/log/log.h"

#include "src/cli/cli.h"
#include "src/cli/event.h"

void
event_log(const struct log_event *event)
{
	struct log_event full = *event;
	struct buf path = BUF_INIT;
	struct err e;

	full.pid = getpid();
	full.program = "pemkeep";
	if (path_of(PATH_STATE, "log", &path, &e) != 0 ||
	    log_append(buf_text(&path), &full, &e) != 0)
		out_warning(e.text, e.hint);
	buf_free(&path);
}
