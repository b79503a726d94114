/* SPDX-License-Identifier: ISC */

/*
 * The vault library measured from inside, for tests/bench/.  Not installed.
 *
 *	benchvault hash VAULT PASSFILE          open it once
 *	benchvault cheapen VAULT PASSFILE       set the hash's cost to 8 KiB, 1 pass
 *	benchvault unlock VAULT PASSFILE ROUNDS
 *	benchvault save VAULT PASSFILE ROUNDS
 *
 * A vault made cheap shows what is left when the passphrase hash is not
 * counted, without subtracting one large number from another.  'unlock' prints
 * the median of opening it; 'save' those of a change of one record, from
 * vault_begin() to vault_commit(), and of writing as many bytes in the way that
 * any careful program does: a temporary file, fsync, rename, fsync of the
 * folder.  All in milliseconds.
 */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vault/secret.h"
#include "vault/vault.h"

#define ROUNDS_MAX 10000

static struct vault_place place;
static struct secret *pass;

__attribute__((noreturn, format(printf, 1, 2))) static void
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("benchvault: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

static void
must(int r, const struct vault_error *e)
{
	char text[512];

	if (r == 0)
		return;
	vault_message(e, text, sizeof(text));
	die("%s", text);
}

static double
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static int
ascending(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static double
median(double *list, int count)
{
	qsort(list, (size_t)count, sizeof(*list), ascending);
	return list[count / 2];
}

static void
read_passphrase(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const uint8_t *end;

	if (fd == -1 || secret_read_fd(fd, VAULT_PASSPHRASE_MAX, &pass) != 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
	end = memchr(secret_bytes(pass), '\n', secret_len(pass));
	if (end != NULL)
		(void)secret_set_len(pass, (size_t)(end - secret_bytes(pass)));
}

static struct vault *
open_it(void)
{
	struct vault_error e;
	struct vault *v;

	must(vault_open(&place, pass, &v, &e), &e);
	return v;
}

static void
cheapen(void)
{
	const struct vault_kdf cheapest = { VAULT_KDF_MEMORY_MIN,
		VAULT_KDF_PASSES_MIN };
	struct vault *v = open_it();
	struct vault_error e;

	must(vault_begin(v, &e), &e);
	must(vault_set_passphrase(v, pass, &cheapest, &e), &e);
	must(vault_commit(v, &e), &e);
	vault_close(v);
}

static void
unlock(int rounds)
{
	double *ms = calloc((size_t)rounds, sizeof(double)), began;

	if (ms == NULL)
		die("out of memory");
	for (int i = 0; i < rounds; i++) {
		began = now_ms();
		vault_close(open_it());
		ms[i] = now_ms() - began;
	}
	printf("%.2f\n", median(ms, rounds));
	free(ms);
}

/* What the first record is called goes back and forth. */
static double
save_once(struct vault *v, int round)
{
	static char was[VAULT_NAME_MAX + 1];
	const struct vault_entry *first = vault_at(v, 0);
	double began = now_ms();
	struct vault_error e;

	if (*was == '\0' && first != NULL)
		snprintf(was, sizeof(was), "%s", first->name);
	must(vault_begin(v, &e), &e);
	first = vault_at(v, 0);
	if (first == NULL)
		die("the vault is empty");
	must(vault_rename(
		 v, first->id, round % 2 == 0 ? "a name for a while" : was, &e),
	    &e);
	must(vault_commit(v, &e), &e);
	return now_ms() - began;
}

static void
write_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	for (; len > 0; data += n, len -= (size_t)n)
		if ((n = write(fd, data, len)) == -1)
			die("cannot write: %s", strerror(errno));
}

static double
raw_once(int folder, const char *data, size_t len)
{
	double began = now_ms();
	int fd;

	fd = openat(
	    folder, "raw.tmp", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	if (fd == -1)
		die("cannot create a file: %s", strerror(errno));
	write_all(fd, data, len);
	if (fsync(fd) == -1 || close(fd) == -1 ||
	    renameat(folder, "raw.tmp", folder, "raw") == -1 ||
	    fsync(folder) == -1)
		die("cannot flush or rename: %s", strerror(errno));
	return now_ms() - began;
}

static char *
read_vault(size_t *lenp)
{
	int fd = open(place.path, O_RDONLY | O_CLOEXEC);
	off_t end = fd == -1 ? -1 : lseek(fd, 0, SEEK_END);
	char *data = end <= 0 ? NULL : malloc((size_t)end);

	if (data == NULL || pread(fd, data, (size_t)end, 0) != end)
		die("%s: cannot read", place.path);
	close(fd);
	*lenp = (size_t)end;
	return data;
}

static void
save(int rounds)
{
	double *ours = calloc((size_t)rounds, sizeof(double));
	double *raw = calloc((size_t)rounds, sizeof(double));
	char *name = strdup(place.path), *data;
	int folder = open(dirname(name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct vault *v = open_it();
	size_t len;

	if (ours == NULL || raw == NULL || folder == -1)
		die("%s: %s", place.path, strerror(errno));
	data = read_vault(&len);
	for (int i = 0; i < rounds; i++) {
		raw[i] = raw_once(folder, data, len);
		ours[i] = save_once(v, i);
	}
	unlinkat(folder, "raw", 0);
	printf("%.2f %.2f\n", median(ours, rounds), median(raw, rounds));
	vault_close(v);
	close(folder);
	free(data);
	free(name);
	free(raw);
	free(ours);
}

int
main(int argc, char **argv)
{
	int rounds = argc == 5 ? atoi(argv[4]) : 1;

	if (argc < 4 || rounds < 1 || rounds > ROUNDS_MAX)
		die("usage: benchvault hash|cheapen|unlock|save VAULT PASSFILE "
		    "[ROUNDS]");
	place.path = argv[2];
	read_passphrase(argv[3]);
	if (strcmp(argv[1], "hash") == 0)
		vault_close(open_it());
	else if (strcmp(argv[1], "cheapen") == 0)
		cheapen();
	else if (strcmp(argv[1], "unlock") == 0)
		unlock(rounds);
	else if (strcmp(argv[1], "save") == 0)
		save(rounds);
	else
		die("no such thing: %s", argv[1]);
	secret_free(pass);
	return 0;
}
