/* SPDX-License-Identifier: ISC */

/* R24: what a name may be.  Strict UTF-8, nothing that steers a terminal. */

#include <string.h>

#include "internal.h"

/* Decode one code point; 0 when the bytes are not well-formed. */
static size_t
decode(const uint8_t *p, size_t left, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n;

	if (p[0] < 0x80)
		n = 1;
	else if (p[0] >= 0xc2 && p[0] < 0xe0)
		n = 2;
	else if (p[0] >= 0xe0 && p[0] < 0xf0)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] < 0xf5)
		n = 4;
	else
		return 0;
	if (n > left)
		return 0;
	*cp = n == 1 ? p[0] : p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (p[i] & 0x3fu);
	}
	if (*cp < least[n] || *cp > 0x10ffff ||
	    (*cp >= 0xd800 && *cp <= 0xdfff))
		return 0;
	return n;
}

static bool
forbidden(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == '/' ||
	    cp == 0x2028 || cp == 0x2029 || (cp >= 0x202a && cp <= 0x202e) ||
	    (cp >= 0x2066 && cp <= 0x2069);
}

bool
name_bytes_ok(const uint8_t *name, size_t len)
{
	uint32_t cp;
	size_t n;

	if (len == 0 || len > VAULT_NAME_MAX ||
	    (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'))))
		return false;
	for (size_t i = 0; i < len; i += n)
		if ((n = decode(name + i, len - i, &cp)) == 0 || forbidden(cp))
			return false;
	return true;
}

bool
name_utf8(const uint8_t *text, size_t len)
{
	uint32_t cp;
	size_t n;

	for (size_t i = 0; i < len; i += n)
		if ((n = decode(text + i, len - i, &cp)) == 0)
			return false;
	return true;
}

bool
vault_name_ok(const char *name)
{
	return name_bytes_ok((const uint8_t *)name, strlen(name));
}
