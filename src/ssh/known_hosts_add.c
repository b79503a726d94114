/* SPDX-License-Identifier: ISC */
/* Writing: one line more, at the end. */

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "pemkeep/base/digest.h"
#include "pemkeep/base/replace.h"

#include "src/ssh/known_hosts_internal.h"

/* Does a line give this key to this name, and to no other? */
static bool
says(const struct known_hosts_line *line, const struct buf *blob,
    const struct known_hosts_entry *entry, const char *name)
{
	if (line->marker != MARKER_NONE || blob->len != entry->len ||
	    memcmp(blob->data, entry->blob, entry->len) != 0)
		return false;
	if (line->names[0] == '|')
		return known_hosts_names(line->names, line->names_len, name) ==
		    1;
	return line->names_len == strlen(name) &&
	    memcmp(line->names, name, line->names_len) == 0;
}

static bool
there_already(const struct buf *old, const struct known_hosts_entry *entry,
    const char *name)
{
	const char *at = (const char *)old->data, *stop, *end;
	struct known_hosts_line line;
	struct buf blob = BUF_INIT;
	bool found = false;

	if (old->len == 0)
		return false;
	for (stop = at + old->len; at < stop && !found; at = end + 1) {
		end = memchr(at, '\n', (size_t)(stop - at));
		if (end == NULL)
			end = stop;
		buf_clear(&blob);
		found = known_hosts_parse(at, (size_t)(end - at), &line,
			    &blob) == LINE_ENTRY &&
		    says(&line, &blob, entry, name);
	}
	buf_free(&blob);
	return found;
}

static int
put_line(struct buf *out, const struct known_hosts_entry *entry,
    const char *name, struct err *e)
{
	uint8_t salt[KNOWN_HOSTS_SALT];
	const char *type;
	size_t len;

	type = known_hosts_type(entry->blob, entry->len, &len);
	if (type == NULL)
		return err_set(e, ERR_FORMAT, "this is not a host key");
	if (!entry->hashed) {
		buf_put_text(out, name);
	} else {
		if (getrandom(salt, sizeof(salt), 0) != sizeof(salt))
			return err_system(e, ERR_SYSTEM, errno,
			    "random bytes are not to be had");
		known_hosts_hash(out, salt, name);
	}
	buf_put_text(out, " ");
	buf_put(out, type, len);
	buf_put_text(out, " ");
	digest_put_base64(out, entry->blob, entry->len, 1);
	buf_put_text(out, "\n");
	return buf_ok(out) ? 0 : err_set(e, ERR_NOMEM, "out of memory");
}

int
known_hosts_add(
    const char *path, const struct known_hosts_entry *entry, struct err *e)
{
	struct buf wanted = BUF_INIT, content = BUF_INIT;
	struct replace *file = NULL;
	const struct buf *old;
	const char *name;
	int r;

	name = known_hosts_name(&wanted, entry->name, entry->port);
	if (name == NULL) {
		r = err_set(e, ERR_USAGE,
		    "'%s' is not a name that known_hosts can hold",
		    entry->name);
		goto out;
	}
	if ((r = replace_begin(path, &file, e)) != 0)
		goto out;
	old = replace_old(file);
	if (there_already(old, entry, name))
		goto out;
	buf_put(&content, old->data, old->len);
	if (old->len > 0 && old->data[old->len - 1] != '\n')
		buf_put_text(&content, "\n");
	if ((r = put_line(&content, entry, name, e)) == 0)
		r = replace_commit(file, content.data, content.len, e);
out:
	replace_end(file);
	buf_free(&wanted);
	buf_free(&content);
	return r;
}
