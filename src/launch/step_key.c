/* SPDX-License-Identifier: ISC */
/*
 * The first step: the private key is in the vault, on the disk, before anything
 * else exists.  A key that EC2 makes is the one private key that comes over the
 * network: from the row into guarded memory, from there to the keeper, and gone.
 * EC2 tells it once only: where the vault has not got it, its pair is worth
 * nothing, and is deleted.
 */

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pemkeep/agent/client.h"
#include "pemkeep/aws/ec2.h"
#include "pemkeep/aws/ec2_change.h"
#include "pemkeep/base/err.h"
#include "pemkeep/launch/journal.h"
#include "vault/secret.h"

#include "src/launch/run_internal.h"

#define TRIES 3u
#define WINDOWS_BITS 2048u /* what its passwords are encrypted for */

/* A pair that EC2 has made. */
struct created {
	struct launch_run *run;
	struct secret *material;
	char fingerprint[128];
	size_t commits; /* of keys to the keeper */
};

/* The key of the vault that the launch names: take its public half. */
static int
take_public(struct launch_run *run, const struct keeper_key *key, struct err *e)
{
	return launch_set(&run->launch->public_key, key->public_line, e);
}

/*
 * The name was free when the plan was made, and is not any more.  The journal
 * says the new one before there is a key of it.
 */
static int
take_other_name(struct launch_run *run, struct err *e)
{
	struct launch *l = run->launch;
	struct buf b = BUF_INIT;
	int r;

	buf_printf(&b, "%s-%.8s", l->key, l->uuid);
	r = buf_ok(&b) ? launch_set(&l->key, buf_text(&b), e)
		       : err_set(e, ERR_NOMEM, "out of memory");
	buf_free(&b);
	return r == 0 ? journal_write(run->journal, l, e) : r;
}

static int
make_key(struct launch_run *run, struct keeper_key *key, struct err *e)
{
	const struct launch *l = run->launch;

	return client_generate(run->client, l->key, l->key_type,
	    strcmp(l->key_type, "rsa") == 0 ? WINDOWS_BITS : 0, key, e);
}

static int
generate(struct launch_run *run, bool again, struct err *e)
{
	struct launch *l = run->launch;
	struct keeper_key key = { 0 };
	struct err why;
	int r = ERR_NOT_FOUND;

	if (again) {
		r = client_public(run->client, l->key, &key, &why);
		if (r != 0 && r != ERR_NOT_FOUND) {
			*e = why;
			return r;
		}
	}
	if (r == 0 && strcmp(key.type, l->key_type) != 0)
		r = err_set(e, ERR_EXISTS,
		    "the vault has another key '%s' meanwhile", l->key);
	else if (r == ERR_NOT_FOUND &&
	    (r = make_key(run, &key, e)) == ERR_EXISTS &&
	    (r = take_other_name(run, e)) == 0)
		r = make_key(run, &key, e);
	if (r == 0)
		r = take_public(run, &key, e);
	keeper_key_clear(&key);
	return r;
}

static int
on_created(void *arg, const void *given, struct err *e)
{
	const struct ec2_new_key *row = given;
	struct created *c = arg;

	secret_free(c->material);
	c->material = secret_copy(row->material, strlen(row->material));
	if (c->material == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	/* Without an id its pair is looked for; the key would not come again. */
	return launch_set(&c->run->launch->pair_id,
	    ec2_is_id(row->id, "key-") ? row->id : "", e);
}

static int
on_old(void *arg, const void *given, struct err *e)
{
	const struct ec2_key_pair *row = given;
	struct created *c = arg;

	if (!launch_is_ours(&row->tags, c->run->launch->uuid) ||
	    !ec2_is_id(row->id, "key-"))
		return 0;
	strncpy(c->fingerprint, row->fingerprint, sizeof(c->fingerprint) - 1);
	return launch_set(&c->run->launch->pair_id, row->id, e);
}

/* EC2 may leave out what pads base64. */
static bool
is_same(const char *a, const char *b)
{
	size_t len = strcspn(a, "=");

	return len > 0 && strcspn(b, "=") == len && strncmp(a, b, len) == 0;
}

/* Has the vault the key with that fingerprint, under the launch's name? */
static int
is_in_vault(struct created *c, bool *held, struct err *e)
{
	struct keeper_key key = { 0 };
	struct err why;
	int r = client_public(c->run->client, c->run->launch->key, &key, &why);

	*held = r == 0 && is_same(c->fingerprint, key.ec2_created);
	if (*held)
		r = take_public(c->run, &key, e);
	else if (r == 0)
		r = err_set(e, ERR_EXISTS,
		    "the vault has another key '%s' meanwhile",
		    c->run->launch->key);
	else if (r == ERR_NOT_FOUND)
		r = 0;
	else
		*e = why;
	keeper_key_clear(&key);
	return r;
}

/* A pair of ours whose private half nobody has. */
static int
drop_pair(struct created *c, struct err *e)
{
	struct launch *l = c->run->launch;
	struct launch_asked a = { .action = &ec2_delete_key_pair };
	int r;

	aws_param(&a.params, l->pair_id, "KeyPairId");
	if ((r = launch_ask(c->run, &a, e)) == 0)
		r = launch_set(&l->pair_id, "", e);
	return r;
}

static int
look(struct created *c, bool patient, struct err *e)
{
	struct launch_run *run = c->run;
	const struct launch *l = run->launch;
	unsigned ms = 250;
	int r = 0;

	for (unsigned n = 0; r == 0; n++) {
		struct launch_asked a = { .action = &ec2_describe_key_pairs,
			.row = on_old,
			.arg = c };
		const char *name = l->pair;

		aws_param_filter(&a.params, 1, "key-name", &name, 1);
		r = launch_ask(run, &a, e);
		if (r != 0 || l->pair_id[0] != '\0' || !patient || n == 4)
			break;
		r = run->pause(run->arg, ms, e);
		ms *= 2;
	}
	return r;
}

/* Write it where only the keeper and we can read it. */
static int
write_all(int fd, const struct secret *s, struct err *e)
{
	size_t len = secret_len(s), done = 0;

	while (done < len) {
		ssize_t n = write(fd, secret_bytes(s) + done, len - done);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_system(e, ERR_SYSTEM, errno,
			    "cannot hand the key to the keeper");
		done += (size_t)n;
	}
	return lseek(fd, 0, SEEK_SET) == 0
	    ? 0
	    : err_system(
		  e, ERR_SYSTEM, errno, "cannot hand the key to the keeper");
}

static void
wipe(int fd, size_t len)
{
	static const char zeros[4096];

	for (size_t at = 0; at < len; at += sizeof(zeros))
		if (pwrite(fd, zeros,
			len - at < sizeof(zeros) ? len - at : sizeof(zeros),
			(off_t)at) <= 0)
			break;
	close(fd);
}

static int
import_from(struct created *c, int fd, struct err *e)
{
	struct launch *l = c->run->launch;
	struct client *client = c->run->client;
	const struct client_import in = { .name = l->key,
		.source = "CreateKeyPair",
		.path = l->key,
		.fd = fd };
	struct err why = { ERR_OK, "", "" };
	struct client_imported result = { .error = &why };
	int r;

	if ((r = client_import(client, &in, e)) != 0 ||
	    (r = client_commit(client, &result, 1, e)) != 0)
		return r;
	c->commits++;
	if (why.code != ERR_OK) {
		*e = why;
		return (int)why.code;
	}
	r = take_public(c->run, &result.in.key, e);
	keeper_key_clear(&result.in.key);
	return r == 0 ? client_holds(client, c->commits - 1, e) : r;
}

static int
into_vault(struct created *c, struct err *e)
{
	int fd = memfd_create("key", MFD_CLOEXEC), r;

	if (fd == -1)
		return err_system(
		    e, ERR_SYSTEM, errno, "cannot hand the key to the keeper");
	if ((r = write_all(fd, c->material, e)) == 0 &&
	    (r = import_from(c, fd, e)) == ERR_EXISTS &&
	    (r = take_other_name(c->run, e)) == 0 &&
	    (r = write_all(fd, c->material, e)) == 0)
		r = import_from(c, fd, e);
	wipe(fd, secret_len(c->material));
	return r;
}

/* Its private half has just come: keep it, or nobody will ever have it. */
static int
keep(struct created *c, struct err *e)
{
	struct err why;
	int r = into_vault(c, e);

	if (r == 0)
		return 0;
	/* ERR_SYSTEM may be said of a save that is not certain to last. */
	if (r != ERR_SYSTEM && drop_pair(c, &why) != 0)
		err_hint(e,
		    "the key pair '%s' is of no use: its private key "
		    "is lost",
		    c->run->launch->pair);
	return r;
}

static int
taken(const struct launch *l, struct err *e)
{
	return err_set(e, ERR_EXISTS,
	    "the key pair '%s' in %s was made by somebody else meanwhile",
	    l->pair, l->region);
}

/* One attempt.  *again: nobody knows how it ended. */
static int
create_once(struct created *c, bool *again, struct err *e)
{
	struct launch *l = c->run->launch;
	struct launch_asked a = {
		.action = &ec2_create_key_pair, .row = on_created, .arg = c
	};
	bool held = false, seen = *again;
	int r = 0;

	if (seen && (r = look(c, false, e)) == 0 && l->pair_id[0] != '\0' &&
	    (r = is_in_vault(c, &held, e)) == 0 && !held)
		r = drop_pair(c, e);
	if (r != 0 || held) {
		*again = false;
		return r;
	}
	launch_put_create_pair(&a.params, l);
	r = launch_ask(c->run, &a, e);
	*again = r != 0 && a.unsure && r != ERR_INTERRUPTED;
	if (r == 0 && c->material != NULL)
		return keep(c, e);
	if (strcmp(a.code, "InvalidKeyPair.Duplicate") != 0)
		return r != 0 ? r
			      : err_set(e, ERR_FORMAT,
				    "CreateKeyPair has not said the key");
	if ((r = look(c, true, e)) == 0 && l->pair_id[0] == '\0')
		return taken(l, e);
	*again = r == 0; /* it is ours: once more, and looked at first */
	return r == 0 ? ERR_EXISTS : r;
}

static int
create(struct launch_run *run, bool again, struct err *e)
{
	struct created c = { .run = run };
	int r = 0;

	for (unsigned n = 0; n < TRIES; n++)
		if ((r = create_once(&c, &again, e)) == 0 || !again)
			break;
	secret_free(c.material);
	return r;
}

int
launch_do_key(struct launch_run *run, bool again, struct err *e)
{
	switch ((enum launch_key)run->launch->key_from) {
	case LAUNCH_KEY_NEW:
		return generate(run, again, e);
	case LAUNCH_KEY_AWS:
		return create(run, again, e);
	case LAUNCH_KEY_VAULT:
		break;
	}
	return 0; /* it is there */
}
