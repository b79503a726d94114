/* SPDX-License-Identifier: ISC */
/* What known_hosts files say about a key: above all, when it is no match. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "pemkeep/base/err.h"
#include "pemkeep/ssh/known_hosts.h"

#include "tests/unit/known_hosts_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define U KNOWN_HOSTS_UNKNOWN
#define M KNOWN_HOSTS_MATCH
#define C KNOWN_HOSTS_CHANGED
#define R KNOWN_HOSTS_REVOKED
#define F KNOWN_HOSTS_FAILED

/* "example.com", by ssh-keygen -H. */
#define HASHED "|1|feL6tEGvqUZ/so6pa4vAKHBvjZE=|gGtfleg1K9sFAkTVyfSQHl3rAmw="

static struct known_hosts *
list_of(const char *form)
{
	struct known_hosts *k = known_hosts_new();
	struct buf text = BUF_INIT;
	struct err e;

	assert_non_null(k);
	key_text(form, &text);
	assert_int_equal(
	    known_hosts_load_text(k, "file", buf_text(&text), text.len, &e), 0);
	buf_free(&text);
	return k;
}

static enum known_hosts_verdict
verdict_of(struct known_hosts *k, const char *name, unsigned port, char key)
{
	enum known_hosts_verdict verdict;
	struct buf blob = BUF_INIT;

	key_blob(key, &blob);
	verdict = known_hosts_check(k, name, port, blob.data, blob.len);
	buf_free(&blob);
	return verdict;
}

/* The host shows $A. */
static const struct {
	const char *text;
	const char *name;
	unsigned port;
	enum known_hosts_verdict want;
} cases[] = {
	/* another key, or only another type, is a changed host */
	{ "host $B\n", "host", 22, C },
	{ "host $R\n", "host", 22, C },
	{ "host $N\n", "host", 22, C },
	{ "host $R\nhost $B\n", "host", 22, C },
	{ "host $B\nhost $A\n", "host", 22, M },
	{ "host $A\nhost $R\n", "host", 22, M },
	{ "* $B\n", "host", 22, C },
	/* revoked, wherever it stands */
	{ "@revoked host $A\n", "host", 22, R },
	{ "host $A\n@revoked host $A\n", "host", 22, R },
	{ "@revoked * $A\nhost $A\n", "host", 22, R },
	{ "@revoked h?st,other $A\n", "host", 22, R },
	{ "@revoked *,!host $A\nhost $A\n", "host", 22, M },
	{ "@revoked other $A\nhost $A\n", "host", 22, M },
	{ "@revoked host $B\nhost $A\n", "host", 22, M },
	{ "@revoked host $B\n", "host", 22, U },
	{ "@revoked [host]:2222 $A\n", "host", 22, U },
	{ "@revoked [host]:2222 $A\n", "host", 2222, R },
	{ "@revoked\thost\t$A\n", "host", 22, R },
	{ "@REVOKED host $A\nhost $A\n", "host", 22, M },
	/* a CA says nothing about a plain key */
	{ "@cert-authority host $A\n", "host", 22, U },
	{ "@cert-authority * $B\n", "host", 22, U },
	{ "@cert-authority * $A\nhost $B\n", "host", 22, C },
	/* ports */
	{ "host $A\n", "host", 2222, U },
	{ "host $B\n", "host", 2222, U },
	{ "[host]:2222 $A\n", "host", 2222, M },
	{ "[host]:2222 $A\n", "host", 22, U },
	{ "[host]:2222 $A\n", "host", 222, U },
	{ "[host]:22 $A\n", "host", 22, U },
	{ "[host]:* $A\n", "host", 2222, M },
	{ "host* $A\n", "host", 2222, U },
	{ "*host* $A\n", "host", 2222, M }, /* as in OpenSSH */
	{ "host,[host]:2222 $A\n", "host", 2222, M },
	{ "host $A\n", "host", 0, M },
	/* names */
	{ "host $A\n", "host", 22, M },
	{ "host $A\n", "HoSt", 22, M },
	{ "HOST $A\n", "host", 22, M },
	{ "[HOST]:2222 $A\n", "hOst", 2222, M },
	{ "host $A\n", "host.", 22, U },
	{ "hosts $A\n", "host", 22, U },
	{ "host $A\n", "hosts", 22, U },
	{ "a $A\n", "a", 22, M },
	{ "ab $A\n", "ab", 22, M },
	{ "a,host,b $A\n", "host", 22, M },
	{ "a,b,host $A\n", "host", 22, M },
	{ ",,host, $A\n", "host", 22, M },
	{ "a,b $A\n", "host", 22, U },
	{ "a, host $A\n", "host", 22, U },
	{ "::1 $A\n", "::1", 22, M },
	{ "[::1]:2222 $A\n", "::1", 2222, M },
	{ "fe80::1%eth0 $A\n", "FE80::1%eth0", 22, M },
	{ "서버 $A\n", "서버", 22, M },
	/* patterns */
	{ "*.com $A\n", "a.b.com", 22, M },
	{ "*.com $A\n", ".com", 22, M },
	{ "*.com $A\n", "a.comx", 22, U },
	{ "h?st $A\n", "host", 22, M },
	{ "h?st $A\n", "hst", 22, U },
	{ "???? $A\n", "host", 22, M },
	{ "????? $A\n", "host", 22, U },
	{ "?*? $A\n", "host", 22, M },
	{ "?*? $A\n", "h", 22, U },
	{ "** $A\n", "host", 22, M },
	{ "h*s*t* $A\n", "host", 22, M },
	{ "*o*o* $A\n", "host", 22, U },
	{ "*ab*ab $A\n", "abxabab", 22, M },
	{ "h[o]st $A\n", "host", 22, U },
	{ "h\\ost $A\n", "host", 22, U },
	{ "*,!host $A\n", "host", 22, U },
	{ "!host,* $A\n", "host", 22, U },
	{ "!host $A\n", "host", 22, U },
	{ "!other $A\n", "host", 22, U },
	{ "*,!other $A\n", "host", 22, M },
	{ "*,!h* $A\n", "host", 22, U },
	{ "!!host,* $A\n", "host", 22, M },
	{ "*,!HOST $A\n", "host", 22, U },
	{ "*,! $A\n", "host", 22, M },
	/* hashed names */
	{ HASHED " $A\n", "example.com", 22, M },
	{ HASHED " $A\n", "EXAMPLE.com", 22, M },
	{ HASHED " $B\n", "example.com", 22, C },
	{ HASHED " $A\n", "example.org", 22, U },
	{ HASHED " $A\n", "example.com", 2222, U },
	{ "@revoked " HASHED " $A\n", "example.com", 22, R },
	{ HASHED "," HASHED " $A\n", "example.com", 22, U },
	{ HASHED ",example.com $A\n", "example.com", 22, U },
	{ "x," HASHED " $A\n", "example.com", 22, U },
	/* lines */
	{ "host $A", "host", 22, M },
	{ "host $A\r\n", "host", 22, M },
	{ "host $B\r\n", "host", 22, C },
	{ "\r\n# x\r\nhost $A\r\n", "host", 22, M },
	{ "  host \t $A comment $B\n", "host", 22, M },
	{ "\t#host $A\n", "host", 22, U },
	{ "\n\n\nhost $A\n", "host", 22, M },
	{ "#\nhost $A #\n", "host", 22, M },
	{ "nonsense\nhost $A\n", "host", 22, M },
	{ "", "host", 22, U },
	{ "\n", "host", 22, U },
	/* what cannot be a name matches nothing, not even '*' */
	{ "* $A\n", "", 22, F },
	{ "* $A\n", "a b", 22, F },
	{ "* $A\n", "a,b", 22, F },
	{ "* $A\n", "*", 22, F },
	{ "* $A\n", "h?st", 22, F },
	{ "[host]:2222 $A\n", "[host]:2222", 22, F },
	{ "* $A\n", "!host", 22, F },
	{ "* $A\n", "|1|", 22, F },
	{ "* $A\n", "@revoked", 22, F },
	{ "* $A\n", "#host", 22, F },
	{ "* $A\n", "a\nb", 22, F },
	{ "* $A\n", "a\x7F", 22, F },
	{ "* $A\n", "a\xFF", 22, F },
};

static void
verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct known_hosts *k = list_of(cases[i].text);
		enum known_hosts_verdict got;

		got = verdict_of(k, cases[i].name, cases[i].port, 'A');
		if (got != cases[i].want)
			fail_msg("'%s' for '%s':%u: %d, not %d", cases[i].text,
			    cases[i].name, cases[i].port, (int)got,
			    (int)cases[i].want);
		known_hosts_free(k);
	}
}

static const struct {
	const char *text;
	size_t skipped;
} malformed[] = {
	{ "host\n", 1 },
	{ "host \n", 1 },
	{ "host ssh-ed25519\n", 1 },
	{ "host ssh-ed25519 \n", 1 },
	{ "host ssh-ed25519 AAAA\n", 1 },
	{ "host ssh-ed25519 !!!!\n", 1 },
	{ "host ssh-ed25519 AAAAC3NzaC1lZDI1NTE5\n",
	    0 }, /* short, but a type */
	{ "host ssh-ed25519 AAAAC3NzaC1lZDI1NTE\n",
	    1 },                                      /* padding is missing */
	{ "host ssh-rsa AAAAC3NzaC1lZDI1NTE5\n", 1 }, /* two types */
	{ "host ssh-ed25519 AAAA C3NzaC1lZDI1NTE5\n", 1 },
	{ "host 1024 35 1234567890\n", 1 }, /* SSH 1 */
	{ "@revoked\n", 1 },
	{ "@revoked host\n", 1 },
	{ "@unknown host $A\n", 1 },
	{ "@ host $A\n", 1 },
	{ "@revokedhost $A\n", 1 },
	{ "@revoked @revoked host $A\n", 1 },
	{ "@revoked @cert-authority host $A\n", 1 },
	{ "@cert-authority @revoked host $A\n", 1 },
	{ "|1|x|y $A\n", 1 },
	{ "| $A\n", 1 },
	{ "|2|feL6tEGvqUZ/so6pa4vAKHBvjZE=|gGtfleg1K9sFAkTVyfSQHl3rAmw= $A\n",
	    1 },
	{ "|1|AAAA|gGtfleg1K9sFAkTVyfSQHl3rAmw= $A\n", 1 },
	{ "|1|!eL6tE+ySWPr9SH/UeglMnZUsI8=|gGtfleg1K9sFAkTVyfSQHl3rAmw= $A\n",
	    1 },
	{ "x\ny\n# z\n\nhost $A\nw\n", 3 },
	{ "host $A\nother $B\n# c\n\n \t\n", 0 },
};

static void
malformed_lines_are_counted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(malformed); i++) {
		struct known_hosts *k = list_of(malformed[i].text);

		if (known_hosts_skipped(k) != malformed[i].skipped)
			fail_msg("'%s': %zu, not %zu", malformed[i].text,
			    known_hosts_skipped(k), malformed[i].skipped);
		known_hosts_free(k);
	}
}

static void
zero_bytes(void **state)
{
	static const char zero[] = "host\0 x\n";
	struct known_hosts *k = known_hosts_new();
	struct err e;

	(void)state;
	assert_int_equal(
	    known_hosts_load_text(k, "file", zero, sizeof(zero) - 1, &e), 0);
	assert_int_equal(known_hosts_skipped(k), 1);
	known_hosts_free(k);
}

/* 1 MiB of names in one line; a pattern too long for OpenSSH. */
static void
long_lines(void **state)
{
	struct buf text = BUF_INIT, line = BUF_INIT;
	struct known_hosts *k = known_hosts_new();
	struct err e;

	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		buf_printf(&text, "other%u,", i);
	buf_put_text(&text, "host,");
	for (unsigned i = 0; i < 1023; i++)
		buf_put_text(&text, "*");
	key_text(" $A\nnext $B\n", &line);
	buf_put(&text, line.data, line.len);
	assert_int_equal(
	    known_hosts_load_text(k, "file", text.data, text.len, &e), 0);
	assert_int_equal(known_hosts_skipped(k), 0);
	assert_int_equal(verdict_of(k, "host", 22, 'A'), U);
	assert_int_equal(verdict_of(k, "next", 22, 'B'), M);
	known_hosts_free(k);
	buf_free(&text);
	buf_free(&line);
}

/* Would take years if each '*' were tried at each place. */
static void
patterns_that_go_back(void **state)
{
	char form[400], name[301];
	struct known_hosts *k;

	(void)state;
	alarm(30);
	for (unsigned i = 0; i < 150; i++)
		memcpy(form + 2 * i, "*a", 2);
	memcpy(form + 300, "*b $A\n", 7);
	memset(name, 'a', 300);
	name[300] = '\0';
	k = list_of(form);
	assert_int_equal(verdict_of(k, name, 22, 'A'), U);
	known_hosts_free(k);
	alarm(0);
}

static void
several_files(void **state)
{
	struct known_hosts *k = list_of("x $A\nhost $B\n");
	const struct known_hosts_place *place = known_hosts_decided(k);
	struct buf text = BUF_INIT;
	struct err e;

	(void)state;
	assert_null(place->path);
	assert_int_equal(verdict_of(k, "host", 22, 'A'), C);
	assert_string_equal(place->path, "file");
	assert_int_equal(place->line, 2);
	assert_string_equal(place->type, "ssh-ed25519");

	key_text("# first\n\nbad\nhost $A\nhost $R\n", &text);
	assert_int_equal(
	    known_hosts_load_text(k, "second", text.data, text.len, &e), 0);
	assert_int_equal(known_hosts_skipped(k), 1);
	assert_int_equal(verdict_of(k, "host", 22, 'A'), M);
	assert_string_equal(place->path, "second");
	assert_int_equal(place->line, 4);
	assert_int_equal(verdict_of(k, "host", 22, 'N'), C);
	assert_string_equal(place->path, "file");

	key_text("@revoked * $R\n", &text);
	assert_int_equal(
	    known_hosts_load_text(k, "third", text.data, text.len, &e), 0);
	assert_int_equal(verdict_of(k, "host", 22, 'R'), R);
	assert_string_equal(place->path, "third");
	assert_string_equal(place->type, "ssh-rsa");
	assert_int_equal(verdict_of(k, "nobody", 22, 'A'), U);
	assert_null(place->path);
	known_hosts_free(k);
	buf_free(&text);
}

static const struct {
	const char *text, *name;
	unsigned port;
	const char *want;
} type_cases[] = {
	{ "", "host", 22, "" },
	{ "other $A\n@revoked host $A\n@cert-authority host $R\n", "host", 22,
	    "" },
	{ "host $R\nhost $A\nhost $B\nx $N\n", "host", 22,
	    "ssh-rsa,ssh-ed25519" },
	{ "* $N\nhost $A\n", "host", 22, "ssh-new@example.com,ssh-ed25519" },
	{ "host $A\n[host]:222 $R\n", "host", 222, "ssh-rsa" },
	{ HASHED " $R\n", "example.com", 22, "ssh-rsa" },
};

static void
types_known_for_a_host(void **state)
{
	struct buf types = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(type_cases); i++) {
		struct known_hosts *k = list_of(type_cases[i].text);

		buf_clear(&types);
		assert_true(known_hosts_types(
		    k, type_cases[i].name, type_cases[i].port, &types));
		assert_string_equal(buf_text(&types), type_cases[i].want);
		buf_clear(&types);
		buf_put_text(&types, "ssh-ed25519 ssh-rsa"); /* is left alone */
		assert_true(known_hosts_types(
		    k, type_cases[i].name, type_cases[i].port, &types));
		assert_string_equal(buf_text(&types) + 19, type_cases[i].want);
		assert_false(known_hosts_types(k, "a b", 22, &types));
		known_hosts_free(k);
	}
	buf_free(&types);
}

static char folder[] = "/tmp/pemkeep-known-XXXXXX";

static void
write_file(const char *name, const char *text, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
files_that_are_not_taken(void **state)
{
	static const struct {
		const char *name;
		int want;
	} files[] = {
		{ "gone", 0 },
		{ "gone/further", 0 },
		{ "file/further", 0 },
		{ "folder", ERR_FORMAT },
		{ "fifo", ERR_FORMAT },
		{ "group", ERR_UNTRUSTED },
		{ "world", ERR_UNTRUSTED },
		{ "link", 0 },
		{ "file", 0 },
	};
	struct buf text = BUF_INIT;
	struct err e;

	(void)state;
	alarm(30); /* a FIFO must not make us wait */
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	key_text("host $A\nbad\n", &text);
	write_file("file", buf_text(&text), 0644);
	write_file("group", buf_text(&text), 0664);
	write_file("world", buf_text(&text), 0646);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(mkdir("folder", 0700), 0);
	assert_int_equal(symlink("file", "link"), 0);
	for (size_t i = 0; i < COUNT(files); i++) {
		struct known_hosts *k = known_hosts_new();
		bool read = files[i].want == 0 && i >= 7;

		if (known_hosts_load(k, files[i].name, &e) != files[i].want)
			fail_msg("'%s': not %d", files[i].name, files[i].want);
		assert_int_equal(known_hosts_skipped(k), read ? 1 : 0);
		assert_int_equal(verdict_of(k, "host", 22, 'A'), read ? M : U);
		known_hosts_free(k);
	}
	for (size_t i = 0; i < COUNT(files); i++)
		(void)remove(files[i].name);
	(void)remove("group");
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(folder), 0);
	buf_free(&text);
	alarm(0);
}

/* For another program: the lines of one host, under a name that it knows. */
static void
a_host_for_others(void **state)
{
	static const struct {
		const char *text, *want;
	} puts[] = {
		{ "other $A\n", "" },
		{ "host $A\n", "" },
		{ "@cert-authority [host]:2200 $A\n", "" },
		{ "[host]:2200 $A\n", "x $A\n" },
		{ "[host]:2200,!* $A\n", "" },
		{ "@revoked * $A\n[HOST]:2200 $B note\n",
		    "@revoked x $A\nx $B\n" },
		{ "a,[host]:* $R\n", "x $R\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(puts); i++) {
		struct known_hosts *k = list_of(puts[i].text);
		struct buf seen = BUF_INIT, want = BUF_INIT;

		key_text(puts[i].want, &want);
		assert_true(known_hosts_put(k, "host", 2200, "x", &seen));
		assert_string_equal(buf_text(&seen), buf_text(&want));
		assert_false(known_hosts_put(k, "a b", 22, "x", &seen));
		buf_free(&seen);
		buf_free(&want);
		known_hosts_free(k);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_for_others),
		cmocka_unit_test(verdicts),
		cmocka_unit_test(malformed_lines_are_counted),
		cmocka_unit_test(zero_bytes),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(patterns_that_go_back),
		cmocka_unit_test(several_files),
		cmocka_unit_test(types_known_for_a_host),
		cmocka_unit_test(files_that_are_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
