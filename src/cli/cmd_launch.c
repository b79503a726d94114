/* SPDX-License-Identifier: ISC */

/*
 * pemkeep launch: from nothing to a shell, or to nothing again.  What is going to
 * happen is shown first; what has happened when it goes wrong, and what of it
 * costs money, last.
 */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/agent/question.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/json.h"
#include "pemkeep/base/quote.h"
#include "pemkeep/inventory/inventory.h"
#include "pemkeep/launch/journal.h"
#include "pemkeep/launch/remove.h"

#include "src/cli/commands.h"
#include "src/cli/connect.h"
#include "src/cli/launch.h"

#define WAIT_SECONDS (10u * 60)

enum next { NEXT_GO_ON, NEXT_UNDO, NEXT_LEAVE };

static void
on_line(void *arg, const char *text)
{
	const struct launching *g = arg;

	out_say(g->given, "%s", text);
}

static void
on_removed(
    void *arg, const struct remove_thing *t, int fate, const struct err *why)
{
	struct buf what = BUF_INIT, b = BUF_INIT;
	struct launching *g = arg;

	remove_describe(t, &what);
	if (fate == REMOVE_DONE) {
		buf_printf(&b, "removed: %s", buf_text(&what));
		launch_show_say(g, buf_text(&b));
	} else if (fate != REMOVE_GONE) {
		buf_printf(&b, "%s stays: %s", buf_text(&what), why->text);
		out_warning(buf_text(&b), why->hint);
	}
	buf_free(&what);
	buf_free(&b);
}

/* list, resolve and connect know what has changed from now on. */
static void
tell_inventory(struct launching *g)
{
	struct cloud cloud;
	struct err e;

	if (cloud_open(&cloud, &g->cli, &e) == 0) {
		cloud_begin(&cloud);
		(void)inventory_refresh(cloud.inventory, &e);
		cloud_end(&cloud);
	}
	cloud_close(&cloud);
}

static int
undo(struct launching *g)
{
	struct err e;
	int r;

	cloud_begin(&g->cloud);
	r = launch_undo(&g->run, on_removed, &e);
	cloud_end(&g->cloud);
	tell_inventory(g);
	if (r != 0) {
		out_error(&e);
		launch_show_rest(&g->launch, true);
		return 1;
	}
	launch_log(&g->launch, "undone");
	if (g->launch.public_key[0] != '\0' &&
	    g->launch.key_from != LAUNCH_KEY_VAULT)
		out_say(g->given,
		    "'%s' is undone; its key '%s' stays in the vault",
		    g->launch.name, g->launch.key);
	else
		out_say(g->given, "'%s' is undone", g->launch.name);
	return 0;
}

/* It has failed, and that has been said. */
static enum next
ask_next(const struct launching *g)
{
	char answer[16] = "";
	struct err e;

	if (option_on(g->given, "yes") || option_on(g->given, "no-input") ||
	    !question_possible())
		return NEXT_LEAVE;
	for (;;) {
		if (connect_ask("Go on with it (g), undo it (u), or leave it "
				"as it is (l)? ",
			true, answer, sizeof(answer), &e) != 0)
			return NEXT_LEAVE;
		if (strcmp(answer, "g") == 0)
			return NEXT_GO_ON;
		if (strcmp(answer, "u") == 0)
			return NEXT_UNDO;
		if (strcmp(answer, "l") == 0)
			return NEXT_LEAVE;
	}
}

static bool
is_nothing_made(const struct launch *l)
{
	return l->step == LAUNCH_KEY && l->pair_id[0] == '\0' &&
	    l->key_from != LAUNCH_KEY_AWS;
}

/* To the end, or to what is left of it.  The exit status. */
static int
go_on(struct launching *g)
{
	enum next next = NEXT_GO_ON;
	struct err e;
	int r;

	while (next == NEXT_GO_ON) {
		cloud_begin(&g->cloud);
		r = launch_run(&g->run, &e);
		cloud_end(&g->cloud);
		if (r == 0) {
			launch_log(&g->launch, NULL);
			return 0;
		}
		launch_show_waiting(g, NULL, 0);
		if (is_nothing_made(&g->launch)) {
			(void)journal_remove(g->run.journal, NULL);
			return out_error(&e);
		}
		out_error(&e);
		launch_log(&g->launch, e.text);
		launch_show_rest(&g->launch, true);
		next = ask_next(g);
	}
	if (next == NEXT_UNDO)
		(void)undo(g);
	return 1;
}

static struct json *
done_json(const struct launch *l)
{
	struct json *top = json_new_object(), *o = json_new_object();

	json_set_text(o, "name", l->name);
	json_set_text(o, "id", l->instance);
	json_set_text(o, "region", l->region);
	json_set_text(o, "address", l->address[0] != '\0' ? l->address : NULL);
	json_set_bool(o, "elastic", l->elastic);
	json_set_text(o, "key", l->key);
	json_set_text(o, "key_pair", l->pair);
	json_set_text(o, "security_group", l->group_id);
	json_set(top, "launch", o);
	return top;
}

static int
connect_to(struct launching *g)
{
	const struct cli *given = g->given;
	int count = given->operand_count - 1, status;
	char **words = calloc((size_t)count + 4, sizeof(*words));
	char name[] = "connect", quiet[] = "-q";
	struct cli cli = g->cli;
	int n = 0;

	if (words == NULL)
		return 1;
	words[n++] = name;
	if (option_on(given, "quiet"))
		words[n++] = quiet;
	words[n++] = g->launch.instance;
	for (int i = 0; i < count; i++)
		words[n++] = given->operands[i + 1];
	cli.command = &cmd_connect;
	cli.operands = words;
	cli.operand_count = n;
	status = cmd_connect.run(&cli);
	free(words);
	return status;
}

static int
finish(struct launching *g)
{
	const struct launch *l = &g->launch;
	struct buf b = BUF_INIT;
	int status;

	tell_inventory(g);
	/* A session may last: nobody has to wait for its end. */
	journal_close(g->run.journal);
	g->run.journal = NULL;
	if (option_on(g->given, "connect"))
		return connect_to(g);
	if (option_on(g->given, "json"))
		return out_json(done_json(l));
	if (launch_is_windows(l)) {
		out_say(g->given, "'%s' runs", l->name);
	} else {
		quote_always(&b, l->name);
		out_say(g->given, "'%s' is ready: connect %s", l->name,
		    buf_text(&b));
		buf_clear(&b);
	}
	out_put(&b, l->instance);
	if (l->address[0] != '\0') {
		buf_put_u8(&b, ' ');
		out_put(&b, l->address);
	}
	buf_put_u8(&b, '\n');
	status = out_data(&b);
	buf_free(&b);
	return status;
}

static void
set_run(struct launching *g)
{
	g->wait = g->cloud.config.launch.wait != 0 ? g->cloud.config.launch.wait
						   : WAIT_SECONDS;
	g->run = (struct launch_run){ .aws = g->cloud.aws,
		.client = g->client,
		.journal = g->run.journal,
		.launch = &g->launch,
		.say = launch_show_say,
		.waiting = launch_show_waiting,
		.pause = launch_pause,
		.ready = launch_ready,
		.arg = g };
}

static int
make_plan(struct launching *g, struct err *e)
{
	struct err why;
	bool plan = option_on(g->given, "plan");
	int r;

	if ((r = cloud_open(&g->cloud, g->given, e)) != 0)
		return r;
	if (!plan && (r = session_open(g->given, &g->client, e)) != 0)
		return r;
	if ((r = launch_wish_read(g, e)) != 0)
		return r;
	if (g->client == NULL &&
	    (r = session_start(g->given, &g->client, e)) != 0)
		return r;
	/* A plan does without the names of a vault that is locked. */
	if (plan)
		(void)client_keys_public(g->client, &g->keys, &why);
	else if ((r = client_list(g->client, &g->keys, e)) != 0)
		return r;
	cloud_begin(&g->cloud);
	r = launch_plan(g->cloud.aws, &g->wish, &g->launch, e);
	cloud_end(&g->cloud);
	if (r == 0)
		launch_wish_place(g);
	return r;
}

/* What stands on the command line must fit together. */
static int
check_words(const struct cli *cli, struct err *e)
{
	bool resume = option_on(cli, "resume"), back = option_on(cli, "undo");

	if (resume && back)
		return err_set(
		    e, ERR_USAGE, "--resume and --undo exclude each other");
	if (cli->operand_count > 1 && !option_on(cli, "connect")) {
		err_set(e, ERR_USAGE, "'launch' does not take '%s'",
		    cli->operands[1]);
		quote_hint(e, "a command needs --connect: pemkeep launch ",
		    cli->operands[0], " --connect -- COMMAND");
		return ERR_USAGE;
	}
	if (option_on(cli, "plan") &&
	    (resume || back || option_on(cli, "connect")))
		return err_set(e, ERR_USAGE, "--plan does nothing else");
	if (option_on(cli, "connect") && (back || option_on(cli, "json")))
		return err_set(e, ERR_USAGE,
		    "--connect does not go with --undo or --json");
	return 0;
}

static int
launch_new(struct launching *g, struct err *e)
{
	int r;

	if ((r = make_plan(g, e)) != 0)
		return out_error(e);
	if (option_on(g->given, "plan"))
		return launch_plan_show(g);
	if (journal_begin(&g->launch, &g->run.journal, e) != 0)
		return out_error(e);
	launch_show_plan(g, on_line, g);
	launch_show_warnings(&g->launch);
	if (prompt_confirm(g->given, "Launch it?", e) != 0)
		return out_error(e);
	set_run(g);
	cloud_begin(&g->cloud);
	r = g->wish.again ? 0 : launch_check_free(g->cloud.aws, &g->launch, e);
	cloud_end(&g->cloud);
	if (r != 0)
		return out_error(e);
	r = go_on(g);
	return r == 0 ? finish(g) : r;
}

/* One that was begun: on to its end, or back. */
static int
launch_old(struct launching *g, struct err *e)
{
	const struct cli *cli = g->given;
	int r;

	if (journal_open(cli->operands[0], option_value(cli, "profile"),
		option_value(cli, "region"), &g->run.journal, &g->launch,
		e) != 0)
		return out_error(e);
	launch_wish_place(g);
	if ((r = cloud_open(&g->cloud, &g->cli, e)) == 0) {
		cloud_begin(&g->cloud);
		r = launch_check_account(g->cloud.aws, &g->launch, e);
		cloud_end(&g->cloud);
	}
	if (r == 0 && option_on(cli, "resume"))
		r = session_open(cli, &g->client, e);
	if (r != 0)
		return out_error(e);
	set_run(g);
	if (option_on(cli, "undo")) {
		launch_show_rest(&g->launch, false);
		if (prompt_confirm(cli, "Undo the launch?", e) != 0)
			return out_error(e);
		return undo(g);
	}
	r = go_on(g);
	return r == 0 ? finish(g) : r;
}

static int
run(struct cli *cli)
{
	struct launching g = { .given = cli };
	struct err e;
	int status;

	if (check_words(cli, &e) != 0)
		status = out_error(&e);
	else if (option_on(cli, "resume") || option_on(cli, "undo"))
		status = launch_old(&g, &e);
	else
		status = launch_new(&g, &e);
	journal_close(g.run.journal);
	launch_wish_clear(&g);
	client_free(g.client);
	if (g.cloud.cli != NULL)
		cloud_close(&g.cloud);
	launch_clear(&g.launch);
	return status;
}

static const struct option options[] = {
	{ "image", 'i', "IMAGE", "alias, ami-…, or name:PATTERN[@OWNER]" },
	{ "type", 't', "TYPE", "instead of the one of the free tier" },
	{ "disk", 0, "GIB", "size of its disk" },
	{ "key", 'k', "KEY", "log in with this key of the vault" },
	{ "key-from-aws", 0, NULL, "have EC2 make the key" },
	{ "open", 0, "RULE...", "let PORT[-PORT][:CIDR|:me] in" },
	{ "tag", 0, "KEY=VALUE...", "a tag" },
	{ "user-data", 0, "FILE", "what cloud-init is to do" },
	{ "subnet", 0, "SUBNET", "instead of one of the default VPC" },
	{ "no-elastic-ip", 0, NULL, "an address that changes will do" },
	{ "again", 0, NULL, "even if there is one of that name" },
	{ "plan", 0, NULL, "show what would be done, and do nothing" },
	{ "connect", 0, NULL, "then open a shell, or run the COMMAND" },
	{ "resume", 0, NULL, "go on with a launch that was not completed" },
	{ "undo", 0, NULL, "remove what such a launch has made" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_launch = {
	.name = "launch",
	.args = "NAME [COMMAND...]",
	.min = 1,
	.max = -1,
	.summary = "make a new server",
	.about = "Shows what it is going to do and asks.  Then: key, security "
		 "group,\n"
		 "instance, Elastic IP, and a login that proves that all of it "
		 "works.\n",
	.options = options,
	.run = run,
};
