/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_AGENT_LISTING_H
#define PEMKEEP_AGENT_LISTING_H

/*
 * What the keeper says about the vault: public facts, the same on both sides of
 * the agent's socket.  All texts may come from files: escape them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEEPER_KDF_MEMORY 256u /* MiB, of a new vault */
#define KEEPER_KDF_PASSES 3u
#define KEEPER_KDF_MEMORY_FLOOR 64u /* MiB */
#define KEEPER_KDF_MEMORY_MAX 1024u
#define KEEPER_KDF_PASSES_FLOOR 3u
#define KEEPER_KDF_PASSES_MAX 10u

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
	bool confirm;       /* each use of it is asked for */
};

struct keeper_keys {
	struct keeper_key *list;
	size_t count;
};

void keeper_key_clear(struct keeper_key *key);
void keeper_keys_clear(struct keeper_keys *keys);

/* What taking a key in came to. */
struct keeper_imported {
	bool present;          /* it was there; 'key' is that one */
	bool whole;            /* the vault has all of the file, not just
				 * the key in it */
	bool same;             /* … with the same private half */
	unsigned repairs;      /* bits of enum keyfile_repair */
	struct keeper_key key; /* clear it */
};

struct keeper_finding {
	const char *id;       /* "key-damaged" …, stable */
	const char *severity; /* "error", "warning", "info" */
	char text[512];
	char hint[256]; /* or "" */
};

#endif
