/* SPDX-License-Identifier: ISC */

/* Which entries of the event log are wanted. */

#include <string.h>
#include <time.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/glob.h"
#include "pemkeep/base/timefmt.h"
#include "pemkeep/base/utf8.h"

#include "src/cli/cli.h"
#include "src/cli/events.h"
#include "src/cli/vault_keys.h"

#define FINGERPRINT "SHA256:"

static int
empty(const char *option, struct err *e)
{
	return err_set(e, ERR_USAGE, "option --%s needs a value", option);
}

/* "2h" before now, "2026-11-21", "2026-11-21T08:15:00Z". */
static int
set_since(struct event_filter *f, const char *text, struct err *e)
{
	const uint64_t now = (uint64_t)time(NULL);
	struct buf day = BUF_INIT;
	uint64_t ago;
	int64_t at;
	bool good = true;

	buf_printf(&day, "%sT00:00:00Z", text);
	if (timefmt_duration(text, UINT64_MAX, &ago))
		f->since = ago < now ? now - ago : 0;
	else if (timefmt_parse(text, &at) || timefmt_parse(buf_text(&day), &at))
		f->since = (uint64_t)at;
	else
		good = false;
	buf_free(&day);
	if (good)
		return 0;
	err_set(e, ERR_USAGE, "--since needs a time, not '%s'", text);
	err_hint(e, "30m, 8h, 2d, 3w; 2026-11-21, 2026-11-21T08:15:00Z");
	return ERR_USAGE;
}

static int
look_up(struct event_filter *f, const struct vault_keys *keys, const char *name,
    struct err *e)
{
	for (size_t i = 0; i < keys->count; i++)
		if (strcmp(keys->list[i].name, name) == 0) {
			buf_put_text(&f->key, keys->list[i].fingerprint);
			return 0;
		}
	if (!keys->known) {
		err_set(e, ERR_LOCKED,
		    "the names of keys are not known while the vault is "
		    "locked");
		err_hint(e,
		    "'pemkeep unlock', or --key with the fingerprint as it "
		    "stands in the log");
		return ERR_LOCKED;
	}
	err_set(e, ERR_NOT_FOUND, "there is no key '%s'", name);
	err_hint(e,
	    "'pemkeep keys' lists them; one that is gone is found by its "
	    "fingerprint");
	return ERR_NOT_FOUND;
}

static int
set_key(struct event_filter *f, const struct cli *cli, const char *text,
    struct err *e)
{
	struct vault_keys keys = { 0 };
	struct client *c = NULL;
	int r;

	if (strncmp(text, FINGERPRINT, sizeof(FINGERPRINT) - 1) == 0) {
		buf_put_text(&f->key, text);
		return 0;
	}
	if ((r = session_start(cli, &c, e)) == 0 &&
	    (r = vault_keys_public(c, &keys, e)) == 0)
		r = look_up(f, &keys, text, e);
	vault_keys_clear(&keys);
	client_free(c);
	return r;
}

int
event_filter_set(struct event_filter *f, const struct cli *cli, struct err *e)
{
	const char *since = option_value(cli, "since");
	const char *key = option_value(cli, "key");
	const char *host = option_value(cli, "host");
	int r = 0;

	memset(f, 0, sizeof(*f));
	f->any = since != NULL || key != NULL || host != NULL;
	if (key != NULL && *key == '\0')
		return empty("key", e);
	if (host != NULL && *host == '\0')
		return empty("host", e);
	if (since != NULL && (r = set_since(f, since, e)) != 0)
		return r;
	if (key != NULL && (r = set_key(f, cli, key, e)) != 0)
		return r;
	if (host != NULL)
		utf8_compose_hangul(&f->host, host);
	(void)buf_text(&f->key), (void)buf_text(&f->host);
	return buf_ok(&f->key) && buf_ok(&f->host)
	    ? 0
	    : err_set(e, ERR_NOMEM, "out of memory");
}

void
event_filter_clear(struct event_filter *f)
{
	buf_free(&f->key);
	buf_free(&f->host);
}

/* The log has the beginning of a name that is longer than it takes. */
static bool
is_name(const char *wanted, const char *name)
{
	struct buf composed = BUF_INIT;
	size_t len;
	bool is;

	utf8_compose_hangul(&composed, name);
	len = composed.len;
	is = strcmp(buf_text(&composed), wanted) == 0 ||
	    glob_match(wanted, buf_text(&composed)) ||
	    (strlen(name) > LOG_HOST_MAX - 4 &&
		strncmp(buf_text(&composed), wanted, len) == 0);
	buf_free(&composed);
	return is;
}

/* Also with a mask behind it: "203.0.113.7/32". */
static bool
is_address(const char *wanted, const char *address)
{
	size_t len = strcspn(address, "/");

	return strcmp(wanted, address) == 0 ||
	    (strlen(wanted) == len && memcmp(wanted, address, len) == 0);
}

bool
event_filter_fits(struct event_filter *f, const struct log_entry *entry)
{
	const char *key = buf_text(&f->key), *host = buf_text(&f->host);
	int64_t at;

	/* A time that cannot be read is not hidden. */
	if (f->since != 0 && timefmt_parse(entry->time, &at) &&
	    (uint64_t)at < f->since)
		return false;
	if (*key != '\0' && strcmp(entry->key, key) != 0 &&
	    strcmp(entry->host_key, key) != 0)
		return false;
	return *host == '\0' ||
	    (entry->host[0] != '\0' && is_name(host, entry->host)) ||
	    strcmp(entry->instance, host) == 0 ||
	    (entry->address[0] != '\0' && is_address(host, entry->address));
}
