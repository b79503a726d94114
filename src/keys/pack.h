/* SPDX-License-Identifier: ISC */
#ifndef KEYS_PACK_H
#define KEYS_PACK_H

/*
 * The writing half of buf.h for secrets: SSH's encodings (RFC 4251) appended
 * to a struct secret that is large enough.  A failure is remembered.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct secret;

struct pack {
	struct secret *to; /* NULL is a failure */
	bool failed;
};

void pack_init(struct pack *p, struct secret *to);
void pack_bytes(struct pack *p, const void *bytes, size_t len);
void pack_text(struct pack *p, const char *text);
void pack_u32(struct pack *p, uint32_t v);
void pack_string(struct pack *p, const void *bytes, size_t len);

/* From big-endian bytes without leading zeros. */
void pack_mpint(struct pack *p, const void *bytes, size_t len);

/*
 * 'len' bytes as lines of base64, 'width' characters each, between the two
 * lines of armour.
 */
void pack_armour(struct pack *p, const char *label, const void *bytes,
    size_t len, size_t width);

/* How many characters that takes, at most. */
size_t pack_armour_room(size_t len);

#endif
