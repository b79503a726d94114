/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SSH_RELAY_H
#define PEMKEEP_SSH_RELAY_H

/*
 * A TCP connection for another program, which speaks SSH over it: what a
 * ProxyCommand of ssh(1) is.  Nothing of what passes is looked at.
 */

#include <stdbool.h>
#include <stddef.h>

struct err;
struct ssh_loop;

struct ssh_relay_target {
	/* Host names or literal addresses; the first that answers is taken. */
	const char *const *addresses;
	size_t address_count;
	unsigned port;
	int family;       /* 4, 6, or 0 for both */
	unsigned seconds; /* for one of them to answer */
	bool *reached;    /* set when one has */
};

/* Connect: the socket in *fdp, which does not block.  ERR_NETWORK, ERR_NOMEM. */
int ssh_relay_dial(struct ssh_loop *l, const struct ssh_relay_target *to,
    int *fdp, struct err *e);

/*
 * Copy from 'in' to the socket and from the socket to 'out' until both have
 * ended, or nobody reads 'out' any more.  The end of one side is passed on at
 * once, while the other goes on; for that 'out' is closed.  The socket is not.
 * ERR_NETWORK: the connection was cut; ERR_SYSTEM.
 */
int ssh_relay_run(int fd, int in, int out, struct err *e);

#endif
