/* SPDX-License-Identifier: ISC */
#ifndef FAULT_SWEEP_H
#define FAULT_SWEEP_H

/*
 * Many cases of one kind, run by two processes that each change a vault's file
 * of their own in place; and what came out of them, in TAP.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "images.h"
#include "scene.h"

#define WORKERS 2
#define CODES 32

/* What has been seen; one for each worker, in shared memory. */
struct tally {
	long cases;
	long wrong;
	long skipped;
	long code[CODES];
};

struct worker {
	const struct images *images;
	struct scene s;
	struct secret *pass;
	uint8_t *scratch; /* as long as the small vault, and 256 more */
	size_t focus[2];  /* records that the case is about */
	int fd;           /* of the vault's file, for writing */
	struct tally *tally;
	const char *sweep;
};

/* Cases 0 to count() - 1; run() leaves the file as it found it. */
struct sweep {
	const char *name;
	size_t (*count)(const struct images *);
	void (*run)(struct worker *, size_t);
};

/* Make a folder in memory, if possible, and a scene in it for each worker. */
void sweep_prepare(struct worker workers[WORKERS], const struct images *images,
    char dir[SCENE_PATH]);
void sweep_clean(const char *dir, struct worker workers[WORKERS]);

/* Write to the worker's file: a part of it, or all of it. */
void sweep_put(struct worker *w, const uint8_t *data, size_t len, size_t at);
void sweep_put_whole(struct worker *w, const uint8_t *data, size_t len);

/* A case went wrong: count it, and print the first few. */
void sweep_wrong(
    struct worker *w, size_t i, const char *what, int code, unsigned rule);

/* Run all cases and print a TAP line; true when nothing was wrong. */
bool sweep_run(const struct sweep *sweep, struct worker workers[WORKERS]);

#endif
