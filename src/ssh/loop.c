/* SPDX-License-Identifier: ISC */

/*
 * libevent, with a back end that takes any descriptor: epoll refuses regular
 * files and /dev/null, and standard input is often one of them.
 */

#include <event2/event.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "pemkeep/base/clock.h"
#include "pemkeep/base/err.h"
#include "src/ssh/loop_internal.h"

struct ssh_loop {
	struct event_base *base;
	bool stopped; /* before it ran */
};

int
ssh_loop_new(struct ssh_loop **lp, struct err *e)
{
	struct event_config *config = event_config_new();
	struct ssh_loop *l = calloc(1, sizeof(*l));

	*lp = NULL;
	if (config != NULL && l != NULL &&
	    event_config_require_features(config, EV_FEATURE_FDS) == 0)
		l->base = event_base_new_with_config(config);
	if (config != NULL)
		event_config_free(config);
	if (l == NULL || l->base == NULL) {
		free(l);
		return err_set(e, ERR_NOMEM, "cannot make an event loop");
	}
	*lp = l;
	return 0;
}

void
ssh_loop_free(struct ssh_loop *l)
{
	if (l == NULL)
		return;
	event_base_free(l->base);
	free(l);
}

int
ssh_loop_run(struct ssh_loop *l, struct err *e)
{
	int r = 0;

	if (!l->stopped)
		r = event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY);
	l->stopped = false;
	if (r < 0)
		return err_system(e, ERR_SYSTEM, errno, "cannot wait");
	return 0;
}

void
ssh_loop_stop(struct ssh_loop *l)
{
	l->stopped = true;
	event_base_loopbreak(l->base);
}

int
ssh_loop_forked(struct ssh_loop *l, struct err *e)
{
	if (event_reinit(l->base) != 0)
		return err_set(e, ERR_SYSTEM, "cannot go on after fork");
	return 0;
}

struct event_base *
ssh_loop_base(struct ssh_loop *l)
{
	return l->base;
}

uint64_t
ssh_loop_now(void)
{
	return (uint64_t)clock_ms();
}
