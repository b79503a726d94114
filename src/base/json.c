/* SPDX-License-Identifier: ISC */
/*
 * Each value to write is a jansson value and the list of those that were added
 * to it: they stay usable until the top one is freed, and their failures are
 * found when the text is made.  A value that was read is jansson's own, under
 * another name.  What jansson says about mistakes is not passed on: its texts
 * quote the input, which may hold keys.
 */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
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

	if (utf8_valid(text, len))
		return text;
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
	value = text == NULL ? NULL : json_string(text);
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
		for (n = 0; n < len && (uint8_t)text[n] < 0x7F; n++)
			;
		buf_put(b, text, n);
		text += n;
		if ((len -= n) == 0)
			break;
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

static const json_t *
inner(const struct json_value *j)
{
	return (const json_t *)j;
}

static const struct json_value *
outer(const json_t *value)
{
	return (const struct json_value *)value;
}

/* jansson goes down to 2048 by recursion. */
static bool
too_deep(const char *at, size_t len)
{
	const char *end = at + len;
	unsigned depth = 0;
	bool quoted = false;

	for (; at < end; at++) {
		if (*at == '"')
			quoted = !quoted;
		else if (quoted && *at == '\\')
			at++;
		else if (!quoted && (*at == '{' || *at == '['))
			depth++;
		else if (!quoted && depth > 0 && (*at == '}' || *at == ']'))
			depth--;
		if (depth > JSON_DEPTH_MAX)
			return true;
	}
	return false;
}

int
json_parse(const void *bytes, size_t len, const char *what,
    struct json_value **jp, struct err *e)
{
	json_error_t error;
	json_t *value;

	*jp = NULL;
	if (len > JSON_READ_MAX)
		return err_set(e, ERR_FORMAT,
		    "%s is too large (more than %u bytes)", what,
		    JSON_READ_MAX);
	if (len == 0)
		return err_set(e, ERR_FORMAT, "%s is empty", what);
	if (too_deep(bytes, len))
		return err_set(e, ERR_FORMAT, "%s is nested too deeply", what);
	errno = 0;
	value = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &error);
	if (value == NULL && errno == ENOMEM)
		return err_set(e, ERR_NOMEM, "out of memory");
	if (value == NULL)
		return err_set(
		    e, ERR_FORMAT, "%s is no JSON (line %d)", what, error.line);
	*jp = (struct json_value *)value;
	return 0;
}

static void
wipe(json_t *value)
{
	void *at;

	if (json_is_string(value))
		explicit_bzero((char *)(uintptr_t)json_string_value(value),
		    json_string_length(value));
	for (size_t i = 0; i < json_array_size(value); i++)
		wipe(json_array_get(value, i));
	for (at = json_object_iter(value); at != NULL;
	     at = json_object_iter_next(value, at))
		wipe(json_object_iter_value(at));
}

void
json_value_free(struct json_value *j)
{
	if (j == NULL)
		return;
	wipe((json_t *)j);
	json_decref((json_t *)j);
}

const struct json_value *
json_member(const struct json_value *object, const char *key)
{
	return outer(json_object_get(inner(object), key));
}

const char *
json_text(const struct json_value *j)
{
	return json_string_value(inner(j));
}

const char *
json_member_text(const struct json_value *object, const char *key)
{
	return json_text(json_member(object, key));
}

/* Python writes 1.7e12 where others write 1700000000000. */
bool
json_int(const struct json_value *j, int64_t *value)
{
	const json_t *number = inner(j);
	double real;

	*value = 0;
	if (json_is_integer(number)) {
		*value = json_integer_value(number);
		return true;
	}
	if (!json_is_real(number))
		return false;
	real = json_real_value(number);
	if (!(real > -9e18 && real < 9e18) || (double)(int64_t)real != real)
		return false;
	*value = (int64_t)real;
	return true;
}

bool
json_member_int(
    const struct json_value *object, const char *key, int64_t *value)
{
	return json_int(json_member(object, key), value);
}

size_t
json_count(const struct json_value *array)
{
	return json_array_size(inner(array));
}

const struct json_value *
json_at(const struct json_value *array, size_t i)
{
	return outer(json_array_get(inner(array), i));
}

bool
json_has_members(const struct json_value *j)
{
	return j != NULL && json_typeof(inner(j)) == JSON_OBJECT;
}
