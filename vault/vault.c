/* SPDX-License-Identifier: ISC */

/*
 * The handle: the file as it was last read, the keys, and what the machine
 * remembers.  Opening, making and reading; changing is change.c.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "internal.h"
#include "secret.h"

#define JUDGE_TRIES 5

static struct vault *
new_handle(const struct vault_place *place, struct vault_error *e)
{
	struct vault *v;

	if ((v = calloc(1, sizeof(*v))) != NULL) {
		v->folder = (struct folder)FOLDER_INIT;
		v->lock = -1;
		v->wait_ms = place->lock_wait_ms != 0 ? place->lock_wait_ms
						      : LOCK_WAIT_MS;
		v->path = strdup(place->path);
		v->seen = place->seen != NULL ? strdup(place->seen) : NULL;
		if (v->path != NULL && (v->seen != NULL || place->seen == NULL))
			return v;
	}
	vault_close(v);
	vault_fail(e, VAULT_ENOMEM, 0, "vault");
	return NULL;
}

void
vault_end(struct vault *v)
{
	keys_free(v->next_keys);
	v->next_keys = NULL;
	bytes_free(&v->next_stanzas);
	folder_close(&v->folder);
	lock_free(&v->lock);
	v->changing = false;
	v->removed = false;
}

void
vault_close(struct vault *v)
{
	if (v == NULL)
		return;
	vault_end(v);
	keys_free(v->keys);
	image_free(&v->image);
	free(v->path);
	free(v->seen);
	free(v);
}

enum trust
vault_judge(struct vault *v, const struct memory *m, const struct header *h)
{
	const unsigned about =
	    VAULT_NOTE_ROLLBACK | VAULT_NOTE_FORK | VAULT_NOTE_SEEN_BAD;
	struct seen seen;
	enum trust trust;

	seen_find(m, h->vault_id, &seen);
	trust = seen_compare(&seen, h);
	v->notes &= ~about;
	if (m->bad || m->unreadable)
		v->notes |= VAULT_NOTE_SEEN_BAD;
	if (trust == TRUST_ROLLBACK)
		v->notes |= VAULT_NOTE_ROLLBACK;
	if (trust == TRUST_FORK)
		v->notes |= VAULT_NOTE_FORK;
	if (trust == TRUST_CURRENT) /* somebody has remembered it */
		v->notes &= ~(unsigned)VAULT_NOTE_SEEN_UNSAVED;
	return trust;
}

void
vault_remember(struct vault *v, const struct header *h)
{
	if (seen_write(v->seen, h))
		v->notes &=
		    ~(unsigned)(VAULT_NOTE_SEEN_BAD | VAULT_NOTE_SEEN_UNSAVED);
	else
		v->notes |= VAULT_NOTE_SEEN_UNSAVED;
}

/*
 * A reader remembers, too.  Only under the lock, and looking again, or it could
 * overwrite what a writer has just remembered; a writer in the way will do it.
 */
static void
remember_reading(struct vault *v, const struct folder *f)
{
	struct memory m;
	struct seen seen;
	enum trust trust;
	int lock;

	if (v->seen == NULL || lock_take(f, 0, &lock, NULL) != 0)
		return;
	seen_load(v->seen, &m);
	seen_find(&m, v->image.header.vault_id, &seen);
	trust = seen_compare(&seen, &v->image.header);
	/* A bad memory is left for people to see, and for the next save. */
	if (!m.bad && (trust == TRUST_NEW || trust == TRUST_NEWER))
		vault_remember(v, &v->image.header);
	lock_free(&lock);
}

/*
 * Judge what was read.  So many saves may lie between reading the memory and
 * reading the vault that descent cannot be shown; so before an alarm both are
 * read once more, as long as the memory changes.
 */
static enum trust
judge_again(struct vault *v, const struct folder *f, struct memory *m)
{
	enum trust trust = vault_judge(v, m, &v->image.header);
	struct image image;
	struct memory now;

	for (int tries = 0; tries < JUDGE_TRIES &&
	     (trust == TRUST_ROLLBACK || trust == TRUST_FORK);
	     tries++) {
		seen_load(v->seen, &now);
		if (memcmp(&now, m, sizeof(now)) == 0 ||
		    image_read(&image, f, f->base, true, NULL) != 0)
			break;
		if (image_open(&image, v->keys, NULL) != 0) {
			image_free(&image);
			break;
		}
		*m = now;
		image_free(&v->image);
		v->image = image;
		trust = vault_judge(v, m, &v->image.header);
	}
	return trust;
}

int
vault_open(const struct vault_place *place, const struct secret *pass,
    struct vault **vp, struct vault_error *e)
{
	struct folder f = FOLDER_INIT;
	struct memory m;
	struct vault *v;
	enum trust trust;
	int r;

	*vp = NULL;
	if ((v = new_handle(place, e)) == NULL)
		return VAULT_ENOMEM;
	seen_load(v->seen, &m);
	if ((r = folder_open(&f, v->path, true, e)) != 0 ||
	    (r = image_read(&v->image, &f, f.base, true, e)) != 0 ||
	    (r = image_unlock(&v->image, pass, &v->keys, e)) != 0)
		goto out;
	trust = judge_again(v, &f, &m);
	if (trust == TRUST_NEW || trust == TRUST_NEWER)
		remember_reading(v, &f);
	*vp = v;
	v = NULL;
out:
	folder_close(&f);
	vault_close(v);
	return r;
}

int
vault_reload(struct vault *v, struct vault_error *e)
{
	struct folder f = FOLDER_INIT;
	struct vault_error ours;
	struct memory m;
	struct image image;
	enum trust trust;
	int r;

	if (v->changing)
		return vault_fail(e, VAULT_EUSE, 0, "a transaction is open");
	if (e == NULL)
		e = &ours; /* its rule is looked at */
	seen_load(v->seen, &m);
	if ((r = folder_open(&f, v->path, true, e)) != 0 ||
	    (r = image_read(&image, &f, f.base, true, e)) != 0)
		goto out;
	if ((r = image_open(&image, v->keys, e)) != 0) {
		image_free(&image);
		/* A sound header that our keys do not fit. */
		if (r == VAULT_EDAMAGED && e->rule == 20)
			r = vault_fail(e, VAULT_ECHANGED, 20, "vault");
		goto out;
	}
	image_free(&v->image);
	v->image = image;
	trust = judge_again(v, &f, &m);
	if (trust == TRUST_NEW || trust == TRUST_NEWER)
		remember_reading(v, &f);
out:
	folder_close(&f);
	return r;
}

bool
vault_same_keys(const struct vault *a, const struct vault *b)
{
	return sodium_memcmp(
		   keys_vault(a->keys), keys_vault(b->keys), KEY_BYTES) == 0;
}

int
vault_probe(const struct vault_place *place, struct vault_error *e)
{
	struct vault_kdf kdf;
	const uint8_t *stanza;
	struct folder f;
	struct image m;
	bool unknown;
	int r;

	if ((r = folder_open(&f, place->path, true, e)) != 0)
		return r;
	if ((r = image_read(&m, &f, f.base, true, e)) == 0) {
		r = stanza_check(&m.header.stanzas, &stanza, &unknown, e);
		if (r == 0 && stanza == NULL) {
			r = vault_fail(e, VAULT_ENOSTANZA, 15, "stanzas");
		} else if (r == 0) {
			stanza_cost(stanza, &kdf);
			r = stanza_cost_ok(&kdf, e);
		}
		image_free(&m);
	}
	folder_close(&f);
	return r;
}

int
vault_flush(const struct vault *v, struct vault_error *e)
{
	struct folder f;
	int r;

	if ((r = folder_open(&f, v->path, true, e)) != 0)
		return r;
	r = file_sync_folder(&f, e);
	folder_close(&f);
	return r;
}

unsigned
vault_notes(const struct vault *v)
{
	return v->notes;
}

uint64_t
vault_generation(const struct vault *v)
{
	return v->image.header.generation;
}

void
vault_kdf_cost(const struct vault *v, struct vault_kdf *kdf)
{
	const uint8_t *stanza;
	bool unknown;

	*kdf = (struct vault_kdf){ 0, 0 };
	if (stanza_check(&v->image.header.stanzas, &stanza, &unknown, NULL) ==
		0 &&
	    stanza != NULL)
		stanza_cost(stanza, kdf);
}

size_t
vault_count(const struct vault *v)
{
	return v->image.records.count;
}

const struct vault_entry *
vault_at(const struct vault *v, size_t i)
{
	return &v->image.records.list[i].entry;
}

const struct vault_entry *
vault_find(const struct vault *v, const char *name)
{
	struct record *r = records_by_name(&v->image.records, name);

	return r == NULL ? NULL : &r->entry;
}

struct keys *
vault_record_keys(const struct vault *v)
{
	return v->next_keys != NULL ? v->next_keys : v->keys;
}

int
vault_get(const struct vault *v, const uint8_t id[VAULT_ID_BYTES],
    struct secret **payloadp, struct vault_error *e)
{
	const struct record *rec = records_by_id(&v->image.records, id);
	struct secret *out;
	int r;

	*payloadp = NULL;
	if (rec == NULL)
		return vault_fail(e, VAULT_ENOTFOUND, 0, "record");
	if ((out = secret_new(rec->entry.size)) == NULL)
		return vault_fail(e, VAULT_ENOMEM, 0, rec->entry.name);
	r = record_open(
	    rec, v->image.header.vault_id, vault_record_keys(v), out, e);
	if (r == 0)
		*payloadp = out;
	else
		secret_free(out);
	return r;
}

int
vault_verify(const struct vault *v, struct vault_error *e)
{
	const struct records *list = &v->image.records;
	struct secret *out;
	int r = 0;

	if ((out = secret_new(RECORD_MAX)) == NULL)
		return vault_fail(e, VAULT_ENOMEM, 0, "records");
	for (size_t i = 0; i < list->count && r == 0; i++)
		r = record_open(&list->list[i], v->image.header.vault_id,
		    vault_record_keys(v), out, e);
	secret_free(out);
	return r;
}

/* A .bak without its vault is somebody's keys, too. */
static int
check_free(const struct folder *f, struct vault_error *e)
{
	static const char *const suffixes[] = { "", ".bak" };
	char path[VAULT_WHERE], *name;
	int r = 0;

	for (size_t i = 0; i < 2 && r == 0; i++) {
		if ((name = folder_name(f, suffixes[i])) == NULL)
			return vault_fail(e, VAULT_ENOMEM, 0, f->base);
		snprintf(path, sizeof(path), "%s/%s", f->path, name);
		if (file_there(f, name))
			r = vault_fail(e, VAULT_EEXISTS, 0, path);
		free(name);
	}
	return r;
}

int
vault_can_create(const struct vault_place *place, struct vault_error *e)
{
	struct folder f;
	int r;

	if ((r = folder_open(&f, place->path, true, e)) != 0)
		return r;
	r = check_free(&f, e);
	folder_close(&f);
	return r;
}

/* The first generation, in memory. */
static int
first_image(struct keys *k, const struct secret *pass,
    const struct vault_kdf *kdf, struct bytes *file, struct vault_error *e)
{
	const struct records none = { 0 };
	struct header h = { 0 };
	int r;

	randombytes_buf(h.vault_id, sizeof(h.vault_id));
	h.generation = 1;
	if ((r = stanza_make(&h.stanzas, h.vault_id, pass, kdf, k, e)) == 0)
		r = image_build(&h, &none, k, file, e);
	header_free(&h);
	return r;
}

int
vault_create(const struct vault_place *place, const struct secret *pass,
    const struct vault_kdf *kdf, struct vault **vp, struct vault_error *e)
{
	struct bytes file = { 0 };
	struct vault *v;
	int r;

	*vp = NULL;
	if ((v = new_handle(place, e)) == NULL)
		return VAULT_ENOMEM;
	if ((v->keys = keys_new()) == NULL) {
		r = vault_fail(e, VAULT_ENOMEM, 0, "vault");
		goto out;
	}
	if ((r = folder_open(&v->folder, v->path, true, e)) != 0 ||
	    (r = lock_take(&v->folder, v->wait_ms, &v->lock, e)) != 0 ||
	    (r = file_sweep(&v->folder, e)) != 0 ||
	    (r = check_free(&v->folder, e)) != 0 ||
	    (r = first_image(v->keys, pass, kdf, &file, e)) != 0)
		goto out;
	r = save(&v->folder, &file, NULL, BAK_LEAVE, v->keys, &v->image, e);
	if (r != 0 && r != VAULT_EUNSURE)
		goto out;
	vault_remember(v, &v->image.header);
	vault_end(v);
	*vp = v;
	v = NULL;
out:
	bytes_free(&file);
	vault_close(v);
	return r;
}
