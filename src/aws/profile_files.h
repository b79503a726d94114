/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AWS_PROFILE_FILES_H
#define PEMKEEP_SRC_AWS_PROFILE_FILES_H

struct buf;

/*
 * '~', '~name', '$NAME' and '${NAME}' as Python's expandvars() and expanduser()
 * do it: what is not known stays as it is.  Replaces the content.  ERR_NOMEM.
 */
int profile_files_expand(const char *path, struct buf *out);

#endif
