/* SPDX-License-Identifier: ISC */
/* The struct, and filling it: every value goes in with its reason. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/err.h"

#include "src/inventory/target_internal.h"

static void
clear_text(struct target_text *text)
{
	free(text->value);
	free(text->source);
}

static void
clear_list(struct target_text *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		clear_text(&list[i]);
	free(list);
}

static void
clear_instance(struct target_instance *i)
{
	char *const texts[] = { i->id, i->name, i->profile, i->region,
		i->account, i->state, i->zone, i->type, i->vpc, i->platform,
		i->image_id, i->image_name, i->key_pair, i->address };

	for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++)
		free(texts[k]);
}

void
target_clear(struct target *t)
{
	clear_instance(&t->instance);
	for (size_t i = 0; i < t->candidate_count; i++)
		clear_instance(&t->candidates[i]);
	free(t->candidates);
	free(t->note);
	clear_text(&t->name);
	clear_text(&t->id);
	clear_text(&t->user);
	clear_list(t->addresses, t->address_count);
	clear_list(t->host_keys, t->host_key_count);
	free(t->port_source);
	for (size_t i = 0; i < t->key_count; i++) {
		free(t->keys[i].name);
		free(t->keys[i].fingerprint);
		free(t->keys[i].source);
	}
	memset(t, 0, sizeof(*t));
}

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

int
target_set(struct target_text *text, const char *value, struct err *e,
    const char *fmt, ...)
{
	struct target_text new = { NULL, NULL };
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&new.source, fmt, ap);
	va_end(ap);
	if (n == -1)
		new.source = NULL;
	if (value != NULL)
		new.value = strdup(value);
	if (new.source == NULL || (value != NULL && new.value == NULL)) {
		clear_text(&new);
		return no_memory(e);
	}
	clear_text(text);
	*text = new;
	return 0;
}

int
target_set_port(
    struct target *t, unsigned port, struct err *e, const char *fmt, ...)
{
	char *source;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&source, fmt, ap);
	va_end(ap);
	if (n == -1)
		return no_memory(e);
	free(t->port_source);
	t->port_source = source;
	t->port = port;
	return 0;
}

int
target_add(struct target_text **listp, size_t *count, const char *value,
    const char *source, struct err *e)
{
	struct target_text *list;

	list = reallocarray(*listp, *count + 1, sizeof(*list));
	if (list == NULL)
		return no_memory(e);
	*listp = list;
	list[*count] = (struct target_text){ NULL, NULL };
	return target_set(&list[(*count)++], value, e, "%s", source);
}

int
target_add_key(struct target *t, const struct inventory_key *key, size_t index,
    const char *source, struct err *e)
{
	struct target_key new;

	if (t->key_count == TARGET_KEYS_MAX)
		return 0;
	for (size_t i = 0; i < t->key_count; i++)
		if (strcmp(t->keys[i].name, key->name) == 0)
			return 0;
	new = (struct target_key){ strdup(key->name),
		strdup(key->fingerprint != NULL ? key->fingerprint : ""),
		strdup(source), index };
	if (new.name == NULL || new.fingerprint == NULL || new.source == NULL) {
		free(new.name);
		free(new.fingerprint);
		free(new.source);
		return no_memory(e);
	}
	t->keys[t->key_count++] = new;
	return 0;
}
