/* SPDX-License-Identifier: ISC */

/*
 * Addresses that mean another host in another network: RFC 1918, RFC 6598,
 * link-local, unique local.  Not so loopback: nobody in a network can answer
 * there, and who made the tunnel that ends there chose its other end.
 */

#include <arpa/inet.h>
#include <string.h>

#include "src/cli/connect.h"

static const struct {
	uint32_t network;
	unsigned bits;
} private4[] = {
	{ 0x0a000000, 8 },  /* 10.0.0.0 */
	{ 0xac100000, 12 }, /* 172.16.0.0 */
	{ 0xc0a80000, 16 }, /* 192.168.0.0 */
	{ 0x64400000, 10 }, /* 100.64.0.0: carriers, and some VPNs */
	{ 0xa9fe0000, 16 }, /* 169.254.0.0: link-local */
};

static bool
is_private4(const uint8_t *at)
{
	uint32_t address = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	    (uint32_t)at[2] << 8 | at[3];

	for (size_t i = 0; i < sizeof(private4) / sizeof(private4[0]); i++)
		if ((address ^ private4[i].network) >>
			(32 - private4[i].bits) ==
		    0)
			return true;
	return false;
}

bool
connect_is_private(const char *address)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char plain[INET6_ADDRSTRLEN];
	uint8_t bytes[16];
	size_t len = strcspn(address, "%"); /* without the interface */

	if (len >= sizeof(plain))
		return true;
	memcpy(plain, address, len);
	plain[len] = '\0';
	if (inet_pton(AF_INET, plain, bytes) == 1)
		return is_private4(bytes);
	if (inet_pton(AF_INET6, plain, bytes) != 1)
		return true; /* what it is cannot be told */
	if (memcmp(bytes, mapped, sizeof(mapped)) == 0)
		return is_private4(bytes + 12);
	return (bytes[0] & 0xfe) == 0xfc ||
	    (bytes[0] == 0xfe && (bytes[1] & 0x80) == 0x80);
}
