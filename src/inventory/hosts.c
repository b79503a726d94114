/* SPDX-License-Identifier: ISC */
/*
 * The hosts file.  Reading is strict: a word that is misspelt must not make a
 * login go elsewhere, or as somebody else.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pemkeep/base/base64.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/ini.h"
#include "pemkeep/base/path.h"
#include "pemkeep/base/replace.h"
#include "pemkeep/base/utf8.h"

#include "src/inventory/hosts_internal.h"

#define NAME_LIMIT 255 /* bytes, of names and values */

void
hosts_clear(struct hosts *hosts)
{
	for (size_t i = 0; i < hosts->count; i++) {
		struct host *h = &hosts->list[i];

		free(h->name);
		free(h->host);
		free(h->user);
		free(h->key);
		free(h->fingerprint);
	}
	free(hosts->list);
	free(hosts->path);
	memset(hosts, 0, sizeof(*hosts));
}

/* One line that can be printed, not empty, without blanks at its ends. */
static bool
is_text(const char *text)
{
	size_t len = strlen(text), n;
	uint32_t cp;

	if (len == 0 || len > NAME_LIMIT || text[0] == ' ' ||
	    text[len - 1] == ' ')
		return false;
	for (; len > 0; text += n, len -= n) {
		n = utf8_decode(text, len, &cp);
		if (n == 0 || utf8_unsafe(cp))
			return false;
	}
	return true;
}

/* Resolvers take "127.1", "0x7f000001" and "1" for addresses, too. */
static bool
is_number(const char *label, size_t len)
{
	if (len > 2 && label[0] == '0' && (label[1] == 'x' || label[1] == 'X'))
		return strspn(label + 2, "0123456789abcdefABCDEF") == len - 2;
	return len > 0 && strspn(label, "0123456789") == len;
}

static bool
is_ipv6(const char *text)
{
	char address[INET6_ADDRSTRLEN];
	size_t n = strcspn(text, "%"); /* a zone */
	struct in6_addr a;

	if (n >= sizeof(address) ||
	    (text[n] == '%' &&
		(text[n + 1] == '\0' ||
		    text[n + 1 + strspn(text + n + 1, NAME_CHARS)] != '\0')))
		return false;
	memcpy(address, text, n);
	address[n] = '\0';
	return inet_pton(AF_INET6, address, &a) == 1;
}

bool
hosts_is_host(const char *text)
{
	size_t len = strlen(text), last;
	struct in_addr a;

	if (strchr(text, ':') != NULL)
		return is_ipv6(text);
	if (len == 0 || len > NAME_LIMIT || text[0] == '-' || text[0] == '.' ||
	    strspn(text, NAME_CHARS) != len || strstr(text, "..") != NULL)
		return false;
	if (text[len - 1] == '.')
		len--;
	for (last = len; last > 0 && text[last - 1] != '.'; last--)
		;
	return !is_number(text + last, len - last) ||
	    inet_pton(AF_INET, text, &a) == 1;
}

bool
hosts_is_user(const char *text)
{
	return is_text(text) && text[0] != '-' && strpbrk(text, " :") == NULL;
}

static bool
is_key(const char *text)
{
	return is_text(text) && text[0] != '-';
}

bool
hosts_is_fingerprint(const char *text)
{
	struct buf b = BUF_INIT;
	char padded[45];
	bool good = strncmp(text, "SHA256:", 7) == 0 && strlen(text) == 50;

	if (good) {
		memcpy(padded, text + 7, 43);
		memcpy(padded + 43, "=", 2);
		good = base64_decode(&b, padded, 44);
	}
	buf_free(&b);
	return good;
}

bool
hosts_is_port(const char *text, unsigned *port)
{
	unsigned long n;

	*port = 0;
	if (text[0] < '1' || text[0] > '9' || strlen(text) > 5 ||
	    strspn(text, "0123456789") != strlen(text))
		return false;
	n = strtoul(text, NULL, 10);
	*port = (unsigned)n;
	return n <= 65535;
}

/* What may stand in a section; 'host' and 'address' are the same. */
enum member { HOST, USER, PORT, KEY, FINGERPRINT, MEMBERS };

static const struct {
	const char *name;
	enum member member;
} keys[] = {
	{ "host", HOST },
	{ "address", HOST },
	{ "user", USER },
	{ "port", PORT },
	{ "key", KEY },
	{ "fingerprint", FINGERPRINT },
};

static const char *const wanted[MEMBERS] = {
	[HOST] = "an address or a DNS name",
	[USER] = "a user name",
	[PORT] = "a port, 1 to 65535",
	[KEY] = "the name of a key",
	[FINGERPRINT] = "a fingerprint as in 'pemkeep keys': SHA256:…",
};

static bool
is_valid(enum member member, const char *value)
{
	unsigned port;

	switch (member) {
	case HOST:
		return hosts_is_host(value);
	case USER:
		return hosts_is_user(value);
	case PORT:
		return hosts_is_port(value, &port);
	case KEY:
		return is_key(value);
	case FINGERPRINT:
		return hosts_is_fingerprint(value);
	case MEMBERS:
		break;
	}
	return false;
}

/* Where a value goes, and where its line; NULL for a port. */
static char **
place_of(struct host *h, enum member member, unsigned long **linep)
{
	char **const places[MEMBERS] = { [HOST] = &h->host,
		[USER] = &h->user,
		[KEY] = &h->key,
		[FINGERPRINT] = &h->fingerprint };
	unsigned long *const lines[MEMBERS] = { [HOST] = &h->host_line,
		[USER] = &h->user_line,
		[PORT] = &h->port_line,
		[KEY] = &h->key_line,
		[FINGERPRINT] = &h->fingerprint_line };

	*linep = lines[member];
	return places[member];
}

static int
take_entry(const char *path, const struct ini_entry *entry, struct host *h,
    struct err *e)
{
	enum member member = MEMBERS;
	unsigned long *line;
	char **place;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i].name, entry->key) == 0)
			member = keys[i].member;
	if (member == MEMBERS) {
		err_set(e, ERR_FORMAT, "%s:%lu: unknown key '%s'", path,
		    entry->line, entry->key);
		err_hint(e, "host, user, port, key, fingerprint");
		return ERR_FORMAT;
	}
	place = place_of(h, member, &line);
	if (*line != 0)
		return err_set(e, ERR_FORMAT,
		    "%s:%lu: the host is there twice (line %lu)", path,
		    entry->line, *line);
	if (!is_valid(member, entry->value))
		return err_set(e, ERR_FORMAT, "%s:%lu: '%s' is not %s", path,
		    entry->line, entry->value, wanted[member]);
	*line = entry->line;
	if (place == NULL)
		(void)hosts_is_port(entry->value, &h->port);
	else if ((*place = strdup(entry->value)) == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	return 0;
}

char *
hosts_composed(const char *name)
{
	struct buf b = BUF_INIT;
	char *text;

	utf8_compose_hangul(&b, name);
	text = strdup(buf_text(&b));
	if (!buf_ok(&b)) {
		free(text);
		text = NULL;
	}
	buf_free(&b);
	return text;
}

bool
hosts_is_name(const char *name)
{
	return is_text(name) && name[0] != '-' &&
	    strpbrk(name, "*?/[]") == NULL;
}

static int
take_section(const char *path, const struct ini_section *section,
    struct host *h, struct err *e)
{
	int r = 0;

	h->name_line = section->line;
	if (!hosts_is_name(section->name))
		return err_set(e, ERR_FORMAT,
		    "%s:%lu: '%s' is not a name that a host can have", path,
		    section->line, section->name);
	if ((h->name = hosts_composed(section->name)) == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < section->count && r == 0; i++)
		r = take_entry(path, &section->entries[i], h, e);
	if (r == 0 && h->host == NULL) {
		err_set(e, ERR_FORMAT, "%s:%lu: '%s' has no host", path,
		    section->line, section->name);
		err_hint(e, "a line such as: host = 203.0.113.10");
		r = ERR_FORMAT;
	}
	return r;
}

static int
by_name(const void *a, const void *b)
{
	const struct host *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* Names that differ for the parser only, as macOS writes Hangul. */
static int
check_twice(const struct hosts *hosts, struct err *e)
{
	const struct host **sorted;
	int r = 0;

	if (hosts->count < 2)
		return 0;
	sorted = calloc(hosts->count, sizeof(const struct host *));
	if (sorted == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < hosts->count; i++)
		sorted[i] = &hosts->list[i];
	qsort(sorted, hosts->count, sizeof(sorted[0]), by_name);
	for (size_t i = 1; i < hosts->count && r == 0; i++) {
		const struct host *a = sorted[i - 1], *b = sorted[i];

		if (strcmp(a->name, b->name) == 0)
			r = err_set(e, ERR_FORMAT,
			    "%s:%lu: host '%s' is there twice", hosts->path,
			    a->name_line > b->name_line ? a->name_line
							: b->name_line,
			    a->name);
	}
	free(sorted);
	return r;
}

int
hosts_parse(const char *path, const void *text, size_t len, struct hosts *hosts,
    struct err *e)
{
	struct ini *ini = NULL;
	int r;

	memset(hosts, 0, sizeof(*hosts));
	if ((hosts->path = strdup(path)) == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	if ((r = ini_parse(path, text, len, &ini, e)) != 0)
		return r;
	hosts->list = calloc(ini_count(ini) + 1, sizeof(*hosts->list));
	if (hosts->list == NULL)
		r = err_set(e, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < ini_count(ini) && r == 0; i++)
		r = take_section(
		    path, ini_at(ini, i), &hosts->list[hosts->count++], e);
	ini_free(ini);
	return r == 0 ? check_twice(hosts, e) : r;
}

/* As replace_begin(), without a lock and without making anything. */
static int
read_file(const char *path, struct buf *text, struct err *e)
{
	struct stat st;
	struct err why;
	int fd, r;

	if ((fd = path_open_regular(path, &st, &why)) == ERR_NOT_FOUND)
		return 0;
	if (fd < 0) {
		if (e != NULL)
			*e = why;
		return fd;
	}
	if (st.st_uid != geteuid() && st.st_uid != 0) {
		r = err_set(
		    e, ERR_UNTRUSTED, "'%s' belongs to another user", path);
	} else if ((st.st_mode & 022) != 0) {
		r = err_set(e, ERR_UNTRUSTED, "others may write to '%s'", path);
		err_hint(
		    e, "look at what is in it, then: chmod 600 '%s'", path);
	} else {
		r = replace_read(fd, path, INI_MAX, text, e);
	}
	close(fd);
	return r;
}

/* The file that is meant, in 'out'. */
int
hosts_path(const char *path, struct buf *out, struct err *e)
{
	if (path == NULL)
		return path_of(PATH_CONFIG, "hosts", out, e);
	buf_put_text(out, path);
	return buf_ok(out) ? 0 : err_set(e, ERR_NOMEM, "out of memory");
}

int
hosts_read(const char *path, struct hosts *hosts, struct err *e)
{
	struct buf text = BUF_INIT, full = BUF_INIT;
	int r;

	memset(hosts, 0, sizeof(*hosts));
	if ((r = hosts_path(path, &full, e)) == 0 &&
	    (r = read_file(buf_text(&full), &text, e)) == 0)
		r = hosts_parse(
		    buf_text(&full), buf_text(&text), text.len, hosts, e);
	buf_free(&text);
	buf_free(&full);
	return r;
}

const struct host *
hosts_find(const struct hosts *hosts, const char *name)
{
	const struct host *found = NULL;
	char *text = hosts_composed(name);

	for (size_t i = 0; i < hosts->count && text != NULL; i++)
		if (strcmp(hosts->list[i].name, text) == 0)
			found = &hosts->list[i];
	free(text);
	return found;
}

int
hosts_check(const struct host *host, struct err *e)
{
	const struct {
		enum member member;
		const char *value;
	} values[] = {
		{ HOST, host->host },
		{ USER, host->user },
		{ KEY, host->key },
		{ FINGERPRINT, host->fingerprint },
	};

	if (!hosts_is_name(host->name)) {
		err_set(e, ERR_USAGE, "'%s' is not a name that a host can have",
		    host->name);
		err_hint(e, "no '*', '?', '/', '[', ']', and no '-' in front");
		return ERR_USAGE;
	}
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (values[i].value != NULL &&
		    !is_valid(values[i].member, values[i].value))
			return err_set(e, ERR_USAGE, "'%s' is not %s",
			    values[i].value, wanted[values[i].member]);
	if (host->port > 65535)
		return err_set(
		    e, ERR_USAGE, "%u is not %s", host->port, wanted[PORT]);
	return 0;
}
