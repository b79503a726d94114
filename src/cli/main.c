/* SPDX-License-Identifier: ISC */

/* The table of commands, and the way to one of them. */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/keys/keyfile.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"

const struct command *const commands[] = { &cmd_init, &cmd_import,
	&cmd_generate, &cmd_keys, &cmd_export, &cmd_rename, &cmd_remove,
	&cmd_passwd, &cmd_check, &cmd_help, NULL };

const struct option global_options[] = {
	{ "json", 0, NULL, "print JSON, where there is something to list" },
	{ "quiet", 'q', NULL, "say only errors and warnings" },
	{ "yes", 'y', NULL, "answer yes to questions" },
	{ "no-input", 0, NULL, "never ask at the terminal" },
	{ "passphrase-fd", 0, "N",
	    "read passphrases from descriptor N, one a line" },
	{ "help", 'h', NULL, "show this help" },
	{ "version", 0, NULL, "show the version" },
	{ NULL, 0, NULL, NULL },
};

const struct command *
command_find(const char *name)
{
	for (size_t i = 0; commands[i] != NULL; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static int
show_version(void)
{
	struct buf b = BUF_INIT;
	int status;

	buf_printf(&b, "pemkeep %s\n", PEMKEEP_VERSION);
	status = out_data(&b);
	buf_free(&b);
	return status;
}

/*
 * What was started with a standard descriptor closed would open the vault there,
 * and print into it.  Using what is opened instead fails.  A file size limit is
 * an error like a full disk, not a signal.
 */
static bool
prepare(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) == -1 &&
		    open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			return false;
	return signal(SIGXFSZ, SIG_IGN) != SIG_ERR;
}

/*
 * ssh-keygen asks with one argument, a sentence.  A variable that happens to be
 * set must not make a command copy its input.
 */
static bool
is_question(int argc, char **argv)
{
	return argc == 2 && argv[1][0] != '-' && command_find(argv[1]) == NULL;
}

int
main(int argc, char **argv)
{
	struct cli cli = { 0 };
	struct err e;

	if (!prepare())
		return 1;
	if (is_question(argc, argv) && keyfile_askpass_main(argc))
		return 0;
	if (options_parse(&cli, argc, argv, &e) != 0)
		return out_error(&e);
	if (option_on(&cli, "version"))
		return show_version();
	if (option_on(&cli, "help"))
		return help_show(cli.command);
	if (cli.command == NULL) {
		err_set(&e, ERR_USAGE, "a command is needed");
		err_hint(&e, "pemkeep help");
		return out_error(&e);
	}
	return cli.command->run(&cli);
}
