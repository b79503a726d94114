/* SPDX-License-Identifier: ISC */
/*
 * memscan PID FILE...: how often the content of each file occurs in the memory
 * of a process.  For each a line: the file's name, occurrences in memory that is
 * locked (where secrets may be) and elsewhere (where they may not).  Exit status 2
 * when the process cannot be read.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "scan.h"

static void
die(const char *what)
{
	perror(what);
	exit(2);
}

int
main(int argc, char **argv)
{
	static struct scan s;
	char path[64];
	FILE *maps;
	int mem;

	if (argc < 3)
		return 2;
	for (int i = 2; i < argc; i++)
		if (!scan_load(&s, argv[i]))
			die(argv[i]);
	snprintf(path, sizeof(path), "/proc/%s/mem", argv[1]);
	if ((mem = open(path, O_RDONLY)) == -1)
		die(path);
	snprintf(path, sizeof(path), "/proc/%s/smaps", argv[1]);
	if ((maps = fopen(path, "r")) == NULL)
		die(path);
	if (scan_process(&s, mem, maps, false) == 0)
		die("no memory was read");
	scan_print(&s);
	return 0;
}
