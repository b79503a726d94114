/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_INVENTORY_HOSTS_H
#define PEMKEEP_INVENTORY_HOSTS_H

/*
 * The hosts file: static hosts, one section each (pemkeep-hosts(5)).
 *
 *	[myserver]
 *	host = 203.0.113.10
 *	user = ubuntu
 *	key = mykey
 */

#include <stdbool.h>
#include <stddef.h>

struct err;

/* All strings but name and host may be NULL: not given. */
struct host {
	char *name; /* Hangul composed */
	char *host; /* address or DNS name */
	char *user;
	unsigned port;     /* 0: not given */
	char *key;         /* name in the vault */
	char *fingerprint; /* "SHA256:…", of that key */
	/* The lines in the file; 0 where not given. */
	unsigned long name_line, host_line, user_line, port_line, key_line,
	    fingerprint_line;
};

struct hosts {
	char *path;
	struct host *list; /* in the order of the file */
	size_t count;
};

/*
 * Read a hosts file (NULL: $XDG_CONFIG_HOME/pemkeep/hosts); none is an empty
 * one.  ERR_FORMAT: file:line and what is wrong; ERR_UNTRUSTED: it belongs to
 * another user, or others may write to it.  Clear it, also after a failure.
 */
int hosts_read(const char *path, struct hosts *hosts, struct err *e);
void hosts_clear(struct hosts *hosts);

/* The host of that name, compared with Hangul composed; NULL. */
const struct host *hosts_find(const struct hosts *hosts, const char *name);

/*
 * Add a section at the end, or remove one; the rest of the file stays as it is,
 * byte for byte.  ERR_EXISTS, ERR_NOT_FOUND; ERR_USAGE for a value that cannot
 * stand there; else as hosts_read() and replace_begin().
 */
int hosts_add(const char *path, const struct host *host, struct err *e);
int hosts_forget(const char *path, const char *name, struct err *e);

/* Is this a host to connect to: an address, or a DNS name (also a short one)? */
bool hosts_is_host(const char *text);
bool hosts_is_user(const char *text);

#endif
