/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_AGENT_KEEPER_H
#define PEMKEEP_AGENT_KEEPER_H

/*
 * The keeper: the one module that opens the vault.  Commands ask it; what comes
 * back is public (names, fingerprints, findings), except a key that is written
 * to a descriptor on request.  Policy about keys and passphrases is here and
 * nowhere else.
 *
 * All texts in what is returned may come from files: escape them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pemkeep/agent/passphrase.h"

struct buf;
struct err;
struct keeper;
struct secret;

#define KEEPER_KDF_MEMORY 256u /* MiB, of a new vault */
#define KEEPER_KDF_PASSES 3u
#define KEEPER_KDF_MEMORY_FLOOR 64u /* MiB */
#define KEEPER_KDF_MEMORY_MAX 1024u
#define KEEPER_KDF_PASSES_FLOOR 3u
#define KEEPER_KDF_PASSES_MAX 10u

struct keeper_options {
	struct passphrase_source passphrase;
	/* Called with a warning, and the next step or "". */
	void (*warn)(void *arg, const char *text, const char *hint);
	void *arg;
};

/* A key as the vault lists it.  All strings are terminated, none is NULL. */
struct keeper_key {
	char *name;
	char *type;         /* "rsa", "ed25519", "ecdsa"; "?" when unknown */
	unsigned bits;      /* 0 when unknown */
	char *fingerprint;  /* "SHA256:…" */
	char *ec2_created;  /* as EC2 shows a pair it made, or "" */
	char *ec2_imported; /* as EC2 shows a pair that was imported, or "" */
	char *public_line;  /* "ssh-ed25519 AAAA… name" */
	uint64_t created;   /* Unix time */
	char *source;       /* the file it came from, or "" */
	char *comment;
	const char *format; /* of that file: "PKCS#1" …; "" when generated */
	bool encrypted;     /* that file has a passphrase of its own */
};

struct keeper_keys {
	struct keeper_key *list;
	size_t count;
};

void keeper_key_clear(struct keeper_key *key);
void keeper_keys_clear(struct keeper_keys *keys);

/*
 * Start: no core files, not traceable; find the places.  The options are
 * copied.  Free with keeper_free(), which forgets all keys.
 */
int keeper_new(
    const struct keeper_options *options, struct keeper **kp, struct err *e);
void keeper_free(struct keeper *k);

/* The vault's path, for messages. */
const char *keeper_path(const struct keeper *k);

/*
 * Make a vault.  memory (MiB) and passes 0: the defaults.  ERR_EXISTS when there
 * is one; ERR_USAGE outside of floor and maximum.
 */
int keeper_init(
    struct keeper *k, unsigned memory, unsigned passes, struct err *e);

/*
 * Open the vault: checks what can be checked, then asks for the passphrase (at
 * the terminal up to three times).  ERR_NOT_FOUND: there is none; ERR_LOCKED;
 * ERR_UNTRUSTED: modes, owner, damage, newer version.  A rollback or a fork is
 * a warning here, and refused by everything that changes the vault.
 */
int keeper_unlock(struct keeper *k, struct err *e);

/* The following need keeper_unlock(). */

/* All keys, by name. */
int keeper_list(struct keeper *k, struct keeper_keys *keys, struct err *e);

/*
 * Take keys in, between keeper_begin() and keeper_commit(); keeper_abort()
 * forgets.
 */
struct keeper_import {
	const char *name;   /* wanted; Hangul is composed */
	const char *source; /* file name to remember */
	const char *path;   /* for the question after its passphrase */
	const struct secret *file;
};

/* What makes a file removable: the stored key is the same, private half too. */
struct keeper_proof {
	uint8_t id[16];
	uint8_t digest[32];
};

struct keeper_imported {
	bool present;          /* it was there; 'key' is that one */
	bool whole;            /* the vault has all of the file, not just
				 * the key in it */
	bool same;             /* … with the same private half */
	unsigned repairs;      /* bits of enum keyfile_repair */
	struct keeper_key key; /* clear it */
	struct keeper_proof proof;
};

int keeper_begin(struct keeper *k, struct err *e);
int keeper_import(struct keeper *k, const struct keeper_import *in,
    struct keeper_imported *out, struct err *e);
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

/* Make a key; type "ed25519" or "rsa", bits 0 for the default. */
int keeper_generate(struct keeper *k, const char *name, const char *type,
    unsigned bits, struct keeper_key *made, struct err *e);

/* What the list says about one key; clear it. */
int keeper_public(
    struct keeper *k, const char *name, struct keeper_key *key, struct err *e);

/* Write the private key, as the file that was imported, to a descriptor. */
int keeper_export(struct keeper *k, const char *name, int fd, struct err *e);

int keeper_rename(
    struct keeper *k, const char *name, const char *new_name, struct err *e);

/* Remove all of them or none. */
int keeper_remove(
    struct keeper *k, char *const *names, size_t count, struct err *e);

/* A new passphrase, a new vault key.  memory, passes 0: as before. */
int keeper_passwd(
    struct keeper *k, unsigned memory, unsigned passes, struct err *e);

/* Is every record whole, does every key work, and what else is to be said? */
struct keeper_finding {
	const char *id;       /* "key-damaged" …, stable */
	const char *severity; /* "error", "warning", "info" */
	char text[512];
	char hint[256]; /* or "" */
};
void keeper_check(struct keeper *k,
    void (*fn)(void *arg, const struct keeper_finding *f), void *arg);

/* These need no unlocking. */

/* Set loose modes right; 'fn' hears of each change. */
int keeper_repair(struct keeper *k,
    void (*fn)(void *arg, const char *path, unsigned was, unsigned now),
    void *arg, struct err *e);

/* Make the vault in 'file' the newest one; asks for that one's passphrase. */
int keeper_restore(struct keeper *k, const char *file, struct err *e);

#endif
