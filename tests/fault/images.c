/* SPDX-License-Identifier: ISC */

/*
 * Vaults for the tests that change them byte by byte.  The borders of their
 * parts are found by a reader of its own, from FORMAT.md, chapters 3 and 4.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vault/secret.h"
#include "vault/vault.h"

#include "images.h"
#include "scene.h"

uint32_t
images_u32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
}

/* FORMAT.md chapters 3 and 4, as far as needed to find the borders. */
static void
image_map(struct image *m, size_t records)
{
	const uint8_t *p;
	uint32_t len, index_len = 0;
	size_t at;

	m->header = images_u32(m->data + 12);
	for (at = PREAMBLE; at < PREAMBLE + m->header; at += 6 + len) {
		p = m->data + at;
		len = images_u32(p + 2);
		if (p[0] == 5)
			index_len = images_u32(p + 6 + 24);
		if (p[0] == 6)
			m->memory = at + 6 + 4 + 2 + 4;
	}
	m->index = PREAMBLE + m->header + (size_t)2 * HASH;
	m->records = m->index + index_len;
	m->record = (m->len - m->records) / records;
	if (index_len == 0 || m->memory == 0 ||
	    m->records + m->record * records != m->len)
		scene_die("the test cannot read its own vault");
}

/* Put 'count' records into the open vault, in one save. */
static void
fill(struct vault *v, size_t count, size_t size)
{
	struct vault_error e;
	char name[64];
	size_t i;

	if (vault_begin(v, &e) != 0)
		scene_die("begin");
	while (vault_count(v) > 0)
		if (vault_remove(v, vault_at(v, 0)->id, &e) != 0)
			scene_die("remove");
	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "needle-%03zu", i);
		if (scene_put(v, name, size, &e) != 0)
			scene_die("put");
	}
	if (vault_commit(v, &e) != 0)
		scene_die("commit");
}

/* The file as it is now. */
static void
take(struct image *m, const char *path, size_t records)
{
	if ((m->data = scene_read(path, &m->len)) == NULL)
		scene_die("%s: cannot read", path);
	image_map(m, records);
}

/* A new vault with so many saves behind it that its ancestors are full. */
static struct vault *
create(const struct vault_place *place, const struct secret *pass, size_t count,
    size_t size)
{
	struct vault_error e = { 0 };
	char bak[SCENE_PATH + 8];
	struct vault *v;
	int saves;

	snprintf(bak, sizeof(bak), "%s.bak", place->path);
	unlink(place->path);
	unlink(bak);
	if (vault_create(place, pass, &scene_kdf, &v, &e) != 0)
		scene_die("create: %s %s", scene_code((int)e.code), e.where);
	for (saves = 0; saves < 17; saves++)
		fill(v, count, size);
	return v;
}

void
images_make(struct images *images, struct scene *s)
{
	struct vault_place place = { .path = s->vault };
	struct secret *pass = scene_pass("old");
	struct vault *v;

	v = create(&place, pass, SMALL, SCENE_SIZE);
	take(&images->small, s->vault, SMALL);
	fill(v, SMALL, SCENE_SIZE);
	take(&images->next, s->vault, SMALL);
	vault_close(v);
	v = create(&place, pass, SMALL, SCENE_SIZE);
	take(&images->other, s->vault, SMALL);
	vault_close(v);
	v = create(&place, pass, LARGE, 60);
	take(&images->large, s->vault, LARGE);
	vault_close(v);
	secret_free(pass);
	if (images->small.header != images->next.header ||
	    images->small.len != images->next.len ||
	    images->small.len != images->other.len)
		scene_die("vaults of one kind differ in layout");
}

void
images_free(struct images *images)
{
	free(images->small.data);
	free(images->next.data);
	free(images->other.data);
	free(images->large.data);
}
