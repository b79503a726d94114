/* SPDX-License-Identifier: ISC */
/*
 * PKCS#1, SEC1 and PKCS#8 files made to deceive or to hurt: halves of
 * different keys, absurd costs of the passphrase hash.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <time.h>

#include "keys_forge.h"
#include "src/keys/der.h"

static void
put_u(struct der_out *o, uint64_t v)
{
	uint8_t b[8];
	struct key_bytes n = { b, sizeof(b) };

	for (size_t i = 0; i < 8; i++)
		b[i] = (uint8_t)(v >> (56 - 8 * i));
	der_put_uint(o, n);
}

static int
read_out(struct der_out *o, const char *label, const char *pass, struct err *e)
{
	struct buf text = BUF_INIT;
	struct keyfile f;
	int r;

	assert_false(o->failed);
	armour(&text, label, o->start + o->at, o->end - o->at);
	r = read_text(buf_text(&text), text.len, pass, &f, e);
	keyfile_clear(&f);
	buf_free(&text);
	return r;
}

static void
pkcs1_of_two_keys(void **state)
{
	uint8_t memory[4096];
	struct fixture_rsa a, b;
	struct der_out o;
	struct err e;

	(void)state;
	fixture_numbers(&a, one[KEY_RSA]);
	fixture_numbers(&b, two[KEY_RSA]);
	/* i == RSA_PARTS: sound; e is the same in all keys */
	for (int i = 0; i <= RSA_PARTS; i++) {
		der_out_init(&o, memory, sizeof(memory));
		for (int p = RSA_PARTS; p-- > 0;)
			der_put_uint(&o, p == i ? b.part[p] : a.part[p]);
		put_u(&o, 0);
		der_wrap(&o, DER_SEQUENCE, o.end);
		assert_int_equal(read_out(&o, "RSA PRIVATE KEY", NULL, &e),
		    i == RSA_PARTS || i == RSA_E ? 0 : ERR_MISMATCH);
	}
	/* multi-prime */
	der_out_init(&o, memory, sizeof(memory));
	for (int p = RSA_PARTS; p-- > 0;)
		der_put_uint(&o, a.part[p]);
	put_u(&o, 1);
	der_wrap(&o, DER_SEQUENCE, o.end);
	assert_int_equal(
	    read_out(&o, "RSA PRIVATE KEY", NULL, &e), ERR_UNSUPPORTED);
}

/* SEC1 with the private number of one key and the point of another. */
static void
sec1_of_two_keys(void **state)
{
	static const uint8_t oid[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7 };
	struct key_bytes curve = { oid, sizeof(oid) }, number, point;
	uint8_t memory[512], bytes[KEY_POINT_MAX];
	struct secret *s;
	struct der_out o;
	struct err e;

	(void)state;
	assert_int_equal(key_private_bytes(one[KEY_ECDSA_256], &s, NULL), 0);
	number.at = secret_bytes(s);
	number.len = secret_len(s);
	for (int i = 0; i < 4; i++) {
		size_t mark;

		point = key_public_bytes((i == 1 ? two : one)[KEY_ECDSA_256]);
		memcpy(bytes, point.at, point.len);
		if (i == 2) /* the "hybrid" form, which nobody writes */
			bytes[0] = (uint8_t)(6 | (bytes[point.len - 1] & 1));
		der_out_init(&o, memory, sizeof(memory));
		der_put(&o, bytes, point.len);
		der_put(&o, i == 3 ? "\1" : "", 1); /* unused bits */
		der_wrap(&o, DER_BITS, o.end);
		der_wrap(&o, DER_CONTEXT_1, o.end);
		mark = o.at;
		der_put_tlv(&o, DER_OID, curve);
		der_wrap(&o, DER_CONTEXT_0, mark);
		der_put_tlv(&o, DER_OCTETS, number);
		put_u(&o, 1);
		der_wrap(&o, DER_SEQUENCE, o.end);
		assert_int_equal(read_out(&o, "EC PRIVATE KEY", NULL, &e),
		    i == 0       ? 0
			: i == 3 ? ERR_FORMAT
				 : ERR_MISMATCH);
	}
	secret_free(s);
}

/* RFC 5958: PKCS#8 that carries a public half, of this key and another. */
static void
pkcs8_with_public_half(void **state)
{
	struct key_bytes bytes, head;
	struct buf rsa = BUF_INIT;
	struct pubkey_parts p;
	uint8_t memory[8192];
	struct secret *der;
	struct der_out o;
	struct der in, seq;
	struct err e;

	(void)state;
	for (enum key_type t = KEY_RSA; t <= KEY_ECDSA_521; t++) {
		der = fixture_pkcs8(one[t]);
		der_init(&in, secret_bytes(der), secret_len(der));
		seq = der_enter(&in, DER_SEQUENCE);
		(void)der_u64(&seq);
		head.at = seq.at;
		head.len = seq.left;
		for (int i = 0; i < 3; i++) {
			const struct key *k = i == 1 ? two[t] : one[t];

			bytes = key_public_bytes(k);
			if (t == KEY_RSA) {
				buf_clear(&rsa);
				assert_int_equal(pubkey_parse(k->blob.data,
						     k->blob.len, &p, NULL),
				    0);
				assert_int_equal(key_der_put_rsa_public(
						     p.n, p.e, false, &rsa),
				    0);
				bytes.at = rsa.data;
				bytes.len = rsa.len;
			}
			der_out_init(&o, memory, sizeof(memory));
			der_put(&o, bytes.at, bytes.len);
			der_put(&o, "", 1);
			der_wrap(&o, DER_IMPLICIT_1, o.end);
			der_put(&o, head.at, head.len);
			put_u(&o, i == 2 ? 0 : 1); /* 0 forbids it */
			der_wrap(&o, DER_SEQUENCE, o.end);
			assert_int_equal(read_out(&o, "PRIVATE KEY", NULL, &e),
			    i == 0       ? 0
				: i == 1 ? ERR_MISMATCH
					 : ERR_FORMAT);
		}
		secret_free(der);
	}
	buf_free(&rsa);
}

/* Cost of a passphrase hash, checked before it is run. */
static void
absurd_costs(void **state)
{
	static const uint8_t pbes2[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1,
		5, 13 };
	static const uint8_t pbkdf2[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1,
		5, 12 };
	static const uint8_t scrypt[] = { 0x2b, 6, 1, 4, 1, 0xda, 0x47, 4, 11 };
	static const uint8_t pbes1[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1,
		12, 1, 3 };
	static const uint8_t aes[] = { 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42 };
	static const struct {
		int kdf; /* 1 PBKDF2, 2 scrypt, 3 PKCS#12 */
		uint64_t a, b, c;
		int want; /* 0: ERR_LOCKED, it was tried */
	} cases[] = {
		{ 1, 1, 0, 0, 0 },
		{ 1, 0, 0, 0, ERR_FORMAT },
		{ 1, 10000001, 0, 0, ERR_UNSUPPORTED },
		{ 1, 0x7fffffff, 0, 0, ERR_UNSUPPORTED },
		{ 1, 0x80000000, 0, 0, ERR_UNSUPPORTED },
		{ 1, 0x100000001, 0, 0, ERR_UNSUPPORTED },
		{ 1, UINT64_MAX, 0, 0, ERR_UNSUPPORTED },
		{ 2, 2, 1, 1, 0 },
		{ 2, 16384, 8, 1, 0 },
		{ 2, 2, 1024, 1024, 0 },
		{ 2, 0, 8, 1, ERR_FORMAT },
		{ 2, 1, 8, 1, ERR_FORMAT },
		{ 2, 3, 8, 1, ERR_FORMAT },
		{ 2, 16384, 0, 1, ERR_FORMAT },
		{ 2, 16384, 8, 0, ERR_FORMAT },
		{ 2, 0x400000, 1, 1, ERR_UNSUPPORTED },
		{ 2, 0x100000, 8, 1, ERR_UNSUPPORTED },
		{ 2, 0x40000, 8, 2, ERR_UNSUPPORTED },
		{ 2, 2, 1025, 1, ERR_UNSUPPORTED },
		{ 2, 2, 1, 1025, ERR_UNSUPPORTED },
		{ 2, 2, UINT64_MAX, UINT64_MAX, ERR_UNSUPPORTED },
		{ 2, 0x8000000000000000, 8, 1, ERR_UNSUPPORTED },
		{ 2, UINT64_MAX, 1, 1, ERR_UNSUPPORTED },
		{ 3, 1, 0, 0, 0 },
		{ 3, 0, 0, 0, ERR_FORMAT },
		{ 3, 0x80000000, 0, 0, ERR_UNSUPPORTED },
	};
	struct key_bytes salt = { (const uint8_t *)"saltsalt", 8 };
	struct key_bytes iv = { (const uint8_t *)"1234567812345678", 16 };
	struct key_bytes data = { (const uint8_t *)"1234567812345678", 16 };
	struct key_bytes oid;
	uint8_t memory[512];
	struct der_out o;
	struct err e;
	time_t start;
	int want;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t mark, params;

		der_out_init(&o, memory, sizeof(memory));
		der_put_tlv(&o, DER_OCTETS, data);
		mark = o.at;
		if (cases[i].kdf != 3) {
			der_put_tlv(&o, DER_OCTETS, iv);
			oid.at = aes;
			oid.len = sizeof(aes);
			der_put_tlv(&o, DER_OID, oid);
			der_wrap(&o, DER_SEQUENCE, mark);
		}
		params = o.at;
		if (cases[i].kdf == 2) {
			put_u(&o, cases[i].c);
			put_u(&o, cases[i].b);
		}
		put_u(&o, cases[i].a);
		der_put_tlv(&o, DER_OCTETS, salt);
		der_wrap(&o, DER_SEQUENCE, params);
		oid.at = cases[i].kdf == 1 ? pbkdf2
		    : cases[i].kdf == 2    ? scrypt
					   : pbes1;
		oid.len = cases[i].kdf == 3 ? sizeof(pbes1) : sizeof(scrypt);
		der_put_tlv(&o, DER_OID, oid);
		if (cases[i].kdf != 3) {
			der_wrap(&o, DER_SEQUENCE, params);
			der_wrap(&o, DER_SEQUENCE, mark);
			oid.at = pbes2;
			oid.len = sizeof(pbes2);
			der_put_tlv(&o, DER_OID, oid);
		}
		der_wrap(&o, DER_SEQUENCE, mark);
		der_wrap(&o, DER_SEQUENCE, o.end);
		start = time(NULL);
		want = cases[i].want != 0 ? cases[i].want : ERR_LOCKED;
		if (read_out(&o, "ENCRYPTED PRIVATE KEY", "pass", &e) != want)
			fail_msg("case %zu: %d %s", i, (int)e.code, e.text);
		if (cases[i].want == 0)
			want = ERR_NEED_PASSPHRASE;
		assert_int_equal(
		    read_out(&o, "ENCRYPTED PRIVATE KEY", NULL, &e), want);
		assert_true(time(NULL) - start < 20);
	}
}

/* DER that is BER, or no DER at all. */
static void
der_is_strict(void **state)
{
	static const struct {
		const char *what;
		uint8_t bytes[8];
		size_t len;
	} bad[] = {
		{ "empty", { 0 }, 0 },
		{ "tag only", { 2 }, 1 },
		{ "cut", { 2, 2, 1 }, 3 },
		{ "indefinite length", { 2, 0x80, 1, 0, 0 }, 5 },
		{ "long form for a short length", { 2, 0x81, 1, 1 }, 4 },
		{ "leading zero in the length", { 2, 0x82, 0, 1, 1 }, 5 },
		{ "length of four bytes", { 2, 0x84, 0, 0, 0, 1, 1 }, 7 },
		{ "no content", { 2, 0 }, 2 },
		{ "negative", { 2, 1, 0x80 }, 3 },
		{ "not minimal", { 2, 2, 0, 0x7f }, 4 },
		{ "another tag", { 4, 1, 1 }, 3 },
	};
	static const uint8_t good[] = { 2, 2, 0, 0x80 };
	struct der d;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		der_init(&d, bad[i].bytes, bad[i].len);
		(void)der_u64(&d);
		if (der_done(&d))
			fail_msg("%s", bad[i].what);
	}
	der_init(&d, good, sizeof(good));
	assert_int_equal(der_u64(&d), 0x80);
	assert_true(der_done(&d));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pkcs1_of_two_keys),
		cmocka_unit_test(sec1_of_two_keys),
		cmocka_unit_test(pkcs8_with_public_half),
		cmocka_unit_test(absurd_costs),
		cmocka_unit_test(der_is_strict),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
