/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AWS_AWS_H
#define PEMKEEP_SRC_AWS_AWS_H

/* What the files of this folder share of a run (call.h). */

#include "pemkeep/aws/call.h"

#include "src/aws/retry.h"

struct http;
struct credentials;

#define AWS_CLOCKS_MAX 64

/* An endpoint whose clock is not ours. */
struct aws_clock {
	char url[128];
	int64_t offset; /* seconds to add to ours */
};

struct aws {
	struct aws_options options;
	struct http *http; /* NULL before aws_http() */
	/* Of credentials.c, also the profiles; NULL before its first use. */
	struct credentials *credentials;
	struct retry_quota quota;
	struct aws_clock clocks[AWS_CLOCKS_MAX];
	size_t clock_count;
	bool clock_told; /* the user has been told of it */
};

/* NULL without memory. */
struct http *aws_http(struct aws *aws);

/* NULL is the profile of the options, of the environment, "default". */
const char *aws_profile_name(const struct aws *aws, const char *profile);

/* The certificates to trust, or NULL for the system's. */
const char *aws_ca_bundle(struct aws *aws, const char *profile);

/* As aws_region(), but STS can do without one. */
int aws_region_for(struct aws *aws, const char *profile, const char *service,
    const char **regionp, struct err *e);

/* What to add to our clock for an endpoint. */
int64_t aws_clock_of(const struct aws *aws, const char *url);
void aws_clock_set(struct aws *aws, const char *url, int64_t offset);

#endif
