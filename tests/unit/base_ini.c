/* SPDX-License-Identifier: ISC */
/* INI files: what is refused, at which line; then what comes out. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/ini.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *text;
	const char *error;
} refused[] = {
	{ "key = value\n", "f:1: this stands before the first section" },
	{ "\n# c\n  word\n", "f:3: this stands before the first section" },
	{ "[a\n", "f:1: ']' is missing" },
	{ "[]\n", "f:1: the section has no name" },
	{ "[ \t]\n", "f:1: the section has no name" },
	{ "[a] b\n", "f:1: there is something behind ']'" },
	{ "[a]\nword\n", "f:2: '=' is missing" },
	{ "[a]\n = value\n", "f:2: there is nothing before '='" },
	{ "[a]\n:\n", "f:2: there is nothing before '='" },
	{ "[a]\nk = 1\nK=2\n", "f:3: this key is there twice" },
	{ "[a]\nk=1\n[b]\nk=2\n[a]\n", "f:5: section 'a' is there twice" },
	{ "[a]\n[b]\n[ a ]\n", "f:3: section 'a' is there twice" },
	{ "[a]\nk = \x01\n", "f:2: there are characters that no text has" },
	{ "[a]\nk = \x7F\n", "f:2: there are characters that no text has" },
	{ "[a]\nk = \xFF\n", "f:2: there are characters that no text has" },
	{ "[a]\rk = v\n", "f:1: there are characters that no text has" },
	{ "# \x1b[2J\n", "f:1: there are characters that no text has" },
};

static void
mistakes(void **state)
{
	struct ini *ini;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		const char *text = refused[i].text;

		assert_int_equal(
		    ini_parse("f", text, strlen(text), &ini, &e), ERR_FORMAT);
		assert_null(ini);
		assert_string_equal(e.text, refused[i].error);
		assert_int_equal(
		    ini_parse("f", text, strlen(text), &ini, NULL), ERR_FORMAT);
	}
	assert_int_equal(ini_parse("f", "[a]\0", 4, &ini, &e), ERR_FORMAT);
	ini_free(NULL);
}

static void
too_much(void **state)
{
	struct buf b = BUF_INIT;
	struct ini *ini;
	struct err e;

	(void)state;
	buf_put_text(&b, "[a]\n");
	for (unsigned i = 0; i < 1000; i++)
		buf_printf(&b, "k%u=\n", i);
	assert_int_equal(ini_parse("f", b.data, b.len, &ini, &e), 0);
	ini_free(ini);
	buf_put_text(&b, "more=\n");
	assert_int_equal(ini_parse("f", b.data, b.len, &ini, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "f:1002: "));
	while (b.len <= INI_MAX)
		buf_put_text(&b, "#\n");
	assert_int_equal(ini_parse("f", b.data, b.len, &ini, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "too large"));
	buf_free(&b);
}

/* "section{key=value|key=value}", line feeds in values as '/'. */
static void
dump(const struct ini *ini, struct buf *out)
{
	for (size_t i = 0; i < ini_count(ini); i++) {
		const struct ini_section *s = ini_at(ini, i);

		buf_printf(out, "%s{", s->name);
		for (size_t k = 0; k < s->count; k++) {
			const struct ini_entry *n = &s->entries[k];

			buf_printf(
			    out, "%s%s=%s", k > 0 ? "|" : "", n->key, n->value);
			assert_ptr_equal(ini_get(s, n->key), n);
		}
		buf_put_text(out, "}");
		assert_ptr_equal(ini_find(ini, s->name), s);
	}
	for (size_t i = 0; i < out->len; i++)
		if (out->data[i] == '\n')
			out->data[i] = '/';
}

static const struct {
	const char *text, *want;
} taken[] = {
	{ "", "" },
	{ "\n#\n;x\n \t\n", "" },
	{ "[a]", "a{}" },
	{ "[a]\nk=v", "a{k=v}" },
	{ "[a]\nk", NULL },
	{ "\xEF\xBB\xBF[a]\nk=v\n", "a{k=v}" },
	{ "[a]\r\nk = v\r\n\r\nl=w\r\n", "a{k=v|l=w}" },
	{ " [ a b ] # c\n", "a b{}" },
	{ "[a];c\n", "a{}" },
	{ "[a]b]\n", "a]b{}" },
	{ "[[a]\n", "[a{}" },
	{ "[서버]\n호스트 = 값\n", "서버{호스트=값}" },
	{ "[a]\nKey : v\n", "a{key=v}" },
	{ "[a]\nk = a = b : c\n", "a{k=a = b : c}" },
	{ "[a]\nk:a=b\n", "a{k=a=b}" },
	{ "[a]\nk =\nl= \t\n", "a{k=|l=}" },
	{ "[a]\nregion = eu-west-1 # x ; y\n", "a{region=eu-west-1 # x ; y}" },
	{ "[a]\nk = %(x)s ${y} \"q\"\n", "a{k=%(x)s ${y} \"q\"}" },
	/* lines that go on */
	{ "[a]\nk = 1\n 2\n\t3 \nl=4\n", "a{k=1/2/3|l=4}" },
	{ "[a]\nk =\n  a = b\n  c = d\n", "a{k=/a = b/c = d}" },
	{ "[a]\nk = 1\n # c\n\n 2\n", "a{k=1/2}" },
	{ "[a]\nk = 1\n [b]\nl=2\n", "a{k=1/[b]|l=2}" },
	{ "[a]\n  k = 1\n  l = 2\n   3\n", "a{k=1|l=2/3}" },
	{ "[a]\n  k = 1\nl = 2\n", "a{k=1|l=2}" },
	{ "[a]\nk=1\n[b]\nk=2\n [c]\n", "a{k=1}b{k=2/[c]}" },
	{ "[a]\nk=1\n\n[b]\n [c]\nk=3\n", "a{k=1}b{}c{k=3}" },
};

static void
contents(void **state)
{
	struct buf out = BUF_INIT;
	struct ini *ini;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(taken); i++) {
		const char *text = taken[i].text;
		int r = ini_parse("f", text, strlen(text), &ini, &e);

		if (taken[i].want == NULL) {
			assert_int_equal(r, ERR_FORMAT);
			continue;
		}
		if (r != 0)
			fail_msg("%s", e.text);
		buf_clear(&out);
		dump(ini, &out);
		assert_string_equal(buf_text(&out), taken[i].want);
		assert_null(ini_find(ini, "nobody"));
		assert_null(ini_at(ini, ini_count(ini)));
		ini_free(ini);
	}
	buf_free(&out);
}

static void
places(void **state)
{
	static const char text[] = "# x\n[a]\n# y\nk=1\n  2\n\n# z\n[b]\n\nl:3";
	const struct ini_section *a, *b;
	struct ini *ini;
	struct err e;

	(void)state;
	assert_int_equal(ini_parse("f", text, sizeof(text) - 1, &ini, &e), 0);
	a = ini_find(ini, "a");
	b = ini_find(ini, "b");
	assert_int_equal(a->line, 2);
	assert_int_equal(b->line, 8);
	assert_int_equal(ini_get(a, "k")->line, 4);
	assert_int_equal(ini_get(b, "l")->line, 10);
	assert_null(ini_get(a, "l"));
	assert_memory_equal(
	    text + a->start, "[a]\n# y\nk=1\n  2", a->end - a->start);
	assert_int_equal(text[a->end], '\n');
	assert_memory_equal(text + b->start, "[b]\n\nl:3", b->end - b->start);
	assert_int_equal(b->end, sizeof(text) - 1);
	ini_free(ini);
}

static void
many_sections(void **state)
{
	struct buf b = BUF_INIT;
	struct ini *ini;
	char name[32];
	struct err e;

	(void)state;
	for (unsigned i = 0; i < 20000; i++)
		buf_printf(&b, "[s%u]\nk = %u\n", i * 7919 % 20000, i);
	assert_int_equal(ini_parse("f", b.data, b.len, &ini, &e), 0);
	assert_int_equal(ini_count(ini), 20000);
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "s%u", i);
		assert_string_equal(ini_find(ini, name)->name, name);
	}
	ini_free(ini);
	buf_free(&b);
}

/* Keys at the top are a section of their own, which has no header. */
static void
keys_at_the_top(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "" },
		{ "\n# c\n[a]\nk=v\n", "a{k=v}" },
		{ "k=v", "{k=v}" },
		{ "\n k=v\n  w\nl=x\n[a]\nk=y\n", "{k=v/w|l=x}a{k=y}" },
		{ "k=v\nk=w\n", NULL },
		{ "k=v\n[]\n", NULL },
		{ "word\n", NULL },
	};
	struct buf out = BUF_INIT;
	struct ini *ini;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *text = cases[i].text;
		int r = ini_parse_top("f", text, strlen(text), &ini, NULL);

		assert_int_equal(r, cases[i].want == NULL ? ERR_FORMAT : 0);
		if (r != 0)
			continue;
		buf_clear(&out);
		dump(ini, &out);
		assert_string_equal(buf_text(&out), cases[i].want);
		ini_free(ini);
	}
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_at_the_top),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(too_much),
		cmocka_unit_test(contents),
		cmocka_unit_test(places),
		cmocka_unit_test(many_sections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
