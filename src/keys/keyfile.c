/* SPDX-License-Identifier: ISC */
/*
 * Reading key files: find the key, look up its format, read it, prove it.  A
 * format is one row of the table and one reader.
 */

#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "src/keys/keyfile_internal.h"
#include "vault/secret.h"

struct reader {
	const char *label;
	enum keyfile_format format;
	bool encrypted;
	int (*read)(const struct keyfile_block *b,
	    const struct secret *passphrase, struct keyfile *out,
	    struct err *e);
};

static int
refuse_dsa(const struct keyfile_block *b, const struct secret *passphrase,
    struct keyfile *out, struct err *e)
{
	(void)b;
	(void)passphrase;
	(void)out;
	(void)err_set(e, ERR_UNSUPPORTED, "a DSA key");
	err_hint(e, "OpenSSH has given up DSA too; make a new key");
	return ERR_UNSUPPORTED;
}

static const struct reader readers[] = {
	{ "RSA PRIVATE KEY", KEYFILE_PKCS1, false, keyfile_pem_read },
	{ "PRIVATE KEY", KEYFILE_PKCS8, false, keyfile_pem_read },
	{ "ENCRYPTED PRIVATE KEY", KEYFILE_PKCS8, true, keyfile_pem_read },
	{ "EC PRIVATE KEY", KEYFILE_SEC1, false, keyfile_pem_read },
	{ "OPENSSH PRIVATE KEY", KEYFILE_OPENSSH, false, keyfile_openssh_read },
	{ "PuTTY", KEYFILE_PPK3, false, keyfile_ppk_read },
	{ "DSA PRIVATE KEY", 0, false, refuse_dsa },
};

static const char *const format_names[] = {
	[KEYFILE_PKCS1] = "PKCS#1",
	[KEYFILE_PKCS8] = "PKCS#8",
	[KEYFILE_SEC1] = "SEC1",
	[KEYFILE_OPENSSH] = "OpenSSH",
	[KEYFILE_PPK2] = "PPK 2",
	[KEYFILE_PPK3] = "PPK 3",
};

static const struct reader *
find_reader(const struct keyfile_block *b)
{
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		if (keyfile_is(b->label, readers[i].label))
			return &readers[i];
	return NULL;
}

static int
read_block(const struct keyfile_block *b, const struct secret *passphrase,
    struct keyfile *out, struct err *e)
{
	const struct reader *reader = find_reader(b);
	int r;

	if (reader == NULL) {
		(void)err_set(e, ERR_UNSUPPORTED, "a key of the kind '%.*s'",
		    (int)(b->label.len < 64 ? b->label.len : 64),
		    (const char *)b->label.at);
		err_hint(e, "pemkeep keeps RSA, Ed25519 and ECDSA keys");
		return ERR_UNSUPPORTED;
	}
	out->format = reader->format;
	out->encrypted = reader->encrypted;
	r = reader->read(b, passphrase, out, e);
	if (r == 0)
		r = key_prove(out->key, NULL, e);
	return r;
}

int
keyfile_read(const struct secret *file, const struct secret *passphrase,
    struct keyfile *out, struct err *e)
{
	struct keyfile_block block;
	struct secret *text;
	int r;

	memset(out, 0, sizeof(*out));
	r = keyfile_text_open(file, &text, &out->repairs, e);
	if (r == 0)
		r = keyfile_armour_find(text, &block, &out->repairs, e);
	if (r == 0)
		r = read_block(&block, passphrase, out, e);
	if (r != 0) {
		key_free(out->key);
		out->key = NULL;
		out->comment[0] = '\0';
	}
	secret_free(text);
	return r;
}

void
keyfile_clear(struct keyfile *f)
{
	key_free(f->key);
	memset(f, 0, sizeof(*f));
}

const char *
keyfile_format_name(enum keyfile_format format)
{
	if (format < KEYFILE_PKCS1 || format > KEYFILE_PPK3)
		return "unknown";
	return format_names[format];
}

void
keyfile_put_repairs(struct buf *b, unsigned repairs)
{
	static const struct {
		enum keyfile_repair bit;
		const char *words;
	} table[] = {
		{ KEYFILE_CRLF, "CRLF line ends" },
		{ KEYFILE_BOM, "byte order mark" },
		{ KEYFILE_UTF16, "UTF-16" },
		{ KEYFILE_BLANKS, "stray blanks" },
		{ KEYFILE_TEXT, "other text around the key" },
	};
	const char *comma = "";

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if ((repairs & (unsigned)table[i].bit) == 0)
			continue;
		buf_put_text(b, comma);
		buf_put_text(b, table[i].words);
		comma = ", ";
	}
}

void
keyfile_set_comment(struct keyfile *out, struct key_bytes comment)
{
	size_t len = sizeof(out->comment) - 1;

	if (comment.len < len)
		len = comment.len;
	else if (comment.len > len) /* not in the middle of a character */
		while (len > 0 && (comment.at[len] & 0xc0) == 0x80)
			len--;
	if (len > 0)
		memcpy(out->comment, comment.at, len);
	out->comment[len] = '\0';
}

int
keyfile_wrong_passphrase(struct err *e)
{
	return err_set(e, ERR_LOCKED, "wrong passphrase for the key file");
}

int
keyfile_need_passphrase(struct err *e)
{
	return err_set(e, ERR_NEED_PASSPHRASE, "the key file is encrypted");
}

/* The next byte that is not zero: UTF-16 is ASCII with zeros between. */
static bool
next_ascii(struct key_bytes *b, uint8_t *c)
{
	while (b->len > 0 && b->at[0] == 0) {
		b->at++;
		b->len--;
	}
	if (b->len == 0)
		return false;
	*c = *b->at++;
	b->len--;
	return true;
}

static bool
accept_text(struct key_bytes *b, const char *text)
{
	struct key_bytes copy = *b;
	uint8_t c;

	for (; *text != '\0'; text++)
		if (!next_ascii(&copy, &c) || c != (uint8_t)*text)
			return false;
	*b = copy;
	return true;
}

/* "-----BEGIN ", words in capitals, "PRIVATE KEY" at the start of a line? */
static bool
key_starts_at(struct key_bytes b)
{
	uint8_t c;

	if (accept_text(&b, "PuTTY-User-Key-File-") ||
	    accept_text(&b, "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY") ||
	    accept_text(&b, "SSH PRIVATE KEY FILE FORMAT 1"))
		return true;
	if (!accept_text(&b, "-----BEGIN "))
		return false;
	for (int i = 0; i < 32; i++) {
		if (accept_text(&b, "PRIVATE KEY-----"))
			return true;
		if (!next_ascii(&b, &c) ||
		    !((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			c == ' '))
			return false;
	}
	return false;
}

bool
keyfile_looks_like_key(const void *head, size_t len)
{
	struct key_bytes b = { head, len };
	bool line_start = true;
	uint8_t c;

	if (len >= 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0) {
		b.at += 3;
		b.len -= 3;
	} else if (len >= 2 &&
	    (memcmp(head, "\xff\xfe", 2) == 0 ||
		memcmp(head, "\xfe\xff", 2) == 0)) {
		b.at += 2;
		b.len -= 2;
	}
	while (b.len > 0) {
		if (line_start && key_starts_at(b))
			return true;
		if (!next_ascii(&b, &c))
			break;
		line_start = c == '\n' || c == '\r' ||
		    (line_start && (c == ' ' || c == '\t'));
	}
	return false;
}
