/* SPDX-License-Identifier: ISC */
/*
 * The process that reads a key file is killed, since it takes too much: that is
 * said, and nothing else comes of it, whatever lies on the stack.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "tests/fuzz/agent_fixture.h"

#include "src/agent/child.h"
#include "src/agent/control.h"

/* What calls before this one may have left there. */
static void
smear(void)
{
	volatile uint8_t room[65536];

	for (size_t i = 0; i < sizeof(room); i++)
		room[i] = 0xfe;
}

static uint8_t
read_file(struct server *s, uint8_t type)
{
	struct conn *c = conn_new(s, CONN_CONTROL, -1);
	siginfo_t ended;
	uint8_t answer;

	assert_non_null(c);
	c->control.greeted = c->control.same_vault = true;
	c->head[4] = type;
	c->passed = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	assert_true(c->passed != -1);
	buf_put_cstring(&c->body, "a key");
	if (type == CONTROL_IMPORT) {
		buf_put_cstring(&c->body, "a file");
		buf_put_cstring(&c->body, "a path");
		buf_put_u8(&c->body, 0);
	}
	conn_dispatch(c);
	assert_true(c->busy);
	/* Not by the event loop, which has its own things on the stack. */
	assert_int_equal(waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT), 0);
	smear();
	child_reap(s);
	assert_false(c->busy);
	assert_true(c->out.len > 5);
	answer = c->out.data[4];
	conn_free(c);
	return answer;
}

static void
killed_readers(void **state)
{
	struct server *s = fixture_server();

	(void)state;
	assert_int_equal(read_file(s, CONTROL_IMPORT), CONTROL_ERROR);
	assert_int_equal(read_file(s, CONTROL_LOAD), CONTROL_ERROR);
	assert_null(s->loaded);
	server_free(s);
}

/* With an argument it is the reader. */
int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_readers),
	};

	(void)argv;
	if (argc > 1)
		return raise(SIGKILL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
