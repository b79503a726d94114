/* SPDX-License-Identifier: ISC */

/*
 * Chapters 6 and 8 on bytes that have been decrypted.  The parser of the index
 * is static behind its seal, so its file is included.
 */

/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "vault/index.c"

#include "vault/secret.h"
#include "vault/sshkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A good index, built again from what was read, is the same index. */
static void
rebuild(const struct records *r, const uint8_t *data, size_t size)
{
	struct bytes b = { 0 };

	build_index(r, &b);
	if (!b.failed && (b.len < size || memcmp(b.data, data, size) != 0))
		abort();
	bytes_free(&b);
}

static void
fuzz_index(const uint8_t *data, size_t size)
{
	struct records r = { 0 };

	if (parse_index(data, size, &r, NULL) == 0) {
		rebuild(&r, data, size);
		(void)place_records(&r, data, size, NULL);
	}
	records_free(&r);
}

static void
fuzz_record(const uint8_t *data, size_t size)
{
	struct secret *payload = secret_copy(data, size), *der, *original;
	struct vault_sshkey key;
	uint8_t *again;
	size_t len;
	bool newer;

	if (vault_sshkey_parse(data, size, &key, &newer) &&
	    (again = vault_sshkey_info(&key, &len)) != NULL) {
		/* Optional fields are not kept; the known ones must be. */
		if (!vault_sshkey_parse(again, len, &key, &newer))
			abort();
		free(again);
	}
	if (payload != NULL &&
	    vault_sshkey_unpack(payload, &der, &original) == 0) {
		secret_free(der);
		secret_free(original);
	}
	secret_free(payload);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || sodium_init() < 0)
		return 0;
	if (data[0] == 0)
		fuzz_index(data + 1, size - 1);
	else
		fuzz_record(data + 1, size - 1);
	return 0;
}
