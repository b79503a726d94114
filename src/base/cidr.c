/* SPDX-License-Identifier: ISC */
/* Written in one way only, so that texts can be compared as well. */

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "pemkeep/base/cidr.h"

#define WIDE4 8u /* bits */
#define WIDE6 16u

static unsigned
size_of(const struct cidr *c)
{
	return c->six ? 16 : 4;
}

/* "0" to "128": no sign, no leading zero. */
static bool
parse_bits(const char *text, unsigned most, unsigned *bits)
{
	size_t len = strspn(text, "0123456789");

	*bits = 0;
	if (len == 0 || len > 3 || text[len] != '\0' ||
	    (len > 1 && text[0] == '0'))
		return false;
	for (; *text != '\0'; text++)
		*bits = *bits * 10 + (unsigned)(*text - '0');
	return *bits <= most;
}

/* Clear what is behind the first 'bits'. */
static void
mask(uint8_t *bytes, unsigned size, unsigned bits)
{
	for (unsigned i = 0; i < size; i++) {
		unsigned kept = bits > i * 8 ? bits - i * 8 : 0;

		if (kept < 8)
			bytes[i] &= (uint8_t)(0xFF00u >> kept);
	}
}

bool
cidr_parse(const char *text, struct cidr *c)
{
	size_t len = strcspn(text, "/");
	char address[INET6_ADDRSTRLEN];

	memset(c, 0, sizeof(*c));
	if (len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	c->six = strchr(address, ':') != NULL;
	c->bits = size_of(c) * 8;
	if (inet_pton(c->six ? AF_INET6 : AF_INET, address, c->bytes) != 1 ||
	    (text[len] == '/' &&
		!parse_bits(text + len + 1, c->bits, &c->bits)))
		return false;
	mask(c->bytes, size_of(c), c->bits);
	return true;
}

void
cidr_format(const struct cidr *c, char text[static CIDR_SIZE])
{
	char address[INET6_ADDRSTRLEN] = "";

	(void)inet_ntop(
	    c->six ? AF_INET6 : AF_INET, c->bytes, address, sizeof(address));
	(void)snprintf(text, CIDR_SIZE, "%s/%u", address, c->bits);
}

bool
cidr_is_same(const struct cidr *a, const struct cidr *b)
{
	return a->six == b->six && a->bits == b->bits &&
	    memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool
cidr_is_wide(const struct cidr *c)
{
	return c->bits < (c->six ? WIDE6 : WIDE4);
}
