/* SPDX-License-Identifier: ISC */
/*
 * What a launch makes of words, without AWS: rules, names, tags, aliases; and whose
 * a thing is.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "pemkeep/aws/ec2.h"
#include "pemkeep/base/err.h"
#include "pemkeep/launch/remove.h"

#include "src/launch/launch_internal.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define UUID "01234567-89ab-4def-8123-456789abcdef"

static char unix_like[] = "";

/* The rules of a wish with these. */
static int
read_rules(
    struct launch *l, const char *const *texts, size_t count, struct err *e)
{
	const struct launch_wish w = { .open = texts, .open_count = count };
	bool me;

	return launch_add_rules(l, &w, &me, e);
}

static void
bad_rules(void **state)
{
	static const char *const texts[] = { "", "0", "x", "-1", "65536", "080",
		"22 ", " 22", "22:", "22-", "22-21", "22-70000", "22-23-24",
		"22:me:me", "22:Me", "22:10.0.0.0/33", "22:10.0.0/8",
		"22:10.0.0.0/", "22:10.0.0.0/08", "22:10.0.0.0/-1",
		"22:10.0.0.0/8x", "22:::/129", "22:2001:db8::g/32",
		"22:example.com", "22:0.0.0.0/0 ", "99999999999999999999" };
	char numbers[LAUNCH_RULES_MAX + 1][16];
	const char *many[LAUNCH_RULES_MAX + 1];
	struct launch l = { .platform = unix_like };
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_int_equal(read_rules(&l, &texts[i], 1, &e), ERR_USAGE);
		assert_true(e.hint[0] != '\0');
		assert_int_equal(l.rule_count, 0);
	}
	for (unsigned i = 0; i < COUNT(many); i++) {
		snprintf(numbers[i], sizeof(numbers[i]), "%u", 22 + i);
		many[i] = numbers[i];
	}
	assert_int_equal(read_rules(&l, many, LAUNCH_RULES_MAX, &e), 0);
	assert_int_equal(l.rule_count, LAUNCH_RULES_MAX);
	assert_int_equal(
	    read_rules(&l, many, LAUNCH_RULES_MAX + 1, &e), ERR_USAGE);
	assert_int_equal(l.rule_count, LAUNCH_RULES_MAX);
}

static const struct {
	const char *text;
	unsigned from, to;
	const char *cidr;
	bool me;
} good[] = {
	{ "80", 80, 80, "0.0.0.0/0", false },
	{ "8000-8010", 8000, 8010, "0.0.0.0/0", false },
	{ "1-65535", 1, 65535, "0.0.0.0/0", false },
	{ "22:me", 22, 22, "", true },
	{ "22:10.1.2.3/8", 22, 22, "10.0.0.0/8", false },
	{ "22:203.0.113.7", 22, 22, "203.0.113.7/32", false },
	{ "22:203.0.113.7/31", 22, 22, "203.0.113.6/31", false },
	{ "22:2001:DB8::1/32", 22, 22, "2001:db8::/32", false },
	{ "22:::/0", 22, 22, "::/0", false },
	{ "22:::1", 22, 22, "::1/128", false },
};

static void
good_rules(void **state)
{
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct launch l = { .platform = unix_like };
		const char *twice[] = { good[i].text, good[i].text };
		bool ssh = good[i].from <= 22 && good[i].to >= 22;

		assert_int_equal(read_rules(&l, twice, 2, &e), 0);
		/* Once is enough; SSH comes by itself. */
		assert_int_equal(l.rule_count, ssh ? 1 : 2);
		assert_int_equal(l.rules[0].from, good[i].from);
		assert_int_equal(l.rules[0].to, good[i].to);
		assert_string_equal(l.rules[0].cidr, good[i].cidr);
		assert_int_equal(l.rules[0].me, good[i].me);
	}
}

/* SSH for me, unless the wish says something about that port. */
static void
default_rule(void **state)
{
	static const struct {
		const char *open, *platform;
		size_t count;
		bool me, world;
	} cases[] = {
		{ "80", "", 2, true, false },
		{ "22", "", 1, false, true },
		{ "20-30:::/0", "", 1, false, true },
		{ "22:10.0.0.0/8", "", 1, false, false },
		{ "22:me", "", 1, true, false },
		{ "22", "windows", 2, true, true },
		{ "3389:10.0.0.0/8", "windows", 1, false, false },
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char platform[16];
		struct launch l = { .platform = platform };
		struct launch_wish w = { .open = &cases[i].open,
			.open_count = 1 };
		bool me;

		snprintf(platform, sizeof(platform), "%s", cases[i].platform);
		assert_int_equal(launch_add_rules(&l, &w, &me, &e), 0);
		assert_int_equal(l.rule_count, cases[i].count);
		assert_int_equal(me, cases[i].me);
		assert_int_equal(launch_is_world_open(&l, 22), cases[i].world);
		launch_fill_me(&l, "2001:db8::7");
		for (size_t n = 0; n < l.rule_count; n++)
			if (l.rules[n].me)
				assert_string_equal(
				    l.rules[n].cidr, "2001:db8::7/128");
		launch_fill_me(&l, "203.0.113.7");
		for (size_t n = 0; n < l.rule_count; n++)
			if (l.rules[n].me)
				assert_string_equal(
				    l.rules[n].cidr, "203.0.113.7/32");
	}
}

static void
plain_names(void **state)
{
	static const struct {
		const char *name, *plain;
	} cases[] = {
		{ "web", "web" }, { "web-1.a_B", "web-1.a_B" },
		{ "anna's web", "anna-s-web" }, { " @@a  b@@ ", "a-b" },
		{ "---", "" }, { "\xEC\x9B\xB9\xEC\x84\x9C\xEB\xB2\x84", "" },
		{ "\xEC\x9B\xB9-1", "1" },
		{ "sg-1", "sg-1" }, /* "pemkeep-" comes in front */
	};
	char longest[1000];
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		buf_clear(&b);
		launch_put_plain(&b, cases[i].name);
		assert_string_equal(buf_text(&b), cases[i].plain);
	}
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	buf_clear(&b);
	launch_put_plain(&b, longest);
	assert_int_equal(b.len, 100);
	buf_free(&b);
}

static void
names(void **state)
{
	static const char *const bad[] = { "", " a", "a ", "a\nb", "a\x1B[31m",
		"a\xFF", "\xE2\x80\xAEgpj", "a\x7F", "\xC2\x9B" };
	static const char *const fine[] = { "a", "a b", "a/b@c:d", "-a",
		"\xEC\x9B\xB9", "$(id)", "'" };
	char text[4 * 257 + 1] = "";
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(launch_check_name(bad[i], &e), ERR_USAGE);
	for (size_t i = 0; i < COUNT(fine); i++)
		assert_int_equal(launch_check_name(fine[i], &e), 0);
	for (size_t i = 0; i < 256; i++)
		memcpy(text + 3 * i, "\xEC\x9B\xB9", 4);
	assert_int_equal(launch_check_name(text, &e), 0);
	memcpy(text + 3 * 256, "x", 2);
	assert_int_equal(launch_check_name(text, &e), ERR_USAGE);
}

static void
tags(void **state)
{
	static const char *const bad[] = { "", "a", "=b", "Name=x", "aws:a=b",
		"AWS:a=b", "pemkeep:launch=x", "a=\x1B", "a\n=b" };
	static const char *const fine[] = { "a=b", "b=", "c=d=e", "name=x",
		"\xEC\x9B\xB9=\xEC\x9B\xB9" };
	struct launch l = { 0 };
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct launch_wish w = { .tags = &bad[i], .tag_count = 1 };

		assert_int_equal(launch_add_tags(&l, &w, &e), ERR_USAGE);
		launch_clear(&l);
	}
	const struct launch_wish w = { .tags = fine, .tag_count = COUNT(fine) };
	assert_int_equal(launch_add_tags(&l, &w, &e), 0);
	assert_int_equal(l.tag_count, COUNT(fine));
	assert_string_equal(l.tags[2].key, "c");
	assert_string_equal(l.tags[2].value, "d=e");
	assert_int_equal(launch_add_tags(&l, &w, &e), ERR_USAGE); /* twice */
	launch_clear(&l);
}

/* Only the very tag, with the very id. */
static void
ours(void **state)
{
	static const struct {
		struct ec2_tag tag;
		bool ours;
	} cases[] = {
		{ { REMOVE_TAG, UUID }, true },
		{ { REMOVE_TAG, "" }, false },
		{ { REMOVE_TAG, "*" }, false },
		{ { REMOVE_TAG, "01234567-89ab-4def-8123-456789abcdee" },
		    false },
		{ { REMOVE_TAG, UUID "x" }, false },
		{ { "pemkeep:lunch", UUID }, false },
		{ { "Pemkeep:launch", UUID }, false },
		{ { "Name", UUID }, false },
	};
	const struct aws_list none = { NULL, 0 };

	(void)state;
	assert_false(launch_is_ours(&none, UUID));
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct ec2_tag both[] = { { "Name", "web" },
			cases[i].tag };
		const struct aws_list list = { both, 2 };

		assert_int_equal(launch_is_ours(&list, UUID), cases[i].ours);
	}
}

static void
ids(void **state)
{
	char a[37], b[37];
	struct err e;

	(void)state;
	assert_int_equal(launch_uuid(a, &e), 0);
	assert_int_equal(launch_uuid(b, &e), 0);
	assert_true(remove_is_launch(a));
	assert_int_equal(a[14], '4');
	assert_non_null(strchr("89ab", a[19]));
	assert_string_not_equal(a, b);
}

static void
aliases(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_null(launch_alias(""));
	assert_null(launch_alias("ubuntu"));
	assert_null(launch_alias("ubuntu-24.04-arm"));
	assert_null(launch_alias("windows-2022-arm64"));
	/* The volume part changed with 24.04. */
	assert_non_null(
	    strstr(launch_alias("ubuntu-24.04"), "/amd64/hvm/ebs-gp3/"));
	assert_non_null(
	    strstr(launch_alias("ubuntu-22.04-arm64"), "/arm64/hvm/ebs-gp2/"));
	launch_put_aliases(&b);
	assert_non_null(strstr(buf_text(&b), "debian-12"));
	assert_null(strstr(buf_text(&b), "arm64"));
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_rules),
		cmocka_unit_test(good_rules),
		cmocka_unit_test(default_rule),
		cmocka_unit_test(plain_names),
		cmocka_unit_test(names),
		cmocka_unit_test(tags),
		cmocka_unit_test(ours),
		cmocka_unit_test(ids),
		cmocka_unit_test(aliases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
