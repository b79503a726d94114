/* SPDX-License-Identifier: ISC */
#ifndef INVENTORY_TARGET_INTERNAL_H
#define INVENTORY_TARGET_INTERNAL_H

/* Filling a target.  All return 0 or ERR_NOMEM. */

#include "pemkeep/inventory/target.h"

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
 * ssh's IdentityFile ('config', at 'where'); one with the host's name; all, when
 * there are few.  Host and config may be NULL.
 */
struct target_found {
	const char *name; /* as it was found */
	const struct hosts *hosts;
	const struct host *host;
	const struct ssh_config_host *config;
	const char *where; /* path:line of Host in ~/.ssh/config */
};
int target_choose_keys(struct target *t, const struct inventory_question *q,
    const struct target_found *found, struct err *e);

/* Words for a name that was not found; returns ERR_NOT_FOUND. */
int target_not_found(const struct inventory_question *q, const char *name,
    const struct hosts *hosts, struct err *e);

#endif
