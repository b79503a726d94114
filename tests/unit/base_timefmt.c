/* SPDX-License-Identifier: ISC */
/* Dates at the edges of months, leap years and centuries, and against libc. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "pemkeep/base/timefmt.h"

static void
not_representable(void **state)
{
	static const uint64_t times[] = { 253402300800u, 253402300801u,
		UINT64_MAX - 1, UINT64_MAX, (uint64_t)INT64_MAX,
		(uint64_t)INT64_MAX + 1 };
	char out[21];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		memset(out, 'x', sizeof(out));
		timefmt_iso(times[i], out);
		assert_string_equal(out, "-");
	}
}

static void
known_times(void **state)
{
	static const struct {
		uint64_t time;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00Z" },
		{ 86399, "1970-01-01T23:59:59Z" },
		{ 951782399, "2000-02-28T23:59:59Z" },
		{ 951782400, "2000-02-29T00:00:00Z" },
		{ 951868800, "2000-03-01T00:00:00Z" },
		{ 1109548800, "2005-02-28T00:00:00Z" },
		{ 1109635200, "2005-03-01T00:00:00Z" },
		{ 2147483648u, "2038-01-19T03:14:08Z" },
		{ 4107542400u, "2100-03-01T00:00:00Z" },
		{ 4294967296u, "2106-02-07T06:28:16Z" },
		{ 1795248900, "2026-11-21T08:15:00Z" },
		{ 253402300799u, "9999-12-31T23:59:59Z" },
	};
	char out[21];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		timefmt_iso(cases[i].time, out);
		assert_string_equal(out, cases[i].text);
	}
}

static void
no_time(void **state)
{
	static const char *const texts[] = { "", "2026", "2026-11-21",
		"2026-11-21 08:15:00Z", "2026-11-21T08:15Z",
		"2026-11-21T08:15:00z", "2026-11-21T08:15:00ZZ",
		"2026-11-21T08:15:00 Z", "2026-13-21T08:15:00Z",
		"2026-00-21T08:15:00Z", "2026-11-31T08:15:00Z",
		"2026-11-00T08:15:00Z", "2026-02-29T08:15:00Z",
		"2100-02-29T08:15:00Z", "2026-11-21T24:00:00Z",
		"2026-11-21T08:60:00Z", "2026-11-21T08:15:61Z",
		"2026-11-21T08:15:00.Z", "2026-11-21T08:15:00.1.2Z",
		"2026-11-21T08:15:00+1", "2026-11-21T08:15:00+01:0",
		"2026-11-21T08:15:00+24:00", "2026-11-21T08:15:00+01:60",
		"2026-11-21T08:15:00+01:00Z", "2026-11-21T08:15:00GMT",
		"1969-12-31T23:59:59Z", "1970-01-01T00:59:59+01:00",
		"+026-11-21T08:15:00Z", "20261-11-21T08:15:00Z", "1795248900",
		"yesterday" };
	int64_t at;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		at = 1;
		assert_false(timefmt_parse(texts[i], &at));
		assert_int_equal(at, 0);
	}
}

static void
parsed(void **state)
{
	static const struct {
		const char *text;
		int64_t time;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01T01:00:00+01:00", 0 },
		{ "2000-02-29T00:00:00Z", 951782400 },
		{ "2026-11-21T08:15:00Z", 1795248900 },
		{ "2026-11-21T08:15:00UTC", 1795248900 },
		{ "2026-11-21T08:15:00", 1795248900 },
		{ "2026-11-21T08:15:00.000Z", 1795248900 },
		{ "2026-11-21T08:15:00.123456789+00:00", 1795248900 },
		{ "2026-11-21T17:15:00+0900", 1795248900 },
		{ "2026-11-21T03:45:00-04:30", 1795248900 },
		{ "2016-12-31T23:59:60Z", 1483228800 },
		{ "9999-12-31T23:59:59Z", 253402300799 },
	};
	int64_t at;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(timefmt_parse(cases[i].text, &at));
		assert_int_equal(at, cases[i].time);
	}
}

/* Every day to the year 9999, at another second each. */
static void
like_libc(void **state)
{
	char ours[21], theirs[64];
	struct tm tm;
	uint64_t at;
	int64_t back;
	time_t t;

	(void)state;
	if (sizeof(time_t) < 8) {
		print_message("SKIP like_libc: time_t is too narrow\n");
		skip();
	}
	for (at = 0; at < 253402300800u; at += 86400 + 61) {
		t = (time_t)at;
		assert_non_null(gmtime_r(&t, &tm));
		strftime(theirs, sizeof(theirs), "%Y-%m-%dT%H:%M:%SZ", &tm);
		timefmt_iso(at, ours);
		assert_string_equal(ours, theirs);
		assert_true(timefmt_parse(ours, &back));
		assert_int_equal(back, (int64_t)at);
	}
}

static void
durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds; /* 0: it is none */
	} cases[] = {
		{ "90", 90 },
		{ "90s", 90 },
		{ "30m", 1800 },
		{ "2h", 7200 },
		{ "3d", 259200 },
		{ "1w", 604800 },
		{ "007s", 7 },
		{ "1000000", 1000000 },
		{ "1000001", 0 },
		{ "12d", 0 },
		{ "18446744073709551615", 0 },
		{ "18446744073709551616", 0 },
		{ "99999999999999999999999h", 0 },
		{ "", 0 },
		{ "0", 0 },
		{ "0h", 0 },
		{ "h", 0 },
		{ "1y", 0 },
		{ "1hh", 0 },
		{ "1 h", 0 },
		{ " 1h", 0 },
		{ "+1h", 0 },
		{ "-1h", 0 },
		{ "1.5h", 0 },
		{ "1H", 0 },
		{ "1h\n", 0 },
	};
	uint64_t seconds;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		seconds = 1;
		assert_int_equal(
		    timefmt_duration(cases[i].text, 1000000, &seconds),
		    cases[i].seconds != 0);
		assert_int_equal(seconds, cases[i].seconds);
	}
	assert_true(
	    timefmt_duration("18446744073709551615", UINT64_MAX, &seconds));
	assert_false(timefmt_duration(
	    "307445734561825861m", UINT64_MAX, &seconds)); /* would be 44 s */
}

static void
ages(void **state)
{
	static const struct {
		int64_t since, now;
		const char *text;
	} cases[] = {
		{ 0, 1000, "-" },
		{ -5, 1000, "-" },
		{ 1000, -1, "-" },
		{ 1061, 1000, "-" },
		{ INT64_MAX, 0, "-" },
		{ 1060, 1000, "0s" },
		{ 1000, 1000, "0s" },
		{ 1000, 1059, "59s" },
		{ 1000, 1060, "1m" },
		{ 1000, 1000 + 7199, "119m" },
		{ 1000, 1000 + 7200, "2h" },
		{ 1000, 1000 + 2 * 86400 - 1, "47h" },
		{ 1000, 1000 + 2 * 86400, "2d" },
		{ 1000, 1000 + 730 * INT64_C(86400) - 1, "729d" },
		{ 1000, 1000 + 730 * INT64_C(86400), "2y" },
		{ 1, INT64_MAX, "292471208677y" },
	};
	char out[TIMEFMT_AGE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		timefmt_age(cases[i].since, cases[i].now, out);
		assert_string_equal(out, cases[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(not_representable),
		cmocka_unit_test(known_times),
		cmocka_unit_test(no_time),
		cmocka_unit_test(parsed),
		cmocka_unit_test(like_libc),
		cmocka_unit_test(durations),
		cmocka_unit_test(ages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
