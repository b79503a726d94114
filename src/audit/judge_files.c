/* SPDX-License-Identifier: ISC */
/*
 * Findings about key files.  One file gets one finding about where it lies: that
 * others can read it counts more than that it is a copy, and that more than that
 * it has no passphrase.  What is wrong with the key itself is said besides.
 */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/path.h"
#include "pemkeep/base/quote.h"
#include "pemkeep/base/timefmt.h"

#include "src/audit/judge.h"

#define RSA_ENOUGH 2048u /* bits */
#define OTHERS 077u      /* mode bits that ssh, too, wants to be clear */

/* What a key file opens. */
struct use {
	size_t running, stopped;
	struct names running_names, stopped_names;
	struct names pairs; /* without instances */
};

static void
find_use(const struct join *j, size_t file, struct use *u)
{
	const struct survey *s = j->facts->survey;

	memset(u, 0, sizeof(*u));
	for (size_t i = 0; i < s->instance_count; i++) {
		const struct survey_instance *n = &s->instances[i];

		if (!join_opens(j, OF_FILE, file, j->instance_pairs[i]))
			continue;
		if (instance_runs(n)) {
			u->running++;
			names_add(&u->running_names, instance_label(n));
		} else {
			u->stopped++;
			names_add(&u->stopped_names, instance_label(n));
		}
	}
	for (size_t i = 0; i < s->pair_count; i++)
		if (join_opens(j, OF_FILE, file, i))
			names_add(&u->pairs, s->pairs[i].name);
}

static void
free_use(struct use *u)
{
	buf_free(&u->running_names.text);
	buf_free(&u->stopped_names.text);
	buf_free(&u->pairs.text);
}

static void
say_use(struct join *j, struct finding *f, struct use *u)
{
	if (u->running > 0)
		finding_say(j, f, "; it opens %zu running instance%s: %s",
		    u->running, u->running == 1 ? "" : "s",
		    names_text(&u->running_names));
	else if (u->stopped > 0)
		finding_say(j, f,
		    "; it opens %zu instance%s that %s not running: %s",
		    u->stopped, u->stopped == 1 ? "" : "s",
		    u->stopped == 1 ? "is" : "are",
		    names_text(&u->stopped_names));
	else if (u->pairs.count > 0)
		finding_say(j, f, "; it is that of the key pair '%s'",
		    names_text(&u->pairs));
}

/* "rsa 2048", "ed25519"; "private key" where that is not known. */
static const char *
kind(const struct scan_key *k, char out[static 40])
{
	struct buf b = BUF_INIT;
	size_t len;

	if (k->type[0] == '\0')
		return "private";
	buf_put_text(&b, k->type);
	if (k->bits != 0 && strcmp(k->type, "ed25519") != 0)
		buf_printf(&b, " %u", k->bits);
	len = b.len < 39 ? b.len : 39;
	memcpy(out, buf_text(&b), len);
	out[len] = '\0';
	buf_free(&b);
	return out;
}

static void
say_kind(struct join *j, struct finding *f, const struct scan_key *k)
{
	char words[40];

	finding_say(j, f, "this %s key%s", kind(k, words),
	    k->certificate     ? " of a certificate"
		: k->encrypted ? " with a passphrase"
			       : " without a passphrase");
}

static bool
is_dsa(const struct scan_key *k)
{
	return strcmp(k->type, "dsa") == 0;
}

static bool
is_weak(const char *type, unsigned bits)
{
	return strcmp(type, "dsa") == 0 ||
	    (strcmp(type, "rsa") == 0 && bits != 0 && bits < RSA_ENOUGH);
}

/* What it is about: the file, its key, and how it is mended. */
static struct finding *
begin(struct join *j, size_t at, const char *id, enum severity severity)
{
	const struct scan_key *k = &j->facts->scan->keys[at];
	struct finding *f = finding_add(j, id, severity, k->path);

	if (f == NULL)
		return NULL;
	f->scan_key = at;
	f->mode = k->mode;
	finding_set(j, &f->path, k->path);
	if (k->fingerprint[0] != '\0')
		finding_set(j, &f->fingerprint, k->fingerprint);
	if (j->files[at].vault != NOBODY)
		finding_set(
		    j, &f->key, j->facts->vault->list[j->files[at].vault].name);
	return f;
}

static bool
can_import(const struct scan_key *k)
{
	return k->readable && !k->certificate;
}

/* What pemkeep does not take, and others turn into what it takes. */
static void
say_import(struct join *j, struct finding *f, const struct scan_key *k)
{
	if (k->certificate || k->readable)
		return;
	if (k->more)
		finding_say(j, f,
		    "; there is more in the file than one key, which each want "
		    "a file of their own");
	else if (!is_dsa(k))
		finding_say(j, f, "; pemkeep does not take keys of this kind");
}

/* The path is absolute, and so never looks like an option. */
static void
command(struct join *j, struct finding *f, const struct scan_key *k)
{
	struct buf b = BUF_INIT;

	if (f == NULL)
		return;
	if (can_import(k)) {
		buf_put_text(
		    &b, k->more ? "pemkeep import " : "pemkeep import --move ");
		f->mends |= k->more ? 0 : MEND_IMPORT;
		quote_put(&b, k->path);
	} else if ((k->mode & OTHERS) != 0) {
		buf_put_text(&b, "chmod 400 ");
		quote_put(&b, k->path);
	} else if (k->encrypted && strncmp(k->format, "PPK", 3) == 0) {
		buf_put_text(&b, "puttygen ");
		quote_put(&b, k->path);
		buf_put_text(&b, " -O private-openssh-new -o ");
		quote_put(&b, k->path);
		buf_put_text(&b, ".new");
	}
	finding_command(j, f, &b);
}

/* A new key with a name like the file's, but none that looks like an option. */
static void
new_key(struct join *j, struct finding *f, const struct scan_key *k)
{
	const char *file = path_base(k->path);
	const char *base = file + strspn(file, "-");
	size_t len = strcspn(base, ".");
	char *name = *base != '\0' ? strndup(base, len > 0 ? len : strlen(base))
				   : strdup("key");
	struct buf b = BUF_INIT;

	if (name == NULL) {
		j->failed = true;
		return;
	}
	buf_put_text(&b, "pemkeep generate ");
	quote_put(&b, name);
	buf_put_text(&b, "-new");
	free(name);
	finding_command(j, f, &b);
}

/* Other names of the file. */
static void
say_names(struct join *j, struct finding *f, size_t at)
{
	const struct scan *scan = j->facts->scan;

	for (size_t i = at + 1; i < scan->count; i++)
		if (j->files[i].first == at)
			finding_say(j, f, "; its other name is '%s'",
			    scan->keys[i].path);
}

static void
readable(struct join *j, size_t at, struct use *u)
{
	const struct scan_key *k = &j->facts->scan->keys[at];
	enum severity severity = HIGH;
	struct finding *f;

	if (k->encrypted || k->certificate)
		severity = MEDIUM;
	else if (u->running > 0)
		severity = CRITICAL;
	if ((f = begin(j, at, "key-readable", severity)) == NULL)
		return;
	say_kind(j, f, k);
	finding_say(j, f, " has mode %04o, which lets others read it",
	    (unsigned)k->mode);
	if (j->files[at].vault != NOBODY)
		finding_say(j, f, "; the vault has it as '%s'", f->key);
	say_use(j, f, u);
	say_names(j, f, at);
	say_import(j, f, k);
	command(j, f, k);
	f->mends |= MEND_MODE;
}

static void
copy(struct join *j, size_t at)
{
	const struct scan_key *k = &j->facts->scan->keys[at];
	struct finding *f =
	    begin(j, at, "key-copy", k->encrypted ? LOW : MEDIUM);

	if (f == NULL)
		return;
	say_kind(j, f, k);
	finding_say(j, f, " is a copy of '%s' in the vault", f->key);
	say_names(j, f, at);
	command(j, f, k);
}

static void
outside(struct join *j, size_t at, struct use *u)
{
	const struct scan_key *k = &j->facts->scan->keys[at];
	struct finding *f;

	if (!k->encrypted) {
		f = begin(
		    j, at, "key-unprotected", u->running > 0 ? HIGH : MEDIUM);
		say_kind(j, f, k);
		finding_say(j, f, " can be used by whoever gets the file");
		if (j->facts->vault_known)
			finding_say(j, f, ", and is not in the vault");
	} else {
		f = begin(j, at, "key-outside-vault", LOW);
		say_kind(j, f, k);
		finding_say(j, f, " is not in the vault");
	}
	say_use(j, f, u);
	say_names(j, f, at);
	say_import(j, f, k);
	command(j, f, k);
}

static void
weak(struct join *j, size_t at, struct use *u)
{
	const struct scan_key *k = &j->facts->scan->keys[at];
	struct finding *f = begin(j, at, "key-weak", MEDIUM);

	if (f == NULL)
		return;
	if (is_dsa(k) || k->bits < 1024)
		f->severity = HIGH;
	finding_say(j, f,
	    is_dsa(k) ? "DSA keys are weak, and no OpenSSH takes them any more"
		      : "an RSA key of %u bits is too weak for what is kept "
			"long",
	    k->bits);
	say_use(j, f, u);
	new_key(j, f, k);
}

static void
old(struct join *j, size_t at)
{
	const struct scan_key *k = &j->facts->scan->keys[at];
	struct finding *f = begin(j, at, "key-old", LOW);
	char age[TIMEFMT_AGE];

	timefmt_age(k->changed, j->facts->now, age);
	finding_say(j, f, "this key file was made %s ago", age);
	new_key(j, f, k);
}

/* Whether it is in the vault is not known of one that shows no public half. */
static bool
is_outside(const struct join *j, const struct scan_key *k)
{
	return !k->encrypted || j->facts->vault_known;
}

static void
judge_file(struct join *j, size_t at)
{
	const struct audit_facts *facts = j->facts;
	const struct scan_key *k = &facts->scan->keys[at];
	bool in_vault = j->files[at].vault != NOBODY;
	struct use u;

	find_use(j, at, &u);
	if ((k->mode & OTHERS) != 0)
		readable(j, at, &u);
	else if (in_vault)
		copy(j, at);
	else if (!k->certificate && is_outside(j, k) &&
	    (k->readable || !is_weak(k->type, k->bits)))
		outside(j, at, &u);
	/* Of the vault's own keys it is said there. */
	if (!in_vault && !k->certificate) {
		if (is_weak(k->type, k->bits))
			weak(j, at, &u);
		if (facts->max_age > 0 &&
		    facts->now - k->changed > facts->max_age)
			old(j, at);
	}
	free_use(&u);
}

void
judge_files(struct join *j)
{
	for (size_t i = 0; i < j->facts->scan->count; i++)
		if (j->files[i].first == i)
			judge_file(j, i);
}
