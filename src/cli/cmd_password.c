/* SPDX-License-Identifier: ISC */

/*
 * pemkeep password: the Administrator's password of a Windows instance.  EC2 has
 * it encrypted for the key of the launch; the keeper decrypts it, and it goes to
 * stdout and nowhere else.
 */

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/aws/ec2_change.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/quote.h"
#include "pemkeep/inventory/inventory.h"
#include "pemkeep/inventory/target.h"
#include "vault/secret.h"

#include "src/cli/cli.h"
#include "src/cli/cloud.h"
#include "src/cli/commands.h"
#include "src/cli/vault_keys.h"

#define WAIT_MAX (15 * 60) /* seconds that Windows takes for its first start */
#define EXPECTED (30 * 60) /* … and after which it will not come any more */
#define FIRST_PAUSE 1000u  /* ms */
#define LONGEST_PAUSE 15000u

struct request {
	struct cli *cli;
	struct cloud cloud;
	struct target target;
	struct client *client;
	struct vault_keys keys;
	struct buf encrypted;
};

/* Of the instance; with what is known of the keys. */
static int
find(struct request *q, struct err *e)
{
	struct inventory_question question = {
		.argument = q->cli->operands[0],
		.key = option_value(q->cli, "key"),
		.keys = q->keys.list,
		.key_count = q->keys.count,
		.keys_known = q->keys.known,
		.live = true,
	};
	struct target found;
	int r;

	if (q->target.instance.id == NULL) {
		question.key = NULL; /* the vault may be locked */
		r = cloud_choose(&q->cloud, &question, &found, e);
		cloud_tell(&q->cloud, r == 0 ? NULL : e);
	} else {
		question.instance = q->target.instance.id;
		question.region = q->target.instance.region;
		r = cloud_resolve(&q->cloud, &question, &found, e);
	}
	target_clear(&q->target);
	q->target = found;
	return r;
}

static void
put_name(const struct request *q, struct buf *b)
{
	const struct target_instance *i = &q->target.instance;

	inventory_put_name(b, i->name, i->id);
}

static int
check_windows(const struct request *q, struct err *e)
{
	const struct target_instance *i = &q->target.instance;

	if (i->id == NULL) {
		err_set(e, ERR_NOT_FOUND, "'%s' is no EC2 instance",
		    q->cli->operands[0]);
		err_hint(e, "pemkeep list");
		return ERR_NOT_FOUND;
	}
	if (strcmp(i->platform, "windows") == 0)
		return 0;
	err_set(e, ERR_UNSUPPORTED, "'%s' is not Windows: there is no password",
	    q->cli->operands[0]);
	quote_hint(e, "connect ", q->cli->operands[0], "");
	return ERR_UNSUPPORTED;
}

static int
take_password(void *arg, const void *given, struct err *e)
{
	const struct ec2_password *row = given;
	struct request *q = arg;

	buf_clear(&q->encrypted);
	if (strcmp(row->instance, q->target.instance.id) != 0)
		return 0;
	buf_put(&q->encrypted, row->data.data, row->data.len);
	return buf_ok(&q->encrypted) ? 0
				     : err_set(e, ERR_NOMEM, "out of memory");
}

static int
ask(struct request *q, struct err *e)
{
	const struct target_instance *i = &q->target.instance;
	struct buf params = BUF_INIT;
	struct aws_job job = { .profile = inventory_profile(
				   q->cloud.inventory, i->profile),
		.region = i->region,
		.action = &ec2_get_password_data,
		.params = &params,
		.row = take_password,
		.arg = q };
	int r;

	aws_param(&params, i->id, "InstanceId");
	r = aws_run_one(q->cloud.aws, &job, e);
	buf_free(&params);
	return r;
}

static int
never(const struct request *q, struct err *e)
{
	struct buf name = BUF_INIT;

	put_name(q, &name);
	err_set(e, ERR_NOT_FOUND, "EC2 has no password of %s", buf_text(&name));
	err_hint(e,
	    "it comes minutes after the first start, if the instance "
	    "was launched with a key pair and its image does not set "
	    "a password of its own");
	buf_free(&name);
	return ERR_NOT_FOUND;
}

/* Until EC2 has it; Windows makes it at its first start. */
static int
wait_password(struct request *q, struct err *e)
{
	const struct target_instance *i = &q->target.instance;
	time_t since = time(NULL), now;
	unsigned pause = FIRST_PAUSE;
	bool said = false;
	int r;

	for (;;) {
		if ((r = ask(q, e)) != 0 || q->encrypted.len > 0)
			return r;
		now = time(NULL);
		if (i->key_pair[0] == '\0' || now - i->launched > EXPECTED ||
		    now - since > WAIT_MAX)
			return never(q, e);
		if (!said)
			out_say(q->cli,
			    "EC2 has no password yet; waiting, up to %d "
			    "minutes ...",
			    WAIT_MAX / 60);
		said = true;
		if ((r = cloud_pause(pause, e)) != 0)
			return r;
		pause = pause * 2 < LONGEST_PAUSE ? pause * 2 : LONGEST_PAUSE;
	}
}

/* The vault, unlocked, and which of its keys it may be. */
static int
open_vault(struct request *q, struct err *e)
{
	struct keeper_keys list = { 0 };
	int r;

	if ((r = session_open(q->cli, &q->client, e)) == 0 &&
	    (r = client_list(q->client, &list, e)) == 0 &&
	    (r = vault_keys_from(&list, &q->keys, e)) == 0)
		r = find(q, e);
	return r;
}

static int
no_key(const struct request *q, struct err *e)
{
	const struct target_instance *i = &q->target.instance;
	struct buf name = BUF_INIT;

	put_name(q, &name);
	err_set(e, ERR_NOT_FOUND,
	    "the vault has not the key of %s, the key pair '%s'",
	    buf_text(&name), i->key_pair);
	err_hint(e, "pemkeep import FILE, or say which: -k KEY");
	buf_free(&name);
	return ERR_NOT_FOUND;
}

/* The keys that it may be, the likeliest first. */
static int
decrypt(struct request *q, struct secret **plainp, struct err *e)
{
	const struct target *t = &q->target;
	int r = ERR_NOT_FOUND;
	bool tried = false;

	for (size_t i = 0; i < t->key_count; i++) {
		size_t n = t->keys[i].index;

		if (n >= q->keys.count || q->keys.list[n].blob == NULL)
			continue;
		tried = true;
		r = client_password(q->client, q->keys.list[n].blob,
		    q->keys.list[n].len, q->encrypted.data, q->encrypted.len,
		    t->instance.id, plainp, e);
		if (r == 0)
			return 0;
		if (r != ERR_MISMATCH && r != ERR_UNSUPPORTED &&
		    r != ERR_FORMAT)
			return r;
		err_hint(e, "key '%s'; another one: -k KEY", t->keys[i].name);
	}
	return tried ? r : no_key(q, e);
}

/* Not through stdio, whose buffers stay. */
static int
print(const struct secret *plain, struct err *e)
{
	const uint8_t *at = secret_bytes(plain);
	size_t left = secret_len(plain);
	ssize_t n = 0;

	for (; left > 0; left -= (size_t)n, at += n) {
		n = write(STDOUT_FILENO, at, left);
		if (n == -1 && errno == EINTR)
			n = 0;
		else if (n == -1)
			return err_system(
			    e, ERR_SYSTEM, errno, "cannot write the output");
	}
	return write(STDOUT_FILENO, "\n", 1) == 1
	    ? 0
	    : err_system(e, ERR_SYSTEM, errno, "cannot write the output");
}

static int
run_it(struct request *q, struct err *e)
{
	struct secret *plain = NULL;
	int r;

	if ((r = find(q, e)) != 0 || (r = check_windows(q, e)) != 0)
		return r;
	cloud_begin(&q->cloud);
	r = wait_password(q, e);
	cloud_end(&q->cloud);
	if (r == 0 && (r = open_vault(q, e)) == 0 &&
	    (r = decrypt(q, &plain, e)) == 0)
		r = print(plain, e);
	secret_free(plain);
	return r;
}

static int
run(struct cli *cli)
{
	struct request q = { .cli = cli };
	struct err e;
	int r;

	if ((r = cloud_open(&q.cloud, cli, &e)) == 0)
		r = run_it(&q, &e);
	vault_keys_clear(&q.keys);
	client_free(q.client);
	target_clear(&q.target);
	buf_free(&q.encrypted);
	cloud_close(&q.cloud);
	return r == 0 ? 0 : out_error(&e);
}

static const struct option options[] = {
	{ "key", 'k', "KEY", "decrypt with this key of the vault" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_password = {
	.name = "password",
	.args = "NAME",
	.min = 1,
	.max = 1,
	.summary = "print the Administrator's password of a Windows instance",
	.options = options,
	.run = run,
};
