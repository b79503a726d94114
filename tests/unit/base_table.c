/* SPDX-License-Identifier: ISC */
/* Text in columns. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/table.h"

/* Cells up to NULL; the columns whose number stands in 'right' go right. */
static void
check(size_t columns, const char *right, const char *const *cells,
    const char *want)
{
	struct table *t = table_new(columns);
	struct buf b = BUF_INIT;

	assert_non_null(t);
	for (; *right != '\0'; right++)
		table_align_right(t, (size_t)(*right - '0'));
	for (; *cells != NULL; cells++)
		table_cell(t, *cells);
	assert_true(table_put(&b, t));
	assert_string_equal(buf_text(&b), want);
	table_free(t);
	buf_free(&b);
}

static void
impossible_tables(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_null(table_new(0));
	assert_null(table_new(17));
	assert_null(table_new(SIZE_MAX));
	table_free(NULL);
	table_cell(NULL, "x");
	table_align_right(NULL, 0);
	assert_false(table_put(&b, NULL));
	assert_int_equal(b.len, 0);
}

/* What was too much once is not forgotten. */
static void
too_much_text(void **state)
{
	const size_t len = BUF_MAX / 4 + 1; /* \xFF is four characters */
	struct table *t = table_new(1);
	struct buf b = BUF_INIT;
	char *text = malloc(len + 1);

	(void)state;
	assert_non_null(t);
	assert_non_null(text);
	memset(text, 0xFF, len);
	text[len] = '\0';
	table_cell(t, text);
	table_cell(t, "x");
	assert_false(table_put(&b, t));
	assert_int_equal(b.len, 0);
	table_free(t);
	free(text);
	buf_free(&b);
}

static void
buf_that_failed(void **state)
{
	struct table *t = table_new(2);
	struct buf b = BUF_INIT;

	(void)state;
	table_cell(t, "");
	table_cell(t, "x");
	buf_put(&b, "", SIZE_MAX);
	assert_false(table_put(&b, t));
	assert_string_equal(buf_text(&b), "");
	table_free(t);
	buf_free(&b);
}

static void
hostile_cells(void **state)
{
	static const char *const cells[] = { "a\nb", "1", "\x1B[31m", "2",
		"\xE2\x80\xAE", "3", "\xFF", "4", NULL };

	(void)state;
	check(2, "", cells,
	    "a^Jb      1\n"
	    "^[[31m    2\n"
	    "\\u{202E}  3\n"
	    "\\xFF      4\n");
}

static void
no_blanks_at_line_ends(void **state)
{
	static const char *const cells[] = { "a", "bbb", "", "aaa", "", "", "",
		"", "", "c  ", "", " ", NULL };

	(void)state;
	check(3, "", cells,
	    "a    bbb\n"
	    "aaa\n"
	    "\n"
	    "c\n");
	check(3, "012", cells,
	    "  a  bbb\n"
	    "aaa\n"
	    "\n"
	    "c\n");
}

static void
begun_row_is_filled(void **state)
{
	static const char *const cells[] = { "a", "b", "c", "dd", NULL };

	(void)state;
	check(3, "", cells, "a   b  c\ndd\n");
	check(3, "2", cells, "a   b  c\ndd\n");
	check(3, "0", cells, " a  b  c\ndd\n");
}

/* Colours take no room, and an empty cell has none. */
static void
styles(void **state)
{
	struct table *t = table_new(2);
	struct buf b = BUF_INIT;

	(void)state;
	table_cell_style(t, "\x1B[1m", "32");
	table_cell(t, "a");
	table_cell_style(t, "", "31");
	table_cell_style(t, "b", "1;31");
	table_cell_style(t, "c", NULL);
	assert_true(table_put(&b, t));
	assert_string_equal(buf_text(&b),
	    "\033[32m^[[1m\033[0m  a\n"
	    "       \033[1;31mb\033[0m\n"
	    "c\n");
	table_free(t);
	buf_free(&b);
}

/* Never in the middle of a wide letter, and never wider than that. */
static void
limits(void **state)
{
	static const char *const cells[] = { "12345", "123456", "한글을",
		"한글", "a한글", "1234한", "\n\n\n", "", NULL };
	struct table *t = table_new(2);
	struct buf b = BUF_INIT;

	(void)state;
	table_limit(NULL, 0, 5);
	table_limit(t, 2, 5);
	table_limit(t, 1, 2); /* no room for dots */
	table_limit(t, 0, 5);
	for (size_t i = 0; cells[i] != NULL; i++) {
		table_cell(t, cells[i]);
		table_cell(t, "123456");
	}
	assert_true(table_put(&b, t));
	assert_string_equal(buf_text(&b),
	    "12345  123456\n"
	    "123..  123456\n"
	    "한..   123456\n"
	    "한글   123456\n"
	    "a한글  123456\n"
	    "123..  123456\n"
	    "^J^..  123456\n"
	    "       123456\n");
	table_free(t);
	buf_free(&b);
}

static void
empty_tables(void **state)
{
	static const char *const none[] = { NULL };
	static const char *const one[] = { "", NULL };

	(void)state;
	check(1, "", none, "");
	check(16, "0", none, "");
	check(1, "", one, "\n");
	check(16, "", one, "\n");
	check(1, "", (const char *const[]){ "x", "y", NULL }, "x\ny\n");
}

/* Hangul in both forms, ideographs, combining marks, emoji. */
static void
all_scripts_line_up(void **state)
{
	static const char *const cells[] = {
		"\xEC\x9B\xB9\xEC\x84\x9C\xEB\xB2\x84",
		"1",
		"\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xA8",
		"2",
		"\xE6\x9D\xB1\xE4\xBA\xAC",
		"3",
		"cafe\xCC\x81",
		"4",
		"\xF0\x9F\x9A\x80",
		"5",
		"abcdef",
		"6",
		NULL,
	};

	(void)state;
	check(2, "", cells,
	    "\xEC\x9B\xB9\xEC\x84\x9C\xEB\xB2\x84  1\n"
	    "\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xA8      2\n"
	    "\xE6\x9D\xB1\xE4\xBA\xAC    3\n"
	    "cafe\xCC\x81    4\n"
	    "\xF0\x9F\x9A\x80      5\n"
	    "abcdef  6\n");
	check(2, "0", cells,
	    "\xEC\x9B\xB9\xEC\x84\x9C\xEB\xB2\x84  1\n"
	    "    \xE1\x84\x80\xE1\x85\xA1\xE1\x86\xA8  2\n"
	    "  \xE6\x9D\xB1\xE4\xBA\xAC  3\n"
	    "  cafe\xCC\x81  4\n"
	    "    \xF0\x9F\x9A\x80  5\n"
	    "abcdef  6\n");
}

static void
numbers_on_the_right(void **state)
{
	static const char *const cells[] = { "NAME", "AGE", "TYPE", "web", "9",
		"t2", "db", "1000", "m5.large", NULL };

	(void)state;
	check(3, "1", cells,
	    "NAME   AGE  TYPE\n"
	    "web      9  t2\n"
	    "db    1000  m5.large\n");
	check(3,
	    "1"
	    "9",
	    cells,
	    "NAME   AGE  TYPE\n"
	    "web      9  t2\n"
	    "db    1000  m5.large\n");
}

/* The text is copied, the output is appended, and can be made twice. */
static void
copies_and_appends(void **state)
{
	struct table *t = table_new(1);
	struct buf b = BUF_INIT;
	char text[] = "old";

	(void)state;
	table_cell(t, text);
	memcpy(text, "new", 3);
	buf_put_text(&b, "before   ");
	assert_true(table_put(&b, t));
	assert_true(table_put(&b, t));
	assert_string_equal(buf_text(&b), "before   old\nold\n");
	buf_clear(&b);
	buf_put_text(&b, "kept ");
	table_free(t);
	t = table_new(1);
	table_cell(t, "");
	assert_true(table_put(&b, t));
	assert_string_equal(buf_text(&b), "kept \n");
	table_free(t);
	buf_free(&b);
}

static void
many_rows(void **state)
{
	struct table *t = table_new(16);
	struct buf b = BUF_INIT;
	size_t i, lines = 0;

	(void)state;
	for (i = 0; i < 16 * 1000; i++)
		table_cell(t, i % 16 == 0 ? "ab" : "c");
	assert_true(table_put(&b, t));
	for (i = 0; i < b.len; i++)
		lines += b.data[i] == '\n';
	assert_int_equal(lines, 1000);
	assert_int_equal(b.len, 1000 * (2 + 15 * 3 + 1));
	table_free(t);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(impossible_tables),
		cmocka_unit_test(too_much_text),
		cmocka_unit_test(buf_that_failed),
		cmocka_unit_test(hostile_cells),
		cmocka_unit_test(no_blanks_at_line_ends),
		cmocka_unit_test(begun_row_is_filled),
		cmocka_unit_test(styles),
		cmocka_unit_test(limits),
		cmocka_unit_test(empty_tables),
		cmocka_unit_test(all_scripts_line_up),
		cmocka_unit_test(numbers_on_the_right),
		cmocka_unit_test(copies_and_appends),
		cmocka_unit_test(many_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
