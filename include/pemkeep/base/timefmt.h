/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_BASE_TIMEFMT_H
#define PEMKEEP_BASE_TIMEFMT_H

#include <stdint.h>

/*
 * Unix time in seconds as ISO 8601 in UTC, "2026-11-21T08:15:00Z"; "-" for what
 * is not representable (beyond the year 9999).
 */
void timefmt_iso(uint64_t unix_time, char out[21]);

#endif
