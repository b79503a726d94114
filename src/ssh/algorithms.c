/* SPDX-License-Identifier: ISC */

/*
 * What is offered, and nothing else, whatever the library can do: no
 * chacha20-poly1305 (libssh2 1.11.1 mishandles short packets), no CBC, no SHA-1,
 * no DSA, no certificates of hosts (it cannot check them).  EtM before plain
 * MACs, since the library's own order has them the other way round.
 */

#include <string.h>

#include "pemkeep/base/buf.h"
#include "src/ssh/algorithms.h"

static const char *const lists[] = {
	[SSH_KEX] = "curve25519-sha256,curve25519-sha256@libssh.org,"
		    "ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,"
		    "diffie-hellman-group16-sha512,"
		    "diffie-hellman-group18-sha512,"
		    "diffie-hellman-group-exchange-sha256,"
		    "diffie-hellman-group14-sha256",
	[SSH_CIPHERS] = "aes256-gcm@openssh.com,aes128-gcm@openssh.com,"
			"aes256-ctr,aes192-ctr,aes128-ctr",
	[SSH_MACS] = "hmac-sha2-256-etm@openssh.com,"
		     "hmac-sha2-512-etm@openssh.com,"
		     "hmac-sha2-256,hmac-sha2-512",
};

/* By key type, in the order of preference. */
static const struct {
	const char *type, *algorithms;
} host_types[] = {
	{ "ssh-ed25519", "ssh-ed25519" },
	{ "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256" },
	{ "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384" },
	{ "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521" },
	{ "ssh-rsa", "rsa-sha2-512,rsa-sha2-256" },
};

#define HOST_TYPES (sizeof(host_types) / sizeof(host_types[0]))

const char *
ssh_algorithms(enum ssh_algorithm_kind kind)
{
	return lists[kind];
}

static bool
listed(const char *list, const char *name, size_t len)
{
	while (*list != '\0') {
		size_t n = strcspn(list, ",");

		if (n == len && memcmp(list, name, len) == 0)
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

bool
ssh_algorithms_known(enum ssh_algorithm_kind kind, const char *list)
{
	do {
		size_t n = strcspn(list, ",");

		if (!listed(lists[kind], list, n))
			return false;
		list += n;
	} while (*list++ == ',');
	return true;
}

static bool
among(const char *const *types, size_t count, const char *type)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(types[i], type) == 0)
			return true;
	return false;
}

void
ssh_algorithms_host(struct buf *b, const char *const *types, size_t count)
{
	const char *separator = "";

	for (int known = 1; known >= 0; known--)
		for (size_t i = 0; i < HOST_TYPES; i++) {
			if (among(types, count, host_types[i].type) != known)
				continue;
			buf_printf(
			    b, "%s%s", separator, host_types[i].algorithms);
			separator = ",";
		}
}
