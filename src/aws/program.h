/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AWS_PROGRAM_H
#define PEMKEEP_SRC_AWS_PROGRAM_H

/*
 * Run a program without a shell and keep what it prints.  It has our standard
 * input and environment, and no other descriptor of ours.
 */

#include <stdbool.h>

#include "pemkeep/base/buf.h"

#define PROGRAM_OUTPUT_MAX 0x10000u /* bytes: 64 KiB */

enum program_end {
	PROGRAM_DONE,        /* exit status 0 */
	PROGRAM_FAILED,      /* 'status': another one */
	PROGRAM_KILLED,      /* 'status': the signal */
	PROGRAM_NOT_STARTED, /* 'status': errno */
	PROGRAM_TOO_LONG,
	PROGRAM_TOO_MUCH,
	PROGRAM_INTERRUPTED
};

struct program {
	char *const *argv; /* the first is looked for in PATH */
	unsigned limit_ms;
	bool (*interrupted)(void *arg); /* NULL, or asked some times a second */
	void *arg;

	enum program_end end;
	int status;
	struct buf output; /* the caller wipes and frees it */
	char said[300];    /* the end of standard error, its lines joined */
};

void program_run(struct program *p);

#endif
