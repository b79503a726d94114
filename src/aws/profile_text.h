/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AWS_PROFILE_TEXT_H
#define PEMKEEP_SRC_AWS_PROFILE_TEXT_H

/*
 * One of the AWS files as sections, by the rules of Python's RawConfigParser.
 * They differ from those of base/ini.h, which is stricter: a section's name
 * keeps its blanks, what stands behind ']' is passed over, empty lines belong to
 * the value around them, [DEFAULT] holds for all sections, and whatever is UTF-8
 * but NUL may stand anywhere.
 */

#include <stddef.h>

struct aws_text;
struct err;
struct profile_text;

struct profile_entry {
	const char *key;
	const char *value; /* NULL: a nested section */
	unsigned long line;
	/* Of a nested section, its entries: */
	const struct profile_entry *nested;
	size_t count;
};

struct profile_section {
	const char *name;
	unsigned long line;
	const struct profile_entry *entries;
	size_t count;
};

int profile_text_parse(
    const struct aws_text *text, struct profile_text **tp, struct err *e);
void profile_text_free(struct profile_text *t);

/* In their order, [DEFAULT] among them.  NULL beyond the last. */
const struct profile_section *profile_text_at(
    const struct profile_text *t, size_t i);

/* The entry of a section, or that of [DEFAULT], or NULL. */
const struct profile_entry *profile_text_get(const struct profile_text *t,
    const struct profile_section *section, const char *key);

#endif
