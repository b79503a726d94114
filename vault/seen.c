/* SPDX-License-Identifier: ISC */

/*
 * Chapter 9: what this machine has seen.  A small text, replaced by rename.
 * Reading never fails: without memory every vault is new here.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "internal.h"
#include "io.h"

#define FIRST_LINE "pemkeep-seen 1\n"
#define SEEN_FILE_MAX 65536

static bool
parse_hex(const char *text, size_t len, uint8_t *out, size_t size)
{
	size_t n;

	return len == 2 * size &&
	    sodium_hex2bin(out, size, text, len, NULL, &n, NULL) == 0 &&
	    n == size;
}

/* "ID GENERATION MAC", without the line feed. */
static bool
parse_line(const char *text, size_t len, struct seen_line *l)
{
	const size_t id_len = (size_t)2 * VAULT_ID_BYTES;
	const size_t mac_len = (size_t)2 * VAULT_MAC_BYTES;
	char number[21], *end;
	size_t digits;

	if (len < id_len + 3 + mac_len)
		return false;
	digits = len - id_len - 2 - mac_len;
	if (digits >= sizeof(number) || text[id_len] != ' ' ||
	    text[id_len + 1 + digits] != ' ')
		return false;
	memcpy(number, text + id_len + 1, digits);
	number[digits] = '\0';
	if (strspn(number, "0123456789") != digits)
		return false;
	errno = 0;
	l->seen.generation = strtoull(number, &end, 10);
	l->seen.known = true;
	return errno == 0 &&
	    parse_hex(text, id_len, l->vault_id, VAULT_ID_BYTES) &&
	    parse_hex(text + id_len + digits + 2, mac_len, l->seen.mac,
		VAULT_MAC_BYTES);
}

/*
 * The content of the file, terminated; NULL when there is none, or it is *bad
 * (not a text of ours), or it is *unreadable just now.
 */
static char *
read_fd(int fd, struct memory *m)
{
	struct stat st;
	char *text;
	size_t len;
	int r;

	RETRY(r, fstat(fd, &st));
	if (r == -1) {
		m->unreadable = true;
		return NULL;
	}
	m->bad = !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_size > SEEN_FILE_MAX;
	if (m->bad)
		return NULL;
	len = (size_t)st.st_size;
	if ((text = malloc(len + 1)) == NULL || io_read(fd, text, len) == -1) {
		m->unreadable = true;
		free(text);
		return NULL;
	}
	text[len] = '\0';
	m->bad = strlen(text) != len;
	return text;
}

static char *
read_text(const char *path, struct memory *m)
{
	char *text;
	int fd;

	RETRY(fd, open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
	if (fd == -1) {
		m->bad = errno == ELOOP || errno == ENXIO;
		m->unreadable = !m->bad && errno != ENOENT;
		return NULL;
	}
	text = read_fd(fd, m);
	close(fd);
	return text;
}

void
seen_load(const char *path, struct memory *m)
{
	char *text, *at, *end;

	memset(m, 0, sizeof(*m));
	if (path == NULL || (text = read_text(path, m)) == NULL)
		return;
	m->bad |= strncmp(text, FIRST_LINE, strlen(FIRST_LINE)) != 0;
	at = text + (m->bad ? 0 : strlen(FIRST_LINE));
	while (!m->bad && *at != '\0') {
		end = strchr(at, '\n');
		if (end == NULL || m->count == SEEN_MAX ||
		    !parse_line(at, (size_t)(end - at), &m->lines[m->count++]))
			m->bad = true;
		else
			at = end + 1;
	}
	if (m->bad)
		m->count = 0;
	free(text);
}

void
seen_find(const struct memory *m, const uint8_t *vault_id, struct seen *s)
{
	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < m->count; i++)
		if (memcmp(m->lines[i].vault_id, vault_id, VAULT_ID_BYTES) == 0)
			*s = m->lines[i].seen;
}

enum trust
seen_compare(const struct seen *s, const struct header *h)
{
	if (!s->known)
		return TRUST_NEW;
	if (h->generation < s->generation)
		return TRUST_ROLLBACK;
	if (h->generation == s->generation)
		return memcmp(h->mac, s->mac, VAULT_MAC_BYTES) == 0
		    ? TRUST_CURRENT
		    : TRUST_FORK;
	for (size_t i = 0; i < h->ancestor_count; i++)
		if (memcmp(h->ancestors[i], s->mac, VAULT_MAC_BYTES) == 0)
			return TRUST_NEWER;
	return TRUST_FORK;
}

static void
put_line(struct bytes *b, const uint8_t *vault_id, uint64_t generation,
    const uint8_t *mac)
{
	char hex[2 * VAULT_MAC_BYTES + 1], number[32];

	sodium_bin2hex(hex, sizeof(hex), vault_id, VAULT_ID_BYTES);
	bytes_put(b, hex, strlen(hex));
	snprintf(number, sizeof(number), " %" PRIu64 " ", generation);
	bytes_put(b, number, strlen(number));
	sodium_bin2hex(hex, sizeof(hex), mac, VAULT_MAC_BYTES);
	bytes_put(b, hex, strlen(hex));
	bytes_put(b, "\n", 1);
}

/*
 * The new text: the other vaults' lines, and this one's last.  False when the
 * others' cannot be read just now: they must not be lost for that.
 */
static bool
build_text(struct bytes *b, const char *path, const struct header *h)
{
	struct memory m;
	size_t first;

	seen_load(path, &m);
	if (m.unreadable)
		return false;
	first = m.count == SEEN_MAX ? 1 : 0; /* the oldest makes room */
	bytes_put(b, FIRST_LINE, strlen(FIRST_LINE));
	for (size_t i = first; i < m.count; i++)
		if (memcmp(m.lines[i].vault_id, h->vault_id, VAULT_ID_BYTES) !=
		    0)
			put_line(b, m.lines[i].vault_id,
			    m.lines[i].seen.generation, m.lines[i].seen.mac);
	put_line(b, h->vault_id, h->generation, h->mac);
	return !b->failed;
}

/* A temporary file that is there is a crash's. */
static bool
write_text(const char *temp, const struct bytes *b)
{
	int fd;

	unlink(temp);
	RETRY(fd,
	    open(temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0600));
	return fd != -1 && io_write_file(fd, 0600, b->data, b->len) == 0;
}

static bool
replace(const char *path, const struct header *h)
{
	struct bytes b = { 0 };
	char *temp;
	int r = -1;

	if (asprintf(&temp, "%s.tmp", path) == -1)
		return false;
	if (build_text(&b, path, h)) {
		if (write_text(temp, &b))
			RETRY(r, rename(temp, path));
		if (r == -1)
			unlink(temp);
	}
	bytes_free(&b);
	free(temp);
	return r == 0;
}

bool
seen_write(const char *path, const struct header *h)
{
	struct folder f;
	bool done;
	int r;

	if (path == NULL)
		return true;
	if (folder_open(&f, path, false, NULL) != 0)
		return false;
	/*
	 * Vaults in several places share one memory, so its folder is locked.
	 * Where folders cannot be (NFS), one of two lines may be lost, which
	 * is a vault that is new here.
	 */
	RETRY(r, flock(f.fd, LOCK_EX));
	(void)r;
	done = replace(path, h);
	folder_close(&f);
	return done;
}
