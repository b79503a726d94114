/* SPDX-License-Identifier: ISC */
/* Patterns with '*' and '?'. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "pemkeep/base/glob.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *pattern, *text;
	bool want;
} cases[] = {
	{ "", "a", false },
	{ "", "", true },
	{ "a", "", false },
	{ "?", "", false },
	{ "*", "", true },
	{ "**", "", true },
	{ "*?", "", false },
	{ "a", "a", true },
	{ "a", "A", false },
	{ "a", "ab", false },
	{ "ab", "a", false },
	{ "*", "a*b?", true },
	{ "a*", "a", true },
	{ "a*", "ab", true },
	{ "a*", "ba", false },
	{ "*a", "aba", true },
	{ "*a", "abab", false },
	{ "a*b*c", "a1b2b3c", true },
	{ "a*b*c", "a1c2b3", false },
	{ "*ab*ab", "abxabab", true },
	{ "???", "abc", true },
	{ "???", "ab", false },
	{ "?*?", "ab", true },
	{ "?*?", "a", false },
	{ "[ab]", "a", false },
	{ "[ab]", "[ab]", true },
	{ "\\*", "*", false },
	{ "\\*", "\\x", true },
	{ "서?", "서버", true },
	{ "서?", "서", false },
	{ "??", "서버", true },
	{ "?", "서버", false },
	{ "*버", "서버", true },
	{ "*\x84", "서", false },
	{ "?", "\xFF", true },
	{ "\xFF", "\xFF", true },
	{ "?", "\xEC\x84", false },
	{ "??", "\xEC\x84", true },
};

static void
matching(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (glob_match(cases[i].pattern, cases[i].text) !=
		    cases[i].want)
			fail_msg(
			    "'%s' for '%s'", cases[i].pattern, cases[i].text);
}

/* Would take years if each '*' were tried at each place. */
static void
many_stars(void **state)
{
	char pattern[402], text[2001];

	(void)state;
	alarm(30);
	for (unsigned i = 0; i < 200; i++)
		memcpy(pattern + 2 * i, "*a", 2);
	memcpy(pattern + 400, "b", 2);
	memset(text, 'a', 2000);
	text[2000] = '\0';
	assert_false(glob_match(pattern, text));
	alarm(0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matching),
		cmocka_unit_test(many_stars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
