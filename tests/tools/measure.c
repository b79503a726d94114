/* SPDX-License-Identifier: ISC */

/*
 * What a command takes, for scenarios.  Not installed.
 *
 *	measure COMMAND...
 *
 * Prints "status=N seconds=N.N rss=KIB cpu=N.N", and then what the command wrote
 * to standard output and error.  Own code, because a child's peak memory begins
 * with that of the process that forked it: here that is small.
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
seconds_of(const struct timeval *tv)
{
	return (double)tv->tv_sec + (double)tv->tv_usec / 1e6;
}

static double
now(void)
{
	struct timespec ts = { 0, 0 };

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
copy(FILE *from)
{
	int c;

	rewind(from);
	while ((c = getc(from)) != EOF)
		putchar(c);
}

int
main(int argc, char **argv)
{
	FILE *written = tmpfile();
	double began = now();
	struct rusage used;
	int status;
	pid_t pid;

	if (argc < 2 || written == NULL || (pid = fork()) == -1)
		return 1;
	if (pid == 0) {
		if (dup2(fileno(written), STDOUT_FILENO) != -1 &&
		    dup2(fileno(written), STDERR_FILENO) != -1)
			execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (wait4(pid, &status, 0, &used) != pid)
		return 1;
	printf("status=%d seconds=%.1f rss=%ld cpu=%.1f\n",
	    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
	    now() - began, used.ru_maxrss,
	    seconds_of(&used.ru_utime) + seconds_of(&used.ru_stime));
	copy(written);
	fclose(written);
	return 0;
}
