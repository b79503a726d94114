/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_CLI_PLATFORM_H
#define PEMKEEP_SRC_CLI_PLATFORM_H

/* What differs from system to system; one .c for each. */

struct buf;
struct err;

/* The path of this program, for others to start it.  ERR_SYSTEM. */
int platform_program(struct buf *path, struct err *e);

#endif
