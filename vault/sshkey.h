/* SPDX-License-Identifier: ISC */
#ifndef VAULT_SSHKEY_H
#define VAULT_SSHKEY_H

/*
 * FORMAT.md chapter 8: what the info and the payload of a record of type 1, an
 * SSH private key, are made of.  That the two halves of the key belong together
 * (R30) is for the caller to check: there is no public-key cryptography here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct secret;

#define VAULT_TYPE_SSHKEY 1u
#define VAULT_SSHKEY_ENCRYPTED 0x100u /* added to 'format' */
#define VAULT_SSHKEY_CONFIRM 1u       /* bit of 'flags' */

/* Pointers are borrowed: into the info given, or from the caller. */
struct vault_sshkey {
	const uint8_t *public_key; /* SSH wire form */
	size_t public_key_len;
	uint64_t created; /* Unix time, seconds */
	uint16_t format;
	const char *source; /* not terminated; NULL: none */
	size_t source_len;
	const uint8_t *comment; /* NULL: none */
	size_t comment_len;
	const uint8_t *ec2_sha1; /* 20 bytes, or NULL */
	uint32_t flags;
};

/*
 * Read an entry's info.  False when it is not as chapter 8 says; *newer is then
 * true if it only has fields of a newer version.
 */
bool vault_sshkey_parse(
    const uint8_t *info, size_t len, struct vault_sshkey *key, bool *newer);

/* The info for a record; malloc'ed, *lenp bytes.  NULL: memory is short. */
uint8_t *vault_sshkey_info(const struct vault_sshkey *key, size_t *lenp);

/*
 * The payload from the key's PKCS#8 DER and the original file, which may be
 * NULL.  NULL: memory is short.
 */
struct secret *vault_sshkey_payload(
    const struct secret *der, const struct secret *original);

/*
 * Take a payload apart: new secrets; *originalp is NULL where there is none.
 */
enum vault_sshkey_result {
	VAULT_SSHKEY_OK = 0,
	VAULT_SSHKEY_BAD = -1,   /* not as chapter 8 says */
	VAULT_SSHKEY_NEWER = -2, /* it has fields of a newer version */
	VAULT_SSHKEY_NOMEM = -3
};
enum vault_sshkey_result vault_sshkey_unpack(const struct secret *payload,
    struct secret **derp, struct secret **originalp);

#endif
