/* SPDX-License-Identifier: ISC */

/* Export, rename, set, remove. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pemkeep/keys/key.h"
#include "vault/secret.h"
#include "vault/sshkey.h"

#include "src/agent/keeper_internal.h"
#include "src/agent/keeper_log.h"

/* The file as it was, or for a key that was made here, as it would be. */
static int
file_of(const struct keeper *k, const struct vault_entry *entry,
    struct secret **filep, struct err *e)
{
	struct secret *der, *original;
	struct key *key = NULL;
	int r;

	*filep = NULL;
	if ((r = keeper_private(k, entry, &der, &original, e)) != 0)
		return r;
	if (original != NULL) {
		*filep = original;
		original = NULL;
	} else if ((r = key_from_pkcs8(der, &key, e)) == 0) {
		r = key_to_file(key, entry->name, filep, e);
	}
	key_free(key);
	secret_free(der);
	secret_free(original);
	return r;
}

static int
write_secret(int fd, const struct secret *s, struct err *e)
{
	const uint8_t *at = secret_bytes(s);
	size_t left = secret_len(s);
	ssize_t n;

	while (left > 0) {
		n = write(fd, at, left);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_system(
			    e, ERR_SYSTEM, errno, "cannot write the key");
		at += n;
		left -= (size_t)n;
	}
	if (fsync(fd) == -1)
		return err_system(
		    e, ERR_SYSTEM, errno, "cannot flush the key to the disk");
	return 0;
}

int
keeper_export(struct keeper *k, const char *name, int fd, struct err *e)
{
	const struct vault_entry *entry;
	struct secret *file;
	int r;

	if ((r = keeper_find(k, name, &entry, e)) != 0 ||
	    (r = file_of(k, entry, &file, e)) != 0)
		return r;
	keeper_log_entry(k, LOG_EXPORT, entry); /* before it is anywhere */
	r = write_secret(fd, file, e);
	secret_free(file);
	return r;
}

/* Inside a transaction. */
static int
rename_entry(
    struct keeper *k, const char *name, const char *new_name, struct err *e)
{
	const struct vault_entry *entry;
	struct vault_error ve;
	int r;

	if ((r = keeper_find(k, name, &entry, e)) != 0)
		return r;
	keeper_log_later(k, LOG_RENAME, entry);
	if ((r = vault_rename(k->vault, entry->id, new_name, &ve)) == 0)
		return 0;
	if (r != VAULT_ETAKEN)
		return keeper_vault_error(k, &ve, e);
	err_set(e, ERR_EXISTS, "the name '%s' is taken", new_name);
	err_hint(e, "choose another, or rename that key first");
	return ERR_EXISTS;
}

int
keeper_rename(
    struct keeper *k, const char *name, const char *new_name, struct err *e)
{
	struct buf composed = BUF_INIT;
	int r;

	if ((r = keeper_name(new_name, &composed, e)) != 0 ||
	    (r = keeper_begin(k, e)) != 0)
		goto out;
	if ((r = rename_entry(k, name, buf_text(&composed), e)) == 0)
		r = keeper_commit(k, e);
	else
		keeper_abort(k);
out:
	buf_free(&composed);
	return r;
}

/* Inside a transaction. */
static int
set_flags(struct keeper *k, const struct vault_entry *entry, bool confirm,
    struct err *e)
{
	struct vault_sshkey info;
	struct vault_error ve;
	uint8_t *bytes;
	size_t len;
	bool newer;
	int r = 0;

	if (entry->type != VAULT_TYPE_SSHKEY ||
	    !vault_sshkey_parse(entry->info, entry->info_len, &info, &newer)) {
		err_set(e, ERR_UNSUPPORTED,
		    "'%s' holds what this version does not know", entry->name);
		err_hint(e, "update pemkeep on this machine");
		return ERR_UNSUPPORTED;
	}
	info.flags &= ~VAULT_SSHKEY_CONFIRM;
	if (confirm)
		info.flags |= VAULT_SSHKEY_CONFIRM;
	if ((bytes = vault_sshkey_info(&info, &len)) == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	if (vault_set_info(k->vault, entry->id, bytes, len, &ve) != 0)
		r = keeper_vault_error(k, &ve, e);
	free(bytes);
	return r;
}

int
keeper_set_confirm(
    struct keeper *k, const char *name, bool confirm, struct err *e)
{
	const struct vault_entry *entry;
	int r;

	if ((r = keeper_begin(k, e)) != 0)
		return r;
	if ((r = keeper_find(k, name, &entry, e)) == 0 &&
	    (r = set_flags(k, entry, confirm, e)) == 0) {
		keeper_log_later(k, LOG_SET, entry);
		return keeper_commit(k, e);
	}
	keeper_abort(k);
	return r;
}

int
keeper_remove(struct keeper *k, char *const *names, size_t count, struct err *e)
{
	const struct vault_entry *entry;
	struct vault_error ve;
	int r;

	if ((r = keeper_refuse_replaced(k, e)) != 0 ||
	    (r = keeper_begin(k, e)) != 0)
		return r;
	for (size_t i = 0; i < count && r == 0; i++) {
		if ((r = keeper_find(k, names[i], &entry, e)) != 0)
			break;
		keeper_log_later(k, LOG_REMOVE, entry);
		if (vault_remove(k->vault, entry->id, &ve) != 0)
			r = keeper_vault_error(k, &ve, e);
	}
	if (r == 0)
		return keeper_commit(k, e);
	keeper_abort(k);
	return r;
}
