/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SSH_CONNECTION_H
#define PEMKEEP_SSH_CONNECTION_H

/*
 * An SSH connection: dial, key exchange, proof of the host, login; afterwards
 * any number of channels (channel.h).
 *
 * Everything up to the login has one deadline and one budget of bytes,
 * whatever the server does.  No text of the server is passed on unescaped.
 */

#include "pemkeep/ssh/login.h"

struct ssh_connection;
struct ssh_loop;

#define SSH_SECONDS 30u /* to connect and log in, unless told otherwise */

struct ssh_target {
	/* Host names or literal addresses; the first that answers is taken. */
	const char *const *addresses;
	size_t address_count;
	unsigned port;
	int family; /* 4, 6, or 0 for both */
	unsigned seconds;
	unsigned dial_seconds; /* for the first of them to answer; 0: seconds */
	bool *reached;         /* set when one has answered; or NULL */
	const char *user;
	/* Types of the host keys that are known: asked for first.  May be empty */
	const char *const *host_types;
	size_t host_type_count;
	/* Tried in this order, at most SSH_KEYS_MAX of them. */
	const struct ssh_public_key *keys;
	size_t key_count;
	/* Comma-separated subsets of what there is, or NULL for all of it. */
	const char *kex, *ciphers, *macs;
	unsigned alive_interval; /* seconds between probes; 0: none */
	unsigned alive_count;    /* that many without an answer: dead */
	ssh_host_fn *host;       /* NULL: no host is accepted */
	ssh_sign_fn *sign;       /* NULL: no public key login */
	ssh_ask_fn *ask;         /* NULL: no password login */
	ssh_banner_fn *banner;   /* or NULL */
	ssh_trace_fn *trace;     /* or NULL */
	void *arg;               /* of all callbacks */
};

/*
 * Start connecting; everything in 'target' must stay until done() is called,
 * once, with 0 or a negative code.  On failure the caller frees the connection
 * (not within done()).  done() is never called from within this call.
 *	ERR_NETWORK	no connection, a server that misbehaves, the deadline
 *	ERR_UNTRUSTED	and whatever else the host callback says
 *	ERR_REFUSED	the login failed
 */
int ssh_connection_start(struct ssh_loop *l, const struct ssh_target *target,
    void (*done)(void *arg, int result, const struct err *e), void *arg,
    struct ssh_connection **cp, struct err *e);

/* The same, running the loop until it is done. */
int ssh_connection_open(struct ssh_loop *l, const struct ssh_target *target,
    struct ssh_connection **cp, struct err *e);

/*
 * Say goodbye if that can be done without waiting, and free it with all its
 * channels.  NULL does nothing.
 */
void ssh_connection_free(struct ssh_connection *c);

/* The address that answered, as text. */
const char *ssh_connection_address(const struct ssh_connection *c);

/* Are all names of the comma-separated list among those that are offered? */
enum ssh_algorithm_kind { SSH_KEX, SSH_CIPHERS, SSH_MACS };
bool ssh_algorithms_known(enum ssh_algorithm_kind kind, const char *list);

#endif
