/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_BASE_BUF_H
#define PEMKEEP_BASE_BUF_H

/*
 * Bytes that are no secret: a growing buffer to write (buf) and a cursor to
 * read (wire), both big-endian as SSH wants it (RFC 4251 section 5).  Both
 * remember a failure, so that a sequence of calls is checked once, at its end:
 * after the first failure a buf takes nothing more and a wire gives zeros.
 * Secrets go into struct secret, never in here: growing leaves copies.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUF_MAX 0x4000000u /* bytes; growing beyond is a failure: 64 MiB */

struct buf {
	uint8_t *data; /* NULL while empty */
	size_t len;
	size_t capacity;
	bool failed;
};

#define BUF_INIT \
	{ \
		NULL, 0, 0, false \
	}

/* Free the memory and make it an empty buf again.  NULL does nothing. */
void buf_free(struct buf *b);

/* Length 0; memory is kept, the failure forgotten. */
void buf_clear(struct buf *b);

/* False after a failure (memory, BUF_MAX); else everything is in it. */
bool buf_ok(const struct buf *b);

void buf_put(struct buf *b, const void *bytes, size_t len);
void buf_put_u8(struct buf *b, uint8_t v);
void buf_put_u32(struct buf *b, uint32_t v);
void buf_put_u64(struct buf *b, uint64_t v);

/* uint32 length and the bytes. */
void buf_put_string(struct buf *b, const void *bytes, size_t len);
void buf_put_cstring(struct buf *b, const char *text);

/*
 * mpint (RFC 4251): from big-endian bytes of a non-negative number, leading
 * zeros allowed.
 */
void buf_put_mpint(struct buf *b, const void *bytes, size_t len);

/* Text, without length or terminator. */
void buf_put_text(struct buf *b, const char *text);
__attribute__((format(printf, 2, 3))) void buf_printf(
    struct buf *b, const char *fmt, ...);

/* The content as a terminated string, owned by the buf; "" after a failure. */
const char *buf_text(struct buf *b);

struct wire {
	const uint8_t *at;
	size_t left;
	bool failed;
};

/* A cursor over 'len' bytes, which must outlive it. */
void wire_init(struct wire *w, const void *bytes, size_t len);

/* False when more was read than there is. */
bool wire_ok(const struct wire *w);

/* True when everything was read, nothing more, and nothing is left. */
bool wire_done(const struct wire *w);

/* 'len' bytes in place, or NULL (and failed) when there are fewer. */
const uint8_t *wire_bytes(struct wire *w, size_t len);
uint8_t wire_u8(struct wire *w);
uint32_t wire_u32(struct wire *w);
uint64_t wire_u64(struct wire *w);

/* An SSH string in place; *lenp is 0 on failure. */
const uint8_t *wire_string(struct wire *w, size_t *lenp);

/*
 * A non-negative mpint in place, without its leading zero byte.  Negative and
 * not minimal ones are failures.
 */
const uint8_t *wire_mpint(struct wire *w, size_t *lenp);

/* Is the next string exactly 'text'?  It is consumed either way. */
bool wire_string_is(struct wire *w, const char *text);

#endif
