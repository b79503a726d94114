/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_BASE_UTF8_H
#define PEMKEEP_BASE_UTF8_H

/*
 * UTF-8 (RFC 3629) without the locale: checking, width on a terminal, escaping
 * of text from outside, Hangul composition.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/*
 * Decode one code point of at most 'len' bytes into *cp.  Returns how many
 * bytes it takes, 1 to 4, or 0 when they are not well-formed (too long a form,
 * surrogate, above U+10FFFF, cut off, len 0); *cp is then U+FFFD.
 */
size_t utf8_decode(const void *bytes, size_t len, uint32_t *cp);

/* Append one code point; U+FFFD for a surrogate and above U+10FFFF. */
void utf8_put(struct buf *b, uint32_t cp);

bool utf8_valid(const void *bytes, size_t len);

/*
 * Must this code point never reach a terminal as it is?  C0, DEL, C1, line and
 * paragraph separators, bidirectional controls (U+061C, U+200E/F, U+202A–E,
 * U+2066–9), zero-width space and joiners (U+200B–D, U+2060, U+FEFF), tags
 * (U+E0000–E007F), noncharacters.
 */
bool utf8_unsafe(uint32_t cp);

/* Columns on a terminal: 0 (combining), 1 or 2 (East Asian wide, emoji). */
int utf8_width(uint32_t cp);

/* Columns of escaped text (see below), whatever the bytes are. */
size_t utf8_columns(const char *text);

/*
 * Append 'text' so that it is safe to print: well-formed and safe code points
 * as they are; C0 as ^X, DEL as ^?, other unsafe code points as \u{HEX}, bytes
 * that are no UTF-8 as \xHH.  Line feed is escaped too.  Two texts never look
 * the same: a backslash itself is \\ where 'x', 'u' or a backslash follows in
 * what is printed, and a '^' itself is \x5E where one of ?, @, A-Z, [, \, ], ^
 * and _ follows.  utf8_columns() is the width of exactly this.
 */
void utf8_escape(struct buf *b, const void *bytes, size_t len);

/*
 * Append with Hangul jamo composed (Unicode 3.12: L+V, LV+T), so that a name
 * that macOS has decomposed equals what is typed.  Nothing else is normalised.
 */
void utf8_compose_hangul(struct buf *b, const char *text);

#endif
