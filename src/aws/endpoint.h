/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AWS_ENDPOINT_H
#define PEMKEEP_SRC_AWS_ENDPOINT_H

/* Where the services of a region are, by AWS' own rules; no settings here. */

struct buf;
struct err;

/*
 * Replace the content of 'url' by that of a service, with '/' at its end.
 * 'given': the endpoint that somebody configured, or NULL.  ERR_USAGE: it is no
 * URL of a host, or 'region' can be no region.
 */
int endpoint_url(const char *given, const char *service, const char *region,
    struct buf *url, struct err *e);

#endif
