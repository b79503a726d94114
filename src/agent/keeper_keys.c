/* SPDX-License-Identifier: ISC */

/* What the vault says about its keys: the list, and how one is found. */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/utf8.h"
#include "pemkeep/keys/keyfile.h"
#include "pemkeep/keys/pubkey.h"
#include "vault/secret.h"
#include "vault/sshkey.h"

#include "src/agent/keeper_internal.h"

/* The content of a buf as a string of its own; the buf is emptied. */
static char *
take(struct buf *b)
{
	char *text = strdup(buf_text(b));

	if (!buf_ok(b)) {
		free(text);
		text = NULL;
	}
	buf_clear(b);
	return text;
}

static void
public_facts(
    const struct vault_sshkey *info, const char *name, struct keeper_key *key)
{
	const uint8_t *blob = info->public_key;
	size_t len = info->public_key_len;
	struct pubkey_facts facts;
	struct buf b = BUF_INIT;

	if (pubkey_facts(blob, len, &facts, NULL) == 0) {
		key->type = strdup(key_word(facts.type));
		key->bits = facts.bits;
	}
	/* A form that does not exist for this type stays empty. */
	if (pubkey_fingerprint(blob, len, &b) != 0)
		buf_clear(&b);
	key->fingerprint = take(&b);
	if (pubkey_ec2_created(blob, len, info->ec2_sha1, &b, NULL) != 0)
		buf_clear(&b);
	key->ec2_created = take(&b);
	if (pubkey_ec2_imported(blob, len, &b, NULL) != 0)
		buf_clear(&b);
	key->ec2_imported = take(&b);
	if (pubkey_line(blob, len, name, &b, NULL) != 0)
		buf_clear(&b);
	key->public_line = take(&b);
	buf_free(&b);
}

static char *
or_empty(char *text)
{
	return text != NULL ? text : strdup("");
}

int
keeper_facts(
    const struct vault_entry *entry, struct keeper_key *key, struct err *e)
{
	struct vault_sshkey info;
	bool newer;

	memset(key, 0, sizeof(*key));
	key->format = "";
	key->name = strdup(entry->name);
	if (entry->type == VAULT_TYPE_SSHKEY &&
	    vault_sshkey_parse(entry->info, entry->info_len, &info, &newer)) {
		public_facts(&info, entry->name, key);
		key->created = info.created;
		key->encrypted = (info.format & VAULT_SSHKEY_ENCRYPTED) != 0;
		key->confirm = (info.flags & VAULT_SSHKEY_CONFIRM) != 0;
		key->source = strndup(
		    info.source != NULL ? info.source : "", info.source_len);
		key->comment = strndup(
		    info.comment != NULL ? (const char *)info.comment : "",
		    info.comment_len);
		if (info.source != NULL)
			key->format = keyfile_format_name((enum keyfile_format)(
			    info.format & ~VAULT_SSHKEY_ENCRYPTED));
	}
	if (key->type == NULL)
		key->type = strdup("?");
	key->fingerprint = or_empty(key->fingerprint);
	key->ec2_created = or_empty(key->ec2_created);
	key->ec2_imported = or_empty(key->ec2_imported);
	key->public_line = or_empty(key->public_line);
	key->source = or_empty(key->source);
	key->comment = or_empty(key->comment);
	if (key->name != NULL && key->type != NULL &&
	    key->fingerprint != NULL && key->ec2_created != NULL &&
	    key->ec2_imported != NULL && key->public_line != NULL &&
	    key->source != NULL && key->comment != NULL)
		return 0;
	keeper_key_clear(key);
	return err_set(e, ERR_NOMEM, "out of memory");
}

static int
by_name(const void *a, const void *b)
{
	const struct keeper_key *left = a, *right = b;

	return strcmp(left->name, right->name);
}

size_t
keeper_count(const struct keeper *k)
{
	return k->vault != NULL ? vault_count(k->vault) : 0;
}

int
keeper_list(struct keeper *k, struct keeper_keys *keys, struct err *e)
{
	size_t count = vault_count(k->vault);
	int r;

	keys->count = 0;
	if ((keys->list = calloc(count + 1, sizeof(*keys->list))) == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	for (; keys->count < count; keys->count++) {
		r = keeper_facts(vault_at(k->vault, keys->count),
		    &keys->list[keys->count], e);
		if (r != 0) {
			keeper_keys_clear(keys);
			return r;
		}
	}
	qsort(keys->list, count, sizeof(*keys->list), by_name);
	return 0;
}

int
keeper_name(const char *name, struct buf *out, struct err *e)
{
	size_t len;

	buf_clear(out);
	utf8_compose_hangul(out, name);
	len = strlen(buf_text(out));
	if (!buf_ok(out))
		return err_set(e, ERR_NOMEM, "out of memory");
	if (vault_name_ok(buf_text(out)) && *name != '-' && *name != ' ' &&
	    name[strlen(name) - 1] != ' ')
		return 0;
	err_set(e, ERR_USAGE,
	    len == 0 ? "a key's name cannot be empty"
		     : "'%s' cannot be a key's name",
	    name);
	err_hint(e,
	    "1 to %d bytes of UTF-8, without '/' and control "
	    "characters, no '-' in front, no blank at the ends",
	    VAULT_NAME_MAX);
	return ERR_USAGE;
}

int
keeper_find(const struct keeper *k, const char *name,
    const struct vault_entry **entryp, struct err *e)
{
	struct buf composed = BUF_INIT;

	*entryp = vault_find(k->vault, name);
	if (*entryp == NULL) {
		utf8_compose_hangul(&composed, name);
		*entryp = vault_find(k->vault, buf_text(&composed));
		buf_free(&composed);
	}
	if (*entryp != NULL)
		return 0;
	err_set(e, ERR_NOT_FOUND, "there is no key '%s' in the vault", name);
	err_hint(e, "pemkeep keys lists them");
	return ERR_NOT_FOUND;
}

int
keeper_public(
    struct keeper *k, const char *name, struct keeper_key *key, struct err *e)
{
	const struct vault_entry *entry;
	int r;

	memset(key, 0, sizeof(*key));
	if ((r = keeper_find(k, name, &entry, e)) != 0)
		return r;
	return keeper_facts(entry, key, e);
}

int
keeper_private(const struct keeper *k, const struct vault_entry *entry,
    struct secret **derp, struct secret **originalp, struct err *e)
{
	struct vault_error ve;
	struct secret *payload;
	int r;

	*derp = NULL;
	*originalp = NULL;
	if (entry->type != VAULT_TYPE_SSHKEY) {
		err_set(e, ERR_UNSUPPORTED,
		    "'%s' is of a kind that this version does not know",
		    entry->name);
		err_hint(e, "update pemkeep on this machine");
		return ERR_UNSUPPORTED;
	}
	if (vault_get(k->vault, entry->id, &payload, &ve) != 0)
		return keeper_vault_error(k, &ve, e);
	r = vault_sshkey_unpack(payload, derp, originalp);
	secret_free(payload);
	if (r == VAULT_SSHKEY_NOMEM)
		return err_set(e, ERR_NOMEM, "out of memory");
	if (r == VAULT_SSHKEY_NEWER)
		return err_set(e, ERR_UNSUPPORTED,
		    "'%s' was saved by a newer version", entry->name);
	if (r != VAULT_SSHKEY_OK)
		return err_set(e, ERR_UNTRUSTED,
		    "the record of '%s' is damaged (rule 30)", entry->name);
	return 0;
}
