/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_CLI_IMPORT_JOB_H
#define PEMKEEP_SRC_CLI_IMPORT_JOB_H

/* What becomes of one file that is imported. */

#include <sys/stat.h>
#include <stdbool.h>
#include <stddef.h>

#include "pemkeep/agent/listing.h"
#include "pemkeep/base/err.h"

struct client;
struct found;

#define JOB_MODE 0400u /* of a file whose key was taken */

struct job {
	const struct found *found;
	const char *wanted; /* the key's name; NULL: its own */
	bool confirm;       /* ask before each use of the key */
	struct stat st;     /* when it was read */
	bool read;          /* it waits to be stored */
	size_t number;      /* among all that were read and stored */
	bool taken;         /* its key is in the vault */
	struct keeper_imported in;
	bool moved;
	struct err mode_error; /* its mode could not be set */
	struct err move_error; /* why it was not removed */
	struct err error;      /* why it was not taken */
};

/* The name that a file's key gets: its own, without the ending.  For free(). */
char *job_name(const char *path);

/*
 * Have the file read, to be stored under the name that is wanted, or (NULL) its
 * own without the ending.
 */
int job_read(struct job *job, struct client *c, struct err *e);

/* Storing it came to this; its 'error' gets the file's name. */
void job_stored(struct job *job, const struct keeper_imported *in);

/*
 * After the vault is on the disk: set the mode to 0400, and with 'move' remove
 * the file, if it still is the one that was read, byte for byte, and all that
 * is in it is in the vault.  jobs[0..i) are done already: a file that was
 * given twice is gone by then.
 */
void job_settle(struct job *jobs, size_t i, struct client *c, bool move);

/* import_run.c */

/*
 * All of that for many files: their jobs say what became of each.  On failure it
 * ended in the middle: what was stored before is, and no file was touched.
 */
int jobs_import(
    struct client *c, struct job *jobs, size_t count, bool move, struct err *e);

/* How many are in the vault now. */
size_t jobs_taken(const struct job *jobs, size_t count);

#endif
