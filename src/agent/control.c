/* SPDX-License-Identifier: ISC */

/*
 * The control protocol: a table of requests, with what each one needs before it
 * is looked at.
 */

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>

#include "pemkeep/base/path.h"
#include "vault/secret.h"

#include "src/agent/control.h"
#include "src/agent/maker.h"
#include "src/agent/server.h"
#include "src/agent/system.h"

#define REMOVE_MAX 65536u

static void
answer(struct conn *c, int r, const struct err *e)
{
	if (r == 0)
		control_ok(c);
	else
		control_error(c, e);
}

static void
refuse(struct conn *c, const char *why)
{
	struct err e;

	err_set(&e, ERR_FORMAT, "%s", why);
	control_error(c, &e);
}

static void
nonsense(struct conn *c)
{
	refuse(c, "the agent was asked nonsense");
}

/* All of the message as 'count' texts; false: that it is not, and said so. */
static bool
get_texts(struct conn *c, char **texts, size_t count)
{
	bool ok = true;
	struct wire w;

	wire_init(&w, c->body.data, c->body.len);
	for (size_t i = 0; i < count; i++)
		ok = (texts[i] = control_get_text(&w)) != NULL && ok;
	if (ok && wire_done(&w))
		return true;
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	nonsense(c);
	return false;
}

static void
put_key(struct conn *c, const struct keeper_key *key)
{
	struct buf b = BUF_INIT;

	control_put_key(&b, key);
	control_answer(c, CONTROL_KEY, &b);
	buf_free(&b);
}

static void
lock(struct conn *c)
{
	server_lock(c->server);
	control_ok(c);
}

static void
stop(struct conn *c)
{
	server_lock(c->server);
	control_ok(c);
	server_stop(c->server);
}

/* From the process of one command to the agent of all. */
static void
stay(struct conn *c)
{
	struct server *s = c->server;
	struct err e = { ERR_OK, "", "" };
	int r = 0;

	if (!s->staying)
		r = server_listen(s, &e);
	if (r == 0 && !s->foreground)
		system_detach();
	answer(c, r, &e);
}

static uint8_t
memory_state(void)
{
	int locked = secret_locked();

	return locked == 0 ? 0 : locked == 1 ? 1 : 2;
}

static void
status(struct conn *c)
{
	struct server *s = c->server;
	bool open = !keeper_locked(s->keeper);
	uint64_t used = system_now_ms() - s->used_ms;
	struct buf b = BUF_INIT;

	buf_put_u32(&b, (uint32_t)getpid());
	buf_put_u8(&b, open);
	buf_put_u32(&b, (uint32_t)keeper_count(s->keeper));
	buf_put_u32(&b,
	    open && used < s->idle_ms ? (uint32_t)((s->idle_ms - used) / 1000)
				      : 0);
	buf_put_u8(&b, memory_state());
	buf_put_string(&b, s->place.ssh.data, s->place.ssh.len);
	control_answer(c, CONTROL_OK, &b);
	buf_free(&b);
}

static void
list(struct conn *c)
{
	struct keeper_keys keys = { 0 };
	struct err e;
	int r;

	if ((r = keeper_list(c->server->keeper, &keys, &e)) == 0)
		for (size_t i = 0; i < keys.count; i++)
			put_key(c, &keys.list[i]);
	answer(c, r, &e);
	keeper_keys_clear(&keys);
}

static void public(struct conn *c)
{
	struct keeper_key key;
	struct err e;
	char *name;
	int r;

	if (!get_texts(c, &name, 1))
		return;
	r = keeper_public(c->server->keeper, name, &key, &e);
	if (r == 0)
		put_key(c, &key);
	answer(c, r, &e);
	keeper_key_clear(&key);
	free(name);
}

static void
sign(struct conn *c)
{
	struct buf signature = BUF_INIT, b = BUF_INIT;
	struct sign_request request;
	struct wire w;
	struct err e;
	char *algorithm;
	int r;

	wire_init(&w, c->body.data, c->body.len);
	request.blob = wire_string(&w, &request.blob_len);
	request.algorithm = algorithm = control_get_text(&w);
	request.data = wire_string(&w, &request.len);
	if (algorithm == NULL || !wire_done(&w)) {
		nonsense(c);
	} else if ((r = sign_for(c, &request, &signature, &e)) == 0) {
		buf_put_string(&b, signature.data, signature.len);
		control_answer(c, CONTROL_OK, &b);
	} else if (r != SIGN_LATER) {
		control_error(c, &e);
	}
	free(algorithm);
	buf_free(&signature);
	buf_free(&b);
}

static void
on_made(void *arg, int status, const struct secret *der)
{
	struct control_state *state = &((struct conn *)arg)->control;
	struct conn *c = arg;
	struct err e;

	c->child = NULL;
	err_set(&e, ERR_FAILED, "the key could not be made");
	if (status == 0 && der != NULL)
		state->made = secret_copy(secret_bytes(der), secret_len(der));
	if (state->made == NULL)
		conn_fail(c, &e);
	conn_later(c, 0);
}

/* The key that was made for this request is stored. */
static void
store_made(struct conn *c, const char *name, const char *type)
{
	struct control_state *state = &c->control;
	struct keeper_key key;
	struct err e;
	int r;

	r = keeper_generate(
	    c->server->keeper, name, type, state->made, &key, &e);
	secret_free(state->made);
	state->made = NULL;
	if (r == 0)
		put_key(c, &key);
	answer(c, r, &e);
	keeper_key_clear(&key);
}

static void
generate(struct conn *c)
{
	const struct keeper *k = c->server->keeper;
	struct wire w;
	struct err e;
	char *name, *type;
	uint32_t bits;

	wire_init(&w, c->body.data, c->body.len);
	name = control_get_text(&w);
	type = control_get_text(&w);
	bits = wire_u32(&w);
	if (name == NULL || type == NULL || !wire_done(&w))
		nonsense(c);
	else if (c->control.made != NULL)
		store_made(c, name, type);
	else if (conn_failed(c, &e) ||
	    keeper_can_generate(k, name, type, bits, &e) != 0 ||
	    maker_start(c, type, bits, on_made, &e) != 0)
		control_error(c, &e);
	free(name);
	free(type);
}

/* Only regular files are written to: they cannot make us wait. */
static void export(struct conn *c)
{
	struct keeper_key key;
	struct stat st;
	struct err e;
	char *name;
	int r;

	if (c->passed == -1 || fstat(c->passed, &st) == -1 ||
	    !S_ISREG(st.st_mode)) {
		refuse(c, "a key is only written to a regular file");
		return;
	}
	if (!get_texts(c, &name, 1))
		return;
	r = keeper_public(c->server->keeper, name, &key, &e);
	keeper_key_clear(&key);
	if (r != 0 || unlocking_again(c)) {
		if (r == 0)
			r = keeper_export(
			    c->server->keeper, name, c->passed, &e);
		answer(c, r, &e);
	}
	free(name);
}

static void
rename_key(struct conn *c)
{
	struct err e;
	char *names[2];

	if (!get_texts(c, names, 2))
		return;
	answer(c, keeper_rename(c->server->keeper, names[0], names[1], &e), &e);
	free(names[0]);
	free(names[1]);
}

static void
remove_keys(struct conn *c)
{
	char **names = NULL;
	bool ok = false;
	uint32_t count;
	struct wire w;
	struct err e;

	wire_init(&w, c->body.data, c->body.len);
	count = wire_u32(&w);
	if (count >= 1 && count <= REMOVE_MAX &&
	    (names = calloc(count, sizeof(*names))) != NULL) {
		ok = true;
		for (uint32_t i = 0; i < count && ok; i++)
			ok = (names[i] = control_get_text(&w)) != NULL;
	}
	if (!ok || !wire_done(&w))
		nonsense(c);
	else if (unlocking_again(c))
		answer(
		    c, keeper_remove(c->server->keeper, names, count, &e), &e);
	for (uint32_t i = 0; names != NULL && i < count; i++)
		free(names[i]);
	free(names);
}

static void
set(struct conn *c)
{
	struct wire w;
	struct err e;
	bool confirm;
	char *name;

	wire_init(&w, c->body.data, c->body.len);
	name = control_get_text(&w);
	confirm = wire_u8(&w) != 0;
	/* Whoever could switch it off freely would not need to be asked. */
	if (name == NULL || !wire_done(&w))
		nonsense(c);
	else if (confirm || unlocking_again(c))
		answer(c,
		    keeper_set_confirm(c->server->keeper, name, confirm, &e),
		    &e);
	free(name);
}

static void
on_finding(void *arg, const struct keeper_finding *f)
{
	struct buf b = BUF_INIT;

	buf_put_cstring(&b, f->id);
	buf_put_cstring(&b, f->severity);
	buf_put_cstring(&b, f->text);
	buf_put_cstring(&b, f->hint);
	control_answer(arg, CONTROL_FINDING, &b);
	buf_free(&b);
}

static void
check(struct conn *c)
{
	keeper_check(c->server->keeper, on_finding, c);
	control_ok(c);
}

static void
on_mode(void *arg, const char *path, unsigned was, unsigned now)
{
	struct buf b = BUF_INIT;

	buf_put_cstring(&b, path);
	buf_put_u32(&b, was);
	buf_put_u32(&b, now);
	control_answer(arg, CONTROL_MODE, &b);
	buf_free(&b);
}

static void
repair(struct conn *c)
{
	struct err e;

	answer(c, keeper_repair(c->server->keeper, on_mode, c, &e), &e);
}

static void
flush(struct conn *c)
{
	struct err e;

	answer(c, keeper_flush(c->server->keeper, &e), &e);
}

enum { NEEDS_HELLO = 1, NEEDS_VAULT = 2, NEEDS_KEYS = 4, IS_USE = 8 };

/* What works with keys needs all before it. */
enum {
	HELLO = NEEDS_HELLO,
	VAULT = NEEDS_HELLO | NEEDS_VAULT,
	KEYS = VAULT | NEEDS_KEYS,
	USE = KEYS | IS_USE
};

static const struct request {
	void (*handle)(struct conn *c);
	unsigned needs;
} requests[] = {
	[CONTROL_HELLO] = { unlocking_hello, 0 },
	[CONTROL_PASSPHRASE] = { unlocking_passphrase, VAULT },
	[CONTROL_UNLOCK] = { unlocking_unlock, VAULT },
	[CONTROL_LOCK] = { lock, HELLO },
	[CONTROL_STAY] = { stay, HELLO },
	[CONTROL_STOP] = { stop, 0 },
	[CONTROL_STATUS] = { status, HELLO },
	[CONTROL_LIST] = { list, KEYS },
	[CONTROL_PUBLIC] = { public, KEYS },
	[CONTROL_SIGN] = { sign, KEYS },
	[CONTROL_INIT] = { unlocking_init, VAULT },
	[CONTROL_GENERATE] = { generate, USE },
	[CONTROL_IMPORT] = { control_import, USE },
	[CONTROL_COMMIT] = { control_commit, USE },
	[CONTROL_HOLDS] = { control_holds, USE },
	[CONTROL_EXPORT] = { export, USE },
	[CONTROL_RENAME] = { rename_key, USE },
	[CONTROL_REMOVE] = { remove_keys, USE },
	[CONTROL_PASSWD] = { unlocking_passwd, USE },
	[CONTROL_CHECK] = { check, USE },
	[CONTROL_REPAIR] = { repair, VAULT },
	[CONTROL_RESTORE] = { unlocking_restore, VAULT },
	[CONTROL_SET] = { set, USE },
	[CONTROL_LOAD] = { control_load, VAULT },
	[CONTROL_FLUSH] = { flush, USE },
	[CONTROL_SAME] = { control_same, USE },
	[CONTROL_PASSWORD] = { control_password, USE },
};

static const struct request *
find(uint8_t type)
{
	if (type >= sizeof(requests) / sizeof(requests[0]) ||
	    requests[type].handle == NULL)
		return NULL;
	return &requests[type];
}

size_t
control_limit(uint8_t type, bool *secret)
{
	*secret = type == CONTROL_PASSPHRASE;
	return *secret ? CONTROL_SECRET_MAX : CONTROL_MAX;
}

/* May it be looked at?  If not, the answer is given. */
static bool
admit(struct conn *c, const struct request *request)
{
	struct server *s = c->server;
	struct err e;

	if (s->loaded != NULL) { /* that one can only sign */
		if (c->head[4] == CONTROL_SIGN)
			return true;
		refuse(c, "this keeper can only sign");
		return false;
	}
	if ((request->needs & NEEDS_HELLO) && !c->control.greeted) {
		nonsense(c);
		return false;
	}
	if ((request->needs & NEEDS_VAULT) && !c->control.same_vault) {
		refuse(c, "this agent has another vault");
		return false;
	}
	if ((request->needs & NEEDS_KEYS) && server_refresh(s, &e) != 0) {
		control_error(c, &e);
		return false;
	}
	if (request->needs & NEEDS_KEYS)
		keeper_tell(s->keeper, &c->control.told);
	if (request->needs & IS_USE)
		server_used(s);
	return true;
}

void
control_request(struct conn *c)
{
	const struct request *request = find(c->head[4]);

	if (request == NULL)
		refuse(c, "the agent does not know this request");
	else if (c->head[4] == CONTROL_PASSPHRASE && c->control.same_vault)
		unlocking_passphrase(c);
	else if (c->head[4] == CONTROL_PASSPHRASE)
		c->closing = true;
	else if (admit(c, request))
		request->handle(c);
}
