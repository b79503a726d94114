/* SPDX-License-Identifier: ISC */

/*
 * pemkeep ssh-config: a file for Include, with which plain ssh, and all that uses
 * it, knows our hosts, has our keys, and checks host keys as we do.  The user's
 * own ~/.ssh/config is never touched.
 */

#include <string.h>
#include <unistd.h>

#include "pemkeep/base/err.h"
#include "pemkeep/base/replace.h"
#include "pemkeep/inventory/cache.h"
#include "pemkeep/inventory/inventory.h"
#include "pemkeep/inventory/ssh_names.h"

#include "src/cli/bridge.h"
#include "src/cli/cli.h"
#include "src/cli/commands.h"

static void
put_setting(void *arg, const char *key, const char *value)
{
	buf_printf(arg, "\t%s %s\n", key, value);
}

static void
put_block(const struct bridge *b, const struct bridge_host *h,
    const char *pattern, bool by_name, struct buf *out)
{
	buf_printf(out, "\nHost %s\n\tHostName %s\n", pattern, bridge_id(h));
	bridge_settings(b, h, by_name, put_setting, out);
}

static size_t
put_all(const struct bridge *b, struct buf *out)
{
	size_t count = 0;

	buf_put_text(out,
	    SSH_NAMES_MARK
	    ", to be read by ssh: put\n"
	    "#\tInclude PATH-OF-THIS-FILE\n"
	    "# into ~/.ssh/config, before its first Host or Match.  Addresses "
	    "are looked up when\n"
	    "# they are needed; for new hosts write it again.\n");
	for (size_t i = 0; i < b->count; i++) {
		const struct bridge_host *h = &b->list[i];

		if (h->label != NULL)
			put_block(b, h, h->label, true, out);
		if (h->instance != NULL)
			put_block(b, h, h->instance->id, false, out);
		count += bridge_id(h) != NULL;
	}
	return count;
}

/* One that somebody else has written is not ours to replace. */
static int
write_file(const char *path, const struct buf *text, struct err *e)
{
	struct replace *file = NULL;
	const struct buf *old;
	int r;

	if (*path == '\0')
		return err_set(e, ERR_USAGE, "--output: a file is needed");
	if ((r = replace_begin(path, &file, e)) != 0)
		return r;
	old = replace_old(file);
	if (old->len > 0 &&
	    (old->len < strlen(SSH_NAMES_MARK) ||
		memcmp(old->data, SSH_NAMES_MARK, strlen(SSH_NAMES_MARK)) !=
		    0)) {
		r = err_set(e, ERR_EXISTS,
		    "'%s' was not written by pemkeep, and stays as it is",
		    path);
		err_hint(e, "name another file, and Include it");
	} else if (old->len != text->len ||
	    memcmp(old->data, text->data, text->len) != 0) {
		r = replace_commit(file, text->data, text->len, e);
	}
	replace_end(file);
	return r;
}

/* What others cannot call by a name, with the reason as far as it is ours. */
static void
say_unnamed(const struct bridge *b)
{
	size_t lost = 0, by_id = 0;

	for (size_t i = 0; i < b->count; i++) {
		const struct bridge_host *h = &b->list[i];

		lost += bridge_id(h) == NULL;
		by_id += h->instance != NULL && h->label == NULL &&
		    h->instance->name[0] != '\0';
	}
	if (by_id > 0)
		out_say(b->cli,
		    "%zu instance%s by id only: the name is not safe in a "
		    "configuration, is not the only one, or is another "
		    "host's.",
		    by_id, by_id == 1 ? " is known" : "s are known");
	if (lost > 0)
		out_say(b->cli,
		    "Of the hosts file %zu host%s left out: the name is not "
		    "safe in a configuration, or is in ~/.ssh/config.",
		    lost, lost == 1 ? " is" : "s are");
}

static int
put_out(struct bridge *b, struct err *e)
{
	const char *path = option_value(b->cli, "output");
	struct buf text = BUF_INIT;
	size_t count;
	int r = 0;

	if ((r = bridge_spare_config(b, e)) != 0)
		return r;
	count = put_all(b, &text);
	(void)buf_text(&text);
	if (!buf_ok(&text)) {
		r = err_set(e, ERR_NOMEM, "out of memory");
	} else if (path == NULL) {
		if (out_data(&text) != 0)
			r = err_set(e, ERR_SYSTEM, "it could not be printed");
	} else if ((r = write_file(path, &text, e)) == 0) {
		out_say(b->cli, "'%s' has %zu host%s.", path, count,
		    count == 1 ? "" : "s");
	}
	if (r == 0)
		say_unnamed(b);
	buf_free(&text);
	return r;
}

static int
run(struct cli *cli)
{
	struct bridge b;
	struct err e;
	int r;

	memset(&e, 0, sizeof(e));
	if ((r = bridge_open(&b, cli, true, &e)) == 0)
		r = put_out(&b, &e);
	return bridge_close(&b, r, &e);
}

static const struct option options[] = {
	{ "output", 'o', "FILE", "write it to FILE, which is replaced" },
	{ "refresh", 0, NULL, "ask AWS now, whatever is known" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_ssh_config = {
	.name = "ssh-config",
	.args = "",
	.summary = "a configuration for ssh, with all hosts and their keys",
	.about = "To use it: pemkeep ssh-config -o ~/.ssh/pemkeep, and as the "
		 "first line of\n~/.ssh/config: Include pemkeep\n",
	.options = options,
	.run = run,
};
