/* SPDX-License-Identifier: ISC */

/*
 * The passphrase hash takes a quarter of a second, and as many seconds as
 * whoever made the vault has wanted; meanwhile others want signatures.  It is a
 * thread and not a child, since what comes of it is an open vault.  The thread
 * has its arguments to itself and gives what it has made to the event loop, so
 * there is nothing to lock.  It does not use libcrypto, whose memory is for one
 * thread.  Its stack is guarded memory, wiped at the end.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "pemkeep/agent/keeper.h"
#include "pemkeep/base/err.h"
#include "vault/secret.h"

#include "src/agent/opening.h"

#define STACK_BYTES (256u * 1024u)

struct opening {
	struct opening_plan plan;
	struct secret *stack;
	pthread_t thread;
	bool running;
	int ends[2]; /* the thread closes the second one when it is done */
	struct event *over;
	struct keeper_opened *opened;
};

static void *
work(void *arg)
{
	struct opening *o = arg;

	o->opened = keeper_open(o->plan.keeper, o->plan.pass);
	close(o->ends[1]);
	o->ends[1] = -1;
	return NULL;
}

void
opening_free(struct opening *o)
{
	if (o == NULL)
		return;
	if (o->running)
		(void)pthread_join(o->thread, NULL);
	if (o->over != NULL)
		event_free(o->over);
	for (size_t i = 0; i < 2; i++)
		if (o->ends[i] != -1)
			close(o->ends[i]);
	keeper_opened_free(o->opened);
	secret_free(o->plan.pass);
	secret_free(o->stack);
	free(o);
}

static void
on_over(evutil_socket_t fd, short what, void *arg)
{
	struct opening *o = arg;
	struct keeper_opened *opened;
	opening_done *done = o->plan.done;
	void *done_arg = o->plan.arg;

	(void)fd;
	(void)what;
	if (o->running)
		(void)pthread_join(o->thread, NULL);
	o->running = false;
	opened = o->opened;
	o->opened = NULL;
	opening_free(o);
	done(done_arg, opened);
}

/* Signals are the event loop's. */
static int
start_thread(struct opening *o)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int r;

	if ((r = pthread_attr_init(&attr)) != 0)
		return r;
	sigfillset(&all);
	if ((r = pthread_attr_setstack(
		 &attr, secret_data(o->stack), STACK_BYTES)) == 0 &&
	    (r = pthread_sigmask(SIG_SETMASK, &all, &old)) == 0) {
		r = pthread_create(&o->thread, &attr, work, o);
		(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	(void)pthread_attr_destroy(&attr);
	return r;
}

int
opening_start(
    const struct opening_plan *plan, struct opening **op, struct err *e)
{
	struct opening *o = calloc(1, sizeof(*o));
	int r = 0;

	*op = NULL;
	if (o == NULL) {
		secret_free(plan->pass);
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	o->plan = *plan;
	o->ends[0] = o->ends[1] = -1;
	if ((o->stack = secret_new(STACK_BYTES)) == NULL)
		r = ENOMEM;
	else if (pipe2(o->ends, O_CLOEXEC) == -1)
		r = errno;
	else if ((o->over = event_new(
		      plan->base, o->ends[0], EV_READ, on_over, o)) == NULL ||
	    event_add(o->over, NULL) != 0)
		r = ENOMEM;
	if (r == 0) {
		o->running = start_thread(o) == 0;
		if (!o->running)
			(void)work(o); /* then the others have to wait */
		*op = o;
		return 0;
	}
	opening_free(o);
	return err_system(e, ERR_SYSTEM, r, "cannot try a passphrase");
}
