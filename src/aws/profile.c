/* SPDX-License-Identifier: ISC */
/* The sections of both files under the names that they stand for. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/aws/profile.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/words.h"

#include "src/aws/profile_text.h"

#define FILES 2 /* enum aws_file */

enum kind { PROFILE, SSO_SESSION, SERVICES, KINDS };

/* botocore looks at the beginning only: [profiles x] is a profile, too. */
static const char *const prefixes[KINDS] = { "profile", "sso-session",
	"services" };

struct named {
	char *name;
	enum kind kind;
	const struct profile_section *in[FILES];
};

struct aws_profiles {
	char *path[FILES];
	struct profile_text *text[FILES];
	struct named *list; /* in the order of the files */
	size_t count, capacity;
	struct named **sorted; /* each name once */
	size_t sorted_count;
	const char **profiles; /* in their order */
	size_t profile_count;
};

void
aws_profiles_free(struct aws_profiles *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->count; i++)
		free(p->list[i].name);
	for (size_t i = 0; i < FILES; i++) {
		profile_text_free(p->text[i]);
		free(p->path[i]);
	}
	free(p->list);
	free(p->sorted);
	free(p->profiles);
	free(p);
}

static int
compare(const void *a, const void *b)
{
	const struct named *const *x = a, *const *y = b;

	if ((*x)->kind != (*y)->kind)
		return (*x)->kind < (*y)->kind ? -1 : 1;
	return strcmp((*x)->name, (*y)->name);
}

/*
 * Of two sections for one name, as [default] and [profile default], the last one
 * counts; it keeps the place of the first.
 */
static int
by_name_and_place(const void *a, const void *b)
{
	const struct named *const *x = a, *const *y = b;
	int r = compare(a, b);

	if (r == 0)
		r = *x < *y ? -1 : *x > *y;
	return r;
}

/* Takes 'name', which may be NULL. */
static int
add(struct aws_profiles *p, char *name, enum kind kind, enum aws_file file,
    const struct profile_section *section)
{
	size_t more = p->capacity == 0 ? 32 : p->capacity * 2;
	struct named *list = p->list;

	if (name != NULL && p->count == p->capacity) {
		list = reallocarray(p->list, more, sizeof(*list));
		if (list != NULL) {
			p->list = list;
			p->capacity = more;
		}
	}
	if (name == NULL || list == NULL) {
		free(name);
		return ERR_NOMEM;
	}
	p->list[p->count] = (struct named){ .name = name, .kind = kind };
	p->list[p->count++].in[file] = section;
	return 0;
}

/* A section of config: "[default]", or "[KIND NAME]", or nothing of ours. */
static int
add_config(struct aws_profiles *p, const struct profile_section *section)
{
	char **words = NULL;
	size_t count, kind;
	int r = 0;

	for (kind = 0; kind < KINDS; kind++)
		if (strncmp(section->name, prefixes[kind],
			strlen(prefixes[kind])) == 0)
			break;
	if (kind < KINDS) {
		r = words_split(section->name, &words, &count);
		if (r == 0 && count == 2)
			r = add(p, strdup(words[1]), (enum kind)kind,
			    AWS_FILE_CONFIG, section);
		free(words);
		return r == ERR_FORMAT ? 0 : r;
	}
	if (strcmp(section->name, "default") == 0)
		r = add(p, strdup(section->name), PROFILE, AWS_FILE_CONFIG,
		    section);
	return r;
}

/* Each name once, and the profiles in their order. */
static int
merge(struct aws_profiles *p)
{
	size_t kept = 0;

	p->sorted = calloc(p->count + 1, sizeof(struct named *));
	p->profiles = calloc(p->count + 1, sizeof(*p->profiles));
	if (p->sorted == NULL || p->profiles == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < p->count; i++)
		p->sorted[i] = &p->list[i];
	if (p->count > 1)
		qsort(p->sorted, p->count, sizeof(p->sorted[0]),
		    by_name_and_place);
	for (size_t i = 0; i < p->count; i++) {
		struct named *n = p->sorted[i], *last;

		if (kept > 0 && compare(&p->sorted[kept - 1], &n) == 0) {
			last = p->sorted[kept - 1];
			for (size_t f = 0; f < FILES; f++)
				if (n->in[f] != NULL)
					last->in[f] = n->in[f];
			n->kind = KINDS; /* counts no more */
			continue;
		}
		p->sorted[kept++] = n;
	}
	for (size_t i = 0; i < p->count; i++)
		if (p->list[i].kind == PROFILE)
			p->profiles[p->profile_count++] = p->list[i].name;
	p->sorted_count = kept;
	return 0;
}

static int
add_all(struct aws_profiles *p)
{
	const struct profile_section *section;
	int r = 0;

	for (size_t i = 0; r == 0; i++) {
		section = profile_text_at(p->text[AWS_FILE_CONFIG], i);
		if (section == NULL)
			break;
		r = add_config(p, section);
	}
	for (size_t i = 0; r == 0; i++) {
		section = profile_text_at(p->text[AWS_FILE_CREDENTIALS], i);
		if (section == NULL)
			break;
		if (strcmp(section->name, "DEFAULT") != 0)
			r = add(p, strdup(section->name), PROFILE,
			    AWS_FILE_CREDENTIALS, section);
	}
	return r != 0 ? r : merge(p);
}

int
aws_profiles_parse(const struct aws_text *config,
    const struct aws_text *credentials, struct aws_profiles **pp, struct err *e)
{
	const struct aws_text *const texts[FILES] = { config, credentials };
	struct aws_profiles *p;
	int r = 0;

	*pp = NULL;
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < FILES && r == 0; i++)
		r = profile_text_parse(texts[i], &p->text[i], e);
	for (size_t i = 0; i < FILES && r == 0; i++)
		if ((p->path[i] = strdup(texts[i]->path)) == NULL)
			r = err_set(e, ERR_NOMEM, "out of memory");
	if (r == 0 && (r = add_all(p)) != 0)
		r = err_set(e, ERR_NOMEM, "out of memory");
	if (r != 0) {
		aws_profiles_free(p);
		return r;
	}
	*pp = p;
	return 0;
}

size_t
aws_profiles_count(const struct aws_profiles *p)
{
	return p->profile_count;
}

const char *
aws_profiles_name(const struct aws_profiles *p, size_t i)
{
	return i < p->profile_count ? p->profiles[i] : NULL;
}

const char *
aws_profiles_path(const struct aws_profiles *p, enum aws_file file)
{
	return p->path[file];
}

static const struct named *
find(const struct aws_profiles *p, enum kind kind, const char *name)
{
	struct named wanted = { .name = (char *)(uintptr_t)name, .kind = kind };
	struct named *key = &wanted, **found = NULL;

	if (p->sorted_count > 0)
		found = bsearch(&key, p->sorted, p->sorted_count,
		    sizeof(p->sorted[0]), compare);
	return found != NULL ? *found : NULL;
}

static const struct profile_entry *
get_in(const struct aws_profiles *p, const struct named *n, enum aws_file file,
    const char *key)
{
	if (n == NULL || n->in[file] == NULL)
		return NULL;
	return profile_text_get(p->text[file], n->in[file], key);
}

static const char *
value_of(const struct profile_entry *entry)
{
	return entry != NULL ? entry->value : NULL;
}

bool
aws_profiles_has(const struct aws_profiles *p, const char *profile)
{
	return find(p, PROFILE, profile) != NULL;
}

const char *
aws_profile_get(
    const struct aws_profiles *p, const char *profile, const char *key)
{
	const struct named *n = find(p, PROFILE, profile);
	const struct profile_entry *entry;

	if ((entry = get_in(p, n, AWS_FILE_CREDENTIALS, key)) == NULL)
		entry = get_in(p, n, AWS_FILE_CONFIG, key);
	return value_of(entry);
}

const char *
aws_profile_get_in(const struct aws_profiles *p, enum aws_file file,
    const char *profile, const char *key)
{
	return value_of(get_in(p, find(p, PROFILE, profile), file, key));
}

bool
aws_sso_session_has(const struct aws_profiles *p, const char *name)
{
	return find(p, SSO_SESSION, name) != NULL;
}

const char *
aws_sso_session_get(
    const struct aws_profiles *p, const char *name, const char *key)
{
	return value_of(
	    get_in(p, find(p, SSO_SESSION, name), AWS_FILE_CONFIG, key));
}

bool
aws_services_has(const struct aws_profiles *p, const char *name)
{
	return find(p, SERVICES, name) != NULL;
}

const char *
aws_services_get(const struct aws_profiles *p, const char *name,
    const char *service, const char *key)
{
	const struct profile_entry *entry =
	    get_in(p, find(p, SERVICES, name), AWS_FILE_CONFIG, service);

	for (size_t i = entry != NULL ? entry->count : 0; i > 0; i--)
		if (strcmp(entry->nested[i - 1].key, key) == 0)
			return entry->nested[i - 1].value;
	return NULL;
}
