/* SPDX-License-Identifier: ISC */
/* One form for each sequence of bytes: what is not canonical is refused. */

#include <stdint.h>

#include "pemkeep/base/base64.h"
#include "pemkeep/base/buf.h"

/* 0 to 63, or -1. */
static int
value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four characters, the last 'pads' of which are '='. */
static bool
decode_four(struct buf *b, const char *text, size_t pads)
{
	uint32_t v = 0;

	for (size_t i = 0; i < 4; i++) {
		int digit = i < 4 - pads ? value_of(text[i]) : 0;

		if (digit < 0)
			return false;
		v = v << 6 | (uint32_t)digit;
	}
	if ((pads == 1 && (v & 0xFF) != 0) || (pads == 2 && (v & 0xFFFF) != 0))
		return false;
	buf_put_u8(b, (uint8_t)(v >> 16));
	if (pads < 2)
		buf_put_u8(b, (uint8_t)(v >> 8));
	if (pads < 1)
		buf_put_u8(b, (uint8_t)v);
	return true;
}

bool
base64_decode(struct buf *b, const char *text, size_t len)
{
	size_t start = b->len, pads = 0;

	if (len % 4 != 0)
		return false;
	if (len > 0 && text[len - 1] == '=')
		pads = text[len - 2] == '=' ? 2 : 1;
	for (size_t at = 0; at < len; at += 4)
		if (!decode_four(b, text + at, at + 4 == len ? pads : 0)) {
			b->len = start;
			return false;
		}
	if (!buf_ok(b))
		b->len = start;
	return buf_ok(b);
}
