/* SPDX-License-Identifier: ISC */

/*
 * One file on its way into the vault.  Between reading it and removing it the
 * user may have been asked for passphrases, so whatever is done to the file at
 * the end is done to an open descriptor, in a folder that was reached without
 * following links, after its content was compared with what was read.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/base/path.h"
#include "pemkeep/base/quote.h"
#include "pemkeep/keys/keyfile.h"

#include "src/cli/collect.h"
#include "src/cli/import_job.h"

/* "…/mykey.pem" is called "mykey". */
char *
job_name(const char *path)
{
	static const char *const endings[] = { ".pem", ".ppk", ".key" };
	const char *base = path_base(path);
	size_t len = strlen(base);

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t end = strlen(endings[i]);

		if (len > end && strcasecmp(base + len - end, endings[i]) == 0)
			return strndup(base, len - end);
	}
	return strdup(base);
}

/* Folder and file, open; the caller closes both. */
static int
open_both(const struct job *job, int *folderp, int *fdp, struct stat *st,
    struct err *e)
{
	const char *path = job->found->path;
	int folder, fd;

	if ((folder = collect_folder(job->found, e)) < 0)
		return folder;
	fd = path_open_regular_at(folder, path_base(path), path, st, e);
	if (fd < 0) {
		close(folder);
		return fd;
	}
	*folderp = folder;
	*fdp = fd;
	return 0;
}

static int
open_file(struct job *job, int *fdp, struct err *e)
{
	int folder, fd, r;

	if ((r = open_both(job, &folder, &fd, &job->st, e)) != 0)
		return r;
	close(folder);
	if (job->st.st_size > KEYFILE_MAX) {
		close(fd);
		return err_set(e, ERR_FORMAT,
		    "'%s' is too large to be a key (%lld bytes)",
		    job->found->path, (long long)job->st.st_size);
	}
	*fdp = fd;
	return 0;
}

/* What is wrong with the content, with the file's name in front. */
static int
about_file(const char *path, const struct err *why, struct err *e)
{
	err_set(e, why->code, "'%s': %s", path, why->text);
	if (why->hint[0] != '\0')
		err_hint(e, "%s", why->hint);
	return why->code;
}

static void
hint_name(const struct job *job, struct err *e)
{
	if (job->wanted == NULL &&
	    (e->code == ERR_USAGE || e->code == ERR_EXISTS))
		quote_hint(e, "give it a name: pemkeep import --name NAME ",
		    job->found->path, "");
}

int
job_read(struct job *job, struct client *c, struct err *e)
{
	const char *path = job->found->path;
	struct client_import in = {
		.path = path, .fd = -1, .confirm = job->confirm
	};
	struct err why;
	char *name = job->wanted != NULL ? strdup(job->wanted) : job_name(path);
	int r;

	if (name == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	if ((r = open_file(job, &in.fd, e)) == 0) {
		in.name = name;
		in.source = path_base(path);
		if ((r = client_import(c, &in, &why)) != 0) {
			about_file(path, &why, e);
			hint_name(job, e);
		}
		close(in.fd);
	}
	free(name);
	job->read = r == 0;
	return r;
}

void
job_stored(struct job *job, const struct keeper_imported *in)
{
	const struct err why = job->error;

	job->in = *in;
	job->taken = why.code == ERR_OK;
	if (!job->taken) {
		about_file(job->found->path, &why, &job->error);
		hint_name(job, &job->error);
	}
}

static bool
same_inode(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Is it the file that was read, with the bytes that were read? */
static int
check_unchanged(const struct job *job, struct client *c, int fd,
    const struct stat *st, struct err *e)
{
	if (!same_inode(&job->st, st))
		return err_set(e, ERR_FAILED, "it was replaced");
	return client_same_file(c, job->number, fd, e);
}

/* Does the vault hold all that removing the file would take away? */
static int
check_kept(const struct job *job, struct client *c, struct err *e)
{
	if (job->in.present && !job->in.same)
		return err_set(e, ERR_MISMATCH,
		    "the vault has this public key with another private half");
	if (!job->in.whole)
		return err_set(e, ERR_FAILED,
		    "it holds more than the key that is in the vault");
	return client_holds(c, job->number, e);
}

static int
remove_file(const struct job *job, struct client *c, int folder, struct err *e)
{
	const char *base = path_base(job->found->path);
	struct stat st;
	int r;

	if ((r = check_kept(job, c, e)) != 0)
		return r;
	if (fstatat(folder, base, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return err_system(e, ERR_SYSTEM, errno, "cannot remove it");
	if (!same_inode(&job->st, &st))
		return err_set(e, ERR_FAILED, "it was replaced");
	if (unlinkat(folder, base, 0) == -1)
		return err_system(e, ERR_SYSTEM, errno, "cannot remove it");
	return 0;
}

static void
set_mode(struct job *job, int fd, const struct stat *st)
{
	if ((st->st_mode & 07777u) != JOB_MODE && fchmod(fd, JOB_MODE) == -1)
		err_system(&job->mode_error, ERR_SYSTEM, errno,
		    "cannot set its mode to 0400");
}

/* A file that was given twice, and removed the first time. */
static bool
is_gone(const struct job *jobs, size_t i)
{
	struct stat st;

	for (size_t j = 0; j < i; j++)
		if (jobs[j].moved && same_inode(&jobs[i].st, &jobs[j].st))
			return lstat(jobs[i].found->path, &st) == -1 &&
			    errno == ENOENT;
	return false;
}

void
job_settle(struct job *jobs, size_t i, struct client *c, bool move)
{
	struct job *job = &jobs[i];
	struct stat st;
	int folder, fd;

	if (!job->taken)
		return;
	if (is_gone(jobs, i)) {
		job->moved = true;
		return;
	}
	if (open_both(job, &folder, &fd, &st, &job->mode_error) != 0) {
		job->move_error = job->mode_error;
		return;
	}
	if (check_unchanged(job, c, fd, &st, &job->mode_error) != 0) {
		job->move_error = job->mode_error;
	} else {
		set_mode(job, fd, &st);
		if (move)
			job->moved =
			    remove_file(job, c, folder, &job->move_error) == 0;
	}
	close(fd);
	close(folder);
}
