/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_INVENTORY_TARGET_H
#define PEMKEEP_INVENTORY_TARGET_H

/*
 * From a name to all that a login needs: address, port, user, keys, and for each
 * the reason.  Nothing here asks for a passphrase, connects anywhere, or looks a
 * name up in the DNS.
 *
 * The argument as a whole is tried as a name first, then as [user@]NAME[:port].
 * NAME is one of, in this order: a section of the hosts file; a name that a
 * literal Host pattern of ~/.ssh/config has (then "ssh -G" says the rest); an IP
 * address; a DNS name with a dot in it.  Another word is nothing.
 *
 * All texts may come from files: escape them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

#define TARGET_KEYS_MAX 3 /* servers close the connection after a few */

/* A key of the vault, as far as everybody may know it. */
struct inventory_key {
	const char *name;
	const char *fingerprint; /* "SHA256:…" */
	const uint8_t *blob;     /* SSH wire form */
	size_t len;
};

/*
 * What is asked.  NULL and 0 are "not given" everywhere; the lists and texts
 * stay the caller's.
 */
struct inventory_question {
	const char *argument;
	const char *user; /* -l */
	unsigned port;    /* -p */
	const char *key;  /* -k: name of a key in the vault */
	const struct inventory_key *keys;
	size_t key_count;
	bool keys_known; /* false while the vault is locked: 'keys' is empty */
	/* Places; NULL: the usual ones. */
	const char *hosts;
	const char *ssh_config;
};

/* A value, and where it is from in words ("…/hosts:3", "-p", "default"). */
struct target_text {
	char *value; /* NULL: not known; 'source' then says why */
	char *source;
};

struct target_key {
	char *name;        /* in the vault, or a file's; never NULL */
	char *fingerprint; /* or "" */
	char *source;
	size_t index; /* in the question's keys, or SIZE_MAX */
};

struct target {
	struct target_text name;
	struct target_text
	    id; /* of an EC2 instance; value "" for static hosts */
	struct target_text *addresses; /* at least one */
	size_t address_count;
	unsigned port;
	char *port_source;
	struct target_text user;
	struct target_key keys[TARGET_KEYS_MAX]; /* to be tried in this order */
	size_t key_count;
	/* Names to look for in known_hosts; new keys go under the first. */
	struct target_text *host_keys; /* at least one */
	size_t host_key_count;
};

/*
 * Find it.  ERR_NOT_FOUND: what was searched, and what comes close, is said;
 * also when -k or the hosts file names a key that the vault does not have.
 * ERR_FORMAT with file:line for a hosts file with a mistake; ERR_USAGE for a
 * user or a port that cannot be one; ERR_UNSUPPORTED for ProxyJump and
 * ProxyCommand; ERR_UNTRUSTED for files that others can write to.  *t is to be
 * cleared, also after a failure.
 */
int inventory_resolve(
    const struct inventory_question *q, struct target *t, struct err *e);

void target_clear(struct target *t);

#endif
