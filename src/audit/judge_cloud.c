/* SPDX-License-Identifier: ISC */
/* Findings about EC2: what nobody can open, and what everybody can reach. */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/aws/ec2.h"
#include "pemkeep/base/cidr.h"
#include "pemkeep/base/quote.h"
#include "pemkeep/inventory/learned.h"

#include "src/audit/judge.h"

#define SSH 22
#define RDP 3389

/* Everything that could have held the key was looked at. */
static bool
keys_known(const struct join *j)
{
	return j->facts->vault_known && j->facts->scan->whole &&
	    j->facts->scan->trouble_total == 0;
}

static bool
has_holder(const struct join *j, size_t pair)
{
	return j->pairs[pair].vault != NOBODY ||
	    j->pairs[pair].file != NOBODY || j->pairs[pair].maybe;
}

static bool
place_knows(const struct join *j, size_t place, enum survey_kind kind)
{
	return j->facts->survey->places[place].since[kind] != 0;
}

/* A login that has worked says that there is a key. */
static bool
was_learned(const struct join *j, const struct learned_file *file,
    const struct survey_instance *i)
{
	const struct keeper_keys *vault = j->facts->vault;
	const char *key;

	if (file == NULL || (key = learned_find(file, i->id).key) == NULL)
		return false;
	for (size_t k = 0; k < vault->count; k++)
		if (strcmp(vault->list[k].fingerprint, key) == 0)
			return true;
	return false;
}

static void
closed(struct join *j, const struct survey_instance *i, size_t pair)
{
	struct finding *f =
	    finding_add(j, "instance-without-key", MEDIUM, instance_label(i));
	struct buf b = BUF_INIT, file = BUF_INIT;

	if (f == NULL)
		return;
	if (pair == NOBODY)
		finding_say(j, f,
		    "%s was launched with the key pair '%s', which EC2 does "
		    "not have any more: its key cannot be found",
		    i->id, i->key_pair);
	else
		finding_say(j, f,
		    "nobody here can open %s: the private key of its key pair "
		    "'%s' is neither in the vault nor in a file",
		    i->id, i->key_pair);
	finding_set(j, &f->pair, i->key_pair);
	finding_instance(j, f, i);
	finding_place(j, f, i->place);
	/* Not to be taken for an option. */
	buf_printf(
	    &file, "%s%s.pem", i->key_pair[0] == '-' ? "./" : "", i->key_pair);
	buf_put_text(&b, "pemkeep import ");
	quote_put(&b, buf_text(&file));
	buf_free(&file);
	finding_command(j, f, &b);
}

/* Of what has no sound id there is no command. */
static void
end_command(struct join *j, struct finding *f, struct buf *b, size_t place)
{
	if (b->len > 0)
		audit_put_place(b, &j->facts->survey->places[place]);
	finding_command(j, f, b);
}

static void
judge_instances(struct join *j)
{
	const struct survey *s = j->facts->survey;
	struct learned_file *file = NULL;

	if (learned_open(NULL, &file, NULL) != 0)
		j->failed = true;
	for (size_t i = 0; i < s->instance_count; i++) {
		const struct survey_instance *n = &s->instances[i];
		size_t pair = j->instance_pairs[i];

		if (n->key_pair[0] != '\0' &&
		    place_knows(j, n->place, SURVEY_PAIRS) &&
		    (pair == NOBODY || !has_holder(j, pair)) &&
		    !was_learned(j, file, n))
			closed(j, n, pair);
	}
	learned_close(file);
}

static void
judge_pair(struct join *j, size_t at)
{
	const struct survey_pair *p = &j->facts->survey->pairs[at];
	const struct survey *s = j->facts->survey;
	struct buf b = BUF_INIT;
	struct finding *f;

	if (has_holder(j, at) || !place_knows(j, p->place, SURVEY_INSTANCES))
		return;
	/* Of those that are in use, the instances are spoken of. */
	for (size_t i = 0; i < s->instance_count; i++)
		if (j->instance_pairs[i] == at)
			return;
	if ((f = finding_add(j, "pair-without-key", LOW, p->name)) == NULL)
		return;
	finding_say(j, f,
	    "the private key of the key pair '%s' is neither in the vault nor "
	    "in a file, and no instance uses it",
	    p->name);
	finding_set(j, &f->pair, p->name);
	if (j->pairs[at].fingerprint[0] != '\0')
		finding_set(j, &f->fingerprint, j->pairs[at].fingerprint);
	finding_place(j, f, p->place);
	/*
	 * By its id: of a name that is "file://…" aws(1) takes what is in the
	 * file, and tells it to everybody who reads the account's trail.
	 */
	if (ec2_is_id(p->id, "key-"))
		buf_printf(
		    &b, "aws ec2 delete-key-pair --key-pair-id %s", p->id);
	end_command(j, f, &b, p->place);
}

/* A network of nobody's: most of the world is in it. */
static bool
is_wide4(const struct survey_rule *r)
{
	struct cidr c;

	return cidr_parse(r->cidr, &c) && !c.six && cidr_is_wide(&c);
}

static bool
is_wide6(const struct survey_rule *r)
{
	struct cidr c;

	return cidr_parse(r->cidr6, &c) && c.six && cidr_is_wide(&c);
}

/* Does the rule let TCP to this port in? */
static bool
covers(const struct survey_rule *r, int64_t port)
{
	if (strcmp(r->protocol, "-1") == 0)
		return true;
	if (strcmp(r->protocol, "tcp") != 0 && strcmp(r->protocol, "6") != 0)
		return false;
	return (r->from == -1 && r->to == -1) ||
	    (r->from <= port && port <= r->to);
}

static bool
is_in(const struct survey_instance *i, const struct survey_rule *r)
{
	if (i->place != r->place)
		return false;
	for (size_t g = 0; g < i->group_count; g++)
		if (strcmp(i->groups[g].id, r->group) == 0)
			return true;
	return false;
}

/* Can the world reach the instance by what the rule opens? */
static bool
is_reachable(const struct survey_instance *i, const struct survey_rule *r)
{
	return instance_runs(i) &&
	    ((is_wide4(r) && i->public_ip[0] != '\0') ||
		(is_wide6(r) && i->ipv6[0] != '\0'));
}

static const char *
ports_of(const struct survey_rule *r)
{
	bool ssh = covers(r, SSH), rdp = covers(r, RDP);

	return ssh && rdp ? "SSH and RDP (ports 22 and 3389)"
	    : ssh         ? "SSH (port 22)"
			  : "RDP (port 3389)";
}

/* First the way in for oneself, then nobody else's. */
static void
close_rule(struct join *j, struct finding *f, const struct survey_rule *r,
    const struct survey_instance *reached)
{
	const struct survey_place *place = &j->facts->survey->places[r->place];
	struct buf b = BUF_INIT;

	if (!ec2_is_id(r->group, "sg-") || !ec2_is_id(r->id, "sgr-"))
		return;
	if (reached != NULL && ec2_is_id(reached->id, "i-")) {
		buf_printf(&b, "pemkeep allow %s", reached->id);
		if (!covers(r, SSH))
			buf_printf(&b, " --port %d", RDP);
		audit_put_place(&b, place);
		buf_put_text(&b, " && ");
	}
	buf_printf(&b,
	    "aws ec2 revoke-security-group-ingress --group-id %s "
	    "--security-group-rule-ids %s",
	    r->group, r->id);
	end_command(j, f, &b, r->place);
}

static void
open_to_world(struct join *j, const struct survey_rule *r)
{
	const struct survey *s = j->facts->survey;
	struct names reachable = { BUF_INIT, 0 }, others = { BUF_INIT, 0 };
	const struct survey_instance *reached = NULL;
	struct finding *f;

	f = finding_add(j, "port-open-to-world", LOW, r->group);
	if (f == NULL)
		return;
	for (size_t i = 0; i < s->instance_count; i++) {
		const struct survey_instance *n = &s->instances[i];

		if (!is_in(n, r))
			continue;
		if (is_reachable(n, r) && reached == NULL)
			reached = n;
		names_add(is_reachable(n, r) ? &reachable : &others,
		    instance_label(n));
		finding_instance(j, f, n);
	}
	finding_say(j, f, "%s is open to the world by rule %s (%s)",
	    ports_of(r), r->id, is_wide4(r) ? r->cidr : r->cidr6);
	if (reachable.count > 0) {
		f->severity = HIGH;
		finding_say(j, f, ", which lets anybody try at %s",
		    names_text(&reachable));
	} else {
		finding_say(j, f,
		    "; those in it cannot be reached from there now: %s",
		    names_text(&others));
	}
	finding_set(j, &f->group, r->group);
	finding_set(j, &f->rule, r->id);
	finding_set(j, &f->address, is_wide4(r) ? r->cidr : r->cidr6);
	finding_place(j, f, r->place);
	close_rule(j, f, r, reached);
	buf_free(&reachable.text);
	buf_free(&others.text);
}

static void
judge_rule(struct join *j, const struct survey_rule *r)
{
	const struct survey *s = j->facts->survey;

	if ((!is_wide4(r) && !is_wide6(r)) ||
	    (!covers(r, SSH) && !covers(r, RDP)))
		return;
	for (size_t i = 0; i < s->instance_count; i++)
		if (is_in(&s->instances[i], r)) {
			open_to_world(j, r);
			return;
		}
}

static void
judge_address(struct join *j, const struct survey_address *a)
{
	struct buf b = BUF_INIT;
	struct finding *f;

	if (a->instance[0] != '\0' || a->interface[0] != '\0')
		return;
	if ((f = finding_add(j, "address-idle", LOW, a->ip)) == NULL)
		return;
	finding_say(j, f,
	    "this Elastic IP belongs to no instance, and costs as much as one "
	    "that does");
	finding_set(j, &f->address, a->ip);
	finding_place(j, f, a->place);
	if (ec2_is_id(a->allocation, "eipalloc-"))
		buf_printf(&b, "aws ec2 release-address --allocation-id %s",
		    a->allocation);
	end_command(j, f, &b, a->place);
}

static void
judge_metadata(struct join *j, const struct survey_instance *i)
{
	struct buf b = BUF_INIT;
	struct finding *f;

	if (strcmp(i->tokens, "optional") != 0 ||
	    strcmp(i->endpoint, "disabled") == 0)
		return;
	if ((f = finding_add(j, "imds-v1", LOW, instance_label(i))) == NULL)
		return;
	finding_say(j, f,
	    "the metadata service of %s answers without a token (IMDSv1): a "
	    "program there that can be made to fetch a URL gives away the "
	    "credentials of its role",
	    i->id);
	finding_instance(j, f, i);
	finding_place(j, f, i->place);
	if (ec2_is_id(i->id, "i-"))
		buf_printf(&b,
		    "aws ec2 modify-instance-metadata-options --instance-id %s "
		    "--http-tokens required",
		    i->id);
	end_command(j, f, &b, i->place);
}

void
judge_cloud(struct join *j)
{
	const struct survey *s = j->facts->survey;

	if (keys_known(j)) {
		judge_instances(j);
		for (size_t i = 0; i < s->pair_count; i++)
			judge_pair(j, i);
	}
	for (size_t i = 0; i < s->rule_count; i++)
		judge_rule(j, &s->rules[i]);
	for (size_t i = 0; i < s->address_count; i++)
		judge_address(j, &s->addresses[i]);
	for (size_t i = 0; i < s->instance_count; i++)
		judge_metadata(j, &s->instances[i]);
}
