/* SPDX-License-Identifier: ISC */
/*
 * A line of the log: written in one form only, and read by a parser that knows
 * just that: a flat object whose values are texts and natural numbers.
 */

#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pemkeep/base/timefmt.h"
#include "pemkeep/base/utf8.h"

#include "src/log/log_internal.h"

#define SIGNAL_MAX 16
#define TAIL_START ",\"chain\":\""
#define TAIL_LEN (sizeof(TAIL_START) - 1 + 2 * LOG_CHAIN + 2)

static const char *const kinds[] = {
	[LOG_INIT] = "init",
	[LOG_UNLOCK] = "unlock",
	[LOG_LOCK] = "lock",
	[LOG_WRONG_PASSPHRASE] = "wrong-passphrase",
	[LOG_IMPORT] = "import",
	[LOG_GENERATE] = "generate",
	[LOG_EXPORT] = "export",
	[LOG_RENAME] = "rename",
	[LOG_REMOVE] = "remove",
	[LOG_SET] = "set",
	[LOG_PASSWD] = "passwd",
	[LOG_RESTORE] = "restore",
	[LOG_SIGN] = "sign",
	[LOG_REFUSED] = "refused",
	[LOG_CONNECT] = "connect",
	[LOG_DISCONNECT] = "disconnect",
	[LOG_LAUNCH] = "launch",
	[LOG_START] = "start",
	[LOG_STOP] = "stop",
	[LOG_REBOOT] = "reboot",
	[LOG_TERMINATE] = "terminate",
	[LOG_ALLOW] = "allow",
	[LOG_REVOKE] = "revoke",
	[LOG_PASSWORD] = "password",
	[LOG_AUDIT_FIX] = "audit-fix",
	[LOG_REPAIRED] = "repaired",
};

_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == LOG_KINDS, "all have names");

const char *
log_kind_name(enum log_kind kind)
{
	return kinds[kind];
}

#define PLACE(member) \
	offsetof(struct log_entry, member), \
	    sizeof(((struct log_entry *)0)->member)
#define TEXT(member, max) \
#member, max, offsetof(struct log_event, member), PLACE(member)

/*
 * The texts, and how many bytes of them count (0: they are no plain member of an
 * event).  In an entry, a byte may have become three (U+FFFD).
 */
static const struct text_member {
	const char *name;
	size_t max, event, entry, size;
} texts[] = {
	{ "time", 0, 0, PLACE(time) },
	{ "event", 0, 0, PLACE(event) },
	{ TEXT(key, 60) },
	{ TEXT(program, 64) },
	{ TEXT(host, LOG_HOST_MAX) },
	{ TEXT(instance, 24) },
	{ TEXT(address, 56) },
	{ TEXT(user, 64) },
	{ TEXT(host_key, 60) },
	{ TEXT(detail, 120) },
	{ "start", 0, 0, PLACE(start) },
	{ "signal", 0, 0, PLACE(signal) },
};

#define TEXTS (sizeof(texts) / sizeof(texts[0]))

/* A text of at most 'max' bytes, so that nothing in it needs care later. */
static void
put_text(struct buf *b, const char *text, size_t max)
{
	size_t len = strnlen(text, max), n;
	uint32_t cp;

	buf_put_text(b, "\"");
	for (; len > 0; text += n, len -= n) {
		n = utf8_decode(text, strnlen(text, 4), &cp);
		if (n > len)
			break;
		if (n > 0 && cp != '"' && cp != '\\' && !utf8_unsafe(cp))
			buf_put(b, text, n);
		else if (cp > 0xFFFF)
			buf_printf(b, "\\u%04x\\u%04x",
			    0xD800 | (unsigned)((cp - 0x10000) >> 10),
			    0xDC00 | (unsigned)((cp - 0x10000) & 0x3FF));
		else
			buf_printf(b, "\\u%04x", (unsigned)cp);
		n = n > 0 ? n : 1;
	}
	buf_put_text(b, "\"");
}

static void
put_member(struct buf *b, const char *name, const char *text, size_t max)
{
	if (text == NULL)
		return;
	buf_printf(b, ",\"%s\":", name);
	put_text(b, text, max);
}

static void
put_number(struct buf *b, const char *name, uint64_t number)
{
	if (number != 0)
		buf_printf(b, ",\"%s\":%" PRIu64, name, number);
}

/* The chain value of a line with this beginning; false without SHA-256. */
static bool
chain_of(const char *text, size_t len, const uint8_t before[LOG_CHAIN],
    uint8_t chain[DIGEST_MAX])
{
	struct buf b = BUF_INIT;
	bool done;

	buf_put(&b, before, LOG_CHAIN);
	buf_put(&b, text, len);
	done = buf_ok(&b) &&
	    digest(DIGEST_SHA256, b.data, b.len, chain) == LOG_CHAIN;
	buf_free(&b);
	return done;
}

/* Also what is 0 means something here. */
static void
put_session(struct buf *b, const struct log_session *s)
{
	char when[21];

	timefmt_iso(s->start, when);
	buf_printf(b,
	    ",\"start\":\"%s\",\"seconds\":%" PRIu64 ",\"bytes_in\":%" PRIu64
	    ",\"bytes_out\":%" PRIu64,
	    when, s->seconds, s->bytes_in, s->bytes_out);
	if (s->status >= 0)
		buf_printf(b, ",\"status\":%d", s->status);
	put_member(b, "signal", s->signal, SIGNAL_MAX);
}

static void
put_members(struct buf *b, const struct log_event *event)
{
	const char *text;

	put_number(b, "pid", event->pid > 0 ? (uint64_t)event->pid : 0);
	put_number(b, "port", event->port);
	for (size_t i = 0; i < TEXTS; i++) {
		if (texts[i].max == 0)
			continue;
		memcpy(
		    &text, (const char *)event + texts[i].event, sizeof(text));
		put_member(b, texts[i].name, text, texts[i].max);
	}
	if (event->session != NULL)
		put_session(b, event->session);
}

bool
log_line_put(struct buf *out, const struct log_event *event,
    const struct log_repair *repair, struct log_head *head)
{
	size_t start = out->len;
	uint8_t chain[DIGEST_MAX];
	char when[21];

	timefmt_iso(
	    event->time != 0 ? event->time : (uint64_t)time(NULL), when);
	buf_printf(out, "{\"seq\":%" PRIu64 ",\"time\":\"%s\",\"event\":\"%s\"",
	    head->seq + 1, when, kinds[event->kind]);
	put_members(out, event);
	if (repair != NULL) {
		put_number(out, "bytes", repair->bytes);
		put_number(out, "lines", repair->lines);
	}
	if (!buf_ok(out) ||
	    !chain_of((const char *)out->data + start, out->len - start,
		head->chain, chain))
		return false;
	buf_put_text(out, TAIL_START);
	digest_put_hex(out, chain, LOG_CHAIN, '\0');
	buf_put_text(out, "\"}\n");
	head->seq++;
	memcpy(head->chain, chain, LOG_CHAIN);
	return buf_ok(out);
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Lower case only: there is one form. */
static bool
parse_hex(const char *text, uint8_t *out, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		int high = hex_value(text[2 * i]);
		int low = high < 0 ? -1 : hex_value(text[2 * i + 1]);

		if (low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* The chain value at the end of a line. */
static bool
parse_tail(const char *text, size_t len, uint8_t chain[LOG_CHAIN])
{
	const char *tail;

	if (len < TAIL_LEN)
		return false;
	tail = text + len - TAIL_LEN;
	return memcmp(tail, TAIL_START, sizeof(TAIL_START) - 1) == 0 &&
	    memcmp(text + len - 2, "\"}", 2) == 0 &&
	    parse_hex(tail + sizeof(TAIL_START) - 1, chain, LOG_CHAIN);
}

bool
log_line_follows(const char *text, size_t len, const uint8_t before[LOG_CHAIN])
{
	uint8_t said[LOG_CHAIN], is[DIGEST_MAX];

	return parse_tail(text, len, said) &&
	    chain_of(text, len - TAIL_LEN, before, is) &&
	    memcmp(said, is, LOG_CHAIN) == 0;
}

/* What is left of a line. */
struct rest {
	const char *at, *end;
};

static bool
take(struct rest *r, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(r->end - r->at) < len || memcmp(r->at, text, len) != 0)
		return false;
	r->at += len;
	return true;
}

static bool
take_number(struct rest *r, uint64_t *number)
{
	const char *start = r->at;

	*number = 0;
	for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
		unsigned digit = (unsigned)(*r->at - '0');

		if (*number > (UINT64_MAX - digit) / 10)
			return false;
		*number = *number * 10 + digit;
	}
	return r->at > start && (*start != '0' || r->at == start + 1);
}

/* The four digits behind "\u". */
static bool
take_unit(struct rest *r, uint32_t *unit)
{
	uint8_t bytes[2];

	if (!take(r, "\\u") || r->end - r->at < 4 ||
	    !parse_hex(r->at, bytes, 2))
		return false;
	r->at += 4;
	*unit = (uint32_t)bytes[0] << 8 | bytes[1];
	return true;
}

/* utf8_put() makes U+FFFD of a surrogate that stands alone. */
static bool
take_escape(struct rest *r, struct buf *out)
{
	uint32_t cp, low;
	struct rest second;

	if (!take_unit(r, &cp))
		return false;
	second = *r;
	if (cp >= 0xD800 && cp < 0xDC00 && take_unit(&second, &low) &&
	    low >= 0xDC00 && low < 0xE000) {
		cp = 0x10000 + ((cp - 0xD800) << 10 | (low - 0xDC00));
		*r = second;
	}
	utf8_put(out, cp);
	return true;
}

/* The content is replaced; it has no zero byte and no C0 in clear. */
static bool
take_text(struct rest *r, struct buf *out)
{
	buf_clear(out);
	if (!take(r, "\""))
		return false;
	while (r->at < r->end && *r->at != '"') {
		if ((unsigned char)*r->at < ' ')
			return false;
		if (*r->at == '\\') {
			if (!take_escape(r, out))
				return false;
		} else {
			buf_put(out, r->at++, 1);
		}
	}
	return take(r, "\"") && buf_ok(out) && utf8_valid(out->data, out->len);
}

/* A member that is not known is passed over. */
static bool
set_text(struct log_entry *entry, const char *name, struct buf *value)
{
	const char *text = buf_text(value);
	char *place;

	for (size_t i = 0; i < TEXTS; i++) {
		if (strcmp(texts[i].name, name) != 0)
			continue;
		place = (char *)entry + texts[i].entry;
		if (value->len >= texts[i].size || strlen(text) != value->len ||
		    *place != '\0')
			return false;
		memcpy(place, text, value->len + 1);
	}
	return true;
}

static void
set_number(struct log_entry *entry, const char *name, uint64_t number)
{
	const struct {
		const char *name;
		uint64_t *place;
	} numbers[] = {
		{ "pid", &entry->pid },
		{ "port", &entry->port },
		{ "seconds", &entry->seconds },
		{ "bytes_in", &entry->bytes_in },
		{ "bytes_out", &entry->bytes_out },
		{ "bytes", &entry->bytes },
		{ "lines", &entry->lines },
	};

	if (strcmp(name, "status") == 0)
		entry->status = number <= INT_MAX ? (int)number : -1;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strcmp(numbers[i].name, name) == 0)
			*numbers[i].place = number;
}

static bool
take_member(struct rest *r, struct log_entry *entry, struct buf *name,
    struct buf *value)
{
	uint64_t number;

	if (!take(r, ",") || !take_text(r, name) || !take(r, ":"))
		return false;
	if (r->at < r->end && *r->at == '"')
		return take_text(r, value) &&
		    set_text(entry, buf_text(name), value);
	if (!take_number(r, &number))
		return false;
	set_number(entry, buf_text(name), number);
	return true;
}

bool
log_line_parse(const char *text, size_t len, struct log_entry *entry,
    struct log_head *head)
{
	struct buf name = BUF_INIT, value = BUF_INIT;
	struct rest r;
	bool good;

	memset(entry, 0, sizeof(*entry));
	entry->status = -1;
	memset(head, 0, sizeof(*head));
	if (len >= LOG_LINE_MAX || !parse_tail(text, len, head->chain))
		return false;
	r = (struct rest){ text, text + len - TAIL_LEN };
	good = take(&r, "{\"seq\":") && take_number(&r, &head->seq) &&
	    head->seq > 0;
	while (good && r.at < r.end)
		good = take_member(&r, entry, &name, &value);
	entry->seq = head->seq;
	buf_free(&name);
	buf_free(&value);
	return good && entry->time[0] != '\0' && entry->event[0] != '\0';
}

void
log_head_put(struct buf *out, const struct log_head *head)
{
	buf_printf(out, "%020" PRIu64 " ", head->seq);
	digest_put_hex(out, head->chain, LOG_CHAIN, '\0');
	buf_put_text(out, "\n");
}

bool
log_head_parse(const char *text, size_t len, struct log_head *head)
{
	struct rest r = { text, text + 20 };

	memset(head, 0, sizeof(*head));
	if (len != LOG_HEAD_SIZE || text[20] != ' ' || text[len - 1] != '\n')
		return false;
	while (r.at < r.end - 1 && *r.at == '0')
		r.at++;
	return take_number(&r, &head->seq) && r.at == r.end && head->seq > 0 &&
	    parse_hex(text + 21, head->chain, LOG_CHAIN);
}
