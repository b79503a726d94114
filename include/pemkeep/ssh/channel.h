/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SSH_CHANNEL_H
#define PEMKEEP_SSH_CHANNEL_H

/*
 * A channel of a connection that is logged in; there may be many at once.
 * Whoever uses one gives functions that are called from the loop.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct ssh_channel;
struct ssh_connection;

enum ssh_stream_id { SSH_OUT = 0, SSH_ERR = 1 };

/* How a command ended. */
struct ssh_exit {
	bool known;      /* false: the server has not said */
	int status;      /* 0 to 255 */
	char signal[16]; /* "KILL" … when it was killed; else "" */
};

/* Any of them may be NULL; none may free the connection. */
struct ssh_channel_events {
	/* It is open, and what was asked for with it is granted. */
	void (*opened)(void *arg);
	/* May data() be called for this stream now? */
	bool (*ready)(void *arg, enum ssh_stream_id id);
	void (*data)(
	    void *arg, enum ssh_stream_id id, const uint8_t *bytes, size_t len);
	/* There is room for more after ssh_channel_write() had taken all. */
	void (*writable)(void *arg);
	/* The server will send no more data. */
	void (*eof)(void *arg);
	/* The last call: closed by the server … */
	void (*closed)(void *arg, const struct ssh_exit *how);
	/* … or by a failure, also of the connection as a whole. */
	void (*failed)(void *arg, const struct err *e);
	/* Something was refused that is not needed: "pty", "env", "agent". */
	void (*refused)(void *arg, const char *what);
};

struct ssh_variable {
	const char *name, *value;
};

struct ssh_window {
	unsigned columns, rows, width, height; /* the last two in pixels */
};

/* A session channel: what is to be run, and in what surroundings. */
struct ssh_session_request {
	const char *command; /* NULL: a shell */
	bool subsystem;      /* 'command' is the name of one */
	bool pty;
	const char *term;
	const uint8_t *modes; /* RFC 4254, 8; see ssh_terminal_modes() */
	size_t modes_len;
	struct ssh_window window;
	const struct ssh_variable *env;
	size_t env_count;
	/* Forward the agent that listens at this path; NULL: none. */
	const char *agent;
};

/*
 * Open a session channel; everything in 'request' must stay until opened() or
 * failed() is called.  ERR_NOMEM.
 */
int ssh_channel_session(struct ssh_connection *c,
    const struct ssh_session_request *request,
    const struct ssh_channel_events *events, void *arg,
    struct ssh_channel **chp, struct err *e);

/* How many bytes ssh_channel_write() takes now. */
size_t ssh_channel_room(const struct ssh_channel *ch);
/* At most that many; they are copied. */
void ssh_channel_write(struct ssh_channel *ch, const void *bytes, size_t len);
/* Nothing more will be written. */
void ssh_channel_end(struct ssh_channel *ch);
/* The window has another size. */
void ssh_channel_resize(
    struct ssh_channel *ch, const struct ssh_window *window);
/* ready() has changed its mind to true, or there is something to be sent. */
void ssh_channel_kick(struct ssh_channel *ch);

/* Close it; no more calls come.  Free within callbacks, too. */
void ssh_channel_free(struct ssh_channel *ch);

#endif
