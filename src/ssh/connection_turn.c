/* SPDX-License-Identifier: ISC */

/* What a connection does when something can be done. */

#include <event2/event.h>

#include <string.h>

#include "pemkeep/base/digest.h"

#include "src/ssh/connection_internal.h"

void
ssh_connection_kick(struct ssh_connection *c)
{
	if (!c->in_turn)
		event_active(c->again, EV_TIMEOUT, 0);
}

/* The library's words are for programmers; these are for people. */
static const char *
meaning(struct ssh_connection *c, int rc)
{
	switch (rc) {
	case LIBSSH2_ERROR_KEX_FAILURE:
	case LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE:
	case LIBSSH2_ERROR_METHOD_NONE:
		return libssh2_session_methods(
			   c->session, LIBSSH2_METHOD_COMP_SC) == NULL
		    ? "no agreement on algorithms"
		    : "the server does not prove that it has its host key, or "
		      "the data are damaged";
	case LIBSSH2_ERROR_HOSTKEY_INIT:
	case LIBSSH2_ERROR_HOSTKEY_SIGN:
		return "the server does not prove its host key";
	case LIBSSH2_ERROR_SOCKET_NONE:           /* "something" */
	case LIBSSH2_ERROR_AUTHENTICATION_FAILED: /* no refusal: see login.c */
	case LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED:
	case LIBSSH2_ERROR_INVALID_MAC:
	case LIBSSH2_ERROR_DECRYPT:
	case LIBSSH2_ERROR_OUT_OF_BOUNDARY:
	case LIBSSH2_ERROR_PROTO:
	case LIBSSH2_ERROR_BUFFER_TOO_SMALL:
		return "a malformed packet from the server";
	case LIBSSH2_ERROR_ALLOC:
		return "out of memory";
	default:
		return NULL;
	}
}

int
ssh_connection_library_error(
    struct ssh_connection *c, const char *doing, int rc, struct err *e)
{
	const char *why;
	char *text = NULL;

	if (c->farewell[0] != '\0')
		return err_set(e, ERR_NETWORK,
		    "the server ended the connection: it says '%s'",
		    c->farewell);
	if (ssh_stream_error(&c->stream, e) != 0)
		return ERR_NETWORK;
	if (c->memory.full)
		return err_set(e, ERR_NETWORK,
		    "%s: the server sends more than can be kept", doing);
	/* Asking for the meaning may change what the last error was. */
	libssh2_session_last_error(c->session, &text, NULL, 0);
	why = meaning(c, rc);
	if (rc == LIBSSH2_ERROR_SOCKET_DISCONNECT && why == NULL)
		why = "the server ended the connection";
	if (why != NULL)
		return err_set(e, ERR_NETWORK, "%s: %s (%s)", doing, why,
		    text != NULL ? text : "");
	return err_set(e, ERR_NETWORK, "%s: %s (%d)", doing,
	    text != NULL && *text != '\0' ? text : "failed", rc);
}

static void
trace_algorithms(struct ssh_connection *c)
{
	static const int methods[] = { LIBSSH2_METHOD_KEX,
		LIBSSH2_METHOD_HOSTKEY, LIBSSH2_METHOD_CRYPT_SC,
		LIBSSH2_METHOD_MAC_SC };
	const char *names[4];

	for (size_t i = 0; i < 4; i++) {
		names[i] = libssh2_session_methods(c->session, methods[i]);
		if (names[i] == NULL)
			names[i] = "?";
	}
	ssh_connection_trace(c, "key exchange %s, host key %s, %s, %s",
	    names[0], names[1], names[2], names[3]);
}

/* Ask the caller about the host; nothing but 0 from there lets us go on. */
static int
prove_host(struct ssh_connection *c, struct err *e)
{
	struct ssh_host_key key = { 0 };
	const char *blob;
	const uint8_t *name;
	struct wire w;
	uint64_t since;
	char type[64];
	size_t len;
	int ignored, r;

	blob = libssh2_session_hostkey(c->session, &key.len, &ignored);
	wire_init(&w, blob, blob != NULL ? key.len : 0);
	name = wire_string(&w, &len);
	if (!wire_ok(&w) || len >= sizeof(type))
		return err_set(e, ERR_NETWORK, "the host key is malformed");
	memcpy(type, name, len);
	type[len] = '\0';
	key.type = type;
	key.blob = (const uint8_t *)blob;
	buf_put(&c->host_key, blob, key.len);
	if (!buf_ok(&c->host_key))
		return err_set(e, ERR_NOMEM, "out of memory");
	if (c->target.host == NULL)
		return err_set(e, ERR_UNTRUSTED, "the host is not known");
	err_set(e, ERR_UNTRUSTED, "the host key was not accepted");
	since = ssh_connection_pause();
	r = c->target.host(c->target.arg, &key, e);
	ssh_connection_resume(c, since);
	return r;
}

/* A server that changes keys later must still be the one that was accepted. */
static bool
same_host(struct ssh_connection *c)
{
	size_t len = 0;
	int type;
	const char *blob = libssh2_session_hostkey(c->session, &len, &type);

	return blob != NULL && len == c->host_key.len &&
	    memcmp(blob, c->host_key.data, len) == 0;
}

static int
handshake(struct ssh_connection *c, struct err *e)
{
	int rc = libssh2_session_handshake(c->session, c->stream.fd);
	char version[256];

	if (rc == LIBSSH2_ERROR_EAGAIN) {
		/* Our version is on its way, and sshd takes long to start. */
		ssh_stream_flush(&c->stream);
		if (!c->warm)
			digest_warm();
		c->warm = true;
		return 0;
	}
	if (rc != 0)
		return ssh_connection_library_error(
		    c, "the key exchange failed", rc, e);
	ssh_stream_say_version(&c->stream, version);
	ssh_connection_trace(c, "server version %s", version);
	trace_algorithms(c);
	if ((rc = prove_host(c, e)) != 0)
		return rc;
	c->stage = STAGE_LOGIN;
	return 1;
}

static void
be_ready(struct ssh_connection *c)
{
	/* The library sends no more than one in 2 seconds. */
	unsigned seconds =
	    c->target.alive_interval == 1 ? 2 : c->target.alive_interval;
	struct timeval t = { (time_t)seconds, 0 };

	c->stage = STAGE_READY;
	ssh_stream_ready(&c->stream);
	event_del(c->deadline);
	explicit_bzero(c->login.answer, sizeof(c->login.answer));
	if (seconds > 0) {
		libssh2_keepalive_config(c->session, 1, 2);
		c->alive_received = c->stream.received;
		evtimer_add(c->alive, &t);
	}
	c->done(c->done_arg, 0, NULL);
}

static int
set_up(struct ssh_connection *c, struct err *e)
{
	int r = 0;

	if (c->stage == STAGE_HANDSHAKE && (r = handshake(c, e)) <= 0)
		return r;
	if (c->stage == STAGE_LOGIN && (r = ssh_login_step(c, e)) == 1)
		be_ready(c);
	return r;
}

static bool
serve_channels(struct ssh_connection *c)
{
	bool progress = false;

	/* New ones are put in front, and wait for the next round. */
	for (struct ssh_channel *ch = c->channels;
	     ch != NULL && c->stage == STAGE_READY; ch = ch->next)
		progress |= ssh_channel_step(ch);
	while (c->knocking_count > 0 && c->stage == STAGE_READY) {
		ssh_agent_proxy_start(c, c->knocking[--c->knocking_count]);
		progress = true;
	}
	return progress;
}

/*
 * Is much waiting for somebody here who takes nothing now?  The window counts
 * bytes, and they may come one in a packet, which costs a hundred.
 */
static bool
is_stuffed(const struct ssh_connection *c)
{
	if (c->memory.used <= c->memory.most / 2)
		return false;
	for (const struct ssh_channel *ch = c->channels; ch != NULL;
	     ch = ch->next)
		if (!ssh_channel_takes_all(ch))
			return true;
	return false;
}

static void
wait_for_more(struct ssh_connection *c)
{
	if (c->stage == STAGE_FAILED || c->stage == STAGE_DIAL)
		return;
	if (c->stream.wants)
		event_add(c->readable, NULL);
	else
		event_del(c->readable);
	if (ssh_stream_backlog(&c->stream) > 0)
		event_add(c->writable, NULL);
	else
		event_del(c->writable);
}

void
ssh_connection_turn(struct ssh_connection *c)
{
	struct err e;
	bool more = true;

	if (c->in_turn || c->stage == STAGE_FAILED)
		return;
	if (c->stage == STAGE_DIAL) {
		if (c->failure.code != 0) {
			e = c->failure;
			ssh_connection_fail(c, &e);
		}
		return;
	}
	c->in_turn = true;
	ssh_stream_turn(&c->stream, is_stuffed(c));
	ssh_stream_flush(&c->stream);
	while (more && c->stage != STAGE_FAILED) {
		int r = c->stage < STAGE_READY ? set_up(c, &e)
		    : serve_channels(c)        ? 1
					       : 0;

		ssh_stream_flush(&c->stream);
		if (r < 0)
			ssh_connection_fail(c, &e);
		more = r > 0;
	}
	if (c->stage == STAGE_READY && !same_host(c)) {
		err_set(&e, ERR_UNTRUSTED,
		    "the server shows another host key in the middle");
		ssh_connection_fail(c, &e);
	}
	ssh_channel_sweep(c);
	ssh_stream_flush(&c->stream);
	wait_for_more(c);
	c->in_turn = false;
}
