/* SPDX-License-Identifier: ISC */

/* Yes or no, at the terminal; anything but a clear yes is no. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/cli/cli.h"

static int
read_answer(int fd, const char *question, char *answer, size_t size)
{
	struct buf b = BUF_INIT;
	size_t len = 0;
	ssize_t n = -1;
	char c = 0;

	out_progress_end();
	out_put(&b, question);
	buf_put_text(&b, " [y/N] ");
	if (write(fd, buf_text(&b), strlen(buf_text(&b))) != -1) {
		while ((n = read(fd, &c, 1)) == 1 && c != '\n')
			if (len < size - 1)
				answer[len++] = c;
	}
	answer[len] = '\0';
	buf_free(&b);
	return n == 1 ? 0 : -1;
}

int
prompt_confirm(const struct cli *cli, const char *question, struct err *e)
{
	char answer[8];
	int fd, r;

	if (option_on(cli, "yes"))
		return 0;
	fd = option_on(cli, "no-input")
	    ? -1
	    : open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd == -1) {
		err_set(e, ERR_USAGE, "there is nobody to ask: %s", question);
		err_hint(e, "use --yes if that is what you want");
		return ERR_USAGE;
	}
	r = read_answer(fd, question, answer, sizeof(answer));
	close(fd);
	if (r == 0 &&
	    (strcmp(answer, "y") == 0 || strcmp(answer, "Y") == 0 ||
		strcasecmp(answer, "yes") == 0))
		return 0;
	return err_set(e, ERR_FAILED, "not confirmed; nothing was changed");
}
