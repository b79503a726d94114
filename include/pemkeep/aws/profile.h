/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_AWS_PROFILE_H
#define PEMKEEP_AWS_PROFILE_H

/*
 * The user's own ~/.aws/config and ~/.aws/credentials, understood as aws-cli
 * understands them: Python's RawConfigParser, with botocore's rules about
 * sections on top.  Nothing here asks the network, and nothing is written.
 */

#include <stdbool.h>
#include <stddef.h>

struct err;
struct aws_profiles;

#define AWS_FILE_SIZE_MAX 0x400000u /* bytes: 4 MiB */

struct aws_text {
	const char *path;  /* where it was looked for */
	const void *bytes; /* NULL: there is no such file */
	size_t len;
};

/*
 * Read both files: AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE ('~' and
 * variables in them are expanded), else the ones in ~/.aws.  One that is not
 * there, or no regular file, is empty.  'warn' (may be NULL) is told of a file
 * that others can write to.  ERR_FORMAT ("path:line: …") is an error for the
 * whole file; ERR_SYSTEM; ERR_NOMEM.
 */
int aws_profiles_load(struct aws_profiles **pp,
    void (*warn)(void *arg, const char *text), void *arg, struct err *e);

/* The same from memory. */
int aws_profiles_parse(const struct aws_text *config,
    const struct aws_text *credentials, struct aws_profiles **pp,
    struct err *e);

/* Wipes what was read.  NULL does nothing. */
void aws_profiles_free(struct aws_profiles *p);

/*
 * The names: those of config in their order, then those that only credentials
 * has.  NULL beyond the last.
 */
size_t aws_profiles_count(const struct aws_profiles *p);
const char *aws_profiles_name(const struct aws_profiles *p, size_t i);
bool aws_profiles_has(const struct aws_profiles *p, const char *profile);

enum aws_file { AWS_FILE_CONFIG, AWS_FILE_CREDENTIALS };

/* Where a file was looked for; "" when it is none. */
const char *aws_profiles_path(const struct aws_profiles *p, enum aws_file file);

/*
 * A value of a profile: of both files, where credentials goes before config, or
 * of one.  The key in lower case.  NULL: not set, or a nested section.
 */
const char *aws_profile_get(
    const struct aws_profiles *p, const char *profile, const char *key);
const char *aws_profile_get_in(const struct aws_profiles *p, enum aws_file file,
    const char *profile, const char *key);

/* Of [sso-session NAME], and of 'SERVICE =' within [services NAME]. */
bool aws_sso_session_has(const struct aws_profiles *p, const char *name);
const char *aws_sso_session_get(
    const struct aws_profiles *p, const char *name, const char *key);
bool aws_services_has(const struct aws_profiles *p, const char *name);
const char *aws_services_get(const struct aws_profiles *p, const char *name,
    const char *service, const char *key);

/*
 * Settings, from the environment and the files, in aws-cli's order.  'profile'
 * must be a name; one that does not exist has no settings.
 *
 * The name of the current profile: 'option' (--profile, or NULL), AWS_PROFILE,
 * AWS_DEFAULT_PROFILE, "default".
 */
const char *aws_profile_current(const char *option);

/*
 * The region: 'option', AWS_REGION, AWS_DEFAULT_REGION, the profile.  NULL when
 * there is none; then an EC2 instance can still be asked, see
 * aws_credentials_region().  Not checked: see aws_is_region().
 */
const char *aws_profile_region(
    const struct aws_profiles *p, const char *profile, const char *option);

/*
 * The endpoint URL that is configured for a service ("ec2", "sts", "ssm",
 * "sso", "sso_oidc", "ec2_instance_connect"), as it stands there: it is not
 * checked.  *urlp is NULL when there is none.  ERR_FORMAT when 'services' names
 * a section that does not exist.
 */
int aws_profile_endpoint(const struct aws_profiles *p, const char *profile,
    const char *service, const char **urlp, struct err *e);

/* The file of the certificates to trust, or NULL for the system's. */
const char *aws_profile_ca_bundle(
    const struct aws_profiles *p, const char *profile);

/* A setting that is true or not, such as "use_fips_endpoint" (AWS_USE_…). */
bool aws_profile_is(
    const struct aws_profiles *p, const char *profile, const char *key);

/* How often to try a call in all, 1 to 10.  ERR_FORMAT when it is no number. */
int aws_profile_attempts(const struct aws_profiles *p, const char *profile,
    unsigned *attempts, struct err *e);

#endif
