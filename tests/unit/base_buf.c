/* SPDX-License-Identifier: ISC */
/* The writing buffer: limits, stickiness, and the SSH forms. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <cmocka.h>

#include "pemkeep/base/buf.h"

#define NOTHING "nothing may be added after a failure"

/* A buf of 'len' bytes, to come near the limit in one step. */
static void
fill(struct buf *b, size_t len)
{
	void *bytes = calloc(1, len);

	assert_non_null(bytes);
	buf_put(b, bytes, len);
	free(bytes);
	assert_true(buf_ok(b));
	assert_int_equal(b->len, len);
}

static void
put_byte(struct buf *b)
{
	buf_put(b, "", 1);
}

static void
put_u8(struct buf *b)
{
	buf_put_u8(b, 1);
}

static void
put_u32(struct buf *b)
{
	buf_put_u32(b, 1);
}

static void
put_u64(struct buf *b)
{
	buf_put_u64(b, 1);
}

static void
put_string(struct buf *b)
{
	buf_put_string(b, "x", 1);
}

static void
put_cstring(struct buf *b)
{
	buf_put_cstring(b, "");
}

static void
put_mpint(struct buf *b)
{
	buf_put_mpint(b, "\x01", 1);
}

static void
put_text(struct buf *b)
{
	buf_put_text(b, NOTHING);
}

static void
put_printf(struct buf *b)
{
	buf_printf(b, "%s", NOTHING);
}

static void (*const puts_all[])(struct buf *) = { put_byte, put_u8, put_u32,
	put_u64, put_string, put_cstring, put_mpint, put_text, put_printf };

#define PUTS (sizeof(puts_all) / sizeof(puts_all[0]))

/* Exactly BUF_MAX is possible, one more is not, for every way to write. */
static void
limit(void **state)
{
	struct buf b = BUF_INIT;
	size_t i;

	(void)state;
	fill(&b, BUF_MAX);
	assert_true(buf_ok(&b));
	assert_int_equal(strlen(buf_text(&b)), 0);
	assert_true(buf_ok(&b));
	for (i = 0; i < PUTS; i++) {
		puts_all[i](&b);
		assert_false(buf_ok(&b));
		assert_int_equal(b.len, BUF_MAX);
		assert_string_equal(buf_text(&b), "");
		b.failed = false;
	}
	buf_put(&b, NULL, 0);
	assert_true(buf_ok(&b));
	buf_free(&b);
}

/* Lengths whose sum would wrap around; the bytes must not be read. */
static void
absurd_lengths(void **state)
{
	static const size_t lengths[] = { BUF_MAX + 1u, UINT32_MAX,
		SIZE_MAX - 1, SIZE_MAX };
	struct buf b = BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		buf_clear(&b);
		buf_put_u8(&b, 7);
		buf_put(&b, "x", lengths[i]);
		assert_false(buf_ok(&b));
		assert_int_equal(b.len, 1);
		buf_clear(&b);
		buf_put_string(&b, "x", lengths[i]);
		assert_false(buf_ok(&b));
		assert_int_equal(b.len, 0);
		buf_clear(&b);
		buf_put_mpint(&b, "x", lengths[i]);
		assert_false(buf_ok(&b));
		assert_int_equal(b.len, 0);
	}
	buf_free(&b);
}

static void
failure_sticks(void **state)
{
	struct buf b = BUF_INIT;
	size_t i;

	(void)state;
	buf_put_text(&b, "before");
	buf_put(&b, "", SIZE_MAX);
	for (i = 0; i < PUTS; i++)
		puts_all[i](&b);
	buf_put(&b, NULL, 0);
	assert_false(buf_ok(&b));
	assert_int_equal(b.len, 6);
	assert_string_equal(buf_text(&b), "");
	assert_false(buf_ok(&b));
	buf_clear(&b);
	assert_true(buf_ok(&b));
	assert_int_equal(b.len, 0);
	assert_string_equal(buf_text(&b), "");
	buf_put_text(&b, "after");
	assert_string_equal(buf_text(&b), "after");
	buf_free(&b);
}

/* A format that cannot be converted is a failure, not a guess. */
static void
printf_failure(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_printf(&b, "%lc", (wint_t)0x10FFFFFF);
	assert_false(buf_ok(&b));
	assert_int_equal(b.len, 0);
	buf_free(&b);
}

static void
free_makes_empty(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_free(NULL);
	buf_free(&b);
	assert_null(b.data);
	buf_put_text(&b, "x");
	buf_put(&b, "", SIZE_MAX);
	buf_free(&b);
	assert_null(b.data);
	assert_int_equal(b.len, 0);
	assert_int_equal(b.capacity, 0);
	assert_true(buf_ok(&b));
	buf_free(&b);
}

static void
text_of_empty(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_string_equal(buf_text(&b), "");
	assert_true(buf_ok(&b));
	assert_int_equal(b.len, 0);
	buf_free(&b);
}

/* The terminator is no content, at every length around every growth. */
static void
text_is_terminated(void **state)
{
	struct buf b = BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < 5000; i++) {
		assert_int_equal(strlen(buf_text(&b)), i);
		assert_int_equal(b.len, i);
		buf_put_u8(&b, 'a');
	}
	buf_free(&b);
}

static void
check_bytes(struct buf *b, const char *bytes, size_t len)
{
	assert_true(buf_ok(b));
	assert_int_equal(b->len, len);
	assert_memory_equal(b->data, bytes, len);
	buf_clear(b);
}

#define CHECK(b, literal) check_bytes((b), (literal), sizeof(literal) - 1)

static void
forms(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_put_u8(&b, 0xFE);
	buf_put_u32(&b, 0x01020384u);
	buf_put_u64(&b, 0x8182838485868788u);
	CHECK(&b, "\xFE\x01\x02\x03\x84\x81\x82\x83\x84\x85\x86\x87\x88");
	buf_put_string(&b, "a\0b", 3);
	buf_put_string(&b, NULL, 0);
	buf_put_cstring(&b, "ssh-rsa");
	CHECK(&b, "\0\0\0\3a\0b\0\0\0\0\0\0\0\7ssh-rsa");
	buf_put_text(&b, "a");
	buf_put_text(&b, "");
	buf_printf(&b, "%s%d", "", -1);
	buf_printf(&b, "%05u", 42u);
	CHECK(&b, "a-100042");
	buf_free(&b);
}

/* RFC 4251, section 5, and the edges of it. */
static void
mpints(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *wire;
		size_t wire_len;
	} cases[] = {
		{ NULL, 0, "\0\0\0\0", 4 },
		{ "\0", 1, "\0\0\0\0", 4 },
		{ "\0\0\0", 3, "\0\0\0\0", 4 },
		{ "\x01", 1, "\0\0\0\1\x01", 5 },
		{ "\x7F", 1, "\0\0\0\1\x7F", 5 },
		{ "\x80", 1, "\0\0\0\2\0\x80", 6 },
		{ "\0\x80", 2, "\0\0\0\2\0\x80", 6 },
		{ "\0\0\x7F\0", 4, "\0\0\0\2\x7F\0", 6 },
		{ "\xFF\xFF", 2, "\0\0\0\3\0\xFF\xFF", 7 },
		{ "\x09\xA3\x78\xF9\xB2\xE3\x32\xA7", 8,
		    "\0\0\0\x08\x09\xA3\x78\xF9\xB2\xE3\x32\xA7", 12 },
	};
	struct buf b = BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_put_mpint(&b, cases[i].bytes, cases[i].len);
		check_bytes(&b, cases[i].wire, cases[i].wire_len);
	}
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limit),
		cmocka_unit_test(absurd_lengths),
		cmocka_unit_test(failure_sticks),
		cmocka_unit_test(printf_failure),
		cmocka_unit_test(free_makes_empty),
		cmocka_unit_test(text_of_empty),
		cmocka_unit_test(text_is_terminated),
		cmocka_unit_test(forms),
		cmocka_unit_test(mpints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
