/* SPDX-License-Identifier: ISC */

/* Linux's ways to know a peer, a clock that counts sleep, and ourselves. */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "src/agent/system.h"

bool
system_peer_is_us(int fd, pid_t *pid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	*pid = 0;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1 ||
	    len != sizeof(peer))
		return false;
	*pid = peer.pid;
	return peer.uid == geteuid();
}

void
system_program(pid_t pid, char *name, size_t size)
{
	char path[64];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/comm", (long)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) != -1) {
		n = read(fd, name, size - 1);
		close(fd);
	}
	name[n > 0 ? n : 0] = '\0';
	name[strcspn(name, "\n")] = '\0';
}

uint64_t
system_now_ms(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_BOOTTIME, &ts) == -1)
		return 0;
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

const char *
system_self(void)
{
	return "/proc/self/exe";
}

void
system_detach(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)setsid(); /* fails where we lead one already */
	if (chdir("/") == -1)
		return; /* then a file system stays busy, no more */
	for (int fd = 0; null != -1 && fd <= 2; fd++)
		(void)dup2(null, fd);
	if (null > 2)
		close(null);
}

void
system_end_with_parent(int signo)
{
	(void)prctl(PR_SET_PDEATHSIG, signo, 0, 0, 0);
}

void
system_close_from(int first)
{
	closefrom(first);
}
