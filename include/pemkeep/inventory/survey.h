/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_INVENTORY_SURVEY_H
#define PEMKEEP_INVENTORY_SURVEY_H

/*
 * What an audit wants to know of EC2 beyond what a login needs: all key pairs,
 * who may reach what, addresses that nobody uses.  It is asked for when an audit
 * asks, and by nothing else, and kept in tables of its own in the cache, so that an
 * audit can do without the network.
 *
 * Texts are what AWS has sent, and never NULL: escape them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct inventory;

enum survey_kind {
	SURVEY_INSTANCES,
	SURVEY_PAIRS,
	SURVEY_ADDRESSES,
	SURVEY_RULES,
	SURVEY_KINDS
};

/* An account and a region. */
struct survey_place {
	const char *profile, *account, *region; /* the inventory's */
	/* When AWS was asked; 0: it is not known. */
	int64_t since[SURVEY_KINDS];
	bool live[SURVEY_KINDS]; /* in this run */
};

struct survey_group {
	const char *id, *name;
};

/* One that is neither terminated nor about to be. */
struct survey_instance {
	size_t place; /* index */
	const char *id, *name, *state, *key_pair;
	const char *public_ip, *ipv6;
	const char *tokens, *endpoint; /* of its metadata service (ec2.h) */
	struct survey_group *groups;
	size_t group_count;
	void *memory;
};

struct survey_pair {
	size_t place;
	const char *name, *id, *type, *fingerprint, *public_key;
	int64_t created;
	void *memory;
};

/* An Elastic IP; instance and interface "": attached to nothing. */
struct survey_address {
	size_t place;
	const char *ip, *allocation, *instance, *interface;
	void *memory;
};

/* A rule that lets in. */
struct survey_rule {
	size_t place;
	const char *id, *group, *protocol, *cidr, *cidr6;
	int64_t from, to; /* ports; -1: all */
	void *memory;
};

struct survey {
	struct survey_place *places;
	size_t place_count;
	struct survey_instance *instances;
	size_t instance_count;
	struct survey_pair *pairs;
	size_t pair_count;
	struct survey_address *addresses;
	size_t address_count;
	struct survey_rule *rules;
	size_t rule_count;
};

/*
 * Ask AWS, unless the inventory is offline; what cannot be asked comes from the
 * cache, and is among the inventory's troubles.  0 also when nothing is known.
 * ERR_INTERRUPTED, ERR_NOMEM.  Clear *s in any case, before the inventory is
 * freed.
 */
int inventory_survey(struct inventory *inv, struct survey *s, struct err *e);
void survey_clear(struct survey *s);

#endif
