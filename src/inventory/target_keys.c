/* SPDX-License-Identifier: ISC */
/*
 * Which key opens this host?  What somebody has said counts alone, and a key
 * that is not there is an error; only where nobody has said anything is there
 * guessing, and never with more keys than a server takes.
 */

#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "pemkeep/base/base64.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/path.h"
#include "pemkeep/base/replace.h"
#include "pemkeep/base/utf8.h"
#include "pemkeep/inventory/learned.h"

#include "src/inventory/hosts_internal.h"
#include "src/inventory/inventory_internal.h"
#include "src/inventory/ssh_config.h"
#include "src/inventory/target_internal.h"

#define PUBLIC_MAX 0x4000u /* bytes, of a .pub file */

static bool
same_name(const char *a, const char *b)
{
	struct buf x = BUF_INIT, y = BUF_INIT;
	bool same;

	utf8_compose_hangul(&x, a);
	utf8_compose_hangul(&y, b);
	same =
	    strcmp(buf_text(&x), buf_text(&y)) == 0 && buf_ok(&x) && buf_ok(&y);
	buf_free(&x);
	buf_free(&y);
	return same;
}

/* By name, by fingerprint: SIZE_MAX when there is none. */
static size_t
find_name(const struct inventory_question *q, const char *name)
{
	for (size_t i = 0; i < q->key_count; i++)
		if (same_name(q->keys[i].name, name))
			return i;
	return SIZE_MAX;
}

static size_t
find_fingerprint(const struct inventory_question *q, const char *fingerprint)
{
	for (size_t i = 0; i < q->key_count; i++)
		if (q->keys[i].fingerprint != NULL &&
		    strcmp(q->keys[i].fingerprint, fingerprint) == 0)
			return i;
	return SIZE_MAX;
}

/* A key that somebody has named; 'where' is put before the words. */
static int
add_named(struct target *t, const struct inventory_question *q,
    const char *name, const char *where, const char *source, struct err *e)
{
	const struct inventory_key unknown = { .name = name };
	size_t i = find_name(q, name);

	if (i != SIZE_MAX)
		return target_add_key(t, &q->keys[i], i, source, e);
	if (!q->keys_known)
		return target_add_key(t, &unknown, SIZE_MAX, source, e);
	err_set(e, ERR_NOT_FOUND, "%sthere is no key '%s' in the vault", where,
	    name);
	err_hint(e, "pemkeep keys");
	return ERR_NOT_FOUND;
}

static int
add_from_host(struct target *t, const struct inventory_question *q,
    const struct hosts *hosts, const struct host *host, struct err *e)
{
	unsigned long line =
	    host->key_line != 0 ? host->key_line : host->fingerprint_line;
	struct buf source = BUF_INIT, where = BUF_INIT;
	size_t by_print = SIZE_MAX;
	int r;

	buf_printf(&source, "%s:%lu", hosts->path, line);
	buf_printf(&where, "%s: ", buf_text(&source));
	if (host->fingerprint != NULL)
		by_print = find_fingerprint(q, host->fingerprint);
	if (by_print != SIZE_MAX) /* also when it was renamed */
		r = target_add_key(
		    t, &q->keys[by_print], by_print, buf_text(&source), e);
	else if (host->fingerprint == NULL)
		r = add_named(
		    t, q, host->key, buf_text(&where), buf_text(&source), e);
	else if (q->keys_known)
		r = err_set(e, ERR_NOT_FOUND,
		    "%sthere is no key with the fingerprint %s in the vault",
		    buf_text(&where), host->fingerprint);
	else
		r = target_add_key(t,
		    &(const struct inventory_key){
			.name = host->key != NULL ? host->key : "",
			.fingerprint = host->fingerprint },
		    SIZE_MAX, buf_text(&source), e);
	buf_free(&source);
	buf_free(&where);
	return r;
}

/* "type base64 comment": the key with this public half. */
static size_t
find_public(const struct inventory_key *keys, size_t count, const char *text)
{
	const char *at = text + strcspn(text, " \t");
	struct buf blob = BUF_INIT;
	size_t found = SIZE_MAX;

	at += strspn(at, " \t");
	if (base64_decode(&blob, at, strcspn(at, " \t\r\n")))
		for (size_t i = 0; i < count; i++)
			if (keys[i].len == blob.len && blob.len > 0 &&
			    memcmp(keys[i].blob, blob.data, blob.len) == 0)
				found = i;
	buf_free(&blob);
	return found;
}

/* The name that pemkeep import gives a file. */
static size_t
find_file_name(const struct inventory_question *q, const char *path)
{
	static const char *const endings[] = { ".pem", ".ppk", ".key" };
	struct buf name = BUF_INIT;
	size_t found, len;

	buf_put_text(&name, path_base(path));
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		len = strlen(endings[i]);
		if (name.len > len &&
		    memcmp(name.data + name.len - len, endings[i], len) == 0) {
			name.len -= len;
			break;
		}
	}
	found = find_name(q, buf_text(&name));
	buf_free(&name);
	return found;
}

/* The vault's key for an IdentityFile, which itself is never read. */
static size_t
find_file(const struct inventory_question *q, const char *file)
{
	const struct passwd *pw = getpwuid(geteuid());
	struct buf path = BUF_INIT, text = BUF_INIT;
	size_t found = SIZE_MAX, len = strlen(file);
	struct stat st;
	int fd;

	if (strncmp(file, "~/", 2) == 0 && pw != NULL)
		buf_printf(&path, "%s/%s", pw->pw_dir, file + 2);
	else
		buf_put_text(&path, file);
	if (len < 4 || strcmp(file + len - 4, ".pub") != 0)
		buf_put_text(&path, ".pub");
	fd = path_open_regular(buf_text(&path), &st, NULL);
	if (fd >= 0 &&
	    replace_read(fd, buf_text(&path), PUBLIC_MAX, &text, NULL) == 0)
		found = find_public(q->keys, q->key_count, buf_text(&text));
	if (fd >= 0)
		close(fd);
	else
		found = find_file_name(q, file);
	buf_free(&path);
	buf_free(&text);
	return found;
}

static int
add_from_config(struct target *t, const struct inventory_question *q,
    const struct target_found *found, struct err *e)
{
	const struct ssh_config_host *config = found->config;
	struct buf source = BUF_INIT;
	int r = 0;

	for (size_t i = 0; i < config->file_count && r == 0; i++) {
		size_t k = find_file(q, config->files[i]);

		if (k == SIZE_MAX)
			continue;
		buf_clear(&source);
		buf_printf(&source, "IdentityFile %s (%s)", config->files[i],
		    found->where);
		r = target_add_key(t, &q->keys[k], k, buf_text(&source), e);
	}
	buf_free(&source);
	return r;
}

/* EC2 pads base64 with '=', or not. */
static bool
same_print(const char *ours, const char *theirs)
{
	size_t n, m;

	if (ours == NULL)
		return false;
	n = strlen(ours);
	m = strlen(theirs);
	while (n > 0 && ours[n - 1] == '=')
		n--;
	while (m > 0 && theirs[m - 1] == '=')
		m--;
	return n > 0 && n == m && memcmp(ours, theirs, n) == 0;
}

size_t
target_pair_key(const struct inventory_key *keys, size_t count,
    const struct cache_instance *i, const char **how)
{
	size_t found = find_public(keys, count, i->pair_public);

	*how = "public key";
	if (found != SIZE_MAX)
		return found;
	*how = "fingerprint";
	for (size_t k = 0; k < count; k++)
		if (same_print(keys[k].ec2_created, i->pair_fingerprint) ||
		    same_print(keys[k].ec2_imported, i->pair_fingerprint))
			return k;
	return SIZE_MAX;
}

/* *sure: nothing else is worth trying. */
static int
add_from_instance(struct target *t, const struct inventory_question *q,
    const struct cache_instance *i, bool *sure, struct err *e)
{
	const struct learned_file *file = q->inventory->learned;
	const struct learned learned = learned_find(file, i->id);
	bool known =
	    i->pair_public[0] != '\0' || i->pair_fingerprint[0] != '\0';
	struct buf source = BUF_INIT;
	const char *how;
	size_t k;
	int r = 0;

	k = target_pair_key(q->keys, q->key_count, i, &how);
	if (k != SIZE_MAX) {
		buf_printf(
		    &source, "%s of the key pair '%s'", how, i->key_pair);
		r = target_add_key(t, &q->keys[k], k, buf_text(&source), e);
	}
	t->key_missing = known && q->keys_known && k == SIZE_MAX;
	if (r == 0 && learned.key != NULL &&
	    (k = find_fingerprint(q, learned.key)) != SIZE_MAX) {
		buf_clear(&source);
		buf_printf(&source, "learned: %s:%lu", learned_path(file),
		    learned.line);
		r = target_add_key(t, &q->keys[k], k, buf_text(&source), e);
	}
	if (r == 0 && i->key_pair[0] != '\0' &&
	    (k = find_name(q, i->key_pair)) != SIZE_MAX)
		r = target_add_key(
		    t, &q->keys[k], k, "it has the key pair's name", e);
	if (r == 0 && !buf_ok(&source))
		r = err_set(e, ERR_NOMEM, "out of memory");
	buf_free(&source);
	*sure = known || t->key_count > 0;
	return r;
}

int
target_choose_keys(struct target *t, const struct inventory_question *q,
    const struct target_found *found, struct err *e)
{
	const struct host *host = found->host;
	bool sure = false;
	size_t same;
	int r = 0;

	if (q->key != NULL)
		return add_named(t, q, q->key, "", "-k", e);
	if (host != NULL && (host->key != NULL || host->fingerprint != NULL))
		return add_from_host(t, q, found->hosts, host, e);
	if (found->config != NULL && (r = add_from_config(t, q, found, e)) != 0)
		return r;
	if (found->instance != NULL &&
	    (r = add_from_instance(t, q, found->instance, &sure, e)) != 0)
		return r;
	if (t->key_count > 0 || sure)
		return 0;
	if ((same = find_name(q, found->name)) != SIZE_MAX)
		r = target_add_key(
		    t, &q->keys[same], same, "it has the host's name", e);
	for (size_t i = 0;
	     i < q->key_count && q->key_count <= TARGET_KEYS_MAX && r == 0; i++)
		r = target_add_key(t, &q->keys[i], i,
		    q->key_count == 1 ? "the only key in the vault"
				      : "one of a few keys in the vault",
		    e);
	return r;
}
