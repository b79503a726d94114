/* SPDX-License-Identifier: ISC */
#ifndef KEYS_KEYFILE_INTERNAL_H
#define KEYS_KEYFILE_INTERNAL_H

/* What the readers of key files share. */

#include "pemkeep/keys/keyfile.h"
#include "src/keys/key_internal.h"

struct err;
struct secret;

/* One armoured thing in a text; the bytes lie in that text. */
struct keyfile_block {
	struct key_bytes label; /* between BEGIN and the dashes */
	struct key_bytes body;  /* between the two lines of armour */
	struct key_bytes whole;
};

/*
 * The one private key in a file: normalises the text (new secret in *textp,
 * in which 'b' points) and finds its armour, or says why there is none.  A
 * PPK file has the label "PuTTY" and its whole text as body.
 */
int keyfile_text_open(const struct secret *file, struct secret **textp,
    unsigned *repairsp, struct err *e);
int keyfile_armour_find(const struct secret *text, struct keyfile_block *b,
    unsigned *repairsp, struct err *e);

/* ERR_FORMAT or ERR_UNSUPPORTED for a text without a private key. */
int keyfile_armour_describe(
    struct key_bytes text, struct key_bytes label, struct err *e);

/* The next line, without its end; false after the last. */
bool keyfile_line(struct key_bytes *rest, struct key_bytes *line);

/* Without blanks at both ends. */
struct key_bytes keyfile_trim(struct key_bytes line);

bool keyfile_starts(struct key_bytes line, const char *text);
bool keyfile_is(struct key_bytes line, const char *text);

/* Readers of one format; they set out->key, encrypted and comment. */
int keyfile_pem_read(const struct keyfile_block *b,
    const struct secret *passphrase, struct keyfile *out, struct err *e);
int keyfile_openssh_read(const struct keyfile_block *b,
    const struct secret *passphrase, struct keyfile *out, struct err *e);
int keyfile_ppk_read(const struct keyfile_block *b,
    const struct secret *passphrase, struct keyfile *out, struct err *e);

/* The comment, as far as it fits, up to a zero byte. */
void keyfile_set_comment(struct keyfile *out, struct key_bytes comment);

/*
 * Decrypt EncryptedPrivateKeyInfo (PKCS#8) into a new secret.  With NULL for
 * the passphrase: ERR_NEED_PASSPHRASE, or ERR_UNSUPPORTED if none would help.
 */
int keyfile_pbes_decrypt(struct key_bytes der, const struct secret *passphrase,
    struct secret **plainp, struct err *e);

/*
 * CBC with padding into a new secret.  'cipher' as libcrypto calls it, key and
 * iv of its lengths.  ERR_LOCKED when the padding is wrong, or the result is
 * not one ASN.1 SEQUENCE, as all private keys are: the passphrase was wrong.
 */
struct keyfile_cipher {
	const char *name;
	const uint8_t *key, *iv;
};
int keyfile_cbc_decrypt(const struct keyfile_cipher *c, struct key_bytes in,
    struct secret **plainp, struct err *e);
int keyfile_wrong_passphrase(struct err *e);
int keyfile_need_passphrase(struct err *e);

/*
 * Have ssh-keygen decrypt an OpenSSH file: 'whole' is its armoured text, the
 * new secret in *textp the same without encryption.
 */
int keyfile_ssh_keygen(struct key_bytes whole, const struct secret *passphrase,
    struct secret **textp, struct err *e);

#endif
