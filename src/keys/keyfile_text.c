/* SPDX-License-Identifier: ISC */
/*
 * From the bytes of a file to plain text with LF line ends: what Windows
 * editors, PowerShell's '>' and browsers make of a key file is undone here.
 */

#include <string.h>

#include "pemkeep/base/err.h"
#include "src/keys/der.h"
#include "src/keys/keyfile_internal.h"
#include "vault/secret.h"

enum coding { CODING_BYTES, CODING_UTF16LE, CODING_UTF16BE };

/* By the byte order mark; without one, a zero next to a first ASCII letter. */
static enum coding
find_coding(struct key_bytes *in, unsigned *repairsp)
{
	const uint8_t *b = in->at;
	enum coding coding = CODING_BYTES;
	size_t mark = 0;

	if (in->len >= 3 && memcmp(b, "\xef\xbb\xbf", 3) == 0) {
		mark = 3;
	} else if (in->len >= 2 && memcmp(b, "\xff\xfe", 2) == 0) {
		coding = CODING_UTF16LE;
		mark = 2;
	} else if (in->len >= 2 && memcmp(b, "\xfe\xff", 2) == 0) {
		coding = CODING_UTF16BE;
		mark = 2;
	} else if (in->len >= 2 && b[0] != 0 && b[0] < 0x7f && b[1] == 0) {
		coding = CODING_UTF16LE;
	} else if (in->len >= 2 && b[0] == 0 && b[1] != 0 && b[1] < 0x7f) {
		coding = CODING_UTF16BE;
	}
	if (mark > 0)
		*repairsp |= KEYFILE_BOM;
	if (coding != CODING_BYTES)
		*repairsp |= KEYFILE_UTF16;
	in->at += mark;
	in->len -= mark;
	return coding;
}

static uint32_t
unit_at(const uint8_t *b, enum coding coding)
{
	if (coding == CODING_UTF16LE)
		return (uint32_t)b[1] << 8 | b[0];
	return (uint32_t)b[0] << 8 | b[1];
}

static size_t
encode_utf8(uint32_t cp, uint8_t out[4])
{
	if (cp < 0x80) {
		out[0] = (uint8_t)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (uint8_t)(0xc0 | cp >> 6);
		out[1] = (uint8_t)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (uint8_t)(0xe0 | cp >> 12);
		out[1] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | cp >> 18);
	out[1] = (uint8_t)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (cp & 0x3f));
	return 4;
}

/* UTF-16 to UTF-8; false for half a unit and half a surrogate pair. */
static bool
from_utf16(struct key_bytes in, enum coding coding, struct secret *out)
{
	uint8_t bytes[4];
	uint32_t cp, low;

	if (in.len % 2 != 0)
		return false;
	for (size_t i = 0; i < in.len; i += 2) {
		cp = unit_at(in.at + i, coding);
		if (cp >= 0xdc00 && cp <= 0xdfff)
			return false;
		if (cp >= 0xd800 && cp <= 0xdbff) {
			i += 2;
			low = i < in.len ? unit_at(in.at + i, coding) : 0;
			if (low < 0xdc00 || low > 0xdfff)
				return false;
			cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
		}
		if (!secret_append(out, bytes, encode_utf8(cp, bytes)))
			return false;
	}
	return true;
}

/* CR LF, CR CR LF and CR alone become LF, in place. */
static void
unify_lines(struct secret *text, unsigned *repairsp)
{
	uint8_t *b = secret_data(text);
	size_t len = secret_len(text), out = 0, ahead;

	for (size_t i = 0; i < len; i++) {
		if (b[i] == '\r') {
			*repairsp |= KEYFILE_CRLF;
			for (ahead = i; ahead < len && b[ahead] == '\r';)
				ahead++;
			if (ahead < len && b[ahead] == '\n')
				i = ahead;
			b[out++] = '\n';
		} else {
			b[out++] = b[i];
		}
	}
	(void)secret_set_len(text, out);
}

/* Is all of it one SEQUENCE?  Then it is DER, not text. */
static bool
is_der(struct key_bytes in, bool *pkcs12p)
{
	struct der all, seq;

	der_init(&all, in.at, in.len);
	seq = der_enter(&all, DER_SEQUENCE);
	if (!der_done(&all))
		return false;
	*pkcs12p = der_next_is(&seq, DER_INTEGER) && der_u64(&seq) == 3;
	return true;
}

static int
binary(struct key_bytes in, struct err *e)
{
	bool pkcs12 = false;

	if (!is_der(in, &pkcs12))
		return err_set(e, ERR_FORMAT, "no private key: not a text");
	(void)err_set(e, ERR_UNSUPPORTED, "%s",
	    pkcs12 ? "a key store (PKCS#12)" : "a binary file (DER)");
	err_hint(e,
	    pkcs12 ? "take the key out: openssl pkcs12 -in FILE "
		     "-nocerts -out NEW"
		   : "if it is a key, convert it: openssl pkey -inform "
		     "DER -in FILE -out NEW");
	return ERR_UNSUPPORTED;
}

int
keyfile_text_open(const struct secret *file, struct secret **textp,
    unsigned *repairsp, struct err *e)
{
	struct key_bytes in = { secret_bytes(file), secret_len(file) };
	enum coding coding;
	struct secret *text;
	bool ok;

	*textp = NULL;
	if (in.len == 0)
		return err_set(e, ERR_FORMAT, "it is empty");
	if (in.len > KEYFILE_MAX)
		return err_set(e, ERR_FORMAT,
		    "no private key: too long for one (%zu bytes)", in.len);
	if (in.at[0] == DER_SEQUENCE && memchr(in.at, 0, in.len) != NULL)
		return binary(in, e);
	coding = find_coding(&in, repairsp);
	text = secret_new(in.len / 2 * 3 + 4);
	if (text == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	ok = coding == CODING_BYTES ? secret_append(text, in.at, in.len)
				    : from_utf16(in, coding, text);
	if (!ok || memchr(secret_bytes(text), 0, secret_len(text)) != NULL) {
		secret_free(text);
		return binary(in, e);
	}
	unify_lines(text, repairsp);
	*textp = text;
	return 0;
}
