/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_CLI_COMMANDS_H
#define PEMKEEP_SRC_CLI_COMMANDS_H

/* One entry for each command, defined in its cmd_*.c. */

struct command;

extern const struct command cmd_connect;
extern const struct command cmd_init;
extern const struct command cmd_import;
extern const struct command cmd_generate;
extern const struct command cmd_keys;
extern const struct command cmd_export;
extern const struct command cmd_rename;
extern const struct command cmd_remove;
extern const struct command cmd_set;
extern const struct command cmd_passwd;
extern const struct command cmd_check;
extern const struct command cmd_unlock;
extern const struct command cmd_lock;
extern const struct command cmd_agent;
extern const struct command cmd_add;
extern const struct command cmd_forget;
extern const struct command cmd_list;
extern const struct command cmd_resolve;
extern const struct command cmd_launch;
extern const struct command cmd_start;
extern const struct command cmd_stop;
extern const struct command cmd_reboot;
extern const struct command cmd_terminate;
extern const struct command cmd_allow;
extern const struct command cmd_password;
extern const struct command cmd_audit;
extern const struct command cmd_log;
extern const struct command cmd_proxy;
extern const struct command cmd_ssh_config;
extern const struct command cmd_inventory;
extern const struct command cmd_completion;
extern const struct command cmd_help;

#endif
