/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SSH_KNOWN_HOSTS_H
#define PEMKEEP_SSH_KNOWN_HOSTS_H

/*
 * known_hosts files as sshd(8) describes them: lists of names, patterns with
 * '*' and '?', negation, hashed names, [name]:port, @revoked and
 * @cert-authority.  Reading never changes them, adding changes nothing else in
 * them.
 *
 * What is deliberately not as in ssh(1):
 * - an entry for a name without a port is for port 22 only (ssh falls back to
 *   it for other ports);
 * - a host with nothing but keys of types that nobody here knows is a known
 *   host all the same, so that it is CHANGED when it shows another key.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct known_hosts;

/* An enum of its own, in which no failure looks like a match. */
enum known_hosts_verdict {
	KNOWN_HOSTS_FAILED,  /* no memory, or no name: accept nothing */
	KNOWN_HOSTS_UNKNOWN, /* no line names this host */
	KNOWN_HOSTS_MATCH,   /* this very key stands there for it */
	KNOWN_HOSTS_CHANGED, /* other keys do, of whatever type */
	KNOWN_HOSTS_REVOKED  /* @revoked, even when it stands there, too */
};

/* An empty list; NULL when memory is short. */
struct known_hosts *known_hosts_new(void);
void known_hosts_free(struct known_hosts *k);

/*
 * Add what a file says.  A file that is not there says nothing: 0.  Malformed
 * lines are skipped and counted; they name no host.  A link is followed, as ssh
 * does.  ERR_UNTRUSTED: the file belongs to neither this user nor root, or
 * others may write to it; ERR_FORMAT: it is no regular file, or above 32 MiB;
 * ERR_SYSTEM, ERR_NOMEM.  After a failure the list is as it was.
 */
int known_hosts_load(struct known_hosts *k, const char *path, struct err *e);

/* The same with text instead of a file; 'path' is for known_hosts_place. */
int known_hosts_load_text(struct known_hosts *k, const char *path,
    const void *text, size_t len, struct err *e);

/* How many lines were skipped, in all files. */
size_t known_hosts_skipped(const struct known_hosts *k);

/*
 * Is this key known for this host?  'name' is compared without regard to case;
 * port 22 (and 0) is that of names without a port.  A @cert-authority line
 * never says anything about a plain key.  Accept on MATCH only; ask on UNKNOWN
 * only.
 */
enum known_hosts_verdict known_hosts_check(struct known_hosts *k,
    const char *name, unsigned port, const uint8_t *blob, size_t len);

/*
 * The line that decided the last check, for messages; path is NULL when there
 * is none (UNKNOWN, FAILED).  Valid until the list is loaded again or freed.
 */
struct known_hosts_place {
	const char *path;
	unsigned long line;
	const char *type; /* of the key there */
};
const struct known_hosts_place *known_hosts_decided(
    const struct known_hosts *k);

/*
 * Append the types of the keys known for a host, each once, in the order of the
 * files, with commas between: "ssh-ed25519,ssh-rsa".  False where a check says
 * FAILED.
 */
bool known_hosts_types(const struct known_hosts *k, const char *name,
    unsigned port, struct buf *types);

/*
 * Append what is known of a host as lines for another program, under the name
 * 'as', which must be one that can stand there; @revoked lines, too.  False where
 * a check says FAILED.
 */
bool known_hosts_put(const struct known_hosts *k, const char *name,
    unsigned port, const char *as, struct buf *out);

struct known_hosts_entry {
	const char *name;
	unsigned port; /* 22 or 0: no port in the file */
	const uint8_t *blob;
	size_t len;
	bool hashed; /* as HashKnownHosts does */
};

/*
 * Add a line to a file, atomically (see replace.h); the other bytes stay as
 * they are.  A key that stands there already for exactly this name is not
 * added again.  The file is 0600 afterwards.  ERR_USAGE: a name that cannot be
 * written there (blank, comma, pattern, control character, not UTF-8); else
 * as replace_begin() and replace_commit().
 */
int known_hosts_add(
    const char *path, const struct known_hosts_entry *entry, struct err *e);

#endif
