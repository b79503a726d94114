/* SPDX-License-Identifier: ISC */

/*
 * What the drivers of the fault tests have in common: the places, the
 * passphrases, records that are the same at every run, and small file helpers
 * that give up loudly (a broken test must not look like a passed one).
 */

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vault/secret.h"
#include "vault/vault.h"

#include "scene.h"

const struct vault_kdf scene_kdf = { VAULT_KDF_MEMORY_MIN, 1 };

void
scene_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("fault test broken: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(3);
}

void
scene_path(const struct scene *s, const char *name, char *out)
{
	int n = snprintf(out, SCENE_PATH, "%s/%s", s->dir, name);

	if (n < 0 || n >= SCENE_PATH)
		scene_die("path too long");
}

void
scene_init(struct scene *s, const char *dir)
{
	memset(s, 0, sizeof(*s));
	if (strlen(dir) >= sizeof(s->dir) - 32)
		scene_die("path too long");
	memcpy(s->dir, dir, strlen(dir) + 1);
	scene_path(s, "v/vault", s->vault);
	scene_path(s, "s/seen", s->seen);
	s->place.path = s->vault;
	s->place.seen = s->seen;
}

struct secret *
scene_pass(const char *which)
{
	struct secret *s;
	char text[64];

	snprintf(
	    text, sizeof(text), "the %s " SCENE_NEEDLE " passphrase", which);
	if ((s = secret_copy(text, strlen(text))) == NULL)
		scene_die("out of memory");
	return s;
}

struct secret *
scene_payload(const char *seed, size_t size)
{
	struct secret *s;
	char text[256];
	size_t len, i;

	len = (size_t)snprintf(text, sizeof(text),
	    SCENE_NEEDLE " payload of %s, %zu bytes; ", seed, size);
	if ((s = secret_new(size)) == NULL || !secret_set_len(s, size))
		scene_die("out of memory");
	for (i = 0; i < size; i++)
		secret_data(s)[i] = (uint8_t)text[i % len];
	return s;
}

int
scene_put(struct vault *v, const char *seed, size_t size, struct vault_error *e)
{
	struct secret *payload = scene_payload(seed, size);
	char info[256];
	struct vault_put put = {
		.name = seed,
		.type = 1,
		.info = (const uint8_t *)info,
		.payload = payload,
	};
	int r;

	put.info_len = (size_t)snprintf(
	    info, sizeof(info), SCENE_NEEDLE " info of %s", seed);
	r = vault_put(v, &put, NULL, e);
	secret_free(payload);
	return r;
}

static bool
record_matches(const struct vault *v, const struct want *want)
{
	const struct vault_entry *entry;
	struct secret *have = NULL, *must = NULL;
	char info[256];
	bool same = false;

	if (want->info != NULL)
		snprintf(info, sizeof(info), "%s", want->info);
	else
		snprintf(
		    info, sizeof(info), SCENE_NEEDLE " info of %s", want->seed);
	entry = vault_find(v, want->name);
	if (entry == NULL || entry->type != 1 ||
	    entry->info_len != strlen(info) ||
	    memcmp(entry->info, info, strlen(info)) != 0)
		return false;
	if (vault_get(v, entry->id, &have, NULL) == 0) {
		must = scene_payload(want->seed, secret_len(have));
		same = secret_len(have) > 0 && secret_equal(have, must);
	}
	secret_free(have);
	secret_free(must);
	return same;
}

bool
scene_matches(const struct vault *v, const struct state *state)
{
	size_t i;

	if (vault_count(v) != state->count)
		return false;
	for (i = 0; i < state->count; i++)
		if (!record_matches(v, &state->list[i]))
			return false;
	return true;
}

uint8_t *
scene_read(const char *path, size_t *len)
{
	struct stat st;
	uint8_t *data = NULL;
	int fd;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		*len = (size_t)st.st_size;
		data = malloc(*len + 1);
		if (data == NULL || read(fd, data, *len) != st.st_size)
			scene_die("%s: cannot read", path);
	}
	close(fd);
	return data;
}

void
scene_write(const char *path, const void *data, size_t len, unsigned mode)
{
	int fd;

	if (unlink(path) == -1 && errno != ENOENT)
		scene_die("%s: %s", path, strerror(errno));
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1 || write(fd, data, len) != (ssize_t)len ||
	    fchmod(fd, mode) == -1 || close(fd) == -1)
		scene_die("%s: %s", path, strerror(errno));
}

int
scene_try(const struct scene *s, const char *file, const char *pass,
    struct vault **vp)
{
	char folder[SCENE_PATH], path[SCENE_PATH];
	struct vault_place place = { .path = path };
	struct secret *secret;
	struct vault *v = NULL;
	uint8_t *data;
	size_t len;
	int r;

	if ((data = scene_read(file, &len)) == NULL)
		return VAULT_ENOVAULT;
	scene_path(s, "try", folder);
	scene_path(s, "try/vault", path);
	mkdir(folder, 0700);
	chmod(folder, 0700);
	scene_write(path, data, len, 0400);
	free(data);
	secret = scene_pass(pass);
	r = vault_open(&place, secret, &v, NULL);
	secret_free(secret);
	unlink(path);
	if (vp != NULL)
		*vp = v;
	else
		vault_close(v);
	return r;
}

static int
save_two(struct vault *v, const char *one, const char *two, size_t size,
    struct vault_error *e)
{
	int r;

	if ((r = vault_begin(v, e)) != 0)
		return r;
	if ((r = scene_put(v, one, size, e)) != 0)
		return r;
	if (two != NULL && (r = scene_put(v, two, size, e)) != 0)
		return r;
	return vault_commit(v, e);
}

int
scene_make(struct scene *s, size_t size, struct vault_error *e)
{
	static const char first[] = "pemkeep-seen 1\n" SCENE_OTHER;
	struct secret *pass = scene_pass("old");
	struct vault *v = NULL;
	char path[SCENE_PATH];
	const char *const *folder;
	static const char *const folders[] = { "v", "s", NULL };
	uint8_t *data;
	size_t len;
	int r;

	if (mkdir(s->dir, 0700) == -1 && errno != EEXIST)
		scene_die("%s: %s", s->dir, strerror(errno));
	for (folder = folders; *folder != NULL; folder++) {
		scene_path(s, *folder, path);
		if (mkdir(path, 0700) == -1 && errno != EEXIST)
			scene_die("%s: %s", path, strerror(errno));
		if (chmod(path, 0700) == -1)
			scene_die("%s: %s", path, strerror(errno));
	}
	scene_write(s->seen, first, strlen(first), 0600);
	if ((r = vault_create(&s->place, pass, &scene_kdf, &v, e)) != 0)
		goto out;
	if ((r = save_two(v, "needle-alpha", "needle-bravo", size, e)) != 0)
		goto out;
	if ((data = scene_read(s->vault, &len)) == NULL)
		scene_die("%s: cannot read", s->vault);
	scene_path(s, "old", path);
	scene_write(path, data, len, 0400);
	free(data);
	r = save_two(v, "needle-charlie", NULL, size, e);
out:
	vault_close(v);
	secret_free(pass);
	return r;
}

const char *
scene_code(int code)
{
	static const char *const names[] = { "OK", "ESYSTEM", "ENOMEM",
		"ENOKDFMEM", "ENOVAULT", "EEXISTS", "EMODE", "EOWNER", "EKIND",
		"ENOTVAULT", "EVERSION", "EDAMAGED", "ECOST", "EPASSPHRASE",
		"ENOSTANZA", "ELOCKED", "EROLLBACK", "EFORK", "ECHANGED",
		"ENOTFOUND", "ENAME", "ETAKEN", "EFULL", "ESTANZA", "EUNSURE",
		"EUSE" };

	if (code > 0 || (size_t)-code >= sizeof(names) / sizeof(names[0]))
		return "E?";
	return names[-code];
}
