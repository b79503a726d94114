/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_AWS_CONSOLE_H
#define PEMKEEP_AWS_CONSOLE_H

/*
 * The host keys that cloud-init prints on the console of an instance at its
 * first boot.  Only root of that instance writes there, so that they prove
 * which keys the instance has.  The text may hold anything else, anywhere.
 */

#include <stddef.h>
#include <stdint.h>

struct err;

#define CONSOLE_KEYS_MAX 16

struct console_key {
	uint8_t *blob; /* SSH wire form; its structure has been checked */
	size_t len;
	char type[32]; /* "ssh-ed25519" */
};

/* From the last block: an instance may have got new keys since. */
struct console_keys {
	struct console_key keys[CONSOLE_KEYS_MAX];
	size_t count;
	/* "SHA256:…", of the block that precedes that of the keys: enough where
	 * those were cut off.  MD5 ones prove nothing and are left out. */
	char fingerprints[CONSOLE_KEYS_MAX][51];
	size_t fingerprint_count;
};

/*
 * Find them in the bytes of a console.  Both counts are 0 when there is no
 * block, or nothing sound in it; that is no failure.  ERR_NOMEM.  Replaces
 * nothing: *keys is to be cleared, also after a failure.
 */
int console_host_keys(
    const void *bytes, size_t len, struct console_keys *keys, struct err *e);

void console_clear(struct console_keys *keys);

#endif
