/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_BASE_REPLACE_H
#define PEMKEEP_BASE_REPLACE_H

/*
 * Changing a small file of the user's own: under a lock its content is read,
 * and replaced as a whole by a new file (written, flushed, renamed, the folder
 * flushed), so that after a crash it is the old one or the new one.
 */

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;
struct replace;

#define REPLACE_MAX 0x2000000u /* bytes: 32 MiB */

/*
 * Lock the folder of 'path' (flock, against others that use this module) and
 * read the file.  The folder is made when it is not there (0700).  The last
 * component is never followed.  Waits up to 10 s for the lock.  ERR_UNTRUSTED:
 * folder or file belong to another user, or others may write there; ERR_FORMAT:
 * a link, folder, device; ERR_FAILED: the lock stays taken; ERR_SYSTEM.
 */
int replace_begin(const char *path, struct replace **rp, struct err *e);

/* What is in the file; empty when there is none. */
const struct buf *replace_old(const struct replace *r);

/*
 * Replace the content; the file then has mode 0600.  Once only.  On failure the
 * file is as it was, but for ERR_SYSTEM about the flushing of its folder.
 */
int replace_commit(
    struct replace *r, const void *bytes, size_t len, struct err *e);

/* Unlock and free.  NULL does nothing. */
void replace_end(struct replace *r);

/*
 * Read a regular file of at most 'max' bytes from a descriptor into 'out'.
 * ERR_FORMAT when there is more; 'path' is for the messages.
 */
int replace_read(
    int fd, const char *path, size_t max, struct buf *out, struct err *e);

#endif
