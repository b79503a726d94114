/* SPDX-License-Identifier: ISC */
/* Which group, who else is in it, and what it lets in now. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/aws/ec2.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/inventory/inventory.h"
#include "pemkeep/launch/allow.h"
#include "pemkeep/launch/remove.h"

#define SHARED_NAMED 3
#define GROUPS_MAX 64
#define PORTS 65535

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

void
allow_clear(struct allow *a)
{
	for (size_t i = 0; i < a->group_count; i++) {
		free(a->groups[i].id);
		free(a->groups[i].name);
		free(a->groups[i].launch);
	}
	free(a->groups);
	free(a->rules);
	free(a->shared);
	a->groups = NULL;
	a->rules = NULL;
	a->shared = NULL;
	a->chosen = NULL;
	a->group_count = a->rule_count = 0;
}

static int
run(const struct allow *a, const struct aws_action *action, const char *filter,
    const char *value, int (*row)(void *, const void *, struct err *),
    void *arg, struct err *e)
{
	struct buf params = BUF_INIT;
	struct aws_job job = { .profile = a->profile,
		.region = a->region,
		.action = action,
		.params = &params,
		.row = row,
		.arg = arg };
	int r;

	aws_param_filter(&params, 1, filter, &value, 1);
	r = aws_run_one(a->aws, &job, e);
	buf_free(&params);
	return r;
}

static int
add_group(struct allow *a, const struct ec2_group_name *from, struct err *e)
{
	struct allow_group *g, *list;

	if (a->group_count == GROUPS_MAX || !ec2_is_id(from->id, "sg-"))
		return 0;
	list = reallocarray(a->groups, a->group_count + 1, sizeof(*list));
	if (list == NULL)
		return no_memory(e);
	a->groups = list;
	g = &list[a->group_count++];
	*g = (struct allow_group){ strdup(from->id), strdup(from->name),
		strdup("") };
	return g->id != NULL && g->name != NULL && g->launch != NULL
	    ? 0
	    : no_memory(e);
}

static int
take_instance(void *arg, const void *given, struct err *e)
{
	const struct ec2_instance *row = given;
	const struct ec2_group_name *groups = row->groups.items;
	struct allow *a = arg;
	int r = 0;

	if (strcmp(row->id, a->instance) != 0)
		return 0;
	(void)snprintf(a->launch, sizeof(a->launch), "%s",
	    ec2_tag_value(&row->tags, REMOVE_TAG));
	for (size_t i = 0; i < row->groups.count && r == 0; i++)
		r = add_group(a, &groups[i], e);
	return r;
}

static int
take_group(void *arg, const void *given, struct err *e)
{
	const struct ec2_group *row = given;
	struct allow *a = arg;

	for (size_t i = 0; i < a->group_count; i++) {
		struct allow_group *g = &a->groups[i];

		if (strcmp(g->id, row->id) != 0)
			continue;
		free(g->launch);
		g->launch = strdup(ec2_tag_value(&row->tags, REMOVE_TAG));
		if (g->launch == NULL)
			return no_memory(e);
	}
	return 0;
}

/* The tags of all groups, in one call. */
static int
look_groups(struct allow *a, struct err *e)
{
	const char *ids[GROUPS_MAX];
	struct buf params = BUF_INIT;
	struct aws_job job = { .profile = a->profile,
		.region = a->region,
		.action = &ec2_describe_security_groups,
		.params = &params,
		.row = take_group,
		.arg = a };
	int r;

	for (size_t i = 0; i < a->group_count; i++)
		ids[i] = a->groups[i].id;
	aws_param_filter(&params, 1, "group-id", ids, a->group_count);
	r = aws_run_one(a->aws, &job, e);
	buf_free(&params);
	return r;
}

/* The only one that fits, or NULL. */
static const struct allow_group *
only(const struct allow *a, const char *launch)
{
	const struct allow_group *one = NULL;

	for (size_t i = 0; i < a->group_count; i++) {
		const struct allow_group *g = &a->groups[i];

		if (!remove_is_launch(g->launch) ||
		    (launch != NULL && strcmp(g->launch, launch) != 0))
			continue;
		if (one != NULL)
			return NULL;
		one = g;
	}
	return one;
}

static int
choose_named(struct allow *a, struct err *e)
{
	for (size_t i = 0; i < a->group_count; i++)
		if (strcmp(a->groups[i].id, a->group) == 0 ||
		    strcmp(a->groups[i].name, a->group) == 0) {
			a->chosen = &a->groups[i];
			return 0;
		}
	err_set(e, ERR_NOT_FOUND, "'%s' is not in a security group '%s'",
	    a->instance, a->group);
	err_hint(e, "it is in '%s' (%s)%s", a->groups[0].name, a->groups[0].id,
	    a->group_count > 1 ? ", and others" : "");
	return ERR_NOT_FOUND;
}

static int
choose(struct allow *a, struct err *e)
{
	if (a->group_count == 0)
		return err_set(e, ERR_NOT_FOUND,
		    "AWS shows no security group of '%s'", a->instance);
	if (a->group != NULL)
		return choose_named(a, e);
	if (a->group_count == 1)
		a->chosen = &a->groups[0];
	else if ((a->chosen = only(a, a->launch)) == NULL)
		a->chosen = only(a, NULL);
	if (a->chosen != NULL)
		return 0;
	err_set(e, ERR_AMBIGUOUS, "'%s' is in %zu security groups", a->instance,
	    a->group_count);
	err_hint(e, "say which: --group %s", a->groups[0].id);
	return ERR_AMBIGUOUS;
}

struct sharing {
	const struct allow *a;
	struct buf words;
	size_t count;
};

static int
take_other(void *arg, const void *given, struct err *e)
{
	const struct ec2_instance *row = given;
	const struct ec2_group_name *groups = row->groups.items;
	const char *name = ec2_tag_value(&row->tags, "Name");
	struct sharing *s = arg;
	bool in = false;

	(void)e;
	for (size_t i = 0; i < row->groups.count; i++)
		in |= strcmp(groups[i].id, s->a->chosen->id) == 0;
	if (!in || strcmp(row->id, s->a->instance) == 0 ||
	    strcmp(row->state, "terminated") == 0 ||
	    strcmp(row->state, "shutting-down") == 0)
		return 0;
	if (s->count++ >= SHARED_NAMED)
		return 0;
	if (s->words.len > 0)
		buf_put_text(&s->words, ", ");
	inventory_put_name(&s->words, name, row->id);
	return 0;
}

static int
look_sharing(struct allow *a, struct err *e)
{
	struct sharing s = { .a = a };
	int r = run(a, &ec2_describe_instances, "instance.group-id",
	    a->chosen->id, take_other, &s, e);

	if (s.count > SHARED_NAMED)
		buf_printf(&s.words, " and %zu more", s.count - SHARED_NAMED);
	if (r == 0 && s.count > 0) {
		a->shared = strdup(buf_text(&s.words));
		if (a->shared == NULL || !buf_ok(&s.words))
			r = no_memory(e);
	}
	buf_free(&s.words);
	return r;
}

static enum allow_maker
maker_of(const struct ec2_rule *row)
{
	const char *value = ec2_tag_value(&row->tags, ALLOW_TAG);
	char owner[ALLOW_OWNER_SIZE];

	allow_owner(owner);
	if (strncmp(value, "me:", 3) == 0 && strcmp(value + 3, owner) == 0)
		return ALLOW_MINE;
	if (strncmp(value, "cidr:", 5) == 0 && strcmp(value + 5, owner) == 0)
		return ALLOW_GIVEN;
	return ALLOW_OTHERS;
}

static int
take_rule(void *arg, const void *given, struct err *e)
{
	const struct ec2_rule *row = given;
	struct allow *a = arg;
	struct allow_rule rule = { .from = 0, .to = PORTS }, *list;
	bool all = strcmp(row->protocol, "-1") == 0;

	if (row->egress || strcmp(row->group, a->chosen->id) != 0 ||
	    (!all && strcmp(row->protocol, "tcp") != 0) ||
	    !cidr_parse(
		row->cidr[0] != '\0' ? row->cidr : row->cidr6, &rule.cidr) ||
	    !ec2_is_id(row->id, "sgr-"))
		return 0;
	memcpy(rule.id, row->id, strlen(row->id) + 1);
	rule.maker = maker_of(row);
	if (!all && row->from >= 0 && row->to >= row->from) {
		rule.from = row->from;
		rule.to = row->to;
	}
	list = reallocarray(a->rules, a->rule_count + 1, sizeof(*list));
	if (list == NULL)
		return no_memory(e);
	a->rules = list;
	list[a->rule_count++] = rule;
	return 0;
}

int
allow_look(struct allow *a, struct err *e)
{
	int r;

	if ((r = run(a, &ec2_describe_instances, "instance-id", a->instance,
		 take_instance, a, e)) != 0 ||
	    (a->group_count > 0 && (r = look_groups(a, e)) != 0) ||
	    (r = choose(a, e)) != 0 || (r = look_sharing(a, e)) != 0)
		return r;
	return run(a, &ec2_describe_security_group_rules, "group-id",
	    a->chosen->id, take_rule, a, e);
}
