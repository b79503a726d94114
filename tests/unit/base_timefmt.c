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

/* Every day to the year 9999, at another second each. */
static void
like_libc(void **state)
{
	char ours[21], theirs[64];
	struct tm tm;
	uint64_t at;
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
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(not_representable),
		cmocka_unit_test(known_times),
		cmocka_unit_test(like_libc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
