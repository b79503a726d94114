/* SPDX-License-Identifier: ISC */

/*
 * A line as bash has it, taken apart, and a word put back into it; and groups of
 * Ansible that must not become one.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pemkeep/base/json.h"

#include "src/cli/complete.h"
#include "src/cli/inventory_groups.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BREAKS " \t\n\"'@><=;|&(:"

/* Words with '/' between; the last is completed by 'whole'. */
static const struct {
	const char *line, *words, *whole, *inserted;
} cases[] = {
	/* what bash would evaluate is no name, whatever it looks like */
	{ "c $x", "c/$x", "$x", NULL },
	{ "c `x", "c/`x", "`x", NULL },
	{ "c \"$x", "c/$x", "$x", NULL },
	{ "c \"`x", "c/`x", "`x", NULL },
	{ "c *", "c/*", "*x", NULL },
	{ "c a;b", "c/a;b", "a;bc", NULL },
	{ "c !x", "c/!x", "!x", NULL },
	/* what cannot stand in these quotes */
	{ "c 'a", "c/a", "a'b", NULL },
	{ "c \"a", "c/a", "a!b", NULL },
	{ "", "", "c", "c" },
	{ " \t c", "c", "cd", "cd" },
	{ "c ", "c/", "a b", "a\\ b" },
	{ "c a\\ b", "c/a b", "a bc", "a\\ bc" },
	{ "c 'a b", "c/a b", "a $c", "a $c" },
	{ "c 'a'b", "c/ab", "ab'", "ab\\'" },
	{ "c \"a\\\"b", "c/a\"b", "a\"b$", "a\\\"b\\$" },
	{ "c \"a\\b", "c/a\\b", "a\\bc", "a\\\\bc" },
	{ "c \"\"", "c/", "x", "x" },
	{ "c \\", "c/\\", "\\x", "\\\\x" },
	{ "c a=b", "c/a=b", "a=bc", "bc" },
	{ "c a:b:c", "c/a:b:c", "a:b:cd", "cd" },
	{ "c a\\:b", "c/a:b", "a:bc", "a:bc" },
	{ "c me@a", "c/me@a", "me@ab", "@ab" },
	{ "c 'me@a", "c/me@a", "me@ab", "me@ab" },
	{ "c $x y", "c/$x/y", "yz", "yz" },
	{ "c \xea\xb0\x80", "c/\xea\xb0\x80", "\xea\xb0\x80 \xea\xb0\x80",
	    "\xea\xb0\x80\\ \xea\xb0\x80" },
};

static void
test_bash(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct complete_typed typed;
		struct buf b = BUF_INIT;
		size_t count = 0;
		char **words =
		    complete_split(cases[i].line, BREAKS, &count, &typed);

		assert_non_null(words);
		for (size_t w = 0; w < count; w++)
			buf_printf(&b, "%s%s", w > 0 ? "/" : "", words[w]);
		assert_string_equal(buf_text(&b), cases[i].words);
		buf_clear(&b);
		if (cases[i].inserted == NULL) {
			assert_false(
			    complete_quote(&b, cases[i].whole, &typed));
		} else {
			assert_true(complete_quote(&b, cases[i].whole, &typed));
			assert_string_equal(buf_text(&b), cases[i].inserted);
		}
		buf_free(&b);
		free(words);
	}
}

static void
test_groups(void **state)
{
	struct inventory_groups g = { .list = NULL };
	struct json *top = json_new_object(), *names = json_new_array();
	struct buf b = BUF_INIT;

	(void)state;
	inventory_groups_add(&g, "h1", "tag", "env", "prod");
	inventory_groups_add(&g, "h2", "tag", "env", "prod");
	inventory_groups_add(&g, "h2", "tag", "env", "prod");
	inventory_groups_add(&g, "h3", "tag", "a-b", "");
	inventory_groups_add(&g, "h4", "tag", "a", "b");
	inventory_groups_add(&g, "h5", "region", "eu-west-1", NULL);
	assert_true(inventory_groups_put(&g, top, names));
	json_set(top, "names", names);
	assert_true(json_put(&b, top));
	assert_non_null(strstr(buf_text(&b),
	    "\"tag_env_prod\": {\n    \"hosts\": [\n      \"h1\",\n      "
	    "\"h2\"\n    ]"));
	assert_non_null(strstr(buf_text(&b), "\"region_eu_west_1\": "));
	assert_null(strstr(buf_text(&b), "\"tag_a_b\""));
	assert_non_null(strstr(buf_text(&b), "\"tag_a_b_"));
	inventory_groups_clear(&g);
	json_free(top);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bash),
		cmocka_unit_test(test_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
