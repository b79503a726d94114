/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AWS_CREDENTIALS_INTERNAL_H
#define PEMKEEP_SRC_AWS_CREDENTIALS_INTERNAL_H

/*
 * The sources of keys, and what they share.  A source answers 0 with the keys, a
 * negative code when it is configured and fails, or NOTHING when the next one
 * is to be asked.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pemkeep/aws/credentials.h"

struct aws;
struct buf;
struct err;
struct json_value;

#define NOTHING 1

#define CHAIN_MAX 10 /* profiles of one source_profile chain */

/* What lies before the end of temporary keys when they are not used any more. */
#define REFRESH_WINDOW (10 * 60) /* seconds: those of this run */
#define CACHE_WINDOW (15 * 60)   /* those that aws-cli has kept */

enum entry_kind {
	ENTRY_ASKED, /* for: the answer */
	ENTRY_FILES, /* what the files of a profile have, but for its role */
	ENTRY_ROLE   /* its role */
};

struct entry {
	struct entry *next;
	enum entry_kind kind;
	char *profile; /* NULL: nobody chose one */
	struct aws_keys keys;
	struct err *error; /* NULL: there are keys */
};

struct credentials {
	struct aws *aws;
	struct aws_profiles *profiles;
	struct err *error; /* the files can't be read */
	struct entry *entries;
	bool no_cache; /* what aws-cli has kept was not good */
	char *region;  /* of this instance */
	bool region_asked;
};

/* One search for keys. */
struct search {
	struct credentials *c;
	const char *profile;
	bool chosen; /* by option: the environment's keys don't count */
	/* Where nothing was found, for the message. */
	struct buf *looked;
	/* The chain of source_profile up to here. */
	const char *visited[CHAIN_MAX];
	size_t visited_count;
};

/* A setting of the profile of this search; NULL: not set. */
const char *search_get(const struct search *s, const char *key);

/* Add a place where nothing was found. */
__attribute__((format(printf, 2, 3))) void search_looked(
    const struct search *s, const char *fmt, ...);

/* Copies; NULL or "" is none.  False without memory. */
struct keys_text {
	const char *id, *secret, *token, *account, *source;
	int64_t expires;
};

/*
 * Fill 'keys' after checking that none of it can break out of a header.
 * ERR_FORMAT ('what' has them: "…"), ERR_NOMEM.
 */
int keys_set(struct aws_keys *keys, const struct keys_text *text,
    const char *what, struct err *e);

int keys_copy(struct aws_keys *to, const struct aws_keys *from, struct err *e);

/*
 * An empty buf with room for 'size' bytes, so that nothing is copied when they
 * come; and its end: wiped and freed.
 */
void keys_room(struct buf *b, size_t size);
void keys_wipe_buf(struct buf *b);

/* The sources, in the order of the chain. */
int source_environment(
    const struct search *s, struct aws_keys *keys, struct err *e);
int source_role(const struct search *s, struct aws_keys *keys, struct err *e);
int source_web_identity(
    const struct search *s, struct aws_keys *keys, struct err *e);
int source_sso(const struct search *s, struct aws_keys *keys, struct err *e);
int source_credentials_file(
    const struct search *s, struct aws_keys *keys, struct err *e);
int source_login(const struct search *s, struct aws_keys *keys, struct err *e);
int source_process(
    const struct search *s, struct aws_keys *keys, struct err *e);
int source_config_file(
    const struct search *s, struct aws_keys *keys, struct err *e);
int source_container(
    const struct search *s, struct aws_keys *keys, struct err *e);
int source_instance(
    const struct search *s, struct aws_keys *keys, struct err *e);

/*
 * Keys of a profile for use within this search: of its files, without
 * environment and instance, or of its role.  They belong to the credentials.
 */
int search_keys(const struct search *s, enum entry_kind kind,
    const char *profile, const struct aws_keys **keysp, struct err *e);

/* Assume the role of the profile of this search. */
int role_assume(const struct search *s, struct aws_keys *keys, struct err *e);

/*
 * aws-cli's cache of temporary keys.  'args' is the JSON text that its names
 * are made of.  NOTHING: not there, expired, or not to be read.
 */
int keycache_get(const struct search *s, const struct buf *args,
    const char *source, struct aws_keys *keys, struct err *e);

/* Does nothing without cache-credentials; a failure is a warning. */
void keycache_put(const struct search *s, const struct buf *args,
    const struct aws_keys *keys, const char *arn, const char *role_id,
    bool is_sso);

/* Append a text as Python's json.dumps() writes it. */
void keycache_put_text(struct buf *args, const char *text);

/* The path of a file in ~/.aws, its last part the SHA-1 of 'bytes'. */
int keycache_path(const char *folder, const void *bytes, size_t len,
    struct buf *path, struct err *e);

/*
 * A JSON object of a file of at most 256 KiB.  NOTHING: there is no such file.
 */
int keycache_read(const char *path, struct json_value **jp, struct err *e);

/* The region of this EC2 instance into c->region, which stays NULL for none. */
int instance_region(struct credentials *c, struct err *e);

#endif
