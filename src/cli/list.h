/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_CLI_LIST_H
#define PEMKEEP_SRC_CLI_LIST_H

/* What 'list' has found, and how it is shown. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pemkeep/base/buf.h"

struct cache_instance;
struct cloud;
struct host;

/* A static host, or an instance; texts of an instance are never NULL. */
struct list_entry {
	const struct host *host;         /* NULL: it is an instance */
	struct cache_instance *instance; /* a copy, for free() */
	char *texts;                     /* what these point into */
	const char *profile, *account, *region, *user, *address;
	const char *kind; /* of the address: "elastic", … or "" */
	const char *key;  /* in the vault, or NULL */
	int64_t fetched;
	bool live;
};

struct list {
	struct list_entry *entries;
	size_t count, room;
};

const char *list_name(const struct list_entry *entry);

/*
 * Append the table; columns in which nothing stands are left out, and on a
 * terminal long names are cut.
 */
bool list_put_table(
    struct buf *b, const struct list *list, bool terminal, bool colour);

/* The JSON to stdout; the exit status. */
int list_show_json(const struct list *list, struct cloud *cloud);

#endif
