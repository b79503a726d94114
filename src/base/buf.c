/* SPDX-License-Identifier: ISC */
/*
 * The growing buffer.  There is always room for one byte more than 'len', so
 * that buf_text() has a place for its terminator and cannot fail.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/buf.h"

#define FIRST_CAPACITY 64u

void
buf_free(struct buf *b)
{
	if (b == NULL)
		return;
	free(b->data);
	*b = (struct buf)BUF_INIT;
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

bool
buf_ok(const struct buf *b)
{
	return !b->failed;
}

/* Room for 'more' bytes and a terminator, or the buf has failed. */
static bool
reserve(struct buf *b, size_t more)
{
	size_t need, capacity;
	uint8_t *data;

	if (b->failed)
		return false;
	if (b->len > BUF_MAX || more > BUF_MAX - b->len)
		goto fail;
	need = b->len + more + 1;
	if (b->data != NULL && need <= b->capacity)
		return true;
	capacity = b->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : b->capacity;
	while (capacity < need)
		capacity *= 2;
	if (capacity > BUF_MAX + 1)
		capacity = BUF_MAX + 1;
	data = realloc(b->data, capacity);
	if (data == NULL)
		goto fail;
	b->data = data;
	b->capacity = capacity;
	return true;
fail:
	b->failed = true;
	return false;
}

void
buf_put(struct buf *b, const void *bytes, size_t len)
{
	if (!reserve(b, len) || len == 0)
		return;
	memcpy(b->data + b->len, bytes, len);
	b->len += len;
}

void
buf_put_u8(struct buf *b, uint8_t v)
{
	buf_put(b, &v, 1);
}

void
buf_put_u32(struct buf *b, uint32_t v)
{
	const uint8_t bytes[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16),
		(uint8_t)(v >> 8), (uint8_t)v };

	buf_put(b, bytes, sizeof(bytes));
}

void
buf_put_u64(struct buf *b, uint64_t v)
{
	buf_put_u32(b, (uint32_t)(v >> 32));
	buf_put_u32(b, (uint32_t)v);
}

void
buf_put_string(struct buf *b, const void *bytes, size_t len)
{
	if (len > BUF_MAX) {
		b->failed = true;
		return;
	}
	buf_put_u32(b, (uint32_t)len);
	buf_put(b, bytes, len);
}

void
buf_put_cstring(struct buf *b, const char *text)
{
	buf_put_string(b, text, strlen(text));
}

void
buf_put_mpint(struct buf *b, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	bool pad;

	while (len > 0 && *at == 0) {
		at++;
		len--;
	}
	if (len > BUF_MAX) {
		b->failed = true;
		return;
	}
	pad = len > 0 && (*at & 0x80) != 0;
	buf_put_u32(b, (uint32_t)len + (pad ? 1 : 0));
	if (pad)
		buf_put_u8(b, 0);
	buf_put(b, at, len);
}

void
buf_put_text(struct buf *b, const char *text)
{
	buf_put(b, text, strlen(text));
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->failed = true;
		return;
	}
	if (!reserve(b, (size_t)n))
		return;
	va_start(ap, fmt);
	(void)vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

const char *
buf_text(struct buf *b)
{
	if (!reserve(b, 0))
		return "";
	b->data[b->len] = '\0';
	return (const char *)b->data;
}
