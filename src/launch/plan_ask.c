/* SPDX-License-Identifier: ISC */
/*
 * What AWS is asked before a launch, in two rounds: the second needs what the
 * first has found.  Each row is copied: it is gone when its function returns.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/aws/ec2.h"
#include "pemkeep/aws/ssm.h"
#include "pemkeep/aws/sts.h"
#include "pemkeep/base/err.h"

#include "src/launch/plan_internal.h"

static void
copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
}

/* One more question; its parameters are to be filled in. */
static struct buf *
ask(struct plan *p, struct plan_asks *a, const struct aws_action *action,
    int (*row)(void *arg, const void *row, struct err *e))
{
	struct buf *params = &a->params[a->count];

	*params = (struct buf)BUF_INIT;
	a->jobs[a->count++] = (struct aws_job){
		.profile = launch_profile(p->launch),
		.region = p->launch->region,
		.action = action,
		.params = params,
		.row = row,
		.arg = p,
	};
	return params;
}

static int
ask_all(struct plan *p, struct plan_asks *a, struct err *e)
{
	int r = aws_run(p->aws, a->jobs, a->count);

	for (size_t i = 0; i < a->count; i++) {
		if (r != 0 && a->jobs[i].error.code == (enum err_code)r) {
			*e = a->jobs[i].error;
			break;
		}
	}
	for (size_t i = 0; i < a->count; i++)
		buf_free(&a->params[i]);
	a->count = 0;
	return r;
}

static int
on_identity(void *arg, const void *given, struct err *e)
{
	const struct sts_identity *row = given;
	struct plan *p = arg;

	(void)e;
	copy(p->account, sizeof(p->account), row->account);
	return 0;
}

static int
on_instance(void *arg, const void *given, struct err *e)
{
	const struct ec2_instance *row = given;
	struct plan *p = arg;

	(void)e;
	copy(p->in_use, sizeof(p->in_use), row->id);
	return 0;
}

static int
on_parameter(void *arg, const void *given, struct err *e)
{
	const struct ssm_parameter *row = given;
	struct plan *p = arg;

	(void)e;
	copy(p->parameter, sizeof(p->parameter), row->value);
	return 0;
}

/* How large is its root volume, if that outlives an instance? */
static int64_t
what_stays(const struct ec2_image *image)
{
	const struct ec2_disk *disks = image->disks.items;

	for (size_t i = 0; i < image->disks.count; i++)
		if (strcmp(disks[i].device, image->root_device) == 0 &&
		    !disks[i].delete_on_termination && disks[i].gibibytes > 0)
			return disks[i].gibibytes;
	return 0;
}

/* The newest one stays. */
static int
on_image(void *arg, const void *given, struct err *e)
{
	const struct ec2_image *row = given;
	struct plan *p = arg;
	struct launch *l = p->launch;

	p->images++;
	if (p->images > 1 && row->created <= p->image_created)
		return 0;
	p->image_created = row->created;
	l->stays = what_stays(row);
	if (launch_set(&l->image, row->id, e) != 0 ||
	    launch_set(&l->image_name, row->name, e) != 0 ||
	    launch_set(&l->architecture, row->architecture, e) != 0 ||
	    launch_set(&l->platform, row->platform, e) != 0 ||
	    launch_set(&l->root_device, row->root_device, e) != 0)
		return ERR_NOMEM;
	return 0;
}

static int
on_type(void *arg, const void *given, struct err *e)
{
	const struct ec2_type *row = given;
	const struct ec2_text *texts = row->architectures.items;
	struct plan *p = arg;
	struct plan_type *t = &p->types[p->type_count];

	(void)e;
	if (p->type_count == PLAN_TYPES_MAX)
		return 0;
	*t = (struct plan_type){ .free_tier = row->free_tier,
		.cpus = row->cpus,
		.mebibytes = row->mebibytes };
	copy(t->name, sizeof(t->name), row->name);
	for (size_t i = 0; i < row->architectures.count; i++) {
		t->fits[0] |= strcmp(texts[i].text, "x86_64") == 0;
		t->fits[1] |= strcmp(texts[i].text, "arm64") == 0;
	}
	p->type_count++;
	return 0;
}

static int
on_offering(void *arg, const void *given, struct err *e)
{
	const struct ec2_offering *row = given;
	struct plan *p = arg;
	struct plan_place *place = &p->places[p->place_count];

	(void)e;
	if (p->place_count == PLAN_PLACES_MAX)
		return 0;
	copy(place->type, sizeof(place->type), row->type);
	copy(place->zone, sizeof(place->zone), row->location);
	p->place_count++;
	return 0;
}

static int
on_vpc(void *arg, const void *given, struct err *e)
{
	const struct ec2_vpc *row = given;
	struct plan *p = arg;

	(void)e;
	if (row->is_default)
		copy(p->vpc, sizeof(p->vpc), row->id);
	return 0;
}

static int
on_subnet(void *arg, const void *given, struct err *e)
{
	const struct ec2_subnet *row = given;
	struct plan *p = arg;
	struct plan_subnet *s = &p->subnets[p->subnet_count];

	(void)e;
	if (p->subnet_count == PLAN_PLACES_MAX)
		return 0;
	copy(s->id, sizeof(s->id), row->id);
	copy(s->vpc, sizeof(s->vpc), row->vpc);
	copy(s->zone, sizeof(s->zone), row->zone);
	s->public_ip = row->public_ip;
	p->subnet_count++;
	return 0;
}

static int
on_group(void *arg, const void *given, struct err *e)
{
	const struct ec2_group *row = given;
	struct plan *p = arg;

	(void)e;
	p->group_taken |= strcasecmp(row->name, p->launch->group) == 0;
	return 0;
}

/* Type and key; what stands behind them is anybody's comment. */
static bool
is_same_key(const char *a, const char *b)
{
	size_t len = strcspn(a, " ");

	if (a[len] == '\0')
		return false;
	len += 1 + strcspn(a + len + 1, " \r\n");
	return strncmp(a, b, len) == 0 &&
	    (b[len] == '\0' || strchr(" \r\n", b[len]) != NULL);
}

static int
on_pair(void *arg, const void *given, struct err *e)
{
	const struct ec2_key_pair *row = given;
	struct plan *p = arg;

	(void)e;
	if (p->wish->key_from == LAUNCH_KEY_VAULT &&
	    is_same_key(p->wish->public_key, row->public_key))
		copy(p->same_key, sizeof(p->same_key), row->name);
	p->pair_taken |= strcmp(row->name, p->launch->pair) == 0;
	return 0;
}

static void
filter(struct buf *params, unsigned n, const char *name, const char *value)
{
	aws_param_filter(params, n, name, &value, 1);
}

/* A name is a name, not a pattern: EC2 takes '\' before what it would expand. */
static void
filter_literally(
    struct buf *params, unsigned n, const char *name, const char *value)
{
	struct buf b = BUF_INIT;

	for (; *value != '\0'; value++) {
		if (strchr("*?\\", *value) != NULL)
			buf_put_u8(&b, '\\');
		buf_put_u8(&b, (uint8_t)*value);
	}
	filter(params, n, name, buf_text(&b));
	params->failed |= !buf_ok(&b);
	buf_free(&b);
}

static void
ask_in_use(struct plan *p, struct plan_asks *a)
{
	static const char *const alive[] = { "pending", "running", "stopping",
		"stopped" };
	struct buf *params = ask(p, a, &ec2_describe_instances, on_instance);

	filter_literally(params, 1, "tag:Name", p->launch->name);
	aws_param_filter(params, 2, "instance-state-name", alive, 4);
}

/* "name:PATTERN[@OWNER]"; the last '@', since names may have some. */
static void
put_named(struct buf *params, const char *text)
{
	const char *at = strrchr(text, '@');
	char *name =
	    strndup(text, at != NULL ? (size_t)(at - text) : strlen(text));

	if (name == NULL) {
		params->failed = true;
		return;
	}
	aws_param(params, at != NULL ? at + 1 : "self", "Owner.1");
	if (at == NULL)
		aws_param(params, "amazon", "Owner.2");
	filter(params, 1, "name", name);
	filter(params, 2, "state", "available");
	free(name);
}

static void
ask_image_id(struct plan *p, struct plan_asks *a, const char *id)
{
	struct buf *params = ask(p, a, &ec2_describe_images, on_image);

	aws_param(params, "true", "IncludeDeprecated");
	filter(params, 1, "image-id", id);
	filter(params, 2, "state", "available");
}

static void
ask_image(struct plan *p, struct plan_asks *a)
{
	const char *wanted = p->wish->image, *alias = launch_alias(wanted);

	if (alias != NULL)
		ssm_put_names(
		    ask(p, a, &ssm_get_parameters, on_parameter), &alias, 1);
	else if (strncmp(wanted, PLAN_NAMED, strlen(PLAN_NAMED)) == 0)
		put_named(ask(p, a, &ec2_describe_images, on_image),
		    wanted + strlen(PLAN_NAMED));
	else
		ask_image_id(p, a, wanted);
}

static void
ask_types(struct plan *p, struct plan_asks *a)
{
	const char *const *types =
	    p->wish->type != NULL ? &p->wish->type : plan_free_types;
	size_t count = 1;
	struct buf *params;

	while (p->wish->type == NULL && types[count] != NULL)
		count++;
	params = ask(p, a, &ec2_describe_instance_types, on_type);
	aws_param_filter(params, 1, "instance-type", types, count);
	params = ask(p, a, &ec2_describe_instance_type_offerings, on_offering);
	aws_param(params, "availability-zone", "LocationType");
	aws_param_filter(params, 1, "instance-type", types, count);
}

int
plan_ask_name(struct plan *p, struct err *e)
{
	struct plan_asks a = { .count = 0 };

	ask_in_use(p, &a);
	return ask_all(p, &a, e);
}

int
plan_first_round(struct plan *p, struct err *e)
{
	struct plan_asks a = { .count = 0 };
	struct buf *params;

	ask(p, &a, &sts_get_caller_identity, on_identity);
	ask_in_use(p, &a);
	ask_image(p, &a);
	ask_types(p, &a);
	if (p->wish->subnet != NULL)
		filter(ask(p, &a, &ec2_describe_subnets, on_subnet), 1,
		    "subnet-id", p->wish->subnet);
	else
		filter(ask(p, &a, &ec2_describe_vpcs, on_vpc), 1, "is-default",
		    "true");
	params = ask(p, &a, &ec2_describe_key_pairs, on_pair);
	aws_param(params, "true", "IncludePublicKey");
	return ask_all(p, &a, e);
}

int
plan_second_round(struct plan *p, struct err *e)
{
	struct plan_asks a = { .count = 0 };
	struct buf *params;

	if (launch_alias(p->wish->image) != NULL)
		ask_image_id(p, &a, p->parameter);
	if (p->wish->subnet == NULL) {
		params = ask(p, &a, &ec2_describe_subnets, on_subnet);
		filter(params, 1, "vpc-id", p->vpc);
		filter(params, 2, "default-for-az", "true");
	}
	params = ask(p, &a, &ec2_describe_security_groups, on_group);
	filter(params, 1, "vpc-id", p->vpc);
	filter(params, 2, "group-name", p->launch->group);
	return ask_all(p, &a, e);
}
