/* SPDX-License-Identifier: ISC */
/*
 * Key files as EC2 and ssh-keygen make them: PKCS#1 PEM for RSA, OpenSSH v1
 * (PROTOCOL.key) for the rest.  Never encrypted; the caller sets the mode.
 */

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <string.h>

#include "pemkeep/base/err.h"
#include "pemkeep/keys/key.h"
#include "src/keys/key_internal.h"
#include "src/keys/pack.h"
#include "vault/secret.h"

#define BLOCK 8u /* padding of an unencrypted list */

static int
write_pkcs1(const struct key *k, struct secret **textp, struct err *e)
{
	struct secret *der, *text;
	struct pack p;
	int r;

	r = key_der_write_pkcs1(k, &der, e);
	if (r != 0)
		return r;
	text = secret_new(pack_armour_room(secret_len(der)));
	pack_init(&p, text);
	pack_armour(
	    &p, "RSA PRIVATE KEY", secret_bytes(der), secret_len(der), 64);
	secret_free(der);
	if (p.failed) {
		secret_free(text);
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	*textp = text;
	return 0;
}

/* The private fields of one key, as in an agent's "add" message. */
static int
pack_private(struct pack *p, const struct key *k, struct err *e)
{
	const struct key_kind *kind = key_kind(k->type);
	struct key_bytes public = key_public_bytes(k);
	const uint8_t *number;
	struct secret *s;
	size_t len;
	int r;

	r = key_private_bytes(k, &s, e);
	if (r != 0)
		return r;
	number = secret_bytes(s);
	len = secret_len(s);
	if (kind->curve != NULL) {
		while (len > 0 && *number == 0) {
			number++;
			len--;
		}
		pack_string(p, kind->curve, strlen(kind->curve));
		pack_string(p, public.at, public.len);
		pack_mpint(p, number, len);
	} else {
		pack_string(p, public.at, public.len);
		pack_u32(p, (uint32_t)(len + public.len));
		pack_bytes(p, number, len);
		pack_bytes(p, public.at, public.len);
	}
	secret_free(s);
	return 0;
}

/* The list: check numbers, key, comment, padding. */
static int
pack_list(struct secret **listp, const struct key *k, const char *comment,
    struct err *e)
{
	const char *name = key_ssh_name(k->type);
	struct secret *list;
	uint8_t check[4], pad;
	struct pack p;
	int r;

	*listp = NULL;
	list = secret_new(512 + strlen(comment));
	pack_init(&p, list);
	if (RAND_bytes(check, sizeof(check)) != 1) {
		secret_free(list);
		return key_crypto_failed(e, "random numbers");
	}
	pack_bytes(&p, check, sizeof(check));
	pack_bytes(&p, check, sizeof(check));
	pack_string(&p, name, strlen(name));
	r = pack_private(&p, k, e);
	pack_string(&p, comment, strlen(comment));
	for (pad = 1; !p.failed && secret_len(list) % BLOCK != 0; pad++)
		pack_bytes(&p, &pad, 1);
	if (r == 0 && p.failed)
		r = err_set(e, ERR_NOMEM, "out of memory");
	if (r != 0) {
		secret_free(list);
		return r;
	}
	*listp = list;
	return 0;
}

static int
write_openssh(const struct key *k, const char *comment, struct secret **textp,
    struct err *e)
{
	static const char magic[] = "openssh-key-v1";
	struct secret *list, *all = NULL, *text = NULL;
	struct pack p;
	int r;

	r = pack_list(&list, k, comment, e);
	if (r != 0)
		return r;
	all = secret_new(secret_len(list) + k->blob.len + 128);
	pack_init(&p, all);
	pack_bytes(&p, magic, sizeof(magic));
	pack_string(&p, "none", 4);
	pack_string(&p, "none", 4);
	pack_string(&p, "", 0);
	pack_u32(&p, 1);
	pack_string(&p, k->blob.data, k->blob.len);
	pack_string(&p, secret_bytes(list), secret_len(list));
	if (!p.failed) {
		text = secret_new(pack_armour_room(secret_len(all)));
		pack_init(&p, text);
		pack_armour(&p, "OPENSSH PRIVATE KEY", secret_bytes(all),
		    secret_len(all), 70);
	}
	secret_free(list);
	secret_free(all);
	if (p.failed) {
		secret_free(text);
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	*textp = text;
	return 0;
}

int
key_to_file(const struct key *k, const char *comment, struct secret **textp,
    struct err *e)
{
	*textp = NULL;
	if (k->type == KEY_RSA)
		return write_pkcs1(k, textp, e);
	return write_openssh(k, comment, textp, e);
}
