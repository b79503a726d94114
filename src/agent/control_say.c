/* SPDX-License-Identifier: ISC */

/* The words of the control protocol that every request may use. */

#include "pemkeep/agent/passphrase.h"

#include "src/agent/control.h"
#include "src/agent/server.h"

void
control_answer(struct conn *c, uint8_t type, const struct buf *body)
{
	size_t len = body != NULL ? body->len : 0;

	if ((body != NULL && !buf_ok(body)) || len >= CONTROL_MAX) {
		c->out.failed = true; /* ends the connection */
		return;
	}
	buf_put_u32(&c->out, (uint32_t)len + 1);
	buf_put_u8(&c->out, type);
	if (len > 0)
		buf_put(&c->out, body->data, len);
}

void
control_ok(struct conn *c)
{
	control_answer(c, CONTROL_OK, NULL);
}

void
control_error(struct conn *c, const struct err *e)
{
	struct buf b = BUF_INIT;

	buf_put_u32(&b, (uint32_t)-e->code);
	buf_put_cstring(&b, e->text);
	buf_put_cstring(&b, e->hint);
	control_answer(c, CONTROL_ERROR, &b);
	buf_free(&b);
}

void
control_ask(struct conn *c, int what, const char *prompt)
{
	struct buf b = BUF_INIT;

	buf_put_u8(&b, (uint8_t)what);
	buf_put_cstring(&b, prompt);
	control_answer(c, CONTROL_ASK, &b);
	buf_free(&b);
}

void
control_warning(void *arg, const char *text, const char *hint)
{
	struct server *s = arg;
	struct buf b = BUF_INIT;

	if (s->now == NULL || s->now->kind != CONN_CONTROL)
		return;
	buf_put_cstring(&b, text);
	buf_put_cstring(&b, hint);
	control_answer(s->now, CONTROL_WARNING, &b);
	buf_free(&b);
}
