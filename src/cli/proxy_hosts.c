/* SPDX-License-Identifier: ISC */

/*
 * The host keys of a target, for ssh's KnownHostsCommand.  ssh runs it twice: to
 * learn of which types the known keys are, and with the key that was shown.  Only
 * then a new key becomes a known one.
 */

#include <string.h>

#include "pemkeep/base/base64.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/quote.h"
#include "pemkeep/keys/pubkey.h"
#include "pemkeep/ssh/known_hosts.h"

#include "src/cli/cli.h"
#include "src/cli/proxy.h"

/* Of host names, addresses, "[name]:port". */
#define HOST_CHARS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:[]"

struct shown {
	struct buf blob;
	char type[40];
	bool any; /* false: it is asked about types only */
};

/* What ssh puts in for %K; before there is a key that is "NONE". */
static int
read_shown(const struct proxy *p, struct shown *s, struct err *e)
{
	const char *text = option_value(p->cli, "host-key");
	struct pubkey_facts facts;
	const uint8_t *type;
	struct wire w;
	size_t len;

	if (text == NULL || strcmp(text, "NONE") == 0)
		return 0;
	if (!base64_decode(&s->blob, text, strlen(text)) ||
	    pubkey_facts(s->blob.data, s->blob.len, &facts, NULL) != 0)
		return err_set(e, ERR_UNTRUSTED,
		    "the host has shown a key of a kind that pemkeep does not "
		    "know");
	wire_init(&w, s->blob.data, s->blob.len);
	type = wire_string(&w, &len);
	if (len >= sizeof(s->type))
		return err_set(e, ERR_UNTRUSTED, "this is no host key");
	memcpy(s->type, type, len);
	s->type[len] = '\0';
	s->any = true;
	return 0;
}

/* The name that ssh looks for. */
static int
put_name(const struct proxy *p, struct buf *name, struct err *e)
{
	const char *as = option_value(p->cli, "as");
	const struct connect_name *own = &p->hosts.names[0];

	if (as != NULL && (*as == '\0' || strspn(as, HOST_CHARS) != strlen(as)))
		return err_set(
		    e, ERR_USAGE, "--as: '%s' is not the name of a host", as);
	if (as != NULL)
		buf_put_text(name, as);
	else if (own->port != 22 && own->port != 0)
		buf_printf(name, "[%s]:%u", own->name, own->port);
	else
		buf_put_text(name, own->name);
	(void)buf_text(name);
	return buf_ok(name) ? 0 : err_set(e, ERR_NOMEM, "out of memory");
}

static int
put_key(struct buf *lines, const char *as, const uint8_t *blob, size_t len,
    struct err *e)
{
	int r;

	buf_printf(lines, "%s ", as);
	if ((r = pubkey_line(blob, len, "", lines, e)) == 0)
		buf_put_text(lines, "\n");
	return r;
}

/* Of the names of a host the first that is known decides, as in 'connect'. */
static int
put_known(
    const struct proxy *p, const char *as, struct buf *lines, struct err *e)
{
	const struct connect_hosts *h = &p->hosts;
	size_t before = lines->len;

	for (size_t i = 0; i < h->name_count && lines->len == before; i++)
		if (!known_hosts_put(h->known, h->names[i].name,
			h->names[i].port, as, lines))
			return err_set(e, ERR_NOMEM, "out of memory");
	return 0;
}

/* Nobody has met it yet: the keys that it will show, by its console. */
static int
put_console(struct proxy *p, const char *as, struct buf *lines, struct err *e)
{
	const struct console_keys *keys = &p->cloud.console;
	int r;

	if (p->hosts.cloud == NULL)
		return 0;
	if ((r = proxy_be_sure(p, e)) != 0 ||
	    (r = connect_proof_read(&p->cloud, e)) != 0)
		return r;
	for (size_t i = 0; i < keys->count && r == 0; i++)
		r = put_key(
		    lines, as, keys->keys[i].blob, keys->keys[i].len, e);
	return r;
}

/* The config that ssh has was written when the name was another instance's. */
static void
say_other(const struct proxy *p, const char *as)
{
	const char *id = p->target.instance.id;
	struct buf b = BUF_INIT;

	if (id == NULL || strncmp(as, "i-", 2) != 0 || strcmp(as, id) == 0 ||
	    p->options.quiet)
		return;
	buf_printf(&b, "'%s' is %s now, no longer %s", p->options.host, id, as);
	out_warning(buf_text(&b), "pemkeep ssh-config");
	buf_free(&b);
}

/* What to do where ssh has no second attempt, and nobody can be asked. */
static void
tell_next(const struct proxy *p, struct err *e)
{
	const struct connect_cloud *c = &p->cloud;
	bool known = p->hosts.type_count > 0;

	if (c->moved || c->other_type)
		err_hint(e, "try again: what it is now has been noted");
	else if (!known && c->console.count == 0 &&
	    c->console.fingerprint_count == 0 && e->code == ERR_UNTRUSTED &&
	    (p->hosts.cloud == NULL || p->target.live))
		quote_hint(
		    e, "connect to it once: connect ", p->options.host, "");
}

static int
accept_shown(struct proxy *p, const struct shown *s, const char *as,
    struct buf *lines, struct err *e)
{
	const struct ssh_host_key key = { s->type, s->blob.data, s->blob.len };
	int r;

	if (p->target.address_count == 0)
		return err_set(
		    e, ERR_NOT_FOUND, "'%s' has no address", p->options.host);
	p->hosts.address = p->target.addresses[0].value;
	if ((r = connect_hosts_check(&p->hosts, &key, e)) != 0) {
		tell_next(p, e);
		return r;
	}
	say_other(p, as);
	return put_key(lines, as, key.blob, key.len, e);
}

int
proxy_hosts_put(struct proxy *p, struct buf *lines, struct err *e)
{
	struct shown s = { .blob = BUF_INIT };
	struct buf as = BUF_INIT;
	int r;

	if ((r = read_shown(p, &s, e)) != 0 || (r = put_name(p, &as, e)) != 0)
		goto out;
	if (s.any)
		r = accept_shown(p, &s, buf_text(&as), lines, e);
	else if ((r = put_known(p, buf_text(&as), lines, e)) == 0 &&
	    lines->len == 0)
		r = put_console(p, buf_text(&as), lines, e);
out:
	buf_free(&s.blob);
	buf_free(&as);
	return r;
}
