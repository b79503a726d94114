/* SPDX-License-Identifier: ISC */

/*
 * The folder of the sockets.  Whoever could replace something in it could pose
 * as the agent and be told passphrases, so it is looked at every time.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "pemkeep/base/err.h"

#include "src/agent/place.h"

/* Is it a folder of ours?  After su and sudo the variable names another's. */
static bool
runtime_dir_ours(const char *path)
{
	struct stat st;

	return path != NULL && *path == '/' && stat(path, &st) == 0 &&
	    S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

static int
check_folder(const char *path, struct err *e)
{
	struct stat st;

	if (lstat(path, &st) == -1)
		return err_system(e,
		    errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM, errno,
		    "cannot use '%s'", path);
	if (S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	    (st.st_mode & 077) == 0)
		return 0;
	err_set(e, ERR_UNTRUSTED,
	    "'%s' must be a folder that belongs to you and that only you can "
	    "use",
	    path);
	err_hint(e, "look at it, remove it, and try again; or use --no-agent");
	return ERR_UNTRUSTED;
}

/* Mode 0700, whatever the umask. */
static int
make_folder(const char *path, struct err *e)
{
	if (mkdir(path, 0700) == 0 && chmod(path, 0700) == 0)
		return 0;
	if (errno == EEXIST)
		return 0;
	return err_system(e, ERR_SYSTEM, errno, "cannot make '%s'", path);
}

static void
name_folder(struct buf *folder)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (runtime_dir_ours(runtime))
		buf_printf(folder, "%s/pemkeep", runtime);
	else
		buf_printf(folder, "/tmp/pemkeep-%u", (unsigned)geteuid());
}

int
place_find(struct place *p, bool make, struct err *e)
{
	const char *folder;
	int r;

	memset(p, 0, sizeof(*p));
	name_folder(&p->folder);
	folder = buf_text(&p->folder);
	buf_printf(&p->ssh, "%s/ssh.sock", folder);
	buf_printf(&p->control, "%s/control.sock", folder);
	buf_printf(&p->lock, "%s/start.lock", folder);
	(void)buf_text(&p->ssh);
	(void)buf_text(&p->control);
	(void)buf_text(&p->lock);
	if (!buf_ok(&p->folder) || !buf_ok(&p->ssh) || !buf_ok(&p->control) ||
	    !buf_ok(&p->lock))
		r = err_set(e, ERR_NOMEM, "out of memory");
	else if (p->control.len >= sizeof(((struct sockaddr_un *)0)->sun_path))
		r = err_set(e, ERR_FAILED,
		    "the path '%s' is too long for a socket",
		    (const char *)p->control.data);
	else if (!make || (r = make_folder(folder, e)) == 0)
		r = check_folder(folder, e);
	if (r != 0)
		place_free(p);
	return r;
}

void
place_free(struct place *p)
{
	buf_free(&p->folder);
	buf_free(&p->ssh);
	buf_free(&p->control);
	buf_free(&p->lock);
}

void
place_address(const struct buf *path, struct sockaddr_un *un)
{
	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path->data, path->len);
}
