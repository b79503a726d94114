/* SPDX-License-Identifier: ISC */

/*
 * The keys to log in with.  A key is a public half here, and signing is asked of
 * a keeper: of the agent for one in the vault, else of the file's own.
 */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/base/base64.h"
#include "pemkeep/base/err.h"
#include "pemkeep/inventory/target.h"

#include "src/cli/cli.h"
#include "src/cli/connect.h"

/* The blob in "ssh-ed25519 AAAA… comment". */
static bool
blob_of(const char *line, struct buf *blob)
{
	const char *at = line + strcspn(line, " ");

	at += *at == ' ';
	return base64_decode(blob, at, strcspn(at, " "));
}

static int
know(struct connect_keys *k, struct err *e)
{
	size_t n = k->all.count;

	k->known = true;
	if (n == 0)
		return 0;
	k->facts = calloc(n, sizeof(*k->facts));
	k->blobs = calloc(n, sizeof(*k->blobs));
	if (k->facts == NULL || k->blobs == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		k->facts[i].name = k->all.list[i].name;
		k->facts[i].fingerprint = k->all.list[i].fingerprint;
		if (!blob_of(k->all.list[i].public_line, &k->blobs[i]))
			continue; /* damaged: it has a name only */
		k->facts[i].blob = k->blobs[i].data;
		k->facts[i].len = k->blobs[i].len;
	}
	return 0;
}

/*
 * With -i no vault is needed.  Without -k one may be missing: the server may
 * take a password.
 */
int
connect_keys_start(struct connect_keys *k, const struct cli *cli,
    const struct connect_options *o, struct err *e)
{
	int r;

	k->cli = cli;
	k->options = o;
	if (o->file != NULL)
		return 0;
	if ((r = session_start(cli, &k->client, e)) != 0)
		return r;
	if (client_keys_public(k->client, &k->all, e) == 0)
		return know(k, e);
	if ((r = client_unlock(k->client, 0, e)) == 0)
		r = client_list(k->client, &k->all, e);
	if (r == ERR_NOT_FOUND && o->key == NULL)
		return know(k, e);
	return r == 0 ? know(k, e) : r;
}

static int
offer_file(struct connect_keys *k, const char *path, struct err *e)
{
	struct buf *blob = &k->file_blobs[k->count];
	int r;

	r = connect_file_load(k->cli, path, &k->files[k->count], blob, e);
	if (r != 0)
		return r;
	k->list[k->count].blob = blob->data;
	k->list[k->count++].len = blob->len;
	return 0;
}

int
connect_keys_choose(
    struct connect_keys *k, const struct target *t, struct err *e)
{
	int r = 0;

	if (k->options->file != NULL)
		return offer_file(k, k->options->file, e);
	for (size_t i = 0; i < t->key_count && k->count < SSH_KEYS_MAX; i++) {
		size_t n = t->keys[i].index;

		if (n < k->all.count && k->facts[n].blob != NULL) {
			k->list[k->count].blob = k->facts[n].blob;
			k->list[k->count++].len = k->facts[n].len;
		} else if (t->keys[i].name[0] == '/') {
			r = offer_file(k, t->keys[i].name, e);
			if (r != 0 && !k->options->quiet)
				out_warning(e->text, e->hint);
		}
	}
	return 0;
}

void
connect_keys_clear(struct connect_keys *k)
{
	for (size_t i = 0; i < SSH_KEYS_MAX; i++) {
		buf_free(&k->file_blobs[i]);
		client_free(k->files[i]);
	}
	for (size_t i = 0; k->blobs != NULL && i < k->all.count; i++)
		buf_free(&k->blobs[i]);
	free(k->blobs);
	free(k->facts);
	keeper_keys_clear(&k->all);
	client_free(k->client);
	memset(k, 0, sizeof(*k));
}

int
connect_keys_sign(struct connect_keys *k, const uint8_t *blob, size_t blob_len,
    const char *algorithm, const void *data, size_t len, struct buf *signature,
    struct err *e)
{
	struct client *keeper = k->client;

	for (size_t i = 0; i < k->count; i++)
		if (k->files[i] != NULL && k->list[i].len == blob_len &&
		    memcmp(k->list[i].blob, blob, blob_len) == 0)
			keeper = k->files[i];
	return client_sign(
	    keeper, blob, blob_len, algorithm, data, len, signature, e);
}
