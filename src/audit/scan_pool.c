/* SPDX-License-Identifier: ISC */
/*
 * Threads that open files while another one reads folders: both are waiting for
 * the kernel, and there is more than one processor for that.
 */

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pemkeep/keys/keyfile.h"
#include "vault/secret.h"

#include "src/audit/scan_child.h"

#define THREADS_MAX 4
#define WAITING_MAX 32 /* batches; each keeps a folder open */
#define FULL 4096u     /* bytes of frames that are written at once */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t given, taken;
	struct scan_batch *first, **last;
	size_t waiting;
	bool end;
	pthread_t threads[THREADS_MAX];
	struct scanner scanners[THREADS_MAX];
	bool failed[THREADS_MAX];
	size_t count;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER,
	.given = PTHREAD_COND_INITIALIZER,
	.taken = PTHREAD_COND_INITIALIZER };

/* NULL: that was all. */
static struct scan_batch *
take(void)
{
	struct scan_batch *b;

	pthread_mutex_lock(&pool.lock);
	while (pool.first == NULL && !pool.end)
		pthread_cond_wait(&pool.given, &pool.lock);
	if ((b = pool.first) != NULL) {
		pool.first = b->next;
		if (pool.first == NULL)
			pool.last = &pool.first;
		pool.waiting--;
		pthread_cond_signal(&pool.taken);
	}
	pthread_mutex_unlock(&pool.lock);
	return b;
}

static bool
look_into(struct scanner *s, struct scan_batch *b)
{
	const char *folder = buf_text(&b->path);
	bool ok = buf_ok(&b->path);
	size_t at = 0;

	while (ok && at < b->names.len) {
		const char *name = (const char *)b->names.data + at;

		ok = scan_set_path(s, folder, name) &&
		    scan_look(s, b->folder, name);
		at += strlen(name) + 1;
	}
	return ok;
}

static void
free_batch(struct scan_batch *b)
{
	if (b->folder != -1)
		close(b->folder);
	buf_free(&b->path);
	buf_free(&b->names);
	free(b);
}

static void *
work(void *arg)
{
	size_t i = (size_t)((struct scanner *)arg - pool.scanners);
	struct scanner *s = arg;
	struct scan_batch *b;

	while ((b = take()) != NULL) {
		if (!pool.failed[i] && !look_into(s, b))
			pool.failed[i] = true;
		free_batch(b);
		if (s->out.len >= FULL)
			scan_flush(s);
	}
	scan_flush(s);
	return NULL;
}

bool
scan_pool_start(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	struct scanner *s;

	pool.last = &pool.first;
	while (pool.count < THREADS_MAX &&
	    (pool.count == 0 || (long)pool.count < processors)) {
		s = &pool.scanners[pool.count];
		if ((s->file = secret_new(KEYFILE_MAX)) == NULL)
			break;
		if (pthread_create(&pool.threads[pool.count], NULL, work, s) !=
		    0) {
			secret_free(s->file);
			break;
		}
		pool.count++;
	}
	return pool.count > 0;
}

void
scan_pool_give(struct scan_batch *batch)
{
	pthread_mutex_lock(&pool.lock);
	while (pool.waiting >= WAITING_MAX)
		pthread_cond_wait(&pool.taken, &pool.lock);
	batch->next = NULL;
	*pool.last = batch;
	pool.last = &batch->next;
	pool.waiting++;
	pthread_cond_signal(&pool.given);
	pthread_mutex_unlock(&pool.lock);
}

bool
scan_pool_end(struct scan *count)
{
	bool ok = true;

	pthread_mutex_lock(&pool.lock);
	pool.end = true;
	pthread_cond_broadcast(&pool.given);
	pthread_mutex_unlock(&pool.lock);
	for (size_t i = 0; i < pool.count; i++) {
		struct scanner *s = &pool.scanners[i];

		pthread_join(pool.threads[i], NULL);
		ok = ok && !pool.failed[i];
		count->opened += s->count.opened;
		secret_free(s->file);
		buf_free(&s->out);
		buf_free(&s->path);
	}
	return ok;
}
