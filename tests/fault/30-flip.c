/* SPDX-License-Identifier: ISC */

/*
 * Goal of this test: no changed vault passes for a vault.  Every bit of one is
 * flipped, it is cut at every length and made longer, its records are swapped
 * in pairs, and parts of two generations and of two vaults are mixed; each case
 * must be refused with the class and the rule that fit, and no wrong plaintext
 * may come out.  With a header whose sum was made right again (it needs no key)
 * the flips show what an attacker meets.  Prints TAP.
 */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "vault/secret.h"
#include "vault/vault.h"

#include "images.h"
#include "scene.h"
#include "sweep.h"

#define PARTS (4 + SMALL)
#define FORGE_MEMORY_MAX 0x10000 /* KiB; costlier flips would take seconds */

/* What is allowed to come out of a case. */
struct expect {
	int open;      /* vault_open()'s code */
	unsigned rule; /* of EDAMAGED, wherever it comes up; 0: any */
};

/* No record may come out that is not as it was put in. */
static void
gets(struct worker *w, size_t i, const struct vault *v)
{
	const struct vault_entry *entry;
	struct secret *payload, *must;
	size_t k;
	int r;

	for (k = 0; k < vault_count(v); k++) {
		/* Of a hundred: the two, and a few others. */
		if (vault_count(v) == LARGE && k != w->focus[0] &&
		    k != w->focus[1] && (k + i) % 25 != 0)
			continue;
		entry = vault_at(v, k);
		payload = NULL;
		r = vault_get(v, entry->id, &payload, NULL);
		if (r != 0 && (payload != NULL || r != VAULT_EDAMAGED))
			sweep_wrong(w, i, "vault_get", r, 0);
		if (r != 0 || payload == NULL)
			continue;
		must = scene_payload(entry->name, secret_len(payload));
		if (!secret_equal(payload, must))
			sweep_wrong(w, i, "wrong plaintext", r, 0);
		secret_free(payload);
		secret_free(must);
	}
}

/* The file is on disk: open it, and judge. */
static void
attempt(struct worker *w, size_t i, struct expect expect)
{
	struct vault_place place = { .path = w->s.vault };
	struct vault_error e = { 0 };
	struct vault *v = NULL;
	int opened, r;

	opened = r = vault_open(&place, w->pass, &v, &e);
	if (opened == 0) {
		gets(w, i, v);
		r = vault_verify(v, &e);
	} else if (v != NULL) {
		sweep_wrong(w, i, "refused, but *vp is set", r, e.rule);
	}
	vault_close(v);
	w->tally->cases++;
	w->tally->code[-r]++;
	if (r == 0)
		sweep_wrong(w, i, "accepted", r, 0);
	else if (r != (int)e.code)
		sweep_wrong(w, i, "result and error differ", r, e.rule);
	else if (expect.open == 0 ? r != VAULT_EDAMAGED : r != expect.open)
		sweep_wrong(w, i, "class", r, e.rule);
	else if (opened != expect.open)
		sweep_wrong(
		    w, i, "noticed too early or too late", opened, e.rule);
	else if (r == VAULT_EDAMAGED && expect.rule != 0 &&
	    e.rule != expect.rule)
		sweep_wrong(w, i, "rule", r, e.rule);
}

/* What a changed byte at this place must be called. */
static struct expect
expect_at(const struct image *m, size_t at, uint8_t value)
{
	if (at < 8)
		return (struct expect){ VAULT_ENOTVAULT, 0 };
	if (at < 12)
		return at == 8 && value == 0
		    ? (struct expect){ VAULT_EDAMAGED, 6 }
		    : (struct expect){ VAULT_EVERSION, 0 };
	if (at < 16) /* the length is too great, or the sum elsewhere */
		return (struct expect){ VAULT_EDAMAGED, 0 };
	if (at < PREAMBLE + m->header + HASH)
		return (struct expect){ VAULT_EDAMAGED, 8 };
	if (at < m->index)
		return (struct expect){ VAULT_EDAMAGED, 20 };
	if (at < m->records)
		return (struct expect){ VAULT_EDAMAGED, 21 };
	return (struct expect){ 0, 27 };
}

static size_t
flip_count(const struct images *images)
{
	return images->small.len * 8;
}

static void
flip(struct worker *w, size_t i)
{
	const struct image *m = &w->images->small;
	size_t at = i / 8;
	uint8_t byte = m->data[at] ^ (uint8_t)(1u << i % 8);

	sweep_put(w, &byte, 1, at);
	attempt(w, i, expect_at(m, at, byte));
	sweep_put(w, m->data + at, 1, at);
}

static size_t
forge_count(const struct images *images)
{
	return images->small.header * 8;
}

/* A bit of the header, and the sum made right: what can be had without key. */
static void
forge(struct worker *w, size_t i)
{
	const struct image *m = &w->images->small;
	size_t at = PREAMBLE + i / 8, len = PREAMBLE + m->header;
	struct vault_place place = { .path = w->s.vault };
	struct vault_error e = { 0 };
	struct vault *v = NULL;
	uint32_t memory;
	int r;

	memcpy(w->scratch, m->data, m->len);
	w->scratch[at] ^= (uint8_t)(1u << i % 8);
	memory = images_u32(w->scratch + m->memory);
	if (memory > FORGE_MEMORY_MAX && memory <= VAULT_KDF_MEMORY_MAX) {
		w->tally->skipped++;
		return;
	}
	crypto_generichash(w->scratch + len, HASH, w->scratch, len, NULL, 0);
	sweep_put(w, w->scratch, m->index, 0);
	r = vault_open(&place, w->pass, &v, &e);
	vault_close(v);
	w->tally->cases++;
	w->tally->code[-r]++;
	if (r != VAULT_EDAMAGED && r != VAULT_EPASSPHRASE && r != VAULT_ECOST &&
	    r != VAULT_EVERSION && r != VAULT_ENOSTANZA)
		sweep_wrong(w, i, "class", r, e.rule);
	sweep_put(w, m->data, m->index, 0);
}

static size_t
cut_count(const struct images *images)
{
	return images->small.len;
}

static void
cut(struct worker *w, size_t i)
{
	const struct image *m = &w->images->small;

	sweep_put_whole(w, m->data, i);
	/* Less than the magic is no vault, or a damaged one. */
	if (i < 8)
		attempt(w, i, (struct expect){ VAULT_ENOTVAULT, 0 });
	else
		attempt(w, i, (struct expect){ VAULT_EDAMAGED, 0 });
	sweep_put_whole(w, m->data, m->len);
}

static size_t
append_count(const struct images *images)
{
	(void)images;
	return 128;
}

/* 1 to 64 bytes: zeros, and a part of the vault again. */
static void
append(struct worker *w, size_t i)
{
	const struct image *m = &w->images->small;
	size_t more = i / 2 + 1;

	memcpy(w->scratch, m->data, m->len);
	if (i % 2 == 0)
		memset(w->scratch + m->len, 0, more);
	else
		memcpy(w->scratch + m->len, m->data + m->len - more, more);
	sweep_put_whole(w, w->scratch, m->len + more);
	attempt(w, i, (struct expect){ VAULT_EDAMAGED, 13 });
	sweep_put_whole(w, m->data, m->len);
}

static size_t
swap_count(const struct images *images)
{
	(void)images;
	return (size_t)LARGE * (LARGE - 1) / 2;
}

static void
swap(struct worker *w, size_t i)
{
	const struct image *m = &w->images->large;
	size_t a = 0, b, left = i, at_a, at_b;

	while (left >= LARGE - 1 - a)
		left -= LARGE - 1 - a++;
	b = a + 1 + left;
	w->focus[0] = a;
	w->focus[1] = b;
	at_a = m->records + a * m->record;
	at_b = m->records + b * m->record;
	if (i < WORKERS) /* this worker's first */
		sweep_put_whole(w, m->data, m->len);
	sweep_put(w, m->data + at_a, m->record, at_b);
	sweep_put(w, m->data + at_b, m->record, at_a);
	attempt(w, i, (struct expect){ 0, 27 });
	sweep_put(w, m->data + at_a, m->record, at_a);
	sweep_put(w, m->data + at_b, m->record, at_b);
}

/*
 * Header, sum, mac, index and each record from either of two vaults; all but
 * the two pure ones.
 */
static size_t
mix_count(const struct images *images)
{
	(void)images;
	return (1u << PARTS) - 2;
}

static void
mix(struct worker *w, size_t i, const struct image *a, const struct image *b)
{
	size_t border[PARTS + 1], mask = i + 1, top = mask & 15, k;
	struct expect expect = { VAULT_EDAMAGED, 0 };

	border[0] = 0;
	border[1] = PREAMBLE + a->header;
	border[2] = border[1] + HASH;
	border[3] = a->index;
	for (k = 0; k <= SMALL; k++)
		border[4 + k] = a->records + k * a->record;
	memcpy(w->scratch, a->data, a->len);
	for (k = 0; k < PARTS; k++)
		if ((mask >> k & 1) != 0)
			memcpy(w->scratch + border[k], b->data + border[k],
			    border[k + 1] - border[k]);
	sweep_put_whole(w, w->scratch, a->len);
	if (top == 0 || top == 15) /* the records only */
		expect = (struct expect){ 0, 27 };
	else if ((mask & 1) != (mask >> 1 & 1))
		expect.rule = 8;
	else if ((mask & 1) != (mask >> 2 & 1))
		expect.rule = 20;
	else
		expect.rule = 21;
	attempt(w, i, expect);
}

static void
mix_generations(struct worker *w, size_t i)
{
	mix(w, i, &w->images->small, &w->images->next);
}

static void
mix_vaults(struct worker *w, size_t i)
{
	mix(w, i, &w->images->small, &w->images->other);
}

static const struct sweep sweeps[] = {
	{ "flip every bit", flip_count, flip },
	{ "flip every bit of the header, with the right sum", forge_count,
	    forge },
	{ "cut at every length", cut_count, cut },
	{ "append 1 to 64 bytes", append_count, append },
	{ "swap every pair of 100 records", swap_count, swap },
	{ "mix two generations", mix_count, mix_generations },
	{ "mix two vaults", mix_count, mix_vaults },
};

/* The test of the test: an untouched vault is accepted. */
static bool
untouched(struct worker *w)
{
	struct vault_place place = { .path = w->s.vault };
	struct secret *pass = scene_pass("old");
	const struct image *m = &w->images->small;
	struct vault *v = NULL;
	bool good;

	scene_write(w->s.vault, m->data, m->len, 0400);
	good = vault_open(&place, pass, &v, NULL) == 0 &&
	    vault_verify(v, NULL) == 0 && vault_count(v) == SMALL;
	printf("%s - an untouched vault of %zu bytes is accepted\n",
	    good ? "ok" : "not ok", m->len);
	vault_close(v);
	secret_free(pass);
	return good;
}

int
main(void)
{
	struct worker workers[WORKERS] = { 0 };
	struct images images = { 0 };
	char dir[SCENE_PATH], lock[SCENE_PATH], bak[SCENE_PATH];
	int failed = 0;
	size_t i;

	sweep_prepare(workers, &images, dir);
	images_make(&images, &workers[0].s);
	scene_path(&workers[0].s, "v/vault.lock", lock);
	scene_path(&workers[0].s, "v/vault.bak", bak);
	unlink(lock);
	unlink(bak);
	failed += !untouched(&workers[0]);
	for (i = 0; i < sizeof(sweeps) / sizeof(sweeps[0]); i++)
		failed += !sweep_run(&sweeps[i], workers);
	printf("1..%zu\n", i + 1);
	images_free(&images);
	sweep_clean(dir, workers);
	return failed > 0;
}
