/* SPDX-License-Identifier: ISC */

/* A whole vault file in memory: chapters 3 to 7 put together. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

void
image_free(struct image *m)
{
	records_free(&m->records);
	header_free(&m->header);
	free(m->data);
	memset(m, 0, sizeof(*m));
}

int
image_read(struct image *m, const struct folder *f, const char *name,
    bool strict, struct vault_error *e)
{
	int r;

	memset(m, 0, sizeof(*m));
	if ((r = file_read(f, name, strict, &m->data, &m->len, e)) != 0)
		return r;
	if ((r = header_parse(&m->header, m->data, m->len, e)) != 0)
		image_free(m);
	if (r == VAULT_ENOTVAULT && e != NULL)
		snprintf(e->where, sizeof(e->where), "%s/%s", f->path, name);
	return r;
}

int
image_open(struct image *m, struct keys *k, struct vault_error *e)
{
	int r;

	records_free(&m->records);
	if ((r = header_check_mac(&m->header, m->data, k, e)) != 0)
		return r;
	return index_open(&m->header, m->data, m->len, k, &m->records, e);
}

int
image_unlock(struct image *m, const struct secret *pass, struct keys **kp,
    struct vault_error *e)
{
	const uint8_t *stanza;
	bool unknown;
	int r;

	*kp = NULL;
	if ((r = stanza_check(&m->header.stanzas, &stanza, &unknown, e)) != 0 ||
	    (r = stanza_unlock(stanza, m->header.vault_id, pass, kp, e)) != 0 ||
	    (r = image_open(m, *kp, e)) != 0) {
		keys_free(*kp);
		*kp = NULL;
	}
	return r;
}

int
image_check(const struct image *m, struct vault_error *e)
{
	int r;

	for (size_t i = 0; i < m->records.count; i++)
		if ((r = record_check(&m->records.list[i], e)) != 0)
			return r;
	return 0;
}

int
image_build(struct header *h, const struct records *r, struct keys *k,
    struct bytes *out, struct vault_error *e)
{
	struct bytes index = { 0 };
	uint64_t rest;
	int result;

	if ((result = index_seal(h, r, k, &index, e)) != 0)
		goto out;
	rest = index.len;
	for (size_t i = 0; i < r->count; i++)
		rest += r->list[i].entry.size;
	if ((result = header_build(h, rest, k, out, e)) != 0)
		goto out;
	bytes_put(out, index.data, index.len);
	for (size_t i = 0; i < r->count; i++)
		bytes_put(out, r->list[i].data, r->list[i].entry.size);
	if (out->failed)
		result = vault_fail(e, VAULT_ENOMEM, 0, "vault");
out:
	bytes_free(&index);
	return result;
}
