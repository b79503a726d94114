/* SPDX-License-Identifier: ISC */
/*
 * The order of things: which readings of the argument there are, and where each
 * name is looked for.  The first that is found is the one.
 */

#include <arpa/inet.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/inventory/hosts_internal.h"
#include "src/inventory/ssh_config.h"
#include "src/inventory/target_internal.h"

#define READINGS 4

/* One way to read the argument. */
struct reading {
	struct buf user, name, port;
	bool has_user, has_port;
};

struct readings {
	struct reading list[READINGS];
	size_t count;
};

static void
put_reading(struct readings *all, const char *user, size_t user_len,
    const char *name, size_t name_len, const char *port)
{
	struct reading *r = &all->list[all->count++];

	r->has_user = user != NULL;
	if (user != NULL)
		buf_put(&r->user, user, user_len);
	buf_put(&r->name, name, name_len);
	r->has_port = port != NULL;
	if (port != NULL)
		buf_put_text(&r->port, port);
}

/* "name:port", "[name]:port" and "[name]". */
static void
split_port(
    struct readings *all, const char *user, size_t user_len, const char *text)
{
	const char *colon = strrchr(text, ':');
	size_t len = strlen(text);

	if (text[0] == '[') {
		const char *close = strrchr(text, ']');

		if (close != NULL && close > text + 1 &&
		    (close[1] == '\0' || (close[1] == ':' && close[2] != '\0')))
			put_reading(all, user, user_len, text + 1,
			    (size_t)(close - text - 1),
			    close[1] == ':' ? close + 2 : NULL);
	} else if (colon != NULL && colon > text && colon + 1 < text + len) {
		put_reading(all, user, user_len, text, (size_t)(colon - text),
		    colon + 1);
	}
}

static void
read_argument(const char *text, struct readings *all)
{
	const char *at = strrchr(text, '@');

	put_reading(all, NULL, 0, text, strlen(text), NULL);
	if (at != NULL && at > text && at[1] != '\0') {
		put_reading(all, text, (size_t)(at - text), at + 1,
		    strlen(at + 1), NULL);
		split_port(all, text, (size_t)(at - text), at + 1);
	}
	split_port(all, NULL, 0, text);
}

static void
clear_readings(struct readings *all)
{
	for (size_t i = 0; i < all->count; i++) {
		buf_free(&all->list[i].user);
		buf_free(&all->list[i].name);
		buf_free(&all->list[i].port);
	}
}

/* What was given along with the name beats what is written down for it. */
static int
set_given(struct target *t, const struct inventory_question *q,
    struct reading *reading, struct err *e)
{
	const char *user = q->user != NULL ? q->user : buf_text(&reading->user);
	unsigned port = q->port;
	int r = 0;

	if ((q->user != NULL || reading->has_user) && !hosts_is_user(user))
		return err_set(e, ERR_USAGE, "'%s' is not a user name", user);
	if (port > 65535)
		return err_set(e, ERR_USAGE, "%u is not a port", port);
	if (reading->has_port &&
	    !hosts_is_port(buf_text(&reading->port),
		q->port == 0 ? &port : &(unsigned){ 0 }))
		return err_set(e, ERR_USAGE, "'%s' is not a port",
		    buf_text(&reading->port));
	if (q->user != NULL || reading->has_user)
		r = target_set(&t->user, user, e, "%s",
		    q->user != NULL ? "-l" : "given with the name");
	if (r == 0 && port != 0)
		r = target_set_port(t, port, e, "%s",
		    q->port != 0 ? "-p" : "given with the name");
	return r;
}

/* Where nothing else has said anything. */
static int
set_defaults(struct target *t, struct err *e)
{
	const struct passwd *pw;
	int r = 0;

	if (t->port == 0)
		r = target_set_port(t, 22, e, "default");
	if (r == 0 && t->user.value == NULL) {
		pw = getpwuid(getuid());
		if (pw != NULL && hosts_is_user(pw->pw_name))
			r = target_set(
			    &t->user, pw->pw_name, e, "your name here");
		else
			r = target_set(&t->user, NULL, e, "not known");
	}
	if (r == 0)
		r = target_set(&t->id, "", e, "a static host");
	return r;
}

static int
set_address(struct target *t, const char *address, const char *host_key,
    const char *source, struct err *e)
{
	int r =
	    target_add(&t->addresses, &t->address_count, address, source, e);

	if (r == 0)
		r = target_add(&t->host_keys, &t->host_key_count,
		    host_key != NULL ? host_key : address,
		    host_key != NULL ? "HostKeyAlias" : "the address", e);
	return r;
}

static int
from_hosts(struct target *t, const struct hosts *hosts, const struct host *host,
    struct err *e)
{
	struct buf source = BUF_INIT;
	int r;

	buf_printf(&source, "%s:%lu", hosts->path, host->host_line);
	if ((r = target_set(&t->name, host->name, e, "%s:%lu", hosts->path,
		 host->name_line)) == 0)
		r = set_address(t, host->host, NULL, buf_text(&source), e);
	if (r == 0 && host->user != NULL && t->user.value == NULL)
		r = target_set(&t->user, host->user, e, "%s:%lu", hosts->path,
		    host->user_line);
	if (r == 0 && host->port != 0 && t->port == 0)
		r = target_set_port(
		    t, host->port, e, "%s:%lu", hosts->path, host->port_line);
	buf_free(&source);
	return r;
}

static int
from_config(struct target *t, const char *name,
    const struct ssh_config_host *config, const char *where, struct err *e)
{
	struct buf source = BUF_INIT;
	int r;

	buf_printf(&source, "ssh -G (%s)", where);
	if ((r = target_set(&t->name, name, e, "%s", where)) == 0)
		r = set_address(
		    t, config->hostname, config->alias, buf_text(&source), e);
	if (r == 0 && t->user.value == NULL)
		r = target_set(
		    &t->user, config->user, e, "%s", buf_text(&source));
	if (r == 0 && t->port == 0)
		r = target_set_port(
		    t, config->port, e, "%s", buf_text(&source));
	buf_free(&source);
	return r;
}

/* An address, or a name with a dot in it. */
static bool
is_literal(const char *name)
{
	return hosts_is_host(name) && strpbrk(name, ".:") != NULL;
}

/* 1 when this name is one, 0 when it is not; or what went wrong. */
static int
look_up(struct target *t, const struct inventory_question *q,
    const struct hosts *hosts, struct reading *reading, struct err *e)
{
	const char *name = buf_text(&reading->name);
	struct target_found found = { .name = name, .hosts = hosts };
	struct ssh_config_host config = { .port = 0 };
	struct buf where = BUF_INIT;
	int r = 0;

	found.host = hosts_find(hosts, name);
	if (found.host == NULL) {
		r = ssh_config_names(q->ssh_config, name, &where, e);
		if (r == 1) {
			found.config = &config;
			found.where = buf_text(&where);
			r = ssh_config_ask(q->ssh_config, name, &config, e);
		}
		if (r != 0 || (found.config == NULL && !is_literal(name)))
			goto out;
	}
	if ((r = set_given(t, q, reading, e)) != 0)
		goto out;
	if (found.host != NULL)
		r = from_hosts(t, hosts, found.host, e);
	else if (found.config != NULL)
		r = from_config(t, name, &config, found.where, e);
	else if ((r = target_set(&t->name, name, e, "as given")) == 0)
		r = set_address(t, name, NULL, "as given", e);
	if (r == 0 && (r = set_defaults(t, e)) == 0)
		r = target_choose_keys(t, q, &found, e);
	r = r == 0 ? 1 : r;
out:
	ssh_config_clear(&config);
	buf_free(&where);
	return r;
}

int
inventory_resolve(
    const struct inventory_question *q, struct target *t, struct err *e)
{
	struct readings all = { .count = 0 };
	struct hosts hosts;
	int r;

	memset(t, 0, sizeof(*t));
	read_argument(q->argument, &all);
	if ((r = hosts_read(q->hosts, &hosts, e)) != 0)
		goto out;
	for (size_t i = 0; i < all.count && r == 0; i++)
		r = look_up(t, q, &hosts, &all.list[i], e);
	/* The shortest reading is what was meant as a name. */
	if (r == 0)
		r = target_not_found(q,
		    buf_text(&all.list[all.count > 2 ? 2 : all.count - 1].name),
		    &hosts, e);
out:
	hosts_clear(&hosts);
	clear_readings(&all);
	return r < 0 ? r : 0;
}
