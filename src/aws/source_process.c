/* SPDX-License-Identifier: ISC */
/*
 * credential_process: a program of the user's that prints keys.  It gets our
 * standard input, since some ask at the terminal; what it says on standard error
 * is shown only when it fails.
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "pemkeep/aws/profile.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/json.h"
#include "pemkeep/base/timefmt.h"
#include "pemkeep/base/words.h"

#include "src/aws/aws.h"
#include "src/aws/credentials_internal.h"
#include "src/aws/program.h"

#define LIMIT_MS 120000u /* it may wait for somebody to touch a token */

static int
fail(const struct search *s, struct err *e, const char *text)
{
	return err_set(e, ERR_FAILED, "credential_process of profile '%s' %s",
	    s->profile, text);
}

static int
take_expiration(const struct search *s, const struct json_value *j,
    struct keys_text *text, struct err *e)
{
	const char *at = json_member_text(j, "Expiration");

	if (at == NULL || *at == '\0')
		return 0;
	if (!timefmt_parse(at, &text->expires))
		return fail(s, e, "gives an Expiration that is no time");
	if (text->expires <= (int64_t)time(NULL))
		return fail(s, e, "gives credentials that have expired");
	return 0;
}

static int
take(const struct search *s, const struct json_value *j, struct aws_keys *keys,
    struct err *e)
{
	const char *account = json_member_text(j, "AccountId");
	char source[300];
	struct keys_text text = {
		.id = json_member_text(j, "AccessKeyId"),
		.secret = json_member_text(j, "SecretAccessKey"),
		.token = json_member_text(j, "SessionToken"),
		.account = account != NULL && *account != '\0'
		    ? account
		    : search_get(s, "aws_account_id"),
		.source = source,
	};
	int64_t version;
	int r;

	if (!json_member_int(j, "Version", &version) || version != 1)
		return fail(s, e, "does not say \"Version\": 1");
	if (text.id == NULL || text.secret == NULL)
		return fail(s, e, "gives no AccessKeyId or no SecretAccessKey");
	if ((r = take_expiration(s, j, &text, e)) != 0)
		return r;
	(void)snprintf(source, sizeof(source),
	    "credential_process of profile '%.200s'", s->profile);
	return keys_set(keys, &text, "of credential_process", e);
}

static int
judge(const struct search *s, const struct program *p, const char *name,
    struct err *e)
{
	const char *said = p->said;

	switch (p->end) {
	case PROGRAM_DONE:
		return 0;
	case PROGRAM_NOT_STARTED:
		return err_system(e, ERR_FAILED, p->status,
		    "credential_process of profile '%s': cannot run '%s'",
		    s->profile, name);
	case PROGRAM_TOO_LONG:
		return fail(s, e, "took longer than 2 minutes");
	case PROGRAM_TOO_MUCH:
		return fail(s, e, "prints too much");
	case PROGRAM_INTERRUPTED:
		return err_set(e, ERR_INTERRUPTED, "interrupted");
	case PROGRAM_KILLED:
		return err_set(e, ERR_FAILED,
		    "credential_process of profile '%s' ended by signal %d%s%s",
		    s->profile, p->status, *said ? ": " : "", said);
	default:
		err_set(e, ERR_FAILED,
		    "credential_process of profile '%s' failed with exit "
		    "status %d%s%s",
		    s->profile, p->status, *said ? ": " : "", said);
		err_hint(e, "run it by hand to see why");
		return ERR_FAILED;
	}
}

static int
run(const struct search *s, char **words, struct aws_keys *keys, struct err *e)
{
	const struct aws_options *o = &s->c->aws->options;
	struct json_value *j = NULL;
	struct program p = {
		.argv = words,
		.limit_ms = LIMIT_MS,
		.interrupted = o->interrupted,
		.arg = o->arg,
	};
	struct err why;
	int r;

	program_run(&p);
	r = judge(s, &p, words[0], e);
	if (r == 0) {
		r = json_parse(
		    p.output.data, p.output.len, "its output", &j, &why);
		if (r != 0)
			r = err_set(e, r == ERR_FORMAT ? ERR_FAILED : r,
			    "credential_process of profile '%s': %s",
			    s->profile, why.text);
	}
	if (r == 0)
		r = take(s, j, keys, e);
	json_value_free(j);
	keys_wipe_buf(&p.output);
	return r;
}

int
source_process(const struct search *s, struct aws_keys *keys, struct err *e)
{
	const char *command = search_get(s, "credential_process");
	char **words = NULL;
	size_t count;
	int r;

	if (command == NULL)
		return NOTHING;
	r = words_split(command, &words, &count);
	if (r == ERR_NOMEM)
		return err_set(e, ERR_NOMEM, "out of memory");
	if (r != 0 || count == 0)
		r = err_set(e, ERR_FORMAT,
		    "credential_process of profile '%s' is %s", s->profile,
		    r != 0 ? "no command: a quote is open" : "empty");
	else
		r = run(s, words, keys, e);
	free(words);
	return r;
}
