/* SPDX-License-Identifier: ISC */
/*
 * What environment and files say about calls, in aws-cli's order.  An empty
 * variable is one that is not set.
 */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pemkeep/aws/profile.h"
#include "pemkeep/base/err.h"

#define ATTEMPTS 3        /* in all, of the standard mode */
#define ATTEMPTS_LEGACY 5 /* retry_mode = legacy */
#define ATTEMPTS_MAX 10

static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

static const char *
first(const char *a, const char *b)
{
	return a != NULL ? a : b;
}

/* aws-cli version 2 asks AWS_PROFILE first; version 1 the other way round. */
const char *
aws_profile_current(const char *option)
{
	return first(option,
	    first(variable("AWS_PROFILE"),
		first(variable("AWS_DEFAULT_PROFILE"), "default")));
}

const char *
aws_profile_region(
    const struct aws_profiles *p, const char *profile, const char *option)
{
	const char *region = first(option,
	    first(variable("AWS_REGION"), variable("AWS_DEFAULT_REGION")));

	if (region == NULL)
		region = aws_profile_get(p, profile, "region");
	return region != NULL && *region != '\0' ? region : NULL;
}

static bool
is_true(const char *value)
{
	return value != NULL && strcasecmp(value, "true") == 0;
}

/* "AWS_" and the key in upper case. */
static const char *
variable_of(const char *prefix, const char *key)
{
	char name[64];
	size_t len = strlen(prefix);

	if (len + strlen(key) >= sizeof(name))
		return NULL;
	memcpy(name, prefix, len);
	do
		name[len++] = (char)toupper((unsigned char)*key);
	while (*key++ != '\0');
	return variable(name);
}

bool
aws_profile_is(
    const struct aws_profiles *p, const char *profile, const char *key)
{
	return is_true(
	    first(variable_of("AWS_", key), aws_profile_get(p, profile, key)));
}

int
aws_profile_endpoint(const struct aws_profiles *p, const char *profile,
    const char *service, const char **urlp, struct err *e)
{
	const char *section;

	*urlp = NULL;
	if (aws_profile_is(p, profile, "ignore_configured_endpoint_urls"))
		return 0;
	*urlp = first(variable_of("AWS_ENDPOINT_URL_", service),
	    variable("AWS_ENDPOINT_URL"));
	if (*urlp != NULL)
		return 0;
	section = aws_profile_get(p, profile, "services");
	if (section != NULL && !aws_services_has(p, section)) {
		err_set(e, ERR_FORMAT,
		    "profile '%s' names services '%s', and there is no "
		    "section [services %s]",
		    profile, section, section);
		err_hint(e, "see '%s'", aws_profiles_path(p, AWS_FILE_CONFIG));
		return ERR_FORMAT;
	}
	if (section != NULL)
		*urlp = aws_services_get(p, section, service, "endpoint_url");
	if (*urlp == NULL || **urlp == '\0')
		*urlp = aws_profile_get(p, profile, "endpoint_url");
	if (*urlp != NULL && **urlp == '\0')
		*urlp = NULL;
	return 0;
}

const char *
aws_profile_ca_bundle(const struct aws_profiles *p, const char *profile)
{
	return first(variable("AWS_CA_BUNDLE"),
	    first(aws_profile_get(p, profile, "ca_bundle"),
		variable("REQUESTS_CA_BUNDLE")));
}

int
aws_profile_attempts(const struct aws_profiles *p, const char *profile,
    unsigned *attempts, struct err *e)
{
	const char *mode = first(variable("AWS_RETRY_MODE"),
	    aws_profile_get(p, profile, "retry_mode"));
	const char *text = first(variable("AWS_MAX_ATTEMPTS"),
	    aws_profile_get(p, profile, "max_attempts"));
	unsigned long n;
	char *end;

	*attempts = mode != NULL && strcmp(mode, "legacy") == 0
	    ? ATTEMPTS_LEGACY
	    : ATTEMPTS;
	if (text == NULL)
		return 0;
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || n == 0)
		return err_set(e, ERR_FORMAT,
		    "max_attempts of profile '%s' is no number from 1 on: '%s'",
		    profile, text);
	*attempts = n > ATTEMPTS_MAX ? ATTEMPTS_MAX : (unsigned)n;
	return 0;
}
