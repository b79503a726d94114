/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_CLI_EVENTS_H
#define PEMKEEP_SRC_CLI_EVENTS_H

/* The entries of the event log: which of them are wanted, and how they look. */

#include <stdbool.h>
#include <stdint.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/log/log.h"

struct cli;
struct err;

/* event_filter.c */

struct event_filter {
	bool any;        /* is there one at all? */
	uint64_t since;  /* Unix time; 0: from the first on */
	struct buf key;  /* a fingerprint, or empty */
	struct buf host; /* as it was given, Hangul composed; or empty */
};

/*
 * From --since, --key and --host.  A key's name is asked of an agent that is
 * unlocked; nobody is asked for a passphrase.  ERR_USAGE, ERR_LOCKED,
 * ERR_NOT_FOUND.  To be cleared, also after a failure.
 */
int event_filter_set(
    struct event_filter *f, const struct cli *cli, struct err *e);
void event_filter_clear(struct event_filter *f);
bool event_filter_fits(struct event_filter *f, const struct log_entry *entry);

/* event_show.c: both print what fits; the count goes to 'shown' */

int event_show_table(const char *path, struct event_filter *f,
    unsigned long *shown, struct err *e);
int event_show_json(const char *path, struct event_filter *f,
    const struct log_report *report, struct err *e);

#endif
