/* SPDX-License-Identifier: ISC */

/* From what the agent tells to what the inventory asks for. */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/base/base64.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/cli/vault_keys.h"

void
vault_keys_clear(struct vault_keys *keys)
{
	for (size_t i = 0; i < keys->count && keys->blobs != NULL; i++)
		free(keys->blobs[i]);
	free(keys->blobs);
	free(keys->list);
	keeper_keys_clear(&keys->keys);
	memset(keys, 0, sizeof(*keys));
}

/* The blob in "type base64 comment"; none for a key of an unknown kind. */
static bool
set_blob(struct vault_keys *keys, size_t i)
{
	const char *at = keys->keys.list[i].public_line;
	struct buf blob = BUF_INIT;

	at += strcspn(at, " ");
	at += strspn(at, " ");
	if (base64_decode(&blob, at, strcspn(at, " ")) && blob.len > 0) {
		keys->blobs[i] = blob.data; /* is freed there */
		keys->list[i].blob = blob.data;
		keys->list[i].len = blob.len;
		blob = (struct buf)BUF_INIT;
	}
	buf_free(&blob);
	return buf_ok(&blob);
}

int
vault_keys_from(
    struct keeper_keys *list, struct vault_keys *keys, struct err *e)
{
	memset(keys, 0, sizeof(*keys));
	keys->keys = *list;
	memset(list, 0, sizeof(*list));
	keys->known = true;
	keys->count = keys->keys.count;
	keys->list = calloc(keys->count + 1, sizeof(*keys->list));
	keys->blobs = calloc(keys->count + 1, sizeof(*keys->blobs));
	if (keys->list == NULL || keys->blobs == NULL)
		goto fail;
	for (size_t i = 0; i < keys->count; i++) {
		keys->list[i].name = keys->keys.list[i].name;
		keys->list[i].fingerprint = keys->keys.list[i].fingerprint;
		keys->list[i].ec2_created = keys->keys.list[i].ec2_created;
		keys->list[i].ec2_imported = keys->keys.list[i].ec2_imported;
		if (!set_blob(keys, i))
			goto fail;
	}
	return 0;
fail:
	vault_keys_clear(keys);
	return err_set(e, ERR_NOMEM, "out of memory");
}

int
vault_keys_public(struct client *c, struct vault_keys *keys, struct err *e)
{
	struct keeper_keys list = { 0 };
	int r;

	memset(keys, 0, sizeof(*keys));
	r = client_keys_public(c, &list, e);
	if (r == ERR_LOCKED || r == ERR_NOT_FOUND)
		return 0;
	return r != 0 ? r : vault_keys_from(&list, keys, e);
}
