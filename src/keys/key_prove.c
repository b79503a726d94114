/* SPDX-License-Identifier: ISC */
/*
 * The proof that a private half belongs to a public half.  Arithmetic alone
 * would do for sound keys; the signature also finds RSA "primes" that are none.
 */

#include <string.h>

#include "pemkeep/base/err.h"
#include "pemkeep/keys/pubkey.h"
#include "src/keys/key_internal.h"

static const char message[] = "pemkeep: does this key pair fit?";

static int
check_numbers(const struct key *k, struct err *e)
{
	struct key_rsa rsa;
	int r;

	r = key_rsa_fetch(&rsa, k, e);
	if (r == 0)
		r = key_rsa_check(&rsa, e);
	key_rsa_clear(&rsa);
	return r;
}

static int
check_signature(const struct key *k, const struct buf *blob, struct err *e)
{
	struct buf sig = BUF_INIT;
	int r;

	r = key_sign(k,
	    k->type == KEY_RSA ? "rsa-sha2-256" : key_kind(k->type)->ssh,
	    message, strlen(message), &sig, e);
	if (r == 0)
		r = pubkey_verify(
		    blob->data, blob->len, &sig, message, strlen(message), e);
	if (r != 0 && r != ERR_NOMEM)
		r = err_set(e, ERR_MISMATCH,
		    "its private and public half do not belong together");
	buf_free(&sig);
	return r;
}

int
key_prove(const struct key *k, const struct buf *blob, struct err *e)
{
	int r = 0;

	if (blob == NULL)
		blob = &k->blob;
	if (k->type == KEY_RSA)
		r = check_numbers(k, e);
	if (r == 0)
		r = check_signature(k, blob, e);
	return r;
}
