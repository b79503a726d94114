/* SPDX-License-Identifier: ISC */

/*
 * The public halves as files.  ssh offers the agent's keys one after the other,
 * and a server ends that after a few: it has to be told which one.  A public key
 * is enough for that, and no secret.
 */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/base64.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/path.h"
#include "pemkeep/base/replace.h"
#include "pemkeep/base/utf8.h"
#include "pemkeep/inventory/cache.h"
#include "pemkeep/inventory/target.h"
#include "pemkeep/keys/pubkey.h"

#include "src/cli/bridge.h"

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

/*
 * Quotes are put around it; what a shell, ssh or Ansible would change inside of
 * them is not to be had.
 */
int
bridge_check_path(const char *what, const char *path, struct err *e)
{
	size_t left = strlen(path), n;
	const char *at = path;
	uint32_t cp;

	for (; left > 0; at += n, left -= n) {
		n = utf8_decode(at, left, &cp);
		if (n == 0 || utf8_unsafe(cp) ||
		    (cp < 0x80 && strchr("\"$%'\\`{}!", (int)cp) != NULL))
			break;
	}
	if (left == 0 && path[0] == '/')
		return 0;
	err_set(e, ERR_UNSUPPORTED,
	    "the path of %s, '%s', has characters that ssh or a shell would "
	    "change",
	    what, path);
	err_hint(e, "put it at a path of letters, digits and . _ - /");
	return ERR_UNSUPPORTED;
}

/* Its SHA-256, with the letters that a file name can have. */
static int
put_path(const struct bridge *b, const uint8_t *blob, size_t len,
    struct buf *path, struct err *e)
{
	struct buf print = BUF_INIT;
	int r = pubkey_fingerprint(blob, len, &print);
	const char *at = buf_text(&print);

	if (r == 0) {
		buf_put(path, b->folder.data, b->folder.len);
		buf_put_text(path, "/");
		at += strcspn(at, ":");
		for (at += *at == ':'; *at != '\0'; at++)
			buf_put_u8(path,
			    (uint8_t)(*at == '/' ? '_'
				    : *at == '+' ? '-'
						 : *at));
		buf_put_text(path, ".pub");
	}
	(void)buf_text(path);
	r = r == 0 && buf_ok(path) && buf_ok(&print) ? 0 : no_memory(e);
	buf_free(&print);
	return r;
}

static int
write_file(const char *path, struct buf *line, struct err *e)
{
	struct replace *file = NULL;
	const struct buf *old;
	int r;

	if ((r = replace_begin(path, &file, e)) != 0)
		return r;
	old = replace_old(file);
	if (old->len != line->len || memcmp(old->data, line->data, old->len))
		r = replace_commit(file, line->data, line->len, e);
	replace_end(file);
	return r;
}

static int
write_key(struct bridge *b, const uint8_t *blob, size_t len, const char **path,
    struct err *e)
{
	struct buf line = BUF_INIT;
	struct bridge_key *list, *k;
	int r;

	for (size_t i = 0; i < b->written_count; i++) {
		k = &b->written[i];
		*path = (const char *)k->path.data;
		if (k->blob.len == len && memcmp(k->blob.data, blob, len) == 0)
			return 0;
	}
	*path = NULL;
	list = reallocarray(b->written, b->written_count + 1, sizeof(*list));
	if (list == NULL)
		return no_memory(e);
	b->written = list;
	k = &list[b->written_count++];
	memset(k, 0, sizeof(*k));
	buf_put(&k->blob, blob, len);
	if ((r = put_path(b, blob, len, &k->path, e)) == 0 &&
	    (r = pubkey_line(blob, len, "", &line, e)) == 0) {
		buf_put_text(&line, "\n");
		r = write_file((const char *)k->path.data, &line, e);
	}
	buf_free(&line);
	if (r == 0)
		*path = (const char *)k->path.data;
	return r;
}

/* "ssh-ed25519 AAAA… comment", as EC2 has it; false when it is no such line. */
static bool
read_line(const char *line, struct buf *blob)
{
	struct pubkey_facts facts;

	line += strcspn(line, " ");
	line += strspn(line, " ");
	return base64_decode(blob, line, strcspn(line, " \r\n")) &&
	    pubkey_facts(blob->data, blob->len, &facts, NULL) == 0;
}

/* The hosts file names a key of the vault. */
static const struct inventory_key *
named_key(const struct bridge *b, const struct host *host)
{
	for (size_t i = 0; i < b->keys.count; i++) {
		const struct inventory_key *k = &b->keys.list[i];

		if (host->fingerprint != NULL
			? strcmp(k->fingerprint, host->fingerprint) == 0
			: host->key != NULL && strcmp(k->name, host->key) == 0)
			return k;
	}
	return NULL;
}

/* Of the vault; else what EC2 knows, which is the same while it is locked. */
static int
find_key(struct bridge *b, struct bridge_host *h, struct err *e)
{
	const struct inventory_key *k = NULL;
	struct buf blob = BUF_INIT;
	int r = 0;

	if (h->fixed != NULL)
		k = named_key(b, h->fixed);
	else if (h->key < b->keys.count)
		k = &b->keys.list[h->key];
	if (k != NULL && k->blob != NULL)
		r = write_key(b, k->blob, k->len, &h->key_file, e);
	else if (h->instance != NULL && h->instance->pair_public[0] != '\0' &&
	    read_line(h->instance->pair_public, &blob))
		r = write_key(b, blob.data, blob.len, &h->key_file, e);
	buf_free(&blob);
	return r;
}

int
bridge_write_keys(struct bridge *b, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < b->count && r == 0; i++)
		r = find_key(b, &b->list[i], e);
	return r;
}

void
bridge_forget_keys(struct bridge *b)
{
	for (size_t i = 0; i < b->written_count; i++) {
		buf_free(&b->written[i].blob);
		buf_free(&b->written[i].path);
	}
	free(b->written);
}
