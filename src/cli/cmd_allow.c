/* SPDX-License-Identifier: ISC */

/*
 * pemkeep allow: let my present address reach a port of an instance, or take it out
 * again.  Whoever shares the group is named, and so is what is open to everybody.
 */

#include <string.h>

#include "pemkeep/aws/my_address.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/table.h"
#include "pemkeep/inventory/inventory.h"
#include "pemkeep/inventory/target.h"
#include "pemkeep/launch/allow.h"
#include "pemkeep/log/log.h"

#include "src/cli/cli.h"
#include "src/cli/cloud.h"
#include "src/cli/commands.h"

#define SSH 22u
#define RDP 3389u
#define PORT_MAX 65535u

struct request {
	struct cli *cli;
	struct cloud cloud;
	struct target target;
	struct allow allow;
	bool revoke;
	unsigned port; /* 0: not given */
	bool given;    /* --cidr */
	size_t added, taken;
};

static int
read_options(struct request *q, struct err *e)
{
	const char *cidr = option_value(q->cli, "cidr");
	int r = option_number(q->cli, "port", 1, &q->port, e);

	if (r != 0)
		return r;
	if (q->port > PORT_MAX)
		return err_set(e, ERR_USAGE, "--port: %u is no port", q->port);
	q->revoke = option_on(q->cli, "revoke");
	q->given = cidr != NULL;
	if (cidr == NULL || cidr_parse(cidr, &q->allow.cidr))
		return 0;
	err_set(e, ERR_USAGE, "--cidr: '%s' is no range of addresses", cidr);
	err_hint(e,
	    "as in --cidr 203.0.113.7, --cidr 203.0.113.0/24, --cidr "
	    "2001:db8::/64");
	return ERR_USAGE;
}

/* The instance, as AWS says it is now. */
static int
find(struct request *q, struct err *e)
{
	struct inventory_question question = { .argument = q->cli->operands[0],
		.live = true };
	const struct target_instance *i = &q->target.instance;
	int r = cloud_choose(&q->cloud, &question, &q->target, e);

	cloud_tell(&q->cloud, r == 0 ? NULL : e);
	if (r != 0)
		return r;
	if (i->id == NULL) {
		err_set(e, ERR_NOT_FOUND, "'%s' is no EC2 instance",
		    q->cli->operands[0]);
		err_hint(e, "pemkeep list");
		return ERR_NOT_FOUND;
	}
	q->allow.aws = q->cloud.aws;
	q->allow.profile = inventory_profile(q->cloud.inventory, i->profile);
	q->allow.region = i->region;
	q->allow.instance = i->id;
	q->allow.group = option_value(q->cli, "group");
	q->allow.me = !q->given;
	q->allow.port = q->port;
	if (q->port == 0)
		q->allow.port = strcmp(i->platform, "windows") == 0 ? RDP : SSH;
	return 0;
}

static int
ask_address(struct request *q, struct err *e)
{
	char address[AWS_MY_ADDRESS_SIZE];
	int r;

	if (q->given || q->revoke)
		return 0;
	r = aws_my_address(
	    q->cloud.aws, q->cloud.config.my_address, address, e);
	if (r != 0) {
		err_hint(e, "say it: --cidr ADDRESS");
		return r;
	}
	if (!cidr_parse(address, &q->allow.cidr))
		return err_set(e, ERR_NETWORK, "'%s' is no address", address);
	return 0;
}

static void
put_name(const struct request *q, struct buf *b)
{
	const struct target_instance *i = &q->target.instance;

	inventory_put_name(b, i->name, i->id);
}

static void
log_it(const struct request *q, enum log_kind kind, const char *range)
{
	const struct target_instance *i = &q->target.instance;

	(void)event_write(&(const struct log_event){ .kind = kind,
	    .host = i->name[0] != '\0' ? i->name : i->id,
	    .instance = i->id,
	    .address = range,
	    .port = q->allow.port,
	    .detail = q->allow.chosen->id });
}

static void
on_added(void *arg, const struct cidr *cidr)
{
	const struct allow_group *g;
	struct request *q = arg;
	struct buf name = BUF_INIT;
	char range[CIDR_SIZE];

	q->added++;
	g = q->allow.chosen;
	cidr_format(cidr, range);
	put_name(q, &name);
	out_say(q->cli, "%s: port %u is open to %s (security group '%s', %s)",
	    buf_text(&name), q->allow.port, range, g->name, g->id);
	log_it(q, LOG_ALLOW, range);
	buf_free(&name);
}

static void
on_taken(void *arg, const struct allow_rule *rule)
{
	struct request *q = arg;
	struct buf name = BUF_INIT;
	char range[CIDR_SIZE];

	q->taken++;
	cidr_format(&rule->cidr, range);
	put_name(q, &name);
	out_say(q->cli, "%s: port %u is not open to %s any more%s (%s)",
	    buf_text(&name), q->allow.port, range,
	    q->revoke ? "" : ", your address before", rule->id);
	log_it(q, LOG_REVOKE, range);
	buf_free(&name);
}

/* What else lets somebody in to this port. */
static bool
is_for_port(const struct request *q, const struct allow_rule *rule)
{
	return rule->from <= q->allow.port && q->allow.port <= rule->to;
}

static void
warn_world(const struct request *q)
{
	const struct allow *a = &q->allow;
	struct err e;
	char range[CIDR_SIZE];

	for (size_t i = 0; i < a->rule_count; i++) {
		const struct allow_rule *rule = &a->rules[i];

		if (!allow_is_world(&rule->cidr, rule->from, rule->to))
			continue;
		cidr_format(&rule->cidr, range);
		err_set(&e, ERR_OK,
		    "the security group '%s' (%s) lets the whole internet in, "
		    "also to port %s (%s)",
		    a->chosen->name, a->chosen->id,
		    rule->from <= 22 && 22 <= rule->to ? "22" : "3389", range);
		err_hint(&e,
		    "aws ec2 revoke-security-group-ingress --region %s "
		    "--group-id %s --security-group-rule-ids %s",
		    a->region, a->chosen->id, rule->id);
		out_warning(e.text, e.hint);
	}
}

static void
show_groups(const struct allow *a)
{
	struct table *t = table_new(2);
	struct buf b = BUF_INIT;

	table_cell(t, "ID");
	table_cell(t, "SECURITY GROUP");
	for (size_t i = 0; i < a->group_count; i++) {
		table_cell(t, a->groups[i].id);
		table_cell(t, a->groups[i].name);
	}
	if (table_put(&b, t))
		out_talk(buf_text(&b));
	table_free(t);
	buf_free(&b);
}

/* Everybody?  Somebody must say so. */
static int
confirm_world(const struct request *q, struct err *e)
{
	const struct allow *a = &q->allow;
	struct buf b = BUF_INIT;
	char range[CIDR_SIZE];
	int r;

	if (q->revoke || !allow_is_world(&a->cidr, a->port, a->port) ||
	    allow_find(a) != NULL)
		return 0;
	cidr_format(&a->cidr, range);
	buf_printf(&b, "%s is %s, from which port %u is attacked all the time",
	    range,
	    a->cidr.bits == 0 ? "the whole internet"
			      : "a large part of the internet",
	    a->port);
	out_warning(buf_text(&b), "");
	buf_clear(&b);
	buf_printf(&b, "Open port %u to all of that?", a->port);
	r = prompt_confirm(q->cli, buf_text(&b), e);
	buf_free(&b);
	return r;
}

static int
look(struct request *q, struct err *e)
{
	struct allow *a = &q->allow;
	int r = allow_look(a, e);

	if (r == ERR_AMBIGUOUS)
		show_groups(a);
	if (r != 0)
		return r;
	if (a->shared != NULL)
		out_say(q->cli,
		    "The security group '%s' (%s) is also that of "
		    "%s.",
		    a->chosen->name, a->chosen->id, a->shared);
	warn_world(q);
	return confirm_world(q, e);
}

/* Who else can reach the port, now that something was taken out. */
static void
say_remaining(const struct request *q)
{
	const struct allow *a = &q->allow;
	char range[CIDR_SIZE];

	for (size_t i = 0; i < a->rule_count; i++) {
		const struct allow_rule *rule = &a->rules[i];
		bool out = rule->from == a->port && rule->to == a->port &&
		    (a->me ? rule->maker == ALLOW_MINE
			   : cidr_is_same(&rule->cidr, &a->cidr));

		if (out || !is_for_port(q, rule))
			continue;
		cidr_format(&rule->cidr, range);
		out_say(q->cli, "Port %u is still open to %s (%s).", a->port,
		    range, rule->id);
	}
}

static int
take_out(struct request *q, struct err *e)
{
	const struct allow *a = &q->allow;
	bool others;
	int r = allow_revoke(&q->allow, &others, e);

	if (r != 0)
		return r;
	if (others) {
		err_set(e, ERR_EXISTS,
		    "the rule %s was not made here, and stays",
		    allow_find(a)->id);
		err_hint(e,
		    "aws ec2 revoke-security-group-ingress --region %s "
		    "--group-id %s --security-group-rule-ids %s",
		    a->region, a->chosen->id, allow_find(a)->id);
		return ERR_EXISTS;
	}
	if (q->taken == 0)
		out_say(
		    q->cli, "There is no rule of yours for port %u.", a->port);
	say_remaining(q);
	return 0;
}

static int
change(struct request *q, struct err *e)
{
	char range[CIDR_SIZE];
	int r;

	if ((r = ask_address(q, e)) != 0 || (r = look(q, e)) != 0)
		return r;
	q->allow.added = on_added;
	q->allow.taken = on_taken;
	q->allow.arg = q;
	if (q->revoke)
		return take_out(q, e);
	r = allow_add(&q->allow, e);
	cidr_format(&q->allow.cidr, range);
	if (r == 0 && q->added == 0)
		out_say(q->cli, "Port %u is open to %s already.", q->allow.port,
		    range);
	return r;
}

static int
run(struct cli *cli)
{
	struct request q = { .cli = cli };
	struct err e;
	int r;

	if ((r = read_options(&q, &e)) == 0 &&
	    (r = cloud_open(&q.cloud, cli, &e)) == 0 &&
	    (r = find(&q, &e)) == 0) {
		cloud_begin(&q.cloud);
		r = change(&q, &e);
		cloud_end(&q.cloud);
	}
	allow_clear(&q.allow);
	target_clear(&q.target);
	cloud_close(&q.cloud);
	return r == 0 ? 0 : out_error(&e);
}

static const struct option options[] = {
	{ "port", 'p', "PORT", "this one; default: 22, for Windows 3389" },
	{ "cidr", 0, "RANGE", "these addresses instead of mine" },
	{ "group", 0, "GROUP", "in this security group (id or name)" },
	{ "revoke", 0, NULL, "take it out again" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_allow = {
	.name = "allow",
	.args = "NAME",
	.min = 1,
	.max = 1,
	.summary = "let your present address reach a port of an instance",
	.options = options,
	.run = run,
};
