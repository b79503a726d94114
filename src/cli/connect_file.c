/* SPDX-License-Identifier: ISC */

/*
 * A key in a file: for one login, it goes into no vault.  This process opens the
 * file and looks at its mode, and never at what is in it.
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/base/err.h"

#include "src/cli/cli.h"
#include "src/cli/connect.h"

/* As ssh does: a private key that others can read is none. */
static int
check_mode(const char *path, int fd, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return err_system(
		    e, ERR_SYSTEM, errno, "cannot look at '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_FORMAT, "'%s' is no regular file", path);
	if (st.st_uid == getuid() && (st.st_mode & 077) != 0) {
		err_set(e, ERR_UNTRUSTED,
		    "'%s' can be read by others (mode %04o)", path,
		    (unsigned)st.st_mode & 07777);
		err_hint(
		    e, "chmod 400 it, or better: pemkeep import --move it");
		return ERR_UNTRUSTED;
	}
	return 0;
}

static int
hand_over(const struct cli *cli, int fd, const char *path,
    struct client **keeperp, struct buf *blob, struct err *e)
{
	struct client *keeper;
	struct err why;
	int r;

	if ((r = session_own(cli, &keeper, e)) != 0)
		return r;
	if ((r = client_load(keeper, fd, path, blob, &why)) == 0) {
		*keeperp = keeper;
		return 0;
	}
	client_free(keeper);
	err_set(e, why.code, "'%s': %s", path, why.text);
	if (why.hint[0] != '\0')
		err_hint(e, "%s", why.hint);
	return r;
}

int
connect_file_load(const struct cli *cli, const char *path,
    struct client **keeperp, struct buf *blob, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int r;

	*keeperp = NULL;
	if (fd == -1)
		return err_system(e,
		    errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM, errno,
		    "cannot read '%s'", path);
	if ((r = check_mode(path, fd, e)) == 0)
		r = hand_over(cli, fd, path, keeperp, blob, e);
	close(fd);
	return r;
}
