/* SPDX-License-Identifier: ISC */

/*
 * The library's session and what it calls: memory, socket, and the packets that
 * it tells of.
 *
 * libssh2 1.11.1 cannot tell "exit status 0" from "no exit status", nor which
 * number a channel has.  Both are in packets which it frees after it has looked
 * at them, through our function; that one takes a look, too.
 */

#include "src/ssh/algorithms.h"
#include "src/ssh/connection_internal.h"

#include <errno.h>
#include <string.h>

#define CHANNEL_OPEN_CONFIRMATION 91
#define CHANNEL_REQUEST 98

static LIBSSH2_ALLOC_FUNC(on_alloc)
{
	struct ssh_connection *c = *abstract;

	return ssh_memory_get(&c->memory, count);
}

static LIBSSH2_REALLOC_FUNC(on_realloc)
{
	struct ssh_connection *c = *abstract;

	return ssh_memory_resize(&c->memory, ptr, count);
}

static void
look_at(struct ssh_connection *c, const void *p)
{
	struct wire w;
	uint8_t type;
	uint32_t id;

	wire_init(&w, p, ssh_memory_size(p));
	type = wire_u8(&w);
	if (type != CHANNEL_OPEN_CONFIRMATION && type != CHANNEL_REQUEST)
		return;
	id = wire_u32(&w);
	if (type == CHANNEL_OPEN_CONFIRMATION) {
		if (wire_ok(&w) && c->opening != NULL)
			c->opening->id = id;
		return;
	}
	if (!wire_string_is(&w, "exit-status"))
		return;
	for (struct ssh_channel *ch = c->channels; ch != NULL; ch = ch->next)
		if (ch->raw != NULL && ch->id == id)
			ch->exit_known = true;
}

static LIBSSH2_FREE_FUNC(on_free)
{
	struct ssh_connection *c = *abstract;

	if (ptr != NULL && c->stage == STAGE_READY)
		look_at(c, ptr);
	ssh_memory_free(&c->memory, ptr);
}

static LIBSSH2_RECV_FUNC(on_recv)
{
	struct ssh_connection *c = *abstract;

	(void)socket, (void)flags;
	return ssh_stream_recv(&c->stream, buffer, length);
}

static LIBSSH2_SEND_FUNC(on_send)
{
	struct ssh_connection *c = *abstract;

	(void)socket, (void)flags;
	return ssh_stream_send(&c->stream, buffer, length);
}

static LIBSSH2_DISCONNECT_FUNC(on_disconnect)
{
	struct ssh_connection *c = *abstract;
	size_t len = message_len > 0 ? (size_t)message_len : 0;

	(void)session, (void)reason, (void)language, (void)language_len;
	if (message == NULL)
		len = 0;
	if (len > sizeof(c->farewell) - 1)
		len = sizeof(c->farewell) - 1;
	for (size_t i = 0; i < len; i++)
		c->farewell[i] = message[i] != '\0' ? message[i] : ' ';
	c->farewell[len] = '\0';
}

/* The library would go on with the next packet. */
static LIBSSH2_MACERROR_FUNC(on_mac_error)
{
	struct ssh_connection *c = *abstract;

	(void)session, (void)packet, (void)packet_len;
	ssh_stream_break(&c->stream, "a damaged packet from the server");
	return -1;
}

/* Called while the library reads: it must not be used in here. */
static LIBSSH2_AUTHAGENT_FUNC(on_agent)
{
	struct ssh_connection *c = *abstract;
	struct err e;

	(void)session;
	if (c->knocking_count < SSH_KNOCKING_MAX) {
		c->knocking[c->knocking_count++] = channel;
		return;
	}
	err_set(&e, ERR_NETWORK, "the server opens too many agent channels");
	ssh_connection_fail(c, &e);
}

static int
prefer(struct ssh_connection *c, int method, const char *list, struct err *e)
{
	if (libssh2_session_method_pref(c->session, method, list) == 0)
		return 0;
	return err_set(e, ERR_UNSUPPORTED,
	    "the SSH library has none of the algorithms '%s'", list);
}

static const char *
wanted(const char *given, enum ssh_algorithm_kind kind)
{
	return given != NULL ? given : ssh_algorithms(kind);
}

static int
set_algorithms(struct ssh_connection *c, struct err *e)
{
	const struct ssh_target *t = &c->target;
	const char *ciphers = wanted(t->ciphers, SSH_CIPHERS);
	const char *macs = wanted(t->macs, SSH_MACS);
	struct buf host = BUF_INIT;
	int r;

	ssh_algorithms_host(&host, t->host_types, t->host_type_count);
	r = prefer(c, LIBSSH2_METHOD_HOSTKEY, buf_text(&host), e);
	buf_free(&host);
	if (r == 0)
		r = prefer(c, LIBSSH2_METHOD_KEX, wanted(t->kex, SSH_KEX), e);
	if (r == 0)
		r = prefer(c, LIBSSH2_METHOD_CRYPT_CS, ciphers, e);
	if (r == 0)
		r = prefer(c, LIBSSH2_METHOD_CRYPT_SC, ciphers, e);
	if (r == 0)
		r = prefer(c, LIBSSH2_METHOD_MAC_CS, macs, e);
	if (r == 0)
		r = prefer(c, LIBSSH2_METHOD_MAC_SC, macs, e);
	if (r == 0)
		r = prefer(c, LIBSSH2_METHOD_SIGN_ALGO, SSH_SIGN_ALGORITHMS, e);
	return r;
}

int
ssh_library_start(struct ssh_connection *c, struct err *e)
{
	if (libssh2_init(0) != 0)
		return err_set(e, ERR_FAILED, "the SSH library does not start");
	c->memory.most = SSH_MEMORY_BASE;
	c->session = libssh2_session_init_ex(on_alloc, on_free, on_realloc, c);
	if (c->session == NULL) {
		libssh2_exit();
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	libssh2_session_set_blocking(c->session, 0);
	/* Ours is the deadline; the library's would end a slow login. */
	libssh2_session_set_read_timeout(c->session, 24L * 3600);
	libssh2_session_callback_set2(
	    c->session, LIBSSH2_CALLBACK_RECV, (libssh2_cb_generic *)on_recv);
	libssh2_session_callback_set2(
	    c->session, LIBSSH2_CALLBACK_SEND, (libssh2_cb_generic *)on_send);
	libssh2_session_callback_set2(c->session, LIBSSH2_CALLBACK_DISCONNECT,
	    (libssh2_cb_generic *)on_disconnect);
	libssh2_session_callback_set2(c->session, LIBSSH2_CALLBACK_MACERROR,
	    (libssh2_cb_generic *)on_mac_error);
	return set_algorithms(c, e);
}

void
ssh_library_allow_agent(struct ssh_connection *c)
{
	libssh2_session_callback_set2(c->session, LIBSSH2_CALLBACK_AUTHAGENT,
	    (libssh2_cb_generic *)on_agent);
}

/*
 * With the stream dead nothing waits; the descriptor is closed only after this,
 * since the library may still use its number.
 */
void
ssh_library_end(struct ssh_connection *c)
{
	if (c->session == NULL)
		return;
	ssh_stream_kill(&c->stream);
	libssh2_session_free(c->session);
	c->session = NULL;
	ssh_memory_clear(&c->memory);
	libssh2_exit();
}
