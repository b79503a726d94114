/* SPDX-License-Identifier: ISC */

/*
 * vaultop: one operation on the vault of a scene (scene.h), between the
 * markers that syswalk looks for.  Opening and closing belong to it, making
 * the secrets does not.  Exit status: 0, 20 and the code's number when the
 * library refuses, 2 for a wrong call, 3 when the test itself is broken.
 */

#include <sys/ioctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vault/secret.h"
#include "vault/vault.h"

#include "marker.h"
#include "scene.h"

struct job {
	struct scene s;
	struct secret *pass; /* the one that opens */
	struct secret *next; /* passwd: the one that follows */
	char **arg;          /* terminated by NULL */
	unsigned notes;
	uint64_t generation;
};

static void
mark(unsigned long what)
{
	ioctl(-1, MARKER, what);
}

static const char *
arg(const struct job *j, unsigned i, const char *otherwise)
{
	unsigned k;

	for (k = 0; k <= i; k++)
		if (j->arg[k] == NULL)
			return otherwise;
	return j->arg[i];
}

/* Open, begin, change, commit, close: the shape of all that change. */
static int
change(struct job *j,
    int (*fn)(struct job *, struct vault *, struct vault_error *),
    struct vault_error *e)
{
	struct vault *v = NULL;
	int r;

	if ((r = vault_open(&j->s.place, j->pass, &v, e)) == 0 &&
	    (r = vault_begin(v, e)) == 0 && (r = fn(j, v, e)) == 0)
		r = vault_commit(v, e);
	if (v != NULL) {
		j->notes = vault_notes(v);
		j->generation = vault_generation(v);
	}
	vault_close(v);
	return r;
}

static int
find(struct vault *v, const char *name, uint8_t *id)
{
	const struct vault_entry *entry = vault_find(v, name);

	if (entry == NULL)
		return VAULT_ENOTFOUND;
	memcpy(id, entry->id, VAULT_ID_BYTES);
	return 0;
}

static int
do_put(struct job *j, struct vault *v, struct vault_error *e)
{
	return scene_put(
	    v, arg(j, 0, "needle-delta"), (size_t)atol(arg(j, 1, "700")), e);
}

static int
do_remove(struct job *j, struct vault *v, struct vault_error *e)
{
	uint8_t id[VAULT_ID_BYTES];
	int r = find(v, arg(j, 0, "needle-bravo"), id);

	return r != 0 ? r : vault_remove(v, id, e);
}

static int
do_rename(struct job *j, struct vault *v, struct vault_error *e)
{
	uint8_t id[VAULT_ID_BYTES];
	int r = find(v, arg(j, 0, "needle-alpha"), id);

	return r != 0 ? r : vault_rename(v, id, arg(j, 1, "needle-echo"), e);
}

static int
do_info(struct job *j, struct vault *v, struct vault_error *e)
{
	static const char info[] = "needle info edited";
	uint8_t id[VAULT_ID_BYTES];
	int r = find(v, arg(j, 0, "needle-alpha"), id);

	return r != 0
	    ? r
	    : vault_set_info(v, id, (const uint8_t *)info, strlen(info), e);
}

static int
do_passwd(struct job *j, struct vault *v, struct vault_error *e)
{
	return vault_set_passphrase(v, j->next, &scene_kdf, e);
}

static int
do_nothing(struct job *j, struct vault *v, struct vault_error *e)
{
	(void)j;
	(void)v;
	(void)e;
	return 0;
}

/* Take the lock, say so, and sit on it. */
static int
do_hold(struct job *j, struct vault *v, struct vault_error *e)
{
	char text[32];

	(void)v;
	(void)e;
	snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	scene_write(arg(j, 0, "held"), text, strlen(text), 0600);
	while (pause() == -1)
		continue;
	return VAULT_EUSE;
}

#define CHANGE(name) \
	static int op_##name(struct job *j, struct vault_error *e) \
	{ \
		return change(j, do_##name, e); \
	}
CHANGE(put)
CHANGE(remove)
CHANGE(rename)
CHANGE(info)
CHANGE(passwd)
CHANGE(nothing)
CHANGE(hold)

static int
op_make(struct job *j, struct vault_error *e)
{
	return scene_make(&j->s, (size_t)atol(arg(j, 0, "700")), e);
}

static int
op_create(struct job *j, struct vault_error *e)
{
	struct vault *v = NULL;
	int r = vault_create(&j->s.place, j->pass, &scene_kdf, &v, e);

	vault_close(v);
	return r;
}

static int
op_restore(struct job *j, struct vault_error *e)
{
	char path[SCENE_PATH];

	scene_path(&j->s, "old", path);
	return vault_restore(&j->s.place, arg(j, 0, path), j->pass, e);
}

static void
changed_mode(void *ctx, const char *path, unsigned was, unsigned now)
{
	const char *slash = strrchr(path, '/');

	(void)ctx;
	printf(
	    "mode %s %04o %04o\n", slash == NULL ? path : slash + 1, was, now);
}

static int
op_repair(struct job *j, struct vault_error *e)
{
	return vault_repair(&j->s.place, changed_mode, NULL, e);
}

static void
print_notes(unsigned notes)
{
	static const char *const names[] = { "rollback", "fork", "seen-bad",
		"seen-unsaved" };
	unsigned i;

	for (i = 0; i < 4; i++)
		if ((notes & 1u << i) != 0)
			printf("note %s\n", names[i]);
}

static void
print_record(const struct vault *v, size_t i)
{
	const struct vault_entry *entry = vault_at(v, i);
	struct secret *payload = NULL;
	uint64_t sum = 14695981039346656037u; /* FNV-1a */
	size_t k;

	if (vault_get(v, entry->id, &payload, NULL) != 0)
		return;
	for (k = 0; k < secret_len(payload); k++)
		sum = (sum ^ secret_bytes(payload)[k]) * 1099511628211u;
	printf("record %s %016" PRIx64 "\n", entry->name, sum);
	secret_free(payload);
}

static int
list(struct job *j, bool begin, struct vault_error *e)
{
	struct vault_error refused;
	struct vault *v = NULL;
	size_t i;
	int r;

	if ((r = vault_open(&j->s.place, j->pass, &v, e)) == 0 &&
	    (r = vault_verify(v, e)) == 0) {
		printf("generation %" PRIu64 "\n", vault_generation(v));
		printf("count %zu\n", vault_count(v));
		for (i = 0; i < vault_count(v); i++)
			print_record(v, i);
		print_notes(vault_notes(v));
		if (begin)
			printf(
			    "begin %s\n", scene_code(vault_begin(v, &refused)));
	}
	vault_close(v);
	return r;
}

/* Read everything and say what is there. */
static int
op_list(struct job *j, struct vault_error *e)
{
	return list(j, false, e);
}

/* And whether it could be changed. */
static int
op_check(struct job *j, struct vault_error *e)
{
	return list(j, true, e);
}

static int
op_judge(struct job *j, struct vault_error *e)
{
	(void)e;
	exit(judge(&j->s, arg(j, 0, ""), arg(j, 1, ""), arg(j, 2, "kill")));
}

/* adds N PREFIX: N records, each its own opening and saving. */
static int
op_adds(struct job *j, struct vault_error *e)
{
	char name[64], *argv[] = { name, NULL };
	const char *prefix = arg(j, 1, "needle");
	long i, n = atol(arg(j, 0, "1"));
	struct job local = *j;
	int r;

	local.arg = argv;
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s-%ld", prefix, i);
		if ((r = change(&local, do_put, e)) != 0)
			return r;
		if (local.notes != 0) {
			print_notes(local.notes);
			exit(1);
		}
	}
	return 0;
}

/* reads FILE: open and verify until FILE is there; no alarm, no way back. */
static int
op_reads(struct job *j, struct vault_error *e)
{
	uint64_t last = 0;
	struct vault *v;
	long reads = 0;
	int r;

	while (access(arg(j, 0, "stop"), F_OK) == -1) {
		if ((r = vault_open(&j->s.place, j->pass, &v, e)) != 0)
			return r;
		r = vault_verify(v, e);
		print_notes(vault_notes(v));
		if (r == 0 &&
		    (vault_notes(v) != 0 || vault_generation(v) < last)) {
			printf("generation %" PRIu64 " after %" PRIu64 "\n",
			    vault_generation(v), last);
			exit(1);
		}
		last = vault_generation(v);
		vault_close(v);
		if (r != 0)
			return r;
		reads++;
	}
	printf("reads %ld\n", reads);
	return 0;
}

/* reloads FILE: the same with one handle that is kept. */
static int
op_reloads(struct job *j, struct vault_error *e)
{
	uint64_t last = 0;
	struct vault *v;
	long reads = 0;
	int r = vault_open(&j->s.place, j->pass, &v, e);

	while (r == 0 && access(arg(j, 0, "stop"), F_OK) == -1) {
		if ((r = vault_reload(v, e)) != 0 ||
		    (r = vault_verify(v, e)) != 0)
			break;
		print_notes(vault_notes(v));
		if (vault_notes(v) != 0 || vault_generation(v) < last) {
			printf("generation %" PRIu64 " after %" PRIu64 "\n",
			    vault_generation(v), last);
			exit(1);
		}
		last = vault_generation(v);
		reads++;
	}
	vault_close(v);
	printf("reads %ld\n", reads);
	return r;
}

struct op {
	const char *name;
	const char *args;
	int (*run)(struct job *, struct vault_error *);
	bool walked;
};

static const struct op ops[] = {
	{ "adds", "N PREFIX", op_adds, false },
	{ "begin", "", op_nothing, false },
	{ "check", "", op_check, false },
	{ "create", "", op_create, true },
	{ "hold", "FILE", op_hold, false },
	{ "info", "[NAME]", op_info, true },
	{ "judge", "OP BASE kill|done|fail", op_judge, false },
	{ "list", "", op_list, false },
	{ "make", "[SIZE]", op_make, false },
	{ "passwd", "", op_passwd, true },
	{ "put", "[NAME [SIZE]]", op_put, true },
	{ "reads", "FILE", op_reads, false },
	{ "reloads", "FILE", op_reloads, false },
	{ "remove", "[NAME]", op_remove, true },
	{ "rename", "[NAME NEW]", op_rename, true },
	{ "repair", "", op_repair, true },
	{ "restore", "[FILE]", op_restore, true },
	{ NULL, NULL, NULL, false },
};

__attribute__((noreturn)) static void
usage(void)
{
	const struct op *op;

	fputs("usage: vaultop [-p PASS] [-w LOCK-WAIT-MS] [-v VAULT] [-s SEEN] "
	      "[-S] DIR OP [ARG...]\n",
	    stderr);
	for (op = ops; op->name != NULL; op++)
		fprintf(stderr, "  %s %s\n", op->name, op->args);
	exit(2);
}

static int
run(struct job *j, const struct op *op)
{
	struct vault_error e = { 0 };
	char text[1024];
	int r;

	if (op->walked)
		mark(MARKER_BEGIN);
	r = op->run(j, &e);
	if (op->walked)
		mark(MARKER_END);
	if (r != 0) {
		if (e.code != 0)
			vault_message(&e, text, sizeof(text));
		else
			snprintf(text, sizeof(text), "(no error set)");
		fprintf(stderr, "vaultop: %s: %s %d: %s\n", op->name,
		    scene_code(r), e.os_error, text);
	}
	return r == 0 ? 0 : 20 - r;
}

int
main(int argc, char **argv)
{
	struct job j = { .arg = NULL };
	const char *pass = "old", *vault = NULL, *seen = NULL;
	const struct op *op = ops;
	bool no_seen = false;
	unsigned wait_ms = 0;
	int c, status;

	while ((c = getopt(argc, argv, "+p:w:v:s:S")) != -1) {
		if (c == 'p')
			pass = optarg;
		else if (c == 'w')
			wait_ms = (unsigned)atoi(optarg);
		else if (c == 'v')
			vault = optarg;
		else if (c == 's')
			seen = optarg;
		else if (c == 'S')
			no_seen = true;
		else
			usage();
	}
	if (argc - optind < 2)
		usage();
	scene_init(&j.s, argv[optind]);
	j.s.place.lock_wait_ms = wait_ms;
	if (vault != NULL)
		j.s.place.path = vault;
	if (seen != NULL || no_seen)
		j.s.place.seen = seen;
	while (op->name != NULL && strcmp(op->name, argv[optind + 1]) != 0)
		op++;
	if (op->name == NULL)
		usage();
	j.arg = argv + optind + 2;
	j.pass = scene_pass(pass);
	j.next = scene_pass("new");
	status = run(&j, op);
	secret_free(j.pass);
	secret_free(j.next);
	return status;
}
