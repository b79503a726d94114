/* SPDX-License-Identifier: ISC */
/* Ranges of addresses: what is none, the one way to write them, which is wide. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "pemkeep/base/cidr.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
test_none(void **state)
{
	static const char *const none[] = { "", "/", "/8", "1.2.3", "1.2.3.4.5",
		"1.2.3.256", "01.2.3.4", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/08",
		"1.2.3.4/-1", "1.2.3.4/+1", "1.2.3.4/ 8", "1.2.3.4 ",
		" 1.2.3.4", "1.2.3.4/8/8", "1.2.3.4/8x", "1.2.3.4/4294967296",
		"::/129", "::1::", "2001:db8::g/64", "fe80::1%eth0",
		"[2001:db8::1]", "example.com", "1.2.3.4\n", "0x1.2.3.4",
		"2001:db8:0:0:0:0:0:0:0/64",
		"0000:0000:0000:0000:0000:ffff:255.255.255.2555" };
	struct cidr c;

	(void)state;
	for (size_t i = 0; i < COUNT(none); i++)
		if (cidr_parse(none[i], &c))
			fail_msg("'%s' is a range", none[i]);
}

static void
test_one_way(void **state)
{
	static const char *const cases[][2] = {
		{ "203.0.113.7", "203.0.113.7/32" },
		{ "203.0.113.7/32", "203.0.113.7/32" },
		{ "203.0.113.7/24", "203.0.113.0/24" },
		{ "203.0.113.255/25", "203.0.113.128/25" },
		{ "255.255.255.255/1", "128.0.0.0/1" },
		{ "9.9.9.9/0", "0.0.0.0/0" },
		{ "2001:DB8::7", "2001:db8::7/128" },
		{ "2001:db8:0:0::7/64", "2001:db8::/64" },
		{ "2001:db8:ffff:ffff:ffff::/33", "2001:db8:8000::/33" },
		{ "ff::1/0", "::/0" },
	};
	char text[CIDR_SIZE];
	struct cidr c, again;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(cidr_parse(cases[i][0], &c));
		cidr_format(&c, text);
		assert_string_equal(text, cases[i][1]);
		assert_true(cidr_parse(text, &again));
		assert_true(cidr_is_same(&c, &again));
	}
}

static void
test_wide(void **state)
{
	static const struct {
		const char *text;
		bool wide;
	} cases[] = {
		{ "0.0.0.0/0", true },
		{ "128.0.0.0/1", true },
		{ "2.0.0.0/7", true },
		{ "10.0.0.0/8", false },
		{ "203.0.113.7", false },
		{ "::/0", true },
		{ "2000::/3", true },
		{ "2000::/15", true },
		{ "2001::/16", false },
		{ "::1", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cidr c;

		assert_true(cidr_parse(cases[i].text, &c));
		assert_int_equal(cidr_is_wide(&c), cases[i].wide);
	}
}

static void
test_same(void **state)
{
	struct cidr a, b;

	(void)state;
	assert_true(cidr_parse("0.0.0.0/0", &a) && cidr_parse("::/0", &b));
	assert_false(cidr_is_same(&a, &b));
	assert_true(
	    cidr_parse("10.0.0.0/8", &a) && cidr_parse("10.0.0.0/9", &b));
	assert_false(cidr_is_same(&a, &b));
	assert_true(cidr_parse("10.9.9.9/8", &b));
	assert_true(cidr_is_same(&a, &b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_one_way),
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
