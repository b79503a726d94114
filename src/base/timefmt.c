/* SPDX-License-Identifier: ISC */
/*
 * Dates by arithmetic: gmtime() would take the width of time_t into it, and
 * strftime() the locale.
 */

#include <string.h>

#include "pemkeep/base/timefmt.h"

#define DAY 86400u
#define YEAR_10000 253402300800u /* seconds: 10000-01-01T00:00:00Z */

static void
put_number(char *out, unsigned v, int digits)
{
	while (digits-- > 0) {
		out[digits] = (char)('0' + v % 10);
		v /= 10;
	}
}

/*
 * Days since 1970-01-01 to a date.  Years are counted from 1 March, so that the
 * day that comes and goes is the last one; 146097 days are 400 years.
 */
static void
put_date(char *out, unsigned days)
{
	unsigned era, year, month;

	days += 719468; /* from 0000-03-01 */
	era = days / 146097;
	days %= 146097;
	year = (days - days / 1460 + days / 36524 - days / 146096) / 365;
	days -= 365 * year + year / 4 - year / 100;
	month = (5 * days + 2) / 153;
	days -= (153 * month + 2) / 5;
	year += 400 * era + (month >= 10);
	put_number(out, year, 4);
	put_number(out + 5, month < 10 ? month + 3 : month - 9, 2);
	put_number(out + 8, days + 1, 2);
}

void
timefmt_iso(uint64_t unix_time, char out[21])
{
	unsigned second;

	if (unix_time >= YEAR_10000) {
		memcpy(out, "-", 2);
		return;
	}
	memcpy(out, "0000-00-00T00:00:00Z", 21);
	put_date(out, (unsigned)(unix_time / DAY));
	second = (unsigned)(unix_time % DAY);
	put_number(out + 11, second / 3600, 2);
	put_number(out + 14, second / 60 % 60, 2);
	put_number(out + 17, second % 60, 2);
}
