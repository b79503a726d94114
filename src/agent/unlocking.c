/* SPDX-License-Identifier: ISC */

/*
 * The requests that need a passphrase.  None is read here: it is asked for with
 * ASK and comes with PASSPHRASE, from a process that was started for that.  A
 * wrong one makes the next guess wait, whoever makes it.
 *
 * While a passphrase is tried others are served, and the next one waits for its
 * turn.  INIT, PASSWD and RESTORE are not so: they replace what the others would
 * use.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pemkeep/agent/passphrase.h"
#include "vault/secret.h"

#include "src/agent/control.h"
#include "src/agent/opening.h"
#include "src/agent/server.h"
#include "src/agent/system.h"

#define TURN_MS 20u
#define ENVIRONMENT_MAX 32u
#define VAULT_PROMPT "Passphrase of the vault: "
#define NEW_PROMPT "New passphrase of the vault: "

static void
answer(struct conn *c, int r, const struct err *e)
{
	if (r == 0)
		control_ok(c);
	else
		control_error(c, e);
}

static void
nonsense(struct conn *c)
{
	struct err e;

	err_set(&e, ERR_FORMAT, "the agent was asked nonsense");
	control_error(c, &e);
}

void
unlocking_hello(struct conn *c)
{
	struct server *s = c->server;
	struct buf b = BUF_INIT;
	struct wire w;
	bool same;

	wire_init(&w, c->body.data, c->body.len);
	(void)wire_u32(&w); /* the client decides whether ours will do */
	same = wire_string_is(&w, keeper_path(s->keeper));
	same = wire_string_is(&w, keeper_seen(s->keeper)) && same;
	if (!wire_done(&w)) {
		nonsense(c);
		return;
	}
	(void)server_refresh(s, NULL); /* what we say below is to be true */
	c->control.greeted = true;
	c->control.same_vault = same;
	buf_put_u32(&b, CONTROL_VERSION);
	buf_put_u32(&b, (uint32_t)getpid());
	buf_put_u8(&b, !keeper_locked(s->keeper));
	buf_put_u8(&b, same);
	control_answer(c, CONTROL_OK, &b);
	buf_free(&b);
}

static void
free_list(char **list)
{
	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		free(list[i]);
	free(list);
}

/* NULL: they are not as they should be, or memory is short. */
static char **
get_environment(struct wire *w)
{
	uint32_t count = wire_u32(w);
	char **list;

	if (count > ENVIRONMENT_MAX ||
	    (list = calloc(count + 1, sizeof(*list))) == NULL)
		return NULL;
	for (uint32_t i = 0; i < count; i++) {
		if ((list[i] = control_get_text(w)) == NULL ||
		    strchr(list[i], '=') == NULL) {
			free_list(list);
			return NULL;
		}
	}
	return list;
}

static struct secret **
slot(struct control_state *state, uint8_t what)
{
	switch (what) {
	case PASSPHRASE_VAULT:
		return &state->vault_pass;
	case PASSPHRASE_FIRST:
	case PASSPHRASE_NEW:
		return &state->new_pass;
	case PASSPHRASE_KEYFILE:
		return &state->file_pass;
	default:
		return NULL;
	}
}

void
unlocking_passphrase(struct conn *c)
{
	struct control_state *state = &c->control;
	const uint8_t *bytes;
	struct secret **to;
	char **environment;
	struct wire w;
	uint8_t what;
	size_t len;

	wire_init(&w, secret_bytes(c->secret), secret_len(c->secret));
	what = wire_u8(&w);
	to = slot(state, what);
	bytes = wire_string(&w, &len);
	environment = get_environment(&w);
	if (to == NULL || environment == NULL || !wire_done(&w) || len == 0) {
		free_list(environment);
		c->closing = true; /* nothing is answered, so say it this way */
		return;
	}
	secret_free(*to);
	*to = secret_copy(bytes, len);
	if (*to == NULL)
		c->closing = true;
	state->file_pass_fresh =
	    state->file_pass_fresh || what == PASSPHRASE_KEYFILE;
	free_list(state->environment);
	state->environment = environment;
}

static bool
has_askpass(char *const *list)
{
	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		if (strncmp(list[i], "SSH_ASKPASS=", 12) == 0)
			return true;
	return false;
}

/* The environment that the passphrase came with is that of the user's screen. */
static void
take_environment(struct conn *c, bool was_locked)
{
	struct server *s = c->server;

	if (c->control.environment == NULL ||
	    (!was_locked && !has_askpass(c->control.environment)))
		return;
	free_list(s->environment);
	s->environment = c->control.environment;
	c->control.environment = NULL;
}

static void
unlocked(struct conn *c, bool was_locked)
{
	struct server *s = c->server;

	guesses_right(&s->vault_guesses);
	c->control.verified_ms = system_now_ms();
	server_used(s);
	if (was_locked)
		s->idle_ms = SERVER_IDLE_MS;
	take_environment(c, was_locked);
}

/*
 * The passphrase was tried.  Its connection may have hung up, or may have been
 * told to forget it; a wrong guess is one all the same.
 */
static void
on_opened(void *arg, struct keeper_opened *opened)
{
	struct server *s = arg;
	struct unlocking *u = &s->unlocking;
	bool was_locked = keeper_locked(s->keeper);
	struct conn *c = u->conn;
	struct err e;
	int r;

	u->opening = NULL;
	u->conn = NULL;
	server_for(s, c);
	keeper_for(s->keeper, &u->asker);
	r = keeper_take(s->keeper, opened, c != NULL && !u->revoked, &e);
	server_for(s, NULL);
	if (r == ERR_LOCKED)
		guesses_wrong(&s->vault_guesses);
	if (c == NULL)
		return;
	if (r == 0)
		unlocked(c, was_locked);
	else
		conn_fail(c, &e);
	conn_later(c, 0);
}

/*
 * Try the passphrase that was given.  The connection is busy then, and the
 * request will be looked at again; else an error.
 */
static int
try_passphrase(struct conn *c, struct err *e)
{
	struct server *s = c->server;
	struct unlocking *u = &s->unlocking;
	uint64_t wait = guesses_wait_ms(&s->vault_guesses);
	struct opening_plan plan = { .base = s->base,
		.keeper = s->keeper,
		.pass = c->control.vault_pass,
		.done = on_opened,
		.arg = s };
	int r;

	if (wait > 0 || u->opening != NULL) {
		conn_later(c, wait > 0 ? wait : TURN_MS);
		return 0;
	}
	c->control.vault_pass = NULL;
	if ((r = opening_start(&plan, &u->opening, e)) != 0)
		return r;
	u->conn = c;
	u->asker = c->asker;
	u->revoked = false;
	c->busy = true;
	return 0;
}

static bool
verified(const struct conn *c)
{
	uint64_t when = c->control.verified_ms;

	return when != 0 && system_now_ms() - when < SERVER_AGAIN_MS;
}

bool
unlocking_again(struct conn *c)
{
	struct err e;

	if (verified(c))
		return true;
	if (conn_failed(c, &e))
		control_error(c, &e);
	else if (c->control.vault_pass == NULL)
		control_ask(c, PASSPHRASE_VAULT, VAULT_PROMPT);
	else if (try_passphrase(c, &e) != 0)
		control_error(c, &e);
	return false;
}

void
unlocking_unlock(struct conn *c)
{
	struct server *s = c->server;
	struct wire w;
	struct err e;
	uint32_t seconds;
	bool again;
	int r = 0;

	wire_init(&w, c->body.data, c->body.len);
	again = wire_u8(&w) != 0;
	seconds = wire_u32(&w);
	if (!wire_done(&w)) {
		nonsense(c);
		return;
	}
	/* Locks if what lies there is not what was unlocked any more. */
	(void)server_refresh(s, NULL);
	if ((keeper_locked(s->keeper) || again) &&
	    (r = keeper_probe(s->keeper, &e)) != 0) {
		control_error(c, &e);
		return;
	}
	if ((keeper_locked(s->keeper) || again) && !unlocking_again(c))
		return;
	if (seconds != 0) {
		server_used(s);
		s->idle_ms = (uint64_t)seconds * 1000;
	}
	keeper_tell(s->keeper, &c->control.told);
	control_ok(c);
}

static bool
get_cost(struct conn *c, uint32_t *memory, uint32_t *passes)
{
	struct wire w;

	wire_init(&w, c->body.data, c->body.len);
	*memory = wire_u32(&w);
	*passes = wire_u32(&w);
	if (wire_done(&w))
		return true;
	nonsense(c);
	return false;
}

void
unlocking_init(struct conn *c)
{
	struct control_state *state = &c->control;
	struct keeper *k = c->server->keeper;
	uint32_t memory, passes;
	struct secret *pass;
	struct err e;
	int r;

	if (!get_cost(c, &memory, &passes))
		return;
	if ((r = keeper_can_init(k, memory, passes, &e)) == 0) {
		if (state->new_pass == NULL) {
			control_ask(c, PASSPHRASE_FIRST, NEW_PROMPT);
			return;
		}
		pass = state->new_pass;
		state->new_pass = NULL;
		/* What is open, or being opened, is another vault. */
		server_lock(c->server);
		r = keeper_init(k, memory, passes, pass, &e);
		secret_free(pass);
	}
	if (r == 0)
		unlocked(c, true);
	answer(c, r, &e);
}

void
unlocking_passwd(struct conn *c)
{
	struct control_state *state = &c->control;
	struct keeper *k = c->server->keeper;
	uint32_t memory, passes;
	struct err e;
	int r;

	if (!get_cost(c, &memory, &passes))
		return;
	if ((r = keeper_can_passwd(k, memory, passes, &e)) == 0) {
		if (!unlocking_again(c))
			return;
		if (state->new_pass == NULL) {
			control_ask(c, PASSPHRASE_NEW, NEW_PROMPT);
			return;
		}
		r = keeper_passwd(k, memory, passes, state->new_pass, &e);
		secret_free(state->new_pass);
		state->new_pass = NULL;
		server_used(c->server);
	}
	answer(c, r, &e);
}

void
unlocking_restore(struct conn *c)
{
	struct control_state *state = &c->control;
	struct server *s = c->server;
	uint64_t wait = guesses_wait_ms(&s->vault_guesses);
	char prompt[300], *path;
	struct wire w;
	struct err e;
	int r;

	wire_init(&w, c->body.data, c->body.len);
	path = control_get_text(&w);
	if (path == NULL || !wire_done(&w)) {
		nonsense(c);
	} else if (state->vault_pass == NULL) {
		snprintf(
		    prompt, sizeof(prompt), "Passphrase of '%.200s': ", path);
		control_ask(c, PASSPHRASE_VAULT, prompt);
	} else if (wait > 0) {
		conn_later(c, wait);
	} else {
		r = keeper_restore(s->keeper, path, state->vault_pass, &e);
		if (r == 0)
			server_lock(s);
		else if (r == ERR_LOCKED)
			guesses_wrong(&s->vault_guesses);
		secret_free(state->vault_pass);
		state->vault_pass = NULL;
		answer(c, r, &e);
	}
	free(path);
}
