/* SPDX-License-Identifier: ISC */
/* The parent's side of the scan: start the child, listen, sort what it says. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/audit/scan_child.h"

#define PROGRAM "/proc/self/exe"

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

/* What a user has named must be there; a link is not taken for its target. */
static int
check_root(const struct scan_root *root, struct err *e)
{
	struct stat st;

	if (lstat(root->path, &st) == -1) {
		if (root->optional && errno == ENOENT)
			return 0;
		return errno == ENOENT ? err_set(e, ERR_NOT_FOUND,
					     "'%s' does not exist", root->path)
				       : err_system(e, ERR_SYSTEM, errno,
					     "cannot reach '%s'", root->path);
	}
	if (root->optional || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return 0;
	return err_set(
	    e, ERR_FORMAT, "'%s' is neither a file nor a folder", root->path);
}

/* Does another root lead there as well? */
static bool
is_covered(const struct scan_root *roots, size_t count, size_t at)
{
	const char *path = roots[at].path;

	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(roots[i].path);

		if (i == at || roots[i].shallow)
			continue;
		if (strcmp(roots[i].path, path) == 0) {
			if (i < at || roots[at].shallow)
				return true;
		} else if (strncmp(path, roots[i].path, len) == 0 &&
		    (path[len] == '/' || len == 1)) {
			return true;
		}
	}
	return false;
}

/* Names and flags of the roots; one piece of memory with what it points to. */
static char **
make_words(const struct scan_root *roots, size_t count)
{
	char **words = calloc(count + 3, sizeof(*words));
	size_t n = 0;

	if (words == NULL)
		return NULL;
	words[n++] = strdup("pemkeep");
	words[n++] = strdup(SCAN_ROLE);
	for (size_t i = 0; i < count; i++) {
		struct buf b = BUF_INIT;

		if (is_covered(roots, count, i))
			continue;
		buf_printf(
		    &b, "%s:%s", roots[i].shallow ? "s" : "d", roots[i].path);
		words[n++] = buf_ok(&b) ? strdup(buf_text(&b)) : NULL;
		buf_free(&b);
		if (words[n - 1] == NULL)
			break;
	}
	return words;
}

static void
free_words(char **words)
{
	for (size_t i = 0; words != NULL && words[i] != NULL; i++)
		free(words[i]);
	free(words);
}

static int
spawn(char *const *words, int pipe_end, pid_t *pid)
{
	char *const environment[] = { "LC_ALL=C", NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int r = ENOMEM;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return ENOMEM;
	if (posix_spawnattr_init(&attr) != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return ENOMEM;
	}
	if (posix_spawn_file_actions_adddup2(&actions, pipe_end, SCAN_FD) ==
		0 &&
	    posix_spawn_file_actions_addopen(
		&actions, 0, "/dev/null", O_RDONLY, 0) == 0 &&
	    posix_spawn_file_actions_addopen(
		&actions, 1, "/dev/null", O_WRONLY, 0) == 0 &&
	    posix_spawn_file_actions_addopen(
		&actions, 2, "/dev/null", O_WRONLY, 0) == 0 &&
	    posix_spawn_file_actions_addclosefrom_np(&actions, SCAN_FD + 1) ==
		0)
		r = posix_spawn(
		    pid, PROGRAM, &actions, &attr, words, environment);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

/* An end that is not one of those that the child gets. */
static int
raised(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, SCAN_FD + 1);

	close(fd);
	return high;
}

static int
start(char *const *words, pid_t *pid, int *from, struct err *e)
{
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return err_system(e, ERR_SYSTEM, errno, "cannot make a pipe");
	ends[0] = raised(ends[0]);
	ends[1] = raised(ends[1]);
	r = ends[0] != -1 && ends[1] != -1 ? spawn(words, ends[1], pid) : errno;
	if (ends[1] != -1)
		close(ends[1]);
	if (r == 0) {
		*from = ends[0];
		return 0;
	}
	if (ends[0] != -1)
		close(ends[0]);
	return err_system(
	    e, ERR_SYSTEM, r, "cannot start the process that looks for keys");
}

/* All that it says, a frame at a time. */
static int
listen_to(int from, struct scan *scan,
    void (*progress)(void *arg, uint64_t files, uint64_t folders), void *arg,
    struct err *e)
{
	static const size_t size = SCAN_FRAME_MAX + 4;
	uint8_t *bytes = malloc(size);
	size_t len = 0, used;
	ssize_t n;
	int r = 0;

	if (bytes == NULL)
		return no_memory(e);
	while (r == 0) {
		n = read(from, bytes + len, size - len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
		r = scan_take(scan, bytes, len, &used, e);
		if (r == 0 && used > 0) {
			len -= used;
			memmove(bytes, bytes + used, len);
			if (progress != NULL)
				progress(arg, scan->files, scan->folders);
		}
	}
	free(bytes);
	return r;
}

static int
by_path(const void *a, const void *b)
{
	const struct scan_key *x = a, *y = b;

	return strcmp(x->path, y->path);
}

int
scan_run(const struct scan_root *roots, size_t count,
    void (*progress)(void *arg, uint64_t files, uint64_t folders), void *arg,
    struct scan *scan, struct err *e)
{
	char **words;
	pid_t pid = -1;
	int from, r = 0, status = 0;

	memset(scan, 0, sizeof(*scan));
	for (size_t i = 0; i < count && r == 0; i++)
		r = check_root(&roots[i], e);
	if (r != 0)
		return r;
	if ((words = make_words(roots, count)) == NULL)
		return no_memory(e);
	r = start(words, &pid, &from, e);
	free_words(words);
	if (r != 0)
		return r;
	r = listen_to(from, scan, progress, arg, e);
	close(from); /* it ends itself when nobody listens */
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (r == 0)
		r = scan_check(scan, roots, count, e);
	/* The last one may not be whole; and who lies once is not believed. */
	if (r == ERR_UNTRUSTED || r == ERR_NOMEM)
		scan_clear(scan);
	if (scan->count > 1)
		qsort(scan->keys, scan->count, sizeof(*scan->keys), by_path);
	if (r == 0 && (!scan->whole || status != 0))
		r = err_set(e, ERR_FAILED,
		    "the process that looks for keys has ended early");
	return r;
}
