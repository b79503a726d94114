/* SPDX-License-Identifier: ISC */
/* Looking into one file: is it a private key, and what may be said of it? */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pemkeep/base/base64.h"
#include "pemkeep/base/err.h"
#include "pemkeep/keys/keyfile_facts.h"
#include "pemkeep/keys/pubkey.h"
#include "vault/secret.h"

#include "src/audit/scan_child.h"

#define HEAD 4096u
#define PUBLIC_MAX 16384u /* bytes of a .pub file */

#ifndef O_NOATIME
#define O_NOATIME 0
#endif

/* To be seen is no reason for a file to look used; only its owner may do so. */
static int
open_file(int folder, const char *name)
{
	const int flags =
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = openat(folder, name, flags | O_NOATIME);

	if (fd == -1 && errno == EPERM)
		fd = openat(folder, name, flags);
	return fd;
}

/* Read on until there are 'want' bytes; fewer than that are the end. */
static bool
read_on(int fd, struct secret *file, size_t want)
{
	size_t len = secret_len(file);
	ssize_t n;

	do
		n = read(fd, secret_data(file) + len, want - len);
	while (n == -1 && errno == EINTR);
	return n != -1 && secret_set_len(file, len + (size_t)n);
}

static bool
holds(const struct secret *file, const char *text)
{
	return memmem(secret_bytes(file), secret_len(file), text,
		   strlen(text)) != NULL;
}

/* The cheap question first: most files are not even text that speaks of keys. */
static bool
may_be_key(const struct secret *file)
{
	const uint8_t *b = secret_bytes(file);
	size_t len = secret_len(file);
	bool wide = len >= 2 &&
	    (b[0] == 0 || b[1] == 0 || b[0] == 0xff || b[0] == 0xfe);

	return (wide || holds(file, "PRIVATE KEY") ||
		   holds(file, "PuTTY-User-Key-File-")) &&
	    keyfile_looks_like_key(b, len);
}

/* Of a file that is longer than a key, what stands before the last armour's end. */
static void
cut_rest(struct secret *file)
{
	static const char end[] = "-----END ";
	const uint8_t *b = secret_bytes(file), *at = b, *found, *line;
	size_t len = secret_len(file);
	const uint8_t *last = NULL;

	while ((found = memmem(at, len - (size_t)(at - b), end, strlen(end))) !=
	    NULL) {
		last = found;
		at = found + strlen(end);
	}
	if (last == NULL)
		return;
	line = memchr(last, '\n', len - (size_t)(last - b));
	if (line != NULL)
		(void)secret_set_len(file, (size_t)(line - b) + 1);
}

/* "type base64 comment" into the facts; what is no such line says nothing. */
static void
take_line(const char *text, struct keyfile_facts *facts)
{
	const char *at = text + strcspn(text, " ");
	struct pubkey_facts public;
	struct buf blob = BUF_INIT;

	at += strspn(at, " ");
	if (base64_decode(&blob, at, strcspn(at, " \r\n")) && blob.len > 0 &&
	    pubkey_facts(blob.data, blob.len, &public, NULL) == 0) {
		facts->type = key_word(public.type);
		facts->bits = public.bits;
		buf_put(&facts->blob, blob.data, blob.len);
	}
	buf_free(&blob);
}

/* NAME.pub, for a key that does not show its public half. */
static bool
look_beside(struct scanner *s, int folder, const char *name,
    struct keyfile_facts *facts)
{
	struct buf text = BUF_INIT;
	struct stat st;
	int fd;

	buf_printf(&text, "%s.pub", name);
	fd = open_file(folder, buf_text(&text));
	buf_clear(&text);
	secret_clear(s->file);
	if (fd != -1 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    read_on(fd, s->file, PUBLIC_MAX)) {
		buf_put(&text, secret_bytes(s->file), secret_len(s->file));
		take_line(buf_text(&text), facts);
	}
	if (fd != -1)
		close(fd);
	buf_free(&text);
	return facts->blob.len > 0;
}

static bool
tell_key(struct scanner *s, int folder, const char *name, const struct stat *st)
{
	struct keyfile_facts facts;
	bool beside = false;
	struct err e;
	int r;

	if (st->st_size > KEYFILE_MAX)
		cut_rest(s->file);
	r = keyfile_facts(s->file, &facts, &e);
	if (r == 0) {
		facts.more = facts.more || st->st_size > KEYFILE_MAX;
		if (facts.blob.len == 0)
			beside = look_beside(s, folder, name, &facts);
		if (buf_ok(&facts.blob))
			scan_put_key(
			    &s->out, buf_text(&s->path), st, &facts, beside);
	}
	keyfile_facts_clear(&facts);
	secret_clear(s->file);
	return r != ERR_NOMEM;
}

/*
 * That it is a file was said by its folder, and is asked once more of those that
 * count; reading what is none by now fails, or gives no key.
 */
bool
scan_look(struct scanner *s, int folder, const char *name)
{
	struct stat st;
	bool ok = true;
	int fd = open_file(folder, name);

	if (fd == -1) {
		scan_tell_trouble(s, errno);
		return true;
	}
	s->count.opened++;
	(void)secret_set_len(s->file, 0); /* wiping is for what was a key */
	if (!read_on(fd, s->file, HEAD))
		scan_tell_trouble(s, errno);
	else if (may_be_key(s->file) && fstat(fd, &st) == 0 &&
	    S_ISREG(st.st_mode) && read_on(fd, s->file, KEYFILE_MAX))
		ok = tell_key(s, folder, name, &st);
	close(fd);
	return ok;
}
