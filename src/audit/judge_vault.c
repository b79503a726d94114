/* SPDX-License-Identifier: ISC */
/* Findings about the vault's keys. */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/path.h"
#include "pemkeep/base/quote.h"
#include "pemkeep/base/timefmt.h"
#include "pemkeep/inventory/hosts.h"
#include "pemkeep/inventory/target.h"
#include "pemkeep/log/log.h"

#include "src/audit/judge.h"

#define RSA_ENOUGH 2048u
#define FEW TARGET_KEYS_MAX
#define USED_DAYS 180 /* a signature since then says that it is of use */

static struct finding *
begin(struct join *j, size_t key, const char *id, enum severity severity)
{
	const struct keeper_key *k = &j->facts->vault->list[key];
	struct finding *f = finding_add(j, id, severity, k->name);

	if (f == NULL)
		return NULL;
	finding_set(j, &f->key, k->name);
	finding_set(j, &f->fingerprint, k->fingerprint);
	return f;
}

static void
command(struct join *j, struct finding *f, const char *words, const char *name,
    const char *ending)
{
	struct buf b = BUF_INIT;

	buf_put_text(&b, words);
	quote_put(&b, name);
	buf_put_text(&b, ending);
	finding_command(j, f, &b);
}

static void
weak(struct join *j, size_t at)
{
	const struct keeper_key *k = &j->facts->vault->list[at];
	struct finding *f = begin(j, at, "key-weak", MEDIUM);

	finding_say(j, f,
	    "an RSA key of %u bits is too weak for what is kept long", k->bits);
	command(j, f, "pemkeep generate ", k->name, "-new");
}

static void
old(struct join *j, size_t at)
{
	const struct keeper_key *k = &j->facts->vault->list[at];
	struct finding *f = begin(j, at, "key-old", LOW);
	char age[TIMEFMT_AGE];

	timefmt_age((int64_t)k->created, j->facts->now, age);
	finding_say(
	    j, f, "this key has been in the vault for %s, and is older", age);
	command(j, f, "pemkeep generate ", k->name, "-new");
}

/* Which keys have signed of late. */
struct uses {
	const struct join *j;
	bool *used; /* for each key */
};

static int
on_entry(void *arg, const struct log_entry *entry)
{
	const struct uses *u = arg;
	const struct keeper_keys *vault = u->j->facts->vault;
	int64_t when;

	if (strcmp(entry->event, log_kind_name(LOG_SIGN)) != 0 ||
	    !timefmt_parse(entry->time, &when) ||
	    when < u->j->facts->now - (int64_t)USED_DAYS * 24 * 60 * 60)
		return 0;
	for (size_t i = 0; i < vault->count; i++)
		if (strcmp(vault->list[i].fingerprint, entry->key) == 0)
			u->used[i] = true;
	return 0;
}

static void
use_log(const struct uses *u)
{
	struct buf path = BUF_INIT;

	/* A log that cannot be read says nothing. */
	if (path_of(PATH_STATE, "log", &path, NULL) == 0)
		(void)log_read(
		    buf_text(&path), on_entry, (void *)(uintptr_t)u, NULL);
	buf_free(&path);
}

/*
 * Keys of static hosts; of one that has none said, the key of its name.  True: any
 * may be meant, since a few keys are tried one after the other.
 */
static bool
use_hosts(const struct uses *u)
{
	const struct keeper_keys *vault = u->j->facts->vault;
	struct hosts hosts;
	bool all = hosts_read(NULL, &hosts, NULL) != 0;

	for (size_t i = 0; i < hosts.count; i++) {
		const struct host *h = &hosts.list[i];

		bool silent = h->key == NULL && h->fingerprint == NULL;
		const char *name = silent ? h->name : h->key;

		all = all || (silent && vault->count <= FEW);
		for (size_t k = 0; k < vault->count; k++)
			if ((name != NULL &&
				strcmp(name, vault->list[k].name) == 0) ||
			    (h->fingerprint != NULL &&
				strcmp(h->fingerprint,
				    vault->list[k].fingerprint) == 0))
				u->used[k] = true;
	}
	hosts_clear(&hosts);
	return all;
}

static bool
opens_any(const struct join *j, size_t key)
{
	for (size_t i = 0; i < j->facts->survey->pair_count; i++)
		if (join_opens(j, OF_VAULT, key, i))
			return true;
	return false;
}

/* Only where all that could use them was seen. */
static void
judge_unused(struct join *j)
{
	size_t count = j->facts->vault->count;
	struct uses u = { j, calloc(count + 1, sizeof(bool)) };

	if (u.used == NULL) {
		j->failed = true;
		return;
	}
	use_log(&u);
	if (use_hosts(&u))
		count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct keeper_key *k = &j->facts->vault->list[i];
		struct finding *f;

		if (u.used[i] || opens_any(j, i))
			continue;
		f = begin(j, i, "vault-key-unused", INFO);
		finding_say(j, f,
		    "no key pair of EC2 and no host that has a name is opened "
		    "by it, and it has not signed for %d days",
		    USED_DAYS);
		command(j, f, "pemkeep remove ", k->name, "");
	}
	free(u.used);
}

static bool
all_pairs_known(const struct survey *s)
{
	for (size_t i = 0; i < s->place_count; i++)
		if (s->places[i].since[SURVEY_PAIRS] == 0)
			return false;
	return s->place_count > 0;
}

void
judge_vault(struct join *j)
{
	const struct audit_facts *facts = j->facts;

	for (size_t i = 0; i < facts->vault->count; i++) {
		const struct keeper_key *k = &facts->vault->list[i];

		if (strcmp(k->type, "rsa") == 0 && k->bits != 0 &&
		    k->bits < RSA_ENOUGH)
			weak(j, i);
		if (facts->max_age > 0 &&
		    facts->now - (int64_t)k->created > facts->max_age)
			old(j, i);
	}
	if (facts->cloud_whole && all_pairs_known(facts->survey))
		judge_unused(j);
}
