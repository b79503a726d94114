/* SPDX-License-Identifier: ISC */

/*
 * Is the vault what it should be?  Every record is decrypted and every key
 * proven; what is only unwise is said, too.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "pemkeep/keys/key.h"
#include "vault/secret.h"
#include "vault/sshkey.h"

#include "src/agent/keeper_internal.h"
#include "src/agent/keeper_log.h"

struct listener {
	void (*fn)(void *arg, const struct keeper_finding *f);
	void *arg;
};

__attribute__((format(printf, 5, 6))) static void
report(const struct listener *to, const char *severity, const char *id,
    const char *hint, const char *fmt, ...)
{
	struct keeper_finding f = { .id = id, .severity = severity };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f.text, sizeof(f.text), fmt, ap);
	va_end(ap);
	snprintf(f.hint, sizeof(f.hint), "%s", hint);
	to->fn(to->arg, &f);
}

/* R30: info, payload and the two halves. */
static int
check_key(
    const struct keeper *k, const struct vault_entry *entry, struct err *e)
{
	struct secret *der = NULL, *original = NULL;
	struct buf blob = BUF_INIT;
	struct vault_sshkey info;
	struct key *key = NULL;
	bool newer;
	int r;

	if (entry->type != VAULT_TYPE_SSHKEY)
		return err_set(e, ERR_UNSUPPORTED,
		    "it is of a kind that this version does not know");
	if (!vault_sshkey_parse(entry->info, entry->info_len, &info, &newer))
		return newer ? err_set(e, ERR_UNSUPPORTED,
				   "it was made by a newer version")
			     : err_set(e, ERR_UNTRUSTED,
				   "its facts are damaged (rule 30)");
	if ((r = keeper_private(k, entry, &der, &original, e)) == 0 &&
	    (r = key_from_pkcs8(der, &key, e)) == 0 &&
	    (r = key_public_blob(key, &blob, e)) == 0 &&
	    (blob.len != info.public_key_len ||
		memcmp(blob.data, info.public_key, blob.len) != 0))
		r = err_set(e, ERR_MISMATCH,
		    "private and public half do not belong together "
		    "(rule 30)");
	key_free(key);
	buf_free(&blob);
	secret_free(der);
	secret_free(original);
	return r;
}

static void
check_keys(const struct keeper *k, const struct listener *to)
{
	struct err e;
	int r;

	for (size_t i = 0; i < vault_count(k->vault); i++) {
		const struct vault_entry *entry = vault_at(k->vault, i);

		if ((r = check_key(k, entry, &e)) == 0)
			continue;
		if (r == ERR_UNSUPPORTED)
			report(to, "info", "record-unknown",
			    "update pemkeep to use it", "'%s': %s", entry->name,
			    e.text);
		else
			report(to, "error", "key-damaged",
			    "if there is a good copy of the vault: pemkeep "
			    "check --restore COPY",
			    "key '%s': %s", entry->name, e.text);
	}
}

static void
check_cost(const struct keeper *k, const struct listener *to)
{
	struct vault_kdf kdf;

	vault_kdf_cost(k->vault, &kdf);
	if (kdf.memory_kib / 1024 < KEEPER_KDF_MEMORY_FLOOR ||
	    kdf.passes < KEEPER_KDF_PASSES_FLOOR)
		report(to, "warning", "kdf-cheap", "pemkeep passwd",
		    "the passphrase is hashed too cheaply (%u KiB, %u "
		    "passes): guessing it is easier than it should be",
		    kdf.memory_kib, kdf.passes);
}

static void
check_generation(const struct keeper *k, const struct listener *to)
{
	unsigned notes = vault_notes(k->vault);
	char hint[256];

	snprintf(hint, sizeof(hint),
	    "bring the newest one back, or go on with this one: pemkeep check "
	    "--restore '%.100s'",
	    keeper_path(k));
	if (notes & VAULT_NOTE_ROLLBACK)
		report(to, "error", "rolled-back", hint,
		    "the vault is older than the one last seen here");
	if (notes & VAULT_NOTE_FORK)
		report(to, "error", "forked", hint,
		    "the vault does not descend from the one last seen here");
	if (notes & VAULT_NOTE_SEEN_BAD)
		report(to, "warning", "seen-damaged",
		    "the next change writes it anew",
		    "'%s' cannot be used: an older vault would not be "
		    "noticed",
		    (const char *)k->seen.data);
}

/* A copy of the vault beside it: is it there, and has it a fit mode? */
static bool
check_copy(const struct keeper *k, const struct listener *to,
    const char *suffix, struct buf *path)
{
	struct stat st;

	buf_clear(path);
	buf_printf(path, "%s%s", keeper_path(k), suffix);
	if (lstat(buf_text(path), &st) != 0)
		return false;
	if ((st.st_mode & 07377) != 0)
		report(to, "warning", "copy-loose", "pemkeep check --repair",
		    "'%s' has mode %04o, looser than 0400", buf_text(path),
		    (unsigned)st.st_mode & 07777u);
	return true;
}

static void
check_copies(const struct keeper *k, const struct listener *to)
{
	struct buf path = BUF_INIT;

	(void)check_copy(k, to, ".bak", &path);
	if (check_copy(k, to, ".replaced", &path))
		report(to, "info", "replaced-kept",
		    "remove it when it is not needed any more",
		    "'%s' is what check --restore has replaced",
		    buf_text(&path));
	buf_free(&path);
}

void
keeper_check(struct keeper *k,
    void (*fn)(void *arg, const struct keeper_finding *f), void *arg)
{
	const struct listener to = { fn, arg };

	check_generation(k, &to);
	check_keys(k, &to);
	check_cost(k, &to);
	check_copies(k, &to);
}

int
keeper_repair(struct keeper *k,
    void (*fn)(void *arg, const char *path, unsigned was, unsigned now),
    void *arg, struct err *e)
{
	struct vault_place place;
	struct vault_error ve;

	keeper_place(k, &place);
	if (vault_repair(&place, fn, arg, &ve) != 0)
		return keeper_vault_error(k, &ve, e);
	return 0;
}

/* What is wrong with the copy names the copy: there is a vault, too. */
static int
restore_error(const struct keeper *k, const char *file,
    const struct vault_error *ve, struct err *e)
{
	int r = keeper_error_about(k, file, ve, e);

	if (ve->code == VAULT_ENOVAULT || ve->code == VAULT_EDAMAGED ||
	    ve->code == VAULT_ENOTVAULT)
		err_hint(e, "nothing was changed; try another copy");
	if (ve->code == VAULT_EEXISTS)
		err_hint(e,
		    "nothing was changed; an earlier restore has put it aside: "
		    "move it away, or remove it");
	return r;
}

int
keeper_restore(struct keeper *k, const char *file, const struct secret *pass,
    struct err *e)
{
	struct vault_place place;
	struct vault_error ve;
	int r;

	if ((r = keeper_make_places(k, e)) != 0)
		return r;
	keeper_warn_memory(k);
	keeper_place(k, &place);
	if (vault_restore(&place, file, pass, &ve) != 0)
		return restore_error(k, file, &ve, e);
	keeper_log(k, LOG_RESTORE);
	keeper_lock(k); /* what was open is not the vault any more */
	return 0;
}
