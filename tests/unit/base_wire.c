/* SPDX-License-Identifier: ISC */
/*
 * The reading cursor.  Input is copied into a block of exactly its size, so
 * that a byte read too many is seen by the memory checkers.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pemkeep/base/buf.h"

struct input {
	struct wire w;
	uint8_t *bytes;
};

static struct input
open_input(const void *bytes, size_t len)
{
	struct input in;

	in.bytes = malloc(len == 0 ? 1 : len);
	assert_non_null(in.bytes);
	if (len > 0)
		memcpy(in.bytes, bytes, len);
	wire_init(&in.w, len == 0 ? in.bytes + 1 : in.bytes, len);
	return in;
}

static void
close_input(struct input *in)
{
	free(in->bytes);
}

/* Everything gives zeros, and what was there before cannot come back. */
static void
check_failed(struct wire *w)
{
	size_t len = 77;

	assert_false(wire_ok(w));
	assert_false(wire_done(w));
	assert_null(wire_bytes(w, 0));
	assert_null(wire_bytes(w, 1));
	assert_int_equal(wire_u8(w), 0);
	assert_int_equal(wire_u32(w), 0);
	assert_int_equal(wire_u64(w), 0);
	assert_null(wire_string(w, &len));
	assert_int_equal(len, 0);
	len = 77;
	assert_null(wire_mpint(w, &len));
	assert_int_equal(len, 0);
	assert_false(wire_string_is(w, ""));
	assert_int_equal(w->left, 0);
	assert_false(wire_ok(w));
	assert_false(wire_done(w));
}

static void
numbers_cut_short(void **state)
{
	static const uint8_t ones[8] = { 255, 255, 255, 255, 255, 255, 255,
		255 };
	struct input in;
	size_t len;

	(void)state;
	for (len = 0; len < 8; len++) {
		in = open_input(ones, len);
		assert_int_equal(wire_u64(&in.w), 0);
		check_failed(&in.w);
		close_input(&in);
		if (len >= 4)
			continue;
		in = open_input(ones, len);
		assert_int_equal(wire_u32(&in.w), 0);
		check_failed(&in.w);
		close_input(&in);
	}
	in = open_input(NULL, 0);
	assert_int_equal(wire_u8(&in.w), 0);
	check_failed(&in.w);
	close_input(&in);
}

static void
more_bytes_than_there_are(void **state)
{
	static const size_t lengths[] = { 4, 5, UINT32_MAX, SIZE_MAX };
	struct input in;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		in = open_input("abc", 3);
		assert_null(wire_bytes(&in.w, lengths[i]));
		check_failed(&in.w);
		close_input(&in);
	}
}

static void
bad_strings(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {
		{ "", 0 },
		{ "\0", 1 },
		{ "\0\0\0", 3 },
		{ "\0\0\0\1", 4 },
		{ "\0\0\0\4abc", 7 },
		{ "\0\0\1\3abc", 7 },
		{ "\x7F\xFF\xFF\xFF"
		  "abc",
		    7 },
		{ "\x80\0\0\0"
		  "abc",
		    7 },
		{ "\xFF\xFF\xFF\xFC"
		  "abc",
		    7 },
		{ "\xFF\xFF\xFF\xFF"
		  "abc",
		    7 },
	};
	struct input in;
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		len = 77;
		in = open_input(cases[i].bytes, cases[i].len);
		assert_null(wire_string(&in.w, &len));
		assert_int_equal(len, 0);
		check_failed(&in.w);
		close_input(&in);
		in = open_input(cases[i].bytes, cases[i].len);
		assert_false(wire_string_is(&in.w, "abc"));
		check_failed(&in.w);
		close_input(&in);
	}
}

static void
bad_mpints(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {
		{ "\0\0\0\1", 4 },   /* cut off */
		{ "\0\0\0\1\0", 5 }, /* zero with a byte */
		{ "\0\0\0\2\0\0", 6 },
		{ "\0\0\0\2\0\1", 6 }, /* needless zero */
		{ "\0\0\0\2\0\x7F", 6 },
		{ "\0\0\0\3\0\0\x80", 7 }, /* one zero too many */
		{ "\0\0\0\1\x80", 5 },     /* negative */
		{ "\0\0\0\1\xFF", 5 },
		{ "\0\0\0\2\xED\xCC", 6 }, /* -1234, RFC 4251 */
		{ "\0\0\0\5\xFF\x21\x52\x41\x11", 9 },
	};
	struct input in;
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		len = 77;
		in = open_input(cases[i].bytes, cases[i].len);
		assert_null(wire_mpint(&in.w, &len));
		assert_int_equal(len, 0);
		check_failed(&in.w);
		close_input(&in);
	}
}

static void
good_mpints(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *number;
		size_t number_len;
	} cases[] = {
		{ "\0\0\0\0", 4, "", 0 },
		{ "\0\0\0\1\1", 5, "\1", 1 },
		{ "\0\0\0\1\x7F", 5, "\x7F", 1 },
		{ "\0\0\0\2\0\x80", 6, "\x80", 1 },
		{ "\0\0\0\2\1\0", 6, "\1\0", 2 },
		{ "\0\0\0\3\0\xFF\0", 7, "\xFF\0", 2 },
	};
	const uint8_t *at;
	struct input in;
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		in = open_input(cases[i].bytes, cases[i].len);
		at = wire_mpint(&in.w, &len);
		assert_non_null(at);
		assert_int_equal(len, cases[i].number_len);
		assert_memory_equal(at, cases[i].number, len);
		assert_true(wire_done(&in.w));
		close_input(&in);
	}
}

static void
done_means_nothing_left(void **state)
{
	struct input in = open_input("ab", 2);

	(void)state;
	assert_false(wire_done(&in.w));
	assert_int_equal(wire_u8(&in.w), 'a');
	assert_false(wire_done(&in.w));
	assert_true(wire_ok(&in.w));
	assert_int_equal(wire_u8(&in.w), 'b');
	assert_true(wire_done(&in.w));
	assert_non_null(wire_bytes(&in.w, 0));
	assert_true(wire_done(&in.w));
	assert_int_equal(wire_u8(&in.w), 0);
	check_failed(&in.w);
	close_input(&in);
}

static void
nothing_at_all(void **state)
{
	struct wire w;

	(void)state;
	wire_init(&w, NULL, 0);
	assert_true(wire_done(&w));
	assert_non_null(wire_bytes(&w, 0));
	assert_true(wire_done(&w));
	assert_int_equal(wire_u8(&w), 0);
	check_failed(&w);
}

static void
comparing_consumes(void **state)
{
	struct input in = open_input("\0\0\0\3abc\0\0\0\2ab\0\0\0\0", 17);

	(void)state;
	assert_false(wire_string_is(&in.w, "ab"));
	assert_true(wire_string_is(&in.w, "ab"));
	assert_true(wire_string_is(&in.w, ""));
	assert_true(wire_done(&in.w));
	close_input(&in);
	in = open_input("\0\0\0\3ab\0", 7);
	assert_false(wire_string_is(&in.w, "ab"));
	assert_true(wire_done(&in.w));
	close_input(&in);
	in = open_input("\0\0\0\2ab", 6);
	assert_false(wire_string_is(&in.w, "abc"));
	assert_true(wire_done(&in.w));
	close_input(&in);
}

static void
what_buf_wrote(void **state)
{
	struct buf b = BUF_INIT;
	struct input in;
	const uint8_t *at;
	size_t len;

	(void)state;
	buf_put_u8(&b, 0xFE);
	buf_put_u32(&b, 0xFEDCBA98u);
	buf_put_u64(&b, 0xFEDCBA9876543210u);
	buf_put_string(&b, "a\0b", 3);
	buf_put_mpint(&b, "\0\xC0\1", 3);
	in = open_input(b.data, b.len);
	assert_int_equal(wire_u8(&in.w), 0xFE);
	assert_int_equal(wire_u32(&in.w), 0xFEDCBA98u);
	assert_true(wire_u64(&in.w) == 0xFEDCBA9876543210u);
	at = wire_string(&in.w, &len);
	assert_int_equal(len, 3);
	assert_memory_equal(at, "a\0b", 3);
	at = wire_mpint(&in.w, &len);
	assert_int_equal(len, 2);
	assert_memory_equal(at, "\xC0\1", 2);
	assert_true(wire_done(&in.w));
	close_input(&in);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_cut_short),
		cmocka_unit_test(more_bytes_than_there_are),
		cmocka_unit_test(bad_strings),
		cmocka_unit_test(bad_mpints),
		cmocka_unit_test(good_mpints),
		cmocka_unit_test(done_means_nothing_left),
		cmocka_unit_test(nothing_at_all),
		cmocka_unit_test(comparing_consumes),
		cmocka_unit_test(what_buf_wrote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
