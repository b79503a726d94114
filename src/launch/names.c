/* SPDX-License-Identifier: ISC */
/*
 * Names: a tag may be any text, what the names of groups and key pairs may be is
 * little.  And the tag that says whose a thing is.
 */

#include <string.h>
#include <sys/random.h>

#include "pemkeep/aws/ec2.h"
#include "pemkeep/base/digest.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/utf8.h"
#include "pemkeep/launch/remove.h"

#include "src/launch/launch_internal.h"

#define PLAIN_MAX 100u
#define KEY_MAX 128u /* characters */
#define VALUE_MAX 256u

int
launch_uuid(char uuid[static 37], struct err *e)
{
	struct buf hex = BUF_INIT;
	uint8_t bytes[16];
	const char *at;
	size_t n = 0;

	if (getentropy(bytes, sizeof(bytes)) != 0)
		return err_set(e, ERR_SYSTEM, "there is no randomness");
	bytes[6] = (uint8_t)((bytes[6] & 0x0F) | 0x40);
	bytes[8] = (uint8_t)((bytes[8] & 0x3F) | 0x80);
	digest_put_hex(&hex, bytes, sizeof(bytes), '\0');
	if (!buf_ok(&hex) || hex.len != 32) {
		buf_free(&hex);
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	for (at = buf_text(&hex); *at != '\0'; at++) {
		if (n == 8 || n == 13 || n == 18 || n == 23)
			uuid[n++] = '-';
		uuid[n++] = *at;
	}
	uuid[n] = '\0';
	buf_free(&hex);
	return 0;
}

void
launch_put_plain(struct buf *b, const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._";
	bool gap = false;
	size_t n = 0;

	for (; *name != '\0' && n < PLAIN_MAX; name++) {
		if (strchr(plain, *name) == NULL) {
			gap = n > 0;
			continue;
		}
		if (gap) {
			buf_put_u8(b, '-');
			n++;
		}
		gap = false;
		buf_put_u8(b, (uint8_t)*name);
		n++;
	}
}

static size_t
characters(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xC0) != 0x80;
	return n;
}

/* What a terminal would obey is in no name that we give. */
static bool
is_sound(const char *text)
{
	size_t len = strlen(text), n;
	uint32_t cp;

	for (; len > 0; text += n, len -= n) {
		n = utf8_decode(text, len, &cp);
		if (n == 0 || utf8_unsafe(cp))
			return false;
	}
	return true;
}

int
launch_check_name(const char *name, struct err *e)
{
	if (*name == '\0' || characters(name) > VALUE_MAX)
		return err_set(
		    e, ERR_USAGE, "a name has 1 to %u characters", VALUE_MAX);
	if (!is_sound(name))
		return err_set(e, ERR_USAGE,
		    "'%s' has characters that no name should have", name);
	if (*name == ' ' || name[strlen(name) - 1] == ' ')
		return err_set(
		    e, ERR_USAGE, "'%s' begins or ends with a blank", name);
	return 0;
}

static int
check_tag(const struct launch *l, const char *key, const char *value,
    const char *text, struct err *e)
{
	if (*key == '\0' || characters(key) > KEY_MAX ||
	    characters(value) > VALUE_MAX || !is_sound(key) || !is_sound(value))
		return err_set(e, ERR_USAGE,
		    "tag '%.300s': a key has 1 to %u characters, a value up to "
		    "%u, and neither has control characters",
		    text, KEY_MAX, VALUE_MAX);
	if (strncasecmp(key, "aws:", 4) == 0 ||
	    strncmp(key, "pemkeep:", 8) == 0 || strcmp(key, "Name") == 0)
		return err_set(e, ERR_USAGE, "tag '%.300s': '%s' is set by %s",
		    text, key,
		    *key == 'a' || *key == 'A' ? "AWS alone"
					       : "the launch itself");
	for (size_t i = 0; i < l->tag_count; i++)
		if (strcmp(l->tags[i].key, key) == 0)
			return err_set(
			    e, ERR_USAGE, "the tag '%s' is given twice", key);
	return 0;
}

static int
add_tag(struct launch *l, const char *text, struct err *e)
{
	const char *equals = strchr(text, '=');
	struct launch_tag *t = &l->tags[l->tag_count];
	int r;

	if (equals == NULL)
		return err_set(
		    e, ERR_USAGE, "tag '%.300s': it is KEY=VALUE", text);
	if (l->tag_count == LAUNCH_TAGS_MAX)
		return err_set(e, ERR_USAGE,
		    "an instance can have %d tags of yours", LAUNCH_TAGS_MAX);
	t->key = strndup(text, (size_t)(equals - text));
	t->value = strdup(equals + 1);
	if (t->key == NULL || t->value == NULL) {
		l->tag_count++; /* to be freed */
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	r = check_tag(l, t->key, t->value, text, e);
	l->tag_count++;
	return r;
}

int
launch_add_tags(struct launch *l, const struct launch_wish *w, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < w->tag_count && r == 0; i++)
		r = add_tag(l, w->tags[i], e);
	return r;
}

bool
launch_is_ours(const struct aws_list *tags, const char *uuid)
{
	return uuid[0] != '\0' &&
	    strcmp(ec2_tag_value(tags, REMOVE_TAG), uuid) == 0;
}
