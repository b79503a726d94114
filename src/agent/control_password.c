/* SPDX-License-Identifier: ISC */

/*
 * A password does not go through the buffers of a connection, which leave copies:
 * it is written into a pipe that came with the request.  What fits into an empty
 * pipe cannot make us wait.
 */

#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault/secret.h"

#include "src/agent/control.h"
#include "src/agent/server.h"

static bool
is_empty_pipe(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	struct stat st;

	return fd != -1 && fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) &&
	    poll(&p, 1, 0) == 1 && p.revents == POLLOUT;
}

static int
hand_over(int fd, const struct secret *plain, struct err *e)
{
	size_t len = secret_len(plain);

	if (len > PIPE_BUF ||
	    write(fd, secret_bytes(plain), len) != (ssize_t)len)
		return err_set(
		    e, ERR_FAILED, "the password could not be handed over");
	return 0;
}

void
control_password(struct conn *c)
{
	struct sign_request request = { .algorithm = NULL };
	struct secret *plain = NULL;
	struct buf b = BUF_INIT;
	struct wire w;
	struct err e;
	char *instance;
	int r;

	wire_init(&w, c->body.data, c->body.len);
	request.blob = wire_string(&w, &request.blob_len);
	request.data = wire_string(&w, &request.len);
	instance = control_get_text(&w);
	if (instance == NULL || !wire_done(&w) || !is_empty_pipe(c->passed))
		r = err_set(&e, ERR_FORMAT, "the agent was asked nonsense");
	else if ((r = sign_password_for(c, &request, instance, &plain, &e)) ==
	    0)
		r = hand_over(c->passed, plain, &e);
	if (r == 0) {
		buf_put_u32(&b, (uint32_t)secret_len(plain));
		control_answer(c, CONTROL_OK, &b);
	} else if (r != SIGN_LATER) {
		control_error(c, &e);
	}
	secret_free(plain);
	free(instance);
	buf_free(&b);
}
