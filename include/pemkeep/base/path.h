/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_BASE_PATH_H
#define PEMKEEP_BASE_PATH_H

/*
 * Where files live (XDG Base Directory Specification 0.8), and safe opening
 * of files that others may have put there.
 */

#include <sys/stat.h>
#include <stddef.h>

struct buf;
struct err;

enum path_kind { PATH_CONFIG, PATH_DATA, PATH_STATE, PATH_CACHE };

/*
 * The path of 'file' in pemkeep's folder of that kind: $XDG_…_HOME/pemkeep, or
 * its default below $HOME.  A variable that is not an absolute path is ignored,
 * as the specification says; without HOME the password database is asked.
 * Replaces the content of 'out'.  ERR_FAILED when there is no home at all.
 */
int path_of(
    enum path_kind kind, const char *file, struct buf *out, struct err *e);

/*
 * Make the folder and its parents, mode 0700 whatever the umask; those that
 * exist are left as they are.  ERR_SYSTEM.
 */
int path_make_folder(const char *folder, struct err *e);

/*
 * path without its last component, "." if there is none, as dirname(1):
 * slashes at the end count as part of that component.  Replaces the content.
 */
void path_folder(const char *path, struct buf *out);

/* The last component (points into 'path'). */
const char *path_base(const char *path);

/*
 * Open a regular file for reading without following a symbolic link in the
 * last component and without ever blocking (FIFO, device).  Returns the
 * descriptor (close-on-exec), with *st filled, or a negative code:
 * ERR_NOT_FOUND, ERR_FORMAT for a link, folder, FIFO, socket, device (says
 * which), ERR_SYSTEM otherwise.
 */
int path_open_regular(const char *path, struct stat *st, struct err *e);

/* As above for 'name' in an open folder; 'path' is for the messages. */
int path_open_regular_at(int dirfd, const char *name, const char *path,
    struct stat *st, struct err *e);

#endif
