/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_BASE_QUOTE_H
#define PEMKEEP_BASE_QUOTE_H

/* Commands that we show, to be copied from the screen into a shell. */

struct buf;
struct err;

/*
 * Append a word for a POSIX shell, as it is where that is the same, else in quotes;
 * or in quotes $'…' of bash and zsh where it holds bytes that do not print.
 * Whatever is in it, it stays one word, and is safe to print.
 */
void quote_put(struct buf *b, const char *word);

/* As that, but always in quotes: where other words stand behind the command. */
void quote_always(struct buf *b, const char *word);

/* Set the hint: a command before and behind a word, which gets quotes always. */
void quote_hint(
    struct err *e, const char *before, const char *word, const char *behind);

#endif
