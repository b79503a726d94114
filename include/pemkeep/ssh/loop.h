/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SSH_LOOP_H
#define PEMKEEP_SSH_LOOP_H

/*
 * The event loop that connections and sessions live in.  One loop may hold many
 * of them; everything that happens on them happens inside ssh_loop_run().
 */

struct err;
struct ssh_loop;

int ssh_loop_new(struct ssh_loop **lp, struct err *e);

/* To be called after everything that lives in it; NULL does nothing. */
void ssh_loop_free(struct ssh_loop *l);

/*
 * Wait and work until ssh_loop_stop() is called, which may have happened
 * before.  ERR_SYSTEM when waiting itself fails.
 */
int ssh_loop_run(struct ssh_loop *l, struct err *e);
void ssh_loop_stop(struct ssh_loop *l);

/* To be called in the child after a fork(2) that goes on with this loop. */
int ssh_loop_forked(struct ssh_loop *l, struct err *e);

#endif
