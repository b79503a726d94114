/* SPDX-License-Identifier: ISC */
#ifndef VAULT_IO_H
#define VAULT_IO_H

/* System calls that may be interrupted, or do part of the work. */

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#define RETRY(result, call) \
	do { \
		(result) = (call); \
	} while ((result) == -1 && errno == EINTR)

/* All of it, 0; or -1 with errno (EIO when the file ends too soon). */
int io_read(int fd, void *data, size_t len);
int io_write(int fd, const void *data, size_t len);

/* Set the mode whatever the umask, write all, flush to disk, close: 0 or -1. */
int io_write_file(int fd, unsigned mode, const void *data, size_t len);

#endif
