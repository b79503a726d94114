/* SPDX-License-Identifier: ISC */

/* Linux: /proc/self/exe. */

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/cli/platform.h"

int
platform_program(struct buf *path, struct err *e)
{
	char text[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", text, sizeof(text) - 1);

	if (n <= 0)
		return err_system(
		    e, ERR_SYSTEM, errno, "cannot find this program's path");
	text[n] = '\0';
	/* It may have been replaced since it was started. */
	if (access(text, X_OK) != 0)
		return err_system(e, ERR_SYSTEM, errno, "'%s'", text);
	buf_put_text(path, text);
	return 0;
}
