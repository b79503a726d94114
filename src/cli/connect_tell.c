/* SPDX-License-Identifier: ISC */

/* What connect says of its target: why so, and how to go on. */

#include <stdio.h>
#include <string.h>

#include "pemkeep/agent/question.h"
#include "pemkeep/base/buf.h"

#include "src/cli/cli.h"
#include "src/cli/connect_cloud.h"

static void
put(const char *what, const char *value, const char *source)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "connect: %s ", what);
	out_put(&b, value != NULL ? value : "-");
	buf_put_text(&b, ": ");
	out_put(&b, source != NULL ? source : "");
	buf_put_u8(&b, '\n');
	out_talk(buf_text(&b));
	buf_free(&b);
}

static void
put_text(const char *what, const struct target_text *text)
{
	put(what, text->value, text->source);
}

void
connect_tell(const struct connect_cloud *c)
{
	const struct target *t = c->target;
	char port[16];

	if (!c->options->verbose)
		return;
	put_text("name", &t->name);
	if (connect_cloud_is(c))
		put_text("instance", &t->id);
	for (size_t i = 0; i < t->address_count; i++)
		put_text("address", &t->addresses[i]);
	snprintf(port, sizeof(port), "%u", t->port);
	put("port", port, t->port_source);
	put_text("user", &t->user);
	for (size_t i = 0; i < t->key_count; i++)
		put("key", t->keys[i].name, t->keys[i].source);
}

static void
put_missing(const struct connect_cloud *c, struct err *e)
{
	const struct target_instance *i = &c->target->instance;
	struct buf name = BUF_INIT;

	connect_cloud_name(c, &name);
	err_set(e, ERR_NOT_FOUND,
	    "the key of %s is not in the vault: it was launched with the key "
	    "pair '%s'",
	    buf_text(&name), i->key_pair);
	err_hint(e,
	    "pemkeep import the file that came with it ('%s.pem'?), or log in "
	    "with -i FILE, or with another key: -k KEY",
	    i->key_pair);
	buf_free(&name);
}

int
connect_tell_missing(struct connect_cloud *c, struct err *e)
{
	const struct target *t = c->target;
	struct err why;

	if (!connect_cloud_is(c))
		return 0;
	if (t->note != NULL && !c->options->quiet)
		out_say(c->cli, "%s", t->note);
	if (!t->key_missing || t->key_count > 0 || c->options->file != NULL)
		return 0;
	if (c->options->no_input || !question_possible()) {
		put_missing(c, e);
		return (int)e->code;
	}
	put_missing(c, &why); /* it may take a password */
	out_warning(why.text, why.hint);
	return 0;
}

static void
next_unreached(const struct connect_cloud *c, struct err *e)
{
	const struct target *t = c->target;

	if (strcmp(t->instance.platform, "windows") == 0)
		err_hint(e,
		    "it runs Windows, which takes no SSH unless OpenSSH was "
		    "installed there");
	else if (t->address_kind == TARGET_PRIVATE)
		err_hint(e,
		    "%s is a private address; there is no way to it from "
		    "outside of its network '%s'",
		    t->addresses[0].value, t->instance.vpc);
	else if (t->live)
		err_hint(e,
		    "AWS says that this is its address; does its security "
		    "group let you in at port %u?",
		    t->port);
}

static void
next_refused(const struct connect_cloud *c, struct err *e)
{
	const struct target *t = c->target;

	if (strcmp(t->instance.platform, "windows") == 0) {
		err_hint(e,
		    "it runs Windows: only where OpenSSH was installed, and "
		    "the key was put there, is one taken");
	} else if (t->key_missing && c->options->file == NULL) {
		err_hint(e,
		    "the key of its key pair '%s' is not in the vault: pemkeep "
		    "import it, or use -i FILE or -k KEY",
		    t->instance.key_pair);
	} else if (t->instance.key_pair[0] == '\0') {
		err_hint(e,
		    "it was launched without a key pair: who has made it knows "
		    "the user (-l) and the key (-k, -i)");
	} else {
		err_hint(e,
		    "it was launched with the key pair '%s'; is the user the "
		    "right one (-l)?",
		    t->instance.key_pair);
	}
}

void
connect_tell_next(const struct connect_cloud *c, bool reached, struct err *e)
{
	if (!connect_cloud_is(c) || c->target->address_count == 0)
		return;
	if (e->code == ERR_NETWORK && !reached)
		next_unreached(c, e);
	else if (e->code == ERR_REFUSED && c->hosts->accepted.len > 0)
		next_refused(c, e);
}
