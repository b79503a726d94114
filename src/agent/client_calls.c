/* SPDX-License-Identifier: ISC */

/* The calls of the keeper, each as a request. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/agent/client_internal.h"
#include "src/agent/control.h"
#include "src/agent/maker.h"

/* With the vault unlocked; the body is freed. */
static int
call_unlocked(struct client *c, struct client_call *call, struct buf *body,
    struct wire *w, struct err *e)
{
	struct wire ignored;
	int r = client_unlock(c, 0, e);

	call->body = body;
	if (r == 0)
		r = client_ask(c, call, w != NULL ? w : &ignored, e);
	if (body != NULL)
		buf_free(body);
	return r;
}

static int
call_names(
    struct client *c, uint8_t type, const char *a, const char *b, struct err *e)
{
	struct client_call call = { .type = type, .fd = -1 };
	struct buf body = BUF_INIT;

	buf_put_cstring(&body, a);
	if (b != NULL)
		buf_put_cstring(&body, b);
	return call_unlocked(c, &call, &body, NULL, e);
}

static bool
on_listed(void *arg, uint8_t type, struct wire *w)
{
	struct keeper_keys *keys = arg;
	struct keeper_key *list;

	if (type != CONTROL_KEY)
		return false;
	/* Doubled at each power of two. */
	if ((keys->count & (keys->count - 1)) == 0) {
		size_t room = keys->count == 0 ? 1 : keys->count * 2;

		list = realloc(keys->list, room * sizeof(*list));
		if (list == NULL)
			return false;
		keys->list = list;
	}
	if (!control_get_key(w, &keys->list[keys->count]))
		return false;
	keys->count++;
	return wire_done(w);
}

int
client_list(struct client *c, struct keeper_keys *keys, struct err *e)
{
	struct client_call call = {
		.type = CONTROL_LIST, .fd = -1, .news = on_listed, .arg = keys
	};
	int r;

	memset(keys, 0, sizeof(*keys));
	if ((r = call_unlocked(c, &call, NULL, NULL, e)) != 0)
		keeper_keys_clear(keys);
	return r;
}

int
client_keys_public(struct client *c, struct keeper_keys *keys, struct err *e)
{
	const struct client_call call = {
		.type = CONTROL_LIST, .fd = -1, .news = on_listed, .arg = keys
	};
	struct wire w;
	int r;

	memset(keys, 0, sizeof(*keys));
	if (c->options.no_agent || c->other ||
	    (r = client_attach(c, e)) == ERR_NOT_FOUND ||
	    (r == 0 && !c->unlocked))
		return err_set(e, ERR_LOCKED, "the vault is locked");
	if (r == 0 && (r = client_ask(c, &call, &w, e)) != 0)
		keeper_keys_clear(keys);
	return r;
}

static bool
on_key(void *arg, uint8_t type, struct wire *w)
{
	struct keeper_key *key = arg;

	return type == CONTROL_KEY && key->name == NULL &&
	    control_get_key(w, key) && wire_done(w);
}

/* A call that answers with one key. */
static int
call_for_key(struct client *c, uint8_t type, struct buf *body,
    struct keeper_key *key, struct err *e)
{
	struct client_call call = { .type = type,
		.fd = -1,
		.limit_ms = type == CONTROL_GENERATE ? MAKER_LIMIT_MS : 0,
		.news = on_key,
		.arg = key };
	int r;

	memset(key, 0, sizeof(*key));
	r = call_unlocked(c, &call, body, NULL, e);
	if (r == 0 && key->name == NULL)
		r = client_nonsense(e);
	if (r != 0)
		keeper_key_clear(key);
	return r;
}

int
client_public(
    struct client *c, const char *name, struct keeper_key *key, struct err *e)
{
	struct buf b = BUF_INIT;

	buf_put_cstring(&b, name);
	return call_for_key(c, CONTROL_PUBLIC, &b, key, e);
}

int
client_generate(struct client *c, const char *name, const char *type,
    unsigned bits, struct keeper_key *made, struct err *e)
{
	struct buf b = BUF_INIT;

	buf_put_cstring(&b, name);
	buf_put_cstring(&b, type);
	buf_put_u32(&b, bits);
	return call_for_key(c, CONTROL_GENERATE, &b, made, e);
}

static int
sign_once(struct client *c, struct client_call *call, struct buf *signature,
    struct err *e)
{
	const uint8_t *bytes;
	struct wire w;
	size_t len;
	int r;

	if (c->loaded && c->fd == -1)
		return err_set(e, ERR_FAILED, "the keeper of this key is gone");
	if ((!c->loaded && (r = client_unlock(c, 0, e)) != 0) ||
	    (r = client_ask(c, call, &w, e)) != 0)
		return r;
	bytes = wire_string(&w, &len);
	if (!wire_done(&w))
		return client_nonsense(e);
	buf_put(signature, bytes, len);
	if (!buf_ok(signature))
		return err_set(e, ERR_NOMEM, "out of memory");
	return 0;
}

/*
 * It may have been locked or started anew since we last heard of it; then once
 * more from the beginning.
 */
int
client_sign(struct client *c, const uint8_t *blob, size_t blob_len,
    const char *algorithm, const void *data, size_t len, struct buf *signature,
    struct err *e)
{
	struct client_call call = { .type = CONTROL_SIGN, .fd = -1 };
	bool known = c->fd != -1 && c->unlocked;
	struct buf b = BUF_INIT;
	int r;

	buf_put_string(&b, blob, blob_len);
	buf_put_cstring(&b, algorithm);
	buf_put_string(&b, data, len);
	call.body = &b;
	r = sign_once(c, &call, signature, e);
	if (known && !c->loaded &&
	    (r == ERR_LOCKED || (r != 0 && c->fd == -1))) {
		client_hang_up(c);
		r = sign_once(c, &call, signature, e);
	}
	buf_free(&b);
	return r;
}

int
client_load(
    struct client *c, int fd, const char *path, struct buf *blob, struct err *e)
{
	struct client_call call = { .type = CONTROL_LOAD, .fd = fd };
	struct buf b = BUF_INIT;
	const uint8_t *bytes;
	struct wire w;
	size_t len;
	int r;

	if (!c->options.no_agent || c->fd != -1)
		return err_set(e, ERR_FAILED, "that needs a client of its own");
	buf_put_cstring(&b, path);
	call.body = &b;
	if ((r = client_start(c, e)) == 0 &&
	    (r = client_ask(c, &call, &w, e)) == 0) {
		bytes = wire_string(&w, &len);
		if (wire_done(&w))
			buf_put(blob, bytes, len);
		else
			r = client_nonsense(e);
		c->loaded = true;
	}
	buf_free(&b);
	return r;
}

int
client_import(struct client *c, const struct client_import *in, struct err *e)
{
	struct client_call call = { .type = CONTROL_IMPORT, .fd = in->fd };
	struct buf b = BUF_INIT;

	buf_put_cstring(&b, in->name);
	buf_put_cstring(&b, in->source);
	buf_put_cstring(&b, in->path);
	buf_put_u8(&b, in->confirm);
	return call_unlocked(c, &call, &b, NULL, e);
}

struct results {
	struct client_imported *list;
	size_t count;
	size_t got;
};

static bool
on_result(void *arg, uint8_t type, struct wire *w)
{
	struct results *to = arg;
	struct client_imported *one;

	if (type != CONTROL_RESULT || to->got == to->count)
		return false;
	one = &to->list[to->got];
	memset(&one->in, 0, sizeof(one->in));
	if (!client_get_error(w, one->error))
		return false;
	if (one->error->code == ERR_OK) {
		one->in.present = wire_u8(w) != 0;
		one->in.whole = wire_u8(w) != 0;
		one->in.same = wire_u8(w) != 0;
		one->in.repairs = wire_u32(w);
		if (!control_get_key(w, &one->in.key))
			return false;
	}
	to->got++;
	return wire_done(w);
}

int
client_commit(struct client *c, struct client_imported *results, size_t count,
    struct err *e)
{
	struct results to = { results, count, 0 };
	struct client_call call = {
		.type = CONTROL_COMMIT, .fd = -1, .news = on_result, .arg = &to
	};
	struct buf b = BUF_INIT;
	int r;

	buf_put_u32(&b, (uint32_t)count);
	r = call_unlocked(c, &call, &b, NULL, e);
	if (r == 0 && to.got != count)
		r = client_nonsense(e);
	for (size_t i = 0; r != 0 && i < to.got; i++)
		keeper_key_clear(&results[i].in.key);
	return r;
}

int
client_holds(struct client *c, size_t i, struct err *e)
{
	struct client_call call = { .type = CONTROL_HOLDS, .fd = -1 };
	struct buf b = BUF_INIT;

	buf_put_u32(&b, (uint32_t)i);
	return call_unlocked(c, &call, &b, NULL, e);
}

int
client_same_file(struct client *c, size_t i, int fd, struct err *e)
{
	struct client_call call = { .type = CONTROL_SAME, .fd = fd };
	struct buf b = BUF_INIT;

	buf_put_u32(&b, (uint32_t)i);
	return call_unlocked(c, &call, &b, NULL, e);
}

int
client_flush(struct client *c, struct err *e)
{
	struct client_call call = { .type = CONTROL_FLUSH, .fd = -1 };

	return call_unlocked(c, &call, NULL, NULL, e);
}

int
client_export(struct client *c, const char *name, int fd, struct err *e)
{
	struct client_call call = { .type = CONTROL_EXPORT, .fd = fd };
	struct buf b = BUF_INIT;

	buf_put_cstring(&b, name);
	return call_unlocked(c, &call, &b, NULL, e);
}

int
client_rename(
    struct client *c, const char *name, const char *new_name, struct err *e)
{
	return call_names(c, CONTROL_RENAME, name, new_name, e);
}

int
client_set_confirm(
    struct client *c, const char *name, bool confirm, struct err *e)
{
	struct client_call call = { .type = CONTROL_SET, .fd = -1 };
	struct buf b = BUF_INIT;

	buf_put_cstring(&b, name);
	buf_put_u8(&b, confirm);
	return call_unlocked(c, &call, &b, NULL, e);
}

int
client_remove(struct client *c, char *const *names, size_t count, struct err *e)
{
	struct client_call call = { .type = CONTROL_REMOVE, .fd = -1 };
	struct buf b = BUF_INIT;

	buf_put_u32(&b, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		buf_put_cstring(&b, names[i]);
	return call_unlocked(c, &call, &b, NULL, e);
}

int
client_passwd(struct client *c, unsigned memory, unsigned passes, struct err *e)
{
	struct client_call call = { .type = CONTROL_PASSWD, .fd = -1 };
	struct buf b = BUF_INIT;

	buf_put_u32(&b, memory);
	buf_put_u32(&b, passes);
	return call_unlocked(c, &call, &b, NULL, e);
}

struct findings {
	void (*fn)(void *arg, const struct keeper_finding *f);
	void *arg;
};

static bool
on_finding(void *arg, uint8_t type, struct wire *w)
{
	const struct findings *to = arg;
	char *texts[4];
	struct keeper_finding f;
	bool ok = type == CONTROL_FINDING;

	for (size_t i = 0; i < 4; i++)
		ok = (texts[i] = control_get_text(w)) != NULL && ok;
	ok = ok && wire_done(w) && strlen(texts[2]) < sizeof(f.text) &&
	    strlen(texts[3]) < sizeof(f.hint);
	if (ok) {
		f.id = texts[0];
		f.severity = texts[1];
		strcpy(f.text, texts[2]);
		strcpy(f.hint, texts[3]);
		to->fn(to->arg, &f);
	}
	for (size_t i = 0; i < 4; i++)
		free(texts[i]);
	return ok;
}

int
client_check(struct client *c,
    void (*fn)(void *arg, const struct keeper_finding *f), void *arg,
    struct err *e)
{
	struct findings to = { fn, arg };
	struct client_call call = {
		.type = CONTROL_CHECK, .fd = -1, .news = on_finding, .arg = &to
	};

	return call_unlocked(c, &call, NULL, NULL, e);
}

struct modes {
	void (*fn)(void *arg, const char *path, unsigned was, unsigned now);
	void *arg;
};

static bool
on_mode(void *arg, uint8_t type, struct wire *w)
{
	const struct modes *to = arg;
	char *path = control_get_text(w);
	uint32_t was = wire_u32(w), now = wire_u32(w);
	bool ok = type == CONTROL_MODE && path != NULL && wire_done(w);

	if (ok)
		to->fn(to->arg, path, was, now);
	free(path);
	return ok;
}

int
client_repair(struct client *c,
    void (*fn)(void *arg, const char *path, unsigned was, unsigned now),
    void *arg, struct err *e)
{
	struct modes to = { fn, arg };
	const struct client_call call = {
		.type = CONTROL_REPAIR, .fd = -1, .news = on_mode, .arg = &to
	};
	struct wire w;
	int r = client_start(c, e);

	return r != 0 ? r : client_ask(c, &call, &w, e);
}

/* The agent is somewhere else: it needs the whole path. */
static void
put_whole_path(struct buf *b, const char *path)
{
	struct buf whole = BUF_INIT;
	char here[4096];

	if (*path != '/' && getcwd(here, sizeof(here)) != NULL)
		buf_printf(&whole, "%s/%s", here, path);
	else
		buf_put_text(&whole, path);
	buf_put_cstring(b, buf_text(&whole));
	if (!buf_ok(&whole))
		b->failed = true;
	buf_free(&whole);
}

int
client_restore(struct client *c, const char *file, struct err *e)
{
	struct buf b = BUF_INIT;
	int r;

	if ((r = client_start(c, e)) != 0)
		return r;
	put_whole_path(&b, file);
	r = client_simple(c, CONTROL_RESTORE, &b, e);
	c->unlocked = false;
	return r;
}
