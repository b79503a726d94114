/* SPDX-License-Identifier: ISC */
/* JSON of SSM to rows: what is refused, what is cut off, then the rows. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "pemkeep/aws/ssm.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/aws/rows.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int
feed(
    struct rows *rows, const char *text, size_t len, size_t step, struct err *e)
{
	int status = rows_begin(rows, e);

	for (size_t at = 0; at < len && status == 0; at += step)
		status = rows_feed(rows, text + at,
		    len - at < step ? len - at : step, false, e);
	return status == 0 ? rows_feed(rows, "", 0, true, e) : status;
}

static size_t
count(struct rows *rows)
{
	const void *row = NULL;
	size_t n = 0;

	while ((row = rows_next(rows, row)) != NULL)
		n++;
	return n;
}

static void
refused(void **state)
{
	static const char *const texts[] = { "", "x", "<a/>", "7", "\"a\"",
		"{\"Parameters\":[", "{\"Parameters\":[]}x",
		"{\"Parameters\":[],\"Parameters\":[]}",
		"{\"Parameters\":[{\"Name\":\"\xFF\"}]}" };
	struct rows *rows = rows_new(&ssm_get_parameters);
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_int_equal(
		    feed(rows, texts[i], strlen(texts[i]), 3, &e), ERR_NETWORK);
		assert_int_equal(
		    rows_feed(rows, "{}", 2, true, &e), ERR_NETWORK);
		assert_int_equal(count(rows), 0);
	}
	rows_free(rows);
}

static void
too_much(void **state)
{
	static char blanks[0x10000];
	struct rows *rows = rows_new(&ssm_get_parameters);
	int status = 0;
	struct err e;

	(void)state;
	memset(blanks, ' ', sizeof(blanks));
	assert_int_equal(rows_begin(rows, &e), 0);
	for (size_t i = 0; i < 100 && status == 0; i++)
		status = rows_feed(rows, blanks, sizeof(blanks), false, &e);
	assert_int_equal(status, ERR_FORMAT);
	assert_non_null(strstr(e.text, "too large"));
	rows_free(rows);
}

/* What is of another kind than it should be is absent. */
static void
odd(void **state)
{
	static const struct {
		const char *text;
		size_t count;
	} cases[] = { { "{}", 0 }, { "[]", 0 }, { "{\"Parameters\":7}", 0 },
		{ "{\"Parameters\":null}", 0 }, { "{\"Parameters\":{}}", 1 },
		{ "{\"Parameters\":[1,[],null]}", 3 },
		{ "{\"Parameters\":[{\"Name\":{},\"Value\":[]}]}", 1 } };
	struct rows *rows = rows_new(&ssm_get_parameters);
	const struct ssm_parameter *row;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
		    feed(rows, cases[i].text, strlen(cases[i].text), 5, &e), 0);
		assert_int_equal(count(rows), cases[i].count);
		if ((row = rows_next(rows, NULL)) != NULL) {
			assert_string_equal(row->name, "");
			assert_string_equal(row->value, "");
		}
	}
	rows_free(rows);
}

static void
good(void **state)
{
	static const char text[] =
	    "{\"Parameters\":[{\"Name\":\"/a\",\"Value\":\"ami-1\","
	    "\"Version\":1},{\"Value\":\"ami-2\",\"Name\":\"/b\"}],"
	    "\"InvalidParameters\":[\"/c\"]}";
	struct rows *rows = rows_new(&ssm_get_parameters);
	const struct ssm_parameter *row;
	struct err e;

	(void)state;
	for (size_t step = 1; step < sizeof(text); step++) {
		assert_int_equal(feed(rows, text, strlen(text), step, &e), 0);
		row = rows_next(rows, NULL);
		assert_string_equal(row->name, "/a");
		assert_string_equal(row->value, "ami-1");
		row = rows_next(rows, row);
		assert_string_equal(row->name, "/b");
		assert_string_equal(row->value, "ami-2");
		assert_null(rows_next(rows, row));
		assert_string_equal(rows_token(rows), "");
	}
	for (size_t len = 0; len + 1 < sizeof(text); len++)
		assert_int_equal(feed(rows, text, len, 16, &e),
		    len == strlen(text) ? 0 : ERR_NETWORK);
	rows_free(rows);
}

static void
names(void **state)
{
	static const char *const list[] = { "/a", "b\"\n" };
	struct buf b = BUF_INIT;

	(void)state;
	ssm_put_names(&b, list, COUNT(list));
	assert_non_null(strstr(buf_text(&b), "\"Names\": ["));
	assert_non_null(strstr(buf_text(&b), "\"b\\\"\\n\""));
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(too_much),
		cmocka_unit_test(odd),
		cmocka_unit_test(good),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
