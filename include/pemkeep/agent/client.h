/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_AGENT_CLIENT_H
#define PEMKEEP_AGENT_CLIENT_H

/*
 * The keeper from outside: how commands ask the agent.  The process that calls
 * this never holds a private key or a passphrase: files are handed over as
 * descriptors, passphrases are asked for by another process.
 *
 * Calls need no order: whatever needs the agent finds or starts one, whatever
 * needs the vault unlocked has it unlocked, asking when it must.  Calls wait for
 * their answer.  With 'no_agent', and when the agent that runs has another vault
 * (another HOME), a keeper of this command's own does the work.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pemkeep/agent/listing.h"
#include "pemkeep/agent/passphrase.h"

struct buf;
struct client;
struct err;

struct client_options {
	/*
	 * If a descriptor is given, its first line is the vault's passphrase,
	 * and it is checked even when the vault is unlocked already, so that
	 * what is read does not depend on that.
	 */
	struct passphrase_source passphrase;
	bool no_agent;
	/* Called with a warning, and the next step or "". */
	void (*warn)(void *arg, const char *text, const char *hint);
	void *arg;
};

/* Free with client_free().  Nothing is started yet.  The options are copied. */
int client_new(
    const struct client_options *options, struct client **cp, struct err *e);
void client_free(struct client *c);

/* The vault's path, for messages. */
const char *client_path(const struct client *c);

/*
 * Make sure that the vault is unlocked.  'seconds': without use until it locks
 * itself, 0 for the default.  Errors as in keeper_probe() and keeper_unlock().
 */
int client_unlock(struct client *c, unsigned seconds, struct err *e);

/* Lock, stop: ERR_NOT_FOUND when no agent runs. */
int client_lock(struct client *c, struct err *e);
int client_stop(struct client *c, struct err *e);

struct client_status {
	unsigned pid;
	bool unlocked;
	unsigned keys;
	unsigned seconds_left; /* until it locks itself */
	enum { MEMORY_NOT_LOCKED, MEMORY_LOCKED, MEMORY_UNKNOWN } memory;
	char ssh[128]; /* the path of ssh.sock */
};

/* ERR_NOT_FOUND when no agent runs. */
int client_status(
    struct client *c, struct client_status *status, struct err *e);

/* An agent that runs, started locked if need be; nobody is asked. */
int client_agent(struct client *c, struct client_status *status, struct err *e);

/*
 * All keys if an agent runs and is unlocked, else ERR_LOCKED: nothing is
 * started, nobody is asked.
 */
int client_keys_public(
    struct client *c, struct keeper_keys *keys, struct err *e);

/*
 * The signature blob of key_sign() over 'data'.  Waits until the user has
 * confirmed where the key wants that; ERR_FAILED when they have not.
 */
int client_sign(struct client *c, const uint8_t *blob, size_t blob_len,
    const char *algorithm, const void *data, size_t len, struct buf *signature,
    struct err *e);

/*
 * The password of a Windows instance, decrypted with the key of that public half;
 * see keeper_password().  The new secret is the caller's.
 */
struct secret;
int client_password(struct client *c, const uint8_t *blob, size_t blob_len,
    const void *data, size_t len, const char *instance, struct secret **plainp,
    struct err *e);

/*
 * Use a key in a file instead of the vault: 'c' must be a client of its own, made
 * with 'no_agent', and can from then on only sign.  Appends the public key.
 * 'path' is for the question after its passphrase; errors as in keyfile_read().
 */
int client_load(struct client *c, int fd, const char *path, struct buf *blob,
    struct err *e);

/* The following are those of keeper.h; what they return is to be cleared. */

int client_init(
    struct client *c, unsigned memory, unsigned passes, struct err *e);
int client_list(struct client *c, struct keeper_keys *keys, struct err *e);
int client_public(
    struct client *c, const char *name, struct keeper_key *key, struct err *e);

/*
 * Import in two steps, as often as needed: have files read (asking for the
 * passphrases of those that have one), at most CLIENT_BATCH; then store all of
 * them in one save.  Commit fills in one result for each file that was read, in
 * their order; on failure nothing of these was stored, but for ERR_SYSTEM, which
 * may be said of a save that is not certain to last.
 */
#define CLIENT_BATCH 256u
struct client_import {
	const char *name;   /* wanted; Hangul is composed */
	const char *source; /* file name to remember */
	const char *path;   /* for the question after its passphrase */
	int fd;             /* the file */
	bool confirm;
};
struct client_imported {
	struct keeper_imported in; /* if it was stored */
	struct err *error;         /* why it was not; given by the caller */
};
int client_import(
    struct client *c, const struct client_import *in, struct err *e);
int client_commit(struct client *c, struct client_imported *results,
    size_t count, struct err *e);

/*
 * 0 only when the private key of result number 'i', counted over all commits of
 * this client, is in the vault on the disk.
 */
int client_holds(struct client *c, size_t i, struct err *e);

/* … and: has the file that is open as 'fd' still the bytes that were read? */
int client_same_file(struct client *c, size_t i, int fd, struct err *e);

/* Flush to the disk what earlier commands may have left unflushed. */
int client_flush(struct client *c, struct err *e);

int client_generate(struct client *c, const char *name, const char *type,
    unsigned bits, struct keeper_key *made, struct err *e);
/* 'fd' is a regular file. */
int client_export(struct client *c, const char *name, int fd, struct err *e);
int client_rename(
    struct client *c, const char *name, const char *new_name, struct err *e);
int client_set_confirm(
    struct client *c, const char *name, bool confirm, struct err *e);
int client_remove(
    struct client *c, char *const *names, size_t count, struct err *e);
int client_passwd(
    struct client *c, unsigned memory, unsigned passes, struct err *e);
int client_check(struct client *c,
    void (*fn)(void *arg, const struct keeper_finding *f), void *arg,
    struct err *e);
int client_repair(struct client *c,
    void (*fn)(void *arg, const char *path, unsigned was, unsigned now),
    void *arg, struct err *e);
int client_restore(struct client *c, const char *file, struct err *e);

#endif
