/* SPDX-License-Identifier: ISC */

/*
 * A key that stays a file ("connect -i FILE"): a keeper that was started for one
 * command reads it in a child, as it does with what is imported, and can from
 * then on do nothing but sign with it.
 */

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pemkeep/agent/passphrase.h"
#include "pemkeep/keys/key.h"
#include "vault/secret.h"

#include "src/agent/child.h"
#include "src/agent/control.h"
#include "src/agent/reader.h"
#include "src/agent/server.h"

static void
nonsense(struct conn *c)
{
	struct err e;

	err_set(&e, ERR_FORMAT, "the agent was asked nonsense");
	control_error(c, &e);
}

/* The public half of what was read; the key becomes the server's. */
static int
keep(struct server *s, struct reader_result *read, struct err *e)
{
	struct key *key = NULL;
	int r;

	if ((r = key_from_pkcs8(read->der, &key, e)) == 0)
		r = key_public_blob(key, &s->loaded_blob, e);
	key_free(key);
	if (r == 0) {
		s->loaded = read->der;
		read->der = NULL;
	}
	return r;
}

static void
ask_passphrase(struct conn *c)
{
	struct buf prompt = BUF_INIT;
	struct wire w;
	size_t len;
	const uint8_t *path;

	wire_init(&w, c->body.data, c->body.len);
	path = wire_string(&w, &len);
	buf_printf(&prompt,
	    "Passphrase of '%.*s': ", len < 200 ? (int)len : 200,
	    (const char *)path);
	control_ask(c, PASSPHRASE_KEYFILE, buf_text(&prompt));
	buf_free(&prompt);
}

static void
on_read(void *arg, int status, const struct secret *output)
{
	struct conn *c = arg;
	struct reader_result read = { 0 };
	struct buf b = BUF_INIT;
	struct err e;
	int r;

	c->child = NULL;
	if (status != 0 || !reader_take(output, &read))
		r = err_set(&e, ERR_FORMAT,
		    "reading it took too much time or memory, and was given "
		    "up");
	else if ((r = read.error.code) != 0)
		e = read.error;
	else
		r = keep(c->server, &read, &e);
	reader_clear(&read);
	if (r == ERR_NEED_PASSPHRASE) {
		ask_passphrase(c);
	} else if (r != 0) {
		secret_free(c->control.file_pass); /* it was wrong */
		c->control.file_pass = NULL;
		control_error(c, &e);
	} else {
		conn_forget(c);
		buf_put_string(&b, c->server->loaded_blob.data,
		    c->server->loaded_blob.len);
		control_answer(c, CONTROL_OK, &b);
	}
	buf_free(&b);
	conn_resume(c);
}

void
control_load(struct conn *c)
{
	struct wire w;
	struct stat st;
	struct err e;
	char *path;
	int r;

	wire_init(&w, c->body.data, c->body.len);
	path = control_get_text(&w);
	if (path == NULL || !wire_done(&w) || c->passed == -1 ||
	    fstat(c->passed, &st) == -1 || !S_ISREG(st.st_mode) ||
	    c->server->staying) {
		nonsense(c);
	} else {
		r = reader_start(c, on_read, &e);
		if (r != 0)
			control_error(c, &e);
	}
	free(path);
}

int
control_sign_loaded(const struct server *s, const struct sign_request *request,
    struct buf *signature, struct err *e)
{
	struct key *key = NULL;
	int r;

	if (request->blob_len != s->loaded_blob.len ||
	    memcmp(request->blob, s->loaded_blob.data, request->blob_len) != 0)
		return err_set(e, ERR_NOT_FOUND, "that is another key");
	if ((r = key_from_pkcs8(s->loaded, &key, e)) == 0)
		r = key_sign(key, request->algorithm, request->data,
		    request->len, signature, e);
	key_free(key);
	return r;
}
