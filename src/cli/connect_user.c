/* SPDX-License-Identifier: ISC */

/*
 * Who logs in, where nobody knows it: cloud-init lets root in with the same key,
 * and a command that says who should have.  It does so whatever is asked to be
 * run, so that a login as root proves nothing, and is always looked at, until
 * one has turned out to be real.
 */

#include <string.h>

#include "pemkeep/agent/question.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/inventory/learned.h"
#include "pemkeep/ssh/capture.h"

#include "src/cli/cli.h"
#include "src/cli/connect_cloud.h"

#define GREETING_MAX 2048 /* bytes in which it must come */
#define GREETING_SECONDS 20u

const char *
connect_user_name(struct connect_user *u, const struct connect_cloud *c)
{
	if (u->name[0] != '\0')
		return u->name;
	u->guess = c->target->user.value == NULL;
	return u->guess ? "root" : c->target->user.value;
}

static bool
is_greeting(void *arg, struct buf *out)
{
	struct connect_user *u = arg;

	connect_user_greeting(buf_text(out), u->name);
	return u->name[0] != '\0';
}

/* "true" does no harm where it is really run. */
static int
listen_to(struct connect_user *u, struct ssh_loop *l,
    struct ssh_connection *connection, struct err *e)
{
	const struct ssh_capture what = { .command = "true",
		.seconds = GREETING_SECONDS,
		.most = GREETING_MAX,
		.enough = is_greeting,
		.arg = u };
	struct buf out = BUF_INIT;
	int r;

	r = ssh_capture_run(l, connection, &what, &out, e);
	buf_free(&out);
	return r;
}

static void
say(const struct connect_cloud *c, const struct connect_user *u)
{
	struct buf name = BUF_INIT;

	connect_cloud_name(c, &name);
	if (!c->options->quiet)
		out_say(c->cli, "%s wants the user '%s', not 'root'.",
		    buf_text(&name), u->name);
	buf_free(&name);
}

/* It was root's own shell once, and is so no longer asked. */
static bool
is_real_root(const struct connect_cloud *c)
{
	struct learned_file *f;
	const char *user;
	bool real;

	if (learned_open(NULL, &f, NULL) != 0)
		return false;
	user = learned_find(f, c->target->instance.id).user;
	real = user != NULL && strcmp(user, "root") == 0;
	learned_close(f);
	return real;
}

static int
nobody_knows(const struct connect_cloud *c, bool root, struct err *e)
{
	struct buf name = BUF_INIT;

	connect_cloud_name(c, &name);
	err_set(e, ERR_NOT_FOUND, "the user of %s is not known (%s)%s",
	    buf_text(&name), c->target->user.source,
	    root ? "; root can log in there"
		 : ", and the server does not say it");
	err_hint(e, "use -l USER; it is remembered");
	buf_free(&name);
	return ERR_NOT_FOUND;
}

static int
ask(struct connect_user *u, const struct connect_cloud *c, bool root,
    struct err *e)
{
	struct buf name = BUF_INIT, question = BUF_INIT;
	char answer[128] = "";
	int r;

	if (c->options->no_input || !question_possible())
		return nobody_knows(c, root, e);
	connect_cloud_name(c, &name);
	buf_put_text(&question, "The user of ");
	out_put(&question, buf_text(&name));
	buf_printf(&question,
	    " is not known.\nLog in as%s: ", root ? " (root can)" : "");
	r = connect_ask(buf_text(&question), true, answer, sizeof(answer), e);
	buf_free(&name);
	buf_free(&question);
	if (r != 0)
		return r == ERR_INTERRUPTED ? r : nobody_knows(c, root, e);
	if (strcmp(answer, "root") != 0 &&
	    !connect_user_is(answer, strlen(answer)))
		return err_set(e, ERR_USAGE, "'%s' is not a user name", answer);
	memcpy(u->name, answer, strlen(answer) + 1);
	return 1;
}

int
connect_user_check(struct connect_user *u, struct connect_cloud *c, int result,
    struct ssh_loop *l, struct ssh_connection *connection, struct err *e)
{
	bool guess = u->guess;
	struct err why;
	int r;

	if (!connect_cloud_is(c) || u->settled ||
	    strcmp(connect_user_name(u, c), "root") != 0 ||
	    (result != 0 && (result != ERR_REFUSED || !guess)))
		return result;
	u->settled = true;
	if (result == 0) {
		if (!guess && is_real_root(c))
			return 0;
		r = listen_to(u, l, connection, &why);
		if (u->name[0] != '\0') {
			say(c, u);
			return 1;
		}
		if (!guess && r == 0) { /* the table's, a tag's, or -l */
			memcpy(u->name, "root", sizeof("root"));
			return 0;
		}
		if (!guess)
			return 1; /* it does not say; it may have stayed away */
	}
	return ask(u, c, result == 0, e);
}
