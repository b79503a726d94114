/* SPDX-License-Identifier: ISC */
#ifndef SSH_KNOWN_HOSTS_INTERNAL_H
#define SSH_KNOWN_HOSTS_INTERNAL_H

/* One line, and whom it names. */

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/ssh/known_hosts.h"

#define KNOWN_HOSTS_SALT 20 /* bytes, as is the hash */

enum known_hosts_marker { MARKER_NONE, MARKER_REVOKED, MARKER_CA };

/* Pieces of a line, in place. */
struct known_hosts_line {
	enum known_hosts_marker marker;
	const char *names;
	size_t names_len;
	const char *type;
	size_t type_len;
	const char *key; /* base64 */
	size_t key_len;
};

enum known_hosts_kind { LINE_NOTHING, LINE_ENTRY, LINE_BAD };

/*
 * Take a line, without its line feed, apart; its key is appended to 'blob'.
 * LINE_NOTHING: empty or a comment.
 */
enum known_hosts_kind known_hosts_parse(const char *text, size_t len,
    struct known_hosts_line *out, struct buf *blob);

/*
 * "name" or "[name]:port", in lower case: as it is looked for.  NULL when it
 * cannot stand in a file, or memory is short.
 */
const char *known_hosts_name(struct buf *out, const char *name, unsigned port);

/*
 * Do these names, of a line, mean that name, of the function above?  1 or 0, or
 * -1 when memory is short.
 */
int known_hosts_names(const char *names, size_t len, const char *name);

/* Append "|1|salt|hash" of a name. */
void known_hosts_hash(
    struct buf *out, const uint8_t salt[KNOWN_HOSTS_SALT], const char *name);

/* The type that a blob says it has, in place; NULL when that is none. */
const char *known_hosts_type(const uint8_t *blob, size_t len, size_t *lenp);

#endif
