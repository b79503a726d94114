/* SPDX-License-Identifier: ISC */
/* JSON output: foreign bytes, ownership, and memory that runs out. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>
#include <cmocka.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/json.h"

static void
check(struct json *j, const char *want)
{
	struct buf b = BUF_INIT;

	assert_true(json_put(&b, j));
	assert_string_equal(buf_text(&b), want);
	json_free(j);
	buf_free(&b);
}

static void
check_failed(struct json *j)
{
	struct buf b = BUF_INIT;

	assert_false(json_put(&b, j));
	assert_int_equal(b.len, 0);
	json_free(j);
	buf_free(&b);
}

static void
foreign_text(void **state)
{
	static const struct {
		const char *text;
		const char *shown;
	} cases[] = {
		{ "", "\"\"" },
		{ NULL, "null" },
		{ "\"\\/", "\"\\\"\\\\/\"" },
		{ "\x01\x1B\x1F", "\"\\u0001\\u001B\\u001F\"" },
		{ "\n\r\t\b\f", "\"\\n\\r\\t\\b\\f\"" },
		{ "\x7F", "\"\\u007f\"" },
		{ "\xC2\x80\xC2\x9B\xC2\x9F", "\"\\u0080\\u009b\\u009f\"" },
		{ "\xE2\x80\xAE", "\"\\u202e\"" },
		{ "\xE2\x80\xA8\xE2\x80\xA9", "\"\\u2028\\u2029\"" },
		{ "\xEF\xBB\xBF", "\"\\ufeff\"" },
		{ "\xF3\xA0\x81\x81", "\"\\udb40\\udc41\"" },
		{ "\xF4\x8F\xBF\xBF", "\"\\udbff\\udfff\"" },
		{ "\xEF\xB7\x90\xEF\xBF\xBE", "\"\\ufdd0\\ufffe\"" },
		{ "\xFF", "\"\xEF\xBF\xBD\"" },
		{ "a\xC0\xAF"
		  "b",
		    "\"a\xEF\xBF\xBD\xEF\xBF\xBD"
		    "b\"" },
		{ "\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"" },
		{ "\xEA\xB0", "\"\xEF\xBF\xBD\xEF\xBF\xBD\"" },
		{ "\xEC\x9B\xB9 \xF0\x9F\x9A\x80",
		    "\"\xEC\x9B\xB9 \xF0\x9F\x9A\x80\"" },
	};
	struct buf want = BUF_INIT;
	struct json *j;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		j = json_new_array();
		json_append_text(j, cases[i].text);
		buf_clear(&want);
		buf_printf(&want, "[\n  %s\n]\n", cases[i].shown);
		check(j, buf_text(&want));
		j = json_new_object();
		json_set_text(j, "k", cases[i].text);
		buf_clear(&want);
		buf_printf(&want, "{\n  \"k\": %s\n}\n", cases[i].shown);
		check(j, buf_text(&want));
	}
	buf_free(&want);
}

static void
foreign_keys(void **state)
{
	struct json *j = json_new_object();

	(void)state;
	json_set_int(j, "", 1);
	json_set_int(j, "\xFF", 2);
	json_set_int(j, "\xE2\x80\xAE\x1B\"", 3);
	check(j,
	    "{\n  \"\": 1,\n  \"\xEF\xBF\xBD\": 2,\n"
	    "  \"\\u202e\\u001B\\\"\": 3\n}\n");
}

/* Nothing is asked of a container that could not be had. */
static void
no_container(void **state)
{
	(void)state;
	json_free(NULL);
	json_set_text(NULL, "k", "v");
	json_set_int(NULL, "k", 1);
	json_set_bool(NULL, "k", true);
	json_set(NULL, "k", NULL);
	json_append(NULL, NULL);
	json_append_text(NULL, "v");
	json_set(NULL, "k", json_new_object()); /* consumed: no leak */
	json_append(NULL, json_new_array());
	check_failed(NULL);
}

static void
missing_member_is_remembered(void **state)
{
	struct json *j = json_new_object(), *list = json_new_array();

	(void)state;
	json_append(list, NULL);
	json_append_text(list, "v");
	json_set(j, "list", list);
	check_failed(j);
	j = json_new_object();
	json_set(j, "k", NULL);
	json_set_int(j, "k", 1);
	check_failed(j);
}

static void
wrong_kind_of_container(void **state)
{
	struct json *j = json_new_array();

	(void)state;
	json_set_int(j, "k", 1);
	check_failed(j);
	j = json_new_object();
	json_append_text(j, "v");
	check_failed(j);
	j = json_new_object();
	json_append(j, json_new_object());
	check_failed(j);
	j = json_new_array();
	json_append(j, j);
	check_failed(j);
}

static void
buf_that_failed(void **state)
{
	struct json *j = json_new_object();
	struct buf b = BUF_INIT;

	(void)state;
	buf_put(&b, "", SIZE_MAX);
	assert_false(json_put(&b, j));
	json_free(j);
	buf_free(&b);
}

static void
too_much_text(void **state)
{
	const size_t len = BUF_MAX / 3 + 1; /* U+FFFD is three bytes */
	char *text = malloc(len + 1);
	struct json *j = json_new_object();

	(void)state;
	assert_non_null(text);
	memset(text, 0xFF, len);
	text[len] = '\0';
	json_set_text(j, "k", text);
	json_set_text(j, "k", "v");
	check_failed(j);
	j = json_new_object();
	json_set_int(j, text, 1);
	check_failed(j);
	free(text);
}

static size_t allowed;

static void *
failing_malloc(size_t size)
{
	if (allowed == 0)
		return NULL;
	allowed--;
	return malloc(size);
}

static struct json *
make_sample(void)
{
	struct json *j = json_new_object(), *list = json_new_array(),
		    *item = json_new_object();

	json_set_text(item, "name", "\xEC\x9B\xB9");
	json_set_text(item, "none", NULL);
	json_set_int(item, "port", 22);
	json_set_bool(item, "up", true);
	json_append(list, item);
	json_append_text(list, "v");
	json_set(j, "keys", list);
	json_set_bool(j, "partial", false);
	return j;
}

#define SAMPLE \
	"{\n  \"keys\": [\n    {\n      \"name\": \"\xEC\x9B\xB9\",\n" \
	"      \"none\": null,\n      \"port\": 22,\n      \"up\": true\n" \
	"    },\n    \"v\"\n  ],\n  \"partial\": false\n}\n"

/* Whichever allocation of jansson fails: all of the text, or false. */
static void
memory_runs_out(void **state)
{
	struct buf b = BUF_INIT;
	struct json *j;
	size_t n, failures = 0;
	bool done = false;

	(void)state;
	json_set_alloc_funcs(failing_malloc, free);
	for (n = 0; !done && n < 1000; n++) {
		allowed = n;
		buf_clear(&b);
		j = make_sample();
		done = json_put(&b, j);
		json_free(j);
		failures += !done;
	}
	json_set_alloc_funcs(malloc, free);
	assert_true(done);
	assert_true(failures > 10);
	assert_string_equal(buf_text(&b), SAMPLE);
	buf_free(&b);
}

/* As above, but only one fails, and there is memory again afterwards. */
static size_t fails_at;

static void *
failing_once(size_t size)
{
	return fails_at-- == 0 ? NULL : malloc(size);
}

static void
one_failure_is_remembered(void **state)
{
	struct buf b = BUF_INIT;
	struct json *j;
	size_t n;
	bool reached = true;

	(void)state;
	json_set_alloc_funcs(failing_once, free);
	for (n = 0; reached && n < 1000; n++) {
		fails_at = n;
		buf_clear(&b);
		j = make_sample();
		reached = fails_at > n; /* wrapped round: it has failed */
		if (reached)
			assert_false(json_put(&b, j));
		json_free(j);
	}
	json_set_alloc_funcs(malloc, free);
	assert_false(reached);
	assert_true(n > 10);
	buf_free(&b);
}

static void
order_and_forms(void **state)
{
	struct json *j = json_new_object();

	(void)state;
	json_set_int(j, "z", INT64_MAX);
	json_set_int(j, "a", INT64_MIN);
	json_set_int(j, "m", 0);
	json_set(j, "o", json_new_object());
	json_set(j, "l", json_new_array());
	json_set_text(j, "z", "again");
	check(j,
	    "{\n  \"z\": \"again\",\n  \"a\": -9223372036854775808,\n"
	    "  \"m\": 0,\n  \"o\": {},\n  \"l\": []\n}\n");
	check(make_sample(), SAMPLE);
	check(json_new_object(), "{}\n");
	check(json_new_array(), "[]\n");
}

/* A member can still be filled after it was added, even when replaced. */
static void
members_stay_usable(void **state)
{
	struct json *j = json_new_object(), *list = json_new_array();

	(void)state;
	json_set(j, "list", list);
	json_append_text(list, "late");
	check(j, "{\n  \"list\": [\n    \"late\"\n  ]\n}\n");
	j = json_new_object();
	list = json_new_array();
	json_set(j, "list", list);
	json_set_int(j, "list", 1);
	json_append_text(list, "lost");
	check(j, "{\n  \"list\": 1\n}\n");
	j = json_new_object();
	list = json_new_array();
	json_set(j, "a", list);
	json_set(j, "b", list);
	check_failed(j);
}

static void
appends(void **state)
{
	struct json *j = json_new_object();
	struct buf b = BUF_INIT;

	(void)state;
	buf_put_text(&b, "before ");
	assert_true(json_put(&b, j));
	assert_true(json_put(&b, j));
	assert_string_equal(buf_text(&b), "before {}\n{}\n");
	json_free(j);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(foreign_text),
		cmocka_unit_test(foreign_keys),
		cmocka_unit_test(no_container),
		cmocka_unit_test(missing_member_is_remembered),
		cmocka_unit_test(wrong_kind_of_container),
		cmocka_unit_test(buf_that_failed),
		cmocka_unit_test(too_much_text),
		cmocka_unit_test(memory_runs_out),
		cmocka_unit_test(one_failure_is_remembered),
		cmocka_unit_test(order_and_forms),
		cmocka_unit_test(members_stay_usable),
		cmocka_unit_test(appends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
