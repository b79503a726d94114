/* SPDX-License-Identifier: ISC */
/*
 * known_hosts on a command line, for tests/interop/known_hosts.sh:
 *
 *	knownhosts check FILE NAME PORT KEY	unknown, match, changed, revoked
 *	knownhosts types FILE NAME PORT
 *	knownhosts skipped FILE
 *	knownhosts add FILE NAME PORT KEY [hashed]
 *
 * KEY is in base64.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/base64.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/ssh/known_hosts.h"

static const char *const verdicts[] = {
	[KNOWN_HOSTS_FAILED] = "failed",
	[KNOWN_HOSTS_UNKNOWN] = "unknown",
	[KNOWN_HOSTS_MATCH] = "match",
	[KNOWN_HOSTS_CHANGED] = "changed",
	[KNOWN_HOSTS_REVOKED] = "revoked",
};

static int
complain(const struct err *e)
{
	fprintf(stderr, "knownhosts: %s\n", e->text);
	return err_exit_status(e->code);
}

static int
add(char **argv, const struct buf *blob, int hashed)
{
	struct known_hosts_entry entry = { .name = argv[3],
		.port = (unsigned)atoi(argv[4]),
		.blob = blob->data,
		.len = blob->len,
		.hashed = hashed != 0 };
	struct err e;

	return known_hosts_add(argv[2], &entry, &e) == 0 ? 0 : complain(&e);
}

static int
ask(int argc, char **argv, const struct buf *blob)
{
	struct known_hosts *k = known_hosts_new();
	unsigned port = argc > 4 ? (unsigned)atoi(argv[4]) : 0;
	struct buf types = BUF_INIT;
	struct err e;
	int status = 0;

	if (k == NULL || known_hosts_load(k, argv[2], &e) != 0) {
		status = complain(&e);
	} else if (strcmp(argv[1], "skipped") == 0) {
		printf("%zu\n", known_hosts_skipped(k));
	} else if (strcmp(argv[1], "types") == 0) {
		known_hosts_types(k, argv[3], port, &types);
		printf("%s\n", buf_text(&types));
	} else {
		puts(verdicts[known_hosts_check(
		    k, argv[3], port, blob->data, blob->len)]);
	}
	known_hosts_free(k);
	buf_free(&types);
	return status;
}

int
main(int argc, char **argv)
{
	struct buf blob = BUF_INIT;
	int status;

	if (argc < 3 || (strcmp(argv[1], "skipped") != 0 && argc < 5) ||
	    (argc > 5 && !base64_decode(&blob, argv[5], strlen(argv[5]))))
		return 2;
	if (strcmp(argv[1], "add") == 0)
		status = add(argv, &blob, argc > 6);
	else
		status = ask(argc, argv, &blob);
	buf_free(&blob);
	return status;
}
