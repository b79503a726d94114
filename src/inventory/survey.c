/* SPDX-License-Identifier: ISC */
/*
 * Asking for a survey: four questions about each account and region, all at the
 * same time.  One that fails takes nothing from the others.
 */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/aws/ec2.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/inventory/ask.h"
#include "src/inventory/inventory_internal.h"
#include "src/inventory/match.h"
#include "src/inventory/survey_internal.h"

#define GROUPS_MAX 16

/* What the rows of a job are added to. */
struct collector {
	struct survey *s;
	size_t place;
};

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

static int
take_instance(void *arg, const void *given, struct err *e)
{
	const struct ec2_instance *row = given;
	const struct ec2_group_name *groups = row->groups.items;
	struct survey_group copies[GROUPS_MAX];
	struct collector *c = arg;
	char public_ip[46], ipv6[46];
	struct survey_instance i = { .place = c->place,
		.id = row->id,
		.name = ec2_tag_value(&row->tags, "Name"),
		.state = row->state,
		.key_pair = row->key,
		.public_ip = public_ip,
		.ipv6 = ipv6,
		.tokens = row->http_tokens,
		.endpoint = row->http_endpoint,
		.groups = copies };

	if (!match_is_id(row->id) || strcmp(row->state, "terminated") == 0 ||
	    strcmp(row->state, "shutting-down") == 0)
		return 0;
	(void)rows_address_text(row->public_ip, public_ip);
	(void)rows_address_text(row->ipv6, ipv6);
	for (size_t g = 0; g < row->groups.count && g < GROUPS_MAX; g++)
		copies[i.group_count++] =
		    (struct survey_group){ groups[g].id, groups[g].name };
	return survey_add_instance(c->s, &i, e);
}

static int
take_pair(void *arg, const void *given, struct err *e)
{
	const struct ec2_key_pair *row = given;
	struct collector *c = arg;
	const struct survey_pair p = { .place = c->place,
		.name = row->name,
		.id = row->id,
		.type = row->type,
		.fingerprint = row->fingerprint,
		.public_key = row->public_key,
		.created = row->created };

	return row->name[0] != '\0' ? survey_add_pair(c->s, &p, e) : 0;
}

static int
take_address(void *arg, const void *given, struct err *e)
{
	const struct ec2_address *row = given;
	struct collector *c = arg;
	char ip[46];
	const struct survey_address a = { .place = c->place,
		.ip = ip,
		.allocation = row->allocation,
		.instance = row->instance,
		.interface = row->interface };

	return rows_address_text(row->public_ip, ip)
	    ? survey_add_address(c->s, &a, e)
	    : 0;
}

static int
take_rule(void *arg, const void *given, struct err *e)
{
	const struct ec2_rule *row = given;
	struct collector *c = arg;
	const struct survey_rule u = { .place = c->place,
		.id = row->id,
		.group = row->group,
		.protocol = row->protocol,
		.cidr = row->cidr,
		.cidr6 = row->cidr6,
		.from = row->from,
		.to = row->to };

	return row->egress ? 0 : survey_add_rule(c->s, &u, e);
}

static const struct {
	const struct aws_action *action;
	int (*row)(void *arg, const void *row, struct err *e);
} questions[SURVEY_KINDS] = {
	[SURVEY_INSTANCES] = { &ec2_describe_instances, take_instance },
	[SURVEY_PAIRS] = { &ec2_describe_key_pairs, take_pair },
	[SURVEY_ADDRESSES] = { &ec2_describe_addresses, take_address },
	[SURVEY_RULES] = { &ec2_describe_security_group_rules, take_rule },
};

/* The areas that count, one for each account and region. */
static int
make_places(
    struct inventory *inv, struct survey *s, size_t *areas, struct err *e)
{
	s->places = calloc(inv->area_count + 1, sizeof(*s->places));
	if (s->places == NULL)
		return no_memory(e);
	for (size_t i = 0; i < inv->area_count; i++) {
		const struct area *a = &inv->areas[i];
		const struct login *l = &inv->logins[a->login];

		if (a->extra || a->same || l->account[0] == '\0')
			continue;
		areas[s->place_count] = i;
		s->places[s->place_count++] =
		    (struct survey_place){ .profile = l->name,
			    .account = l->account,
			    .region = a->region };
	}
	return 0;
}

/* What came of one question; what has failed leaves nothing. */
static int
settle(struct inventory *inv, struct survey *s, size_t area, size_t place,
    enum survey_kind kind, const struct aws_job *job, struct err *e)
{
	struct survey_place *p = &s->places[place];
	const struct area *a = &inv->areas[area];

	if (job->error.code != ERR_OK) {
		survey_drop(s, place, kind);
		return inventory_add_trouble(
		    inv, &inv->logins[a->login], a->region, &job->error, e);
	}
	p->live[kind] = true;
	p->since[kind] = inventory_now(inv);
	return 0;
}

/* One job for each question about each place. */
static void
make_jobs(struct inventory *inv, struct survey *s, const size_t *areas,
    const struct buf *pairs, struct collector *to, struct aws_job *jobs)
{
	for (size_t i = 0; i < s->place_count; i++) {
		const struct area *a = &inv->areas[areas[i]];

		to[i] = (struct collector){ s, i };
		for (size_t k = 0; k < SURVEY_KINDS; k++)
			jobs[i * SURVEY_KINDS + k] =
			    ask_job(&inv->logins[a->login], a->region,
				questions[k].action, questions[k].row, &to[i]);
		jobs[i * SURVEY_KINDS + SURVEY_PAIRS].params = pairs;
	}
}

static int
ask(struct inventory *inv, struct survey *s, const size_t *areas, struct err *e)
{
	size_t count = s->place_count * SURVEY_KINDS;
	struct aws_job *jobs = calloc(count + 1, sizeof(*jobs));
	struct collector *to = calloc(s->place_count + 1, sizeof(*to));
	struct buf pairs = BUF_INIT;
	int r;

	aws_param(&pairs, "true", "IncludePublicKey");
	if (jobs == NULL || to == NULL || !buf_ok(&pairs)) {
		r = no_memory(e);
		goto out;
	}
	make_jobs(inv, s, areas, &pairs, to, jobs);
	r = ask_run(inv, jobs, count, e);
	for (size_t i = 0; i < count && r == 0; i++)
		r = settle(inv, s, areas[i / SURVEY_KINDS], i / SURVEY_KINDS,
		    (enum survey_kind)(i % SURVEY_KINDS), &jobs[i], e);
out:
	buf_free(&pairs);
	free(jobs);
	free(to);
	return r;
}

/*
 * Keep what is new, and find what was not to be had.  A cache that is damaged is
 * one that knows nothing.
 */
static int
use_cache(struct inventory *inv, struct survey *s, size_t place, struct err *e)
{
	struct survey_place *p = &s->places[place];
	struct cache_place known;
	int r;

	r = cache_place(inv->cache, p->account, p->region, &known, e);
	if (r == 0 && known.id == 0)
		r = cache_tried(
		    inv->cache, p->account, p->region, 0, &known, e);
	for (int k = 0; k < SURVEY_KINDS && r == 0; k++) {
		enum survey_kind kind = (enum survey_kind)k;

		if (p->live[kind])
			r = survey_store(
			    inv->cache, known.id, s, place, kind, e);
		else
			r = survey_load(
			    inv->cache, known.id, s, place, kind, e);
		if (r == ERR_FORMAT && !p->live[kind]) {
			survey_drop(s, place, kind);
			p->since[kind] = 0;
		}
		if (r == ERR_FORMAT)
			r = 0;
	}
	return r == ERR_FORMAT ? 0 : r;
}

int
inventory_survey(struct inventory *inv, struct survey *s, struct err *e)
{
	size_t *areas;
	int r;

	memset(s, 0, sizeof(*s));
	if ((r = inventory_prepare(inv, e)) != 0)
		return r;
	for (size_t i = 0; i < inv->area_count; i++)
		inv->areas[i].wanted = !inv->areas[i].extra;
	if (inventory_can_ask(inv) && inv->configured &&
	    (r = inventory_ask_where(inv, e)) != 0)
		return r;
	if ((areas = calloc(inv->area_count + 1, sizeof(*areas))) == NULL)
		return no_memory(e);
	r = make_places(inv, s, areas, e);
	if (r == 0 && inventory_can_ask(inv) && inv->configured)
		r = ask(inv, s, areas, e);
	for (size_t i = 0; i < s->place_count && r == 0; i++)
		r = use_cache(inv, s, i, e);
	for (size_t i = 0; i < inv->area_count; i++)
		inv->areas[i].wanted = false;
	free(areas);
	return r;
}
