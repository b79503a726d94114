/* SPDX-License-Identifier: ISC */
/*
 * The host keys of an instance, from its console.  The live console is for
 * instances of the Nitro system only: for others AWS refuses it, which is no
 * failure here but the reason to take the snapshot.
 */

#include <string.h>

#include "pemkeep/aws/console.h"
#include "pemkeep/aws/ec2.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

/* What the snapshot has replaces what the live console had, if it has any. */
static int
on_row(void *arg, const void *row, struct err *e)
{
	const struct ec2_console *console = row;
	struct console_keys *keys = arg, found;
	int status = console_host_keys(
	    console->output.data, console->output.len, &found, e);

	if (status == 0 && (found.count > 0 || keys->fingerprint_count == 0)) {
		console_clear(keys);
		*keys = found;
	} else {
		console_clear(&found);
	}
	return status;
}

static int
ask(struct aws *aws, const struct aws_job *plan, const char *instance,
    bool latest, struct err *e)
{
	struct buf params = BUF_INIT;
	struct aws_job job = *plan;
	int status;

	aws_param(&params, instance, "InstanceId");
	if (latest)
		aws_param(&params, "true", "Latest");
	job.params = &params;
	status = aws_run_one(aws, &job, e);
	buf_free(&params);
	return status;
}

int
ec2_host_keys(struct aws *aws, const char *profile, const char *region,
    const char *instance, struct console_keys *keys, struct err *e)
{
	const struct aws_job plan = { .profile = profile,
		.region = region,
		.action = &ec2_get_console_output,
		.row = on_row,
		.arg = keys };
	int status;

	*keys = (struct console_keys){ 0 };
	status = ask(aws, &plan, instance, true, e);
	if (keys->count == 0 &&
	    (status == 0 || status == ERR_UNSUPPORTED || status == ERR_FAILED))
		status = ask(aws, &plan, instance, false, e);
	return status;
}
