/* SPDX-License-Identifier: ISC */

/*
 * A session in the event log: a line when the login is done and one when all is
 * over, so that of a session that was killed there is the first.  Neither waits
 * for the disk.
 */

#include <string.h>
#include <time.h>

#include "pemkeep/base/err.h"
#include "pemkeep/inventory/target.h"
#include "pemkeep/keys/pubkey.h"
#include "pemkeep/ssh/remote.h"

#include "src/cli/cli.h"
#include "src/cli/connect.h"

/* The fingerprint, or NULL. */
static const char *
print_of(const void *blob, size_t len, struct buf *out)
{
	if (len == 0 || pubkey_fingerprint(blob, len, out) != 0 || !buf_ok(out))
		return NULL;
	return buf_text(out);
}

void
connect_log_opened(struct connect_log *l, const struct target *t,
    const struct connect_keys *k, const struct connect_hosts *h,
    const char *user)
{
	const struct ssh_public_key *key =
	    k->used > 0 ? &k->list[k->used - 1] : NULL;

	l->session.start = (uint64_t)time(NULL);
	l->event = (struct log_event){ .kind = LOG_CONNECT,
		.time = l->session.start,
		.host = t->name.value,
		.instance = t->instance.id,
		.address = h->address,
		.port = t->port,
		.user = user,
		.lazy = true };
	if (key != NULL)
		l->event.key = print_of(key->blob, key->len, &l->key);
	l->event.host_key =
	    print_of(h->accepted.data, h->accepted.len, &l->host_key);
	l->opened = event_write(&l->event);
}

/* Why it is not known how the command ended. */
static const char *
reason(const struct ssh_ending *ending, const struct err *failure)
{
	if (failure != NULL)
		return failure->text;
	if (ending->hung_up)
		return "closed by the user";
	return ending->told ? NULL : "nobody reads the output";
}

void
connect_log_closed(struct connect_log *l, const struct ssh_ending *ending,
    const struct err *failure)
{
	struct log_session *s = &l->session;
	uint64_t now = (uint64_t)time(NULL);

	if (!l->opened)
		return;
	s->seconds = now > s->start ? now - s->start : 0;
	s->status = -1;
	if (ending->told && failure == NULL && ending->signal[0] != '\0')
		s->signal = ending->signal;
	else if (ending->told && failure == NULL)
		s->status = ending->status;
	s->bytes_in = ending->bytes_in;
	s->bytes_out = ending->bytes_out;
	l->event.kind = LOG_DISCONNECT;
	l->event.time = now;
	l->event.detail = reason(ending, failure);
	l->event.session = s;
	(void)event_write(&l->event);
}

void
connect_log_clear(struct connect_log *l)
{
	buf_free(&l->key);
	buf_free(&l->host_key);
}
