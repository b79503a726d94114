/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_LAUNCH_LAUNCH_H
#define PEMKEEP_LAUNCH_LAUNCH_H

/*
 * Doing what a plan (plan.h) says, step by step, with the journal (journal.h)
 * ahead of each step; and taking it back.
 *
 *	journal_begin(&l, &run.journal, &e);
 *	r = launch_run(&run, &e);
 *	if (r != 0)	what exists is in run.launch: launch_run() again, or
 *	r = launch_undo(&run, tell, &e);
 *
 * The private key is in the vault, on the disk, before anything else is made.  An
 * answer that was lost is made up for by looking for our tag, never by making the
 * same thing twice.
 */

#include <stdbool.h>
#include <stdint.h>

#include "pemkeep/launch/plan.h"

struct aws;
struct client;
struct err;
struct journal;
struct remove_thing;

struct launch_run {
	struct aws *aws;
	struct client *client; /* of the agent: the vault is to be unlocked */
	struct journal *journal;
	struct launch *launch;

	/* A step has been done: the text says what there is now. */
	void (*say)(void *arg, const char *text);
	/* What is being waited for, and for how many seconds more at most; NULL:
	 * no longer. */
	void (*waiting)(void *arg, const char *what, unsigned seconds);
	/*
	 * Wait about 'ms'.  Not 0 ends it with that code, said in *e:
	 * ERR_INTERRUPTED.
	 */
	int (*pause)(void *arg, unsigned ms, struct err *e);
	/*
	 * The instance runs and has its address: wait until a login with the key
	 * has succeeded, at a host that is proven to be it.  Not 0 leaves the
	 * launch at this step.
	 */
	int (*ready)(void *arg, const struct launch *l, struct err *e);
	void *arg;

	/* Its own: a call of the step has failed that may have been done. */
	bool unsure;
};

/*
 * Go on where the launch stands, to its end.  On success the journal is gone.  On
 * failure all is as the journal says, and can be gone on with, or be undone; what
 * has failed is said in *e.  A launch that is being undone is not gone on with
 * (ERR_FAILED).
 */
int launch_run(struct launch_run *run, struct err *e);

/*
 * Take it back: what carries our tag, and nothing else, is removed.  'tell' is
 * called for each thing, with its fate (enum remove_fate) and, if it stays, why.
 * The key stays in the vault.  On success the journal is gone; after a failure it
 * can be called again.
 */
int launch_undo(struct launch_run *run,
    void (*tell)(void *arg, const struct remove_thing *t, int fate,
	const struct err *why),
    struct err *e);

/*
 * Are the credentials of the account that the launch was begun in?
 * ERR_REFUSED: of another; else as aws_run().
 */
int launch_check_account(
    struct aws *aws, const struct launch *l, struct err *e);

/*
 * Is the name still free?  For between the plan and the first step, once the
 * journal is ours.  ERR_EXISTS; else as aws_run().
 */
int launch_check_free(struct aws *aws, const struct launch *l, struct err *e);

/* "creating the security group": a step, for messages. */
const char *launch_step_name(int64_t step);

#endif
