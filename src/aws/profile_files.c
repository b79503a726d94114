/* SPDX-License-Identifier: ISC */
/*
 * Where the two files lie.  Symbolic links are followed (many keep their dot
 * files elsewhere), and what is no regular file is none, as for aws-cli.
 */

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pemkeep/aws/profile.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/replace.h"

#include "src/aws/profile_files.h"

#define NAME_CHARS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

/* "$NAME" or "${NAME}" at 'at': put its value, and return what is behind it. */
static const char *
put_variable(struct buf *out, const char *at)
{
	bool braced = at[1] == '{';
	const char *name = at + 1 + braced, *value = NULL;
	size_t len = braced ? strcspn(name, "}") : strspn(name, NAME_CHARS);
	char copy[256];

	if (len > 0 && len < sizeof(copy) && (!braced || name[len] == '}')) {
		memcpy(copy, name, len);
		copy[len] = '\0';
		value = getenv(copy);
	}
	if (value == NULL) { /* stays as it is */
		buf_put_u8(out, '$');
		return at + 1;
	}
	buf_put_text(out, value);
	return name + len + braced;
}

/* "~" or "~name" at the beginning; what is not known stays as it is. */
static size_t
put_home(struct buf *out, const char *path)
{
	size_t len = strcspn(path, "/");
	const char *home = NULL;
	const struct passwd *pw;
	char *name;

	if (path[0] != '~')
		return 0;
	if (len == 1)
		home = getenv("HOME");
	if (home == NULL) {
		name = strndup(path + 1, len - 1);
		pw = len == 1      ? getpwuid(getuid())
		    : name != NULL ? getpwnam(name)
				   : NULL;
		free(name);
		home = pw != NULL ? pw->pw_dir : NULL;
	}
	if (home == NULL)
		return 0;
	buf_put_text(out, home);
	while (out->len > 0 && out->data[out->len - 1] == '/')
		out->len--;
	return len;
}

int
profile_files_expand(const char *path, struct buf *out)
{
	struct buf b = BUF_INIT;
	const char *text;

	while (*path != '\0') {
		if (*path == '$')
			path = put_variable(&b, path);
		else
			buf_put_u8(&b, (uint8_t)*path++);
	}
	text = buf_text(&b);
	buf_clear(out);
	text += put_home(out, text);
	buf_put_text(out, text);
	if (!buf_ok(&b))
		out->failed = true;
	buf_free(&b);
	return buf_ok(out) ? 0 : ERR_NOMEM;
}

struct file {
	struct buf path;
	struct buf text;
	bool found;
};

static int
read_file(struct file *f, struct stat *st, struct err *e)
{
	const char *path = buf_text(&f->path);
	int fd, r = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1 && (errno == ENOENT || errno == ENOTDIR || errno == ENXIO))
		return 0;
	if (fd == -1)
		return err_system(
		    e, ERR_SYSTEM, errno, "cannot open '%s'", path);
	if (fstat(fd, st) == -1) {
		r = err_system(e, ERR_SYSTEM, errno, "cannot read '%s'", path);
	} else if (S_ISREG(st->st_mode)) {
		f->found = true;
		r = replace_read(fd, path, AWS_FILE_SIZE_MAX, &f->text, e);
	}
	close(fd);
	return r;
}

static int
load(struct file *f, const char *variable, const char *usual,
    void (*warn)(void *, const char *), void *arg, struct err *e)
{
	const char *path = getenv(variable);
	struct stat st = { .st_mode = 0 };
	char text[512];
	int r;

	if (profile_files_expand(path != NULL ? path : usual, &f->path) != 0)
		return err_set(e, ERR_NOMEM, "out of memory");
	if (f->path.len == 0)
		return 0;
	r = read_file(f, &st, e);
	if (r != 0 || !f->found || warn == NULL || (st.st_mode & 022) == 0)
		return r;
	(void)snprintf(text, sizeof(text),
	    "others can write to '%s', and so use your AWS account: "
	    "chmod go-w it",
	    buf_text(&f->path));
	warn(arg, text);
	return 0;
}

static void
clear(struct file *f)
{
	if (f->text.data != NULL)
		explicit_bzero(f->text.data, f->text.capacity);
	buf_free(&f->text);
	buf_free(&f->path);
}

int
aws_profiles_load(struct aws_profiles **pp,
    void (*warn)(void *arg, const char *text), void *arg, struct err *e)
{
	struct file config = { BUF_INIT, BUF_INIT, false };
	struct file credentials = { BUF_INIT, BUF_INIT, false };
	int r;

	*pp = NULL;
	r = load(&config, "AWS_CONFIG_FILE", "~/.aws/config", warn, arg, e);
	if (r == 0)
		r = load(&credentials, "AWS_SHARED_CREDENTIALS_FILE",
		    "~/.aws/credentials", warn, arg, e);
	if (r == 0) {
		struct aws_text a = { buf_text(&config.path), config.text.data,
			config.text.len };
		struct aws_text b = { buf_text(&credentials.path),
			credentials.text.data, credentials.text.len };

		r = aws_profiles_parse(&a, &b, pp, e);
	}
	clear(&config);
	clear(&credentials);
	return r;
}
