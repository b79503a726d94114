/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_LAUNCH_REMOVE_H
#define PEMKEEP_LAUNCH_REMOVE_H

/*
 * What one launch has made, found by its tag, and removed in the order in which
 * AWS lets it go: instance, Elastic IP, security group, key pair.
 *
 *	struct remove_list list = REMOVE_LIST_INIT;
 *	if ((r = remove_find(&job, &list, &e)) == 0)
 *		r = remove_run(&job, &list, &e);
 *	remove_clear(&list);
 *
 * Before something is removed it is looked at once more: without the tag of this
 * very launch it is somebody else's, and stays.  So does what an instance uses
 * that stays.
 */

#include <stdbool.h>
#include <stddef.h>

struct aws;
struct buf;
struct err;

/* The key of the tag on all that a launch makes; its value is a UUID. */
#define REMOVE_TAG "pemkeep:launch"

/* In the order of their removal. */
enum remove_kind {
	REMOVE_INSTANCE,
	REMOVE_ADDRESS, /* an Elastic IP */
	REMOVE_GROUP,   /* a security group */
	REMOVE_KEY_PAIR
};

struct remove_thing {
	enum remove_kind kind;
	char *id;   /* "i-…", "eipalloc-…", "sg-…", "key-…" */
	char *name; /* Name tag, address, name; or "" */
	bool fresh; /* made so recently that AWS may not show it yet */
	bool gone;  /* it is not there any more */
};

struct remove_list {
	struct remove_thing *things;
	size_t count;
};

#define REMOVE_LIST_INIT \
	{ \
		NULL, 0 \
	}

enum remove_fate {
	REMOVE_DONE,  /* removed now */
	REMOVE_GONE,  /* was not there any more */
	REMOVE_LEFT,  /* stays: it is not ours, or is in use */
	REMOVE_FAILED /* could not be removed */
};

struct remove_job {
	struct aws *aws;
	const char *profile; /* NULL: the one of the options of 'aws' */
	const char *region;
	const char *launch; /* the UUID */
	/* Milliseconds to wait for each thing until it lets go of the others;
	 * 0: 10 minutes for an instance, 3 for the rest. */
	unsigned patience;
	/*
	 * Wait about 'ms'; 'what' (a thing, in words) is why.  Not 0 ends it all
	 * with that code, said in *e: ERR_INTERRUPTED.
	 */
	int (*pause)(void *arg, const char *what, unsigned ms, struct err *e);
	/* What has become of a thing; 'why' for REMOVE_LEFT and _FAILED. */
	void (*tell)(void *arg, const struct remove_thing *t,
	    enum remove_fate fate, const struct err *why);
	void *arg; /* of both */
};

/* Is it the UUID of a launch?  A tag may hold anything, also a wildcard. */
bool remove_is_launch(const char *text);

/*
 * Append what carries the tag, but for instances that are terminated.  ERR_USAGE
 * when job->launch is no UUID; else what aws_run() says: then what could be found
 * is in the list all the same.  Shows nothing by tell().
 */
int remove_find(
    const struct remove_job *job, struct remove_list *list, struct err *e);

/*
 * Append a thing that is known (from a journal), unless it is there.  'fresh' as
 * in the struct: then not seeing it proves nothing for some seconds.  ERR_NOMEM.
 */
int remove_add(struct remove_list *list, enum remove_kind kind, const char *id,
    const char *name, bool fresh, struct err *e);

/*
 * Remove what is in the list, and wait until it is gone; tell() is called once
 * for each.  0 when all is gone or was left for a reason; else the code of the
 * first failure: the others are removed all the same, as far as they can be.
 * ERR_INTERRUPTED ends it, and what was not reached has failed so.  Can be run
 * again.
 */
int remove_run(
    const struct remove_job *job, struct remove_list *list, struct err *e);

void remove_clear(struct remove_list *list);

/* A thing in words, not escaped: "Elastic IP 203.0.113.7 (eipalloc-…)". */
void remove_describe(const struct remove_thing *t, struct buf *b);

#endif
