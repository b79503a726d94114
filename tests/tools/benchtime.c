/* SPDX-License-Identifier: ISC */

/*
 * Commands measured against each other, for tests/bench/.  Not installed.
 *
 *	benchtime ROUNDS COMMAND... [::: COMMAND...]...
 *
 * Each round runs every command once, so that what else the machine does hits
 * all of them alike.  "{}" in an argument becomes the number of the round.  What
 * a command prints is thrown away; one that fails ends it all.  A line for each
 * command: median, least and greatest of the wall time, median of the processor
 * time, in milliseconds; peak memory in KiB.
 *
 * Own code, because a child's peak memory begins with that of the process that
 * forked it: here that is small.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX 16
#define ROUNDS_MAX 10000
#define ARGS_MAX 64

struct series {
	char **argv;        /* ended by NULL */
	double *wall, *cpu; /* ms, one for each round */
	long peak;          /* KiB */
};

static double
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static double
ms_of(const struct timeval *tv)
{
	return (double)tv->tv_sec * 1e3 + (double)tv->tv_usec / 1e3;
}

/* In the child. */
static void
become(char *const *argv, int round)
{
	char *filled[ARGS_MAX + 1] = { NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (size_t i = 0; argv[i] != NULL && i < ARGS_MAX; i++) {
		char *hole = strstr(argv[i], "{}");

		filled[i] = argv[i];
		if (hole != NULL &&
		    asprintf(&filled[i], "%.*s%d%s", (int)(hole - argv[i]),
			argv[i], round, hole + 2) == -1)
			_exit(127);
	}
	if (null == -1 || dup2(null, 0) == -1 || dup2(null, 1) == -1)
		_exit(127);
	/* Errors are of interest once the command has failed, not before. */
	execvp(filled[0], filled);
	dprintf(2, "benchtime: %s: %s\n", filled[0], strerror(errno));
	_exit(127);
}

static int
run_once(struct series *s, int round)
{
	struct rusage used;
	double began;
	int status;
	pid_t pid;

	began = now_ms();
	if ((pid = fork()) == 0)
		become(s->argv, round);
	if (pid == -1 || wait4(pid, &status, 0, &used) != pid)
		return -1;
	s->wall[round - 1] = now_ms() - began;
	s->cpu[round - 1] = ms_of(&used.ru_utime) + ms_of(&used.ru_stime);
	if (used.ru_maxrss > s->peak)
		s->peak = used.ru_maxrss;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	fprintf(stderr, "benchtime: '%s %s' has failed in round %d\n",
	    s->argv[0], s->argv[1] != NULL ? s->argv[1] : "", round);
	return -1;
}

static int
ascending(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static double
median(double *list, int count)
{
	qsort(list, (size_t)count, sizeof(*list), ascending);
	return count % 2 != 0 ? list[count / 2]
			      : (list[count / 2 - 1] + list[count / 2]) / 2;
}

/* Split at ":::"; how many, or 0. */
static int
split(struct series *list, char **argv, int rounds)
{
	int count = 0;

	for (char **at = argv; *at != NULL; at++) {
		struct series *s = &list[count];

		if (count == COMMANDS_MAX)
			return 0;
		s->argv = at;
		s->wall = calloc((size_t)rounds, sizeof(double));
		s->cpu = calloc((size_t)rounds, sizeof(double));
		if (s->wall == NULL || s->cpu == NULL)
			return 0;
		while (*at != NULL && strcmp(*at, ":::") != 0)
			at++;
		if (at == s->argv || at - s->argv > ARGS_MAX)
			return 0;
		count++;
		if (*at == NULL)
			break;
		*at = NULL;
	}
	return count;
}

int
main(int argc, char **argv)
{
	struct series list[COMMANDS_MAX] = { 0 };
	int rounds, count = 0;

	rounds = argc > 2 ? atoi(argv[1]) : 0;
	if (rounds > 0 && rounds <= ROUNDS_MAX)
		count = split(list, argv + 2, rounds);
	if (count == 0) {
		fputs(
		    "usage: benchtime ROUNDS COMMAND... [::: COMMAND...]...\n",
		    stderr);
		return 2;
	}
	for (int round = 1; round <= rounds; round++)
		for (int i = 0; i < count; i++)
			if (run_once(&list[i], round) != 0)
				return 1;
	for (int i = 0; i < count; i++) {
		double mid = median(list[i].wall, rounds);

		printf("%.2f %.2f %.2f %.2f %ld\n", mid, list[i].wall[0],
		    list[i].wall[rounds - 1], median(list[i].cpu, rounds),
		    list[i].peak);
		free(list[i].wall);
		free(list[i].cpu);
	}
	return 0;
}
