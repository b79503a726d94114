/* SPDX-License-Identifier: ISC */
#ifndef TESTS_KEYS_FORGE_H
#define TESTS_KEYS_FORGE_H

/* What the tests share that forge key files.  Include cmocka.h before. */

#include "keys_fixture.h"

/* Two keys of each type, and their private numbers. */
static struct key *one[5], *two[5];

static inline int
read_text(const char *text, size_t len, const char *pass, struct keyfile *f,
    struct err *e)
{
	struct secret *file = fixture_secret(text, len);
	struct secret *p = pass == NULL ? NULL : fixture_text(pass);
	int r;

	memset(e, 0, sizeof(*e));
	r = keyfile_read(file, p, f, e);
	assert_int_equal(e->code, r);
	if (r != 0)
		assert_null(f->key);
	secret_free(file);
	secret_free(p);
	return r;
}

static inline int
read_buf(struct buf *b, struct err *e)
{
	struct keyfile f;
	int r = read_text(buf_text(b), b->len, NULL, &f, e);

	keyfile_clear(&f);
	return r;
}

static inline void
armour(struct buf *out, const char *label, const void *bytes, size_t len)
{
	buf_printf(out, "-----BEGIN %s-----\n", label);
	digest_put_base64(out, bytes, len, 1);
	buf_printf(out, "\n-----END %s-----\n", label);
}

static inline int
make_keys(void **state)
{
	(void)state;
	for (enum key_type t = KEY_RSA; t <= KEY_ECDSA_521; t++) {
		one[t] = fixture_key(t);
		two[t] = fixture_key(t);
	}
	return 0;
}

static inline int
free_keys(void **state)
{
	(void)state;
	for (enum key_type t = KEY_RSA; t <= KEY_ECDSA_521; t++) {
		key_free(one[t]);
		key_free(two[t]);
	}
	return 0;
}

#endif
