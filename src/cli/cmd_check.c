/* SPDX-License-Identifier: ISC */

/*
 * pemkeep check: is the vault whole, and does every key in it work?  --repair
 * sets modes right first; --restore makes a copy the vault, which is the one way
 * past a rollback, a fork or damage.
 */

#include <string.h>
#include <sys/stat.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/json.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"

struct findings {
	struct json *json; /* the list; NULL: text */
	struct buf text;
	int status;
};

static void
on_finding(void *arg, const struct keeper_finding *f)
{
	struct findings *to = arg;
	struct json *o;

	if (strcmp(f->severity, "error") == 0)
		to->status = err_exit_status(ERR_UNTRUSTED);
	else if (strcmp(f->severity, "warning") == 0 && to->status == 0)
		to->status = 1;
	if (to->json != NULL) {
		o = json_new_object();
		json_set_text(o, "id", f->id);
		json_set_text(o, "severity", f->severity);
		json_set_text(o, "text", f->text);
		json_set_text(o, "hint", f->hint);
		json_append(to->json, o);
		return;
	}
	buf_printf(&to->text, "%s: ", f->severity);
	out_put(&to->text, f->text);
	if (f->hint[0] != '\0') {
		buf_put_text(&to->text, "\n  hint: ");
		out_put(&to->text, f->hint);
	}
	buf_put_text(&to->text, "\n");
}

static int
check(const struct cli *cli, struct client *c)
{
	struct findings to = { .text = BUF_INIT };
	struct json *top = NULL;
	struct err e;
	int status;

	if (option_on(cli, "json")) {
		top = json_new_object();
		to.json = json_new_array();
	}
	if (client_check(c, on_finding, &to, &e) != 0) {
		json_free(to.json);
		json_free(top);
		buf_free(&to.text);
		return out_error(&e);
	}
	if (top != NULL) {
		json_set(top, "findings", to.json);
		status = out_json(top);
	} else {
		status = out_data(&to.text);
	}
	if (to.status == 0)
		out_say(cli,
		    "The vault is sound: every record is whole, every "
		    "key works.");
	buf_free(&to.text);
	return to.status != 0 ? to.status : status;
}

static void
on_mode(void *arg, const char *path, unsigned was, unsigned now)
{
	out_say(arg, "'%s': mode was %04o, is %04o.", path, was, now);
}

static int
restore(const struct cli *cli, struct client *c, const char *copy)
{
	struct stat was, from;
	bool kept = stat(client_path(c), &was) == 0 &&
	    (stat(copy, &from) != 0 || from.st_ino != was.st_ino ||
		from.st_dev != was.st_dev);
	struct err e;

	if (client_restore(c, copy, &e) != 0)
		return out_error(&e);
	if (kept)
		out_say(cli,
		    "'%s' is the vault now; what was there is kept as "
		    "'%s.replaced'.",
		    copy, client_path(c));
	else
		out_say(cli, "'%s' is the vault now.", copy);
	return 0;
}

static int
run(struct cli *cli)
{
	const char *copy = option_value(cli, "restore");
	struct client *c = NULL;
	struct err e;
	int status;

	if (copy != NULL && option_on(cli, "repair")) {
		err_set(&e, ERR_USAGE,
		    "--repair and --restore are two steps: do one of them");
		return out_error(&e);
	}
	if (session_start(cli, &c, &e) != 0 ||
	    (option_on(cli, "repair") &&
		client_repair(c, on_mode, cli, &e) != 0)) {
		status = out_error(&e);
	} else if (copy != NULL) {
		status = restore(cli, c, copy);
	} else if (client_unlock(c, 0, &e) != 0) {
		status = out_error(&e);
	} else {
		status = check(cli, c);
	}
	client_free(c);
	return status;
}

static const struct option options[] = {
	{ "repair", 0, NULL,
	    "set the modes of the vault and its folder right" },
	{ "restore", 0, "FILE", "make this copy of the vault the vault" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_check = {
	.name = "check",
	.args = "",
	.summary = "examine the vault, or set it right",
	.about = "Decrypts every record and proves every key.\n",
	.options = options,
	.run = run,
};
