/* SPDX-License-Identifier: ISC */
/* PPK files whose MAC is right and whose content is not, and the reverse. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "keys_forge.h"

static void
put_lines(struct buf *out, const char *name, const struct buf *bytes)
{
	struct buf text = BUF_INIT;

	digest_put_base64(&text, bytes->data, bytes->len, 1);
	buf_printf(out, "%s-Lines: %zu\n", name, (text.len + 63) / 64);
	for (size_t at = 0; at < text.len; at += 64) {
		size_t part = text.len - at < 64 ? text.len - at : 64;

		buf_put(out, text.data + at, part);
		buf_put_text(out, "\n");
	}
	buf_free(&text);
}

struct ppk {
	int version;
	const char *name, *comment;
	const struct key *public;
	const struct buf *private;
};

/* A file whose MAC is right. */
static void
put_ppk(struct buf *out, const struct ppk *p)
{
	struct buf mac = BUF_INIT;
	uint8_t key[20], sum[32];
	unsigned len = 0;

	buf_put_cstring(&mac, p->name);
	buf_put_cstring(&mac, "none");
	buf_put_cstring(&mac, p->comment);
	buf_put_string(&mac, p->public->blob.data, p->public->blob.len);
	buf_put_string(&mac, p->private->data, p->private->len);
	SHA1((const uint8_t *)"putty-private-key-file-mac-key", 30, key);
	assert_non_null(HMAC(p->version == 2 ? EVP_sha1() : EVP_sha256(), key,
	    p->version == 2 ? 20 : 0, mac.data, mac.len, sum, &len));
	buf_printf(out, "PuTTY-User-Key-File-%d: %s\nEncryption: none\n",
	    p->version, p->name);
	buf_printf(out, "Comment: %s\n", p->comment);
	put_lines(out, "Public", &p->public->blob);
	put_lines(out, "Private", p->private);
	buf_put_text(out, "Private-MAC: ");
	digest_put_hex(out, sum, len, 0);
	buf_put_text(out, "\n");
	buf_free(&mac);
}

static void
put_ppk_private(struct buf *b, const struct key *k)
{
	static const int order[] = { RSA_D, RSA_P, RSA_Q, RSA_QI };
	struct fixture_rsa rsa;
	struct secret *s;

	if (k->type == KEY_RSA) {
		fixture_numbers(&rsa, k);
		for (size_t i = 0; i < COUNT(order); i++)
			buf_put_mpint(
			    b, rsa.part[order[i]].at, rsa.part[order[i]].len);
		return;
	}
	assert_int_equal(key_private_bytes(k, &s, NULL), 0);
	if (k->type == KEY_ED25519)
		buf_put_string(b, secret_bytes(s), secret_len(s));
	else
		buf_put_mpint(b, secret_bytes(s), secret_len(s));
	secret_free(s);
}

static void
ppk_halves(void **state)
{
	struct buf text = BUF_INIT, private = BUF_INIT;
	struct ppk p;
	struct err e;

	(void)state;
	for (enum key_type t = KEY_RSA; t <= KEY_ECDSA_521; t++)
		for (int version = 2; version <= 3; version++) {
			buf_clear(&private);
			put_ppk_private(&private, one[t]);
			p = (struct ppk){ version, key_ssh_name(t), "a b ",
				one[t], &private };
			buf_clear(&text);
			put_ppk(&text, &p);
			assert_int_equal(read_buf(&text, &e), 0);
			p.public = two[t];
			buf_clear(&text);
			put_ppk(&text, &p);
			assert_int_equal(read_buf(&text, &e), ERR_MISMATCH);
			p.public = one[(t + 1) % 5];
			buf_clear(&text);
			put_ppk(&text, &p);
			assert_int_equal(read_buf(&text, &e), ERR_MISMATCH);
			p.public = one[t];
			buf_put_u8(&private, 0); /* bytes left over */
			buf_clear(&text);
			put_ppk(&text, &p);
			assert_int_equal(read_buf(&text, &e), ERR_FORMAT);
		}
	buf_free(&text);
	buf_free(&private);
}

/* Seeds that end in zeros are written short (so do PuTTY's sources). */
static void
ppk_short_seed(void **state)
{
	uint8_t seed[33] = { 0 };
	struct key_bytes bytes = { seed, 32 }, none = { NULL, 0 };
	struct buf text = BUF_INIT, private = BUF_INIT;
	struct keyfile f;
	struct ppk p;
	struct err e;
	struct key *k;

	(void)state;
	for (size_t len = 0; len <= 33; len++) {
		memset(seed, 0, sizeof(seed));
		if (len > 0)
			memset(seed, 0x5a, len);
		assert_int_equal(key_make_ed25519(bytes, none, &k, NULL), 0);
		buf_clear(&private);
		buf_put_string(&private, seed, len);
		p = (struct ppk){ 3, "ssh-ed25519", "", k, &private };
		buf_clear(&text);
		put_ppk(&text, &p);
		if (read_text(buf_text(&text), text.len, NULL, &f, &e) !=
		    (len <= 32 ? 0 : ERR_FORMAT))
			fail_msg("%zu: %s", len, e.text);
		if (len <= 32)
			fixture_same_blob(k, f.key);
		keyfile_clear(&f);
		key_free(k);
	}
	buf_free(&text);
	buf_free(&private);
}

/* One line changed: "from" to "to". */
static void
ppk_lines(void **state)
{
	static const struct {
		const char *from, *to;
		int want;
	} cases[] = {
		{ "File-3", "File-2", ERR_FORMAT },
		{ "File-3", "File-1", ERR_UNSUPPORTED },
		{ "File-3", "File-4", ERR_UNSUPPORTED },
		{ "File-3", "File-33", ERR_UNSUPPORTED },
		{ "ssh-ed25519", "ssh-dss", ERR_UNSUPPORTED },
		{ "ssh-ed25519", "ssh-ed448", ERR_UNSUPPORTED },
		{ "ssh-ed25519", "ssh-rsa", ERR_FORMAT },
		{ "Encryption: none", "Encryption: aes256-cbc",
		    ERR_UNSUPPORTED },
		{ "Encryption: none", "Encryption: None", ERR_FORMAT },
		{ "Encryption: none", "Encryption none", ERR_FORMAT },
		{ "Encryption: none\n", "", ERR_FORMAT },
		{ "Comment: c\n", "", ERR_FORMAT },
		{ "Comment: c", "Comment: d", ERR_FORMAT },
		{ "Comment: c\n", "Comment: c\nComment: c\n", ERR_FORMAT },
		{ "Public-Lines: 2", "Public-Lines: 1", ERR_FORMAT },
		{ "Public-Lines: 2", "Public-Lines: 3", ERR_FORMAT },
		{ "Public-Lines: 2", "Public-Lines: 0", ERR_FORMAT },
		{ "Public-Lines: 2", "Public-Lines: -2", ERR_FORMAT },
		{ "Public-Lines: 2", "Public-Lines: 99999", ERR_FORMAT },
		{ "Public-Lines: 2", "Public-Lines: 1001", ERR_FORMAT },
		{ "Public-Lines: 2", "Public-Lines: 4294967298", ERR_FORMAT },
		{ "Public-Lines: 2", "Public-Lines: ", ERR_FORMAT },
		{ "Private-Lines: 1", "Private-Lines: 999", ERR_FORMAT },
		{ "Private-Lines: 1", "Private-Lines: 2", ERR_FORMAT },
		{ "Private-MAC: ", "Private-MAC: 00", ERR_FORMAT },
		{ "Private-MAC: ", "Private-Hash: ", ERR_FORMAT },
		{ "Private-MAC: ", "Private-MAC: zz", ERR_FORMAT },
	};
	struct buf text = BUF_INIT, changed = BUF_INIT, private = BUF_INIT;
	struct ppk p = { 3, "ssh-ed25519", "c", one[KEY_ED25519], &private };
	const char *at;
	struct err e;

	(void)state;
	put_ppk_private(&private, one[KEY_ED25519]);
	put_ppk(&text, &p);
	for (size_t i = 0; i < COUNT(cases); i++) {
		at = strstr(buf_text(&text), cases[i].from);
		if (at == NULL)
			fail_msg("no '%s'", cases[i].from);
		buf_clear(&changed);
		buf_put(&changed, text.data, (size_t)(at - buf_text(&text)));
		buf_put_text(&changed, cases[i].to);
		buf_put_text(&changed, at + strlen(cases[i].from));
		if (read_buf(&changed, &e) != cases[i].want)
			fail_msg("%s: %d %s", cases[i].to, (int)e.code, e.text);
	}
	buf_free(&text);
	buf_free(&changed);
	buf_free(&private);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ppk_halves),
		cmocka_unit_test(ppk_short_seed),
		cmocka_unit_test(ppk_lines),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
