/* SPDX-License-Identifier: ISC */
#ifndef VAULT_INTERNAL_H
#define VAULT_INTERNAL_H

/*
 * What the chapters of the library share, bottom up: failure, keys, header,
 * stanzas, index, records, image (all of them together), files, memory of the
 * machine.  Only vault.c sees all of it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bytes.h"
#include "vault.h"

struct secret;

/* error.c */

/* Fill in *e (may be NULL) and return 'code'. */
int vault_fail(struct vault_error *e, enum vault_result code, unsigned rule,
    const char *where);
/* ESYSTEM with the present errno and a path. */
int vault_fail_system(
    struct vault_error *e, const char *doing, const char *path);
int vault_fail_number(struct vault_error *e, enum vault_result code,
    uint64_t number, const char *where);

/* keys.c: chapter 2 and the key hierarchy of chapter 5 */

#define KEY_BYTES 32
#define NONCE_BYTES 24
#define TAG_BYTES 16
#define HASH_BYTES 32

struct keys; /* VK, K-hdr, K-idx, K-rec, room for one DEK; all guarded */

struct keys *keys_new(void); /* a random VK; NULL when memory is short */
void keys_free(struct keys *k);
/* After VK was written to keys_vault(): derive the three others. */
void keys_derive(struct keys *k);
uint8_t *keys_vault(struct keys *k);
uint8_t *keys_header(struct keys *k);
uint8_t *keys_index(struct keys *k);
uint8_t *keys_record(struct keys *k);
uint8_t *keys_scratch(struct keys *k); /* 32 bytes for a DEK */

void vault_hash(uint8_t out[HASH_BYTES], const void *p, size_t len);

/* Associated data: label, vault id, then whatever follows. */
struct assoc {
	uint8_t data[160];
	size_t len;
};
void assoc_init(struct assoc *a, const char *label, const uint8_t *vault_id);
void assoc_put(struct assoc *a, const void *p, size_t len);

/* SEAL and its inverse; 'out' has len + 16 (seal) or len - 16 (open) bytes. */
void vault_seal(uint8_t *out, const uint8_t *m, size_t len,
    const struct assoc *a, const uint8_t *nonce, const uint8_t *key);
bool vault_unseal(uint8_t *out, const uint8_t *c, size_t len,
    const struct assoc *a, const uint8_t *nonce, const uint8_t *key);

/* header.c: chapters 3 and 4 */

#define ANCESTORS_MAX 16
#define PREAMBLE_BYTES 16
#define HEADER_MAX 65536

struct header {
	uint8_t vault_id[VAULT_ID_BYTES];
	uint64_t generation;
	uint8_t ancestors[ANCESTORS_MAX][VAULT_MAC_BYTES];
	size_t ancestor_count;
	uint64_t length;
	uint8_t index_nonce[NONCE_BYTES];
	uint32_t index_length;
	uint8_t index_hash[HASH_BYTES];
	struct bytes stanzas;  /* as in the file */
	struct bytes optional; /* unknown optional fields, as in the file */
	uint8_t mac[VAULT_MAC_BYTES];
	size_t size; /* preamble to mac */
};

void header_free(struct header *h);
/* Deep copy; false when memory is short ('to' is then empty). */
bool header_copy(struct header *to, const struct header *from);
/* R5 to R16, without any key. */
int header_parse(
    struct header *h, const uint8_t *file, size_t len, struct vault_error *e);
/* R20. */
int header_check_mac(const struct header *h, const uint8_t *file,
    struct keys *k, struct vault_error *e);
/* Append preamble to mac; fills in h->mac and h->size, and h->length, which is
 * 'rest' (index and records) more than the header. */
int header_build(struct header *h, uint64_t rest, struct keys *k,
    struct bytes *out, struct vault_error *e);
/* Put a mac in front of the ancestors. */
void header_add_ancestor(struct header *h, const uint8_t *mac);

/* stanza.c: chapter 5 */

#define PASS_BODY_BYTES 130

/* R15 and R16: the whole list.  *pass is the type 1 body, or NULL. */
int stanza_check(const struct bytes *list, const uint8_t **pass, bool *unknown,
    struct vault_error *e);
void stanza_cost(const uint8_t *pass, struct vault_kdf *kdf);
int stanza_cost_ok(const struct vault_kdf *kdf, struct vault_error *e);
/* R17 to R19; *kp is new. */
int stanza_unlock(const uint8_t *pass, const uint8_t *vault_id,
    const struct secret *passphrase, struct keys **kp, struct vault_error *e);
/* Replace the list by one passphrase stanza for k's VK. */
int stanza_make(struct bytes *list, const uint8_t *vault_id,
    const struct secret *passphrase, const struct vault_kdf *kdf,
    struct keys *k, struct vault_error *e);

/* index.c, record.c: chapters 6 and 7 */

#define RECORD_OVERHEAD 112
#define RECORD_PAD 512
#define RECORD_MIN 624
#define RECORD_MAX 65648
#define INDEX_PAD 4096
#define INDEX_MIN 4112u
#define INDEX_MAX 67108880u

struct record {
	struct vault_entry entry; /* its name and info are these: */
	char *name;
	uint8_t *info;
	uint8_t digest[HASH_BYTES];
	const uint8_t *data; /* entry.size bytes, in the image or 'owned' */
	uint8_t *owned;
};

struct records {
	struct record *list;
	size_t count;
	size_t capacity;
};

void record_free(struct record *r);
void records_free(struct records *r);
/* Room for one more at the end; NULL when memory is short. */
struct record *records_add(struct records *r);
struct record *records_by_id(const struct records *r, const uint8_t *id);
struct record *records_by_name(const struct records *r, const char *name);
/* Set name and info to copies; false when memory is short. */
bool record_set_name(struct record *r, const char *name, size_t len);
bool record_set_info(struct record *r, const void *info, size_t len);

/* R21 to R26; fills 'r', whose data point into 'file'. */
int index_open(const struct header *h, const uint8_t *file, size_t len,
    struct keys *k, struct records *r, struct vault_error *e);
/* Append the sealed index; fills in the header's index fields. */
int index_seal(struct header *h, const struct records *r, struct keys *k,
    struct bytes *out, struct vault_error *e);

/* R27. */
int record_check(const struct record *r, struct vault_error *e);
/* R27 and R28, into 'out' (capacity of at least entry.size). */
int record_open(const struct record *r, const uint8_t *vault_id, struct keys *k,
    struct secret *out, struct vault_error *e);
/* Encrypt anew with the entry's id, type and revision; sets data and digest. */
int record_seal(struct record *r, const uint8_t *vault_id, struct keys *k,
    const struct secret *payload, struct vault_error *e);

/* file.c: chapter 10, one call of the system each */

struct folder {
	int fd;
	char *path; /* resolved */
	char *base; /* the vault's name in it */
};

#define FOLDER_INIT \
	{ \
		-1, NULL, NULL \
	}

/* Resolve and open the folder of 'path'; with 'strict' check owner and mode. */
int folder_open(
    struct folder *f, const char *path, bool strict, struct vault_error *e);
void folder_close(struct folder *f);
/* "base" + suffix as a new string; NULL when memory is short. */
char *folder_name(const struct folder *f, const char *suffix);
/* ESYSTEM with the present errno and the full path of a name in the folder. */
int folder_fail(struct vault_error *e, const struct folder *f,
    const char *doing, const char *name);
/*
 * Read a whole file (beyond VAULT_FILE_MAX only its preamble: header_parse()
 * refuses it by *lenp).  With 'strict' check owner and mode 0400. */
int file_read(const struct folder *f, const char *name, bool strict,
    uint8_t **datap, size_t *lenp, struct vault_error *e);
/* Write a temporary file, to disk.  *namep is new. */
int file_write_temp(const struct folder *f, const uint8_t *data, size_t len,
    char **namep, struct vault_error *e);
int file_rename(const struct folder *f, const char *from, const char *to,
    struct vault_error *e);
/* Missing is fine. */
int file_remove(
    const struct folder *f, const char *name, struct vault_error *e);
int file_sync_folder(const struct folder *f, struct vault_error *e);
/* Is there something of that name? */
bool file_there(const struct folder *f, const char *name);
/* Remove what crashed saves have left. */
int file_sweep(const struct folder *f, struct vault_error *e);
/* Make 'bak' a second name of the file 'name'; EPERM etc. as ESYSTEM. */
int file_link(const struct folder *f, const char *name, const char *bak,
    struct vault_error *e);
int file_mode(const struct folder *f, const char *name, mode_t mode,
    void (*fn)(void *, const char *, unsigned, unsigned), void *arg,
    struct vault_error *e);

/* lock.c */
int lock_take(
    const struct folder *f, unsigned wait_ms, int *fdp, struct vault_error *e);
void lock_free(int *fdp);

/* seen.c: chapter 9 */

enum trust {
	TRUST_NEW,
	TRUST_CURRENT,
	TRUST_NEWER,
	TRUST_ROLLBACK,
	TRUST_FORK
};

struct seen {
	uint64_t generation;
	uint8_t mac[VAULT_MAC_BYTES];
	bool known; /* this vault is in the file */
};

#define SEEN_MAX 64

/* The whole file: what the machine remembers of all vaults. */
struct memory {
	struct seen_line {
		uint8_t vault_id[VAULT_ID_BYTES];
		struct seen seen;
	} lines[SEEN_MAX];
	size_t count;
	bool bad;        /* it is there, but not as it should be */
	bool unreadable; /* the system did not let us read it */
};

/* Never fails: without memory every vault is new here.  path may be NULL. */
void seen_load(const char *path, struct memory *m);
void seen_find(const struct memory *m, const uint8_t *vault_id, struct seen *s);
enum trust seen_compare(const struct seen *s, const struct header *h);
/* Remember; false when it could not be written. */
bool seen_write(const char *path, const struct header *h);

/* image.c: a whole file in memory */

struct image {
	uint8_t *data;
	size_t len;
	struct header header;
	struct records records;
};

void image_free(struct image *m);
/* Read the file and check what needs no key (chapters 3 and 4). */
int image_read(struct image *m, const struct folder *f, const char *name,
    bool strict, struct vault_error *e);
/* R20 to R26, with the keys. */
int image_open(struct image *m, struct keys *k, struct vault_error *e);
/* As image_open(), with the keys that the passphrase gives; *kp is new. */
int image_unlock(struct image *m, const struct secret *pass, struct keys **kp,
    struct vault_error *e);
/* R27 of all records. */
int image_check(const struct image *m, struct vault_error *e);
/* The next generation: 'h' gets everything that depends on the content. */
int image_build(struct header *h, const struct records *r, struct keys *k,
    struct bytes *out, struct vault_error *e);

/* save.c: chapter 10, in order */

enum bak {
	BAK_KEEP_OLD, /* the present file becomes .bak */
	BAK_COPY_NEW, /* .bak becomes a copy of the new file, .replaced goes */
	BAK_REMOVE,   /* .bak and .replaced go */
	BAK_LEAVE,    /* nothing is touched */
	BAK_SET_ASIDE /* the present file becomes .replaced */
};

/*
 * Write 'file', read it back into *m (opened, checked), put it in its place.
 * 'old' is the present file's content, for where links are not to be had; NULL
 * with BAK_LEAVE and BAK_REMOVE.  EUNSURE: done, *m is valid.
 */
int save(const struct folder *f, const struct bytes *file,
    const struct image *old, enum bak bak, struct keys *k, struct image *m,
    struct vault_error *e);

/* vault.c and change.c: the handle */

#define LOCK_WAIT_MS 10000u

struct vault {
	char *path;
	char *seen;
	unsigned wait_ms;
	struct keys *keys;
	struct image image;
	unsigned notes;

	/* During a transaction: */
	bool changing;
	bool removed; /* a record went: .bak must not keep it */
	struct folder folder;
	int lock;
	struct keys *next_keys; /* after vault_set_passphrase() */
	struct bytes next_stanzas;
};

/* Forget what a transaction holds, and let others write. */
void vault_end(struct vault *v);
/*
 * Compare with what the machine remembers; keeps the notes.  The memory must
 * have been loaded before the vault was read: it is written after the vault,
 * so the other way round a save in between looks like a rollback.
 */
enum trust vault_judge(
    struct vault *v, const struct memory *m, const struct header *h);
/* Remember, or note that it could not be done. */
void vault_remember(struct vault *v, const struct header *h);
/* The keys that the records in memory are sealed with. */
struct keys *vault_record_keys(const struct vault *v);

/* name.c: R24 */
bool name_bytes_ok(const uint8_t *name, size_t len);
/* Is it UTF-8 at all? */
bool name_utf8(const uint8_t *text, size_t len);

#endif
