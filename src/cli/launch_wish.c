/* SPDX-License-Identifier: ISC */

/*
 * From the command line to a wish.  What it does not say stands in the config's
 * section [launch]; what neither says is not guessed, but for what costs least.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pemkeep/base/err.h"
#include "pemkeep/base/replace.h"

#include "src/cli/launch.h"

static const char *
chosen(const struct launching *g, const char *option, const char *configured)
{
	const char *value = option_value(g->given, option);

	return value != NULL ? value : configured;
}

static int
read_user_data(struct launching *g, struct err *e)
{
	const char *path = option_value(g->given, "user-data");
	struct stat st;
	int fd, r;

	if (path == NULL)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1 || fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		r = fd == -1
		    ? err_system(
			  e, ERR_NOT_FOUND, errno, "cannot read '%s'", path)
		    : err_set(e, ERR_FORMAT, "'%s' is no regular file", path);
	} else {
		r = replace_read(
		    fd, path, LAUNCH_USER_DATA_MAX, &g->user_data, e);
	}
	if (fd != -1)
		close(fd);
	g->wish.user_data = g->user_data.data;
	g->wish.user_data_len = g->user_data.len;
	return r;
}

static size_t
count(const struct launching *g, const char *option)
{
	size_t n = 0;

	while (option_nth(g->given, option, n) != NULL)
		n++;
	return n;
}

/* Those of the command line stand instead of those of the config. */
static int
read_open(struct launching *g, struct err *e)
{
	const struct config_list *list = &g->cloud.config.launch.open;
	size_t given = count(g, "open"), all = given > 0 ? given : list->count;

	g->open = calloc(all + 1, sizeof(*g->open));
	if (g->open == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < all; i++)
		g->open[i] = given > 0 ? option_nth(g->given, "open", i)
				       : list->items[i];
	g->wish.open = g->open;
	g->wish.open_count = all;
	return 0;
}

static bool
is_same_tag(const char *a, const char *b)
{
	size_t len = strcspn(a, "=");

	return strcspn(b, "=") == len && strncmp(a, b, len) == 0;
}

/* Those of the config, unless the command line has the same key. */
static int
read_tags(struct launching *g, struct err *e)
{
	const struct config_list *list = &g->cloud.config.launch.tags;
	size_t given = count(g, "tag"), n = 0;

	g->tags = calloc(given + list->count + 1, sizeof(*g->tags));
	if (g->tags == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < given; i++)
		g->tags[n++] = option_nth(g->given, "tag", i);
	for (size_t i = 0; i < list->count; i++) {
		bool same = false;

		for (size_t k = 0; k < given; k++)
			same |= is_same_tag(g->tags[k], list->items[i]);
		if (!same)
			g->tags[n++] = list->items[i];
	}
	g->wish.tags = g->tags;
	g->wish.tag_count = n;
	return 0;
}

/* A key of the vault: its public half is what EC2 gets. */
static int
read_key(struct launching *g, struct err *e)
{
	const char *name = chosen(g, "key", g->cloud.config.launch.key);
	bool from_aws = option_on(g->given, "key-from-aws");
	int r;

	if (from_aws && option_on(g->given, "key"))
		return err_set(e, ERR_USAGE,
		    "--key and --key-from-aws exclude each other");
	g->wish.key_from = from_aws ? LAUNCH_KEY_AWS : LAUNCH_KEY_NEW;
	if (from_aws || name == NULL)
		return 0;
	if (g->client == NULL &&
	    (r = session_open(g->given, &g->client, e)) != 0)
		return r;
	if ((r = client_public(g->client, name, &g->key, e)) != 0)
		return r;
	if (strcmp(g->key.type, "rsa") != 0 &&
	    strcmp(g->key.type, "ed25519") != 0)
		return err_set(e, ERR_UNSUPPORTED,
		    "EC2 takes RSA and Ed25519 keys, and '%s' is %s", name,
		    g->key.type);
	g->wish.key_from = LAUNCH_KEY_VAULT;
	g->wish.key = name;
	g->wish.public_key = g->key.public_line;
	return 0;
}

static bool
is_key(void *arg, const char *name)
{
	const struct launching *g = arg;

	for (size_t i = 0; i < g->keys.count; i++)
		if (strcmp(g->keys.list[i].name, name) == 0)
			return true;
	return false;
}

const char *
launch_wish_other_key(const struct launching *g)
{
	const struct launch *l = &g->launch;

	/* "web-2": there is a "web". */
	if (l->key_from == LAUNCH_KEY_VAULT || strcmp(l->key, l->name) == 0)
		return NULL;
	for (size_t i = 0; i < g->keys.count; i++) {
		const char *name = g->keys.list[i].name;
		size_t len = strlen(name);

		if (strncmp(l->key, name, len) == 0 && l->key[len] == '-' &&
		    l->key[len + 1] != '\0' &&
		    l->key[len + 1 + strspn(l->key + len + 1, "0123456789")] ==
			'\0')
			return name;
	}
	return NULL;
}

/* The one that the environment chooses; keys in it have no profile. */
static const char *
profile_here(void)
{
	static const char *const names[] = { "AWS_PROFILE",
		"AWS_DEFAULT_PROFILE" };
	const char *keys = getenv("AWS_ACCESS_KEY_ID");

	if (keys != NULL && *keys != '\0')
		return NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value != NULL && *value != '\0')
			return value;
	}
	return NULL;
}

static int
read_place(struct launching *g, struct err *e)
{
	const char *region = option_value(g->given, "region");

	if (option_on(g->given, "all-regions") ||
	    (region != NULL && strchr(region, ',') != NULL))
		return err_set(
		    e, ERR_USAGE, "a server is launched in one region");
	g->wish.region = region;
	g->wish.profile = option_value(g->given, "profile");
	if (g->wish.profile == NULL)
		g->wish.profile = profile_here();
	return 0;
}

static int
read_numbers(struct launching *g, struct err *e)
{
	int r = option_number(g->given, "disk", 1, &g->wish.disk, e);

	if (r == 0 && g->wish.disk == 0)
		g->wish.disk = g->cloud.config.launch.disk;
	return r;
}

int
launch_wish_read(struct launching *g, struct err *e)
{
	const struct config *config = &g->cloud.config;
	struct launch_wish *w = &g->wish;
	int r;

	w->name = g->given->operands[0];
	w->image = chosen(g, "image", config->launch.image);
	w->type = chosen(g, "type", config->launch.type);
	w->subnet = chosen(g, "subnet", config->launch.subnet);
	w->no_elastic_ip = option_on(g->given, "no-elastic-ip") ||
	    config->launch.no_elastic_ip;
	w->again = option_on(g->given, "again");
	w->my_address = config->my_address;
	w->is_key = is_key;
	w->arg = g;
	if (w->image == NULL) {
		struct buf known = BUF_INIT;

		launch_put_aliases(&known);
		err_set(e, ERR_USAGE, "which image is '%s' to have?", w->name);
		err_hint(e,
		    "--image IMAGE, or in the config, [launch], image = "
		    "IMAGE: %s",
		    buf_text(&known));
		buf_free(&known);
		return ERR_USAGE;
	}
	if ((r = read_place(g, e)) != 0 || (r = read_numbers(g, e)) != 0 ||
	    (r = read_open(g, e)) != 0 || (r = read_tags(g, e)) != 0 ||
	    (r = read_user_data(g, e)) != 0)
		return r;
	return read_key(g, e);
}

static void
set_option(struct cli *cli, const char *name, const char *value)
{
	const struct option *o = global_options;

	while (strcmp(o->name, name) != 0)
		o++;
	for (size_t i = 0; i < cli->given_count; i++)
		if (cli->given[i].option == o) {
			cli->given[i].value = value;
			return;
		}
	if (cli->given_count == OPTIONS_MAX)
		cli->given_count--;
	cli->given[cli->given_count].option = o;
	cli->given[cli->given_count++].value = value;
}

void
launch_wish_place(struct launching *g)
{
	g->cli = *g->given;
	set_option(&g->cli, "region", g->launch.region);
	if (g->launch.profile[0] != '\0')
		set_option(&g->cli, "profile", g->launch.profile);
}

void
launch_wish_clear(struct launching *g)
{
	keeper_key_clear(&g->key);
	keeper_keys_clear(&g->keys);
	free(g->open);
	free(g->tags);
	buf_free(&g->user_data);
}
