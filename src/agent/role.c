/* SPDX-License-Identifier: ISC */

/* What a process is that pemkeep has started; no command is called like this. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pemkeep/agent/role.h"
#include "pemkeep/keys/memory.h"

#include "src/agent/ask.h"
#include "src/agent/harden.h"
#include "src/agent/maker.h"
#include "src/agent/reader.h"
#include "src/agent/role.h"
#include "src/agent/server.h"
#include "src/agent/system.h"

void
role_harden(void)
{
	harden_process();
}

/* The keeper of one command, which may become the agent of all. */
static int
keeper_main(void)
{
	struct server *s = NULL;
	struct err e;
	int r;

	system_close_from(ROLE_FD + 1);
	harden_process();
	harden_stack();
	(void)keymemory_guard();
	if (fcntl(ROLE_FD, F_SETFD, FD_CLOEXEC) == -1)
		return 1;
	if ((r = server_new(&s, &e)) == 0 &&
	    (r = server_adopt(s, ROLE_FD, &e)) == 0)
		r = server_run(s);
	server_free(s);
	return r != 0;
}

bool
role_main(int argc, char **argv, int *status)
{
	if (argc < 2 || argv[1][0] != '(')
		return false;
	if (strcmp(argv[1], ROLE_KEEPER) == 0)
		*status = keeper_main();
	else if (strcmp(argv[1], READER_ROLE) == 0)
		*status = reader_main();
	else if (strcmp(argv[1], MAKER_ROLE) == 0)
		*status = maker_main(argc - 2, argv + 2);
	else if (strcmp(argv[1], ROLE_ASK) == 0)
		*status = ask_main(argc - 2, argv + 2);
	else
		return false;
	return true;
}

int
role_foreground(
    void (*ready)(void *arg, const char *ssh), void *arg, struct err *e)
{
	struct server *s = NULL;
	int r;

	harden_process();
	harden_stack();
	(void)keymemory_guard();
	if ((r = server_new(&s, e)) == 0) {
		s->foreground = true;
		if ((r = server_listen(s, e)) == 0) {
			ready(arg, (const char *)s->place.ssh.data);
			r = server_run(s);
		}
	}
	server_free(s);
	return r;
}
