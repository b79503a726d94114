/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AGENT_OPENING_H
#define PEMKEEP_SRC_AGENT_OPENING_H

/* Opening the vault while others are served. */

struct err;
struct event_base;
struct keeper;
struct keeper_opened;
struct opening;
struct secret;

/* Told by the event loop; what was opened is the callee's. */
typedef void opening_done(void *arg, struct keeper_opened *opened);

/*
 * Open it with this passphrase, which is taken.  The opening is freed when 'done'
 * has been called.
 */
struct opening_plan {
	struct event_base *base;
	const struct keeper *keeper;
	struct secret *pass;
	opening_done *done;
	void *arg;
};
int opening_start(
    const struct opening_plan *plan, struct opening **op, struct err *e);

/* Wait for its end, and forget what came of it.  NULL does nothing. */
void opening_free(struct opening *o);

#endif
