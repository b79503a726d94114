/* SPDX-License-Identifier: ISC */
/* The codes and numbers of botocore 1.43 (retries/standard.py, quota.py). */

#include <string.h>

#include "src/aws/retry.h"

#define QUOTA 500u
#define COST 5u
#define COST_OF_TIMEOUT 10u
#define LONGEST_MS 20000u

static const char *const transient[] = { "RequestTimeout",
	"RequestTimeoutException", "PriorRequestNotComplete",
	"IDPCommunicationError" };

static const char *const throttled[] = { "Throttling", "ThrottlingException",
	"ThrottledException", "RequestThrottledException",
	"TooManyRequestsException", "ProvisionedThroughputExceededException",
	"TransactionInProgressException", "RequestLimitExceeded",
	"BandwidthLimitExceeded", "LimitExceededException", "RequestThrottled",
	"SlowDown", "EC2ThrottledException" };

/* Server errors by their status, but no other attempt will do better soon. */
static const char *const lasting[] = { "InsufficientInstanceCapacity",
	"InsufficientAddressCapacity", "InsufficientHostCapacity",
	"InsufficientReservedInstanceCapacity" };

#define HAS(list, code) has(list, sizeof(list) / sizeof((list)[0]), code)

static bool
has(const char *const *list, size_t count, const char *code)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], code) == 0)
			return true;
	return false;
}

enum retry_kind
retry_kind_of(unsigned status, const char *code)
{
	if (HAS(throttled, code) || status == 429 || status == 509)
		return RETRY_THROTTLED;
	if (HAS(lasting, code))
		return RETRY_NO;
	if (HAS(transient, code) || status == 500 || status == 502 ||
	    status == 503 || status == 504)
		return RETRY_TRANSIENT;
	return RETRY_NO;
}

unsigned
retry_delay(unsigned attempt, uint32_t random)
{
	uint64_t most = attempt > 5 ? LONGEST_MS : 1000u << (attempt - 1);

	if (most > LONGEST_MS)
		most = LONGEST_MS;
	return (unsigned)(most * random / UINT32_MAX);
}

bool
retry_again(struct retry *r, struct retry_quota *q, enum retry_kind kind,
    int64_t took_ms, uint32_t random, unsigned *delay_ms)
{
	unsigned cost = kind == RETRY_TIMEOUT ? COST_OF_TIMEOUT : COST;

	r->lost_ms += took_ms;
	*delay_ms = retry_delay(r->attempt, random);
	if (kind == RETRY_NO || r->attempt >= r->attempts_max ||
	    r->lost_ms + *delay_ms > RETRY_CAP_MS || q->used + cost > QUOTA)
		return false;
	q->used += cost;
	r->taken = cost;
	r->lost_ms += *delay_ms;
	r->attempt++;
	return true;
}

/* It gives back what its last attempt took, or 1. */
void
retry_done(struct retry *r, struct retry_quota *q)
{
	unsigned back = r->taken == 0 ? 1 : r->taken;

	q->used = q->used > back ? q->used - back : 0;
	r->taken = 0;
	r->attempt = 1;
}
