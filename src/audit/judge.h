/* SPDX-License-Identifier: ISC */
#ifndef AUDIT_JUDGE_H
#define AUDIT_JUDGE_H

/* What the files that judge share: the joins, and making a finding. */

#include "pemkeep/audit/audit.h"
#include "pemkeep/base/buf.h"

#define NOBODY SIZE_MAX

/* Which keys of the vault and of the disk belong to which key pair. */
struct join {
	const struct audit_facts *facts;
	struct findings *found;
	bool failed; /* memory was short */
	struct pair_join {
		char fingerprint[64]; /* of its public key; "" : not known */
		size_t vault;         /* who has it, or NOBODY */
		size_t file;
		bool maybe;     /* a file whose public half is not known has its
			     * name */
	} * pairs;              /* for each of the survey */
	size_t *instance_pairs; /* the pair of each instance, or NOBODY */
	struct file_join {
		size_t vault; /* the key that it is a copy of, or NOBODY */
		size_t first; /* the first name of the same file */
	} * files;            /* for each key of the scan */
};

bool join_make(struct join *j, const struct audit_facts *facts);
void join_free(struct join *j);

/* Is it the private key of this pair (NOBODY: of none)? */
enum owner { OF_VAULT, OF_FILE };
bool join_opens(const struct join *j, enum owner who, size_t key, size_t pair);

/* "web", or "i-…" when it has no name. */
const char *instance_label(const struct survey_instance *i);
bool instance_runs(const struct survey_instance *i);

/* A list of things, some of which are named: "a, b, c and 4 more". */
struct names {
	struct buf text;
	size_t count;
};
void names_add(struct names *n, const char *name);
/* Its text with what was left out; valid until the next call. */
const char *names_text(struct names *n);

/*
 * Add a finding; NULL (and j->failed) without memory, which the functions below
 * take.  It is valid until the next one is added.  finding_say() adds to what it
 * says.
 */
struct finding *finding_add(struct join *j, const char *id,
    enum severity severity, const char *subject);
__attribute__((format(printf, 3, 4))) void finding_say(
    struct join *j, struct finding *f, const char *fmt, ...);
/* Takes over what was put into 'b', and frees it. */
void finding_command(struct join *j, struct finding *f, struct buf *b);
void finding_set(struct join *j, char **to, const char *text);
void finding_instance(
    struct join *j, struct finding *f, const struct survey_instance *i);
/* Profile and region. */
void finding_place(struct join *j, struct finding *f, size_t place);

/* " --region R", and the profile unless it is the default one. */
void audit_put_place(struct buf *b, const struct survey_place *place);

void judge_files(struct join *j);
void judge_vault(struct join *j);
void judge_cloud(struct join *j);
void judge_places(struct join *j);

#endif
