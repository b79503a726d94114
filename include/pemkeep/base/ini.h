/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_BASE_INI_H
#define PEMKEEP_BASE_INI_H

/*
 * INI files as ~/.aws/config is one (Python's RawConfigParser): '#' and ';'
 * begin a comment at the start of a line only, '=' or ':' ends a key, keys are
 * folded to lower case, a line that is indented more than its key goes on with
 * the value.  A section or a key that is there twice, and a line that is nothing
 * of all that, is an error for the whole file.
 */

#include <stddef.h>

struct err;
struct ini;

#define INI_MAX 0x400000u /* bytes: 4 MiB */

struct ini_entry {
	const char *key;   /* lower case */
	const char *value; /* lines of it with \n between; may be "" */
	unsigned long line;
};

struct ini_section {
	const char *name; /* without blanks at its ends */
	unsigned long line;
	/* Its bytes in the text: from "[" to behind its last value. */
	size_t start, end;
	const struct ini_entry *entries;
	size_t count;
};

/*
 * Parse a text; 'path' is for the messages ("path:line: …").  A byte order mark
 * is passed over.  ERR_FORMAT: also not UTF-8, control characters, too large;
 * ERR_NOMEM.
 */
int ini_parse(const char *path, const void *text, size_t len, struct ini **inip,
    struct err *e);

/*
 * The same, but keys may stand before the first section: they are one whose name
 * is "".
 */
int ini_parse_top(const char *path, const void *text, size_t len,
    struct ini **inip, struct err *e);
void ini_free(struct ini *ini);

size_t ini_count(const struct ini *ini);
const struct ini_section *ini_at(const struct ini *ini, size_t i);

/* NULL when it is not there. */
const struct ini_section *ini_find(const struct ini *ini, const char *name);
const struct ini_entry *ini_get(
    const struct ini_section *section, const char *key);

#endif
