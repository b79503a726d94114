/* SPDX-License-Identifier: ISC */

/* A vault in a folder of its own, and what is asked of it again and again. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault_fixture.h"

const struct vault_kdf fixture_kdf = { VAULT_KDF_MEMORY_MIN,
	VAULT_KDF_PASSES_MIN };

int
fixture_up(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -1;
	snprintf(f->dir, sizeof(f->dir), "%s/vault.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(f->dir) == NULL)
		return -1;
	snprintf(f->vault, sizeof(f->vault), "%s/v", f->dir);
	if (mkdir(f->vault, 0700) != 0)
		return -1;
	snprintf(f->vault, sizeof(f->vault), "%s/v/vault", f->dir);
	snprintf(f->seen, sizeof(f->seen), "%s/seen", f->dir);
	f->place.path = f->vault;
	f->place.seen = f->seen;
	f->place.lock_wait_ms = 1;
	*state = f;
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

int
fixture_down(void **state)
{
	struct fixture *f = *state;
	const int r = nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);

	free(f);
	return r;
}

const char *
fixture_path(const struct fixture *f, const char *suffix)
{
	static char paths[16][700];
	static size_t next;
	char *path = paths[next++ % COUNT(paths)];

	snprintf(path, sizeof(paths[0]), "%s%s", f->vault, suffix);
	return path;
}

void
expect_code(int result, int wanted, const struct vault_error *e)
{
	char text[400] = "";

	if (result == wanted && (wanted == 0 || (int)e->code == wanted))
		return;
	if (result != 0)
		vault_message(e, text, sizeof(text));
	fail_msg("result %d, not %d: %s", result, wanted, text);
}

struct secret *
fixture_secret(const char *text)
{
	struct secret *s = secret_copy(text, strlen(text));

	assert_non_null(s);
	return s;
}

struct vault *
fixture_create(const struct fixture *f)
{
	struct secret *pass = fixture_secret(OLD_PASS);
	struct vault_error e;
	struct vault *v;

	expect_code(vault_create(&f->place, pass, &fixture_kdf, &v, &e), 0, &e);
	secret_free(pass);
	return v;
}

struct vault *
fixture_open(const struct fixture *f, const char *text)
{
	struct secret *pass = fixture_secret(text);
	struct vault_error e;
	struct vault *v;

	expect_code(vault_open(&f->place, pass, &v, &e), 0, &e);
	secret_free(pass);
	return v;
}

int
fixture_try(const struct vault_place *place, const char *text)
{
	struct secret *pass = fixture_secret(text);
	struct vault *v = (struct vault *)&pass;
	struct vault_error e;
	const int r = vault_open(place, pass, &v, &e);

	assert_int_equal(v == NULL, r != 0);
	if (r != 0)
		assert_int_equal(e.code, r);
	vault_close(v);
	secret_free(pass);
	return r;
}

void
fixture_put(struct vault *v, const char *name)
{
	struct secret *payload = fixture_secret(name);
	const struct vault_put put = { name, 7, (const uint8_t *)"info", 4,
		payload };
	struct vault_error e;

	expect_code(vault_put(v, &put, NULL, &e), 0, &e);
	secret_free(payload);
}

void
fixture_commit(struct vault *v)
{
	struct vault_error e;

	expect_code(vault_commit(v, &e), 0, &e);
}

void
fixture_add(struct vault *v, const char *name)
{
	struct vault_error e;

	expect_code(vault_begin(v, &e), 0, &e);
	fixture_put(v, name);
	fixture_commit(v);
}

void
fixture_passwd(struct vault *v, const char *text)
{
	struct secret *pass = fixture_secret(text);
	struct vault_error e;

	expect_code(vault_set_passphrase(v, pass, &fixture_kdf, &e), 0, &e);
	secret_free(pass);
}

void
expect_payload(const struct vault *v, const char *name, const char *text)
{
	const struct vault_entry *entry = vault_find(v, name);
	struct secret *payload;
	struct vault_error e;

	assert_non_null(entry);
	assert_string_equal(entry->name, name);
	expect_code(vault_get(v, entry->id, &payload, &e), 0, &e);
	assert_int_equal(secret_len(payload), strlen(text));
	assert_memory_equal(secret_bytes(payload), text, strlen(text));
	secret_free(payload);
}

void
expect_names(const struct vault *v, const char *names)
{
	char found[1024] = "";
	size_t len = 0;

	for (size_t i = 0; i < vault_count(v) && len < sizeof(found); i++) {
		const struct vault_entry *entry = vault_at(v, i);

		len += (size_t)snprintf(found + len, sizeof(found) - len,
		    "%s%s", i > 0 ? " " : "", entry->name);
		assert_ptr_equal(vault_find(v, entry->name), entry);
	}
	assert_string_equal(found, names);
	assert_int_equal(vault_verify(v, NULL), 0);
}

struct copy
file_copy(const char *path)
{
	struct copy c = { NULL, 0 };
	struct stat st;
	const int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &st) != 0)
		fail_msg("%s cannot be read", path);
	c.len = (size_t)st.st_size;
	c.data = malloc(c.len + 1);
	assert_non_null(c.data);
	assert_int_equal(read(fd, c.data, c.len), c.len);
	close(fd);
	return c;
}

void
file_make(const char *path, struct copy c, mode_t mode)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, c.data, c.len), c.len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

bool
file_is(const char *path, struct copy c)
{
	struct copy now = file_copy(path);
	const bool same =
	    now.len == c.len && memcmp(now.data, c.data, c.len) == 0;

	copy_free(&now);
	return same;
}

bool
file_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

mode_t
file_mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

void
copy_free(struct copy *c)
{
	free(c->data);
	*c = (struct copy){ NULL, 0 };
}

int
fixture_restore(const struct fixture *f, const char *file, const char *text)
{
	struct secret *pass = fixture_secret(text);
	struct vault_error e = { .code = VAULT_OK };
	const int r = vault_restore(&f->place, file, pass, &e);

	assert_int_equal(r, e.code);
	secret_free(pass);
	return r;
}

void
fixture_generations(const struct fixture *f)
{
	struct vault *v = fixture_create(f);
	struct copy c;

	fixture_add(v, "one");
	c = file_copy(f->vault);
	file_make(fixture_path(f, ".old"), c, 0644);
	fixture_add(v, "two");
	vault_close(v);
	copy_free(&c);
}
