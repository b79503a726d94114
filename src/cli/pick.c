/* SPDX-License-Identifier: ISC */

/*
 * One of several instances.  What stands in their tags is escaped before anybody
 * shows it, and what comes back is a number of ours: a tag cannot choose.  fzf is
 * executed without a shell and without the options of the environment, which
 * could make it run programs with the text of tags in their arguments.
 */

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pemkeep/agent/question.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/table.h"
#include "pemkeep/base/timefmt.h"
#include "pemkeep/inventory/target.h"
#include "vault/secret.h"

#include "src/cli/cli.h"
#include "src/cli/cloud.h"

#define COLUMNS 7
#define TRIES 3

extern char **environ;

/* "3", or 0 for what is no number of a candidate. */
static size_t
read_number(const char *text, size_t len, size_t most)
{
	size_t n = 0, at = 0;

	while (at < len && text[at] == ' ')
		at++;
	if (at == len)
		return 0;
	for (; at < len && text[at] >= '0' && text[at] <= '9' && n <= most;
	     at++)
		n = n * 10 + (size_t)(text[at] - '0');
	for (; at < len; at++)
		if (text[at] != ' ')
			return 0;
	return n <= most ? n : 0;
}

/* Of a row of ours: the number, two blanks, and what is not ours. */
static size_t
number_of_line(const char *line, size_t most)
{
	size_t len = strspn(line, " 0123456789");

	return len > 0 && line[len - 1] == ' ' ? read_number(line, len, most)
					       : 0;
}

static void
put_candidate(struct table *t, const struct target_instance *i, size_t number)
{
	struct buf where = BUF_INIT;
	char text[24], age[TIMEFMT_AGE];

	if (number > 0) {
		snprintf(text, sizeof(text), "%zu", number);
		table_cell(t, text);
	}
	buf_printf(&where, "%s/%s", i->profile, i->region);
	timefmt_age(i->launched, (int64_t)time(NULL), age);
	table_cell(t, i->id);
	table_cell(t, i->name);
	table_cell(t, i->state);
	table_cell(t, i->zone);
	table_cell(t, buf_text(&where));
	table_cell(t, age);
	buf_free(&where);
}

static bool
put_candidates(struct buf *b, const struct target *t, bool numbers)
{
	static const char *const titles[COLUMNS] = { "", "ID", "NAME", "STATE",
		"ZONE", "PROFILE/REGION", "AGE" };
	struct table *table = table_new(numbers ? COLUMNS : COLUMNS - 1);
	bool done;

	for (size_t i = numbers ? 0 : 1; i < COLUMNS; i++)
		table_cell(table, titles[i]);
	table_align_right(table, numbers ? COLUMNS - 1 : COLUMNS - 2);
	if (numbers)
		table_align_right(table, 0);
	for (size_t i = 0; i < t->candidate_count; i++)
		put_candidate(table, &t->candidates[i], numbers ? i + 1 : 0);
	done = table_put(b, table);
	table_free(table);
	return done;
}

void
pick_show(const struct target *t)
{
	struct buf b = BUF_INIT;

	if (put_candidates(&b, t, false))
		out_talk(buf_text(&b));
	buf_free(&b);
}

/* Without what would make fzf do more than show lines. */
static char **
clean_environment(void)
{
	size_t count = 0, kept = 0;
	char **list;

	while (environ[count] != NULL)
		count++;
	if ((list = calloc(count + 1, sizeof(*list))) == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (strncmp(environ[i], "FZF_", 4) != 0)
			list[kept++] = environ[i];
	return list;
}

static int
spawn_fzf(int input, int output, pid_t *pid)
{
	static const char *const argv[] = { "fzf", "--no-multi", "--no-mouse",
		"--reverse", "--height=40%", "--header-lines=1",
		"--prompt=which one? ", NULL };
	posix_spawn_file_actions_t actions;
	char **clean = clean_environment();
	int r;

	if (clean == NULL || posix_spawn_file_actions_init(&actions) != 0) {
		free(clean);
		return ENOMEM;
	}
	r = posix_spawn_file_actions_adddup2(&actions, input, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, output, 1);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(
		    &actions, 2, "/dev/tty", O_RDWR, 0);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	if (r == 0)
		r = posix_spawnp(pid, argv[0], &actions, NULL,
		    (char *const *)(uintptr_t)argv, clean);
	posix_spawn_file_actions_destroy(&actions);
	free(clean);
	return r;
}

/* What fzf wrote; the exit status, or -1. */
static int
read_fzf(int fd, pid_t pid, struct buf *answer)
{
	uint8_t part[512];
	ssize_t n;
	int status;

	while ((n = read(fd, part, sizeof(part))) > 0 ||
	    (n == -1 && errno == EINTR))
		if (n > 0)
			buf_put(answer, part, (size_t)n);
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool
fzf_possible(void)
{
	const char *term = getenv("TERM");

	return term != NULL && *term != '\0' && strcmp(term, "dumb") != 0;
}

/* A file in memory, which no pipe can stop. */
static int
open_lines(struct buf *lines)
{
	int fd = memfd_create("candidates", MFD_CLOEXEC);

	if (fd == -1)
		return -1;
	if (write(fd, lines->data, lines->len) == (ssize_t)lines->len &&
	    lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	close(fd);
	return -1;
}

static int
nothing_chosen(struct err *e)
{
	return err_set(e, ERR_INTERRUPTED, "nothing was chosen");
}

/* 1: there is no fzf here, or it does not work. */
static int
pick_with_fzf(const struct target *t, size_t *index, struct err *e)
{
	struct buf lines = BUF_INIT, answer = BUF_INIT;
	int ends[2] = { -1, -1 }, input = -1, status = 2;
	size_t number;
	pid_t pid;

	if (fzf_possible() && put_candidates(&lines, t, true) &&
	    (input = open_lines(&lines)) != -1 && pipe2(ends, O_CLOEXEC) == 0 &&
	    spawn_fzf(input, ends[1], &pid) == 0) {
		close(ends[1]);
		ends[1] = -1;
		status = read_fzf(ends[0], pid, &answer);
	}
	if (input != -1)
		close(input);
	for (int i = 0; i < 2; i++)
		if (ends[i] != -1)
			close(ends[i]);
	number = number_of_line(buf_text(&answer), t->candidate_count);
	buf_free(&lines);
	buf_free(&answer);
	if (status == 1 || status == 130)
		return nothing_chosen(e);
	if (status != 0 || number == 0)
		return 1;
	*index = number - 1;
	return 0;
}

static int
pick_from_list(const struct target *t, size_t *index, struct err *e)
{
	struct secret *typed = secret_new(64);
	struct buf prompt = BUF_INIT;
	size_t number = 0;
	int r = 0;

	if (typed == NULL || !put_candidates(&prompt, t, true))
		r = err_set(e, ERR_NOMEM, "out of memory");
	buf_printf(&prompt, "which one (1-%zu)? ", t->candidate_count);
	for (int i = 0; i < TRIES && r == 0 && number == 0; i++) {
		out_progress_end();
		r = question_ask(buf_text(&prompt), true, typed, e);
		if (r != 0)
			break;
		if (secret_len(typed) == 0)
			r = nothing_chosen(e);
		number = read_number((const char *)secret_bytes(typed),
		    secret_len(typed), t->candidate_count);
		buf_clear(&prompt);
		buf_printf(
		    &prompt, "a number from 1 to %zu: ", t->candidate_count);
	}
	secret_free(typed);
	buf_free(&prompt);
	if (r == ERR_LOCKED || (r == 0 && number == 0))
		r = nothing_chosen(e);
	*index = number - 1;
	return r;
}

static bool
terminal_there(void)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd == -1)
		return false;
	close(fd);
	return true;
}

int
pick_one(
    const struct cli *cli, const struct target *t, size_t *index, struct err *e)
{
	int r;

	*index = 0;
	if (option_on(cli, "no-input") || t->candidate_count == 0 ||
	    !terminal_there())
		return ERR_AMBIGUOUS;
	if ((r = pick_with_fzf(t, index, e)) == 1)
		r = pick_from_list(t, index, e);
	return r;
}
