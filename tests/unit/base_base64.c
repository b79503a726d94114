/* SPDX-License-Identifier: ISC */
/* base64: one form for each sequence of bytes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pemkeep/base/base64.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/digest.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
refused(void **state)
{
	static const char *const texts[] = { "A", "AA", "AAA", "=", "==", "===",
		"====", "A===", "AB==", "Zh==", "Zm9=", "Zm9v=", "Zg=A",
		"Z=g=", "=Zg=", "Zg==Zg==", "Zm 9", "Zm9v\n", "\nZm9v", "Zm-v",
		"Zm_v", "Zm9\x80", "Zm9vZ", "Zm9v====" };
	struct buf b = BUF_INIT;

	(void)state;
	buf_put_text(&b, "before");
	for (size_t i = 0; i < COUNT(texts); i++) {
		if (base64_decode(&b, texts[i], strlen(texts[i])))
			fail_msg("'%s' was taken", texts[i]);
		assert_string_equal(buf_text(&b), "before");
	}
	assert_false(base64_decode(&b, "AA\0A", 4));
	assert_string_equal(buf_text(&b), "before");
	buf_free(&b);
}

static void
buf_that_failed(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	b.failed = true;
	assert_false(base64_decode(&b, "Zm9v", 4));
	assert_int_equal(b.len, 0);
}

static void
taken(void **state)
{
	static const struct {
		const char *text, *bytes;
	} cases[] = {
		{ "", "" },
		{ "Zg==", "f" },
		{ "Zm8=", "fo" },
		{ "Zm9v", "foo" },
		{ "Zm9vYg==", "foob" },
		{ "Zm9vYmE=", "fooba" },
		{ "Zm9vYmFy", "foobar" },
		{ "+/+/", "\xFB\xFF\xBF" },
	};
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		buf_clear(&b);
		buf_put_text(&b, ">");
		assert_true(
		    base64_decode(&b, cases[i].text, strlen(cases[i].text)));
		assert_string_equal(buf_text(&b) + 1, cases[i].bytes);
	}
	buf_free(&b);
}

static void
there_and_back(void **state)
{
	struct buf text = BUF_INIT, back = BUF_INIT;
	uint8_t bytes[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37 + 11);
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		buf_clear(&text);
		buf_clear(&back);
		digest_put_base64(&text, bytes, len, 1);
		assert_true(base64_decode(&back, buf_text(&text), text.len));
		assert_int_equal(back.len, len);
		assert_memory_equal(buf_text(&back), bytes, len);
	}
	buf_free(&text);
	buf_free(&back);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(buf_that_failed),
		cmocka_unit_test(taken),
		cmocka_unit_test(there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
