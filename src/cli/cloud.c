/* SPDX-License-Identifier: ISC */

/*
 * From the command line and our config to AWS and the inventory.  The only place
 * where it is decided which profiles and regions a command looks at.
 */

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pemkeep/agent/question.h"
#include "pemkeep/aws/call.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/json.h"
#include "pemkeep/inventory/inventory.h"
#include "pemkeep/inventory/target.h"
#include "vault/secret.h"

#include "src/cli/cli.h"
#include "src/cli/cloud.h"

/* A signal handler has no other place to put its news. */
static volatile sig_atomic_t interrupted;

static void
on_interrupt(int signo)
{
	(void)signo;
	interrupted = 1;
}

static bool
is_interrupted(void *arg)
{
	(void)arg;
	return interrupted != 0;
}

void
cloud_begin(struct cloud *c)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	sigemptyset(&action.sa_mask);
	action.sa_handler = on_interrupt;
	action.sa_flags = (int)SA_RESETHAND;
	interrupted = 0;
	c->caught = sigaction(SIGINT, NULL, &c->before) == 0 &&
	    c->before.sa_handler != SIG_IGN &&
	    sigaction(SIGINT, &action, NULL) == 0;
}

void
cloud_end(struct cloud *c)
{
	if (c->caught)
		(void)sigaction(SIGINT, &c->before, NULL);
	c->caught = false;
}

int
cloud_pause(unsigned ms, struct err *e)
{
	/* In pieces: a signal just before the call would not end it. */
	while (ms > 0 && !interrupted) {
		unsigned piece = ms < 100 ? ms : 100;

		(void)nanosleep(
		    &(struct timespec){ 0, (long)piece * 1000000 }, NULL);
		ms -= piece;
	}
	return interrupted ? err_set(e, ERR_INTERRUPTED, "interrupted") : 0;
}

static void
on_warning(void *arg, const char *text)
{
	(void)arg;
	out_warning(text, "");
}

/* Only for those who watch: a script has nothing of it. */
static void
on_asking(void *arg, size_t regions)
{
	const struct cloud *c = arg;

	if (c->quiet || !isatty(STDERR_FILENO))
		return;
	if (regions == 0)
		out_say(c->cli, "asking AWS ...");
	else
		out_say(c->cli, "asking AWS about %zu region%s ...", regions,
		    regions == 1 ? "" : "s");
}

/* A code is good once and for half a minute; it is hidden all the same. */
static int
on_code(void *arg, const char *serial, char code[static 16], struct err *e)
{
	struct secret *typed = secret_new(64);
	struct buf prompt = BUF_INIT;
	int r;

	(void)arg;
	if (typed == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	buf_put_text(&prompt, "Enter MFA code for ");
	out_put(&prompt, serial);
	buf_put_text(&prompt, ": ");
	out_progress_end();
	r = question_ask(buf_text(&prompt), false, typed, e);
	if (interrupted)
		r = err_set(e, ERR_INTERRUPTED, "interrupted");
	else if (r == 0 && secret_len(typed) < 16)
		memcpy(code, secret_bytes(typed), secret_len(typed));
	else if (r != ERR_INTERRUPTED)
		r = err_set(e, ERR_REFUSED,
		    "no code of the MFA device '%s' was given", serial);
	if (r == 0)
		code[secret_len(typed)] = '\0';
	secret_free(typed);
	buf_free(&prompt);
	return r;
}

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

static int
add_region(struct cloud *c, const char *text, size_t len, struct err *e)
{
	char **list =
	    reallocarray(c->regions.items, c->regions.count + 1, sizeof(*list));
	char *region = strndup(text, len);

	if (list != NULL)
		c->regions.items = list;
	if (list == NULL || region == NULL) {
		free(region);
		return no_memory(e);
	}
	list[c->regions.count++] = region;
	if (aws_is_region(region))
		return 0;
	err_set(e, ERR_USAGE, "--region: '%s' is not a region", region);
	err_hint(e,
	    "regions are named like eu-west-1; --all-regions takes "
	    "those that are enabled");
	return ERR_USAGE;
}

/* Names with commas between. */
static int
read_regions(struct cloud *c, struct err *e)
{
	const char *at = option_value(c->cli, "region");
	int r = 0;

	if (at == NULL)
		return 0;
	if (option_on(c->cli, "all-regions"))
		return err_set(e, ERR_USAGE,
		    "--region and --all-regions exclude each other");
	for (; r == 0; at++) {
		size_t len = strcspn(at, ",");

		r = add_region(c, at, len, e);
		at += len;
		if (*at == '\0')
			break;
	}
	return r;
}

/* Does the environment say which profile, or whose keys? */
static bool
is_chosen_here(void)
{
	static const char *const variables[] = { "AWS_PROFILE",
		"AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID" };

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *value = getenv(variables[i]);

		if (value != NULL && *value != '\0')
			return true;
	}
	return false;
}

/*
 * --profile stands alone.  Those of our config are searched beside what the
 * environment has chosen; a "default" that nobody has chosen is not.
 */
static int
set_profiles(struct cloud *c, struct inventory_options *o, struct err *e)
{
	const struct config_list *list = &c->config.profiles;

	o->profile = option_value(c->cli, "profile");
	if (o->profile != NULL && *o->profile == '\0')
		return err_set(e, ERR_USAGE, "--profile: a name is needed");
	if (o->profile != NULL || list->count == 0)
		return 0;
	c->profiles = calloc(list->count + 1, sizeof(*c->profiles));
	if (c->profiles == NULL)
		return no_memory(e);
	if (is_chosen_here())
		o->profile_count = 1; /* NULL: the current one */
	for (size_t i = 0; i < list->count; i++)
		c->profiles[o->profile_count++] = list->items[i];
	o->profiles = c->profiles;
	return 0;
}

static void
set_regions(struct cloud *c, struct inventory_options *o)
{
	const struct config_list *list = &c->config.regions;

	o->all_regions = option_on(c->cli, "all-regions") ||
	    (c->regions.count == 0 && c->config.all_regions);
	if (o->all_regions)
		return;
	o->own_regions = c->regions.count == 0;
	if (c->regions.count > 0)
		list = &c->regions;
	o->regions = (const char *const *)list->items;
	o->region_count = list->count;
}

static int
open_all(struct cloud *c, struct err *e)
{
	struct inventory_options o = { .asking = on_asking, .arg = c };
	struct aws_options options = { .user_agent = "pemkeep/" PEMKEEP_VERSION,
		.warn = on_warning,
		.interrupted = is_interrupted,
		.arg = c };
	int r;

	if ((r = config_load(&c->config, e)) != 0 ||
	    (r = read_regions(c, e)) != 0 || (r = set_profiles(c, &o, e)) != 0)
		return r;
	set_regions(c, &o);
	o.cache_credentials = c->config.cache_credentials;
	options.cache_credentials = o.cache_credentials;
	options.profile = o.profile;
	options.region = c->regions.count > 0 ? c->regions.items[0] : NULL;
	if (!option_on(c->cli, "no-input") && question_possible())
		options.ask_code = on_code;
	if ((c->aws = aws_new(&options)) == NULL)
		return no_memory(e);
	o.aws = c->aws;
	o.offline = option_on(c->cli, "offline");
	c->inventory = inventory_new(&o);
	return c->inventory != NULL ? 0 : no_memory(e);
}

int
cloud_open(struct cloud *c, const struct cli *cli, struct err *e)
{
	memset(c, 0, sizeof(*c));
	c->cli = cli;
	c->quiet = option_on(cli, "quiet");
	return open_all(c, e);
}

void
cloud_close(struct cloud *c)
{
	inventory_free(c->inventory);
	aws_free(c->aws);
	for (size_t i = 0; i < c->regions.count; i++)
		free(c->regions.items[i]);
	free(c->regions.items);
	free(c->profiles);
	config_clear(&c->config);
	memset(c, 0, sizeof(*c));
}

int
cloud_resolve(struct cloud *c, struct inventory_question *q, struct target *t,
    struct err *e)
{
	int r;

	q->inventory = c->inventory;
	q->private_address = c->config.private_address;
	q->default_port = c->config.port;
	cloud_begin(c);
	r = inventory_resolve(q, t, e);
	cloud_end(c);
	return r;
}

int
cloud_choose(struct cloud *c, struct inventory_question *q, struct target *t,
    struct err *e)
{
	struct target several;
	size_t chosen;
	int r;

	if ((r = cloud_resolve(c, q, t, e)) != ERR_AMBIGUOUS)
		return r;
	if ((r = pick_one(c->cli, t, &chosen, e)) != 0) {
		if (r == ERR_AMBIGUOUS)
			pick_show(t);
		return r;
	}
	several = *t;
	q->instance = several.candidates[chosen].id;
	q->region = several.candidates[chosen].region;
	r = cloud_resolve(c, q, t, e);
	q->instance = q->region = NULL;
	target_clear(&several);
	return r;
}

/* "profile 'x', eu-west-1: TEXT". */
static void
tell_one(const struct inventory_trouble *t)
{
	struct buf b = BUF_INIT;

	if (t->profile[0] != '\0')
		buf_printf(&b, "profile '%s'", t->profile);
	if (t->region[0] != '\0')
		buf_printf(&b, "%s%s", b.len > 0 ? ", " : "", t->region);
	buf_printf(&b, "%s%s", b.len > 0 ? ": " : "", t->error.text);
	out_warning(buf_text(&b), t->error.hint);
	buf_free(&b);
}

void
cloud_tell(struct cloud *c, const struct err *said)
{
	const char *cache = inventory_cache_trouble(c->inventory);
	const struct inventory_trouble *list;
	size_t count;

	if (cache != NULL && !c->told) {
		struct err e;

		err_set(&e, ERR_FAILED, "the inventory is not kept: %s", cache);
		out_warning(e.text, "");
	}
	list = inventory_troubles(c->inventory, &count);
	if (!inventory_configured(c->inventory) || c->told)
		count = 0;
	for (size_t i = 0; i < count; i++)
		if (said == NULL || strcmp(list[i].error.text, said->text) != 0)
			tell_one(&list[i]);
	c->told = true;
}

bool
cloud_partial(const struct cloud *c)
{
	return inventory_configured(c->inventory) &&
	    inventory_partial(c->inventory);
}

static void
set_text(struct json *o, const char *key, const char *text)
{
	json_set_text(o, key, *text != '\0' ? text : NULL);
}

struct json *
cloud_errors(const struct cloud *c)
{
	const struct inventory_trouble *list;
	struct json *array = json_new_array();
	size_t count;

	list = inventory_troubles(c->inventory, &count);
	if (!inventory_configured(c->inventory))
		count = 0;
	for (size_t i = 0; i < count; i++) {
		struct json *o = json_new_object();

		set_text(o, "profile", list[i].profile);
		set_text(o, "region", list[i].region);
		json_set_text(o, "error", list[i].error.text);
		set_text(o, "hint", list[i].error.hint);
		json_append(array, o);
	}
	return array;
}
