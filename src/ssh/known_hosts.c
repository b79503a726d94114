/* SPDX-License-Identifier: ISC */
/*
 * The list: all entries of all files in memory, each check a walk over them.
 * Hashed names make anything cleverer pointless.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pemkeep/base/digest.h"
#include "pemkeep/base/quote.h"
#include "pemkeep/base/replace.h"

#include "src/ssh/known_hosts_internal.h"

#define FILE_MAX REPLACE_MAX
#define TYPE_SIZE 65

struct entry {
	enum known_hosts_marker marker;
	const char *names; /* in the file's text */
	size_t names_len;
	size_t blob; /* where in 'blobs' */
	size_t blob_len;
	size_t file;
	unsigned long line;
};

struct file {
	char *path;
	struct buf text;
};

struct known_hosts {
	struct file *files;
	size_t file_count;
	struct entry *entries;
	size_t count, capacity;
	struct buf blobs;
	size_t skipped;
	struct known_hosts_place decided;
	char decided_type[TYPE_SIZE];
};

struct known_hosts *
known_hosts_new(void)
{
	return calloc(1, sizeof(struct known_hosts));
}

void
known_hosts_free(struct known_hosts *k)
{
	if (k == NULL)
		return;
	for (size_t i = 0; i < k->file_count; i++) {
		free(k->files[i].path);
		buf_free(&k->files[i].text);
	}
	free(k->files);
	free(k->entries);
	buf_free(&k->blobs);
	free(k);
}

static bool
add_entry(struct known_hosts *k, const struct entry *entry)
{
	struct entry *bigger;
	size_t capacity;

	if (k->count == k->capacity) {
		capacity = k->capacity == 0 ? 64 : k->capacity * 2;
		bigger =
		    reallocarray(k->entries, capacity, sizeof(*k->entries));
		if (bigger == NULL)
			return false;
		k->entries = bigger;
		k->capacity = capacity;
	}
	k->entries[k->count++] = *entry;
	return true;
}

/* All lines of the last file. */
static bool
read_lines(struct known_hosts *k)
{
	const struct buf *text = &k->files[k->file_count - 1].text;
	const char *at = (const char *)text->data, *end, *stop;
	struct entry entry = { .file = k->file_count - 1 };
	struct known_hosts_line line;

	stop = at + text->len;
	for (; at < stop; at = end + 1) {
		entry.line++;
		entry.blob = k->blobs.len;
		end = memchr(at, '\n', (size_t)(stop - at));
		if (end == NULL)
			end = stop;
		switch (known_hosts_parse(
		    at, (size_t)(end - at), &line, &k->blobs)) {
		case LINE_NOTHING:
			break;
		case LINE_BAD:
			if (!buf_ok(&k->blobs))
				return false;
			k->skipped++;
			break;
		case LINE_ENTRY:
			entry.marker = line.marker;
			entry.names = line.names;
			entry.names_len = line.names_len;
			entry.blob_len = k->blobs.len - entry.blob;
			if (!add_entry(k, &entry))
				return false;
			break;
		}
	}
	return true;
}

/* Takes the content of 'text'. */
static int
add_file(
    struct known_hosts *k, const char *path, struct buf *text, struct err *e)
{
	const struct known_hosts before = *k;
	struct file *bigger, *file;

	bigger = reallocarray(k->files, k->file_count + 1, sizeof(*k->files));
	if (bigger == NULL)
		goto fail;
	k->files = bigger;
	file = &k->files[k->file_count++];
	*file = (struct file){ strdup(path), *text };
	*text = (struct buf)BUF_INIT;
	if (file->path != NULL && read_lines(k))
		return 0;
	free(file->path);
	buf_free(&file->text);
	k->file_count = before.file_count;
	k->count = before.count;
	k->skipped = before.skipped;
	k->blobs.len = before.blobs.len;
	k->blobs.failed = false;
fail:
	buf_free(text);
	return err_set(e, ERR_NOMEM, "out of memory");
}

int
known_hosts_load_text(struct known_hosts *k, const char *path, const void *text,
    size_t len, struct err *e)
{
	struct buf copy = BUF_INIT;

	if (len > FILE_MAX)
		return err_set(e, ERR_FORMAT, "'%s' is too large", path);
	buf_put(&copy, text, len);
	(void)buf_text(&copy);
	if (buf_ok(&copy))
		return add_file(k, path, &copy, e);
	buf_free(&copy);
	return err_set(e, ERR_NOMEM, "out of memory");
}

/* Who else could have written to it? */
static int
check_file(int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return err_system(
		    e, ERR_SYSTEM, errno, "cannot open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(
		    e, ERR_FORMAT, "'%s' is not a regular file", path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return err_set(
		    e, ERR_UNTRUSTED, "'%s' belongs to another user", path);
	if ((st.st_mode & 022) == 0)
		return 0;
	err_set(e, ERR_UNTRUSTED,
	    "others may write to '%s': its host keys prove nothing", path);
	quote_hint(e, "look at what is in it, then: chmod go-w ", path, "");
	return ERR_UNTRUSTED;
}

int
known_hosts_load(struct known_hosts *k, const char *path, struct err *e)
{
	struct buf text = BUF_INIT;
	int fd, r;

	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd == -1 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd == -1)
		return err_system(
		    e, ERR_SYSTEM, errno, "cannot open '%s'", path);
	if ((r = check_file(fd, path, e)) == 0 &&
	    (r = replace_read(fd, path, FILE_MAX, &text, e)) == 0)
		r = add_file(k, path, &text, e);
	buf_free(&text);
	close(fd);
	return r;
}

size_t
known_hosts_skipped(const struct known_hosts *k)
{
	return k->skipped;
}

static void
decide(struct known_hosts *k, const struct entry *entry)
{
	const char *type;
	size_t len;

	k->decided = (struct known_hosts_place){ NULL, 0, NULL };
	if (entry == NULL)
		return;
	type = known_hosts_type(
	    k->blobs.data + entry->blob, entry->blob_len, &len);
	memcpy(k->decided_type, type, len);
	k->decided_type[len] = '\0';
	k->decided = (struct known_hosts_place){ k->files[entry->file].path,
		entry->line, k->decided_type };
}

/* What the lines say about one key of one host. */
struct findings {
	const struct entry *same, *other, *revoked; /* the first of each */
};

/* Where an entry would be noted; NULL when it says nothing. */
static const struct entry **
place_for(struct findings *f, const struct entry *n, bool equal)
{
	switch (n->marker) {
	case MARKER_NONE:
		return equal ? &f->same : &f->other;
	case MARKER_REVOKED:
		return equal ? &f->revoked : NULL;
	case MARKER_CA:
		break;
	}
	return NULL;
}

/* 0, or -1 when memory is short. */
static int
search(const struct known_hosts *k, const char *name, const uint8_t *blob,
    size_t len, struct findings *f)
{
	for (size_t i = 0; i < k->count; i++) {
		const struct entry *n = &k->entries[i], **place;
		int r;

		place = place_for(f, n,
		    n->blob_len == len &&
			memcmp(k->blobs.data + n->blob, blob, len) == 0);
		if (place == NULL || *place != NULL)
			continue;
		if ((r = known_hosts_names(n->names, n->names_len, name)) < 0)
			return -1;
		if (r == 1)
			*place = n;
	}
	return 0;
}

enum known_hosts_verdict
known_hosts_check(struct known_hosts *k, const char *name, unsigned port,
    const uint8_t *blob, size_t len)
{
	enum known_hosts_verdict verdict = KNOWN_HOSTS_FAILED;
	struct findings f = { NULL, NULL, NULL };
	struct buf wanted = BUF_INIT;

	decide(k, NULL);
	name = known_hosts_name(&wanted, name, port);
	if (name == NULL || search(k, name, blob, len, &f) != 0)
		goto out;
	if (f.revoked != NULL)
		verdict = KNOWN_HOSTS_REVOKED;
	else if (f.same != NULL)
		verdict = KNOWN_HOSTS_MATCH;
	else if (f.other != NULL)
		verdict = KNOWN_HOSTS_CHANGED;
	else
		verdict = KNOWN_HOSTS_UNKNOWN;
	decide(k,
	    f.revoked != NULL    ? f.revoked
		: f.same != NULL ? f.same
				 : f.other);
out:
	buf_free(&wanted);
	return verdict;
}

const struct known_hosts_place *
known_hosts_decided(const struct known_hosts *k)
{
	return &k->decided;
}

/* Is this word in a list with commas, from 'start' on? */
static bool
listed(const struct buf *list, size_t start, const char *type, size_t len)
{
	while (start < list->len) {
		const uint8_t *at = list->data + start;
		const uint8_t *comma = memchr(at, ',', list->len - start);
		size_t n =
		    comma != NULL ? (size_t)(comma - at) : list->len - start;

		if (n == len && memcmp(at, type, len) == 0)
			return true;
		start += n + 1;
	}
	return false;
}

bool
known_hosts_types(const struct known_hosts *k, const char *name, unsigned port,
    struct buf *types)
{
	struct buf wanted = BUF_INIT;
	size_t start = types->len, len;
	const char *type;
	int r = 0;

	if ((name = known_hosts_name(&wanted, name, port)) == NULL)
		r = -1;
	for (size_t i = 0; i < k->count && r >= 0; i++) {
		const struct entry *n = &k->entries[i];

		type = known_hosts_type(
		    k->blobs.data + n->blob, n->blob_len, &len);
		if (n->marker != MARKER_NONE || listed(types, start, type, len))
			continue;
		r = known_hosts_names(n->names, n->names_len, name);
		if (r != 1)
			continue;
		if (types->len > start)
			buf_put_text(types, ",");
		buf_put(types, type, len);
	}
	buf_free(&wanted);
	return r >= 0 && buf_ok(types);
}

static void
put_entry(const struct known_hosts *k, const struct entry *n, const char *as,
    struct buf *out)
{
	const uint8_t *blob = k->blobs.data + n->blob;
	const char *type;
	size_t len;

	type = known_hosts_type(blob, n->blob_len, &len);
	buf_put_text(out, n->marker == MARKER_REVOKED ? "@revoked " : "");
	buf_put_text(out, as);
	buf_put_text(out, " ");
	buf_put(out, type, len);
	buf_put_text(out, " ");
	digest_put_base64(out, blob, n->blob_len, 1);
	buf_put_text(out, "\n");
}

bool
known_hosts_put(const struct known_hosts *k, const char *name, unsigned port,
    const char *as, struct buf *out)
{
	struct buf wanted = BUF_INIT;
	int r = 0;

	if ((name = known_hosts_name(&wanted, name, port)) == NULL)
		r = -1;
	for (size_t i = 0; i < k->count && r >= 0; i++) {
		const struct entry *n = &k->entries[i];

		if (n->marker == MARKER_CA)
			continue;
		r = known_hosts_names(n->names, n->names_len, name);
		if (r == 1)
			put_entry(k, n, as, out);
	}
	buf_free(&wanted);
	return r >= 0 && buf_ok(out);
}
