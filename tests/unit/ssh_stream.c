/* SPDX-License-Identifier: ISC */

/*
 * The connection as the SSH library sees it: what comes before the version line,
 * what is a version line, the budget, and when nothing is read.
 */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "pemkeep/base/err.h"
#include "src/ssh/stream.h"

struct both {
	struct ssh_stream *s;
	int server;
};

static struct both
begin(void)
{
	struct both b;
	int fd[2];

	b.s = malloc(sizeof(*b.s));
	assert_non_null(b.s);
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	ssh_stream_init(b.s, fd[0]);
	ssh_stream_turn(b.s, false);
	b.server = fd[1];
	return b;
}

static void
end(struct both *b)
{
	ssh_stream_clear(b->s);
	free(b->s);
	if (b->server != -1)
		close(b->server);
}

static void
say(struct both *b, const void *bytes, size_t len)
{
	assert_int_equal(write(b->server, bytes, len), (ssize_t)len);
}

static const struct {
	const char *sent;
	const char *version; /* NULL: it ends with this error */
	const char *why;
} greetings[] = {
	{ "SSH-2.0-x\r\n", "SSH-2.0-x", NULL },
	{ "SSH-2.0-x\n", "SSH-2.0-x", NULL },
	{ "SSH-1.99-x\r\n", "SSH-1.99-x", NULL },
	{ "hello\r\nSSH-2.0-x\r\n", "SSH-2.0-x", NULL },
	{ "\n\nSSH-2.0-x\r\n", "SSH-2.0-x", NULL },
	{ "xSSH-2.0-y\r\nSSH-2.0-x\r\n", "SSH-2.0-x", NULL },
	{ "SSH-1.5-x\r\n", NULL, "version 2 of SSH" },
	{ "SSH-\r\n", NULL, "version 2 of SSH" },
	{ "SSH-3.0-x\r\n", NULL, "version 2 of SSH" },
};

static void
versions(void **state)
{
	char text[256], got[64];
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(greetings) / sizeof(greetings[0]); i++) {
		struct both b = begin();
		ssize_t n;

		say(&b, greetings[i].sent, strlen(greetings[i].sent));
		n = ssh_stream_recv(b.s, got, sizeof(got));
		ssh_stream_say_version(b.s, text);
		if (greetings[i].version != NULL) {
			assert_true(n > 0);
			assert_int_equal(ssh_stream_error(b.s, &e), 0);
			assert_string_equal(text, greetings[i].version);
		} else {
			assert_true(n < 0);
			assert_int_equal(
			    ssh_stream_error(b.s, &e), ERR_NETWORK);
			assert_non_null(strstr(e.text, greetings[i].why));
			assert_string_equal(text, "");
		}
		end(&b);
	}
}

/* Bytes that never become a version line. */
static const struct {
	uint8_t first, rest;
	size_t len;
	const char *why;
} noises[] = {
	{ 'x', 'x', 4000, "not an SSH server" },
	{ 0, 0, 4000, "not an SSH server" },
	{ '\n', '\n', 70000, "too much and no SSH version" },
	{ 'S', 'S', 1025, "not an SSH server" },
};

static void
noise(void **state)
{
	uint8_t bytes[70000], got[64];
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(noises) / sizeof(noises[0]); i++) {
		struct both b = begin();

		memset(bytes, noises[i].rest, sizeof(bytes));
		bytes[0] = noises[i].first;
		say(&b, bytes, noises[i].len);
		assert_true(ssh_stream_recv(b.s, got, sizeof(got)) < 0);
		assert_int_equal(ssh_stream_error(b.s, &e), ERR_NETWORK);
		assert_non_null(strstr(e.text, noises[i].why));
		end(&b);
	}
}

static void
long_version(void **state)
{
	char line[300];
	struct both b = begin();
	struct err e;

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "SSH-2.0-", 8);
	line[sizeof(line) - 1] = '\n';
	say(&b, line, sizeof(line));
	assert_true(ssh_stream_recv(b.s, line, sizeof(line)) < 0);
	assert_int_equal(ssh_stream_error(b.s, &e), ERR_NETWORK);
	assert_non_null(strstr(e.text, "malformed"));
	end(&b);
}

/* Read all there is; the last result. */
static ssize_t
drain(struct both *b, size_t *total)
{
	uint8_t bytes[4096];
	ssize_t n;

	while ((n = ssh_stream_recv(b->s, bytes, sizeof(bytes))) > 0)
		*total += (size_t)n;
	return n;
}

static void
budget(void **state)
{
	static uint8_t bytes[65536];
	struct both b = begin();
	size_t total = 0, sent = 0;
	struct err e;

	(void)state;
	say(&b, "SSH-2.0-x\r\n", 11);
	while (!b.s->dead && sent < 4 * SSH_STREAM_SETUP) {
		ssize_t n = write(b.server, bytes, sizeof(bytes));

		sent += n > 0 ? (size_t)n : 0;
		ssh_stream_turn(b.s, false);
		drain(&b, &total);
	}
	assert_int_equal(total, SSH_STREAM_SETUP);
	assert_int_equal(ssh_stream_error(b.s, &e), ERR_NETWORK);
	assert_non_null(strstr(e.text, "too much before the login"));
	end(&b);
}

static void
no_budget_when_ready(void **state)
{
	static uint8_t bytes[65536];
	struct both b = begin();
	size_t total = 0;

	(void)state;
	say(&b, "SSH-2.0-x\r\n", 11);
	ssh_stream_ready(b.s);
	for (int i = 0; i < 64; i++) {
		ssize_t n = write(b.server, bytes, sizeof(bytes));

		(void)n;
		ssh_stream_turn(b.s, false);
		assert_int_equal(drain(&b, &total), -EAGAIN);
	}
	assert_true(total > 2 * SSH_STREAM_SETUP);
	end(&b);
}

static void
not_now(void **state)
{
	struct both b = begin();
	size_t total = 0;

	(void)state;
	say(&b, "SSH-2.0-x\r\nabc", 14);
	b.s->hold = true;
	assert_int_equal(drain(&b, &total), -EAGAIN);
	b.s->hold = false;
	ssh_stream_turn(b.s, true);
	assert_int_equal(drain(&b, &total), -EAGAIN);
	assert_false(b.s->wants); /* nobody waits for the socket */
	assert_int_equal(total, 0);
	ssh_stream_turn(b.s, false);
	assert_int_equal(drain(&b, &total), -EAGAIN);
	assert_true(b.s->wants);
	assert_int_equal(total, 14);
	end(&b);
}

static void
ends(void **state)
{
	struct both b = begin();
	size_t total = 0;
	struct err e;

	(void)state;
	say(&b, "Go away\r\n", 9);
	close(b.server);
	b.server = -1;
	assert_int_equal(drain(&b, &total), 0);
	assert_int_equal(ssh_stream_error(b.s, &e), ERR_NETWORK);
	assert_string_equal(
	    e.text, "the server closed the connection: it says 'Go away'");
	assert_int_equal(ssh_stream_send(b.s, "x", 1), -EPIPE);
	end(&b);
}

/* Sending always takes everything; what does not go out waits. */
static void
sending(void **state)
{
	static uint8_t bytes[1 << 20], got[1 << 16];
	struct both b = begin();
	size_t total = 0;

	(void)state;
	assert_int_equal(
	    ssh_stream_send(b.s, bytes, sizeof(bytes)), (ssize_t)sizeof(bytes));
	ssh_stream_flush(b.s);
	assert_in_range(ssh_stream_backlog(b.s), 1, sizeof(bytes) - 1);
	while (total < sizeof(bytes)) {
		ssize_t n = read(b.server, got, sizeof(got));

		assert_true(n > 0);
		total += (size_t)n;
		ssh_stream_flush(b.s);
	}
	assert_int_equal(ssh_stream_backlog(b.s), 0);
	ssh_stream_kill(b.s);
	assert_int_equal(ssh_stream_send(b.s, bytes, 1), -EPIPE);
	end(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions),
		cmocka_unit_test(noise),
		cmocka_unit_test(long_version),
		cmocka_unit_test(budget),
		cmocka_unit_test(no_budget_when_ready),
		cmocka_unit_test(not_now),
		cmocka_unit_test(ends),
		cmocka_unit_test(sending),
	};

	return cmocka_run_group_tests_name("ssh_stream", tests, NULL, NULL);
}
