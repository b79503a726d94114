/* SPDX-License-Identifier: ISC */

/* Whom a root login is told to be: what is a greeting, and what only looks so. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "src/cli/connect_cloud.h"

#define SAYS(name) \
	"Please login as the user \"" name "\" rather than the user \"root\"."

static const struct {
	const char *text, *name;
} cases[] = {
	{ SAYS("ubuntu") "\n", "ubuntu" },
	{ SAYS("ec2-user") "\r\n\r\n", "ec2-user" },
	{ "\n" SAYS("admin") "\n\n", "admin" },
	{ "motd\n" SAYS("core") "\nmore\n", "core" },
	{ SAYS("_x") "\n", "_x" },
	{ SAYS("a.b-c_9") "\n", "a.b-c_9" },
	{ SAYS("abcdefghijklmnopqrstuvwxyz012345") "\n",
	    "abcdefghijklmnopqrstuvwxyz012345" },
	/* The line is not complete: more of the name may come. */
	{ SAYS("ubuntu"), "" },
	{ "Please login as the user \"ubuntu\" rather than", "" },
	{ "", "" },
	{ "\n", "" },
	/* Not a name that a login may have. */
	{ SAYS("abcdefghijklmnopqrstuvwxyz0123456") "\n", "" },
	{ SAYS("") "\n", "" },
	{ SAYS("root") "\n", "" },
	{ SAYS("-oProxyCommand=x") "\n", "" },
	{ SAYS("9a") "\n", "" },
	{ SAYS("a b") "\n", "" },
	{ SAYS("a@b") "\n", "" },
	{ SAYS("a\"b") "\n", "" },
	{ SAYS("a\033[31m") "\n", "" },
	{ SAYS("\303\244") "\n", "" },
	{ SAYS("$(reboot)") "\n", "" },
	/* Not the greeting. */
	{ " " SAYS("ubuntu") "\n", "" },
	{ SAYS("ubuntu") " \n", "" },
	{ "Please login as the user ubuntu rather than the user root.\n", "" },
	{ "Please login as the user \"ubuntu\".\n", "" },
	/* The first that is good counts. */
	{ SAYS("-x") "\n" SAYS("one") "\n" SAYS("two") "\n", "one" },
};

static void
greetings(void **state)
{
	char name[CONNECT_USER_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		connect_user_greeting(cases[i].text, name);
		assert_string_equal(name, cases[i].name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(greetings),
	};

	return cmocka_run_group_tests_name("cli_greeting", tests, NULL, NULL);
}
