/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_LAUNCH_REMOVE_INTERNAL_H
#define PEMKEEP_SRC_LAUNCH_REMOVE_INTERNAL_H

/* What remove.c (the order) and remove_look.c (what AWS says) share. */

#include "pemkeep/launch/remove.h"

/* A thing as AWS shows it now. */
struct remove_seen {
	bool there;
	bool ours;     /* has the tag of this launch */
	bool ended;    /* an instance that is terminated */
	bool ending;   /* … or about to be */
	char user[64]; /* what it is associated with: "i-…", "eni-…"; "" */
	char through[64]; /* an address: its association; "" */
};

/* Look at one thing.  What aws_run() says. */
int remove_look(const struct remove_job *job, const struct remove_thing *t,
    struct remove_seen *seen, struct err *e);

/*
 * Does an instance use this group or key pair that is not in the list, or stays?
 * *user is its name and id in words, "" for none; to be freed.
 */
int remove_user(const struct remove_job *job, const struct remove_list *list,
    const struct remove_thing *t, struct buf *user, struct err *e);

/* AWS lets nobody terminate it ("OperationNotPermitted"): how to change that. */
void remove_hint_protection(const char *region, const char *id, struct err *e);

/* Is it in the list, and gone? */
bool remove_is_gone(const struct remove_list *list, const char *instance);

#endif
