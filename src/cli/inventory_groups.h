/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_CLI_INVENTORY_GROUPS_H
#define PEMKEEP_SRC_CLI_INVENTORY_GROUPS_H

/* Groups of Ansible: which hosts are in each. */

#include <stdbool.h>
#include <stddef.h>

struct json;

struct group_member {
	char *raw;  /* "tag", its key and value, as they are */
	char *name; /* the same with the letters that a group may have */
	const char *host;
};

struct inventory_groups {
	struct group_member *list;
	size_t count, room;
	bool failed; /* memory was short */
};

/* A host is in the group of a kind ("tag") and one or two texts (NULL: one). */
void inventory_groups_add(struct inventory_groups *g, const char *host,
    const char *kind, const char *first, const char *second);

/*
 * Set all groups in 'top', and their names in 'names'.  Two that are different
 * never become one.  False without memory.
 */
bool inventory_groups_put(
    struct inventory_groups *g, struct json *top, struct json *names);
void inventory_groups_clear(struct inventory_groups *g);

#endif
