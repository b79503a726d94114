/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_KEYS_KEYFILE_H
#define PEMKEEP_KEYS_KEYFILE_H

/*
 * Reading private key files as people have them: PKCS#1, PKCS#8 (also
 * encrypted), SEC1, OpenSSH v1 (also encrypted, with the help of ssh-keygen),
 * legacy encrypted PEM ("Proc-Type: 4,ENCRYPTED"), PPK 2 and 3 (unencrypted).
 * Line ends of all kinds, a byte order mark, UTF-16, blanks at line ends and
 * around the armour are tolerated and reported.
 *
 * The content is untrusted.
 */

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;
struct key;
struct secret;

#define KEYFILE_MAX 32768 /* bytes; nothing longer is a key */

/* The numbers stand in vault/FORMAT.md, chapter 8. */
enum keyfile_format {
	KEYFILE_PKCS1 = 1,
	KEYFILE_PKCS8 = 2,
	KEYFILE_SEC1 = 3,
	KEYFILE_OPENSSH = 4,
	KEYFILE_PPK2 = 5,
	KEYFILE_PPK3 = 6
};

/* What had to be tolerated. */
enum keyfile_repair {
	KEYFILE_CRLF = 1,
	KEYFILE_BOM = 2,
	KEYFILE_UTF16 = 4,
	KEYFILE_BLANKS = 8, /* blanks at line ends, or around the armour */
	KEYFILE_TEXT = 16   /* other text before or after the armour */
};

struct keyfile {
	enum keyfile_format format;
	bool encrypted;
	unsigned repairs;  /* bits of enum keyfile_repair */
	struct key *key;   /* proven; the caller's, with keyfile_clear() */
	char comment[256]; /* from OpenSSH v1 and PPK; may be cut, untrusted */
};

/*
 * Read a key from a file's bytes.  'passphrase' is NULL when there is none yet:
 * an encrypted file then gives ERR_NEED_PASSPHRASE, with 'format' and 'encrypted'
 * set.  Other failures:
 *	ERR_FORMAT	no private key; says what it is where that is known
 *			("a public key", "a certificate", "empty", "cut off")
 *	ERR_UNSUPPORTED	a kind that pemkeep does not keep (DSA, security key,
 *			encrypted PPK …), with a hint at what helps
 *	ERR_LOCKED	wrong passphrase
 *	ERR_MISMATCH	private and public half do not belong together
 */
int keyfile_read(const struct secret *file, const struct secret *passphrase,
    struct keyfile *out, struct err *e);

/* Free the key and zero the struct. */
void keyfile_clear(struct keyfile *f);

/* "PKCS#1", "OpenSSH", "PPK 3" … */
const char *keyfile_format_name(enum keyfile_format format);

/* Append "CRLF line ends, byte order mark" … for the bits; nothing for 0. */
void keyfile_put_repairs(struct buf *b, unsigned repairs);

/*
 * Does this look like a private key at all?  A cheap look at the first bytes for
 * walking through folders; true means: worth reading.
 */
bool keyfile_looks_like_key(const void *head, size_t len);

/*
 * If this process was started by ssh-keygen to ask for a passphrase on our
 * behalf (see keyfile_ssh_keygen.c), answer and return true: the caller exits
 * with status 0 at once.  To be called first thing in main().
 */
bool keyfile_askpass_main(int argc);

#endif
