/* SPDX-License-Identifier: ISC */
/*
 * Dates by arithmetic: gmtime() would take the width of time_t into it, and
 * strftime() the locale.
 */

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
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

/* 'digits' of them; -1 when there are others. */
static int64_t
number(const char **at, int digits)
{
	int64_t v = 0;

	for (; digits > 0; digits--, ++*at) {
		if (**at < '0' || **at > '9')
			return -1;
		v = 10 * v + (**at - '0');
	}
	return v;
}

static bool
passed(const char **at, char c)
{
	if (**at != c)
		return false;
	++*at;
	return true;
}

/* The inverse of put_date(); -1 when there is no such day. */
static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
	static const int lengths[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	if (year < 1970 || month < 1 || month > 12 || day < 1 ||
	    day > lengths[month - 1] || (month == 2 && day == 29 && !leap))
		return -1;
	year -= month < 3;
	month += month < 3 ? 9 : -3; /* from March */
	return 365 * year + year / 4 - year / 100 + year / 400 +
	    (153 * month + 2) / 5 + day - 1 - 719468;
}

/* Seconds to take away for the zone at the end of a time. */
static bool
zone(const char *at, int64_t *offset)
{
	int sign = *at == '-' ? -1 : 1;
	int64_t hours, minutes;

	*offset = 0;
	if (*at == '\0' || strcmp(at, "Z") == 0 || strcmp(at, "UTC") == 0)
		return true;
	if (*at != '+' && *at != '-')
		return false;
	at++;
	hours = number(&at, 2);
	if (hours < 0 || hours > 23)
		return false;
	passed(&at, ':');
	minutes = number(&at, 2);
	*offset = sign * (3600 * hours + 60 * minutes);
	return minutes >= 0 && minutes < 60 && *at == '\0';
}

/* "08:15:00", to the end of a fraction: seconds, or -1. */
static int64_t
time_of_day(const char **at)
{
	int64_t hours, minutes, seconds;

	if ((hours = number(at, 2)) < 0 || !passed(at, ':') ||
	    (minutes = number(at, 2)) < 0 || !passed(at, ':') ||
	    (seconds = number(at, 2)) < 0 || hours > 23 || minutes > 59 ||
	    seconds > 60)
		return -1;
	if (passed(at, '.'))
		do
			if (number(at, 1) < 0)
				return -1;
		while (**at >= '0' && **at <= '9');
	return 3600 * hours + 60 * minutes + seconds;
}

bool
timefmt_parse(const char *text, int64_t *unix_time)
{
	int64_t year, month, day, days, seconds, offset;

	*unix_time = 0;
	if ((year = number(&text, 4)) < 0 || !passed(&text, '-') ||
	    (month = number(&text, 2)) < 0 || !passed(&text, '-') ||
	    (day = number(&text, 2)) < 0 || !passed(&text, 'T') ||
	    (days = days_of(year, month, day)) < 0 ||
	    (seconds = time_of_day(&text)) < 0 || !zone(text, &offset) ||
	    days * DAY + seconds < offset)
		return false;
	*unix_time = days * DAY + seconds - offset;
	return true;
}

bool
timefmt_duration(const char *text, uint64_t most, uint64_t *seconds)
{
	static const struct {
		char letter;
		uint64_t seconds;
	} units[] = {
		{ 's', 1 },
		{ 'm', 60 },
		{ 'h', 3600 },
		{ 'd', DAY },
		{ 'w', 7 * (uint64_t)DAY },
	};
	uint64_t n = 0, unit = 1;

	*seconds = 0;
	for (; *text >= '0' && *text <= '9'; text++) {
		unsigned digit = (unsigned)(*text - '0');

		if (n > (UINT64_MAX - digit) / 10)
			return false;
		n = 10 * n + digit;
	}
	if (*text != '\0') {
		unit = 0;
		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
			if (units[i].letter == *text)
				unit = units[i].seconds;
		if (unit == 0 || text[1] != '\0')
			return false;
	}
	if (n == 0 || n > most / unit)
		return false;
	*seconds = n * unit;
	return true;
}

void
timefmt_age(int64_t since, int64_t now, char out[TIMEFMT_AGE])
{
	/* Each unit goes on for so long that it is never far from the truth. */
	static const struct {
		int64_t seconds, until;
		char letter;
	} units[] = {
		{ 1, 60, 's' },
		{ 60, 2 * 3600, 'm' },
		{ 3600, 2 * (int64_t)DAY, 'h' },
		{ DAY, 730 * (int64_t)DAY, 'd' },
		{ 365 * (int64_t)DAY, INT64_MAX, 'y' },
	};
	int64_t age;
	size_t i = 0;

	if (since <= 0 || now < 0 || since - 60 > now) {
		memcpy(out, "-", 2);
		return;
	}
	age = now > since ? now - since : 0;
	while (age >= units[i].until)
		i++;
	snprintf(out, TIMEFMT_AGE, "%" PRId64 "%c", age / units[i].seconds,
	    units[i].letter);
}
