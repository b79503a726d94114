/* SPDX-License-Identifier: ISC */
/*
 * One call of AWS from the command line, as its tables see it:
 *
 *	awscall [-p PROFILE] [-r REGION]... [-q] ACTION [NAME=VALUE]...
 *	awscall [-p PROFILE] [-r REGION] host-keys INSTANCE
 *
 * All regions are asked at the same time.  For each row a line with PATH=VALUE
 * for what is there; then for each region a line of how it went.  -q leaves the
 * rows out.  The exit status is that of the program for this failure.
 */

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pemkeep/aws/call.h"
#include "pemkeep/aws/console.h"
#include "pemkeep/aws/ec2.h"
#include "pemkeep/aws/ec2_change.h"
#include "pemkeep/aws/sts.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/digest.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/utf8.h"

#define REGIONS_MAX 64

static const struct aws_action *const actions[] = { &ec2_describe_instances,
	&ec2_describe_addresses, &ec2_describe_images, &ec2_describe_key_pairs,
	&ec2_describe_regions, &ec2_get_console_output, &ec2_start_instances,
	&ec2_describe_security_groups, &ec2_describe_security_group_rules,
	&ec2_describe_instance_types, &ec2_describe_instance_type_offerings,
	&ec2_describe_vpcs, &ec2_describe_subnets, &ec2_create_key_pair,
	&ec2_import_key_pair, &ec2_create_security_group,
	&ec2_authorize_ingress, &ec2_run_instances, &ec2_terminate_instances,
	&ec2_allocate_address, &ec2_associate_address, &ec2_get_password_data,
	&sts_get_caller_identity, &sts_assume_role, &sts_get_session_token };

static volatile sig_atomic_t stopped;

struct printer {
	const struct aws_table *table;
	const char *region;
	bool quiet;
};

static void
on_signal(int number)
{
	stopped = number;
}

static bool
is_stopped(void *arg)
{
	(void)arg;
	return stopped != 0;
}

static void
put(struct buf *out, const char *prefix, const char *path, const char *value)
{
	if (value[0] == '\0')
		return;
	buf_printf(out, " %s%s=", prefix, path);
	utf8_escape(out, value, strlen(value));
}

static void put_row(struct buf *out, const char *prefix,
    const struct aws_table *table, const char *row);

static void
put_list(struct buf *out, const char *prefix, const struct aws_field *f,
    const struct aws_list *list)
{
	char inner[100];

	for (size_t i = 0; i < list->count; i++) {
		snprintf(
		    inner, sizeof(inner), "%s%s[%zu]/", prefix, f->path, i);
		put_row(out, inner, f->items,
		    (const char *)list->items + i * f->items->size);
	}
}

static void
put_row(struct buf *out, const char *prefix, const struct aws_table *table,
    const char *row)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct aws_field *f = &table->fields[i];
		const void *at = row + f->offset;
		const struct aws_bytes *bytes = at;
		const char *text = "";
		char number[24];
		int64_t v;

		if (f->kind == AWS_TEXT) {
			memcpy(&text, at, sizeof(text));
		} else if (f->kind == AWS_LIST) {
			put_list(out, prefix, f, at);
		} else if (f->kind == AWS_BOOL) {
			text = *(const bool *)at ? "true" : "";
		} else {
			memcpy(&v, at, sizeof(v));
			if (f->kind == AWS_BYTES)
				v = (int64_t)bytes->len;
			snprintf(number, sizeof(number), "%" PRId64, v);
			text = v == 0 ? "" : number;
		}
		put(out, prefix, f->path, text);
	}
}

static int
on_row(void *arg, const void *row, struct err *e)
{
	const struct printer *p = arg;
	struct buf line = BUF_INIT;

	if (p->quiet)
		return 0;
	buf_put_text(&line, p->region);
	put_row(&line, "", p->table, row);
	puts(buf_text(&line));
	buf_free(&line);
	return ferror(stdout) ? err_set(e, ERR_SYSTEM, "cannot write") : 0;
}

static void
print_error(const struct err *e)
{
	struct buf line = BUF_INIT;

	buf_put_text(&line, "error: ");
	utf8_escape(&line, e->text, strlen(e->text));
	if (e->hint[0] != '\0') {
		buf_put_text(&line, "\nhint: ");
		utf8_escape(&line, e->hint, strlen(e->hint));
	}
	puts(buf_text(&line));
	buf_free(&line);
}

static void
print_job(const struct aws_job *job, const char *region)
{
	printf("%s: exit=%d code=%s status=%u pages=%u rows=%zu retries=%u "
	       "skew=%" PRId64 " sent=%d\n",
	    region, err_exit_status(job->error.code), job->code, job->status,
	    job->pages, job->rows, job->retries, job->skew, job->sent);
	if (job->error.code != ERR_OK)
		print_error(&job->error);
}

static int
call(struct aws *aws, const struct aws_job *plan, char **regions, size_t count,
    bool quiet)
{
	static struct aws_job jobs[REGIONS_MAX];
	static struct printer printers[REGIONS_MAX];
	int status;

	for (size_t i = 0; i < count; i++) {
		const char *region = regions[i] == NULL ? "-" : regions[i];

		printers[i] =
		    (struct printer){ plan->action->table, region, quiet };
		jobs[i] = *plan;
		jobs[i].region = regions[i];
		jobs[i].row = on_row;
		jobs[i].arg = &printers[i];
	}
	status = aws_run(aws, jobs, count);
	for (size_t i = 0; i < count; i++)
		print_job(&jobs[i], printers[i].region);
	return status;
}

static int
host_keys(struct aws *aws, const struct aws_job *plan, const char *region,
    const char *instance)
{
	struct console_keys keys;
	struct err e;
	int status =
	    ec2_host_keys(aws, plan->profile, region, instance, &keys, &e);

	for (size_t i = 0; i < keys.count && status == 0; i++) {
		struct buf line = BUF_INIT;

		buf_printf(&line, "key %s ", keys.keys[i].type);
		digest_put_base64(
		    &line, keys.keys[i].blob, keys.keys[i].len, 1);
		puts(buf_text(&line));
		buf_free(&line);
	}
	for (size_t i = 0; i < keys.fingerprint_count && status == 0; i++)
		printf("fingerprint %s\n", keys.fingerprints[i]);
	if (status != 0)
		print_error(&e);
	console_clear(&keys);
	return status;
}

static const struct aws_action *
find(const char *name)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (name != NULL && strcmp(actions[i]->name, name) == 0)
			return actions[i];
	return NULL;
}

static void
put_params(struct buf *params, char **arguments)
{
	for (; *arguments != NULL; arguments++) {
		char *value = strchr(*arguments, '=');

		if (value == NULL)
			continue;
		*value++ = '\0';
		aws_param(params, value, "%s", *arguments);
	}
}

int
main(int argc, char **argv)
{
	const struct aws_options options = { .interrupted = is_stopped };
	char *regions[REGIONS_MAX] = { NULL };
	struct buf params = BUF_INIT;
	struct aws_job plan = { .params = &params };
	struct aws *aws = aws_new(&options);
	size_t count = 0;
	bool quiet = false;
	int option, status = ERR_USAGE;

	while ((option = getopt(argc, argv, "+p:r:q")) != -1)
		if (option == 'p')
			plan.profile = optarg;
		else if (option == 'r' && count < REGIONS_MAX)
			regions[count++] = optarg;
		else if (option == 'q')
			quiet = true;
	signal(SIGINT, on_signal);
	plan.action = find(argv[optind]);
	if (aws != NULL && plan.action != NULL) {
		put_params(&params, argv + optind + 1);
		status =
		    call(aws, &plan, regions, count == 0 ? 1 : count, quiet);
	} else if (aws != NULL && argc == optind + 2 &&
	    strcmp(argv[optind], "host-keys") == 0) {
		status = host_keys(aws, &plan, regions[0], argv[optind + 1]);
	}
	buf_free(&params);
	aws_free(aws);
	return err_exit_status((enum err_code)status);
}
