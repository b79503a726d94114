/* SPDX-License-Identifier: ISC */
/*
 * DER, strictly: definite and shortest lengths, one-byte tags, minimal
 * integers.  libcrypto's readers would do as well, but its decoders copy
 * private numbers into memory that is not wiped, and take 100 times as long.
 */

#include <string.h>

#include "src/keys/der.h"

void
der_init(struct der *d, const void *bytes, size_t len)
{
	d->at = bytes;
	d->left = len;
	d->failed = false;
}

bool
der_done(const struct der *d)
{
	return !d->failed && d->left == 0;
}

bool
der_next_is(const struct der *d, uint8_t tag)
{
	return !d->failed && d->left > 0 && d->at[0] == tag;
}

/* The length at d->at[1]: *headp is what tag and length take. */
static bool
read_length(const struct der *d, size_t *headp, size_t *lenp)
{
	size_t count, len = 0;

	if (d->left < 2)
		return false;
	*headp = 2;
	*lenp = d->at[1];
	if (d->at[1] < 0x80)
		return true;
	count = d->at[1] & 0x7fu;
	if (count < 1 || count > 3 || d->left < 2 + count)
		return false;
	for (size_t i = 0; i < count; i++)
		len = len << 8 | d->at[2 + i];
	if (len < 0x80 || len >> (8 * (count - 1)) == 0)
		return false;
	*headp = 2 + count;
	*lenp = len;
	return true;
}

struct key_bytes
der_take(struct der *d, uint8_t tag)
{
	struct key_bytes content = { NULL, 0 };
	size_t head, len;

	if (!der_next_is(d, tag) || !read_length(d, &head, &len) ||
	    len > d->left - head) {
		d->failed = true;
		d->left = 0;
		return content;
	}
	content.at = d->at + head;
	content.len = len;
	d->at += head + len;
	d->left -= head + len;
	return content;
}

struct der
der_enter(struct der *d, uint8_t tag)
{
	struct key_bytes content = der_take(d, tag);
	struct der inner = { content.at, content.len, d->failed };

	return inner;
}

struct key_bytes
der_uint(struct der *d)
{
	struct key_bytes n = der_take(d, DER_INTEGER);

	if (d->failed)
		return n;
	if (n.len == 0 || (n.at[0] & 0x80) != 0 ||
	    (n.len > 1 && n.at[0] == 0 && (n.at[1] & 0x80) == 0)) {
		d->failed = true;
		n.len = 0;
	} else if (n.at[0] == 0) {
		n.at++;
		n.len--;
	}
	return n;
}

uint64_t
der_u64(struct der *d)
{
	struct key_bytes n = der_uint(d);
	uint64_t v = 0;

	if (n.len > 8)
		return UINT64_MAX;
	for (size_t i = 0; i < n.len; i++)
		v = v << 8 | n.at[i];
	return v;
}

struct key_bytes
der_bits(struct der *d, uint8_t tag)
{
	struct key_bytes bits = der_take(d, tag);

	if (d->failed)
		return bits;
	if (bits.len == 0 || bits.at[0] != 0) {
		d->failed = true;
		bits.len = 0;
		return bits;
	}
	bits.at++;
	bits.len--;
	return bits;
}

bool
der_same(struct key_bytes a, const void *bytes, size_t len)
{
	return a.at != NULL && a.len == len && memcmp(a.at, bytes, len) == 0;
}

void
der_out_init(struct der_out *o, void *memory, size_t size)
{
	o->start = memory;
	o->at = o->end = size;
	o->failed = false;
}

void
der_put(struct der_out *o, const void *bytes, size_t len)
{
	if (o->failed || len > o->at) {
		o->failed = true;
		return;
	}
	o->at -= len;
	if (len > 0)
		memcpy(o->start + o->at, bytes, len);
}

static void
put_head(struct der_out *o, uint8_t tag, size_t len)
{
	uint8_t head[5];
	size_t n = 0;

	head[n++] = tag;
	if (len >= 0x10000) {
		head[n++] = 0x83;
		head[n++] = (uint8_t)(len >> 16);
	} else if (len >= 0x100) {
		head[n++] = 0x82;
	} else if (len >= 0x80) {
		head[n++] = 0x81;
	}
	if (len >= 0x100)
		head[n++] = (uint8_t)(len >> 8);
	head[n++] = (uint8_t)len;
	if (len > 0xffffff)
		o->failed = true;
	der_put(o, head, n);
}

void
der_put_tlv(struct der_out *o, uint8_t tag, struct key_bytes content)
{
	der_put(o, content.at, content.len);
	put_head(o, tag, content.len);
}

void
der_put_uint(struct der_out *o, struct key_bytes number)
{
	size_t mark = o->at;

	while (number.len > 0 && number.at[0] == 0) {
		number.at++;
		number.len--;
	}
	der_put(o, number.at, number.len);
	if (number.len == 0 || (number.at[0] & 0x80) != 0)
		der_put(o, "", 1);
	der_wrap(o, DER_INTEGER, mark);
}

void
der_wrap(struct der_out *o, uint8_t tag, size_t mark)
{
	if (!o->failed)
		put_head(o, tag, mark - o->at);
}
