/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_CLI_LAUNCH_H
#define PEMKEEP_SRC_CLI_LAUNCH_H

/* What the files of 'launch' share. */

#include <stdbool.h>
#include <stddef.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/launch/launch.h"

#include "src/cli/cli.h"
#include "src/cli/cloud.h"

struct json;

struct launching {
	const struct cli *given; /* the command line */
	struct cli cli;          /* … with the place of the launch in it */
	struct cloud cloud;
	struct client *client; /* NULL: not needed so far */
	struct launch launch;
	struct launch_run run;
	unsigned wait; /* seconds until it is to be ready */

	/* launch_wish.c: what the wish points to */
	struct launch_wish wish;
	struct keeper_key key;   /* --key */
	struct keeper_keys keys; /* those of a locked vault are not known */
	const char **open, **tags;
	struct buf user_data;

	/* launch_show.c */
	char said
	    [160]; /* what is waited for, where no line can be written over */
};

/* launch_wish.c */

/*
 * The command line and the config as a wish.  ERR_USAGE; with --key what
 * client_public() says.
 */
int launch_wish_read(struct launching *g, struct err *e);

/* The command line as if --profile and --region of the launch had been given. */
void launch_wish_place(struct launching *g);

/*
 * The key of the vault whose name the new key would have, and which is not used
 * because nobody has asked for it; or NULL.
 */
const char *launch_wish_other_key(const struct launching *g);
void launch_wish_clear(struct launching *g);

/* launch_show.c */

/* The plan as text, line by line, each to be escaped. */
void launch_show_plan(const struct launching *g,
    void (*line)(void *arg, const char *text), void *arg);
/* The same as a member "plan" of an object. */
struct json *launch_show_plan_json(const struct launch *l);
/* Is there something that others should know before it is done? */
void launch_show_warnings(const struct launch *l);
/* What there is now of a launch, what of it costs money, and how to go on. */
void launch_show_rest(const struct launch *l, bool hint);
/* The callbacks of the run: a step is done; something is waited for. */
void launch_show_say(void *arg, const char *text);
void launch_show_waiting(void *arg, const char *what, unsigned seconds);

/* launch_ready.c: the last step.  Its callback */
int launch_ready(void *arg, const struct launch *l, struct err *e);
/* … and a pause that Ctrl-C ends. */
int launch_pause(void *arg, unsigned ms, struct err *e);

/*
 * launch_log.c: it is done; else 'what' says what it is instead: "undone", or what
 * has stopped it.
 */
void launch_log(const struct launch *l, const char *what);

/* launch_plan.c: --plan.  The exit status. */
int launch_plan_show(struct launching *g);

#endif
