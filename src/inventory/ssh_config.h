/* SPDX-License-Identifier: ISC */
#ifndef INVENTORY_SSH_CONFIG_H
#define INVENTORY_SSH_CONFIG_H

/*
 * ~/.ssh/config.  Its meaning is OpenSSH's: "ssh -G NAME" is asked, but only for
 * a name that a literal Host pattern has.  That program answers for every name,
 * and "Match exec" in the file runs what stands there; a name that the user has
 * written down is one that he would give to ssh, too.
 */

#include <stdbool.h>
#include <stddef.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/inventory/ssh_names.h"

struct err;

#define SSH_CONFIG_FILES_MAX 4 /* of one host */

struct ssh_config_host {
	char *hostname;
	char *user;
	unsigned port;
	char *alias;                       /* HostKeyAlias, or NULL */
	char *files[SSH_CONFIG_FILES_MAX]; /* IdentityFile */
	size_t file_count;
};

/*
 * Where "Host NAME" stands: appends "path:line" to 'where'.  1, or 0 when it
 * stands nowhere (or the name has other characters than NAME_CHARS, or a '-' in
 * front), or a negative code: ERR_UNTRUSTED when others can write to a file.
 * path NULL: the usual one.
 */
int ssh_config_names(
    const char *path, const char *name, struct buf *where, struct err *e);

/*
 * Ask ssh about a name of the above.  ERR_UNSUPPORTED: ProxyJump, ProxyCommand;
 * ERR_FAILED: ssh does not understand its file, or is not there.
 */
int ssh_config_ask(const char *path, const char *name,
    struct ssh_config_host *host, struct err *e);
void ssh_config_clear(struct ssh_config_host *host);

/* The file that is meant: 'path', or the usual one. */
int ssh_config_path(const char *path, struct buf *out, struct err *e);

/* What "ssh -G" prints, taken apart. */
int ssh_config_parse(const char *name, const char *text, size_t len,
    struct ssh_config_host *host, struct err *e);

#endif
