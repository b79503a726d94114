/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_AUDIT_AUDIT_H
#define PEMKEEP_AUDIT_AUDIT_H

/*
 * Where keys live, who can read them, what they open: from the facts that others
 * have got (the disk, the vault, EC2) to findings.  Nothing is asked here, and
 * nothing is changed.
 *
 * What is not known is no finding: without the vault's keys it is not said that
 * nobody has a key, without EC2 not that one opens nothing.
 *
 * Texts of findings hold names from files and servers: escape them.  Commands are
 * quoted for a shell, and safe to print as they are.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/audit/scan.h"
#include "pemkeep/inventory/survey.h"

struct buf;
struct err;

enum severity { INFO, LOW, MEDIUM, HIGH, CRITICAL, SEVERITIES };

/* "info", "low" … */
const char *severity_name(enum severity s);
/* SEVERITIES for "none"; false for another word. */
bool severity_read(const char *word, enum severity *s);

/* What --fix can do about it. */
enum mend {
	MEND_NONE = 0,
	MEND_MODE = 1,   /* of the file: 0400 */
	MEND_IMPORT = 2, /* take the key in, remove the file */
	MEND_VAULT = 4,  /* the modes of the vault */
	MEND_CONFIG = 8  /* nobody else may write to 'path' */
};

struct finding_instance {
	char *id, *name; /* name "": it has none */
};

/* All texts but the first five may be NULL: it is not about such a thing. */
struct finding {
	const char *id; /* "key-readable" …, stable */
	enum severity severity;
	char *subject; /* what it is about, in one word */
	char *text;    /* what it means, in a sentence */
	char *command; /* what mends it; "" : there is no one command */
	char *path;
	char *key;         /* in the vault */
	char *fingerprint; /* of the key, "SHA256:…" */
	char *profile, *region;
	char *pair, *group, *rule, *address;
	struct finding_instance *instances;
	size_t instance_count;
	unsigned mode;   /* of 'path', where that matters; else 0 */
	unsigned mends;  /* bits of enum mend */
	size_t scan_key; /* in scan.keys, or SIZE_MAX */
	bool fixed;      /* set by whoever has mended it */
};

struct findings {
	struct finding *list; /* the worst first */
	size_t count;
};

/* What is known.  All of it is the caller's. */
struct audit_facts {
	const struct scan *scan;
	bool files_only; /* nothing but files was asked about */

	bool vault_there; /* there is a vault; else it has no keys */
	bool vault_known; /* its keys are 'vault' (also when it is not there) */
	const struct keeper_keys *vault;
	const char *vault_path; /* NULL: it is not looked at */

	const struct survey *survey;
	bool cloud_whole; /* all that was asked of EC2 is in it */

	int64_t now;     /* Unix time */
	int64_t max_age; /* seconds that a key may be old; 0: any */
};

/*
 * Also looks at the modes of vault, config and state, at the event log, the hosts
 * file, known_hosts, and the journals of launches, in their usual places.
 * ERR_NOMEM.  Clear *found in any case.
 */
int audit_judge(
    const struct audit_facts *facts, struct findings *found, struct err *e);
void findings_clear(struct findings *found);

#endif
