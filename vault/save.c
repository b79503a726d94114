/* SPDX-License-Identifier: ISC */

/*
 * Chapter 10: how a new file takes the old one's place.  Until the rename every
 * failure leaves the vault as it was.  What .bak must not keep is gone from it
 * before the rename: a crash between the two then leaves the old vault without
 * an older copy, never a new vault beside an old passphrase.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Read the temporary file back: the same bytes, and a good vault. */
static int
read_back(const struct folder *f, const char *temp, const struct bytes *file,
    struct keys *k, struct image *m, struct vault_error *e)
{
	int r;

	if ((r = image_read(m, f, temp, true, e)) != 0)
		return r;
	/*
	 * The records need not be hashed once more: they are, byte for byte,
	 * those that were checked when the transaction began, or were sealed
	 * in it.
	 */
	if (m->len != file->len || memcmp(m->data, file->data, m->len) != 0)
		r = vault_fail(e, VAULT_EDAMAGED, 0,
		    "it was not read back as it was written");
	else
		r = image_open(m, k, e);
	if (r != 0)
		image_free(m);
	return r;
}

static int
bak_copy(const struct folder *f, const uint8_t *data, size_t len,
    const char *bak, struct vault_error *e)
{
	char *temp;
	int r;

	if ((r = file_write_temp(f, data, len, &temp, e)) != 0)
		return r;
	if ((r = file_rename(f, temp, bak, e)) != 0)
		file_remove(f, temp, NULL);
	free(temp);
	return r;
}

/* A second name for the present file, or a copy where links are not to be had. */
static int
keep_as(const struct folder *f, const char *name, const struct image *old,
    struct vault_error *e)
{
	if (!file_there(f, f->base))
		return 0;
	if (old == NULL)
		return file_link(f, f->base, name, e);
	if (file_link(f, f->base, name, NULL) == 0)
		return 0;
	return bak_copy(f, old->data, old->len, name, e);
}

static int
make_bak(const struct folder *f, const struct bytes *file,
    const struct image *old, enum bak how, struct vault_error *e)
{
	char *bak = folder_name(f, ".bak");
	char *replaced = folder_name(f, ".replaced");
	int r = 0;

	if (bak == NULL || replaced == NULL)
		r = vault_fail(e, VAULT_ENOMEM, 0, f->base);
	else if (how == BAK_KEEP_OLD)
		r = keep_as(f, bak, old, e);
	else if (how == BAK_SET_ASIDE)
		r = keep_as(f, replaced, old, e);
	else if (how == BAK_COPY_NEW || how == BAK_REMOVE)
		r = file_remove(f, replaced, e);
	if (r == 0 && how == BAK_COPY_NEW)
		r = bak_copy(f, file->data, file->len, bak, e);
	if (r == 0 && how == BAK_REMOVE)
		r = file_remove(f, bak, e);
	free(bak);
	free(replaced);
	return r;
}

int
save(const struct folder *f, const struct bytes *file, const struct image *old,
    enum bak bak, struct keys *k, struct image *m, struct vault_error *e)
{
	char *temp = NULL;
	int r;

	memset(m, 0, sizeof(*m));
	if ((r = file_write_temp(f, file->data, file->len, &temp, e)) != 0)
		return r;
	if ((r = read_back(f, temp, file, k, m, e)) != 0 ||
	    (r = make_bak(f, file, old, bak, e)) != 0 ||
	    (r = file_rename(f, temp, f->base, e)) != 0) {
		file_remove(f, temp, NULL);
		image_free(m);
	} else {
		r = file_sync_folder(f, e);
	}
	free(temp);
	return r;
}
