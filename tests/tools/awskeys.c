/* SPDX-License-Identifier: ISC */
/*
 * The keys of profiles as pemkeep finds them, for tests: nothing else prints
 * keys.
 *
 *	awskeys [-p PROFILE] [-r REGION] [-c] [-m CODE] [-n TIMES] [PROFILE...]
 *
 * -p and -r are the options of the run, -c is cache-credentials, -m what is
 * answered when a code is asked for (-m '' refuses).  Each PROFILE is asked for
 * in turn ('-': that of the options), TIMES times.  Prints an object a line, and
 * on standard error the questions and warnings.  Exit status: that of the last
 * failure.
 *
 *	awskeys -R             the region of this instance
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pemkeep/aws/call.h"
#include "pemkeep/aws/credentials.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/json.h"

static const char *code;

static int
ask_code(void *arg, const char *serial, char answer[static 16], struct err *e)
{
	(void)arg;
	fprintf(stderr, "Enter MFA code for %s: %s\n", serial, code);
	if (*code == '\0')
		return err_set(e, ERR_REFUSED, "no code was given");
	snprintf(answer, 16, "%s", code);
	return 0;
}

static void
warn(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "warning: %s\n", text);
}

static int
show(struct json *j, int result, const struct err *e)
{
	struct buf b = BUF_INIT;

	if (result != 0) {
		json_set_int(j, "code", result);
		json_set_text(j, "error", e->text);
		json_set_text(j, "hint", e->hint);
	}
	if (!json_put(&b, j))
		abort();
	for (size_t i = 0; i + 1 < b.len; i++)
		if (b.data[i] == '\n')
			b.data[i] = ' ';
	printf("%s", buf_text(&b));
	json_free(j);
	buf_free(&b);
	return result == 0 ? 0 : err_exit_status(e->code);
}

static int
show_keys(struct aws *aws, const char *profile)
{
	struct json *j = json_new_object();
	const struct aws_keys *keys;
	struct err e = { ERR_OK, "", "" };
	int r = aws_credentials(aws, profile, &keys, &e);

	if (r == 0) {
		json_set_text(j, "id", keys->id);
		json_set_text(j, "secret", keys->secret);
		json_set_text(j, "token", keys->token);
		json_set_text(j, "account", keys->account);
		json_set_text(j, "source", keys->source);
		json_set_int(j, "expires", keys->expires);
	}
	return show(j, r, &e);
}

static int
show_region(struct aws *aws)
{
	struct json *j = json_new_object();
	const char *region;
	struct err e = { ERR_OK, "", "" };
	int r = aws_credentials_region(aws, &region, &e);

	if (r == 0)
		json_set_text(j, "region", region);
	return show(j, r, &e);
}

int
main(int argc, char **argv)
{
	struct aws_options options = { .warn = warn };
	int opt, times = 1, status = 0, r;
	bool region = false;
	struct aws *aws;

	while ((opt = getopt(argc, argv, "p:r:cm:n:R")) != -1) {
		if (opt == 'p')
			options.profile = optarg;
		else if (opt == 'r')
			options.region = optarg;
		else if (opt == 'c')
			options.cache_credentials = true;
		else if (opt == 'm')
			code = optarg;
		else if (opt == 'n')
			times = atoi(optarg);
		else if (opt == 'R')
			region = true;
		else
			return 2;
	}
	if (code != NULL)
		options.ask_code = ask_code;
	if ((aws = aws_new(&options)) == NULL)
		return 1;
	if (region)
		status = show_region(aws);
	for (int i = 0; i < times && !region; i++) {
		for (int k = optind; k < argc; k++) {
			bool none = strcmp(argv[k], "-") == 0;

			r = show_keys(aws, none ? NULL : argv[k]);
			status = r != 0 ? r : status;
		}
		if (optind == argc && (r = show_keys(aws, NULL)) != 0)
			status = r;
	}
	aws_free(aws);
	return status;
}
