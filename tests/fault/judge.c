/* SPDX-License-Identifier: ISC */

/*
 * After the fault: is the vault the old one or the new one, whole?  Does
 * nothing lie in clear, does the old passphrase or the removed key open
 * anything that it must not, and does the next save work and clean up?  All
 * in one process, because it is asked some thousand times.
 */

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vault/secret.h"
#include "vault/vault.h"

#include "scene.h"

#define A \
	{ \
		"needle-alpha", "needle-alpha", NULL \
	}
#define B \
	{ \
		"needle-bravo", "needle-bravo", NULL \
	}
#define C \
	{ \
		"needle-charlie", "needle-charlie", NULL \
	}
#define D \
	{ \
		"needle-delta", "needle-delta", NULL \
	}
#define A_RENAMED \
	{ \
		"needle-echo", "needle-alpha", NULL \
	}
#define A_EDITED \
	{ \
		"needle-alpha", "needle-alpha", "needle info edited" \
	}

static const struct state before = { 3, { A, B, C } };
static const struct state older = { 2, { A, B } };

enum bak {
	BAK_OLD,  /* .bak is the former file */
	BAK_NEW,  /* .bak is a copy of the new one */
	BAK_NONE, /* there is none */
	BAK_ASIDE /* .replaced is the former file, .bak is untouched */
};

struct op {
	const char *name;
	const char *pass; /* that opens the new one */
	struct state after;
	enum bak bak;
};

static const struct op ops[] = {
	{ "put", "old", { 4, { A, B, C, D } }, BAK_OLD },
	{ "remove", "old", { 2, { A, C } }, BAK_NEW },
	{ "rename", "old", { 3, { A_RENAMED, B, C } }, BAK_OLD },
	{ "info", "old", { 3, { A_EDITED, B, C } }, BAK_OLD },
	{ "passwd", "new", { 3, { A, B, C } }, BAK_NONE },
	{ "restore", "old", { 2, { A, B } }, BAK_ASIDE },
};

struct verdict {
	struct scene *s;
	const struct op *op;
	bool is_new;
	bool bad;
};

__attribute__((format(printf, 2, 3))) static void
bad(struct verdict *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs(v->bad ? "; " : "bad: ", stdout);
	vprintf(fmt, ap);
	va_end(ap);
	v->bad = true;
}

static bool
same_file(const char *a, const char *b)
{
	size_t a_len = 0, b_len = 0;
	uint8_t *x = scene_read(a, &a_len), *y = scene_read(b, &b_len);
	bool same = x != NULL && y != NULL && a_len == b_len &&
	    memcmp(x, y, a_len) == 0;

	free(x);
	free(y);
	return same;
}

/* Call 'fn' for each file of a folder of the scene. */
static void
each_file(struct verdict *v, const char *folder,
    void (*fn)(struct verdict *, const char *path, const char *name))
{
	char path[SCENE_PATH], full[2 * SCENE_PATH];
	struct dirent *d;
	DIR *dir;

	scene_path(v->s, folder, path);
	if ((dir = opendir(path)) == NULL) {
		bad(v, "%s: %s", path, strerror(errno));
		return;
	}
	while ((d = readdir(dir)) != NULL) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		snprintf(full, sizeof(full), "%s/%s", path, d->d_name);
		fn(v, full, d->d_name);
	}
	closedir(dir);
}

static void
no_needle(struct verdict *v, const char *path, const char *name)
{
	struct stat st;
	uint8_t *data;
	size_t len, i;

	if (lstat(path, &st) == -1 || (st.st_mode & 0077) != 0)
		bad(v, "%s has mode %o", name, st.st_mode & 07777u);
	if ((data = scene_read(path, &len)) == NULL)
		return;
	for (i = 0; i < len; i++)
		data[i] |= 0x20; /* whatever the case */
	if (memmem(data, len, SCENE_NEEDLE, strlen(SCENE_NEEDLE)) != NULL)
		bad(v, "%s holds plain text", name);
	free(data);
}

/* A new state: what was given up must be gone from the folder. */
static void
nothing_kept(struct verdict *v, const char *path, const char *name)
{
	struct vault *other = NULL;

	if (strcmp(v->op->name, "passwd") == 0) {
		if (scene_try(v->s, path, "old", NULL) == 0)
			bad(v, "%s opens with the old passphrase", name);
	} else if (strcmp(v->op->name, "remove") == 0) {
		if (scene_try(v->s, path, "old", &other) == 0 &&
		    vault_find(other, "needle-bravo") != NULL)
			bad(v, "%s still has the removed record", name);
		vault_close(other);
	}
}

static void
no_stranger(struct verdict *v, const char *path, const char *name)
{
	static const char *const known[] = { "vault", "vault.bak", "vault.lock",
		"vault.replaced", "seen", NULL };
	size_t i;

	(void)path;
	for (i = 0; known[i] != NULL; i++)
		if (strcmp(name, known[i]) == 0)
			return;
	bad(v, "%s is left over", name);
}

static struct vault *
open_here(struct verdict *v, const char *pass, int *code)
{
	struct secret *secret = scene_pass(pass);
	struct vault_error e = { 0 };
	struct vault *vault = NULL;

	*code = vault_open(&v->s->place, secret, &vault, &e);
	secret_free(secret);
	return vault;
}

/* Old or new? */
static void
main_file(struct verdict *v, const char *base)
{
	char was[SCENE_PATH + 16];
	struct vault *old, *new = NULL;
	int old_code, new_code = VAULT_EPASSPHRASE;

	old = open_here(v, "old", &old_code);
	if (strcmp(v->op->pass, "new") == 0)
		new = open_here(v, "new", &new_code);
	if (!(old_code == 0 && new_code == VAULT_EPASSPHRASE) &&
	    !(old_code == VAULT_EPASSPHRASE && new_code == 0))
		bad(v, "old passphrase: %s, new: %s", scene_code(old_code),
		    scene_code(new_code));
	if (old == NULL && new == NULL)
		return;
	snprintf(was, sizeof(was), "%s/v/vault", base);
	v->is_new = !same_file(v->s->vault, was);
	if (new == NULL) {
		new = old;
		old = NULL;
	}
	if (vault_verify(new, NULL) != 0)
		bad(v, "it does not verify");
	if (vault_notes(new) != 0)
		bad(v, "notes %#x", vault_notes(new));
	if (!scene_matches(new, v->is_new ? &v->op->after : &before))
		bad(v, "neither the old nor the new records");
	if (vault_generation(new) != (v->is_new ? 4u : 3u))
		bad(v, "generation %llu",
		    (unsigned long long)vault_generation(new));
	vault_close(old);
	vault_close(new);
}

/* .bak (or .replaced) after a change that is through. */
static void
backup_after(struct verdict *v, const char *base, const char *bak)
{
	char was[SCENE_PATH + 16], aside[SCENE_PATH];

	snprintf(was, sizeof(was), "%s/v/vault", base);
	if (v->op->bak == BAK_OLD && !same_file(bak, was))
		bad(v, ".bak is not the former file");
	if (v->op->bak == BAK_NEW && !same_file(bak, v->s->vault))
		bad(v, ".bak is not a copy of the new file");
	if (v->op->bak != BAK_ASIDE)
		return;
	scene_path(v->s, "v/vault.replaced", aside);
	if (!same_file(aside, was))
		bad(v, ".replaced is not the former file");
	snprintf(was, sizeof(was), "%s/v/vault.bak", base);
	if (!same_file(bak, was))
		bad(v, ".bak was touched");
}

static void
backup(struct verdict *v, const char *base)
{
	char path[SCENE_PATH];
	struct vault *bak = NULL;
	int r;

	scene_path(v->s, "v/vault.bak", path);
	r = scene_try(v->s, path, "old", &bak);
	if (r != 0 && v->op->bak == BAK_NONE)
		return; /* gone, or about to be: nothing_kept() looks */
	if (r != 0)
		bad(v, ".bak: %s", scene_code(r));
	else if (vault_verify(bak, NULL) != 0)
		bad(v, ".bak does not verify");
	else if (!v->is_new && !scene_matches(bak, &before) &&
	    !scene_matches(bak, &older) && !scene_matches(bak, &v->op->after))
		bad(v, ".bak holds something else");
	vault_close(bak);
	if (v->is_new)
		backup_after(v, base, path);
}

static void
next_save(struct verdict *v)
{
	struct state state = v->is_new ? v->op->after : before;
	struct vault_error e = { 0 };
	struct vault *vault;
	char text[512];
	int r;

	vault = open_here(v, v->is_new ? v->op->pass : "old", &r);
	if (vault == NULL)
		return;
	if ((r = vault_begin(vault, &e)) != 0 ||
	    (r = scene_put(vault, "needle-next", SCENE_SIZE, &e)) != 0 ||
	    (r = vault_commit(vault, &e)) != 0) {
		vault_message(&e, text, sizeof(text));
		bad(v, "next save: %s", text);
	}
	vault_close(vault);
	vault = open_here(v, v->is_new ? v->op->pass : "old", &r);
	state.list[state.count++] =
	    (struct want){ "needle-next", "needle-next", NULL };
	if (r != 0 || vault_notes(vault) != 0 || !scene_matches(vault, &state))
		bad(v, "after the next save: %s", scene_code(r));
	vault_close(vault);
}

/* The machine remembers this vault, and still the other one. */
static void
memory(struct verdict *v)
{
	size_t len = 0;
	char *text = (char *)scene_read(v->s->seen, &len);

	if (text == NULL ||
	    memmem(text, len, SCENE_OTHER, strlen(SCENE_OTHER)) == NULL)
		bad(v, "seen has lost another vault's line");
	free(text);
}

int
judge(struct scene *s, const char *op, const char *base, const char *claim)
{
	struct verdict v = { .s = s };
	size_t i;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (strcmp(ops[i].name, op) == 0)
			v.op = &ops[i];
	if (v.op == NULL)
		scene_die("no such operation: %s", op);
	each_file(&v, "v", no_needle);
	each_file(&v, "s", no_needle);
	main_file(&v, base);
	if (v.is_new)
		each_file(&v, "v", nothing_kept);
	backup(&v, base);
	if (strcmp(claim, "fail") == 0 && v.is_new)
		bad(&v, "it failed, but the file is not as it was");
	if (strcmp(claim, "done") == 0 && !v.is_new)
		bad(&v, "it succeeded, but the file is as it was");
	next_save(&v);
	memory(&v);
	each_file(&v, "v", no_needle);
	each_file(&v, "v", no_stranger);
	each_file(&v, "s", no_stranger);
	puts(v.bad ? "" : v.is_new ? "new" : "old");
	return v.bad ? 1 : 0;
}
