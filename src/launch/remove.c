/* SPDX-License-Identifier: ISC */
/*
 * The order of removal, and its patience: AWS says "still in use" for a while
 * after the last user is gone.  "Not found" on the way is what was wanted.
 */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/aws/ec2_change.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/launch/remove_internal.h"

#define INSTANCE_PATIENCE (600 * 1000u) /* ms */
#define PATIENCE (180 * 1000u)
#define FRESH_PATIENCE (30 * 1000u) /* until AWS shows what is new */
#define SILENT_MAX 5
#define FIRST_PAUSE 250u
#define LONGEST_PAUSE 5000u

/* One thing that is being removed. */
struct removal {
	const struct remove_job *job;
	struct remove_list *list;
	struct remove_thing *thing;
	struct remove_seen seen;
	unsigned pause, waited; /* ms */
	unsigned silent;        /* answers in a row that did not come */
	struct buf words;       /* the thing */
	struct err why;
};

void
remove_describe(const struct remove_thing *t, struct buf *b)
{
	static const char *const names[] = {
		[REMOVE_INSTANCE] = "instance",
		[REMOVE_ADDRESS] = "Elastic IP",
		[REMOVE_GROUP] = "security group",
		[REMOVE_KEY_PAIR] = "key pair",
	};
	const char *quote = t->kind == REMOVE_ADDRESS ? "" : "'";

	buf_printf(b, "%s ", names[t->kind]);
	if (t->name[0] != '\0')
		buf_printf(b, "%s%s%s (%s)", quote, t->name, quote, t->id);
	else
		buf_put_text(b, t->id);
}

int
remove_add(struct remove_list *list, enum remove_kind kind, const char *id,
    const char *name, bool fresh, struct err *e)
{
	struct remove_thing *things, *t;

	for (size_t i = 0; i < list->count; i++)
		if (list->things[i].kind == kind &&
		    strcmp(list->things[i].id, id) == 0)
			return 0;
	things = reallocarray(list->things, list->count + 1, sizeof(*things));
	if (things == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	list->things = things;
	t = &things[list->count];
	*t = (struct remove_thing){ .kind = kind,
		.id = strdup(id),
		.name = strdup(name),
		.fresh = fresh };
	if (t->id == NULL || t->name == NULL) {
		free(t->id);
		free(t->name);
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	list->count++;
	return 0;
}

void
remove_clear(struct remove_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->things[i].id);
		free(list->things[i].name);
	}
	free(list->things);
	list->things = NULL;
	list->count = 0;
}

/* Longer each time.  ERR_NETWORK: it has been waited for long enough. */
static int
wait_more(struct removal *m, unsigned patience)
{
	int r;

	if (m->job->patience != 0 && m->job->patience < patience)
		patience = m->job->patience;
	if (m->waited >= patience)
		return err_set(&m->why, ERR_NETWORK,
		    "it is still there after %u seconds", m->waited / 1000);
	r = m->job->pause(m->job->arg, buf_text(&m->words), m->pause, &m->why);
	m->waited += m->pause;
	m->pause += m->pause / 2;
	if (m->pause > LONGEST_PAUSE)
		m->pause = LONGEST_PAUSE;
	return r;
}

/* One call with one parameter; *code is AWS' word when it has failed. */
static int
call(struct removal *m, const struct aws_action *action, const char *name,
    const char *value, char code[static 64])
{
	struct buf params = BUF_INIT;
	struct aws_job job = { .profile = m->job->profile,
		.region = m->job->region,
		.action = action,
		.params = &params };
	int r;

	aws_param(&params, value, "%s", name);
	r = aws_run_one(m->job->aws, &job, &m->why);
	memcpy(code, job.code, sizeof(job.code));
	buf_free(&params);
	return r == ERR_NOT_FOUND ? 0 : r;
}

static bool
is_in_use(const char *code)
{
	static const char *const codes[] = { "DependencyViolation",
		"InvalidGroup.InUse", "InvalidIPAddress.InUse",
		"IncorrectState" };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(code, codes[i]) == 0)
			return true;
	return false;
}

static enum remove_fate
failed(int r)
{
	return r == 0 ? REMOVE_DONE : REMOVE_FAILED;
}

static enum remove_fate
left(struct removal *m, const char *why, const char *what)
{
	err_set(&m->why, ERR_EXISTS, "%s%s", why, what);
	return REMOVE_LEFT;
}

/* The call that removes it, again while AWS says that it is in use. */
static int
call_patiently(struct removal *m, const struct aws_action *action,
    const char *name, const char *value)
{
	char code[64];
	struct err last;
	int r;

	while ((r = call(m, action, name, value, code)) != 0) {
		if (!is_in_use(code))
			return r;
		last = m->why;
		if ((r = wait_more(m, PATIENCE)) == ERR_NETWORK)
			m->why = last;
		if (r != 0)
			return r;
	}
	return 0;
}

/* Not seeing it is believed at once, unless it is new. */
static int
look(struct removal *m)
{
	int r;

	for (;;) {
		r = remove_look(m->job, m->thing, &m->seen, &m->why);
		if (r != 0 || m->seen.there || !m->thing->fresh)
			return r;
		if (m->waited >= FRESH_PATIENCE)
			return 0;
		if ((r = wait_more(m, FRESH_PATIENCE)) != 0)
			return r == ERR_NETWORK ? 0 : r;
	}
}

/* Somebody who waits is not put off by one answer that does not come. */
static int
look_again(struct removal *m)
{
	struct remove_seen seen = { .there = false };
	int r = remove_look(m->job, m->thing, &seen, &m->why);

	if (r == ERR_NETWORK)
		return ++m->silent < SILENT_MAX ? 0 : r;
	m->silent = 0;
	m->seen = seen;
	return r;
}

void
remove_hint_protection(const char *region, const char *id, struct err *e)
{
	err_hint(e,
	    "aws ec2 modify-instance-attribute --region %s --instance-id %s "
	    "--no-disable-api-termination",
	    region, id);
}

static enum remove_fate
remove_instance(struct removal *m)
{
	const struct remove_thing *t = m->thing;
	char code[64];
	int r = 0;

	if (!m->seen.ending)
		r = call(
		    m, &ec2_terminate_instances, "InstanceId.1", t->id, code);
	if (r != 0 && strcmp(code, "OperationNotPermitted") == 0)
		remove_hint_protection(m->job->region, t->id, &m->why);
	while (r == 0 && m->seen.there && !m->seen.ended)
		if ((r = wait_more(m, INSTANCE_PATIENCE)) == 0)
			r = look_again(m);
	return failed(r);
}

static enum remove_fate
remove_address(struct removal *m)
{
	const struct remove_thing *t = m->thing;
	const struct remove_seen *seen = &m->seen;
	char code[64];
	int r = 0;

	if (seen->user[0] != '\0' && !remove_is_gone(m->list, seen->user))
		return left(m, "it is in use by ", seen->user);
	/* Termination does that, too, but takes its time. */
	if (seen->through[0] != '\0')
		r = call(m, &ec2_disassociate_address, "AssociationId",
		    seen->through, code);
	if (r == 0)
		r = call_patiently(
		    m, &ec2_release_address, "AllocationId", t->id);
	return failed(r);
}

/* A group, or a key pair: an instance that stays may use it. */
static enum remove_fate
remove_unless_used(
    struct removal *m, const struct aws_action *action, const char *name)
{
	struct buf user = BUF_INIT;
	enum remove_fate fate;
	int r = remove_user(m->job, m->list, m->thing, &user, &m->why);

	if (r != 0)
		fate = REMOVE_FAILED;
	else if (user.len > 0)
		fate = left(m, "it is in use by ", buf_text(&user));
	else
		fate = failed(call_patiently(m, action, name, m->thing->id));
	buf_free(&user);
	return fate;
}

static enum remove_fate
remove_it(struct removal *m)
{
	if (look(m) != 0)
		return REMOVE_FAILED;
	if (!m->seen.there || m->seen.ended)
		return REMOVE_GONE;
	if (!m->seen.ours)
		return left(m, "it is not of this launch: its tag ",
		    "'" REMOVE_TAG "' says something else");
	switch (m->thing->kind) {
	case REMOVE_INSTANCE:
		return remove_instance(m);
	case REMOVE_ADDRESS:
		return remove_address(m);
	case REMOVE_GROUP:
		return remove_unless_used(
		    m, &ec2_delete_security_group, "GroupId");
	case REMOVE_KEY_PAIR:
		return remove_unless_used(m, &ec2_delete_key_pair, "KeyPairId");
	}
	return REMOVE_FAILED;
}

/* Its code when it has failed. */
static int
remove_one(const struct remove_job *job, struct remove_list *list,
    struct remove_thing *t, struct err *e)
{
	struct removal m = { .job = job,
		.list = list,
		.thing = t,
		.pause = FIRST_PAUSE,
		.words = BUF_INIT };
	enum remove_fate fate;

	remove_describe(t, &m.words);
	fate = remove_it(&m);
	t->gone = fate == REMOVE_DONE || fate == REMOVE_GONE;
	job->tell(job->arg, t, fate, t->gone ? NULL : &m.why);
	buf_free(&m.words);
	if (fate != REMOVE_FAILED)
		return 0;
	*e = m.why;
	return (int)m.why.code;
}

int
remove_run(
    const struct remove_job *job, struct remove_list *list, struct err *e)
{
	struct err first = { ERR_OK, "", "" }, why;
	int r = 0;

	if (!remove_is_launch(job->launch))
		return err_set(e, ERR_USAGE, "'%s' is not the id of a launch",
		    job->launch);
	for (unsigned kind = REMOVE_INSTANCE; kind <= REMOVE_KEY_PAIR; kind++)
		for (size_t i = 0; i < list->count; i++) {
			struct remove_thing *t = &list->things[i];

			if (t->kind != (enum remove_kind)kind || t->gone)
				continue;
			if (r == ERR_INTERRUPTED)
				job->tell(job->arg, t, REMOVE_FAILED, &first);
			else if ((r = remove_one(job, list, t, &why)) != 0 &&
			    (first.code == ERR_OK || r == ERR_INTERRUPTED))
				first = why;
		}
	if (first.code != ERR_OK && e != NULL)
		*e = first;
	return (int)first.code;
}
