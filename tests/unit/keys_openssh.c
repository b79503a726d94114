/* SPDX-License-Identifier: ISC */
/* OpenSSH v1 files made to deceive: halves of different keys, false frames. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "keys_forge.h"

/* What to put into the file; a number of -1 means the sound value. */
struct openssh {
	const char *what;
	const struct key *outer;   /* the public section */
	const struct key *inner;   /* public part of the private section */
	const struct key *private; /* the private numbers */
	const struct key *tail;    /* Ed25519: second half of the 64 bytes */
	const char *cipher, *kdf, *options;
	int count, check, behind, pad_first, pad_more, list_more;
	int want;
};

static void
put_private(struct buf *b, const struct openssh *o)
{
	const struct key_kind *kind = key_kind(o->private->type);
	struct key_bytes inner = key_public_bytes(o->inner);
	struct key_bytes tail = key_public_bytes(o->tail);
	struct fixture_rsa rsa, pub;
	struct secret *s;

	if (o->private->type == KEY_RSA) {
		static const int order[] = { RSA_D, RSA_QI, RSA_P, RSA_Q };

		fixture_numbers(&rsa, o->private);
		fixture_numbers(&pub, o->inner);
		buf_put_mpint(b, pub.part[RSA_N].at, pub.part[RSA_N].len);
		buf_put_mpint(b, pub.part[RSA_E].at, pub.part[RSA_E].len);
		for (size_t i = 0; i < COUNT(order); i++)
			buf_put_mpint(
			    b, rsa.part[order[i]].at, rsa.part[order[i]].len);
		return;
	}
	assert_int_equal(key_private_bytes(o->private, &s, NULL), 0);
	if (kind->curve != NULL) {
		buf_put_cstring(b, kind->curve);
		buf_put_string(b, inner.at, inner.len);
		buf_put_mpint(b, secret_bytes(s), secret_len(s));
	} else {
		buf_put_string(b, inner.at, inner.len);
		buf_put_u32(b, 64);
		buf_put(b, secret_bytes(s), 32);
		buf_put(b, tail.at, 32);
	}
	secret_free(s);
}

static void
put_openssh(struct buf *out, const struct openssh *o)
{
	struct buf all = BUF_INIT, list = BUF_INIT;
	uint8_t pad = o->pad_first >= 0 ? (uint8_t)o->pad_first : 1;

	buf_put_u32(&list, 77);
	buf_put_u32(&list, o->check >= 0 ? (uint32_t)o->check : 77);
	buf_put_cstring(&list, key_ssh_name(o->private->type));
	put_private(&list, o);
	buf_put_cstring(&list, "comment");
	while (list.len % 8 != 0)
		buf_put_u8(&list, pad++);
	for (int i = 0; i < o->pad_more; i++)
		buf_put_u8(&list, pad++);
	for (int i = 0; i < o->list_more; i++)
		buf_put_u8(&list, 0);
	buf_put(&all, "openssh-key-v1", 15);
	buf_put_cstring(&all, o->cipher != NULL ? o->cipher : "none");
	buf_put_cstring(&all, o->kdf != NULL ? o->kdf : "none");
	buf_put_cstring(&all, o->options != NULL ? o->options : "");
	buf_put_u32(&all, o->count >= 0 ? (uint32_t)o->count : 1);
	buf_put_string(&all, o->outer->blob.data, o->outer->blob.len);
	buf_put_string(&all, list.data, list.len);
	for (int i = 0; i < o->behind; i++)
		buf_put_u8(&all, 0);
	armour(out, "OPENSSH PRIVATE KEY", all.data, all.len);
	buf_free(&all);
	buf_free(&list);
}

static struct openssh
sound(const struct key *k)
{
	struct openssh o = { "sound", k, k, k, k, NULL, NULL, NULL, -1, -1, 0,
		-1, 0, 0, 0 };

	return o;
}

static void
try_openssh(const struct openssh *o)
{
	struct buf text = BUF_INIT;
	struct err e;

	put_openssh(&text, o);
	if (read_buf(&text, &e) != o->want)
		fail_msg("%s %s: %d %s", key_ssh_name(o->private->type),
		    o->what, (int)e.code, e.text);
	buf_free(&text);
}

static void
openssh_halves(void **state)
{
	struct openssh o;

	(void)state;
	for (enum key_type t = KEY_RSA; t <= KEY_ECDSA_521; t++) {
		o = sound(one[t]);
		try_openssh(&o);
		o.want = ERR_MISMATCH;
		o.what = "another public section";
		o.outer = two[t];
		try_openssh(&o);
		o.what = "another public part everywhere";
		o.inner = o.tail = two[t];
		try_openssh(&o);
		o.what = "another public part inside";
		o.outer = o.tail = one[t];
		try_openssh(&o);
		o = sound(one[t]);
		o.want = ERR_MISMATCH;
		o.what = "a public section of another type";
		o.outer = one[(t + 1) % 5];
		try_openssh(&o);
	}
	o = sound(one[KEY_ED25519]);
	o.what = "another second half of the 64 bytes";
	o.tail = two[KEY_ED25519];
	o.want = ERR_MISMATCH;
	try_openssh(&o);
}

static void
openssh_frames(void **state)
{
	struct openssh o;

	(void)state;
	for (enum key_type t = KEY_RSA; t <= KEY_ECDSA_521; t++) {
		o = sound(one[t]);
		o.want = ERR_FORMAT;
		o.what = "check numbers differ";
		o.check = 78;
		try_openssh(&o);
		o = sound(one[t]);
		o.want = ERR_FORMAT;
		o.what = "bytes behind";
		o.behind = 1;
		try_openssh(&o);
		o = sound(one[t]);
		o.want = ERR_FORMAT;
		o.what = "padding of zeros";
		o.list_more = 8;
		try_openssh(&o);
		o = sound(one[t]);
		o.want = ERR_FORMAT;
		o.what = "list not a multiple of 8";
		o.pad_more = 3;
		try_openssh(&o);
		o = sound(one[t]);
		o.want = 0;
		o.what = "padding of another block size";
		o.pad_more = 8;
		try_openssh(&o);
		o.want = ERR_FORMAT;
		o.what = "padding that wraps round";
		o.pad_more = 256 + 8;
		try_openssh(&o);
		o = sound(one[t]);
		o.count = 0;
		o.want = ERR_FORMAT;
		try_openssh(&o);
		o.count = 2;
		o.want = ERR_UNSUPPORTED;
		try_openssh(&o);
		o.count = 0x7fffffff;
		try_openssh(&o);
	}
}

static void
openssh_padding_starts_at_one(void **state)
{
	struct openssh o = sound(one[KEY_ED25519]);

	/* the list of this key needs padding, whatever its comment */
	(void)state;
	o.what = "padding starts at 2";
	o.pad_first = 2;
	o.want = ERR_FORMAT;
	try_openssh(&o);
}

/* Refused before any passphrase is asked for, or any program started. */
static void
openssh_encryption(void **state)
{
	static const struct {
		const char *cipher, *kdf;
		const char *options;
		size_t len;
		int want;
	} cases[] = {
		{ "none", "bcrypt", "", 0, ERR_FORMAT },
		{ "none", "none", "x", 1, ERR_FORMAT },
		{ "aes256-ctr", "none", "", 0, ERR_UNSUPPORTED },
		{ "aes256-ctr", "scrypt", "", 0, ERR_UNSUPPORTED },
		{ "rot13", "bcrypt", "\0\0\0\1s\0\0\0\20", 9, ERR_UNSUPPORTED },
		{ "", "bcrypt", "\0\0\0\1s\0\0\0\20", 9, ERR_UNSUPPORTED },
		{ "aes256-ctr", "bcrypt", "", 0, ERR_FORMAT },
		{ "aes256-ctr", "bcrypt", "\0\0\0\0\0\0\0\20", 8, ERR_FORMAT },
		{ "aes256-ctr", "bcrypt", "\0\0\0\1s\0\0\0\0", 9, ERR_FORMAT },
		{ "aes256-ctr", "bcrypt", "\0\0\0\1s\0\0\0\20x", 10,
		    ERR_FORMAT },
		{ "aes256-ctr", "bcrypt", "\0\0\0\1s\x7f\xff\xff\xff", 9,
		    ERR_UNSUPPORTED },
		{ "aes256-ctr", "bcrypt", "\0\0\0\1s\xff\xff\xff\xff", 9,
		    ERR_UNSUPPORTED },
		{ "aes256-ctr", "bcrypt", "\0\0\0\1s\0\0\0\20", 9,
		    ERR_NEED_PASSPHRASE },
	};
	const struct buf *blob = &one[KEY_ED25519]->blob;
	struct buf all = BUF_INIT, text = BUF_INIT;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		buf_clear(&all);
		buf_clear(&text);
		buf_put(&all, "openssh-key-v1", 15);
		buf_put_cstring(&all, cases[i].cipher);
		buf_put_cstring(&all, cases[i].kdf);
		buf_put_string(&all, cases[i].options, cases[i].len);
		buf_put_u32(&all, 1);
		buf_put_string(&all, blob->data, blob->len);
		buf_put_string(&all, "12345678", 8);
		armour(&text, "OPENSSH PRIVATE KEY", all.data, all.len);
		if (read_buf(&text, &e) != cases[i].want)
			fail_msg("case %zu: %d %s", i, (int)e.code, e.text);
	}
	buf_free(&all);
	buf_free(&text);
}

static void
openssh_other_kinds(void **state)
{
	static const struct {
		const char *name, *what;
	} cases[] = {
		{ "ssh-dss", "DSA" },
		{ "sk-ssh-ed25519@openssh.com", "security key" },
		{ "sk-ecdsa-sha2-nistp256@openssh.com", "security key" },
		{ "ssh-rsa-cert-v01@openssh.com", "certificate" },
	};
	struct buf all = BUF_INIT, text = BUF_INIT, blob = BUF_INIT;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		buf_clear(&all);
		buf_clear(&text);
		buf_clear(&blob);
		buf_put_cstring(&blob, cases[i].name);
		buf_put(&all, "openssh-key-v1", 15);
		buf_put_cstring(&all, "none");
		buf_put_cstring(&all, "none");
		buf_put_cstring(&all, "");
		buf_put_u32(&all, 1);
		buf_put_string(&all, blob.data, blob.len);
		buf_put_string(&all, "12345678", 8);
		armour(&text, "OPENSSH PRIVATE KEY", all.data, all.len);
		assert_int_equal(read_buf(&text, &e), ERR_UNSUPPORTED);
		assert_non_null(strstr(e.text, cases[i].what));
		assert_true(e.hint[0] != '\0');
	}
	buf_free(&all);
	buf_free(&text);
	buf_free(&blob);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openssh_halves),
		cmocka_unit_test(openssh_frames),
		cmocka_unit_test(openssh_padding_starts_at_one),
		cmocka_unit_test(openssh_encryption),
		cmocka_unit_test(openssh_other_kinds),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
