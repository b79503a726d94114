/* SPDX-License-Identifier: ISC */
/*
 * Each value is a jansson value and the list of those that were added to it:
 * they stay usable until the top one is freed, and their failures are found
 * when the text is made.
 */

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/json.h"
#include "pemkeep/base/utf8.h"

#define REPLACEMENT 0xFFFDu

struct json {
	json_t *value;
	struct json *first, *next; /* own members; siblings */
	bool owned;
	bool failed;
};

/* Takes 'value', which may be NULL. */
static struct json *
wrap(json_t *value)
{
	struct json *j = calloc(1, sizeof(*j));

	if (j == NULL || value == NULL)
		goto fail;
	j->value = value;
	return j;
fail:
	json_decref(value);
	free(j);
	return NULL;
}

struct json *
json_new_object(void)
{
	return wrap(json_object());
}

struct json *
json_new_array(void)
{
	return wrap(json_array());
}

void
json_free(struct json *j)
{
	struct json *member;

	if (j == NULL)
		return;
	while ((member = j->first) != NULL) {
		j->first = member->next;
		json_free(member);
	}
	json_decref(j->value);
	free(j);
}

/* jansson takes UTF-8 only, as key and as text. */
static const char *
cleaned(struct buf *b, const char *text)
{
	size_t len = strlen(text), n;
	uint32_t cp;

	while (len > 0) {
		n = utf8_decode(text, len, &cp);
		utf8_put(b, n == 0 ? REPLACEMENT : cp);
		n = n == 0 ? 1 : n;
		text += n;
		len -= n;
	}
	return buf_ok(b) ? buf_text(b) : NULL;
}

static json_t *
text_value(const char *text)
{
	struct buf b = BUF_INIT;
	json_t *value;

	if (text == NULL)
		return json_null();
	text = cleaned(&b, text);
	value = text == NULL ? NULL : json_stringn(text, b.len);
	buf_free(&b);
	return value;
}

/* Takes 'value'; NULL is a failure, like everything that jansson refuses. */
static void
set(struct json *object, const char *key, json_t *value)
{
	struct buf b = BUF_INIT;

	if (object == NULL) {
		json_decref(value);
		return;
	}
	key = cleaned(&b, key);
	if (key == NULL) {
		json_decref(value);
		object->failed = true;
	} else if (json_object_set_new(object->value, key, value) != 0) {
		object->failed = true;
	}
	buf_free(&b);
}

void
json_set_text(struct json *object, const char *key, const char *text)
{
	set(object, key, text_value(text));
}

void
json_set_int(struct json *object, const char *key, int64_t value)
{
	set(object, key, json_integer(value));
}

void
json_set_bool(struct json *object, const char *key, bool value)
{
	set(object, key, json_boolean(value));
}

/* The value to add, and its wrapper into the list; NULL is a failure. */
static json_t *
adopt(struct json *container, struct json *value)
{
	if (value == NULL || value == container || value->owned)
		return NULL;
	if (container == NULL) {
		json_free(value);
		return NULL;
	}
	value->owned = true;
	value->next = container->first;
	container->first = value;
	return json_incref(value->value);
}

void
json_set(struct json *object, const char *key, struct json *value)
{
	set(object, key, adopt(object, value));
}

void
json_append(struct json *array, struct json *value)
{
	json_t *v = adopt(array, value);

	if (array != NULL && json_array_append_new(array->value, v) != 0)
		array->failed = true;
}

void
json_append_text(struct json *array, const char *text)
{
	if (array != NULL &&
	    json_array_append_new(array->value, text_value(text)) != 0)
		array->failed = true;
}

static bool
any_failed(const struct json *j)
{
	const struct json *member;

	if (j->failed)
		return true;
	for (member = j->first; member != NULL; member = member->next)
		if (any_failed(member))
			return true;
	return false;
}

/* \u and four digits, or two of them for what is beyond U+FFFF. */
static void
put_escape(struct buf *b, uint32_t cp)
{
	if (cp < 0x10000) {
		buf_printf(b, "\\u%04x", (unsigned)cp);
		return;
	}
	cp -= 0x10000;
	buf_printf(b, "\\u%04x\\u%04x", 0xD800 | (unsigned)(cp >> 10),
	    0xDC00 | (unsigned)(cp & 0x3FF));
}

/*
 * jansson has escaped C0 already; what C0 is left is its own line feeds.  The
 * rest that is unsafe can only be inside of strings.
 */
static bool
put_safe(struct buf *b, const char *text, size_t len)
{
	size_t n;
	uint32_t cp;

	while (len > 0) {
		n = utf8_decode(text, len, &cp);
		if (n == 0)
			return false;
		if (cp >= 0x7F && utf8_unsafe(cp))
			put_escape(b, cp);
		else
			buf_put(b, text, n);
		text += n;
		len -= n;
	}
	buf_put_u8(b, '\n');
	return buf_ok(b);
}

bool
json_put(struct buf *b, const struct json *j)
{
	char *text;
	bool done;

	if (j == NULL || any_failed(j))
		return false;
	text = json_dumps(j->value, JSON_INDENT(2));
	done = text != NULL && put_safe(b, text, strlen(text));
	free(text);
	return done;
}
