/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_AWS_CREDENTIALS_H
#define PEMKEEP_AWS_CREDENTIALS_H

/*
 * Keys for signing, from where aws-cli would take them: environment, assumed
 * role, SSO, credentials file, credential_process, config file, instance
 * metadata (version 2 only).  What pemkeep does not know yet (web identity,
 * container, "aws login") is named in an error: a source that is configured
 * never falls through to the next one.
 *
 * The keys lie in ordinary memory and are wiped when they are cleared.  They are
 * no struct secret: libcurl keeps copies of its own.
 */

#include <stdint.h>

struct aws;
struct aws_profiles;
struct err;

struct aws_keys {
	char *id;
	char *secret;
	char *token;     /* NULL: long-term keys */
	int64_t expires; /* Unix time; 0: never, or not known */
	char *account;   /* 12 digits, or NULL: not known without a call */
	char *source;    /* for people: "profile 'x' in '~/.aws/config'" */
};

/* Wipe and free what is in it. */
void aws_keys_clear(struct aws_keys *keys);

/*
 * The keys of a profile.  NULL is that of the options, else the current one: when
 * no option names one, the environment's keys come first.  They belong to 'aws'
 * and hold until it is asked for this profile again; they are got anew 10
 * minutes before they expire.  May call STS, SSO or the instance's metadata, ask
 * for an MFA code, run a program: not from within a callback of aws_run().
 *
 * A failure is remembered, too, so that nobody is asked for a code twice.
 * ERR_NOT_FOUND: no such profile.  ERR_REFUSED: no credentials (says where they
 * were looked for), an SSO session that has ended (says what to type), refused
 * by STS.  ERR_FORMAT: the configuration is wrong.  ERR_UNSUPPORTED.
 * ERR_NETWORK.  ERR_FAILED: credential_process.  ERR_INTERRUPTED.
 */
int aws_credentials(struct aws *aws, const char *profile,
    const struct aws_keys **keysp, struct err *e);

/* AWS does not take the keys of this profile any more: get them anew. */
void aws_credentials_forget(struct aws *aws, const char *profile);

/* The files, read once.  They belong to 'aws'.  As aws_profiles_load(). */
int aws_credentials_profiles(
    struct aws *aws, const struct aws_profiles **pp, struct err *e);

/*
 * The region of the EC2 instance that this runs on, for when none is
 * configured; belongs to 'aws'.  ERR_NOT_FOUND: this is none, or it does not
 * say.
 */
int aws_credentials_region(
    struct aws *aws, const char **regionp, struct err *e);

#endif
