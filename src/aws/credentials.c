/* SPDX-License-Identifier: ISC */
/*
 * The chain, and what it has found in this run.  botocore's order is kept, but
 * for the files of boto 2 and of the first EC2 tools, which are left out.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pemkeep/aws/profile.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/aws/aws.h"
#include "src/aws/credentials.h"
#include "src/aws/credentials_internal.h"

typedef int source(
    const struct search *s, struct aws_keys *keys, struct err *e);

static source *const chain[] = { source_environment, source_role,
	source_web_identity, source_sso, source_credentials_file, source_login,
	source_process, source_config_file, source_container, source_instance };

/* Of the chain, what holds for the source of a role. */
enum { FILES = 2, FILES_END = 8, CHAIN = sizeof(chain) / sizeof(chain[0]) };

static void
free_entry(struct entry *entry)
{
	aws_keys_clear(&entry->keys);
	free(entry->profile);
	free(entry->error);
	free(entry);
}

void
credentials_free(struct credentials *c)
{
	if (c == NULL)
		return;
	while (c->entries != NULL) {
		struct entry *entry = c->entries;

		c->entries = entry->next;
		free_entry(entry);
	}
	aws_profiles_free(c->profiles);
	free(c->error);
	free(c->region);
	free(c);
}

/* A failure that is told again to whoever asks again. */
static struct err *
keep_error(const struct err *e)
{
	struct err *kept = malloc(sizeof(*kept));

	if (kept != NULL)
		*kept = *e;
	return kept;
}

static int
tell(const struct err *kept, struct err *e)
{
	if (e != NULL)
		*e = *kept;
	return kept->code;
}

/* The files are read with the first question. */
static int
open_credentials(struct aws *aws, struct credentials **cp, struct err *e)
{
	struct credentials *c = aws->credentials;
	struct err why;

	*cp = c;
	if (c == NULL) {
		if ((c = calloc(1, sizeof(*c))) == NULL)
			return err_set(e, ERR_NOMEM, "out of memory");
		c->aws = aws;
		if (aws_profiles_load(&c->profiles, aws->options.warn,
			aws->options.arg, &why) != 0 &&
		    (c->error = keep_error(&why)) == NULL) {
			free(c);
			return err_set(e, ERR_NOMEM, "out of memory");
		}
		*cp = aws->credentials = c;
	}
	return c->error != NULL ? tell(c->error, e) : 0;
}

int
aws_credentials_profiles(
    struct aws *aws, const struct aws_profiles **pp, struct err *e)
{
	struct credentials *c;
	int r = open_credentials(aws, &c, e);

	*pp = r == 0 ? c->profiles : NULL;
	return r;
}

const char *
search_get(const struct search *s, const char *key)
{
	return aws_profile_get(s->c->profiles, s->profile, key);
}

void
search_looked(const struct search *s, const char *fmt, ...)
{
	char text[400];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	buf_printf(s->looked, "%s%s", s->looked->len > 0 ? ", " : "", text);
}

static bool
same_profile(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
forget(struct entry **at)
{
	struct entry *entry = *at;

	*at = entry->next;
	free_entry(entry);
}

/* What has been found and can still be used. */
static bool
is_good(const struct entry *entry)
{
	return entry->error != NULL || entry->keys.expires == 0 ||
	    entry->keys.expires - REFRESH_WINDOW > (int64_t)time(NULL);
}

static struct entry *
find(struct credentials *c, enum entry_kind kind, const char *profile)
{
	struct entry **at = &c->entries;

	while (*at != NULL &&
	    ((*at)->kind != kind || !same_profile((*at)->profile, profile)))
		at = &(*at)->next;
	if (*at != NULL && !is_good(*at))
		forget(at);
	else if (*at != NULL)
		return *at;
	return NULL;
}

/* Takes 'keys', or keeps the failure.  NULL without memory. */
static struct entry *
remember(struct credentials *c, enum entry_kind kind, const char *profile,
    struct aws_keys *keys, const struct err *failure)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (entry == NULL ||
	    (profile != NULL && (entry->profile = strdup(profile)) == NULL) ||
	    (failure != NULL && (entry->error = keep_error(failure)) == NULL)) {
		if (entry != NULL)
			free_entry(entry);
		aws_keys_clear(keys);
		return NULL;
	}
	entry->kind = kind;
	entry->keys = *keys;
	memset(keys, 0, sizeof(*keys));
	entry->next = c->entries;
	c->entries = entry;
	return entry;
}

static int
walk(const struct search *s, size_t first, size_t end, struct aws_keys *keys,
    struct err *e)
{
	int r = NOTHING;

	for (size_t i = first; i < end && r == NOTHING; i++)
		r = chain[i](s, keys, e);
	if (r != 0)
		aws_keys_clear(keys);
	return r;
}

int
credentials_has_profile(
    const struct aws_profiles *p, const char *chosen, struct err *e)
{
	const char *profile = aws_profile_current(chosen);
	struct buf names = BUF_INIT;

	if (aws_profiles_has(p, profile) ||
	    (chosen == NULL && strcmp(profile, "default") == 0))
		return 0;
	err_set(e, ERR_NOT_FOUND, "there is no profile '%s'%s", profile,
	    chosen != NULL ? "" : ", which the environment names");
	for (size_t i = 0; i < aws_profiles_count(p) && names.len < 200; i++)
		buf_printf(&names, "%s'%s'", i > 0 ? ", " : "",
		    aws_profiles_name(p, i));
	if (names.len > 0 && buf_ok(&names))
		err_hint(e, "there are %s", buf_text(&names));
	else
		err_hint(e, "neither '%s' nor '%s' has any",
		    aws_profiles_path(p, AWS_FILE_CONFIG),
		    aws_profiles_path(p, AWS_FILE_CREDENTIALS));
	buf_free(&names);
	return ERR_NOT_FOUND;
}

static int
no_credentials(const struct search *s, struct err *e)
{
	err_set(e, ERR_REFUSED,
	    "no AWS credentials for profile '%s'; looked at: %s", s->profile,
	    buf_text(s->looked));
	err_hint(e,
	    "run `aws configure`, or name another profile with --profile or "
	    "AWS_PROFILE");
	return ERR_REFUSED;
}

static int
find_keys(struct credentials *c, const char *chosen, struct aws_keys *keys,
    struct err *e)
{
	struct buf looked = BUF_INIT;
	struct search s = { .c = c, .looked = &looked };
	int r;

	s.chosen = chosen != NULL;
	s.profile = aws_profile_current(chosen);
	s.visited[s.visited_count++] = s.profile;
	if ((r = credentials_has_profile(c->profiles, chosen, e)) != 0)
		return r;
	r = walk(&s, 0, CHAIN, keys, e);
	if (r == NOTHING)
		r = no_credentials(&s, e);
	buf_free(&looked);
	return r;
}

static int
no_source_keys(const struct search *s, struct err *e)
{
	err_set(e, ERR_REFUSED,
	    "profile '%s' is the source of a role and has no credentials; "
	    "looked at: %s",
	    s->profile, buf_text(s->looked));
	err_hint(e, "run `aws configure --profile %s`", s->profile);
	return ERR_REFUSED;
}

int
search_keys(const struct search *s, enum entry_kind kind, const char *profile,
    const struct aws_keys **keysp, struct err *e)
{
	struct entry *entry = find(s->c, kind, profile);
	struct buf looked = BUF_INIT;
	struct search inner = *s;
	struct aws_keys keys = { .id = NULL };
	int r = 0;

	*keysp = NULL;
	inner.profile = profile;
	inner.chosen = true;
	inner.looked = &looked;
	if (entry == NULL) {
		r = kind == ENTRY_ROLE
		    ? role_assume(&inner, &keys, e)
		    : walk(&inner, FILES, FILES_END, &keys, e);
		if (r == NOTHING)
			r = no_source_keys(&inner, e);
		if (r == 0)
			entry = remember(s->c, kind, profile, &keys, NULL);
		if (r == 0 && entry == NULL)
			r = err_set(e, ERR_NOMEM, "out of memory");
	}
	if (r == 0)
		*keysp = &entry->keys;
	buf_free(&looked);
	return r;
}

int
aws_credentials(struct aws *aws, const char *profile,
    const struct aws_keys **keysp, struct err *e)
{
	const char *chosen = profile != NULL ? profile : aws->options.profile;
	struct aws_keys keys = { .id = NULL };
	struct credentials *c;
	struct entry *entry;
	struct err why = { ERR_OK, "", "" };
	int r;

	*keysp = NULL;
	if ((r = open_credentials(aws, &c, e)) != 0)
		return r;
	entry = find(c, ENTRY_ASKED, chosen);
	if (entry == NULL) {
		r = find_keys(c, chosen, &keys, &why);
		if (r == ERR_NOMEM || r == ERR_INTERRUPTED)
			return tell(&why, e);
		entry = remember(
		    c, ENTRY_ASKED, chosen, &keys, r != 0 ? &why : NULL);
	}
	if (entry == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	if (entry->error != NULL)
		return tell(entry->error, e);
	*keysp = &entry->keys;
	return 0;
}

/* With what they were made of: that may be what AWS does not take. */
void
aws_credentials_forget(struct aws *aws, const char *profile)
{
	const char *chosen = profile != NULL ? profile : aws->options.profile;
	struct entry **at;

	if (aws->credentials == NULL)
		return;
	aws->credentials->no_cache = true;
	for (at = &aws->credentials->entries; *at != NULL;) {
		if ((*at)->kind != ENTRY_ASKED ||
		    same_profile((*at)->profile, chosen))
			forget(at);
		else
			at = &(*at)->next;
	}
}

int
aws_credentials_region(struct aws *aws, const char **regionp, struct err *e)
{
	struct credentials *c;
	int r;

	*regionp = NULL;
	if ((r = open_credentials(aws, &c, e)) != 0)
		return r;
	if (!c->region_asked && (r = instance_region(c, e)) != 0)
		return r;
	c->region_asked = true;
	if (c->region == NULL)
		return err_set(e, ERR_NOT_FOUND,
		    "the instance metadata service does not say a region");
	*regionp = c->region;
	return 0;
}
