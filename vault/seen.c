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
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "internal.h"
#include "io.h"

#define FIRST_LINE "pemkeep-seen 1\n"
#define SEEN_FILE_MAX 65536
#define LINES_MAX 64

struct line {
	uint8_t vault_id[VAULT_ID_BYTES];
	struct seen seen;
};

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
parse_line(const char *text, size_t len, struct line *l)
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

/* The content of a regular file of ours, terminated; NULL for anything else. */
static char *
read_ours(int fd)
{
	struct stat st;
	char *text;
	size_t len;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid() || st.st_size > SEEN_FILE_MAX)
		return NULL;
	len = (size_t)st.st_size;
	if ((text = malloc(len + 1)) == NULL)
		return NULL;
	if (io_read(fd, text, len) == -1 || memchr(text, '\0', len) != NULL) {
		free(text);
		return NULL;
	}
	text[len] = '\0';
	return text;
}

/* NULL with *bad false when the file is missing. */
static char *
read_text(const char *path, bool *bad)
{
	char *text = NULL;
	int fd;

	RETRY(fd, open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
	if (fd == -1) {
		*bad = errno != ENOENT;
		return NULL;
	}
	text = read_ours(fd);
	close(fd);
	*bad = text == NULL;
	return text;
}

/* All lines; how many; *bad when the file is there but not as it should be. */
static size_t
read_lines(const char *path, struct line *lines, bool *bad)
{
	char *text, *at, *end;
	size_t count = 0;

	if ((text = read_text(path, bad)) == NULL)
		return 0;
	*bad = strncmp(text, FIRST_LINE, strlen(FIRST_LINE)) != 0;
	at = text + (*bad ? 0 : strlen(FIRST_LINE));
	while (!*bad && *at != '\0') {
		end = strchr(at, '\n');
		if (end == NULL || count == LINES_MAX ||
		    !parse_line(at, (size_t)(end - at), &lines[count++]))
			*bad = true;
		else
			at = end + 1;
	}
	free(text);
	return *bad ? 0 : count;
}

void
seen_read(const char *path, const uint8_t *vault_id, struct seen *s, bool *bad)
{
	struct line lines[LINES_MAX];
	size_t count;

	memset(s, 0, sizeof(*s));
	*bad = false;
	if (path == NULL)
		return;
	count = read_lines(path, lines, bad);
	for (size_t i = 0; i < count; i++)
		if (memcmp(lines[i].vault_id, vault_id, VAULT_ID_BYTES) == 0)
			*s = lines[i].seen;
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

/* The new text: the other vaults' lines, and this one's last. */
static void
build_text(struct bytes *b, const char *path, const struct header *h)
{
	struct line lines[LINES_MAX];
	size_t count, first;
	bool bad;

	count = read_lines(path, lines, &bad);
	first = count == LINES_MAX ? 1 : 0; /* the oldest makes room */
	bytes_put(b, FIRST_LINE, strlen(FIRST_LINE));
	for (size_t i = first; i < count; i++)
		if (memcmp(lines[i].vault_id, h->vault_id, VAULT_ID_BYTES) != 0)
			put_line(b, lines[i].vault_id, lines[i].seen.generation,
			    lines[i].seen.mac);
	put_line(b, h->vault_id, h->generation, h->mac);
}

/* The vault's lock is held: a temporary file that is there is a crash's. */
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

bool
seen_write(const char *path, const struct header *h)
{
	struct bytes b = {0};
	char *temp;
	int r = -1;

	if (path == NULL)
		return true;
	if (asprintf(&temp, "%s.tmp", path) == -1)
		return false;
	build_text(&b, path, h);
	if (!b.failed && write_text(temp, &b))
		RETRY(r, rename(temp, path));
	if (r == -1)
		unlink(temp);
	bytes_free(&b);
	free(temp);
	return r == 0;
}
