/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_CLI_IMPORT_JOB_H
#define PEMKEEP_SRC_CLI_IMPORT_JOB_H

/* What becomes of one file that is imported. */

#include <sys/stat.h>
#include <stdbool.h>
#include <stdint.h>

#include "pemkeep/agent/keeper.h"
#include "pemkeep/base/err.h"

struct found;

#define JOB_MODE 0400u /* of a file whose key was taken */

struct job {
	const struct found *found;
	struct stat st;     /* when it was read */
	uint8_t digest[32]; /* of what was read */
	bool taken;         /* its key is in the vault */
	struct keeper_imported in;
	bool moved;
	struct err mode_error; /* its mode could not be set */
	struct err move_error; /* why it was not removed */
	struct err error;      /* why it was not taken */
};

/*
 * Read the file and take its key into the vault's transaction, under the name
 * that is wanted, or (NULL) its own without the ending.
 */
int job_take(
    struct job *job, struct keeper *k, const char *wanted, struct err *e);

/*
 * After the vault is on the disk: set the mode to 0400, and with 'move' remove
 * the file, if it still is the one that was read, byte for byte, and all that
 * is in it is in the vault.  jobs[0..i) are done already: a file that was
 * given twice is gone by then.
 */
void job_settle(struct job *jobs, size_t i, struct keeper *k, bool move);

#endif
