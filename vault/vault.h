/* SPDX-License-Identifier: ISC */
#ifndef VAULT_VAULT_H
#define VAULT_VAULT_H

/*
 * The vault library: FORMAT.md, chapter by chapter, as calls.  It needs libc
 * and libsodium and nothing of the rest of pemkeep: copy the folder and it
 * builds.  It never prints, never reads the terminal or the environment, never
 * asks what time it is, and never exits.
 *
 * The life of a vault:
 *
 *	vault_create() or vault_open()      the passphrase hash runs here
 *	vault_count(), vault_at(), vault_find(), vault_get()
 *	vault_reload()                      if another process may have saved
 *	vault_begin()                       takes the lock, reads again if needed
 *	    vault_put(), vault_rename(), vault_set_info(), vault_remove(),
 *	    vault_set_passphrase()
 *	vault_commit() or vault_abort()     saves, or forgets; frees the lock
 *	vault_close()                       wipes the keys
 *
 * Every function that can fail takes a 'struct vault_error *' (may be NULL),
 * filled in on failure only, and returns 0 or a negative enum vault_result.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct secret;
struct vault;

#define VAULT_ID_BYTES 16
#define VAULT_MAC_BYTES 32
#define VAULT_NAME_MAX 255        /* bytes of UTF-8 (R24) */
#define VAULT_INFO_MAX 16384      /* bytes (R25) */
#define VAULT_PAYLOAD_MAX 65535   /* bytes, before padding (R26) */
#define VAULT_RECORDS_MAX 65536   /* (R23) */
#define VAULT_FILE_MAX 268435456  /* bytes (R9) */
#define VAULT_WHERE 256           /* bytes of a path in a message */
#define VAULT_PASSPHRASE_MAX 1024 /* bytes */

/* Cost of the passphrase hash: what readers accept (R17). */
#define VAULT_KDF_MEMORY_MIN 8u       /* KiB */
#define VAULT_KDF_MEMORY_MAX 1048576u /* KiB: 1 GiB */
#define VAULT_KDF_PASSES_MIN 1u
#define VAULT_KDF_PASSES_MAX 10u

enum vault_result {
	VAULT_OK = 0,
	VAULT_ESYSTEM = -1,   /* a system call failed: os_error, path */
	VAULT_ENOMEM = -2,    /* out of memory */
	VAULT_ENOKDFMEM = -3, /* not enough memory for the hash: number = KiB */
	VAULT_ENOVAULT = -4,  /* there is no such file */
	VAULT_EEXISTS = -5,   /* create: there is one already */
	VAULT_EMODE = -6,     /* mode too open: number = the mode, path */
	VAULT_EOWNER = -7,    /* belongs to another user: number = uid, path */
	VAULT_EKIND = -8,     /* not a regular file, or not a folder: path */
	VAULT_ENOTVAULT = -9, /* no pemkeep vault (magic) */
	VAULT_EVERSION = -10, /* made by a newer version */
	VAULT_EDAMAGED = -11, /* damaged: where says which part, rule which R */
	VAULT_ECOST = -12,    /* passphrase hash beyond the caps (R17) */
	VAULT_EPASSPHRASE = -13, /* wrong passphrase */
	VAULT_ENOSTANZA = -14,   /* cannot be unlocked with a passphrase */
	VAULT_ELOCKED = -15, /* another process saves: number = its pid or 0 */
	VAULT_EROLLBACK = -16, /* older than what was seen: no saving */
	VAULT_EFORK = -17,    /* not a descendant of what was seen: no saving */
	VAULT_ECHANGED = -18, /* passphrase or key changed by another process */
	VAULT_ENOTFOUND = -19, /* no such record */
	VAULT_ENAME = -20,     /* not a possible name (R24) */
	VAULT_ETAKEN = -21,    /* the name is taken */
	VAULT_EFULL = -22,     /* a cap of the format is reached */
	VAULT_ESTANZA =
	    -23, /* new passphrase: unknown stanzas in the way (R15) */
	VAULT_EUNSURE = -24, /* saved, but the folder's fsync failed */
	VAULT_EUSE = -25     /* called out of order: a bug of the caller */
};

struct vault_error {
	enum vault_result code;
	int os_error;            /* errno, or 0 */
	unsigned rule;           /* number of the FORMAT.md rule, or 0 */
	uint64_t number;         /* see the codes */
	char where[VAULT_WHERE]; /* path, or part of the file; maybe cut */
};

/*
 * One sentence without full stop, "cannot replace '…/vault': No space left on
 * device".  Control bytes of paths are in it as they are: escape
 * before printing.  Always terminated.
 */
void vault_message(const struct vault_error *e, char *text, size_t size);

/* Where things are.  The strings are copied. */
struct vault_place {
	const char *path;      /* the vault file; its folder must exist */
	const char *seen;      /* the seen file (chapter 9), or NULL for none */
	unsigned lock_wait_ms; /* how long to wait for the lock; 0 = 10,000 */
};

/* Cost of the passphrase hash. */
struct vault_kdf {
	uint32_t memory_kib;
	uint32_t passes;
};

/* Things that went not quite well; see vault_notes(). */
enum vault_note {
	VAULT_NOTE_ROLLBACK = 1,    /* older than what this machine saw */
	VAULT_NOTE_FORK = 2,        /* not a descendant of it */
	VAULT_NOTE_SEEN_BAD = 4,    /* the seen file could not be used */
	VAULT_NOTE_SEEN_UNSAVED = 8 /* the seen file could not be written */
};

/* A line of the index.  Pointers live until the next change or close. */
struct vault_entry {
	uint8_t id[VAULT_ID_BYTES];
	uint64_t revision;
	uint16_t type;
	const char *name; /* terminated UTF-8 */
	const uint8_t *info;
	size_t info_len;
	size_t size; /* bytes in the file */
};

/*
 * Make a new vault, empty, and open it.  The folder must exist, belong to the
 * user and have mode 0700.  'kdf' must lie within the caps; a floor is the
 * caller's policy.  Fails with EEXISTS (also when only a .bak is there), EMODE,
 * EOWNER, EKIND, ECOST, ENOKDFMEM, ELOCKED, ENOMEM, ESYSTEM; EUNSURE: it is
 * there, opened, and *vp is set.
 */
int vault_create(const struct vault_place *place, const struct secret *pass,
    const struct vault_kdf *kdf, struct vault **vp, struct vault_error *e);

/* Would vault_create() find a fit folder, and nothing in the way? */
int vault_can_create(const struct vault_place *place, struct vault_error *e);

/*
 * Open.  All checks of chapters 3 to 6 and 9 are made, the records' (chapter 7)
 * when they are read.  *vp is NULL on failure.
 */
int vault_open(const struct vault_place *place, const struct secret *pass,
    struct vault **vp, struct vault_error *e);

/*
 * Read the file again with the keys that are there, for a handle that is kept
 * while others save.  All that vault_open() checks is checked and remembered
 * again, and the notes are those of now; entries move.  The failures are those
 * of vault_open(), with ECHANGED where the file was made with other keys (a new
 * passphrase, or another vault), and EUSE inside a transaction.  On failure all
 * is as it was: whether the old content may still be used is the caller's policy,
 * and vault_close() is what wipes the keys.
 */
int vault_reload(struct vault *v, struct vault_error *e);

/* Are they the same vault, under the same passphrase, whatever is in it now? */
bool vault_same_keys(const struct vault *a, const struct vault *b);

/* Forget the keys and everything else; an open transaction is aborted. */
void vault_close(struct vault *v);

/* Bits of enum vault_note, as of the last reading or saving. */
unsigned vault_notes(const struct vault *v);

uint64_t vault_generation(const struct vault *v);
void vault_kdf_cost(const struct vault *v, struct vault_kdf *kdf);

size_t vault_count(const struct vault *v);

/* Entry 'i' below vault_count(), in the file's order. */
const struct vault_entry *vault_at(const struct vault *v, size_t i);

/* The entry of that name, byte for byte, or NULL. */
const struct vault_entry *vault_find(const struct vault *v, const char *name);

/*
 * Decrypt a record.  The new secret in *payloadp is the caller's.  Fails with
 * ENOTFOUND, EDAMAGED, ENOMEM.
 */
int vault_get(const struct vault *v, const uint8_t id[VAULT_ID_BYTES],
    struct secret **payloadp, struct vault_error *e);

/* Decrypt every record and forget it again.  EDAMAGED names the first bad one. */
int vault_verify(const struct vault *v, struct vault_error *e);

/*
 * Begin to change: take the lock, remove temporary files that a crash left,
 * read the file again if another process has saved it since (entries then
 * move), verify the records' digests.  Fails with ELOCKED, EROLLBACK, EFORK,
 * ECHANGED, EDAMAGED, and all that vault_open() says.
 */
int vault_begin(struct vault *v, struct vault_error *e);

/*
 * Inside a transaction; nothing reaches the disk before vault_commit().
 * vault_put() adds a record; its new id is written to 'id' if that is not NULL.
 * ENAME, ETAKEN, EFULL, ENOMEM, ENOTFOUND as they apply.  A failure leaves the
 * transaction as it was.
 */
struct vault_put {
	const char *name;
	uint16_t type;
	const uint8_t *info;
	size_t info_len;
	const struct secret *payload;
};
int vault_put(struct vault *v, const struct vault_put *put,
    uint8_t id[VAULT_ID_BYTES], struct vault_error *e);
int vault_rename(struct vault *v, const uint8_t id[VAULT_ID_BYTES],
    const char *name, struct vault_error *e);
int vault_set_info(struct vault *v, const uint8_t id[VAULT_ID_BYTES],
    const uint8_t *info, size_t info_len, struct vault_error *e);
int vault_remove(
    struct vault *v, const uint8_t id[VAULT_ID_BYTES], struct vault_error *e);

/*
 * A new vault key and a new passphrase: every record is encrypted anew, and
 * vault_commit() removes the .bak, so that the old passphrase opens nothing
 * that lies here.  Copies elsewhere stay readable.  ESTANZA when a stanza of
 * an unknown type would be dropped.
 */
int vault_set_passphrase(struct vault *v, const struct secret *pass,
    const struct vault_kdf *kdf, struct vault_error *e);

/*
 * Save (chapter 10) and free the lock.  On failure the file is as it was and
 * the handle must be closed; except EUNSURE: the new file is in its place, but
 * may not survive a power cut, so delete nothing that depends on it.
 */
int vault_commit(struct vault *v, struct vault_error *e);

/* Forget the changes and free the lock.  Without a transaction: nothing. */
void vault_abort(struct vault *v);

/*
 * Make the vault in 'file' (any mode, owner and place; the .bak, too) the
 * newest generation at 'place', after verifying all of it.  What is there now
 * is kept as NAME.replaced, if it is another; NAME.bak is not touched.  'pass' opens 'file'.
 * EEXISTS: there is a NAME.replaced already, of another content, that would be
 * lost.
 */
int vault_restore(const struct vault_place *place, const char *file,
    const struct secret *pass, struct vault_error *e);

/*
 * Set the modes of the folder (0700), the vault and its copies (0400).  'fn' is
 * called for each change with path, old and new mode.  A foreign owner cannot
 * be repaired: EOWNER.
 */
int vault_repair(const struct vault_place *place,
    void (*fn)(void *arg, const char *path, unsigned was, unsigned now),
    void *arg, struct vault_error *e);

/*
 * Everything that vault_open() checks before it needs the passphrase: so that
 * nobody is asked for one in vain.
 */
int vault_probe(const struct vault_place *place, struct vault_error *e);

/*
 * Flush the folder to the disk: after an earlier save that was EUNSURE,
 * nothing may be deleted that depends on it before this has succeeded.
 */
int vault_flush(const struct vault *v, struct vault_error *e);

/* Is it a possible record name (R24)? */
bool vault_name_ok(const char *name);

#endif
