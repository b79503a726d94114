/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_KEYS_KEYFILE_FACTS_H
#define PEMKEEP_KEYS_KEYFILE_FACTS_H

/*
 * What can be said about a private key file without its passphrase, and without
 * keeping any of it: for looking through folders.  Knows more kinds than
 * keyfile_read() takes, since a DSA key or one of 768 bits lies about as well.
 */

#include <stdbool.h>
#include <stdint.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/keys/keyfile.h"

struct err;
struct secret;

struct keyfile_facts {
	enum keyfile_format format; /* 0: another one */
	bool encrypted;
	bool readable; /* keyfile_read() takes it, with its passphrase if any */
	bool more;     /* the file holds more than this key */
	bool certificate; /* … a certificate: it is a server's, not ssh's */
	bool sha1_known;
	const char *type; /* "rsa" "ed25519" "ecdsa" "dsa"; "" : not known */
	unsigned bits;    /* 0: not known */
	struct buf blob;  /* the public half in SSH wire form; may be empty */
	uint8_t sha1[20]; /* key_ec2_sha1() */
};

/*
 * ERR_FORMAT: there is no private key in it, or only the handle of a security
 * key, which is none; ERR_NOMEM.  Clear *facts in any case.
 */
int keyfile_facts(
    const struct secret *file, struct keyfile_facts *facts, struct err *e);
void keyfile_facts_clear(struct keyfile_facts *facts);

#endif
