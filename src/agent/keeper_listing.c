/* SPDX-License-Identifier: ISC */

/*
 * What the keeper says about keys: freed, and turned into bytes and back for the
 * way through the socket.
 */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/agent/listing.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/keys/keyfile.h"

#include "src/agent/control.h"

void
keeper_key_clear(struct keeper_key *key)
{
	free(key->name);
	free(key->type);
	free(key->fingerprint);
	free(key->ec2_created);
	free(key->ec2_imported);
	free(key->public_line);
	free(key->source);
	free(key->comment);
	memset(key, 0, sizeof(*key));
}

void
keeper_keys_clear(struct keeper_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		keeper_key_clear(&keys->list[i]);
	free(keys->list);
	memset(keys, 0, sizeof(*keys));
}

enum { FLAG_ENCRYPTED = 1, FLAG_CONFIRM = 2 };

/* The texts of a key, in the order they go through the socket. */
static size_t
texts(struct keeper_key *key, char **list[8])
{
	char **const all[] = { &key->name, &key->type, &key->fingerprint,
		&key->ec2_created, &key->ec2_imported, &key->public_line,
		&key->source, &key->comment };

	memcpy(list, all, sizeof(all));
	return sizeof(all) / sizeof(all[0]);
}

void
control_put_key(struct buf *b, const struct keeper_key *key)
{
	struct keeper_key copy = *key;
	char **list[8];
	size_t count = texts(&copy, list);

	buf_put_u32(b, key->bits);
	buf_put_u64(b, key->created);
	buf_put_u8(b,
	    (uint8_t)((key->encrypted ? FLAG_ENCRYPTED : 0) |
		(key->confirm ? FLAG_CONFIRM : 0)));
	buf_put_cstring(b, key->format);
	for (size_t i = 0; i < count; i++)
		buf_put_cstring(b, *list[i]);
}

/* The name of a file format, as the constant that it is. */
static const char *
known_format(const uint8_t *text, size_t len)
{
	for (int i = KEYFILE_PKCS1; i <= KEYFILE_PPK3; i++) {
		const char *name = keyfile_format_name((enum keyfile_format)i);

		if (strlen(name) == len && memcmp(name, text, len) == 0)
			return name;
	}
	return "";
}

bool
control_get_key(struct wire *w, struct keeper_key *key)
{
	const uint8_t *bytes;
	char **list[8];
	size_t count, len;
	uint8_t flags;
	bool ok = true;

	memset(key, 0, sizeof(*key));
	count = texts(key, list);
	key->bits = wire_u32(w);
	key->created = wire_u64(w);
	flags = wire_u8(w);
	key->encrypted = (flags & FLAG_ENCRYPTED) != 0;
	key->confirm = (flags & FLAG_CONFIRM) != 0;
	bytes = wire_string(w, &len);
	key->format = bytes != NULL ? known_format(bytes, len) : "";
	for (size_t i = 0; i < count; i++)
		ok = (*list[i] = control_get_text(w)) != NULL && ok;
	if (!ok || !wire_ok(w)) {
		keeper_key_clear(key);
		return false;
	}
	return true;
}

char *
control_get_text(struct wire *w)
{
	const uint8_t *bytes;
	size_t len;

	bytes = wire_string(w, &len);
	if (!wire_ok(w) || memchr(bytes, '\0', len) != NULL)
		return NULL;
	return strndup((const char *)bytes, len);
}
