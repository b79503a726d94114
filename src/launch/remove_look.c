/* SPDX-License-Identifier: ISC */
/*
 * What AWS shows of the things of a launch.  A filter is a request, not a promise:
 * each row is looked at, too, before anything is believed of it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/aws/ec2.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/inventory/inventory.h"

#include "src/launch/remove_internal.h"

#define UUID "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"

bool
remove_is_launch(const char *text)
{
	const char *form = UUID;

	for (; *form != '\0' && *text != '\0'; form++, text++)
		if (*form == '-' ? *text != '-'
				 : strchr("0123456789abcdef", *text) == NULL)
			return false;
	return *form == '\0' && *text == '\0';
}

/* The common part of a row of any of the four. */
struct facts {
	enum remove_kind kind;
	const char *id, *name;
	const char *state; /* of an instance */
	const char *user, *through;
	const struct aws_list *tags;
};

static void
read_instance(const void *given, struct facts *f)
{
	const struct ec2_instance *row = given;

	*f = (struct facts){ REMOVE_INSTANCE, row->id,
		ec2_tag_value(&row->tags, "Name"), row->state, "", "",
		&row->tags };
}

static void
read_address(const void *given, struct facts *f)
{
	const struct ec2_address *row = given;
	const char *user =
	    row->instance[0] != '\0' ? row->instance : row->interface;

	*f = (struct facts){ REMOVE_ADDRESS, row->allocation, row->public_ip,
		"", user, row->association, &row->tags };
}

static void
read_group(const void *given, struct facts *f)
{
	const struct ec2_group *row = given;

	*f = (struct facts){ REMOVE_GROUP, row->id, row->name, "", "", "",
		&row->tags };
}

static void
read_key_pair(const void *given, struct facts *f)
{
	const struct ec2_key_pair *row = given;

	*f = (struct facts){ REMOVE_KEY_PAIR, row->id, row->name, "", "", "",
		&row->tags };
}

#define KINDS 4

static const struct {
	const struct aws_action *action;
	const char *prefix; /* of the id */
	const char *filter; /* for one of them */
	void (*read)(const void *row, struct facts *f);
} kinds[KINDS] = {
	[REMOVE_INSTANCE] = { &ec2_describe_instances, "i-", "instance-id",
	    read_instance },
	[REMOVE_ADDRESS] = { &ec2_describe_addresses, "eipalloc-",
	    "allocation-id", read_address },
	[REMOVE_GROUP] = { &ec2_describe_security_groups, "sg-", "group-id",
	    read_group },
	[REMOVE_KEY_PAIR] = { &ec2_describe_key_pairs, "key-", "key-pair-id",
	    read_key_pair },
};

static bool
is_ours(const struct remove_job *job, const struct facts *f)
{
	return strcmp(ec2_tag_value(f->tags, REMOVE_TAG), job->launch) == 0;
}

/* A name may hold what is wild in a filter. */
static void
put_filter(struct buf *params, const char *filter, const char *value)
{
	struct buf plain = BUF_INIT;
	const char *text;

	for (; *value != '\0'; value++) {
		if (strchr("*?\\", *value) != NULL)
			buf_put_u8(&plain, '\\');
		buf_put_u8(&plain, (uint8_t)*value);
	}
	text = buf_text(&plain);
	aws_param_filter(params, 1, filter, &text, 1);
	params->failed |= !buf_ok(&plain);
	buf_free(&plain);
}

static int
run(const struct remove_job *job, const struct aws_action *action,
    const char *filter, const char *value,
    int (*row)(void *, const void *, struct err *), void *arg, struct err *e)
{
	struct buf params = BUF_INIT;
	struct aws_job one = { .profile = job->profile,
		.region = job->region,
		.action = action,
		.params = &params,
		.row = row,
		.arg = arg };
	int r;

	put_filter(&params, filter, value);
	r = aws_run_one(job->aws, &one, e);
	buf_free(&params);
	return r;
}

struct finder {
	const struct remove_job *job;
	struct remove_list *list;
	enum remove_kind kind;
};

static int
take_found(void *arg, const void *row, struct err *e)
{
	const struct finder *finder = arg;
	struct facts f;

	kinds[finder->kind].read(row, &f);
	if (!is_ours(finder->job, &f) ||
	    !ec2_is_id(f.id, kinds[f.kind].prefix) ||
	    strcmp(f.state, "terminated") == 0)
		return 0;
	return remove_add(finder->list, f.kind, f.id, f.name, false, e);
}

int
remove_find(
    const struct remove_job *job, struct remove_list *list, struct err *e)
{
	struct finder finders[KINDS];
	struct aws_job jobs[KINDS];
	struct buf params = BUF_INIT;
	int r;

	if (!remove_is_launch(job->launch))
		return err_set(e, ERR_USAGE, "'%s' is not the id of a launch",
		    job->launch);
	aws_param_filter(&params, 1, "tag:" REMOVE_TAG, &job->launch, 1);
	for (unsigned i = 0; i < KINDS; i++) {
		finders[i] = (struct finder){ job, list, (enum remove_kind)i };
		jobs[i] = (struct aws_job){ .profile = job->profile,
			.region = job->region,
			.action = kinds[i].action,
			.params = &params,
			.row = take_found,
			.arg = &finders[i] };
	}
	r = aws_run(job->aws, jobs, KINDS);
	buf_free(&params);
	for (size_t i = 0; i < KINDS && r != 0 && e != NULL; i++)
		if ((int)jobs[i].error.code == r) {
			*e = jobs[i].error;
			break;
		}
	return r;
}

struct looker {
	const struct remove_job *job;
	const struct remove_thing *thing;
	struct remove_seen *seen;
};

static int
take_seen(void *arg, const void *row, struct err *e)
{
	const struct looker *l = arg;
	struct remove_seen *seen = l->seen;
	struct facts f;

	(void)e;
	kinds[l->thing->kind].read(row, &f);
	if (strcmp(f.id, l->thing->id) != 0)
		return 0; /* that was not the question */
	seen->there = true;
	seen->ours = is_ours(l->job, &f);
	seen->ended = strcmp(f.state, "terminated") == 0;
	seen->ending = seen->ended || strcmp(f.state, "shutting-down") == 0;
	(void)snprintf(seen->user, sizeof(seen->user), "%.63s", f.user);
	(void)snprintf(
	    seen->through, sizeof(seen->through), "%.63s", f.through);
	return 0;
}

int
remove_look(const struct remove_job *job, const struct remove_thing *t,
    struct remove_seen *seen, struct err *e)
{
	struct looker l = { job, t, seen };

	*seen = (struct remove_seen){ .there = false };
	return run(job, kinds[t->kind].action, kinds[t->kind].filter, t->id,
	    take_seen, &l, e);
}

bool
remove_is_gone(const struct remove_list *list, const char *instance)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->things[i].kind == REMOVE_INSTANCE &&
		    strcmp(list->things[i].id, instance) == 0)
			return list->things[i].gone;
	return false;
}

struct asker {
	const struct remove_list *list;
	const struct remove_thing *thing;
	struct buf *user;
};

/* Is the instance in this group, or has it this key pair? */
static bool
uses(const struct ec2_instance *row, const struct remove_thing *t)
{
	const struct ec2_group_name *groups = row->groups.items;

	if (t->kind == REMOVE_KEY_PAIR)
		return strcmp(row->key, t->name) == 0;
	for (size_t i = 0; i < row->groups.count; i++)
		if (strcmp(groups[i].id, t->id) == 0)
			return true;
	return false;
}

static int
take_user(void *arg, const void *given, struct err *e)
{
	const struct ec2_instance *row = given;
	const struct asker *a = arg;
	const char *name = ec2_tag_value(&row->tags, "Name");

	(void)e;
	if (strcmp(row->state, "terminated") == 0 ||
	    strcmp(row->state, "shutting-down") == 0 || !uses(row, a->thing) ||
	    remove_is_gone(a->list, row->id) || a->user->len > 0)
		return 0;
	inventory_put_name(a->user, name, row->id);
	return 0;
}

int
remove_user(const struct remove_job *job, const struct remove_list *list,
    const struct remove_thing *t, struct buf *user, struct err *e)
{
	struct asker a = { list, t, user };
	bool key = t->kind == REMOVE_KEY_PAIR;
	int r = run(job, &ec2_describe_instances,
	    key ? "key-name" : "instance.group-id", key ? t->name : t->id,
	    take_user, &a, e);

	return r == 0 && !buf_ok(user) ? err_set(e, ERR_NOMEM, "out of memory")
				       : r;
}
