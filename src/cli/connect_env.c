/* SPDX-License-Identifier: ISC */

/*
 * What goes along: LANG and LC_* always, what -o SendEnv names, and what
 * -o SetEnv sets, which wins.
 */

#include <fnmatch.h>
#include <string.h>

#include "pemkeep/base/err.h"

#include "src/cli/connect.h"

static bool
matches(const char *patterns, const char *name)
{
	struct buf one = BUF_INIT;
	bool found = false;

	while (*patterns != '\0' && !found) {
		size_t n = strcspn(patterns, " \t");

		buf_clear(&one);
		buf_put(&one, patterns, n);
		found = n > 0 && fnmatch(buf_text(&one), name, 0) == 0;
		patterns += n + strspn(patterns + n, " \t");
	}
	buf_free(&one);
	return found;
}

static bool
wanted(const struct connect_options *o, const char *name)
{
	if (strcmp(name, "LANG") == 0 || strncmp(name, "LC_", 3) == 0)
		return true;
	for (size_t i = 0; i < o->send_env_count; i++)
		if (matches(o->send_env[i], name))
			return true;
	return false;
}

/* The texts move while they grow: first positions, then pointers. */
struct place {
	size_t name, value;
};

static bool
known(const struct connect_env *v, const struct place *places, const char *name,
    size_t len)
{
	for (size_t i = 0; i < v->count; i++) {
		const char *other =
		    (const char *)v->texts.data + places[i].name;

		if (strlen(other) == len && memcmp(other, name, len) == 0)
			return true;
	}
	return false;
}

static void
keep(struct connect_env *v, struct place *places, const char *pair)
{
	size_t len = strcspn(pair, "=");

	if (pair[len] != '=' || len == 0 ||
	    v->count == sizeof(v->list) / sizeof(v->list[0]) ||
	    known(v, places, pair, len))
		return;
	places[v->count].name = v->texts.len;
	buf_put(&v->texts, pair, len);
	buf_put_u8(&v->texts, 0);
	places[v->count].value = v->texts.len;
	buf_put(&v->texts, pair + len + 1, strlen(pair + len + 1) + 1);
	v->count += buf_ok(&v->texts);
}

int
connect_env_collect(struct connect_env *v, const struct connect_options *o,
    char **environment, struct err *e)
{
	struct place places[sizeof(v->list) / sizeof(v->list[0])] = { 0 };

	for (size_t i = 0; i < o->set_env_count; i++)
		keep(v, places, o->set_env[i]);
	for (char **at = environment; *at != NULL; at++) {
		struct buf name = BUF_INIT;

		buf_put(&name, *at, strcspn(*at, "="));
		if (wanted(o, buf_text(&name)))
			keep(v, places, *at);
		buf_free(&name);
	}
	if (!buf_ok(&v->texts))
		return err_set(e, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < v->count; i++) {
		v->list[i].name = (const char *)v->texts.data + places[i].name;
		v->list[i].value =
		    (const char *)v->texts.data + places[i].value;
	}
	return 0;
}

void
connect_env_clear(struct connect_env *v)
{
	buf_free(&v->texts);
	v->count = 0;
}
