/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AGENT_MAKER_H
#define PEMKEEP_SRC_AGENT_MAKER_H

/*
 * Making a key in a process of its own: the primes of a large RSA key take
 * seconds, or minutes, in which others are served.
 */

struct conn;
struct err;
struct secret;

#define MAKER_ROLE "(make-key)"
#define MAKER_RESULT_MAX 65536u
#define MAKER_LIMIT_MS (3600u * 1000u)

/*
 * In the agent: have a key made; the connection is busy until 'done' is called
 * with its PKCS#8 form, or with a status that is not 0.
 */
int maker_start(struct conn *c, const char *type, unsigned bits,
    void (*done)(void *c, int status, const struct secret *der), struct err *e);

/* In the child: TYPE BITS.  The exit status. */
int maker_main(int argc, char **argv);

#endif
