/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AGENT_SERVER_H
#define PEMKEEP_SRC_AGENT_SERVER_H

/*
 * The process around the keeper: an event loop, connections of two kinds, and
 * when to lock.  What is said on a connection is the business of control.c and
 * sshagent.c.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "pemkeep/agent/keeper.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/agent/place.h"

struct child;
struct event;
struct event_base;
struct opening;
struct secret;
struct server;

#define SERVER_IDLE_MS (30u * 60u * 1000u)
#define SERVER_CONNS_MAX 4096u
#define SERVER_AGAIN_MS 60000u /* how long a repeated passphrase counts */

enum conn_kind { CONN_SSH, CONN_CONTROL };

/* A key file that was read and waits for COMMIT. */
struct staged {
	char *name;
	char *source;
	char comment[256];
	uint16_t format;
	unsigned repairs;
	bool confirm;
	struct secret *der;
	struct secret *original;
};

/* What only a control connection has. */
struct control_state {
	bool greeted;
	bool same_vault;
	uint64_t verified_ms;      /* when it gave the passphrase, or 0 */
	struct secret *vault_pass; /* given, and not used yet */
	struct secret *new_pass;
	struct secret *file_pass; /* the last key file's: tried again */
	bool file_pass_fresh;     /* given for this very file */
	struct secret *made;      /* for GENERATE, to be stored */
	struct err *failure;      /* of what this request had to wait for */
	char **environment;       /* that came with the passphrase */
	unsigned told;            /* what it was warned of; keeper_tell() */
	struct staged *staged;
	size_t staged_count;
	struct keeper_proof *proofs; /* of what each COMMIT took in */
	size_t proof_count;
};

struct conn {
	struct conn *next;
	struct server *server;
	enum conn_kind kind;
	int fd; /* -1: none, for tests */
	struct event *readable;
	struct event *writable;
	struct event *closed; /* watched while it is busy */
	uint8_t head[5];      /* length and type */
	size_t head_len;
	size_t body_left;
	struct buf body;
	struct secret *secret; /* the body of a message that holds one */
	int passed;            /* descriptor that came with it, or -1 */
	struct buf out;
	size_t sent;
	bool busy; /* the answer comes later; nothing is read until then */
	bool closing;
	struct event *delay;
	struct child *child;
	struct control_state control;
	struct keeper_asker asker;
	bool forwarded; /* ssh: bound to a session as forwarded, for good */
	bool refusal_logged;
	/* The user was asked about this very request. */
	enum { CONFIRM_NOT_ASKED, CONFIRM_YES, CONFIRM_NO } confirm;
};

/* Wrong guesses at a passphrase make the next one wait. */
struct guesses {
	unsigned wrong;
	uint64_t not_before_ms;
};

/* The vault is being opened with a passphrase that somebody gave. */
struct unlocking {
	struct opening *opening; /* or NULL */
	struct conn *conn;       /* whose it is; NULL: it has hung up */
	struct keeper_asker asker;
	bool revoked; /* the vault was locked meanwhile */
};

struct listener {
	int fd;
	dev_t dev;
	ino_t ino;
	struct event *ready;
};

struct server {
	struct event_base *base;
	struct keeper *keeper;
	struct conn *conns;
	size_t conn_count;
	struct conn
	    *now; /* whose request is being answered: it hears warnings */
	struct conn *first; /* the one that a keeper without sockets serves */
	bool staying;       /* has sockets, and outlives its first connection */
	bool foreground;
	struct place place;
	struct listener ssh, control;
	struct event *tick;
	struct event *signals[5];
	uint64_t idle_ms;
	uint64_t used_ms;   /* when a key or the vault was last used */
	char **environment; /* for asking whether a key may be used */
	struct guesses vault_guesses, ssh_guesses;
	struct unlocking unlocking;
	struct secret *ssh_lock; /* the password of ssh-add -x, or NULL */
	struct secret *loaded;   /* the only key, after LOAD; its public half */
	struct buf loaded_blob;
	struct child *children;
	uint8_t chunk[65536];
};

struct sign_request {
	const uint8_t *blob;
	size_t blob_len;
	const char *algorithm;
	const uint8_t *data;
	size_t len;
};

/* server.c */

int server_new(struct server **sp, struct err *e);
void server_free(struct server *s);
/* Serve a socket that is there already; it becomes 'first'. */
int server_adopt(struct server *s, int fd, struct err *e);
/* Bind the sockets.  ERR_EXISTS when another agent has them. */
int server_listen(struct server *s, struct err *e);
int server_run(struct server *s);
void server_stop(struct server *s);
/* Forget all keys and passphrases, also one that is being tried. */
void server_lock(struct server *s);
/* Requests answer this connection from now on, and it is logged; NULL: none. */
void server_for(struct server *s, struct conn *c);
/* A key or the vault is used: it stays unlocked for another while. */
void server_used(struct server *s);
/* Lock if it is time; to be called before a request is looked at. */
void server_check_time(struct server *s);
/* keeper_refresh(), and what belongs to locking if it locks. */
int server_refresh(struct server *s, struct err *e);

/* guesses: how long to wait before the next one, 0 for not at all */
uint64_t guesses_wait_ms(const struct guesses *g);
void guesses_wrong(struct guesses *g);
void guesses_right(struct guesses *g);

/* conn.c */

/* Takes the descriptor, -1 for none.  NULL: no memory. */
struct conn *conn_new(struct server *s, enum conn_kind kind, int fd);
void conn_free(struct conn *c);
/* Everything that is secret in it. */
void conn_forget(struct conn *c);
/* Look at the same request again after 'ms'. */
void conn_later(struct conn *c, uint64_t ms);
/* The answer that was to come later is in 'out'. */
void conn_resume(struct conn *c);
/* Deal with a whole message as if it had come. */
void conn_dispatch(struct conn *c);
/*
 * What a request had to wait for has failed: keep that for when it is looked at
 * again, and take it then.
 */
void conn_fail(struct conn *c, const struct err *e);
bool conn_failed(struct conn *c, struct err *e);

/* control.c, sshagent.c: deal with the message in 'c' */
void control_request(struct conn *c);
void sshagent_request(struct conn *c);
/* What a message may be long, and whether it is a secret; 0: not at all. */
size_t control_limit(uint8_t type, bool *secret);
size_t sshagent_limit(uint8_t type, bool *secret);

/* control_load.c */
void control_load(struct conn *c);
int control_sign_loaded(const struct server *s,
    const struct sign_request *request, struct buf *signature, struct err *e);

/* control_password.c */
void control_password(struct conn *c);

/* control_import.c */
void control_import(struct conn *c);
void control_commit(struct conn *c);
void control_holds(struct conn *c);
void control_same(struct conn *c);
void control_forget_staged(struct control_state *state);

/* unlocking.c */

/*
 * Did this connection give the passphrase just now?  True to go on; else it was
 * asked for, was wrong, or is tried later, and the answer is given.
 */
bool unlocking_again(struct conn *c);
void unlocking_hello(struct conn *c);
/* A PASSPHRASE message. */
void unlocking_passphrase(struct conn *c);
void unlocking_unlock(struct conn *c);
void unlocking_init(struct conn *c);
void unlocking_passwd(struct conn *c);
void unlocking_restore(struct conn *c);

/* control_say.c */
void control_answer(struct conn *c, uint8_t type, const struct buf *body);
void control_ok(struct conn *c);
void control_error(struct conn *c, const struct err *e);
void control_ask(struct conn *c, int what, const char *prompt);
void control_warning(void *arg, const char *text, const char *hint);

/* sign.c */

/*
 * Sign for a connection, after asking the user where the key wants that.
 * Returns 0, an error, or SIGN_LATER: the connection is busy, and the same
 * request will be looked at again.
 */
#define SIGN_LATER 1
int sign_for(struct conn *c, const struct sign_request *request,
    struct buf *signature, struct err *e);

/* The same for keeper_password(); the request has no algorithm. */
int sign_password_for(struct conn *c, const struct sign_request *request,
    const char *instance, struct secret **plainp, struct err *e);

#endif
