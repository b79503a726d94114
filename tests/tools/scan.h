/* SPDX-License-Identifier: ISC */
#ifndef TESTS_TOOLS_SCAN_H
#define TESTS_TOOLS_SCAN_H

/* Looking for bytes in the memory of another process. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SCAN_NEEDLES 64
#define SCAN_LEN 4096

struct scan {
	struct needle {
		const char *name;
		uint8_t bytes[SCAN_LEN];
		size_t len;
		unsigned long found[2]; /* elsewhere, in locked memory */
	} needles[2 * SCAN_NEEDLES];    /* each as it is, and reversed */
	size_t count;
	uint64_t first[65536 / 64]; /* two bytes that one of them begins with */
};

/* Load a needle from a file; false when that fails or it is too short. */
bool scan_load(struct scan *s, const char *path);

/* Search this. */
void scan_bytes(struct scan *s, const uint8_t *bytes, size_t len, bool locked);

/*
 * Search the memory that /proc/PID/mem and /proc/PID/smaps show; 'own': only what
 * the process can write to.  How many bytes that were.
 */
size_t scan_process(struct scan *s, int mem, FILE *smaps, bool own);

/* A line for each file: its name, found in locked memory, and elsewhere. */
void scan_print(const struct scan *s);

#endif
