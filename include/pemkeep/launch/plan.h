/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_LAUNCH_PLAN_H
#define PEMKEEP_LAUNCH_PLAN_H

/*
 * What a launch is going to do: everything is found out before anything is
 * made, so that it can be shown, and so that what cannot work fails first.
 * Planning only reads.
 *
 * All texts may come from the command line, from files, and from AWS: escape them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pemkeep/base/err.h"

struct aws;
struct buf;

/* The public address costs that much since February 2024, attached or not. */
#define LAUNCH_ADDRESS_PRICE "$0.005 an hour ($3.65 a month)"

#define LAUNCH_RULES_MAX 32
#define LAUNCH_TAGS_MAX 45          /* EC2 takes 50, some of which are ours */
#define LAUNCH_USER_DATA_MAX 16384u /* bytes, before base64 */
#define LAUNCH_CIDR_SIZE 64         /* at least CIDR_SIZE */

/* Where the key comes from. */
enum launch_key {
	LAUNCH_KEY_NEW,  /* made in the vault, its public half imported */
	LAUNCH_KEY_AWS,  /* made by EC2 */
	LAUNCH_KEY_VAULT /* one that is in the vault */
};

/* TCP ports that are open, and for whom. */
struct launch_rule {
	unsigned from, to;
	char cidr[LAUNCH_CIDR_SIZE]; /* canonical; IPv6 has a ':' */
	bool me;                     /* it is my address */
};

struct launch_tag {
	char *key, *value;
};

/* What has been asked for; all of it the caller's. */
struct launch_wish {
	const char *name;
	const char *profile; /* NULL: the current one */
	const char *region;  /* NULL: the current one */
	/*
	 * An alias (launch_put_aliases()), "ami-…", or "name:PATTERN[@OWNER]": the
	 * newest whose name fits.  Without OWNER it is one of Amazon's or of the
	 * account's own: anybody can give an image any name.
	 */
	const char *image;
	const char *type; /* NULL: the one of the free tier */
	unsigned disk;    /* GiB; 0: as large as the image has it */
	enum launch_key key_from;
	const char *key;         /* LAUNCH_KEY_VAULT: its name in the vault */
	const char *public_key;  /* … and "ssh-ed25519 AAAA…" */
	const char *const *open; /* "PORT[-PORT][:CIDR|:me]" */
	size_t open_count;
	const char *const *tags; /* "KEY=VALUE" */
	size_t tag_count;
	const void *user_data;
	size_t user_data_len;
	const char *subnet; /* NULL: one of the default VPC */
	bool no_elastic_ip;
	bool again;             /* the name may be in use */
	const char *my_address; /* a page (my_address.h), or NULL */
	/* Is there a key of that name in the vault? */
	bool (*is_key)(void *arg, const char *name);
	void *arg;
};

enum launch_step {
	LAUNCH_KEY,
	LAUNCH_PAIR,
	LAUNCH_GROUP,
	LAUNCH_RULES,
	LAUNCH_INSTANCE,
	LAUNCH_RUNNING,
	LAUNCH_ADDRESS,
	LAUNCH_ASSOCIATION,
	LAUNCH_READY, /* its SSH server lets us in */
	LAUNCH_DONE
};

/*
 * A launch: the plan, and how far it has come.  This is what the journal keeps
 * (journal.h).  Texts are never NULL once it has been planned.
 */
struct launch {
	char *uuid; /* value of the tag on all that it makes; ClientToken */
	char *name;
	char *profile; /* "": the usual one */
	char *region;
	char *account;
	char *asked; /* the image, as it was asked for */
	char *image, *image_name, *architecture;
	char *platform; /* "windows", or "" */
	char *root_device;
	char *type;
	char *vpc, *subnet, *zone;
	char *key;        /* its name in the vault */
	char *key_type;   /* "ed25519", "rsa", or "" */
	char *public_key; /* "" while it is not known */
	char *pair;       /* name of the key pair */
	char *group;      /* name of the security group */
	char *user_data;  /* base64, or "" */
	int64_t disk;     /* GiB; 0: the image's */
	/* GiB of the image's root volume, if that outlives instances; or 0 */
	int64_t stays;
	int64_t cpus, mebibytes;
	int64_t key_from;   /* enum launch_key */
	bool free_tier;     /* the type is eligible */
	bool pair_is_there; /* the key's pair exists, and is used */
	bool elastic;
	bool public_subnet; /* gives out addresses by itself */
	struct launch_rule rules[LAUNCH_RULES_MAX];
	size_t rule_count;
	struct launch_tag tags[LAUNCH_TAGS_MAX];
	size_t tag_count;

	/* Progress.  "" is "not yet". */
	int64_t step;  /* enum launch_step: the one that is next, or begun */
	bool begun;    /* … begun, and nobody knows how it ended */
	bool undoing;  /* it is being taken back */
	int64_t since; /* Unix time of the first step */
	char *pair_id, *group_id, *instance, *allocation, *address;
};

/* Free what it has, and make it empty. */
void launch_clear(struct launch *l);

/*
 * Find all of it out.  ERR_USAGE: the wish cannot be met as it stands; ERR_EXISTS:
 * the name is in use, or a key pair is another key; ERR_NOT_FOUND: no such image,
 * subnet, type, or no default VPC; ERR_UNSUPPORTED: type and image, or type and
 * zone, do not fit; else as aws_run() and aws_my_address().  *l is to be cleared,
 * also after a failure.
 */
int launch_plan(struct aws *aws, const struct launch_wish *wish,
    struct launch *l, struct err *e);

bool launch_is_windows(const struct launch *l);

/* Is that port open to the whole internet, or to a large part of it? */
bool launch_is_world_open(const struct launch *l, unsigned port);

/* Append the names of images that are known, with commas between. */
void launch_put_aliases(struct buf *b);

/* One call of the plan: "AuthorizeSecurityGroupIngress", and what it is about. */
struct launch_call {
	const char *action;
	char about[320];
};

/*
 * Call 'fn' with each call that is going to change something, in order; some say
 * nothing here of what they do ("" then).
 */
void launch_calls(const struct launch *l,
    void (*fn)(void *arg, const struct launch_call *call), void *arg);

/* What AWS says to a call of the plan in advance. */
enum launch_verdict { LAUNCH_MAY, LAUNCH_MAY_NOT, LAUNCH_WONT, LAUNCH_UNKNOWN };

/*
 * Ask AWS, with DryRun, whether the calls of the plan would be allowed; nothing is
 * made.  'fn' is called for each that can be asked about; 'why' says why not.
 * Calls that need what does not exist yet cannot be.  0, or what keeps it from
 * asking at all (ERR_NETWORK, ERR_INTERRUPTED, ERR_NOMEM).
 */
int launch_dry_run(struct aws *aws, const struct launch *l,
    void (*fn)(void *arg, const char *action, enum launch_verdict verdict,
	const struct err *why),
    void *arg, struct err *e);

#endif
