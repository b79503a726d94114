/* SPDX-License-Identifier: ISC */

/*
 * pemkeep export: write a key out again, byte for byte what was imported.  A
 * private key only ever goes into a new file of mode 0400, never to stdout.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/path.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"

static int
create(const char *path, int *fdp, struct err *e)
{
	int fd;

	fd = open(
	    path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
	if (fd == -1 && errno == EEXIST) {
		err_set(e, ERR_EXISTS, "'%s' exists already", path);
		err_hint(e, "choose another name; nothing is overwritten");
		return ERR_EXISTS;
	}
	if (fd == -1)
		return err_system(
		    e, ERR_SYSTEM, errno, "cannot create '%s'", path);
	if (fchmod(fd, 0400) == -1) { /* whatever the umask */
		int saved = errno;

		close(fd);
		unlink(path);
		return err_system(
		    e, ERR_SYSTEM, saved, "cannot set the mode of '%s'", path);
	}
	*fdp = fd;
	return 0;
}

/*
 * The file's name, too, must be on the disk: the next step may be to remove
 * the key from the vault.
 */
static int
flush_folder(const char *path, struct err *e)
{
	struct buf folder = BUF_INIT;
	int fd, r = 0;

	path_folder(path, &folder);
	fd = open(buf_text(&folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* A folder that may not be read cannot be flushed; the file is there. */
	if (fd != -1 && fsync(fd) == -1 && errno != EINVAL)
		r = err_system(e, ERR_SYSTEM, errno,
		    "cannot flush the folder of '%s' to the disk", path);
	if (fd != -1)
		close(fd);
	buf_free(&folder);
	return r;
}

static int
export_private(const struct cli *cli, struct client *c, struct err *e)
{
	const char *path = option_value(cli, "output");
	int fd = -1, r;

	if ((r = create(path, &fd, e)) != 0)
		return r;
	r = client_export(c, cli->operands[0], fd, e);
	if (r == ERR_SYSTEM) {
		const struct err why = *e;

		err_set(e, ERR_SYSTEM, "'%s': %s", path, why.text);
	}
	if (close(fd) == -1 && r == 0)
		r = err_system(e, ERR_SYSTEM, errno, "cannot write '%s'", path);
	if (r == 0)
		r = flush_folder(path, e);
	if (r != 0)
		unlink(path);
	else
		out_say(
		    cli, "'%s' is in '%s', mode 0400.", cli->operands[0], path);
	return r;
}

static int
print_public(const struct cli *cli, struct client *c, struct err *e)
{
	struct keeper_key key;
	struct buf b = BUF_INIT;
	int r;

	if ((r = client_public(c, cli->operands[0], &key, e)) != 0)
		return r;
	out_put(&b, key.public_line);
	buf_put_text(&b, "\n");
	if (out_data(&b) != 0)
		r = ERR_SYSTEM;
	buf_free(&b);
	keeper_key_clear(&key);
	return r;
}

static int
run(struct cli *cli)
{
	bool public = option_on(cli, "public");
	struct client *c = NULL;
	struct err e;
	int r;

	if (public == option_on(cli, "output")) {
		err_set(
		    &e, ERR_USAGE, "export needs either -o FILE or --public");
		err_hint(&e, "pemkeep help export");
		return out_error(&e);
	}
	memset(&e, 0, sizeof(e));
	if ((r = session_open(cli, &c, &e)) == 0)
		r = public ? print_public(cli, c, &e)
			   : export_private(cli, c, &e);
	client_free(c);
	if (r != 0 && e.code != ERR_OK)
		return out_error(&e);
	return r == 0 ? 0 : err_exit_status((enum err_code)r);
}

static const struct option options[] = {
	{ "output", 'o', "FILE",
	    "write the private key to a new file, mode 0400" },
	{ "public", 0, NULL, "print the public key" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_export = {
	.name = "export",
	.args = "KEY",
	.min = 1,
	.max = 1,
	.summary = "write a key out again",
	.about = "Either -o or --public is needed.\n",
	.options = options,
	.run = run,
};
