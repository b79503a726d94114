/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_CLI_CLOUD_H
#define PEMKEEP_SRC_CLI_CLOUD_H

/*
 * EC2 as this command line wants it: the options, our config and the environment
 * in one place, and from them the run of AWS and the inventory.
 *
 *	if ((r = cloud_open(&cloud, cli, &e)) == 0)
 *		r = cloud_choose(&cloud, &question, &target, &e);
 *	cloud_tell(&cloud, r == 0 ? NULL : &e);
 *	…
 *	inventory_refresh_behind(cloud.inventory);
 *	cloud_close(&cloud);
 *
 * Opening reads our config and nothing else; libcurl is loaded, the cache is
 * opened and AWS is asked when something is needed of them.
 */

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "pemkeep/base/config.h"

struct aws;
struct cli;
struct err;
struct inventory;
struct inventory_question;
struct json;
struct target;

struct cloud {
	const struct cli *cli;
	struct config config;
	struct aws *aws;
	struct inventory *inventory;
	/* --quiet; 'connect -q' sets it after cloud_open(). */
	bool quiet;

	/* What the options point to. */
	struct config_list regions; /* --region */
	const char **profiles;

	bool told;   /* what could not be asked */
	bool caught; /* Ctrl-C, since cloud_begin() */
	struct sigaction before;
};

/*
 * Everything that is configured; --profile, --region, --all-regions.  ERR_USAGE
 * for a region that cannot be one; else as config_load().  *c is to be closed,
 * also after a failure.
 */
int cloud_open(struct cloud *c, const struct cli *cli, struct err *e);
void cloud_close(struct cloud *c);

/*
 * inventory_resolve() with the inventory, port and address of our config put into
 * the question.  Ctrl-C while AWS is asked is ERR_INTERRUPTED.
 */
int cloud_resolve(struct cloud *c, struct inventory_question *q,
    struct target *t, struct err *e);

/*
 * The same; where several fit, one is chosen at the terminal.  Where nobody can
 * be asked it is ERR_AMBIGUOUS, and they have been shown.
 */
int cloud_choose(struct cloud *c, struct inventory_question *q,
    struct target *t, struct err *e);

/*
 * Around other calls that may ask AWS (ec2_host_keys(), aws_run()): Ctrl-C in
 * between ends them with ERR_INTERRUPTED, not the process.  A second
 * one ends the process.  Not within each other.
 */
void cloud_begin(struct cloud *c);
void cloud_end(struct cloud *c);

/* Wait so long, in between; ERR_INTERRUPTED for Ctrl-C. */
int cloud_pause(unsigned ms, struct err *e);

/*
 * Say on stderr what could not be asked, and that the cache is not used; once.
 * The error that has ended the command is not said twice ('said' may be NULL).
 */
void cloud_tell(struct cloud *c, const struct err *said);

/* The same for JSON: could not all be asked, and an array of what not. */
bool cloud_partial(const struct cloud *c);
struct json *cloud_errors(const struct cloud *c);

/* pick.c: which of several instances */

/* The candidates of ERR_AMBIGUOUS as a table on stderr. */
void pick_show(const struct target *t);

/*
 * Have one chosen at the terminal, with fzf where it is installed, else from a
 * numbered list; its index in t->candidates.  ERR_AMBIGUOUS when there is nobody
 * to ask (--no-input, no terminal), ERR_INTERRUPTED when none was chosen.
 */
int pick_one(const struct cli *cli, const struct target *t, size_t *index,
    struct err *e);

#endif
