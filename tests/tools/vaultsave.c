/* SPDX-License-Identifier: ISC */

/*
 * What the library writes, for saved.py to look at:
 *
 *	vaultsave create MEMORY PASSES PASSPHRASE NEW
 *	vaultsave change OLD PASSPHRASE NEW
 *	vaultsave remove OLD PASSPHRASE NEW
 *	vaultsave passwd OLD PASSPHRASE NEW
 *
 * OLD is copied to a folder of its own and opened there, and what is saved is
 * copied to NEW.  'change' calls the first record "renamed", gives the last one
 * the info "changed", and adds the record "added".  'remove' takes the first
 * one out.  'passwd' sets "battery staple" at 16 KiB and 2 passes.  Where the
 * library refuses, its code is printed and the exit status is 1; it is 3 when
 * that was not all, or something else went wrong.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tools/vector.h"
#include "vault/secret.h"
#include "vault/vault.h"

#define PAYLOAD 700

static struct secret *
secret(const char *text)
{
	struct secret *s = secret_copy(text, strlen(text));

	if (s == NULL)
		exit(3);
	return s;
}

static int
copy(const char *from, const char *to, mode_t mode)
{
	size_t len;
	char *data = folder_read(from, &len);
	const bool ok = data != NULL && folder_write(to, data, len, mode);

	free(data);
	return ok ? 0 : 3;
}

static int
put(struct vault *v, struct vault_error *e)
{
	struct secret *payload = secret_new(PAYLOAD);
	struct vault_put p = { .name = "added",
		.type = 0x4243,
		.info = (const uint8_t *)"facts",
		.info_len = 5,
		.payload = payload };
	int r;

	if (payload == NULL)
		exit(3);
	for (size_t i = 0; i < PAYLOAD; i++)
		secret_data(payload)[i] = (uint8_t)i;
	secret_set_len(payload, PAYLOAD);
	r = vault_put(v, &p, NULL, e);
	secret_free(payload);
	return r;
}

static int
change(struct vault *v, struct vault_error *e)
{
	const size_t n = vault_count(v);
	int r = 0;

	if (n > 0)
		r = vault_rename(v, vault_at(v, 0)->id, "renamed", e);
	if (n > 0 && r == 0)
		r = vault_set_info(v, vault_at(v, n - 1)->id,
		    (const uint8_t *)"changed", 7, e);
	return r == 0 ? put(v, e) : r;
}

static int
drop(struct vault *v, struct vault_error *e)
{
	return vault_remove(v, vault_at(v, 0)->id, e);
}

static int
passwd(struct vault *v, struct vault_error *e)
{
	const struct vault_kdf kdf = { 16, 2 };
	struct secret *pass = secret("battery staple");
	const int r = vault_set_passphrase(v, pass, &kdf, e);

	secret_free(pass);
	return r;
}

static const struct operation {
	const char *name;
	int (*fn)(struct vault *, struct vault_error *);
} operations[] = {
	{ "change", change },
	{ "remove", drop },
	{ "passwd", passwd },
};

/* A refusal leaves the file as it was. */
static bool
as_before(const struct folder *f, const char *old)
{
	size_t len, old_len;
	char *now = folder_read(f->vault, &len);
	char *was = folder_read(old, &old_len);
	const bool same = now != NULL && was != NULL && len == old_len &&
	    memcmp(now, was, len) == 0;

	free(now);
	free(was);
	return same;
}

static int
run(const struct operation *op, const struct folder *f, char **args)
{
	const struct vault_place place = { .path = f->vault };
	struct secret *pass = secret(args[1]);
	struct vault *v = NULL;
	struct vault_error e;
	int r;

	if (copy(args[0], f->vault, 0400) != 0)
		return 3;
	if ((r = vault_open(&place, pass, &v, &e)) == 0 &&
	    (r = vault_begin(v, &e)) == 0 && (r = op->fn(v, &e)) == 0)
		r = vault_commit(v, &e);
	vault_close(v);
	secret_free(pass);
	if (r == 0)
		return copy(f->vault, args[2], 0600);
	printf("%d\n", r);
	return as_before(f, args[0]) ? 1 : 3;
}

static int
create(const struct folder *f, char **args)
{
	const struct vault_place place = { .path = f->vault };
	const struct vault_kdf kdf = { (uint32_t)strtoul(args[0], NULL, 10),
		(uint32_t)strtoul(args[1], NULL, 10) };
	struct secret *pass = secret(args[2]);
	struct vault *v = NULL;
	int r = vault_create(&place, pass, &kdf, &v, NULL);

	vault_close(v);
	secret_free(pass);
	if (r == 0)
		return copy(f->vault, args[3], 0600);
	printf("%d\n", r);
	return 1;
}

int
main(int argc, char **argv)
{
	struct folder f;
	int r = 3;

	if (argc < 5) {
		fputs("usage: see vaultsave.c\n", stderr);
		return 3;
	}
	if (!folder_make(&f, NULL))
		return 3;
	if (strcmp(argv[1], "create") == 0 && argc == 6)
		r = create(&f, argv + 2);
	for (size_t i = 0; i < 3 && argc == 5; i++)
		if (strcmp(argv[1], operations[i].name) == 0)
			r = run(&operations[i], &f, argv + 2);
	folder_remove(&f);
	return r;
}
