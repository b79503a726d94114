/* SPDX-License-Identifier: ISC */

/*
 * The line that is written over: whatever is said next, stands on a line of its
 * own.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/cli/cli.h"

#define CLEAR "\r\033[K"

/* Of main.c, which is not in the library. */
const struct option global_options[] = { { NULL, 0, NULL, NULL } };

const struct command *
command_find(const char *name)
{
	(void)name;
	return NULL;
}

static int screen = -1, before = -1;

/* stderr is a terminal of that kind, until show_end(). */
static void
show_begin(const char *term)
{
	const char *name;
	int fd;

	screen = posix_openpt(O_RDWR | O_NOCTTY);
	assert_int_not_equal(screen, -1);
	assert_int_equal(grantpt(screen), 0);
	assert_int_equal(unlockpt(screen), 0);
	assert_non_null(name = ptsname(screen));
	fd = open(name, O_RDWR | O_NOCTTY);
	assert_int_not_equal(fd, -1);
	before = dup(STDERR_FILENO);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	close(fd);
	assert_int_equal(setenv("TERM", term, 1), 0);
}

/* What was shown, up to a mark. */
static void
show_end(char *shown, size_t size)
{
	size_t len = 0;
	ssize_t n;

	fputs("<end>", stderr);
	shown[0] = '\0';
	while (strstr(shown, "<end>") == NULL && len < size - 1) {
		n = read(screen, shown + len, size - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
		shown[len] = '\0';
	}
	assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
	close(before);
	close(screen);
	assert_non_null(strstr(shown, "<end>"));
	*strstr(shown, "<end>") = '\0';
}

static void
test_progress_not_on_dumb_terminal(void **state)
{
	char shown[256];

	(void)state;
	show_begin("dumb");
	assert_false(out_can_progress());
	show_end(shown, sizeof(shown));
	show_begin("");
	assert_false(out_can_progress());
	show_end(shown, sizeof(shown));
	assert_string_equal(shown, "");
}

static void
test_progress_is_escaped(void **state)
{
	char shown[256];

	(void)state;
	show_begin("xterm");
	assert_true(out_can_progress());
	out_progress("%s, %d s", "web\033]0;x\a\n", 3);
	out_progress_end();
	show_end(shown, sizeof(shown));
	assert_null(strstr(shown, "\033]"));
	assert_null(strchr(shown, '\n'));
	assert_non_null(strstr(shown, ", 3 s" CLEAR));
}

static void
say(void)
{
	const struct cli cli = { .given_count = 0 };

	out_say(&cli, "said");
}

static void
warn(void)
{
	out_warning("said", NULL);
}

static void
say_error(void)
{
	struct err e;

	err_set(&e, ERR_FAILED, "said");
	(void)out_error(&e);
}

static void
talk(void)
{
	out_talk("said\n");
}

static void
test_progress_goes_before_talk(void **state)
{
	static void (*const ways[])(void) = { say, warn, say_error, talk };
	char shown[256];

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		show_begin("xterm");
		out_progress("one");
		out_progress("two");
		ways[i]();
		ways[i]();
		show_end(shown, sizeof(shown));
		assert_ptr_equal(
		    strstr(shown, CLEAR "one" CLEAR "two" CLEAR), shown);
		assert_string_equal(
		    shown + strlen(shown) - strlen("said\r\n"), "said\r\n");
		/* It is cleared once: the second has nothing to clear. */
		assert_null(strstr(
		    shown + strlen(CLEAR "one" CLEAR "two" CLEAR), CLEAR));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_progress_not_on_dumb_terminal),
		cmocka_unit_test(test_progress_is_escaped),
		cmocka_unit_test(test_progress_goes_before_talk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
