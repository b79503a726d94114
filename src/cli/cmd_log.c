/* SPDX-License-Identifier: ISC */

/*
 * pemkeep log: what was done with the vault and its keys, and whether the log
 * still says so.  Needs no passphrase: the log is a plain file, in which keys
 * have fingerprints and no names.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/json.h"
#include "pemkeep/base/path.h"
#include "pemkeep/base/table.h"
#include "pemkeep/log/log.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"

#define COLUMNS 5

static void
put_row(struct table *t, const char *const cells[COLUMNS])
{
	for (size_t i = 0; i < COLUMNS; i++)
		table_cell(t, cells[i]);
}

/* Who asked: program and process, as far as they are known. */
static void
put_asker(struct buf *b, const struct log_entry *entry)
{
	buf_clear(b);
	buf_put_text(b, entry->program);
	if (entry->pid != 0)
		buf_printf(b, "%s[%" PRIu64 "]",
		    entry->program[0] != '\0' ? "" : "?", entry->pid);
}

static void
put_detail(struct buf *b, const struct log_entry *entry)
{
	buf_clear(b);
	buf_put_text(b, entry->detail);
	if (entry->bytes != 0)
		buf_printf(b, "%s%" PRIu64 " bytes of a line dropped",
		    b->len > 0 ? ", " : "", entry->bytes);
	if (entry->lines != 0)
		buf_printf(b, "%s%" PRIu64 " lines were missing",
		    b->len > 0 ? ", " : "", entry->lines);
}

static int
add_row(void *arg, const struct log_entry *entry)
{
	struct buf asker = BUF_INIT, detail = BUF_INIT;
	struct table *t = arg;

	put_asker(&asker, entry);
	put_detail(&detail, entry);
	put_row(t,
	    (const char *const[]){ entry->time, entry->event, entry->key,
		buf_text(&asker), buf_text(&detail) });
	buf_free(&asker);
	buf_free(&detail);
	return 0;
}

static const char *
or_null(const char *text)
{
	return *text != '\0' ? text : NULL;
}

static int
add_object(void *arg, const struct log_entry *entry)
{
	struct json *list = arg, *o = json_new_object();

	json_set_int(o, "seq", (int64_t)entry->seq);
	json_set_text(o, "time", entry->time);
	json_set_text(o, "event", entry->event);
	json_set_text(o, "key", or_null(entry->key));
	if (entry->pid != 0)
		json_set_int(o, "pid", (int64_t)entry->pid);
	else
		json_set_text(o, "pid", NULL);
	json_set_text(o, "program", or_null(entry->program));
	json_set_text(o, "detail", or_null(entry->detail));
	json_set_int(o, "bytes", (int64_t)entry->bytes);
	json_set_int(o, "lines", (int64_t)entry->lines);
	json_append(list, o);
	return 0;
}

static int
show_table(const char *path, struct err *e)
{
	struct table *t = table_new(COLUMNS);
	struct buf b = BUF_INIT;
	int r;

	if (t == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	put_row(
	    t, (const char *const[]){ "TIME", "EVENT", "KEY", "BY", "DETAIL" });
	if ((r = log_read(path, add_row, t, e)) == 0) {
		if (!table_put(&b, t))
			r = err_set(e, ERR_NOMEM, "out of memory");
		else if (out_data(&b) != 0)
			r = e->code = ERR_SYSTEM;
	}
	table_free(t);
	buf_free(&b);
	return r;
}

static int
show_json(const char *path, const struct log_report *report, struct err *e)
{
	struct json *top = json_new_object(), *list = json_new_array();
	int r = log_read(path, add_object, list, e);

	json_set(top, "events", list);
	json_set_text(top, "fault",
	    report->fault != LOG_SOUND ? log_fault_name(report->fault) : NULL);
	json_set_int(top, "line", (int64_t)report->line);
	json_set_text(top, "text", or_null(report->text));
	if (r != 0) {
		json_free(top);
		return r;
	}
	return out_json(top) == 0 ? 0 : (e->code = ERR_SYSTEM);
}

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

static int
show(const struct cli *cli, const char *path)
{
	struct log_report report;
	bool verify = option_on(cli, "verify");
	struct err e = { ERR_OK, "", "" };
	int r;

	if ((r = log_verify(path, &report, &e)) != 0)
		return out_error(&e);
	if (option_on(cli, "json"))
		r = show_json(path, &report, &e);
	else if (verify)
		return judge(cli, path, &report);
	else if (report.fault == LOG_SOUND && report.entries == 0)
		out_say(cli, "Nothing has been logged yet.");
	else
		r = show_table(path, &e);
	if (r != 0) /* what could not be printed has been said */
		return e.text[0] != '\0' ? out_error(&e) : 1;
	if (verify)
		return report.fault == LOG_SOUND ? 0
		    : report.fault == LOG_TORN   ? 1
						 : 7;
	if (report.fault != LOG_SOUND)
		out_warning(report.text, "pemkeep log --verify");
	return 0;
}

static int
run(struct cli *cli)
{
	struct buf path = BUF_INIT;
	struct err e;
	int status;

	if (path_of(PATH_STATE, "log", &path, &e) != 0)
		status = out_error(&e);
	else
		status = show(cli, buf_text(&path));
	buf_free(&path);
	return status;
}

static const struct option options[] = {
	{ "verify", 0, NULL, "check that no entry was changed or removed" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_log = {
	.name = "log",
	.args = "",
	.summary = "what was unlocked, exported, changed, signed, and when",
	.options = options,
	.run = run,
};
