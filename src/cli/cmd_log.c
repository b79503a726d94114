/* SPDX-License-Identifier: ISC */

/*
 * pemkeep log: what was done with the vault and its keys, and whether the log
 * still says so.  Needs no passphrase: the log is a plain file, in which keys
 * have fingerprints and no names.
 */

#include <inttypes.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/path.h"
#include "pemkeep/log/log.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"
#include "src/cli/events.h"

/* Damage is one thing, a line that a crash has cut off another. */
static int
judge(const struct cli *cli, const char *path, const struct log_report *report)
{
	struct err e;

	if (report->fault == LOG_SOUND) {
		out_say(cli, "The log is sound: %" PRIu64 " entries in '%s'.",
		    report->entries, path);
		return 0;
	}
	err_set(&e, ERR_UNTRUSTED, "'%s': %s", path, report->text);
	if (report->fault == LOG_TORN)
		e.code = ERR_FAILED;
	else
		err_hint(&e,
		    "%" PRIu64 " entries before that are sound; to begin a new "
		    "log, move the file and its .head away",
		    report->entries);
	return out_error(&e);
}

/* For people; with --verify only what was asked for besides. */
static int
show_table(const struct cli *cli, const char *path, struct event_filter *f,
    const struct log_report *report, struct err *e)
{
	unsigned long shown = 0;
	int r = 0;

	if (report->fault == LOG_SOUND && report->entries == 0 && !f->any)
		out_say(cli, "Nothing has been logged yet.");
	else if ((r = event_show_table(path, f, &shown, e)) == 0 && shown == 0)
		out_say(cli, "No entry fits.");
	return r;
}

static int
show(const struct cli *cli, const char *path, struct event_filter *f)
{
	bool verify = option_on(cli, "verify"), json = option_on(cli, "json");
	struct err e = { ERR_OK, "", "" };
	struct log_report report;
	int r = 0;

	if ((r = log_verify(path, &report, &e)) != 0)
		return out_error(&e);
	if (json)
		r = event_show_json(path, f, &report, &e);
	else if (!verify || f->any)
		r = show_table(cli, path, f, &report, &e);
	if (r != 0) /* what could not be printed has been said */
		return e.text[0] != '\0' ? out_error(&e) : 1;
	if (verify && json)
		return report.fault == LOG_SOUND ? 0
		    : report.fault == LOG_TORN   ? 1
						 : 7;
	if (verify)
		return judge(cli, path, &report);
	if (report.fault != LOG_SOUND)
		out_warning(report.text, "pemkeep log --verify");
	return 0;
}

static int
run(struct cli *cli)
{
	struct buf path = BUF_INIT;
	struct event_filter filter;
	struct err e;
	int status;

	if (event_filter_set(&filter, cli, &e) != 0 ||
	    path_of(PATH_STATE, "log", &path, &e) != 0)
		status = out_error(&e);
	else
		status = show(cli, buf_text(&path), &filter);
	event_filter_clear(&filter);
	buf_free(&path);
	return status;
}

static const struct option options[] = {
	{ "since", 0, "TIME",
	    "only what came after TIME, or in the last TIME" },
	{ "key", 0, "KEY", "only what was done with this key" },
	{ "host", 0, "HOST", "only what was done on this host" },
	{ "verify", 0, NULL, "check that no entry was changed or removed" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_log = {
	.name = "log",
	.args = "",
	.summary = "what was unlocked, exported, opened, changed, and when",
	.about = "TIME is a number with s, m, h, d or w, or a date in UTC.\n"
		 "KEY is a name or a fingerprint; HOST a name, a pattern, an "
		 "instance or an\naddress.\n",
	.options = options,
	.run = run,
};
