/* SPDX-License-Identifier: ISC */

/* A child that makes one key and has nothing else. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pemkeep/agent/keeper.h"
#include "pemkeep/base/err.h"
#include "pemkeep/keys/memory.h"
#include "vault/secret.h"

#include "src/agent/child.h"
#include "src/agent/harden.h"
#include "src/agent/maker.h"
#include "src/agent/server.h"
#include "src/agent/system.h"

static bool
write_all(const uint8_t *at, size_t len)
{
	while (len > 0) {
		ssize_t n = write(CHILD_RESULT_FD, at, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

int
maker_main(int argc, char **argv)
{
	struct secret *der = NULL;
	bool ok;

	harden_process();
	harden_stack();
	system_end_with_parent(SIGKILL);
	(void)keymemory_guard();
	ok = argc == 2 &&
	    keeper_make(
		argv[0], (unsigned)strtoul(argv[1], NULL, 10), &der, NULL) == 0;
	if (ok)
		ok = write_all(secret_bytes(der), secret_len(der));
	secret_free(der);
	return !ok;
}

int
maker_start(struct conn *c, const char *type, unsigned bits,
    void (*done)(void *c, int status, const struct secret *der), struct err *e)
{
	char number[16];
	char *const argv[] = { "pemkeep", MAKER_ROLE, (char *)(uintptr_t)type,
		number, NULL };
	char *const environment[] = { NULL };
	int r;

	(void)snprintf(number, sizeof(number), "%u", bits);
	r = child_start(c->server,
	    &(const struct child_plan){ .path = system_self(),
		.argv = argv,
		.environment = environment,
		.input = -1,
		.result_max = MAKER_RESULT_MAX,
		.limit_ms = MAKER_LIMIT_MS,
		.done = done,
		.arg = c },
	    &c->child, e);
	c->busy = r == 0;
	return r;
}
