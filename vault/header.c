/* SPDX-License-Identifier: ISC */

/*
 * Chapters 3 and 4: preamble, header, sum, mac.  Everything that can be checked
 * without a key is checked here, before the passphrase hash runs.
 */

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "internal.h"

enum {
	TAG_VAULT_ID = 1,
	TAG_GENERATION,
	TAG_ANCESTORS,
	TAG_LENGTH,
	TAG_INDEX,
	TAG_STANZAS
};

#define TAG_OPTIONAL 0x8000u
#define FORMAT_VERSION 1u
#define INDEX_FIELD_BYTES (NONCE_BYTES + 4 + HASH_BYTES)

static const uint8_t magic[8] = "pemkeep\n";

static int
damaged(struct vault_error *e, unsigned rule, const char *where)
{
	return vault_fail(e, VAULT_EDAMAGED, rule, where);
}

void
header_free(struct header *h)
{
	bytes_free(&h->stanzas);
	bytes_free(&h->optional);
	memset(h, 0, sizeof(*h));
}

bool
header_copy(struct header *to, const struct header *from)
{
	*to = *from;
	memset(&to->stanzas, 0, sizeof(to->stanzas));
	memset(&to->optional, 0, sizeof(to->optional));
	bytes_put(&to->stanzas, from->stanzas.data, from->stanzas.len);
	bytes_put(&to->optional, from->optional.data, from->optional.len);
	if (!to->stanzas.failed && !to->optional.failed)
		return true;
	header_free(to);
	return false;
}

/* R5 to R8: where does the header end, and is it whole? */
static int
parse_preamble(
    const uint8_t *file, size_t len, size_t *header_len, struct vault_error *e)
{
	struct cursor c = { file, len, false };
	const uint8_t *m = cursor_bytes(&c, sizeof(magic));
	uint8_t sum[HASH_BYTES];
	uint32_t version;

	if (m == NULL || memcmp(m, magic, sizeof(magic)) != 0)
		return vault_fail(e, VAULT_ENOTVAULT, 5, "the file");
	version = cursor_u32(&c);
	*header_len = cursor_u32(&c);
	if (version > FORMAT_VERSION)
		return vault_fail(e, VAULT_EVERSION, 6, "format version");
	if (c.failed)
		return damaged(e, 7, "it is cut off");
	if (version != FORMAT_VERSION)
		return damaged(e, 6, "format version");
	if (len > VAULT_FILE_MAX)
		return damaged(e, 9, "it is too long");
	if (*header_len > HEADER_MAX)
		return damaged(e, 7, "length of the header");
	if (c.left < *header_len + HASH_BYTES + VAULT_MAC_BYTES)
		return damaged(e, 7, "it is cut off");
	vault_hash(sum, file, PREAMBLE_BYTES + *header_len);
	if (memcmp(sum, file + PREAMBLE_BYTES + *header_len, HASH_BYTES) != 0)
		return damaged(e, 8, "sum of the header");
	return 0;
}

static int
parse_ancestors(struct header *h, const struct tlv *t, struct vault_error *e)
{
	if (t->len % VAULT_MAC_BYTES != 0 || t->len > sizeof(h->ancestors))
		return damaged(e, 12, "ancestors");
	memcpy(h->ancestors, t->value, t->len);
	h->ancestor_count = t->len / VAULT_MAC_BYTES;
	return 0;
}

static void
parse_index_field(struct header *h, const struct tlv *t)
{
	struct cursor c = { t->value, t->len, false };

	memcpy(h->index_nonce, cursor_bytes(&c, NONCE_BYTES), NONCE_BYTES);
	h->index_length = cursor_u32(&c);
	memcpy(h->index_hash, cursor_bytes(&c, HASH_BYTES), HASH_BYTES);
}

/* Sizes of the fields that have one; 0: any. */
static const size_t field_size[] = { [TAG_VAULT_ID] = VAULT_ID_BYTES,
	[TAG_GENERATION] = 8,
	[TAG_LENGTH] = 8,
	[TAG_INDEX] = INDEX_FIELD_BYTES,
	[TAG_STANZAS] = 0 };

static int
parse_field(struct header *h, const struct tlv *t, struct vault_error *e)
{
	struct cursor c = { t->value, t->len, false };

	if (t->tag >= TAG_OPTIONAL) {
		tlv_put(&h->optional, t->tag, t->value, t->len);
		return 0;
	}
	if (t->tag < TAG_VAULT_ID || t->tag > TAG_STANZAS)
		return vault_fail(e, VAULT_EVERSION, 3, "header field");
	if (field_size[t->tag] != 0 && field_size[t->tag] != t->len)
		return damaged(e, 10, "size of a header field");
	switch (t->tag) {
	case TAG_VAULT_ID:
		memcpy(h->vault_id, t->value, VAULT_ID_BYTES);
		return 0;
	case TAG_GENERATION:
		h->generation = cursor_u64(&c);
		return 0;
	case TAG_ANCESTORS:
		return parse_ancestors(h, t, e);
	case TAG_LENGTH:
		h->length = cursor_u64(&c);
		return 0;
	case TAG_INDEX:
		parse_index_field(h, t);
		return 0;
	default:
		bytes_put(&h->stanzas, t->value, t->len);
		return 0;
	}
}

static int
parse_fields(
    struct header *h, const uint8_t *p, size_t len, struct vault_error *e)
{
	struct cursor c = { p, len, false };
	unsigned rule, seen = 0;
	struct tlv t;
	long last = -1;
	int r;

	while ((r = tlv_next(&c, &last, &t, &rule)) == 1) {
		if ((r = parse_field(h, &t, e)) != 0)
			return r;
		if (t.tag <= TAG_STANZAS)
			seen |= 1u << t.tag;
	}
	if (r < 0)
		return damaged(e, rule, "list of header fields");
	if (seen != (1u << (TAG_STANZAS + 1)) - (1u << TAG_VAULT_ID))
		return damaged(e, 10, "a header field is missing");
	if (h->stanzas.failed || h->optional.failed)
		return vault_fail(e, VAULT_ENOMEM, 0, "header");
	return 0;
}

/* What the fields must say about each other and about the file. */
static int
check_fields(const struct header *h, size_t len, struct vault_error *e)
{
	if (h->generation == 0 || h->generation > INT64_MAX)
		return damaged(e, 11, "generation");
	if (h->ancestor_count >= h->generation)
		return damaged(e, 12, "ancestors");
	if (h->length != len)
		return damaged(e, 13,
		    h->length > len ? "it is cut off" : "it is too long");
	if (h->index_length < INDEX_MIN || h->index_length > INDEX_MAX ||
	    (h->index_length - TAG_BYTES) % INDEX_PAD != 0 ||
	    h->index_length > len - h->size)
		return damaged(e, 14, "length of the index");
	return 0;
}

int
header_parse(
    struct header *h, const uint8_t *file, size_t len, struct vault_error *e)
{
	const uint8_t *pass;
	size_t header_len = 0;
	bool unknown;
	int r;

	memset(h, 0, sizeof(*h));
	if ((r = parse_preamble(file, len, &header_len, e)) != 0)
		return r;
	h->size = PREAMBLE_BYTES + header_len + HASH_BYTES + VAULT_MAC_BYTES;
	memcpy(h->mac, file + h->size - VAULT_MAC_BYTES, VAULT_MAC_BYTES);
	if ((r = parse_fields(h, file + PREAMBLE_BYTES, header_len, e)) != 0 ||
	    (r = check_fields(h, len, e)) != 0 ||
	    (r = stanza_check(&h->stanzas, &pass, &unknown, e)) != 0)
		header_free(h);
	return r;
}

static void
compute_mac(uint8_t mac[VAULT_MAC_BYTES], const uint8_t *file, size_t size,
    struct keys *k)
{
	crypto_generichash(mac, VAULT_MAC_BYTES, file, size - VAULT_MAC_BYTES,
	    keys_header(k), KEY_BYTES);
}

int
header_check_mac(const struct header *h, const uint8_t *file, struct keys *k,
    struct vault_error *e)
{
	uint8_t mac[VAULT_MAC_BYTES];

	compute_mac(mac, file, h->size, k);
	if (sodium_memcmp(mac, h->mac, VAULT_MAC_BYTES) != 0)
		return damaged(e, 20, "mac of the header");
	return 0;
}

static void
build_fields(struct header *h, struct bytes *out)
{
	struct bytes field = { 0 };
	uint8_t le[8];

	tlv_put(out, TAG_VAULT_ID, h->vault_id, VAULT_ID_BYTES);
	put_u64(le, h->generation);
	tlv_put(out, TAG_GENERATION, le, sizeof(le));
	tlv_put(out, TAG_ANCESTORS, h->ancestors,
	    h->ancestor_count * VAULT_MAC_BYTES);
	put_u64(le, h->length);
	tlv_put(out, TAG_LENGTH, le, sizeof(le));
	bytes_put(&field, h->index_nonce, NONCE_BYTES);
	bytes_u32(&field, h->index_length);
	bytes_put(&field, h->index_hash, HASH_BYTES);
	out->failed |= field.failed;
	if (!field.failed)
		tlv_put(out, TAG_INDEX, field.data, field.len);
	bytes_free(&field);
	tlv_put(out, TAG_STANZAS, h->stanzas.data, h->stanzas.len);
	bytes_put(out, h->optional.data, h->optional.len);
}

/* Size of the header with everything around it, from its variable parts. */
static size_t
built_size(const struct header *h)
{
	return PREAMBLE_BYTES + HASH_BYTES + VAULT_MAC_BYTES + (size_t)6 * 6 +
	    VAULT_ID_BYTES + 8 + 8 + INDEX_FIELD_BYTES +
	    h->ancestor_count * VAULT_MAC_BYTES + h->stanzas.len +
	    h->optional.len;
}

int
header_build(struct header *h, uint64_t rest, struct keys *k, struct bytes *out,
    struct vault_error *e)
{
	uint8_t sum[HASH_BYTES];
	size_t fields;

	h->size = built_size(h);
	fields = h->size - PREAMBLE_BYTES - HASH_BYTES - VAULT_MAC_BYTES;
	if (fields > HEADER_MAX)
		return vault_fail(e, VAULT_EFULL, 7, "header");
	if (__builtin_add_overflow(rest, h->size, &h->length) ||
	    h->length > VAULT_FILE_MAX)
		return vault_fail(e, VAULT_EFULL, 9, "256 MiB");
	bytes_put(out, magic, sizeof(magic));
	bytes_u32(out, FORMAT_VERSION);
	bytes_u32(out, (uint32_t)fields);
	build_fields(h, out);
	if (out->failed)
		return vault_fail(e, VAULT_ENOMEM, 0, "header");
	vault_hash(sum, out->data, out->len);
	bytes_put(out, sum, sizeof(sum));
	bytes_space(out, VAULT_MAC_BYTES);
	if (out->failed || out->len != h->size)
		return vault_fail(e, VAULT_ENOMEM, 0, "header");
	compute_mac(h->mac, out->data, h->size, k);
	memcpy(out->data + h->size - VAULT_MAC_BYTES, h->mac, VAULT_MAC_BYTES);
	return 0;
}

void
header_add_ancestor(struct header *h, const uint8_t *mac)
{
	memmove(h->ancestors[1], h->ancestors[0],
	    sizeof(h->ancestors) - VAULT_MAC_BYTES);
	memcpy(h->ancestors[0], mac, VAULT_MAC_BYTES);
	if (h->ancestor_count < ANCESTORS_MAX)
		h->ancestor_count++;
}
