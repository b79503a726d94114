/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_LAUNCH_ALLOW_H
#define PEMKEEP_LAUNCH_ALLOW_H

/*
 * Who may reach a port of an instance: a rule in one of its security groups.  A
 * rule that is made here carries a tag that says by whom, and whether it stands
 * for "my address", which moves.  Other rules are never taken out.
 *
 *	struct allow a = { .aws = …, .instance = …, .port = 22, … };
 *	if ((r = allow_look(&a, &e)) == 0)
 *		r = allow_add(&a, &e);
 *	allow_clear(&a);
 *
 * Texts are what AWS has sent: escape them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pemkeep/base/cidr.h"

struct aws;
struct buf;
struct err;

/* Value: "me:USER@HOST", or "cidr:USER@HOST" for a range that was given. */
#define ALLOW_TAG "pemkeep:allow"
#define ALLOW_OWNER_SIZE 128

/* This user on this machine, in letters that tags and descriptions may have. */
void allow_owner(char owner[static ALLOW_OWNER_SIZE]);

/*
 * That tag as TagSpecification.1.Tag.N of a rule that is made: so that the rule of
 * a launch for my address is mine, too.
 */
void allow_put_tag(struct buf *params, unsigned n, bool me);

enum allow_maker {
	ALLOW_OTHERS, /* somebody else's, or nobody's that is known */
	ALLOW_GIVEN,  /* made here, for a range */
	ALLOW_MINE    /* made here, for my address */
};

/* What lets TCP in, from a range of addresses. */
struct allow_rule {
	char id[40];      /* "sgr-…" */
	int64_t from, to; /* ports; 0 to 65535 for all */
	struct cidr cidr;
	enum allow_maker maker;
};

struct allow_group {
	char *id, *name;
	char *launch; /* value of the tag of launches, or "" */
};

struct allow {
	/* What is asked for. */
	struct aws *aws;
	const char *profile; /* as aws_job has it */
	const char *region;
	const char *instance;
	const char *group; /* id or name; NULL: the one that must be meant */
	unsigned port;
	struct cidr cidr;
	bool me; /* that is my address, not a range that was given */

	/* What allow_look() has found. */
	char launch[40]; /* value of the tag of launches of the instance */
	struct allow_group *groups; /* of the instance */
	size_t group_count;
	const struct allow_group *chosen;
	char *shared; /* other instances in it, in words; NULL: none */
	struct allow_rule *rules;
	size_t rule_count;

	/* What was done, one after the other.  May be NULL. */
	void (*added)(void *arg, const struct cidr *cidr);
	void (*taken)(void *arg, const struct allow_rule *rule);
	void *arg; /* of both */
};

/*
 * Choose the group, and read its rules.  Of several groups it is the one that was
 * made with this instance, else the only one that any launch has made.
 * ERR_AMBIGUOUS: none of these, and a->groups are there; ERR_NOT_FOUND: the
 * instance, or no such group; what aws_run() says.
 */
int allow_look(struct allow *a, struct err *e);

/* The rule for exactly this range and port, or NULL. */
const struct allow_rule *allow_find(const struct allow *a);

/* Is this port one that is attacked everywhere (22, 3389), and this range so
 * large that this comes from it? */
bool allow_is_world(const struct cidr *cidr, int64_t from, int64_t to);

/*
 * Let it in, unless it is; then, for my address, take out those that I had before
 * for this port: never the other way round.  A rule that is there already is no
 * failure.
 */
int allow_add(struct allow *a, struct err *e);

/*
 * Take out my addresses for this port, or exactly the range that was given.
 * *others: a rule for it is there, but was not made here, and stays.  That there is
 * nothing (any more) is no failure.
 */
int allow_revoke(struct allow *a, bool *others, struct err *e);

void allow_clear(struct allow *a);

#endif
