/* SPDX-License-Identifier: ISC */
/*
 * UTF-8 by hand: the locale may be C, and the text may be hostile.  Escaping
 * and counting columns share one function, so that they cannot disagree.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/utf8.h"
#include "src/base/utf8_tables.h"

#define REPLACEMENT 0xFFFDu

#define HANGUL_S 0xAC00u
#define HANGUL_L 0x1100u
#define HANGUL_V 0x1161u
#define HANGUL_T 0x11A7u
#define HANGUL_L_COUNT 19u
#define HANGUL_V_COUNT 21u
#define HANGUL_T_COUNT 28u
#define HANGUL_S_COUNT (HANGUL_L_COUNT * HANGUL_V_COUNT * HANGUL_T_COUNT)

/*
 * How many bytes follow a lead byte, its bits, and the bounds of the second
 * byte: they keep out overlong forms, surrogates and what is above U+10FFFF
 * (Unicode, table 3-7).  False when no character begins like that.
 */
struct lead {
	size_t more;
	uint32_t bits;
	uint8_t low, high;
};

static bool
lead_of(uint8_t c, struct lead *out)
{
	if (c >= 0xC2 && c <= 0xDF)
		*out = (struct lead){ 1, c & 0x1Fu, 0x80, 0xBF };
	else if (c >= 0xE0 && c <= 0xEF)
		*out = (struct lead){ 2, c & 0x0Fu, c == 0xE0 ? 0xA0 : 0x80,
			c == 0xED ? 0x9F : 0xBF };
	else if (c >= 0xF0 && c <= 0xF4)
		*out = (struct lead){ 3, c & 0x07u, c == 0xF0 ? 0x90 : 0x80,
			c == 0xF4 ? 0x8F : 0xBF };
	else
		return false;
	return true;
}

size_t
utf8_decode(const void *bytes, size_t len, uint32_t *cp)
{
	const uint8_t *at = bytes;
	struct lead lead;
	uint32_t v;
	size_t i;

	*cp = REPLACEMENT;
	if (len == 0)
		return 0;
	if (at[0] < 0x80) {
		*cp = at[0];
		return 1;
	}
	if (!lead_of(at[0], &lead) || lead.more >= len)
		return 0;
	if (at[1] < lead.low || at[1] > lead.high)
		return 0;
	v = lead.bits;
	for (i = 1; i <= lead.more; i++) {
		if ((at[i] & 0xC0) != 0x80)
			return 0;
		v = v << 6 | (at[i] & 0x3Fu);
	}
	*cp = v;
	return lead.more + 1;
}

static uint8_t
tail_byte(uint32_t cp, unsigned shift)
{
	return (uint8_t)(0x80 | ((cp >> shift) & 0x3F));
}

void
utf8_put(struct buf *b, uint32_t cp)
{
	uint8_t out[4];
	size_t n = 0;

	if (cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
		cp = REPLACEMENT;
	if (cp < 0x80) {
		out[n++] = (uint8_t)cp;
	} else if (cp < 0x800) {
		out[n++] = (uint8_t)(0xC0 | cp >> 6);
		out[n++] = tail_byte(cp, 0);
	} else if (cp < 0x10000) {
		out[n++] = (uint8_t)(0xE0 | cp >> 12);
		out[n++] = tail_byte(cp, 6);
		out[n++] = tail_byte(cp, 0);
	} else {
		out[n++] = (uint8_t)(0xF0 | cp >> 18);
		out[n++] = tail_byte(cp, 12);
		out[n++] = tail_byte(cp, 6);
		out[n++] = tail_byte(cp, 0);
	}
	buf_put(b, out, n);
}

bool
utf8_valid(const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	uint32_t cp;
	size_t n;

	while (len > 0) {
		n = utf8_decode(at, len, &cp);
		if (n == 0)
			return false;
		at += n;
		len -= n;
	}
	return true;
}

static int
compare_range(const void *key, const void *member)
{
	uint32_t cp = *(const uint32_t *)key;
	const struct utf8_range *r = member;

	if (cp < r->first)
		return -1;
	return cp > r->last;
}

static bool
in_ranges(uint32_t cp, const struct utf8_range *ranges, size_t size)
{
	size_t count = size / sizeof(*ranges);

	return bsearch(&cp, ranges, count, sizeof(*ranges), compare_range) !=
	    NULL;
}

bool
utf8_unsafe(uint32_t cp)
{
	/* The last two code points of every plane are noncharacters. */
	if (cp > 0x10FFFF || (cp & 0xFFFE) == 0xFFFE)
		return true;
	return in_ranges(cp, utf8_hazards, sizeof(utf8_hazards));
}

int
utf8_width(uint32_t cp)
{
	if (cp >= 0x20 && cp < 0x7F)
		return 1;
	if (in_ranges(cp, utf8_zero, sizeof(utf8_zero)))
		return 0;
	return in_ranges(cp, utf8_wide, sizeof(utf8_wide)) ? 2 : 1;
}

/*
 * The first character of what 'at' is shown as, 0 for one that is not ASCII
 * and at the end.  '^' stands for itself, though it may become an escape.
 */
static char
shown_first(const uint8_t *at, size_t len)
{
	uint32_t cp;

	if (len == 0)
		return '\0';
	if (utf8_decode(at, len, &cp) == 0)
		return '\\';
	if (cp < 0x20 || cp == 0x7F)
		return '^';
	if (utf8_unsafe(cp))
		return '\\';
	return cp < 0x80 ? (char)cp : '\0';
}

/* Would the '^' here look like the ^X of a control character? */
static bool
caret_misleads(const uint8_t *at, size_t len)
{
	char next = shown_first(at + 1, len - 1);

	return next >= '?' && next <= '_';
}

/* Would the backslash here look like the beginning of an escape? */
static bool
backslash_misleads(const uint8_t *at, size_t len)
{
	char next = shown_first(at + 1, len - 1);

	if (len > 1 && at[1] == '^' && caret_misleads(at + 1, len - 1))
		return true;
	return next == 'x' || next == 'u' || next == '\\';
}

struct shown {
	char text[16]; /* what to print */
	size_t used;   /* bytes of the input that it stands for */
	size_t columns;
};

/* What the first character (or stray byte) of 'at' is shown as; len > 0. */
static void
show(const uint8_t *at, size_t len, struct shown *out)
{
	uint32_t cp;
	int n;

	out->used = utf8_decode(at, len, &cp);
	if (out->used == 0 || (cp == '^' && caret_misleads(at, len))) {
		out->used = 1;
		n = snprintf(out->text, sizeof(out->text), "\\x%02X", at[0]);
	} else if (cp < 0x20 || cp == 0x7F) {
		n = snprintf(
		    out->text, sizeof(out->text), "^%c", (int)(cp ^ 0x40));
	} else if (utf8_unsafe(cp)) {
		n = snprintf(
		    out->text, sizeof(out->text), "\\u{%X}", (unsigned)cp);
	} else if (cp == '\\' && backslash_misleads(at, len)) {
		n = snprintf(out->text, sizeof(out->text), "\\\\");
	} else {
		memcpy(out->text, at, out->used);
		out->text[out->used] = '\0';
		n = utf8_width(cp);
	}
	out->columns = (size_t)n;
}

/* How many bytes stand for themselves, one column each: nearly always all. */
static size_t
plain(const uint8_t *at, size_t len)
{
	size_t n = 0;

	while (n < len && at[n] >= ' ' && at[n] <= '~' && at[n] != '\\' &&
	    at[n] != '^')
		n++;
	return n;
}

size_t
utf8_columns(const char *text)
{
	const uint8_t *at = (const uint8_t *)text;
	size_t len = strlen(text), columns = 0, n;
	struct shown shown;

	while (len > 0) {
		if ((n = plain(at, len)) > 0) {
			columns += n;
			at += n;
			len -= n;
			continue;
		}
		show(at, len, &shown);
		columns += shown.columns;
		at += shown.used;
		len -= shown.used;
	}
	return columns;
}

void
utf8_escape(struct buf *b, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	struct shown shown;
	size_t n;

	while (len > 0) {
		if ((n = plain(at, len)) > 0) {
			buf_put(b, at, n);
			at += n;
			len -= n;
			continue;
		}
		show(at, len, &shown);
		buf_put_text(b, shown.text);
		at += shown.used;
		len -= shown.used;
	}
}

/* One syllable of two code points, or 0 when they do not compose. */
static uint32_t
compose(uint32_t a, uint32_t b)
{
	uint32_t l = a - HANGUL_L, v = b - HANGUL_V;
	uint32_t s = a - HANGUL_S, t = b - HANGUL_T;

	if (l < HANGUL_L_COUNT && v < HANGUL_V_COUNT)
		return HANGUL_S + (l * HANGUL_V_COUNT + v) * HANGUL_T_COUNT;
	if (s < HANGUL_S_COUNT && s % HANGUL_T_COUNT == 0 && t > 0 &&
	    t < HANGUL_T_COUNT)
		return a + t;
	return 0;
}

void
utf8_compose_hangul(struct buf *b, const char *text)
{
	size_t len = strlen(text), n;
	uint32_t held = 0, cp, made;

	while (len > 0) {
		n = utf8_decode(text, len, &cp);
		made = compose(held, cp);
		if (made == 0 && held != 0)
			utf8_put(b, held);
		if (n == 0) {
			buf_put(b, text, 1);
			n = 1;
			held = 0;
		} else {
			held = made != 0 ? made : cp;
		}
		text += n;
		len -= n;
	}
	if (held != 0)
		utf8_put(b, held);
}
