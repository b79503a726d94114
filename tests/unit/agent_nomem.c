/* SPDX-License-Identifier: ISC */
/*
 * Memory runs out at every allocation of every request, once and for good: nothing
 * is granted then that would not be granted otherwise (an error that became
 * consent was CVE-2025-26465), nothing crashes, and afterwards all is as before.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <event2/event.h>

#include <errno.h>
#include <fcntl.h>

#include "tests/fuzz/agent_fixture.h"

#include "src/agent/control.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define POINTS_MAX 20000

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define CAN_FAIL 0
#else
#define CAN_FAIL 1
#endif

/* What malloc() and its like do: nothing, or fail from the n-th call on. */
static struct {
	bool armed, for_good;
	unsigned long left;
	unsigned long failed;
} plan;

#if CAN_FAIL
static bool
fails(void)
{
	if (!__atomic_load_n(&plan.armed, __ATOMIC_RELAXED))
		return false;
	if (plan.left > 0) {
		plan.left--;
		return false;
	}
	if (!plan.for_good)
		plan.armed = false;
	plan.failed++;
	errno = ENOMEM;
	return true;
}

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);

void *
malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *
realloc(void *p, size_t size)
{
	return fails() ? NULL : __libc_realloc(p, size);
}
#endif

/* A request, and what must not come of it, however memory is. */
struct request {
	const char *name;
	enum conn_kind kind;
	uint8_t type;
	void (*body)(struct buf *b);
	void (*prepare)(struct server *s, struct conn *c); /* or NULL */
	uint8_t never; /* this answer; 0: any may come */
	bool file;     /* a descriptor comes with it, to which nothing goes */
};

static struct {
	uint8_t blob[2][1024]; /* public halves: ed, rsa */
	size_t len[2];
	size_t count;
	int file;
} known;

static void
know_key(void *arg, const uint8_t *blob, size_t len, const char *name)
{
	size_t i = strcmp(name, "ed") == 0 ? 0 : 1;

	(void)arg;
	assert_true(len <= sizeof(known.blob[0]));
	memcpy(known.blob[i], blob, len);
	known.len[i] = len;
	known.count++;
}

static void
put_nothing(struct buf *b)
{
	(void)b;
}

static void
put_password(struct buf *b)
{
	buf_put_cstring(b, "wrong");
}

static void
put_sign(struct buf *b)
{
	buf_put_string(b, known.blob[0], known.len[0]);
	buf_put_cstring(b, "data");
	buf_put_u32(b, 0);
}

static void
put_sign_rsa(struct buf *b)
{
	buf_put_string(b, known.blob[1], known.len[1]);
	buf_put_cstring(b, "data");
	buf_put_u32(b, 4);
}

static void
put_query(struct buf *b)
{
	buf_put_cstring(b, "query");
}

/* Nobody has signed this. */
static void
put_binding(struct buf *b)
{
	struct buf inner = BUF_INIT;

	buf_put_cstring(b, "session-bind@openssh.com");
	buf_put_string(b, known.blob[0], known.len[0]);
	buf_put_cstring(b, "session");
	buf_put_cstring(&inner, "ssh-ed25519");
	buf_put_string(&inner, known.blob[1], 64);
	buf_put_string(b, inner.data, inner.len);
	buf_put_u8(b, 0);
	buf_free(&inner);
}

static void
put_control_sign(struct buf *b)
{
	buf_put_string(b, known.blob[0], known.len[0]);
	buf_put_cstring(b, "ssh-ed25519");
	buf_put_cstring(b, "data");
}

static void
put_name(struct buf *b)
{
	buf_put_cstring(b, "ed");
}

static void
put_names(struct buf *b)
{
	buf_put_u32(b, 1);
	buf_put_cstring(b, "ed");
}

static void
put_rename(struct buf *b)
{
	buf_put_cstring(b, "ed");
	buf_put_cstring(b, "rsa"); /* is taken */
}

static void
put_no_confirm(struct buf *b)
{
	buf_put_cstring(b, "rsa");
	buf_put_u8(b, 0);
}

static void
put_cost(struct buf *b)
{
	buf_put_u32(b, 0);
	buf_put_u32(b, 0);
}

static void
put_hello(struct buf *b)
{
	buf_put_u32(b, CONTROL_VERSION);
	buf_put_cstring(b, "/another/vault");
	buf_put_cstring(b, "/another/seen");
}

static void
put_unlock(struct buf *b)
{
	buf_put_u8(b, 1);
	buf_put_u32(b, 0);
}

static void
lock_socket(struct server *s, struct conn *c)
{
	(void)c;
	s->ssh_lock = secret_copy("right", 5);
	assert_non_null(s->ssh_lock);
}

/* Whom to ask: one who says no. */
static void
have_asker(struct server *s, struct conn *c)
{
	(void)c;
	s->environment = calloc(2, sizeof(*s->environment));
	assert_non_null(s->environment);
	s->environment[0] = strdup("SSH_ASKPASS=/bin/false");
	assert_non_null(s->environment[0]);
}

static void
be_far(struct server *s, struct conn *c)
{
	(void)s;
	c->forwarded = true;
}

static void
be_greeted(struct server *s, struct conn *c)
{
	(void)s;
	c->control.greeted = c->control.same_vault = true;
}

static void
be_for_another(struct server *s, struct conn *c)
{
	(void)s;
	c->control.greeted = true;
}

static void
guess(struct server *s, struct conn *c)
{
	be_greeted(s, c);
	c->control.vault_pass = secret_copy("wrong", 5);
	assert_non_null(c->control.vault_pass);
}

enum { SUCCESS = 6, LIST_ANSWER = 12, SIGN_ANSWER = 14 };

/* "rsa" wants to be confirmed. */
static const struct request requests[] = {
	{ "list", CONN_SSH, 11, put_nothing, NULL, 0, false },
	{ "sign", CONN_SSH, 13, put_sign, NULL, 0, false },
	{ "sign, to be confirmed", CONN_SSH, 13, put_sign_rsa, NULL,
	    SIGN_ANSWER, false },
	{ "sign, not confirmed", CONN_SSH, 13, put_sign_rsa, have_asker,
	    SIGN_ANSWER, false },
	{ "sign, locked", CONN_SSH, 13, put_sign, lock_socket, SIGN_ANSWER,
	    false },
	{ "unlock, wrong", CONN_SSH, 23, put_password, lock_socket, SUCCESS,
	    false },
	{ "lock, forwarded", CONN_SSH, 22, put_password, be_far, SUCCESS,
	    false },
	{ "add", CONN_SSH, 17, put_sign, NULL, SUCCESS, false },
	{ "remove all", CONN_SSH, 19, put_nothing, NULL, SUCCESS, false },
	{ "query", CONN_SSH, 27, put_query, NULL, 0, false },
	{ "a binding", CONN_SSH, 27, put_binding, NULL, SUCCESS, false },
	{ "no greeting", CONN_CONTROL, CONTROL_LIST, put_nothing, NULL,
	    CONTROL_OK, false },
	{ "another vault", CONN_CONTROL, CONTROL_LIST, put_nothing,
	    be_for_another, CONTROL_OK, false },
	{ "hello", CONN_CONTROL, CONTROL_HELLO, put_hello, NULL, 0, false },
	{ "status", CONN_CONTROL, CONTROL_STATUS, put_nothing, be_greeted, 0,
	    false },
	{ "keys", CONN_CONTROL, CONTROL_LIST, put_nothing, be_greeted, 0,
	    false },
	{ "public", CONN_CONTROL, CONTROL_PUBLIC, put_name, be_greeted, 0,
	    false },
	{ "control sign", CONN_CONTROL, CONTROL_SIGN, put_control_sign,
	    be_greeted, 0, false },
	{ "export", CONN_CONTROL, CONTROL_EXPORT, put_name, be_greeted,
	    CONTROL_OK, true },
	{ "export, wrong", CONN_CONTROL, CONTROL_EXPORT, put_name, guess,
	    CONTROL_OK, true },
	{ "remove", CONN_CONTROL, CONTROL_REMOVE, put_names, be_greeted,
	    CONTROL_OK, false },
	{ "remove, wrong", CONN_CONTROL, CONTROL_REMOVE, put_names, guess,
	    CONTROL_OK, false },
	{ "rename", CONN_CONTROL, CONTROL_RENAME, put_rename, be_greeted,
	    CONTROL_OK, false },
	{ "set --no-confirm", CONN_CONTROL, CONTROL_SET, put_no_confirm,
	    be_greeted, CONTROL_OK, false },
	{ "passwd", CONN_CONTROL, CONTROL_PASSWD, put_cost, be_greeted,
	    CONTROL_OK, false },
	{ "passwd, wrong", CONN_CONTROL, CONTROL_PASSWD, put_cost, guess,
	    CONTROL_OK, false },
	{ "unlock, wrong", CONN_CONTROL, CONTROL_UNLOCK, put_unlock, guess,
	    CONTROL_OK, false },
	{ "check", CONN_CONTROL, CONTROL_CHECK, put_nothing, be_greeted, 0,
	    false },
};

/* The type of the last answer; 0: none, the connection ends instead. */
static uint8_t
last_answer(const struct conn *c)
{
	const uint8_t *at;
	uint8_t last = 0;
	struct wire w;
	size_t len;

	if (c->closing || !buf_ok(&c->out))
		return 0;
	wire_init(&w, c->out.data, c->out.len);
	while (w.left > 0) {
		at = wire_string(&w, &len);
		assert_true(wire_ok(&w) && len >= 1);
		last = *at;
	}
	return last;
}

static void
fill(struct conn *c, const struct request *q)
{
	struct buf b = BUF_INIT;
	bool secret;

	q->body(&b);
	assert_true(buf_ok(&b));
	c->head[4] = q->type;
	if (q->kind == CONN_SSH)
		(void)sshagent_limit(q->type, &secret);
	else
		(void)control_limit(q->type, &secret);
	if (secret)
		assert_non_null(c->secret = secret_copy(b.data, b.len));
	else
		buf_put(&c->body, b.data, b.len);
	assert_true(buf_ok(&c->body));
	if (q->file) {
		c->passed = fcntl(known.file, F_DUPFD_CLOEXEC, 10);
		assert_true(c->passed != -1);
	}
	buf_free(&b);
}

/* As it was before, whatever has happened. */
static void
set_right(struct server *s)
{
	struct secret *pass;

	secret_free(s->ssh_lock);
	s->ssh_lock = NULL;
	if (s->environment != NULL)
		free(s->environment[0]);
	free(s->environment);
	s->environment = NULL;
	memset(&s->vault_guesses, 0, sizeof(s->vault_guesses));
	memset(&s->ssh_guesses, 0, sizeof(s->ssh_guesses));
	if (keeper_refresh(s->keeper, NULL) != 0) {
		pass =
		    secret_copy(FIXTURE_PASSPHRASE, strlen(FIXTURE_PASSPHRASE));
		assert_int_equal(keeper_unlock(s->keeper, pass, NULL), 0);
		secret_free(pass);
	}
	server_used(s);
}

static bool
try_request(struct server *s, const struct request *q, unsigned long point,
    bool for_good)
{
	struct conn *c = conn_new(s, q->kind, -1);
	uint8_t answer;
	bool hit;

	assert_non_null(c);
	if (q->prepare != NULL)
		q->prepare(s, c);
	fill(c, q);
	plan.left = point;
	plan.failed = 0;
	plan.for_good = for_good;
	plan.armed = true;
	conn_dispatch(c);
	/* A passphrase is being tried. */
	for (int i = 0; c->busy && i < 1000; i++)
		if (event_base_loop(s->base, EVLOOP_ONCE) != 0)
			break;
	plan.armed = false;
	hit = plan.failed > 0;
	for (int i = 0; c->busy && i < 1000; i++)
		assert_int_equal(event_base_loop(s->base, EVLOOP_ONCE), 0);
	assert_false(c->busy);
	answer = last_answer(c);
	if (q->never != 0 && answer == q->never)
		fail_msg("%s: granted, at allocation %lu", q->name, point);
	if (q->kind == CONN_SSH && s->ssh_lock == NULL &&
	    q->prepare == lock_socket)
		fail_msg("%s: unlocked, at allocation %lu", q->name, point);
	assert_int_equal(lseek(known.file, 0, SEEK_END), 0);
	conn_free(c);
	set_right(s);
	assert_int_equal(keeper_count(s->keeper), FIXTURE_KEYS);
	return hit;
}

static void
nothing_is_granted(void **state)
{
	struct server *s = fixture_server();
	unsigned long points = 0;
	char path[80];

	(void)state;
	if (!CAN_FAIL) {
		print_message(
		    "SKIP nothing_is_granted: not under a sanitizer\n");
		skip();
	}
	keeper_each_public(s->keeper, know_key, NULL);
	assert_int_equal(known.count, FIXTURE_KEYS);
	assert_int_equal(keeper_set_confirm(s->keeper, "rsa", true, NULL), 0);
	snprintf(path, sizeof(path), "%s/file", fixture_folder);
	known.file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(known.file != -1);
	unlink(path);
	for (size_t i = 0; i < COUNT(requests); i++) {
		/* The first time costs more. */
		(void)try_request(s, &requests[i], POINTS_MAX, false);
		for (int good = 0; good <= 1; good++) {
			unsigned long n = 0;

			while (try_request(s, &requests[i], n, good) &&
			    n < POINTS_MAX)
				n++;
			assert_true(n < POINTS_MAX);
			points += n;
		}
	}
	print_message(
	    "%zu requests, %lu allocations\n", COUNT(requests), points);
	close(known.file);
	server_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_granted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
