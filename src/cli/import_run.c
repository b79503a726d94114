/* SPDX-License-Identifier: ISC */

/* Files into the vault: read, stored some hundreds at a time, settled at the end. */

#include "pemkeep/agent/client.h"

#include "src/cli/import_job.h"

/* Store those that were read; *stored counts them over all batches. */
static int
store(struct client *c, struct job *jobs, size_t count, size_t *stored,
    struct err *e)
{
	struct client_imported results[CLIENT_BATCH];
	size_t n = 0;
	int r;

	for (size_t i = 0; i < count; i++) {
		if (!jobs[i].read)
			continue;
		jobs[i].number = *stored + n;
		results[n++].error = &jobs[i].error;
	}
	if (n == 0 || (r = client_commit(c, results, n, e)) != 0)
		return n == 0 ? 0 : r;
	for (size_t i = 0; i < count; i++)
		if (jobs[i].read)
			job_stored(
			    &jobs[i], &results[jobs[i].number - *stored].in);
	*stored += n;
	return 0;
}

/* At most CLIENT_BATCH of them: read all, save once. */
static int
import_batch(struct client *c, struct job *jobs, size_t count, size_t *stored,
    struct err *e)
{
	for (size_t i = 0; i < count; i++) {
		if (job_read(&jobs[i], c, &jobs[i].error) == ERR_INTERRUPTED) {
			*e = jobs[i].error;
			return ERR_INTERRUPTED;
		}
	}
	return store(c, jobs, count, stored, e);
}

size_t
jobs_taken(const struct job *jobs, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += jobs[i].taken;
	return n;
}

int
jobs_import(
    struct client *c, struct job *jobs, size_t count, bool move, struct err *e)
{
	size_t stored = 0;
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i += CLIENT_BATCH)
		r = import_batch(c, jobs + i,
		    count - i < CLIENT_BATCH ? count - i : CLIENT_BATCH,
		    &stored, e);
	/* An earlier save may have been one that was not certain to last. */
	if (r == 0 && move && jobs_taken(jobs, count) > 0)
		r = client_flush(c, e);
	if (r != 0)
		return r;
	for (size_t i = 0; i < count; i++)
		job_settle(jobs, i, c, move);
	return 0;
}
