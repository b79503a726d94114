/* SPDX-License-Identifier: ISC */

/*
 * Signing for a connection of either kind.  A key may want each use confirmed:
 * then the user is asked by the SSH_ASKPASS program that stood in the
 * environment when the vault was unlocked, not by anything that the client could
 * choose.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/utf8.h"

#include "src/agent/child.h"
#include "src/agent/keeper_log.h"
#include "src/agent/server.h"

#define CONFIRM_LIMIT_MS 30000u

static const char *
askpass_program(char *const *environment)
{
	static const char name[] = "SSH_ASKPASS=";

	for (size_t i = 0; environment != NULL && environment[i] != NULL; i++)
		if (strncmp(environment[i], name, sizeof(name) - 1) == 0)
			return environment[i] + sizeof(name) - 1;
	return NULL;
}

static void
on_answer(void *arg, int status, const struct secret *result)
{
	struct conn *c = arg;

	(void)result;
	c->child = NULL;
	c->confirm = status == 0 ? CONFIRM_YES : CONFIRM_NO;
	conn_later(c, 0);
}

/* The environment for the program, with what says that this is a yes or no. */
static char **
confirm_environment(char **from)
{
	static char prompt[] = "SSH_ASKPASS_PROMPT=confirm";
	size_t count = 0;
	char **list;

	while (from[count] != NULL)
		count++;
	if ((list = calloc(count + 2, sizeof(*list))) == NULL)
		return NULL;
	memcpy(list, from, count * sizeof(*list));
	list[count] = prompt;
	return list;
}

static int
ask_user(struct conn *c, const char *name, struct err *e)
{
	struct server *s = c->server;
	const char *program = askpass_program(s->environment);
	struct buf question = BUF_INIT;
	char **environment;
	int r;

	if (program == NULL) {
		err_set(e, ERR_FAILED,
		    "the key '%s' wants to be confirmed, and there is nothing "
		    "to ask with",
		    name);
		err_hint(e, "set SSH_ASKPASS, pemkeep lock, pemkeep unlock");
		return ERR_FAILED;
	}
	buf_put_text(&question, "Allow the use of the key '");
	utf8_escape(&question, name, strlen(name));
	buf_printf(&question, "'%s?",
	    c->forwarded ? " FROM ANOTHER MACHINE (forwarded)" : "");
	environment = confirm_environment(s->environment);
	if (environment == NULL) {
		buf_free(&question);
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	r = child_start(s,
	    &(const struct child_plan){ .path = program,
		.argv = (char *[]){ (char *)(uintptr_t)program,
		    (char *)(uintptr_t)buf_text(&question), NULL },
		.environment = environment,
		.input = -1,
		.limit_ms = CONFIRM_LIMIT_MS,
		.done = on_answer,
		.arg = c },
	    &c->child, e);
	c->busy = r == 0;
	free(environment);
	buf_free(&question);
	return r;
}

static void
log_refusal(
    const struct conn *c, const struct sign_request *request, const char *why)
{
	char detail[80];

	(void)snprintf(detail, sizeof(detail), "%s: %s%s",
	    request->algorithm != NULL ? "sign" : "password", why,
	    c->forwarded ? " (forwarded)" : "");
	keeper_log_blob(c->server->keeper, LOG_REFUSED, request->blob,
	    request->blob_len, detail);
}

/* 0 when it need not be asked, or the answer was yes; else as sign_for(). */
static int
confirm(struct conn *c, const struct sign_request *request,
    const struct keeper_signer *signer, struct err *e)
{
	int r;

	if (!signer->confirm || c->confirm == CONFIRM_YES)
		return 0;
	if (c->confirm == CONFIRM_NOT_ASKED) {
		if ((r = ask_user(c, signer->name, e)) == 0)
			return SIGN_LATER;
		log_refusal(c, request, "nobody could be asked");
		return r;
	}
	log_refusal(c, request, "not confirmed");
	return err_set(e, ERR_FAILED,
	    "the use of the key '%s' was not confirmed", signer->name);
}

/* 0 when this key may be used now; else as sign_for(). */
static int
may_use(struct conn *c, const struct sign_request *request, struct err *e)
{
	struct server *s = c->server;
	struct keeper_signer signer;
	int r;

	if ((r = server_refresh(s, e)) != 0 ||
	    (r = keeper_signer(
		 s->keeper, request->blob, request->blob_len, &signer, e)) != 0)
		return r;
	return confirm(c, request, &signer, e);
}

int
sign_password_for(struct conn *c, const struct sign_request *request,
    const char *instance, struct secret **plainp, struct err *e)
{
	int r = may_use(c, request, e);

	*plainp = NULL;
	return r == 0 ? keeper_password(c->server->keeper, request->blob,
			    request->blob_len, request->data, request->len,
			    instance, plainp, e)
		      : r;
}

int
sign_for(struct conn *c, const struct sign_request *request,
    struct buf *signature, struct err *e)
{
	struct server *s = c->server;
	int r;

	if (s->loaded != NULL)
		return control_sign_loaded(s, request, signature, e);
	if ((r = may_use(c, request, e)) != 0)
		return r;
	r = keeper_sign(s->keeper, request->blob, request->blob_len,
	    request->algorithm, request->data, request->len, signature, e);
	if (r == 0)
		server_used(s);
	return r;
}
