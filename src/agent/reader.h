/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AGENT_READER_H
#define PEMKEEP_SRC_AGENT_READER_H

/*
 * Reading a key file in a process of its own, which has the file, a pipe for
 * the result, limits, and nothing else.
 */

#include <stdbool.h>
#include <stdint.h>

#include "pemkeep/base/err.h"

#define READER_ROLE "(read-key)"
#define READER_RESULT_MAX 131072u
#define READER_LIMIT_MS 75000u /* ssh-keygen may take 60 s of it */

struct conn;
struct secret;

/*
 * In the agent: have the file that came with the request read; the connection is
 * busy until 'done' is called with it.
 */
int reader_start(struct conn *c,
    void (*done)(void *c, int status, const struct secret *output),
    struct err *e);

struct reader_result {
	struct err error; /* code ERR_OK: the key was read */
	uint16_t format;
	bool encrypted;
	unsigned repairs;
	char comment[256];
	struct secret *der;
	struct secret *original;
};

/*
 * In the child: read descriptor 0 with the passphrase that can be read from
 * CHILD_SECRET_FD, if any, and write the result.  The exit status.
 */
int reader_main(void);

/* In the parent: false when it is not a result.  Clear it in any case. */
bool reader_take(const struct secret *from, struct reader_result *result);
void reader_clear(struct reader_result *result);

#endif
