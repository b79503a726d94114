/* SPDX-License-Identifier: ISC */

/* The event log as people see it, and as programs do. */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pemkeep/base/err.h"
#include "pemkeep/base/json.h"
#include "pemkeep/base/table.h"

#include "src/cli/cli.h"
#include "src/cli/events.h"

#define HOST_WIDTH 40 /* columns of a host on a terminal */

enum column { TIME, EVENT, HOST, KEY, BY, DETAIL, COLUMNS };

static const char *const titles[COLUMNS] = { "TIME", "EVENT", "HOST", "KEY",
	"BY", "DETAIL" };

/* ", " between what is put there, one after the other. */
__attribute__((format(printf, 2, 3))) static void
put_part(struct buf *b, const char *fmt, ...)
{
	char text[700]; /* more than the longest member */
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_printf(b, "%s%s", b->len > 0 ? ", " : "", text);
}

/* "ubuntu@web", or what there is of that. */
static void
put_host(struct buf *b, const struct log_entry *entry)
{
	const char *host = entry->host;

	if (*host == '\0')
		host = entry->instance;
	if (*host != '\0' && entry->user[0] != '\0')
		buf_printf(b, "%s@", entry->user);
	buf_put_text(b, host);
}

/* Who asked: program and process, as far as they are known. */
static void
put_asker(struct buf *b, const struct log_entry *entry)
{
	buf_put_text(b, entry->program);
	if (entry->pid != 0)
		buf_printf(b, "%s[%" PRIu64 "]",
		    entry->program[0] != '\0' ? "" : "?", entry->pid);
}

static void
put_session(struct buf *b, const struct log_entry *entry)
{
	if (entry->status >= 0)
		put_part(b, "exit %d", entry->status);
	if (entry->signal[0] != '\0')
		put_part(b, "killed by %s", entry->signal);
	put_part(b,
	    "%" PRIu64 " s, %" PRIu64 " bytes in, %" PRIu64 " bytes out",
	    entry->seconds, entry->bytes_in, entry->bytes_out);
}

static void
put_place(struct buf *b, const struct log_entry *entry)
{
	if (entry->instance[0] != '\0' &&
	    strcmp(entry->instance, entry->host) != 0)
		put_part(b, "%s", entry->instance);
	if (entry->address[0] != '\0' &&
	    strcmp(entry->address, entry->host) != 0)
		put_part(b, "%s", entry->address);
	if (entry->port != 0 && entry->port != 22)
		put_part(b, "port %" PRIu64, entry->port);
	if (entry->host_key[0] != '\0')
		put_part(b, "host key %s", entry->host_key);
}

/* Where is said when it begins, how it went when it is over. */
static void
put_detail(struct buf *b, const struct log_entry *entry)
{
	if (entry->start[0] != '\0')
		put_session(b, entry);
	else
		put_place(b, entry);
	if (entry->detail[0] != '\0')
		put_part(b, "%s", entry->detail);
	if (entry->bytes != 0)
		put_part(
		    b, "%" PRIu64 " bytes of a line dropped", entry->bytes);
	if (entry->lines != 0)
		put_part(b, "%" PRIu64 " lines were missing", entry->lines);
}

struct show {
	struct event_filter *filter;
	struct table *table;
	struct json *list;
	unsigned long shown;
};

static int
add_row(void *arg, const struct log_entry *entry)
{
	struct buf host = BUF_INIT, asker = BUF_INIT, detail = BUF_INIT;
	struct show *s = arg;

	if (!event_filter_fits(s->filter, entry))
		return 0;
	s->shown++;
	put_host(&host, entry);
	put_asker(&asker, entry);
	put_detail(&detail, entry);
	table_cell(s->table, entry->time);
	table_cell(s->table, entry->event);
	table_cell(s->table, buf_text(&host));
	table_cell(s->table, entry->key);
	table_cell(s->table, buf_text(&asker));
	table_cell(s->table, buf_text(&detail));
	buf_free(&host);
	buf_free(&asker);
	buf_free(&detail);
	return 0;
}

int
event_show_table(const char *path, struct event_filter *f, unsigned long *shown,
    struct err *e)
{
	struct show s = { .filter = f, .table = table_new(COLUMNS) };
	struct buf b = BUF_INIT;
	int r;

	*shown = 0;
	if (s.table == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < COLUMNS; i++)
		table_cell(s.table, titles[i]);
	if (isatty(STDOUT_FILENO))
		table_limit(s.table, HOST, HOST_WIDTH);
	if ((r = log_read(path, add_row, &s, e)) == 0 && s.shown > 0) {
		if (!table_put(&b, s.table))
			r = err_set(e, ERR_NOMEM, "out of memory");
		else if (out_data(&b) != 0)
			r = e->code = ERR_SYSTEM;
	}
	*shown = s.shown;
	table_free(s.table);
	buf_free(&b);
	return r;
}

static void
set_text(struct json *o, const char *name, const char *text)
{
	json_set_text(o, name, *text != '\0' ? text : NULL);
}

/* A number that has a meaning here, else null. */
static void
set_number(struct json *o, const char *name, bool meant, uint64_t number)
{
	if (meant)
		json_set_int(
		    o, name, number <= INT64_MAX ? (int64_t)number : INT64_MAX);
	else
		json_set_text(o, name, NULL);
}

static int
add_object(void *arg, const struct log_entry *entry)
{
	struct show *s = arg;
	struct json *o;
	bool over = entry->start[0] != '\0';

	if (!event_filter_fits(s->filter, entry))
		return 0;
	o = json_new_object();
	set_number(o, "seq", true, entry->seq);
	json_set_text(o, "time", entry->time);
	json_set_text(o, "event", entry->event);
	set_text(o, "key", entry->key);
	set_number(o, "pid", entry->pid != 0, entry->pid);
	set_text(o, "program", entry->program);
	set_text(o, "host", entry->host);
	set_text(o, "instance", entry->instance);
	set_text(o, "address", entry->address);
	set_number(o, "port", entry->port != 0, entry->port);
	set_text(o, "user", entry->user);
	set_text(o, "host_key", entry->host_key);
	set_text(o, "start", entry->start);
	set_number(o, "seconds", over, entry->seconds);
	set_number(o, "status", entry->status >= 0, (uint64_t)entry->status);
	set_text(o, "signal", entry->signal);
	set_number(o, "bytes_in", over, entry->bytes_in);
	set_number(o, "bytes_out", over, entry->bytes_out);
	set_text(o, "detail", entry->detail);
	set_number(o, "bytes", true, entry->bytes);
	set_number(o, "lines", true, entry->lines);
	json_append(s->list, o);
	return 0;
}

int
event_show_json(const char *path, struct event_filter *f,
    const struct log_report *report, struct err *e)
{
	struct json *top = json_new_object();
	struct show s = { .filter = f, .list = json_new_array() };
	int r = log_read(path, add_object, &s, e);

	json_set(top, "events", s.list);
	json_set_text(top, "fault",
	    report->fault != LOG_SOUND ? log_fault_name(report->fault) : NULL);
	json_set_int(top, "line", (int64_t)report->line);
	set_text(top, "text", report->text);
	if (r != 0) {
		json_free(top);
		return r;
	}
	return out_json(top) == 0 ? 0 : (e->code = ERR_SYSTEM);
}
