/* SPDX-License-Identifier: ISC */
/* The child's frames: how they are written, and what is believed of them. */

#include <sys/stat.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/err.h"
#include "pemkeep/keys/keyfile_facts.h"
#include "pemkeep/keys/pubkey.h"

#include "src/audit/scan_wire.h"

#define BLOB_MAX 8192u
#define WHY_MAX 256u

enum flag {
	ENCRYPTED = 1,
	READABLE = 2,
	MORE = 4,
	CERTIFICATE = 8,
	BESIDE = 16,
	ALL_FLAGS = 31
};

static const char *const types[] = { "", "rsa", "ed25519", "ecdsa", "dsa" };
#define TYPES (sizeof(types) / sizeof(types[0]))

static void
put_frame(struct buf *b, struct buf *frame)
{
	if (buf_ok(frame))
		buf_put_string(b, frame->data, frame->len);
	else
		b->failed = true;
	buf_free(frame);
}

static uint8_t
number_of(const char *type)
{
	for (uint8_t i = 0; i < TYPES; i++)
		if (strcmp(types[i], type) == 0)
			return i;
	return 0;
}

void
scan_put_key(struct buf *b, const char *path, const struct stat *st,
    const struct keyfile_facts *facts, bool beside)
{
	struct buf f = BUF_INIT;

	buf_put_u8(&f, SCAN_KEY);
	buf_put_cstring(&f, path);
	buf_put_u64(&f, st->st_dev);
	buf_put_u64(&f, st->st_ino);
	buf_put_u32(&f, st->st_mode & 07777u);
	buf_put_u32(&f, st->st_uid);
	buf_put_u32(&f, (uint32_t)st->st_nlink);
	buf_put_u64(&f, (uint64_t)st->st_mtime);
	buf_put_u64(&f, (uint64_t)st->st_size);
	buf_put_u8(&f, (uint8_t)facts->format);
	buf_put_u8(&f, number_of(facts->type));
	buf_put_u32(&f, facts->bits);
	buf_put_u8(&f,
	    (uint8_t)((facts->encrypted ? ENCRYPTED : 0) |
		(facts->readable ? READABLE : 0) | (facts->more ? MORE : 0) |
		(facts->certificate ? CERTIFICATE : 0) |
		(beside ? BESIDE : 0)));
	buf_put_string(&f, facts->blob.data, facts->blob.len);
	buf_put_string(
	    &f, facts->sha1, facts->sha1_known ? sizeof(facts->sha1) : 0);
	put_frame(b, &f);
}

void
scan_put_trouble(struct buf *b, const char *path, const char *why)
{
	struct buf f = BUF_INIT;
	size_t len = strlen(path), words = strlen(why);

	buf_put_u8(&f, SCAN_TROUBLE);
	buf_put_string(&f, path, len < SCAN_PATH_MAX ? len : SCAN_PATH_MAX);
	buf_put_string(&f, why, words < WHY_MAX ? words : WHY_MAX);
	put_frame(b, &f);
}

void
scan_put_counts(struct buf *b, enum scan_frame kind, const struct scan *scan)
{
	struct buf f = BUF_INIT;

	buf_put_u8(&f, (uint8_t)kind);
	buf_put_u64(&f, scan->files);
	buf_put_u64(&f, scan->folders);
	buf_put_u64(&f, scan->opened);
	buf_put_u64(&f, scan->elsewhere);
	put_frame(b, &f);
}

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

static int
no_sense(struct err *e)
{
	return err_set(e, ERR_UNTRUSTED,
	    "the process that looks for keys has said something senseless");
}

/* A new text without zero bytes, of 1 to 'max' bytes; NULL: it is none. */
static char *
take_text(struct wire *w, size_t max)
{
	size_t len;
	const uint8_t *bytes = wire_string(w, &len);

	if (bytes == NULL || len == 0 || len > max ||
	    memchr(bytes, 0, len) != NULL) {
		w->failed = true;
		return NULL;
	}
	return strndup((const char *)bytes, len);
}

/* Grows an array by one element, which is zero; NULL without memory. */
static void *
add(void *listp, size_t count, size_t size)
{
	void **list = listp, *more;

	/* Doubled at each power of two. */
	if ((count & (count - 1)) == 0) {
		more = reallocarray(*list, count == 0 ? 1 : 2 * count, size);
		if (more == NULL)
			return NULL;
		*list = more;
	}
	more = (char *)*list + count * size;
	memset(more, 0, size);
	return more;
}

static bool
copy_print(char to[static 64], struct buf *from, bool known)
{
	bool fits = buf_ok(from) && from->len < 64;

	if (known && fits)
		memcpy(to, buf_text(from), from->len + 1);
	buf_clear(from);
	return fits;
}

/* The public half, which says type and size once more, and its fingerprints. */
static int
take_public(struct scan_key *k, const uint8_t *blob, size_t len,
    const uint8_t *sha1, struct err *e)
{
	struct pubkey_facts facts;
	struct buf b = BUF_INIT;
	bool ok;

	if (len > BLOB_MAX || pubkey_facts(blob, len, &facts, NULL) != 0)
		return no_sense(e);
	if ((k->blob = malloc(len)) == NULL)
		return no_memory(e);
	memcpy(k->blob, blob, len);
	k->blob_len = len;
	k->type = key_word(facts.type);
	k->bits = facts.bits;
	ok = pubkey_fingerprint(blob, len, &b) == 0;
	ok = copy_print(k->fingerprint, &b, ok) && ok;
	ok = ok &&
	    copy_print(k->ec2_imported, &b,
		pubkey_ec2_imported(blob, len, &b, NULL) == 0);
	if (ok && (sha1 != NULL || facts.type == KEY_ED25519))
		ok = copy_print(k->ec2_created, &b,
		    pubkey_ec2_created(blob, len, sha1, &b, NULL) == 0);
	buf_free(&b);
	return ok ? 0 : no_memory(e);
}

static int
take_key(struct scan *scan, struct wire *w, struct err *e)
{
	struct scan_key *k = NULL;
	const uint8_t *blob, *sha1;
	size_t blob_len, sha1_len;
	uint8_t format, type, flags;

	if (scan->count < SCAN_KEYS_MAX)
		k = add(&scan->keys, scan->count, sizeof(*k));
	if (k == NULL)
		return scan->count < SCAN_KEYS_MAX
		    ? no_memory(e)
		    : err_set(e, ERR_FAILED, "more than %u keys are too many",
			  SCAN_KEYS_MAX);
	scan->count++;
	k->format = k->type = "";
	k->path = take_text(w, SCAN_PATH_MAX);
	k->device = wire_u64(w);
	k->inode = wire_u64(w);
	k->mode = wire_u32(w) & 07777u;
	k->owner = wire_u32(w);
	k->links = wire_u32(w);
	k->changed = (int64_t)wire_u64(w);
	k->size = wire_u64(w);
	format = wire_u8(w);
	type = wire_u8(w);
	k->bits = wire_u32(w);
	flags = wire_u8(w);
	blob = wire_string(w, &blob_len);
	sha1 = wire_string(w, &sha1_len);
	if (!wire_done(w) || format > KEYFILE_PPK3 || type >= TYPES ||
	    k->bits > 65536 || flags > ALL_FLAGS ||
	    (sha1_len != 0 && sha1_len != 20))
		return no_sense(e);
	if (k->path == NULL)
		return no_memory(e);
	if (format != 0)
		k->format = keyfile_format_name((enum keyfile_format)format);
	k->type = types[type];
	k->encrypted = (flags & ENCRYPTED) != 0;
	k->readable = (flags & READABLE) != 0;
	k->more = (flags & MORE) != 0;
	k->certificate = (flags & CERTIFICATE) != 0;
	k->beside = (flags & BESIDE) != 0;
	return blob_len == 0
	    ? 0
	    : take_public(k, blob, blob_len, sha1_len > 0 ? sha1 : NULL, e);
}

static int
take_trouble(struct scan *scan, struct wire *w, struct err *e)
{
	struct scan_trouble *t;
	char *path = take_text(w, SCAN_PATH_MAX), *why = take_text(w, WHY_MAX);

	if (!wire_done(w) || path == NULL || why == NULL ||
	    scan->trouble_count >= SCAN_TROUBLES_MAX) {
		free(path);
		free(why);
		if (!wire_done(w))
			return no_sense(e);
		if (scan->trouble_count < SCAN_TROUBLES_MAX)
			return no_memory(e);
		scan->trouble_total++;
		return 0;
	}
	t = add(&scan->troubles, scan->trouble_count, sizeof(*t));
	if (t == NULL) {
		free(path);
		free(why);
		return no_memory(e);
	}
	*t = (struct scan_trouble){ path, why };
	scan->trouble_count++;
	scan->trouble_total++;
	return 0;
}

static int
take_counts(struct scan *scan, struct wire *w, bool end, struct err *e)
{
	scan->files = wire_u64(w);
	scan->folders = wire_u64(w);
	scan->opened = wire_u64(w);
	scan->elsewhere = wire_u64(w);
	if (!wire_done(w))
		return no_sense(e);
	scan->whole = end;
	return 0;
}

static int
take_frame(struct scan *scan, const uint8_t *bytes, size_t len, struct err *e)
{
	struct wire w;

	wire_init(&w, bytes, len);
	if (scan->whole)
		return no_sense(e);
	switch (wire_u8(&w)) {
	case SCAN_KEY:
		return take_key(scan, &w, e);
	case SCAN_TROUBLE:
		return take_trouble(scan, &w, e);
	case SCAN_PROGRESS:
		return take_counts(scan, &w, false, e);
	case SCAN_END:
		return take_counts(scan, &w, true, e);
	default:
		return no_sense(e);
	}
}

int
scan_take(struct scan *scan, const uint8_t *bytes, size_t len, size_t *usedp,
    struct err *e)
{
	struct wire w;
	int r = 0;

	*usedp = 0;
	wire_init(&w, bytes, len);
	while (r == 0 && w.left >= 4) {
		uint32_t size = wire_u32(&w);

		if (size == 0 || size > SCAN_FRAME_MAX)
			return no_sense(e);
		if (size > w.left)
			break;
		r = take_frame(scan, wire_bytes(&w, size), size, e);
		*usedp += 4 + (size_t)size;
	}
	return r;
}

/* No "", "." or ".." between slashes: what is written is where it lies. */
static bool
is_plain(const char *path)
{
	for (size_t n; *path == '/'; path += n) {
		n = strcspn(++path, "/");
		if (n == 0 || (n == 1 && path[0] == '.') ||
		    (n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
	}
	return *path == '\0';
}

static bool
is_in(const char *path, const struct scan_root *root)
{
	size_t len = strlen(root->path);

	if (strncmp(path, root->path, len) != 0)
		return false;
	if (path[len] == '\0')
		return true;
	if (len > 1 && path[len++] != '/')
		return false;
	return !root->shallow || strchr(path + len, '/') == NULL;
}

int
scan_check(const struct scan *scan, const struct scan_root *roots, size_t count,
    struct err *e)
{
	for (size_t i = 0; i < scan->count; i++) {
		const char *path = scan->keys[i].path;
		bool in = false;

		for (size_t k = 0; k < count && !in; k++)
			in = is_in(path, &roots[k]);
		if (!in || !is_plain(path))
			return no_sense(e);
	}
	return 0;
}

void
scan_clear(struct scan *scan)
{
	for (size_t i = 0; i < scan->count; i++) {
		free(scan->keys[i].path);
		free(scan->keys[i].blob);
	}
	for (size_t i = 0; i < scan->trouble_count; i++) {
		free(scan->troubles[i].path);
		free(scan->troubles[i].why);
	}
	free(scan->keys);
	free(scan->troubles);
	memset(scan, 0, sizeof(*scan));
}
