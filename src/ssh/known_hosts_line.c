/* SPDX-License-Identifier: ISC */
/*
 * A line of known_hosts, as OpenSSH's hostfile.c and match.c read it.  Keys of
 * any type are taken, as long as the blob says that it has the type that the
 * line says.
 */

#include <string.h>

#include "pemkeep/base/base64.h"
#include "pemkeep/base/digest.h"
#include "pemkeep/base/utf8.h"

#include "src/ssh/known_hosts_internal.h"

#define TYPE_MAX 64      /* bytes, RFC 4251 section 6 */
#define PATTERN_MAX 1022 /* bytes, as in OpenSSH, longer ones match nothing */
#define MAGIC "|1|"
#define MAGIC_LEN 3
#define SALT_TEXT 28 /* base64 of 20 bytes */
#define HASHED_LEN (MAGIC_LEN + SALT_TEXT + 1 + SALT_TEXT)
#define NAME_LIMIT 1000 /* bytes */
#define BLOCK 64        /* bytes, of SHA-1 */

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Nothing that means something else in a line of this format. */
static bool
valid_name(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > NAME_LIMIT || strchr("!|@#", name[0]) != NULL ||
	    strpbrk(name, ",*?[] ") != NULL || !utf8_valid(name, len))
		return false;
	for (; *name != '\0'; name++)
		if ((unsigned char)*name < ' ' || *name == '\x7F')
			return false;
	return true;
}

const char *
known_hosts_name(struct buf *out, const char *name, unsigned port)
{
	bool bare = port == 0 || port == 22;

	buf_clear(out);
	if (!valid_name(name))
		return NULL;
	if (!bare)
		buf_put_text(out, "[");
	for (; *name != '\0'; name++)
		buf_put_u8(out, (uint8_t)lower(*name));
	if (!bare)
		buf_printf(out, "]:%u", port);
	name = buf_text(out);
	return buf_ok(out) ? name : NULL;
}

/* HMAC-SHA1 (RFC 2104) with a key of 20 bytes.  SHA-1 is the format's choice. */
static bool
hmac(const uint8_t key[KNOWN_HOSTS_SALT], const char *text,
    uint8_t out[DIGEST_MAX])
{
	uint8_t inner[DIGEST_MAX], pad[BLOCK];
	struct buf b = BUF_INIT;
	bool done;

	for (size_t i = 0; i < BLOCK; i++)
		pad[i] = (uint8_t)((i < KNOWN_HOSTS_SALT ? key[i] : 0) ^ 0x36);
	buf_put(&b, pad, BLOCK);
	buf_put_text(&b, text);
	done = buf_ok(&b) && digest(DIGEST_SHA1, b.data, b.len, inner) == 20;
	for (size_t i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36 ^ 0x5C;
	buf_clear(&b);
	buf_put(&b, pad, BLOCK);
	buf_put(&b, inner, 20);
	done =
	    done && buf_ok(&b) && digest(DIGEST_SHA1, b.data, b.len, out) == 20;
	buf_free(&b);
	return done;
}

void
known_hosts_hash(
    struct buf *out, const uint8_t salt[KNOWN_HOSTS_SALT], const char *name)
{
	uint8_t hash[DIGEST_MAX];

	if (!hmac(salt, name, hash)) {
		out->failed = true;
		return;
	}
	buf_put_text(out, MAGIC);
	digest_put_base64(out, salt, KNOWN_HOSTS_SALT, 1);
	buf_put_text(out, "|");
	digest_put_base64(out, hash, KNOWN_HOSTS_SALT, 1);
}

/* The salt of a hashed name; false when it has none. */
static bool
salt_of(const char *names, size_t len, struct buf *salt)
{
	return len == HASHED_LEN && memcmp(names, MAGIC, MAGIC_LEN) == 0 &&
	    names[MAGIC_LEN + SALT_TEXT] == '|' &&
	    base64_decode(salt, names + MAGIC_LEN, SALT_TEXT) &&
	    salt->len == KNOWN_HOSTS_SALT;
}

static int
match_hashed(const char *names, size_t len, const char *name)
{
	struct buf salt = BUF_INIT, hashed = BUF_INIT;
	int r = 0;

	if (salt_of(names, len, &salt)) {
		known_hosts_hash(&hashed, salt.data, name);
		r = !buf_ok(&hashed)
		    ? -1
		    : hashed.len == len && memcmp(hashed.data, names, len) == 0;
	} else if (!buf_ok(&salt)) {
		r = -1;
	}
	buf_free(&salt);
	buf_free(&hashed);
	return r;
}

/*
 * '*' and '?'.  After a mismatch only the last '*' can take one byte more, so
 * this is never slower than the product of both lengths.
 */
static bool
match_pattern(const char *pattern, size_t len, const char *name)
{
	const char *end = pattern + len, *star = NULL, *retry = NULL;

	while (*name != '\0') {
		if (pattern < end && *pattern == '*') {
			star = ++pattern;
			retry = name;
		} else if (pattern < end &&
		    (*pattern == '?' || lower(*pattern) == *name)) {
			pattern++;
			name++;
		} else if (star != NULL) {
			pattern = star;
			name = ++retry;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

int
known_hosts_names(const char *names, size_t len, const char *name)
{
	const char *end = names + len, *comma;
	int found = 0;

	if (len > 0 && names[0] == '|')
		return match_hashed(names, len, name);
	for (;; names = comma + 1) {
		bool negated = names < end && *names == '!';
		size_t n;

		if (negated)
			names++;
		comma = memchr(names, ',', (size_t)(end - names));
		n = (size_t)((comma != NULL ? comma : end) - names);
		if (n > PATTERN_MAX)
			return 0;
		if (match_pattern(names, n, name)) {
			if (negated)
				return 0;
			found = 1;
		}
		if (comma == NULL)
			return found;
	}
}

const char *
known_hosts_type(const uint8_t *blob, size_t len, size_t *lenp)
{
	const uint8_t *type;
	struct wire w;

	wire_init(&w, blob, len);
	type = wire_string(&w, lenp);
	if (!wire_ok(&w) || *lenp == 0 || *lenp > TYPE_MAX)
		return NULL;
	for (size_t i = 0; i < *lenp; i++)
		if (type[i] <= ' ' || type[i] > '~' || type[i] == ',')
			return NULL;
	return (const char *)type;
}

/* A word up to a blank; 'text' is left behind the blanks that follow. */
static const char *
word(const char **text, const char *end, size_t *lenp)
{
	const char *at = *text, *start = at;

	while (at < end && *at != ' ' && *at != '\t')
		at++;
	*lenp = (size_t)(at - start);
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	*text = at;
	return start;
}

static bool
is(const char *word, size_t len, const char *text)
{
	return len == strlen(text) && memcmp(word, text, len) == 0;
}

/* Markers, names, type and key; false when one is missing. */
static bool
take_apart(const char *at, const char *end, struct known_hosts_line *out)
{
	const char *marker;
	size_t len;

	if (*at == '@') {
		marker = word(&at, end, &len);
		if (is(marker, len, "@revoked"))
			out->marker = MARKER_REVOKED;
		else if (is(marker, len, "@cert-authority"))
			out->marker = MARKER_CA;
		else
			return false;
		if (at == end || *at == '@')
			return false;
	}
	out->names = word(&at, end, &out->names_len);
	out->type = word(&at, end, &out->type_len);
	out->key = word(&at, end, &out->key_len);
	return out->names_len > 0 && out->type_len > 0 && out->key_len > 0;
}

/* Is it the key that the line says it is?  It is appended to 'blob'. */
static bool
take_key(const struct known_hosts_line *line, struct buf *blob)
{
	size_t start = blob->len, len;
	const char *type;

	if (!base64_decode(blob, line->key, line->key_len))
		return false;
	type = known_hosts_type(blob->data + start, blob->len - start, &len);
	if (type != NULL && len == line->type_len &&
	    memcmp(type, line->type, len) == 0)
		return true;
	blob->len = start;
	return false;
}

enum known_hosts_kind
known_hosts_parse(const char *text, size_t len, struct known_hosts_line *out,
    struct buf *blob)
{
	struct buf salt = BUF_INIT;
	const char *end;
	bool good;

	memset(out, 0, sizeof(*out));
	while (len > 0 && text[len - 1] == '\r')
		len--;
	end = text + len;
	while (text < end && (*text == ' ' || *text == '\t'))
		text++;
	if (text == end || *text == '#')
		return LINE_NOTHING;
	if (memchr(text, '\0', (size_t)(end - text)) != NULL ||
	    !take_apart(text, end, out))
		return LINE_BAD;
	good =
	    out->names[0] != '|' || salt_of(out->names, out->names_len, &salt);
	buf_free(&salt);
	return good && take_key(out, blob) ? LINE_ENTRY : LINE_BAD;
}
