/* SPDX-License-Identifier: ISC */

/*
 * recordcheck VECTOR...
 *
 * What R30 says of the record in each vector (chapter 8 of the vault format,
 * and the two halves of the key), against the vector's line "key".  It asks
 * the vault's and the keys' layer in the order in which `pemkeep check` does.
 * Answers in TAP.
 */

#include <stdio.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/keys/key.h"
#include "tests/tools/vector.h"
#include "vault/secret.h"
#include "vault/sshkey.h"
#include "vault/vault.h"

/* good, bad or newer; what was wrong is printed. */
static const char *
judge_payload(const struct vault_sshkey *info, const struct secret *payload)
{
	struct secret *der = NULL, *original = NULL;
	struct buf blob = BUF_INIT;
	struct key *key = NULL;
	struct err e = { 0 };
	const char *verdict = "bad";

	enum vault_sshkey_result unpacked;

	unpacked = vault_sshkey_unpack(payload, &der, &original);
	if (unpacked == VAULT_SSHKEY_NEWER)
		verdict = "newer";
	else if (unpacked != VAULT_SSHKEY_OK)
		printf("# the payload is not taken apart\n");
	else if (key_from_pkcs8(der, &key, &e) != 0 ||
	    key_public_blob(key, &blob, &e) != 0)
		printf("# %s\n", e.text);
	else if (blob.len != info->public_key_len ||
	    memcmp(blob.data, info->public_key, blob.len) != 0)
		printf("# another public half\n");
	else
		verdict = "good";
	key_free(key);
	buf_free(&blob);
	secret_free(der);
	secret_free(original);
	return verdict;
}

static const char *
judge(const struct vault *v)
{
	const struct vault_entry *entry = vault_at(v, 0);
	struct vault_sshkey info;
	struct secret *payload;
	const char *verdict;
	bool newer = false;

	if (entry->type != VAULT_TYPE_SSHKEY ||
	    vault_get(v, entry->id, &payload, NULL) != 0)
		return "unreadable";
	if (!vault_sshkey_parse(entry->info, entry->info_len, &info, &newer))
		verdict = newer ? "newer" : "bad";
	else
		verdict = judge_payload(&info, payload);
	secret_free(payload);
	return verdict;
}

static bool
check_vector(const char *path)
{
	struct vault_place place = { 0 };
	struct secret *pass = NULL;
	struct vault *vault = NULL;
	struct folder f = { "", "", "" };
	struct vector v;
	const char *verdict;
	bool ok = false;

	if (!vector_read(&v, path) || v.key == NULL || !folder_make(&f, &v) ||
	    (pass = secret_copy(v.passphrase, strlen(v.passphrase))) == NULL) {
		printf("# not a vector, or cannot be set up\n");
		goto out;
	}
	place.path = f.vault;
	if (vault_open(&place, pass, &vault, NULL) != 0 ||
	    vault_count(vault) != 1) {
		printf("# not a vault with one record\n");
		goto out;
	}
	verdict = judge(vault);
	ok = strcmp(verdict, v.key) == 0;
	if (!ok)
		printf("# %s, found %s\n", v.key, verdict);
out:
	vault_close(vault);
	secret_free(pass);
	if (f.path[0] != '\0')
		folder_remove(&f);
	vector_free(&v);
	return ok;
}

int
main(int argc, char **argv)
{
	int failed = 0;

	if (argc < 2) {
		fputs("usage: recordcheck VECTOR...\n", stderr);
		return 2;
	}
	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++) {
		const char *slash = strrchr(argv[i], '/');
		const bool ok = check_vector(argv[i]);

		failed += !ok;
		printf("%sok %d - %s\n", ok ? "" : "not ", i,
		    slash != NULL ? slash + 1 : argv[i]);
	}
	return failed != 0;
}
