/* SPDX-License-Identifier: ISC */
/*
 * UTF-8.  Input is copied into a block of exactly its size, so that a byte read
 * too many is seen by the memory checkers.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/utf8.h"
#include "src/base/utf8_tables.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The same numbers everywhere: xorshift, Marsaglia 2003. */
static uint32_t
random_next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static size_t
decode(const void *bytes, size_t len, uint32_t *cp)
{
	uint8_t *copy = malloc(len == 0 ? 1 : len);
	size_t n;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	n = utf8_decode(len == 0 ? copy + 1 : copy, len, cp);
	assert_true(utf8_valid(len == 0 ? copy + 1 : copy, n));
	free(copy);
	return n;
}

static void
malformed(void **state)
{
	static const char *const cases[] = {
		/* no beginning of anything */
		"\x80",
		"\xBF",
		"\xFE",
		"\xFF",
		"\xF8\x88\x80\x80\x80",
		"\xFC\x84\x80\x80\x80\x80",
		/* too long a form: '/', U+7F, U+7FF, U+FFFF */
		"\xC0\xAF",
		"\xC1\xBF",
		"\xE0\x80\xAF",
		"\xE0\x9F\xBF",
		"\xF0\x80\x80\xAF",
		"\xF0\x8F\xBF\xBF",
		"\xC0\x80",
		/* surrogates, alone and as CESU-8 pair */
		"\xED\xA0\x80",
		"\xED\xAF\xBF",
		"\xED\xB0\x80",
		"\xED\xBF\xBF",
		"\xED\xA0\xBD\xED\xB8\x80",
		/* above U+10FFFF */
		"\xF4\x90\x80\x80",
		"\xF5\x80\x80\x80",
		"\xF7\xBF\xBF\xBF",
		/* cut off */
		"\xC3",
		"\xE2",
		"\xE2\x82",
		"\xF0",
		"\xF0\x9F",
		"\xF0\x9F\x98",
		/* something else in the middle */
		"\xC3"
		"a",
		"\xE2\x82"
		"a",
		"\xE2"
		"a\x82",
		"\xF0\x9F\x98"
		"a",
		"\xC3\xC3\xA9",
		"\xE2\x82\xE2",
		"\xF0\x9F\x98\xC0",
		"\xC3\x7F",
		"\xE2\x82\x7F",
	};
	uint32_t cp;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		cp = 7;
		assert_int_equal(decode(cases[i], strlen(cases[i]), &cp), 0);
		assert_int_equal(cp, 0xFFFD);
		assert_false(utf8_valid(cases[i], strlen(cases[i])));
	}
	cp = 7;
	assert_int_equal(decode("", 0, &cp), 0);
	assert_int_equal(cp, 0xFFFD);
	assert_true(utf8_valid(NULL, 0));
}

static void
fault_anywhere_makes_invalid(void **state)
{
	char text[] = "abc\xEA\xB0\x80"
		      "def";
	size_t i, len = strlen(text);
	char kept;

	(void)state;
	assert_true(utf8_valid(text, len));
	for (i = 0; i < len; i++) {
		kept = text[i];
		text[i] = '\xFF';
		assert_false(utf8_valid(text, len));
		text[i] = kept;
	}
	assert_false(utf8_valid(text, 4));
	assert_false(utf8_valid(text, 5));
}

/* All code points there and back; no prefix of one is anything. */
static void
all_code_points(void **state)
{
	struct buf b = BUF_INIT;
	uint32_t cp, back;
	size_t want, len;

	(void)state;
	for (cp = 0; cp <= 0x10FFFF; cp++) {
		if (cp == 0xD800)
			cp = 0xE000;
		buf_clear(&b);
		utf8_put(&b, cp);
		want = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
		assert_int_equal(b.len, want);
		assert_int_equal(utf8_decode(b.data, b.len, &back), want);
		assert_int_equal(back, cp);
		for (len = 0; len < want; len++)
			assert_int_equal(utf8_decode(b.data, len, &back), 0);
	}
	buf_free(&b);
}

static void
put_no_code_point(void **state)
{
	static const uint32_t cases[] = { 0xD800, 0xDBFF, 0xDC00, 0xDFFF,
		0x110000, UINT32_MAX };
	struct buf b = BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		buf_clear(&b);
		utf8_put(&b, cases[i]);
		assert_string_equal(buf_text(&b), "\xEF\xBF\xBD");
	}
	buf_free(&b);
}

/* Exactly as many well-formed sequences as there are code points. */
static void
no_other_sequences(void **state)
{
	uint8_t s[4];
	uint32_t cp, v, count[5] = { 0 };

	(void)state;
	for (v = 0; v < 0x100; v++) {
		s[0] = (uint8_t)v;
		count[1] += utf8_decode(s, 1, &cp) == 1;
	}
	for (v = 0x800000; v < 0x1000000; v++) {
		s[0] = (uint8_t)(v >> 16);
		s[1] = (uint8_t)(v >> 8);
		s[2] = (uint8_t)v;
		s[3] = 0x80;
		if (s[0] >= 0xF0)
			count[4] += utf8_decode(s, 4, &cp) == 4;
		else
			count[3] += utf8_decode(s, 3, &cp) == 3;
		if (s[2] == 0)
			count[2] += utf8_decode(s, 2, &cp) == 2;
	}
	assert_int_equal(count[1], 0x80);
	assert_int_equal(count[2], 0x800 - 0x80);
	assert_int_equal(count[3], 0x10000 - 0x800 - 0x800);
	assert_int_equal(count[4], 0x100000 / 64);
}

static void
check_sorted(const struct utf8_range *r, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		assert_true(r[i].first <= r[i].last);
		assert_true(r[i].last <= 0x10FFFF);
		if (i > 0)
			assert_true(r[i - 1].last < r[i].first);
	}
}

/* Looking up relies on it. */
static void
tables_are_sorted(void **state)
{
	(void)state;
	check_sorted(utf8_zero, COUNT(utf8_zero));
	check_sorted(utf8_wide, COUNT(utf8_wide));
	check_sorted(utf8_hazards, COUNT(utf8_hazards));
}

/* The list of utf8.h, written down a second time, for every code point. */
static bool
hazard(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7F && cp <= 0x9F) || cp == 0x61C ||
	    cp == 0x200E || cp == 0x200F || cp == 0x2028 || cp == 0x2029 ||
	    (cp >= 0x202A && cp <= 0x202E) || (cp >= 0x2066 && cp <= 0x2069) ||
	    (cp >= 0x200B && cp <= 0x200D) || cp == 0x2060 || cp == 0xFEFF ||
	    (cp >= 0xE0000 && cp <= 0xE007F) ||
	    (cp >= 0xFDD0 && cp <= 0xFDEF) || (cp & 0xFFFF) >= 0xFFFE ||
	    (cp >= 0xD800 && cp <= 0xDFFF) || cp > 0x10FFFF;
}

static void
unsafe_code_points(void **state)
{
	uint32_t cp;

	(void)state;
	for (cp = 0; cp <= 0x110010; cp++)
		if (utf8_unsafe(cp) != hazard(cp))
			fail_msg("U+%04X", (unsigned)cp);
	assert_true(utf8_unsafe(UINT32_MAX));
}

static void
widths(void **state)
{
	static const struct {
		uint32_t cp;
		int width;
	} cases[] = {
		/* combining, enclosing, selecting, invisible */
		{ 0x0300, 0 },
		{ 0x036F, 0 },
		{ 0x0370, 1 },
		{ 0x0483, 0 },
		{ 0x0488, 0 },
		{ 0x05B0, 0 },
		{ 0x0E31, 0 },
		{ 0x0E33, 1 },
		{ 0x093F, 1 },
		{ 0x0941, 0 },
		{ 0x200B, 0 },
		{ 0x200D, 0 },
		{ 0x2028, 0 },
		{ 0x20DD, 0 },
		{ 0x3099, 0 },
		{ 0xFE0F, 0 },
		{ 0xFEFF, 0 },
		{ 0x1F3FB, 2 },
		{ 0xE0100, 0 },
		{ 0xE01EF, 0 },
		{ 0x00AD, 1 },
		{ 0x0600, 1 },
		{ 0x06DD, 1 },
		{ 0x180E, 0 },
		{ 0x00, 0 },
		{ 0x1F, 0 },
		{ 0x7F, 0 },
		{ 0x9F, 0 },
		/* Hangul: syllables, initials, vowels and finals, letters */
		{ 0xABFF, 1 },
		{ 0xAC00, 2 },
		{ 0xD7A3, 2 },
		{ 0xD7A4, 1 },
		{ 0x10FF, 1 },
		{ 0x1100, 2 },
		{ 0x115F, 2 },
		{ 0x1160, 0 },
		{ 0x1161, 0 },
		{ 0x11A8, 0 },
		{ 0x11FF, 0 },
		{ 0x1200, 1 },
		{ 0x3131, 2 },
		{ 0xA960, 2 },
		{ 0xA97C, 2 },
		{ 0xD7B0, 0 },
		{ 0xD7FB, 0 },
		{ 0xFFA1, 1 },
		/* ideographs, kana, full and half width */
		{ 0x2E80, 2 },
		{ 0x3000, 2 },
		{ 0x303F, 1 },
		{ 0x3042, 2 },
		{ 0x30A2, 2 },
		{ 0x3400, 2 },
		{ 0x4DBF, 2 },
		{ 0x4DC0, 1 },
		{ 0x4E00, 2 },
		{ 0x9FFF, 2 },
		{ 0xF900, 2 },
		{ 0xFF01, 2 },
		{ 0xFF60, 2 },
		{ 0xFF61, 1 },
		{ 0xFFE6, 2 },
		{ 0x20000, 2 },
		{ 0x2FFFD, 2 },
		{ 0x30000, 2 },
		{ 0x3FFFD, 2 },
		{ 0x40000, 1 },
		/* emoji that are shown as such, and those that are text */
		{ 0x231A, 2 },
		{ 0x2602, 1 },
		{ 0x2614, 2 },
		{ 0x2705, 2 },
		{ 0x2764, 1 },
		{ 0x1F004, 2 },
		{ 0x1F1E6, 1 },
		{ 0x1F1FF, 1 },
		{ 0x1F321, 1 },
		{ 0x1F600, 2 },
		{ 0x1F680, 2 },
		{ 0x1F9D1, 2 },
		{ 0x1FA70, 2 },
		/* everything else, ambiguous ones among it */
		{ 0x20, 1 },
		{ 0x7E, 1 },
		{ 0xA0, 1 },
		{ 0xA1, 1 },
		{ 0xE9, 1 },
		{ 0x3B1, 1 },
		{ 0x416, 1 },
		{ 0x2014, 1 },
		{ 0x2500, 1 },
		{ 0xFFFD, 1 },
		{ 0x10FFFD, 1 },
		{ 0x110000, 1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		if (utf8_width(cases[i].cp) != cases[i].width)
			fail_msg("U+%04X", (unsigned)cases[i].cp);
}

struct escape_case {
	const char *text;
	const char *shown;
	size_t columns;
};

static void
check_escapes(const struct escape_case *cases, size_t count)
{
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < count; i++) {
		buf_clear(&b);
		utf8_escape(&b, cases[i].text, strlen(cases[i].text));
		assert_string_equal(buf_text(&b), cases[i].shown);
		assert_int_equal(utf8_columns(cases[i].text), cases[i].columns);
	}
	buf_free(&b);
}

static void
hostile_text(void **state)
{
	static const struct escape_case cases[] = {
		{ "\x1B[2J", "^[[2J", 5 },
		{ "\x1B]0;x\x07", "^[]0;x^G", 8 },
		{ "a\nb\tc\rd", "a^Jb^Ic^Md", 10 },
		{ "\x01\x1F\x7F", "^A^_^?", 6 },
		{ "\xC2\x9B"
		  "2J",
		    "\\u{9B}2J", 8 },
		{ "\xC2\x85", "\\u{85}", 6 },
		{ "\xE2\x80\xAE"
		  "cod.exe",
		    "\\u{202E}cod.exe", 15 },
		{ "\xE2\x81\xA6", "\\u{2066}", 8 },
		{ "a\xE2\x80\x8B"
		  "b",
		    "a\\u{200B}b", 10 },
		{ "\xEF\xBB\xBF"
		  "a",
		    "\\u{FEFF}a", 9 },
		{ "\xF3\xA0\x81\x81", "\\u{E0041}", 9 },
		{ "\xEF\xBF\xBE", "\\u{FFFE}", 8 },
		{ "\xF4\x8F\xBF\xBF", "\\u{10FFFF}", 10 },
		{ "\x9B"
		  "2J",
		    "\\x9B2J", 6 },
		{ "\xFF\xFE", "\\xFF\\xFE", 8 },
		{ "\xC0\x9B", "\\xC0\\x9B", 8 },
		{ "\xED\xA0\x80", "\\xED\\xA0\\x80", 12 },
		{ "\xEA\xB0", "\\xEA\\xB0", 8 },
		{ "\xEA\xB0"
		  "a",
		    "\\xEA\\xB0"
		    "a",
		    9 },
	};

	(void)state;
	check_escapes(cases, COUNT(cases));
}

static void
look_alikes_of_escapes(void **state)
{
	static const struct escape_case cases[] = {
		{ "\\x9B", "\\\\x9B", 5 },
		{ "\\u{9B}", "\\\\u{9B}", 7 },
		{ "\\\\", "\\\\\\", 3 },
		{ "\\\\x", "\\\\\\\\x", 5 },
		{ "\\\xFF", "\\\\\\xFF", 6 },
		{ "\\\xE2\x80\xAE", "\\\\\\u{202E}", 10 },
		{ "\\", "\\", 1 },
		{ "C:\\new", "C:\\new", 6 },
		{ "\\\x01", "\\^A", 3 },
		{ "\\^A", "\\\\\\x5EA", 7 },
		{ "\\^a", "\\^a", 3 },
		{ "^", "^", 1 },
		{ "a^b", "a^b", 3 },
		{ "a^2", "a^2", 3 },
		{ "^A", "\\x5EA", 5 },
		{ "^?", "\\x5E?", 5 },
		{ "^@^_^`", "\\x5E@\\x5E_^`", 12 },
		{ "^>", "^>", 2 },
		{ "^^", "\\x5E^", 5 },
		{ "^\x01", "\\x5E^A", 6 },
		{ "^\\", "\\x5E\\", 5 },
		{ "^\xFF", "\\x5E\\xFF", 8 },
		{ "^\xEA\xB0\x80", "^\xEA\xB0\x80", 3 },
	};

	(void)state;
	check_escapes(cases, COUNT(cases));
}

static void
harmless_text(void **state)
{
	static const struct escape_case cases[] = {
		{ "", "", 0 },
		{ "web server 1", "web server 1", 12 },
		{ "\xEC\x9B\xB9\xEC\x84\x9C\xEB\xB2\x84",
		    "\xEC\x9B\xB9\xEC\x84\x9C\xEB\xB2\x84", 6 },
		{ "e\xCC\x81", "e\xCC\x81", 1 },
		{ "\xE1\x84\x80\xE1\x85\xA1", "\xE1\x84\x80\xE1\x85\xA1", 2 },
		{ "\xF0\x9F\x9A\x80", "\xF0\x9F\x9A\x80", 2 },
		{ "\xE2\x9D\xA4\xEF\xB8\x8F", "\xE2\x9D\xA4\xEF\xB8\x8F", 1 },
		{ "\xEF\xBF\xBD", "\xEF\xBF\xBD", 1 },
	};
	struct buf b = BUF_INIT;

	(void)state;
	check_escapes(cases, COUNT(cases));
	utf8_escape(&b, "a\0b", 3);
	assert_string_equal(buf_text(&b), "a^@b");
	utf8_escape(&b, NULL, 0);
	assert_string_equal(buf_text(&b), "a^@b");
	buf_free(&b);
}

/* What the escapes say, read by the rules of utf8.h alone. */
static void
unescape(struct buf *b, const char *shown)
{
	const char *at = shown;
	unsigned v;
	int n;

	while (*at != '\0') {
		n = 0;
		if (at[0] == '\\' && at[1] == '\\') {
			buf_put_u8(b, '\\');
			n = 2;
		} else if (sscanf(at, "\\x%2X%n", &v, &n) == 1 && n == 4) {
			buf_put_u8(b, (uint8_t)v);
		} else if (sscanf(at, "\\u{%6X}%n", &v, &n) == 1 && n > 0) {
			utf8_put(b, v);
		} else if (at[0] == '^' && at[1] >= '?' && at[1] <= '_') {
			buf_put_u8(b, (uint8_t)(at[1] ^ 0x40));
			n = 2;
		} else {
			buf_put_u8(b, (uint8_t)*at);
			n = 1;
		}
		at += n;
	}
}

/*
 * The text comes back from what is shown, so no two texts look the same; and
 * what is shown is safe, and as wide as said.
 */
static void
check_round_trip(const uint8_t *text, size_t len)
{
	struct buf shown = BUF_INIT, back = BUF_INIT, copy = BUF_INIT;
	size_t at, n, columns = 0;
	uint32_t cp;

	utf8_escape(&shown, text, len);
	unescape(&back, buf_text(&shown));
	assert_int_equal(back.len, len);
	if (len > 0)
		assert_memory_equal(back.data, text, len);
	for (at = 0; at < shown.len; at += n) {
		n = utf8_decode(shown.data + at, shown.len - at, &cp);
		assert_true(n > 0);
		assert_false(utf8_unsafe(cp));
		columns += (size_t)utf8_width(cp);
	}
	buf_put(&copy, text, len);
	if (len == 0 || memchr(text, 0, len) == NULL)
		assert_int_equal(utf8_columns(buf_text(&copy)), columns);
	buf_free(&shown);
	buf_free(&back);
	buf_free(&copy);
}

/* All texts of up to five pieces that could be taken for each other. */
static void
all_short_texts_are_told_apart(void **state)
{
	static const char *const pieces[] = { "\\", "^", "x", "u", "A", "{",
		"\x01", "\xFF", "\xC2\x9B" };
	const uint32_t base = COUNT(pieces);
	struct buf text = BUF_INIT;
	uint32_t length, total = 1, i, v, k;

	(void)state;
	for (length = 0; length <= 5; length++, total *= base) {
		for (i = 0; i < total; i++) {
			buf_clear(&text);
			for (v = i, k = 0; k < length; k++, v /= base)
				buf_put_text(&text, pieces[v % base]);
			check_round_trip(text.data, text.len);
		}
	}
	buf_free(&text);
}

static void
random_texts_are_told_apart(void **state)
{
	static const char favourites[] =
	    "\\\\\\^^^xu{}5EAZ[]_?@\x01\x1B\x7F"
	    "\xC2\x9B\xE2\x80\xAE\xF0\x9F\x98\x80\xEA\xB0\x80\xFF";
	uint32_t seed = 20261121, r;
	uint8_t text[40];
	size_t i, len;
	int round;

	(void)state;
	for (round = 0; round < 30000; round++) {
		len = random_next(&seed) % (sizeof(text) + 1);
		for (i = 0; i < len; i++) {
			r = random_next(&seed);
			text[i] = (r & 0x300) == 0
			    ? (uint8_t)r
			    : (uint8_t)favourites[(r >> 10) %
				  (sizeof(favourites) - 1)];
		}
		check_round_trip(text, len);
	}
}

/* Chapter 3.12 of Unicode, decomposition, turned round. */
static void
all_syllables(void **state)
{
	struct buf nfd = BUF_INIT, nfc = BUF_INIT, lv_t = BUF_INIT,
		   got = BUF_INIT;
	uint32_t s, t;

	(void)state;
	for (s = 0; s < 11172; s++) {
		t = s % 28;
		utf8_put(&nfd, 0x1100 + s / 588);
		utf8_put(&nfd, 0x1161 + s % 588 / 28);
		utf8_put(&lv_t, 0xAC00 + s - t);
		if (t != 0) {
			utf8_put(&nfd, 0x11A7 + t);
			utf8_put(&lv_t, 0x11A7 + t);
		}
		utf8_put(&nfc, 0xAC00 + s);
		utf8_compose_hangul(&got, buf_text(&nfd));
		assert_string_equal(buf_text(&got), buf_text(&nfc));
		assert_int_equal(utf8_columns(buf_text(&nfd)), 2);
		buf_clear(&got);
		utf8_compose_hangul(&got, buf_text(&lv_t));
		assert_string_equal(buf_text(&got), buf_text(&nfc));
		buf_clear(&got);
		utf8_compose_hangul(&got, buf_text(&nfc));
		assert_string_equal(buf_text(&got), buf_text(&nfc));
		buf_clear(&got);
		buf_clear(&nfd);
		buf_clear(&nfc);
		buf_clear(&lv_t);
	}
	buf_free(&nfd);
	buf_free(&nfc);
	buf_free(&lv_t);
	buf_free(&got);
}

#define L "\xE1\x84\x80"   /* U+1100 */
#define V "\xE1\x85\xA1"   /* U+1161 */
#define T "\xE1\x86\xA8"   /* U+11A8 */
#define LV "\xEA\xB0\x80"  /* U+AC00 */
#define LVT "\xEA\xB0\x81" /* U+AC01 */

static void
what_does_not_compose(void **state)
{
	static const struct {
		const char *text;
		const char *composed;
	} cases[] = {
		{ "", "" },
		{ "abc", "abc" },
		{ L, L },
		{ V, V },
		{ T, T },
		{ L L V, L LV },
		{ V L, V L },
		{ L T, L T },
		{ LV V, LV V },
		{ LVT T, LVT T },
		{ L V T T, LVT T },
		{ L V L V T, LV LVT },
		{ L "a" V, L "a" V },
		{ L "\xCC\x81" V, L "\xCC\x81" V },
		{ L "\xFF" V, L "\xFF" V },
		{ L V "\xFF" T, LV "\xFF" T },
		{ L "\xE1\x85", L "\xE1\x85" },
		{ "\xEA" L V, "\xEA" LV },
		{ LV "\xE1\x86\xA7", LV "\xE1\x86\xA7" }, /* U+11A7 */
		{ LV "\xE1\x87\x83", LV "\xE1\x87\x83" }, /* U+11C3 */
		{ "\xE1\x84\x93" V, "\xE1\x84\x93" V },   /* U+1113 */
		{ L "\xE1\x85\xB6", L "\xE1\x85\xB6" },   /* U+1176 */
		{ L "\xE1\x85\xA0", L "\xE1\x85\xA0" },   /* U+1160 */
		{ "e\xCC\x81", "e\xCC\x81" },
		{ "x" L V T "y", "x" LVT "y" },
	};
	struct buf b = BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		buf_clear(&b);
		utf8_compose_hangul(&b, cases[i].text);
		assert_string_equal(buf_text(&b), cases[i].composed);
	}
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(malformed),
		cmocka_unit_test(fault_anywhere_makes_invalid),
		cmocka_unit_test(put_no_code_point),
		cmocka_unit_test(all_code_points),
		cmocka_unit_test(no_other_sequences),
		cmocka_unit_test(tables_are_sorted),
		cmocka_unit_test(unsafe_code_points),
		cmocka_unit_test(widths),
		cmocka_unit_test(hostile_text),
		cmocka_unit_test(look_alikes_of_escapes),
		cmocka_unit_test(harmless_text),
		cmocka_unit_test(all_short_texts_are_told_apart),
		cmocka_unit_test(random_texts_are_told_apart),
		cmocka_unit_test(all_syllables),
		cmocka_unit_test(what_does_not_compose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
