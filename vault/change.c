/* SPDX-License-Identifier: ISC */

/*
 * Transactions.  They change the list of records in memory; saving builds a
 * whole new file from it, and what is in memory afterwards is what was read
 * back from the disk.
 */

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "internal.h"
#include "secret.h"

static int
misuse(struct vault_error *e, const char *what)
{
	return vault_fail(e, VAULT_EUSE, 0, what);
}

/* Read the file again under the lock: it may have been saved by another. */
static int
refresh(struct vault *v, struct vault_error *e)
{
	struct memory memory;
	struct image m;
	int r;

	seen_load(v->seen, &memory);
	if ((r = image_read(&m, &v->folder, v->folder.base, true, e)) != 0)
		return r;
	if ((r = image_open(&m, v->keys, e)) != 0) {
		/* A sound header that our keys do not fit. */
		if (r == VAULT_EDAMAGED && e != NULL && e->rule == 20)
			r = vault_fail(e, VAULT_ECHANGED, 20, "vault");
		goto fail;
	}
	switch (vault_judge(v, &memory, &m.header)) {
	case TRUST_ROLLBACK:
		r = vault_fail(e, VAULT_EROLLBACK, 0, v->path);
		goto fail;
	case TRUST_FORK:
		r = vault_fail(e, VAULT_EFORK, 0, v->path);
		goto fail;
	default:
		break;
	}
	if ((r = image_check(&m, e)) != 0)
		goto fail;
	image_free(&v->image);
	v->image = m;
	return 0;
fail:
	image_free(&m);
	return r;
}

int
vault_begin(struct vault *v, struct vault_error *e)
{
	struct vault_error ours;
	int r;

	if (v->changing)
		return misuse(e, "a transaction is open");
	if (e == NULL)
		e = &ours; /* refresh() looks at the rule */
	if ((r = folder_open(&v->folder, v->path, true, e)) != 0 ||
	    (r = lock_take(&v->folder, v->wait_ms, &v->lock, e)) != 0 ||
	    (r = file_sweep(&v->folder, e)) != 0 || (r = refresh(v, e)) != 0) {
		vault_end(v);
		return r;
	}
	v->changing = true;
	return 0;
}

int
vault_put(struct vault *v, const struct vault_put *put,
    uint8_t id[VAULT_ID_BYTES], struct vault_error *e)
{
	struct records *list = &v->image.records;
	struct record *rec;
	int r = 0;

	if (!v->changing)
		return misuse(e, "no transaction");
	if (!vault_name_ok(put->name))
		return vault_fail(e, VAULT_ENAME, 24, put->name);
	if (records_by_name(list, put->name) != NULL)
		return vault_fail(e, VAULT_ETAKEN, 23, put->name);
	if (put->info_len > VAULT_INFO_MAX)
		return vault_fail(e, VAULT_EFULL, 25, "16 KiB of facts");
	if (list->count >= VAULT_RECORDS_MAX)
		return vault_fail(e, VAULT_EFULL, 23, "65,536 records");
	if ((rec = records_add(list)) == NULL)
		return vault_fail(e, VAULT_ENOMEM, 0, put->name);
	randombytes_buf(rec->entry.id, VAULT_ID_BYTES);
	rec->entry.revision = 1;
	rec->entry.type = put->type;
	if (!record_set_name(rec, put->name, strlen(put->name)) ||
	    !record_set_info(rec, put->info, put->info_len))
		r = vault_fail(e, VAULT_ENOMEM, 0, put->name);
	else
		r = record_seal(rec, v->image.header.vault_id,
		    vault_record_keys(v), put->payload, e);
	if (r != 0) {
		record_free(rec);
		list->count--;
	} else if (id != NULL) {
		memcpy(id, rec->entry.id, VAULT_ID_BYTES);
	}
	return r;
}

int
vault_rename(struct vault *v, const uint8_t id[VAULT_ID_BYTES],
    const char *name, struct vault_error *e)
{
	struct record *rec = records_by_id(&v->image.records, id), *other;

	if (!v->changing)
		return misuse(e, "no transaction");
	if (rec == NULL)
		return vault_fail(e, VAULT_ENOTFOUND, 0, "record");
	if (!vault_name_ok(name))
		return vault_fail(e, VAULT_ENAME, 24, name);
	other = records_by_name(&v->image.records, name);
	if (other != NULL && other != rec)
		return vault_fail(e, VAULT_ETAKEN, 23, name);
	if (!record_set_name(rec, name, strlen(name)))
		return vault_fail(e, VAULT_ENOMEM, 0, name);
	return 0;
}

int
vault_set_info(struct vault *v, const uint8_t id[VAULT_ID_BYTES],
    const uint8_t *info, size_t info_len, struct vault_error *e)
{
	struct record *rec = records_by_id(&v->image.records, id);

	if (!v->changing)
		return misuse(e, "no transaction");
	if (rec == NULL)
		return vault_fail(e, VAULT_ENOTFOUND, 0, "record");
	if (info_len > VAULT_INFO_MAX)
		return vault_fail(e, VAULT_EFULL, 25, "16 KiB of facts");
	if (!record_set_info(rec, info, info_len))
		return vault_fail(e, VAULT_ENOMEM, 0, rec->entry.name);
	return 0;
}

int
vault_remove(
    struct vault *v, const uint8_t id[VAULT_ID_BYTES], struct vault_error *e)
{
	struct records *list = &v->image.records;
	struct record *rec = records_by_id(list, id);
	size_t at;

	if (!v->changing)
		return misuse(e, "no transaction");
	if (rec == NULL)
		return vault_fail(e, VAULT_ENOTFOUND, 0, "record");
	at = (size_t)(rec - list->list);
	record_free(rec);
	memmove(rec, rec + 1, (list->count - at - 1) * sizeof(*rec));
	list->count--;
	v->removed = true;
	return 0;
}

/* Copies of all records, sealed anew with 'k'. */
static int
reseal(const struct vault *v, struct keys *k, struct records *out,
    struct vault_error *e)
{
	const struct records *list = &v->image.records;
	struct secret *payload;
	struct record *rec;
	int r = 0;

	if ((payload = secret_new(RECORD_MAX)) == NULL)
		return vault_fail(e, VAULT_ENOMEM, 0, "records");
	for (size_t i = 0; i < list->count && r == 0; i++) {
		const struct record *old = &list->list[i];

		r = record_open(old, v->image.header.vault_id,
		    vault_record_keys(v), payload, e);
		if (r != 0)
			break;
		if ((rec = records_add(out)) == NULL ||
		    !record_set_name(
			rec, old->entry.name, strlen(old->entry.name)) ||
		    !record_set_info(
			rec, old->entry.info, old->entry.info_len)) {
			r = vault_fail(e, VAULT_ENOMEM, 0, old->entry.name);
			break;
		}
		memcpy(rec->entry.id, old->entry.id, VAULT_ID_BYTES);
		if (old->entry.revision >= INT64_MAX) {
			r = vault_fail(e, VAULT_EFULL, 25, "revisions");
			break;
		}
		rec->entry.revision = old->entry.revision + 1;
		rec->entry.type = old->entry.type;
		r = record_seal(rec, v->image.header.vault_id, k, payload, e);
	}
	secret_free(payload);
	return r;
}

int
vault_set_passphrase(struct vault *v, const struct secret *pass,
    const struct vault_kdf *kdf, struct vault_error *e)
{
	struct records records = { 0 };
	struct bytes stanzas = { 0 };
	const uint8_t *stanza;
	struct keys *k;
	bool unknown;
	int r;

	if (!v->changing)
		return misuse(e, "no transaction");
	r = stanza_check(&v->image.header.stanzas, &stanza, &unknown, e);
	if (r == 0 && unknown)
		r = vault_fail(e, VAULT_ESTANZA, 15, "stanzas");
	if (r != 0)
		return r;
	if ((k = keys_new()) == NULL)
		return vault_fail(e, VAULT_ENOMEM, 0, "keys");
	if ((r = stanza_make(
		 &stanzas, v->image.header.vault_id, pass, kdf, k, e)) != 0 ||
	    (r = reseal(v, k, &records, e)) != 0) {
		records_free(&records);
		bytes_free(&stanzas);
		keys_free(k);
		return r;
	}
	records_free(&v->image.records);
	v->image.records = records;
	bytes_free(&v->next_stanzas);
	v->next_stanzas = stanzas;
	keys_free(v->next_keys);
	v->next_keys = k;
	return 0;
}

/* The next generation's header, before what depends on its content. */
static int
next_header(const struct vault *v, struct header *h, struct vault_error *e)
{
	if (!header_copy(h, &v->image.header))
		return vault_fail(e, VAULT_ENOMEM, 0, "header");
	if (h->generation >= INT64_MAX) {
		header_free(h);
		return vault_fail(e, VAULT_EFULL, 11, "generations");
	}
	header_add_ancestor(h, h->mac);
	h->generation++;
	if (v->next_keys != NULL) {
		bytes_free(&h->stanzas);
		bytes_put(
		    &h->stanzas, v->next_stanzas.data, v->next_stanzas.len);
		if (h->stanzas.failed) {
			header_free(h);
			return vault_fail(e, VAULT_ENOMEM, 0, "header");
		}
	}
	return 0;
}

int
vault_commit(struct vault *v, struct vault_error *e)
{
	enum bak bak = v->next_keys != NULL ? BAK_REMOVE
	    : v->removed                    ? BAK_COPY_NEW
					    : BAK_KEEP_OLD;
	struct bytes file = { 0 };
	struct header h;
	struct image m;
	int r;

	if (!v->changing)
		return misuse(e, "no transaction");
	if ((r = next_header(v, &h, e)) != 0)
		goto out;
	r = image_build(&h, &v->image.records, vault_record_keys(v), &file, e);
	header_free(&h);
	if (r == 0)
		r = save(&v->folder, &file, &v->image, bak,
		    vault_record_keys(v), &m, e);
	if (r != 0 && r != VAULT_EUNSURE)
		goto out;
	vault_remember(v, &m.header);
	image_free(&v->image);
	v->image = m;
	if (v->next_keys != NULL) {
		keys_free(v->keys);
		v->keys = v->next_keys;
		v->next_keys = NULL;
	}
out:
	bytes_free(&file);
	if (r != 0 && r != VAULT_EUNSURE)
		vault_abort(v);
	else
		vault_end(v);
	return r;
}

void
vault_abort(struct vault *v)
{
	if (!v->changing)
		return;
	vault_end(v);
	/* The list as it was; it was read from these bytes once before. */
	if (image_open(&v->image, v->keys, NULL) != 0)
		records_free(&v->image.records);
}
