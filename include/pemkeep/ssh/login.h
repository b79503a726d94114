/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SSH_LOGIN_H
#define PEMKEEP_SSH_LOGIN_H

/*
 * What a connection asks of its caller while it is set up.  Whoever holds keys,
 * known hosts and the terminal is up there; this layer never sees them.
 *
 * While a callback runs the connection's deadline stands still, so that it may
 * wait for a person.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

/* A plain public key in SSH wire form; the server has proven that it has it. */
struct ssh_host_key {
	const char *type; /* "ssh-ed25519", "ssh-rsa" … as in the blob */
	const uint8_t *blob;
	size_t len;
};

/*
 * Is this the host that was meant?  0 only when it is; else a negative code with
 * the reason.  Asked before anything about the user is sent, and not again for
 * keys exchanged anew, where the host key must be the same one.
 */
typedef int ssh_host_fn(
    void *arg, const struct ssh_host_key *key, struct err *e);

/*
 * Sign 'data' with the private key that belongs to 'blob'; 'algorithm' is
 * "rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519", "ecdsa-sha2-…".  Appends the
 * whole signature blob (string algorithm, string signature).
 */
typedef int ssh_sign_fn(void *arg, const uint8_t *blob, size_t blob_len,
    const char *algorithm, const void *data, size_t len, struct buf *signature,
    struct err *e);

#define SSH_ANSWER_MAX 1024 /* bytes, with the terminating zero */

/*
 * Ask the user for a password or whatever else the server wants to know.
 * 'prompt' is safe to print; line feeds are where the server has them.  Fills
 * 'answer', which is wiped after use.
 */
typedef int ssh_ask_fn(void *arg, const char *prompt, bool echo,
    char answer[SSH_ANSWER_MAX], struct err *e);

/* Text of the server for the user, safe to print as above. */
typedef void ssh_banner_fn(void *arg, const char *text);

/* What happens, for --verbose; safe to print, one line. */
typedef void ssh_trace_fn(void *arg, const char *text);

struct ssh_public_key {
	const uint8_t *blob;
	size_t len;
};

#define SSH_KEYS_MAX 3 /* tried at one login; servers count attempts */

#endif
