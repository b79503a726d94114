/* SPDX-License-Identifier: ISC */

/* The base64 of vault/secret.h. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "vault/secret.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define TEXT(s) \
	{ \
		s, sizeof(s) - 1 \
	}

static void
base64_refuses(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {
		/* padding */
		TEXT("Y"),
		TEXT("YQ"),
		TEXT("YQ="),
		TEXT("YQ==="),
		TEXT("YWI"),
		TEXT("YWI=="),
		TEXT("YWJj="),
		TEXT("="),
		TEXT("===="),
		TEXT("YWJjZ"),
		TEXT("YQ==YQ=="),
		TEXT("Y=Q="),
		TEXT("=YQ="),
		/* bits that are left over */
		TEXT("YR=="),
		TEXT("YWJ="),
		/* other characters */
		TEXT("YW-_"),
		TEXT("YWJj!"),
		TEXT("!YWJj"),
		TEXT("YW\vJj"),
		TEXT("YWJj."),
		TEXT("YQ==!"),
		TEXT("YQ== x"),
		TEXT("YQ==\0"),
		TEXT("\0YQ=="),
		TEXT("Y\0Q=="),
		TEXT("YWJj\0"),
	};

	size_t taken = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct secret *s =
		    secret_from_base64(cases[i].text, cases[i].len);

		if (s == NULL)
			continue;
		print_error("case %zu, '%s': taken\n", i, cases[i].text);
		secret_free(s);
		taken++;
	}
	assert_int_equal(taken, 0);
}

/* As the last digit, and behind the last digit. */
static void
base64_every_byte(void **state)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t wrong = 0;

	(void)state;
	for (int c = 0; c < 256; c++) {
		const char text[] = { 'Y', 'W', 'J', (char)c };
		const char behind[] = { 'Y', 'W', 'J', 'j', (char)c };
		struct secret *digit = secret_from_base64(text, 4);
		struct secret *blank = secret_from_base64(behind, 5);
		const bool is_digit = memchr(digits, c, 64) != NULL;
		const bool is_blank = memchr(" \t\r\n", c, 4) != NULL;

		if ((digit != NULL) != is_digit ||
		    (blank != NULL) != is_blank) {
			if (wrong == 0)
				print_error("byte %#x: digit %d, blank %d\n", c,
				    digit != NULL, blank != NULL);
			wrong++;
		}
		secret_free(digit);
		secret_free(blank);
	}
	assert_int_equal(wrong, 0);
}

static void
base64_blanks(void **state)
{
	static const struct {
		const char *text, *is;
	} cases[] = {
		{ "", "" },
		{ " \t\r\n", "" },
		{ "YWJj", "abc" },
		{ " Y W J j ", "abc" },
		{ "YW\r\nJj\r\n", "abc" },
		{ "\tYWJjZA==\n", "abcd" },
		{ "YWJjZA=\n=", "abcd" },
		{ "YWJjZGU =", "abcde" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct secret *s =
		    secret_from_base64(cases[i].text, strlen(cases[i].text));

		if (s == NULL)
			fail_msg("'%s': refused", cases[i].text);
		assert_int_equal(secret_len(s), strlen(cases[i].is));
		assert_memory_equal(
		    secret_bytes(s), cases[i].is, strlen(cases[i].is));
		secret_free(s);
	}
}

/* RFC 4648 section 10. */
static void
base64_known(void **state)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
		{ "\373\377\277", "+/+/" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *plain = cases[i][0], *text = cases[i][1];
		struct secret *s = secret_to_base64(plain, strlen(plain));

		assert_non_null(s);
		assert_int_equal(secret_len(s), strlen(text));
		assert_memory_equal(secret_bytes(s), text, strlen(text));
		secret_free(s);
	}
}

static void
base64_round_trip(void **state)
{
	uint8_t data[300];
	struct secret *text, *back;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t len = 0; len <= sizeof(data); len++) {
		text = secret_to_base64(data, len);
		assert_non_null(text);
		assert_int_equal(secret_len(text), (len + 2) / 3 * 4);
		back = secret_from_base64(secret_bytes(text), secret_len(text));
		assert_non_null(back);
		assert_int_equal(secret_len(back), len);
		assert_memory_equal(secret_bytes(back), data, len);
		secret_free(text);
		secret_free(back);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_refuses),
		cmocka_unit_test(base64_every_byte),
		cmocka_unit_test(base64_blanks),
		cmocka_unit_test(base64_known),
		cmocka_unit_test(base64_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
