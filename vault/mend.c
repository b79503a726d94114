/* SPDX-License-Identifier: ISC */

/* Setting right what went wrong outside: an old copy put back, loose modes. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "secret.h"

int
vault_repair(const struct vault_place *place,
    void (*fn)(void *, const char *, unsigned, unsigned), void *arg,
    struct vault_error *e)
{
	static const struct {
		const char *suffix;
		mode_t mode;
	} files[] = { { "", 0400 }, { ".bak", 0400 }, { ".replaced", 0400 },
		{ ".lock", 0600 } };
	struct folder f;
	char *name;
	int r;

	if ((r = folder_open(&f, place->path, false, e)) != 0)
		return r;
	/* The folder first: once it is ours alone, names stay what they are. */
	r = file_mode(&f, ".", 0700, fn, arg, e);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && r == 0;
	     i++) {
		if ((name = folder_name(&f, files[i].suffix)) == NULL)
			r = vault_fail(e, VAULT_ENOMEM, 0, f.base);
		else
			r = file_mode(&f, name, files[i].mode, fn, arg, e);
		free(name);
	}
	folder_close(&f);
	return r;
}

/* Open and check all of the copy that is to be restored. */
static int
load_copy(const char *file, const struct secret *pass, struct image *m,
    struct keys **kp, struct vault_error *e)
{
	struct folder f;
	int r;

	if ((r = folder_open(&f, file, false, e)) != 0)
		return r;
	if ((r = image_read(m, &f, f.base, false, e)) == 0 &&
	    (r = image_unlock(m, pass, kp, e)) == 0)
		r = image_check(m, e);
	folder_close(&f);
	return r;
}

/*
 * The generation of the present file, if it is this vault's and was made with
 * its key: anybody can write a number into a header.
 */
static uint64_t
present_generation(
    const struct folder *f, const uint8_t *vault_id, struct keys *k)
{
	uint64_t generation = 0;
	struct image m;

	if (image_read(&m, f, f->base, false, NULL) != 0)
		return 0;
	if (memcmp(m.header.vault_id, vault_id, VAULT_ID_BYTES) == 0 &&
	    header_check_mac(&m.header, m.data, k, NULL) == 0)
		generation = m.header.generation;
	image_free(&m);
	return generation;
}

/* The copy's header as the newest of all generations known here. */
static int
newest_header(const struct folder *f, const char *seen_path,
    const struct header *copy, struct keys *k, struct header *h,
    struct vault_error *e)
{
	uint64_t present = present_generation(f, copy->vault_id, k);
	struct memory memory;
	struct seen seen;

	if (!header_copy(h, copy))
		return vault_fail(e, VAULT_ENOMEM, 0, "header");
	seen_load(seen_path, &memory);
	seen_find(&memory, h->vault_id, &seen);
	/*
	 * It supersedes what was seen here, so that is an ancestor, too: else
	 * a crash before the memory is written would look like a fork.
	 */
	if (seen.known && memcmp(seen.mac, h->mac, VAULT_MAC_BYTES) != 0)
		header_add_ancestor(h, seen.mac);
	header_add_ancestor(h, h->mac);
	if (seen.known && seen.generation > h->generation)
		h->generation = seen.generation;
	if (present > h->generation)
		h->generation = present;
	if (h->generation < h->ancestor_count) /* R12 */
		h->generation = h->ancestor_count;
	if (h->generation >= INT64_MAX) {
		header_free(h);
		return vault_fail(e, VAULT_EFULL, 11, "generations");
	}
	h->generation++;
	return 0;
}

static bool
same_bytes(const struct image *m, const uint8_t *data, size_t len)
{
	return len == m->len && len <= VAULT_FILE_MAX &&
	    memcmp(data, m->data, len) == 0;
}

/*
 * What an earlier restore has put aside must not be lost: it may be replaced
 * when it is what is there now, or what is being restored.
 */
static int
check_replaced(const struct folder *f, const struct image *present,
    const struct image *copy, struct vault_error *e)
{
	char path[VAULT_WHERE], *name;
	uint8_t *kept = NULL;
	size_t len;
	int r = 0;

	if ((name = folder_name(f, ".replaced")) == NULL)
		return vault_fail(e, VAULT_ENOMEM, 0, f->base);
	snprintf(path, sizeof(path), "%s/%s", f->path, name);
	if (file_there(f, name) &&
	    (r = file_read(f, name, false, &kept, &len, e)) == 0 &&
	    !same_bytes(present, kept, len) && !same_bytes(copy, kept, len))
		r = vault_fail(e, VAULT_EEXISTS, 0, path);
	free(kept);
	free(name);
	return r;
}

/* The present file, whatever it is; and what is to be done with it. */
static int
read_present(const struct folder *f, struct image *present, enum bak *bak,
    const struct image *copy, struct vault_error *e)
{
	int r;

	memset(present, 0, sizeof(*present));
	*bak = BAK_LEAVE;
	if (!file_there(f, f->base))
		return 0;
	r = file_read(f, f->base, false, &present->data, &present->len, e);
	/* A vault that is accepted as it is needs no second name. */
	if (r != 0 || same_bytes(present, copy->data, copy->len))
		return r;
	*bak = BAK_SET_ASIDE;
	return check_replaced(f, present, copy, e);
}

static int
install_copy(const struct folder *f, const char *seen_path,
    const struct image *copy, struct keys *k, struct vault_error *e)
{
	struct bytes out = { 0 };
	struct image m = { 0 }, present;
	struct header h = { 0 };
	enum bak bak;
	int r;

	if ((r = read_present(f, &present, &bak, copy, e)) != 0 ||
	    (r = newest_header(f, seen_path, &copy->header, k, &h, e)) != 0 ||
	    (r = image_build(&h, &copy->records, k, &out, e)) != 0)
		goto out;
	/* Of a file that is too long only the beginning was read. */
	r = save(f, &out,
	    present.len > VAULT_FILE_MAX || present.data == NULL ? NULL
								 : &present,
	    bak, k, &m, e);
	/* If it cannot be written: what was seen is an ancestor all the same. */
	if (r == 0 || r == VAULT_EUNSURE)
		(void)seen_write(seen_path, &h);
out:
	image_free(&present);
	image_free(&m);
	bytes_free(&out);
	header_free(&h);
	return r;
}

int
vault_restore(const struct vault_place *place, const char *file,
    const struct secret *pass, struct vault_error *e)
{
	struct folder f = FOLDER_INIT;
	struct keys *k = NULL;
	struct image copy = { 0 };
	unsigned wait = place->lock_wait_ms;
	int lock = -1, r;

	if ((r = load_copy(file, pass, &copy, &k, e)) != 0 ||
	    (r = folder_open(&f, place->path, true, e)) != 0 ||
	    (r = lock_take(&f, wait != 0 ? wait : LOCK_WAIT_MS, &lock, e)) !=
		0 ||
	    (r = file_sweep(&f, e)) != 0)
		goto out;
	r = install_copy(&f, place->seen, &copy, k, e);
out:
	lock_free(&lock);
	folder_close(&f);
	image_free(&copy);
	keys_free(k);
	return r;
}
