/* SPDX-License-Identifier: ISC */
#ifndef TESTS_UNIT_KNOWN_HOSTS_FIXTURE_H
#define TESTS_UNIT_KNOWN_HOSTS_FIXTURE_H

/*
 * Text with keys in it: $A and $B are two Ed25519 keys, $R is an RSA key, $N is
 * one of a type that nobody knows, each as "type base64".
 */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/digest.h"

static inline const char *
key_type_of(char letter)
{
	return letter == 'R' ? "ssh-rsa"
	    : letter == 'N'  ? "ssh-new@example.com"
			     : "ssh-ed25519";
}

/* Replaces the content of 'blob'. */
static inline void
key_blob(char letter, struct buf *blob)
{
	uint8_t body[32];

	memset(body, letter, sizeof(body));
	buf_clear(blob);
	buf_put_cstring(blob, key_type_of(letter));
	buf_put_string(blob, body, sizeof(body));
}

/* Replaces the content of 'out'. */
static inline void
key_text(const char *form, struct buf *out)
{
	struct buf blob = BUF_INIT;

	buf_clear(out);
	for (; *form != '\0'; form++) {
		if (form[0] != '$' || strchr("ABRN", form[1]) == NULL) {
			buf_put(out, form, 1);
			continue;
		}
		form++;
		key_blob(*form, &blob);
		buf_printf(out, "%s ", key_type_of(*form));
		digest_put_base64(out, blob.data, blob.len, 1);
	}
	buf_free(&blob);
}

#endif
