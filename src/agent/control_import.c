/* SPDX-License-Identifier: ISC */

/*
 * IMPORT, COMMIT, HOLDS, SAME: files are read one by one, each in a child, while
 * others are served; what was read is then stored in one save.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pemkeep/agent/passphrase.h"
#include "pemkeep/keys/keyfile.h"
#include "vault/secret.h"

#include "src/agent/child.h"
#include "src/agent/control.h"
#include "src/agent/reader.h"
#include "src/agent/server.h"

struct import {
	char *name;
	char *source;
	char *path;
	bool confirm;
};

static void
import_clear(struct import *in)
{
	free(in->name);
	free(in->source);
	free(in->path);
}

static bool
import_parse(const struct conn *c, struct import *in)
{
	struct wire w;

	wire_init(&w, c->body.data, c->body.len);
	in->name = control_get_text(&w);
	in->source = control_get_text(&w);
	in->path = control_get_text(&w);
	in->confirm = wire_u8(&w) != 0;
	return in->name != NULL && in->source != NULL && in->path != NULL &&
	    wire_done(&w);
}

static void
staged_clear(struct staged *item)
{
	free(item->name);
	free(item->source);
	secret_free(item->der);
	secret_free(item->original);
	memset(item, 0, sizeof(*item));
}

void
control_forget_staged(struct control_state *state)
{
	for (size_t i = 0; i < state->staged_count; i++)
		staged_clear(&state->staged[i]);
	free(state->staged);
	state->staged = NULL;
	state->staged_count = 0;
}

/* Keep what was read; the secrets go over. */
static int
stage(struct conn *c, struct reader_result *read, struct err *e)
{
	struct control_state *state = &c->control;
	struct buf name = BUF_INIT;
	struct import in;
	struct staged *item;
	int r;

	if (!import_parse(c, &in)) {
		import_clear(&in);
		return err_set(e, ERR_FORMAT, "the agent was asked nonsense");
	}
	if ((r = keeper_name(in.name, &name, e)) != 0)
		goto out;
	if (state->staged == NULL)
		state->staged = calloc(CONTROL_BATCH, sizeof(*item));
	if (state->staged == NULL || state->staged_count == CONTROL_BATCH) {
		r = err_set(e, ERR_NOMEM, "too many keys at once");
		goto out;
	}
	item = &state->staged[state->staged_count++];
	*item = (struct staged){ .name = strdup(buf_text(&name)),
		.source = in.source,
		.format = read->format,
		.repairs = read->repairs,
		.confirm = in.confirm,
		.der = read->der,
		.original = read->original };
	memcpy(item->comment, read->comment, sizeof(item->comment));
	in.source = NULL;
	read->der = read->original = NULL;
	if (item->name == NULL) {
		staged_clear(item);
		state->staged_count--;
		r = err_set(e, ERR_NOMEM, "out of memory");
	}
out:
	import_clear(&in);
	buf_free(&name);
	return r;
}

static void
ask_passphrase(struct conn *c)
{
	struct buf prompt = BUF_INIT;
	struct import in;

	if (import_parse(c, &in)) {
		buf_printf(&prompt, "Passphrase of '%.200s': ", in.path);
		control_ask(c, PASSPHRASE_KEYFILE, buf_text(&prompt));
	}
	import_clear(&in);
	buf_free(&prompt);
}

/* The file is encrypted, and no passphrase that we have opens it. */
static bool
wants_passphrase(const struct conn *c, const struct err *e, bool fresh)
{
	return e->code == ERR_NEED_PASSPHRASE ||
	    (e->code == ERR_LOCKED && !fresh && c->control.file_pass != NULL);
}

static void
on_read(void *arg, int status, const struct secret *output)
{
	struct conn *c = arg;
	bool fresh = c->control.file_pass_fresh;
	struct reader_result read = { 0 };
	struct err e;
	int r;

	c->child = NULL;
	c->control.file_pass_fresh = false;
	memset(&e, 0, sizeof(e));
	if (status != 0 || !reader_take(output, &read)) {
		r = err_set(&e, ERR_FORMAT,
		    "reading it took too much time or memory, and was given "
		    "up");
	} else if ((r = read.error.code) != 0) {
		e = read.error;
	} else {
		r = stage(c, &read, &e);
	}
	reader_clear(&read);
	if (r != 0 && wants_passphrase(c, &e, fresh))
		ask_passphrase(c);
	else if (r != 0)
		control_error(c, &e);
	else
		control_ok(c);
	conn_resume(c);
}

void
control_import(struct conn *c)
{
	struct import in;
	struct stat st;
	struct err e;
	bool ok = import_parse(c, &in) && c->passed != -1 &&
	    fstat(c->passed, &st) == 0 && S_ISREG(st.st_mode);

	import_clear(&in);
	if (!ok)
		err_set(&e, ERR_FORMAT, "the agent was asked nonsense");
	if (!ok || reader_start(c, on_read, &e) != 0)
		control_error(c, &e);
}

static void
put_result(
    struct conn *c, const struct err *e, const struct keeper_imported *out)
{
	struct buf b = BUF_INIT;

	buf_put_u32(&b, (uint32_t)-e->code);
	buf_put_cstring(&b, e->text);
	buf_put_cstring(&b, e->hint);
	if (e->code == ERR_OK) {
		buf_put_u8(&b, out->present);
		buf_put_u8(&b, out->whole);
		buf_put_u8(&b, out->same);
		buf_put_u32(&b, out->repairs);
		control_put_key(&b, &out->key);
	}
	control_answer(c, CONTROL_RESULT, &b);
	buf_free(&b);
}

/* One of them; true if it is new in the vault. */
static bool
take_in(struct conn *c, size_t i)
{
	struct control_state *state = &c->control;
	struct staged *item = &state->staged[i];
	const struct keeper_import in = { .name = item->name,
		.source = item->source,
		.comment = item->comment,
		.format = item->format,
		.repairs = item->repairs,
		.confirm = item->confirm,
		.der = item->der,
		.original = item->original };
	struct keeper_imported out;
	struct err e;
	bool added;

	memset(&e, 0, sizeof(e));
	added = keeper_import(c->server->keeper, &in, &out,
		    &state->proofs[state->proof_count + i], &e) == 0 &&
	    !out.present;
	put_result(c, &e, &out);
	keeper_key_clear(&out.key);
	return added;
}

/* Is there something to take in, all of it, and room for its proofs? */
static int
prepare_commit(struct conn *c, struct err *e)
{
	struct control_state *state = &c->control;
	struct keeper_proof *proofs;
	uint32_t wanted;
	struct wire w;

	wire_init(&w, c->body.data, c->body.len);
	wanted = wire_u32(&w);
	if (!wire_done(&w) || wanted == 0)
		return err_set(e, ERR_FORMAT, "the agent was asked nonsense");
	if (wanted != state->staged_count) {
		err_set(e, ERR_LOCKED,
		    "the vault was locked meanwhile: nothing was imported");
		err_hint(e, "run the command again");
		return ERR_LOCKED;
	}
	if (state->proof_count + wanted > CONTROL_FILES_MAX)
		return err_set(e, ERR_USAGE, "that is too much at once");
	proofs = reallocarray(
	    state->proofs, state->proof_count + wanted, sizeof(*state->proofs));
	if (proofs == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	state->proofs = proofs;
	return 0;
}

void
control_commit(struct conn *c)
{
	struct control_state *state = &c->control;
	struct keeper *k = c->server->keeper;
	size_t added = 0;
	struct err e;
	int r;

	if ((r = prepare_commit(c, &e)) == 0 &&
	    (r = keeper_begin(k, &e)) == 0) {
		for (size_t i = 0; i < state->staged_count; i++)
			added += take_in(c, i);
		if (added > 0)
			r = keeper_commit(k, &e);
		else
			keeper_abort(k);
	}
	if (r == 0)
		state->proof_count += state->staged_count;
	control_forget_staged(state);
	if (r == 0)
		control_ok(c);
	else
		control_error(c, &e);
}

void
control_holds(struct conn *c)
{
	struct control_state *state = &c->control;
	struct wire w;
	struct err e;
	uint32_t i;
	int r;

	wire_init(&w, c->body.data, c->body.len);
	i = wire_u32(&w);
	if (!wire_done(&w) || i >= state->proof_count)
		r = err_set(&e, ERR_FORMAT, "the agent was asked nonsense");
	else
		r = keeper_holds(c->server->keeper, &state->proofs[i], &e);
	if (r == 0)
		control_ok(c);
	else
		control_error(c, &e);
}

static int
same_file(const struct conn *c, const struct keeper_proof *proof, struct err *e)
{
	struct secret *file = NULL;
	struct stat st;
	int r;

	if (fstat(c->passed, &st) == -1 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_FORMAT, "the agent was asked nonsense");
	if (st.st_size > KEYFILE_MAX)
		return err_set(e, ERR_FAILED, "it was changed meanwhile");
	if (lseek(c->passed, 0, SEEK_SET) == -1 ||
	    secret_read_fd(c->passed, KEYFILE_MAX, &file) != 0)
		return err_system(e, ERR_SYSTEM, errno, "cannot read it again");
	r = keeper_same_file(proof, file, e);
	secret_free(file);
	return r;
}

void
control_same(struct conn *c)
{
	struct control_state *state = &c->control;
	struct wire w;
	struct err e;
	uint32_t i;
	int r;

	wire_init(&w, c->body.data, c->body.len);
	i = wire_u32(&w);
	if (!wire_done(&w) || i >= state->proof_count || c->passed == -1)
		r = err_set(&e, ERR_FORMAT, "the agent was asked nonsense");
	else
		r = same_file(c, &state->proofs[i], &e);
	if (r == 0)
		control_ok(c);
	else
		control_error(c, &e);
}
