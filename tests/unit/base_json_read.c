/* SPDX-License-Identifier: ISC */
/* Reading JSON: what is refused, and at which line; then what is found. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>
#include <cmocka.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/json.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *text;
	const char *error;
} refused[] = {
	{ "", "x is empty" },
	{ " ", "x is no JSON (line 1)" },
	{ "1", "x is no JSON (line 1)" },
	{ "\"secret\"", "x is no JSON (line 1)" },
	{ "null", "x is no JSON (line 1)" },
	{ "{", "x is no JSON (line 1)" },
	{ "[1,]", "x is no JSON (line 1)" },
	{ "{\"a\":1}}", "x is no JSON (line 1)" },
	{ "{\"a\":1} {}", "x is no JSON (line 1)" },
	{ "{\n\"a\":1,\n\"a\":2}", "x is no JSON (line 3)" },
	{ "{\n'a':1}", "x is no JSON (line 2)" },
	{ "[\"secret]", "x is no JSON (line 1)" },
	{ "[\"\n\"]", "x is no JSON (line 1)" },
	{ "[\"\xFF\"]", "x is no JSON (line 1)" },
	{ "[\"\xED\xA0\x80\"]", "x is no JSON (line 1)" },
	{ "[\"\\u0000\"]", "x is no JSON (line 1)" },
	{ "[\"\\uD800\"]", "x is no JSON (line 1)" },
	{ "[99999999999999999999]", "x is no JSON (line 1)" },
	{ "[1e999]", "x is no JSON (line 1)" },
	{ "[NaN]", "x is no JSON (line 1)" },
	{ "[01]", "x is no JSON (line 1)" },
	{ "<html>", "x is no JSON (line 1)" },
	{ "\xEF\xBB\xBF{}", "x is no JSON (line 1)" },
};

static void
mistakes(void **state)
{
	struct json_value *j;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		const char *text = refused[i].text;

		assert_int_equal(
		    json_parse(text, strlen(text), "x", &j, &e), ERR_FORMAT);
		assert_null(j);
		assert_string_equal(e.text, refused[i].error);
		assert_int_equal(
		    json_parse(text, strlen(text), "x", &j, NULL), ERR_FORMAT);
	}
	assert_int_equal(json_parse("{}\0", 3, "x", &j, &e), ERR_FORMAT);
	assert_int_equal(json_parse(NULL, 0, "x", &j, &e), ERR_FORMAT);
	json_value_free(NULL);
}

/* 'depth' arrays within each other, behind 'before'. */
static int
parse_nested(const char *before, unsigned depth, struct err *e)
{
	struct buf b = BUF_INIT;
	struct json_value *j;
	int r;

	buf_put_text(&b, before);
	for (unsigned i = 0; i < depth; i++)
		buf_put_u8(&b, '[');
	for (unsigned i = 0; i < depth; i++)
		buf_put_u8(&b, ']');
	buf_put_text(&b, "]");
	r = json_parse(b.data, b.len, "x", &j, e);
	json_value_free(j);
	buf_free(&b);
	return r;
}

static void
limits(void **state)
{
	struct json_value *j;
	struct err e;
	char *text = malloc(JSON_READ_MAX + 1);

	(void)state;
	assert_int_equal(parse_nested("[", JSON_DEPTH_MAX - 1, &e), 0);
	assert_int_equal(parse_nested("[", JSON_DEPTH_MAX, &e), ERR_FORMAT);
	assert_string_equal(e.text, "x is nested too deeply");
	assert_int_equal(parse_nested("[", 1000000, &e), ERR_FORMAT);
	/* brackets in texts do not count; an escaped quote does not end one */
	assert_int_equal(parse_nested("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\",",
			     JSON_DEPTH_MAX - 1, &e),
	    0);
	assert_int_equal(
	    parse_nested("[\"\\\"\",", JSON_DEPTH_MAX, &e), ERR_FORMAT);
	assert_string_equal(e.text, "x is nested too deeply");
	assert_non_null(text);
	memset(text, ' ', JSON_READ_MAX + 1);
	memcpy(text, "[]", 2);
	assert_int_equal(json_parse(text, JSON_READ_MAX, "x", &j, &e), 0);
	json_value_free(j);
	assert_int_equal(
	    json_parse(text, JSON_READ_MAX + 1, "x", &j, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "too large"));
	free(text);
}

static struct json_value *
parse(const char *text)
{
	struct json_value *j;
	struct err e;

	assert_int_equal(json_parse(text, strlen(text), "x", &j, &e), 0);
	return j;
}

static void
members(void **state)
{
	struct json_value *j = parse("{\"t\":\"\\u30ab \\u001b\",\"e\":\"\","
				     "\"o\":{\"k\":\"v\"},\"n\":null,"
				     "\"l\":[\"a\",2,{}],\"b\":true}");
	const struct json_value *l = json_member(j, "l");

	(void)state;
	assert_true(json_has_members(j));
	assert_string_equal(json_member_text(j, "t"), "\xE3\x82\xAB \x1B");
	assert_string_equal(json_member_text(j, "e"), "");
	assert_string_equal(json_member_text(json_member(j, "o"), "k"), "v");
	assert_int_equal(json_count(l), 3);
	assert_string_equal(json_text(json_at(l, 0)), "a");
	assert_null(json_text(json_at(l, 1)));
	assert_true(json_has_members(json_at(l, 2)));
	/* what is not there, or something else */
	assert_null(json_member(j, "T"));
	assert_null(json_member_text(j, "n"));
	assert_null(json_member_text(j, "b"));
	assert_null(json_member_text(j, "o"));
	assert_null(json_member(l, "a"));
	assert_null(json_at(l, 3));
	assert_null(json_at(j, 0));
	assert_int_equal(json_count(j), 0);
	assert_false(json_has_members(l));
	/* a path that ends early */
	assert_null(json_member_text(json_member(j, "x"), "y"));
	assert_null(json_at(NULL, 0));
	assert_int_equal(json_count(NULL), 0);
	assert_false(json_has_members(NULL));
	json_value_free(j);
}

static const struct {
	const char *text;
	bool is;
	int64_t value;
} numbers[] = {
	{ "0", true, 0 },
	{ "-1", true, -1 },
	{ "9223372036854775807", true, INT64_MAX },
	{ "-9223372036854775808", true, INT64_MIN },
	{ "1700000000000", true, 1700000000000 },
	{ "1.7e12", true, 1700000000000 },
	{ "1.0", true, 1 },
	{ "1.5", false, 0 },
	{ "1e300", false, 0 },
	{ "-1e19", false, 0 },
	{ "\"1\"", false, 0 },
	{ "true", false, 0 },
	{ "null", false, 0 },
	{ "[1]", false, 0 },
};

static void
integers(void **state)
{
	struct buf b = BUF_INIT;
	struct json_value *j;
	int64_t value;

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		buf_clear(&b);
		buf_printf(&b, "{\"n\":%s}", numbers[i].text);
		j = parse(buf_text(&b));
		value = 77;
		assert_int_equal(
		    json_member_int(j, "n", &value), numbers[i].is);
		assert_true(value == numbers[i].value);
		assert_false(json_member_int(j, "m", &value));
		assert_true(value == 0);
		json_value_free(j);
	}
	buf_free(&b);
}

/* What jansson frees: no text may be in it by then. */
static size_t hits;

static void *
sized_malloc(size_t size)
{
	size_t *memory = calloc(1, size + 2 * sizeof(*memory));

	if (memory == NULL)
		return NULL;
	*memory = size;
	return memory + 2;
}

static void
looking_free(void *memory)
{
	size_t *start = memory;

	if (memory == NULL)
		return;
	start -= 2;
	hits += memmem(memory, *start, "wJalrXUtnFEMI", 13) != NULL;
	free(start);
}

static void
texts_are_wiped(void **state)
{
	struct json_value *j;

	(void)state;
	json_set_alloc_funcs(sized_malloc, looking_free);
	j = parse("{\"a\":[{\"k\":\"wJalrXUtnFEMI/K7MDENG\"}],"
		  "\"b\":\"wJalrXUtnFEMI\"}");
	assert_true(hits > 0); /* jansson's scratch memory, out of reach */
	hits = 0;
	json_value_free(j);
	json_set_alloc_funcs(malloc, free);
	assert_int_equal(hits, 0);
}

static size_t allowed;

static void *
failing_malloc(size_t size)
{
	if (allowed == 0) {
		errno = ENOMEM;
		return NULL;
	}
	allowed--;
	return malloc(size);
}

static void
memory_runs_out(void **state)
{
	static const char text[] = "{\"a\":[{\"k\":\"v\"},1,\"t\"],\"b\":{}}";
	struct json_value *j = NULL;
	struct err e;
	int r = ERR_NOMEM;
	size_t n;

	(void)state;
	json_set_alloc_funcs(failing_malloc, free);
	for (n = 0; r != 0 && n < 1000; n++) {
		allowed = n;
		r = json_parse(text, sizeof(text) - 1, "x", &j, &e);
		assert_true(r == 0 || (r == ERR_NOMEM && j == NULL));
	}
	assert_int_equal(r, 0);
	assert_true(n > 10);
	json_value_free(j);
	json_set_alloc_funcs(malloc, free);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes),
		cmocka_unit_test(limits),
		cmocka_unit_test(members),
		cmocka_unit_test(integers),
		cmocka_unit_test(texts_are_wiped),
		cmocka_unit_test(memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
