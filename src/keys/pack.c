/* SPDX-License-Identifier: ISC */
/* Secrets in SSH's encodings and in PEM armour. */

#include <string.h>

#include "src/keys/pack.h"
#include "vault/secret.h"

void
pack_init(struct pack *p, struct secret *to)
{
	p->to = to;
	p->failed = to == NULL;
}

void
pack_bytes(struct pack *p, const void *bytes, size_t len)
{
	if (!p->failed && len > 0 && !secret_append(p->to, bytes, len))
		p->failed = true;
}

void
pack_text(struct pack *p, const char *text)
{
	pack_bytes(p, text, strlen(text));
}

void
pack_u32(struct pack *p, uint32_t v)
{
	uint8_t b[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16),
		(uint8_t)(v >> 8), (uint8_t)v };

	pack_bytes(p, b, sizeof(b));
}

void
pack_string(struct pack *p, const void *bytes, size_t len)
{
	if (len > UINT32_MAX)
		p->failed = true;
	pack_u32(p, (uint32_t)len);
	pack_bytes(p, bytes, len);
}

void
pack_mpint(struct pack *p, const void *bytes, size_t len)
{
	const uint8_t *number = bytes;
	size_t sign = len > 0 && (number[0] & 0x80) != 0;

	if (len >= UINT32_MAX)
		p->failed = true;
	pack_u32(p, (uint32_t)(len + sign));
	pack_bytes(p, "", sign);
	pack_bytes(p, bytes, len);
}

void
pack_armour(struct pack *p, const char *label, const void *bytes, size_t len,
    size_t width)
{
	struct secret *lines = secret_to_base64(bytes, len);
	size_t total, part;

	if (lines == NULL) {
		p->failed = true;
		return;
	}
	pack_text(p, "-----BEGIN ");
	pack_text(p, label);
	pack_text(p, "-----\n");
	total = secret_len(lines);
	for (size_t at = 0; at < total; at += part) {
		part = total - at < width ? total - at : width;
		pack_bytes(p, secret_bytes(lines) + at, part);
		pack_text(p, "\n");
	}
	pack_text(p, "-----END ");
	pack_text(p, label);
	pack_text(p, "-----\n");
	secret_free(lines);
}

size_t
pack_armour_room(size_t len)
{
	return len / 3 * 4 + len / 30 + 256;
}
