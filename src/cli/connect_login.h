/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_CLI_CONNECT_LOGIN_H
#define PEMKEEP_SRC_CLI_CONNECT_LOGIN_H

/*
 * A login by name, all of it; for 'connect', and for 'launch', which is not done
 * before one has succeeded.
 *
 *	struct connect c = { .cli = cli, .options = … };
 *	if ((r = connect_login_find(&c, &e)) == 0)
 *		r = connect_login(&c, &e);
 *	connect_login_clear(&c);
 */

#include "pemkeep/agent/client.h"

#include "src/cli/connect_cloud.h"

struct connect {
	const struct cli *cli;
	struct connect_options options;
	struct connect_hosts hosts;
	struct connect_keys keys;
	struct connect_env env;
	struct target target;
	struct connect_cloud cloud;
	struct connect_user user;
	struct connect_log log;
	bool reached;      /* something has answered there */
	const char *agent; /* the socket to be forwarded, or NULL */
	struct client_status status;
	struct ssh_loop *loop;
	struct ssh_connection *connection;
};

/* Where, and with what; the vault is not opened before a host is found. */
int connect_login_find(struct connect *c, struct err *e);

/* Connect, see that it is the right host, and log in: c->connection. */
int connect_login(struct connect *c, struct err *e);

void connect_login_clear(struct connect *c);

#endif
