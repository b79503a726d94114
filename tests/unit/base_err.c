/* SPDX-License-Identifier: ISC */
/* Errors as values: what is cut, what is reset, what each code exits with. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>

#include "pemkeep/base/err.h"
#include "pemkeep/base/utf8.h"

static void
no_struct_is_no_fault(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, ERR_REFUSED, "%d", 1), ERR_REFUSED);
	assert_int_equal(
	    err_system(NULL, ERR_SYSTEM, ENOENT, "%d", 1), ERR_SYSTEM);
	err_hint(NULL, "%d", 1);
}

static void
long_text_is_cut(void **state)
{
	struct err e;
	char longer[2000];

	(void)state;
	memset(longer, 'a', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	err_set(&e, ERR_FAILED, "%s", longer);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	err_hint(&e, "%s", longer);
	assert_int_equal(strlen(e.hint), sizeof(e.hint) - 1);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	err_system(&e, ERR_SYSTEM, ENOENT, "%s", longer);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
}

/* For every way a character can lie across the cut. */
static void
characters_are_not_cut_in_half(void **state)
{
	static const char *const characters[] = { "\xC3\xA9", "\xEA\xB0\x80",
		"\xF0\x9F\x98\x80" };
	char text[600];
	struct err e;
	size_t i, shift, len, n;

	(void)state;
	for (i = 0; i < 3; i++) {
		n = strlen(characters[i]);
		for (shift = 0; shift < n; shift++) {
			memset(text, 'a', shift);
			for (len = shift; len + n < sizeof(text); len += n)
				memcpy(text + len, characters[i], n);
			text[len] = '\0';
			err_set(&e, ERR_FAILED, "%s", text);
			len = strlen(e.text);
			assert_true(utf8_valid(e.text, len));
			assert_true(len > sizeof(e.text) - 1 - n);
			assert_memory_equal(e.text, text, len);
		}
	}
}

/* Bytes that are no UTF-8 are kept: they are shown escaped. */
static void
stray_bytes_survive_the_cut(void **state)
{
	char text[600];
	struct err e;

	(void)state;
	memset(text, 0x80, sizeof(text));
	text[sizeof(text) - 1] = '\0';
	err_set(&e, ERR_FAILED, "%s", text);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
}

static void
text_that_fits_is_not_touched(void **state)
{
	struct err e;

	(void)state;
	err_set(&e, ERR_FAILED, "cut off by its maker: \xEA\xB0");
	assert_string_equal(e.text, "cut off by its maker: \xEA\xB0");
}

static void
hint_goes_with_the_next_failure(void **state)
{
	struct err e;

	(void)state;
	err_set(&e, ERR_NOT_FOUND, "no key '%s'", "a");
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_string_equal(e.text, "no key 'a'");
	assert_string_equal(e.hint, "");
	err_hint(&e, "run %s", "b");
	assert_string_equal(e.hint, "run b");
	assert_string_equal(e.text, "no key 'a'");
	err_set(&e, ERR_FAILED, "x");
	assert_string_equal(e.hint, "");
	err_hint(&e, "y");
	err_system(&e, ERR_SYSTEM, EACCES, "z");
	assert_string_equal(e.hint, "");
}

static void
own_text_can_be_an_argument(void **state)
{
	struct err e;

	(void)state;
	err_set(&e, ERR_FORMAT, "inner");
	err_set(&e, e.code, "outer: %s", e.text);
	assert_string_equal(e.text, "outer: inner");
	err_system(&e, ERR_SYSTEM, ENOENT, "most outer: %s", e.text);
	assert_string_equal(
	    e.text, "most outer: outer: inner: No such file or directory");
}

static void
exit_statuses(void **state)
{
	static const struct {
		enum err_code code;
		int status;
	} cases[] = {
		{ ERR_OK, 0 },
		{ ERR_FAILED, 1 },
		{ ERR_USAGE, 2 },
		{ ERR_LOCKED, 3 },
		{ ERR_NOT_FOUND, 4 },
		{ ERR_AMBIGUOUS, 5 },
		{ ERR_REFUSED, 6 },
		{ ERR_UNTRUSTED, 7 },
		{ ERR_NETWORK, 8 },
		{ ERR_NOMEM, 1 },
		{ ERR_SYSTEM, 1 },
		{ ERR_EXISTS, 1 },
		{ ERR_FORMAT, 1 },
		{ ERR_UNSUPPORTED, 1 },
		{ ERR_MISMATCH, 1 },
		{ ERR_NEED_PASSPHRASE, 3 },
		{ ERR_INTERRUPTED, 130 },
		{ (enum err_code)1, 1 },
		{ (enum err_code) - 17, 1 },
		{ (enum err_code) - 100000, 1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
		    err_exit_status(cases[i].code), cases[i].status);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_struct_is_no_fault),
		cmocka_unit_test(long_text_is_cut),
		cmocka_unit_test(characters_are_not_cut_in_half),
		cmocka_unit_test(stray_bytes_survive_the_cut),
		cmocka_unit_test(text_that_fits_is_not_touched),
		cmocka_unit_test(hint_goes_with_the_next_failure),
		cmocka_unit_test(own_text_can_be_an_argument),
		cmocka_unit_test(exit_statuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
