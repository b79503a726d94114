/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_SSH_CONNECTION_INTERNAL_H
#define PEMKEEP_SRC_SSH_CONNECTION_INTERNAL_H

/*
 * What the files of a connection share.  Everything that is done with the
 * library is done in one place, the turn (connection_turn.c): it is called when
 * the socket has something, takes some, or when a channel was kicked.  Since the
 * stream takes all that is sent, the library only ever waits for the server.
 */

#include <libssh2.h>

#include <stdint.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/ssh/channel.h"
#include "pemkeep/ssh/connection.h"
#include "src/ssh/dial.h"
#include "src/ssh/loop_internal.h"
#include "src/ssh/memory.h"
#include "src/ssh/stream.h"

#define SSH_READ_SIZE 0x40000u /* bytes asked of a channel at once */
#define SSH_AGENT_CHANNELS 32u /* at one time; more are closed */
#define SSH_CHANNELS_MAX 1024u /* with those that the server does not close */
#define SSH_KNOCKING_MAX 256u  /* new ones in one turn */
#define SSH_ROUNDS_MAX 16u     /* of questions in one login */

enum ssh_stage {
	STAGE_DIAL,
	STAGE_HANDSHAKE,
	STAGE_LOGIN,
	STAGE_READY,
	STAGE_FAILED
};

enum ssh_login_step {
	LOGIN_LIST,
	LOGIN_KEY,
	LOGIN_INTERACTIVE,
	LOGIN_PASSWORD
};

struct ssh_login {
	enum ssh_login_step step;
	unsigned methods; /* bits of 1 << step */
	size_t key;       /* the next one */
	bool signed_once; /* with the present key */
	unsigned tries[LOGIN_PASSWORD + 1];
	unsigned rounds;
	bool banner_shown;
	bool asked; /* 'answer' is filled */
	char answer[SSH_ANSWER_MAX];
	struct err failure; /* what a callback said; code 0: nothing */
};

struct ssh_connection {
	struct ssh_loop *loop;
	struct ssh_target target;
	void (*done)(void *arg, int result, const struct err *e);
	void *done_arg;
	enum ssh_stage stage;
	struct err failure;
	struct ssh_dial dial;
	struct ssh_stream stream;
	struct ssh_memory memory;
	LIBSSH2_SESSION *session;
	struct event *readable, *writable, *deadline, *alive, *again;
	uint64_t deadline_at;
	bool in_turn;
	bool warm;
	char farewell[256];  /* the server's reason to disconnect */
	struct buf host_key; /* the one that was accepted */
	struct ssh_login login;
	struct ssh_channel *channels;
	struct ssh_channel *opening; /* the library opens one at a time */
	const char *agent; /* the path, once a channel has asked for it */
	LIBSSH2_CHANNEL *knocking[SSH_KNOCKING_MAX];
	size_t knocking_count;
	uint64_t alive_received;
	bool alive_probed;
	unsigned alive_missed;
	uint8_t *buffer; /* SSH_READ_SIZE */
};

/* connection.c */

/* It is over: tells whoever is concerned.  Only the first failure counts. */
void ssh_connection_fail(struct ssh_connection *c, const struct err *e);
/* The clock stands still between these two. */
uint64_t ssh_connection_pause(void);
void ssh_connection_resume(struct ssh_connection *c, uint64_t since);
/* The server has as much time again. */
void ssh_connection_restart_clock(struct ssh_connection *c);
__attribute__((format(printf, 2, 3))) void ssh_connection_trace(
    struct ssh_connection *c, const char *fmt, ...);

/* connection_turn.c */

void ssh_connection_turn(struct ssh_connection *c);
/* Take a turn soon. */
void ssh_connection_kick(struct ssh_connection *c);
/* What the library has to say about its failure 'rc'. */
int ssh_connection_library_error(
    struct ssh_connection *c, const char *doing, int rc, struct err *e);

/* library.c */

/* Make c->session, with all that it may do and nothing else. */
int ssh_library_start(struct ssh_connection *c, struct err *e);
void ssh_library_end(struct ssh_connection *c);
/* Let the server open channels to the agent. */
void ssh_library_allow_agent(struct ssh_connection *c);

/* login.c */

/* 1: logged in; 0: waiting; or a negative code. */
int ssh_login_step(struct ssh_connection *c, struct err *e);
/* Text of the server, made safe line by line. */
void ssh_login_safe(struct buf *b, const void *bytes, size_t len);

/* channel.c */

struct ssh_channel {
	struct ssh_connection *connection;
	struct ssh_channel *next;
	LIBSSH2_CHANNEL *raw;
	enum {
		CHANNEL_OPENING,
		CHANNEL_ASKING,
		CHANNEL_OPEN,
		CHANNEL_OVER
	} state;
	bool freed; /* by its user */
	uint32_t id;
	bool exit_known;
	const struct ssh_session_request *request;
	size_t sent, answered; /* of the requests */
	struct buf out;
	size_t out_at;
	bool waiting; /* its user wants to know about room */
	bool end, ended;
	bool eof_told;
	bool resize;
	struct ssh_window window;
	struct ssh_channel_events events;
	void *arg;
};

/* A channel that exists already; or NULL, and it does not exist any more. */
struct ssh_channel *ssh_channel_adopt(struct ssh_connection *c,
    LIBSSH2_CHANNEL *raw, const struct ssh_channel_events *events, void *arg);
/* Do what can be done; has anything been? */
bool ssh_channel_step(struct ssh_channel *ch);
/* Whatever comes for it, is it taken at once? */
bool ssh_channel_takes_all(const struct ssh_channel *ch);
/* Release those that their users have freed. */
void ssh_channel_sweep(struct ssh_connection *c);
/* Release all of them, without a word to anyone. */
void ssh_channel_drop_all(struct ssh_connection *c);

/* channel_request.c */

/* 1: all granted; 0: waiting; or a negative code. */
int ssh_channel_ask(struct ssh_channel *ch, struct err *e);

/* agent_proxy.c */

void ssh_agent_proxy_start(struct ssh_connection *c, LIBSSH2_CHANNEL *raw);

#endif
