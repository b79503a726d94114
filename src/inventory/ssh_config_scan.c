/* SPDX-License-Identifier: ISC */
/*
 * Which names stand in ~/.ssh/config, word for word.  Includes are followed as
 * OpenSSH follows them, whatever block they stand in; nothing else of the file is
 * understood here.  One that cannot be read is no mistake: ssh says that.
 */

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pemkeep/base/err.h"
#include "pemkeep/base/quote.h"
#include "pemkeep/base/replace.h"

#include "src/inventory/hosts_internal.h"
#include "src/inventory/ssh_config.h"

#define DEPTH_MAX 16       /* of includes, as in OpenSSH */
#define FILES_MAX 256      /* in all */
#define FILE_MAX 0x400000u /* bytes */

struct scan {
	/* Nonzero ends the scan. */
	int (*fn)(
	    void *arg, const char *name, const char *path, unsigned long line);
	void *arg;
	const char *home; /* of the password database, as for ssh */
	unsigned files;
	struct err *e;
};

static int scan_file(struct scan *s, const char *path, unsigned depth);

/*
 * The next word, in place, with its quotes removed; NULL at the end.  '=' may
 * stand behind the first.
 */
static char *
next_word(char **restp, bool first)
{
	char *at = *restp + strspn(*restp, " \t"), *word = at;
	char *out = at;
	bool any = false;
	char quote = '\0';

	if (*at == '\0' || *at == '#')
		return NULL;
	for (; *at != '\0'; at++) {
		if (*at == quote) {
			quote = '\0';
		} else if (quote == '\0' && (*at == '"' || *at == '\'')) {
			quote = *at;
			any = true;
		} else if (quote == '\0' &&
		    (*at == ' ' || *at == '\t' || (first && *at == '='))) {
			break;
		} else {
			*out++ = *at;
		}
	}
	if (first) {
		at += strspn(at, " \t");
		at += *at == '=';
	} else {
		at += *at != '\0';
	}
	*restp = at;
	*out = '\0';
	return out > word || any ? word : NULL;
}

static int
scan_include(struct scan *s, const char *pattern, unsigned depth)
{
	struct buf full = BUF_INIT;
	glob_t found;
	int r = 0;

	if (strncmp(pattern, "~/", 2) == 0)
		buf_printf(&full, "%s/%s", s->home, pattern + 2);
	else if (pattern[0] == '/')
		buf_put_text(&full, pattern);
	else if (pattern[0] != '~')
		buf_printf(&full, "%s/.ssh/%s", s->home, pattern);
	if (full.len == 0 || glob(buf_text(&full), 0, NULL, &found) != 0)
		goto out;
	for (size_t i = 0; i < found.gl_pathc && r == 0; i++)
		r = scan_file(s, found.gl_pathv[i], depth + 1);
	globfree(&found);
out:
	buf_free(&full);
	return r;
}

static int
scan_line(struct scan *s, char *text, const char *path, unsigned long line,
    unsigned depth)
{
	char *keyword = next_word(&text, true), *word;
	bool host, include;
	int r = 0;

	host = keyword != NULL && strcasecmp(keyword, "host") == 0;
	include = keyword != NULL && strcasecmp(keyword, "include") == 0;
	if (!host && !include)
		return 0;
	while (r == 0 && (word = next_word(&text, false)) != NULL) {
		if (include)
			r = scan_include(s, word, depth);
		else if (word[0] != '-' && *word != '\0' &&
		    strspn(word, NAME_CHARS) == strlen(word))
			r = s->fn(s->arg, word, path, line);
	}
	return r;
}

static int
check_file(int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return 1; /* ssh will say what it thinks of it */
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return err_set(
		    e, ERR_UNTRUSTED, "'%s' belongs to another user", path);
	if ((st.st_mode & 022) == 0)
		return 0;
	err_set(e, ERR_UNTRUSTED, "others may write to '%s'", path);
	quote_hint(e, "look at what is in it, then: chmod go-w ", path, "");
	return ERR_UNTRUSTED;
}

static int
scan_text(struct scan *s, struct buf *text, const char *path, unsigned depth)
{
	char *at, *end;
	unsigned long line = 0;
	int r = 0;

	(void)buf_text(text);
	if (!buf_ok(text))
		return err_set(s->e, ERR_NOMEM, "out of memory");
	if (strncmp((const char *)text->data, SSH_NAMES_MARK,
		strlen(SSH_NAMES_MARK)) == 0)
		return 0;
	for (at = (char *)text->data; *at != '\0' && r == 0; at = end) {
		line++;
		end = at + strcspn(at, "\r\n");
		end += *end == '\r';
		if (*end == '\n')
			*end++ = '\0';
		at[strcspn(at, "\r")] = '\0';
		r = scan_line(s, at, path, line, depth);
	}
	return r;
}

static int
scan_file(struct scan *s, const char *path, unsigned depth)
{
	struct buf text = BUF_INIT;
	int fd, r;

	if (depth > DEPTH_MAX || ++s->files > FILES_MAX)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1)
		return 0;
	if ((r = check_file(fd, path, s->e)) == 0 &&
	    replace_read(fd, path, FILE_MAX, &text, NULL) == 0)
		r = scan_text(s, &text, path, depth);
	else if (r > 0)
		r = 0;
	close(fd);
	buf_free(&text);
	return r;
}

static int
scan(const char *path,
    int (*fn)(
	void *arg, const char *name, const char *path, unsigned long line),
    void *arg, struct err *e)
{
	const struct passwd *pw = getpwuid(geteuid());
	struct scan s = { .fn = fn, .arg = arg, .e = e };
	struct buf full = BUF_INIT, home = BUF_INIT;
	int r;

	buf_put_text(&home, pw != NULL ? pw->pw_dir : "/");
	s.home = buf_text(&home);
	if ((r = ssh_config_path(path, &full, e)) == 0)
		r = scan_file(&s, buf_text(&full), 0);
	buf_free(&full);
	buf_free(&home);
	return r;
}

struct wanted {
	const char *name;
	struct buf *where;
};

static int
compare(void *arg, const char *name, const char *path, unsigned long line)
{
	struct wanted *w = arg;

	if (strcmp(name, w->name) != 0)
		return 0;
	buf_printf(w->where, "%s:%lu", path, line);
	return 1;
}

int
ssh_config_names(
    const char *path, const char *name, struct buf *where, struct err *e)
{
	struct wanted w = { name, where };

	if (name[0] == '-' || name[0] == '\0' ||
	    strspn(name, NAME_CHARS) != strlen(name))
		return 0;
	return scan(path, compare, &w, e);
}

struct listener {
	void (*fn)(void *arg, const char *name, const char *where);
	void *arg;
};

static int
report(void *arg, const char *name, const char *path, unsigned long line)
{
	const struct listener *l = arg;
	struct buf where = BUF_INIT;

	buf_printf(&where, "%s:%lu", path, line);
	l->fn(l->arg, name, buf_text(&where));
	buf_free(&where);
	return 0;
}

int
ssh_config_each(const char *path,
    void (*fn)(void *arg, const char *name, const char *where), void *arg,
    struct err *e)
{
	struct listener l = { fn, arg };

	return scan(path, report, &l, e);
}
