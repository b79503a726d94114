/* SPDX-License-Identifier: ISC */
/* The plan as calls: to be shown, and to be asked about with DryRun. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pemkeep/aws/ec2_change.h"
#include "pemkeep/base/err.h"

#include "src/launch/launch_internal.h"

struct list {
	void (*fn)(void *arg, const struct launch_call *call);
	void *arg;
};

__attribute__((format(printf, 3, 4))) static void
put(const struct list *list, const char *action, const char *fmt, ...)
{
	struct launch_call call = { .action = action };
	va_list arguments;

	va_start(arguments, fmt);
	(void)vsnprintf(call.about, sizeof(call.about), fmt, arguments);
	va_end(arguments);
	list->fn(list->arg, &call);
}

static void
put_key(const struct list *list, const struct launch *l)
{
	if (l->pair_is_there)
		return;
	if (l->key_from == LAUNCH_KEY_AWS)
		put(list, ec2_create_key_pair.name, "%s (%s)", l->pair,
		    l->key_type);
	else
		put(list, ec2_import_key_pair.name, "%s", l->pair);
}

static void
put_rule(const struct list *list, const struct launch_rule *rule)
{
	char ports[32];

	snprintf(ports, sizeof(ports), rule->from == rule->to ? "%u" : "%u-%u",
	    rule->from, rule->to);
	put(list, ec2_authorize_ingress.name, "tcp %s from %s%s", ports,
	    rule->cidr, rule->me ? " (me)" : "");
}

void
launch_calls(const struct launch *l,
    void (*fn)(void *arg, const struct launch_call *call), void *arg)
{
	const struct list list = { fn, arg };

	put_key(&list, l);
	put(&list, ec2_create_security_group.name, "%s", l->group);
	for (size_t i = 0; i < l->rule_count; i++)
		put_rule(&list, &l->rules[i]);
	put(&list, ec2_run_instances.name, "%s, %s, %s", l->name, l->type,
	    l->image);
	if (!l->elastic)
		return;
	put(&list, ec2_allocate_address.name, "an Elastic IP");
	put(&list, ec2_associate_address.name, "with %s", l->name);
}

#define ASKED_MAX 4u

struct asked {
	struct aws_job jobs[ASKED_MAX];
	struct buf params[ASKED_MAX];
	size_t count;
};

static struct buf *
ask(struct asked *a, const struct launch *l, const struct aws_action *action)
{
	struct buf *params = &a->params[a->count];

	*params = (struct buf)BUF_INIT;
	a->jobs[a->count++] = (struct aws_job){ .profile = launch_profile(l),
		.region = l->region,
		.action = action,
		.params = params };
	aws_param(params, "true", "DryRun");
	return params;
}

/* Some public key, where the right one does not exist yet; nobody has it. */
static void
put_some_key(struct buf *params, const struct launch *l)
{
	struct launch copy = *l;
	char none[] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFhmZmZmZmZmZmZmZmZm"
		      "ZmZmZmZmZmZmZmZmZmZmZmZm";

	if (copy.public_key[0] == '\0')
		copy.public_key = none;
	launch_put_import(params, &copy);
}

static enum launch_verdict
verdict(const struct aws_job *job)
{
	if (strcmp(job->code, "DryRunOperation") == 0)
		return LAUNCH_MAY;
	if (job->error.code == ERR_REFUSED)
		return LAUNCH_MAY_NOT;
	return job->status >= 400 && job->status < 500 ? LAUNCH_WONT
						       : LAUNCH_UNKNOWN;
}

int
launch_dry_run(struct aws *aws, const struct launch *l,
    void (*fn)(void *arg, const char *action, enum launch_verdict verdict,
	const struct err *why),
    void *arg, struct err *e)
{
	struct asked a = { .count = 0 };
	int r;

	if (!l->pair_is_there && l->key_from == LAUNCH_KEY_AWS)
		launch_put_create_pair(ask(&a, l, &ec2_create_key_pair), l);
	else if (!l->pair_is_there)
		put_some_key(ask(&a, l, &ec2_import_key_pair), l);
	launch_put_group(ask(&a, l, &ec2_create_security_group), l);
	launch_put_run(ask(&a, l, &ec2_run_instances), l, true);
	if (l->elastic)
		launch_put_allocate(ask(&a, l, &ec2_allocate_address), l);
	r = aws_run(aws, a.jobs, a.count);
	for (size_t i = 0; i < a.count; i++) {
		const struct aws_job *job = &a.jobs[i];

		if (r != ERR_INTERRUPTED && r != ERR_NOMEM)
			fn(arg, job->action->name, verdict(job), &job->error);
		else if (job->error.code == (enum err_code)r && e != NULL)
			*e = job->error;
		buf_free(&a.params[i]);
	}
	return r == ERR_INTERRUPTED || r == ERR_NOMEM ? r : 0;
}
