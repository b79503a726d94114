/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_LAUNCH_PLAN_INTERNAL_H
#define PEMKEEP_SRC_LAUNCH_PLAN_INTERNAL_H

/* A plan in the making: plan.c, plan_ask.c (questions), plan_choose.c. */

#include "src/launch/launch_internal.h"

#define PLAN_NAMED "name:" /* before a pattern of images' names */
#define PLAN_JOBS_MAX 8u
#define PLAN_TYPES_MAX 16u
#define PLAN_PLACES_MAX 64u

/* Questions that are asked at the same time. */
struct plan_asks {
	struct aws_job jobs[PLAN_JOBS_MAX];
	struct buf params[PLAN_JOBS_MAX];
	size_t count;
};

struct plan_type {
	char name[32];
	bool free_tier, fits[2]; /* x86_64, arm64 */
	int64_t cpus, mebibytes;
};

struct plan_place {
	char type[32], zone[32];
};

struct plan_subnet {
	char id[64], vpc[64], zone[32];
	bool public_ip;
};

/* What AWS has said. */
struct plan {
	struct aws *aws;
	const struct launch_wish *wish;
	struct launch *launch;
	char account[16];
	char in_use[64];    /* an instance that has the name */
	char parameter[64]; /* image id */
	int64_t image_created;
	size_t images;
	struct plan_type types[PLAN_TYPES_MAX];
	size_t type_count;
	struct plan_place places[PLAN_PLACES_MAX];
	size_t place_count;
	struct plan_subnet subnets[PLAN_PLACES_MAX];
	size_t subnet_count;
	char vpc[64];
	/* Of the names that we would like to give. */
	bool pair_taken, group_taken;
	char same_key[256]; /* a key pair with our public key, or "" */
};

/* In the order of the table in plan_choose.c: those that are free, somewhere. */
extern const char *const plan_free_types[];

/* plan_ask.c: ask AWS.  What aws_run() says. */
int plan_ask_name(struct plan *p, struct err *e);
int plan_first_round(struct plan *p, struct err *e);
int plan_second_round(struct plan *p, struct err *e);

/* From what was found to the members of the launch. */
int plan_choose_place(struct plan *p, struct err *e);

#endif
