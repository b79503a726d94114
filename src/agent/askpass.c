/* SPDX-License-Identifier: ISC */

/*
 * The question in a window: SSH_ASKPASS, under the conditions that ssh(1) has
 * for it.  The program is executed as it is named, without a shell.
 */

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pemkeep/base/err.h"
#include "vault/secret.h"

#include "src/agent/askpass.h"
#include "src/agent/tty.h"

extern char **environ;

static bool
is_set(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0';
}

bool
askpass_wanted(void)
{
	const char *require = getenv("SSH_ASKPASS_REQUIRE");

	if (!is_set("SSH_ASKPASS"))
		return false;
	if (require != NULL && strcmp(require, "never") == 0)
		return false;
	if (require != NULL &&
	    (strcmp(require, "force") == 0 || strcmp(require, "prefer") == 0))
		return true;
	return !tty_there() && (is_set("DISPLAY") || is_set("WAYLAND_DISPLAY"));
}

static int
spawn(const char *program, const char *prompt, int output, pid_t *pid)
{
	char *argv[] = { (char *)(uintptr_t)program, (char *)(uintptr_t)prompt,
		NULL };
	posix_spawn_file_actions_t actions;
	int r;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return ENOMEM;
	r = posix_spawn_file_actions_addopen(
	    &actions, 0, "/dev/null", O_RDONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, output, 1);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	if (r == 0)
		r = posix_spawn(pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

/* The first line; what comes after it is left.  False: too long. */
static bool
read_answer(int fd, struct secret *answer)
{
	secret_clear(answer);
	for (;;) {
		uint8_t *at = secret_data(answer) + secret_len(answer);
		ssize_t n;

		if (secret_len(answer) == secret_capacity(answer))
			return false;
		n = read(fd, at, 1);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0 || *at == '\n')
			return true;
		(void)secret_set_len(answer, secret_len(answer) + 1);
	}
}

int
askpass_ask(const char *prompt, struct secret *answer, struct err *e)
{
	const char *program = getenv("SSH_ASKPASS");
	int ends[2], status = 0, r = 0;
	bool fits;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return err_system(e, ERR_LOCKED, errno, "no pipe");
	if ((r = spawn(program, prompt, ends[1], &pid)) != 0) {
		close(ends[0]);
		close(ends[1]);
		return err_system(
		    e, ERR_LOCKED, r, "cannot run SSH_ASKPASS '%s'", program);
	}
	close(ends[1]);
	fits = read_answer(ends[0], answer);
	close(ends[0]);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	if (!fits)
		r = err_set(e, ERR_LOCKED, "the passphrase is too long");
	else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		r = err_set(e, ERR_LOCKED, "no passphrase was given");
	if (r != 0)
		secret_clear(answer);
	return r;
}
