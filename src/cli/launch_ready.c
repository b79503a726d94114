/* SPDX-License-Identifier: ISC */

/*
 * The last step of a launch: a real login.  An instance that is "running" is not
 * up yet: its SSH server starts later, its console shows the host keys later
 * still, and the key that opens it comes with cloud-init.  So it is tried again
 * and again; but a host key that the console contradicts is an alarm at once, and
 * one that nothing proves is not accepted, however long it takes.
 */

#include <stdio.h>
#include <string.h>

#include "pemkeep/agent/question.h"
#include "pemkeep/base/clock.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/quote.h"
#include "pemkeep/inventory/inventory.h"
#include "pemkeep/ssh/answer.h"
#include "pemkeep/ssh/loop.h"

#include "src/cli/connect_login.h"
#include "src/cli/launch.h"

#define ANSWER_SECONDS 5u /* for one attempt */
#define LOGIN_SECONDS 20u
#define FIRST_PAUSE 300u /* ms */
#define LONGEST_PAUSE 8000u

int
launch_pause(void *arg, unsigned ms, struct err *e)
{
	(void)arg;
	return cloud_pause(ms, e);
}

/* What is waited for, and until when. */
struct patience {
	struct launching *g;
	int64_t until;
	unsigned ms;
};

/* ERR_NETWORK: for too long. */
static int
wait_more(struct patience *p, const char *what, struct err *e)
{
	struct launching *g = p->g;
	int64_t left = p->until - clock_seconds();
	char text[160];
	int r;

	if (left <= 0)
		return ERR_NETWORK;
	snprintf(text, sizeof(text), "%.24s: %.100s", g->launch.instance, what);
	launch_show_waiting(g, text, (unsigned)left);
	r = launch_pause(g, p->ms, e);
	p->ms = p->ms * 2 < LONGEST_PAUSE ? p->ms * 2 : LONGEST_PAUSE;
	return r;
}

static int
too_long(const struct launching *g, struct err *e)
{
	err_set(e, ERR_NETWORK,
	    "the SSH server of '%s' (%s) has not answered in %u minutes",
	    g->launch.name, g->launch.address, g->wait / 60);
	err_hint(e,
	    "its console may tell why: aws ec2 get-console-output --region %s "
	    "--instance-id %s",
	    g->launch.region, g->launch.instance);
	return ERR_NETWORK;
}

static int
wait_answer(struct patience *p, unsigned port, struct err *e)
{
	const char *address = p->g->launch.address;
	struct ssh_loop *loop = NULL;
	struct err why;
	int r;

	if ((r = ssh_loop_new(&loop, e)) != 0)
		return r;
	while ((r = ssh_answers(loop, &address, 1, port, 0, ANSWER_SECONDS,
		    &why)) == ERR_NETWORK) {
		if ((r = wait_more(p, "waiting for its SSH server", e)) ==
		    ERR_NETWORK)
			r = too_long(p->g, e);
		if (r != 0)
			break;
	}
	ssh_loop_free(loop);
	return r;
}

/* One login.  *unproven: nothing proves the host key, so there was none. */
static int
try_login(struct launching *g, bool ask, bool *unproven, struct err *e)
{
	struct connect c = { .cli = &g->cli };
	int r;

	c.options = (struct connect_options){ .host = g->launch.instance,
		.strict = ask ? STRICT_ASK : STRICT_YES,
		.no_input = !ask,
		.batch = !ask,
		.no_stdin = true,
		.seconds = LOGIN_SECONDS,
		.alive_count = 3 };
	r = connect_login_find(&c, e);
	if (r == 0)
		r = connect_login(&c, e);
	*unproven = r != 0 && c.hosts.unproven;
	if (r == 0)
		connect_learn(&c.cloud, &c.user);
	connect_login_clear(&c);
	return r;
}

static bool
is_hopeless(int r, bool unproven)
{
	return r == ERR_INTERRUPTED || r == ERR_NOMEM || r == ERR_LOCKED ||
	    r == ERR_USAGE || (r == ERR_UNTRUSTED && !unproven);
}

/* Nothing has proven it in time.  Somebody may know it from elsewhere. */
static int
without_proof(struct launching *g, struct err *e)
{
	struct buf name = BUF_INIT;
	bool unproven;

	launch_show_waiting(g, NULL, 0);
	if (!option_on(g->given, "yes") && !option_on(g->given, "no-input") &&
	    question_possible())
		return try_login(g, true, &unproven, e);
	err_set(e, ERR_FAILED,
	    "'%s' (%s) is launched, but in %u:%02u nothing has proven its "
	    "host key",
	    g->launch.name, g->launch.instance, g->wait / 60, g->wait % 60);
	quote_always(&name, g->launch.name);
	err_hint(e,
	    "pemkeep launch --resume %s tries again; connect %s asks you "
	    "about the key",
	    buf_text(&name), g->launch.instance);
	buf_free(&name);
	return ERR_FAILED;
}

static int
log_in(struct patience *p, struct err *e)
{
	struct launching *g = p->g;
	bool unproven = false;
	struct err why = { ERR_OK, "", "" };
	int r, waited;

	p->ms = FIRST_PAUSE;
	while ((r = try_login(g, false, &unproven, &why)) != 0 &&
	    !is_hopeless(r, unproven)) {
		waited = wait_more(p,
		    unproven ? "waiting for its console to prove its host key"
			     : "waiting until it lets us in",
		    e);
		if (waited == ERR_INTERRUPTED)
			return waited;
		if (waited != 0)
			break;
	}
	if (unproven && !is_hopeless(r, unproven))
		return without_proof(g, e);
	if (r != 0)
		*e = why;
	return r;
}

/* The port that its target will have. */
static unsigned
find_port(const struct launching *g)
{
	const struct launch *l = &g->launch;

	for (size_t i = 0; i < l->tag_count; i++)
		if (strcmp(l->tags[i].key, "ssh-port") == 0 &&
		    inventory_port(l->tags[i].value) != 0)
			return inventory_port(l->tags[i].value);
	return g->cloud.config.port != 0 ? g->cloud.config.port : 22;
}

int
launch_ready(void *arg, const struct launch *l, struct err *e)
{
	struct launching *g = arg;
	struct patience p = {
		.g = g, .until = clock_seconds() + g->wait, .ms = FIRST_PAUSE
	};
	int r;

	if (launch_is_windows(l)) {
		launch_show_say(
		    g, "Windows takes some minutes until it lets you in");
		return 0;
	}
	if (l->address[0] == '\0') {
		launch_show_say(g,
		    "it has no public address, so that nobody can log in from "
		    "here");
		return 0;
	}
	if ((r = wait_answer(&p, find_port(g), e)) == 0)
		r = log_in(&p, e);
	launch_show_waiting(g, NULL, 0);
	return r;
}
