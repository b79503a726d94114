/* SPDX-License-Identifier: ISC */
/*
 * From a wish to a plan: what the wish says, what AWS has answered, and the names
 * that nobody else has.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pemkeep/aws/my_address.h"
#include "pemkeep/base/digest.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/quote.h"
#include "pemkeep/base/utf8.h"
#include "pemkeep/launch/launch.h"

#include "src/launch/plan_internal.h"

#define KEY_NAME_MAX 240u /* bytes; the vault takes 255 */

static int
judge_name(const struct plan *p, struct err *e)
{
	if (p->in_use[0] == '\0')
		return 0;
	err_set(e, ERR_EXISTS, "'%s' is in use in %s: %s", p->launch->name,
	    p->launch->region, p->in_use);
	err_hint(e, "--again makes another one of that name");
	return ERR_EXISTS;
}

static int
judge_first_round(struct plan *p, struct err *e)
{
	const struct launch *l = p->launch;
	int r;

	if (!p->wish->again && (r = judge_name(p, e)) != 0)
		return r;
	if (p->wish->subnet != NULL && p->subnet_count == 0)
		return err_set(e, ERR_NOT_FOUND,
		    "there is no subnet '%s' in %s", p->wish->subnet,
		    l->region);
	if (p->wish->subnet != NULL)
		memcpy(p->vpc, p->subnets[0].vpc, sizeof(p->vpc));
	if (p->vpc[0] == '\0') {
		err_set(e, ERR_NOT_FOUND,
		    "%s has no default VPC to launch '%s' in", l->region,
		    l->name);
		err_hint(e,
		    "--subnet SUBNET, or: aws ec2 create-default-vpc --region "
		    "%s",
		    l->region);
		return ERR_NOT_FOUND;
	}
	if (launch_alias(p->wish->image) != NULL &&
	    strncmp(p->parameter, "ami-", 4) != 0)
		return err_set(e, ERR_NOT_FOUND,
		    "%s has no image for the alias '%s'", l->region,
		    p->wish->image);
	return 0;
}

static int
no_image(const struct plan *p, struct err *e)
{
	struct buf known = BUF_INIT;

	err_set(e, ERR_NOT_FOUND, "there is no image '%s' in %s",
	    p->wish->image, p->launch->region);
	launch_put_aliases(&known);
	if (strncmp(p->wish->image, "ami-", 4) == 0)
		err_hint(e, "ids of images are those of one region");
	else if (strncmp(p->wish->image, PLAN_NAMED, strlen(PLAN_NAMED)) == 0)
		err_hint(e,
		    "without @OWNER only Amazon's images and your own are "
		    "looked at");
	else
		err_hint(e, "known: %s, ami-…, name:PATTERN[@OWNER]",
		    buf_text(&known));
	buf_free(&known);
	return ERR_NOT_FOUND;
}

/*
 * Is it what may be asked for?  Another word never gets to AWS.
 */
static int
check_wish(const struct launch_wish *w, struct err *e)
{
	if (launch_alias(w->image) == NULL &&
	    strncmp(w->image, "ami-", 4) != 0 &&
	    (strncmp(w->image, PLAN_NAMED, strlen(PLAN_NAMED)) != 0 ||
		w->image[strlen(PLAN_NAMED)] == '\0')) {
		struct buf known = BUF_INIT;

		launch_put_aliases(&known);
		err_set(e, ERR_USAGE, "there is no image '%s'", w->image);
		err_hint(e, "known: %s (some with -arm64), ami-…, name:PATTERN",
		    buf_text(&known));
		buf_free(&known);
		return ERR_USAGE;
	}
	if (w->disk > 16384)
		return err_set(
		    e, ERR_USAGE, "a disk has 1 to 16384 GiB, not %u", w->disk);
	if (w->user_data_len > LAUNCH_USER_DATA_MAX)
		return err_set(e, ERR_USAGE,
		    "user data has at most %u bytes, not %zu",
		    LAUNCH_USER_DATA_MAX, w->user_data_len);
	return launch_check_name(w->name, e);
}

/* All texts that follow from the wish alone; none is NULL behind it. */
static int
begin(struct plan *p, struct err *e)
{
	const struct launch_wish *w = p->wish;
	struct launch *l = p->launch;
	struct buf data = BUF_INIT, name = BUF_INIT;
	char uuid[37];
	int r;

	for (const struct launch_member *m = launch_texts; m->name != NULL; m++)
		if ((r = launch_set(
			 (char **)(void *)((char *)l + m->offset), "", e)) != 0)
			return r;
	l->disk = w->disk;
	l->key_from = (int64_t)w->key_from;
	l->elastic = !w->no_elastic_ip;
	digest_put_base64(&data, w->user_data, w->user_data_len, 1);
	launch_put_plain(&name, w->name);
	r = launch_uuid(uuid, e);
	if (name.len == 0)
		buf_printf(&name, "server-%.8s", uuid);
	if (r == 0 && (!buf_ok(&data) || !buf_ok(&name)))
		r = err_set(e, ERR_NOMEM, "out of memory");
	if (r == 0 && (r = launch_set(&l->uuid, uuid, e)) == 0 &&
	    (r = launch_set(&l->name, w->name, e)) == 0 &&
	    (r = launch_set(&l->asked, w->image, e)) == 0 &&
	    (r = launch_set(&l->pair, buf_text(&name), e)) == 0 &&
	    (r = launch_set(&l->user_data, buf_text(&data), e)) == 0 &&
	    w->profile != NULL)
		r = launch_set(&l->profile, w->profile, e);
	buf_free(&data);
	if (r == 0) {
		struct buf group = BUF_INIT;

		buf_printf(&group, "pemkeep-%s", buf_text(&name));
		r = launch_set(&l->group, buf_text(&group), e);
		buf_free(&group);
	}
	buf_free(&name);
	return r;
}

static int
find_region(struct plan *p, struct err *e)
{
	const char *region = p->wish->region;
	int r = 0;

	if (region == NULL)
		r = aws_region(p->aws, p->wish->profile, &region, e);
	return r == 0 ? launch_set(&p->launch->region, region, e) : r;
}

/* "web", or "web-1a2b3c4d" when somebody else has that. */
static int
add_suffix(struct launch *l, char **name, struct err *e)
{
	struct buf b = BUF_INIT;
	int r;

	buf_printf(&b, "%s-%.8s", *name, l->uuid);
	r = buf_ok(&b) ? launch_set(name, buf_text(&b), e)
		       : err_set(e, ERR_NOMEM, "out of memory");
	buf_free(&b);
	return r;
}

/* The key of the vault that is to be used, and the name of its pair. */
static int
begin_key(struct plan *p, struct err *e)
{
	const struct launch_wish *w = p->wish;
	struct launch *l = p->launch;
	struct buf b = BUF_INIT;
	int r;

	if (w->key_from != LAUNCH_KEY_VAULT)
		return 0;
	launch_put_plain(&b, w->key);
	if (b.len == 0)
		buf_printf(&b, "pemkeep-%.8s", l->uuid);
	if ((r = launch_set(&l->key, w->key, e)) == 0 &&
	    (r = launch_set(&l->public_key, w->public_key, e)) == 0)
		r = launch_set(&l->pair, buf_text(&b), e);
	buf_free(&b);
	return r;
}

static int
choose_pair(struct plan *p, struct err *e)
{
	struct launch *l = p->launch;

	if (p->same_key[0] != '\0') {
		l->pair_is_there = true;
		return launch_set(&l->pair, p->same_key, e);
	}
	if (!p->pair_taken)
		return 0;
	if (p->wish->key_from != LAUNCH_KEY_VAULT)
		return add_suffix(l, &l->pair, e);
	err_set(e, ERR_EXISTS,
	    "the key pair '%s' in %s is another key than '%s' of the vault",
	    l->pair, l->region, l->key);
	quote_hint(e, "pemkeep rename ", l->key, " NEW, and --key NEW");
	return ERR_EXISTS;
}

/* What the vault takes as a name, and room for a number behind it. */
static void
put_key_name(struct buf *b, const char *name)
{
	size_t len = strlen(name), n;
	uint32_t cp;

	while (*name == '-') {
		name++;
		len--;
	}
	for (; len > 0 && b->len < KEY_NAME_MAX; name += n, len -= n) {
		n = utf8_decode(name, len, &cp);
		if (n == 0)
			n = 1;
		else if (cp == '/')
			buf_put_u8(b, '-');
		else
			utf8_put(b, cp);
	}
	if (b->len == 0)
		buf_put_text(b, "server");
}

/* A new key has the launch's name, or the first free one behind it. */
static int
choose_key(struct plan *p, struct err *e)
{
	const struct launch_wish *w = p->wish;
	struct launch *l = p->launch;
	struct buf b = BUF_INIT, name = BUF_INIT;
	int r;

	if (w->key_from == LAUNCH_KEY_VAULT) {
		bool rsa = strncmp(l->public_key, "ssh-rsa ", 8) == 0;

		if (launch_is_windows(l) && !rsa)
			return err_set(e, ERR_UNSUPPORTED,
			    "Windows takes RSA keys only, and '%s' is none",
			    l->key);
		return launch_set(&l->key_type, rsa ? "rsa" : "ed25519", e);
	}
	put_key_name(&name, l->name);
	buf_put_text(&b, buf_text(&name));
	for (unsigned n = 2; buf_ok(&b) && w->is_key != NULL && n < 10000 &&
	     w->is_key(w->arg, buf_text(&b));
	     n++) {
		buf_clear(&b);
		buf_printf(&b, "%s-%u", buf_text(&name), n);
	}
	if ((r = launch_set(&l->key, buf_text(&b), e)) == 0)
		r = launch_set(
		    &l->key_type, launch_is_windows(l) ? "rsa" : "ed25519", e);
	buf_free(&name);
	buf_free(&b);
	return r;
}

static int
choose_rules(struct plan *p, struct err *e)
{
	char address[AWS_MY_ADDRESS_SIZE];
	bool me;
	int r = launch_add_rules(p->launch, p->wish, &me, e);

	if (r != 0 || !me)
		return r;
	if ((r = aws_my_address(p->aws, p->wish->my_address, address, e)) == 0)
		launch_fill_me(p->launch, address);
	return r;
}

int
launch_plan(struct aws *aws, const struct launch_wish *wish, struct launch *l,
    struct err *e)
{
	struct plan *p = calloc(1, sizeof(*p));
	bool me;
	int r;

	memset(l, 0, sizeof(*l));
	if (p == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	p->aws = aws;
	p->wish = wish;
	p->launch = l;
	if ((r = begin(p, e)) == 0 && (r = check_wish(wish, e)) == 0 &&
	    (r = launch_add_tags(l, wish, e)) == 0 &&
	    (r = launch_add_rules(l, wish, &me, e)) == 0 &&
	    (r = begin_key(p, e)) == 0 && (r = find_region(p, e)) == 0 &&
	    (r = plan_first_round(p, e)) == 0 &&
	    (r = judge_first_round(p, e)) == 0 &&
	    (r = plan_second_round(p, e)) == 0 &&
	    (r = l->image[0] != '\0' ? 0 : no_image(p, e)) == 0 &&
	    (r = plan_choose_place(p, e)) == 0 && (r = choose_key(p, e)) == 0 &&
	    (r = choose_pair(p, e)) == 0 &&
	    (r = p->group_taken ? add_suffix(l, &l->group, e) : 0) == 0 &&
	    (r = launch_set(&l->account, p->account, e)) == 0 &&
	    (r = choose_rules(p, e)) == 0)
		l->since = (int64_t)time(NULL);
	free(p);
	return r;
}

int
launch_check_free(struct aws *aws, const struct launch *l, struct err *e)
{
	struct plan *p = calloc(1, sizeof(*p));
	int r;

	if (p == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	p->aws = aws;
	p->launch = (struct launch *)(uintptr_t)l; /* only read here */
	r = plan_ask_name(p, e);
	if (r == 0)
		r = judge_name(p, e);
	free(p);
	return r;
}
