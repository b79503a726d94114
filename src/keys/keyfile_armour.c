/* SPDX-License-Identifier: ISC */
/*
 * Finding the one private key in a text, and naming what is there instead.
 * Two private keys in one file are refused: which one was meant?
 */

#include <string.h>

#include "pemkeep/base/err.h"
#include "src/keys/keyfile_internal.h"
#include "vault/secret.h"

static const char dashes[] = "-----";

bool
keyfile_line(struct key_bytes *rest, struct key_bytes *line)
{
	const uint8_t *end;

	if (rest->len == 0)
		return false;
	end = memchr(rest->at, '\n', rest->len);
	line->at = rest->at;
	line->len = end == NULL ? rest->len : (size_t)(end - rest->at);
	rest->at += line->len + (end != NULL);
	rest->len -= line->len + (end != NULL);
	return true;
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

struct key_bytes
keyfile_trim(struct key_bytes line)
{
	while (line.len > 0 && is_blank(line.at[line.len - 1]))
		line.len--;
	while (line.len > 0 && is_blank(line.at[0])) {
		line.at++;
		line.len--;
	}
	return line;
}

bool
keyfile_starts(struct key_bytes line, const char *text)
{
	size_t len = strlen(text);

	return line.len >= len && memcmp(line.at, text, len) == 0;
}

bool
keyfile_is(struct key_bytes line, const char *text)
{
	return line.len == strlen(text) && keyfile_starts(line, text);
}

static bool
ends_with(struct key_bytes line, const char *text)
{
	size_t len = strlen(text);

	return line.len >= len &&
	    memcmp(line.at + line.len - len, text, len) == 0;
}

static bool
holds(struct key_bytes text, const char *what)
{
	return text.len > 0 &&
	    memmem(text.at, text.len, what, strlen(what)) != NULL;
}

static const struct {
	const char *label, *what;
} strangers[] = {
	{ "PUBLIC KEY", "a public key" },
	{ "RSA PUBLIC KEY", "a public key" },
	{ "SSH2 PUBLIC KEY", "a public key" },
	{ "PGP PUBLIC KEY BLOCK", "a PGP public key" },
	{ "PGP PRIVATE KEY BLOCK", "a PGP key" },
	{ "CERTIFICATE", "a certificate" },
	{ "X509 CERTIFICATE", "a certificate" },
	{ "TRUSTED CERTIFICATE", "a certificate" },
	{ "CERTIFICATE REQUEST", "a certificate request" },
	{ "NEW CERTIFICATE REQUEST", "a certificate request" },
	{ "SSH SIGNATURE", "a signature" },
	{ "PKCS7", "a PKCS#7 message" },
	{ "EC PARAMETERS", "the parameters of a curve" },
	{ "DH PARAMETERS", "Diffie-Hellman parameters" },
};

/* Lines of public keys, as in .pub and authorized_keys files. */
static bool
is_public_line(struct key_bytes line)
{
	static const char *const starts[] = { "ssh-rsa", "ssh-ed25519",
		"ssh-dss", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-" };

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (keyfile_starts(line, starts[i]) && holds(line, " AAAA"))
			return true;
	return false;
}

static int
stranger(struct err *e, const char *what)
{
	(void)err_set(e, ERR_FORMAT, "no private key: it is %s", what);
	if (strcmp(what, "a public key") == 0)
		err_hint(e, "the private key has the same name without '.pub'");
	return ERR_FORMAT;
}

static int
old_kind(struct err *e, const char *what)
{
	(void)err_set(e, ERR_UNSUPPORTED, "%s", what);
	err_hint(e, "let the program that made it save it in OpenSSH format");
	return ERR_UNSUPPORTED;
}

static int
describe_lines(struct key_bytes text, struct err *e)
{
	struct key_bytes rest = text, line;
	bool blank = true;

	while (keyfile_line(&rest, &line)) {
		line = keyfile_trim(line);
		blank = blank && line.len == 0;
		if (is_public_line(line))
			return stranger(e,
			    holds(line, "-cert-v0") ? "a certificate"
						    : "a public key");
		if (keyfile_starts(line, "---- BEGIN SSH2 PUBLIC KEY"))
			return stranger(e, "a public key");
		if (keyfile_starts(line, "---- BEGIN SSH2 ENCRYPTED PRIVATE"))
			return old_kind(e, "a key in the format of ssh.com");
		if (keyfile_starts(line, "SSH PRIVATE KEY FILE FORMAT 1"))
			return old_kind(e, "a key for SSH 1");
	}
	if (blank)
		return err_set(e, ERR_FORMAT, "it is empty");
	if (!holds(text, "PRIVATE KEY-----"))
		return err_set(e, ERR_FORMAT, "no private key in it");
	(void)err_set(e, ERR_FORMAT,
	    "its private key does not stand in lines of its own");
	err_hint(e,
	    "is it JSON? take the key out with: "
	    "jq -r .KeyMaterial FILE > NEW");
	return ERR_FORMAT;
}

int
keyfile_armour_describe(
    struct key_bytes text, struct key_bytes label, struct err *e)
{
	if (label.at == NULL)
		return describe_lines(text, e);
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
		if (keyfile_is(label, strangers[i].label))
			return stranger(e, strangers[i].what);
	return err_set(e, ERR_FORMAT, "no private key: it is '%.*s'",
	    (int)(label.len < 64 ? label.len : 64), (const char *)label.at);
}

/* Walking through a text, line by line. */
struct walk {
	struct keyfile_block open; /* whole.at is set inside a block */
	struct keyfile_block *found;
	struct key_bytes first; /* label of the first block of another kind */
	unsigned keys;
	unsigned repairs;
	bool ppk;
	bool started; /* something else than an empty line was seen */
	bool empty;   /* the last line was empty */
};

static bool
is_private(struct key_bytes label)
{
	return ends_with(label, "PRIVATE KEY");
}

static int
cut_off(struct err *e, struct key_bytes label)
{
	(void)err_set(e, ERR_FORMAT, "cut off: no line 'END %.*s'",
	    (int)(label.len < 64 ? label.len : 64), (const char *)label.at);
	err_hint(e, "download or copy the file again");
	return ERR_FORMAT;
}

/* The first line of armour.  'line' is trimmed. */
static int
begin(struct walk *w, struct key_bytes line, struct err *e)
{
	size_t head = strlen("-----BEGIN ");

	if (w->open.whole.at != NULL)
		return cut_off(e, w->open.label);
	if (line.len < head + strlen(dashes) || !ends_with(line, dashes) ||
	    holds(line, "-----END ")) {
		/* What follows on this line may be the key: not a byte of it. */
		(void)err_set(
		    e, ERR_FORMAT, "cut off, or its line breaks are lost");
		err_hint(e, "download or copy the file again");
		return ERR_FORMAT;
	}
	w->open.whole.at = line.at;
	w->open.label.at = line.at + head;
	w->open.label.len = line.len - head - strlen(dashes);
	w->open.body.at = NULL;
	return 0;
}

/* The last line of armour, or one inside. */
static int
inside(
    struct walk *w, struct key_bytes line, struct key_bytes rest, struct err *e)
{
	struct key_bytes label;

	if (w->open.body.at == NULL)
		w->open.body.at = line.at;
	if (!keyfile_starts(line, "-----END ") || !ends_with(line, dashes) ||
	    line.len < 14)
		return 0;
	label.at = line.at + 9;
	label.len = line.len - 14;
	if (label.len != w->open.label.len ||
	    memcmp(label.at, w->open.label.at, label.len) != 0)
		return cut_off(e, w->open.label);
	w->open.body.len = (size_t)(line.at - w->open.body.at);
	w->open.whole.len = (size_t)(rest.at - w->open.whole.at);
	if (is_private(label)) {
		w->keys++;
		*w->found = w->open;
	} else {
		if (w->first.at == NULL)
			w->first = label;
		if (!keyfile_is(label, "EC PARAMETERS"))
			w->repairs |= KEYFILE_TEXT;
	}
	w->open.whole.at = NULL;
	return 0;
}

static int
outside(
    struct walk *w, struct key_bytes line, struct key_bytes rest, struct err *e)
{
	if (keyfile_starts(line, "-----BEGIN "))
		return begin(w, line, e);
	if (keyfile_starts(line, "PuTTY-User-Key-File-")) {
		w->keys++;
		w->ppk = true;
		w->found->label.at = line.at;
		w->found->label.len = strlen("PuTTY");
		w->found->body.at = line.at;
		w->found->body.len = (size_t)(rest.at - line.at) + rest.len;
		w->found->whole = w->found->body;
	} else if (!w->ppk && line.len > 0) {
		w->repairs |= KEYFILE_TEXT;
	}
	return 0;
}

static int
walk_line(
    struct walk *w, struct key_bytes raw, struct key_bytes rest, struct err *e)
{
	struct key_bytes line = keyfile_trim(raw);

	/* An empty comment in a PPK file ends in a blank. */
	if (line.len != raw.len && !keyfile_starts(line, "Comment:"))
		w->repairs |= KEYFILE_BLANKS;
	if (line.len > 0 && !w->started && w->empty)
		w->repairs |= KEYFILE_BLANKS;
	w->started = w->started || line.len > 0;
	w->empty = line.len == 0;
	if (w->open.whole.at != NULL && !keyfile_starts(line, "-----BEGIN "))
		return inside(w, line, rest, e);
	return outside(w, line, rest, e);
}

int
keyfile_armour_find(const struct secret *text, struct keyfile_block *b,
    unsigned *repairsp, struct err *e)
{
	struct key_bytes all = { secret_bytes(text), secret_len(text) };
	struct key_bytes rest = all, line;
	struct walk w;
	int r;

	memset(&w, 0, sizeof(w));
	memset(b, 0, sizeof(*b));
	w.found = b;
	while (keyfile_line(&rest, &line)) {
		r = walk_line(&w, line, rest, e);
		if (r != 0)
			return r;
	}
	if (w.open.whole.at != NULL)
		return cut_off(e, w.open.label);
	if (w.keys == 0)
		return keyfile_armour_describe(all, w.first, e);
	if (w.keys > 1) {
		(void)err_set(e, ERR_UNSUPPORTED,
		    "more than one private key in one file");
		err_hint(e, "put each key into a file of its own");
		return ERR_UNSUPPORTED;
	}
	if (w.empty)
		w.repairs |= KEYFILE_BLANKS;
	*repairsp |= w.repairs;
	return 0;
}
