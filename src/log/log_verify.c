/* SPDX-License-Identifier: ISC */
/*
 * Reading.  Lines are streamed, so that memory does not depend on the log.
 * Which fault it is, the numbers tell: a line whose number is right but whose
 * chain value is not was changed; where a number is missing, what comes later
 * decides between deleted and reordered.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "src/log/log_internal.h"

static const char *const faults[] = {
	[LOG_SOUND] = "sound",
	[LOG_CHANGED] = "changed",
	[LOG_DELETED] = "deleted",
	[LOG_REORDERED] = "reordered",
	[LOG_TRUNCATED] = "truncated",
	[LOG_TORN] = "torn",
	[LOG_HEAD_BAD] = "head",
};

const char *
log_fault_name(enum log_fault fault)
{
	return faults[fault];
}

enum piece { PIECE_LINE, PIECE_LONG, PIECE_TORN, PIECE_END };

struct line {
	char text[LOG_LINE_MAX];
	size_t len;
	unsigned long number;
};

/* The next line; of one that is too long there is only the beginning. */
static enum piece
next_line(FILE *in, struct line *line)
{
	size_t n = 0;
	int c;

	line->number++;
	while ((c = getc_unlocked(in)) != EOF && c != '\n') {
		if (n < sizeof(line->text))
			line->text[n] = (char)c;
		n++;
	}
	line->len = n < sizeof(line->text) ? n : sizeof(line->text);
	if (c == EOF)
		return n == 0 ? PIECE_END : PIECE_TORN;
	return n < sizeof(line->text) ? PIECE_LINE : PIECE_LONG;
}

__attribute__((format(printf, 4, 5))) static void
found(struct log_report *report, enum log_fault fault, unsigned long line,
    const char *fmt, ...)
{
	va_list ap;

	report->fault = fault;
	report->line = line;
	va_start(ap, fmt);
	vsnprintf(report->text, sizeof(report->text), fmt, ap);
	va_end(ap);
}

/*
 * The line at hand has another number than the one expected.  'in' is read on;
 * nothing comes after this.
 */
static void
judge_number(FILE *in, struct line *line, uint64_t seq, uint64_t expected,
    struct log_report *report)
{
	unsigned long bad = line->number;
	bool later = false, follows = false;
	struct log_entry entry;
	struct log_head head;
	enum piece piece;

	while ((piece = next_line(in, line)) == PIECE_LINE ||
	    piece == PIECE_LONG) {
		if (piece == PIECE_LONG ||
		    !log_line_parse(line->text, line->len, &entry, &head))
			continue;
		later = later || head.seq == expected;
		if (line->number == bad + 1)
			follows = head.seq == expected + 1;
	}
	if (!later && follows)
		found(report, LOG_CHANGED, bad,
		    "line %lu has been changed: its number is %" PRIu64
		    ", not %" PRIu64,
		    bad, seq, expected);
	else if (later || seq < expected)
		found(report, LOG_REORDERED, bad,
		    "line %lu is not in its place: its number is %" PRIu64
		    ", where %" PRIu64 " should be",
		    bad, seq, expected);
	else
		found(report, LOG_DELETED, bad,
		    "lines are missing before line %lu: number %" PRIu64
		    " to %" PRIu64,
		    bad, expected, seq - 1);
}

/* All lines are good, 'torn' bytes follow: does the head know more? */
static void
judge_end(const struct log_head *head, const struct log_head *last,
    const uint8_t at_head[LOG_CHAIN], bool torn, struct log_report *report)
{
	unsigned long behind = (unsigned long)report->entries + 1;

	if (head != NULL && head->seq > last->seq)
		found(report, LOG_TRUNCATED, behind,
		    "lines are missing at the end: number %" PRIu64
		    " to %" PRIu64,
		    last->seq + 1, head->seq);
	else if (head != NULL && memcmp(head->chain, at_head, LOG_CHAIN) != 0)
		found(report, LOG_CHANGED, (unsigned long)head->seq,
		    "line %" PRIu64 " is not the one that was written: the "
		    "head has another chain value",
		    head->seq);
	else if (head == NULL && last->seq > 1) /* a kill leaves one */
		found(report, LOG_HEAD_BAD, 0,
		    "the head is missing or damaged: lines may be missing at "
		    "the end");
	else if (torn)
		found(report, LOG_TORN, behind,
		    "line %lu is not complete, as after a crash; the next "
		    "entry repairs it",
		    behind);
}

void
log_verify_stream(
    FILE *in, const struct log_head *head, struct log_report *report)
{
	struct log_head last = { 0, { 0 } }, seen;
	uint8_t at_head[LOG_CHAIN] = { 0 };
	struct line line = { .number = 0 };
	struct log_entry entry;
	enum piece piece;

	memset(report, 0, sizeof(*report));
	while ((piece = next_line(in, &line)) == PIECE_LINE ||
	    piece == PIECE_LONG) {
		if (piece == PIECE_LONG ||
		    !log_line_parse(line.text, line.len, &entry, &seen)) {
			found(report, LOG_CHANGED, line.number,
			    "line %lu has been changed: it is no entry",
			    line.number);
			return;
		}
		if (seen.seq != last.seq + 1) {
			judge_number(in, &line, seen.seq, last.seq + 1, report);
			return;
		}
		if (!log_line_follows(line.text, line.len, last.chain)) {
			found(report, LOG_CHANGED, line.number,
			    "line %lu has been changed: its chain value is "
			    "not that of its bytes",
			    line.number);
			return;
		}
		last = seen;
		report->entries++;
		if (head != NULL && head->seq == last.seq)
			memcpy(at_head, last.chain, LOG_CHAIN);
	}
	judge_end(head, &last, at_head, piece == PIECE_TORN, report);
}

/* A stream of the log, with a lock for readers; NULL in *inp for no log. */
static int
open_stream(const char *path, FILE **inp, struct err *e)
{
	int fd, r;

	*inp = NULL;
	fd = log_open(path, "", O_RDONLY, e);
	if (fd == ERR_NOT_FOUND)
		return 0;
	if (fd < 0)
		return fd;
	if ((r = log_lock(fd, LOCK_SH, path, e)) == 0 &&
	    (*inp = fdopen(fd, "r")) == NULL)
		r = err_system(e, ERR_SYSTEM, errno, "cannot read '%s'", path);
	if (r != 0)
		close(fd);
	return r;
}

/* 1, 0 when there is none that can be used; or what went wrong. */
static int
open_head(const char *path, struct log_head *head, struct err *e)
{
	int fd, r;

	memset(head, 0, sizeof(*head));
	fd = log_open(path, ".head", O_RDONLY, e);
	if (fd == ERR_NOT_FOUND)
		return 0;
	if (fd < 0)
		return fd;
	r = log_head_read(fd, head);
	close(fd);
	return r == 1 ? 1 : 0;
}

int
log_verify(const char *path, struct log_report *report, struct err *e)
{
	FILE *in, *empty = NULL;
	struct log_head head;
	int r;

	memset(report, 0, sizeof(*report));
	if ((r = open_stream(path, &in, e)) != 0)
		return r;
	if ((r = open_head(path, &head, e)) < 0)
		goto out;
	if (in == NULL && (empty = fopen("/dev/null", "re")) == NULL) {
		r = err_system(e, ERR_SYSTEM, errno, "cannot open /dev/null");
		goto out;
	}
	log_verify_stream(
	    in != NULL ? in : empty, r == 1 ? &head : NULL, report);
	r = 0;
	if (in != NULL && ferror(in))
		r = err_system(e, ERR_SYSTEM, errno, "cannot read '%s'", path);
out:
	if (in != NULL)
		fclose(in);
	if (empty != NULL)
		fclose(empty);
	return r;
}

int
log_read(const char *path, int (*fn)(void *arg, const struct log_entry *entry),
    void *arg, struct err *e)
{
	struct line line = { .number = 0 };
	struct log_entry entry;
	struct log_head head;
	enum piece piece;
	FILE *in;
	int r;

	if ((r = open_stream(path, &in, e)) != 0 || in == NULL)
		return r;
	while (r == 0 &&
	    ((piece = next_line(in, &line)) == PIECE_LINE ||
		piece == PIECE_LONG)) {
		if (piece == PIECE_LONG ||
		    !log_line_parse(line.text, line.len, &entry, &head))
			continue;
		entry.line = line.number;
		r = fn(arg, &entry);
	}
	if (r == 0 && ferror(in))
		r = err_system(e, ERR_SYSTEM, errno, "cannot read '%s'", path);
	fclose(in);
	return r;
}
