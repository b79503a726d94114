/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_CLI_CONNECT_H
#define PEMKEEP_SRC_CLI_CONNECT_H

/* What the files of 'connect' share. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/log/log.h"
#include "pemkeep/ssh/channel.h"
#include "pemkeep/ssh/connection.h"

#include "src/cli/vault_keys.h"

struct cli;
struct client;
struct connect_cloud;
struct err;
struct known_hosts;
struct ssh_ending;
struct target;

#define CONNECT_FAILED 255  /* every error of ours, as in ssh(1) */
#define CONNECT_LIST_MAX 32 /* of one option */

enum connect_tty { TTY_AUTO, TTY_WANTED, TTY_FORCED, TTY_NONE };
enum connect_strict { STRICT_ASK, STRICT_YES, STRICT_NEW, STRICT_NO };

/* The command line.  Strings point into it, or into 'texts'. */
struct connect_options {
	const char *host;
	char **command;
	int command_count;
	const char *login;
	const char *key;  /* -k */
	const char *file; /* -i */
	unsigned port;    /* 0: not given */
	int family;
	enum connect_tty tty;
	bool no_stdin, background, help, version;
	bool quiet, verbose, no_input;
	bool start;        /* an instance that is stopped */
	const char *agent; /* path to be forwarded; "": ours; NULL: none */
	enum connect_strict strict;
	bool batch;
	const char *known_hosts; /* paths, with blanks between; or NULL */
	unsigned seconds;
	unsigned alive_interval, alive_count;
	const char *send_env[CONNECT_LIST_MAX];
	size_t send_env_count;
	const char *set_env[CONNECT_LIST_MAX];
	size_t set_env_count;
	const char *alias;
	const char *kex, *ciphers, *macs;
	unsigned long seen; /* bits of the -o keys */
};

/*
 * connect_options.c: the operands of 'cli' are the command line; options of
 * pemkeep as a whole are added to those that are given.  ERR_USAGE
 */
int connect_options_parse(
    struct connect_options *o, struct cli *cli, struct err *e);
void connect_options_help(struct buf *b);

/* connect_config.c: -o Key=Value */
int connect_config_set(
    struct connect_options *o, const char *text, struct err *e);
/* The keys that there are, by number; NULL behind the last. */
const char *connect_config_key(size_t i);

/* connect_ask.c */

/*
 * Ask at the terminal, or with SSH_ASKPASS; 'prompt' is safe to print.
 * ERR_USAGE: there is nobody to ask; ERR_REFUSED: no answer.
 */
int connect_ask(
    const char *prompt, bool echo, char *answer, size_t size, struct err *e);

/* connect_hosts.c: is it the right host? */

#define CONNECT_NAMES_MAX 8

struct connect_name {
	const char *name;
	unsigned port; /* 22: none in the file */
};

struct connect_hosts {
	const struct connect_options *options;
	struct connect_cloud *cloud; /* it is an instance of that; or NULL */
	const char *address;         /* that answered */
	bool is_private;             /* whatever the address looks like */
	struct known_hosts *known;
	struct buf accepted; /* the key of an earlier connection of this run */
	bool unproven; /* what was shown is not known, and nothing proves it */
	/* The first that is known decides; new keys go under the first. */
	struct connect_name names[CONNECT_NAMES_MAX];
	size_t name_count;
	struct buf types; /* the list's texts */
	const char *type_list[8];
	size_t type_count;
	struct buf file; /* where new keys go */
};

/* Fill in the options before, and the address before checking. */
int connect_hosts_load(struct connect_hosts *h, struct err *e);
void connect_hosts_clear(struct connect_hosts *h);
/*
 * The names of the target's host key.  'same': it is the host that it was before,
 * at another address.
 */
int connect_hosts_name(
    struct connect_hosts *h, const struct target *t, bool same, struct err *e);
/* Into the file, under the first name; said when it cannot be. */
void connect_hosts_remember(
    const struct connect_hosts *h, const struct ssh_host_key *key);
/* To be called by the callback of the connection. */
int connect_hosts_check(
    struct connect_hosts *h, const struct ssh_host_key *key, struct err *e);

/*
 * connect_private.c: is it one of a private network, so that another host may
 * have it tomorrow?  fe80:: to feff:: count, too.
 */
bool connect_is_private(const char *address);

/* connect_keys.c: the keys to log in with, and signing */

struct connect_keys {
	const struct cli *cli;
	const struct connect_options *options;
	struct client *client; /* NULL: no vault is needed, or there is none */
	struct vault_keys vault;
	/* What is offered. */
	struct ssh_public_key list[SSH_KEYS_MAX];
	size_t from[SSH_KEYS_MAX];          /* which of the target's it is */
	struct client *files[SSH_KEYS_MAX]; /* NULL: it is in the vault */
	struct buf file_blobs[SSH_KEYS_MAX];
	size_t count;
	size_t used; /* 1 + the one that has signed last; 0: none has */
};

/* What the vault has, if that can be had without asking anybody. */
int connect_keys_look(struct connect_keys *k, const struct cli *cli,
    const struct connect_options *o, struct err *e);
/* Unlock it, unless no key of it is needed.  Without -k it may be missing. */
int connect_keys_unlock(struct connect_keys *k, struct err *e);
/* -i, else what the target says; instead of what was chosen before. */
int connect_keys_choose(
    struct connect_keys *k, const struct target *t, struct err *e);
/* Which of the target's keys has opened it?  False: none of the vault. */
bool connect_keys_used(const struct connect_keys *k, size_t *index);
void connect_keys_clear(struct connect_keys *k);
int connect_keys_sign(struct connect_keys *k, const uint8_t *blob,
    size_t blob_len, const char *algorithm, const void *data, size_t len,
    struct buf *signature, struct err *e);

/*
 * connect_file.c: a key in a file.  A keeper of its own reads it, asks for its
 * passphrase, and signs; 'blob' is the public half.
 */
int connect_file_load(const struct cli *cli, const char *path,
    struct client **keeperp, struct buf *blob, struct err *e);

/* connect_log.c: the session in the event log */

struct connect_log {
	bool opened; /* and that could be written */
	struct log_event event;
	struct log_session session;
	struct buf key, host_key;
};

/* The login is done; all that is handed in must stay. */
void connect_log_opened(struct connect_log *l, const struct target *t,
    const struct connect_keys *k, const struct connect_hosts *h,
    const char *user);
/* It is over; 'failure': what has ended it, or NULL. */
void connect_log_closed(struct connect_log *l, const struct ssh_ending *ending,
    const struct err *failure);
void connect_log_clear(struct connect_log *l);

/* connect_env.c: variables for the other side */

struct connect_env {
	struct ssh_variable list[64];
	size_t count;
	struct buf texts;
};

int connect_env_collect(struct connect_env *v, const struct connect_options *o,
    char **environment, struct err *e);
void connect_env_clear(struct connect_env *v);

#endif
