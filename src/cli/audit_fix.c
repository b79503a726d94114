/* SPDX-License-Identifier: ISC */

/*
 * What --fix does.  Setting a mode takes nothing from anybody but from those who
 * should not have it, and is not asked about; taking keys in and removing their
 * files is.  Nothing is done to a file that is not the one that was judged.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/path.h"
#include "pemkeep/base/utf8.h"
#include "pemkeep/log/log.h"

#include "src/cli/audit.h"
#include "src/cli/cli.h"
#include "src/cli/collect.h"
#include "src/cli/import_job.h"

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

static void
on_mode(void *arg, const char *path, unsigned was, unsigned now)
{
	struct buf b = BUF_INIT;

	out_say(arg, "'%s': mode was %04o, is %04o.", path, was, now);
	/* The end of a path may be cut off in the log. */
	buf_printf(&b, "mode was %04o, is %04o: %s", was, now, path);
	(void)event_write(&(const struct log_event){
	    .kind = LOG_AUDIT_FIX, .detail = buf_text(&b) });
	buf_free(&b);
}

/* Nobody else may write to it any more. */
static bool
tighten(const struct audit *a, const char *path)
{
	int fd = open(
	    path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	struct err e;
	bool done = false;
	unsigned was, now;

	if (fd != -1 && fstat(fd, &st) == 0 &&
	    (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))) {
		was = (unsigned)(st.st_mode & 07777u);
		now = was & ~022u;
		if ((done = fchmod(fd, now) == 0))
			on_mode((void *)(uintptr_t)a->cli, path, was, now);
	}
	if (!done) {
		err_system(
		    &e, ERR_SYSTEM, errno, "cannot set the mode of '%s'", path);
		out_warning(e.text, "");
	}
	if (fd != -1)
		close(fd);
	return done;
}

int
audit_fix_places(struct audit *a, bool *any, struct err *e)
{
	bool vault = false;
	int r = 0;

	*any = false;
	for (size_t i = 0; i < a->found.count; i++) {
		const struct finding *f = &a->found.list[i];

		vault = vault || (f->mends & MEND_VAULT) != 0;
		if ((f->mends & MEND_CONFIG) != 0 && tighten(a, f->path))
			*any = true;
	}
	if (vault &&
	    (r = client_repair(
		 a->client, on_mode, (void *)(uintptr_t)a->cli, e)) == 0)
		*any = true;
	return r;
}

/* How much of the path is the folder that was named, or found by itself. */
static size_t
below(const struct audit *a, const char *path)
{
	for (size_t i = 0; i < a->root_count; i++) {
		size_t len = strlen(a->roots[i].path);

		if (strncmp(path, a->roots[i].path, len) == 0 &&
		    path[len] != '\0' && (len == 1 || path[len] == '/'))
			return len;
	}
	return 0; /* the file itself was */
}

static bool
set_mode(const struct audit *a, const struct scan_key *k)
{
	struct found found = { k->path, below(a, k->path) };
	int folder, fd = -1;
	bool done = false;
	struct stat st;
	struct err e;

	if ((folder = collect_folder(&found, &e)) < 0 ||
	    (fd = path_open_regular_at(
		 folder, path_base(k->path), k->path, &st, &e)) < 0)
		out_warning(e.text, "");
	else if (st.st_dev != k->device || st.st_ino != k->inode)
		out_say(a->cli, "'%s' was replaced meanwhile.", k->path);
	else if ((done = fchmod(fd, JOB_MODE) == 0))
		on_mode((void *)(uintptr_t)a->cli, k->path, (unsigned)k->mode,
		    JOB_MODE);
	else {
		err_system(&e, ERR_SYSTEM, errno, "cannot set the mode of '%s'",
		    k->path);
		out_warning(e.text, "");
	}
	if (fd >= 0)
		close(fd);
	if (folder >= 0)
		close(folder);
	return done;
}

/* Files that are to be taken in, and the findings that are mended by it. */
struct batch {
	struct job *jobs;
	struct found *found;
	char **names;
	size_t *findings;
	size_t count;
};

static bool
is_taken(const struct audit *a, const struct batch *b, const char *name)
{
	for (size_t i = 0; i < a->vault.count; i++)
		if (strcmp(a->vault.list[i].name, name) == 0)
			return true;
	for (size_t i = 0; i < b->count; i++)
		if (strcmp(b->names[i], name) == 0)
			return true;
	return false;
}

/* A vault takes most names; what it does not take becomes '_'. */
static void
put_clean(struct buf *b, const char *name)
{
	size_t len = strlen(name), n;
	uint32_t cp;

	for (size_t i = 0; i < len && b->len < 200; i += n) {
		n = utf8_decode(name + i, len - i, &cp);
		bool edge = i == 0 || i + n >= len;

		if (n == 0 || utf8_unsafe(cp) || cp == '/' ||
		    (edge && (cp == ' ' || cp == '-' || cp == '.')))
			buf_put_u8(b, '_');
		else
			buf_put(b, name + i, n);
		n = n == 0 ? 1 : n;
	}
}

/* The file's name without its ending, or that with a number. */
static char *
free_name(const struct audit *a, const struct batch *b, const char *path)
{
	struct buf name = BUF_INIT, again = BUF_INIT;
	char *own = job_name(path), *result = NULL;

	if (own != NULL)
		put_clean(&name, own);
	buf_put_text(&again, buf_text(&name));
	for (unsigned n = 2;
	     buf_ok(&again) && name.len > 0 && is_taken(a, b, buf_text(&again));
	     n++) {
		buf_clear(&again);
		buf_printf(&again, "%s-%u", buf_text(&name), n);
	}
	if (own != NULL && buf_ok(&again) && buf_ok(&name))
		result = strdup(buf_text(&again));
	free(own);
	buf_free(&name);
	buf_free(&again);
	return result;
}

static int
add_file(struct audit *a, struct batch *b, const struct scan_key *k,
    size_t finding, struct err *e)
{
	char *name = free_name(a, b, k->path);

	if (name == NULL)
		return no_memory(e);
	b->found[b->count] = (struct found){ k->path, below(a, k->path) };
	b->jobs[b->count].found = &b->found[b->count];
	b->jobs[b->count].wanted = name;
	b->findings[b->count] = finding;
	b->names[b->count++] = name;
	return 0;
}

static bool
same_file(const struct scan_key *x, const struct scan_key *y)
{
	return x->device == y->device && x->inode == y->inode;
}

/* With all names of each file. */
static int
collect_files(struct audit *a, struct batch *b, struct err *e)
{
	size_t room = a->scan.count + 1;
	int r = 0;

	b->jobs = calloc(room, sizeof(*b->jobs));
	b->found = calloc(room, sizeof(*b->found));
	b->names = calloc(room, sizeof(*b->names));
	b->findings = calloc(room, sizeof(*b->findings));
	if (b->jobs == NULL || b->found == NULL || b->names == NULL ||
	    b->findings == NULL)
		return no_memory(e);
	for (size_t i = 0; i < a->found.count && r == 0; i++) {
		const struct finding *f = &a->found.list[i];

		if ((f->mends & MEND_IMPORT) == 0)
			continue;
		for (size_t k = 0; k < a->scan.count && r == 0; k++)
			if (same_file(
				&a->scan.keys[k], &a->scan.keys[f->scan_key]))
				r = add_file(a, b, &a->scan.keys[k], i, e);
	}
	return r;
}

static void
free_batch(struct batch *b)
{
	for (size_t i = 0; i < b->count; i++) {
		keeper_key_clear(&b->jobs[i].in.key);
		free(b->names[i]);
	}
	free(b->jobs);
	free(b->found);
	free(b->names);
	free(b->findings);
}

/* A finding is mended when all names of its file are gone. */
static void
tell_jobs(struct audit *a, struct batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		a->found.list[b->findings[i]].fixed = true;
	for (size_t i = 0; i < b->count; i++) {
		const struct job *job = &b->jobs[i];
		struct finding *f = &a->found.list[b->findings[i]];
		struct err e;

		if (job->moved) {
			out_say(a->cli,
			    "'%s': %s the vault as '%s', and was removed.",
			    job->found->path,
			    job->in.present ? "is in" : "was taken into",
			    job->in.key.name);
			continue;
		}
		f->fixed = false;
		if (!job->taken) {
			out_warning(job->error.text, job->error.hint);
			continue;
		}
		err_set(&e, ERR_FAILED, "'%s' stays: %s", job->found->path,
		    job->move_error.text);
		out_warning(e.text, "");
	}
}

static bool
any_moved(const struct batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->jobs[i].moved)
			return true;
	return false;
}

/* Nobody has seen the findings yet. */
static void
say_files(const struct audit *a, const struct batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		out_say(a->cli, "To be taken in, and removed: '%s'",
		    b->found[i].path);
}

static int
take_in(struct audit *a, struct batch *b, struct err *e)
{
	char question[120];
	struct err why;
	int r;

	if (!a->vault_there) {
		out_warning(
		    "the key files stay: there is no vault", "pemkeep init");
		return 0;
	}
	snprintf(question, sizeof(question),
	    "Take %zu key file%s into the vault, and remove %s?", b->count,
	    b->count == 1 ? "" : "s", b->count == 1 ? "it" : "them");
	say_files(a, b);
	if (prompt_confirm(a->cli, question, &why) != 0) {
		out_warning(why.code == ERR_USAGE
			? "the key files stay: there is nobody to ask"
			: "the key files stay",
		    why.hint);
		return 0;
	}
	if ((r = jobs_import(a->client, b->jobs, b->count, true, e)) != 0)
		return r;
	tell_jobs(a, b);
	if (any_moved(b))
		out_say(a->cli,
		    "The vault is the only copy now: keep a backup of '%s'.",
		    client_path(a->client));
	return 0;
}

int
audit_fix_keys(struct audit *a, struct err *e)
{
	struct batch b = { .count = 0 };
	int r;

	for (size_t i = 0; i < a->found.count; i++) {
		struct finding *f = &a->found.list[i];

		if ((f->mends & MEND_MODE) != 0 &&
		    set_mode(a, &a->scan.keys[f->scan_key]))
			f->fixed = (f->mends & MEND_IMPORT) == 0;
	}
	if ((r = collect_files(a, &b, e)) == 0 && b.count > 0)
		r = take_in(a, &b, e);
	free_batch(&b);
	return r;
}
