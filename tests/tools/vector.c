/* SPDX-License-Identifier: ISC */

/*
 * Vectors and the folder they are tried in.  A vector is trusted as far as
 * lengths go no further than the files.
 */

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/tools/vector.h"

#define VECTOR_MAX ((size_t)4 << 20)

bool
folder_write(const char *path, const void *data, size_t len, mode_t mode)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, mode);
	const bool ok = fd >= 0 && write(fd, data, len) == (ssize_t)len;

	if (fd >= 0)
		close(fd);
	return ok;
}

char *
folder_read(const char *path, size_t *lenp)
{
	FILE *f = fopen(path, "rb");
	char *data = f != NULL ? malloc(VECTOR_MAX) : NULL;

	*lenp = 0;
	if (data != NULL) {
		*lenp = fread(data, 1, VECTOR_MAX - 1, f);
		data[*lenp] = '\0';
	}
	if (f != NULL)
		fclose(f);
	return data;
}

static void
head_line(struct vector *v, char *line)
{
	const struct {
		const char *name, **field;
	} fields[] = {
		{ "expect: ", &v->expect },
		{ "rule: ", &v->rule },
		{ "passphrase: ", &v->passphrase },
		{ "plaintext: ", &v->plaintext },
		{ "seen: ", &v->seen },
		{ "note: ", &v->note },
		{ "key: ", &v->key },
		{ "parts: ", &v->parts },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const size_t n = strlen(fields[i].name);

		if (strncmp(line, fields[i].name, n) == 0)
			*fields[i].field = line + n;
	}
}

/* Where the vault is gathered. */
struct gather {
	const char *body, *beside;
	size_t left, zeros;
	uint8_t *data;
	size_t len;
};

static bool
add(struct gather *g, const void *data, size_t len)
{
	if (g->zeros > VECTOR_MAX || len > VECTOR_MAX ||
	    g->len + g->zeros + len > VECTOR_MAX)
		return false;
	memset(g->data + g->len, 0, g->zeros);
	g->len += g->zeros;
	g->zeros = 0;
	memcpy(g->data + g->len, data, len);
	g->len += len;
	return true;
}

/* The end of the vector 'name', which is beside this one. */
static bool
add_other(struct gather *g, const char *name, size_t len)
{
	const char *slash = strrchr(g->beside, '/');
	const int folder = slash != NULL ? (int)(slash + 1 - g->beside) : 0;
	char path[1024], *other;
	size_t other_len;
	bool ok;

	snprintf(path, sizeof(path), "%.*s%s.vec", folder, g->beside, name);
	other = folder_read(path, &other_len);
	ok = other != NULL && other_len >= len &&
	    add(g, other + other_len - len, len);
	free(other);
	return ok;
}

static bool
add_part(struct gather *g, const char *name, size_t len)
{
	if (strcmp(name, "zeros") == 0) {
		g->zeros += len;
		return true;
	}
	if (strcmp(name, "body") != 0)
		return add_other(g, name, len);
	if (len > g->left || !add(g, g->body, len))
		return false;
	g->body += len;
	g->left -= len;
	return true;
}

static bool
gather(struct vector *v, const char *path, const char *body, size_t len)
{
	struct gather g = { .body = body, .beside = path, .left = len };
	const char *word = v->parts;
	char name[256];
	size_t n;
	int used;
	bool ok;

	g.data = malloc(VECTOR_MAX);
	ok = g.data != NULL;
	if (ok && word == NULL)
		ok = add_part(&g, "body", len);
	while (ok && word != NULL && *word != '\0') {
		ok = sscanf(word, " %255[^: ]:%zu%n", name, &n, &used) == 2 &&
		    add_part(&g, name, n);
		word += ok ? used : 0;
	}
	v->vault = g.data;
	v->len = g.len;
	v->size = (off_t)(g.len + g.zeros);
	return ok && g.left == 0;
}

bool
vector_read(struct vector *v, const char *path)
{
	char *end, *line, *next;
	size_t len;

	*v = (struct vector){ .text = folder_read(path, &len) };
	end = v->text != NULL ? strstr(v->text, "\n\n") : NULL;
	if (end == NULL)
		return false;
	*end = '\0';
	for (line = v->text; line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		head_line(v, line);
	}
	return v->expect != NULL && v->passphrase != NULL &&
	    gather(v, path, end + 2, len - (size_t)(end + 2 - v->text));
}

void
vector_free(struct vector *v)
{
	free(v->text);
	free(v->vault);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

void
folder_remove(const struct folder *f)
{
	nftw(f->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

bool
folder_make(struct folder *f, const struct vector *v)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(f->path, sizeof(f->path), "%s/vector.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(f->path) == NULL) {
		f->path[0] = '\0';
		return false;
	}
	snprintf(f->vault, sizeof(f->vault), "%s/vault", f->path);
	snprintf(f->seen, sizeof(f->seen), "%s/seen", f->path);
	return v == NULL ||
	    (folder_write(f->vault, v->vault, v->len, 0600) &&
		truncate(f->vault, v->size) == 0 && chmod(f->vault, 0400) == 0);
}
