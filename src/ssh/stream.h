/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_SSH_STREAM_H
#define PEMKEEP_SRC_SSH_STREAM_H

/*
 * The TCP connection as the SSH library sees it.  Three things are different
 * from a bare socket:
 *
 * - Sending always takes everything.  The library has one outgoing packet that
 *   may be half sent, and until the very call that left it so is repeated every
 *   other call fails (libssh2 #1672, #1945), a server's wish for new keys even
 *   for ever (#2110).  Here no packet is ever half sent; what the socket does
 *   not take waits in 'out', and nobody hands in more while much is waiting.
 * - Receiving is counted: a budget before the login, since the library goes on
 *   reading for as long as the server keeps sending, and a quota for each turn,
 *   so that a server that never pauses cannot keep us from looking at the clock.
 * - What comes before the version line is dropped here, with limits.  The
 *   library has none, and does not look at the version either.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "pemkeep/base/buf.h"

struct err;

#define SSH_STREAM_SETUP 0x100000u  /* bytes, up to the login: 1 MiB */
#define SSH_STREAM_TURN 0x40000u    /* bytes from the socket in one turn */
#define SSH_STREAM_BACKLOG 0x20000u /* bytes; then wait before writing more */
#define SSH_STREAM_IN 0x10000u
#define SSH_STREAM_SHORT 4096   /* bytes read at once: no bulk transfer */
#define SSH_STREAM_LINE 1024u   /* bytes before the version line, in one line */
#define SSH_STREAM_LINES 65536u /* … and in all of them */
#define SSH_STREAM_VERSION 255u /* RFC 4253 4.2 */

enum ssh_stream_version { VERSION_WANTED, VERSION_GIVEN, VERSION_DONE };

struct ssh_stream {
	int fd; /* -1: none */
	uint8_t in[SSH_STREAM_IN];
	size_t in_at, in_end;
	struct buf out;
	size_t out_at;
	enum ssh_stream_version version;
	char line[SSH_STREAM_LINE + 1]; /* then the version line */
	size_t line_len, line_at;
	char greeting[128]; /* the first line that was no version */
	size_t before;      /* bytes before the version line */
	size_t budget;
	size_t quota;
	uint64_t received;
	bool setting_up;
	bool hold;       /* give the library nothing */
	bool pause;      /* take nothing from the socket */
	bool drained;    /* the socket had no more, this turn */
	bool wants;      /* the library asked for more than there is */
	bool dead;       /* nothing goes in or out any more */
	const char *why; /* what broke it, when it was not the network */
	int error;       /* errno, when it was; 0 with 'dead': closed */
};

/* Takes the descriptor over. */
void ssh_stream_init(struct ssh_stream *s, int fd);
void ssh_stream_clear(struct ssh_stream *s);

/* A new turn: look at the socket again, unless 'pause'. */
void ssh_stream_turn(struct ssh_stream *s, bool pause);

/* The login is done: no budget any more. */
void ssh_stream_ready(struct ssh_stream *s);

/*
 * For the library: how many bytes, or -EAGAIN, or another negative errno.
 * ssh_stream_recv() gives 0 when the other side has closed.
 */
ssize_t ssh_stream_recv(struct ssh_stream *s, void *to, size_t len);
ssize_t ssh_stream_send(struct ssh_stream *s, const void *from, size_t len);

/* Send what is waiting, as far as it goes. */
void ssh_stream_flush(struct ssh_stream *s);
/* How many bytes are waiting. */
size_t ssh_stream_backlog(const struct ssh_stream *s);

/* Nothing goes any more: the library's farewells fail at once. */
void ssh_stream_kill(struct ssh_stream *s);

/* It cannot be used any more; 'why' is a constant text. */
void ssh_stream_break(struct ssh_stream *s, const char *why);

/* Say what broke it, if it is broken. */
int ssh_stream_error(const struct ssh_stream *s, struct err *e);

/* The server's version line without its end, "" before it has come. */
void ssh_stream_say_version(const struct ssh_stream *s, char text[256]);

#endif
