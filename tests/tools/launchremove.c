/* SPDX-License-Identifier: ISC */
/*
 * What a launch has made, removed from the command line:
 *
 *	launchremove [-p PROFILE] [-w MILLISECONDS] [-i PAUSES] REGION UUID [KIND:ID[:fresh]]...
 *
 * KIND is a number of enum remove_kind.  Without any, what carries the tag is
 * found first.  -w is the patience for each; -i is interrupted in the pause of
 * that number.  A line for each thing; the exit status is that of the program.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pemkeep/aws/call.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/launch/remove.h"

struct state {
	unsigned pauses, interrupt;
};

static int
on_pause(void *arg, const char *what, unsigned ms, struct err *e)
{
	struct state *s = arg;

	s->pauses++;
	if (s->pauses == 1)
		printf("pause\t%s\n", what);
	if (s->pauses == s->interrupt)
		return err_set(e, ERR_INTERRUPTED, "interrupted");
	(void)nanosleep(
	    &(struct timespec){ ms / 1000, (long)(ms % 1000) * 1000000 }, NULL);
	return 0;
}

static void
on_tell(void *arg, const struct remove_thing *t, enum remove_fate fate,
    const struct err *why)
{
	static const char *const fates[] = { "removed", "gone", "left",
		"failed" };
	struct buf b = BUF_INIT;

	(void)arg;
	remove_describe(t, &b);
	printf("%s\t%s\t%s\n", fates[fate], buf_text(&b),
	    why != NULL ? why->text : "");
	buf_free(&b);
}

static int
add(struct remove_list *list, const char *text, struct err *e)
{
	char id[64] = "";

	(void)sscanf(text + 2, "%63[^:]", id);
	return remove_add(list, (enum remove_kind)(text[0] - '0'), id, "",
	    strstr(text, ":fresh") != NULL, e);
}

int
main(int argc, char **argv)
{
	struct aws_options options = { .user_agent = "test" };
	struct state s = { 0, 0 };
	struct remove_job job = {
		.pause = on_pause, .tell = on_tell, .arg = &s
	};
	struct remove_list list = REMOVE_LIST_INIT;
	struct err e = { ERR_OK, "", "" };
	int option, r = 0;

	while ((option = getopt(argc, argv, "p:w:i:")) != -1)
		switch (option) {
		case 'p':
			job.profile = optarg;
			break;
		case 'w':
			job.patience = (unsigned)atoi(optarg);
			break;
		case 'i':
			s.interrupt = (unsigned)atoi(optarg);
			break;
		default:
			return 2;
		}
	if (argc - optind < 2)
		return 2;
	job.region = argv[optind];
	job.launch = argv[optind + 1];
	job.aws = aws_new(&options);
	for (int i = optind + 2; i < argc && r == 0; i++)
		r = add(&list, argv[i], &e);
	if (optind + 2 == argc)
		r = remove_find(&job, &list, &e);
	if (r == 0)
		r = remove_run(&job, &list, &e);
	if (r != 0)
		printf("error\t%s\n", e.text);
	remove_clear(&list);
	aws_free(job.aws);
	return err_exit_status(e.code);
}
