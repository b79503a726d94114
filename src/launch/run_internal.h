/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_LAUNCH_RUN_INTERNAL_H
#define PEMKEEP_SRC_LAUNCH_RUN_INTERNAL_H

/* run.c: the order of the steps; steps.c, step_key.c: what they do; ask.c. */

#include "pemkeep/launch/launch.h"

#include "src/launch/launch_internal.h"

/* One step.  'again': it was begun before, and nobody knows how it ended. */
typedef int launch_do(struct launch_run *run, bool again, struct err *e);

launch_do launch_do_key, launch_do_pair;
launch_do launch_do_group, launch_do_rules, launch_do_instance;
launch_do launch_do_running, launch_do_address, launch_do_association;

/* ask.c: calls, as a launch makes them */

struct launch_asked {
	const struct aws_action *action;
	struct buf params; /* freed by launch_ask() */
	int (*row)(void *arg, const void *row, struct err *e);
	void *arg;
	/* What was made a moment ago may not be known everywhere yet: "not
	 * found" is asked again, for a minute. */
	bool fresh;

	/* How it went. */
	char code[64];
	bool unsure; /* it has failed, and may have been done all the same */
};

/* Make the call.  What aws_run() says. */
int launch_ask(struct launch_run *run, struct launch_asked *a, struct err *e);

/*
 * Look for what carries our tag, with a describing action: 'row' is given each
 * with the run, and sets *id when it is ours.  'patient': what was made a moment
 * ago may not be shown yet, so "nothing" is asked again for some seconds.
 */
int launch_look(struct launch_run *run, const struct aws_action *action,
    int (*row)(void *arg, const void *row, struct err *e), char *const *id,
    bool patient, struct err *e);

/* steps.c: is there something of a step that was begun?  Its id is set then. */
int launch_look_for(struct launch_run *run, int64_t step, struct err *e);

#endif
