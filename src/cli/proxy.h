/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_CLI_PROXY_H
#define PEMKEEP_SRC_CLI_PROXY_H

/*
 * A connection of 'connect' whose SSH another program speaks.  The same rules
 * hold: what stands in connect_cloud.h and connect.h.
 */

#include "pemkeep/inventory/target.h"

#include "src/cli/connect_cloud.h"

struct buf;

struct proxy {
	struct cli *cli;
	struct connect_options options;
	struct connect_hosts hosts;
	struct connect_keys keys; /* none: the other program has them */
	struct target target;
	struct connect_cloud cloud;
};

/* cmd_proxy.c */

/*
 * AWS is to be asked for the address of an instance whose host keys are not
 * known: whoever answers at one of the cache may be anybody.
 */
int proxy_be_sure(struct proxy *p, struct err *e);

/* proxy_hosts.c */

/*
 * Lines of known_hosts for the target, which is found.  With the key that it has
 * shown (--host-key): only when that is accepted, as 'connect' would do it, with
 * StrictHostKeyChecking=yes.
 */
int proxy_hosts_put(struct proxy *p, struct buf *lines, struct err *e);

#endif
