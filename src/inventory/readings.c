/* SPDX-License-Identifier: ISC */

/* Where an argument may be cut; what the parts are worth is seen elsewhere. */

#include <string.h>

#include "src/inventory/readings.h"

static void
put_reading(struct readings *all, const char *user, size_t user_len,
    const char *name, size_t name_len, const char *port)
{
	struct reading *r = &all->list[all->count++];

	r->has_user = user != NULL;
	if (user != NULL)
		buf_put(&r->user, user, user_len);
	buf_put(&r->name, name, name_len);
	r->has_port = port != NULL;
	if (port != NULL)
		buf_put_text(&r->port, port);
}

/* "name:port", "[name]:port" and "[name]". */
static void
split_port(
    struct readings *all, const char *user, size_t user_len, const char *text)
{
	const char *colon = strrchr(text, ':');
	size_t len = strlen(text);

	if (text[0] == '[') {
		const char *close = strrchr(text, ']');

		if (close != NULL && close > text + 1 &&
		    (close[1] == '\0' || (close[1] == ':' && close[2] != '\0')))
			put_reading(all, user, user_len, text + 1,
			    (size_t)(close - text - 1),
			    close[1] == ':' ? close + 2 : NULL);
	} else if (colon != NULL && colon > text && colon + 1 < text + len) {
		put_reading(all, user, user_len, text, (size_t)(colon - text),
		    colon + 1);
	}
}

void
readings_read(const char *text, struct readings *all)
{
	const char *at = strrchr(text, '@');

	put_reading(all, NULL, 0, text, strlen(text), NULL);
	if (at != NULL && at > text && at[1] != '\0') {
		put_reading(all, text, (size_t)(at - text), at + 1,
		    strlen(at + 1), NULL);
		split_port(all, text, (size_t)(at - text), at + 1);
	}
	split_port(all, NULL, 0, text);
}

void
readings_clear(struct readings *all)
{
	for (size_t i = 0; i < all->count; i++) {
		buf_free(&all->list[i].user);
		buf_free(&all->list[i].name);
		buf_free(&all->list[i].port);
	}
}
