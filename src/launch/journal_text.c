/* SPDX-License-Identifier: ISC */
/*
 * A launch as JSON and back, by the tables of its members.  What is read was
 * written by us, but a file is a file: every member must be there, and be what
 * it should.
 */

#include <stdio.h>
#include <string.h>

#include "pemkeep/base/err.h"
#include "pemkeep/base/json.h"
#include "pemkeep/launch/remove.h"

#include "src/launch/journal_internal.h"

#define VERSION 1

static void
put_rules(struct json *top, const struct launch *l)
{
	struct json *rules = json_new_array();

	for (size_t i = 0; i < l->rule_count; i++) {
		struct json *o = json_new_object();

		json_set_int(o, "from", l->rules[i].from);
		json_set_int(o, "to", l->rules[i].to);
		json_set_text(o, "cidr", l->rules[i].cidr);
		json_set_int(o, "me", l->rules[i].me);
		json_append(rules, o);
	}
	json_set(top, "rules", rules);
}

static void
put_tags(struct json *top, const struct launch *l)
{
	struct json *tags = json_new_array();

	for (size_t i = 0; i < l->tag_count; i++) {
		struct json *o = json_new_object();

		json_set_text(o, "key", l->tags[i].key);
		json_set_text(o, "value", l->tags[i].value);
		json_append(tags, o);
	}
	json_set(top, "tags", tags);
}

bool
journal_put(struct buf *b, const struct launch *l)
{
	struct json *top = json_new_object();
	const char *at = (const char *)l;
	bool done;

	json_set_int(top, "version", VERSION);
	for (const struct launch_member *m = launch_texts; m->name != NULL; m++)
		json_set_text(top, m->name,
		    *(char *const *)(const void *)(at + m->offset));
	for (const struct launch_member *m = launch_numbers; m->name != NULL;
	     m++)
		json_set_int(top, m->name,
		    *(const int64_t *)(const void *)(at + m->offset));
	for (const struct launch_member *m = launch_flags; m->name != NULL; m++)
		json_set_int(top, m->name,
		    *(const bool *)(const void *)(at + m->offset));
	put_rules(top, l);
	put_tags(top, l);
	done = json_put(b, top);
	json_free(top);
	return done;
}

static int
take_texts(const struct json_value *top, struct launch *l, struct err *e)
{
	for (const struct launch_member *m = launch_texts; m->name != NULL;
	     m++) {
		const char *text = json_member_text(top, m->name);
		char **to = (char **)(void *)((char *)l + m->offset);

		if (text == NULL)
			return ERR_FORMAT;
		if (launch_set(to, text, e) != 0)
			return ERR_NOMEM;
	}
	return 0;
}

static int
take_numbers(const struct json_value *top, struct launch *l)
{
	int64_t v;

	for (const struct launch_member *m = launch_numbers; m->name != NULL;
	     m++)
		if (!json_member_int(top, m->name,
			(int64_t *)(void *)((char *)l + m->offset)))
			return ERR_FORMAT;
	for (const struct launch_member *m = launch_flags; m->name != NULL;
	     m++) {
		if (!json_member_int(top, m->name, &v) || v < 0 || v > 1)
			return ERR_FORMAT;
		*(bool *)(void *)((char *)l + m->offset) = v == 1;
	}
	return 0;
}

static int
take_rules(const struct json_value *list, struct launch *l)
{
	size_t count = json_count(list);

	if (count == 0 || count > LAUNCH_RULES_MAX)
		return ERR_FORMAT;
	for (size_t i = 0; i < count; i++) {
		const struct json_value *o = json_at(list, i);
		const char *cidr = json_member_text(o, "cidr");
		struct launch_rule *rule = &l->rules[i];
		int64_t from, to, me;

		if (!json_member_int(o, "from", &from) || from < 1 ||
		    !json_member_int(o, "to", &to) || to < from || to > 65535 ||
		    !json_member_int(o, "me", &me) || me < 0 || me > 1 ||
		    cidr == NULL || strlen(cidr) >= sizeof(rule->cidr))
			return ERR_FORMAT;
		rule->from = (unsigned)from;
		rule->to = (unsigned)to;
		rule->me = me == 1;
		memcpy(rule->cidr, cidr, strlen(cidr) + 1);
	}
	l->rule_count = count;
	return 0;
}

static int
take_tags(const struct json_value *list, struct launch *l, struct err *e)
{
	size_t count = json_count(list);

	if (count > LAUNCH_TAGS_MAX)
		return ERR_FORMAT;
	for (size_t i = 0; i < count; i++) {
		const char *key = json_member_text(json_at(list, i), "key");
		const char *value = json_member_text(json_at(list, i), "value");
		struct launch_tag *t = &l->tags[i];

		if (key == NULL || value == NULL)
			return ERR_FORMAT;
		l->tag_count = i + 1;
		if (launch_set(&t->key, key, e) != 0 ||
		    launch_set(&t->value, value, e) != 0)
			return ERR_NOMEM;
	}
	return 0;
}

static bool
is_sound(const struct launch *l)
{
	return remove_is_launch(l->uuid) && l->name[0] != '\0' &&
	    l->step >= LAUNCH_KEY && l->step <= LAUNCH_DONE &&
	    l->key_from >= LAUNCH_KEY_NEW && l->key_from <= LAUNCH_KEY_VAULT &&
	    l->disk >= 0 && aws_is_region(l->region);
}

int
journal_take(const char *path, const void *bytes, size_t len, struct launch *l,
    struct err *e)
{
	struct json_value *top;
	int64_t version;
	int r;

	memset(l, 0, sizeof(*l));
	if ((r = json_parse(bytes, len, path, &top, e)) != 0)
		return r;
	if (!json_member_int(top, "version", &version) || version != VERSION) {
		r = err_set(e, ERR_FORMAT,
		    "'%s' is not a journal of this version", path);
	} else if ((r = take_texts(top, l, e)) == ERR_FORMAT ||
	    (r == 0 && (r = take_numbers(top, l)) != 0) ||
	    (r == 0 && (r = take_rules(json_member(top, "rules"), l)) != 0) ||
	    (r == 0 &&
		(r = take_tags(json_member(top, "tags"), l, e)) ==
		    ERR_FORMAT) ||
	    (r == 0 && !is_sound(l))) {
		r = err_set(e, ERR_FORMAT, "'%s' is damaged", path);
	}
	json_value_free(top);
	return r;
}
