/* SPDX-License-Identifier: ISC */
/*
 * The order of things: which readings of the argument there are, and where each
 * name is looked for.  The first that is found is the one.
 */

#include <arpa/inet.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/inventory/find.h"
#include "src/inventory/hosts_internal.h"
#include "src/inventory/inventory_internal.h"
#include "src/inventory/match.h"
#include "src/inventory/readings.h"
#include "src/inventory/ssh_config.h"
#include "src/inventory/target_internal.h"

#define ROUNDS 6 /* of looking, and asking AWS in between */

/* What was given along with the name beats what is written down for it. */
static int
set_given(struct target *t, const struct inventory_question *q,
    struct reading *reading, struct err *e)
{
	const char *user = q->user != NULL ? q->user : buf_text(&reading->user);
	unsigned port = q->port;
	int r = 0;

	if ((q->user != NULL || reading->has_user) && !hosts_is_user(user))
		return err_set(e, ERR_USAGE, "'%s' is not a user name", user);
	if (port > 65535)
		return err_set(e, ERR_USAGE, "%u is not a port", port);
	if (reading->has_port &&
	    !hosts_is_port(buf_text(&reading->port),
		q->port == 0 ? &port : &(unsigned){ 0 }))
		return err_set(e, ERR_USAGE, "'%s' is not a port",
		    buf_text(&reading->port));
	if (q->user != NULL || reading->has_user)
		r = target_set(&t->user, user, e, "%s",
		    q->user != NULL ? "-l" : "given with the name");
	if (r == 0 && port != 0)
		r = target_set_port(t, port, e, "%s",
		    q->port != 0 ? "-p" : "given with the name");
	return r;
}

/* Where nothing else has said anything. */
static int
set_defaults(
    struct target *t, const struct inventory_question *q, struct err *e)
{
	const struct passwd *pw;
	int r = 0;

	if (t->port == 0 && q->default_port > 0 && q->default_port <= 65535)
		r = target_set_port(t, q->default_port, e, "config: port");
	if (r == 0 && t->port == 0)
		r = target_set_port(t, 22, e, "default");
	if (r == 0 && t->user.source == NULL) {
		pw = getpwuid(getuid());
		if (pw != NULL && hosts_is_user(pw->pw_name))
			r = target_set(
			    &t->user, pw->pw_name, e, "your name here");
		else
			r = target_set(&t->user, NULL, e, "not known");
	}
	if (r == 0 && t->id.value == NULL)
		r = target_set(&t->id, "", e, "a static host");
	return r;
}

static int
set_address(struct target *t, const char *address, const char *host_key,
    const char *source, struct err *e)
{
	int r =
	    target_add(&t->addresses, &t->address_count, address, source, e);

	if (r == 0)
		r = target_add(&t->host_keys, &t->host_key_count,
		    host_key != NULL ? host_key : address,
		    host_key != NULL ? "HostKeyAlias" : "the address", e);
	return r;
}

static int
from_hosts(struct target *t, const struct hosts *hosts, const struct host *host,
    struct err *e)
{
	struct buf source = BUF_INIT;
	int r;

	buf_printf(&source, "%s:%lu", hosts->path, host->host_line);
	if ((r = target_set(&t->name, host->name, e, "%s:%lu", hosts->path,
		 host->name_line)) == 0)
		r = set_address(t, host->host, NULL, buf_text(&source), e);
	if (r == 0 && host->user != NULL && t->user.value == NULL)
		r = target_set(&t->user, host->user, e, "%s:%lu", hosts->path,
		    host->user_line);
	if (r == 0 && host->port != 0 && t->port == 0)
		r = target_set_port(
		    t, host->port, e, "%s:%lu", hosts->path, host->port_line);
	buf_free(&source);
	return r;
}

static int
from_config(struct target *t, const char *name,
    const struct ssh_config_host *config, const char *where, struct err *e)
{
	struct buf source = BUF_INIT;
	int r;

	buf_printf(&source, "ssh -G (%s)", where);
	if ((r = target_set(&t->name, name, e, "%s", where)) == 0)
		r = set_address(
		    t, config->hostname, config->alias, buf_text(&source), e);
	if (r == 0 && t->user.value == NULL)
		r = target_set(
		    &t->user, config->user, e, "%s", buf_text(&source));
	if (r == 0 && t->port == 0)
		r = target_set_port(
		    t, config->port, e, "%s", buf_text(&source));
	buf_free(&source);
	return r;
}

/* An address, or a name with a dot in it. */
static bool
is_literal(const char *name)
{
	return hosts_is_host(name) && strpbrk(name, ".:") != NULL;
}

enum found_in { NOWHERE, IN_HOSTS, IN_EC2, IN_CONFIG, LITERAL };

/* One search: the question, and what it has led to. */
struct search {
	const struct inventory_question *q;
	struct readings all;
	struct hosts hosts;
	enum found_in in;
	struct reading *reading;
	const struct host *host;
	struct found_list instances;
	size_t chosen;               /* of these, or SIZE_MAX */
	struct cache_instance *gone; /* it was that one's name, or NULL */
	bool lost;        /* what the cache said is not so any more */
	struct buf where; /* Host in ~/.ssh/config */
};

/* Before the next search: one that was terminated is worth a word. */
static void
keep_gone(struct search *s)
{
	if (s->gone == NULL) {
		s->gone = s->instances.gone;
		s->instances.gone = NULL;
	}
	find_clear(&s->instances);
}

/* Where is this name?  The first place that has it counts. */
static int
find_name(struct search *s, struct reading *reading, struct err *e)
{
	const struct inventory_question *q = s->q;
	const char *name = buf_text(&reading->name);
	int r;

	s->reading = reading;
	s->in = IN_HOSTS;
	if ((s->host = hosts_find(&s->hosts, name)) != NULL)
		return 0;
	s->in = IN_EC2;
	if (q->inventory != NULL) {
		keep_gone(s);
		if ((r = inventory_prepare(q->inventory, e)) != 0 ||
		    (r = find_instances(q->inventory, name, q->instance,
			 q->region, &s->instances, e)) != 0)
			return r;
		s->chosen = find_best(&s->instances);
		if (s->instances.count > 0)
			return 0;
	}
	s->in = IN_CONFIG;
	buf_clear(&s->where);
	if ((r = ssh_config_names(q->ssh_config, name, &s->where, e)) != 0)
		return r < 0 ? r : 0;
	s->in = is_literal(name) ? LITERAL : NOWHERE;
	return 0;
}

static int
find_any(struct search *s, struct err *e)
{
	int r = 0;

	s->in = NOWHERE;
	for (size_t i = 0; i < s->all.count && r == 0 && s->in == NOWHERE; i++)
		r = find_name(s, &s->all.list[i], e);
	return r;
}

/*
 * Should AWS be asked about this area before the answer counts?  Where
 * something else has the name, only what was never asked could say otherwise.
 */
static bool
is_needed(const struct search *s, const struct area *a)
{
	const struct inventory *inv = s->q->inventory;

	if ((a->extra && !a->named) || a->tried)
		return false;
	if (s->q->refresh || s->in == NOWHERE || s->lost)
		return true;
	if (s->in == IN_EC2 && s->chosen == SIZE_MAX &&
	    !inventory_is_fresh(inv, a))
		return true;
	return inv->configured && inventory_is_unknown(inv, a);
}

/* 1: AWS was asked, look again. */
static int
ask_if_needed(struct search *s, struct err *e)
{
	struct inventory *inv = s->q->inventory;
	bool any = false;
	int r;

	if (inv == NULL || s->in == IN_HOSTS || !inventory_can_ask(inv))
		return 0;
	for (size_t i = 0; i < inv->area_count; i++) {
		inv->areas[i].wanted = is_needed(s, &inv->areas[i]);
		any |= inv->areas[i].wanted;
	}
	/* No area yet: the regions are to be found out, or there are none. */
	if (!any && (inv->asked || inv->profiles == NULL || s->in != NOWHERE))
		return 0;
	if (!any && inv->area_count > 0 && !inv->o.all_regions)
		return 0;
	r = inventory_ask(inv, e);
	return r == 0 ? 1 : r;
}

/* Elastic IPs are a question of their own: it may have lost that one since. */
static bool
lost_elastic(const struct cache_instance *i)
{
	return i->elastic[0] != '\0' && strcmp(i->elastic, i->public_ip) != 0;
}

/* The name was its address, or a tag; what it has now may be another one. */
static int
is_still_meant(struct search *s, const struct cache_instance *i, bool *meant,
    struct err *e)
{
	const char *name = buf_text(&s->reading->name);
	struct found_list list;
	int r = find_instances(
	    s->q->inventory, name, s->q->instance, s->q->region, &list, e);

	*meant = false;
	for (size_t k = 0; k < list.count && r == 0; k++) {
		const struct found *f = &list.list[k];

		if (strcmp(f->instance->id, i->id) == 0 &&
		    (f->by != CACHE_ADDRESS || !lost_elastic(i) ||
			strcmp(name, i->elastic) != 0))
			*meant = true;
	}
	find_clear(&list);
	return r;
}

/*
 * With 'live': the row as AWS has it now; *gone when it has none, or the name
 * means another one.
 */
static int
make_live(struct search *s, bool *gone, struct err *e)
{
	struct found *f = &s->instances.list[s->chosen];
	struct inventory *inv = s->q->inventory;
	const struct area *a = &inv->areas[f->area];
	bool found;
	int r;

	*gone = false;
	if (!s->q->live || (!s->q->anew && (f->live || a->live))) {
		if (a->live && !a->elastic_live && lost_elastic(f->instance))
			f->instance->elastic = "";
		return 0;
	}
	if (!inventory_can_ask(inv))
		return err_set(e, ERR_NETWORK,
		    "the address of '%s' is from the cache, and AWS cannot be "
		    "asked",
		    f->instance->id);
	r = inventory_ask_one(
	    inv, &inv->areas[f->area], f->instance->id, &found, e);
	if (r == 0 && found)
		r = find_again(inv, f, &found, e);
	if (r == 0 && found)
		r = is_still_meant(s, f->instance, &found, e);
	if (found && lost_elastic(f->instance))
		f->instance->elastic = "";
	f->live = found;
	*gone = r == 0 && !found;
	return r;
}

/* What AWS said when it was asked in vain; a missing region is no answer. */
static const struct err *
refusal(const struct inventory *inv)
{
	if (inv == NULL || !inv->configured)
		return NULL;
	for (size_t i = 0; i < inv->area_count; i++)
		if (inv->areas[i].place.fetched != 0)
			return NULL;
	for (size_t i = 0; i < inv->trouble_count; i++)
		if (inv->troubles[i].error.code != ERR_USAGE)
			return &inv->troubles[i].error;
	return NULL;
}

/* Nobody knows the name. */
static int
not_found(struct search *s, struct err *e)
{
	const struct err *why = refusal(s->q->inventory);
	/* The shortest reading is what was meant as a name, but "tag:x". */
	size_t i = match_is_pattern(s->q->argument) ? 0
	    : s->all.count > 2                      ? 2
						    : s->all.count - 1;

	keep_gone(s);
	if (why != NULL) {
		if (e != NULL)
			*e = *why;
		return (int)why->code;
	}
	if (s->gone != NULL) {
		err_set(e, ERR_NOT_FOUND, "'%s' is %s, which is %s",
		    buf_text(&s->all.list[i].name), s->gone->id,
		    s->gone->state);
		err_hint(e, "pemkeep list");
		return ERR_NOT_FOUND;
	}
	return target_not_found(
	    s->q, buf_text(&s->all.list[i].name), &s->hosts, e);
}

static int
search(struct search *s, struct err *e)
{
	bool gone;
	int r = 0, asked;

	for (int i = 0; i < ROUNDS; i++) {
		if ((r = find_any(s, e)) != 0)
			return r;
		if ((asked = ask_if_needed(s, e)) < 0)
			return asked;
		if (asked == 1)
			continue;
		if (s->in != IN_EC2 || s->chosen == SIZE_MAX)
			return 0;
		if ((r = make_live(s, &gone, e)) != 0 || !gone)
			return r;
		/* Another one may have its name now. */
		s->lost = true;
	}
	return err_set(e, ERR_NETWORK,
	    "AWS does not say any more which instance '%s' is",
	    buf_text(&s->reading->name));
}

/* Fill in what was found. */
static int
fill(struct search *s, struct target *t, struct err *e)
{
	const char *name = buf_text(&s->reading->name);
	struct ssh_config_host config = { .port = 0 };
	struct target_found found = { .name = name,
		.hosts = &s->hosts,
		.host = s->host,
		.where = buf_text(&s->where) };
	const struct found *instance = NULL;
	int r = 0;

	if (s->in == IN_EC2 && s->chosen == SIZE_MAX)
		return target_ambiguous(t, s->q, name, &s->instances, e);
	if (s->in == IN_CONFIG) {
		found.config = &config;
		r = ssh_config_ask(s->q->ssh_config, name, &config, e);
	}
	if (r == 0)
		r = set_given(t, s->q, s->reading, e);
	if (r != 0)
		goto out;
	if (s->in == IN_HOSTS) {
		r = from_hosts(t, &s->hosts, s->host, e);
	} else if (s->in == IN_EC2) {
		instance = &s->instances.list[s->chosen];
		found.instance = instance->instance;
		if ((r = target_from_instance(t, s->q, instance, e)) == 0)
			r = target_note(t, &s->instances, s->chosen, e);
	} else if (s->in == IN_CONFIG) {
		r = from_config(t, name, &config, found.where, e);
	} else if ((r = target_set(&t->name, name, e, "as given")) == 0) {
		r = set_address(t, name, NULL, "as given", e);
	}
	if (r == 0 && (r = set_defaults(t, s->q, e)) == 0)
		r = target_choose_keys(t, s->q, &found, e);
out:
	ssh_config_clear(&config);
	return r;
}

int
inventory_resolve(
    const struct inventory_question *q, struct target *t, struct err *e)
{
	struct search s = { .q = q, .chosen = SIZE_MAX };
	int r;

	memset(t, 0, sizeof(*t));
	readings_read(q->argument, &s.all);
	if ((r = hosts_read(q->hosts, &s.hosts, e)) == 0 &&
	    (r = search(&s, e)) == 0)
		r = s.in == NOWHERE ? not_found(&s, e) : fill(&s, t, e);
	find_clear(&s.instances);
	free(s.gone);
	hosts_clear(&s.hosts);
	readings_clear(&s.all);
	buf_free(&s.where);
	return r;
}
