/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_LAUNCH_JOURNAL_H
#define PEMKEEP_LAUNCH_JOURNAL_H

/*
 * What a launch is about to do and has done, on the disk before and after each
 * step, so that it can be gone on with or taken back after a crash.  One file
 * for each launch that is not complete, in $XDG_STATE_HOME/pemkeep/launches
 * (0700, the files 0600); a launch that is complete, or undone, has none.
 *
 * Whoever has a journal open has its name to itself: two launches of one name, in
 * one account and region, are not under way at the same time.
 */

#include <stdbool.h>
#include <stddef.h>

struct err;
struct journal;
struct launch;
struct lifecycle_instance;
struct remove_list;

/*
 * Begin one for a plan; nothing is written yet.  ERR_EXISTS: there is one that is
 * not complete; ERR_FAILED: another process is at it; ERR_SYSTEM; ERR_UNTRUSTED:
 * others may write there.
 */
int journal_begin(const struct launch *l, struct journal **jp, struct err *e);

/*
 * Open the one of that name, and read it.  profile, region: only there; NULL: any.
 * ERR_NOT_FOUND; ERR_AMBIGUOUS: several, in different regions; ERR_FORMAT: it is
 * none; else as above.  *l is to be cleared, also after a failure.
 */
int journal_open(const char *name, const char *profile, const char *region,
    struct journal **jp, struct launch *l, struct err *e);

/*
 * Replace what it says: when this returns 0 it is on the disk, flushed.
 * ERR_SYSTEM: it says what it said before.
 */
int journal_write(struct journal *j, const struct launch *l, struct err *e);

/* The launch is complete, or undone: the file goes. */
int journal_remove(struct journal *j, struct err *e);

/*
 * An instance is terminated, and what carries the tag of its launch was removed by
 * remove_run(), with that list; 'complete': as far as it could be, and there is no
 * more than that.  When it is the instance of a launch that is not complete, its
 * file goes if the launch can have left nothing else, and *ended is set; else it
 * says what is left, to be undone.  Without a file there is nothing to do, and 0.
 * ERR_FAILED: another process is at it; else as journal_open() and
 * journal_write().
 */
int journal_end(const struct lifecycle_instance *i,
    const struct remove_list *list, bool complete, bool *ended, struct err *e);

/* Let go of it; the file stays.  NULL does nothing. */
void journal_close(struct journal *j);

#endif
