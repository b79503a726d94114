/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_BASE_JSON_H
#define PEMKEEP_BASE_JSON_H

/*
 * JSON output (RFC 8259) over jansson.  A value belongs to its container once
 * it has been added, and can still be filled; the top one is freed with
 * json_free().  A failure for want of memory is remembered and reported by
 * json_put() only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
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

#endif
