/* SPDX-License-Identifier: ISC */
/*
 * What cloud-init's write-ssh-key-fingerprints prints (FINGERPRINTS, through
 * logger, each line behind "<14>date TAG: "; then KEYS, plainly), in whatever
 * else comes to a console: line by line, without escape sequences, what is no
 * sound line of a block is passed over.  A block begins anew with each BEGIN,
 * so that the last one counts, and a block of fingerprints forgets the keys
 * before it: they are those of an earlier boot.
 */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/aws/console.h"
#include "pemkeep/base/base64.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#define LINE_MAX_LEN 2048u /* an RSA key of 8192 bits takes 1400 */
#define SHA256_LEN 50u     /* "SHA256:" and 43 characters */
#define BLOCK_BEGIN "-----BEGIN SSH HOST KEY "
#define BLOCK_END "-----END SSH HOST KEY "

enum block { OUTSIDE, FINGERPRINTS, KEYS };

struct reader {
	struct console_keys *keys;
	enum block block;
	char line[LINE_MAX_LEN + 1];
	size_t len;
	bool too_long, failed;
};

static const char *const types[] = { "ssh-ed25519", "ecdsa-sha2-nistp256",
	"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa" };

void
console_clear(struct console_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		free(keys->keys[i].blob);
	*keys = (struct console_keys){ 0 };
}

static void
forget_keys(struct console_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		free(keys->keys[i].blob);
	keys->count = 0;
}

/* "cloud-init" or "cloud-init[1042]", up to 'end'. */
static bool
is_tag(const char *word, const char *end)
{
	static const char *const tags[] = { "ec2", "cloud-init", "login" };

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		size_t n = strlen(tags[i]);

		if ((size_t)(end - word) >= n && memcmp(word, tags[i], n) == 0)
			return word + n == end ||
			    (word[n] == '[' && end[-1] == ']');
	}
	return false;
}

/*
 * The text behind "TAG: ", where logger or an old cloud-init has put one, or a
 * getty its prompt; a blank must follow, so that "SHA256:" is none.  Only the
 * tag with which the line begins counts: behind that of another program may
 * stand what a stranger has sent, "sshd[9]: Invalid user login: ssh-rsa …".
 */
static const char *
without_tag(const char *line)
{
	const char *end, *word;

	while ((end = strstr(line, ": ")) != NULL) {
		for (word = end; word > line && word[-1] != ' '; word--)
			;
		if (!is_tag(word, end))
			break;
		line = end + 2;
	}
	return line;
}

/* Is this what a key of that type is made of, and nothing else? */
static bool
is_sound(const char *type, const uint8_t *blob, size_t len)
{
	size_t parts[3] = { 0, 0, 0 }, count = 0;
	const char *curve = strrchr(type, '-') + 1;
	struct wire w;

	wire_init(&w, blob, len);
	if (!wire_string_is(&w, type))
		return false;
	if (strncmp(type, "ecdsa", 5) == 0 && !wire_string_is(&w, curve))
		return false;
	while (wire_ok(&w) && w.left > 0 && count < 3)
		wire_string(&w, &parts[count++]);
	if (!wire_done(&w))
		return false;
	if (strcmp(type, "ssh-rsa") == 0)
		return count == 2 && parts[0] > 0 && parts[1] >= 128;
	if (strcmp(type, "ssh-ed25519") == 0)
		return count == 1 && parts[0] == 32;
	return count == 1 && parts[0] >= 65 && parts[0] <= 133;
}

static bool
has_key(const struct console_keys *keys, const struct buf *blob)
{
	for (size_t i = 0; i < keys->count; i++)
		if (keys->keys[i].len == blob->len &&
		    memcmp(keys->keys[i].blob, blob->data, blob->len) == 0)
			return true;
	return false;
}

static const char *
type_of(const char *line)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strncmp(line, types[i], strlen(types[i])) == 0 &&
		    line[strlen(types[i])] == ' ')
			return types[i];
	return NULL;
}

/* "type base64[ comment]" */
static void
take_key(struct reader *r, const char *line)
{
	struct console_keys *keys = r->keys;
	struct console_key *key = &keys->keys[keys->count];
	struct buf blob = BUF_INIT;
	const char *text, *type = type_of(line);

	if (type == NULL)
		type = type_of(line = without_tag(line));
	if (type == NULL || keys->count == CONSOLE_KEYS_MAX)
		return;
	text = line + strlen(type) + 1;
	if (base64_decode(&blob, text, strcspn(text, " ")) &&
	    is_sound(type, blob.data, blob.len) && !has_key(keys, &blob)) {
		memcpy(key->type, type, strlen(type) + 1);
		key->blob = blob.data;
		key->len = blob.len;
		keys->count++;
		blob = (struct buf)BUF_INIT;
	}
	r->failed = r->failed || !buf_ok(&blob);
	buf_free(&blob);
}

/* "256 SHA256:… root@host (ED25519)" */
static void
take_fingerprint(struct console_keys *keys, const char *line)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = strstr(line, " SHA256:");

	if (at == NULL || at == line ||
	    strspn(line, "0123456789") != (size_t)(at - line))
		return;
	at++;
	if (strspn(at + 7, digits) != SHA256_LEN - 7 ||
	    strchr(" ", at[SHA256_LEN]) == NULL ||
	    keys->fingerprint_count == CONSOLE_KEYS_MAX)
		return;
	memcpy(keys->fingerprints[keys->fingerprint_count], at, SHA256_LEN);
	keys->fingerprints[keys->fingerprint_count++][SHA256_LEN] = '\0';
}

static void
take_line(struct reader *r)
{
	const char *at = without_tag(r->line);

	if (strncmp(at, BLOCK_BEGIN, strlen(BLOCK_BEGIN)) == 0) {
		at += strlen(BLOCK_BEGIN);
		r->block = OUTSIDE;
		if (strncmp(at, "KEYS-----", 9) == 0)
			r->block = KEYS;
		else if (strncmp(at, "FINGERPRINTS-----", 17) == 0)
			r->block = FINGERPRINTS;
		if (r->block != OUTSIDE)
			forget_keys(r->keys);
		if (r->block == FINGERPRINTS)
			r->keys->fingerprint_count = 0;
		return;
	}
	if (strstr(r->line, BLOCK_END) != NULL)
		r->block = OUTSIDE;
	if (r->block == KEYS)
		take_key(r, r->line);
	else if (r->block == FINGERPRINTS)
		take_fingerprint(r->keys, without_tag(r->line));
}

static void
end_line(struct reader *r)
{
	r->line[r->len] = '\0';
	if (!r->too_long && r->len > 0)
		take_line(r);
	r->len = 0;
	r->too_long = false;
}

/* How many bytes an escape sequence takes that begins with ESC. */
static size_t
escape_len(const uint8_t *at, size_t left)
{
	size_t n = 2;

	if (left < 2)
		return left;
	if (at[1] == '[') { /* CSI: to a letter */
		while (
		    n < left && (at[n] < 0x40 || at[n] > 0x7E) && at[n] >= ' ')
			n++;
		return n < left && at[n] >= ' ' ? n + 1 : n;
	}
	if (at[1] == ']') { /* OSC: to BEL or ESC \ */
		while (n < left && at[n] != 7 && at[n] != 27 && at[n] != '\n')
			n++;
		return n < left && at[n] == 7 ? n + 1 : n;
	}
	if (strchr("()*+#%", at[1]) != NULL && at[1] != '\0')
		n++;
	return at[1] == '\n' ? 1 : n < left ? n : left;
}

static void
take_byte(struct reader *r, uint8_t c)
{
	if (c == '\n')
		end_line(r);
	else if (c == '\r' || c == '\0')
		return;
	else if (r->len == LINE_MAX_LEN)
		r->too_long = true;
	else
		r->line[r->len++] = (char)c;
}

int
console_host_keys(
    const void *bytes, size_t len, struct console_keys *keys, struct err *e)
{
	struct reader reader = { .keys = keys };
	const uint8_t *at = bytes;
	size_t n;

	*keys = (struct console_keys){ 0 };
	for (size_t i = 0; i < len; i += n) {
		n = at[i] == 27 ? escape_len(at + i, len - i) : 1;
		if (at[i] != 27)
			take_byte(&reader, at[i]);
	}
	end_line(&reader);
	if (reader.failed)
		return err_set(e, ERR_NOMEM, "out of memory");
	return 0;
}
