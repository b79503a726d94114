/* SPDX-License-Identifier: ISC */

/* Reading and writing whole pieces. */

#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "io.h"

int
io_read(int fd, void *data, size_t len)
{
	uint8_t *at = data;
	ssize_t n;

	while (len > 0) {
		RETRY(n, read(fd, at, len));
		if (n == -1)
			return -1;
		if (n == 0) {
			errno = EIO; /* it shrank under us */
			return -1;
		}
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int
io_write(int fd, const void *data, size_t len)
{
	const uint8_t *at = data;
	ssize_t n;

	while (len > 0) {
		RETRY(n, write(fd, at, len));
		if (n == -1)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int
io_write_file(int fd, unsigned mode, const void *data, size_t len)
{
	int r, saved;

	RETRY(r, fchmod(fd, (mode_t)mode));
	if (r == 0)
		r = io_write(fd, data, len);
	if (r == 0)
		RETRY(r, fsync(fd));
	saved = errno;
	/* No retry: after EINTR the descriptor is gone all the same. */
	if (close(fd) == -1 && errno != EINTR && r == 0)
		return -1;
	errno = saved;
	return r;
}
