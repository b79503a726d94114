/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AGENT_KEEPER_INTERNAL_H
#define PEMKEEP_SRC_AGENT_KEEPER_INTERNAL_H

/* What the files of the keeper share. */

#include <sys/stat.h>

#include "pemkeep/agent/keeper.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "vault/vault.h"

#define KEEPER_READY 16

struct keeper {
	struct keeper_options options;
	struct buf path; /* of the vault */
	struct buf seen;
	struct vault *vault; /* NULL while locked */
	struct ready {       /* keys that have signed; keeper_sign.c */
		uint8_t id[VAULT_ID_BYTES];
		uint64_t revision;
		struct key *key;
		unsigned idle; /* calls of keeper_cool() since */
	} ready[KEEPER_READY];
	struct stat was; /* its file, when it was read or written */
	struct stat folder;
	struct stat memory;             /* the seen file; all 0: none */
	struct keeper_asker *asker;     /* for the log; or NULL */
	struct keeper_pending *pending; /* keeper_log.c */
	bool log_failed;
};

/* A warning, with the next step or "". */
__attribute__((format(printf, 3, 4))) void keeper_warn(
    const struct keeper *k, const char *hint, const char *fmt, ...);

/* keeper_error.c */

/* Turn the library's failure into ours, with the next step. */
int keeper_vault_error(
    const struct keeper *k, const struct vault_error *ve, struct err *e);

/* The same for a file that is not the vault: a copy of it. */
int keeper_error_about(const struct keeper *k, const char *file,
    const struct vault_error *ve, struct err *e);

/* keeper.c */

void keeper_place(const struct keeper *k, struct vault_place *place);

/* Make the folders of the vault and of the seen file. */
int keeper_make_places(const struct keeper *k, struct err *e);

/* ERR_EXISTS while there is something that check --restore has put aside. */
int keeper_refuse_replaced(const struct keeper *k, struct err *e);

/* Say so when memory cannot be locked. */
void keeper_warn_memory(const struct keeper *k);

/* The entry of a name as a user types it; ERR_NOT_FOUND. */
int keeper_find(const struct keeper *k, const char *name,
    const struct vault_entry **entryp, struct err *e);

/* What the list says about an entry; ERR_NOMEM. */
int keeper_facts(
    const struct vault_entry *entry, struct keeper_key *key, struct err *e);

/* The private key of an entry: PKCS#8, and the original or NULL. */
int keeper_private(const struct keeper *k, const struct vault_entry *entry,
    struct secret **derp, struct secret **originalp, struct err *e);

/* The key of an entry, to be freed. */
int keeper_decrypt(const struct keeper *k, const struct vault_entry *entry,
    struct key **kp, struct err *e);

/* Forget the keys that are ready to sign. */
void keeper_forget_ready(struct keeper *k);

/* The entry with this public key, or NULL. */
const struct vault_entry *keeper_find_public(
    const struct keeper *k, const uint8_t *blob, size_t len);

#endif
