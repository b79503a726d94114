/* SPDX-License-Identifier: ISC */

/*
 * The keys to log in with.  A key is a public half here, and signing is asked of
 * a keeper: of the agent for one in the vault, else of the file's own.
 */

#include <string.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/base/err.h"
#include "pemkeep/inventory/target.h"

#include "src/cli/cli.h"
#include "src/cli/connect.h"

/* With -i no vault is needed. */
int
connect_keys_look(struct connect_keys *k, const struct cli *cli,
    const struct connect_options *o, struct err *e)
{
	int r;

	k->cli = cli;
	k->options = o;
	if (o->file != NULL)
		return 0;
	if ((r = session_start(cli, &k->client, e)) != 0)
		return r;
	(void)vault_keys_public(k->client, &k->vault, NULL);
	return 0;
}

/*
 * Without -k there may be no vault: the server may take a password.
 */
int
connect_keys_unlock(struct connect_keys *k, struct err *e)
{
	struct keeper_keys list = { 0 };
	int r;

	if (k->options->file != NULL || k->vault.known)
		return 0;
	if ((r = client_unlock(k->client, 0, e)) == 0)
		r = client_list(k->client, &list, e);
	if (r == 0)
		return vault_keys_from(&list, &k->vault, e);
	if (r != ERR_NOT_FOUND || k->options->key != NULL)
		return r;
	k->vault.known = true;
	return 0;
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

static void
forget_files(struct connect_keys *k)
{
	for (size_t i = 0; i < SSH_KEYS_MAX; i++) {
		buf_free(&k->file_blobs[i]);
		client_free(k->files[i]);
		k->files[i] = NULL;
	}
	k->count = 0;
}

int
connect_keys_choose(
    struct connect_keys *k, const struct target *t, struct err *e)
{
	const struct vault_keys *v = &k->vault;
	int r = 0;

	k->used = 0;
	if (k->options->file != NULL)
		return k->count > 0 ? 0 : offer_file(k, k->options->file, e);
	forget_files(k);
	for (size_t i = 0; i < t->key_count && k->count < SSH_KEYS_MAX; i++) {
		size_t n = t->keys[i].index;

		k->from[k->count] = i;
		if (n < v->count && v->list[n].blob != NULL) {
			k->list[k->count].blob = v->list[n].blob;
			k->list[k->count++].len = v->list[n].len;
		} else if (t->keys[i].name[0] == '/') {
			r = offer_file(k, t->keys[i].name, e);
			if (r != 0 && !k->options->quiet)
				out_warning(e->text, e->hint);
		}
	}
	return 0;
}

bool
connect_keys_used(const struct connect_keys *k, size_t *index)
{
	if (k->used == 0 || k->files[k->used - 1] != NULL)
		return false;
	*index = k->from[k->used - 1];
	return true;
}

void
connect_keys_clear(struct connect_keys *k)
{
	forget_files(k);
	vault_keys_clear(&k->vault);
	client_free(k->client);
	memset(k, 0, sizeof(*k));
}

int
connect_keys_sign(struct connect_keys *k, const uint8_t *blob, size_t blob_len,
    const char *algorithm, const void *data, size_t len, struct buf *signature,
    struct err *e)
{
	struct client *keeper = k->client;

	for (size_t i = 0; i < k->count; i++) {
		if (k->list[i].len != blob_len ||
		    memcmp(k->list[i].blob, blob, blob_len) != 0)
			continue;
		k->used = i + 1;
		if (k->files[i] != NULL)
			keeper = k->files[i];
	}
	return client_sign(
	    keeper, blob, blob_len, algorithm, data, len, signature, e);
}
