/* SPDX-License-Identifier: ISC */

/*
 * Whom a host key belongs to.  Only one path of connect_hosts_check() ends with
 * 0 for a key that is not known yet, and it goes through a clear yes, by the
 * user or by an option.
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "pemkeep/base/err.h"
#include "pemkeep/base/path.h"
#include "pemkeep/keys/pubkey.h"
#include "pemkeep/ssh/known_hosts.h"

#include "src/cli/cli.h"
#include "src/cli/connect_cloud.h"

static int
load(struct connect_hosts *h, const char *path, struct err *e)
{
	return known_hosts_load(h->known, path, e);
}

/* Paths with blanks between, "~/" for the home; the first takes new keys. */
static int
load_given(struct connect_hosts *h, const char *list, struct err *e)
{
	const char *home = getenv("HOME");
	struct buf path = BUF_INIT;
	int r = 0;

	while (r == 0 && *list != '\0') {
		size_t n = strcspn(list, " \t");

		buf_clear(&path);
		if (strncmp(list, "~/", 2) == 0 && home != NULL) {
			buf_put_text(&path, home);
			buf_put(&path, list + 1, n - 1);
		} else {
			buf_put(&path, list, n);
		}
		if (strcmp(buf_text(&path), "none") != 0 &&
		    strcmp(buf_text(&path), "/dev/null") != 0 && path.len > 0) {
			r = load(h, buf_text(&path), e);
			if (h->file.len == 0)
				buf_put_text(&h->file, buf_text(&path));
			(void)buf_text(&h->file); /* ends it */
		}
		list += n + strspn(list + n, " \t");
	}
	buf_free(&path);
	return r;
}

static int
load_usual(struct connect_hosts *h, struct err *e)
{
	const char *home = getenv("HOME");
	struct buf path = BUF_INIT;
	int r;

	if ((r = path_of(PATH_STATE, "known_hosts", &h->file, e)) == 0)
		r = load(h, buf_text(&h->file), e);
	if (r == 0 && home != NULL && *home == '/') {
		buf_printf(&path, "%s/.ssh/known_hosts", home);
		r = load(h, buf_text(&path), e);
	}
	if (r == 0)
		r = load(h, "/etc/ssh/ssh_known_hosts", e);
	buf_free(&path);
	return r;
}

/* "a,b" to a list of texts. */
static void
split_types(struct connect_hosts *h)
{
	char *at;

	if (h->types.len == 0)
		return;
	buf_put_u8(&h->types, 0);
	if (!buf_ok(&h->types))
		return;
	at = (char *)h->types.data;
	while (h->type_count < sizeof(h->type_list) / sizeof(char *)) {
		h->type_list[h->type_count++] = at;
		at += strcspn(at, ",");
		if (*at == '\0')
			break;
		*at++ = '\0';
	}
}

int
connect_hosts_load(struct connect_hosts *h, struct err *e)
{
	const char *given = h->options->known_hosts;

	h->known = known_hosts_new();
	if (h->known == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	return given != NULL ? load_given(h, given, e) : load_usual(h, e);
}

static int
find_types(struct connect_hosts *h, struct err *e)
{
	buf_clear(&h->types);
	h->type_count = 0;
	for (size_t i = 0; i < h->name_count && h->types.len == 0; i++)
		if (!known_hosts_types(h->known, h->names[i].name,
			h->names[i].port, &h->types))
			return err_set(e, ERR_UNTRUSTED,
			    "'%s' is no name for a host key", h->names[i].name);
	split_types(h);
	return 0;
}

int
connect_hosts_name(
    struct connect_hosts *h, const struct target *t, bool same, struct err *e)
{
	h->name_count = 0;
	h->is_private =
	    t->instance.id != NULL && t->address_kind == TARGET_PRIVATE;
	if (!same)
		buf_clear(&h->accepted);
	if (h->options->alias != NULL) {
		h->names[0].name = h->options->alias;
		h->names[0].port = 22; /* an alias stands for host and port */
		h->name_count = 1;
	}
	while (h->options->alias == NULL && h->name_count < CONNECT_NAMES_MAX &&
	    h->name_count < t->host_key_count) {
		h->names[h->name_count].name =
		    t->host_keys[h->name_count].value;
		h->names[h->name_count++].port = t->port;
	}
	return h->known != NULL ? find_types(h, e) : 0;
}

void
connect_hosts_clear(struct connect_hosts *h)
{
	known_hosts_free(h->known);
	buf_free(&h->accepted);
	buf_free(&h->types);
	buf_free(&h->file);
	memset(h, 0, sizeof(*h));
}

/* "ED25519" from "ssh-ed25519". */
static const char *
word_for(const char *type)
{
	if (strcmp(type, "ssh-ed25519") == 0)
		return "ED25519";
	if (strcmp(type, "ssh-rsa") == 0)
		return "RSA";
	return "ECDSA";
}

static int
changed(const struct connect_hosts *h, const struct ssh_host_key *key,
    const char *print, struct err *e)
{
	const struct known_hosts_place *place = known_hosts_decided(h->known);

	if (place->path == NULL)
		return err_set(e, ERR_UNTRUSTED,
		    "the host key of '%s' has CHANGED", h->names[0].name);
	err_set(e, ERR_UNTRUSTED,
	    "the host key of '%s' has CHANGED: it shows %s %s, known from '%s' "
	    "line %lu is another one (%s); somebody may be in between",
	    h->names[0].name, key->type, print, place->path, place->line,
	    place->type);
	err_hint(e,
	    "ask who runs the host; only if it really has a new key, remove "
	    "that line");
	return ERR_UNTRUSTED;
}

static int
revoked(const struct connect_hosts *h, const char *print, struct err *e)
{
	const struct known_hosts_place *place = known_hosts_decided(h->known);

	err_set(e, ERR_UNTRUSTED, "the host key of '%s' is revoked (%s)",
	    h->names[0].name, print);
	if (place->path != NULL)
		err_hint(e, "'%s' line %lu says so; the host needs a new key",
		    place->path, place->line);
	return ERR_UNTRUSTED;
}

void
connect_hosts_remember(
    const struct connect_hosts *h, const struct ssh_host_key *key)
{
	struct known_hosts_entry entry = { .name = h->names[0].name,
		.port = h->names[0].port,
		.blob = key->blob,
		.len = key->len };
	const char *path = (const char *)h->file.data;
	struct buf folder = BUF_INIT;
	struct err e;
	int r = 0;

	if (h->file.len == 0)
		return;
	path_folder(path, &folder);
	if (h->options->known_hosts == NULL)
		r = path_make_folder(buf_text(&folder), &e);
	if (r == 0)
		r = known_hosts_add(path, &entry, &e);
	buf_free(&folder);
	if (r != 0) /* it is good for this session all the same */
		out_warning("the host key could not be remembered", e.text);
}

static bool
is_private(const struct connect_hosts *h)
{
	return h->is_private || connect_is_private(h->address);
}

/* "'web' (i-0123)", or the name as it stands in the file. */
static void
put_name(const struct connect_hosts *h, struct buf *b)
{
	if (h->cloud != NULL)
		connect_cloud_name(h->cloud, b);
	else
		buf_printf(b, "'%s'", h->names[0].name);
}

/* 'more': what else is to be said, or "". */
static int
not_known(const struct connect_hosts *h, const struct ssh_host_key *key,
    const char *print, const char *more, struct buf *why, struct err *e)
{
	struct buf name = BUF_INIT;

	put_name(h, &name);
	err_set(e, ERR_UNTRUSTED, "the host %s is not known (%s %s)%s%s%s",
	    buf_text(&name), word_for(key->type), print, more,
	    why->len > 0 ? "; " : "", buf_text(why));
	buf_free(&name);
	return ERR_UNTRUSTED;
}

static int
nobody(const struct connect_hosts *h, const struct ssh_host_key *key,
    const char *print, struct buf *why, struct err *e)
{
	not_known(h, key, print, ", and there is nobody to ask", why, e);
	if (is_private(h))
		err_hint(e,
		    "%s is a private address, which accept-new does not cover: "
		    "connect once at a terminal",
		    h->address);
	else
		err_hint(e,
		    "if it is the right one: -o "
		    "StrictHostKeyChecking=accept-new");
	return ERR_UNTRUSTED;
}

static void
put_question(const struct connect_hosts *h, struct buf *why, struct buf *b)
{
	struct buf name = BUF_INIT;

	put_name(h, &name);
	buf_put_text(b, "The host ");
	out_put(b, buf_text(&name));
	if (is_private(h)) {
		buf_put_text(b, " (");
		out_put(b, h->address);
		buf_put_text(b,
		    ", a private address: another host may have it in another "
		    "network)");
	}
	buf_put_text(b, " is not known");
	if (why->len > 0) {
		buf_put_text(b, ";\n");
		out_put(b, buf_text(why));
	}
	buf_free(&name);
}

static int
ask(const struct connect_hosts *h, const struct ssh_host_key *key,
    const char *print, struct buf *why, struct err *e)
{
	struct buf question = BUF_INIT;
	char answer[128];
	int r;

	if (h->options->no_input)
		return nobody(h, key, print, why, e);
	put_question(h, why, &question);
	buf_printf(&question,
	    ".\nIts %s key is %s.\nGo on (yes, no, or the fingerprint)? ",
	    word_for(key->type), print);
	r = connect_ask(buf_text(&question), true, answer, sizeof(answer), e);
	buf_free(&question);
	if (r == ERR_USAGE)
		return nobody(h, key, print, why, e);
	if (r == 0 && strcasecmp(answer, "yes") != 0 &&
	    strcmp(answer, print) != 0)
		r = err_set(e, ERR_UNTRUSTED, "the host key was not accepted");
	return r;
}

/* Nothing proves it; 'why' says what might have. */
static int
unproven(struct connect_hosts *h, const struct ssh_host_key *key,
    const char *print, struct buf *why, struct err *e)
{
	enum connect_strict strict = h->options->strict;
	int r = 0;

	h->unproven = true;
	/*
	 * A private address is no name: in another network it is another host.
	 */
	if (strict == STRICT_NEW && is_private(h))
		strict = STRICT_ASK;
	switch (strict) {
	case STRICT_YES:
		not_known(h, key, print, "", why, e);
		err_hint(e,
		    "with StrictHostKeyChecking=yes its key must be "
		    "known before");
		return ERR_UNTRUSTED;
	case STRICT_ASK:
		r = ask(h, key, print, why, e);
		break;
	case STRICT_NEW:
	case STRICT_NO:
		if (!h->options->quiet)
			out_warning(
			    "the host was not known; its key is now", print);
		break;
	}
	if (r == 0)
		connect_hosts_remember(h, key);
	return r;
}

static int
unknown(struct connect_hosts *h, const struct ssh_host_key *key,
    const char *print, struct err *e)
{
	struct buf why = BUF_INIT;
	int proof = 0, r = 0;

	if (h->cloud != NULL)
		proof = connect_proof(h->cloud, key, print, &why, e);
	if (proof == 0)
		r = unproven(h, key, print, &why, e);
	else if (proof < 0)
		r = proof;
	buf_free(&why);
	return r;
}

/* A revoked key is revoked under any name; else the first known one decides. */
static enum known_hosts_verdict
judge(struct connect_hosts *h, const struct ssh_host_key *key)
{
	enum known_hosts_verdict verdict = KNOWN_HOSTS_UNKNOWN, v;
	size_t decided = 0;

	for (size_t i = 0; i < h->name_count; i++) {
		v = known_hosts_check(h->known, h->names[i].name,
		    h->names[i].port, key->blob, key->len);
		if (v == KNOWN_HOSTS_FAILED || v == KNOWN_HOSTS_REVOKED)
			return v;
		if (verdict == KNOWN_HOSTS_UNKNOWN) {
			verdict = v;
			decided = i;
		}
	}
	if (verdict == KNOWN_HOSTS_CHANGED) /* so that its line can be named */
		known_hosts_check(h->known, h->names[decided].name,
		    h->names[decided].port, key->blob, key->len);
	return h->name_count > 0 ? verdict : KNOWN_HOSTS_FAILED;
}

/* As it was shown and accepted before, in this run. */
static bool
is_accepted(const struct connect_hosts *h, const struct ssh_host_key *key)
{
	return key->len > 0 && h->accepted.len == key->len &&
	    memcmp(h->accepted.data, key->blob, key->len) == 0;
}

static int
check(struct connect_hosts *h, const struct ssh_host_key *key, struct err *e)
{
	enum known_hosts_verdict verdict = judge(h, key);
	struct buf print = BUF_INIT;
	int r = ERR_UNTRUSTED;

	err_set(e, ERR_UNTRUSTED, "the host key could not be checked");
	if (pubkey_fingerprint(key->blob, key->len, &print) != 0 ||
	    !buf_ok(&print))
		goto out;
	/* Who answers at an address of the cache may be anybody. */
	if (verdict != KNOWN_HOSTS_MATCH && h->cloud != NULL &&
	    (r = connect_cloud_confirm(h->cloud, h->address, e)) != 0)
		goto out;
	r = ERR_UNTRUSTED;
	switch (verdict) {
	case KNOWN_HOSTS_MATCH:
		r = 0;
		break;
	case KNOWN_HOSTS_UNKNOWN:
		r = unknown(h, key, buf_text(&print), e);
		break;
	case KNOWN_HOSTS_CHANGED:
		r = changed(h, key, buf_text(&print), e);
		break;
	case KNOWN_HOSTS_REVOKED:
		r = revoked(h, buf_text(&print), e);
		break;
	case KNOWN_HOSTS_FAILED:
		break;
	}
out:
	buf_free(&print);
	return r;
}

int
connect_hosts_check(
    struct connect_hosts *h, const struct ssh_host_key *key, struct err *e)
{
	int r;

	if (is_accepted(h, key))
		return 0;
	if ((r = check(h, key, e)) != 0)
		return r;
	buf_clear(&h->accepted);
	buf_put(&h->accepted, key->blob, key->len);
	return 0;
}
