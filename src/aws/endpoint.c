/* SPDX-License-Identifier: ISC */
/*
 * Partitions as in botocore's partitions.json.  Its patterns come to prefixes:
 * those here, in this order, and "aws" for all other regions, as botocore takes
 * it for those it does not know.
 */

#include <string.h>

#include "pemkeep/aws/call.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/aws/endpoint.h"

#define REGION_MAX 32 /* the longest today has 15 */

static const struct partition {
	const char *prefix, *suffix;
} partitions[] = {
	{ "cn-", "amazonaws.com.cn" },
	{ "eusc-", "amazonaws.eu" },
	{ "us-iso-", "c2s.ic.gov" },
	{ "us-isob-", "sc2s.sgov.gov" },
	{ "eu-isoe-", "cloud.adc-e.uk" },
	{ "us-isof-", "csp.hci.ic.gov" },
	{ "", "amazonaws.com" },
};

static const struct partition *
partition_of(const char *region)
{
	const struct partition *p = partitions;

	while (strncmp(region, p->prefix, strlen(p->prefix)) != 0)
		p++;
	return p;
}

bool
aws_is_region(const char *region)
{
	size_t len = strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return len > 0 && len <= REGION_MAX && region[len] == '\0' &&
	    region[0] >= 'a' && region[0] <= 'z' && region[len - 1] != '-';
}

bool
aws_is_account(const char *text)
{
	return strlen(text) == 12 && strspn(text, "0123456789") == 12;
}

/* "host[:port][/path]" of letters that mean nothing else in a URL. */
static bool
is_place(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t host = strcspn(text, "/");

	for (size_t i = 0; text[i] != '\0'; i++)
		if (strchr(letters, text[i]) == NULL &&
		    strchr(i < host ? "-._:[]" : "-._~/", text[i]) == NULL)
			return false;
	return host > 0 && text[0] != ':' && text[0] != '-';
}

static int
put_given(const char *given, struct buf *url, struct err *e)
{
	const char *rest = strstr(given, "://");
	size_t len = strlen(given);

	if (rest == NULL || !is_place(rest + 3) ||
	    (strncmp(given, "https://", 8) != 0 &&
		strncmp(given, "http://", 7) != 0)) {
		err_set(e, ERR_USAGE, "'%s' is no endpoint", given);
		err_hint(e,
		    "it has the form https://HOST[:PORT]; see "
		    "AWS_ENDPOINT_URL and endpoint_url");
		return ERR_USAGE;
	}
	buf_put_text(url, given);
	if (given[len - 1] != '/')
		buf_put_u8(url, '/');
	return 0;
}

/* Where a service's hosts are called something else than its settings. */
static const char *
host_of(const char *service)
{
	static const struct {
		const char *service, *host;
	} hosts[] = {
		{ "sso", "portal.sso" },
		{ "sso_oidc", "oidc" },
		{ "ec2_instance_connect", "ec2-instance-connect" },
	};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (strcmp(service, hosts[i].service) == 0)
			return hosts[i].host;
	return service;
}

int
endpoint_url(const char *given, const char *service, const char *region,
    struct buf *url, struct err *e)
{
	int status = 0;

	buf_clear(url);
	if (!aws_is_region(region)) {
		err_set(e, ERR_USAGE, "'%s' is no region", region);
		err_hint(e, "a region is a word like eu-west-1");
		return ERR_USAGE;
	}
	if (given != NULL)
		status = put_given(given, url, e);
	else
		buf_printf(url, "https://%s.%s.%s/", host_of(service), region,
		    partition_of(region)->suffix);
	if (status == 0 && !buf_ok(url))
		return err_set(e, ERR_NOMEM, "out of memory");
	return status;
}
