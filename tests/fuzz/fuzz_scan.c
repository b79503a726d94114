/* SPDX-License-Identifier: ISC */
/*
 * The frames of the process that looks for keys.  What is taken is whole and in
 * bounds; and it is the same in one piece and byte by byte.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/err.h"
#include "src/audit/scan_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int condition)
{
	if (!condition)
		abort();
}

/* Also of a key that was being read when it failed. */
static void
check_key(const struct scan_key *k, int whole)
{
	must(k->format != NULL && k->type != NULL);
	must(!whole || (k->path != NULL && k->path[0] != '\0'));
	must(k->path == NULL || strlen(k->path) <= SCAN_PATH_MAX);
	must(k->mode <= 07777);
	must(memchr(k->fingerprint, 0, sizeof(k->fingerprint)) != NULL);
	must(memchr(k->ec2_created, 0, sizeof(k->ec2_created)) != NULL);
	must(memchr(k->ec2_imported, 0, sizeof(k->ec2_imported)) != NULL);
	must((k->blob != NULL) == (k->blob_len > 0));
	if (whole && k->blob != NULL)
		must(strncmp(k->fingerprint, "SHA256:", 7) == 0 &&
		    k->bits > 0 && k->type[0] != '\0');
}

static void
check(const struct scan *scan, int r)
{
	must(scan->count <= SCAN_KEYS_MAX);
	must(scan->trouble_count <= SCAN_TROUBLES_MAX);
	must(scan->trouble_total >= scan->trouble_count);
	for (size_t i = 0; i < scan->count; i++)
		check_key(&scan->keys[i], r == 0 || i + 1 < scan->count);
	for (size_t i = 0; i < scan->trouble_count; i++)
		must(scan->troubles[i].path != NULL &&
		    scan->troubles[i].why != NULL);
}

/* As much is there as comes from a slow pipe. */
static int
take_slowly(struct scan *scan, const uint8_t *data, size_t size)
{
	size_t start = 0, used;
	struct err e;
	int r = 0;

	for (size_t end = 1; end <= size && r == 0; end++) {
		r = scan_take(scan, data + start, end - start, &used, &e);
		must(used <= end - start);
		if (r == 0)
			start += used;
	}
	return r;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scan once = { 0 }, slowly = { 0 };
	size_t used;
	struct err e;
	int r;

	if (size > 20000)
		return 0;
	r = scan_take(&once, data, size, &used, &e);
	must(r == 0 || r == ERR_UNTRUSTED);
	must(used <= size);
	check(&once, r);
	must(take_slowly(&slowly, data, size) == r);
	check(&slowly, r);
	must(once.count == slowly.count &&
	    once.trouble_total == slowly.trouble_total &&
	    once.files == slowly.files && once.whole == slowly.whole);
	scan_clear(&once);
	scan_clear(&slowly);
	return 0;
}
