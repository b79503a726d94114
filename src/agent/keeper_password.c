/* SPDX-License-Identifier: ISC */

/*
 * Passwords of Windows instances.  The wrong key may give random bytes instead of
 * an error, so that what comes out must look like a password: text that can be
 * typed.  Random bytes do so once in millions.
 */

#include <string.h>

#include "pemkeep/base/utf8.h"
#include "pemkeep/keys/key.h"
#include "vault/secret.h"

#include "src/agent/keeper_internal.h"
#include "src/agent/keeper_log.h"

#define PASSWORD_MIN 8 /* bytes; EC2 makes them longer */

/* Whoever is Administrator there says what it is: a terminal must not obey it. */
static bool
is_password(const struct secret *s)
{
	const char *text = (const char *)secret_bytes(s);
	size_t left = secret_len(s), n;
	uint32_t cp;

	if (left < PASSWORD_MIN)
		return false;
	for (; left > 0; text += n, left -= n) {
		n = utf8_decode(text, left, &cp);
		if (n == 0 || utf8_unsafe(cp))
			return false;
	}
	return true;
}

int
keeper_password(struct keeper *k, const uint8_t *blob, size_t blob_len,
    const void *data, size_t len, const char *instance, struct secret **plainp,
    struct err *e)
{
	const struct vault_entry *entry = keeper_find_public(k, blob, blob_len);
	struct key *key;
	int r;

	*plainp = NULL;
	if (entry == NULL)
		return err_set(e, ERR_NOT_FOUND,
		    "the vault has no key with this public half");
	if ((r = keeper_decrypt(k, entry, &key, e)) != 0)
		return r;
	r = key_decrypt(key, data, len, plainp, e);
	key_free(key);
	if (r == 0 && !is_password(*plainp)) {
		secret_free(*plainp);
		*plainp = NULL;
		r = err_set(
		    e, ERR_MISMATCH, "it was not encrypted for this key");
	}
	if (r == 0)
		keeper_log_password(k, blob, blob_len, instance);
	return r;
}
