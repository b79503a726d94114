/* SPDX-License-Identifier: ISC */
/* The list of findings: making one, and the order in which they are read. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/err.h"
#include "pemkeep/base/quote.h"

#include "src/audit/judge.h"

static const char *const severities[SEVERITIES] = { "info", "low", "medium",
	"high", "critical" };

/* In the order in which they are shown. */
static const char *const ids[] = { "key-readable", "key-unprotected",
	"key-outside-vault", "key-copy", "key-weak", "key-old",
	"vault-key-unused", "pair-without-key", "instance-without-key",
	"port-open-to-world", "address-idle", "imds-v1", "host-key-unproven",
	"launch-unfinished", "vault-mode", "config-mode", "log-broken" };

const char *
severity_name(enum severity s)
{
	return s < SEVERITIES ? severities[s] : "none";
}

bool
severity_read(const char *word, enum severity *s)
{
	for (int i = 0; i <= SEVERITIES; i++)
		if (strcmp(word, severity_name((enum severity)i)) == 0) {
			*s = (enum severity)i;
			return true;
		}
	return false;
}

struct finding *
finding_add(
    struct join *j, const char *id, enum severity severity, const char *subject)
{
	struct findings *all = j->found;
	struct finding *list, *f;

	/* Doubled at each power of two. */
	if ((all->count & (all->count - 1)) == 0) {
		list = reallocarray(all->list,
		    all->count == 0 ? 1 : 2 * all->count, sizeof(*list));
		if (list == NULL) {
			j->failed = true;
			return NULL;
		}
		all->list = list;
	}
	f = &all->list[all->count++];
	memset(f, 0, sizeof(*f));
	f->id = id;
	f->severity = severity;
	f->scan_key = SIZE_MAX;
	finding_set(j, &f->subject, subject);
	finding_set(j, &f->text, "");
	finding_set(j, &f->command, "");
	return f;
}

void
finding_set(struct join *j, char **to, const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL) {
		j->failed = true;
		return;
	}
	free(*to);
	*to = copy;
}

void
finding_say(struct join *j, struct finding *f, const char *fmt, ...)
{
	char *more = NULL, *both = NULL;
	va_list ap;

	if (f == NULL)
		return;
	va_start(ap, fmt);
	if (vasprintf(&more, fmt, ap) == -1)
		more = NULL;
	va_end(ap);
	if (more != NULL && f->text != NULL &&
	    asprintf(&both, "%s%s", f->text, more) != -1) {
		free(f->text);
		f->text = both;
	} else {
		j->failed = true;
	}
	free(more);
}

void
finding_command(struct join *j, struct finding *f, struct buf *b)
{
	if (buf_ok(b) && f != NULL)
		finding_set(j, &f->command, buf_text(b));
	else
		j->failed = true;
	buf_free(b);
}

void
finding_instance(
    struct join *j, struct finding *f, const struct survey_instance *i)
{
	struct finding_instance *list;

	if (f == NULL)
		return;
	list = reallocarray(f->instances, f->instance_count + 1, sizeof(*list));
	if (list == NULL) {
		j->failed = true;
		return;
	}
	f->instances = list;
	list += f->instance_count++;
	list->id = list->name = NULL;
	finding_set(j, &list->id, i->id);
	finding_set(j, &list->name, i->name);
}

void
finding_place(struct join *j, struct finding *f, size_t place)
{
	const struct survey_place *p = &j->facts->survey->places[place];

	if (f == NULL)
		return;
	finding_set(j, &f->profile, p->profile);
	finding_set(j, &f->region, p->region);
}

void
audit_put_place(struct buf *b, const struct survey_place *place)
{
	buf_put_text(b, " --region ");
	quote_put(b, place->region);
	if (strcmp(place->profile, "default") == 0)
		return;
	buf_put_text(b, " --profile ");
	quote_put(b, place->profile);
}

#define NAMED 3

void
names_add(struct names *n, const char *name)
{
	if (n->count++ < NAMED)
		buf_printf(&n->text, "%s%s", n->text.len > 0 ? ", " : "", name);
}

const char *
names_text(struct names *n)
{
	if (n->count > NAMED)
		buf_printf(&n->text, " and %zu more", n->count - NAMED);
	return buf_text(&n->text);
}

static int
place_of(const char *id)
{
	int i = 0, count = (int)(sizeof(ids) / sizeof(ids[0]));

	while (i < count && strcmp(ids[i], id) != 0)
		i++;
	return i;
}

static int
by_weight(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;
	int order;

	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	if ((order = place_of(x->id) - place_of(y->id)) != 0 ||
	    (order = strcmp(x->subject, y->subject)) != 0)
		return order;
	return strcmp(x->text, y->text);
}

int
audit_judge(
    const struct audit_facts *facts, struct findings *found, struct err *e)
{
	struct join j = { .facts = facts, .found = found };

	memset(found, 0, sizeof(*found));
	if (!join_make(&j, facts)) {
		j.failed = true;
	} else {
		judge_files(&j);
		if (!facts->files_only) {
			judge_vault(&j);
			judge_cloud(&j);
			judge_places(&j);
		}
	}
	join_free(&j);
	if (j.failed)
		return err_set(e, ERR_NOMEM, "out of memory");
	if (found->count > 1)
		qsort(
		    found->list, found->count, sizeof(*found->list), by_weight);
	return 0;
}

static void
clear(struct finding *f)
{
	char *const texts[] = { f->subject, f->text, f->command, f->path,
		f->key, f->fingerprint, f->profile, f->region, f->pair,
		f->group, f->rule, f->address };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free(texts[i]);
	for (size_t i = 0; i < f->instance_count; i++) {
		free(f->instances[i].id);
		free(f->instances[i].name);
	}
	free(f->instances);
}

void
findings_clear(struct findings *found)
{
	for (size_t i = 0; i < found->count; i++)
		clear(&found->list[i]);
	free(found->list);
	memset(found, 0, sizeof(*found));
}
