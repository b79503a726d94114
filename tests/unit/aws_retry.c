/* SPDX-License-Identifier: ISC */
/* What is tried again, after how long, and how often while nothing works. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "src/aws/retry.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
kinds(void **state)
{
	static const struct {
		unsigned status;
		const char *code;
		enum retry_kind kind;
	} cases[] = {
		{ 0, "", RETRY_NO },
		{ 200, "", RETRY_NO },
		{ 301, "", RETRY_NO },
		{ 400, "InvalidParameterValue", RETRY_NO },
		{ 401, "AuthFailure", RETRY_NO },
		{ 403, "UnauthorizedOperation", RETRY_NO },
		{ 404, "", RETRY_NO },
		{ 412, "DryRunOperation", RETRY_NO },
		{ 501, "", RETRY_NO },
		{ 505, "", RETRY_NO },
		{ 500, "InsufficientInstanceCapacity", RETRY_NO },
		{ 503, "InsufficientAddressCapacity", RETRY_NO },
		{ 500, "", RETRY_TRANSIENT },
		{ 500, "InternalError", RETRY_TRANSIENT },
		{ 502, "", RETRY_TRANSIENT },
		{ 503, "Unavailable", RETRY_TRANSIENT },
		{ 504, "", RETRY_TRANSIENT },
		{ 400, "RequestTimeout", RETRY_TRANSIENT },
		{ 400, "PriorRequestNotComplete", RETRY_TRANSIENT },
		{ 400, "IDPCommunicationError", RETRY_TRANSIENT },
		{ 503, "RequestLimitExceeded", RETRY_THROTTLED },
		{ 400, "Throttling", RETRY_THROTTLED },
		{ 400, "ThrottlingException", RETRY_THROTTLED },
		{ 400, "EC2ThrottledException", RETRY_THROTTLED },
		{ 503, "SlowDown", RETRY_THROTTLED },
		{ 429, "", RETRY_THROTTLED },
		{ 509, "", RETRY_THROTTLED },
		{ 400, "throttling", RETRY_NO },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(retry_kind_of(cases[i].status, cases[i].code),
		    cases[i].kind);
}

/* random * min(2^(n-1), 20) seconds. */
static void
delays(void **state)
{
	static const unsigned most[] = { 1000, 2000, 4000, 8000, 16000, 20000,
		20000, 20000 };

	(void)state;
	for (unsigned n = 1; n <= COUNT(most); n++) {
		assert_int_equal(retry_delay(n, 0), 0);
		assert_int_equal(retry_delay(n, UINT32_MAX), most[n - 1]);
		assert_in_range(retry_delay(n, UINT32_MAX / 2),
		    most[n - 1] / 2 - 1, most[n - 1] / 2);
	}
	assert_int_equal(retry_delay(UINT32_MAX, UINT32_MAX), 20000);
}

static void
attempts(void **state)
{
	struct retry_quota q = { 0 };
	struct retry r = { .attempts_max = 3, .attempt = 1 };
	unsigned delay;

	(void)state;
	assert_false(retry_again(&r, &q, RETRY_NO, 0, 0, &delay));
	assert_true(
	    retry_again(&r, &q, RETRY_TRANSIENT, 100, UINT32_MAX, &delay));
	assert_int_equal(delay, 1000);
	assert_true(
	    retry_again(&r, &q, RETRY_THROTTLED, 100, UINT32_MAX, &delay));
	assert_int_equal(delay, 2000);
	assert_false(retry_again(&r, &q, RETRY_TRANSIENT, 100, 0, &delay));
	assert_int_equal(r.attempt, 3);
	assert_int_equal(r.lost_ms, 3300);
	/* The next request has all attempts again, but not the time. */
	retry_done(&r, &q);
	assert_int_equal(r.attempt, 1);
	assert_int_equal(r.lost_ms, 3300);
	assert_true(retry_again(&r, &q, RETRY_TRANSIENT, 0, 0, &delay));
	assert_int_equal(delay, 0);
	r = (struct retry){ .attempts_max = 1, .attempt = 1 };
	assert_false(retry_again(&r, &q, RETRY_TRANSIENT, 0, 0, &delay));
}

/* However many attempts are allowed: 60 s are lost at most, waiting included. */
static void
cap(void **state)
{
	static const struct {
		int64_t took;
		uint32_t random;
		unsigned attempts;
	} cases[] = {
		{ 0, UINT32_MAX, 7 }, /* 1 + 2 + 4 + 8 + 16 + 20 */
		{ 10000, 0, 7 },
		{ 10001, 0, 6 },
		{ 59000, UINT32_MAX, 2 },
		{ 59001, UINT32_MAX, 1 },
		{ 60000, 0, 2 },
		{ 60001, 0, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct retry_quota q = { 0 };
		struct retry r = { .attempts_max = 1000, .attempt = 1 };
		unsigned delay;

		while (retry_again(&r, &q, RETRY_TRANSIENT, cases[i].took,
		    cases[i].random, &delay))
			assert_true(r.lost_ms <= RETRY_CAP_MS);
		assert_int_equal(r.attempt, cases[i].attempts);
	}
}

static unsigned
tries(struct retry_quota *q, enum retry_kind kind)
{
	struct retry r = { .attempts_max = 1000, .attempt = 1 };
	unsigned delay, n = 0;

	while (retry_again(&r, q, kind, 0, 0, &delay))
		n++;
	return n;
}

static void
quota(void **state)
{
	struct retry_quota q = { 0 };
	struct retry first = { .attempts_max = 3, .attempt = 1 };
	struct retry again = first;
	unsigned delay;

	(void)state;
	assert_true(retry_again(&again, &q, RETRY_TIMEOUT, 0, 0, &delay));
	assert_int_equal(q.used, 10);
	assert_int_equal(tries(&q, RETRY_TRANSIENT), 98);
	assert_int_equal(tries(&q, RETRY_TRANSIENT), 0);
	/* A success gives back what its last attempt took, or 1. */
	retry_done(&again, &q);
	assert_int_equal(q.used, 490);
	retry_done(&again, &q);
	assert_int_equal(q.used, 489);
	assert_int_equal(tries(&q, RETRY_TIMEOUT), 1);
	assert_int_equal(tries(&q, RETRY_TRANSIENT), 0);
	for (unsigned n = 0; n < 1000; n++)
		retry_done(&first, &q);
	assert_int_equal(q.used, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),
		cmocka_unit_test(delays),
		cmocka_unit_test(attempts),
		cmocka_unit_test(cap),
		cmocka_unit_test(quota),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
