/* SPDX-License-Identifier: ISC */
/*
 * What each step does.  A thing is made once: where it is not known whether it
 * was, it is looked for by our tag first.  What has the name that we want and not
 * our tag is somebody else's.
 */

#include <stdio.h>
#include <string.h>

#include "pemkeep/aws/ec2.h"
#include "pemkeep/aws/ec2_change.h"
#include "pemkeep/base/clock.h"
#include "pemkeep/base/err.h"

#include "src/launch/run_internal.h"

#define TRIES 3u /* of a call whose answers get lost */
#define RUNNING_SECONDS (10 * 60)

/* Ids get into commands, also of others: what is none is no answer. */
static int
take_id(char **to, const char *id, const char *prefix, struct err *e)
{
	if (!ec2_is_id(id, prefix))
		return err_set(
		    e, ERR_FORMAT, "the answer is refused: its id is none");
	return launch_set(to, id, e);
}

/* Of ours, as its tag says. */
static int
find_id(struct launch_run *run, const struct aws_list *tags, char **to,
    const char *id, const char *prefix, struct err *e)
{
	return launch_is_ours(tags, run->launch->uuid) && ec2_is_id(id, prefix)
	    ? launch_set(to, id, e)
	    : 0;
}

static int
on_pair(void *arg, const void *given, struct err *e)
{
	const struct ec2_imported_key *row = given;
	struct launch_run *run = arg;

	return take_id(&run->launch->pair_id, row->id, "key-", e);
}

static int
on_old_pair(void *arg, const void *given, struct err *e)
{
	const struct ec2_key_pair *row = given;
	struct launch_run *run = arg;

	return find_id(
	    run, &row->tags, &run->launch->pair_id, row->id, "key-", e);
}

static int
on_group(void *arg, const void *given, struct err *e)
{
	const struct ec2_new_group *row = given;
	struct launch_run *run = arg;

	return take_id(&run->launch->group_id, row->id, "sg-", e);
}

static int
on_old_group(void *arg, const void *given, struct err *e)
{
	const struct ec2_group *row = given;
	struct launch_run *run = arg;

	return find_id(
	    run, &row->tags, &run->launch->group_id, row->id, "sg-", e);
}

static int
on_instance(void *arg, const void *given, struct err *e)
{
	const struct ec2_new_instance *row = given;
	struct launch_run *run = arg;

	return take_id(&run->launch->instance, row->id, "i-", e);
}

static int
on_old_instance(void *arg, const void *given, struct err *e)
{
	const struct ec2_instance *row = given;
	struct launch_run *run = arg;

	return find_id(
	    run, &row->tags, &run->launch->instance, row->id, "i-", e);
}

static int
on_address(void *arg, const void *given, struct err *e)
{
	const struct ec2_new_address *row = given;
	struct launch_run *run = arg;
	int r = launch_set(&run->launch->address, row->public_ip, e);

	return r == 0
	    ? take_id(&run->launch->allocation, row->allocation, "eipalloc-", e)
	    : r;
}

static int
on_old_address(void *arg, const void *given, struct err *e)
{
	const struct ec2_address *row = given;
	struct launch_run *run = arg;
	int r;

	if (!launch_is_ours(&row->tags, run->launch->uuid) ||
	    !ec2_is_id(row->allocation, "eipalloc-"))
		return 0;
	r = launch_set(&run->launch->address, row->public_ip, e);
	return r == 0 ? launch_set(&run->launch->allocation, row->allocation, e)
		      : r;
}

static void
put_run(struct buf *params, const struct launch *l)
{
	launch_put_run(params, l, false);
}

/* Making something, and finding it again. */
struct making {
	const struct aws_action *make, *look;
	void (*put)(struct buf *params, const struct launch *l);
	int (*made)(void *arg, const void *row, struct err *e);
	int (*found)(void *arg, const void *row, struct err *e);
	size_t id; /* member of struct launch */
	/* A second one of that name is refused; so not seeing it yet does no
	 * harm. */
	bool unique;
	bool repeatable; /* aws_run() repeats it by itself */
};

static const struct making making_pair = { &ec2_import_key_pair,
	&ec2_describe_key_pairs, launch_put_import, on_pair, on_old_pair,
	offsetof(struct launch, pair_id), true, false };
static const struct making making_group = { &ec2_create_security_group,
	&ec2_describe_security_groups, launch_put_group, on_group, on_old_group,
	offsetof(struct launch, group_id), true, false };
static const struct making making_instance = { &ec2_run_instances,
	&ec2_describe_instances, put_run, on_instance, on_old_instance,
	offsetof(struct launch, instance), true, true };
static const struct making making_address = { &ec2_allocate_address,
	&ec2_describe_addresses, launch_put_allocate, on_address,
	on_old_address, offsetof(struct launch, allocation), false, false };

static bool
is_duplicate(const char *code)
{
	return strcmp(code, "InvalidKeyPair.Duplicate") == 0 ||
	    strcmp(code, "InvalidGroup.Duplicate") == 0;
}

static int
taken(const struct launch_run *run, const struct making *m, struct err *e)
{
	const struct launch *l = run->launch;
	bool pair = m == &making_pair;

	err_set(e, ERR_EXISTS,
	    "the %s '%s' in %s was made by somebody else meanwhile",
	    pair ? "key pair" : "security group", pair ? l->pair : l->group,
	    l->region);
	return ERR_EXISTS;
}

static int
make(struct launch_run *run, const struct making *m, bool again, struct err *e)
{
	char *const *id = (char *const *)(void *)((char *)run->launch + m->id);
	int r = 0;

	for (unsigned n = 0; n < TRIES; n++) {
		struct launch_asked a = { .action = m->make,
			.row = m->made,
			.arg = run,
			.fresh = true };

		if (again &&
		    ((r = launch_look(
			  run, m->look, m->found, id, !m->unique, e)) != 0 ||
			(*id)[0] != '\0'))
			return r;
		m->put(&a.params, run->launch);
		if ((r = launch_ask(run, &a, e)) == 0 && (*id)[0] != '\0')
			return 0;
		if (is_duplicate(a.code)) {
			r = launch_look(run, m->look, m->found, id, true, e);
			if (r == 0 && (*id)[0] == '\0')
				r = taken(run, m, e);
			return r;
		}
		if (r == 0)
			r = err_set(e, ERR_FORMAT,
			    "%s has not said what it made", m->make->name);
		else if (!a.unsure || r == ERR_INTERRUPTED || m->repeatable)
			return r;
		again = true;
	}
	return r;
}

int
launch_do_pair(struct launch_run *run, bool again, struct err *e)
{
	struct launch *l = run->launch;

	if (l->pair_is_there || l->pair_id[0] != '\0')
		return 0;
	return make(run, &making_pair, again, e);
}

int
launch_do_group(struct launch_run *run, bool again, struct err *e)
{
	return make(run, &making_group, again, e);
}

int
launch_do_rules(struct launch_run *run, bool again, struct err *e)
{
	int r = 0;

	(void)again; /* a rule that is there already is no failure */
	for (size_t i = 0; i < run->launch->rule_count && r == 0; i++) {
		struct launch_asked a = { .action = &ec2_authorize_ingress,
			.fresh = true };

		launch_put_rule(&a.params, run->launch, i);
		r = launch_ask(run, &a, e);
		if (strcmp(a.code, "InvalidPermission.Duplicate") == 0)
			r = 0;
	}
	return r;
}

int
launch_do_instance(struct launch_run *run, bool again, struct err *e)
{
	return make(run, &making_instance, again, e);
}

/* What DescribeInstances says of ours. */
struct watched {
	char state[32], reason[256], public_ip[64];
};

static int
on_watched(void *arg, const void *given, struct err *e)
{
	const struct ec2_instance *row = given;
	struct watched *w = arg;

	(void)e;
	snprintf(w->state, sizeof(w->state), "%s", row->state);
	snprintf(w->reason, sizeof(w->reason), "%s", row->reason);
	snprintf(w->public_ip, sizeof(w->public_ip), "%s", row->public_ip);
	return 0;
}

static int
watch(struct launch_run *run, struct watched *w, struct err *e)
{
	struct launch_asked a = { .action = &ec2_describe_instances,
		.row = on_watched,
		.arg = w,
		.fresh = true };

	memset(w, 0, sizeof(*w));
	aws_param(&a.params, run->launch->instance, "InstanceId.1");
	return launch_ask(run, &a, e);
}

static bool
has_ended(const struct watched *w)
{
	return strcmp(w->state, "terminated") == 0 ||
	    strcmp(w->state, "shutting-down") == 0 ||
	    strcmp(w->state, "stopping") == 0 ||
	    strcmp(w->state, "stopped") == 0;
}

int
launch_do_running(struct launch_run *run, bool again, struct err *e)
{
	struct launch *l = run->launch;
	int64_t until = clock_seconds() + RUNNING_SECONDS, left;
	unsigned ms = 300;
	struct watched w;
	char what[64];
	int r;

	(void)again;
	while (
	    (r = watch(run, &w, e)) == 0 && strcmp(w.state, "running") != 0) {
		left = until - clock_seconds();
		if (has_ended(&w)) {
			err_set(e, ERR_FAILED, "the instance %s is %s%s%s",
			    l->instance, w.state,
			    w.reason[0] != '\0' ? ": " : "", w.reason);
			break;
		}
		if (left <= 0) {
			err_set(e, ERR_NETWORK,
			    "the instance %s is still %s after %d minutes",
			    l->instance, w.state, RUNNING_SECONDS / 60);
			break;
		}
		snprintf(what, sizeof(what), "%.32s: %.20s", l->instance,
		    w.state[0] != '\0' ? w.state : "pending");
		run->waiting(run->arg, what, (unsigned)left);
		if ((r = run->pause(run->arg, ms, e)) != 0)
			break;
		ms = ms + ms / 2 < 5000 ? ms + ms / 2 : 5000;
	}
	run->waiting(run->arg, NULL, 0);
	if (r == 0 && strcmp(w.state, "running") != 0)
		return (int)e->code;
	if (r == 0 && !l->elastic)
		r = launch_set(&l->address, w.public_ip, e);
	return r;
}

int
launch_do_address(struct launch_run *run, bool again, struct err *e)
{
	return run->launch->elastic ? make(run, &making_address, again, e) : 0;
}

/* Again with the same instance it is the same. */
int
launch_do_association(struct launch_run *run, bool again, struct err *e)
{
	struct launch *l = run->launch;
	struct launch_asked a = { .action = &ec2_associate_address,
		.fresh = true };

	(void)again;
	if (!l->elastic)
		return 0;
	aws_param(&a.params, l->allocation, "AllocationId");
	aws_param(&a.params, l->instance, "InstanceId");
	aws_param(&a.params, "false", "AllowReassociation");
	return launch_ask(run, &a, e);
}

int
launch_look_for(struct launch_run *run, int64_t step, struct err *e)
{
	const struct making *m = NULL;
	char *const *id;

	if (step == LAUNCH_PAIR ||
	    (step == LAUNCH_KEY && run->launch->key_from == LAUNCH_KEY_AWS))
		m = &making_pair;
	else if (step == LAUNCH_GROUP)
		m = &making_group;
	else if (step == LAUNCH_INSTANCE)
		m = &making_instance;
	else if (step == LAUNCH_ADDRESS)
		m = &making_address;
	if (m == NULL)
		return 0;
	id = (char *const *)(void *)((char *)run->launch + m->id);
	if ((*id)[0] != '\0')
		return 0;
	return launch_look(run, m->look, m->found, id, true, e);
}
