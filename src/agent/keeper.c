/* SPDX-License-Identifier: ISC */

/*
 * The keeper: its places, its unlocking, and the words for what the vault
 * library says.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pemkeep/base/path.h"
#include "vault/secret.h"

#include "src/agent/harden.h"
#include "src/agent/keeper_internal.h"

#define TRIES 3

void
keeper_warn(const struct keeper *k, const char *hint, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (k->options.warn != NULL)
		k->options.warn(k->options.arg, text, hint);
}

/* One line for each of the library's codes. */
static const struct meaning {
	enum vault_result code;
	enum err_code ours;
	bool about;       /* the file's name is to be put in front */
	const char *hint; /* %s: the vault's path */
} meanings[] = {
	{ VAULT_ENOMEM, ERR_NOMEM, false, NULL },
	{ VAULT_ENOKDFMEM, ERR_NOMEM, false,
	    "close other programs, or make the vault cheaper where there is "
	    "memory: pemkeep passwd --kdf-memory 64" },
	{ VAULT_ENOVAULT, ERR_NOT_FOUND, false, "run: pemkeep init" },
	{ VAULT_EEXISTS, ERR_EXISTS, false,
	    "nothing was changed; to use the vault that is there: pemkeep "
	    "keys" },
	{ VAULT_EMODE, ERR_UNTRUSTED, false, "run: pemkeep check --repair" },
	{ VAULT_EOWNER, ERR_UNTRUSTED, false,
	    "vault and folder must belong to you" },
	{ VAULT_EKIND, ERR_UNTRUSTED, false,
	    "look at what is there; pemkeep follows no links" },
	{ VAULT_ENOTVAULT, ERR_UNTRUSTED, false,
	    "if there is a good copy: pemkeep check --restore COPY" },
	{ VAULT_EVERSION, ERR_UNTRUSTED, true,
	    "update pemkeep on this machine" },
	{ VAULT_EDAMAGED, ERR_UNTRUSTED, true,
	    "if there is a good copy: pemkeep check --restore COPY" },
	{ VAULT_ECOST, ERR_UNTRUSTED, true,
	    "somebody else may have made this file; nothing was computed" },
	{ VAULT_EPASSPHRASE, ERR_LOCKED, true,
	    "look at Caps Lock and the keyboard's language; there is no way "
	    "without it" },
	{ VAULT_ENOSTANZA, ERR_LOCKED, true, "update pemkeep on this machine" },
	{ VAULT_ELOCKED, ERR_FAILED, true, "try again when it has finished" },
	{ VAULT_EROLLBACK, ERR_UNTRUSTED, true,
	    "bring the newer one back, or accept this one: "
	    "pemkeep check --restore '%s'" },
	{ VAULT_EFORK, ERR_UNTRUSTED, true,
	    "it was changed in two places; to go on with this one: "
	    "pemkeep check --restore '%s'" },
	{ VAULT_ECHANGED, ERR_LOCKED, true, "run the command again" },
	{ VAULT_ENOTFOUND, ERR_NOT_FOUND, true, "run the command again" },
	{ VAULT_EFULL, ERR_FAILED, true,
	    "remove keys that are not needed any more: pemkeep remove" },
	{ VAULT_ESTANZA, ERR_FAILED, true, "update pemkeep on this machine" },
	{ VAULT_EUNSURE, ERR_SYSTEM, false,
	    "the change is in the vault; check the disk, and keep all key "
	    "files" },
};

/* Is there a .bak, and is (or is not) the vault there? */
static bool
has_bak(const struct keeper *k, bool vault)
{
	struct buf bak = BUF_INIT;
	struct stat st;
	bool has;

	buf_printf(&bak, "%s.bak", keeper_path(k));
	has = (lstat(keeper_path(k), &st) == 0) == vault &&
	    lstat(buf_text(&bak), &st) == 0;
	buf_free(&bak);
	return has;
}

static void
put_hint(const struct keeper *k, const struct meaning *m, struct err *e)
{
	const char *path = keeper_path(k), *hole;

	if (m->hint == NULL)
		return;
	if ((m->code == VAULT_ENOVAULT || m->code == VAULT_EEXISTS) &&
	    has_bak(k, false))
		err_hint(
		    e, "bring it back: pemkeep check --restore '%s.bak'", path);
	else if (m->code == VAULT_EDAMAGED && has_bak(k, true))
		err_hint(e,
		    "go back to before the last change: pemkeep check "
		    "--restore '%s.bak'",
		    path);
	else if ((hole = strstr(m->hint, "%s")) == NULL)
		err_hint(e, "%s", m->hint);
	else
		err_hint(e, "%.*s%s%s", (int)(hole - m->hint), m->hint, path,
		    hole + 2);
}

int
keeper_error_about(const struct keeper *k, const char *file,
    const struct vault_error *ve, struct err *e)
{
	char text[400];

	vault_message(ve, text, sizeof(text));
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		const struct meaning *m = &meanings[i];

		if (m->code != ve->code)
			continue;
		if (m->about)
			err_set(e, m->ours, "'%s': %s", file, text);
		else
			err_set(e, m->ours, "%s", text);
		put_hint(k, m, e);
		return m->ours;
	}
	return err_set(e, ERR_SYSTEM, "%s", text);
}

int
keeper_vault_error(
    const struct keeper *k, const struct vault_error *ve, struct err *e)
{
	return keeper_error_about(k, keeper_path(k), ve, e);
}

void
keeper_place(const struct keeper *k, struct vault_place *place)
{
	*place = (struct vault_place){ .path = (const char *)k->path.data,
		.seen = (const char *)k->seen.data };
}

const char *
keeper_path(const struct keeper *k)
{
	return (const char *)k->path.data;
}

/* A path as a terminated string in 'out'. */
static int
find_place(
    enum path_kind kind, const char *file, struct buf *out, struct err *e)
{
	int r = path_of(kind, file, out, e);

	if (r == 0) {
		(void)buf_text(out);
		if (!buf_ok(out))
			r = err_set(e, ERR_NOMEM, "out of memory");
	}
	return r;
}

static int
make_folder_of(const struct buf *file, struct err *e)
{
	struct buf folder = BUF_INIT;
	int r;

	path_folder((const char *)file->data, &folder);
	r = path_make_folder(buf_text(&folder), e);
	buf_free(&folder);
	return r;
}

int
keeper_make_places(const struct keeper *k, struct err *e)
{
	int r = make_folder_of(&k->path, e);

	return r != 0 ? r : make_folder_of(&k->seen, e);
}

int
keeper_new(
    const struct keeper_options *options, struct keeper **kp, struct err *e)
{
	struct keeper *k;
	int r;

	*kp = NULL;
	harden_process();
	if ((k = calloc(1, sizeof(*k))) == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	k->options = *options;
	if ((r = find_place(PATH_DATA, "vault", &k->path, e)) != 0 ||
	    (r = find_place(PATH_STATE, "seen", &k->seen, e)) != 0) {
		keeper_free(k);
		return r;
	}
	*kp = k;
	return 0;
}

void
keeper_free(struct keeper *k)
{
	if (k == NULL)
		return;
	vault_close(k->vault);
	secret_free(k->file_pass);
	buf_free(&k->path);
	buf_free(&k->seen);
	free(k);
}

void
keeper_warn_memory(const struct keeper *k)
{
	if (secret_locked() == 0)
		keeper_warn(k, "raise the limit: ulimit -l",
		    "memory cannot be locked: keys may be written to swap");
}

static int
check_cost(unsigned memory, unsigned passes, struct err *e)
{
	if (memory < KEEPER_KDF_MEMORY_FLOOR || memory > KEEPER_KDF_MEMORY_MAX)
		return err_set(e, ERR_USAGE,
		    "--kdf-memory must be %u to %u (MiB), not %u",
		    KEEPER_KDF_MEMORY_FLOOR, KEEPER_KDF_MEMORY_MAX, memory);
	if (passes < KEEPER_KDF_PASSES_FLOOR || passes > KEEPER_KDF_PASSES_MAX)
		return err_set(e, ERR_USAGE,
		    "--kdf-passes must be %u to %u, not %u",
		    KEEPER_KDF_PASSES_FLOOR, KEEPER_KDF_PASSES_MAX, passes);
	return 0;
}

int
keeper_init(struct keeper *k, unsigned memory, unsigned passes, struct err *e)
{
	struct vault_error ve;
	struct vault_place place;
	struct vault_kdf kdf;
	struct secret *pass = NULL;
	int r;

	memory = memory != 0 ? memory : KEEPER_KDF_MEMORY;
	passes = passes != 0 ? passes : KEEPER_KDF_PASSES;
	if ((r = check_cost(memory, passes, e)) != 0 ||
	    (r = keeper_make_places(k, e)) != 0)
		return r;
	keeper_place(k, &place);
	/* Before anyone thinks of a passphrase. */
	if ((r = vault_can_create(&place, &ve)) != 0)
		return keeper_vault_error(k, &ve, e);
	if ((r = passphrase_get(&k->options.passphrase, PASSPHRASE_FIRST,
		 "New passphrase of the vault: ", &pass, e)) != 0)
		return r;
	keeper_warn_memory(k);
	kdf = (struct vault_kdf){ memory * 1024, passes };
	if (vault_create(&place, pass, &kdf, &k->vault, &ve) != 0)
		r = keeper_vault_error(k, &ve, e);
	secret_free(pass);
	if (r == ERR_NOMEM && memory > KEEPER_KDF_MEMORY_FLOOR)
		err_hint(
		    e, "pemkeep init --kdf-memory %u", KEEPER_KDF_MEMORY_FLOOR);
	return r;
}

/* What the library noticed when it opened the vault. */
static void
warn_notes(const struct keeper *k)
{
	unsigned notes = vault_notes(k->vault);

	if (notes & VAULT_NOTE_ROLLBACK)
		keeper_warn(k, "see: pemkeep check",
		    "this vault is older than the one last seen here; it can "
		    "be read, not changed");
	if (notes & VAULT_NOTE_FORK)
		keeper_warn(k, "see: pemkeep check",
		    "this vault does not descend from the one last seen here; "
		    "it can be read, not changed");
	if (notes & VAULT_NOTE_SEEN_BAD)
		keeper_warn(k, "",
		    "'%s' cannot be used: an older vault would not be "
		    "noticed",
		    (const char *)k->seen.data);
	keeper_warn_memory(k);
}

int
keeper_unlock(struct keeper *k, struct err *e)
{
	struct vault_error ve;
	struct vault_place place;
	struct secret *pass;
	int r, tries;

	keeper_place(k, &place);
	if (vault_probe(&place, &ve) != 0)
		return keeper_vault_error(k, &ve, e);
	(void)make_folder_of(&k->seen, NULL); /* reading works without it */
	tries = passphrase_interactive(&k->options.passphrase, PASSPHRASE_VAULT)
	    ? TRIES
	    : 1;
	do {
		if ((r = passphrase_get(&k->options.passphrase,
			 PASSPHRASE_VAULT, "Passphrase of the vault: ", &pass,
			 e)) != 0)
			return r;
		r = vault_open(&place, pass, &k->vault, &ve);
		secret_free(pass);
		if (r == VAULT_EPASSPHRASE && tries > 1)
			keeper_warn(k, "", "wrong passphrase, try again");
	} while (r == VAULT_EPASSPHRASE && --tries > 0);
	if (r != 0)
		return keeper_vault_error(k, &ve, e);
	warn_notes(k);
	return 0;
}

int
keeper_begin(struct keeper *k, struct err *e)
{
	struct vault_error ve;

	if (vault_begin(k->vault, &ve) != 0)
		return keeper_vault_error(k, &ve, e);
	return 0;
}

int
keeper_commit(struct keeper *k, struct err *e)
{
	struct vault_error ve;

	if (vault_commit(k->vault, &ve) != 0)
		return keeper_vault_error(k, &ve, e);
	if (vault_notes(k->vault) & VAULT_NOTE_SEEN_UNSAVED)
		keeper_warn(k, "",
		    "cannot write '%s': an older vault would not be noticed",
		    (const char *)k->seen.data);
	return 0;
}

int
keeper_flush(struct keeper *k, struct err *e)
{
	struct vault_error ve;

	if (vault_flush(k->vault, &ve) != 0)
		return keeper_vault_error(k, &ve, e);
	return 0;
}

/*
 * What check --restore has put aside may hold keys that are nowhere else, and
 * must not survive either: so its owner has to say what becomes of it.
 */
int
keeper_refuse_replaced(const struct keeper *k, struct err *e)
{
	struct buf path = BUF_INIT;
	struct stat st;
	int r = 0;

	buf_printf(&path, "%s.replaced", keeper_path(k));
	if (lstat(buf_text(&path), &st) == 0) {
		r = err_set(e, ERR_EXISTS,
		    "'%s' is still there, and may hold keys that the vault "
		    "does not",
		    buf_text(&path));
		err_hint(e,
		    "move it away or remove it; or make it the vault again: "
		    "pemkeep check --restore");
	}
	buf_free(&path);
	return r;
}

void
keeper_abort(struct keeper *k)
{
	vault_abort(k->vault);
}

int
keeper_passwd(struct keeper *k, unsigned memory, unsigned passes, struct err *e)
{
	struct vault_error ve;
	struct vault_kdf kdf;
	struct secret *pass;
	int r;

	vault_kdf_cost(k->vault, &kdf);
	if (memory == 0 &&
	    (memory = kdf.memory_kib / 1024) < KEEPER_KDF_MEMORY_FLOOR)
		memory = KEEPER_KDF_MEMORY_FLOOR;
	if (passes == 0 && (passes = kdf.passes) < KEEPER_KDF_PASSES_FLOOR)
		passes = KEEPER_KDF_PASSES_FLOOR;
	if ((r = check_cost(memory, passes, e)) != 0 ||
	    (r = keeper_refuse_replaced(k, e)) != 0 ||
	    (r = passphrase_get(&k->options.passphrase, PASSPHRASE_NEW,
		 "New passphrase of the vault: ", &pass, e)) != 0)
		return r;
	kdf = (struct vault_kdf){ memory * 1024, passes };
	if ((r = keeper_begin(k, e)) == 0) {
		if (vault_set_passphrase(k->vault, pass, &kdf, &ve) == 0) {
			r = keeper_commit(k, e);
		} else {
			r = keeper_vault_error(k, &ve, e);
			keeper_abort(k);
		}
	}
	secret_free(pass);
	return r;
}
