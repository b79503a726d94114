/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AGENT_CONTROL_H
#define PEMKEEP_SRC_AGENT_CONTROL_H

/*
 * The control protocol, version 1, between commands and the keeper: over
 * control.sock or a socketpair, never forwarded anywhere.
 *
 * A message is uint32 length, byte type, body; numbers and strings as SSH has
 * them (RFC 4251).  The length counts type and body, 1 to CONTROL_MAX.  A
 * request is answered by any number of news (WARNING, KEY, RESULT, FINDING,
 * MODE) and then by exactly one of OK, ERROR and ASK.  ASK means: get this
 * passphrase, send it with PASSPHRASE, which is not answered, and send the
 * request again.  Descriptors come with the first byte of the request.
 */

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct keeper_key;
struct wire;

#define CONTROL_VERSION 1u
#define CONTROL_MAX 262144u
#define CONTROL_SECRET_MAX 16384u /* of a PASSPHRASE message */

enum control_request {
	/*
	 * uint32 version, string vault, string seen; OK: uint32 version,
	 * uint32 pid, bool unlocked, bool same_vault.  First of all.
	 */
	CONTROL_HELLO = 1,
	/*
	 * byte what (enum passphrase_for), string passphrase, uint32 n, n
	 * strings "NAME=value": the environment for confirming
	 */
	CONTROL_PASSPHRASE = 2,
	/*
	 * bool again (also when it is unlocked), uint32 seconds until it locks
	 * by itself (0: the default)
	 */
	CONTROL_UNLOCK = 3,
	CONTROL_LOCK = 4,
	CONTROL_STAY = 5, /* become the agent: bind the sockets, detach */
	CONTROL_STOP = 6, /* needs no HELLO */
	/*
	 * OK: uint32 pid, bool unlocked, uint32 keys, uint32 seconds left,
	 * byte memory (0 cannot be locked, 1 locked, 2 unknown), string ssh.sock
	 */
	CONTROL_STATUS = 7,
	CONTROL_LIST = 8,      /* a KEY for each */
	CONTROL_PUBLIC = 9,    /* string name; one KEY */
	CONTROL_SIGN = 10,     /* string blob, string algorithm, string data;
	                          OK: string signature */
	CONTROL_INIT = 11,     /* uint32 memory, uint32 passes */
	CONTROL_GENERATE = 12, /* string name, type; uint32 bits; one KEY */
	/*
	 * descriptor; string name, source, path; bool confirm.  Reads a file and
	 * keeps it for COMMIT.
	 */
	CONTROL_IMPORT = 13,
	/*
	 * uint32 n: takes in all that was read, if that is still n (locking
	 * forgets it); a RESULT for each.
	 */
	CONTROL_COMMIT = 14,
	/* uint32 which RESULT, of all that this connection was given */
	CONTROL_HOLDS = 15,
	CONTROL_EXPORT = 16,  /* descriptor; string name */
	CONTROL_RENAME = 17,  /* string name, string new */
	CONTROL_REMOVE = 18,  /* uint32 n, n strings */
	CONTROL_PASSWD = 19,  /* uint32 memory, uint32 passes */
	CONTROL_CHECK = 20,   /* FINDINGs */
	CONTROL_REPAIR = 21,  /* MODEs */
	CONTROL_RESTORE = 22, /* string path */
	CONTROL_SET = 23,     /* string name, bool confirm */
	/*
	 * descriptor; string path; OK: string public key.  This keeper will sign
	 * with the key in this file, and do nothing else.
	 */
	CONTROL_LOAD = 24,
	CONTROL_FLUSH = 25, /* what earlier saves may have left unflushed */
	/* descriptor; uint32 which RESULT: still the bytes that were read? */
	CONTROL_SAME = 26,
	/*
	 * descriptor: an empty pipe, where the password is written; string blob,
	 * string encrypted, string instance (for the log).  OK: uint32 length
	 */
	CONTROL_PASSWORD = 27
};

enum control_answer {
	CONTROL_OK = 64,
	CONTROL_ERROR = 65,   /* uint32 -code, string text, string hint */
	CONTROL_ASK = 66,     /* byte what, string prompt */
	CONTROL_WARNING = 67, /* string text, string hint */
	CONTROL_KEY = 68,     /* see control_put_key() */
	/*
	 * uint32 -code, string text, string hint; if the code is 0: bool
	 * present, bool whole, bool same, uint32 repairs, and a key
	 */
	CONTROL_RESULT = 69,
	CONTROL_FINDING = 70, /* string id, severity, text, hint */
	CONTROL_MODE = 71     /* string path, uint32 was, uint32 now */
};

/* How many files IMPORT keeps: each takes a page of locked memory or two. */
#define CONTROL_BATCH 256u
/* How many files one connection may IMPORT. */
#define CONTROL_FILES_MAX 1048576u

void control_put_key(struct buf *b, const struct keeper_key *key);
bool control_get_key(struct wire *w, struct keeper_key *key);

/* A string without NUL, malloc'ed; NULL, and the cursor may have failed. */
char *control_get_text(struct wire *w);

#endif
