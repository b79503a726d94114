/* SPDX-License-Identifier: ISC */

/* Chapter 2: integers are little-endian, lists ascend. */

#include <stdlib.h>
#include <string.h>

#include "bytes.h"

const uint8_t *
cursor_bytes(struct cursor *c, size_t len)
{
	const uint8_t *p = c->at;

	if (c->failed || len > c->left) {
		c->failed = true;
		return NULL;
	}
	c->at += len;
	c->left -= len;
	return p;
}

static uint64_t
cursor_int(struct cursor *c, unsigned size)
{
	const uint8_t *p = cursor_bytes(c, size);
	uint64_t v = 0;

	while (p != NULL && size-- > 0)
		v = v << 8 | p[size];
	return v;
}

uint16_t
cursor_u16(struct cursor *c)
{
	return (uint16_t)cursor_int(c, 2);
}

uint32_t
cursor_u32(struct cursor *c)
{
	return (uint32_t)cursor_int(c, 4);
}

uint64_t
cursor_u64(struct cursor *c)
{
	return cursor_int(c, 8);
}

void
bytes_free(struct bytes *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

uint8_t *
bytes_space(struct bytes *b, size_t len)
{
	size_t want;
	uint8_t *p;

	if (b->failed || __builtin_add_overflow(b->len, len, &want))
		goto fail;
	if (want > b->capacity || b->data == NULL) {
		size_t room = want < 256 ? 256 : want + want / 2;

		if ((p = realloc(b->data, room)) == NULL)
			goto fail;
		b->data = p;
		b->capacity = room;
	}
	p = b->data + b->len;
	memset(p, 0, len);
	b->len = want;
	return p;
fail:
	b->failed = true;
	return NULL;
}

void
bytes_put(struct bytes *b, const void *p, size_t len)
{
	uint8_t *to = bytes_space(b, len);

	if (to != NULL && len > 0)
		memcpy(to, p, len);
}

static void
put_int(uint8_t *p, uint64_t v, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static void
bytes_int(struct bytes *b, uint64_t v, unsigned size)
{
	uint8_t le[8];

	put_int(le, v, size);
	bytes_put(b, le, size);
}

void
bytes_u8(struct bytes *b, uint8_t v)
{
	bytes_int(b, v, 1);
}

void
bytes_u16(struct bytes *b, uint16_t v)
{
	bytes_int(b, v, 2);
}

void
bytes_u32(struct bytes *b, uint32_t v)
{
	bytes_int(b, v, 4);
}

void
bytes_u64(struct bytes *b, uint64_t v)
{
	bytes_int(b, v, 8);
}

void
put_u16(uint8_t p[2], uint16_t v)
{
	put_int(p, v, 2);
}

void
put_u64(uint8_t p[8], uint64_t v)
{
	put_int(p, v, 8);
}

int
tlv_next(struct cursor *c, long *last, struct tlv *t, unsigned *rule)
{
	if (c->left == 0)
		return 0;
	t->tag = cursor_u16(c);
	t->len = cursor_u32(c);
	t->value = cursor_bytes(c, t->len);
	if (c->failed) {
		*rule = 2;
		return -1;
	}
	if (t->tag <= *last) {
		*rule = 1;
		return -1;
	}
	*last = t->tag;
	return 1;
}

void
tlv_put(struct bytes *b, uint16_t tag, const void *value, size_t len)
{
	bytes_u16(b, tag);
	bytes_u32(b, (uint32_t)len);
	bytes_put(b, value, len);
}
