/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_SSH_LOOKUP_H
#define PEMKEEP_SRC_SSH_LOOKUP_H

/*
 * From names to socket addresses.  Names that are no literal addresses are
 * looked up in a child process, since the system's resolver blocks for as long
 * as it likes.
 */

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#define SSH_LOOKUP_MAX 32 /* addresses; more are dropped */

struct err;
struct event;
struct ssh_loop;

struct ssh_endpoint {
	struct sockaddr_storage address;
	socklen_t len;
};

struct ssh_lookup {
	struct ssh_endpoint list[SSH_LOOKUP_MAX];
	size_t count;
	int failure; /* of getaddrinfo(3), the last one; 0: none */
	size_t got;  /* bytes of the entry that is being read */
	int fd;      /* from the child; -1: none is running */
	pid_t child;
	struct event *event;
	void (*done)(void *arg);
	void *arg;
};

/*
 * Fill 'list' with the addresses of all names, in their order; 'family' 4, 6
 * or 0.  done() is called when it is complete: from within this call when there
 * is nothing to wait for.
 */
int ssh_lookup_start(struct ssh_lookup *u, struct ssh_loop *l,
    const char *const *names, size_t count, unsigned port, int family,
    struct err *e);

/* End the child if it runs, and forget everything. */
void ssh_lookup_clear(struct ssh_lookup *u);

#endif
