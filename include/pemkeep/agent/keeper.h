/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_AGENT_KEEPER_H
#define PEMKEEP_AGENT_KEEPER_H

/*
 * The keeper: the one module that opens the vault.  Policy about keys and
 * passphrases is here and nowhere else.  It lives in the agent (server.h), never
 * waits for anybody, and is handed passphrases; commands reach it through
 * client.h.  What comes back is public, except a key that is written to a
 * descriptor on request.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pemkeep/agent/listing.h"

struct buf;
struct err;
struct keeper;
struct secret;

struct keeper_options {
	/* Called with a warning, and the next step or "". */
	void (*warn)(void *arg, const char *text, const char *hint);
	void *arg;
};

/*
 * Start: no core files, not traceable; find the places.  The options are
 * copied.  Free with keeper_free(), which forgets all keys.
 */
int keeper_new(
    const struct keeper_options *options, struct keeper **kp, struct err *e);
void keeper_free(struct keeper *k);

/*
 * Who asks from now on, for the event log; NULL: nobody does.  'program' is
 * filled in when it is needed.
 */
struct keeper_asker {
	long pid; /* 0: not known */
	char program[65];
};
void keeper_for(struct keeper *k, struct keeper_asker *asker);

/* Where the vault and the memory of what was seen are. */
const char *keeper_path(const struct keeper *k);
const char *keeper_seen(const struct keeper *k);

/* Would keeper_init() find everything in order?  Before asking anybody. */
int keeper_can_init(
    struct keeper *k, unsigned memory, unsigned passes, struct err *e);

/*
 * Make a vault, and leave it unlocked.  memory (MiB) and passes 0: the defaults.
 * ERR_EXISTS when there is one; ERR_USAGE outside of floor and maximum.
 */
int keeper_init(struct keeper *k, unsigned memory, unsigned passes,
    const struct secret *pass, struct err *e);

/*
 * Can the vault be unlocked, given the passphrase?  ERR_NOT_FOUND: there is
 * none; ERR_UNTRUSTED: modes, owner, damage, newer version.
 */
int keeper_probe(struct keeper *k, struct err *e);

/*
 * Open the vault, anew if it was open; the passphrase hash runs here.
 * ERR_LOCKED: wrong passphrase, and what was open stays open.  A rollback or a
 * fork is no failure here (keeper_tell() warns of it), but of everything that
 * changes the vault.
 */
int keeper_unlock(struct keeper *k, const struct secret *pass, struct err *e);

/*
 * The same in two steps, for a caller that has others to serve: the first may run
 * in another thread, since it looks only at what stays as it is; the second takes
 * (and frees) what came of it.  Where it is not 'wanted' any more, nothing is
 * unlocked (ERR_FAILED), but a wrong passphrase is one all the same.  Nor is one
 * vault put in place of another that is open: who has given the passphrase of the
 * one would have given that of the other.
 */
struct keeper_opened;
struct keeper_opened *keeper_open(
    const struct keeper *k, const struct secret *pass);
int keeper_take(
    struct keeper *k, struct keeper_opened *opened, bool wanted, struct err *e);
void keeper_opened_free(struct keeper_opened *opened);

/* Forget all keys. */
void keeper_lock(struct keeper *k);
bool keeper_locked(const struct keeper *k);

/*
 * Read the vault again if its file is not what it was, or what the machine
 * remembers of it.  To be called before anything below.  On failure the keeper
 * is locked: ERR_LOCKED when it was locked before, the keys do not fit any more,
 * or the file is older now (in which a key need not be confirmed, perhaps); else
 * as keeper_probe().
 */
int keeper_refresh(struct keeper *k, struct err *e);

/* The following need an unlocked keeper. */

/*
 * Warn of what is wrong with a vault that can be read all the same: rolled back,
 * forked, the memory of that cannot be used.  Only of what is not in *told yet,
 * where it is put: whoever uses the vault is to be told once.
 */
void keeper_tell(const struct keeper *k, unsigned *told);

/* All keys, by name. */
int keeper_list(struct keeper *k, struct keeper_keys *keys, struct err *e);
size_t keeper_count(const struct keeper *k);

/*
 * Call 'fn' with the public half of every SSH key, for the ssh-agent protocol;
 * in the order of the vault.
 */
void keeper_each_public(const struct keeper *k,
    void (*fn)(void *arg, const uint8_t *blob, size_t len, const char *name),
    void *arg);

/* Is there a key with this public half, and is its use to be confirmed? */
struct keeper_signer {
	const char *name; /* until the next change */
	bool confirm;
};
int keeper_signer(const struct keeper *k, const uint8_t *blob, size_t len,
    struct keeper_signer *signer, struct err *e);

/*
 * Sign with the key of that public half; see key_sign().  Confirming is the
 * caller's.  Where libcrypto works in guarded memory (keymemory_guard()), the key
 * stays there, in clear, until keeper_cool() was called KEEPER_COOL times without
 * another use of it, and until the vault is locked at the latest; elsewhere it is
 * in clear during this call only.
 */
#define KEEPER_COOL 30u
int keeper_sign(struct keeper *k, const uint8_t *blob, size_t blob_len,
    const char *algorithm, const void *data, size_t len, struct buf *out,
    struct err *e);

/*
 * The password of a Windows instance, which EC2 has encrypted for this key.  The
 * new secret is the caller's.  'instance' is for the log.  ERR_MISMATCH when what
 * comes out is no password: it was for another key.  Else as key_decrypt().
 */
int keeper_password(struct keeper *k, const uint8_t *blob, size_t blob_len,
    const void *data, size_t len, const char *instance, struct secret **plainp,
    struct err *e);

/* To be called now and then. */
void keeper_cool(struct keeper *k);

/* A name with Hangul composed, in place of what is in 'out'; ERR_USAGE if no
 * key can have it. */
int keeper_name(const char *name, struct buf *out, struct err *e);

/*
 * Take keys in, between keeper_begin() and keeper_commit(); keeper_abort()
 * forgets.
 */
struct keeper_import {
	const char *name;    /* as keeper_name() gave it */
	const char *source;  /* file name to remember */
	const char *comment; /* or "" */
	uint16_t format;     /* as FORMAT.md has it */
	unsigned repairs;    /* bits of enum keyfile_repair */
	bool confirm;
	const struct secret *der;      /* what key_to_pkcs8() wrote */
	const struct secret *original; /* the file */
};

/* What makes a file removable: the stored key is the same, private half too. */
struct keeper_proof {
	uint8_t id[16];
	uint8_t digest[32];
	uint8_t file[32]; /* of the bytes of the file */
};

int keeper_begin(struct keeper *k, struct err *e);
int keeper_import(struct keeper *k, const struct keeper_import *in,
    struct keeper_imported *out, struct keeper_proof *proof, struct err *e);
int keeper_commit(struct keeper *k, struct err *e);
void keeper_abort(struct keeper *k);

/* Flush to the disk what earlier commands may have left unflushed. */
int keeper_flush(struct keeper *k, struct err *e);

/*
 * After keeper_commit(): read the record and compare.  0 only when the private
 * key that was imported is in the vault on the disk.
 */
int keeper_holds(
    struct keeper *k, const struct keeper_proof *proof, struct err *e);

/* Are these still the bytes of the file that was imported?  ERR_FAILED. */
int keeper_same_file(
    const struct keeper_proof *proof, const struct secret *file, struct err *e);

/*
 * A new key; type "ed25519" or "rsa", bits 0 for the default.  In three steps, since
 * the second takes minutes for the largest: is everything in order (ERR_USAGE,
 * ERR_EXISTS)?  Make it, as PKCS#8, for which no keeper is needed.  Store it.
 */
int keeper_can_generate(const struct keeper *k, const char *name,
    const char *type, unsigned bits, struct err *e);
int keeper_make(
    const char *type, unsigned bits, struct secret **derp, struct err *e);
int keeper_generate(struct keeper *k, const char *name, const char *type,
    const struct secret *der, struct keeper_key *made, struct err *e);

/* What the list says about one key; clear it. */
int keeper_public(
    struct keeper *k, const char *name, struct keeper_key *key, struct err *e);

/* Write the private key, as the file that was imported, to a descriptor. */
int keeper_export(struct keeper *k, const char *name, int fd, struct err *e);

int keeper_rename(
    struct keeper *k, const char *name, const char *new_name, struct err *e);

/* Is each use of this key to be asked for? */
int keeper_set_confirm(
    struct keeper *k, const char *name, bool confirm, struct err *e);

/* Remove all of them or none. */
int keeper_remove(
    struct keeper *k, char *const *names, size_t count, struct err *e);

/*
 * A new passphrase, a new vault key.  memory, passes 0: as before, but not below
 * the floor; ERR_USAGE, which keeper_can_passwd() says before anybody is asked.
 */
int keeper_can_passwd(
    struct keeper *k, unsigned memory, unsigned passes, struct err *e);
int keeper_passwd(struct keeper *k, unsigned memory, unsigned passes,
    const struct secret *pass, struct err *e);

/* Is every record whole, does every key work, and what else is to be said? */
void keeper_check(struct keeper *k,
    void (*fn)(void *arg, const struct keeper_finding *f), void *arg);

/* These need no unlocking. */

/* Set loose modes right; 'fn' hears of each change. */
int keeper_repair(struct keeper *k,
    void (*fn)(void *arg, const char *path, unsigned was, unsigned now),
    void *arg, struct err *e);

/* Make the vault in 'file' the newest one; 'pass' opens it.  Locks. */
int keeper_restore(struct keeper *k, const char *file,
    const struct secret *pass, struct err *e);

#endif
