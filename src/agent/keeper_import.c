/* SPDX-License-Identifier: ISC */

/*
 * Taking keys in: read, prove, store, and later prove again that they are
 * stored.  What counts as "the same key" is the canonical PKCS#8 form.
 */

#include <stdio.h>
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

#define TRIES 3
#define RSA_LEAST 2048u /* bits of a new key */

_Static_assert(sizeof(((struct keeper_proof *)0)->id) == VAULT_ID_BYTES,
    "ids are passed through");

/* A key on its way into the vault. */
struct arrival {
	const char *name;
	const char *source; /* NULL when it was made here */
	const char *comment;
	uint16_t format;
	const struct key *key;
	const struct secret *original; /* NULL when it was made here */
	struct secret *der;
	struct buf blob;
};

static int
read_once(const struct secret *file, const struct secret *pass,
    struct keyfile *out, struct err *e)
{
	keyfile_clear(out);
	return keyfile_read(file, pass, out, e);
}

/* An encrypted file: the last file's passphrase first, then ask. */
static int
read_encrypted(struct keeper *k, const struct keeper_import *in,
    struct keyfile *out, struct err *e)
{
	const struct passphrase_source *source = &k->options.passphrase;
	int tries =
	    passphrase_interactive(source, PASSPHRASE_KEYFILE) ? TRIES : 1;
	struct secret *pass = NULL;
	char prompt[300];
	int r = ERR_LOCKED;

	if (k->file_pass != NULL &&
	    (r = read_once(in->file, k->file_pass, out, e)) != ERR_LOCKED)
		return r;
	snprintf(prompt, sizeof(prompt), "Passphrase of '%.200s': ", in->path);
	for (; tries > 0 && r == ERR_LOCKED; tries--) {
		r = passphrase_get(
		    source, PASSPHRASE_KEYFILE, prompt, &pass, e);
		if (r != 0)
			return r == ERR_LOCKED ? ERR_NEED_PASSPHRASE : r;
		r = read_once(in->file, pass, out, e);
		if (r == 0) {
			secret_free(k->file_pass);
			k->file_pass = pass;
			return 0;
		}
		secret_free(pass);
		if (r == ERR_LOCKED && tries > 1)
			keeper_warn(k, "", "wrong passphrase, try again");
	}
	return r;
}

static int
read_key(struct keeper *k, const struct keeper_import *in, struct keyfile *out,
    struct err *e)
{
	int r;

	memset(out, 0, sizeof(*out));
	r = keyfile_read(in->file, NULL, out, e);
	if (r == ERR_NEED_PASSPHRASE)
		r = read_encrypted(k, in, out, e);
	return r;
}

/* The entry with this public key, or NULL. */
static const struct vault_entry *
find_public(const struct keeper *k, const struct buf *blob)
{
	struct vault_sshkey info;
	bool newer;

	for (size_t i = 0; i < vault_count(k->vault); i++) {
		const struct vault_entry *entry = vault_at(k->vault, i);

		if (entry->type == VAULT_TYPE_SSHKEY &&
		    vault_sshkey_parse(
			entry->info, entry->info_len, &info, &newer) &&
		    info.public_key_len == blob->len &&
		    memcmp(info.public_key, blob->data, blob->len) == 0)
			return entry;
	}
	return NULL;
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
		.source_len = a->source != NULL ? strlen(a->source) : 0 };
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
	if (r == VAULT_ETAKEN) {
		r = err_set(e, ERR_EXISTS,
		    "the name '%s' is taken by another key", a->name);
		err_hint(e, "choose another name, or rename that key");
	} else if (r != 0) {
		r = keeper_vault_error(k, &ve, e);
	}
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
    struct err *e)
{
	const struct vault_entry *entry;
	int r;

	if ((r = prepare(a, &out->proof, e)) != 0)
		goto out;
	entry = find_public(k, &a->blob);
	if (entry != NULL) {
		out->present = true;
		memcpy(out->proof.id, entry->id, VAULT_ID_BYTES);
		r = compare(k, entry, a, out, e);
	} else if ((r = store(k, a, out->proof.id, e)) == 0) {
		entry = vault_find(k->vault, a->name);
		out->whole = true;
	}
	if (r == 0)
		r = keeper_facts(entry, &out->key, e);
out:
	secret_free(a->der);
	buf_free(&a->blob);
	return r;
}

int
keeper_import(struct keeper *k, const struct keeper_import *in,
    struct keeper_imported *out, struct err *e)
{
	struct buf name = BUF_INIT, source = BUF_INIT;
	struct keyfile file;
	struct arrival a;
	int r;

	memset(out, 0, sizeof(*out));
	/* The vault takes UTF-8 only; a file's name may be anything. */
	if (utf8_valid(in->source, strlen(in->source)))
		buf_put_text(&source, in->source);
	else
		utf8_escape(&source, in->source, strlen(in->source));
	if ((r = read_key(k, in, &file, e)) != 0 ||
	    (r = keeper_name(in->name, &name, e)) != 0)
		goto out;
	out->repairs = file.repairs;
	a = (struct arrival){ .name = buf_text(&name),
		.source = buf_text(&source),
		.comment = file.comment,
		.format = (uint16_t)((unsigned)file.format |
		    (file.encrypted ? VAULT_SSHKEY_ENCRYPTED : 0)),
		.key = file.key,
		.original = in->file,
		.blob = BUF_INIT };
	r = admit(k, &a, out, e);
out:
	keyfile_clear(&file);
	buf_free(&name);
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

/* Inside a transaction. */
static int
put_generated(struct keeper *k, const char *name, const struct kind *kind,
    unsigned bits, struct keeper_key *made, struct err *e)
{
	struct keeper_imported out;
	struct key *key;
	struct arrival a;
	int r;

	if ((r = key_generate(kind->type, bits, &key, e)) != 0)
		return r;
	a = (struct arrival){ .name = name,
		.comment = name,
		.format = (uint16_t)kind->format,
		.key = key,
		.blob = BUF_INIT };
	memset(&out, 0, sizeof(out));
	r = admit(k, &a, &out, e);
	*made = out.key;
	key_free(key);
	return r;
}

int
keeper_generate(struct keeper *k, const char *name, const char *type,
    unsigned bits, struct keeper_key *made, struct err *e)
{
	const struct kind *kind = find_kind(type);
	struct buf composed = BUF_INIT;
	int r;

	memset(made, 0, sizeof(*made));
	if (kind == NULL)
		return err_set(e, ERR_USAGE,
		    "--type must be ed25519 or rsa, not '%s'", type);
	if (bits != 0 && kind->type != KEY_RSA)
		return err_set(e, ERR_USAGE, "--bits is for rsa only");
	if (bits != 0 && (bits < RSA_LEAST || bits > KEY_RSA_MAX))
		return err_set(e, ERR_USAGE, "--bits must be %u to %u, not %u",
		    RSA_LEAST, KEY_RSA_MAX, bits);
	if ((r = keeper_name(name, &composed, e)) != 0 ||
	    (r = keeper_begin(k, e)) != 0)
		goto out;
	r = put_generated(k, buf_text(&composed), kind,
	    bits != 0 ? bits : kind->bits, made, e);
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
