/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_BASE_CIDR_H
#define PEMKEEP_BASE_CIDR_H

/* Ranges of IP addresses: "203.0.113.0/24", "2001:db8::/32". */

#include <stdbool.h>
#include <stdint.h>

#define CIDR_SIZE 52 /* of a terminated text */

struct cidr {
	bool six;
	uint8_t bytes[16]; /* the bits of hosts are zero; 4 of IPv4 */
	unsigned bits;
};

/*
 * Read a range; an address alone is the range of that one.  Bits of hosts are
 * zeroed, as AWS does it.  False: it is none.
 */
bool cidr_parse(const char *text, struct cidr *c);

/* The one way to write it. */
void cidr_format(const struct cidr *c, char text[static CIDR_SIZE]);

bool cidr_is_same(const struct cidr *a, const struct cidr *b);

/*
 * Is it no network of somebody's: are so few bits fixed (IPv4: less than 8, IPv6:
 * less than 16) that a large part of the world is in it?
 */
bool cidr_is_wide(const struct cidr *c);

#endif
