/* SPDX-License-Identifier: ISC */

/*
 * Options stand anywhere before "--"; most of them at most once.  Own code, because
 * getopt_long knows neither "once" nor two tables, and takes abbreviations,
 * which break scripts when options are added.
 */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/err.h"

#include "src/cli/cli.h"

/* The rest of the words that are still to be read. */
struct words {
	char **next;
	int left;
};

static const struct option *
find_in(const struct option *list, const char *name, size_t len, char letter)
{
	for (; list != NULL && list->name != NULL; list++) {
		if (name != NULL && strlen(list->name) == len &&
		    memcmp(list->name, name, len) == 0)
			return list;
		if (name == NULL && list->letter == letter)
			return list;
	}
	return NULL;
}

/* The command's own options first. */
static const struct option *
find(const struct cli *cli, const char *name, size_t len, char letter)
{
	const struct option *o = NULL;

	if (cli->command != NULL)
		o = find_in(cli->command->options, name, len, letter);
	return o != NULL ? o : find_in(global_options, name, len, letter);
}

static int
unknown(const struct cli *cli, const char *word, struct err *e)
{
	err_set(e, ERR_USAGE, "unknown option '%s'", word);
	if (cli->command != NULL)
		err_hint(e, "pemkeep help %s", cli->command->name);
	else
		err_hint(e, "pemkeep help");
	return ERR_USAGE;
}

static bool
is_many(const struct option *o)
{
	size_t len = o->arg != NULL ? strlen(o->arg) : 0;

	return len > 3 && strcmp(o->arg + len - 3, "...") == 0;
}

/* Keep an option; 'value' is what was attached to it, or NULL. */
static int
keep(struct cli *cli, const struct option *o, const char *value,
    struct words *w, struct err *e)
{
	if (!is_many(o) && option_on(cli, o->name))
		return err_set(
		    e, ERR_USAGE, "option --%s is given twice", o->name);
	if (o->arg == NULL && value != NULL)
		return err_set(
		    e, ERR_USAGE, "option --%s takes no value", o->name);
	if (o->arg != NULL && value == NULL) {
		if (w->left == 0)
			return err_set(e, ERR_USAGE,
			    "option --%s needs a value (%s)", o->name, o->arg);
		value = *w->next++;
		w->left--;
	}
	if (cli->given_count == OPTIONS_MAX)
		return err_set(e, ERR_USAGE, "too many options");
	cli->given[cli->given_count].option = o;
	cli->given[cli->given_count++].value = value;
	return 0;
}

static int
parse_long(struct cli *cli, const char *word, struct words *w, struct err *e)
{
	const char *name = word + 2, *equals = strchr(name, '=');
	size_t len = equals != NULL ? (size_t)(equals - name) : strlen(name);
	const struct option *o = find(cli, name, len, 0);

	if (o == NULL)
		return unknown(cli, word, e);
	return keep(cli, o, equals != NULL ? equals + 1 : NULL, w, e);
}

/* "-qv", "-oFILE", "-o FILE". */
static int
parse_short(struct cli *cli, const char *word, struct words *w, struct err *e)
{
	const struct option *o;
	int r;

	for (const char *at = word + 1; *at != '\0'; at++) {
		if ((o = find(cli, NULL, 0, *at)) == NULL)
			return unknown(cli, word, e);
		if (o->arg != NULL)
			return keep(
			    cli, o, at[1] != '\0' ? at + 1 : NULL, w, e);
		if ((r = keep(cli, o, NULL, w, e)) != 0)
			return r;
	}
	return 0;
}

static int
take_operand(struct cli *cli, char *word, struct err *e)
{
	if (cli->command == NULL) {
		if ((cli->command = command_find(word)) != NULL)
			return 0;
		err_set(e, ERR_USAGE, "there is no command '%s'", word);
		err_hint(e, "pemkeep help");
		return ERR_USAGE;
	}
	cli->operands[cli->operand_count++] = word;
	return 0;
}

static int
check_operands(const struct cli *cli, struct err *e)
{
	const struct command *c = cli->command;

	if (c == NULL || c->own_options || option_on(cli, "help"))
		return 0;
	if (cli->operand_count < c->min)
		err_set(e, ERR_USAGE, "'%s' needs more: %s", c->name, c->args);
	else if (c->max >= 0 && cli->operand_count > c->max)
		err_set(e, ERR_USAGE, "'%s' does not take '%s'", c->name,
		    cli->operands[c->max]);
	else
		return 0;
	err_hint(e, "pemkeep help %s", c->name);
	return ERR_USAGE;
}

int
options_parse(struct cli *cli, int argc, char **argv, struct err *e)
{
	struct words w = { argv + 1, argc > 0 ? argc - 1 : 0 };
	bool only_operands = false;
	int r;

	cli->operands = argv; /* never overtakes what is still to be read */
	while (w.left > 0) {
		char *word = *w.next++;

		w.left--;
		if (!only_operands && strcmp(word, "--") == 0) {
			only_operands = true;
			continue;
		}
		if (only_operands || word[0] != '-' || word[1] == '\0')
			r = take_operand(cli, word, e);
		else if (word[1] == '-')
			r = parse_long(cli, word, &w, e);
		else
			r = parse_short(cli, word, &w, e);
		if (r != 0)
			return r;
		if (cli->command != NULL && cli->command->own_options) {
			cli->operands = w.next - 1;
			cli->operand_count = w.left + 1;
			break;
		}
	}
	return check_operands(cli, e);
}

bool
option_on(const struct cli *cli, const char *name)
{
	for (size_t i = 0; i < cli->given_count; i++)
		if (strcmp(cli->given[i].option->name, name) == 0)
			return true;
	return false;
}

void
option_give(struct cli *cli, const char *name)
{
	const struct option *o = find_in(global_options, name, strlen(name), 0);

	if (option_on(cli, name) || cli->given_count == OPTIONS_MAX)
		return;
	cli->given[cli->given_count].option = o;
	cli->given[cli->given_count++].value = NULL;
}

const char *
option_value(const struct cli *cli, const char *name)
{
	for (size_t i = 0; i < cli->given_count; i++)
		if (strcmp(cli->given[i].option->name, name) == 0)
			return cli->given[i].value;
	return NULL;
}

const char *
option_nth(const struct cli *cli, const char *name, size_t n)
{
	for (size_t i = 0; i < cli->given_count; i++)
		if (strcmp(cli->given[i].option->name, name) == 0 && n-- == 0)
			return cli->given[i].value;
	return NULL;
}

int
option_number(const struct cli *cli, const char *name, unsigned least,
    unsigned *value, struct err *e)
{
	const char *text = option_value(cli, name);
	unsigned long number;
	char *end;

	*value = 0;
	if (text == NULL)
		return 0;
	errno = 0;
	number = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 ||
	    number > INT_MAX)
		return err_set(e, ERR_USAGE,
		    "option --%s needs a number, not '%s'", name, text);
	if (number < least)
		return err_set(e, ERR_USAGE,
		    "option --%s needs a number from %u on, not %lu", name,
		    least, number);
	*value = (unsigned)number;
	return 0;
}
