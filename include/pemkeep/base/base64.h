/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_BASE_BASE64_H
#define PEMKEEP_BASE_BASE64_H

/* base64 (RFC 4648 section 4) to bytes that are no secret. */

#include <stdbool.h>
#include <stddef.h>

struct buf;

/*
 * Append what 'len' characters stand for.  Strict: padded, nothing between and
 * no bits left over.  On false nothing has been appended.
 */
bool base64_decode(struct buf *b, const char *text, size_t len);

#endif
