/* SPDX-License-Identifier: ISC */
/*
 * The new rule goes in before the old one goes out, so that nobody is shut out when
 * the second call fails; and rules are taken out by their id, so that it is the one
 * that was looked at.
 */

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pemkeep/aws/ec2_change.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/launch/allow.h"

#include "src/launch/launch_internal.h"

/* What tags and descriptions both may have. */
static void
put_plain(char *out, size_t size, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t n = 0;

	for (; *text != '\0' && n + 1 < size; text++)
		out[n++] = strchr(plain, *text) != NULL ? *text : '-';
	out[n] = '\0';
}

void
allow_owner(char owner[static ALLOW_OWNER_SIZE])
{
	const struct passwd *pw = getpwuid(geteuid());
	char user[48], host[64], name[256] = "";

	if (gethostname(name, sizeof(name) - 1) != 0)
		name[0] = '\0';
	put_plain(user, sizeof(user), pw != NULL ? pw->pw_name : "somebody");
	put_plain(host, sizeof(host), name);
	(void)snprintf(owner, ALLOW_OWNER_SIZE, "%s@%s", user, host);
}

bool
allow_is_world(const struct cidr *cidr, int64_t from, int64_t to)
{
	bool attacked =
	    (from <= 22 && 22 <= to) || (from <= 3389 && 3389 <= to);

	return attacked && cidr_is_wide(cidr);
}

static bool
is_port(const struct allow *a, const struct allow_rule *rule)
{
	return rule->from == a->port && rule->to == a->port;
}

const struct allow_rule *
allow_find(const struct allow *a)
{
	for (size_t i = 0; i < a->rule_count; i++)
		if (is_port(a, &a->rules[i]) &&
		    cidr_is_same(&a->rules[i].cidr, &a->cidr))
			return &a->rules[i];
	return NULL;
}

void
allow_put_tag(struct buf *params, unsigned n, bool me)
{
	char owner[ALLOW_OWNER_SIZE], value[ALLOW_OWNER_SIZE + 8];

	allow_owner(owner);
	(void)snprintf(
	    value, sizeof(value), "%s:%s", me ? "me" : "cidr", owner);
	aws_param(params, ALLOW_TAG, "TagSpecification.1.Tag.%u.Key", n);
	aws_param(params, value, "TagSpecification.1.Tag.%u.Value", n);
}

static void
put_params(const struct allow *a, struct buf *params)
{
	struct launch_rule rule = { .from = a->port, .to = a->port };
	char owner[ALLOW_OWNER_SIZE], about[ALLOW_OWNER_SIZE + 32];

	allow_owner(owner);
	cidr_format(&a->cidr, rule.cidr);
	(void)snprintf(about, sizeof(about), "pemkeep allow, %s", owner);
	launch_put_ingress(params, a->chosen->id, &rule, about);
	aws_param(
	    params, "security-group-rule", "TagSpecification.1.ResourceType");
	allow_put_tag(params, 1, a->me);
}

static int
call(const struct allow *a, const struct aws_action *action,
    const struct buf *params, struct err *e)
{
	struct aws_job job = { .profile = a->profile,
		.region = a->region,
		.action = action,
		.params = params };
	int r = aws_run_one(a->aws, &job, e);

	/* Done before, by somebody else or by a call whose answer was lost. */
	if (strcmp(job.code, "InvalidPermission.Duplicate") == 0 ||
	    (action == &ec2_revoke_ingress && r == ERR_NOT_FOUND))
		r = 0;
	return r;
}

static int
take_out(const struct allow *a, const struct allow_rule *rule, struct err *e)
{
	struct buf params = BUF_INIT;
	int r;

	aws_param(&params, a->chosen->id, "GroupId");
	aws_param(&params, rule->id, "SecurityGroupRuleId.1");
	r = call(a, &ec2_revoke_ingress, &params, e);
	buf_free(&params);
	if (r == 0 && a->taken != NULL)
		a->taken(a->arg, rule);
	return r;
}

/* An address that I had. */
static bool
is_older(const struct allow *a, const struct allow_rule *rule)
{
	return rule->maker == ALLOW_MINE && is_port(a, rule) &&
	    rule->cidr.six == a->cidr.six &&
	    !cidr_is_same(&rule->cidr, &a->cidr);
}

int
allow_add(struct allow *a, struct err *e)
{
	struct buf params = BUF_INIT;
	int r = 0;

	if (allow_find(a) == NULL) {
		put_params(a, &params);
		r = call(a, &ec2_authorize_ingress, &params, e);
		buf_free(&params);
		if (r == 0 && a->added != NULL)
			a->added(a->arg, &a->cidr);
	}
	for (size_t i = 0; i < a->rule_count && a->me && r == 0; i++)
		if (is_older(a, &a->rules[i]))
			r = take_out(a, &a->rules[i], e);
	return r;
}

/* Is it what is to be taken out, whoever made it? */
static bool
is_meant(const struct allow *a, const struct allow_rule *rule)
{
	return is_port(a, rule) &&
	    (a->me ? rule->maker == ALLOW_MINE
		   : cidr_is_same(&rule->cidr, &a->cidr));
}

int
allow_revoke(struct allow *a, bool *others, struct err *e)
{
	int r = 0;

	*others = false;
	for (size_t i = 0; i < a->rule_count && r == 0; i++) {
		const struct allow_rule *rule = &a->rules[i];

		if (!is_meant(a, rule))
			continue;
		if (rule->maker == ALLOW_OTHERS)
			*others = true;
		else
			r = take_out(a, rule, e);
	}
	return r;
}
