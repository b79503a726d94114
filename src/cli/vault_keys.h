/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_CLI_VAULT_KEYS_H
#define PEMKEEP_SRC_CLI_VAULT_KEYS_H

/* What the inventory may know of the vault's keys: their public facts. */

#include "pemkeep/agent/listing.h"
#include "pemkeep/inventory/target.h"

struct client;
struct err;

struct vault_keys {
	struct inventory_key *list;
	size_t count;
	bool known; /* false: the vault is locked, or there is none */
	struct keeper_keys keys; /* what they come from */
	uint8_t **blobs;
};

/*
 * The keys, if an agent runs and is unlocked; nobody is asked, and nothing is
 * started.  Without an agent that is no failure: 'known' is false.
 */
int vault_keys_public(struct client *c, struct vault_keys *keys, struct err *e);

/* The same from a list that was got otherwise; takes its content. */
int vault_keys_from(
    struct keeper_keys *list, struct vault_keys *keys, struct err *e);

void vault_keys_clear(struct vault_keys *keys);

#endif
