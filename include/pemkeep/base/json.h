/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_BASE_JSON_H
#define PEMKEEP_BASE_JSON_H

/*
 * JSON (RFC 8259) over jansson: first writing, then reading.  In what is
 * written, a value belongs to its container once it has been added, and can
 * still be filled; the top one is freed with json_free().  A failure for want of
 * memory is remembered and reported by json_put() only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct json;

/* Not json_object(): that is a symbol of jansson's.  NULL without memory. */
struct json *json_new_object(void);
struct json *json_new_array(void);
void json_free(struct json *j);

/*
 * Set a member of an object.  Bytes that are not UTF-8 become U+FFFD.  A NULL
 * text is JSON's null.
 */
void json_set_text(struct json *object, const char *key, const char *text);
void json_set_int(struct json *object, const char *key, int64_t value);
void json_set_bool(struct json *object, const char *key, bool value);

/* Set, append: 'value' is consumed, also on failure. */
void json_set(struct json *object, const char *key, struct json *value);
void json_append(struct json *array, struct json *value);
void json_append_text(struct json *array, const char *text);

/*
 * Append the text, indented by 2, members in the order they were set, with a
 * line feed at the end.  Control characters are escaped (RFC 8259), and so are
 * C1 and other code points that utf8_unsafe() names.  False when memory was
 * short at any time.
 */
bool json_put(struct buf *b, const struct json *j);

/*
 * Reading.  What has been read is never changed; the parts belong to the top.
 * All that asks takes NULL for a value that is not there, so that a path can be
 * followed in one go: json_member_text(json_member(top, "a"), "b").
 */
struct json_value;

#define JSON_READ_MAX 0x400000u /* bytes: 4 MiB */
#define JSON_DEPTH_MAX 32       /* objects and arrays within each other */

/*
 * Read an object or an array, and nothing behind it.  Strict: UTF-8, no name
 * twice in an object, no U+0000.  ERR_FORMAT, with the line ('what' is for the
 * message, and nothing of the text is in it); ERR_NOMEM.
 */
int json_parse(const void *bytes, size_t len, const char *what,
    struct json_value **jp, struct err *e);

/* Its texts are wiped: they may be keys.  NULL does nothing. */
void json_value_free(struct json_value *j);

/* NULL: there is no such member, or it is no object. */
const struct json_value *json_member(
    const struct json_value *object, const char *key);

/* NULL: it is no string. */
const char *json_text(const struct json_value *j);
const char *json_member_text(const struct json_value *object, const char *key);

/* False, with *value 0: it is no number without a fraction, or too large. */
bool json_int(const struct json_value *j, int64_t *value);
bool json_member_int(
    const struct json_value *object, const char *key, int64_t *value);

/* How many elements an array has; 0: it is none. */
size_t json_count(const struct json_value *array);
const struct json_value *json_at(const struct json_value *array, size_t i);
bool json_has_members(const struct json_value *j); /* an object */

#endif
