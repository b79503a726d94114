/* SPDX-License-Identifier: ISC */
#ifndef KEYS_DER_H
#define KEYS_DER_H

/*
 * The little of DER (X.690) that key files need: a strict cursor to read, and
 * a writer that fills its memory from the end to the front, so that a length
 * is known when it is written.  Neither allocates; the memory may be secret.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/keys/key_internal.h"

enum der_tag {
	DER_INTEGER = 0x02,
	DER_BITS = 0x03,
	DER_OCTETS = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_SEQUENCE = 0x30,
	DER_IMPLICIT_1 = 0x81, /* [1], primitive */
	DER_CONTEXT_0 = 0xa0,  /* [0], constructed */
	DER_CONTEXT_1 = 0xa1
};

/* As struct wire: after the first failure nothing more comes out of it. */
struct der {
	const uint8_t *at;
	size_t left;
	bool failed;
};

void der_init(struct der *d, const void *bytes, size_t len);

/* True when everything was read, nothing more, and nothing is left. */
bool der_done(const struct der *d);

/* Is there an element, and has it this tag? */
bool der_next_is(const struct der *d, uint8_t tag);

/* The content of the next element; fails when it has another tag. */
struct key_bytes der_take(struct der *d, uint8_t tag);
struct der der_enter(struct der *d, uint8_t tag);

/* Non-negative INTEGER, big-endian without leading zeros: empty for 0. */
struct key_bytes der_uint(struct der *d);

/* The same as a number; what does not fit becomes UINT64_MAX. */
uint64_t der_u64(struct der *d);

/* BIT STRING content of whole octets; 'tag' for implicit tagging. */
struct key_bytes der_bits(struct der *d, uint8_t tag);

/* Are these the bytes of that OID? */
bool der_same(struct key_bytes a, const void *bytes, size_t len);

struct der_out {
	uint8_t *start;
	size_t at; /* what lies between here and the end is written */
	size_t end;
	bool failed;
};

void der_out_init(struct der_out *o, void *memory, size_t size);

/* Everything below is put in front of what there is already. */
void der_put(struct der_out *o, const void *bytes, size_t len);
void der_put_tlv(struct der_out *o, uint8_t tag, struct key_bytes content);
void der_put_uint(struct der_out *o, struct key_bytes number);

/* Tag and length for all that was put since o->at was 'mark'. */
void der_wrap(struct der_out *o, uint8_t tag, size_t mark);

#endif
