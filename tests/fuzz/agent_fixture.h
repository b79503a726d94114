/* SPDX-License-Identifier: ISC */
#ifndef TESTS_FUZZ_AGENT_FIXTURE_H
#define TESTS_FUZZ_AGENT_FIXTURE_H

/*
 * A server without sockets, with an unlocked vault of two keys in a folder of its
 * own.  An input is a number of messages on one connection: byte type, uint16
 * length, body.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pemkeep/agent/keeper.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "src/agent/server.h"
#include "vault/secret.h"
#include "vault/vault.h"

#define FIXTURE_PASSPHRASE "right"
#define FIXTURE_KEYS 2u

static void
must(bool condition)
{
	if (!condition)
		abort();
}

static char fixture_folder[64];

static void
fixture_remove(void)
{
	static const char *const files[] = { "d/pemkeep/vault",
		"d/pemkeep/vault.bak", "d/pemkeep/vault.lock",
		"d/pemkeep/vault.replaced", "s/pemkeep/seen", "s/pemkeep/log",
		"d/pemkeep", "s/pemkeep", "d", "s", "" };
	char path[128];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", fixture_folder, files[i]);
		(void)remove(path);
	}
}

/* It would grow by a line or two with each input. */
static void
block_log(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/s/pemkeep/log", fixture_folder);
	must(mkdir(path, 0700) == 0);
}

static void
fixture_key(struct keeper *k, const char *name, const char *type, unsigned bits)
{
	struct keeper_key key;
	struct secret *der;

	must(keeper_make(type, bits, &der, NULL) == 0);
	must(keeper_generate(k, name, type, der, &key, NULL) == 0);
	keeper_key_clear(&key);
	secret_free(der);
}

static void
fixture_vault(struct keeper *k)
{
	/* Not worth its name, but quick; keeper_init() would refuse. */
	const struct vault_kdf kdf = { 8, 1 };
	const struct vault_place place = { .path = keeper_path(k),
		.seen = keeper_seen(k) };
	struct secret *pass =
	    secret_copy(FIXTURE_PASSPHRASE, strlen(FIXTURE_PASSPHRASE));
	struct vault *v;

	must(pass != NULL);
	must(keeper_can_init(k, 0, 0, NULL) == 0); /* makes the folders */
	block_log();
	must(vault_create(&place, pass, &kdf, &v, NULL) == 0);
	vault_close(v);
	must(keeper_unlock(k, pass, NULL) == 0);
	fixture_key(k, "ed", "ed25519", 0);
	fixture_key(k, "rsa", "rsa", 2048);
	secret_free(pass);
}

static struct server *
fixture_server(void)
{
	static struct server *s;
	char path[80];

	if (s != NULL)
		return s;
	snprintf(fixture_folder, sizeof(fixture_folder), "%s/pk-fuzz.XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	must(mkdtemp(fixture_folder) != NULL);
	atexit(fixture_remove);
	snprintf(path, sizeof(path), "%s/d", fixture_folder);
	setenv("XDG_DATA_HOME", path, 1);
	snprintf(path, sizeof(path), "%s/s", fixture_folder);
	setenv("XDG_STATE_HOME", path, 1);
	must(server_new(&s, NULL) == 0);
	server_used(s);
	fixture_vault(s->keeper);
	return s;
}

/* Whole messages, the last one as long as it says; how many. */
static inline size_t
fixture_messages(const struct conn *c)
{
	struct wire w;
	size_t n = 0, len;

	must(buf_ok(&c->out));
	wire_init(&w, c->out.data, c->out.len);
	while (w.left > 0) {
		(void)wire_string(&w, &len);
		must(wire_ok(&w) && len >= 1);
		n++;
	}
	return n;
}

/*
 * The next message of the input is dealt with on 'c'; false when there is none,
 * or none that would be let in.
 */
static inline bool
fixture_next(struct conn *c, const uint8_t **data, size_t *size,
    size_t (*limit)(uint8_t type, bool *secret))
{
	bool secret;
	size_t len;

	if (*size < 3)
		return false;
	c->head[4] = (*data)[0];
	len = (size_t)(*data)[1] << 8 | (*data)[2];
	*data += 3;
	*size -= 3;
	if (len > *size)
		len = *size;
	if (len + 1 > limit(c->head[4], &secret))
		return false;
	if (secret)
		must((c->secret = secret_copy(*data, len)) != NULL);
	else
		buf_put(&c->body, *data, len);
	*data += len;
	*size -= len;
	return true;
}

#endif
