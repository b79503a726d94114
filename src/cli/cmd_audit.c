/* SPDX-License-Identifier: ISC */

/*
 * pemkeep audit: where keys live, who can read them, what they open.  The disk is
 * looked at by a process of its own, the vault is asked through the agent, EC2
 * through the inventory; what follows from all that is worked out in src/audit/.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pemkeep/base/err.h"

#include "src/cli/audit.h"
#include "src/cli/cli.h"
#include "src/cli/commands.h"

#define DAY (24L * 60 * 60)
#define NUMBER_MAX 10000UL

/* "90d", "12w", "2y". */
static int
read_age(struct audit *a, struct err *e)
{
	static const struct {
		const char *unit;
		long seconds;
	} units[] = { { "d", DAY }, { "w", 7 * DAY }, { "y", 365 * DAY } };
	const char *text = option_value(a->cli, "max-age");
	unsigned long number;
	char *end;

	if (text == NULL)
		return 0;
	number = strtoul(text, &end, 10);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (text[0] >= '0' && text[0] <= '9' && number > 0 &&
		    number <= NUMBER_MAX && strcmp(end, units[i].unit) == 0) {
			a->max_age = (int64_t)number * units[i].seconds;
			return 0;
		}
	err_set(e, ERR_USAGE, "--max-age: '%s' is not a time", text);
	err_hint(e, "a number and d, w or y, as in --max-age 90d");
	return ERR_USAGE;
}

static int
read_options(struct audit *a, struct err *e)
{
	const char *word = option_value(a->cli, "fail-on");

	a->now = (int64_t)time(NULL);
	a->fail_on = LOW;
	if (option_on(a->cli, "deep") && a->cli->operand_count > 0)
		return err_set(e, ERR_USAGE,
		    "--deep is for all of the home folder, and takes no path");
	if (word != NULL && !severity_read(word, &a->fail_on)) {
		err_set(
		    e, ERR_USAGE, "--fail-on: '%s' is not a severity", word);
		err_hint(e, "critical, high, medium, low, info, or none");
		return ERR_USAGE;
	}
	return read_age(a, e);
}

/* Once more where modes have kept something from being known. */
static int
fix(struct audit *a, struct err *e)
{
	bool any;
	int r;

	if ((r = audit_fix_places(a, &any, e)) != 0)
		return r;
	if (any) {
		audit_forget(a);
		if ((r = audit_gather(a, e)) != 0)
			return r;
	}
	if ((r = audit_fix_keys(a, e)) != 0)
		return r;
	return audit_again(a, e);
}

/* A look at the disk that has broken off is no clean bill. */
static int
judge(const struct audit *a, int status)
{
	if (!a->scan.whole && status == 0)
		status = 1;
	for (size_t i = 0; i < a->found.count && status == 0; i++)
		if (a->found.list[i].severity >= a->fail_on)
			status = 1;
	return status;
}

static int
run(struct cli *cli)
{
	struct audit a = { .cli = cli };
	struct err e;
	int status;

	if (read_options(&a, &e) != 0 || audit_places(&a, &e) != 0 ||
	    audit_gather(&a, &e) != 0 ||
	    (option_on(cli, "fix") && fix(&a, &e) != 0)) {
		status = out_error(&e);
	} else {
		status = option_on(cli, "json") ? audit_show_json(&a)
						: audit_show_text(&a);
		status = judge(&a, status);
	}
	audit_clear(&a);
	return status;
}

static const struct option options[] = {
	{ "deep", 0, NULL, "look into all of the home folder" },
	{ "offline", 0, NULL, "do not ask AWS; take what the cache knows" },
	{ "max-age", 0, "TIME", "report keys that are older (90d, 12w, 2y)" },
	{ "fail-on", 0, "SEVERITY",
	    "exit with 1 from this severity on (default: low)" },
	{ "fix", 0, NULL,
	    "set modes right; after asking, take keys into the vault" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_audit = {
	.name = "audit",
	.args = "[PATH...]",
	.max = -1,
	.summary = "find where keys live, who can read them, what they open",
	.about = "Without PATH: ~/.ssh, ~/Downloads, ~/Desktop, ~/Documents, "
		 "and the "
		 "files right in\nthe home folder. No link is followed.\n"
		 "With PATH, only what is found there is reported.\n",
	.options = options,
	.run = run,
};
