/* SPDX-License-Identifier: ISC */

/* A password comes through a pipe, straight into guarded memory. */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "vault/secret.h"

#include "src/agent/client_internal.h"
#include "src/agent/control.h"

#define LENGTH_MAX 4096u

static int
take(int fd, uint32_t len, struct secret **plainp, struct err *e)
{
	struct secret *s;
	ssize_t n;

	if (len == 0 || len > LENGTH_MAX)
		return client_nonsense(e);
	if ((s = secret_new(len)) == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	do
		n = read(fd, secret_data(s), len);
	while (n == -1 && errno == EINTR);
	if (n != (ssize_t)len || !secret_set_len(s, len)) {
		secret_free(s);
		return client_nonsense(e);
	}
	*plainp = s;
	return 0;
}

int
client_password(struct client *c, const uint8_t *blob, size_t blob_len,
    const void *data, size_t len, const char *instance, struct secret **plainp,
    struct err *e)
{
	struct client_call call = { .type = CONTROL_PASSWORD };
	struct buf b = BUF_INIT;
	int ends[2], r = client_unlock(c, 0, e);
	uint32_t length;
	struct wire w;

	*plainp = NULL;
	if (r != 0)
		return r;
	if (pipe2(ends, O_CLOEXEC) == -1)
		return err_system(e, ERR_SYSTEM, errno, "cannot make a pipe");
	buf_put_string(&b, blob, blob_len);
	buf_put_string(&b, data, len);
	buf_put_cstring(&b, instance);
	call.body = &b;
	call.fd = ends[1];
	r = client_ask(c, &call, &w, e);
	close(ends[1]);
	if (r == 0) {
		length = wire_u32(&w);
		r = wire_done(&w) ? take(ends[0], length, plainp, e)
				  : client_nonsense(e);
	}
	close(ends[0]);
	buf_free(&b);
	return r;
}
