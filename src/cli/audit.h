/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_CLI_AUDIT_H
#define PEMKEEP_SRC_CLI_AUDIT_H

/* One run of 'audit': what was got, what follows from it, and how it is shown. */

#include "pemkeep/audit/audit.h"
#include "pemkeep/base/err.h"

#include "src/cli/cloud.h"

struct client;

#define AUDIT_PLACES 5 /* that are looked into unasked */

struct audit {
	const struct cli *cli;
	enum severity fail_on;
	int64_t now, max_age;
	struct scan_root *roots;
	char **root_paths;
	size_t root_count;

	struct client *client;
	struct keeper_keys vault;
	bool vault_there, vault_known;
	struct err vault_error; /* why it is not known */
	struct cloud cloud;
	bool cloud_open;
	struct err cloud_error; /* why it is not open */
	struct scan scan;
	struct err scan_error; /* why it is not whole */
	struct survey survey;

	struct findings found;
	struct findings before; /* what --fix has begun with */
};

/* audit_gather.c */

/* Where to look: the operands, or the usual places. */
int audit_places(struct audit *a, struct err *e);

/*
 * Get all facts, and judge.  What cannot be had is left out, and said by the
 * errors above and the cloud's troubles.  ERR_INTERRUPTED, ERR_NOMEM, and what is
 * wrong with the command line or a place that was named.
 */
int audit_gather(struct audit *a, struct err *e);
/*
 * The same after keys were moved: what EC2 says is as it was.  What was found
 * before is in 'before' then.
 */
int audit_again(struct audit *a, struct err *e);
/* Forget all, to gather again. */
void audit_forget(struct audit *a);
void audit_clear(struct audit *a);

/* Something that was asked for is missing. */
bool audit_partial(const struct audit *a);

/* When the oldest of what EC2 says was said; 0: nothing is known of it. */
int64_t audit_fetched(const struct audit *a, bool *live);

/* audit_fix.c */

/*
 * Modes of the vault and of pemkeep's own files.  *any: some were set right, so
 * that more may be known now.
 */
int audit_fix_places(struct audit *a, bool *any, struct err *e);
/* Modes of key files; then, after asking, keys into the vault.  Says what it does,
 * and marks what is mended. */
int audit_fix_keys(struct audit *a, struct err *e);

/* audit_show.c */

/* To stdout; the exit status. */
int audit_show_text(struct audit *a);
int audit_show_json(struct audit *a);

#endif
