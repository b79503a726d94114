/* SPDX-License-Identifier: ISC */

/*
 * Taking keys in: prove, store, and later prove again that they are stored.
 * What counts as "the same key" is the canonical PKCS#8 form.  Files are read
 * elsewhere (reader.h).
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pemkeep/base/digest.h"
#include "pemkeep/base/utf8.h"
#include "pemkeep/keys/key.h"
#include "pemkeep/keys/keyfile.h"
#include "vault/secret.h"
#include "vault/sshkey.h"

#include "src/agent/keeper_internal.h"
#include "src/agent/keeper_log.h"

#define RSA_LEAST 2048u /* bits of a new key */

_Static_assert(sizeof(((struct keeper_proof *)0)->id) == VAULT_ID_BYTES,
    "ids are passed through");

/* A key on its way into the vault. */
struct arrival {
	const char *name;
	const char *source; /* NULL when it was made here */
	const char *comment;
	uint16_t format;
	bool confirm;
	const struct key *key;
	const struct secret *original; /* NULL when it was made here */
	struct secret *der;
	struct buf blob;
};

static int
name_taken(const char *name, struct err *e)
{
	err_set(e, ERR_EXISTS, "the name '%s' is taken by another key", name);
	err_hint(e, "choose another name, or rename that key");
	return ERR_EXISTS;
}

static int
store(struct keeper *k, const struct arrival *a, uint8_t *id, struct err *e)
{
	struct vault_error ve;
	struct vault_sshkey info = { .public_key = a->blob.data,
		.public_key_len = a->blob.len,
		.created = (uint64_t)time(NULL),
		.format = a->format,
		.source = a->source,
		.source_len = a->source != NULL ? strlen(a->source) : 0,
		.flags = a->confirm ? VAULT_SSHKEY_CONFIRM : 0 };
	struct vault_put put = { .name = a->name, .type = VAULT_TYPE_SSHKEY };
	struct secret *payload = NULL;
	uint8_t *bytes = NULL, sha1[20];
	int r = 0;

	if (key_ec2_sha1(a->key, sha1, NULL) == 0)
		info.ec2_sha1 = sha1;
	if (a->comment != NULL && *a->comment != '\0') {
		info.comment = (const uint8_t *)a->comment;
		info.comment_len = strlen(a->comment);
	}
	payload = vault_sshkey_payload(a->der, a->original);
	bytes = vault_sshkey_info(&info, &put.info_len);
	if (payload == NULL || bytes == NULL) {
		r = err_set(e, ERR_NOMEM, "out of memory");
		goto out;
	}
	put.info = bytes;
	put.payload = payload;
	r = vault_put(k->vault, &put, id, &ve);
	if (r == VAULT_ETAKEN)
		r = name_taken(a->name, e);
	else if (r != 0)
		r = keeper_vault_error(k, &ve, e);
out:
	free(bytes);
	secret_free(payload);
	return r;
}

/*
 * It is there already: is it the same, private half and all?  And is there
 * anything else in the file, which only its bytes in the vault would keep?
 */
static int
compare(struct keeper *k, const struct vault_entry *entry,
    const struct arrival *a, struct keeper_imported *out, struct err *e)
{
	struct secret *stored, *original;
	int r;

	if ((r = keeper_private(k, entry, &stored, &original, e)) != 0)
		return r;
	out->same = secret_equal(stored, a->der);
	out->whole = (out->repairs & KEYFILE_TEXT) == 0 ||
	    (original != NULL && a->original != NULL &&
		secret_equal(original, a->original));
	secret_free(stored);
	secret_free(original);
	return 0;
}

static int
prepare(struct arrival *a, struct keeper_proof *proof, struct err *e)
{
	int r;

	if ((r = key_to_pkcs8(a->key, &a->der, e)) != 0 ||
	    (r = key_public_blob(a->key, &a->blob, e)) != 0)
		return r;
	if (digest(DIGEST_SHA256, secret_bytes(a->der), secret_len(a->der),
		proof->digest) != sizeof(proof->digest))
		return err_set(e, ERR_FAILED, "SHA-256 is not to be had");
	return 0;
}

static int
admit(struct keeper *k, struct arrival *a, struct keeper_imported *out,
    struct keeper_proof *proof, struct err *e)
{
	const struct vault_entry *entry;
	int r;

	if ((r = prepare(a, proof, e)) != 0)
		goto out;
	entry = keeper_find_public(k, a->blob.data, a->blob.len);
	if (entry != NULL) {
		out->present = true;
		memcpy(proof->id, entry->id, VAULT_ID_BYTES);
		r = compare(k, entry, a, out, e);
	} else if ((r = store(k, a, proof->id, e)) == 0) {
		entry = vault_find(k->vault, a->name);
		out->whole = true;
		keeper_log_later(
		    k, a->source != NULL ? LOG_IMPORT : LOG_GENERATE, entry);
	}
	if (r == 0)
		r = keeper_facts(entry, &out->key, e);
out:
	secret_free(a->der);
	buf_free(&a->blob);
	return r;
}

static int
file_digest(const struct secret *file, uint8_t out[32], struct err *e)
{
	uint8_t d[DIGEST_MAX];

	if (digest(DIGEST_SHA256, secret_bytes(file), secret_len(file), d) !=
	    32)
		return err_set(e, ERR_FAILED, "SHA-256 is not to be had");
	memcpy(out, d, 32);
	return 0;
}

int
keeper_same_file(
    const struct keeper_proof *proof, const struct secret *file, struct err *e)
{
	uint8_t now[32];
	int r;

	if ((r = file_digest(file, now, e)) != 0)
		return r;
	if (memcmp(now, proof->file, sizeof(now)) != 0)
		return err_set(e, ERR_FAILED, "it was changed meanwhile");
	return 0;
}

int
keeper_import(struct keeper *k, const struct keeper_import *in,
    struct keeper_imported *out, struct keeper_proof *proof, struct err *e)
{
	struct buf source = BUF_INIT;
	struct key *key = NULL;
	struct arrival a;
	int r;

	memset(out, 0, sizeof(*out));
	memset(proof, 0, sizeof(*proof));
	if ((r = file_digest(in->original, proof->file, e)) != 0 ||
	    (r = key_from_pkcs8(in->der, &key, e)) != 0)
		return r;
	/* The vault takes UTF-8 only; a file's name may be anything. */
	if (utf8_valid(in->source, strlen(in->source)))
		buf_put_text(&source, in->source);
	else
		utf8_escape(&source, in->source, strlen(in->source));
	out->repairs = in->repairs;
	a = (struct arrival){ .name = in->name,
		.source = buf_text(&source),
		.comment = in->comment,
		.format = in->format,
		.confirm = in->confirm,
		.key = key,
		.original = in->original,
		.blob = BUF_INIT };
	r = admit(k, &a, out, proof, e);
	key_free(key);
	buf_free(&source);
	return r;
}

int
keeper_holds(struct keeper *k, const struct keeper_proof *proof, struct err *e)
{
	const struct vault_entry *entry = NULL;
	struct secret *der = NULL, *original = NULL;
	uint8_t stored[DIGEST_MAX];
	int r;

	for (size_t i = 0; i < vault_count(k->vault) && entry == NULL; i++)
		if (memcmp(vault_at(k->vault, i)->id, proof->id,
			VAULT_ID_BYTES) == 0)
			entry = vault_at(k->vault, i);
	if (entry == NULL)
		return err_set(e, ERR_NOT_FOUND, "the key is not in the vault");
	if ((r = keeper_private(k, entry, &der, &original, e)) != 0)
		return r;
	if (digest(DIGEST_SHA256, secret_bytes(der), secret_len(der), stored) !=
		sizeof(proof->digest) ||
	    memcmp(stored, proof->digest, sizeof(proof->digest)) != 0)
		r = err_set(e, ERR_MISMATCH,
		    "the vault holds another private key as '%s'", entry->name);
	secret_free(der);
	secret_free(original);
	return r;
}

static const struct kind {
	const char *word;
	enum key_type type;
	unsigned bits;
	enum keyfile_format format;
} kinds[] = {
	{ "ed25519", KEY_ED25519, 256, KEYFILE_OPENSSH },
	{ "rsa", KEY_RSA, 4096, KEYFILE_PKCS1 }, /* EC2 takes no 3072 */
};

static const struct kind *
find_kind(const char *word)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].word, word) == 0)
			return &kinds[i];
	return NULL;
}

/* NULL: there is none of that size, and said so. */
static const struct kind *
check_kind(const char *type, unsigned bits, struct err *e)
{
	const struct kind *kind = find_kind(type);

	if (kind == NULL)
		err_set(e, ERR_USAGE, "--type must be ed25519 or rsa, not '%s'",
		    type);
	else if (bits != 0 && kind->type != KEY_RSA)
		err_set(e, ERR_USAGE, "--bits is for rsa only");
	else if (bits != 0 && (bits < RSA_LEAST || bits > KEY_RSA_MAX))
		err_set(e, ERR_USAGE, "--bits must be %u to %u, not %u",
		    RSA_LEAST, KEY_RSA_MAX, bits);
	else
		return kind;
	return NULL;
}

int
keeper_can_generate(const struct keeper *k, const char *name, const char *type,
    unsigned bits, struct err *e)
{
	struct buf composed = BUF_INIT;
	int r;

	if (check_kind(type, bits, e) == NULL)
		return ERR_USAGE;
	if ((r = keeper_name(name, &composed, e)) == 0 &&
	    vault_find(k->vault, buf_text(&composed)) != NULL)
		r = name_taken(buf_text(&composed), e);
	buf_free(&composed);
	return r;
}

int
keeper_make(
    const char *type, unsigned bits, struct secret **derp, struct err *e)
{
	const struct kind *kind = check_kind(type, bits, e);
	struct key *key = NULL;
	int r;

	*derp = NULL;
	if (kind == NULL)
		return ERR_USAGE;
	if ((r = key_generate(
		 kind->type, bits != 0 ? bits : kind->bits, &key, e)) == 0)
		r = key_to_pkcs8(key, derp, e);
	key_free(key);
	return r;
}

/* Inside a transaction. */
static int
put_generated(struct keeper *k, const char *name, const struct kind *kind,
    const struct secret *der, struct keeper_key *made, struct err *e)
{
	struct keeper_imported out;
	struct keeper_proof proof;
	struct key *key;
	struct arrival a;
	int r;

	if ((r = key_from_pkcs8(der, &key, e)) != 0)
		return r;
	a = (struct arrival){ .name = name,
		.comment = name,
		.format = (uint16_t)kind->format,
		.key = key,
		.blob = BUF_INIT };
	memset(&out, 0, sizeof(out));
	r = admit(k, &a, &out, &proof, e);
	*made = out.key;
	key_free(key);
	return r;
}

int
keeper_generate(struct keeper *k, const char *name, const char *type,
    const struct secret *der, struct keeper_key *made, struct err *e)
{
	struct buf composed = BUF_INIT;
	const struct kind *kind = check_kind(type, 0, e);
	int r;

	memset(made, 0, sizeof(*made));
	if (kind == NULL)
		return ERR_USAGE;
	if ((r = keeper_name(name, &composed, e)) != 0 ||
	    (r = keeper_begin(k, e)) != 0)
		goto out;
	r = put_generated(k, buf_text(&composed), kind, der, made, e);
	if (r == 0)
		r = keeper_commit(k, e);
	else
		keeper_abort(k);
	if (r != 0)
		keeper_key_clear(made);
out:
	buf_free(&composed);
	return r;
}
