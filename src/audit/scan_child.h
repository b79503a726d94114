/* SPDX-License-Identifier: ISC */
#ifndef AUDIT_SCAN_CHILD_H
#define AUDIT_SCAN_CHILD_H

/* The scanning process, and what its two files share. */

#include "src/audit/scan_wire.h"

struct secret;

#define SCAN_ROLE "(scan)"
#define SCAN_FD 3 /* where it writes its frames */

/* One thread's work. */
struct scanner {
	struct buf out;      /* frames that wait to be written */
	struct buf path;     /* where it is */
	struct secret *file; /* the bytes of one file */
	struct scan count;   /* the counters only */
};

/*
 * From now on this process, and the threads that it will have, can only read; as
 * far as the kernel helps with that (scan_linux.c).
 */
void scan_confine(void);

/* Write what waits; ends the process when nobody listens any more. */
void scan_flush(struct scanner *s);

/* Is it of no use to open a file of this name? */
bool scan_is_dull(const char *name);

/*
 * Look into a file, at s->path, by its name in an open folder, and say what key
 * is in it.  False when memory is short.
 */
bool scan_look(struct scanner *s, int folder, const char *name);

/* What is at s->path could not be read.  Says nothing of what is gone. */
void scan_tell_trouble(struct scanner *s, int os_error);

/* Files of a folder, to be looked into by another thread (scan_pool.c). */
struct scan_batch {
	struct scan_batch *next;
	int folder;
	struct buf path;  /* of the folder */
	struct buf names; /* each with its zero byte */
};

/* False: no thread, no memory. */
bool scan_pool_start(void);
/* Waits while there is too much to do.  Takes the batch. */
void scan_pool_give(struct scan_batch *batch);
/* Wait for all of it, and add the counters.  False when memory was short. */
bool scan_pool_end(struct scan *count);

/* s->path = folder/name; false when memory is short. */
bool scan_set_path(struct scanner *s, const char *folder, const char *name);

#endif
