/* SPDX-License-Identifier: ISC */
/*
 * Who can write to the vault's folder, and has not its passphrase, puts a vault of
 * his own in its place for a moment: what that one's passphrase has allowed
 * must not be allowed for ours.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <event2/event.h>

#include <dirent.h>
#include <fcntl.h>
#include <time.h>

#include "tests/fuzz/agent_fixture.h"

#include "src/agent/control.h"

#define STRANGE "a stranger's own words"

static char aside[128], aside_bak[128], bak[128];

static struct secret *
words(const char *text)
{
	struct secret *s = secret_copy(text, strlen(text));

	assert_non_null(s);
	return s;
}

static void
put_aside(const struct keeper *k)
{
	snprintf(bak, sizeof(bak), "%s.bak", keeper_path(k));
	snprintf(aside, sizeof(aside), "%s/aside", fixture_folder);
	snprintf(aside_bak, sizeof(aside_bak), "%s/aside.bak", fixture_folder);
	assert_int_equal(rename(keeper_path(k), aside), 0);
	assert_int_equal(rename(bak, aside_bak), 0);
}

static void
put_back(const struct keeper *k)
{
	assert_int_equal(rename(aside, keeper_path(k)), 0);
	assert_int_equal(rename(aside_bak, bak), 0);
}

static struct conn *
greeted(struct server *s)
{
	struct conn *c = conn_new(s, CONN_CONTROL, -1);

	assert_non_null(c);
	c->control.greeted = c->control.same_vault = true;
	return c;
}

/* The last answer; its type. */
static uint8_t
ask(struct conn *c, uint8_t type, const struct buf *body)
{
	uint8_t last = 0;
	struct wire w;
	size_t len;

	c->head[4] = type;
	buf_clear(&c->out);
	if (body != NULL)
		buf_put(&c->body, body->data, body->len);
	conn_dispatch(c);
	wire_init(&w, c->out.data, c->out.len);
	while (w.left > 0)
		last = *wire_string(&w, &len);
	return last;
}

static size_t
threads(void)
{
	DIR *d = opendir("/proc/self/task");
	size_t n = 0;

	assert_non_null(d);
	for (struct dirent *at; (at = readdir(d)) != NULL;)
		n += at->d_name[0] != '.';
	closedir(d);
	return n;
}

/* What the thread has made waits for the event loop. */
static void
wait_for_thread(size_t before)
{
	const struct timespec ms = { 0, 1000000 };

	for (int i = 0; threads() > before && i < 20000; i++)
		nanosleep(&ms, NULL);
	assert_int_equal(threads(), before);
}

static uint8_t export(struct server *s, struct conn *c)
{
	char path[128];
	struct buf b = BUF_INIT;
	uint8_t answer;

	snprintf(path, sizeof(path), "%s/stolen", fixture_folder);
	c->passed = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(c->passed != -1);
	unlink(path);
	buf_put_cstring(&b, "ed");
	answer = ask(c, CONTROL_EXPORT, &b);
	for (int i = 0; c->busy && i < 1000; i++)
		assert_int_equal(event_base_loop(s->base, EVLOOP_ONCE), 0);
	buf_free(&b);
	return answer;
}

static void
made_while_another_opens(void **state)
{
	struct server *s = fixture_server();
	struct conn *user, *stranger;
	struct buf b = BUF_INIT;
	size_t before;

	(void)state;
	server_lock(s);
	before = threads();
	user = greeted(s);
	user->control.vault_pass = words(FIXTURE_PASSPHRASE);
	buf_put_u8(&b, 0);
	buf_put_u32(&b, 0);
	assert_int_equal(ask(user, CONTROL_UNLOCK, &b), 0);
	assert_true(user->busy);
	wait_for_thread(before);

	put_aside(s->keeper);
	stranger = greeted(s);
	stranger->control.new_pass = words(STRANGE);
	buf_clear(&b);
	buf_put_u32(&b, 64);
	buf_put_u32(&b, 0);
	assert_int_equal(ask(stranger, CONTROL_INIT, &b), CONTROL_OK);
	put_back(s->keeper);
	for (int i = 0; user->busy && i < 1000; i++)
		assert_int_equal(event_base_loop(s->base, EVLOOP_ONCE), 0);

	assert_int_not_equal(export(s, stranger), CONTROL_OK);
	conn_free(stranger);
	conn_free(user);
	buf_free(&b);
	server_lock(s);
}

/* Where the files are exchanged between looking at them and reading them. */
static void
opened_while_another_is_open(void **state)
{
	struct server *s = fixture_server();
	struct keeper *k = s->keeper;
	const struct vault_kdf kdf = { 8, 1 };
	const struct vault_place place = { .path = keeper_path(k),
		.seen = keeper_seen(k) };
	struct secret *ours = words(FIXTURE_PASSPHRASE);
	struct secret *strange = words(STRANGE);
	struct vault *v;
	struct err e;

	(void)state;
	put_aside(k);
	assert_int_equal(vault_create(&place, strange, &kdf, &v, NULL), 0);
	vault_close(v);
	assert_int_equal(keeper_unlock(k, strange, &e), 0);
	/* The same once more is no other. */
	assert_int_equal(keeper_take(k, keeper_open(k, strange), true, &e), 0);
	put_back(k);
	assert_int_equal(
	    keeper_take(k, keeper_open(k, ours), true, &e), ERR_FAILED);
	assert_int_equal(keeper_count(k), 0);
	assert_int_equal(keeper_refresh(k, &e), ERR_LOCKED);
	assert_int_equal(keeper_unlock(k, ours, &e), 0);
	assert_int_equal(keeper_count(k), FIXTURE_KEYS);
	secret_free(ours);
	secret_free(strange);
}

/* The .bak, in which the key need not be confirmed yet. */
static void
older_again(void **state)
{
	struct server *s = fixture_server();
	struct keeper *k = s->keeper;
	struct secret *ours = words(FIXTURE_PASSPHRASE);
	struct err e;

	(void)state;
	if (keeper_locked(k))
		assert_int_equal(keeper_unlock(k, ours, &e), 0);
	assert_int_equal(keeper_set_confirm(k, "ed", true, &e), 0);
	assert_int_equal(keeper_refresh(k, &e), 0);
	assert_int_equal(rename(bak, keeper_path(k)), 0);
	assert_int_equal(keeper_refresh(k, &e), ERR_LOCKED);
	assert_true(keeper_locked(k));
	/* Whoever has the passphrase may look at it. */
	assert_int_equal(keeper_unlock(k, ours, &e), 0);
	assert_int_equal(keeper_refresh(k, &e), 0);
	assert_int_equal(keeper_count(k), FIXTURE_KEYS);
	secret_free(ours);
}

static int
end(void **state)
{
	(void)state;
	server_free(fixture_server());
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_while_another_opens),
		cmocka_unit_test(opened_while_another_is_open),
		cmocka_unit_test(older_again),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
