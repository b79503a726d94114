/* SPDX-License-Identifier: ISC */
/*
 * The file of what was learned.  It is written as a whole, since it is small;
 * what is in it was checked when it went in, and is checked when it comes out.
 */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/ini.h"
#include "pemkeep/base/path.h"
#include "pemkeep/base/replace.h"

#include "src/inventory/hosts_internal.h"
#include "src/inventory/learned_internal.h"

struct entry {
	const char *id;
	struct learned is;
	size_t at; /* in the order of the file */
};

struct learned_file {
	struct buf path;
	struct ini *ini;    /* the texts */
	struct entry *list; /* in the order of their ids */
	size_t count;
};

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

static bool
is_id(const char *id)
{
	const char *dash = strchr(id, '-');
	size_t n;

	if (strncmp(id, "i-", 2) != 0 && strncmp(id, "ami-", 4) != 0)
		return false;
	n = strspn(dash + 1, "0123456789abcdef");
	return n > 0 && n <= 32 && dash[1 + n] == '\0';
}

static const char *
value_of(const struct ini_section *section, const char *key,
    bool (*good)(const char *text))
{
	const struct ini_entry *entry = ini_get(section, key);

	return entry != NULL && good(entry->value) ? entry->value : NULL;
}

static int
by_id(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return strcmp(x->id, y->id);
}

static int
by_place(const void *a, const void *b)
{
	const struct entry *const *x = a, *const *y = b;

	return ((*x)->at > (*y)->at) - ((*x)->at < (*y)->at);
}

static int
take_sections(struct learned_file *f, struct err *e)
{
	size_t n = ini_count(f->ini);

	if ((f->list = calloc(n + 1, sizeof(*f->list))) == NULL)
		return no_memory(e);
	for (size_t i = 0; i < n; i++) {
		const struct ini_section *s = ini_at(f->ini, i);

		if (is_id(s->name))
			f->list[f->count++] = (struct entry){ s->name,
				{ value_of(s, "user", hosts_is_user),
				    value_of(s, "key", hosts_is_fingerprint),
				    s->line },
				i };
	}
	qsort(f->list, f->count, sizeof(*f->list), by_id);
	return 0;
}

int
learned_parse(const char *path, const void *text, size_t len,
    struct learned_file **fp, struct err *e)
{
	struct learned_file *f = calloc(1, sizeof(*f));
	int r;

	*fp = NULL;
	if (f == NULL)
		return no_memory(e);
	buf_put_text(&f->path, path);
	r = ini_parse(path, text, len, &f->ini, e);
	if (r == 0)
		r = take_sections(f, e);
	else if (r != ERR_NOMEM)
		r = 0;
	(void)buf_text(&f->path);
	if (r == 0 && buf_ok(&f->path)) {
		*fp = f;
		return 0;
	}
	learned_close(f);
	return no_memory(e);
}

void
learned_close(struct learned_file *f)
{
	if (f == NULL)
		return;
	ini_free(f->ini);
	buf_free(&f->path);
	free(f->list);
	free(f);
}

static int
file_path(const char *path, struct buf *out, struct err *e)
{
	if (path == NULL)
		return path_of(PATH_STATE, "learned", out, e);
	buf_put_text(out, path);
	return buf_ok(out) ? 0 : no_memory(e);
}

int
learned_open(const char *path, struct learned_file **fp, struct err *e)
{
	struct buf full = BUF_INIT, text = BUF_INIT;
	struct stat st;
	int fd = -1, r;

	if (file_path(path, &full, NULL) == 0)
		fd = path_open_regular(buf_text(&full), &st, NULL);
	if (fd >= 0) {
		if (st.st_uid != geteuid() || (st.st_mode & 022) != 0 ||
		    replace_read(fd, buf_text(&full), INI_MAX, &text, NULL) !=
			0)
			buf_clear(&text);
		close(fd);
	}
	r = learned_parse(buf_text(&full), buf_text(&text), text.len, fp, e);
	buf_free(&full);
	buf_free(&text);
	return r;
}

const char *
learned_path(const struct learned_file *f)
{
	return (const char *)f->path.data;
}

struct learned
learned_find(const struct learned_file *f, const char *id)
{
	const struct entry key = { .id = id }, *found = NULL;

	if (f != NULL && f->count > 0)
		found = bsearch(&key, f->list, f->count, sizeof(key), by_id);
	return found != NULL ? found->is : (struct learned){ NULL, NULL, 0 };
}

static void
put_section(struct buf *b, const char *id, const char *user, const char *key)
{
	if (user == NULL && key == NULL)
		return;
	buf_printf(b, "[%s]\n", id);
	if (user != NULL)
		buf_printf(b, "user = %s\n", user);
	if (key != NULL)
		buf_printf(b, "key = %s\n", key);
}

int
learned_change(const struct learned_file *f, const char *id, const char *user,
    const char *key, struct buf *out, struct err *e)
{
	const struct learned old = learned_find(f, id);
	const struct entry **order = calloc(f->count + 1, sizeof(*order));
	size_t skip = f->count >= LEARNED_MAX ? f->count - LEARNED_MAX + 1 : 0;

	if (order == NULL)
		return no_memory(e);
	for (size_t i = 0; i < f->count; i++)
		order[i] = &f->list[i];
	if (f->count > 1)
		qsort(order, f->count, sizeof(*order), by_place);
	for (size_t i = skip; i < f->count; i++)
		if (strcmp(order[i]->id, id) != 0)
			put_section(out, order[i]->id, order[i]->is.user,
			    order[i]->is.key);
	put_section(out, id, user != NULL ? user : old.user,
	    key != NULL ? key : old.key);
	free(order);
	return buf_ok(out) ? 0 : no_memory(e);
}

static int
replace(const char *path, const char *id, const char *user, const char *key,
    struct err *e)
{
	struct buf full = BUF_INIT, text = BUF_INIT;
	struct learned_file *f = NULL;
	struct replace *file = NULL;
	const struct buf *old;
	int r;

	if ((r = file_path(path, &full, e)) == 0 &&
	    (r = replace_begin(buf_text(&full), &file, e)) == 0) {
		old = replace_old(file);
		r = learned_parse(buf_text(&full), old->data, old->len, &f, e);
	}
	if (r == 0 && (r = learned_change(f, id, user, key, &text, e)) == 0)
		r = replace_commit(file, text.data, text.len, e);
	learned_close(f);
	replace_end(file);
	buf_free(&full);
	buf_free(&text);
	return r;
}

static bool
same(const char *a, const char *b)
{
	return b == NULL || (a != NULL && strcmp(a, b) == 0);
}

int
learned_set(const char *path, const char *id, const char *user, const char *key,
    struct err *e)
{
	struct learned_file *f;
	struct learned l;
	bool known;
	int r;

	if (!is_id(id))
		return err_set(e, ERR_USAGE, "'%s' is not an id", id);
	if (user != NULL && !hosts_is_user(user))
		return err_set(e, ERR_USAGE, "'%s' is not a user name", user);
	if (key != NULL && !hosts_is_fingerprint(key))
		return err_set(e, ERR_USAGE, "'%s' is not a fingerprint", key);
	if ((r = learned_open(path, &f, e)) != 0)
		return r;
	l = learned_find(f, id);
	known = same(l.user, user) && same(l.key, key);
	learned_close(f);
	return known ? 0 : replace(path, id, user, key, e);
}
