/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_SSH_ALGORITHMS_H
#define PEMKEEP_SRC_SSH_ALGORITHMS_H

#include "pemkeep/ssh/connection.h"

struct buf;

/* Everything that is offered, as one list. */
const char *ssh_algorithms(enum ssh_algorithm_kind kind);

/*
 * Append the list of host key algorithms: those of the key types that are known
 * for the host come first.
 */
void ssh_algorithms_host(struct buf *b, const char *const *types, size_t count);

/* Those for signing with an RSA key; SHA-1 is not among them. */
#define SSH_SIGN_ALGORITHMS "rsa-sha2-512,rsa-sha2-256"

#endif
