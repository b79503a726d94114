/* SPDX-License-Identifier: ISC */
/*
 * Writing.  The head is written after the line, in place and in one piece: a
 * kill in between leaves a log that is one line longer than its head, which the
 * next one takes as it is.  What a kill has left of a line is cut off; lines
 * that the head knows and the log has lost leave a gap in the numbers that no
 * later line closes.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "pemkeep/base/path.h"

#include "src/log/log_internal.h"

#define TAIL_BYTES (2 * LOG_LINE_MAX)

static int
make_folder(const char *path, struct err *e)
{
	struct buf folder = BUF_INIT;
	int r;

	path_folder(path, &folder);
	r = path_make_folder(buf_text(&folder), e);
	buf_free(&folder);
	return r;
}

/* The end of the file. */
struct tail {
	char bytes[TAIL_BYTES];
	size_t len;
	off_t size;  /* of the file */
	size_t torn; /* bytes behind the last line feed */
	bool readable;
	bool follows;         /* the last whole line, what the head says */
	struct log_head last; /* of that line, if it is readable */
};

static int
read_tail(int fd, const struct log_head *head, struct tail *t)
{
	struct log_entry entry;
	const char *end, *start;
	ssize_t n;

	memset(t, 0, sizeof(*t));
	if ((t->size = lseek(fd, 0, SEEK_END)) == -1)
		return -1;
	t->len = t->size < TAIL_BYTES ? (size_t)t->size : TAIL_BYTES;
	for (size_t got = 0; got < t->len; got += (size_t)n) {
		n = pread(fd, t->bytes + got, t->len - got,
		    t->size - (off_t)(t->len - got));
		if (n == -1 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return -1;
	}
	if (t->len == 0)
		return 0;
	end = memrchr(t->bytes, '\n', t->len);
	t->torn =
	    end == NULL ? t->len : (size_t)(t->bytes + t->len - (end + 1));
	if (end == NULL)
		return 0;
	start = memrchr(t->bytes, '\n', (size_t)(end - t->bytes));
	start = start == NULL ? t->bytes : start + 1;
	t->readable =
	    log_line_parse(start, (size_t)(end - start), &entry, &t->last);
	t->follows =
	    log_line_follows(start, (size_t)(end - start), head->chain);
	return 0;
}

/*
 * What the next line is bound to: the last line, as long as the head agrees.
 * Where it does not, the head counts, and verifying then names the place.
 */
static void
find_end(const struct tail *t, const struct log_head *head,
    struct log_head *next, struct log_repair *repair)
{
	bool empty = t->torn == (size_t)t->size;

	*next = t->last;
	if (empty || !t->readable || t->last.seq < head->seq)
		*next = *head;
	else if (t->last.seq == head->seq ||
	    (t->last.seq == head->seq + 1 && head->seq > 0 && !t->follows))
		memcpy(next->chain, head->chain, LOG_CHAIN);
	if (empty)
		repair->lines = head->seq;
	else if (t->readable && t->last.seq < head->seq)
		repair->lines = head->seq - t->last.seq;
	repair->no_head = !empty && head->seq == 0;
	/* More than a line is not what a kill leaves; verifying names it. */
	if (t->torn > 0 && t->torn < LOG_LINE_MAX)
		repair->bytes = t->torn;
}

static int
write_lines(int fd, const struct buf *lines)
{
	ssize_t n;

	do
		n = write(fd, lines->data, lines->len);
	while (n == -1 && errno == EINTR);
	if (n == (ssize_t)lines->len)
		return 0;
	if (n != -1)
		errno = ENOSPC;
	return -1;
}

static int
write_head(int fd, const struct log_head *head)
{
	struct buf text = BUF_INIT;
	ssize_t n;

	log_head_put(&text, head);
	do
		n = buf_ok(&text) ? pwrite(fd, text.data, text.len, 0) : -1;
	while (n == -1 && errno == EINTR);
	if (n == (ssize_t)text.len && ftruncate(fd, n) != 0)
		n = -1;
	n = n == (ssize_t)text.len ? 0 : -1;
	buf_free(&text);
	return (int)n;
}

/* The lines to write, and the head behind them. */
static bool
compose(struct buf *out, const struct tail *t, const struct log_event *event,
    const struct log_repair *repair, struct log_head *head)
{
	const struct log_event repaired = { .kind = LOG_REPAIRED,
		.time = event->time,
		.detail = repair->no_head ? "there was no head" : NULL };

	if (t->torn > repair->bytes)
		buf_put_text(out, "\n");
	if ((repair->bytes != 0 || repair->lines != 0 || repair->no_head) &&
	    !log_line_put(out, &repaired, repair, head))
		return false;
	return log_line_put(out, event, NULL, head);
}

/* With the lock held. */
static int
append(int fd, int head_fd, const char *path, const struct log_event *event,
    struct err *e)
{
	struct log_repair repair = { 0, 0, false };
	struct log_head head, next;
	struct buf lines = BUF_INIT;
	struct tail t;
	off_t start;
	int r = 0;

	if (log_head_read(head_fd, &head) != 1)
		memset(&head, 0, sizeof(head));
	if (read_tail(fd, &head, &t) == -1)
		return err_system(
		    e, ERR_SYSTEM, errno, "cannot read '%s'", path);
	find_end(&t, &head, &next, &repair);
	start = t.size - (off_t)repair.bytes;
	if (!compose(&lines, &t, event, &repair, &next)) {
		r = err_set(e, ERR_NOMEM, "out of memory");
		goto out;
	}
	if ((repair.bytes != 0 && ftruncate(fd, start) != 0) ||
	    write_lines(fd, &lines) != 0) {
		r = err_system(e, ERR_SYSTEM, errno, "cannot write '%s'", path);
		(void)!ftruncate(fd, start); /* no half a line */
		goto out;
	}
	if ((!event->lazy && fsync(fd) != 0) ||
	    write_head(head_fd, &next) != 0 ||
	    (!event->lazy && fdatasync(head_fd) != 0))
		r = err_system(e, ERR_SYSTEM, errno, "cannot write '%s'", path);
out:
	buf_free(&lines);
	return r;
}

int
log_append(const char *path, const struct log_event *event, struct err *e)
{
	int fd, head_fd = -1, r;

	fd = log_open(path, "", O_RDWR | O_APPEND | O_CREAT, e);
	if (fd == ERR_NOT_FOUND) {
		if ((r = make_folder(path, e)) != 0)
			return r;
		fd = log_open(path, "", O_RDWR | O_APPEND | O_CREAT, e);
	}
	if (fd < 0)
		return fd;
	if ((r = log_lock(fd, LOCK_EX, path, e)) != 0)
		goto out;
	head_fd = log_open(path, ".head", O_RDWR | O_CREAT, e);
	r = head_fd < 0 ? head_fd : append(fd, head_fd, path, event, e);
out:
	if (head_fd >= 0)
		close(head_fd);
	close(fd);
	return r;
}
