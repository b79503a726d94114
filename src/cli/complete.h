/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_CLI_COMPLETE_H
#define PEMKEEP_SRC_CLI_COMPLETE_H

/*
 * What a word of a command line may become.  It comes from the tables that the
 * parser and the help read, and from what is known here: nothing is asked, changed
 * or started.
 */

#include <stdbool.h>
#include <stddef.h>

#include "pemkeep/base/buf.h"

struct cli;

enum complete_kind {
	COMPLETE_WORDS,
	COMPLETE_OPEN, /* words that want something behind them: "Key=" */
	COMPLETE_FILES /* the shell knows them */
};

struct complete_word {
	char *text;
	const char *about; /* or NULL */
};

struct complete {
	enum complete_kind kind;
	struct complete_word *list;
	size_t count, room;
	bool failed;       /* memory was short */
	const char *front; /* what comes before each word: "--key=" */
};

/* A candidate; texts that are not safe on a terminal are left out. */
void complete_add(struct complete *c, const char *text, const char *about);
void complete_clear(struct complete *c);

/*
 * 'words' is a command line, its program's name first, up to the word that is to
 * be completed, which may be empty.  Sorted, each once.
 */
void complete_line(struct complete *c, char *const *words, size_t count);

/* complete_sources.c; of 'cli' the options --profile, --region count */
void complete_hosts(struct complete *c, const struct cli *cli);
void complete_keys(struct complete *c, const struct cli *cli);
void complete_profiles(struct complete *c);

/* complete_bash.c */

/*
 * bash hands over a line as it was typed, with its own ideas of where words end
 * ('breaks'), and inserts what it gets as it is.  Split the line; the words are in
 * one piece, for free().  NULL without memory.
 */
struct complete_typed {
	char quote;  /* that is open in the last word, or '\0' */
	bool active; /* the last word has something that bash would evaluate */
	size_t kept; /* bytes of the last word that bash does not replace */
};
char **complete_split(const char *line, const char *breaks, size_t *count,
    struct complete_typed *typed);
/* Append a word, quoted for where it goes.  False: it cannot stand there. */
bool complete_quote(
    struct buf *b, const char *text, const struct complete_typed *typed);

/* complete_scripts.c: what a shell is to source; NULL: it is not known */
const char *complete_script(const char *shell);

#endif
