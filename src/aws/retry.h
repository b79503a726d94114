/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AWS_RETRY_H
#define PEMKEEP_SRC_AWS_RETRY_H

/*
 * botocore's standard mode: which failures are worth another attempt, how long
 * to wait for it, and a quota so that an outage is not made worse.  Neither
 * clock nor random source is in here.
 */

#include <stdbool.h>
#include <stdint.h>

#define RETRY_CAP_MS 60000 /* that one call may lose to failures */

struct retry_quota {
	unsigned used; /* of 500 */
};

enum retry_kind { RETRY_NO, RETRY_TRANSIENT, RETRY_THROTTLED, RETRY_TIMEOUT };

/* A call on its way. */
struct retry {
	unsigned attempts_max; /* of a request, the first one included */
	unsigned attempt;      /* from 1 */
	unsigned taken;        /* of the quota, by this attempt */
	int64_t lost_ms;       /* to attempts that failed, and to waiting */
};

/* Of an answer: status of HTTP, and AWS' code or "". */
enum retry_kind retry_kind_of(unsigned status, const char *code);

/*
 * Milliseconds before the attempt that follows the 'attempt'th (from 1); random:
 * 0 to UINT32_MAX.
 */
unsigned retry_delay(unsigned attempt, uint32_t random);

/*
 * An attempt has failed after 'took_ms'.  True: there is to be another one, in
 * *delay_ms.
 */
bool retry_again(struct retry *r, struct retry_quota *q, enum retry_kind kind,
    int64_t took_ms, uint32_t random, unsigned *delay_ms);

/* An attempt was a success: the next one is the first of another request. */
void retry_done(struct retry *r, struct retry_quota *q);

#endif
