/* SPDX-License-Identifier: ISC */
#ifndef VAULT_BYTES_H
#define VAULT_BYTES_H

/*
 * FORMAT.md chapter 2: integers, the TLV list, and the two ways through bytes:
 * a cursor that remembers a failure, and a growing buffer that does.  For
 * bytes that are no secret.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
	const uint8_t *at;
	size_t left;
	bool failed;
};

/* 'len' bytes in place, or NULL when there are fewer. */
const uint8_t *cursor_bytes(struct cursor *c, size_t len);
uint16_t cursor_u16(struct cursor *c);
uint32_t cursor_u32(struct cursor *c);
uint64_t cursor_u64(struct cursor *c);

struct bytes {
	uint8_t *data;
	size_t len;
	size_t capacity;
	bool failed;
};

void bytes_free(struct bytes *b);
void bytes_put(struct bytes *b, const void *p, size_t len);
void bytes_u8(struct bytes *b, uint8_t v);
void bytes_u16(struct bytes *b, uint16_t v);
void bytes_u32(struct bytes *b, uint32_t v);
void bytes_u64(struct bytes *b, uint64_t v);

/* Append zeros and return where they stand, or NULL. */
uint8_t *bytes_space(struct bytes *b, size_t len);

void put_u16(uint8_t p[2], uint16_t v);
void put_u64(uint8_t p[8], uint64_t v);

struct tlv {
	uint16_t tag;
	const uint8_t *value;
	size_t len;
};

/*
 * The next field of a list, 1; 0 at its end; -1 with *rule 1 or 2 when the list
 * is not well-formed.  '*last' is -1 before the first call.
 */
int tlv_next(struct cursor *c, long *last, struct tlv *t, unsigned *rule);
void tlv_put(struct bytes *b, uint16_t tag, const void *value, size_t len);

#endif
