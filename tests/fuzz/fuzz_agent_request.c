/* SPDX-License-Identifier: ISC */
/*
 * Any messages in the ssh-agent protocol: each gets exactly one answer that is
 * well-formed, and none changes the vault or locks it.
 */

#include "tests/fuzz/agent_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct server *s = fixture_server();
	struct conn *c = conn_new(s, CONN_SSH, -1);
	size_t answers = 0;

	must(c != NULL);
	while (fixture_next(c, &data, &size, sshagent_limit)) {
		/* A wrong guess makes the next one wait: not here. */
		memset(&s->ssh_guesses, 0, sizeof(s->ssh_guesses));
		conn_dispatch(c);
		must(!c->busy);
		must(fixture_messages(c) == ++answers);
	}
	must(keeper_count(s->keeper) == FIXTURE_KEYS);
	conn_free(c);
	secret_free(s->ssh_lock);
	s->ssh_lock = NULL;
	return 0;
}
