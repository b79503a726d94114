/* SPDX-License-Identifier: ISC */
/*
 * Any messages in the control protocol, after a greeting: each gets exactly one
 * last answer, and nothing that wants the passphrase again happens without it.
 *
 * Left out is what takes seconds or leaves the process: making vaults and keys,
 * binding sockets.
 */

#include <event2/event.h>

#include "tests/fuzz/agent_fixture.h"

#include "src/agent/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
left_out(uint8_t type)
{
	return type == CONTROL_STAY || type == CONTROL_INIT ||
	    type == CONTROL_GENERATE || type == CONTROL_PASSWD;
}

static void
greet(struct conn *c)
{
	c->head[4] = CONTROL_HELLO;
	buf_put_u32(&c->body, CONTROL_VERSION);
	buf_put_cstring(&c->body, keeper_path(c->server->keeper));
	buf_put_cstring(&c->body, keeper_seen(c->server->keeper));
	conn_dispatch(c);
	must(c->control.same_vault);
	buf_clear(&c->out);
}

/* News, and then one last answer. */
static void
check_answer(struct conn *c)
{
	struct wire w;
	size_t len, last = 0;

	(void)fixture_messages(c);
	wire_init(&w, c->out.data, c->out.len);
	while (w.left > 0) {
		const uint8_t *at = wire_string(&w, &len);

		must(last == 0);
		last = *at >= CONTROL_OK && *at <= CONTROL_ASK ? *at : 0;
	}
	must(last != 0);
}

/* Another vault than the fixture's: start again. */
static void
set_right(struct server *s)
{
	static const char *const names[FIXTURE_KEYS] = { "ed", "rsa" };
	struct secret *pass =
	    secret_copy(FIXTURE_PASSPHRASE, strlen(FIXTURE_PASSPHRASE));

	must(pass != NULL);
	if (keeper_locked(s->keeper))
		must(keeper_unlock(s->keeper, pass, NULL) == 0);
	secret_free(pass);
	/* Removed with the right passphrase. */
	for (size_t i = 0; i < FIXTURE_KEYS; i++)
		if (keeper_can_generate(
			s->keeper, names[i], "ed25519", 0, NULL) == 0)
			fixture_key(s->keeper, names[i], "ed25519", 0);
	memset(&s->vault_guesses, 0, sizeof(s->vault_guesses));
	server_used(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct server *s = fixture_server();
	struct conn *c = conn_new(s, CONN_CONTROL, -1);

	must(c != NULL);
	greet(c);
	while (fixture_next(c, &data, &size, control_limit)) {
		uint8_t type = c->head[4];

		if (left_out(type))
			break;
		memset(&s->vault_guesses, 0, sizeof(s->vault_guesses));
		conn_dispatch(c);
		/* A passphrase is being tried; 1000 turns are a second or so. */
		for (int i = 0; c->busy && i < 1000; i++)
			must(event_base_loop(s->base, EVLOOP_ONCE) == 0);
		must(!c->busy);
		if (c->closing)
			break;
		if (type == CONTROL_PASSPHRASE)
			must(c->out.len == 0);
		else
			check_answer(c);
		buf_clear(&c->out);
		must(keeper_locked(s->keeper) || c->control.verified_ms != 0 ||
		    keeper_count(s->keeper) >= FIXTURE_KEYS);
	}
	conn_free(c);
	set_right(s);
	return 0;
}
