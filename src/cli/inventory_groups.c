/* SPDX-License-Identifier: ISC */

/*
 * A group's name is a variable's name to Ansible: letters, digits, '_'.  Other
 * characters become '_', as in its own plugin for EC2; but where two texts come to
 * the same, a play for one must not reach the hosts of the other.
 */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/digest.h"
#include "pemkeep/base/json.h"

#include "src/cli/inventory_groups.h"

static bool
is_letter(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9');
}

/* What is not ASCII is spelt in hex: of Hangul nothing else would be left. */
static void
put_safe(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (is_letter(c))
			buf_put_u8(b, c);
		else if (c < 0x80)
			buf_put_u8(b, '_');
		else
			buf_printf(b, "%02x", c);
	}
}

static char *
take_text(struct buf *b)
{
	char *text = strdup(buf_text(b));

	if (!buf_ok(b)) {
		free(text);
		text = NULL;
	}
	buf_free(b);
	return text;
}

void
inventory_groups_add(struct inventory_groups *g, const char *host,
    const char *kind, const char *first, const char *second)
{
	struct buf raw = BUF_INIT, name = BUF_INIT;
	struct group_member *list;

	if (g->count == g->room) {
		size_t room = g->room > 0 ? g->room * 2 : 256;

		list = reallocarray(g->list, room, sizeof(*list));
		if (list == NULL) {
			g->failed = true;
			return;
		}
		g->list = list;
		g->room = room;
	}
	/* A key has no line feed between it and its value. */
	buf_printf(
	    &raw, "%s\n%s\n%s", kind, first, second != NULL ? second : "");
	buf_printf(&name, "%s_", kind);
	put_safe(&name, first);
	if (second != NULL && *second != '\0') {
		buf_put_text(&name, "_");
		put_safe(&name, second);
	}
	list = &g->list[g->count++];
	list->raw = take_text(&raw);
	list->name = take_text(&name);
	list->host = host;
	g->failed |= list->raw == NULL || list->name == NULL;
}

static int
by_name(const void *a, const void *b)
{
	const struct group_member *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order == 0)
		order = strcmp(x->raw, y->raw);
	return order != 0 ? order : strcmp(x->host, y->host);
}

/* With a few digits of what it really is. */
static void
put_apart(struct buf *b, const struct group_member *m)
{
	uint8_t sum[DIGEST_MAX] = { 0 };

	(void)digest(DIGEST_SHA256, m->raw, strlen(m->raw), sum);
	buf_printf(b, "%s_", m->name);
	digest_put_hex(b, sum, 6, '\0');
}

static size_t
same(const struct inventory_groups *g, size_t at, bool raw)
{
	const struct group_member *m = &g->list[at];
	size_t n = 1;

	while (at + n < g->count &&
	    strcmp(raw ? m[n].raw : m[n].name, raw ? m->raw : m->name) == 0)
		n++;
	return n;
}

static void
put_group(const struct group_member *m, size_t count, bool apart,
    struct json *top, struct json *names)
{
	struct json *group = json_new_object(), *hosts = json_new_array();
	struct buf name = BUF_INIT;

	if (apart)
		put_apart(&name, m);
	else
		buf_put_text(&name, m->name);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || strcmp(m[i].host, m[i - 1].host) != 0)
			json_append_text(hosts, m[i].host);
	json_set(group, "hosts", hosts);
	json_set(top, buf_text(&name), group);
	json_append_text(names, buf_text(&name));
	buf_free(&name);
}

bool
inventory_groups_put(
    struct inventory_groups *g, struct json *top, struct json *names)
{
	size_t all, n;

	if (g->failed)
		return false;
	if (g->count > 1)
		qsort(g->list, g->count, sizeof(*g->list), by_name);
	for (size_t i = 0; i < g->count; i += all) {
		all = same(g, i, false);
		for (size_t k = i; k < i + all; k += n) {
			n = same(g, k, true);
			put_group(&g->list[k], n, n < all, top, names);
		}
	}
	return true;
}

void
inventory_groups_clear(struct inventory_groups *g)
{
	for (size_t i = 0; i < g->count; i++) {
		free(g->list[i].raw);
		free(g->list[i].name);
	}
	free(g->list);
	memset(g, 0, sizeof(*g));
}
