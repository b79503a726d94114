/* SPDX-License-Identifier: ISC */
/* The rows of a survey in memory: each is one piece with its texts. */

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/err.h"

#include "src/inventory/survey_internal.h"

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

/* Room for one more; doubled at each power of two. */
static bool
grow(void *listp, size_t count, size_t size)
{
	void **list = listp, *more;

	if ((count & (count - 1)) != 0)
		return true;
	more = reallocarray(*list, count == 0 ? 1 : 2 * count, size);
	if (more == NULL)
		return false;
	*list = more;
	return true;
}

/* Copies of all the texts in one piece, behind 'extra' bytes; NULL. */
static void *
keep(const char **const texts[], size_t count, size_t extra)
{
	size_t size = extra + 1;
	char *memory, *at;

	for (size_t i = 0; i < count; i++)
		size += strlen(*texts[i]) + 1;
	if ((memory = malloc(size)) == NULL)
		return NULL;
	at = memory + extra;
	for (size_t i = 0; i < count; i++) {
		const char *text = *texts[i];

		*texts[i] = at;
		at = stpcpy(at, text) + 1;
	}
	return memory;
}

#define KEEP(extra, ...) \
	keep((const char **const[]){ __VA_ARGS__ }, \
	    sizeof((const char **const[]){ __VA_ARGS__ }) / sizeof(char **), \
	    extra)

#define GROUPS_MAX 16 /* of an instance; EC2 allows so many an interface */

int
survey_add_instance(
    struct survey *s, const struct survey_instance *row, struct err *e)
{
	struct survey_instance i = *row;
	struct survey_group groups[GROUPS_MAX];
	const char **texts[8 + 2 * GROUPS_MAX] = { &i.id, &i.name, &i.state,
		&i.key_pair, &i.public_ip, &i.ipv6, &i.tokens, &i.endpoint };
	size_t count = 8;

	if (i.group_count > GROUPS_MAX)
		i.group_count = GROUPS_MAX;
	for (size_t g = 0; g < i.group_count; g++) {
		groups[g] = row->groups[g];
		texts[count++] = &groups[g].id;
		texts[count++] = &groups[g].name;
	}
	if (!grow(&s->instances, s->instance_count, sizeof(i)))
		return no_memory(e);
	i.memory = keep(texts, count, i.group_count * sizeof(groups[0]));
	if (i.memory == NULL)
		return no_memory(e);
	i.groups = i.memory;
	if (i.group_count > 0)
		memcpy(i.groups, groups, i.group_count * sizeof(groups[0]));
	s->instances[s->instance_count++] = i;
	return 0;
}

int
survey_add_pair(struct survey *s, const struct survey_pair *row, struct err *e)
{
	struct survey_pair p = *row;

	if (!grow(&s->pairs, s->pair_count, sizeof(p)))
		return no_memory(e);
	p.memory =
	    KEEP(0, &p.name, &p.id, &p.type, &p.fingerprint, &p.public_key);
	if (p.memory == NULL)
		return no_memory(e);
	s->pairs[s->pair_count++] = p;
	return 0;
}

int
survey_add_address(
    struct survey *s, const struct survey_address *row, struct err *e)
{
	struct survey_address a = *row;

	if (!grow(&s->addresses, s->address_count, sizeof(a)))
		return no_memory(e);
	a.memory = KEEP(0, &a.ip, &a.allocation, &a.instance, &a.interface);
	if (a.memory == NULL)
		return no_memory(e);
	s->addresses[s->address_count++] = a;
	return 0;
}

int
survey_add_rule(struct survey *s, const struct survey_rule *row, struct err *e)
{
	struct survey_rule u = *row;

	if (!grow(&s->rules, s->rule_count, sizeof(u)))
		return no_memory(e);
	u.memory = KEEP(0, &u.id, &u.group, &u.protocol, &u.cidr, &u.cidr6);
	if (u.memory == NULL)
		return no_memory(e);
	s->rules[s->rule_count++] = u;
	return 0;
}

/* Rows of one kind: where the list is, and what is where in a row. */
struct kind {
	void *list;
	size_t *count;
	size_t size, place, memory;
};

#define KIND(type, rows, number) \
	{ \
		rows, number, sizeof(struct type), \
		    offsetof(struct type, place), \
		    offsetof(struct type, memory) \
	}

static struct kind
kind_of(struct survey *s, enum survey_kind kind)
{
	const struct kind kinds[SURVEY_KINDS] = {
		[SURVEY_INSTANCES] =
		    KIND(survey_instance, s->instances, &s->instance_count),
		[SURVEY_PAIRS] = KIND(survey_pair, s->pairs, &s->pair_count),
		[SURVEY_ADDRESSES] =
		    KIND(survey_address, s->addresses, &s->address_count),
		[SURVEY_RULES] = KIND(survey_rule, s->rules, &s->rule_count),
	};

	return kinds[kind];
}

void
survey_drop(struct survey *s, size_t place, enum survey_kind kind)
{
	struct kind k = kind_of(s, kind);
	size_t kept = 0;

	for (size_t i = 0; i < *k.count; i++) {
		char *row = (char *)k.list + i * k.size;
		size_t at;
		void *memory;

		memcpy(&at, row + k.place, sizeof(at));
		memcpy(&memory, row + k.memory, sizeof(memory));
		if (at == place)
			free(memory);
		else if (kept++ < i)
			memcpy(
			    (char *)k.list + (kept - 1) * k.size, row, k.size);
	}
	*k.count = kept;
}

void
survey_clear(struct survey *s)
{
	for (size_t i = 0; i < s->place_count; i++)
		for (int kind = 0; kind < SURVEY_KINDS; kind++)
			survey_drop(s, i, (enum survey_kind)kind);
	free(s->instances);
	free(s->pairs);
	free(s->addresses);
	free(s->rules);
	free(s->places);
	memset(s, 0, sizeof(*s));
}
