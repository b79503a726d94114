/* SPDX-License-Identifier: ISC */
/*
 * The tables of an action become a tree of the elements that matter.  Reading
 * goes down and up in it: an element that is not a child of where we are is
 * passed over with all that is in it.  Children are looked for behind the one
 * that was found last, since answers mostly have them in the order of the table.
 */

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/base64.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/timefmt.h"

#include "src/aws/rows_internal.h"
#include "src/aws/xml.h"

#define FIRST_ITEMS 4u

/* An element: a row or an item begins with it, or its text is a field. */
struct node {
	const char *name;
	size_t len;
	struct node *parent, *child, *next;
	struct node *last;             /* child that was found last */
	const struct aws_table *table; /* NULL: nothing begins */
	const struct aws_field *field; /* of the row around it; NULL: none */
	const struct aws_field *self;  /* its text, in the row it begins */
	bool token;
	void *row; /* while it is open: what it and its children fill */
};

/* Before each row. */
union rows_head {
	union rows_head *next;
	max_align_t align;
};

/* The child of that name, made when there is none. */
static struct node *
child(struct arena *a, struct node *parent, const char *name, size_t len)
{
	struct node **at = &parent->child;

	for (; *at != NULL; at = &(*at)->next)
		if ((*at)->len == len && memcmp((*at)->name, name, len) == 0)
			return *at;
	*at = arena_take(a, sizeof(**at));
	if (*at != NULL) {
		(*at)->name = name;
		(*at)->len = len;
		(*at)->parent = parent;
	}
	return *at;
}

static struct node *
descend(struct arena *a, struct node *node, const char *path)
{
	while (*path != '\0' && node != NULL) {
		size_t len = strcspn(path, "/");

		node = child(a, node, path, len);
		path += len + (path[len] == '/');
	}
	return node;
}

/* Put a table below the node with which its row begins. */
static bool
grow(struct arena *a, struct node *node, const struct aws_table *table)
{
	node->table = table;
	for (size_t i = 0; i < table->count; i++) {
		const struct aws_field *f = &table->fields[i];
		struct node *n = descend(a, node, f->path);

		if (n == NULL)
			return false;
		if (n == node) {
			n->self = f;
			continue;
		}
		n->field = f;
		if (f->kind == AWS_LIST && !grow(a, n, f->items))
			return false;
	}
	return true;
}

static bool
grow_all(struct rows *rows)
{
	const struct aws_table *table = rows->action->table;
	struct node *n;

	rows->root = arena_take(&rows->nodes, sizeof(*rows->root));
	if (rows->root == NULL)
		return false;
	n = child(&rows->nodes, rows->root, "nextToken", strlen("nextToken"));
	if (n == NULL)
		return false;
	n->token = true;
	if (table == NULL)
		return true;
	n = descend(&rows->nodes, rows->root, table->path);
	return n != NULL && grow(&rows->nodes, n, table);
}

/* "XResponse" for the action X. */
static bool
is_answer(const struct rows *rows, const char *name)
{
	size_t len = strlen(rows->action->name);

	return strncmp(name, rows->action->name, len) == 0 &&
	    strcmp(name + len, "Response") == 0;
}

/*
 * Names in the tree are parts of a path: they end where 'len' says.  Most differ
 * in the first letter, and most elements are compared with all children.
 */
static bool
is_named(const struct node *n, const char *name)
{
	return *name == *n->name && strncmp(name, n->name, n->len) == 0 &&
	    name[n->len] == '\0';
}

static struct node *
find(struct node *parent, const char *name)
{
	struct node *from = parent->last, *n;

	for (n = from == NULL ? parent->child : from; n != NULL; n = n->next)
		if (is_named(n, name))
			return parent->last = n;
	for (n = parent->child; n != from && n != NULL; n = n->next)
		if (is_named(n, name))
			return parent->last = n;
	return NULL;
}

/* Every text is "" until it is there. */
static void
set_defaults(void *row, const struct aws_table *table)
{
	const char *none = "";

	for (size_t i = 0; i < table->count; i++)
		if (table->fields[i].kind == AWS_TEXT)
			memcpy((char *)row + table->fields[i].offset, &none,
			    sizeof(none));
}

/* They lie one after the other, in twice the room each time. */
void *
rows_new_item(
    struct rows *rows, struct aws_list *list, const struct aws_table *table)
{
	size_t n = list->count, size = table->size;
	char *items = (char *)(uintptr_t)list->items;

	if (n == 0 || (n >= FIRST_ITEMS && (n & (n - 1)) == 0)) {
		items = arena_take(
		    &rows->page, (n == 0 ? FIRST_ITEMS : 2 * n) * size);
		if (items == NULL)
			return NULL;
		if (n > 0)
			memcpy(items, list->items, n * size);
		list->items = items;
	}
	list->count++;
	set_defaults(items + n * size, table);
	return items + n * size;
}

void *
rows_new_row(struct rows *rows, const struct aws_table *table)
{
	union rows_head *head =
	    arena_take(&rows->page, sizeof(*head) + table->size);

	if (head == NULL)
		return NULL;
	if (rows->last == NULL)
		rows->first = head;
	else
		rows->last->next = head;
	rows->last = head;
	set_defaults(head + 1, table);
	return head + 1;
}

/* Begin what begins with this element.  False without memory. */
static bool
open_node(struct rows *rows, struct node *node)
{
	void *around = node->parent == NULL ? NULL : node->parent->row;
	const struct aws_table *table = node->table;

	node->row = around;
	node->last = NULL;
	if (table == NULL)
		return true;
	if (node->field == NULL)
		node->row = rows_new_row(rows, table);
	else
		node->row = rows_new_item(rows,
		    (struct aws_list *)(void *)((char *)around +
			node->field->offset),
		    table);
	return node->row != NULL;
}

static enum xml_interest
on_start(void *arg, const char *name)
{
	struct rows *rows = arg;
	struct node *n = rows->at == NULL ? rows->root : find(rows->at, name);

	/* Below a row that there was no room for, there is none to fill. */
	if (n == NULL || rows->why != NULL)
		return XML_PASS;
	if (rows->at == NULL && !is_answer(rows, name))
		rows->why = "it answers something else";
	else if (!open_node(rows, n))
		rows->why = "a page of it is too large";
	rows->at = n;
	if (n->token || (n->field != NULL && n->field->kind != AWS_LIST))
		return n->field != NULL && n->field->kind == AWS_BYTES
		    ? XML_LONG_TEXT
		    : XML_TEXT;
	return n->self != NULL ? XML_TEXT : XML_INTO;
}

static int64_t
number(const char *text)
{
	char *end;
	long long v;

	if (*text != '-' && (*text < '0' || *text > '9'))
		return 0;
	v = strtoll(text, &end, 10);
	return *end != '\0' || v == LLONG_MAX || v == LLONG_MIN ? 0 : v;
}

/* Base64 in lines, as EC2 sends it; NULL when it is none. */
static bool
set_bytes(
    struct rows *rows, struct aws_bytes *out, const char *text, size_t len)
{
	char *compact = arena_take(&rows->page, len + 1);
	size_t n = 0;

	if (compact == NULL)
		return false;
	for (size_t i = 0; i < len; i++)
		if (strchr(" \t\r\n", text[i]) == NULL)
			compact[n++] = text[i];
	buf_clear(&rows->bytes);
	if (n == 0 || !base64_decode(&rows->bytes, compact, n))
		return true;
	memcpy(compact, rows->bytes.data, rows->bytes.len);
	out->data = (const uint8_t *)compact;
	out->len = rows->bytes.len;
	return true;
}

bool
rows_set_field(struct rows *rows, const struct aws_field *f, void *row,
    const char *text, size_t len)
{
	void *at = (char *)row + f->offset;
	int64_t v = 0;
	bool b;
	char *copy;

	switch (f->kind) {
	case AWS_TEXT:
		if (len == 0)
			return true;
		copy = arena_text(&rows->page, text, len);
		memcpy(at, &copy, sizeof(copy));
		return copy != NULL;
	case AWS_TIME:
		timefmt_parse(text, &v);
		memcpy(at, &v, sizeof(v));
		return true;
	case AWS_INT:
		v = number(text);
		memcpy(at, &v, sizeof(v));
		return true;
	case AWS_BOOL:
		b = strcmp(text, "true") == 0;
		memcpy(at, &b, sizeof(b));
		return true;
	case AWS_BYTES:
		return set_bytes(rows, at, text, len);
	case AWS_LIST:
		break;
	}
	return true;
}

static bool
on_end(void *arg, const char *text, size_t len)
{
	struct rows *rows = arg;
	struct node *n = rows->at;
	bool done = true;

	rows->at = n->parent;
	if (rows->why != NULL)
		return false;
	if (n->token)
		done =
		    (rows->token = arena_text(&rows->page, text, len)) != NULL;
	else if (n->self != NULL)
		done = rows_set_field(rows, n->self, n->row, text, len);
	else if (n->field != NULL && n->field->kind != AWS_LIST)
		done =
		    rows_set_field(rows, n->field, n->parent->row, text, len);
	if (!done)
		rows->why = "a page of it is too large";
	return done;
}

static const struct xml_events events = { on_start, on_end };

struct rows *
rows_new(const struct aws_action *action)
{
	struct rows *rows = calloc(1, sizeof(*rows));

	if (rows == NULL)
		return NULL;
	rows->action = action;
	rows->xml = xml_new(&events, rows);
	if (rows->xml == NULL || !grow_all(rows)) {
		rows_free(rows);
		return NULL;
	}
	return rows;
}

static void
forget(struct rows *rows)
{
	arena_clear(&rows->page);
	rows->first = rows->last = NULL;
	rows->token = NULL;
	rows->why = NULL;
	rows->at = NULL;
	if (rows->json.len > 0)
		explicit_bzero(rows->json.data, rows->json.len);
	buf_clear(&rows->json);
	rows->status = 0;
}

void
rows_free(struct rows *rows)
{
	if (rows == NULL)
		return;
	forget(rows);
	arena_clear(&rows->nodes);
	xml_free(rows->xml);
	buf_free(&rows->bytes);
	buf_free(&rows->json);
	free(rows);
}

int
rows_begin(struct rows *rows, struct err *e)
{
	forget(rows);
	return xml_reset(rows->xml) ? 0
				    : err_set(e, ERR_NOMEM, "out of memory");
}

int
rows_feed(
    struct rows *rows, const void *bytes, size_t len, bool last, struct err *e)
{
	int status;

	if (rows->action->target != NULL)
		return rows_json_feed(rows, bytes, len, last, e);
	status = xml_feed(rows->xml, bytes, len, last, e);
	if (rows->why != NULL)
		return err_set(
		    e, ERR_FORMAT, "the answer is refused: %s", rows->why);
	return status;
}

const void *
rows_next(struct rows *rows, const void *row)
{
	const union rows_head *head =
	    row == NULL ? rows->first : ((const union rows_head *)row)[-1].next;

	return head == NULL ? NULL : head + 1;
}

const char *
rows_token(const struct rows *rows)
{
	return rows->token == NULL ? "" : rows->token;
}
