/* SPDX-License-Identifier: ISC */

/*
 * Logging in: ask what the server takes, then keys, then questions, then a
 * password.  The library does not tell that a method succeeded in part; so after
 * a signature that was not enough the server is asked again what it takes.
 */

#include "src/ssh/connection_internal.h"

#include <string.h>

#include "pemkeep/base/utf8.h"

#define TRIES 3 /* of a password, or of a round of questions */
#define LISTS 4 /* times that the server is asked what it takes */

static const struct {
	enum ssh_login_step step;
	const char *name;
} methods[] = {
	{ LOGIN_KEY, "publickey" },
	{ LOGIN_INTERACTIVE, "keyboard-interactive" },
	{ LOGIN_PASSWORD, "password" },
};

#define METHODS (sizeof(methods) / sizeof(methods[0]))

void
ssh_login_safe(struct buf *b, const void *bytes, size_t len)
{
	const char *at = bytes;

	for (size_t i = 0; i < len;) {
		const char *end = memchr(at + i, '\n', len - i);
		size_t line = end != NULL ? (size_t)(end - at) - i : len - i;
		size_t shown = line;

		if (shown > 0 && at[i + shown - 1] == '\r')
			shown--;
		utf8_escape(b, at + i, shown);
		if (end != NULL)
			buf_put_u8(b, '\n');
		i += line + (end != NULL);
	}
}

static void
show(struct ssh_connection *c, const char *text, size_t len)
{
	struct buf safe = BUF_INIT;

	if (c->target.banner == NULL || len == 0)
		return;
	ssh_login_safe(&safe, text, len);
	if (len > 0 && text[len - 1] != '\n')
		buf_put_u8(&safe, '\n');
	c->target.banner(c->target.arg, buf_text(&safe));
	buf_free(&safe);
}

static void
show_banner(struct ssh_connection *c)
{
	char *text = NULL;

	if (c->login.banner_shown ||
	    libssh2_userauth_banner(c->session, &text) != 0 || text == NULL)
		return;
	c->login.banner_shown = true;
	show(c, text, strlen(text));
}

/* Ask the user; the server gets its time again for the answer. */
static int
ask(struct ssh_connection *c, const char *prompt, bool echo)
{
	struct ssh_login *l = &c->login;
	uint64_t since = ssh_connection_pause();
	int r;

	memset(l->answer, 0, sizeof(l->answer));
	err_set(&l->failure, ERR_REFUSED, "no answer was given");
	r = c->target.ask(c->target.arg, prompt, echo, l->answer, &l->failure);
	l->answer[sizeof(l->answer) - 1] = '\0';
	ssh_connection_resume(c, since);
	if (r == 0) {
		l->failure.code = ERR_OK;
		ssh_connection_restart_clock(c);
	}
	return r;
}

/*
 * Is this "no" the server's?  A packet that is damaged or does not come has the
 * same code in the library, and only another text.
 */
static bool
is_refusal(const struct ssh_connection *c, int rc)
{
	char *text = NULL;

	if (c->stream.dead || c->farewell[0] != '\0' ||
	    (rc != LIBSSH2_ERROR_AUTHENTICATION_FAILED &&
		rc != LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED))
		return false;
	libssh2_session_last_error(c->session, &text, NULL, 0);
	return text != NULL && strncmp(text, "Waiting for", 11) != 0;
}

static int
refused(struct ssh_connection *c, struct err *e)
{
	unsigned takes = c->login.methods;
	struct buf list = BUF_INIT;

	for (size_t i = 0; i < METHODS; i++)
		if (takes & 1u << methods[i].step)
			buf_printf(&list, "%s%s", list.len > 0 ? ", " : "",
			    methods[i].name);
	err_set(e, ERR_REFUSED, "'%s' refuses the login as '%s'", c->dial.name,
	    c->target.user);
	if (takes == 0)
		err_hint(e, "it takes no method of login that pemkeep knows");
	else if (c->target.key_count == 0 && takes == 1u << LOGIN_KEY)
		err_hint(e, "it wants a key, and there is none to offer");
	else
		err_hint(e,
		    "it takes: %s; is it the right user, and the right "
		    "key?",
		    buf_text(&list));
	buf_free(&list);
	return ERR_REFUSED;
}

/* What to try next: 1 to go on with, or ERR_REFUSED when there is nothing. */
static int
choose(struct ssh_connection *c, struct err *e)
{
	struct ssh_login *l = &c->login;

	if (l->methods & 1u << LOGIN_KEY && c->target.sign != NULL &&
	    l->key < c->target.key_count && l->key < SSH_KEYS_MAX) {
		l->step = LOGIN_KEY;
		l->signed_once = false;
		return 1;
	}
	for (unsigned s = LOGIN_INTERACTIVE; s <= LOGIN_PASSWORD; s++) {
		if (!(l->methods & 1u << s) || c->target.ask == NULL ||
		    l->tries[s] >= TRIES)
			continue;
		l->step = (enum ssh_login_step)s;
		l->tries[s]++;
		return 1;
	}
	return refused(c, e);
}

static int
wants_list(struct ssh_connection *c, struct err *e)
{
	if (c->login.tries[LOGIN_LIST] >= LISTS)
		return refused(c, e);
	c->login.step = LOGIN_LIST;
	return 1;
}

static void
take_list(struct ssh_login *l, const char *list)
{
	l->methods = 0;
	while (*list != '\0') {
		size_t n = strcspn(list, ",");

		for (size_t i = 0; i < METHODS; i++)
			if (strlen(methods[i].name) == n &&
			    memcmp(list, methods[i].name, n) == 0)
				l->methods |= 1u << methods[i].step;
		list += n + (list[n] == ',');
	}
}

/* NULL from the library is a failure, "not yet", or success. */
static int
step_list(struct ssh_connection *c, struct err *e)
{
	const char *user = c->target.user;
	const char *list =
	    libssh2_userauth_list(c->session, user, (unsigned)strlen(user));
	int rc;

	if (list == NULL) {
		rc = libssh2_session_last_errno(c->session);
		if (rc == LIBSSH2_ERROR_EAGAIN)
			return 0;
		show_banner(c);
		if (libssh2_userauth_authenticated(c->session))
			return 2;
		return ssh_connection_library_error(
		    c, "the login failed", rc, e);
	}
	show_banner(c);
	c->login.tries[LOGIN_LIST]++;
	ssh_connection_trace(c, "the server takes: %s", list);
	take_list(&c->login, list);
	return choose(c, e);
}

/* The parts of what is to be signed: is it ours, and which algorithm? */
static int
read_request(struct ssh_connection *c, const unsigned char *data, size_t len,
    char algorithm[64])
{
	const struct ssh_public_key *key = &c->target.keys[c->login.key];
	const uint8_t *name, *blob;
	size_t n, blob_len;
	struct wire w;
	bool ok;

	wire_init(&w, data, len);
	wire_string(&w, &n); /* the session */
	ok = wire_u8(&w) == 50;
	ok &= wire_string_is(&w, c->target.user);
	ok &= wire_string_is(&w, "ssh-connection");
	ok &= wire_string_is(&w, "publickey");
	ok &= wire_u8(&w) == 1;
	name = wire_string(&w, &n);
	blob = wire_string(&w, &blob_len);
	if (!ok || !wire_done(&w) || n >= 64 || blob_len != key->len ||
	    memcmp(blob, key->blob, blob_len) != 0)
		return -1;
	memcpy(algorithm, name, n);
	algorithm[n] = '\0';
	return 0;
}

/* From a signature blob to what the library wants, in its own memory. */
static int
unwrap(struct ssh_connection *c, const struct buf *signature,
    const char *algorithm, unsigned char **sig, size_t *sig_len)
{
	const uint8_t *bytes;
	struct wire w;
	bool same;
	size_t len;

	wire_init(&w, signature->data, signature->len);
	same = wire_string_is(&w, algorithm);
	bytes = wire_string(&w, &len);
	if (!same || !wire_done(&w) || len == 0)
		return err_set(&c->login.failure, ERR_FORMAT,
		    "the signature is not of the kind that was asked for");
	if ((*sig = ssh_memory_get(&c->memory, len)) == NULL)
		return err_set(&c->login.failure, ERR_NOMEM, "out of memory");
	memcpy(*sig, bytes, len);
	*sig_len = len;
	return 0;
}

static LIBSSH2_USERAUTH_PUBLICKEY_SIGN_FUNC(on_sign)
{
	struct ssh_connection *c = *abstract;
	struct ssh_login *l = &c->login;
	const struct ssh_public_key *key = &c->target.keys[l->key];
	struct buf signature = BUF_INIT;
	char algorithm[64];
	uint64_t since;
	int r;

	(void)session;
	l->signed_once = true;
	if (read_request(c, data, data_len, algorithm) != 0)
		return err_set(&l->failure, ERR_FAILED,
		    "the SSH library wants something else signed than a login");
	ssh_connection_trace(c, "the server takes key %zu; signing with %s",
	    l->key + 1, algorithm);
	since = ssh_connection_pause();
	err_set(&l->failure, ERR_FAILED, "the login could not be signed");
	r = c->target.sign(c->target.arg, key->blob, key->len, algorithm, data,
	    data_len, &signature, &l->failure);
	ssh_connection_resume(c, since);
	if (r == 0)
		l->failure.code = ERR_OK;
	if (r == 0)
		r = unwrap(c, &signature, algorithm, sig, sig_len);
	buf_free(&signature);
	return r;
}

static int
step_key(struct ssh_connection *c, struct err *e)
{
	struct ssh_login *l = &c->login;
	const struct ssh_public_key *key = &c->target.keys[l->key];
	void *abstract = c;
	int rc = libssh2_userauth_publickey(c->session, c->target.user,
	    key->blob, key->len, on_sign, &abstract);

	if (rc == LIBSSH2_ERROR_EAGAIN)
		return 0;
	if (rc == 0)
		return 2;
	if (l->failure.code != ERR_OK) {
		*e = l->failure;
		return (int)e->code;
	}
	if (rc == LIBSSH2_ERROR_METHOD_NONE) {
		/* The library has kept this key's algorithm for the next. */
		ssh_connection_trace(
		    c, "the server takes no algorithm of key %zu", l->key + 1);
		l->key = c->target.key_count;
		return choose(c, e);
	}
	if (!is_refusal(c, rc))
		return ssh_connection_library_error(
		    c, "the login failed", rc, e);
	ssh_connection_trace(c, "key %zu is not enough", l->key + 1);
	l->key++;
	return l->signed_once ? wants_list(c, e) : choose(c, e);
}

/*
 * Whoever asks stands where the answer is typed: else a server could ask for the
 * passphrase of the vault.
 */
static void
put_prompt(struct ssh_connection *c, struct buf *text, const char *prompt)
{
	const char *line = strrchr(prompt, '\n');
	const char *user = c->target.user;

	line = line != NULL ? line + 1 : prompt;
	buf_put(text, prompt, (size_t)(line - prompt));
	buf_put_text(text, "(");
	utf8_escape(text, user, strlen(user));
	buf_put_text(text, "@");
	utf8_escape(text, c->dial.name, strlen(c->dial.name));
	buf_put_text(text, ") ");
	buf_put_text(text, line);
}

/* One question of the server, with what stands above it. */
static int
ask_prompt(struct ssh_connection *c, const char *above, size_t above_len,
    const LIBSSH2_USERAUTH_KBDINT_PROMPT *prompt,
    LIBSSH2_USERAUTH_KBDINT_RESPONSE *response)
{
	struct ssh_login *l = &c->login;
	struct buf text = BUF_INIT, safe = BUF_INIT;
	size_t len;
	int r;

	ssh_login_safe(&text, above, above_len);
	if (above_len > 0 && above[above_len - 1] != '\n')
		buf_put_u8(&text, '\n');
	ssh_login_safe(&safe, prompt->text, prompt->length);
	put_prompt(c, &text, buf_text(&safe));
	r = ask(c, buf_text(&text), prompt->echo != 0);
	buf_free(&safe);
	buf_free(&text);
	len = strlen(l->answer);
	if (r != 0 || len == 0)
		return r;
	response->text = ssh_memory_get(&c->memory, len);
	if (response->text == NULL)
		return err_set(&l->failure, ERR_NOMEM, "out of memory");
	memcpy(response->text, l->answer, len);
	response->length = (unsigned)len;
	explicit_bzero(l->answer, sizeof(l->answer));
	return 0;
}

static LIBSSH2_USERAUTH_KBDINT_RESPONSE_FUNC(on_questions)
{
	struct ssh_connection *c = *abstract;
	struct ssh_login *l = &c->login;
	struct buf above = BUF_INIT;

	if (l->failure.code != ERR_OK)
		return;
	if (++l->rounds > SSH_ROUNDS_MAX || num_prompts > 16) {
		err_set(&l->failure, ERR_NETWORK,
		    "the server asks too many questions");
		return;
	}
	buf_put(&above, name, name_len > 0 ? (size_t)name_len : 0);
	if (name_len > 0)
		buf_put_u8(&above, '\n');
	buf_put(&above, instruction,
	    instruction_len > 0 ? (size_t)instruction_len : 0);
	if (num_prompts == 0)
		show(c, buf_text(&above), above.len);
	for (int i = 0; i < num_prompts; i++) {
		if (ask_prompt(c, buf_text(&above), i == 0 ? above.len : 0,
			&prompts[i], &responses[i]) != 0)
			break;
	}
	buf_free(&above);
}

static int
after_question(struct ssh_connection *c, int rc, struct err *e)
{
	if (rc == LIBSSH2_ERROR_EAGAIN && c->login.failure.code == ERR_OK)
		return 0;
	if (rc == 0)
		return 2;
	if (c->login.failure.code != ERR_OK) {
		*e = c->login.failure;
		return (int)e->code;
	}
	if (!is_refusal(c, rc))
		return ssh_connection_library_error(
		    c, "the login failed", rc, e);
	ssh_connection_trace(c, "the answer is not enough");
	return choose(c, e);
}

static int
step_interactive(struct ssh_connection *c, struct err *e)
{
	const char *user = c->target.user;

	return after_question(c,
	    libssh2_userauth_keyboard_interactive_ex(
		c->session, user, (unsigned)strlen(user), on_questions),
	    e);
}

/* There is no new password; without this the library says "wrong password". */
static LIBSSH2_PASSWD_CHANGEREQ_FUNC(on_expired)
{
	(void)session, (void)abstract;
	*newpw = NULL;
	*newpw_len = 0;
}

static int
step_password(struct ssh_connection *c, struct err *e)
{
	struct ssh_login *l = &c->login;
	const char *user = c->target.user;
	struct buf prompt = BUF_INIT;
	int r;

	if (!l->asked) {
		utf8_escape(&prompt, user, strlen(user));
		buf_put_text(&prompt, "@");
		utf8_escape(&prompt, c->dial.name, strlen(c->dial.name));
		buf_put_text(&prompt, "'s password: ");
		r = ask(c, buf_text(&prompt), false);
		buf_free(&prompt);
		if (r != 0) {
			*e = l->failure;
			return (int)e->code;
		}
		l->asked = true;
	}
	r = libssh2_userauth_password_ex(c->session, user,
	    (unsigned)strlen(user), l->answer, (unsigned)strlen(l->answer),
	    on_expired);
	if (r == LIBSSH2_ERROR_EAGAIN)
		return 0;
	l->asked = false;
	explicit_bzero(l->answer, sizeof(l->answer));
	if (r == LIBSSH2_ERROR_PASSWORD_EXPIRED)
		return err_set(e, ERR_REFUSED,
		    "the password has expired; the server wants a new one");
	return after_question(c, r, e);
}

int
ssh_login_step(struct ssh_connection *c, struct err *e)
{
	int r = 1;

	while (r == 1) {
		switch (c->login.step) {
		case LOGIN_LIST:
			r = step_list(c, e);
			break;
		case LOGIN_KEY:
			r = step_key(c, e);
			break;
		case LOGIN_INTERACTIVE:
			r = step_interactive(c, e);
			break;
		case LOGIN_PASSWORD:
			r = step_password(c, e);
			break;
		}
	}
	return r == 2 ? 1 : r;
}
