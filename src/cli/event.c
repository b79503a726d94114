/* SPDX-License-Identifier: ISC */

/* From a command into the event log. */

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/path.h"
#include "pemkeep/log/log.h"

#include "src/cli/cli.h"

bool
event_write(const struct log_event *event)
{
	struct log_event full = *event;
	struct buf path = BUF_INIT;
	char text[sizeof(((struct err *)0)->text) + 32];
	struct err e;
	bool done;

	full.pid = (long)getpid();
	full.program = program_invocation_short_name;
	done = path_of(PATH_STATE, "log", &path, &e) == 0 &&
	    log_append(buf_text(&path), &full, &e) == 0;
	if (!done) {
		snprintf(text, sizeof(text), "this is not logged: %s", e.text);
		out_warning(text, e.hint);
	}
	buf_free(&path);
	return done;
}
