/* SPDX-License-Identifier: ISC */
/*
 * Encrypted OpenSSH files: ssh-keygen takes the passphrase off a copy that
 * exists in memory only (memfd, so this file is for Linux).  It is found in
 * fixed places, gets an environment of our making and no descriptor but its
 * own, and asks for the passphrase by running this very program again as its
 * SSH_ASKPASS, which copies its standard input (a pipe, inherited) to ssh-keygen.
 * Whether it worked is read off the file, not off the exit status.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "pemkeep/base/clock.h"
#include "pemkeep/base/err.h"
#include "src/keys/keyfile_internal.h"
#include "vault/secret.h"

#define LIMIT_MS 60000
#define PASSPHRASE_MAX 1000u /* ssh-keygen reads 1,023 bytes */
#define FILE_FD 3            /* the key file, in the child */

static const char *const places[] = { "/usr/bin/ssh-keygen",
	"/usr/local/bin/ssh-keygen", "/bin/ssh-keygen" };

static const char *
find_program(void)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	return NULL;
}

/* Our own program's path, if it is still there and the same. */
static bool
find_self(char *path, size_t size)
{
	struct stat running, there;
	ssize_t len = readlink("/proc/self/exe", path, size - 1);

	if (len <= 0 || (size_t)len >= size - 1)
		return false;
	path[len] = '\0';
	return stat("/proc/self/exe", &running) == 0 &&
	    stat(path, &there) == 0 && running.st_dev == there.st_dev &&
	    running.st_ino == there.st_ino;
}

static bool
write_all(int fd, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	ssize_t n;

	while (len > 0) {
		n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

/* Overwrite what is in the file; its pages go back to the system. */
static void
wipe_file(int fd)
{
	static const uint8_t zeros[4096];
	struct stat st;
	off_t at = 0;

	if (fstat(fd, &st) != 0)
		return;
	while (at < st.st_size && pwrite(fd, zeros, sizeof(zeros), at) > 0)
		at += (off_t)sizeof(zeros);
	if (ftruncate(fd, 0) == -1)
		return; /* zeros it holds, whatever its length */
}

/* A descriptor above those that the child uses. */
static int
above(int fd)
{
	int high;

	if (fd < 0 || fd > FILE_FD)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, FILE_FD + 1);
	close(fd);
	return high;
}

static int
file_in_memory(struct key_bytes whole)
{
	int fd = above(memfd_create("key", MFD_CLOEXEC));

	if (fd < 0)
		return -1;
	if (fchmod(fd, 0600) == 0 && write_all(fd, whole.at, whole.len))
		return fd;
	wipe_file(fd);
	close(fd);
	return -1;
}

/* A pipe with the passphrase in it: it fits, so writing does not wait. */
static int
pipe_with(const struct secret *passphrase)
{
	int ends[2];
	bool ok;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	ok = write_all(
		 ends[1], secret_bytes(passphrase), secret_len(passphrase)) &&
	    write_all(ends[1], "\n", 1);
	close(ends[1]);
	if (ok)
		return above(ends[0]);
	close(ends[0]);
	return -1;
}

/* In a process group of its own, so that its askpass ends with it. */
static int
set_attributes(posix_spawnattr_t *attr)
{
	sigset_t none, standard;

	sigemptyset(&none);
	sigemptyset(&standard);
	sigaddset(&standard, SIGPIPE);
	sigaddset(&standard, SIGCHLD);
	sigaddset(&standard, SIGTERM);
	sigaddset(&standard, SIGINT);
	sigaddset(&standard, SIGHUP);
	return posix_spawnattr_setflags(attr,
		   POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
		       POSIX_SPAWN_SETSIGDEF) != 0 ||
	    posix_spawnattr_setpgroup(attr, 0) != 0 ||
	    posix_spawnattr_setsigmask(attr, &none) != 0 ||
	    posix_spawnattr_setsigdefault(attr, &standard) != 0;
}

static int
spawn(const char *program, const char *self, int file, int input, pid_t *pidp)
{
	char askpass[4096 + 16], name[32];
	char *argv[] = { "ssh-keygen", "-q", "-p", "-N", "", "-f", name, NULL };
	char *envp[] = { askpass, "SSH_ASKPASS_REQUIRE=force", "DISPLAY=:0",
		"PEMKEEP_ASKPASS=1", "PATH=/usr/bin:/usr/local/bin:/bin",
		"LC_ALL=C", NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int r;

	(void)snprintf(askpass, sizeof(askpass), "SSH_ASKPASS=%s", self);
	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", FILE_FD);
	if (posix_spawn_file_actions_init(&actions) != 0)
		return ENOMEM;
	if (posix_spawnattr_init(&attr) != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return ENOMEM;
	}
	r = set_attributes(&attr) != 0 ||
	    posix_spawn_file_actions_adddup2(&actions, input, 0) != 0 ||
	    posix_spawn_file_actions_addopen(
		&actions, 1, "/dev/null", O_WRONLY, 0) != 0 ||
	    posix_spawn_file_actions_addopen(
		&actions, 2, "/dev/null", O_WRONLY, 0) != 0 ||
	    posix_spawn_file_actions_adddup2(&actions, file, FILE_FD) != 0 ||
	    posix_spawn_file_actions_addclosefrom_np(&actions, FILE_FD + 1) !=
		0;
	r = r != 0 ? ENOMEM
		   : posix_spawn(pidp, program, &actions, &attr, argv, envp);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

/* Wait for its end; false when it had to be killed. */
static bool
wait_for(pid_t pid)
{
	const struct timespec pause = { 0, 2000000 };
	int64_t deadline = clock_ms() + LIMIT_MS;
	int status;
	pid_t done;

	for (;;) {
		done = waitpid(pid, &status, WNOHANG);
		if (done == pid || (done < 0 && errno != EINTR))
			return true;
		if (clock_ms() >= deadline)
			break;
		(void)nanosleep(&pause, NULL);
	}
	(void)kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return false;
}

/* Was the passphrase never fetched? */
static bool
unread(int input)
{
	int left = 0;

	return ioctl(input, FIONREAD, &left) == 0 && left > 0;
}

static int
run(const char *program, int file, int input, struct secret **textp,
    struct err *e)
{
	char self[4096];
	pid_t pid;
	int r;

	if (!find_self(self, sizeof(self)))
		return err_set(e, ERR_FAILED,
		    "this program was replaced while it ran: start it again");
	r = spawn(program, self, file, input, &pid);
	if (r != 0)
		return err_system(
		    e, ERR_SYSTEM, r, "'%s' cannot be started", program);
	if (!wait_for(pid))
		return err_set(e, ERR_FAILED, "'%s' took more than %d seconds",
		    program, LIMIT_MS / 1000);
	if (unread(input))
		return err_set(e, ERR_FAILED,
		    "'%s' failed before it asked for the passphrase", program);
	if (lseek(file, 0, SEEK_SET) != 0 ||
	    secret_read_fd(file, KEYFILE_MAX, textp) != 0)
		return err_system(
		    e, ERR_SYSTEM, errno, "the decrypted key cannot be read");
	return 0;
}

static bool
possible_passphrase(const struct secret *p)
{
	return secret_len(p) > 0 && secret_len(p) <= PASSPHRASE_MAX &&
	    memchr(secret_bytes(p), '\n', secret_len(p)) == NULL &&
	    memchr(secret_bytes(p), '\r', secret_len(p)) == NULL &&
	    memchr(secret_bytes(p), '\0', secret_len(p)) == NULL;
}

int
keyfile_ssh_keygen(struct key_bytes whole, const struct secret *passphrase,
    struct secret **textp, struct err *e)
{
	const char *program = find_program();
	int file = -1, input = -1, r;

	*textp = NULL;
	if (!possible_passphrase(passphrase))
		return keyfile_wrong_passphrase(e);
	if (program == NULL) {
		(void)err_set(e, ERR_UNSUPPORTED,
		    "an encrypted OpenSSH file, and no ssh-keygen here");
		err_hint(e,
		    "install OpenSSH's client, or take the passphrase "
		    "off elsewhere: ssh-keygen -p -N '' -f FILE");
		return ERR_UNSUPPORTED;
	}
	file = file_in_memory(whole);
	input = pipe_with(passphrase);
	if (file < 0 || input < 0)
		r = err_system(e, ERR_SYSTEM, errno,
		    "no memory file or pipe for ssh-keygen");
	else
		r = run(program, file, input, textp, e);
	if (file >= 0) {
		wipe_file(file);
		close(file);
	}
	if (input >= 0)
		close(input);
	return r;
}

bool
keyfile_askpass_main(int argc)
{
	const char *asked = getenv("PEMKEEP_ASKPASS");
	char bytes[PASSPHRASE_MAX + 1];
	struct stat st;
	ssize_t n;

	/* As ssh-keygen calls it: one argument, and our pipe as its input. */
	if (asked == NULL || strcmp(asked, "1") != 0 || argc != 2 ||
	    fstat(STDIN_FILENO, &st) != 0 || !S_ISFIFO(st.st_mode))
		return false;
	for (;;) {
		n = read(STDIN_FILENO, bytes, sizeof(bytes));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || !write_all(STDOUT_FILENO, bytes, (size_t)n))
			break;
	}
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return true;
}
