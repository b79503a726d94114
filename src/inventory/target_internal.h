/* SPDX-License-Identifier: ISC */
#ifndef INVENTORY_TARGET_INTERNAL_H
#define INVENTORY_TARGET_INTERNAL_H

/* Filling a target.  All return 0 or ERR_NOMEM. */

#include "pemkeep/inventory/target.h"

struct buf;
struct cache_instance;
struct found;
struct found_list;
struct host;
struct hosts;
struct ssh_config_host;

/* A value (or NULL) and its reason; what was there goes. */
__attribute__((format(printf, 4, 5))) int target_set(struct target_text *text,
    const char *value, struct err *e, const char *fmt, ...);
__attribute__((format(printf, 4, 5))) int target_set_port(
    struct target *t, unsigned port, struct err *e, const char *fmt, ...);
int target_add(struct target_text **listp, size_t *count, const char *value,
    const char *source, struct err *e);

/* A candidate, unless it is one already or there are enough. */
int target_add_key(struct target *t, const struct inventory_key *key,
    size_t index, const char *source, struct err *e);

/*
 * Choose the keys: -k; what the hosts file says ('host', of 'hosts'); those of
 * ssh's IdentityFile ('config', at 'where'); that of the instance's key pair (by
 * its public key, its fingerprint), the one that was learned, one with the pair's
 * name; one with the host's name; all, when there are few.  Host, config and
 * instance may be NULL.
 */
struct target_found {
	const char *name; /* as it was found */
	const struct hosts *hosts;
	const struct host *host;
	const struct ssh_config_host *config;
	const char *where; /* path:line of Host in ~/.ssh/config */
	const struct cache_instance *instance;
};
int target_choose_keys(struct target *t, const struct inventory_question *q,
    const struct target_found *found, struct err *e);

/* The best address of an instance; "" when it has none. */
struct target_found_address {
	const char *address;
	enum target_address kind;
	const char *source;
};
struct target_found_address target_address(
    const struct cache_instance *i, bool private_only);

/* Who logs in there: NULL when nobody knows.  Appends the reason. */
const char *target_user(const struct inventory *inv,
    const struct cache_instance *i, struct buf *source);

/* Fill in all but the keys; what was given along with the name is there. */
int target_from_instance(struct target *t, const struct inventory_question *q,
    const struct found *f, struct err *e);

/* Say what was passed over. */
int target_note(struct target *t, const struct found_list *list, size_t chosen,
    struct err *e);

/* Candidates and words for several; returns ERR_AMBIGUOUS. */
int target_ambiguous(struct target *t, const struct inventory_question *q,
    const char *name, const struct found_list *list, struct err *e);

/* The vault key of the instance's key pair: its index, or SIZE_MAX. */
size_t target_pair_key(const struct inventory_key *keys, size_t count,
    const struct cache_instance *i, const char **how);

/* Words for a name that was not found; returns ERR_NOT_FOUND. */
int target_not_found(const struct inventory_question *q, const char *name,
    const struct hosts *hosts, struct err *e);

#endif
