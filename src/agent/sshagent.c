/* SPDX-License-Identifier: ISC */

/*
 * The ssh-agent protocol (RFC 9987): what ssh and its friends, and through
 * "ssh -A" any machine that one logs in to, can ask for.  So there is no way in
 * it to add, remove, export or even unlock anything: list and sign, lock and
 * unlock this very socket, and two extensions.  Where ssh has said that it
 * forwards (OpenSSH 8.9 does), locking this socket is no business of the other
 * machine either.
 */

#include <stdio.h>
#include <string.h>

#include "pemkeep/keys/pubkey.h"
#include "vault/secret.h"

#include "src/agent/keeper_log.h"
#include "src/agent/server.h"

#define MESSAGE_MAX 262144u /* as OpenSSH has it */

enum {
	FAILURE = 5,
	SUCCESS = 6,
	REQUEST_IDENTITIES = 11,
	IDENTITIES_ANSWER = 12,
	SIGN_REQUEST = 13,
	SIGN_RESPONSE = 14,
	ADD_IDENTITY = 17,
	REMOVE_IDENTITY = 18,
	REMOVE_ALL = 19,
	ADD_SMARTCARD = 20,
	REMOVE_SMARTCARD = 21,
	LOCK = 22,
	UNLOCK = 23,
	ADD_CONSTRAINED = 25,
	ADD_SMARTCARD_CONSTRAINED = 26,
	EXTENSION = 27,
	EXTENSION_RESPONSE = 29
};

enum { FLAG_SHA2_256 = 2, FLAG_SHA2_512 = 4 };

size_t
sshagent_limit(uint8_t type, bool *secret)
{
	*secret = type == LOCK || type == UNLOCK;
	return MESSAGE_MAX;
}

static void
answer(struct conn *c, uint8_t type, const struct buf *body)
{
	size_t len = body != NULL ? body->len : 0;

	if ((body != NULL && !buf_ok(body)) || len >= MESSAGE_MAX) {
		type = FAILURE;
		len = 0;
	}
	buf_put_u32(&c->out, (uint32_t)len + 1);
	buf_put_u8(&c->out, type);
	if (len > 0)
		buf_put(&c->out, body->data, len);
}

static void
answer_if(struct conn *c, bool success)
{
	answer(c, success ? SUCCESS : FAILURE, NULL);
}

struct identities {
	struct buf list;
	uint32_t count;
};

/* As many as a client will take: its limit for an answer is the same. */
static void
add_identity(void *arg, const uint8_t *blob, size_t len, const char *name)
{
	struct identities *to = arg;

	if (to->list.len + len + strlen(name) + 16 > MESSAGE_MAX - 8)
		return;
	buf_put_string(&to->list, blob, len);
	buf_put_cstring(&to->list, name);
	to->count++;
}

static void
identities(struct conn *c)
{
	struct identities all = { .list = BUF_INIT };
	struct server *s = c->server;
	struct buf body = BUF_INIT;

	if (s->ssh_lock == NULL && server_refresh(s, NULL) == 0)
		keeper_each_public(s->keeper, add_identity, &all);
	buf_put_u32(&body, all.count);
	if (buf_ok(&all.list))
		buf_put(&body, all.list.data, all.list.len);
	else
		body.failed = true;
	answer(c, IDENTITIES_ANSWER, &body);
	buf_free(&all.list);
	buf_free(&body);
}

/*
 * RSA keys sign with SHA-2 only.  Without a flag SHA-1 is meant; whoever takes
 * what comes (ssh-add -T) is served all the same, and whoever insists would not
 * get further with an error either.  For the others the algorithm is called like
 * the key.
 */
static bool
find_algorithm(
    const struct sign_request *r, uint32_t flags, char *to, size_t size)
{
	const uint8_t *name;
	struct wire w;
	size_t len;

	wire_init(&w, r->blob, r->blob_len);
	name = wire_string(&w, &len);
	if (name == NULL || len >= size || memchr(name, '\0', len) != NULL ||
	    (flags & ~(uint32_t)(FLAG_SHA2_256 | FLAG_SHA2_512)) != 0)
		return false;
	memcpy(to, name, len);
	to[len] = '\0';
	if (strcmp(to, "ssh-rsa") != 0)
		return true;
	strcpy(to, flags == FLAG_SHA2_512 ? "rsa-sha2-512" : "rsa-sha2-256");
	return true;
}

static void
sign(struct conn *c)
{
	struct buf signature = BUF_INIT, body = BUF_INIT;
	struct sign_request request;
	char algorithm[64];
	struct wire w;
	uint32_t flags;
	int r = ERR_FAILED;

	wire_init(&w, c->body.data, c->body.len);
	request.blob = wire_string(&w, &request.blob_len);
	request.data = wire_string(&w, &request.len);
	flags = wire_u32(&w);
	request.algorithm = algorithm;
	if (wire_done(&w) &&
	    find_algorithm(&request, flags, algorithm, sizeof(algorithm)))
		r = sign_for(c, &request, &signature, NULL);
	if (r == 0) {
		buf_put_string(&body, signature.data, signature.len);
		answer(c, SIGN_RESPONSE, &body);
	} else if (r != SIGN_LATER) {
		answer(c, FAILURE, NULL);
	}
	buf_free(&signature);
	buf_free(&body);
}

/* The password of ssh-add -x and -X, as a secret of its own; or NULL. */
static struct secret *
password(const struct conn *c)
{
	const uint8_t *bytes;
	struct wire w;
	size_t len;

	wire_init(&w, secret_bytes(c->secret), secret_len(c->secret));
	bytes = wire_string(&w, &len);
	return wire_done(&w) ? secret_copy(bytes, len) : NULL;
}

static void
lock(struct conn *c)
{
	struct server *s = c->server;

	if (s->ssh_lock == NULL)
		answer_if(c, (s->ssh_lock = password(c)) != NULL);
	else
		answer(c, FAILURE, NULL);
}

static void
unlock(struct conn *c)
{
	struct server *s = c->server;
	uint64_t wait = guesses_wait_ms(&s->ssh_guesses);
	struct secret *guess;
	bool right;

	if (s->ssh_lock == NULL) {
		answer(c, FAILURE, NULL);
		return;
	}
	if (wait > 0) {
		conn_later(c, wait);
		return;
	}
	guess = password(c);
	right = guess != NULL && secret_equal(guess, s->ssh_lock);
	secret_free(guess);
	if (right) {
		secret_free(s->ssh_lock);
		s->ssh_lock = NULL;
		guesses_right(&s->ssh_guesses);
	} else {
		guesses_wrong(&s->ssh_guesses);
	}
	answer_if(c, right);
}

static void
query(struct conn *c)
{
	struct buf body = BUF_INIT;

	buf_put_cstring(&body, "query");
	buf_put_cstring(&body, "query");
	buf_put_cstring(&body, "session-bind@openssh.com");
	answer(c, EXTENSION_RESPONSE, &body);
	buf_free(&body);
}

/*
 * Where this connection comes from, signed by the host it goes to.  Once it was
 * said to be forwarded, it stays so, and confirming says it; that needs no proof,
 * since it can only do less then.
 */
static bool
session_bind(struct conn *c, struct wire *w)
{
	const uint8_t *key, *session, *bytes;
	size_t key_len, session_len, len;
	struct buf signature = BUF_INIT;
	bool forwarded, ok;

	key = wire_string(w, &key_len);
	session = wire_string(w, &session_len);
	bytes = wire_string(w, &len);
	forwarded = wire_u8(w) != 0;
	if (!wire_done(w))
		return false;
	c->forwarded = c->forwarded || forwarded;
	buf_put(&signature, bytes, len);
	ok = buf_ok(&signature) &&
	    pubkey_verify(
		key, key_len, &signature, session, session_len, NULL) == 0;
	buf_free(&signature);
	return ok;
}

static void
extension(struct conn *c)
{
	const uint8_t *name;
	struct wire w;
	size_t len;

	wire_init(&w, c->body.data, c->body.len);
	name = wire_string(&w, &len);
	if (name != NULL && len == 5 && memcmp(name, "query", 5) == 0 &&
	    wire_done(&w))
		query(c);
	else if (name != NULL && len == 24 &&
	    memcmp(name, "session-bind@openssh.com", 24) == 0)
		answer_if(c, session_bind(c, &w));
	else
		answer(c, FAILURE, NULL);
}

/* In the words of the log; only what is never granted. */
static const char *const refused[] = {
	[ADD_IDENTITY] = "add a key",
	[REMOVE_IDENTITY] = "remove a key",
	[REMOVE_ALL] = "remove all keys",
	[ADD_SMARTCARD] = "add a smart card",
	[REMOVE_SMARTCARD] = "remove a smart card",
	[LOCK] = "lock", /* when it is forwarded */
	[UNLOCK] = "unlock",
	[ADD_CONSTRAINED] = "add a key",
	[ADD_SMARTCARD_CONSTRAINED] = "add a smart card",
};

/* Logged once for a connection: it may go on asking as long as it likes. */
static void
refuse(struct conn *c)
{
	uint8_t type = c->head[4];
	char detail[80];

	if (!c->refusal_logged) {
		if (type < sizeof(refused) / sizeof(refused[0]) &&
		    refused[type] != NULL)
			(void)snprintf(detail, sizeof(detail), "%s%s",
			    refused[type], c->forwarded ? " (forwarded)" : "");
		else
			(void)snprintf(detail, sizeof(detail), "request %u%s",
			    type, c->forwarded ? " (forwarded)" : "");
		keeper_log_refused(c->server->keeper, detail);
	}
	c->refusal_logged = true;
	answer(c, FAILURE, NULL);
}

void
sshagent_request(struct conn *c)
{
	uint8_t type = c->head[4];
	bool locking = type == LOCK || type == UNLOCK;

	if (type == REQUEST_IDENTITIES && c->body.len == 0)
		identities(c);
	else if (type == UNLOCK && !c->forwarded)
		unlock(c);
	else if (c->server->ssh_lock != NULL)
		answer(c, FAILURE, NULL);
	else if (type == SIGN_REQUEST)
		sign(c);
	else if (type == EXTENSION)
		extension(c);
	else if (locking && !c->forwarded)
		lock(c);
	else
		refuse(c);
}
