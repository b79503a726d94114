/* SPDX-License-Identifier: ISC */

/*
 * What a host is called in the files of others.  ssh takes the first block that
 * fits, for every host that anybody names: whoever may write a tag could have
 * "github.com", or another instance's id, lead to his own.
 */

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/err.h"
#include "pemkeep/inventory/cache.h"
#include "pemkeep/inventory/ssh_names.h"
#include "pemkeep/ssh/known_hosts.h"

#include "src/cli/bridge.h"

static const char *
name_of(const struct bridge_host *h)
{
	return h->fixed != NULL ? h->fixed->name : h->instance->name;
}

/* Words that mean something else to ssh or Ansible, or look like it. */
static bool
is_taken(const char *name)
{
	static const char *const words[] = { "all", "localhost", "none",
		"ungrouped" };
	struct in_addr a;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], name) == 0)
			return true;
	return strncmp(name, "i-", 2) == 0 ||
	    inet_pton(AF_INET, name, &a) == 1 ||
	    strspn(name, "0123456789.") == strlen(name);
}

/* The hosts file comes first, as it does when a name is looked for. */
static int
by_name(const void *a, const void *b)
{
	const struct bridge_host *x = a, *y = b;
	const char *p = name_of(x), *q = name_of(y);
	int order;

	if ((*p == '\0') != (*q == '\0'))
		return *p == '\0' ? 1 : -1;
	if ((order = strcmp(p, q)) != 0)
		return order;
	if (x->fixed != NULL || y->fixed != NULL)
		return (y->fixed != NULL) - (x->fixed != NULL);
	return strcmp(x->instance->id, y->instance->id);
}

/* Of several with one name: the static one, or the only one that is up. */
static struct bridge_host *
choose(struct bridge_host *first, size_t count)
{
	struct bridge_host *up = NULL;

	if (count == 1 || first->fixed != NULL)
		return first;
	for (size_t i = 0; i < count; i++) {
		if (first[i].up && up != NULL)
			return NULL;
		if (first[i].up)
			up = &first[i];
	}
	return up;
}

/* A host that the user has met under that name without us. */
static int
spare_known(struct bridge *b, struct err *e)
{
	const char *home = getenv("HOME");
	struct known_hosts *k = known_hosts_new();
	struct buf path = BUF_INIT, types = BUF_INIT;
	int r = 0;

	if (k == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	buf_printf(&path, "%s/.ssh/known_hosts", home != NULL ? home : "");
	r = known_hosts_load(k, buf_text(&path), e);
	for (size_t i = 0; i < b->count && r == 0; i++) {
		struct bridge_host *h = &b->list[i];

		if (h->label == NULL || h->fixed != NULL)
			continue;
		buf_clear(&types);
		if (!known_hosts_types(k, h->label, 22, &types) ||
		    types.len > 0)
			h->label = NULL;
	}
	known_hosts_free(k);
	buf_free(&path);
	buf_free(&types);
	return r;
}

int
bridge_name(struct bridge *b, struct err *e)
{
	struct bridge_host *chosen;
	size_t n;

	if (b->count > 1)
		qsort(b->list, b->count, sizeof(*b->list), by_name);
	for (size_t i = 0; i < b->count; i += n) {
		const char *name = name_of(&b->list[i]);

		for (n = 1; i + n < b->count &&
		     strcmp(name_of(&b->list[i + n]), name) == 0;
		     n++)
			;
		if (bridge_is_word(name) && !is_taken(name) &&
		    (chosen = choose(&b->list[i], n)) != NULL)
			chosen->label = name;
	}
	return spare_known(b, e);
}

static void
spare(void *arg, const char *name, const char *where)
{
	struct bridge *b = arg;

	(void)where;
	for (size_t i = 0; i < b->count; i++)
		if (b->list[i].label != NULL &&
		    strcmp(b->list[i].label, name) == 0)
			b->list[i].label = NULL;
}

int
bridge_spare_config(struct bridge *b, struct err *e)
{
	return ssh_config_each(NULL, spare, b, e);
}
