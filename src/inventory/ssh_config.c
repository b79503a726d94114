/* SPDX-License-Identifier: ISC */
/*
 * "ssh -G": a program of the system, started without a shell, with a time limit
 * and a limit for what it may say.  It gets no file with -F as long as HOME is
 * what the password database says, so that the system's configuration counts as
 * it does for ssh.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pemkeep/base/clock.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/quote.h"

#include "src/inventory/hosts_internal.h"
#include "src/inventory/ssh_config.h"

#define LIMIT_MS 10000
#define ANSWER_MAX 0x40000u /* bytes */

int
ssh_config_path(const char *path, struct buf *out, struct err *e)
{
	const char *home = getenv("HOME");
	const struct passwd *pw;

	buf_clear(out);
	if (path != NULL) {
		buf_put_text(out, path);
	} else if (home != NULL && home[0] == '/') {
		buf_printf(out, "%s/.ssh/config", home);
	} else {
		pw = getpwuid(geteuid());
		buf_printf(out, "%s/.ssh/config", pw != NULL ? pw->pw_dir : "");
	}
	(void)buf_text(out);
	return buf_ok(out) ? 0 : err_set(e, ERR_NOMEM, "out of memory");
}

/* Would ssh read that file by itself? */
static bool
is_usual(const char *path)
{
	const struct passwd *pw = getpwuid(geteuid());
	struct buf usual = BUF_INIT;
	bool same;

	if (pw == NULL)
		return false;
	buf_printf(&usual, "%s/.ssh/config", pw->pw_dir);
	same = strcmp(buf_text(&usual), path) == 0;
	buf_free(&usual);
	return same;
}

/* In the child: nothing to read, both outputs into pipes, nothing else open. */
_Noreturn static void
run_ssh(const char *path, const char *name, int out, int err)
{
	char *with[] = { "ssh", "-G", "-F", (char *)(uintptr_t)path, "--",
		(char *)(uintptr_t)name, NULL };
	char *without[] = { "ssh", "-G", "--", (char *)(uintptr_t)name, NULL };
	int null = open("/dev/null", O_RDONLY);

	if (null == -1 || dup2(null, STDIN_FILENO) == -1 ||
	    dup2(out, STDOUT_FILENO) == -1 || dup2(err, STDERR_FILENO) == -1)
		_exit(126);
	closefrom(3); /* one may have the passphrase */
	(void)setpgid(0, 0);
	execvp("ssh", is_usual(path) ? without : with);
	_exit(127);
}

static int
left_ms(int64_t since)
{
	int64_t ms = clock_ms() - since;

	return ms < LIMIT_MS ? (int)(LIMIT_MS - ms) : 0;
}

/* Read what is there; false when there is no more to come. */
static bool
drain(int fd, struct buf *b)
{
	char bytes[4096];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	if (n == -1)
		return errno == EINTR || errno == EAGAIN;
	if (b->len + (size_t)n <= ANSWER_MAX)
		buf_put(b, bytes, (size_t)n);
	else
		b->failed = true;
	return n > 0;
}

/* Until both are closed; false when that takes too long. */
static bool
collect(const int fds[2], struct buf bufs[2])
{
	struct pollfd p[2] = { { fds[0], POLLIN, 0 }, { fds[1], POLLIN, 0 } };
	int64_t since = clock_ms();
	int ms;

	while (p[0].fd != -1 || p[1].fd != -1) {
		if ((ms = left_ms(since)) == 0)
			return false;
		if (poll(p, 2, ms) <= 0)
			continue;
		for (int i = 0; i < 2; i++)
			if (p[i].fd != -1 && p[i].revents != 0 &&
			    !drain(p[i].fd, &bufs[i]))
				p[i].fd = -1;
	}
	return true;
}

static int
judge(const char *name, bool in_time, int status, struct buf bufs[2],
    struct err *e)
{
	const char *said = buf_text(&bufs[1]);

	if (!in_time)
		return err_set(e, ERR_FAILED,
		    "'ssh -G %s' has not answered for %d s", name,
		    LIMIT_MS / 1000);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
		err_set(e, ERR_FAILED,
		    "'%s' stands in ~/.ssh/config, and ssh is not installed",
		    name);
		quote_hint(e, "pemkeep add ", name, " ADDRESS");
		return ERR_FAILED;
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || !buf_ok(&bufs[0]))
		return err_set(e, ERR_FAILED, "'ssh -G %s' has failed: %.*s",
		    name, (int)strcspn(said, "\r\n"), said);
	return 0;
}

static int
start(const char *path, const char *name, int fds[2], pid_t *pid, struct err *e)
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 };

	if (pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0 &&
	    (*pid = fork()) != -1) {
		if (*pid == 0)
			run_ssh(path, name, out[1], err[1]);
		close(out[1]);
		close(err[1]);
		fds[0] = out[0];
		fds[1] = err[0];
		return 0;
	}
	err_system(e, ERR_SYSTEM, errno, "cannot start ssh");
	for (int i = 0; i < 2; i++) {
		if (out[i] != -1)
			close(out[i]);
		if (err[i] != -1)
			close(err[i]);
	}
	return ERR_SYSTEM;
}

int
ssh_config_ask(const char *path, const char *name, struct ssh_config_host *host,
    struct err *e)
{
	struct buf bufs[2] = { BUF_INIT, BUF_INIT }, full = BUF_INIT;
	int fds[2], status = 0, r;
	bool in_time;
	pid_t pid;

	memset(host, 0, sizeof(*host));
	if ((r = ssh_config_path(path, &full, e)) != 0 ||
	    (r = start(buf_text(&full), name, fds, &pid, e)) != 0)
		goto out;
	in_time = collect(fds, bufs);
	if (!in_time)
		(void)kill(-pid, SIGKILL); /* and what it has started */
	close(fds[0]);
	close(fds[1]);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if ((r = judge(name, in_time, status, bufs, e)) == 0)
		r = ssh_config_parse(
		    name, buf_text(&bufs[0]), bufs[0].len, host, e);
out:
	buf_free(&bufs[0]);
	buf_free(&bufs[1]);
	buf_free(&full);
	return r;
}

void
ssh_config_clear(struct ssh_config_host *host)
{
	free(host->hostname);
	free(host->user);
	free(host->alias);
	for (size_t i = 0; i < host->file_count; i++)
		free(host->files[i]);
	memset(host, 0, sizeof(*host));
}

static bool
take(char **place, const char *value)
{
	return *place != NULL || (*place = strdup(value)) != NULL;
}

/* "key value"; the key is in lower case. */
static int
take_line(const char *name, const char *key, const char *value,
    struct ssh_config_host *host, struct err *e)
{
	bool done = true;

	if ((strcmp(key, "proxyjump") == 0 ||
		strcmp(key, "proxycommand") == 0) &&
	    strcmp(value, "none") != 0) {
		err_set(e, ERR_UNSUPPORTED,
		    "'%s' has a %s in ~/.ssh/config, which is not supported "
		    "yet",
		    name, key[5] == 'j' ? "ProxyJump" : "ProxyCommand");
		quote_hint(e, "ssh ", name, "");
		return ERR_UNSUPPORTED;
	}
	if (strcmp(key, "hostname") == 0)
		done = take(&host->hostname, value);
	else if (strcmp(key, "user") == 0)
		done = take(&host->user, value);
	else if (strcmp(key, "hostkeyalias") == 0)
		done = take(&host->alias, value);
	else if (strcmp(key, "port") == 0)
		(void)hosts_is_port(value, &host->port);
	else if (strcmp(key, "identityfile") == 0 &&
	    host->file_count < SSH_CONFIG_FILES_MAX)
		done = take(&host->files[host->file_count++], value);
	return done ? 0 : err_set(e, ERR_NOMEM, "out of memory");
}

/* The values go to no program, but a resolver and a server. */
static int
check_answer(
    const char *name, const struct ssh_config_host *host, struct err *e)
{
	const char *what = NULL;

	if (host->hostname == NULL || !hosts_is_host(host->hostname))
		what = "host";
	else if (host->user == NULL || !hosts_is_user(host->user))
		what = "user";
	else if (host->port == 0)
		what = "port";
	if (what == NULL)
		return 0;
	return err_set(e, ERR_FORMAT,
	    "'ssh -G %s' gives no %s that can be used", name, what);
}

int
ssh_config_parse(const char *name, const char *text, size_t len,
    struct ssh_config_host *host, struct err *e)
{
	const char *all = text + len, *end;
	struct buf line = BUF_INIT;
	int r = 0;

	memset(host, 0, sizeof(*host));
	for (; text < all && r == 0; text = end + 1) {
		char *value;

		end = memchr(text, '\n', (size_t)(all - text));
		if (end == NULL)
			end = all;
		buf_clear(&line);
		buf_put(&line, text, (size_t)(end - text));
		value = strchr((char *)(uintptr_t)buf_text(&line), ' ');
		if (value == NULL)
			continue;
		*value++ = '\0';
		r = take_line(name, (char *)line.data, value, host, e);
	}
	buf_free(&line);
	return r == 0 ? check_answer(name, host, e) : r;
}
