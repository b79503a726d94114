/* SPDX-License-Identifier: ISC */

/* The keeper: its places, and its unlocking. */

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
#include "src/agent/keeper_log.h"

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

const char *
keeper_seen(const struct keeper *k)
{
	return (const char *)k->seen.data;
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
	keeper_forget_ready(k);
	vault_close(k->vault);
	keeper_log_done(k, false);
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

/* What lies there now; a link count of 0 says that there is no vault. */
static void
note_files(struct keeper *k)
{
	struct buf folder = BUF_INIT;

	path_folder(keeper_path(k), &folder);
	if (lstat(keeper_path(k), &k->was) == -1 ||
	    stat(buf_text(&folder), &k->folder) == -1)
		k->was.st_nlink = 0;
	if (lstat(keeper_seen(k), &k->memory) == -1)
		memset(&k->memory, 0, sizeof(k->memory));
	buf_free(&folder);
}

/*
 * After opening and saving: the file may have changed again between that and a
 * stat(), so the next keeper_refresh() reads it once more.
 */
static void
forget_files(struct keeper *k)
{
	memset(&k->was, 0, sizeof(k->was));
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
keeper_can_init(
    struct keeper *k, unsigned memory, unsigned passes, struct err *e)
{
	struct vault_error ve;
	struct vault_place place;
	int r;

	if ((r = check_cost(memory != 0 ? memory : KEEPER_KDF_MEMORY,
		 passes != 0 ? passes : KEEPER_KDF_PASSES, e)) != 0 ||
	    (r = keeper_make_places(k, e)) != 0)
		return r;
	keeper_place(k, &place);
	if (vault_can_create(&place, &ve) != 0)
		return keeper_vault_error(k, &ve, e);
	return 0;
}

int
keeper_init(struct keeper *k, unsigned memory, unsigned passes,
    const struct secret *pass, struct err *e)
{
	struct vault_error ve;
	struct vault_place place;
	struct vault_kdf kdf;
	struct vault *made = NULL;
	int r;

	if ((r = keeper_can_init(k, memory, passes, e)) != 0)
		return r;
	memory = memory != 0 ? memory : KEEPER_KDF_MEMORY;
	passes = passes != 0 ? passes : KEEPER_KDF_PASSES;
	keeper_warn_memory(k);
	kdf = (struct vault_kdf){ memory * 1024, passes };
	keeper_place(k, &place);
	if (vault_create(&place, pass, &kdf, &made, &ve) != 0)
		r = keeper_vault_error(k, &ve, e);
	if (made != NULL) { /* also when it may not survive a power cut */
		keeper_lock(k);
		k->vault = made;
		forget_files(k);
		keeper_log(k, LOG_INIT);
	}
	if (r == ERR_NOMEM && memory > KEEPER_KDF_MEMORY_FLOOR)
		err_hint(
		    e, "pemkeep init --kdf-memory %u", KEEPER_KDF_MEMORY_FLOOR);
	return r;
}

void
keeper_tell(const struct keeper *k, unsigned *told)
{
	unsigned notes = vault_notes(k->vault) & ~*told;

	*told = vault_notes(k->vault);
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
}

int
keeper_probe(struct keeper *k, struct err *e)
{
	struct vault_error ve;
	struct vault_place place;

	keeper_place(k, &place);
	if (vault_probe(&place, &ve) != 0)
		return keeper_vault_error(k, &ve, e);
	return 0;
}

struct keeper_opened {
	struct vault *vault; /* NULL: it could not be opened */
	struct vault_error error;
};

struct keeper_opened *
keeper_open(const struct keeper *k, const struct secret *pass)
{
	struct keeper_opened *opened = calloc(1, sizeof(*opened));
	struct vault_place place;

	if (opened == NULL)
		return NULL;
	keeper_place(k, &place);
	(void)make_folder_of(&k->seen, NULL); /* reading works without it */
	(void)vault_open(&place, pass, &opened->vault, &opened->error);
	return opened;
}

void
keeper_opened_free(struct keeper_opened *opened)
{
	if (opened == NULL)
		return;
	vault_close(opened->vault);
	free(opened);
}

int
keeper_take(
    struct keeper *k, struct keeper_opened *opened, bool wanted, struct err *e)
{
	bool was_locked = keeper_locked(k);
	int r = 0;

	if (opened == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	if (opened->vault == NULL) {
		if (opened->error.code == VAULT_EPASSPHRASE)
			keeper_log(k, LOG_WRONG_PASSPHRASE);
		r = keeper_vault_error(k, &opened->error, e);
	} else if (!wanted) {
		r = err_set(e, ERR_FAILED, "the vault was locked meanwhile");
	} else if (!was_locked && !vault_same_keys(k->vault, opened->vault)) {
		r = err_set(e, ERR_FAILED, "the vault was changed meanwhile");
		err_hint(e, "run the command again");
	} else {
		vault_close(k->vault);
		k->vault = opened->vault;
		opened->vault = NULL;
		forget_files(k);
		if (was_locked)
			keeper_log(k, LOG_UNLOCK);
		keeper_warn_memory(k);
	}
	keeper_opened_free(opened);
	return r;
}

int
keeper_unlock(struct keeper *k, const struct secret *pass, struct err *e)
{
	return keeper_take(k, keeper_open(k, pass), true, e);
}

void
keeper_lock(struct keeper *k)
{
	keeper_forget_ready(k);
	if (!keeper_locked(k))
		keeper_log(k, LOG_LOCK);
	vault_close(k->vault);
	k->vault = NULL;
}

bool
keeper_locked(const struct keeper *k)
{
	return k->vault == NULL;
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Are vault, folder and memory as they were when we last looked? */
static bool
unchanged(struct keeper *k)
{
	struct stat file = k->was, folder = k->folder, memory = k->memory;

	note_files(k);
	return k->was.st_nlink != 0 && same_file(&file, &k->was) &&
	    same_file(&memory, &k->memory) &&
	    folder.st_mode == k->folder.st_mode &&
	    folder.st_uid == k->folder.st_uid &&
	    folder.st_dev == k->folder.st_dev &&
	    folder.st_ino == k->folder.st_ino;
}

int
keeper_refresh(struct keeper *k, struct err *e)
{
	struct vault_error ve;
	uint64_t before;
	int r;

	if (keeper_locked(k))
		return err_set(e, ERR_LOCKED, "the vault is locked");
	if (unchanged(k))
		return 0;
	before = vault_generation(k->vault);
	if ((r = keeper_probe(k, e)) == 0) {
		if (vault_reload(k->vault, &ve) != 0) {
			if (ve.code != VAULT_ECHANGED)
				r = keeper_vault_error(k, &ve, e);
		} else if (vault_generation(k->vault) >= before) {
			keeper_forget_ready(k); /* what was removed is gone */
			return 0;
		}
	}
	keeper_lock(k);
	if (r == 0)
		r = err_set(e, ERR_LOCKED,
		    "the vault was changed by another program, and must be "
		    "unlocked again");
	return r;
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
	int r = vault_commit(k->vault, &ve);

	keeper_forget_ready(k); /* what was removed is gone */
	keeper_log_done(k, r == 0 || r == VAULT_EUNSURE);
	forget_files(k);
	if (r != 0)
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
	forget_files(k); /* where memory is short, the list is gone */
	keeper_log_done(k, false);
}

/* The cost that is meant, where 0 is "as before". */
static void
new_cost(const struct keeper *k, unsigned *memory, unsigned *passes)
{
	struct vault_kdf kdf;

	vault_kdf_cost(k->vault, &kdf);
	if (*memory == 0 &&
	    (*memory = kdf.memory_kib / 1024) < KEEPER_KDF_MEMORY_FLOOR)
		*memory = KEEPER_KDF_MEMORY_FLOOR;
	if (*passes == 0 && (*passes = kdf.passes) < KEEPER_KDF_PASSES_FLOOR)
		*passes = KEEPER_KDF_PASSES_FLOOR;
}

int
keeper_can_passwd(
    struct keeper *k, unsigned memory, unsigned passes, struct err *e)
{
	int r;

	new_cost(k, &memory, &passes);
	if ((r = check_cost(memory, passes, e)) != 0)
		return r;
	return keeper_refuse_replaced(k, e);
}

int
keeper_passwd(struct keeper *k, unsigned memory, unsigned passes,
    const struct secret *pass, struct err *e)
{
	struct vault_error ve;
	struct vault_kdf kdf;
	int r;

	if ((r = keeper_can_passwd(k, memory, passes, e)) != 0)
		return r;
	new_cost(k, &memory, &passes);
	kdf = (struct vault_kdf){ memory * 1024, passes };
	if ((r = keeper_begin(k, e)) != 0)
		return r;
	if (vault_set_passphrase(k->vault, pass, &kdf, &ve) == 0) {
		keeper_log_later(k, LOG_PASSWD, NULL);
		return keeper_commit(k, e);
	}
	r = keeper_vault_error(k, &ve, e);
	keeper_abort(k);
	return r;
}
