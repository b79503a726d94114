/* SPDX-License-Identifier: ISC */

/*
 * Many key files in little time, for tests/bench/.  Not installed.
 *
 *	benchkeys rsa|ed25519 COUNT FOLDER	writes 000001.pem and so on
 *
 * Looking for primes is what takes long with RSA, so a few primes are found and
 * each pair of them is a key.  Such keys share factors: they are good for
 * measuring and for nothing else.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "pemkeep/base/err.h"
#include "pemkeep/keys/key.h"
#include "vault/secret.h"

#define RSA_BITS 2048

__attribute__((noreturn, format(printf, 1, 2))) static void
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("benchkeys: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

/* A new file as EC2 and a browser leave it. */
static int
create(const char *folder, size_t number)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%06zu.pem", folder, number);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd == -1)
		die("%s: %s", path, strerror(errno));
	return fd;
}

static void
make_ed25519(const char *folder, size_t count)
{
	struct secret *text;
	struct key *key;
	struct err e;

	for (size_t i = 1; i <= count; i++) {
		int fd = create(folder, i);

		if (key_generate(KEY_ED25519, 0, &key, &e) != 0 ||
		    key_to_file(key, "", &text, &e) != 0)
			die("%s", e.text);
		if (write(fd, secret_bytes(text), secret_len(text)) !=
		    (ssize_t)secret_len(text))
			die("%s: %s", folder, strerror(errno));
		close(fd);
		secret_free(text);
		key_free(key);
	}
}

static BIGNUM *
new_prime(BN_CTX *ctx)
{
	BIGNUM *p = BN_new();

	do {
		if (p == NULL ||
		    BN_generate_prime_ex2(
			p, RSA_BITS / 2, 0, NULL, NULL, NULL, ctx) != 1)
			die("no prime");
	} while (BN_mod_word(p, RSA_F4) == 1); /* e must have an inverse */
	return p;
}

/* d, and the numbers of the Chinese remainder theorem. */
static int
push_private(OSSL_PARAM_BLD *b, const BIGNUM *p, const BIGNUM *q, BN_CTX *ctx)
{
	BIGNUM *e = BN_CTX_get(ctx), *d = BN_CTX_get(ctx);
	BIGNUM *p1 = BN_CTX_get(ctx), *q1 = BN_CTX_get(ctx);
	BIGNUM *phi = BN_CTX_get(ctx), *dp = BN_CTX_get(ctx);
	BIGNUM *dq = BN_CTX_get(ctx), *qi = BN_CTX_get(ctx);

	return qi != NULL && BN_set_word(e, RSA_F4) == 1 &&
	    BN_sub(p1, p, BN_value_one()) == 1 &&
	    BN_sub(q1, q, BN_value_one()) == 1 &&
	    BN_mul(phi, p1, q1, ctx) == 1 &&
	    BN_mod_inverse(d, e, phi, ctx) != NULL &&
	    BN_mod(dp, d, p1, ctx) == 1 && BN_mod(dq, d, q1, ctx) == 1 &&
	    BN_mod_inverse(qi, q, p, ctx) != NULL &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e) == 1 &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_D, d) == 1 &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_FACTOR1, p) == 1 &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_FACTOR2, q) == 1 &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_EXPONENT1, dp) == 1 &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_EXPONENT2, dq) == 1 &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, qi) ==
	    1;
}

static EVP_PKEY *
rsa_of(const BIGNUM *p, const BIGNUM *q, EVP_PKEY_CTX *maker, BN_CTX *ctx)
{
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;
	BIGNUM *n;

	BN_CTX_start(ctx);
	n = BN_CTX_get(ctx);
	if (b == NULL || n == NULL || BN_mul(n, p, q, ctx) != 1 ||
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
	    !push_private(b, p, q, ctx) ||
	    (params = OSSL_PARAM_BLD_to_param(b)) == NULL ||
	    EVP_PKEY_fromdata(maker, &key, EVP_PKEY_KEYPAIR, params) != 1)
		die("no key of two primes");
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	BN_CTX_end(ctx);
	return key;
}

static void
write_pem(EVP_PKEY *key, const char *folder, size_t number)
{
	FILE *f = fdopen(create(folder, number), "w");
	BIO *bio = f != NULL ? BIO_new_fp(f, BIO_CLOSE) : NULL;

	if (bio == NULL ||
	    PEM_write_bio_PrivateKey_traditional(
		bio, key, NULL, NULL, 0, NULL, NULL) != 1 ||
	    BIO_flush(bio) != 1)
		die("%s: cannot write a key", folder);
	BIO_free(bio);
}

static void
make_rsa(const char *folder, size_t count)
{
	EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BN_CTX *ctx = BN_CTX_secure_new();
	BIGNUM **primes = calloc(count + 2, sizeof(BIGNUM *));
	size_t made = 0;

	if (maker == NULL || ctx == NULL || primes == NULL ||
	    EVP_PKEY_fromdata_init(maker) != 1)
		die("out of memory");
	for (size_t i = 0; made < count; i++) {
		primes[i] = new_prime(ctx);
		for (size_t j = 0; j < i && made < count; j++) {
			EVP_PKEY *key =
			    rsa_of(primes[i], primes[j], maker, ctx);

			write_pem(key, folder, ++made);
			EVP_PKEY_free(key);
		}
	}
	for (size_t i = 0; i < count + 2; i++)
		BN_clear_free(primes[i]);
	free(primes);
	BN_CTX_free(ctx);
	EVP_PKEY_CTX_free(maker);
}

int
main(int argc, char **argv)
{
	long count;

	if (argc != 4 || (count = strtol(argv[2], NULL, 10)) <= 0)
		die("usage: benchkeys rsa|ed25519 COUNT FOLDER");
	if (strcmp(argv[1], "rsa") == 0)
		make_rsa(argv[3], (size_t)count);
	else if (strcmp(argv[1], "ed25519") == 0)
		make_ed25519(argv[3], (size_t)count);
	else
		die("no such type: %s", argv[1]);
	return 0;
}
