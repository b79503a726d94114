/* SPDX-License-Identifier: ISC */

/*
 * vaultcheck [--time] VECTOR...
 *
 * Holds the vault library against tests/vectors/ (their form: vectorfile.py) and
 * answers in TAP.  Every vector is opened in a process of its own, so that a
 * crash is one failure, and time and memory are this vector's alone.  --time
 * also fails a vector that vault_open refuses, but for a wrong passphrase, and
 * that took more than 100 ms of processor time (and 1 ms for each MiB of the
 * file) or more than 64 MiB (and the file); sanitizers break those limits.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "tests/tools/vector.h"
#include "vault/secret.h"
#include "vault/vault.h"

#define HANG_SECONDS 20
#define REFUSE_MS 100.0
#define REFUSE_KIB (64L << 10)
#define READ_MS 8.0 /* for a MiB */
#define HASH_TEXT (2 * crypto_hash_sha256_BYTES + 1)

/* What the child found; goes through a pipe. */
struct outcome {
	enum vault_result code; /* of vault_open, then of the records */
	unsigned rule, notes;
	bool opened;
	double ms;
	char hash[HASH_TEXT];
	char wrong[512]; /* a fault of the library besides, or of the test */
};

static const struct {
	enum vault_result code;
	const char *name;
} classes[] = {
	{ VAULT_OK, "ok" },
	{ VAULT_ENOTVAULT, "not-a-vault" },
	{ VAULT_EVERSION, "newer-version" },
	{ VAULT_EDAMAGED, "damaged" },
	{ VAULT_ECOST, "cost" },
	{ VAULT_EPASSPHRASE, "passphrase" },
	{ VAULT_ENOSTANZA, "no-stanza" },
};

static const char *
class_name(enum vault_result code)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (classes[i].code == code)
			return classes[i].name;
	return "another error";
}

__attribute__((format(printf, 2, 3))) static void
wrong(struct outcome *o, const char *format, ...)
{
	va_list ap;

	if (o->wrong[0] != '\0')
		return;
	va_start(ap, format);
	vsnprintf(o->wrong, sizeof(o->wrong), format, ap);
	va_end(ap);
}

/* The seen file. */

/* A line of the seen file, with its head; vectors have a whole header here. */
static void
seen_text(const struct vector *v, uint64_t generation, const char *mac,
    char text[static 256])
{
	char id[2 * VAULT_ID_BYTES + 1];

	sodium_bin2hex(id, sizeof(id), v->vault + 22, VAULT_ID_BYTES);
	snprintf(text, 256, "pemkeep-seen 1\n%s %" PRIu64 " %s\n", id,
	    generation, mac);
}

static void
seen_before(const struct vector *v, char text[static 256])
{
	char *mac;
	const uint64_t generation = strtoull(v->seen, &mac, 10);

	seen_text(v, generation, mac + 1, text);
}

static bool
set_up(struct folder *f, const struct vector *v)
{
	char text[256];

	if (!folder_make(f, v))
		return false;
	if (v->seen == NULL)
		return true;
	seen_before(v, text);
	return folder_write(f->seen, text, strlen(text), 0600);
}

/* The seen file is written after a success without notes, and only then. */
static void
check_seen(const struct vector *v, const struct folder *f,
    const struct vault *vault, struct outcome *o)
{
	char text[256] = "", mac[2 * VAULT_MAC_BYTES + 1];
	size_t len, at;
	char *found = folder_read(f->seen, &len);

	if (vault != NULL && vault_notes(vault) == 0) {
		at = 16 + v->vault[12] + ((size_t)v->vault[13] << 8) +
		    ((size_t)v->vault[14] << 16) + 32;
		sodium_bin2hex(
		    mac, sizeof(mac), v->vault + at, VAULT_MAC_BYTES);
		seen_text(v, vault_generation(vault), mac, text);
	} else if (v->seen != NULL) {
		seen_before(v, text);
	}
	if (strcmp(found != NULL ? found : "", text) != 0)
		wrong(o, "seen file: '%s', not '%s'", found ? found : "", text);
	free(found);
}

/* Trying one vector, in the child. */

static double
cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void
note_error(struct outcome *o, const struct vault_error *e)
{
	char text[400];

	if (o->code != VAULT_OK)
		return;
	o->code = e->code;
	o->rule = e->rule;
	if (strcmp(class_name(e->code), "another error") == 0) {
		vault_message(e, text, sizeof(text));
		wrong(o, "error %d: %s", (int)e->code, text);
	}
}

static void
read_records(const struct vault *v, struct outcome *o)
{
	crypto_hash_sha256_state state;
	unsigned char hash[crypto_hash_sha256_BYTES];
	struct vault_error e = { .code = VAULT_OK };
	int rc;

	crypto_hash_sha256_init(&state);
	for (size_t i = 0; i < vault_count(v); i++) {
		const struct vault_entry *entry = vault_at(v, i);
		struct secret *payload = NULL;

		if (vault_find(v, entry->name) != entry)
			wrong(o, "'%s' is not found", entry->name);
		rc = vault_get(v, entry->id, &payload, &e);
		if (rc != 0 && payload != NULL)
			wrong(o, "'%s': released in spite", entry->name);
		if (rc != 0) {
			note_error(o, &e);
			continue;
		}
		crypto_hash_sha256_update(&state,
		    (const unsigned char *)entry->name,
		    strlen(entry->name) + 1);
		crypto_hash_sha256_update(
		    &state, secret_bytes(payload), secret_len(payload));
		secret_free(payload);
	}
	crypto_hash_sha256_final(&state, hash);
	sodium_bin2hex(o->hash, sizeof(o->hash), hash, sizeof(hash));
	rc = vault_verify(v, &e);
	if (rc != (int)o->code)
		wrong(o, "vault_verify says %d, the records %d", rc,
		    (int)o->code);
}

/* What needs no key, vault_probe says as vault_open does. */
static void
check_probe(const struct vault_place *place, struct outcome *o)
{
	const bool needs_key = o->opened || o->code == VAULT_EPASSPHRASE ||
	    (o->code == VAULT_EDAMAGED && o->rule > 17);
	struct vault_error e = { .code = VAULT_OK };
	const int rc = vault_probe(place, &e);

	if (rc != (needs_key ? 0 : (int)o->code) || rc != (int)e.code ||
	    (rc != 0 && e.rule != o->rule))
		wrong(o, "vault_probe says %d, R%u", rc, e.rule);
}

static void
try_vector(const struct vector *v, const struct folder *f, struct outcome *o)
{
	const struct vault_place place = { .path = f->vault, .seen = f->seen };
	struct secret *pass = secret_copy(v->passphrase, strlen(v->passphrase));
	struct vault *vault = NULL;
	struct vault_error e = { .code = VAULT_OK };
	const double start = cpu_ms();
	const int rc = vault_open(&place, pass, &vault, &e);

	o->ms = cpu_ms() - start;
	o->opened = rc == 0;
	if ((vault != NULL) != (rc == 0))
		wrong(o, "result %d, but vault %p", rc, (void *)vault);
	if (rc != 0 && rc != (int)e.code)
		wrong(o, "result %d, but error %d", rc, (int)e.code);
	if (rc != 0) {
		note_error(o, &e);
	} else {
		o->notes = vault_notes(vault);
		read_records(vault, o);
	}
	check_seen(v, f, vault, o);
	check_probe(&place, o);
	vault_close(vault);
	secret_free(pass);
}

/* Judging it, in the parent. */

/* Fork, try, and collect.  Returns false when the child did not finish. */
static bool
run_vector(const struct vector *v, const struct folder *f, struct outcome *o,
    long *kib)
{
	struct rusage use = { 0 };
	int fd[2], status = -1;
	ssize_t n;
	pid_t pid;

	*o = (struct outcome){ .code = VAULT_OK };
	if (pipe(fd) != 0 || (pid = fork()) < 0)
		return false;
	if (pid == 0) {
		close(fd[0]);
		alarm(HANG_SECONDS);
		try_vector(v, f, o);
		n = write(fd[1], o, sizeof(*o));
		_exit(n == (ssize_t)sizeof(*o) ? 0 : 1);
	}
	close(fd[1]);
	n = read(fd[0], o, sizeof(*o));
	close(fd[0]);
	while (wait4(pid, &status, 0, &use) < 0 && errno == EINTR)
		;
	*kib = use.ru_maxrss;
	return n == (ssize_t)sizeof(*o) && status == 0;
}

static bool
differs(const char *what, const char *expected, const char *found)
{
	if (expected == NULL ? found == NULL
			     : found != NULL && strcmp(expected, found) == 0)
		return false;
	printf("# %s: %s, found %s\n", what, expected ? expected : "none",
	    found ? found : "none");
	return true;
}

static bool
judge(const struct vector *v, const struct outcome *o)
{
	const char *note = NULL;
	char rule[16];
	bool bad;

	if (o->notes == VAULT_NOTE_ROLLBACK)
		note = "rollback";
	else if (o->notes == VAULT_NOTE_FORK)
		note = "fork";
	else if (o->notes != 0)
		note = "another note";
	snprintf(rule, sizeof(rule), "R%u", o->rule);

	bad = differs("class", v->expect, class_name(o->code));
	bad |= differs("note", v->note, note);
	bad |= differs("plaintext", v->plaintext, o->opened ? o->hash : NULL);
	if (o->code == VAULT_EDAMAGED)
		bad |= differs("rule", v->rule, rule);
	if (o->wrong[0] != '\0')
		printf("# %s\n", o->wrong);
	return !bad && o->wrong[0] == '\0';
}

/* Is it refused for what it is? */
static bool
refused(const struct vector *v, const struct outcome *o)
{
	return !o->opened && strcmp(v->expect, "passphrase") != 0;
}

/*
 * Reading the file may cost as well, unless it is too long to be read (R9): some
 * milliseconds a MiB where other programs want the memory, too.
 */
static bool
frugal(const struct vector *v, const struct outcome *o, long kib)
{
	const long size = v->size <= VAULT_FILE_MAX ? (long)v->size : 0;

	return o->ms <= REFUSE_MS + READ_MS * (double)(size >> 20) &&
	    kib <= REFUSE_KIB + (size >> 10);
}

static bool
check_vector(const char *path, bool timed)
{
	struct vector v;
	struct folder f = { "", "", "" };
	struct outcome o;
	long kib = 0;
	bool ok = false;

	if (!vector_read(&v, path)) {
		printf("# not a vector\n");
		goto out;
	}
	if (!set_up(&f, &v)) {
		printf("# cannot be set up: %s\n", strerror(errno));
		goto out;
	}
	if (!run_vector(&v, &f, &o, &kib)) {
		printf("# crashed or hung\n");
		goto out;
	}
	ok = judge(&v, &o);
	if (timed && refused(&v, &o) && !frugal(&v, &o, kib)) {
		printf("# took %.1f ms, %ld KiB\n", o.ms, kib);
		ok = false;
	}
out:
	if (f.path[0] != '\0')
		folder_remove(&f);
	vector_free(&v);
	return ok;
}

int
main(int argc, char **argv)
{
	const bool timed = argc > 1 && strcmp(argv[1], "--time") == 0;
	const int first = timed ? 2 : 1;
	int failed = 0;

	if (argc <= first) {
		fprintf(stderr, "usage: vaultcheck [--time] VECTOR...\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%d\n", argc - first);
	for (int i = first; i < argc; i++) {
		const char *slash = strrchr(argv[i], '/');
		const bool ok = check_vector(argv[i], timed);

		failed += !ok;
		printf("%sok %d - %s\n", ok ? "" : "not ", i - first + 1,
		    slash != NULL ? slash + 1 : argv[i]);
	}
	return failed != 0;
}
