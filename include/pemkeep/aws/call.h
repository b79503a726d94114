/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_AWS_CALL_H
#define PEMKEEP_AWS_CALL_H

/*
 * Calls to AWS: many at the same time, signed, paged, tried again as botocore's
 * standard mode does.  An action is a table (ec2.h, sts.h): its name, and which
 * element of the answer goes where in a row; nothing else is needed for a new
 * one.
 *
 * Rows reach the caller a page at a time, when the page has been read whole: a
 * page that was cut off or is not what it should be gives none.  Memory is
 * bound by one page for each call that is under way, and wiped behind it.
 *
 * Texts of rows and errors come from outside: escape them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pemkeep/base/err.h"

struct aws;
struct aws_keys; /* credentials.h */
struct buf;

/* What an element's text becomes in the row. */
enum aws_kind {
	AWS_TEXT,  /* const char *: "" when absent, never NULL */
	AWS_INT,   /* int64_t: 0 when absent or no number */
	AWS_BOOL,  /* bool: false when absent or neither "true" nor "false" */
	AWS_TIME,  /* int64_t: Unix time; 0 when absent or no time */
	AWS_BYTES, /* struct aws_bytes: base64; may be longer than a text */
	AWS_LIST   /* struct aws_list: one item for each such element */
};

struct aws_bytes {
	const uint8_t *data; /* NULL when absent or no base64 */
	size_t len;
};

/* For use as 'const struct x *p = list.items'; NULL when it is empty. */
struct aws_list {
	const void *items;
	size_t count;
};

/*
 * One part of a row.  'path': element names with '/' between, from the row; "" is
 * the text of the row's element itself, which then has no other part.
 */
struct aws_field {
	const char *path;
	enum aws_kind kind;
	size_t offset;
	const struct aws_table *items; /* AWS_LIST: what an item is */
};

/*
 * A row: 'path' leads to its element from the root of the answer ("" is the
 * root itself), and for the items of a list it is not used.
 */
struct aws_table {
	const char *path;
	size_t size;
	const struct aws_field *fields;
	size_t count;
};

struct aws_action {
	const char *name;    /* "DescribeInstances" */
	const char *service; /* "ec2": endpoint, signature, permission */
	const char *version; /* "2016-11-15" */
	unsigned page;       /* rows to ask for at a time; 0: has no pages */
	bool once; /* twice is not the same as once: not repeated once sent */
	/*
	 * JSON 1.1 instead of a form and XML: the header X-Amz-Target, without the
	 * action's name ("AmazonSSM"); NULL: not.  It has no pages, and the
	 * paths of its tables are names of members.
	 */
	const char *target;
	const struct aws_table *table; /* NULL: nothing is read */
};

struct aws_options {
	const char *user_agent; /* NULL: "pemkeep" */
	const char
	    *ca_bundle; /* a PEM file; NULL: the profile's, the system's */
	/* --profile, --region, or NULL (credentials.h, profile.h). */
	const char *profile;
	const char *region;
	bool cache_credentials; /* may write ~/.aws/cli/cache */
	/*
	 * Ask for the code of the MFA device 'serial'.  Returns 0 with the code,
	 * or a negative code (said in 'e').  NULL: nobody can be asked.
	 */
	int (*ask_code)(
	    void *arg, const char *serial, char code[static 16], struct err *e);
	/* One line, not escaped.  May be NULL. */
	void (*warn)(void *arg, const char *text);
	/* Asked some times a second: true ends all with ERR_INTERRUPTED. */
	bool (*interrupted)(void *arg);
	void *arg; /* of these three */
};

/*
 * One run of the program: connections, credentials, and clocks are kept.  The
 * texts of the options must outlive it.  Loads nothing and asks nobody before
 * the first call.  NULL without memory.
 */
struct aws *aws_new(const struct aws_options *options);
void aws_free(struct aws *aws);

/*
 * The region of a profile: that of the options, of the environment, of the
 * profile, of the EC2 instance that this is.  Belongs to 'aws'.  ERR_USAGE:
 * there is none; ERR_NOT_FOUND: there is no such profile.
 */
int aws_region(
    struct aws *aws, const char *profile, const char **regionp, struct err *e);

struct aws_job {
	/* What to do.  NULL: the one of the options. */
	const char *profile;
	const char *region;
	const struct aws_keys *keys; /* NULL: the profile's */
	const struct aws_action *action;
	/*
	 * From aws_param(); NULL: none.  Action, Version and paging are added.
	 * For an action with a 'target' the JSON text of its object.  Where there
	 * was no memory for them the job ends with ERR_NOMEM.
	 */
	const struct buf *params;
	/*
	 * Called for each row, which is gone when it returns.  Not 0: the job
	 * ends with that code, said by the callee in *e.
	 */
	int (*row)(void *arg, const void *row, struct err *e);
	void *arg;

	/* How it went: error.code is ERR_OK, or what aws_run() says. */
	struct err error;
	char code[64];   /* AWS' own: "UnauthorizedOperation"; or "" */
	unsigned status; /* of HTTP, of the last answer; 0: there was none */
	bool sent;       /* the server may have done it, even after a failure */
	int64_t
	    skew; /* seconds the server's clock is ahead, once it mattered */
	unsigned pages; /* read whole */
	size_t rows;    /* given to row() */
	unsigned retries;
};

/*
 * Do all of them at the same time.  The rows of different jobs come mixed, those
 * of one job in the order of the answer.  Returns 0 when all went well, else the
 * code of the first that did not; the others have gone on.  After a failure the
 * rows of earlier pages have been given.
 *
 * ERR_REFUSED: credentials, signature, permission.  ERR_NOT_FOUND: AWS knows no
 * such thing.  ERR_NETWORK: no answer, none that can be read, throttled to the
 * end.  ERR_USAGE: region, parameters.  ERR_EXISTS, ERR_UNSUPPORTED, ERR_FAILED:
 * as the text says.  ERR_INTERRUPTED, ERR_NOMEM.
 */
int aws_run(struct aws *aws, struct aws_job *jobs, size_t count);

/* The same for one, with what has failed said in *e (may be NULL), too. */
int aws_run_one(struct aws *aws, struct aws_job *job, struct err *e);

/* Append a parameter, percent-encoded; its name is made by printf. */
__attribute__((format(printf, 3, 4))) void aws_param(
    struct buf *params, const char *value, const char *name, ...);

/* Append Filter.N (N counts from 1): any of 'values'. */
void aws_param_filter(struct buf *params, unsigned n, const char *name,
    const char *const *values, size_t count);

/*
 * The host that a service of a region has ("https://ec2.eu-west-1.amazonaws.com"),
 * or the endpoint that environment or profile name instead.  Replaces the
 * content of 'url'.  NULL: those of the options.
 */
int aws_endpoint(struct aws *aws, const char *profile, const char *service,
    const char *region, struct buf *url, struct err *e);

/* Could it be one?  Another word never gets into a host name. */
bool aws_is_region(const char *region);

/* The number of an account: twelve digits? */
bool aws_is_account(const char *text);

#endif
