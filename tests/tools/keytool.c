/* SPDX-License-Identifier: ISC */
/*
 * The keys layer on a command line, for tests/interop/keys.sh.  Not installed.
 * It prints private keys on standard output when asked to: test keys only.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/digest.h"
#include "pemkeep/base/err.h"
#include "pemkeep/keys/key.h"
#include "pemkeep/keys/keyfile.h"
#include "pemkeep/keys/pubkey.h"
#include "vault/secret.h"

static int
complain(int r, const struct err *e)
{
	fprintf(stderr, "keytool: %s (%d)\n", e->text, (int)e->code);
	if (e->hint[0] != '\0')
		fprintf(stderr, "hint: %s\n", e->hint);
	return err_exit_status((enum err_code)r);
}

static struct secret *
read_file(const char *path, size_t max)
{
	struct secret *s = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || secret_read_fd(fd, max, &s) != 0) {
		fprintf(stderr, "keytool: %s: %s\n", path, strerror(errno));
		exit(2);
	}
	close(fd);
	return s;
}

/* PASSFILE: its first line. */
static struct secret *
read_passphrase(const char *path)
{
	struct secret *s = read_file(path, 4096);
	const uint8_t *end = memchr(secret_bytes(s), '\n', secret_len(s));

	if (end != NULL)
		(void)secret_set_len(s, (size_t)(end - secret_bytes(s)));
	return s;
}

static int
open_key(const char *path, const char *pass, struct keyfile *f, struct err *e)
{
	struct secret *file = read_file(path, 10 * KEYFILE_MAX);
	struct secret *p = pass == NULL ? NULL : read_passphrase(pass);
	int r = keyfile_read(file, p, f, e);

	secret_free(file);
	secret_free(p);
	return r;
}

static void
put_secret(const struct secret *s)
{
	(void)fwrite(secret_bytes(s), 1, secret_len(s), stdout);
}

static int
print_forms(const struct key *k, struct err *e)
{
	struct buf blob = BUF_INIT, text = BUF_INIT;
	struct pubkey_facts facts;
	uint8_t sha1[20];
	int r;

	r = key_public_blob(k, &blob, e);
	if (r == 0)
		r = pubkey_facts(blob.data, blob.len, &facts, e);
	if (r == 0)
		r = pubkey_fingerprint(blob.data, blob.len, &text);
	if (r != 0)
		goto out;
	printf("type=%s bits=%u\n", key_ssh_name(facts.type), facts.bits);
	printf("fingerprint=%s\n", buf_text(&text));
	buf_clear(&text);
	if (pubkey_ec2_imported(blob.data, blob.len, &text, NULL) == 0)
		printf("imported=%s\n", buf_text(&text));
	buf_clear(&text);
	if (pubkey_ec2_created(blob.data, blob.len,
		key_ec2_sha1(k, sha1, NULL) == 0 ? sha1 : NULL, &text,
		NULL) == 0)
		printf("created=%s\n", buf_text(&text));
out:
	buf_free(&blob);
	buf_free(&text);
	return r;
}

static int
facts(struct keyfile *f, char **args, struct err *e)
{
	struct buf repairs = BUF_INIT;

	(void)args;
	keyfile_put_repairs(&repairs, f->repairs);
	printf("format=%s encrypted=%d\n", keyfile_format_name(f->format),
	    f->encrypted);
	printf("repairs=%s\ncomment=%s\n", buf_text(&repairs), f->comment);
	buf_free(&repairs);
	return print_forms(f->key, e);
}

static int
pkcs8(struct keyfile *f, char **args, struct err *e)
{
	struct secret *der;
	int r = key_to_pkcs8(f->key, &der, e);

	(void)args;
	if (r == 0)
		put_secret(der);
	secret_free(der);
	return r;
}

static int
rewrite(struct keyfile *f, char **args, struct err *e)
{
	struct secret *text;
	int r = key_to_file(f->key, f->comment, &text, e);

	(void)args;
	if (r == 0)
		put_secret(text);
	secret_free(text);
	return r;
}

static int
public_line(struct keyfile *f, char **args, struct err *e)
{
	struct buf blob = BUF_INIT, line = BUF_INIT;
	int r = key_public_blob(f->key, &blob, e);

	(void)args;
	if (r == 0)
		r = pubkey_line(blob.data, blob.len, f->comment, &line, e);
	if (r == 0)
		puts(buf_text(&line));
	buf_free(&blob);
	buf_free(&line);
	return r;
}

/* An SSHSIG (PROTOCOL.sshsig) over standard input, namespace "file". */
static int
sign(struct keyfile *f, char **args, struct err *e)
{
	struct buf blob = BUF_INIT, data = BUF_INIT, sig = BUF_INIT;
	struct buf all = BUF_INIT, text = BUF_INIT;
	struct secret *in = NULL;
	uint8_t hash[DIGEST_MAX];
	int r;

	if (secret_read_fd(STDIN_FILENO, 1 << 20, &in) != 0)
		return err_set(e, ERR_SYSTEM, "cannot read");
	(void)digest(DIGEST_SHA256, secret_bytes(in), secret_len(in), hash);
	secret_free(in);
	r = key_public_blob(f->key, &blob, e);
	buf_put_text(&data, "SSHSIG");
	buf_put_cstring(&data, "file");
	buf_put_cstring(&data, "");
	buf_put_cstring(&data, "sha256");
	buf_put_string(&data, hash, 32);
	if (r == 0)
		r = key_sign(f->key,
		    args[0] != NULL ? args[0] : key_ssh_name(key_type(f->key)),
		    data.data, data.len, &sig, e);
	buf_put_text(&all, "SSHSIG");
	buf_put_u32(&all, 1);
	buf_put_string(&all, blob.data, blob.len);
	buf_put_cstring(&all, "file");
	buf_put_cstring(&all, "");
	buf_put_cstring(&all, "sha256");
	buf_put_string(&all, sig.data, sig.len);
	digest_put_base64(&text, all.data, all.len, 1);
	if (r == 0)
		printf("-----BEGIN SSH SIGNATURE-----\n%s\n"
		       "-----END SSH SIGNATURE-----\n",
		    buf_text(&text));
	buf_free(&blob);
	buf_free(&data);
	buf_free(&sig);
	buf_free(&all);
	buf_free(&text);
	return r;
}

static double
now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

/* Microseconds of what an agent does with a key, and of reading its file. */
static int
bench(struct keyfile *f, char **args, struct err *e)
{
	enum { ROUNDS = 300 };
	const char *algorithm = key_type(f->key) == KEY_RSA
	    ? "rsa-sha2-256"
	    : key_ssh_name(key_type(f->key));
	double load = 0, first = 0, second = 0, at;
	struct buf sig = BUF_INIT;
	struct secret *der;
	struct key *k;
	int r = key_to_pkcs8(f->key, &der, e);

	(void)args;
	for (int i = 0; r == 0 && i < ROUNDS; i++) {
		at = now_us();
		r = key_from_pkcs8(der, &k, e);
		load += now_us() - at;
		if (r != 0)
			break;
		at = now_us();
		r = key_sign(k, algorithm, "data", 4, &sig, e);
		first += now_us() - at;
		buf_clear(&sig);
		at = now_us();
		if (r == 0)
			r = key_sign(k, algorithm, "data", 4, &sig, e);
		second += now_us() - at;
		buf_clear(&sig);
		key_free(k);
	}
	printf("%s %u: key_from_pkcs8 %.0f us, first key_sign %.0f us, "
	       "second %.0f us\n",
	    key_word(key_type(f->key)), key_bits(f->key), load / ROUNDS,
	    first / ROUNDS, second / ROUNDS);
	buf_free(&sig);
	secret_free(der);
	return r;
}

/* keytool generate TYPE BITS: a new key file to standard output. */
static int
generate(const char *word, const char *bits)
{
	struct secret *text = NULL;
	struct key *k = NULL;
	struct err e = { 0 };
	int r = ERR_USAGE;

	for (enum key_type t = KEY_RSA; t <= KEY_ECDSA_521; t++)
		if (strcmp(key_ssh_name(t), word) == 0)
			r = key_generate(
			    t, (unsigned)strtoul(bits, NULL, 10), &k, &e);
	if (r == 0)
		r = key_to_file(k, "made by keytool", &text, &e);
	if (r == 0)
		put_secret(text);
	secret_free(text);
	key_free(k);
	return r == 0 ? 0 : complain(r, &e);
}

static const struct {
	const char *name;
	int (*run)(struct keyfile *f, char **args, struct err *e);
} commands[] = {
	{ "facts", facts },
	{ "pkcs8", pkcs8 },
	{ "rewrite", rewrite },
	{ "public", public_line },
	{ "sign", sign },
	{ "bench", bench },
};

static int
usage(void)
{
	fputs("usage: keytool facts|pkcs8|rewrite|public|bench FILE "
	      "[PASSFILE]\n"
	      "       keytool sign FILE PASSFILE|- [ALGORITHM] < DATA\n"
	      "       keytool generate SSH-TYPE BITS\n",
	    stderr);
	return 2;
}

int
main(int argc, char **argv)
{
	const char *pass = NULL;
	struct err e = { 0 };
	struct keyfile f;
	int r = ERR_USAGE;

	if (keyfile_askpass_main(argc))
		return 0;
	if (argc < 3)
		return usage();
	if (strcmp(argv[1], "generate") == 0)
		return argc == 4 ? generate(argv[2], argv[3]) : usage();
	if (argc > 3 && strcmp(argv[3], "-") != 0)
		pass = argv[3];
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		r = open_key(argv[2], pass, &f, &e);
		if (r == 0)
			r = commands[i].run(
			    &f, argv + (argc > 3 ? 4 : argc), &e);
		keyfile_clear(&f);
		return r == 0 ? 0 : complain(r, &e);
	}
	return usage();
}
