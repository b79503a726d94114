/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_LAUNCH_LAUNCH_INTERNAL_H
#define PEMKEEP_SRC_LAUNCH_LAUNCH_INTERNAL_H

/* What the files of this folder share of a launch. */

#include "pemkeep/aws/call.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/launch/plan.h"

/* So long AWS may not show what was made. */
#define LAUNCH_FRESH_SECONDS 300

/* Members of struct launch, for whoever handles all of them. */
struct launch_member {
	const char *name;
	size_t offset;
};
extern const struct launch_member launch_texts[];   /* ended by NULL */
extern const struct launch_member launch_numbers[]; /* int64_t */
extern const struct launch_member launch_flags[];   /* bool */

/* Replace a text.  ERR_NOMEM. */
int launch_set(char **text, const char *value, struct err *e);

/* over.c: the thing of that id is not there any more. */
void launch_forget(struct launch *l, const char *id);

/* names.c */

/* A random UUID (RFC 9562, version 4).  ERR_SYSTEM without randomness. */
int launch_uuid(char uuid[static 37], struct err *e);

/*
 * Append what is left of a name in the letters that names in EC2 may have
 * everywhere, at most 100; nothing when none is.
 */
void launch_put_plain(struct buf *b, const char *name);

/* Can it be a Name tag?  ERR_USAGE. */
int launch_check_name(const char *name, struct err *e);

/* Has this list the tag of that launch? */
bool launch_is_ours(const struct aws_list *tags, const char *uuid);

/* rules.c */

/*
 * The rules of the wish, and SSH (or RDP) for me unless they have it.  *me: some
 * want my address, which launch_fill_me() sets.
 */
int launch_add_rules(
    struct launch *l, const struct launch_wish *w, bool *me, struct err *e);
void launch_fill_me(struct launch *l, const char *address);

/* Can a name be used, and what is asked for?  Tags of the wish.  ERR_USAGE. */
int launch_add_tags(
    struct launch *l, const struct launch_wish *w, struct err *e);

/* image.c */

/* The SSM parameter behind an alias, or NULL. */
const char *launch_alias(const char *text);

/* params.c: what goes with the calls */

void launch_put_import(struct buf *params, const struct launch *l);
void launch_put_create_pair(struct buf *params, const struct launch *l);
void launch_put_group(struct buf *params, const struct launch *l);
/* What AuthorizeSecurityGroupIngress is to let into a group; without tags. */
void launch_put_ingress(struct buf *params, const char *group,
    const struct launch_rule *rule, const char *description);
void launch_put_rule(struct buf *params, const struct launch *l, size_t i);
/* 'dry': without what does not exist yet. */
void launch_put_run(struct buf *params, const struct launch *l, bool dry);
void launch_put_allocate(struct buf *params, const struct launch *l);

/* The profile as aws_job wants it. */
const char *launch_profile(const struct launch *l);

#endif
