/* SPDX-License-Identifier: ISC */
/*
 * The walk.  Folders are entered by descriptor and without following a link, so
 * that nobody can lead it out by renaming things meanwhile.  Links, FIFOs,
 * sockets and devices are left alone as the folder names them, and once more
 * after opening.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pemkeep/base/limits.h"
#include "pemkeep/base/path.h"
#include "pemkeep/keys/keyfile.h"
#include "vault/secret.h"

#include "src/audit/scan_child.h"

#define DEEPEST 200 /* folders within each other */
#define BATCHES 32  /* … of which so many keep a batch open, too */
#define FULL 16384u /* bytes of frames that are written at once */
#define TELL_MS 100u
#define BATCH 8192u /* bytes of names that are handed over at once */
#define MEMORY_MAX (512ul << 20)
#define FILES_MAX (DEEPEST + 100u)

/* It writes to a pipe only, which is no file. */
static bool
set_limits(void)
{
	return limits_set_memory(MEMORY_MAX) && limits_set(RLIMIT_FSIZE, 0) &&
	    limits_set(RLIMIT_NOFILE, FILES_MAX);
}

void
scan_flush(struct scanner *s)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	size_t at = 0;
	ssize_t n;

	pthread_mutex_lock(&lock); /* a frame is not to be torn */
	while (buf_ok(&s->out) && at < s->out.len) {
		n = write(SCAN_FD, s->out.data + at, s->out.len - at);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(1);
		at += (size_t)n;
	}
	if (!buf_ok(&s->out))
		_exit(1);
	pthread_mutex_unlock(&lock);
	buf_clear(&s->out);
}

/* What was found so far, and how far the walk is. */
static void
tell_progress(struct scanner *s)
{
	static uint64_t told;
	struct timespec now;
	uint64_t ms;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	if (s->out.len < FULL && ms - told < TELL_MS)
		return;
	told = ms;
	scan_put_counts(&s->out, SCAN_PROGRESS, &s->count);
	scan_flush(s);
}

bool
scan_set_path(struct scanner *s, const char *folder, const char *name)
{
	buf_clear(&s->path);
	buf_put_text(&s->path, folder);
	if (s->path.len != 1) /* "/" has its slash already */
		buf_put_u8(&s->path, '/');
	buf_put_text(&s->path, name);
	(void)buf_text(&s->path);
	return buf_ok(&s->path);
}

void
scan_tell_trouble(struct scanner *s, int os_error)
{
	/* Gone, or a link or socket by now. */
	if (os_error == ENOENT || os_error == ELOOP || os_error == ENXIO ||
	    os_error == ENOTDIR)
		return;
	scan_put_trouble(&s->out, buf_text(&s->path), strerror(os_error));
}

static bool walk(
    struct scanner *s, int fd, dev_t device, bool shallow, int depth);

static int
open_folder(int parent, const char *name)
{
	return openat(parent, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

/* git packs what it keeps there: nothing can be read in these. */
static bool
is_dull_folder(const struct scanner *s, const char *name)
{
	static const char git[] = ".git/objects";
	size_t len = strlen(git);

	return strcmp(name, "objects") == 0 && s->path.len >= len &&
	    memcmp(s->path.data + s->path.len - len, git, len) == 0;
}

static bool
enter(struct scanner *s, int parent, const char *name, dev_t device, int depth)
{
	struct stat st;
	int fd;

	if (is_dull_folder(s, name))
		return true;
	if (depth >= DEEPEST) {
		scan_put_trouble(&s->out, buf_text(&s->path),
		    "too many folders within each other");
		return true;
	}
	fd = open_folder(parent, name);
	if (fd == -1 || fstat(fd, &st) == -1) {
		scan_tell_trouble(s, errno);
		if (fd != -1)
			close(fd);
		return true;
	}
	if (st.st_dev != device) {
		s->count.elsewhere++;
		close(fd);
		return true;
	}
	return walk(s, fd, device, false, depth + 1);
}

static unsigned char
type_of(int folder, const struct dirent *d)
{
	struct stat st;

	if (d->d_type != DT_UNKNOWN)
		return d->d_type;
	if (fstatat(folder, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return DT_UNKNOWN;
	return S_ISREG(st.st_mode) ? DT_REG
	    : S_ISDIR(st.st_mode)  ? DT_DIR
				   : DT_UNKNOWN;
}

/* A folder that is being read, and those of its files that are to be opened. */
struct reading {
	struct scanner *s;
	int folder;
	dev_t device;
	bool shallow;
	int depth;
	struct scan_batch *batch; /* NULL: none so far */
};

static void
give(struct reading *at)
{
	if (at->batch != NULL)
		scan_pool_give(at->batch);
	at->batch = NULL;
}

static bool
keep_name(struct reading *at, const char *name)
{
	struct scan_batch *b = at->batch;

	if (b == NULL) {
		if ((b = calloc(1, sizeof(*b))) == NULL)
			return false;
		b->folder = fcntl(at->folder, F_DUPFD_CLOEXEC, SCAN_FD + 1);
		buf_put_text(&b->path, buf_text(&at->s->path));
		at->batch = b;
	}
	buf_put(&b->names, name, strlen(name) + 1);
	if (!buf_ok(&b->names) || !buf_ok(&b->path) || b->folder == -1)
		return false;
	if (b->names.len >= BATCH)
		give(at);
	return true;
}

static bool
visit_folder(struct reading *at, const char *name)
{
	struct buf *path = &at->s->path;
	size_t before = path->len;
	bool ok;

	if (before > 1)
		buf_put_u8(path, '/');
	buf_put_text(path, name);
	if (!buf_ok(path))
		return false;
	if (path->len > SCAN_PATH_MAX - 512) {
		scan_put_trouble(
		    &at->s->out, buf_text(path), "its path is too long");
		ok = true;
	} else {
		/* Each keeps a folder open, and there are only so many. */
		if (at->depth >= BATCHES)
			give(at);
		ok = enter(at->s, at->folder, name, at->device, at->depth);
	}
	path->len = before;
	return ok;
}

static bool
visit(struct reading *at, const struct dirent *d)
{
	const char *name = d->d_name;

	switch (type_of(at->folder, d)) {
	case DT_REG:
		if (at->s->count.files++ % 256 == 0)
			tell_progress(at->s);
		return scan_is_dull(name) || keep_name(at, name);
	case DT_DIR:
		return at->shallow || strcmp(name, ".") == 0 ||
		    strcmp(name, "..") == 0 || visit_folder(at, name);
	default:
		return true;
	}
}

/* Closes the folder.  False when memory is short. */
static bool
walk(struct scanner *s, int fd, dev_t device, bool shallow, int depth)
{
	struct reading at = { s, fd, device, shallow, depth, NULL };
	DIR *dir = fdopendir(fd);
	const struct dirent *d;
	bool ok = true;

	if (dir == NULL) {
		close(fd);
		return false;
	}
	s->count.folders++;
	tell_progress(s);
	while (ok && (errno = 0, d = readdir(dir)) != NULL)
		ok = visit(&at, d);
	if (ok && d == NULL && errno != 0)
		scan_tell_trouble(s, errno);
	give(&at);
	closedir(dir);
	return ok;
}

static bool
scan_file(struct scanner *s, const char *path)
{
	struct buf folder = BUF_INIT;
	bool ok;
	int fd;

	path_folder(path, &folder);
	fd = open(buf_text(&folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s->count.files++;
	ok = fd != -1 && buf_ok(&folder) && scan_look(s, fd, path_base(path));
	if (fd == -1)
		scan_tell_trouble(s, errno);
	if (fd != -1)
		close(fd);
	buf_free(&folder);
	return ok || fd == -1;
}

/* "FLAGS:PATH": s is shallow. */
static bool
scan_root(struct scanner *s, const char *word)
{
	const char *path = strchr(word, ':');
	struct stat st;
	int fd;

	if (path++ == NULL)
		return false;
	buf_clear(&s->path);
	buf_put_text(&s->path, path);
	if (lstat(path, &st) == -1) {
		scan_tell_trouble(s, errno);
		return true;
	}
	if (S_ISREG(st.st_mode))
		return scan_file(s, path);
	if (S_ISLNK(st.st_mode)) {
		scan_put_trouble(&s->out, path, "a link is not followed");
		return true;
	}
	if ((fd = open_folder(AT_FDCWD, path)) == -1 || fstat(fd, &st) == -1) {
		scan_tell_trouble(s, errno);
		return true;
	}
	return walk(s, fd, st.st_dev, word[0] == 's', 0);
}

static int
scan_main(int count, char **words)
{
	struct scanner s = { .out = BUF_INIT };
	bool ok;

	scan_confine();
	ok = signal(SIGPIPE, SIG_IGN) != SIG_ERR && set_limits() &&
	    (s.file = secret_new(KEYFILE_MAX)) != NULL && scan_pool_start();
	if (!ok)
		return 1;
	for (int i = 0; i < count && ok; i++)
		ok = scan_root(&s, words[i]);
	ok = scan_pool_end(&s.count) && ok;
	if (ok)
		scan_put_counts(&s.out, SCAN_END, &s.count);
	scan_flush(&s);
	secret_free(s.file);
	buf_free(&s.out);
	buf_free(&s.path);
	return ok ? 0 : 1;
}

bool
scan_role_main(int argc, char **argv, void (*harden)(void), int *status)
{
	if (argc < 2 || strcmp(argv[1], SCAN_ROLE) != 0)
		return false;
	harden();
	*status = scan_main(argc - 2, argv + 2);
	return true;
}
