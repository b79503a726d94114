/* SPDX-License-Identifier: ISC */
/*
 * known_hosts_load_text() on any bytes, and checks of a few names.  What the
 * answers may be depends on each other: a match needs a key of that type, and a
 * host without any is unknown, but for a revoked key.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/ssh/known_hosts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int condition)
{
	if (!condition)
		abort();
}

static void
check(struct known_hosts *k, const char *name, unsigned port,
    const struct buf *blob)
{
	const struct known_hosts_place *place = known_hosts_decided(k);
	enum known_hosts_verdict verdict;
	struct buf types = BUF_INIT;

	verdict = known_hosts_check(k, name, port, blob->data, blob->len);
	must(known_hosts_types(k, name, port, &types));
	must(verdict != KNOWN_HOSTS_FAILED);
	must((verdict == KNOWN_HOSTS_UNKNOWN) == (place->path == NULL));
	if (verdict == KNOWN_HOSTS_MATCH)
		must(strstr(buf_text(&types), place->type) != NULL);
	if (verdict != KNOWN_HOSTS_REVOKED)
		must((verdict == KNOWN_HOSTS_UNKNOWN) == (types.len == 0));
	buf_free(&types);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "host", "example.com", "::1",
		"i-0123456789abcdef0" };
	struct known_hosts *k = known_hosts_new();
	struct buf blob = BUF_INIT;

	must(k != NULL);
	must(known_hosts_load_text(k, "input", data, size, NULL) == 0);
	must(known_hosts_skipped(k) <= size);
	buf_put_cstring(&blob, "ssh-ed25519");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		check(k, names[i], 22, &blob);
		check(k, names[i], 2222, &blob);
	}
	known_hosts_free(k);
	buf_free(&blob);
	return 0;
}
