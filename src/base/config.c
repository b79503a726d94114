/* SPDX-License-Identifier: ISC */
/* A setting is a row of the table: section, key, where its value goes, and how. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/config.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/ini.h"
#include "pemkeep/base/path.h"
#include "pemkeep/base/replace.h"
#include "pemkeep/base/words.h"

#define ITEMS_MAX 200             /* profiles, regions */
#define LONGEST (366ul * 86400ul) /* seconds */

/*
 * Each takes a value; NULL when it is good, else what would have been, for the
 * message.  "" is want of memory.
 */
typedef const char *take(struct config *c, void *to, const char *value);

static const char *
take_yes(struct config *c, void *to, const char *value)
{
	bool *flag = to;

	(void)c;
	*flag = strcmp(value, "yes") == 0;
	return *flag || strcmp(value, "no") == 0 ? NULL : "yes or no";
}

static const char *
take_address(struct config *c, void *to, const char *value)
{
	bool *flag = to;

	(void)c;
	*flag = strcmp(value, "private") == 0;
	return *flag || strcmp(value, "public") == 0 ? NULL
						     : "public or private";
}

static const char *
take_port(struct config *c, void *to, const char *value)
{
	unsigned *port = to;
	size_t len = strspn(value, "0123456789");

	(void)c;
	*port = 0;
	if (len == 0 || len > 5 || value[len] != '\0' || value[0] == '0')
		return "a number from 1 to 65535";
	*port = (unsigned)strtoul(value, NULL, 10);
	return *port <= 65535 ? NULL : "a number from 1 to 65535";
}

static const char *
take_no(struct config *c, void *to, const char *value)
{
	const char *want = take_yes(c, to, value);
	bool *flag = to;

	*flag = want == NULL && !*flag;
	return want;
}

static const char *
take_text(struct config *c, void *to, const char *value)
{
	char **text = to;

	(void)c;
	if (*value == '\0' || strchr(value, '\n') != NULL)
		return "one line of text";
	*text = strdup(value);
	return *text != NULL ? NULL : "";
}

static const char *
take_disk(struct config *c, void *to, const char *value)
{
	unsigned *disk = to;
	size_t len = strspn(value, "0123456789");

	(void)c;
	*disk = 0;
	if (len > 0 && len <= 5 && value[len] == '\0')
		*disk = (unsigned)strtoul(value, NULL, 10);
	return *disk > 0 ? NULL : "a size in GiB";
}

static unsigned long
unit_seconds(const char *unit)
{
	static const struct {
		const char *name;
		unsigned long seconds;
	} units[] = { { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(unit, units[i].name) == 0)
			return units[i].seconds;
	return *unit == '\0';
}

static const char *
take_time(struct config *c, void *to, const char *value)
{
	unsigned *seconds = to;
	unsigned long number, unit;
	char *end;

	(void)c;
	errno = 0;
	number = strtoul(value, &end, 10);
	unit = unit_seconds(end);
	if (*value < '0' || *value > '9' || errno != 0 || unit == 0 ||
	    number == 0 || number > LONGEST / unit)
		return "a time like 90s, 30m, 8h or 2d";
	*seconds = (unsigned)(number * unit);
	return NULL;
}

static const char *
add_item(struct config_list *list, const char *at, size_t len)
{
	char *copy;

	while (len > 0 && strchr(" \t\n", *at) != NULL) {
		at++;
		len--;
	}
	while (len > 0 && strchr(" \t\n", at[len - 1]) != NULL)
		len--;
	if (len == 0 || list->count == ITEMS_MAX)
		return "a list of names with commas between";
	if ((copy = strndup(at, len)) == NULL)
		return "";
	list->items[list->count++] = copy;
	return NULL;
}

static const char *
take_list(struct config *c, void *to, const char *value)
{
	struct config_list *list = to;
	const char *want = NULL;
	size_t len;

	(void)c;
	if ((list->items = calloc(ITEMS_MAX, sizeof(*list->items))) == NULL)
		return "";
	for (; want == NULL; value += len + 1) {
		len = strcspn(value, ",");
		want = add_item(list, value, len);
		if (value[len] == '\0')
			break;
	}
	return want;
}

static const char *
take_regions(struct config *c, void *to, const char *value)
{
	c->all_regions = strcmp(value, "all") == 0;
	return c->all_regions ? NULL : take_list(c, to, value);
}

static const char *
take_command(struct config *c, void *to, const char *value)
{
	char ***words = to;
	size_t count;
	int r = words_split(value, words, &count);

	(void)c;
	if (r == ERR_NOMEM)
		return "";
	return r == 0 && count > 0 ? NULL : "a program and its arguments";
}

static const struct setting {
	const char *section, *key;
	take *take;
	size_t offset;
} settings[] = {
#define AT(member) offsetof(struct config, member)
	{ "", "profiles", take_list, AT(profiles) },
	{ "", "regions", take_regions, AT(regions) },
	{ "", "address", take_address, AT(private_address) },
	{ "", "port", take_port, AT(port) },
	{ "", "cache-credentials", take_yes, AT(cache_credentials) },
	{ "", "require-mlock", take_yes, AT(require_mlock) },
	{ "", "passphrase-command", take_command, AT(passphrase_command) },
	{ "", "lock-after", take_time, AT(lock_after) },
	{ "", "my-address", take_text, AT(my_address) },
	{ "launch", "image", take_text, AT(launch.image) },
	{ "launch", "type", take_text, AT(launch.type) },
	{ "launch", "key", take_text, AT(launch.key) },
	{ "launch", "subnet", take_text, AT(launch.subnet) },
	{ "launch", "disk", take_disk, AT(launch.disk) },
	{ "launch", "elastic-ip", take_no, AT(launch.no_elastic_ip) },
	{ "launch", "open", take_list, AT(launch.open) },
	{ "launch", "tags", take_list, AT(launch.tags) },
	{ "launch", "wait", take_time, AT(launch.wait) },
#undef AT
};

#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

static void
clear_list(struct config_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
}

void
config_clear(struct config *c)
{
	clear_list(&c->profiles);
	clear_list(&c->regions);
	free(c->passphrase_command);
	free(c->my_address);
	free(c->launch.image);
	free(c->launch.type);
	free(c->launch.key);
	free(c->launch.subnet);
	clear_list(&c->launch.open);
	clear_list(&c->launch.tags);
	memset(c, 0, sizeof(*c));
}

static int
take_entry(const char *path, const char *section, const struct ini_entry *entry,
    struct config *c, struct err *e)
{
	const struct setting *s = settings;
	const char *want;

	while (s < settings + SETTINGS &&
	    (strcmp(s->section, section) != 0 ||
		strcmp(s->key, entry->key) != 0))
		s++;
	if (s == settings + SETTINGS) {
		err_set(e, ERR_FORMAT, "%s:%lu: unknown setting '%s'", path,
		    entry->line, entry->key);
		err_hint(e, "man pemkeep-config");
		return ERR_FORMAT;
	}
	want = s->take(c, (char *)c + s->offset, entry->value);
	if (want == NULL)
		return 0;
	if (*want == '\0')
		return err_set(e, ERR_NOMEM, "out of memory");
	return err_set(e, ERR_FORMAT, "%s:%lu: '%s' is %s, not '%s'", path,
	    entry->line, entry->key, want, entry->value);
}

static bool
is_section(const char *name)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (strcmp(settings[i].section, name) == 0)
			return true;
	return false;
}

static int
take_all(
    const char *path, const struct ini *ini, struct config *c, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < ini_count(ini) && r == 0; i++) {
		const struct ini_section *section = ini_at(ini, i);

		if (!is_section(section->name))
			return err_set(e, ERR_FORMAT,
			    "%s:%lu: unknown section '%s'", path, section->line,
			    section->name);
		for (size_t n = 0; n < section->count && r == 0; n++)
			r = take_entry(
			    path, section->name, &section->entries[n], c, e);
	}
	return r;
}

int
config_parse(const char *path, const void *text, size_t len, struct config *c,
    struct err *e)
{
	struct ini *ini;
	int r;

	memset(c, 0, sizeof(*c));
	if ((r = ini_parse_top(path, text, len, &ini, e)) != 0)
		return r;
	if ((r = take_all(path, ini, c, e)) != 0)
		config_clear(c);
	ini_free(ini);
	return r;
}

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
		    e, "look at what is in it, then: chmod go-w '%s'", path);
	} else {
		r = replace_read(fd, path, INI_MAX, text, e);
	}
	close(fd);
	return r;
}

int
config_load(struct config *c, struct err *e)
{
	struct buf text = BUF_INIT, path = BUF_INIT;
	int r;

	memset(c, 0, sizeof(*c));
	if ((r = path_of(PATH_CONFIG, "config", &path, e)) == 0 &&
	    (r = read_file(buf_text(&path), &text, e)) == 0)
		r = config_parse(
		    buf_text(&path), buf_text(&text), text.len, c, e);
	buf_free(&text);
	buf_free(&path);
	return r;
}
