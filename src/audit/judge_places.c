/* SPDX-License-Identifier: ISC */
/*
 * Findings about pemkeep's own files: who may write to them, whether the log is
 * whole, launches that were left, hosts whose key is not known.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pemkeep/base/err.h"
#include "pemkeep/base/json.h"
#include "pemkeep/base/path.h"
#include "pemkeep/base/quote.h"
#include "pemkeep/base/replace.h"
#include "pemkeep/log/log.h"

#include "src/audit/judge.h"

#define JOURNAL_MAX 0x40000u /* bytes */
#define KNOWN_MAX REPLACE_MAX

static bool
place_of(struct join *j, enum path_kind kind, const char *file, struct buf *b)
{
	struct err e;

	if (path_of(kind, file, b, &e) == 0)
		return true;
	j->failed = j->failed || e.code == ERR_NOMEM;
	return false;
}

/* Bits that the file, or the folder that it lies in, has and must not have. */
static unsigned
loose_bits(const char *path, unsigned bits, unsigned *mode, bool *foreign)
{
	struct stat st;

	if (lstat(path, &st) == -1 || S_ISLNK(st.st_mode))
		return 0;
	*mode = (unsigned)(st.st_mode & 07777u);
	*foreign = st.st_uid != geteuid() && st.st_uid != 0;
	return *mode & bits;
}

static void
loose_vault(struct join *j, const char *path, unsigned allowed)
{
	struct finding *f;
	struct buf b = BUF_INIT;
	unsigned mode = 0;
	bool foreign = false;

	if (loose_bits(path, 07777u & ~allowed, &mode, &foreign) == 0 &&
	    !foreign)
		return;
	if ((f = finding_add(j, "vault-mode", HIGH, path)) == NULL)
		return;
	if (foreign)
		finding_say(j, f, "it belongs to somebody else");
	else
		finding_say(j, f,
		    "mode %04o %s; pemkeep refuses to work with it", mode,
		    (mode & 077) != 0 ? "lets others at it"
				      : "is not as strict as it must be");
	f->mode = mode;
	f->mends = foreign ? 0 : MEND_VAULT;
	finding_set(j, &f->path, path);
	buf_put_text(&b, "pemkeep check --repair");
	finding_command(j, f, &b);
}

static void
judge_vault_mode(struct join *j)
{
	const char *path = j->facts->vault_path;
	struct buf folder = BUF_INIT;

	if (path == NULL)
		return;
	path_folder(path, &folder);
	loose_vault(j, buf_text(&folder), 0700);
	loose_vault(j, path, 0400);
	buf_free(&folder);
}

static void
loose_config(struct join *j, const char *path)
{
	struct finding *f;
	struct buf b = BUF_INIT;
	unsigned mode = 0;
	bool foreign = false;

	if (loose_bits(path, 022, &mode, &foreign) == 0 && !foreign)
		return;
	if ((f = finding_add(j, "config-mode", HIGH, path)) == NULL)
		return;
	f->mode = mode;
	f->mends = foreign ? 0 : MEND_CONFIG;
	finding_set(j, &f->path, path);
	if (foreign) {
		finding_say(j, f, "it belongs to somebody else");
		return;
	}
	finding_say(j, f,
	    "mode %04o lets others write to it, and so say what pemkeep "
	    "runs, where it connects, or whom it trusts",
	    mode);
	buf_put_text(&b, "chmod go-w ");
	quote_put(&b, path);
	finding_command(j, f, &b);
}

static void
judge_config(struct join *j)
{
	static const struct {
		enum path_kind kind;
		const char *file;
	} files[] = {
		{ PATH_CONFIG, "" },
		{ PATH_CONFIG, "config" },
		{ PATH_CONFIG, "hosts" },
		{ PATH_STATE, "" },
		{ PATH_STATE, "known_hosts" },
		{ PATH_STATE, "learned" },
		{ PATH_STATE, "log" },
		{ PATH_STATE, "seen" },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct buf path = BUF_INIT;

		if (place_of(j, files[i].kind, files[i].file, &path)) {
			while (path.len > 1 && path.data[path.len - 1] == '/')
				path.len--;
			loose_config(j, buf_text(&path));
		}
		buf_free(&path);
	}
}

static void
judge_log(struct join *j)
{
	struct buf path = BUF_INIT, b = BUF_INIT;
	struct log_report report;
	struct finding *f;
	struct stat st;
	int r;

	if (!place_of(j, PATH_STATE, "log", &path))
		return;
	if (lstat(buf_text(&path), &st) == -1 && errno == ENOENT) {
		buf_free(&path);
		return;
	}
	r = log_verify(buf_text(&path), &report, NULL);
	if (r == 0 && report.fault == LOG_SOUND) {
		buf_free(&path);
		return;
	}
	f = finding_add(j, "log-broken",
	    r == 0 && report.fault == LOG_TORN ? LOW : HIGH, buf_text(&path));
	if (r != 0)
		finding_say(j, f, "the event log cannot be checked");
	else
		finding_say(j, f,
		    "the event log is not as it was written (%s): %s",
		    log_fault_name(report.fault), report.text);
	if (f != NULL)
		finding_set(j, &f->path, buf_text(&path));
	buf_put_text(&b, "pemkeep log --verify");
	finding_command(j, f, &b);
	buf_free(&path);
}

/* Whoever is at a launch has its lock. */
static bool
is_under_way(int folder, const char *name)
{
	struct buf lock = BUF_INIT;
	bool held = false;
	int fd;

	buf_printf(&lock, "%s.lock", name);
	fd = openat(folder, buf_text(&lock),
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd != -1) {
		held =
		    flock(fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK;
		close(fd);
	}
	buf_free(&lock);
	return held;
}

static void
unfinished(struct join *j, const char *path, const struct json_value *top)
{
	const char *name = json_member_text(top, "name");
	const char *region = json_member_text(top, "region");
	const char *profile = json_member_text(top, "profile");
	struct finding *f = finding_add(j, "launch-unfinished", MEDIUM,
	    name != NULL ? name : path_base(path));
	struct buf b = BUF_INIT;

	if (f == NULL)
		return;
	finding_say(j, f,
	    "a launch was begun%s%s and is not complete; what it has made may "
	    "cost money",
	    region != NULL ? " in " : "", region != NULL ? region : "");
	finding_set(j, &f->path, path);
	if (region != NULL)
		finding_set(j, &f->region, region);
	if (profile != NULL && *profile != '\0')
		finding_set(j, &f->profile, profile);
	if (name == NULL)
		return;
	buf_put_text(&b, "pemkeep launch --resume ");
	quote_put(&b, name);
	finding_command(j, f, &b);
}

static void
judge_journal(struct join *j, int folder, const char *where, const char *name)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct json_value *top = NULL;
	struct stat st;
	int fd;

	buf_printf(&path, "%s/%s", where, name);
	fd = path_open_regular_at(folder, name, buf_text(&path), &st, NULL);
	if (fd >= 0 && !is_under_way(folder, name)) {
		if (replace_read(fd, name, JOURNAL_MAX, &text, NULL) == 0)
			(void)json_parse(text.data, text.len, name, &top, NULL);
		unfinished(j, buf_text(&path), top);
	}
	if (fd >= 0)
		close(fd);
	json_value_free(top);
	buf_free(&text);
	buf_free(&path);
}

static bool
is_journal(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' && len > 5 &&
	    strcmp(name + len - 5, ".json") == 0;
}

static void
judge_launches(struct join *j)
{
	struct buf path = BUF_INIT;
	const struct dirent *d;
	DIR *dir = NULL;

	if (place_of(j, PATH_STATE, "launches", &path))
		dir = opendir(buf_text(&path));
	while (dir != NULL && (d = readdir(dir)) != NULL)
		if (is_journal(d->d_name))
			judge_journal(
			    j, dirfd(dir), buf_text(&path), d->d_name);
	if (dir != NULL)
		closedir(dir);
	buf_free(&path);
}

/* Is there a line for it, "i-…" or "[i-…]:port", also among other names? */
static bool
is_pinned(const char *text, const char *id)
{
	size_t len = strlen(id);

	for (const char *at = text; (at = strstr(at, id)) != NULL; at += len) {
		char before = at == text ? '\n' : at[-1], after = at[len];

		if (strchr("\n,[", before) != NULL && after != '\0' &&
		    strchr(" \t,]", after) != NULL)
			return true;
	}
	return false;
}

static bool
read_known(struct join *j, struct buf *text)
{
	struct buf path = BUF_INIT;
	struct stat st;
	int fd = -1;

	if (place_of(j, PATH_STATE, "known_hosts", &path))
		fd = path_open_regular(buf_text(&path), &st, NULL);
	if (fd >= 0) {
		(void)replace_read(fd, buf_text(&path), KNOWN_MAX, text, NULL);
		close(fd);
	}
	buf_free(&path);
	return buf_ok(text);
}

/* One finding for all of them: there is nothing bad in not having been there. */
static void
judge_hosts(struct join *j)
{
	const struct survey *s = j->facts->survey;
	struct names names = { BUF_INIT, 0 };
	struct buf known = BUF_INIT, b = BUF_INIT;
	struct finding *f = NULL;
	const struct survey_instance *first = NULL;

	if (!read_known(j, &known))
		j->failed = true;
	for (size_t i = 0; i < s->instance_count; i++) {
		const struct survey_instance *n = &s->instances[i];

		if (!instance_runs(n) || n->key_pair[0] == '\0' ||
		    is_pinned(buf_text(&known), n->id))
			continue;
		if (first == NULL) {
			first = n;
			f = finding_add(
			    j, "host-key-unproven", INFO, "known_hosts");
		}
		names_add(&names, instance_label(n));
		finding_instance(j, f, n);
	}
	if (f != NULL) {
		finding_say(j, f,
		    "the host key of %zu running instance%s was never proven, "
		    "since nobody connected from here: %s",
		    names.count, names.count == 1 ? "" : "s",
		    names_text(&names));
		buf_put_text(&b, "connect ");
		/* A name may look like an option. */
		quote_put(&b,
		    first->name[0] != '-' ? instance_label(first) : first->id);
		finding_command(j, f, &b);
	}
	buf_free(&names.text);
	buf_free(&known);
}

void
judge_places(struct join *j)
{
	judge_vault_mode(j);
	judge_config(j);
	judge_log(j);
	judge_launches(j);
	judge_hosts(j);
}
