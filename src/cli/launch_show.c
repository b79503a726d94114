/* SPDX-License-Identifier: ISC */

/* A launch in words: what is planned, what is done, what there is. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pemkeep/base/json.h"
#include "pemkeep/base/quote.h"

#include "src/cli/launch.h"

struct out {
	void (*line)(void *arg, const char *text);
	void *arg;
};

__attribute__((format(printf, 3, 4))) static void
put(const struct out *out, const char *what, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	char words[1024];
	va_list arguments;

	va_start(arguments, fmt);
	(void)vsnprintf(words, sizeof(words), fmt, arguments);
	va_end(arguments);
	buf_printf(&b, "  %-9s %s", what, words);
	out->line(out->arg, buf_text(&b));
	buf_free(&b);
}

static void
put_key(const struct out *out, const struct launching *g)
{
	const struct launch *l = &g->launch;
	const char *other = launch_wish_other_key(g);
	struct buf name = BUF_INIT;
	static const char *const from[] = {
		[LAUNCH_KEY_NEW] = "new, made in the vault",
		[LAUNCH_KEY_AWS] = "new, made by EC2",
		[LAUNCH_KEY_VAULT] = "in the vault",
	};

	put(out, "key", "'%s' (%s), %s; key pair '%s'%s", l->key, l->key_type,
	    from[l->key_from], l->pair,
	    l->pair_is_there ? ", which is there" : "");
	if (other == NULL)
		return;
	quote_always(&name, other);
	put(out, "", "the key '%s' of the vault is not used (--key %s uses it)",
	    other, buf_text(&name));
	buf_free(&name);
}

static void
put_address(const struct out *out, const struct launch *l)
{
	if (l->elastic)
		put(out, "address", "an Elastic IP: %s", LAUNCH_ADDRESS_PRICE);
	else if (l->public_subnet)
		put(out, "address",
		    "a public one that changes with each stop: %s",
		    LAUNCH_ADDRESS_PRICE);
	else
		put(out, "address", "none that is public");
}

static void
put_call(void *arg, const struct launch_call *call)
{
	const struct out *out = arg;
	struct buf b = BUF_INIT;

	buf_printf(&b, "  %-29s %s", call->action, call->about);
	out->line(out->arg, buf_text(&b));
	buf_free(&b);
}

void
launch_show_plan(const struct launching *g,
    void (*line)(void *arg, const char *text), void *arg)
{
	const struct launch *l = &g->launch;
	struct out out = { line, arg };
	struct buf b = BUF_INIT;

	buf_printf(&b, "Launch '%s' in %s, account %s:", l->name, l->region,
	    l->account);
	line(arg, buf_text(&b));
	put(&out, "image", "%s%s%s (%s), %s",
	    strcmp(l->asked, l->image) != 0 ? l->asked : "",
	    strcmp(l->asked, l->image) != 0 ? ": " : "", l->image,
	    l->image_name, l->architecture);
	put(&out, "type", "%s: %lld vCPU, %lld MiB; %s", l->type,
	    (long long)l->cpus, (long long)l->mebibytes,
	    l->free_tier ? "eligible for the free tier"
			 : "not eligible for the free tier");
	if (l->disk > 0)
		put(&out, "disk", "%lld GiB (%s)", (long long)l->disk,
		    l->root_device);
	else
		put(&out, "disk", "as the image has it");
	put(&out, "place", "%s, %s, %s", l->zone, l->subnet, l->vpc);
	put_key(&out, g);
	for (size_t i = 0; i < l->tag_count; i++)
		put(&out, i == 0 ? "tags" : "", "%s = %s", l->tags[i].key,
		    l->tags[i].value);
	put_address(&out, l);
	line(arg, "Calls that change something:");
	launch_calls(l, put_call, &out);
	buf_free(&b);
}

static void
add_call(void *arg, const struct launch_call *call)
{
	struct json *o = json_new_object();

	json_set_text(o, "action", call->action);
	json_set_text(o, "about", call->about);
	json_append(arg, o);
}

static struct json *
rules_json(const struct launch *l)
{
	struct json *rules = json_new_array();

	for (size_t i = 0; i < l->rule_count; i++) {
		struct json *o = json_new_object();

		json_set_int(o, "from", l->rules[i].from);
		json_set_int(o, "to", l->rules[i].to);
		json_set_text(o, "cidr", l->rules[i].cidr);
		json_append(rules, o);
	}
	return rules;
}

static struct json *
tags_json(const struct launch *l)
{
	struct json *tags = json_new_array();

	for (size_t i = 0; i < l->tag_count; i++) {
		struct json *o = json_new_object();

		json_set_text(o, "key", l->tags[i].key);
		json_set_text(o, "value", l->tags[i].value);
		json_append(tags, o);
	}
	return tags;
}

struct json *
launch_show_plan_json(const struct launch *l)
{
	struct json *o = json_new_object(), *calls = json_new_array();

	json_set_text(o, "name", l->name);
	json_set_text(o, "region", l->region);
	json_set_text(o, "account", l->account);
	json_set_text(o, "image", l->image);
	json_set_text(o, "image_name", l->image_name);
	json_set_text(o, "architecture", l->architecture);
	json_set_text(o, "type", l->type);
	json_set_bool(o, "free_tier", l->free_tier);
	if (l->disk > 0)
		json_set_int(o, "disk", l->disk);
	else
		json_set_text(o, "disk", NULL);
	json_set_text(o, "zone", l->zone);
	json_set_text(o, "subnet", l->subnet);
	json_set_text(o, "vpc", l->vpc);
	json_set_text(o, "key", l->key);
	json_set_text(o, "key_type", l->key_type);
	json_set_text(o, "key_pair", l->pair);
	json_set_text(o, "security_group", l->group);
	json_set(o, "open", rules_json(l));
	json_set(o, "tags", tags_json(l));
	json_set_bool(o, "elastic", l->elastic);
	launch_calls(l, add_call, calls);
	json_set(o, "calls", calls);
	return o;
}

void
launch_show_warnings(const struct launch *l)
{
	static const unsigned ports[] = { 22, 3389 };

	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		char text[128];

		if (!launch_is_world_open(l, ports[i]))
			continue;
		snprintf(text, sizeof(text),
		    "port %u will be open to the whole internet", ports[i]);
		out_warning(
		    text, "--open PORT:me opens it for your address only");
	}
	if (!l->elastic && !l->public_subnet)
		out_warning("the subnet gives out no public addresses, and "
			    "there is to be no Elastic IP",
		    "it can be reached from within its network only");
}

/* With commas between. */
__attribute__((format(printf, 2, 3))) static void
add(struct buf *b, const char *fmt, ...)
{
	char words[512];
	va_list arguments;

	va_start(arguments, fmt);
	(void)vsnprintf(words, sizeof(words), fmt, arguments);
	va_end(arguments);
	buf_printf(b, "%s%s", b->len > 0 ? "; " : "", words);
}

void
launch_show_rest(const struct launch *l, bool hint)
{
	struct buf b = BUF_INIT, all = BUF_INIT, next = BUF_INIT;

	if (l->pair_id[0] != '\0')
		add(&b, "key pair '%s' (%s)", l->pair, l->pair_id);
	if (l->group_id[0] != '\0')
		add(&b, "security group '%s' (%s)", l->group, l->group_id);
	if (l->instance[0] != '\0')
		add(&b, "instance %s, which costs money while it runs (%s)",
		    l->instance, l->type);
	if (l->allocation[0] != '\0')
		add(&b, "Elastic IP %s, which costs %s", l->address,
		    LAUNCH_ADDRESS_PRICE);
	if (l->begun && l->step < LAUNCH_READY && l->step != LAUNCH_RUNNING &&
	    !l->undoing)
		add(&b, "and perhaps what came of %s",
		    launch_step_name(l->step));
	buf_printf(&all, "of '%s' there is now in %s: %s", l->name, l->region,
	    b.len > 0 ? buf_text(&b) : "nothing");
	if (l->public_key[0] != '\0' && l->key_from != LAUNCH_KEY_VAULT)
		buf_printf(&all, "; the key '%s' is in the vault", l->key);
	if (hint && !l->undoing) {
		buf_put_text(&next, "pemkeep launch --resume ");
		quote_always(&next, l->name);
		buf_put_text(&next, " goes on; ");
	}
	if (hint) {
		buf_put_text(&next, "pemkeep launch --undo ");
		quote_always(&next, l->name);
		buf_put_text(&next, " removes it");
	}
	out_warning(buf_text(&all), buf_text(&next));
	buf_free(&b);
	buf_free(&all);
	buf_free(&next);
}

void
launch_show_say(void *arg, const char *text)
{
	const struct launching *g = arg;

	out_say(g->given, "%s", text);
}

void
launch_show_waiting(void *arg, const char *what, unsigned seconds)
{
	struct launching *g = arg;

	if (what == NULL) {
		out_progress_end();
		g->said[0] = '\0';
		return;
	}
	if (option_on(g->given, "quiet"))
		return;
	if (out_can_progress()) {
		out_progress(
		    "%s, %u:%02u left", what, seconds / 60, seconds % 60);
	} else if (strcmp(g->said, what) != 0) {
		out_say(g->given, "%s (up to %u:%02u) ...", what, seconds / 60,
		    seconds % 60);
		snprintf(g->said, sizeof(g->said), "%s", what);
	}
}
