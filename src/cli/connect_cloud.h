/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_CLI_CONNECT_CLOUD_H
#define PEMKEEP_SRC_CLI_CONNECT_CLOUD_H

/*
 * Hosts of 'connect' that are EC2 instances: where they are, whether they are up,
 * whether it is them, and who logs in there.
 *
 * An address from the cache may be a stranger's by now.  So whatever does not go
 * as it should there (nobody answers, another host key, none that is known) has
 * AWS asked first, and connecting goes on with what it says.  On hosts that are
 * no instances all of this does nothing.
 */

#include "pemkeep/aws/console.h"
#include "pemkeep/base/err.h"
#include "pemkeep/inventory/target.h"

#include "src/cli/cloud.h"
#include "src/cli/connect.h"

#define CONNECT_USER_MAX 32

struct connect_cloud {
	const struct cli *cli;
	const struct connect_options *options;
	struct connect_keys *keys;
	struct connect_hosts *hosts;
	struct target *target;
	struct cloud cloud;
	bool agreed;  /* that it is to be started */
	bool patient; /* AWS cannot be asked: wait for what the cache says */

	/* What a connection has brought to light. */
	struct target fresh; /* what AWS says now */
	bool moved;          /* go there instead */
	bool other_type;     /* the console has keys of other types only */
	bool asked_types;    /* these were asked for once */

	/* connect_proof.c */
	bool console_asked;
	struct console_keys console;
	struct err console_trouble; /* why there is none */
};

/* connect_cloud.c */

/* The pointers are kept; ERR as cloud_open().  To be closed, also after that. */
int connect_cloud_open(struct connect_cloud *c, const struct cli *cli,
    const struct connect_options *o, struct connect_keys *keys,
    struct connect_hosts *hosts, struct target *target, struct err *e);
void connect_cloud_close(struct connect_cloud *c);

/* Is the target an instance? */
bool connect_cloud_is(const struct connect_cloud *c);

/* The instance, as inventory_put_name() has it. */
void connect_cloud_name(const struct connect_cloud *c, struct buf *b);

/*
 * Find the target.  Called again, it is the same one with the keys that are
 * known now.
 */
int connect_cloud_find(struct connect_cloud *c, struct err *e);

/* Ask AWS about the instance, whatever is known, and take over what it says. */
int connect_cloud_look(struct connect_cloud *c, struct err *e);

/*
 * A key was shown at 'address' that does not stand in known_hosts: is the address
 * the instance's, by what AWS says in this run?  0 only then.
 */
int connect_cloud_confirm(
    struct connect_cloud *c, const char *address, struct err *e);

/*
 * Connecting failed with 'r': is there something else to be tried?  The target
 * is as it is to be tried then.  *e is what failed, or what has failed now.
 */
bool connect_cloud_again(struct connect_cloud *c, int r, struct err *e);

/* connect_start.c */

/* Is it up, or to be started?  Asks, and starts nothing yet. */
int connect_start_ask(struct connect_cloud *c, struct err *e);

/* Start it if need be, and wait until its SSH server answers. */
int connect_start(struct connect_cloud *c, struct ssh_loop *l, struct err *e);

/* connect_proof.c */

/*
 * Does the instance's console show this host key?  1: yes, and it has been
 * remembered with the others there.  0: the console says nothing, for the reason
 * that is appended to 'why'.  ERR_UNTRUSTED: it shows others.
 */
int connect_proof(struct connect_cloud *c, const struct ssh_host_key *key,
    const char *print, struct buf *why, struct err *e);
void connect_proof_clear(struct connect_cloud *c);
/*
 * Read the console, once; c->console_trouble says why there are no keys.
 * ERR_INTERRUPTED, ERR_NOMEM.
 */
int connect_proof_read(struct connect_cloud *c, struct err *e);
/* Ask the server for a key of a type that the console has. */
void connect_proof_types(const struct connect_cloud *c);

/* connect_user.c */

struct connect_user {
	char name[CONNECT_USER_MAX + 1]; /* found out; "": the target's */
	bool guess;                      /* nobody knows it: root is asked */
	bool settled;                    /* there is nothing to find out */
};

const char *connect_user_name(
    struct connect_user *u, const struct connect_cloud *c);

/*
 * After a login that went as 'result' says: 1 when it is to be repeated, with
 * the user that is known now; else 'result', or what has failed.
 */
int connect_user_check(struct connect_user *u, struct connect_cloud *c,
    int result, struct ssh_loop *l, struct ssh_connection *connection,
    struct err *e);

/* connect_greeting.c */

/*
 * What useradd(8) takes, but root: nothing that could be an option, or two words.
 */
bool connect_user_is(const char *text, size_t len);

/* The user that a root login is greeted with, "" when there is none. */
void connect_user_greeting(
    const char *text, char name[static CONNECT_USER_MAX + 1]);

/* connect_learn.c */

/* The login went well: remember what was not known. */
void connect_learn(struct connect_cloud *c, const struct connect_user *u);

/* connect_tell.c */

/* With -v: what is used, and why. */
void connect_tell(const struct connect_cloud *c);
/* What was passed over, and keys that are missing; before connecting. */
int connect_tell_missing(struct connect_cloud *c, struct err *e);
/* After a failure: the next step.  'reached': something has answered. */
void connect_tell_next(
    const struct connect_cloud *c, bool reached, struct err *e);

#endif
