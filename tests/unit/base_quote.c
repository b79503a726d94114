/* SPDX-License-Identifier: ISC */
/* Words in commands that are shown: what a shell makes of them is the word. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/quote.h"

static void
test_quote(void **state)
{
	static const char *const words[][2] = {
		{ "web", "web" },
		{ "/x/y-1_2.pem", "/x/y-1_2.pem" },
		{ "", "''" },
		{ "two words", "'two words'" },
		{ "it's", "'it'\\''s'" },
		{ "$(id)`id`", "'$(id)`id`'" },
		{ "~/x", "'~/x'" },
		{ "\\x", "'\\x'" },
		{ "\xed\x95\x9c", "'\xed\x95\x9c'" },
		{ "a\nb", "$'a\\x0a'$'b'" },
		{ "\033[m", "$'\\x1b'$'[m'" },
		{ "\xff", "$'\\xff'" },
		{ "'\\\n", "$'\\'\\\\\\x0a'" },
		{ "\xe2\x80\xae", "$'\\xe2\\x80\\xae'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct buf b = BUF_INIT;

		quote_put(&b, words[i][0]);
		assert_string_equal(buf_text(&b), words[i][1]);
		buf_free(&b);
	}
}

static void
test_always(void **state)
{
	static const char *const words[][2] = {
		{ "web", "'web'" },
		{ "", "''" },
		{ "it's; $(id) `id`", "'it'\\''s; $(id) `id`'" },
		{ "\033[m", "$'\\x1b'$'[m'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct buf b = BUF_INIT;

		quote_always(&b, words[i][0]);
		assert_string_equal(buf_text(&b), words[i][1]);
		buf_free(&b);
	}
}

static void
test_hint(void **state)
{
	struct err e;

	(void)state;
	err_set(&e, ERR_FAILED, "no");
	quote_hint(&e, "pemkeep launch --undo ", "it's", " removes it");
	assert_string_equal(
	    e.hint, "pemkeep launch --undo 'it'\\''s' removes it");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_always),
		cmocka_unit_test(test_hint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
