/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_CLI_COMMANDS_H
#define PEMKEEP_SRC_CLI_COMMANDS_H

/* One entry for each command, defined in its cmd_*.c. */

struct command;

extern const struct command cmd_connect, cmd_init, cmd_import, cmd_generate,
    cmd_keys, cmd_export, cmd_rename, cmd_remove, cmd_passwd, cmd_check,
    cmd_log, cmd_help, cmd_agent, cmd_unlock, cmd_lock, cmd_set, cmd_add,
    cmd_forget, cmd_list, cmd_resolve, cmd_start, cmd_stop, cmd_reboot,
    cmd_terminate;

#endif
