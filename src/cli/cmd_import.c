/* SPDX-License-Identifier: ISC */

/*
 * pemkeep import: take key files in.  They are opened here and read by the
 * keeper.  Some hundreds are stored in one save.  Only when all are stored are
 * the files touched: their mode is set to 0400, and with --move a file goes when
 * the vault, read back from the disk, holds the same private key.  Files are not
 * overwritten before they are removed: on today's disks that would be a promise
 * without effect.
 */

#include <stdio.h>
#include <stdlib.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/json.h"
#include "pemkeep/keys/keyfile.h"

#include "src/cli/cli.h"
#include "src/cli/collect.h"
#include "src/cli/commands.h"
#include "src/cli/import_job.h"

static void
put_mode(struct buf *b, const struct job *job)
{
	unsigned mode = job->st.st_mode & 07777u;

	if (job->mode_error.code != ERR_OK) {
		buf_printf(b, "    mode is %04o: ", mode);
		out_put(b, job->mode_error.text);
		buf_put_text(b, "\n");
	} else if (mode == JOB_MODE) {
		buf_put_text(b, "    mode was 0400 already\n");
	} else {
		buf_printf(b, "    mode was %04o%s, is 0400\n", mode,
		    (mode & 077) != 0 ? " (others could use it)" : "");
	}
}

static void
put_job(const struct cli *cli, struct buf *b, const struct job *job)
{
	struct buf repairs = BUF_INIT;

	out_put(b, job->found->path);
	buf_put_text(b,
	    !job->in.present   ? ": imported as '"
		: job->in.same ? ": already in the vault as '"
			       : ": NOT the same as in the vault, '");
	out_put(b, job->in.key.name);
	buf_put_text(b, "'\n");
	show_key_lines(b, &job->in.key);
	keyfile_put_repairs(&repairs, job->in.repairs);
	if (job->in.repairs != 0)
		buf_printf(b, "    read in spite of: %s\n", buf_text(&repairs));
	buf_free(&repairs);
	put_mode(b, job);
	if (job->moved) {
		buf_put_text(b, "    the file was removed\n");
	} else if (option_on(cli, "move")) {
		buf_put_text(b, "    the file stays: ");
		out_put(b, job->move_error.text);
		buf_put_text(b, "\n");
	}
}

static struct json *
job_json(const struct job *job)
{
	struct json *o = json_new_object();
	struct buf repairs = BUF_INIT;
	char mode[8];

	snprintf(
	    mode, sizeof(mode), "%04o", (unsigned)(job->st.st_mode & 07777u));
	keyfile_put_repairs(&repairs, job->in.repairs);
	json_set_text(o, "file", job->found->path);
	json_set_text(o, "action", job->in.present ? "present" : "imported");
	json_set_bool(o, "same", !job->in.present || job->in.same);
	json_set_text(o, "mode_was", mode);
	json_set_bool(o, "mode_set", job->mode_error.code == ERR_OK);
	json_set_bool(o, "moved", job->moved);
	json_set_text(
	    o, "repairs", job->in.repairs != 0 ? buf_text(&repairs) : NULL);
	show_key_json(o, &job->in.key);
	buf_free(&repairs);
	return o;
}

static int
report_json(const struct job *jobs, size_t count)
{
	struct json *top = json_new_object(), *list = json_new_array();
	struct json *errors = json_new_array();

	for (size_t i = 0; i < count; i++) {
		struct json *o;

		if (jobs[i].taken) {
			json_append(list, job_json(&jobs[i]));
			continue;
		}
		o = json_new_object();
		json_set_text(o, "file", jobs[i].found->path);
		json_set_text(o, "error", jobs[i].error.text);
		json_append(errors, o);
	}
	json_set(top, "imported", list);
	json_set(top, "errors", errors);
	return out_json(top);
}

static int
report_text(const struct cli *cli, const struct job *jobs, size_t count)
{
	struct buf b = BUF_INIT;
	int status;

	for (size_t i = 0; i < count; i++)
		if (jobs[i].taken)
			put_job(cli, &b, &jobs[i]);
	status = out_data(&b);
	buf_free(&b);
	return status;
}

/* Errors that differ in kind are just "failed". */
static int
join_status(int status, int another)
{
	return status == 0 || status == another ? another : 1;
}

/* Did all that was asked for happen? */
static int
job_status(const struct cli *cli, const struct job *job, int status)
{
	if (!job->taken)
		return join_status(status, out_error(&job->error));
	if (job->mode_error.code != ERR_OK ||
	    (option_on(cli, "move") && !job->moved) ||
	    (job->in.present && !job->in.same))
		return join_status(status, 1);
	return status;
}

static int
report(const struct cli *cli, const struct job *jobs, size_t count)
{
	int status = option_on(cli, "json") ? report_json(jobs, count)
					    : report_text(cli, jobs, count);

	for (size_t i = 0; i < count; i++)
		status = job_status(cli, &jobs[i], status);
	return status;
}

/* It ended in the middle: what had been stored before is. */
static int
give_up(const struct job *jobs, size_t count, const struct err *e)
{
	size_t taken = jobs_taken(jobs, count);
	int status = out_error(e);
	char text[100];

	if (taken > 0) {
		snprintf(text, sizeof(text),
		    "the keys of %zu files are in the vault by now; no file "
		    "was touched",
		    taken);
		out_warning(text, "run the command again");
	}
	return status;
}

static bool
any_moved(const struct job *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (jobs[i].moved)
			return true;
	return false;
}

static int
import_files(const struct cli *cli, const struct collection *files)
{
	struct client *c = NULL;
	struct job *jobs;
	size_t count = files->count;
	struct err e;
	int status;

	if ((jobs = calloc(count, sizeof(*jobs))) == NULL) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return out_error(&e);
	}
	for (size_t i = 0; i < count; i++) {
		jobs[i].found = &files->list[i];
		jobs[i].wanted = option_value(cli, "name");
		jobs[i].confirm = option_on(cli, "confirm");
	}
	if (session_open(cli, &c, &e) != 0 ||
	    jobs_import(c, jobs, count, option_on(cli, "move"), &e) != 0)
		status = give_up(jobs, count, &e);
	else
		status = report(cli, jobs, count);
	if (any_moved(jobs, count))
		out_say(cli,
		    "The vault is the only copy now: keep a backup of '%s'.",
		    client_path(c));
	for (size_t i = 0; i < count; i++)
		keeper_key_clear(&jobs[i].in.key);
	free(jobs);
	client_free(c);
	return status;
}

static int
run(struct cli *cli)
{
	struct collection files = { 0 };
	struct err e;
	int status = 0;

	for (int i = 0; i < cli->operand_count; i++)
		if (collect(&files, cli->operands[i], out_warning, &e) != 0)
			status = out_error_about(cli->operands[i], &e);
	if (option_value(cli, "name") != NULL && files.count > 1) {
		err_set(&e, ERR_USAGE,
		    "--name is for one key; there are %zu files", files.count);
		status = out_error(&e);
	} else if (files.count > 0) {
		status = join_status(status, import_files(cli, &files));
	} else if (status == 0) {
		err_set(&e, ERR_NOT_FOUND, "no private key is in there");
		status = out_error_about(cli->operands[0], &e);
	}
	if (status == 0 && files.skipped > 0)
		status = 1;
	collect_free(&files);
	return status;
}

static const struct option options[] = {
	{ "move", 0, NULL, "remove each file once its key is safely stored" },
	{ "name", 0, "NAME", "call the key NAME (for one file)" },
	{ "confirm", 0, NULL, "ask before each use of these keys" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_import = {
	.name = "import",
	.args = "FILE|FOLDER...",
	.min = 1,
	.max = -1,
	.summary = "take private keys into the vault",
	.about =
	    "From a folder all private keys are taken. A file keeps its "
	    "place, with mode\n0400, unless --move is given. A key that is "
	    "there already is not taken twice.\n",
	.options = options,
	.run = run,
};
