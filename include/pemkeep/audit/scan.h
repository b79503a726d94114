/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_AUDIT_SCAN_H
#define PEMKEEP_AUDIT_SCAN_H

/*
 * Looking for private keys on the disk.  A process of its own walks and reads: it
 * has no vault, no socket and no credentials, and hands back what everybody may
 * know of a key, never the key.  What it says is checked as if a stranger had
 * said it, because it has read the files of strangers.
 *
 * No link is followed, no other file system entered, and nothing but regular files
 * is opened.  Of a file the first 4 KiB are looked at, of one that may be a key
 * 32 KiB.  Files whose name says that they are a picture, a program, an archive
 * … are not opened at all.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

struct scan_root {
	const char *path; /* absolute, with no link but in its parents */
	bool shallow;     /* a folder: its own files only */
	bool optional;    /* may be missing */
};

/* A private key in a file.  Texts are never NULL. */
struct scan_key {
	char *path; /* any bytes: escape it */
	uint64_t device, inode;
	uint32_t mode; /* permission bits */
	uint32_t owner;
	uint32_t links;  /* names that the file has */
	int64_t changed; /* Unix time of the last change of its content */
	uint64_t size;
	const char *format; /* "PKCS#1" …; "" : another one */
	const char *type;   /* "rsa" "ed25519" "ecdsa" "dsa"; "" : unknown */
	unsigned bits;      /* 0: unknown */
	bool encrypted;
	bool readable;    /* pemkeep import takes it (with its passphrase) */
	bool more;        /* there is more in the file than the key */
	bool certificate; /* … a certificate: the key of a server */
	bool beside;      /* what is public comes from the .pub beside it */
	uint8_t *blob;    /* public half in SSH wire form; NULL: unknown */
	size_t blob_len;
	/* keys/pubkey.h; "" : unknown, or of a kind that EC2 does not have. */
	char fingerprint[64];
	char ec2_created[64], ec2_imported[64];
};

/* A place that could not be looked into. */
struct scan_trouble {
	char *path;
	char *why;
};

#define SCAN_KEYS_MAX 20000u
#define SCAN_TROUBLES_MAX 1000u /* that are kept; all are counted */

struct scan {
	struct scan_key *keys; /* in the order of their paths */
	size_t count;
	struct scan_trouble *troubles;
	size_t trouble_count;
	uint64_t trouble_total;
	uint64_t files, folders; /* seen */
	uint64_t opened;         /* files that were looked into */
	uint64_t elsewhere;      /* folders on other file systems */
	bool whole;              /* the scan came to its end */
};

/*
 * Scan all of them.  'progress' (may be NULL) is called some times a second.
 * 0 also when some places could not be read; else what is in *scan counts all
 * the same.  ERR_NOT_FOUND, ERR_FORMAT: a root that is missing or is no file or
 * folder; ERR_SYSTEM: it could not be started; ERR_FAILED: it has ended early;
 * ERR_UNTRUSTED: what it said makes no sense; ERR_NOMEM.  Clear *scan in any
 * case.
 */
int scan_run(const struct scan_root *roots, size_t count,
    void (*progress)(void *arg, uint64_t files, uint64_t folders), void *arg,
    struct scan *scan, struct err *e);
void scan_clear(struct scan *scan);

/*
 * Is this process such a child?  Then its work is done.  'harden' is called
 * first.
 */
bool scan_role_main(int argc, char **argv, void (*harden)(void), int *status);

#endif
