/* SPDX-License-Identifier: ISC */

/*
 * The command line of ssh(1), as far as it is supported: options end at the
 * host, what follows is the command.  What is not supported is an error, not
 * ignored.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/err.h"

#include "src/cli/cli.h"
#include "src/cli/connect.h"

static const char with_value[] = "lpkio";
static const char without_value[] = "tTnfqv46Aa";
/* Of ssh, understood but not (yet) supported. */
static const char foreign[] = "BbCcDEeFGgIJKkLMmNOPQRSsVWwXxYy";

static int
number(const char *option, const char *text, unsigned long most,
    unsigned *value, struct err *e)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 ||
	    n == 0 || n > most)
		return err_set(
		    e, ERR_USAGE, "option %s: wrong value '%s'", option, text);
	*value = (unsigned)n;
	return 0;
}

static int
set_text(const char **to, const char *option, const char *value, struct err *e)
{
	if (*to != NULL)
		return err_set(
		    e, ERR_USAGE, "option %s is given twice", option);
	if (*value == '\0')
		return err_set(e, ERR_USAGE, "option %s needs a value", option);
	*to = value;
	return 0;
}

static int
take_value(
    struct connect_options *o, char letter, const char *value, struct err *e)
{
	switch (letter) {
	case 'l':
		return set_text(&o->login, "-l", value, e);
	case 'k':
		return set_text(&o->key, "-k", value, e);
	case 'i':
		return set_text(&o->file, "-i", value, e);
	case 'p':
		if (o->port != 0)
			return err_set(
			    e, ERR_USAGE, "option -p is given twice");
		return number("-p", value, 65535, &o->port, e);
	default:
		return connect_config_set(o, value, e);
	}
}

static void
take_flag(struct connect_options *o, char letter)
{
	switch (letter) {
	case 't':
		o->tty = o->tty == TTY_AUTO || o->tty == TTY_NONE ? TTY_WANTED
								  : TTY_FORCED;
		break;
	case 'T':
		o->tty = TTY_NONE;
		break;
	case 'n':
		o->no_stdin = true;
		break;
	case 'f':
		o->background = o->no_stdin = true;
		break;
	case 'q':
		o->quiet = true;
		break;
	case 'v':
		o->verbose = true;
		break;
	case '4':
		o->family = 4;
		break;
	case '6':
		o->family = 6;
		break;
	case 'A':
		if (o->agent == NULL)
			o->agent = "";
		break;
	case 'a':
		o->agent = NULL;
		break;
	}
}

static int
unknown(char letter, struct err *e)
{
	if (strchr(foreign, letter) != NULL)
		err_set(e, ERR_UNSUPPORTED,
		    "option -%c of ssh is not supported", letter);
	else
		err_set(e, ERR_USAGE, "unknown option -%c", letter);
	err_hint(e, "connect --help");
	return (int)e->code;
}

/* One word of letters; *usedp: the next word was its value. */
static int
take_letters(struct connect_options *o, const char *word, const char *next,
    bool *usedp, struct err *e)
{
	struct err ignored;

	*usedp = false;
	if (e == NULL)
		e = &ignored;
	for (const char *at = word + 1; *at != '\0'; at++) {
		if (strchr(with_value, *at) != NULL) {
			if (at[1] != '\0')
				return take_value(o, *at, at + 1, e);
			if (next == NULL)
				return err_set(e, ERR_USAGE,
				    "option -%c needs a value", *at);
			*usedp = true;
			return take_value(o, *at, next, e);
		}
		if (strchr(without_value, *at) == NULL)
			return unknown(*at, e);
		take_flag(o, *at);
	}
	return 0;
}

/* Only those of pemkeep that mean something here. */
static const struct option *
find_global(const char *name, size_t len)
{
	static const char *const names[] = { "profile", "region", "all-regions",
		"quiet", "no-input", "no-agent", "passphrase-fd", "help",
		"version" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i]) != len || memcmp(names[i], name, len) != 0)
			continue;
		for (const struct option *g = global_options; g->name != NULL;
		     g++)
			if (strcmp(g->name, names[i]) == 0)
				return g;
	}
	return NULL;
}

static int
take_long(struct connect_options *o, struct cli *cli, const char *word,
    const char *next, bool *usedp, struct err *e)
{
	size_t len = strcspn(word + 2, "=");
	const char *value = word[2 + len] == '=' ? word + 3 + len : NULL;
	const struct option *g = find_global(word + 2, len);

	*usedp = false;
	if (strcmp(word, "--start") == 0) {
		o->start = true;
		return 0;
	}
	if (g == NULL || (g->arg == NULL && value != NULL)) {
		err_set(e, ERR_USAGE, "unknown option '%s'", word);
		err_hint(e, "connect --help");
		return ERR_USAGE;
	}
	if (g->arg != NULL && value == NULL) {
		if (next == NULL)
			return err_set(
			    e, ERR_USAGE, "option %s needs a value", word);
		value = next;
		*usedp = true;
	}
	if (option_on(cli, g->name) || cli->given_count == OPTIONS_MAX)
		return err_set(e, ERR_USAGE, "option %s is given twice", word);
	cli->given[cli->given_count].option = g;
	cli->given[cli->given_count++].value = value;
	return 0;
}

static int
finish(struct connect_options *o, struct cli *cli, struct err *e)
{
	/* It says the same, and the rest of pemkeep knows this one. */
	if (o->batch)
		option_give(cli, "no-input");
	o->help = option_on(cli, "help");
	o->version = option_on(cli, "version");
	o->quiet |= option_on(cli, "quiet");
	o->no_input = o->batch || option_on(cli, "no-input");
	if (o->help || o->version)
		return 0;
	if (o->host == NULL || *o->host == '\0') {
		err_set(e, ERR_USAGE, "a host is needed");
		err_hint(e, "connect --help");
		return ERR_USAGE;
	}
	if (o->background && o->command_count == 0)
		return err_set(
		    e, ERR_USAGE, "option -f needs a command to run");
	if (o->alive_count == 0)
		o->alive_count = 3;
	return 0;
}

int
connect_options_parse(struct connect_options *o, struct cli *cli, struct err *e)
{
	int i = 1, argc = cli->operand_count, r;
	char **argv = cli->operands;
	bool used;

	for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
		const char *next = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		r = argv[i][1] == '-'
		    ? take_long(o, cli, argv[i], next, &used, e)
		    : take_letters(o, argv[i], next, &used, e);
		if (r != 0)
			return r;
		i += used;
	}
	if (i < argc)
		o->host = argv[i++];
	o->command = argv + i;
	o->command_count = i < argc ? argc - i : 0;
	return finish(o, cli, e);
}

void
connect_options_help(struct buf *b)
{
	buf_put_text(b,
	    "usage: connect [OPTION...] [USER@]HOST[:PORT] [COMMAND...]\n"
	    "\n"
	    "Open a shell on a server, or run a command there.\n"
	    "\n"
	    "options:\n"
	    "  -l USER          log in as USER\n"
	    "  -p PORT          connect to PORT\n"
	    "  -k KEY           log in with this key of the vault\n"
	    "  -i FILE          log in with the key in FILE\n"
	    "  -t               with a terminal; -tt: even without one here\n"
	    "  -T               without a terminal\n"
	    "  -n               no standard input\n"
	    "  -f               go to the background after the login\n"
	    "  -q               say only errors and warnings\n"
	    "  -v               say more\n"
	    "  -4               only IPv4\n"
	    "  -6               only IPv6\n"
	    "  -A               forward the agent (list and sign only)\n"
	    "  -a               do not\n"
	    "  -o KEY=VALUE     as in ssh_config(5), see connect(1)\n"
	    "      --start      start an EC2 instance that is stopped\n"
	    "      --profile P  look in the account of this AWS profile\n"
	    "      --region R[,R...]  look in these regions\n"
	    "      --all-regions  look in all regions that are enabled\n"
	    "      --no-input   never ask at the terminal\n"
	    "      --no-agent   work without the agent\n"
	    "      --passphrase-fd N  read the passphrase from descriptor N\n"
	    "      --help, --version\n"
	    "\n"
	    "The exit status is the command's, 128 + n when signal n killed it,"
	    "\nor 255 for every error of pemkeep or the connection.\n");
}
