/* SPDX-License-Identifier: ISC */

/* Our words for what the vault library says, and what to do about it. */

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "src/agent/keeper_internal.h"

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
