/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AGENT_CLIENT_INTERNAL_H
#define PEMKEEP_SRC_AGENT_CLIENT_INTERNAL_H

/* What the files of the client share. */

#include "pemkeep/agent/client.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

struct client {
	struct client_options options;
	struct buf path; /* of the vault */
	struct buf seen;
	int fd;        /* the connection, or -1 */
	bool own;      /* to a keeper of this command's, which is no agent */
	bool other;    /* the agent that runs has another vault */
	bool gone;     /* the agent has hung up on us */
	bool unlocked; /* as far as we know */
	bool verified; /* the passphrase from the descriptor was right */
	bool asked;    /* a source of passphrases was used, or looked at */
	bool loaded;   /* its keeper has the key of a file, and nothing else */
	struct buf answer;
};

/* What needs neither a passphrase nor the vault is answered at once. */
#define CLIENT_SOON_MS 20000u

/* A request: what it says, what it hands over, and who hears the news. */
struct client_call {
	uint8_t type;
	const struct buf *body; /* or NULL */
	int fd;                 /* or -1 */
	unsigned limit_ms;      /* for each part of the answer; 0: usual */
	/* False: this is nonsense. */
	bool (*news)(void *arg, uint8_t type, struct wire *w);
	void *arg;
};

/*
 * Send a request and wait for its answer, asking for passphrases as they are
 * wanted.  'w' is the body of OK, until the next call.
 */
int client_ask(struct client *c, const struct client_call *call, struct wire *w,
    struct err *e);

/* The same, with the body in the buf, which is freed; nothing comes back. */
int client_simple(
    struct client *c, uint8_t type, struct buf *body, struct err *e);

/* A code, a text and a hint; false: it is none. */
bool client_get_error(struct wire *w, struct err *e);

/* "the agent does not answer"; hangs up. */
int client_silent(struct client *c, struct err *e);

/* "the agent talks nonsense" */
int client_nonsense(struct err *e);

/* Connect to the agent that runs; ERR_NOT_FOUND. */
int client_attach(struct client *c, struct err *e);

/* Whatever there is, or a new keeper; it may be locked. */
int client_start(struct client *c, struct err *e);
void client_hang_up(struct client *c);

#endif
