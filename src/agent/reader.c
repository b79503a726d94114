/* SPDX-License-Identifier: ISC */

/*
 * Key files are the bytes that a stranger may have made, so the parsers run
 * where a mistake of theirs reaches one key only: no socket, no vault, little
 * memory and time.  What comes back is the canonical form, which the keeper
 * proves again.
 */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/limits.h"
#include "pemkeep/keys/key.h"
#include "pemkeep/keys/keyfile.h"
#include "vault/secret.h"
#include "vault/sshkey.h"

#include "src/agent/child.h"
#include "src/agent/harden.h"
#include "src/agent/reader.h"
#include "src/agent/server.h"
#include "src/agent/system.h"

#define MEMORY_MAX (1536ul << 20) /* scrypt at its usual costs takes less */
#define SECONDS_MAX 60u
#define FILE_WRITE_MAX 65536u /* for ssh-keygen's copy, in memory */
#define FILES_MAX 32u

static bool
set_limits(void)
{
	return limits_set_memory(MEMORY_MAX) &&
	    limits_set(RLIMIT_CPU, SECONDS_MAX) &&
	    limits_set(RLIMIT_FSIZE, FILE_WRITE_MAX) &&
	    limits_set(RLIMIT_NOFILE, FILES_MAX);
}

static bool
write_all(const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	ssize_t n;

	while (len > 0) {
		n = write(CHILD_RESULT_FD, at, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
write_secret(const struct secret *s)
{
	size_t len = s != NULL ? secret_len(s) : 0;
	struct buf b = BUF_INIT;
	bool ok;

	buf_put_u32(&b, (uint32_t)len);
	ok = buf_ok(&b) && write_all(b.data, b.len) &&
	    (len == 0 || write_all(secret_bytes(s), len));
	buf_free(&b);
	return ok;
}

static bool
write_result(const struct err *e, const struct keyfile *f,
    const struct secret *der, const struct secret *original)
{
	struct buf b = BUF_INIT;
	bool ok;

	buf_put_u32(&b, (uint32_t)-e->code);
	buf_put_cstring(&b, e->text);
	buf_put_cstring(&b, e->hint);
	buf_put_u32(&b, (uint32_t)f->format);
	buf_put_u8(&b, f->encrypted);
	buf_put_u32(&b, f->repairs);
	buf_put_cstring(&b, f->comment);
	ok = buf_ok(&b) && write_all(b.data, b.len) && write_secret(der) &&
	    write_secret(original);
	buf_free(&b);
	return ok;
}

/* Without a passphrase first, so that one that is not needed is no matter. */
static int
read_file(const struct secret *file, const struct secret *pass,
    struct keyfile *f, struct err *e)
{
	int r = keyfile_read(file, NULL, f, e);

	if (r == ERR_NEED_PASSPHRASE && pass != NULL && secret_len(pass) > 0) {
		keyfile_clear(f);
		r = keyfile_read(file, pass, f, e);
	}
	return r;
}

int
reader_main(void)
{
	struct secret *file = NULL, *pass = NULL, *der = NULL;
	struct keyfile f = { 0 };
	struct err e;
	int status;

	harden_process();
	harden_stack();
	system_end_with_parent(SIGKILL);
	memset(&e, 0, sizeof(e));
	if (!set_limits() || lseek(STDIN_FILENO, 0, SEEK_SET) == -1)
		err_system(&e, ERR_SYSTEM, errno, "cannot read the file");
	else if (secret_read_fd(CHILD_SECRET_FD, 1024, &pass) != 0 ||
	    secret_read_fd(STDIN_FILENO, KEYFILE_MAX, &file) != 0)
		err_system(&e, ERR_SYSTEM, errno, "cannot read the file");
	else if (read_file(file, pass, &f, &e) == 0 &&
	    key_to_pkcs8(f.key, &der, &e) == 0)
		e.code = ERR_OK;
	status = !write_result(&e, &f, der, der != NULL ? file : NULL);
	keyfile_clear(&f);
	secret_free(der);
	secret_free(pass);
	secret_free(file);
	return status;
}

int
reader_start(struct conn *c,
    void (*done)(void *c, int status, const struct secret *output),
    struct err *e)
{
	char *const argv[] = { "pemkeep", READER_ROLE, NULL };
	char *const environment[] = { "PATH=/usr/bin:/usr/local/bin:/bin",
		"LC_ALL=C", NULL };
	int r = child_start(c->server,
	    &(const struct child_plan){ .path = system_self(),
		.argv = argv,
		.environment = environment,
		.input = c->passed,
		.say = c->control.file_pass,
		.result_max = READER_RESULT_MAX,
		.limit_ms = READER_LIMIT_MS,
		.done = done,
		.arg = c },
	    &c->child, e);

	c->busy = r == 0;
	return r;
}

/* A text of at most 'size' - 1 bytes. */
static void
get_text(struct wire *w, char *to, size_t size)
{
	size_t len;
	const uint8_t *bytes = wire_string(w, &len);

	if (bytes == NULL || len >= size) {
		w->failed = true;
		len = 0;
	}
	if (len > 0)
		memcpy(to, bytes, len);
	to[len] = '\0';
}

static struct secret *
get_secret(struct wire *w)
{
	size_t len;
	const uint8_t *bytes = wire_string(w, &len);

	return len > 0 ? secret_copy(bytes, len) : NULL;
}

bool
reader_take(const struct secret *from, struct reader_result *result)
{
	uint32_t code, format;
	struct wire w;

	memset(result, 0, sizeof(*result));
	if (from == NULL)
		return false;
	wire_init(&w, secret_bytes(from), secret_len(from));
	code = wire_u32(&w);
	get_text(&w, result->error.text, sizeof(result->error.text));
	get_text(&w, result->error.hint, sizeof(result->error.hint));
	format = wire_u32(&w);
	result->encrypted = wire_u8(&w) != 0;
	result->repairs = wire_u32(&w);
	get_text(&w, result->comment, sizeof(result->comment));
	result->der = get_secret(&w);
	result->original = get_secret(&w);
	if (!wire_done(&w) || code > (uint32_t)-ERR_INTERRUPTED ||
	    format > KEYFILE_PPK3)
		return false;
	result->error.code = (enum err_code) - (int)code;
	result->format = (uint16_t)(format |
	    (result->encrypted ? VAULT_SSHKEY_ENCRYPTED : 0));
	return code != 0 || (result->der != NULL && result->original != NULL);
}

void
reader_clear(struct reader_result *result)
{
	secret_free(result->der);
	secret_free(result->original);
	memset(result, 0, sizeof(*result));
}
