/* SPDX-License-Identifier: ISC */
/*
 * The bytes of a console.  What is found is a key of a type that we know, each
 * only once, and fingerprints of the one form; and it is found again behind
 * other lines.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/aws/console.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int condition)
{
	if (!condition)
		abort();
}

static void
check_keys(const struct console_keys *keys)
{
	must(keys->count <= CONSOLE_KEYS_MAX);
	for (size_t i = 0; i < keys->count; i++) {
		const struct console_key *k = &keys->keys[i];
		size_t len = strlen(k->type);

		must(strncmp(k->type, "ssh-", 4) == 0 ||
		    strncmp(k->type, "ecdsa-sha2-nistp", 16) == 0);
		must(k->len > 4 + len && k->blob[3] == len);
		must(memcmp(k->blob + 4, k->type, len) == 0);
		for (size_t n = 0; n < i; n++)
			must(keys->keys[n].len != k->len ||
			    memcmp(keys->keys[n].blob, k->blob, k->len) != 0);
	}
}

static void
check_fingerprints(const struct console_keys *keys)
{
	must(keys->fingerprint_count <= CONSOLE_KEYS_MAX);
	for (size_t i = 0; i < keys->fingerprint_count; i++) {
		must(strlen(keys->fingerprints[i]) == 50);
		must(strncmp(keys->fingerprints[i], "SHA256:", 7) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char before[] = "[    0.000000] Linux\r\n\x1B[0m\n";
	struct console_keys keys, again;
	struct buf b = BUF_INIT;
	struct err e;

	must(console_host_keys(data, size, &keys, &e) == 0);
	check_keys(&keys);
	check_fingerprints(&keys);
	buf_put(&b, before, strlen(before));
	buf_put(&b, data, size);
	must(console_host_keys(b.data, b.len, &again, &e) == 0);
	must(again.count == keys.count &&
	    again.fingerprint_count == keys.fingerprint_count);
	buf_free(&b);
	console_clear(&keys);
	console_clear(&again);
	return 0;
}
