/* SPDX-License-Identifier: ISC */

/*
 * Chapters 3 to 5 of the vault format, on bytes from outside.  The sum is made
 * right first: a fuzzer does not find BLAKE2b's preimages, and what lies behind
 * it is what wants fuzzing.
 */

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "vault/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
mend_sum(uint8_t *file, size_t size)
{
	struct cursor c = { file, size, false };
	uint32_t len;

	cursor_bytes(&c, 12);
	len = cursor_u32(&c);
	if (!c.failed && c.left >= HASH_BYTES && len <= c.left - HASH_BYTES)
		vault_hash(
		    file + PREAMBLE_BYTES + len, file, PREAMBLE_BYTES + len);
}

/* A good header, built again from what was read, is the same header. */
static void
rebuild(const struct header *h, const uint8_t *file)
{
	struct bytes out = { 0 };
	struct header copy;
	struct keys *k = keys_new();

	if (k != NULL && header_copy(&copy, h)) {
		uint64_t rest = h->length - h->size;

		if (header_build(&copy, rest, k, &out, NULL) != 0 ||
		    out.len != h->size ||
		    memcmp(out.data, file, h->size - VAULT_MAC_BYTES) != 0)
			abort();
		header_free(&copy);
	}
	bytes_free(&out);
	keys_free(k);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vault_error e;
	struct header h;
	uint8_t *file;
	char text[512];

	if (sodium_init() < 0 || (file = malloc(size + 1)) == NULL)
		return 0;
	if (size > 0)
		memcpy(file, data, size);
	mend_sum(file, size);
	if (header_parse(&h, file, size, &e) == 0) {
		rebuild(&h, file);
		header_free(&h);
	} else {
		vault_message(&e, text, sizeof(text));
	}
	free(file);
	return 0;
}
