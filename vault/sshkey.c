/* SPDX-License-Identifier: ISC */

/* Chapter 8: two TLV lists. */

#include <string.h>

#include "internal.h"
#include "secret.h"
#include "sshkey.h"

enum {
	TAG_PUBLIC_KEY = 1,
	TAG_CREATED,
	TAG_FORMAT,
	TAG_SOURCE,
	TAG_COMMENT,
	TAG_EC2_SHA1,
	TAG_FLAGS
};
enum { TAG_KEY = 1, TAG_ORIGINAL };

#define TAG_OPTIONAL 0x8000u
#define SHA1_BYTES 20
#define REQUIRED (1u << TAG_PUBLIC_KEY | 1u << TAG_CREATED | 1u << TAG_FORMAT)

static bool
take_field(struct vault_sshkey *key, const struct tlv *t)
{
	struct cursor c = { t->value, t->len, false };

	switch (t->tag) {
	case TAG_PUBLIC_KEY:
		key->public_key = t->value;
		key->public_key_len = t->len;
		return t->len > 0;
	case TAG_CREATED:
		key->created = cursor_u64(&c);
		break;
	case TAG_FORMAT:
		key->format = cursor_u16(&c);
		break;
	case TAG_SOURCE:
		key->source = (const char *)t->value;
		key->source_len = t->len;
		return name_utf8(t->value, t->len);
	case TAG_COMMENT:
		key->comment = t->value;
		key->comment_len = t->len;
		return true;
	case TAG_EC2_SHA1:
		key->ec2_sha1 = t->value;
		return t->len == SHA1_BYTES;
	default:
		key->flags = cursor_u32(&c);
	}
	return !c.failed && c.left == 0;
}

bool
vault_sshkey_parse(
    const uint8_t *info, size_t len, struct vault_sshkey *key, bool *newer)
{
	struct cursor c = { info, len, false };
	unsigned seen = 0, rule;
	struct tlv t;
	long last = -1;
	int r;

	memset(key, 0, sizeof(*key));
	*newer = false;
	while ((r = tlv_next(&c, &last, &t, &rule)) == 1) {
		if (t.tag >= TAG_OPTIONAL)
			continue;
		if (t.tag == 0 || t.tag > TAG_FLAGS) {
			*newer = true;
			return false;
		}
		if (!take_field(key, &t))
			return false;
		seen |= 1u << t.tag;
	}
	return r == 0 && (seen & REQUIRED) == REQUIRED;
}

uint8_t *
vault_sshkey_info(const struct vault_sshkey *key, size_t *lenp)
{
	struct bytes b = { 0 };
	uint8_t le[8];

	tlv_put(&b, TAG_PUBLIC_KEY, key->public_key, key->public_key_len);
	put_u64(le, key->created);
	tlv_put(&b, TAG_CREATED, le, 8);
	put_u16(le, key->format);
	tlv_put(&b, TAG_FORMAT, le, 2);
	if (key->source != NULL)
		tlv_put(&b, TAG_SOURCE, key->source, key->source_len);
	if (key->comment != NULL)
		tlv_put(&b, TAG_COMMENT, key->comment, key->comment_len);
	if (key->ec2_sha1 != NULL)
		tlv_put(&b, TAG_EC2_SHA1, key->ec2_sha1, SHA1_BYTES);
	if (key->flags != 0) {
		put_u64(le, key->flags);
		tlv_put(&b, TAG_FLAGS, le, 4);
	}
	if (b.failed)
		bytes_free(&b);
	*lenp = b.len;
	return b.data;
}

static bool
append_field(struct secret *s, uint16_t tag, const struct secret *value)
{
	struct bytes head = { 0 };
	bool ok;

	bytes_u16(&head, tag);
	bytes_u32(&head, (uint32_t)secret_len(value));
	ok = !head.failed && secret_append(s, head.data, head.len) &&
	    secret_append(s, secret_bytes(value), secret_len(value));
	bytes_free(&head);
	return ok;
}

struct secret *
vault_sshkey_payload(const struct secret *der, const struct secret *original)
{
	const size_t head = 6;
	size_t room = head + secret_len(der);
	struct secret *s;

	if (original != NULL)
		room += head + secret_len(original);
	if ((s = secret_new(room)) != NULL && append_field(s, TAG_KEY, der) &&
	    (original == NULL || append_field(s, TAG_ORIGINAL, original)))
		return s;
	secret_free(s);
	return NULL;
}

/* One field into its secret. */
static enum vault_sshkey_result
unpack_field(
    const struct tlv *t, struct secret **derp, struct secret **originalp)
{
	struct secret **to = t->tag == TAG_KEY ? derp : originalp;

	if (t->tag >= TAG_OPTIONAL)
		return VAULT_SSHKEY_OK;
	if (t->tag == 0 || t->tag > TAG_ORIGINAL)
		return VAULT_SSHKEY_NEWER;
	*to = secret_copy(t->value, t->len);
	return *to != NULL ? VAULT_SSHKEY_OK : VAULT_SSHKEY_NOMEM;
}

enum vault_sshkey_result
vault_sshkey_unpack(const struct secret *payload, struct secret **derp,
    struct secret **originalp)
{
	struct cursor c = { secret_bytes(payload), secret_len(payload), false };
	enum vault_sshkey_result result = VAULT_SSHKEY_OK;
	struct tlv t;
	unsigned rule;
	long last = -1;
	int more;

	*derp = NULL;
	*originalp = NULL;
	while ((more = tlv_next(&c, &last, &t, &rule)) == 1 &&
	    (result = unpack_field(&t, derp, originalp)) == VAULT_SSHKEY_OK)
		continue;
	if (more < 0 || (result == VAULT_SSHKEY_OK && *derp == NULL))
		result = VAULT_SSHKEY_BAD;
	if (result == VAULT_SSHKEY_OK)
		return result;
	secret_free(*derp);
	secret_free(*originalp);
	*derp = NULL;
	*originalp = NULL;
	return result;
}
