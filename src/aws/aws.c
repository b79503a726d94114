/* SPDX-License-Identifier: ISC */
/* A run: what is kept between calls, and the settings that all calls share. */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/aws/credentials.h"
#include "pemkeep/aws/profile.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/aws/aws.h"
#include "src/aws/credentials.h"
#include "src/aws/endpoint.h"
#include "src/aws/http.h"

#define GLOBAL_REGION "us-east-1" /* STS asks there when nothing names one */

struct aws *
aws_new(const struct aws_options *options)
{
	struct aws *aws = calloc(1, sizeof(*aws));

	if (aws != NULL)
		aws->options = *options;
	return aws;
}

void
aws_free(struct aws *aws)
{
	if (aws == NULL)
		return;
	credentials_free(aws->credentials);
	http_free(aws->http);
	free(aws);
}

struct http *
aws_http(struct aws *aws)
{
	const struct http_options options = {
		.user_agent = aws->options.user_agent,
		.interrupted = aws->options.interrupted,
		.arg = aws->options.arg,
	};

	if (aws->http == NULL)
		aws->http = http_new(&options);
	return aws->http;
}

const char *
aws_profile_name(const struct aws *aws, const char *profile)
{
	return aws_profile_current(
	    profile != NULL ? profile : aws->options.profile);
}

const char *
aws_ca_bundle(struct aws *aws, const char *profile)
{
	const struct aws_profiles *profiles;

	if (aws->options.ca_bundle != NULL)
		return aws->options.ca_bundle;
	if (aws_credentials_profiles(aws, &profiles, NULL) != 0)
		return NULL;
	return aws_profile_ca_bundle(profiles, aws_profile_name(aws, profile));
}

int
aws_region(
    struct aws *aws, const char *profile, const char **regionp, struct err *e)
{
	const struct aws_profiles *profiles;
	int status = aws_credentials_profiles(aws, &profiles, e);

	*regionp = NULL;
	if (status != 0)
		return status;
	*regionp = aws_profile_region(
	    profiles, aws_profile_name(aws, profile), aws->options.region);
	if (*regionp != NULL)
		return 0;
	status = credentials_has_profile(
	    profiles, profile != NULL ? profile : aws->options.profile, e);
	if (status != 0)
		return status;
	status = aws_credentials_region(aws, regionp, NULL);
	if (status == 0 || status == ERR_INTERRUPTED)
		return status;
	err_set(e, ERR_USAGE, "no region is set for profile '%s'",
	    aws_profile_name(aws, profile));
	err_hint(e,
	    "give --region, set AWS_REGION, or put 'region = …' into "
	    "~/.aws/config");
	return ERR_USAGE;
}

int
aws_region_for(struct aws *aws, const char *profile, const char *service,
    const char **regionp, struct err *e)
{
	const struct aws_profiles *profiles;
	int status;

	if (strcmp(service, "sts") != 0)
		return aws_region(aws, profile, regionp, e);
	/* STS has one that serves all, so that nothing else need be asked. */
	status = aws_credentials_profiles(aws, &profiles, e);
	if (status != 0)
		return status;
	*regionp = aws_profile_region(
	    profiles, aws_profile_name(aws, profile), aws->options.region);
	if (*regionp == NULL)
		*regionp = GLOBAL_REGION;
	return 0;
}

/* What would be another endpoint is not passed over in silence. */
static int
refuse_variants(
    const struct aws_profiles *profiles, const char *profile, struct err *e)
{
	static const char *const variants[] = { "use_fips_endpoint",
		"use_dualstack_endpoint" };

	for (size_t i = 0; i < 2; i++)
		if (aws_profile_is(profiles, profile, variants[i])) {
			err_set(e, ERR_UNSUPPORTED, "'%s' is not supported yet",
			    variants[i]);
			err_hint(e,
			    "name the endpoint itself with "
			    "AWS_ENDPOINT_URL_EC2");
			return ERR_UNSUPPORTED;
		}
	return 0;
}

int
aws_endpoint(struct aws *aws, const char *profile, const char *service,
    const char *region, struct buf *url, struct err *e)
{
	const char *name = aws_profile_name(aws, profile), *given;
	const struct aws_profiles *profiles;
	int status = aws_credentials_profiles(aws, &profiles, e);

	if (status == 0 && region == NULL)
		status = aws_region_for(aws, profile, service, &region, e);
	if (status == 0)
		status =
		    aws_profile_endpoint(profiles, name, service, &given, e);
	if (status == 0 && given == NULL)
		status = refuse_variants(profiles, name, e);
	if (status == 0)
		status = endpoint_url(given, service, region, url, e);
	return status;
}

int64_t
aws_clock_of(const struct aws *aws, const char *url)
{
	for (size_t i = 0; i < aws->clock_count; i++)
		if (strcmp(aws->clocks[i].url, url) == 0)
			return aws->clocks[i].offset;
	return 0;
}

void
aws_clock_set(struct aws *aws, const char *url, int64_t offset)
{
	struct aws_clock *clock = aws->clocks, *end = clock + aws->clock_count;

	while (clock < end && strcmp(clock->url, url) != 0)
		clock++;
	if (clock == aws->clocks + AWS_CLOCKS_MAX ||
	    strlen(url) >= sizeof(clock->url))
		return;
	memcpy(clock->url, url, strlen(url) + 1);
	clock->offset = offset;
	aws->clock_count += clock == end;
}
