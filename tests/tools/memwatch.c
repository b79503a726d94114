/* SPDX-License-Identifier: ISC */
/*
 * memwatch FILE... -- COMMAND...: run the command, and look into its memory (not
 * into that of its children) before and after every system call: was the content
 * of a file ever there?  A line for each as memscan prints it, then "stops N" and
 * "exit N".  The command's output goes to stderr.
 */

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scan.h"

static void
die(const char *what)
{
	perror(what);
	exit(2);
}

static pid_t
start(char **argv)
{
	pid_t pid = fork();

	if (pid == -1)
		die("fork");
	if (pid == 0) {
		if (dup2(STDERR_FILENO, STDOUT_FILENO) == -1 ||
		    ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1)
			die("ptrace");
		raise(SIGSTOP);
		execvp(argv[0], argv);
		die(argv[0]);
	}
	return pid;
}

/* What it is stopped by; -1 when it has ended. */
static int
stopped_by(pid_t pid, int *status)
{
	while (waitpid(pid, status, 0) == -1)
		if (errno != EINTR)
			die("waitpid");
	return WIFSTOPPED(*status) ? *status >> 8 : -1;
}

struct eyes {
	int mem;
	FILE *smaps;
};

/* While it may still be looked at; it may forbid that later. */
static void
open_eyes(struct eyes *eyes, pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/mem", (long)pid);
	if ((eyes->mem = open(path, O_RDONLY)) == -1)
		die(path);
	snprintf(path, sizeof(path), "/proc/%ld/smaps", (long)pid);
	if ((eyes->smaps = fopen(path, "r")) == NULL)
		die(path);
}

static unsigned long
watch(struct scan *s, pid_t pid, int *status)
{
	struct eyes eyes = { -1, NULL };
	unsigned long stops = 0;
	int by, pass = 0;

	if (stopped_by(pid, status) == -1 ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL,
		PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC |
		    PTRACE_O_EXITKILL) == -1)
		die("ptrace");
	for (;;) {
		if (ptrace(PTRACE_SYSCALL, pid, NULL, pass) == -1)
			die("ptrace");
		if ((by = stopped_by(pid, status)) == -1)
			break;
		pass = 0;
		if (by == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
			if (eyes.smaps != NULL)
				fclose(eyes.smaps);
			if (eyes.mem != -1)
				close(eyes.mem);
			open_eyes(&eyes, pid);
		} else if (by != (SIGTRAP | 0x80)) {
			pass = by & 0xff; /* a signal */
		} else if (eyes.smaps != NULL &&
		    scan_process(s, eyes.mem, eyes.smaps, true) > 0) {
			stops++;
		}
	}
	return stops;
}

int
main(int argc, char **argv)
{
	static struct scan s;
	unsigned long stops;
	int at = 1, status;

	for (; at < argc && strcmp(argv[at], "--") != 0; at++)
		if (!scan_load(&s, argv[at]))
			die(argv[at]);
	if (at + 1 >= argc)
		return 2;
	stops = watch(&s, start(argv + at + 1), &status);
	scan_print(&s);
	printf("stops %lu\nexit %d\n", stops,
	    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}
