/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_CLI_CLI_H
#define PEMKEEP_SRC_CLI_CLI_H

/*
 * The command line: what a command is, what was asked of it, and how it speaks.
 * stdout is data, stderr is talk, the terminal is for questions.
 */

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct client;
struct err;
struct json;
struct keeper_key;
struct log_event;

struct option {
	const char *name; /* without "--" */
	char letter;      /* or 0 */
	/* What it takes, for the help; NULL: nothing.  One that ends with "..."
	 * may be given again and again. */
	const char *arg;
	const char *summary;
};

struct cli;

/* One command; each stands in its own file, listed in main.c. */
struct command {
	const char *name;
	const char *args; /* operands, for the usage line */
	int min, max;     /* how many operands; max -1: any number */
	const char *summary;
	const char *about;            /* more lines of help, or NULL */
	const struct option *options; /* ended by a NULL name; may be NULL */
	int (*run)(struct cli *cli);  /* the exit status */
	/*
	 * Reads its own command line: the operands are all words from its name
	 * on, and min and max do not count.
	 */
	bool own_options;
	void (*help)(struct buf *b); /* instead of the usual one, or NULL */
};

extern const struct command *const commands[]; /* ended by NULL */
extern const struct option global_options[];

const struct command *command_find(const char *name);

#define OPTIONS_MAX 128

struct cli {
	const struct command *command;
	struct {
		const struct option *option;
		const char *value;
	} given[OPTIONS_MAX];
	size_t given_count;
	char **operands;
	int operand_count;
};

/* options.c */

/*
 * Read the command line.  0, or ERR_USAGE.  'operands' is reordered in place;
 * the command, if there is one, is its first.
 */
int options_parse(struct cli *cli, int argc, char **argv, struct err *e);
bool option_on(const struct cli *cli, const char *name);
/* As if a global option without a value had been given. */
void option_give(struct cli *cli, const char *name);
/* The value, or NULL when it was not given. */
const char *option_value(const struct cli *cli, const char *name);
/* The n-th one (from 0) of an option that may be given often, or NULL. */
const char *option_nth(const struct cli *cli, const char *name, size_t n);
/* A number from 'least' on; 0 when it was not given.  ERR_USAGE. */
int option_number(const struct cli *cli, const char *name, unsigned least,
    unsigned *value, struct err *e);

/* help.c */
void help_program(struct buf *b);
void help_command(struct buf *b, const struct command *command);
/* One of them to stdout: the command's, or with NULL the program's. */
int help_show(const struct command *command);

/* out.c: everything that is printed goes through here, and is escaped */

/* Data to stdout: text that is escaped already.  The exit status. */
int out_data(struct buf *b);
int out_json(struct json *j); /* frees it */
/* Does stdout show colours (NO_COLOR, TERM=dumb, no terminal: not)? */
bool out_colour(void);
/* Talk to stderr; nothing with --quiet. */
__attribute__((format(printf, 2, 3))) void out_say(
    const struct cli *cli, const char *fmt, ...);
/* The same of text that is escaped already, as it is; also with --quiet. */
void out_talk(const char *text);
void out_warning(const char *text, const char *hint);
/* Say what failed and how to go on; the exit status. */
int out_error(const struct err *e);
/* The same with "'about': " in front. */
int out_error_about(const char *about, const struct err *e);
/* Append text from outside, made safe. */
void out_put(struct buf *b, const char *text);

/*
 * A line on stderr that the next one is written over, and that goes before
 * anything else is said.  Only where out_can_progress(): on a terminal that is
 * not dumb; and not when it is to be quiet.
 */
bool out_can_progress(void);
__attribute__((format(printf, 1, 2))) void out_progress(const char *fmt, ...);
/* It goes: before a question is asked, or others write to the terminal. */
void out_progress_end(void);

/* prompt.c */

/*
 * Ask yes or no at the terminal.  --yes answers yes.  0 for yes; else an error:
 * ERR_FAILED for no, ERR_USAGE when there is nobody to ask.
 */
int prompt_confirm(const struct cli *cli, const char *question, struct err *e);

/* session.c: the agent, as this command line wants it */

/* The way to it; nothing is started yet. */
int session_start(const struct cli *cli, struct client **cp, struct err *e);
/* Not the agent, but a keeper for this command alone. */
int session_own(const struct cli *cli, struct client **cp, struct err *e);
/* With the vault unlocked. */
int session_open(const struct cli *cli, struct client **cp, struct err *e);

/* event.c */

/*
 * Write what was done into the event log, with this program and its process.
 * False when that cannot be done, which has been said then as a warning: no
 * command fails for it.
 */
bool event_write(const struct log_event *event);

/* show.c: how a key is shown */
void show_key_lines(struct buf *b, const struct keeper_key *key);
void show_key_json(struct json *object, const struct keeper_key *key);
/* {"keys":[...]} to stdout; the exit status. */
int show_keys(const struct keeper_key *keys, size_t count);

#endif
