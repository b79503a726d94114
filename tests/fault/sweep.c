/* SPDX-License-Identifier: ISC */

/*
 * Running many cases.  The file is opened for writing once and changed in
 * place: making a new one for each of 90,000 cases would take longer than
 * judging it.
 */

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vault/secret.h"

#include "sweep.h"

/* In memory, where there is such a place: it is a million system calls. */
static void
make_dir(char dir[SCENE_PATH])
{
	const char *base = getenv("FAULT_TMP");

	if (base == NULL && access("/dev/shm", W_OK) == 0)
		base = "/dev/shm";
	if (base == NULL)
		base = getenv("TMPDIR");
	snprintf(
	    dir, SCENE_PATH, "%s/flip.XXXXXX", base == NULL ? "/tmp" : base);
	if (mkdtemp(dir) == NULL)
		scene_die("%s: %s", dir, strerror(errno));
}

void
sweep_prepare(struct worker workers[WORKERS], const struct images *images,
    char dir[SCENE_PATH])
{
	struct tally *tallies;
	char path[SCENE_PATH];
	int i;

	make_dir(dir);
	tallies = mmap(NULL, WORKERS * sizeof(*tallies), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tallies == MAP_FAILED)
		scene_die("mmap: %s", strerror(errno));
	for (i = 0; i < WORKERS; i++) {
		snprintf(path, sizeof(path), "%.500s/%d", dir, i);
		scene_init(&workers[i].s, path);
		scene_path(&workers[i].s, "v", path);
		if (mkdir(workers[i].s.dir, 0700) == -1 ||
		    mkdir(path, 0700) == -1)
			scene_die("%s: %s", path, strerror(errno));
		workers[i].images = images;
		workers[i].tally = &tallies[i];
	}
}

void
sweep_clean(const char *dir, struct worker workers[WORKERS])
{
	char path[SCENE_PATH];
	int i;

	for (i = 0; i < WORKERS; i++) {
		unlink(workers[i].s.vault);
		scene_path(&workers[i].s, "v", path);
		rmdir(path);
		rmdir(workers[i].s.dir);
	}
	rmdir(dir);
}

void
sweep_put(struct worker *w, const uint8_t *data, size_t len, size_t at)
{
	if (pwrite(w->fd, data, len, (off_t)at) != (ssize_t)len)
		scene_die("pwrite: %s", strerror(errno));
}

void
sweep_put_whole(struct worker *w, const uint8_t *data, size_t len)
{
	if (ftruncate(w->fd, (off_t)len) == -1)
		scene_die("ftruncate: %s", strerror(errno));
	sweep_put(w, data, len, 0);
}

void
sweep_wrong(
    struct worker *w, size_t i, const char *what, int code, unsigned rule)
{
	if (w->tally->wrong++ < 5)
		printf("# %s, case %zu: %s: %s, rule %u\n", w->sweep, i, what,
		    scene_code(code), rule);
}

/* Each worker has its own file and takes every WORKERSth case. */
static void
work(struct worker *w, const struct sweep *sweep, size_t first)
{
	const struct image *m = &w->images->small;
	size_t i, count = sweep->count(w->images);

	scene_write(w->s.vault, "", 0, 0600);
	w->fd = open(w->s.vault, O_RDWR | O_CLOEXEC);
	w->pass = scene_pass("old");
	w->scratch = malloc(m->len + 256);
	if (w->fd == -1 || w->scratch == NULL || fchmod(w->fd, 0400) == -1)
		scene_die("%s: %s", w->s.vault, strerror(errno));
	sweep_put_whole(w, m->data, m->len);
	for (i = first; i < count; i += WORKERS)
		sweep->run(w, i);
	close(w->fd);
	free(w->scratch);
	secret_free(w->pass);
}

static void
add_up(struct tally *sum, const struct tally *t)
{
	size_t i;

	sum->cases += t->cases;
	sum->wrong += t->wrong;
	sum->skipped += t->skipped;
	for (i = 0; i < CODES; i++)
		sum->code[i] += t->code[i];
}

static void
print(const char *name, const struct tally *t, double seconds)
{
	size_t i;

	printf("%s - %s: %ld cases, %ld wrong\n",
	    t->wrong == 0 ? "ok" : "not ok", name, t->cases, t->wrong);
	printf("#");
	for (i = 0; i < CODES; i++)
		if (t->code[i] > 0)
			printf(" %s %ld,", scene_code(-(int)i), t->code[i]);
	if (t->skipped > 0)
		printf(" %ld left out (costly, but legal),", t->skipped);
	printf(" %.1f s\n", seconds);
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* One sweep, shared among the workers; true when nothing was wrong. */
bool
sweep_run(const struct sweep *sweep, struct worker workers[WORKERS])
{
	struct tally sum = { 0 };
	double began = now();
	pid_t pids[WORKERS];
	int i, status;

	fflush(stdout);
	for (i = 0; i < WORKERS; i++) {
		memset(workers[i].tally, 0, sizeof(struct tally));
		workers[i].sweep = sweep->name;
		if ((pids[i] = fork()) == -1)
			scene_die("fork: %s", strerror(errno));
		if (pids[i] == 0) {
			work(&workers[i], sweep, (size_t)i);
			fflush(stdout);
			_exit(0);
		}
	}
	for (i = 0; i < WORKERS; i++) {
		if (waitpid(pids[i], &status, 0) != pids[i] || status != 0) {
			printf("# %s: a worker ended with %#x\n", sweep->name,
			    (unsigned)status);
			sum.wrong++;
		}
		add_up(&sum, workers[i].tally);
	}
	if ((size_t)(sum.cases + sum.skipped) !=
	    sweep->count(workers[0].images)) {
		printf("# %s: not all cases were run\n", sweep->name);
		sum.wrong++;
	}
	print(sweep->name, &sum, now() - began);
	return sum.wrong == 0;
}
