/* SPDX-License-Identifier: ISC */
/* What a name may mean among instances, and what it never means. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "src/inventory/match.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Forms as "rank:kind:text[=value][@profile/region]", with blanks between. */
static const struct {
	const char *name, *forms;
} cases[] = {
	{ "", "" },
	{ "web", "0:name:web" },
	{ "서버", "0:name:서버" },
	{ "a b", "0:name:a_b" },
	{ "user@web:22", "0:name:user@web:22" },
	/* An id is nothing else. */
	{ "i-0123456789abcdef0", "0:id:i-0123456789abcdef0" },
	{ "i-01234567", "0:id:i-01234567" },
	{ "i-0123456", "0:name:i-0123456" },
	{ "i-0123456789ABCDEF0", "0:name:i-0123456789ABCDEF0" },
	{ "i-0123456789abcdef0 ", "0:name:i-0123456789abcdef0_" },
	{ "I-01234567", "0:name:I-01234567" },
	/* addresses, as one writes them */
	{ "10.0.0.1", "0:name:10.0.0.1 0:address:10.0.0.1" },
	{ "2001:DB8:0::1", "0:name:2001:DB8:0::1 0:address:2001:db8::1" },
	{ "10.0.0.01", "0:name:10.0.0.01 0:dns:10.0.0.01" },
	{ "ip-10-0-0-1.ec2.internal.",
	    "0:name:ip-10-0-0-1.ec2.internal. 0:dns:ip-10-0-0-1.ec2.internal" },
	{ "EC2-1-2-3-4.compute-1.amazonaws.com",
	    "0:name:EC2-1-2-3-4.compute-1.amazonaws.com "
	    "0:dns:ec2-1-2-3-4.compute-1.amazonaws.com" },
	/* patterns; one may be a Name tag, too */
	{ "web-*", "0:name:web-* 1:glob:web-*" },
	{ "w?b", "0:name:w?b 1:glob:w?b" },
	{ "tag:env=prod", "0:name:tag:env=prod 1:tag:env=prod" },
	{ "tag:env=", "0:name:tag:env= 1:tag:env=" },
	{ "tag:env", "0:name:tag:env 1:tag:env" },
	{ "tag:a=b=c", "0:name:tag:a=b=c 1:tag:a=b=c" },
	{ "tag:env=p*", "0:name:tag:env=p* 1:tag:env=p*" },
	{ "tag:", "0:name:tag:" },
	{ "tag:=x", "0:name:tag:=x" },
	/* narrowed */
	{ "prod/eu-west-1/web",
	    "0:name:prod/eu-west-1/web 2:name:web@prod/eu-west-1" },
	{ "a/b/us-gov-west-1/web-*",
	    "0:name:a/b/us-gov-west-1/web-* 1:glob:a/b/us-gov-west-1/web-* "
	    "2:name:web-*@a/b/us-gov-west-1 3:glob:web-*@a/b/us-gov-west-1" },
	{ "p/eu-west-1/i-01234567",
	    "0:name:p/eu-west-1/i-01234567 2:id:i-01234567@p/eu-west-1" },
	{ "p/eu-west-1/tag:a=b/c",
	    "0:name:p/eu-west-1/tag:a=b/c 2:name:tag:a=b/c@p/eu-west-1 "
	    "3:tag:a=b/c@p/eu-west-1" },
	{ "p/eu-west-1/x/us-east-1/y",
	    "0:name:p/eu-west-1/x/us-east-1/y "
	    "2:name:x/us-east-1/y@p/eu-west-1" },
	{ "p/eu-west-1/", "0:name:p/eu-west-1/" },
	{ "/eu-west-1/web", "0:name:/eu-west-1/web" },
	{ "p/nowhere/web", "0:name:p/nowhere/web" },
	{ "eu-west-1/web", "0:name:eu-west-1/web" },
	{ "p/eu-west-1", "0:name:p/eu-west-1" },
	{ "//", "0:name://" },
};

static const char *const kinds[] = { [CACHE_ALL] = "all",
	[CACHE_NAME] = "name",
	[CACHE_ID] = "id",
	[CACHE_ADDRESS] = "address",
	[CACHE_DNS] = "dns",
	[CACHE_GLOB] = "glob",
	[CACHE_TAG] = "tag" };

static void
put_form(struct buf *b, struct match_form *f)
{
	buf_printf(b, "%s%u:%s:%s", b->len > 0 ? " " : "", f->rank,
	    kinds[f->by], buf_text(&f->text));
	if (f->has_value)
		buf_printf(b, "=%s", buf_text(&f->value));
	if (f->profile.len > 0)
		buf_printf(
		    b, "@%s/%s", buf_text(&f->profile), buf_text(&f->region));
}

static void
forms(void **state)
{
	struct match m;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf seen = BUF_INIT;
		const char *name = cases[i].name;

		match_read(name, &m);
		assert_true(match_ok(&m));
		for (size_t k = 0; k < m.count; k++)
			put_form(&seen, &m.forms[k]);
		/* Blanks of the name itself. */
		if (strchr(name, ' ') != NULL)
			for (size_t n = 0; n < seen.len; n++)
				if (seen.data[n] == ' ')
					seen.data[n] = '_';
		if (strcmp(buf_text(&seen), cases[i].forms) != 0)
			fail_msg("'%s': %s", name, buf_text(&seen));
		match_clear(&m);
		buf_free(&seen);
	}
}

static void
lengths(void **state)
{
	static char name[2 * MATCH_NAME_MAX];
	struct match m;

	(void)state;
	memset(name, 'x', MATCH_NAME_MAX);
	match_read(name, &m);
	assert_int_equal(m.count, 1);
	match_clear(&m);
	name[MATCH_NAME_MAX] = 'x';
	match_read(name, &m);
	assert_int_equal(m.count, 0);
	match_clear(&m);
}

static void
regions(void **state)
{
	static const char *const good[] = { "eu-west-1", "us-gov-west-1",
		"ap-southeast-2", "cn-north-1", "us-iso-east-1",
		"eusc-de-east-1", "mx-central-1", "ap-northeast-10" };
	static const char *const bad[] = { "", "eu", "eu-west", "eu-1",
		"e-west-1", "eu-west-", "eu-west-111", "eu-west-1a",
		"eu--west-1", "EU-WEST-1", "eu-west-1/", "-west-1", "eu_west_1",
		"eu-west-1-2", "abcdefgh-abcdefgh-abcdefgh-abcdefgh-1" };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		if (!match_is_region(good[i], strlen(good[i])))
			fail_msg("'%s' is one", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (match_is_region(bad[i], strlen(bad[i])))
			fail_msg("'%s' is none", bad[i]);
}

static void
patterns(void **state)
{
	(void)state;
	assert_true(match_is_pattern("a*"));
	assert_true(match_is_pattern("?"));
	assert_true(match_is_pattern("tag:x"));
	assert_false(match_is_pattern("web"));
	assert_false(match_is_pattern(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),
		cmocka_unit_test(lengths),
		cmocka_unit_test(regions),
		cmocka_unit_test(patterns),
	};

	return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
