/* SPDX-License-Identifier: ISC */
/*
 * Each needle is looked for as it is and reversed, which is how libcrypto holds
 * numbers; all of them in one pass.
 */

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "scan.h"

#define CHUNK (1u << 20)

static unsigned
two_bytes(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static void
add(struct scan *s, const struct needle *n)
{
	unsigned first = two_bytes(n->bytes);

	s->needles[s->count++] = *n;
	s->first[first / 64] |= (uint64_t)1 << first % 64;
}

bool
scan_load(struct scan *s, const char *path)
{
	static struct needle n, reversed;
	FILE *f = fopen(path, "rb");

	memset(&n, 0, sizeof(n));
	if (f == NULL || s->count + 2 > 2 * SCAN_NEEDLES)
		return false;
	n.len = fread(n.bytes, 1, sizeof(n.bytes), f);
	fclose(f);
	if (n.len < 8)
		return false;
	n.name = path;
	reversed = n;
	for (size_t i = 0; i < n.len; i++)
		reversed.bytes[i] = n.bytes[n.len - 1 - i];
	add(s, &n);
	add(s, &reversed);
	return true;
}

static void
look_at(struct scan *s, const uint8_t *at, size_t left, bool locked)
{
	for (size_t i = 0; i < s->count; i++) {
		struct needle *n = &s->needles[i];

		if (n->len <= left && memcmp(at, n->bytes, n->len) == 0)
			n->found[locked]++;
	}
}

void
scan_bytes(struct scan *s, const uint8_t *bytes, size_t len, bool locked)
{
	for (size_t i = 0; i + 1 < len; i++) {
		unsigned first = two_bytes(bytes + i);

		if (s->first[first / 64] >> first % 64 & 1)
			look_at(s, bytes + i, len - i, locked);
	}
}

/*
 * Chunks overlap, so that nothing hides in a border; what lies in the overlap
 * may be counted twice, which is no matter: what counts is whether it is 0.
 */
static size_t
scan_mapping(struct scan *s, int mem, uint64_t from, uint64_t to, bool locked)
{
	static uint8_t chunk[CHUNK];
	size_t all = 0;

	for (;;) {
		size_t want = to - from < CHUNK ? (size_t)(to - from) : CHUNK;
		ssize_t n = pread(mem, chunk, want, (off_t)from);

		if (n <= 0)
			return all; /* device memory */
		scan_bytes(s, chunk, (size_t)n, locked);
		all += (size_t)n;
		if (from + (uint64_t)n >= to || n <= SCAN_LEN)
			return all;
		from += (uint64_t)n - SCAN_LEN;
	}
}

/* A mapping's first line: where it is, and whether it is looked at. */
static bool
wanted(const char *line, uint64_t *from, uint64_t *to, bool own)
{
	char rights[8];

	return sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", from, to, rights) ==
	    3 &&
	    rights[0] == 'r' && (!own || rights[1] == 'w') &&
	    strstr(line, "[vvar") == NULL;
}

static bool
is_mapping(const char *line)
{
	return strspn(line, "0123456789abcdef") > 0 &&
	    line[strspn(line, "0123456789abcdef")] == '-';
}

size_t
scan_process(struct scan *s, int mem, FILE *smaps, bool own)
{
	uint64_t from = 0, to = 0;
	char line[4096];
	bool look = false;
	size_t all = 0;

	rewind(smaps);
	while (fgets(line, sizeof(line), smaps) != NULL) {
		if (is_mapping(line))
			look = wanted(line, &from, &to, own);
		else if (strncmp(line, "VmFlags:", 8) == 0 && look)
			all += scan_mapping(
			    s, mem, from, to, strstr(line, " lo") != NULL);
	}
	return all;
}

void
scan_print(const struct scan *s)
{
	for (size_t i = 0; i + 1 < s->count; i += 2) {
		const struct needle *n = &s->needles[i], *r = n + 1;
		bool same = memcmp(n->bytes, r->bytes, n->len) == 0;

		printf("%s %lu %lu\n", n->name,
		    n->found[1] + (same ? 0 : r->found[1]),
		    n->found[0] + (same ? 0 : r->found[0]));
	}
}
