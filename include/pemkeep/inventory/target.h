/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_INVENTORY_TARGET_H
#define PEMKEEP_INVENTORY_TARGET_H

/*
 * From a name to all that a login needs: address, port, user, keys, and for each
 * the reason.  Nothing here asks for a passphrase, connects anywhere, or looks a
 * name up in the DNS.
 *
 * The argument as a whole is tried as a name first, then as [user@]NAME[:port].
 * NAME is one of, in this order: a section of the hosts file; EC2 instances (their
 * Name tag, id, address, DNS name; a glob of Name tags; "tag:KEY=VALUE"; any of
 * these behind "PROFILE/REGION/"); a name that a literal Host pattern of
 * ~/.ssh/config has (then "ssh -G" says the rest); an IP address; a DNS name with
 * a dot in it.  Another word is nothing.
 *
 * Instances are those of the inventory's profiles and regions, and of no other
 * that the cache may know.  AWS is asked first: where it never was; when no name
 * fits; when several do and the cache is not fresh.
 *
 * All texts may come from files: escape them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

struct inventory;

#define TARGET_KEYS_MAX 3 /* servers close the connection after a few */
#define TARGET_CANDIDATES_MAX 200

/* A key of the vault, as far as everybody may know it. */
struct inventory_key {
	const char *name;
	const char *fingerprint; /* "SHA256:…" */
	const uint8_t *blob;     /* SSH wire form */
	size_t len;
	/* As EC2 shows it, for a pair that it made, and for one that it was
	 * given (keys/pubkey.h); NULL: not known. */
	const char *ec2_created, *ec2_imported;
};

/*
 * What is asked.  NULL and 0 are "not given" everywhere; the lists and texts
 * stay the caller's.
 */
struct inventory_question {
	const char *argument;
	const char *user; /* -l */
	unsigned port;    /* -p */
	const char *key;  /* -k: name of a key in the vault */
	const struct inventory_key *keys;
	size_t key_count;
	bool keys_known; /* false while the vault is locked: 'keys' is empty */
	/* Places; NULL: the usual ones. */
	const char *hosts;
	const char *ssh_config;

	struct inventory *inventory; /* NULL: no EC2 */
	bool refresh;                /* ask AWS first */
	/*
	 * The address must be from an answer of this run: AWS is asked about the
	 * one instance where it was not yet.
	 */
	bool live;
	bool anew; /* with 'live': also where it was, in this run */
	/* Of the instances that fit, the one with this id and in this region: a
	 * candidate that was chosen. */
	const char *instance, *region;
	bool private_address;  /* config: address = private */
	unsigned default_port; /* config: port */
};

/* A value, and where it is from in words ("…/hosts:3", "-p", "default"). */
struct target_text {
	char *value; /* NULL: not known; 'source' then says why */
	char *source;
};

enum target_address {
	TARGET_STATIC,
	TARGET_ELASTIC,
	TARGET_PUBLIC, /* will be another one after the next stop */
	TARGET_IPV6,
	TARGET_PRIVATE /* leads somewhere from within its network only */
};

/* An instance; texts are never NULL. */
struct target_instance {
	char *id, *name;
	char *profile, *region, *account;
	char *state; /* "running", … */
	char *zone, *type, *vpc;
	char *platform; /* "windows", or "" */
	char *image_id;
	char *image_name; /* "" when AWS does not say it (any more) */
	char *key_pair;   /* AWS' name of it, or "" */
	char *address;    /* the best one, or "" */
	int64_t launched; /* Unix time */
};

struct target_key {
	char *name;        /* in the vault, or a file's; never NULL */
	char *fingerprint; /* or "" */
	char *source;
	size_t index; /* in the question's keys, or SIZE_MAX */
};

struct target {
	struct target_text name;
	struct target_text
	    id; /* of an EC2 instance; value "" for static hosts */
	struct target_text *addresses; /* none: an instance without any */
	size_t address_count;
	enum target_address address_kind; /* of the first */
	unsigned port;
	char *port_source;
	struct target_text user;
	struct target_key keys[TARGET_KEYS_MAX]; /* to be tried in this order */
	size_t key_count;
	/* Names to look for in known_hosts; new keys go under the first. */
	struct target_text *host_keys; /* at least one */
	size_t host_key_count;

	/* Of an EC2 instance; all texts of 'instance' are NULL for other hosts. */
	struct target_instance instance;
	bool live;       /* the addresses are from an answer of this run */
	int64_t fetched; /* when AWS has last told all about its region */
	char *note;      /* what else fitted and was passed over, or NULL */
	/* The key pair is known, and not in the vault; false while that is
	 * locked. */
	bool key_missing;

	/* ERR_AMBIGUOUS: what fits; more than that when it is full. */
	struct target_instance *candidates;
	size_t candidate_count;
};

/*
 * Find it.  ERR_NOT_FOUND: what was searched, and what comes close, is said;
 * also when -k or the hosts file names a key that the vault does not have.
 * ERR_AMBIGUOUS: t->candidates.  When nobody knows the name and AWS could not be
 * asked about any region, what it said: ERR_REFUSED, ERR_NETWORK, ERR_FORMAT;
 * also with 'live', when it could not be asked about the instance.  What else
 * could not be asked is said by inventory_troubles().
 * ERR_FORMAT with file:line for a hosts file with a mistake; ERR_USAGE for a
 * user or a port that cannot be one; ERR_UNSUPPORTED for ProxyJump and
 * ProxyCommand; ERR_UNTRUSTED for files that others can write to.  *t is to be
 * cleared, also after a failure.
 */
int inventory_resolve(
    const struct inventory_question *q, struct target *t, struct err *e);

void target_clear(struct target *t);

#endif
