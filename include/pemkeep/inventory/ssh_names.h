/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_INVENTORY_SSH_NAMES_H
#define PEMKEEP_INVENTORY_SSH_NAMES_H

/* The names that the user has given to hosts in ~/.ssh/config. */

struct err;

/*
 * The first line of a file that we have written for ssh.  What stands in there
 * came from here, and is no news: such a file is not looked into.
 */
#define SSH_NAMES_MARK "# Written by pemkeep ssh-config"

/*
 * Call 'fn' with each literal name of a Host line, and "path:line".  path NULL:
 * the usual file.  ERR_UNTRUSTED when others can write to a file.
 */
int ssh_config_each(const char *path,
    void (*fn)(void *arg, const char *name, const char *where), void *arg,
    struct err *e);

#endif
