/* SPDX-License-Identifier: ISC */
/*
 * What the security group lets in.  A source is kept as EC2 keeps it, with the
 * bits of hosts zeroed, so that what is shown is what will be.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/cidr.h"
#include "pemkeep/base/err.h"

#include "src/launch/launch_internal.h"

#define WORLD "0.0.0.0/0"

static int
bad(const char *text, const char *why, struct err *e)
{
	err_set(e, ERR_USAGE, "--open '%.200s': %s", text, why);
	err_hint(e,
	    "as in --open 443, --open 8000-8010, --open 5432:10.0.0.0/8, "
	    "--open "
	    "8080:me");
	return ERR_USAGE;
}

/* A decimal number at '*at', which then is behind it. */
static bool
take_number(const char **at, unsigned most, unsigned *number)
{
	size_t len = strspn(*at, "0123456789");

	if (len == 0 || len > 5 || (len > 1 && **at == '0'))
		return false;
	*number = (unsigned)strtoul(*at, NULL, 10);
	*at += len;
	return *number <= most;
}

static bool
take_cidr(const char *text, char out[static LAUNCH_CIDR_SIZE])
{
	struct cidr c;

	if (!cidr_parse(text, &c))
		return false;
	cidr_format(&c, out);
	return true;
}

static bool
is_same(const struct launch_rule *a, const struct launch_rule *b)
{
	return a->from == b->from && a->to == b->to && a->me == b->me &&
	    strcmp(a->cidr, b->cidr) == 0;
}

static int
add(struct launch *l, const struct launch_rule *rule, const char *text,
    struct err *e)
{
	for (size_t i = 0; i < l->rule_count; i++)
		if (is_same(&l->rules[i], rule))
			return 0;
	if (l->rule_count == LAUNCH_RULES_MAX)
		return bad(text, "that is too many rules", e);
	l->rules[l->rule_count++] = *rule;
	return 0;
}

/* Read "PORT[-PORT][:CIDR|:me]". */
static int
read_rule(struct launch *l, const char *text, struct err *e)
{
	struct launch_rule rule = { .cidr = WORLD };
	const char *at = text;

	if (!take_number(&at, 65535, &rule.from) || rule.from == 0)
		return bad(text, "it begins with a port from 1 to 65535", e);
	rule.to = rule.from;
	if (*at == '-') {
		at++;
		if (!take_number(&at, 65535, &rule.to) || rule.to < rule.from)
			return bad(text, "the range of ports has no end", e);
	}
	if (strcmp(at, ":me") == 0) {
		rule.me = true;
		rule.cidr[0] = '\0';
	} else if (*at != '\0' &&
	    (*at != ':' || !take_cidr(at + 1, rule.cidr))) {
		return bad(text,
		    "behind the port and ':' comes an address, a range of them "
		    "(203.0.113.0/24, 2001:db8::/32), or 'me'",
		    e);
	}
	return add(l, &rule, text, e);
}

static bool
has_port(const struct launch *l, unsigned port)
{
	for (size_t i = 0; i < l->rule_count; i++)
		if (l->rules[i].from <= port && port <= l->rules[i].to)
			return true;
	return false;
}

int
launch_add_rules(
    struct launch *l, const struct launch_wish *w, bool *me, struct err *e)
{
	unsigned port = launch_is_windows(l) ? 3389 : 22;
	const struct launch_rule mine = {
		.from = port, .to = port, .me = true
	};
	int r = 0;

	l->rule_count = 0;
	for (size_t i = 0; i < w->open_count && r == 0; i++)
		r = read_rule(l, w->open[i], e);
	if (r == 0 && !has_port(l, port))
		r = add(l, &mine, "", e);
	*me = false;
	for (size_t i = 0; i < l->rule_count; i++)
		*me |= l->rules[i].me;
	return r;
}

void
launch_fill_me(struct launch *l, const char *address)
{
	for (size_t i = 0; i < l->rule_count; i++)
		if (l->rules[i].me)
			snprintf(l->rules[i].cidr, sizeof(l->rules[i].cidr),
			    "%.45s/%d", address,
			    strchr(address, ':') != NULL ? 128 : 32);
}

bool
launch_is_world_open(const struct launch *l, unsigned port)
{
	struct cidr c;

	for (size_t i = 0; i < l->rule_count; i++)
		if (l->rules[i].from <= port && port <= l->rules[i].to &&
		    cidr_parse(l->rules[i].cidr, &c) && cidr_is_wide(&c))
			return true;
	return false;
}
