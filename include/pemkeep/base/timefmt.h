/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_BASE_TIMEFMT_H
#define PEMKEEP_BASE_TIMEFMT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Unix time in seconds as ISO 8601 in UTC, "2026-11-21T08:15:00Z"; "-" for what
 * is not representable (beyond the year 9999).
 */
void timefmt_iso(uint64_t unix_time, char out[21]);

/*
 * The other way, for what AWS and its tools write: "2026-11-21T08:15:00", with
 * or without a fraction (which is dropped), and then "Z", "UTC", an offset
 * ("+00:00", "+0000"), or nothing for UTC.  False, with *unix_time 0, for all
 * else, and for what is before 1970.
 */
bool timefmt_parse(const char *text, int64_t *unix_time);

/*
 * A length of time as people write it: "90" and "90s", "30m", "8h", "2d", "3w".
 * False, with *seconds 0, for all else, also for none at all, and for more than
 * 'most'.
 */
bool timefmt_duration(const char *text, uint64_t most, uint64_t *seconds);

#define TIMEFMT_AGE 24 /* bytes */

/*
 * How long ago, in one number: "59s", "119m", "47h", "729d", "3y"; "-" for a time
 * that is not known (0) or lies ahead by more than a minute.
 */
void timefmt_age(int64_t since, int64_t now, char out[TIMEFMT_AGE]);

#endif
