/* SPDX-License-Identifier: ISC */
#ifndef AUDIT_SCAN_WIRE_H
#define AUDIT_SCAN_WIRE_H

/*
 * What the scanning child says, in frames: uint32 length, then that many bytes.
 * The first is the kind.  Numbers and strings are those of base/buf.h.
 */

#include "pemkeep/audit/scan.h"
#include "pemkeep/base/buf.h"

struct keyfile_facts;

#define SCAN_FRAME_MAX 65536u
#define SCAN_PATH_MAX 32768u

enum scan_frame {
	SCAN_KEY = 1,
	SCAN_TROUBLE = 2,
	SCAN_PROGRESS = 3,
	SCAN_END = 4 /* the last one */
};

/* In the child: append a frame. */
struct stat;
void scan_put_key(struct buf *b, const char *path, const struct stat *st,
    const struct keyfile_facts *facts, bool beside);
void scan_put_trouble(struct buf *b, const char *path, const char *why);
/* SCAN_PROGRESS, SCAN_END: the counters of *scan. */
void scan_put_counts(
    struct buf *b, enum scan_frame kind, const struct scan *scan);

/*
 * In the parent: take the frames that are whole from the front of 'bytes';
 * *usedp says how many bytes those were.  ERR_UNTRUSTED, ERR_NOMEM.
 */
int scan_take(struct scan *scan, const uint8_t *bytes, size_t len,
    size_t *usedp, struct err *e);

/* Are all keys where they were to be looked for?  ERR_UNTRUSTED. */
int scan_check(const struct scan *scan, const struct scan_root *roots,
    size_t count, struct err *e);

#endif
