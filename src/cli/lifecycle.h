/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_CLI_LIFECYCLE_H
#define PEMKEEP_SRC_CLI_LIFECYCLE_H

/* start, stop, reboot and terminate: what they share. */

#include <stdbool.h>
#include <stdint.h>

#include "pemkeep/launch/lifecycle.h"
#include "pemkeep/launch/remove.h"

#include "src/cli/cloud.h"

/* lifecycle_run.c: one of the commands; its exit status. */
int lifecycle_command(struct cli *cli, enum lifecycle_verb verb);

/* lifecycle_show.c */

struct lifecycle_progress {
	const struct cli *cli;
	const struct lifecycle *l;
	int64_t since; /* clock_seconds() */
};

/* What will be hit, as a table on stderr. */
void lifecycle_show(const struct lifecycle *l);

/* Which addresses will be others. */
void lifecycle_show_addresses(const struct cli *cli, const struct lifecycle *l);

void lifecycle_begin(struct lifecycle_progress *p, const struct cli *cli,
    const struct lifecycle *l);
/* Callbacks of struct lifecycle, with a progress as 'arg'. */
int lifecycle_pause(void *progress, unsigned ms, struct err *e);
void lifecycle_changed(void *progress, const struct lifecycle_instance *i);
/* What is being waited for, now. */
void lifecycle_wait(const struct lifecycle_progress *p, const char *what);

/* lifecycle_rest.c: what was launched with instances that are terminated */

struct lifecycle_rest {
	struct cloud *cloud;
	struct lifecycle_progress *progress;
	struct rest_part *parts; /* one for each launch */
	size_t count;
	struct rest_address *stay; /* Elastic IPs that no launch has made */
	size_t stay_count;
	struct err trouble; /* what could not be looked for */
};

/*
 * Look for it, before they are terminated.  What could not be looked for is
 * said, and makes lifecycle_rest_remove() fail.  ERR_INTERRUPTED, ERR_NOMEM.
 */
int lifecycle_rest_find(
    struct lifecycle_rest *rest, const struct lifecycle *l, struct err *e);

/* Say what will be removed; true when that is anything. */
bool lifecycle_rest_show(const struct lifecycle_rest *rest);

/* Remove it, of those that are terminated now; say what has become of it. */
int lifecycle_rest_remove(
    struct lifecycle_rest *rest, const struct lifecycle *l, struct err *e);
void lifecycle_rest_clear(struct lifecycle_rest *rest);

#endif
