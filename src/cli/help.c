/* SPDX-License-Identifier: ISC */

/* Help is printed from the tables that the parser reads. */

#include <ctype.h>
#include <string.h>

#include "pemkeep/base/buf.h"

#include "src/cli/cli.h"

static void
put_options(struct buf *b, const struct option *list)
{
	for (; list != NULL && list->name != NULL; list++) {
		struct buf left = BUF_INIT;

		if (list->letter != 0)
			buf_printf(&left, "-%c, ", list->letter);
		buf_printf(&left, "--%s", list->name);
		if (list->arg != NULL)
			buf_printf(&left, " %s", list->arg);
		buf_printf(b, "  %-24s  %s\n", buf_text(&left), list->summary);
		buf_free(&left);
	}
}

void
help_program(struct buf *b)
{
	buf_put_text(b,
	    "pemkeep keeps PEM keys in an encrypted vault.\n"
	    "\n"
	    "usage: pemkeep COMMAND [OPTION...] [ARGUMENT...]\n"
	    "\n"
	    "commands:\n");
	for (size_t i = 0; commands[i] != NULL; i++)
		buf_printf(
		    b, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	buf_put_text(b, "\noptions of all commands:\n");
	put_options(b, global_options);
	buf_put_text(b, "\nMore: pemkeep help COMMAND, man pemkeep\n");
}

void
help_command(struct buf *b, const struct command *c)
{
	bool options = c->options != NULL && c->options[0].name != NULL;

	if (c->help != NULL) {
		c->help(b);
		return;
	}
	buf_printf(b, "usage: pemkeep %s%s%s%s\n\n%c%s.\n", c->name,
	    options ? " [OPTION...]" : "", *c->args != '\0' ? " " : "", c->args,
	    toupper((unsigned char)c->summary[0]), c->summary + 1);
	if (c->about != NULL)
		buf_printf(b, "\n%s", c->about);
	if (options) {
		buf_put_text(b, "\noptions:\n");
		put_options(b, c->options);
	}
	buf_put_text(b, "\noptions of all commands:\n");
	put_options(b, global_options);
}

int
help_show(const struct command *command)
{
	struct buf b = BUF_INIT;
	int status;

	if (command != NULL)
		help_command(&b, command);
	else
		help_program(&b);
	status = out_data(&b);
	buf_free(&b);
	return status;
}
