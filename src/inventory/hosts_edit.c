/* SPDX-License-Identifier: ISC */
/*
 * Changing the hosts file.  It is the user's: what stands there stays as it is,
 * comments too, and a file with a mistake in it is not touched.
 */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/ini.h"
#include "pemkeep/base/quote.h"
#include "pemkeep/base/replace.h"

#include "src/inventory/hosts_internal.h"

static void
put_member(struct buf *b, const char *key, const char *value)
{
	if (value != NULL)
		buf_printf(b, "%s = %s\n", key, value);
}

/* Behind what is there, with an empty line between. */
static void
put_section(struct buf *b, const struct host *host, const char *name)
{
	if (b->len > 0 && b->data[b->len - 1] != '\n')
		buf_put_text(b, "\n");
	if (b->len > 1 && b->data[b->len - 2] != '\n')
		buf_put_text(b, "\n");
	buf_printf(b, "[%s]\n", name);
	put_member(b, "host", host->host);
	put_member(b, "user", host->user);
	if (host->port != 0)
		buf_printf(b, "port = %u\n", host->port);
	put_member(b, "key", host->key);
	put_member(b, "fingerprint", host->fingerprint);
}

/* A file that is open for changing, and what it says. */
struct change {
	struct buf path;
	struct replace *file;
	struct hosts hosts;
	struct buf text;
};

static int
begin(struct change *c, const char *path, struct err *e)
{
	const struct buf *old;
	int r;

	memset(c, 0, sizeof(*c));
	if ((r = hosts_path(path, &c->path, e)) != 0 ||
	    (r = replace_begin(buf_text(&c->path), &c->file, e)) != 0)
		return r;
	old = replace_old(c->file);
	return hosts_parse(
	    buf_text(&c->path), old->data, old->len, &c->hosts, e);
}

/* Write it, if what would be there can be read. */
static int
commit(struct change *c, struct err *e)
{
	struct hosts after;
	int r;

	if (!buf_ok(&c->text))
		return err_set(e, ERR_NOMEM, "out of memory");
	r = hosts_parse(
	    buf_text(&c->path), c->text.data, c->text.len, &after, e);
	hosts_clear(&after);
	return r == 0 ? replace_commit(c->file, c->text.data, c->text.len, e)
		      : r;
}

static void
end(struct change *c)
{
	replace_end(c->file);
	hosts_clear(&c->hosts);
	buf_free(&c->path);
	buf_free(&c->text);
}

int
hosts_add(const char *path, const struct host *host, struct err *e)
{
	const struct host *there;
	char *name = NULL;
	struct change c;
	int r;

	if ((r = hosts_check(host, e)) != 0)
		return r;
	if ((r = begin(&c, path, e)) != 0)
		goto out;
	if ((there = hosts_find(&c.hosts, host->name)) != NULL) {
		r = err_set(e, ERR_EXISTS, "there is a host '%s' (%s:%lu)",
		    there->name, c.hosts.path, there->name_line);
		quote_hint(
		    e, "to replace it: pemkeep forget ", there->name, "");
		goto out;
	}
	if ((name = hosts_composed(host->name)) == NULL) {
		r = err_set(e, ERR_NOMEM, "out of memory");
		goto out;
	}
	buf_put(&c.text, replace_old(c.file)->data, replace_old(c.file)->len);
	put_section(&c.text, host, name);
	r = commit(&c, e);
out:
	free(name);
	end(&c);
	return r;
}

/* From the header to the last value, and one empty line that follows. */
static int
cut_section(struct change *c, size_t index, struct err *e)
{
	const struct buf *old = replace_old(c->file);
	const struct ini_section *section;
	struct ini *ini;
	size_t start, stop;
	int r;

	r = ini_parse(buf_text(&c->path), old->data, old->len, &ini, e);
	if (r != 0)
		return r;
	section = ini_at(ini, index);
	stop = section->end < old->len ? section->end + 1 : old->len;
	if (stop < old->len && old->data[stop] == '\n')
		stop++;
	else if (old->len - stop > 1 &&
	    memcmp(old->data + stop, "\r\n", 2) == 0)
		stop += 2;
	start = section->start;
	if (stop == old->len && start > 1 &&
	    memcmp(old->data + start - 2, "\n\n", 2) == 0)
		start--; /* the empty line was there for this section */
	buf_put(&c->text, old->data, start);
	buf_put(&c->text, old->data + stop, old->len - stop);
	ini_free(ini);
	return 0;
}

int
hosts_forget(const char *path, const char *name, struct err *e)
{
	const struct host *there;
	struct change c;
	int r;

	if ((r = begin(&c, path, e)) != 0)
		goto out;
	if ((there = hosts_find(&c.hosts, name)) == NULL) {
		r = err_set(e, ERR_NOT_FOUND, "there is no host '%s' in '%s'",
		    name, c.hosts.path);
		err_hint(e, "pemkeep list");
		goto out;
	}
	r = cut_section(&c, (size_t)(there - c.hosts.list), e);
	if (r == 0)
		r = commit(&c, e);
out:
	end(&c);
	return r;
}
