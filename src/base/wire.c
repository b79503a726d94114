/* SPDX-License-Identifier: ISC */
/*
 * The reading cursor.  After a failure nothing is left, so that a loop over
 * "what is left" ends.
 */

#include <string.h>

#include "pemkeep/base/buf.h"

void
wire_init(struct wire *w, const void *bytes, size_t len)
{
	/* Reading 0 bytes of nothing succeeds, so it needs an address. */
	static const uint8_t nothing[1];

	w->at = bytes == NULL ? nothing : bytes;
	w->left = bytes == NULL ? 0 : len;
	w->failed = false;
}

bool
wire_ok(const struct wire *w)
{
	return !w->failed;
}

bool
wire_done(const struct wire *w)
{
	return !w->failed && w->left == 0;
}

static void
fail(struct wire *w)
{
	w->failed = true;
	w->left = 0;
}

const uint8_t *
wire_bytes(struct wire *w, size_t len)
{
	const uint8_t *at = w->at;

	if (w->failed || len > w->left) {
		fail(w);
		return NULL;
	}
	w->at += len;
	w->left -= len;
	return at;
}

uint8_t
wire_u8(struct wire *w)
{
	const uint8_t *at = wire_bytes(w, 1);

	return at == NULL ? 0 : *at;
}

uint32_t
wire_u32(struct wire *w)
{
	const uint8_t *at = wire_bytes(w, 4);

	if (at == NULL)
		return 0;
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	    (uint32_t)at[2] << 8 | at[3];
}

uint64_t
wire_u64(struct wire *w)
{
	const uint8_t *at = wire_bytes(w, 8);
	uint64_t v = 0;
	size_t i;

	for (i = 0; at != NULL && i < 8; i++)
		v = v << 8 | at[i];
	return v;
}

const uint8_t *
wire_string(struct wire *w, size_t *lenp)
{
	uint32_t len = wire_u32(w);
	const uint8_t *at = wire_bytes(w, len);

	*lenp = at == NULL ? 0 : len;
	return at;
}

/* RFC 4251: two's complement, shortest form, zero has no bytes at all. */
static bool
mpint_is_minimal(const uint8_t *at, size_t len)
{
	if (len == 0)
		return true;
	if ((at[0] & 0x80) != 0)
		return false;
	return at[0] != 0 || (len > 1 && (at[1] & 0x80) != 0);
}

const uint8_t *
wire_mpint(struct wire *w, size_t *lenp)
{
	const uint8_t *at = wire_string(w, lenp);

	if (at != NULL && !mpint_is_minimal(at, *lenp)) {
		fail(w);
		*lenp = 0;
		return NULL;
	}
	if (*lenp > 0 && at[0] == 0) {
		at++;
		--*lenp;
	}
	return at;
}

bool
wire_string_is(struct wire *w, const char *text)
{
	size_t len;
	const uint8_t *at = wire_string(w, &len);

	return at != NULL && len == strlen(text) && memcmp(at, text, len) == 0;
}
