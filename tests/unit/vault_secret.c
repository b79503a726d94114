/* SPDX-License-Identifier: ISC */

/*
 * vault/secret.h: capacity, reading, and what guarded memory promises.  The last
 * is tried in processes that must die of it.  Base64 is vault_base64.c.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vault/secret.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#if defined(__SANITIZE_ADDRESS__)
#define ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ASAN 1
#endif
#endif
#ifndef ASAN
#define ASAN 0
#endif

static void
skip_because(const char *name, const char *why)
{
	print_message("SKIP %s: %s\n", name, why);
	skip();
}

/* Capacity. */

static void
no_room(void **state)
{
	struct secret *s;

	(void)state;
	assert_null(secret_new(SIZE_MAX));
	assert_null(secret_new(SIZE_MAX / 2));
	secret_free(NULL);
	s = secret_new(0);
	assert_non_null(s);
	assert_int_equal(secret_len(s), 0);
	assert_true(secret_capacity(s) >= 1);
	secret_free(s);
}

static void
set_len_stops_at_capacity(void **state)
{
	struct secret *s = secret_new(16);

	(void)state;
	assert_non_null(s);
	assert_int_equal(secret_capacity(s), 16);
	assert_int_equal(secret_len(s), 0);
	assert_true(secret_set_len(s, 16));
	assert_false(secret_set_len(s, 17));
	assert_int_equal(secret_len(s), 16);
	assert_false(secret_set_len(s, SIZE_MAX));
	assert_int_equal(secret_len(s), 16);
	assert_true(secret_set_len(s, 0));
	assert_int_equal(secret_len(s), 0);
	secret_free(s);
}

static void
append_stops_at_capacity(void **state)
{
	struct secret *s = secret_new(8);

	(void)state;
	assert_non_null(s);
	assert_false(secret_append(s, "123456789", 9));
	assert_int_equal(secret_len(s), 0);
	assert_true(secret_append(s, "12345", 5));
	assert_false(secret_append(s, "6789", 4));
	assert_false(secret_append(s, "", SIZE_MAX));
	assert_int_equal(secret_len(s), 5);
	assert_true(secret_append(s, NULL, 0));
	assert_true(secret_append(s, "678", 3));
	assert_int_equal(secret_len(s), 8);
	assert_memory_equal(secret_bytes(s), "12345678", 8);
	assert_true(secret_append(s, "", 0));
	assert_false(secret_append(s, "9", 1));
	secret_free(s);
}

static void
copy_is_a_copy(void **state)
{
	char text[] = "passphrase";
	struct secret *s = secret_copy(text, strlen(text));
	struct secret *empty = secret_copy(NULL, 0);

	(void)state;
	assert_non_null(s);
	memset(text, 'x', strlen(text));
	assert_int_equal(secret_len(s), strlen(text));
	assert_memory_equal(secret_bytes(s), "passphrase", strlen(text));
	assert_ptr_equal(secret_bytes(s), secret_data(s));
	assert_non_null(empty);
	assert_int_equal(secret_len(empty), 0);
	secret_free(s);
	secret_free(empty);
}

/* Beyond the length, too: it may have been longer. */
static void
clear_wipes(void **state)
{
	static const uint8_t zeros[100];
	struct secret *s = secret_new(sizeof(zeros));

	(void)state;
	assert_non_null(s);
	memset(secret_data(s), 0xa5, sizeof(zeros));
	assert_true(secret_set_len(s, 40));
	secret_clear(s);
	assert_int_equal(secret_len(s), 0);
	assert_int_equal(secret_capacity(s), sizeof(zeros));
	assert_memory_equal(secret_bytes(s), zeros, sizeof(zeros));
	secret_free(s);
}

static void
equal(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "correct horse", "correct horse", true },
		{ "correct horse", "correct hors", false },
		{ "correct horse", "correct horsf", false },
		{ "correct horse", "borrect horse", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct secret *a = secret_copy(cases[i].a, strlen(cases[i].a));
		struct secret *b = secret_new(64);

		assert_non_null(a);
		assert_non_null(b);
		memset(secret_data(b), 'x', 64);
		assert_true(secret_append(b, cases[i].b, strlen(cases[i].b)));
		assert_int_equal(secret_equal(a, b), cases[i].same);
		assert_int_equal(secret_equal(b, a), cases[i].same);
		secret_free(a);
		secret_free(b);
	}
}

/* Reading. */

static void
read_fails(int fd, size_t max, int error)
{
	struct secret *s = (struct secret *)&fd;

	errno = 0;
	assert_int_equal(secret_read_fd(fd, max, &s), -1);
	assert_int_equal(errno, error);
	assert_null(s);
}

static void
read_refuses(void **state)
{
	int folder = open("/", O_RDONLY | O_DIRECTORY);
	int endless = open("/dev/zero", O_RDONLY);

	(void)state;
	read_fails(-1, 10, EBADF);
	read_fails(folder, 10, EISDIR);
	read_fails(endless, 0, EFBIG);
	read_fails(endless, 100000, EFBIG);
	read_fails(endless, SIZE_MAX, ENOMEM);
	read_fails(endless, SIZE_MAX - 1, ENOMEM);
	close(folder);
	close(endless);
}

static void
fill(uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(i * 7 + i / 256);
}

static void
read_pipe(void **state)
{
	static const struct {
		size_t size, max;
		bool fits;
	} cases[] = {
		{ 1, 0, false },
		{ 11, 10, false },
		{ 4097, 4096, false },
		{ 65536, 1, false },
		{ 0, 0, true },
		{ 0, 10, true },
		{ 1, 1, true },
		{ 10, 10, true },
		{ 4095, 4096, true },
		{ 4096, 4096, true },
		{ 65536, 65536, true },
	};
	uint8_t *data = malloc(65536);
	struct secret *s;
	int fd[2];

	(void)state;
	assert_non_null(data);
	fill(data, 65536);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const size_t n = cases[i].size;

		assert_int_equal(pipe(fd), 0);
		assert_int_equal(write(fd[1], data, n), n);
		close(fd[1]);
		if (!cases[i].fits) {
			read_fails(fd[0], cases[i].max, EFBIG);
		} else {
			assert_int_equal(
			    secret_read_fd(fd[0], cases[i].max, &s), 0);
			assert_int_equal(secret_len(s), n);
			assert_memory_equal(secret_bytes(s), data, n);
			secret_free(s);
		}
		close(fd[0]);
	}
	free(data);
}

/* Each read(2) of such a socket returns one message. */
static void
read_pieces(void **state)
{
	static const size_t pieces[] = { 1, 1, 7, 500, 3, 100 };
	uint8_t data[612];
	struct secret *s;
	size_t at;
	int fd[2];

	(void)state;
	fill(data, sizeof(data));
	for (size_t max = sizeof(data) - 1; max <= sizeof(data); max++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
		at = 0;
		for (size_t i = 0; i < COUNT(pieces); i++) {
			assert_int_equal(
			    write(fd[1], data + at, pieces[i]), pieces[i]);
			at += pieces[i];
		}
		assert_int_equal(at, sizeof(data));
		close(fd[1]);
		if (max < sizeof(data)) {
			read_fails(fd[0], max, EFBIG);
		} else {
			assert_int_equal(secret_read_fd(fd[0], max, &s), 0);
			assert_int_equal(secret_len(s), sizeof(data));
			assert_memory_equal(
			    secret_bytes(s), data, sizeof(data));
			secret_free(s);
		}
		close(fd[0]);
	}
}

static volatile sig_atomic_t alarms;

static void
count_alarm(int sig)
{
	(void)sig;
	alarms++;
}

/* A writer that waits for signals to have come between its bytes. */
static void
read_interrupted(void **state)
{
	const struct itimerval often = { { 0, 2000 }, { 0, 2000 } };
	const struct itimerval never = { { 0, 0 }, { 0, 0 } };
	struct sigaction on = { .sa_handler = count_alarm }, was;
	struct secret *s;
	int fd[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		for (size_t i = 0; i < 5; i++) {
			usleep(20000);
			if (write(fd[1], &"12345"[i], 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	close(fd[1]);
	alarms = 0;
	assert_int_equal(sigaction(SIGALRM, &on, &was), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
	assert_int_equal(secret_read_fd(fd[0], 5, &s), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
	assert_int_equal(sigaction(SIGALRM, &was, NULL), 0);
	assert_true(alarms > 0);
	assert_int_equal(secret_len(s), 5);
	assert_memory_equal(secret_bytes(s), "12345", 5);
	secret_free(s);
	close(fd[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Guarded memory. */

static volatile uint8_t sink;

static void
write_behind(struct secret *s)
{
	volatile uint8_t *p = secret_data(s);

	p[secret_capacity(s)] = 1;
}

static void
read_behind(struct secret *s)
{
	const volatile uint8_t *p = secret_bytes(s);

	sink = p[secret_capacity(s)];
}

/* Noticed when it is freed. */
static void
write_before(struct secret *s)
{
	volatile uint8_t *p = secret_data(s);

	p[-1] ^= 1;
	secret_free(s);
}

static void
read_after_free(struct secret *s)
{
	const volatile uint8_t *p = secret_bytes(s);

	secret_free(s);
	sink = p[0];
}

static void
guarded(void **state)
{
	void (*const crimes[])(struct secret *) = { write_behind, read_behind,
		write_before, read_after_free };
	const struct rlimit no_core = { 0, 0 };
	int status;
	pid_t pid;

	(void)state;
	if (ASAN)
		skip_because("guarded",
		    "AddressSanitizer turns the signal into its own report");
	for (size_t i = 0; i < COUNT(crimes); i++) {
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			struct secret *s = secret_copy("0123456789", 10);

			signal(SIGSEGV, SIG_DFL); /* cmocka's */
			setrlimit(RLIMIT_CORE, &no_core);
			if (s != NULL)
				crimes[i](s);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV)
			fail_msg("crime %zu: status %#x", i, status);
	}
}

/* What a process says that may lock this much, without privilege. */
static int
locked_with(rlim_t limit)
{
	const struct rlimit r = { limit, limit };
	int status;
	pid_t pid;

	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		/* CAP_IPC_LOCK goes with it; 65534 is nobody anywhere. */
		if (setrlimit(RLIMIT_MEMLOCK, &r) != 0 ||
		    (geteuid() == 0 && setuid(65534) != 0))
			_exit(100);
		_exit(secret_locked() + 10);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status) - 10;
}

static void
locked(void **state)
{
	struct rlimit now;

	(void)state;
	if (ASAN)
		skip_because(
		    "locked", "AddressSanitizer makes mlock do nothing");
	if (access("/proc/self/status", R_OK) != 0)
		skip_because("locked", "no /proc/self/status");
	assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &now), 0);
	if (locked_with(0) == 90)
		skip_because("locked", "cannot give up root");
	assert_int_equal(locked_with(0), 0);
	assert_int_equal(locked_with(65536), 0); /* the guards want more */
	if (now.rlim_max < 1 << 20)
		skip_because(
		    "locked with room", "the limit here is below 1 MiB");
	assert_int_equal(locked_with(1 << 20), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_room),
		cmocka_unit_test(set_len_stops_at_capacity),
		cmocka_unit_test(append_stops_at_capacity),
		cmocka_unit_test(copy_is_a_copy),
		cmocka_unit_test(clear_wipes),
		cmocka_unit_test(equal),
		cmocka_unit_test(read_refuses),
		cmocka_unit_test(read_pipe),
		cmocka_unit_test(read_pieces),
		cmocka_unit_test(read_interrupted),
		cmocka_unit_test(guarded),
		cmocka_unit_test(locked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
