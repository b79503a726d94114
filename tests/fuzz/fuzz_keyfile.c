/* SPDX-License-Identifier: ISC */
/*
 * keyfile_read() on any bytes, without a passphrase (so that no program is
 * started).  What is read as a key must survive being written and read again.
 *
 * An input whose first byte is 0x80 to 0x84 is put into armour first, so that
 * mutations reach the formats behind the base64.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/digest.h"
#include "pemkeep/base/err.h"
#include "pemkeep/keys/key.h"
#include "pemkeep/keys/keyfile.h"
#include "pemkeep/keys/keyfile_facts.h"
#include "pemkeep/keys/pubkey.h"
#include "vault/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int condition)
{
	if (!condition)
		abort();
}

static void
write_and_read(const struct keyfile *f)
{
	struct buf blob = BUF_INIT;
	struct secret *text = NULL, *der = NULL;
	struct pubkey_facts facts;
	struct keyfile second;
	struct key *copy = NULL;

	must(key_public_blob(f->key, &blob, NULL) == 0);
	must(pubkey_facts(blob.data, blob.len, &facts, NULL) == 0);
	must(facts.type == key_type(f->key));
	must(facts.bits == key_bits(f->key));
	must(key_to_pkcs8(f->key, &der, NULL) == 0);
	must(key_from_pkcs8(der, &copy, NULL) == 0);
	must(key_prove(copy, &blob, NULL) == 0);
	must(key_to_file(f->key, f->comment, &text, NULL) == 0);
	must(keyfile_read(text, NULL, &second, NULL) == 0);
	must(second.repairs == 0 && !second.encrypted);
	must(key_prove(second.key, &blob, NULL) == 0);
	keyfile_clear(&second);
	key_free(copy);
	secret_free(text);
	secret_free(der);
	buf_free(&blob);
}

/* What is said of a file without using it is what using it shows. */
static void
check_facts(const struct secret *file, const struct keyfile *f, int read)
{
	struct keyfile_facts facts;
	struct buf blob = BUF_INIT;
	struct err e;
	int r = keyfile_facts(file, &facts, &e);

	must(r == 0 || r == ERR_FORMAT);
	must(read != ERR_FORMAT || r == ERR_FORMAT);
	must(facts.bits <= 65536);
	if (read == 0) {
		must(key_public_blob(f->key, &blob, NULL) == 0);
		must(r == 0 && facts.readable && !facts.encrypted);
		must(facts.blob.len == blob.len &&
		    memcmp(facts.blob.data, blob.data, blob.len) == 0);
	}
	keyfile_facts_clear(&facts);
	buf_free(&blob);
}

static struct secret *
armoured(const char *label, const uint8_t *data, size_t size)
{
	struct buf b = BUF_INIT;
	struct secret *s;

	buf_printf(&b, "-----BEGIN %s-----\n", label);
	digest_put_base64(&b, data, size, 1);
	buf_printf(&b, "\n-----END %s-----\n", label);
	s = secret_copy(b.data, b.len);
	buf_free(&b);
	return s;
}

static struct secret *
input(const uint8_t *data, size_t size)
{
	static const char *const labels[] = { "RSA PRIVATE KEY",
		"EC PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY",
		"OPENSSH PRIVATE KEY" };

	if (size > 0 && data[0] >= 0x80 && data[0] <= 0x84)
		return armoured(labels[data[0] - 0x80], data + 1, size - 1);
	return secret_copy(data, size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct secret *file = input(data, size);
	struct err e = { ERR_OK, "", "" };
	struct keyfile f;
	int r;

	must(file != NULL);
	(void)keyfile_looks_like_key(data, size);
	r = keyfile_read(file, NULL, &f, &e);
	must(r == e.code);
	must((r == 0) == (f.key != NULL));
	must(r != ERR_LOCKED && r != ERR_FAILED);
	must(r != ERR_NEED_PASSPHRASE || f.encrypted);
	check_facts(file, &f, r);
	if (r == 0)
		write_and_read(&f);
	keyfile_clear(&f);
	secret_free(file);
	return 0;
}
