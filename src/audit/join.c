/* SPDX-License-Identifier: ISC */
/*
 * Which private key belongs to which key pair, and who uses that.  By the public
 * key; by EC2's own fingerprints where it does not say the public key.
 */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/base64.h"
#include "pemkeep/base/path.h"
#include "pemkeep/keys/pubkey.h"

#include "src/audit/judge.h"

/* A private key, wherever it is. */
struct holder {
	const char *fingerprint, *ec2_created, *ec2_imported;
};

static struct holder
of_vault(const struct keeper_key *k)
{
	return (
	    struct holder){ k->fingerprint, k->ec2_created, k->ec2_imported };
}

static struct holder
of_file(const struct scan_key *k)
{
	return (
	    struct holder){ k->fingerprint, k->ec2_created, k->ec2_imported };
}

/* EC2 pads base64 with '=', or not. */
static bool
same_print(const char *ours, const char *theirs)
{
	size_t n = strlen(ours), m = strlen(theirs);

	while (n > 0 && ours[n - 1] == '=')
		n--;
	while (m > 0 && theirs[m - 1] == '=')
		m--;
	return n > 0 && n == m && memcmp(ours, theirs, n) == 0;
}

static bool
fits(const struct holder *h, const struct pair_join *p,
    const struct survey_pair *pair)
{
	if (p->fingerprint[0] != '\0')
		return strcmp(h->fingerprint, p->fingerprint) == 0;
	return same_print(h->ec2_created, pair->fingerprint) ||
	    same_print(h->ec2_imported, pair->fingerprint);
}

static bool
set_fingerprint(struct pair_join *p, const char *line)
{
	const char *at = line + strcspn(line, " ");
	struct buf blob = BUF_INIT, print = BUF_INIT;
	bool ok = true;

	at += strspn(at, " ");
	if (base64_decode(&blob, at, strcspn(at, " \t\r\n")) && blob.len > 0) {
		ok = pubkey_fingerprint(blob.data, blob.len, &print) == 0 &&
		    buf_ok(&print) && print.len < sizeof(p->fingerprint);
		if (ok)
			memcpy(p->fingerprint, buf_text(&print), print.len + 1);
	}
	ok = ok && buf_ok(&blob);
	buf_free(&blob);
	buf_free(&print);
	return ok;
}

/* "…/web.pem" may be the key of the pair "web". */
static bool
has_name(const char *path, const char *pair)
{
	const char *base = path_base(path);
	size_t len = strlen(pair);

	return strncmp(base, pair, len) == 0 &&
	    (base[len] == '\0' || base[len] == '.');
}

static bool
join_pair(struct join *j, size_t at)
{
	const struct audit_facts *f = j->facts;
	const struct survey_pair *pair = &f->survey->pairs[at];
	struct pair_join *p = &j->pairs[at];

	p->vault = p->file = NOBODY;
	if (!set_fingerprint(p, pair->public_key))
		return false;
	for (size_t i = 0; i < f->vault->count && p->vault == NOBODY; i++) {
		struct holder h = of_vault(&f->vault->list[i]);

		if (fits(&h, p, pair))
			p->vault = i;
	}
	for (size_t i = 0; i < f->scan->count; i++) {
		const struct scan_key *k = &f->scan->keys[i];
		struct holder h = of_file(k);

		if (p->file == NOBODY && fits(&h, p, pair))
			p->file = i;
		p->maybe = p->maybe ||
		    (k->blob == NULL && has_name(k->path, pair->name));
	}
	return true;
}

static size_t
pair_of(const struct survey *s, const struct survey_instance *i)
{
	for (size_t k = 0; i->key_pair[0] != '\0' && k < s->pair_count; k++)
		if (s->pairs[k].place == i->place &&
		    strcmp(s->pairs[k].name, i->key_pair) == 0)
			return k;
	return NOBODY;
}

static void
join_file(struct join *j, size_t at)
{
	const struct audit_facts *f = j->facts;
	const struct scan_key *k = &f->scan->keys[at];
	struct file_join *to = &j->files[at];

	to->vault = NOBODY;
	for (size_t i = 0; i < f->vault->count && k->fingerprint[0] != '\0' &&
	     to->vault == NOBODY;
	     i++)
		if (strcmp(f->vault->list[i].fingerprint, k->fingerprint) == 0)
			to->vault = i;
	for (to->first = 0; to->first < at; to->first++)
		if (k->links > 1 &&
		    f->scan->keys[to->first].inode == k->inode &&
		    f->scan->keys[to->first].device == k->device)
			break;
}

bool
join_make(struct join *j, const struct audit_facts *facts)
{
	const struct survey *s = facts->survey;

	j->facts = facts;
	j->pairs = calloc(s->pair_count + 1, sizeof(*j->pairs));
	j->instance_pairs =
	    calloc(s->instance_count + 1, sizeof(*j->instance_pairs));
	j->files = calloc(facts->scan->count + 1, sizeof(*j->files));
	if (j->pairs == NULL || j->instance_pairs == NULL || j->files == NULL)
		return false;
	for (size_t i = 0; i < facts->scan->count; i++)
		join_file(j, i);
	for (size_t i = 0; i < s->pair_count; i++)
		if (!join_pair(j, i))
			return false;
	for (size_t i = 0; i < s->instance_count; i++)
		j->instance_pairs[i] = pair_of(s, &s->instances[i]);
	return true;
}

void
join_free(struct join *j)
{
	free(j->pairs);
	free(j->instance_pairs);
	free(j->files);
}

bool
join_opens(const struct join *j, enum owner who, size_t key, size_t pair)
{
	const struct audit_facts *f = j->facts;
	struct holder h = who == OF_VAULT ? of_vault(&f->vault->list[key])
					  : of_file(&f->scan->keys[key]);

	return pair != NOBODY &&
	    fits(&h, &j->pairs[pair], &f->survey->pairs[pair]);
}

const char *
instance_label(const struct survey_instance *i)
{
	return i->name[0] != '\0' ? i->name : i->id;
}

bool
instance_runs(const struct survey_instance *i)
{
	return strcmp(i->state, "running") == 0 ||
	    strcmp(i->state, "pending") == 0;
}
