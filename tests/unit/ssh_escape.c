/* SPDX-License-Identifier: ISC */

/* What the user types: what of it goes to the server, and what is for us. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "pemkeep/base/buf.h"
#include "src/ssh/escape.h"

static const struct {
	const char *typed, *sent;
	enum ssh_escape_action action;
	size_t left; /* typed after what asked for the action */
} cases[] = {
	{ "", "", ESCAPE_NONE, 0 },
	{ "ls\r", "ls\r", ESCAPE_NONE, 0 },
	{ "~.", "", ESCAPE_HANG_UP, 0 },
	{ "~.rm\r", "", ESCAPE_HANG_UP, 3 },
	{ "\r~.", "\r", ESCAPE_HANG_UP, 0 },
	{ "\n~.", "\n", ESCAPE_HANG_UP, 0 },
	{ "ls\r~.", "ls\r", ESCAPE_HANG_UP, 0 },
	{ "a~.", "a~.", ESCAPE_NONE, 0 },
	{ " ~.", " ~.", ESCAPE_NONE, 0 },
	{ "~?x", "", ESCAPE_HELP, 1 },
	{ "~\x1a", "", ESCAPE_SUSPEND, 0 },
	{ "~~", "~", ESCAPE_NONE, 0 },
	{ "~~.", "~.", ESCAPE_NONE, 0 },
	{ "~a", "~a", ESCAPE_NONE, 0 },
	{ "~a~.", "~a~.", ESCAPE_NONE, 0 },
	{ "~\r~.", "~\r", ESCAPE_HANG_UP, 0 },
	{ "~", "", ESCAPE_NONE, 0 },
};

static void
typed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ssh_escape s = { .enabled = true };
		enum ssh_escape_action action;
		struct buf out = BUF_INIT;
		size_t len = strlen(cases[i].typed), n;

		n = ssh_escape_feed(
		    &s, (const uint8_t *)cases[i].typed, len, &out, &action);
		assert_string_equal(buf_text(&out), cases[i].sent);
		assert_int_equal(action, cases[i].action);
		assert_int_equal(len - n, cases[i].left);
		buf_free(&out);
	}
}

/* The same, a byte at a time: what was typed before counts. */
static void
one_by_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ssh_escape s = { .enabled = true };
		enum ssh_escape_action action = ESCAPE_NONE;
		const uint8_t *at = (const uint8_t *)cases[i].typed;
		struct buf out = BUF_INIT;

		for (; *at != 0 && action == ESCAPE_NONE; at++)
			assert_int_equal(
			    ssh_escape_feed(&s, at, 1, &out, &action), 1);
		assert_string_equal(buf_text(&out), cases[i].sent);
		assert_int_equal(action, cases[i].action);
		buf_free(&out);
	}
}

/* After an action one is still at the beginning of the line. */
static void
again(void **state)
{
	struct ssh_escape s = { .enabled = true };
	enum ssh_escape_action action;
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(
	    ssh_escape_feed(&s, (const uint8_t *)"~?~.", 4, &out, &action), 2);
	assert_int_equal(action, ESCAPE_HELP);
	assert_int_equal(
	    ssh_escape_feed(&s, (const uint8_t *)"~.", 2, &out, &action), 2);
	assert_int_equal(action, ESCAPE_HANG_UP);
	assert_int_equal(out.len, 0);
	buf_free(&out);
}

static void
disabled(void **state)
{
	struct ssh_escape s = { .enabled = false };
	enum ssh_escape_action action;
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(
	    ssh_escape_feed(&s, (const uint8_t *)"~.\r~.", 5, &out, &action),
	    5);
	assert_int_equal(action, ESCAPE_NONE);
	assert_string_equal(buf_text(&out), "~.\r~.");
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(typed),
		cmocka_unit_test(one_by_one),
		cmocka_unit_test(again),
		cmocka_unit_test(disabled),
	};

	return cmocka_run_group_tests_name("ssh_escape", tests, NULL, NULL);
}
