/* SPDX-License-Identifier: ISC */
/*
 * The log: what is done to it is named, at the right line; what a crash leaves
 * is repaired, and that is said.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/replace.h"
#include "pemkeep/log/log.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LINES 9
#define NOW 1795050000u /* 2026-11-19T01:00:00Z */

static char folder[] = "/tmp/pemkeep-log-XXXXXX";

static int
begin(void **state)
{
	(void)state;
	alarm(120);
	umask(0);
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int
end(void **state)
{
	(void)state;
	(void)remove("log");
	(void)remove("log.head");
	return chdir("/") != 0 || rmdir(folder) != 0;
}

static void
read_file(const char *name, struct buf *out)
{
	int fd = open(name, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(replace_read(fd, name, 1u << 24, out, NULL), 0);
	close(fd);
}

static void
write_file(const char *name, const void *bytes, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

static void
append(enum log_kind kind)
{
	const struct log_event event = { .kind = kind,
		.time = NOW,
		.key = "SHA256:abc",
		.pid = 4711,
		.program = "ssh" };
	struct err e;

	if (log_append("log", &event, &e) != 0)
		fail_msg("%s", e.text);
}

static void
make_log(void)
{
	(void)remove("log");
	(void)remove("log.head");
	for (int i = 0; i < LINES; i++)
		append(i == 0 ? LOG_INIT : LOG_SIGN);
}

static struct log_report
verified(void)
{
	struct log_report report;
	struct err e;

	if (log_verify("log", &report, &e) != 0)
		fail_msg("%s", e.text);
	return report;
}

static void
assert_fault(enum log_fault fault, unsigned long line)
{
	struct log_report r = verified();

	if (r.fault != fault || r.line != line)
		fail_msg("%s at %lu (%s), not %s at %lu",
		    log_fault_name(r.fault), r.line, r.text,
		    log_fault_name(fault), line);
	if (fault == LOG_SOUND)
		assert_string_equal(r.text, "");
	else
		assert_string_not_equal(r.text, "");
}

/* Where line 'n' (from 1) begins; n = LINES + 1: the end. */
static size_t
start_of(const struct buf *text, unsigned n)
{
	const uint8_t *at = text->data;

	while (--n > 0)
		at = (const uint8_t *)memchr(
			 at, '\n', text->len - (size_t)(at - text->data)) +
		    1;
	return (size_t)(at - text->data);
}

static void
every_bit_flipped(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	make_log();
	assert_fault(LOG_SOUND, 0);
	read_file("log", &text);
	for (size_t at = 0; at < text.len; at++) {
		uint8_t bit = (uint8_t)(1u << at % 8);
		struct log_report r;
		unsigned line = 1;

		text.data[at] ^= bit;
		write_file("log", text.data, text.len);
		text.data[at] ^= bit;
		r = verified();
		while (line <= LINES && start_of(&text, line + 1) <= at)
			line++;
		if (at == text.len - 1) /* the last line feed */
			assert_true(
			    r.fault == LOG_TRUNCATED && r.line == LINES);
		else if (r.fault != LOG_CHANGED || r.line != line)
			fail_msg("byte %zu: %s, line %lu, not %u", at,
			    log_fault_name(r.fault), r.line, line);
	}
	buf_free(&text);
}

static void
lines_deleted(void **state)
{
	struct buf text = BUF_INIT, cut = BUF_INIT;
	struct log_report r;

	(void)state;
	make_log();
	read_file("log", &text);
	for (unsigned from = 1; from <= LINES; from++)
		for (unsigned to = from; to <= LINES; to++) {
			size_t a = start_of(&text, from);
			size_t b = start_of(&text, to + 1);

			buf_clear(&cut);
			buf_put(&cut, text.data, a);
			buf_put(&cut, text.data + b, text.len - b);
			write_file("log", cut.data, cut.len);
			assert_fault(
			    to == LINES ? LOG_TRUNCATED : LOG_DELETED, from);
			r = verified();
			assert_int_equal(r.entries, from - 1);
		}
	r = verified(); /* only the last one is missing */
	assert_non_null(strstr(r.text, "missing at the end: number 9 to 9"));
	buf_free(&text);
	buf_free(&cut);
}

static void
lines_reordered(void **state)
{
	struct buf text = BUF_INIT, out = BUF_INIT;

	(void)state;
	make_log();
	read_file("log", &text);
	for (unsigned a = 1; a < LINES; a++)
		for (unsigned b = a + 1; b <= LINES; b++) {
			buf_clear(&out);
			for (unsigned n = 1; n <= LINES; n++) {
				unsigned m = n == a ? b : n == b ? a : n;
				size_t at = start_of(&text, m);

				buf_put(&out, text.data + at,
				    start_of(&text, m + 1) - at);
			}
			write_file("log", out.data, out.len);
			assert_fault(LOG_REORDERED, a);
		}
	/* One twice. */
	buf_clear(&out);
	buf_put(&out, text.data, start_of(&text, 4));
	buf_put(&out, text.data + start_of(&text, 3),
	    text.len - start_of(&text, 3));
	write_file("log", out.data, out.len);
	assert_fault(LOG_REORDERED, 4);
	buf_free(&text);
	buf_free(&out);
}

static void
truncated_anywhere(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	make_log();
	read_file("log", &text);
	for (size_t len = 0; len < text.len; len++) {
		unsigned whole = 0;

		while (start_of(&text, whole + 2) <= len)
			whole++;
		write_file("log", text.data, len);
		assert_fault(LOG_TRUNCATED, whole + 1);
	}
	assert_int_equal(remove("log"), 0);
	assert_fault(LOG_TRUNCATED, 1);
	buf_free(&text);
}

static void
other_lines(void **state)
{
	static const char *const lines[] = { "\n", "x\n", "{}\n",
		"{\"seq\":10}\n", "null\n" };
	struct buf text = BUF_INIT;
	size_t len;

	(void)state;
	make_log();
	read_file("log", &text);
	len = text.len;
	for (size_t i = 0; i < COUNT(lines); i++) {
		text.len = len;
		buf_put_text(&text, lines[i]);
		write_file("log", text.data, text.len);
		assert_fault(LOG_CHANGED, LINES + 1);
	}
	/* Longer than a line can be, with and without an end. */
	text.len = len;
	for (unsigned i = 0; i < 3 * LOG_LINE_MAX; i++)
		buf_put_text(&text, "x");
	write_file("log", text.data, text.len);
	assert_fault(LOG_TORN, LINES + 1);
	buf_put_text(&text, "\n");
	write_file("log", text.data, text.len);
	assert_fault(LOG_CHANGED, LINES + 1);
	buf_free(&text);
}

/* Another log, good in itself, in place of this one. */
static void
other_log(void **state)
{
	struct buf head = BUF_INIT;

	(void)state;
	make_log();
	read_file("log.head", &head);
	(void)remove("log");
	(void)remove("log.head");
	for (int i = 0; i < LINES + 2; i++)
		append(LOG_LOCK);
	assert_fault(LOG_SOUND, 0);
	write_file("log.head", head.data, head.len);
	assert_fault(LOG_CHANGED, LINES);
	append(LOG_LOCK); /* does not hide it */
	assert_int_not_equal(verified().fault, LOG_HEAD_BAD);
	buf_free(&head);
}

static void
bad_heads(void **state)
{
	struct buf head = BUF_INIT;

	(void)state;
	make_log();
	read_file("log.head", &head);
	assert_int_equal(head.len, 86);
	for (size_t i = 0; i < head.len; i++) {
		head.data[i] ^= 0x40;
		write_file("log.head", head.data, head.len);
		head.data[i] ^= 0x40;
		assert_int_not_equal(verified().fault, LOG_SOUND);
	}
	write_file("log.head", head.data, head.len - 1);
	assert_fault(LOG_HEAD_BAD, 0);
	write_file("log.head", "", 0);
	assert_fault(LOG_HEAD_BAD, 0);
	assert_int_equal(remove("log.head"), 0);
	assert_fault(LOG_HEAD_BAD, 0);
	append(LOG_LOCK); /* says so, and makes a new one */
	assert_fault(LOG_SOUND, 0);
	assert_int_equal(verified().entries, LINES + 2);
	buf_free(&head);
}

struct last {
	struct log_entry before, last;
	unsigned count;
};

static int
remember(void *arg, const struct log_entry *entry)
{
	struct last *l = arg;

	l->before = l->last;
	l->last = *entry;
	l->count++;
	return 0;
}

static struct last
last_lines(void)
{
	struct last l = { .count = 0 };
	struct err e;

	assert_int_equal(log_read("log", remember, &l, &e), 0);
	return l;
}

/* A kill in the middle of the last line, at each of its bytes. */
static void
torn_lines(void **state)
{
	struct buf head = BUF_INIT, text = BUF_INIT;
	size_t start;
	struct last l;

	(void)state;
	make_log();
	read_file("log.head", &head);
	append(LOG_EXPORT);
	read_file("log", &text);
	start = start_of(&text, LINES + 1);
	for (size_t len = start; len <= text.len;
	     len += len + 4 < text.len ? 4 : 1) {
		bool torn = len > start && len < text.len;

		write_file("log", text.data, len);
		write_file("log.head", head.data, head.len);
		if (torn)
			assert_fault(LOG_TORN, LINES + 1);
		else
			assert_fault(LOG_SOUND, 0);
		append(LOG_LOCK);
		assert_fault(LOG_SOUND, 0);
		l = last_lines();
		assert_string_equal(l.last.event, "lock");
		if (torn) {
			assert_string_equal(l.before.event, "repaired");
			assert_int_equal(l.before.bytes, len - start);
			assert_int_equal(l.before.lines, 0);
		} else {
			assert_string_not_equal(l.before.event, "repaired");
		}
		assert_int_equal(l.last.seq, l.count);
	}
	buf_free(&head);
	buf_free(&text);
}

/* What was done to the end of the log stays visible after the next line. */
static void
appending_hides_nothing(void **state)
{
	struct buf text = BUF_INIT;
	struct last l;

	(void)state;
	make_log();
	read_file("log", &text);
	write_file("log", text.data, start_of(&text, LINES - 1));
	append(LOG_LOCK);
	assert_fault(LOG_DELETED, LINES - 1);
	l = last_lines();
	assert_string_equal(l.before.event, "repaired");
	assert_int_equal(l.before.lines, 2);
	assert_int_equal(l.last.seq, LINES + 2);

	write_file("log", text.data, text.len - 5); /* line and a half */
	append(LOG_LOCK);
	assert_int_equal(verified().fault, LOG_DELETED);

	make_log();
	assert_int_equal(remove("log"), 0);
	append(LOG_LOCK);
	assert_fault(LOG_DELETED, 1);
	l = last_lines();
	assert_int_equal(l.before.lines, LINES);

	make_log();
	read_file("log", &text);
	text.data[text.len - 20] ^= 1; /* in the last chain value */
	write_file("log", text.data, text.len);
	append(LOG_LOCK);
	assert_fault(LOG_CHANGED, LINES);

	make_log();
	read_file("log", &text);
	for (unsigned i = 0; i < 2 * LOG_LINE_MAX; i++)
		buf_put_text(&text, "x"); /* no kill leaves so much */
	write_file("log", text.data, text.len);
	append(LOG_LOCK);
	assert_fault(LOG_CHANGED, LINES + 1);
	buf_free(&text);
}

/* Other words, the same length, all chain values anew: but for the head. */
static void
last_line_rewritten(void **state)
{
	struct buf head = BUF_INIT;

	(void)state;
	make_log();
	append(LOG_EXPORT);
	read_file("log.head", &head);
	make_log();
	append(LOG_LOCK);
	assert_fault(LOG_SOUND, 0);
	write_file("log.head", head.data, head.len);
	assert_fault(LOG_CHANGED, LINES + 1);
	append(LOG_LOCK);
	assert_fault(LOG_CHANGED, LINES + 2);
	buf_free(&head);
}

static const struct {
	const char *in;
	const char *out;
} texts[] = {
	{ "", "" }, { "ssh", "ssh" }, { "a\"b\\c", "a\"b\\c" },
	{ "a\nb\r\t\x01\x7F", "a\nb\r\t\x01\x7F" },
	{ "\",\"chain\":\"", "\",\"chain\":\"" },
	{ "\"}\n{\"seq\":1", "\"}\n{\"seq\":1" }, { "한글", "한글" },
	{ "\xE2\x80\xAE\xC2\x9B", "\xE2\x80\xAE\xC2\x9B" },
	{ "\xF3\xA0\x81\x81", "\xF3\xA0\x81\x81" }, /* beyond U+FFFF */
	{ "a\xFFz", "a\xEF\xBF\xBDz" },
	{ "\xED\x95", "\xEF\xBF\xBD\xEF\xBF\xBD" }, /* cut by others */
};

static void
texts_from_outside(void **state)
{
	struct buf text = BUF_INIT;
	struct last l;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		const struct log_event event = { .kind = LOG_REFUSED,
			.time = NOW,
			.program = texts[i].in,
			.detail = texts[i].in,
			.pid = 1 };

		assert_int_equal(log_append("log", &event, &e), 0);
		l = last_lines();
		assert_int_equal(l.count, i + 1);
		assert_string_equal(l.last.program, texts[i].out);
		assert_string_equal(l.last.detail, texts[i].out);
		assert_string_equal(l.last.key, "");
	}
	assert_fault(LOG_SOUND, 0);
	read_file("log", &text);
	for (size_t i = 0; i < text.len; i++) /* nothing a terminal obeys */
		assert_true(text.data[i] == '\n' || text.data[i] >= ' ');
	assert_null(memmem(text.data, text.len, "\xE2\x80\xAE", 3));
	buf_free(&text);
}

static void
long_texts(void **state)
{
	struct log_event event = { .kind = LOG_SIGN, .time = NOW, .pid = 1 };
	char text[5000];
	struct last l;
	struct err e;

	(void)state;
	memset(text, '\xFF', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	event.key = event.program = event.detail = text;
	assert_int_equal(log_append("log", &event, &e), 0);
	memset(text, '\x01', sizeof(text) - 1);
	event.key = event.program = event.detail = text;
	assert_int_equal(log_append("log", &event, &e), 0);
	assert_fault(LOG_SOUND, 0);
	l = last_lines();
	assert_int_equal(strlen(l.last.program), 64);
	assert_int_equal(strlen(l.last.detail), 120);
	assert_int_equal(strlen(l.last.key), 60);
}

/* A character is there or not: 21 of three bytes go into 64. */
static void
cut_between_characters(void **state)
{
	char text[400] = "";
	const struct log_event event = {
		.kind = LOG_CONNECT, .host = text, .program = text, .user = text
	};
	struct last l;
	struct err e;

	(void)state;
	for (int i = 0; i < 100; i++)
		strcat(text, "한");
	assert_int_equal(log_append("log", &event, &e), 0);
	l = last_lines();
	assert_int_equal(strlen(l.last.host), 126);
	assert_memory_equal(l.last.host, text, 126);
	assert_int_equal(strlen(l.last.program), 63);
	assert_memory_equal(l.last.user, text, 63);
}

static void
session_members(void **state)
{
	struct log_session session = { .start = NOW - 5,
		.seconds = 5,
		.status = 0,
		.bytes_in = 123456789012,
		.bytes_out = 7 };
	struct log_event event = { .kind = LOG_CONNECT,
		.time = NOW,
		.key = "SHA256:key",
		.host = "웹 \"1\"",
		.instance = "i-0123456789abcdef0",
		.address = "2001:db8::1",
		.port = 22,
		.user = "ubuntu",
		.host_key = "SHA256:host" };
	struct last l;
	struct err e;

	(void)state;
	assert_int_equal(log_append("log", &event, &e), 0);
	event.kind = LOG_DISCONNECT;
	event.session = &session;
	assert_int_equal(log_append("log", &event, &e), 0);
	l = last_lines();
	assert_string_equal(l.last.key, "SHA256:key");
	assert_string_equal(l.last.host, "웹 \"1\"");
	assert_string_equal(l.last.instance, "i-0123456789abcdef0");
	assert_string_equal(l.last.address, "2001:db8::1");
	assert_int_equal(l.last.port, 22);
	assert_string_equal(l.last.user, "ubuntu");
	assert_string_equal(l.last.host_key, "SHA256:host");
	assert_string_equal(l.last.start, "2026-11-19T00:59:55Z");
	assert_int_equal(l.last.seconds, 5);
	assert_int_equal(l.last.bytes_in, 123456789012);
	assert_int_equal(l.last.bytes_out, 7);
	assert_int_equal(l.last.bytes, 0);
	assert_int_equal(l.last.status, 0);
	assert_string_equal(l.last.signal, "");
	assert_string_equal(l.before.event, "connect");
	assert_string_equal(l.before.host_key, "SHA256:host");
	assert_string_equal(l.before.start, "");
	assert_int_equal(l.before.status, -1);

	session.status = -1;
	session.signal = "KILL";
	assert_int_equal(log_append("log", &event, &e), 0);
	l = last_lines();
	assert_int_equal(l.last.status, -1);
	assert_string_equal(l.last.signal, "KILL");
	assert_fault(LOG_SOUND, 0);
}

/* All that a line can have, each byte at its longest, still is a line. */
static void
longest_line(void **state)
{
	char text[5000];
	const struct log_session session = { .start = UINT64_MAX,
		.seconds = UINT64_MAX,
		.status = INT_MAX,
		.signal = text,
		.bytes_in = UINT64_MAX,
		.bytes_out = UINT64_MAX };
	const struct log_event event = { .kind = LOG_WRONG_PASSPHRASE,
		.time = NOW,
		.key = text,
		.pid = LONG_MAX,
		.program = text,
		.host = text,
		.instance = text,
		.address = text,
		.port = UINT_MAX,
		.user = text,
		.host_key = text,
		.detail = text,
		.session = &session };
	struct stat st;
	struct last l;
	struct err e;

	(void)state;
	for (int byte = 0; byte < 2; byte++) {
		(void)remove("log");
		(void)remove("log.head");
		memset(text, byte == 0 ? '\xFF' : '\x01', sizeof(text) - 1);
		text[sizeof(text) - 1] = '\0';
		assert_int_equal(log_append("log", &event, &e), 0);
		assert_int_equal(stat("log", &st), 0);
		assert_in_range(st.st_size, 3500, LOG_LINE_MAX - 20);
		assert_fault(LOG_SOUND, 0);
		l = last_lines();
		assert_int_equal(l.count, 1);
		assert_int_equal(
		    strlen(l.last.host), LOG_HOST_MAX * (byte == 0 ? 3 : 1));
		assert_int_equal(l.last.status, INT_MAX);
		assert_int_equal(l.last.bytes_out, UINT64_MAX);
		append(LOG_LOCK);
		assert_fault(LOG_SOUND, 0);
	}
}

/* As the first version wrote it, with its order of members. */
static void
old_log(void **state)
{
	static const char lines[] =
	    "{\"seq\":1,\"time\":\"2026-11-21T01:02:45Z\",\"event\":\"init\","
	    "\"pid\":"
	    "12,\"program\":\"pemkeep\",\"chain\":"
	    "\"b2f483ad4c34ef3f02ff652ed275"
	    "bf17ed81ec68617658c0a74d2839f5e4b659\"}\n"
	    "{\"seq\":2,\"time\":\"2026-11-21T01:02:46Z\",\"event\":\"sign\","
	    "\"key\":"
	    "\"SHA256:abc\",\"pid\":4711,\"program\":\"ssh\",\"chain\":"
	    "\"ad83df5c29b"
	    "6783ef156413858b0c025aca99af41884c8179a5ed0fea66e38e3\"}\n"
	    "{\"seq\":3,\"time\":\"2026-11-21T01:02:47Z\",\"event\":"
	    "\"repaired\",\"d"
	    "etail\":\"there was no "
	    "head\",\"bytes\":5,\"chain\":\"3b327ba1efa356"
	    "7e39a46c768f4c9dccd153f21fc28785f9f1b7186b19008060\"}\n";
	static const char head[] =
	    "00000000000000000003 3b327ba1efa3567e39a46c768f4c9dccd153f21"
	    "fc28785f9f1b7186b19008060\n";
	struct last l;

	(void)state;
	write_file("log", lines, sizeof(lines) - 1);
	write_file("log.head", head, sizeof(head) - 1);
	assert_fault(LOG_SOUND, 0);
	l = last_lines();
	assert_int_equal(l.last.bytes, 5);
	assert_int_equal(l.before.pid, 4711);
	assert_string_equal(l.before.program, "ssh");
	assert_int_equal(l.before.status, -1);
	append(LOG_CONNECT);
	assert_fault(LOG_SOUND, 0);
	assert_int_equal(verified().entries, 4);
}

/* What each kind is called: part of the file's format. */
static void
kinds(void **state)
{
	static const char *const names[LOG_KINDS] = { "init", "unlock", "lock",
		"wrong-passphrase", "import", "generate", "export", "rename",
		"remove", "set", "passwd", "restore", "sign", "refused",
		"connect", "disconnect", "launch", "start", "stop", "reboot",
		"terminate", "allow", "revoke", "password", "audit-fix",
		"repaired" };
	struct last l;

	(void)state;
	for (unsigned i = 0; i < LOG_KINDS; i++) {
		assert_string_equal(log_kind_name(i), names[i]);
		append(i);
		l = last_lines();
		assert_string_equal(l.last.event, names[i]);
		assert_string_equal(l.last.time, "2026-11-19T01:00:00Z");
		assert_string_equal(l.last.key, "SHA256:abc");
		assert_string_equal(l.last.program, "ssh");
		assert_int_equal(l.last.pid, 4711);
	}
	assert_fault(LOG_SOUND, 0);
}

static void
files(void **state)
{
	const struct log_event event = { .kind = LOG_LOCK };
	struct log_report report;
	struct stat st;
	struct err e;

	(void)state;
	assert_fault(LOG_SOUND, 0); /* none at all */
	assert_int_equal(last_lines().count, 0);
	assert_int_equal(log_append("a/b/log", &event, &e), 0);
	assert_int_equal(stat("a/b/log", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat("a/b/log.head", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat("a/b", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(chmod("a/b/log", 0666), 0);
	assert_int_equal(log_append("a/b/log", &event, &e), 0);
	assert_int_equal(stat("a/b/log", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(remove("a/b/log") | remove("a/b/log.head") |
		remove("a/b") | remove("a"),
	    0);

	assert_int_equal(symlink("elsewhere", "log"), 0);
	assert_int_equal(log_append("log", &event, &e), ERR_FORMAT);
	assert_int_equal(log_verify("log", &report, &e), ERR_FORMAT);
	assert_int_equal(access("elsewhere", F_OK), -1);
	assert_int_equal(remove("log"), 0);
	assert_int_equal(symlink("elsewhere", "log.head"), 0);
	assert_int_equal(log_append("log", &event, &e), ERR_FORMAT);
	assert_int_equal(access("elsewhere", F_OK), -1);
	assert_int_equal(remove("log.head"), 0);
	assert_int_equal(remove("log"), 0);
	assert_int_equal(mkfifo("log", 0600), 0);
	assert_int_equal(log_append("log", &event, &e), ERR_FORMAT);
	assert_int_equal(remove("log"), 0);
	assert_int_equal(mkdir("log", 0700), 0);
	assert_int_equal(log_append("log", &event, &e), ERR_FORMAT);
	assert_int_equal(remove("log"), 0);
}

/* Too little room for a line: an error, and no half a line. */
static void
disk_full(void **state)
{
	struct stat st;
	int status;

	(void)state;
	make_log();
	assert_int_equal(stat("log", &st), 0);
	for (rlim_t more = 0; more < 130; more += 37) {
		if (fork() == 0) {
			const struct log_event event = { .kind = LOG_LOCK };
			const struct rlimit limit = { (rlim_t)st.st_size + more,
				RLIM_INFINITY };
			struct err e;

			signal(SIGXFSZ, SIG_IGN);
			_exit(setrlimit(RLIMIT_FSIZE, &limit) != 0 ||
			    log_append("log", &event, &e) != ERR_SYSTEM ||
			    strstr(e.text, "cannot write 'log'") == NULL);
		}
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
		assert_fault(LOG_SOUND, 0);
		assert_int_equal(verified().entries, LINES);
	}
}

static void
held_lock(void **state)
{
	const struct log_event event = { .kind = LOG_LOCK };
	struct log_report report;
	struct err e;
	int fd;

	(void)state;
	make_log();
	assert_true((fd = open("log", O_RDONLY)) >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(log_append("log", &event, &e), ERR_FAILED);
	assert_int_equal(log_verify("log", &report, &e), ERR_FAILED);
	close(fd);
	assert_fault(LOG_SOUND, 0);
}

/* As often as it takes on a busy machine: the lock is not waited for long. */
static bool
append_at_last(const struct log_event *event)
{
	for (int i = 0; i < 60; i++)
		if (log_append("log", event, NULL) == 0)
			return true;
	return false;
}

static void
many_writers(void **state)
{
	int status;

	(void)state;
	for (unsigned p = 0; p < 8; p++) {
		if (fork() != 0)
			continue;
		for (unsigned i = 0; i < 100; i++) {
			const struct log_event event = { .kind = LOG_SIGN,
				.pid = (long)p + 1 };

			if (!append_at_last(&event))
				_exit(1);
		}
		_exit(0);
	}
	for (unsigned p = 0; p < 8; p++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_fault(LOG_SOUND, 0);
	assert_int_equal(verified().entries, 800);
}

/* Writers killed at any time: the chain holds, and goes on. */
static void
killed_writers(void **state)
{
	unsigned before = 0;

	(void)state;
	for (long i = 0; i < 40; i++) {
		const struct timespec pause = { 0, 500000 + i * 100000 };
		pid_t pid = fork();

		if (pid == 0)
			for (;;)
				append(LOG_SIGN);
		nanosleep(&pause, NULL);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		append(LOG_LOCK);
		assert_fault(LOG_SOUND, 0);
		assert_true(verified().entries > before);
		before = (unsigned)verified().entries;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_bit_flipped, begin, end),
		cmocka_unit_test_setup_teardown(lines_deleted, begin, end),
		cmocka_unit_test_setup_teardown(lines_reordered, begin, end),
		cmocka_unit_test_setup_teardown(truncated_anywhere, begin, end),
		cmocka_unit_test_setup_teardown(other_lines, begin, end),
		cmocka_unit_test_setup_teardown(other_log, begin, end),
		cmocka_unit_test_setup_teardown(bad_heads, begin, end),
		cmocka_unit_test_setup_teardown(torn_lines, begin, end),
		cmocka_unit_test_setup_teardown(
		    appending_hides_nothing, begin, end),
		cmocka_unit_test_setup_teardown(
		    last_line_rewritten, begin, end),
		cmocka_unit_test_setup_teardown(texts_from_outside, begin, end),
		cmocka_unit_test_setup_teardown(long_texts, begin, end),
		cmocka_unit_test_setup_teardown(
		    cut_between_characters, begin, end),
		cmocka_unit_test_setup_teardown(session_members, begin, end),
		cmocka_unit_test_setup_teardown(longest_line, begin, end),
		cmocka_unit_test_setup_teardown(old_log, begin, end),
		cmocka_unit_test_setup_teardown(kinds, begin, end),
		cmocka_unit_test_setup_teardown(files, begin, end),
		cmocka_unit_test_setup_teardown(disk_full, begin, end),
		cmocka_unit_test_setup_teardown(held_lock, begin, end),
		cmocka_unit_test_setup_teardown(many_writers, begin, end),
		cmocka_unit_test_setup_teardown(killed_writers, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
