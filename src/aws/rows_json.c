/* SPDX-License-Identifier: ISC */
/*
 * The answers of services that speak JSON are small: one is kept until it is
 * whole, then its values go where the tables say.  A value of another kind than
 * its field counts as absent, as an element without a number does in XML.
 */

#include <stdio.h>
#include <string.h>

#include "pemkeep/base/err.h"
#include "pemkeep/base/json.h"

#include "src/aws/rows_internal.h"

#define NAME_MAX_LEN 64

static bool fill(struct rows *rows, const struct aws_table *table, void *row,
    const struct json_value *from);

/* What a path leads to; NULL: nothing. */
static const struct json_value *
follow(const struct json_value *at, const char *path)
{
	char name[NAME_MAX_LEN];

	while (*path != '\0' && at != NULL) {
		size_t len = strcspn(path, "/");

		if (len >= sizeof(name))
			return NULL;
		memcpy(name, path, len);
		name[len] = '\0';
		at = json_member(at, name);
		path += len + (path[len] == '/');
	}
	return at;
}

static bool
fill_list(struct rows *rows, const struct aws_field *f, void *row,
    const struct json_value *from)
{
	struct aws_list *list = (void *)((char *)row + f->offset);

	for (size_t i = 0; i < json_count(from); i++) {
		void *item = rows_new_item(rows, list, f->items);

		if (item == NULL ||
		    !fill(rows, f->items, item, json_at(from, i)))
			return false;
	}
	return true;
}

static bool
fill(struct rows *rows, const struct aws_table *table, void *row,
    const struct json_value *from)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct aws_field *f = &table->fields[i];
		const struct json_value *value = follow(from, f->path);
		const char *text = json_text(value);
		char number[24];
		int64_t v;

		if (f->kind == AWS_LIST) {
			if (!fill_list(rows, f, row, value))
				return false;
			continue;
		}
		if (f->kind == AWS_INT && json_int(value, &v)) {
			snprintf(number, sizeof(number), "%lld", (long long)v);
			text = number;
		}
		if (text != NULL &&
		    !rows_set_field(rows, f, row, text, strlen(text)))
			return false;
	}
	return true;
}

/* 'from' is a row, or an array of them. */
static bool
fill_rows(struct rows *rows, const struct json_value *from)
{
	const struct aws_table *table = rows->action->table;
	void *row;

	if (json_has_members(from)) {
		row = rows_new_row(rows, table);
		return row != NULL && fill(rows, table, row, from);
	}
	for (size_t i = 0; i < json_count(from); i++) {
		row = rows_new_row(rows, table);
		if (row == NULL || !fill(rows, table, row, json_at(from, i)))
			return false;
	}
	return true;
}

static int
too_large(struct err *e)
{
	return err_set(
	    e, ERR_FORMAT, "the answer is refused: a page of it is too large");
}

static int
read_all(struct rows *rows, struct err *e)
{
	struct json_value *top;
	int r =
	    json_parse(rows->json.data, rows->json.len, "the answer", &top, e);

	/* What was cut off is no JSON either: it is worth another attempt. */
	if (r == ERR_FORMAT)
		e->code = ERR_NETWORK;
	if (r != 0)
		return (int)e->code;
	if (rows->action->table != NULL &&
	    !fill_rows(rows, follow(top, rows->action->table->path)))
		r = too_large(e);
	json_value_free(top);
	return r;
}

int
rows_json_feed(
    struct rows *rows, const void *bytes, size_t len, bool last, struct err *e)
{
	struct err why;

	if (rows->status != 0)
		return rows->status;
	memset(&why, 0, sizeof(why));
	if (len > JSON_READ_MAX - rows->json.len)
		rows->status = too_large(&why);
	else
		buf_put(&rows->json, bytes, len);
	if (!buf_ok(&rows->json))
		rows->status = err_set(&why, ERR_NOMEM, "out of memory");
	if (rows->status == 0 && last)
		rows->status = read_all(rows, &why);
	if (rows->status != 0 && e != NULL)
		*e = why;
	return rows->status;
}
