/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_CLI_BRIDGE_H
#define PEMKEEP_SRC_CLI_BRIDGE_H

/*
 * Our hosts for other programs: what 'ssh-config' and 'inventory' have in common.
 *
 * ssh expands '%', '$' and '~' in what it reads, and hands a ProxyCommand to a
 * shell; Ansible expands more.  So nothing but words of a safe character set gets
 * in there: tags and names are anybody's.
 */

#include <stdbool.h>
#include <stddef.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/inventory/hosts.h"

#include "src/cli/cloud.h"
#include "src/cli/vault_keys.h"

struct cache_instance;
struct cli;
struct err;

struct bridge_host {
	const struct host *fixed; /* of the hosts file; or NULL, and … */
	struct cache_instance *instance; /* … a copy, for free() */
	char *profile, *region;          /* "" for a static host */
	char *user;                      /* safe, or "" */
	char *address;                   /* safe, or "" */
	unsigned port;
	size_t key; /* in the list of keys, or SIZE_MAX */
	/* A safe name that means this host only; NULL: by its id. */
	const char *label;
	const char *key_file; /* of the public half, or NULL */
	bool up;              /* static ones are */
};

struct bridge_key {
	struct buf blob, path;
};

struct bridge {
	const struct cli *cli;
	struct cloud cloud;
	struct hosts hosts;
	struct vault_keys keys;
	struct bridge_host *list; /* those with a name first, in its order */
	size_t count, room;
	struct buf program; /* the path of this one */
	struct buf folder;  /* of public keys */
	struct buf socket;  /* of the agent; empty without a vault */
	bool keep_profile;  /* the environment has keys of its own */
	struct bridge_key *written;
	size_t written_count;
};

/*
 * Find all hosts and their keys.  'unlock': for those in the vault it is
 * unlocked, which may ask; else they are known while it is.  As cloud_open() and
 * inventory_list(); ERR_UNSUPPORTED for a path that cannot be written down
 * safely.  *b is to be closed, also after a failure.
 */
int bridge_open(
    struct bridge *b, const struct cli *cli, bool unlock, struct err *e);
/*
 * Say what could not be asked of AWS, and what has failed when 'r' is not 0; go on
 * with what is old behind our back.  The exit status.
 */
int bridge_close(struct bridge *b, int r, const struct err *e);

/* Its id, or its name; NULL for a static host whose name is not safe. */
const char *bridge_id(const struct bridge_host *h);

/* Does it consist of letters, digits, '.', '_' and '-', without '-' in front? */
bool bridge_is_word(const char *text);

/* bridge_names.c */

/* Sort the hosts, and find out what each can be called. */
int bridge_name(struct bridge *b, struct err *e);
/* Leave the names alone that the user's ~/.ssh/config has given to others. */
int bridge_spare_config(struct bridge *b, struct err *e);

/* bridge_keys.c */

/* Write the public keys down, for IdentityFile. */
int bridge_write_keys(struct bridge *b, struct err *e);
void bridge_forget_keys(struct bridge *b);
int bridge_check_path(const char *what, const char *path, struct err *e);

/* bridge_ssh.c */

/*
 * Call 'fn' with each setting of ssh_config(5) for a host; 'by_name' tells how it
 * is found when it is used.
 */
void bridge_settings(const struct bridge *b, const struct bridge_host *h,
    bool by_name, void (*fn)(void *arg, const char *key, const char *value),
    void *arg);

#endif
