/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_LAUNCH_LIFECYCLE_H
#define PEMKEEP_LAUNCH_LIFECYCLE_H

/*
 * Start, stop, reboot, and terminate instances, one or many.
 *
 *	struct lifecycle l = { .verb = LIFECYCLE_STOP, .aws = …, … };
 *	if ((r = lifecycle_find(&l, names, count, &e)) == 0 && …somebody agrees…)
 *		r = lifecycle_run(&l, &e);
 *	lifecycle_clear(&l);
 *
 * What is found is what AWS says in this run, never what the cache remembers;
 * and what is seen while waiting goes into the cache.  Texts are what AWS has
 * sent: escape them.
 */

#include <stdbool.h>
#include <stddef.h>

#include "pemkeep/base/err.h"

struct aws;
struct inventory;

enum lifecycle_verb {
	LIFECYCLE_START,
	LIFECYCLE_STOP,
	LIFECYCLE_REBOOT,
	LIFECYCLE_TERMINATE
};

/* "start", … */
const char *lifecycle_name(enum lifecycle_verb verb);

struct lifecycle_instance {
	char *id, *name; /* name: the Name tag, or "" */
	char *profile, *account, *region, *zone;
	char *launch;     /* value of the tag of launches (remove.h), or "" */
	char state[20];   /* as AWS has said it last */
	char address[46]; /* the best it has now, or "" */
	bool elastic;     /* it is an Elastic IP */
	bool changes;     /* it will be another one after a stop */
	bool called;      /* AWS was asked for it, and has agreed */
	unsigned missed;  /* times in a row that AWS did not show it */
	struct err error; /* code ERR_OK, or why it is not as it should be */
};

struct lifecycle {
	enum lifecycle_verb verb;
	struct aws *aws;
	struct inventory *inventory;
	unsigned patience; /* ms to wait for all of it; 0: ten minutes */
	/* Wait about 'ms'.  Not 0 ends the waiting with that code. */
	int (*pause)(void *arg, unsigned ms, struct err *e);
	/* The state of an instance is another one, or it has failed. */
	void (*changed)(void *arg, const struct lifecycle_instance *i);
	void *arg; /* of both */

	struct lifecycle_instance *list;
	size_t count;
};

/*
 * Fill the list with what the names mean (as NAME in inventory/target.h); globs
 * and tags may mean several, other names one: of equal names the only one that
 * the verb has anything to do for; none is taken before another to be
 * terminated.  What is terminated is found by its id, to be terminated only: so
 * that what a launch has left can be removed later.
 *
 * ERR_AMBIGUOUS: the list is what fits.  ERR_NOT_FOUND.  What aws_run() says,
 * when what fits could not be asked about.
 */
int lifecycle_find(
    struct lifecycle *l, const char *const *names, size_t count, struct err *e);

/* Would lifecycle_run() have to call AWS for it? */
bool lifecycle_is_due(
    enum lifecycle_verb verb, const struct lifecycle_instance *i);

/* Is it as the verb wants it? */
bool lifecycle_is_done(
    enum lifecycle_verb verb, const struct lifecycle_instance *i);

/*
 * Do it: one call for each profile and region; where AWS refuses that for one of
 * many, one for each instance.  Then wait until all is as it should be (a reboot
 * cannot be seen).  0, or the code of the first that has failed: the others are
 * done all the same.  ERR_INTERRUPTED: what was called goes on in AWS.
 */
int lifecycle_run(struct lifecycle *l, struct err *e);

void lifecycle_clear(struct lifecycle *l);

#endif
