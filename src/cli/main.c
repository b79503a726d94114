/* SPDX-License-Identifier: ISC */

/* The table of commands, and the way to one of them. */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/agent/role.h"
#include "pemkeep/audit/scan.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/path.h"
#include "pemkeep/inventory/inventory.h"
#include "pemkeep/keys/keyfile.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"

const struct command *const commands[] = {
	&cmd_connect,
	&cmd_init,
	&cmd_import,
	&cmd_generate,
	&cmd_keys,
	&cmd_export,
	&cmd_rename,
	&cmd_remove,
	&cmd_set,
	&cmd_passwd,
	&cmd_check,
	&cmd_unlock,
	&cmd_lock,
	&cmd_agent,
	&cmd_add,
	&cmd_forget,
	&cmd_list,
	&cmd_resolve,
	&cmd_launch,
	&cmd_start,
	&cmd_stop,
	&cmd_reboot,
	&cmd_terminate,
	&cmd_allow,
	&cmd_password,
	&cmd_audit,
	&cmd_log,
	&cmd_proxy,
	&cmd_ssh_config,
	&cmd_inventory,
	&cmd_completion,
	&cmd_help,
	NULL,
};

const struct option global_options[] = {
	{ "profile", 0, "PROFILE", "look in the account of this AWS profile" },
	{ "region", 0, "REGIONS",
	    "look in these regions, with commas between" },
	{ "all-regions", 0, NULL, "look in all regions that are enabled" },
	{ "json", 0, NULL, "print JSON, where there is something to list" },
	{ "quiet", 'q', NULL, "say only errors and warnings" },
	{ "yes", 'y', NULL, "answer yes to questions" },
	{ "no-input", 0, NULL, "never ask at the terminal" },
	{ "passphrase-fd", 0, "N",
	    "read passphrases from descriptor N, one a line" },
	{ "no-agent", 0, NULL, "open the vault for this command only" },
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
 * set must not make a command, or what it starts, copy its input.
 */
static bool
answer_question(int argc, char **argv)
{
	if (argc != 2 || strchr(argv[1], ' ') == NULL ||
	    getenv("PEMKEEP_ASKPASS") == NULL)
		return false;
	role_harden();
	return keyfile_askpass_main(argc);
}

int
main(int argc, char **argv)
{
	struct cli cli = { 0 };
	struct err e;
	int status;

	if (!prepare())
		return 1;
	if (answer_question(argc, argv))
		return 0;
	if (role_main(argc, argv, &status) ||
	    inventory_role_main(argc, argv, &status) ||
	    scan_role_main(argc, argv, role_harden, &status))
		return status;
	if (argc > 0 && strcmp(path_base(argv[0]), "connect") == 0) {
		cli.command = &cmd_connect;
		cli.operands = argv;
		cli.operand_count = argc;
		return cmd_connect.run(&cli);
	}
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
