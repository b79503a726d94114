/* SPDX-License-Identifier: ISC */
/* The hosts file: mistakes are named, changes leave the rest alone. */

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

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/replace.h"

#include "src/inventory/hosts_internal.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PRINT "SHA256:p8VgrwTpd4uGKW4OjmKtJU39+rX4ErTjlc1Lo9L2GPw"

static char folder[] = "/tmp/pemkeep-hosts-XXXXXX";

static int
begin(void **state)
{
	(void)state;
	alarm(60);
	umask(0);
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int
end(void **state)
{
	(void)state;
	(void)remove("hosts");
	return chdir("/") != 0 || rmdir(folder) != 0;
}

static void
write_file(const char *text, mode_t mode)
{
	int fd = open("hosts", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
assert_file(const char *want)
{
	struct buf got = BUF_INIT;
	struct stat st;
	int fd = open("hosts", O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(replace_read(fd, "hosts", 1u << 20, &got, NULL), 0);
	assert_string_equal(buf_text(&got), want);
	close(fd);
	buf_free(&got);
}

static const struct {
	const char *text, *error;
} refused[] = {
	{ "[a]\n", "f:1: 'a' has no host" },
	{ "[a]\nuser = x\n", "f:1: 'a' has no host" },
	{ "[a]\nhost = h\nhots = x\n", "f:3: unknown key 'hots'" },
	{ "[a]\nhost = h\naddress = 10.0.0.1\n",
	    "f:3: the host is there twice (line 2)" },
	{ "[a]\nhost = h\n\n[b]\nhost =\n",
	    "f:5: '' is not an address or a DNS name" },
	{ "[a]\nhost = h h\n", "f:2: 'h h' is not an address or a DNS name" },
	{ "[a]\nhost = -oProxyCommand=x\n",
	    "f:2: '-oProxyCommand=x' is not an address or a DNS name" },
	{ "[a]\nhost = h:22\n", "f:2: 'h:22' is not an address or a DNS name" },
	{ "[a]\nhost = h\n continued\n", "is not an address or a DNS name" },
	{ "[a]\nhost = $(id)\n",
	    "f:2: '$(id)' is not an address or a DNS name" },
	{ "[a]\nhost = h\nport = 0\n", "f:3: '0' is not a port, 1 to 65535" },
	{ "[a]\nhost = h\nport = 65536\n", "f:3: '65536' is not a port" },
	{ "[a]\nhost = h\nport = 022\n", "f:3: '022' is not a port" },
	{ "[a]\nhost = h\nport = 22x\n", "f:3: '22x' is not a port" },
	{ "[a]\nhost = h\nport = -22\n", "f:3: '-22' is not a port" },
	{ "[a]\nhost = h\nuser = -l\n", "f:3: '-l' is not a user name" },
	{ "[a]\nhost = h\nuser = a b\n", "f:3: 'a b' is not a user name" },
	{ "[a]\nhost = h\nuser = a\n b\n", "is not a user name" },
	{ "[a]\nhost = h\nuser = \xE2\x80\xAE\n", "is not a user name" },
	{ "[a]\nhost = h\nkey =\n", "f:3: '' is not the name of a key" },
	{ "[a]\nhost = h\nfingerprint = MD5:00\n", "f:3: 'MD5:00' is not a" },
	{ "[a]\nhost = h\nfingerprint = " PRINT "=\n", "is not a fingerprint" },
	{ "[-a]\nhost = h\n", "f:1: '-a' is not a name that a host can have" },
	{ "[a*]\nhost = h\n", "f:1: 'a*' is not a name that a host can have" },
	{ "[a/b]\nhost = h\n", "f:1: 'a/b' is not a name" },
	{ "[\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB]\nhost=a\n[한]\nhost=b\n",
	    "f:3: host '한' is there twice" },
	{ "host = h\n", "f:1: this stands before the first section" },
};

static void
mistakes(void **state)
{
	struct hosts hosts;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		const char *text = refused[i].text;

		if (hosts_parse("f", text, strlen(text), &hosts, &e) !=
			ERR_FORMAT ||
		    strstr(e.text, refused[i].error) == NULL)
			fail_msg("'%s': %s", text, e.text);
		hosts_clear(&hosts);
	}
}

static void
hosts_and_users(void **state)
{
	static const struct {
		const char *text;
		bool host, user;
	} cases[] = {
		{ "web", true, true },
		{ "web.example.com", true, true },
		{ "web.example.com.", true, true },
		{ "WEB_1-2", true, true },
		{ "10.0.0.1", true, true },
		{ "10.0.0.256", false, true },
		{ "10.1", false, true },
		{ "1", false, true },
		{ "0x7f000001", false, true },
		{ "a.0X7F", false, true },
		{ "0xzz", true, true },
		{ "1.a", true, true },
		{ "a.1", false, true },
		{ "a..b", false, true },
		{ ".a", false, true },
		{ "-a", false, false },
		{ "", false, false },
		{ " ", false, false },
		{ "a b", false, false },
		{ "::1", true, false },
		{ "fe80::1%eth0", true, false },
		{ "fe80::1%", false, false },
		{ "fe80::1%a b", false, false },
		{ "fe80::1%eth0%x", false, false },
		{ "::1::", false, false },
		{ "[::1]", false, false },
		{ "host:22", false, false },
		{ "DOM\\user", false, true },
		{ "user@realm", false, true },
		{ "서버", false, true },
		{ "a\nb", false, false },
		{ "a;b", false, true },
		{ "a\xC2\x9B", false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (hosts_is_host(cases[i].text) != cases[i].host)
			fail_msg("host '%s'", cases[i].text);
		if (hosts_is_user(cases[i].text) != cases[i].user)
			fail_msg("user '%s'", cases[i].text);
	}
}

static void
read_all(void **state)
{
	static const char text[] =
	    "# mine\n[web]\nHost = 10.0.0.1\nuser: ubuntu\nport=2222\n"
	    "key = my key\nfingerprint = " PRINT "\n\n"
	    "[\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB]\naddress = example.com\n";
	const struct host *h;
	struct hosts hosts;
	struct err e;

	(void)state;
	write_file(text, 0600);
	assert_int_equal(hosts_read("hosts", &hosts, &e), 0);
	assert_int_equal(hosts.count, 2);
	h = hosts_find(&hosts, "web");
	assert_string_equal(h->host, "10.0.0.1");
	assert_string_equal(h->user, "ubuntu");
	assert_int_equal(h->port, 2222);
	assert_string_equal(h->key, "my key");
	assert_string_equal(h->fingerprint, PRINT);
	assert_int_equal(h->name_line, 2);
	assert_int_equal(h->host_line, 3);
	assert_int_equal(h->fingerprint_line, 7);
	assert_null(hosts_find(&hosts, "WEB"));
	h = hosts_find(&hosts, "한"); /* decomposed in the file */
	assert_string_equal(h->host, "example.com");
	assert_string_equal(h->name, "한");
	assert_null(h->user);
	assert_null(h->key);
	assert_int_equal(h->port, 0);
	assert_ptr_equal(
	    hosts_find(&hosts, "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB"), h);
	hosts_clear(&hosts);
}

static void
files(void **state)
{
	struct hosts hosts;
	struct err e;

	(void)state;
	assert_int_equal(hosts_read("hosts", &hosts, &e), 0);
	assert_int_equal(hosts.count, 0);
	assert_null(hosts_find(&hosts, "a"));
	hosts_clear(&hosts);
	write_file("[a]\nhost = b\n", 0620);
	assert_int_equal(hosts_read("hosts", &hosts, &e), ERR_UNTRUSTED);
	hosts_clear(&hosts);
	assert_int_equal(hosts_forget("hosts", "a", &e), ERR_UNTRUSTED);
	assert_int_equal(remove("hosts"), 0);
	assert_int_equal(symlink("x", "hosts"), 0);
	assert_int_equal(hosts_read("hosts", &hosts, &e), ERR_FORMAT);
	hosts_clear(&hosts);
	assert_int_equal(hosts_add("hosts",
			     &(struct host){ .name = (char[]){ "a" },
				 .host = (char[]){ "b" } },
			     &e),
	    ERR_FORMAT);
	assert_int_equal(access("x", F_OK), -1);
}

static char *
text_of(const char *text)
{
	return (char *)(uintptr_t)text;
}

static int
add(const char *name, const char *host, struct err *e)
{
	return hosts_add("hosts",
	    &(struct host){ .name = text_of(name), .host = text_of(host) }, e);
}

static const struct {
	const char *before, *name, *after;
} additions[] = {
	{ "", "a", "[a]\nhost = h\n" },
	{ "\n", "a", "\n[a]\nhost = h\n" },
	{ "# c", "a", "# c\n\n[a]\nhost = h\n" },
	{ "# c\n", "a", "# c\n\n[a]\nhost = h\n" },
	{ "[b]\nhost=x\n\n", "a", "[b]\nhost=x\n\n[a]\nhost = h\n" },
	{ "[b]\r\nhost=x # y\r\n", "", NULL }, /* no such comments */
	{ "[b]\nhost=x\n", "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB",
	    "[b]\nhost=x\n\n[한]\nhost = h\n" },
	{ "[b]\nhost=x\n", "a@b:1", "[b]\nhost=x\n\n[a@b:1]\nhost = h\n" },
};

static void
adding(void **state)
{
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(additions); i++) {
		write_file(additions[i].before, 0600);
		if (additions[i].after == NULL) {
			assert_int_not_equal(add("a", "h", &e), 0);
			assert_file(additions[i].before);
			continue;
		}
		assert_int_equal(add(additions[i].name, "h", &e), 0);
		assert_file(additions[i].after);
	}
	(void)remove("hosts");
	assert_int_equal(hosts_add("hosts",
			     &(struct host){ .name = text_of("n"),
				 .host = text_of("::1"),
				 .user = text_of("u"),
				 .port = 2222,
				 .key = text_of("my key"),
				 .fingerprint = text_of(PRINT) },
			     &e),
	    0);
	assert_file("[n]\nhost = ::1\nuser = u\nport = 2222\nkey = my key\n"
		    "fingerprint = " PRINT "\n");
	assert_int_equal(add("n", "h", &e), ERR_EXISTS);
	assert_non_null(strstr(e.text, "hosts:1"));
}

static void
what_cannot_be_added(void **state)
{
	static const struct host cases[] = {
		{ .name = "", .host = "h" },
		{ .name = "-n", .host = "h" },
		{ .name = " n", .host = "h" },
		{ .name = "a\nhost = evil", .host = "h" },
		{ .name = "a]", .host = "h" },
		{ .name = "a*", .host = "h" },
		{ .name = "n", .host = "" },
		{ .name = "n", .host = "h\nuser = root" },
		{ .name = "n", .host = "-oX" },
		{ .name = "n", .host = "h", .user = "a b" },
		{ .name = "n", .host = "h", .user = "" },
		{ .name = "n", .host = "h", .port = 65536 },
		{ .name = "n", .host = "h", .key = "" },
		{ .name = "n", .host = "h", .key = "a\nb" },
		{ .name = "n", .host = "h", .fingerprint = "x" },
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(hosts_add("hosts", &cases[i], &e), ERR_USAGE);
		assert_int_equal(access("hosts", F_OK), -1);
	}
	/* A file with a mistake is not made worse, or better. */
	write_file("[a]\nhost = h\nhots = i\n", 0600);
	assert_int_equal(add("n", "h", &e), ERR_FORMAT);
	assert_int_equal(hosts_forget("hosts", "a", &e), ERR_FORMAT);
	assert_file("[a]\nhost = h\nhots = i\n");
}

static const struct {
	const char *before, *name, *after;
} removals[] = {
	{ "[a]\nhost=h\n", "a", "" },
	{ "[a]\nhost=h", "a", "" },
	{ "[a]\nhost=h\n\n[b]\nhost=h\n", "a", "[b]\nhost=h\n" },
	{ "[b]\nhost=h\n\n[a]\nhost=h\n", "a", "[b]\nhost=h\n" },
	{ "# top\n\n[a]\nhost=h\nuser=u\n\n# about b\n[b]\nhost=h\n", "a",
	    "# top\n\n# about b\n[b]\nhost=h\n" },
	{ "[b]\nhost=h\n# b's\n\n\n[a]\n# a's\nhost=h\n; end\n", "a",
	    "[b]\nhost=h\n# b's\n\n\n; end\n" },
	{ "[b]\r\nhost=h\r\n\r\n[a]\r\nhost=h\r\n\r\n[c]\r\nhost=h\r\n", "a",
	    "[b]\r\nhost=h\r\n\r\n[c]\r\nhost=h\r\n" },
	{ "\xEF\xBB\xBF[a]\nhost=h\n[b]\nhost=h\n", "a",
	    "\xEF\xBB\xBF[b]\nhost=h\n" },
};

static void
removing(void **state)
{
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(removals); i++) {
		write_file(removals[i].before, 0600);
		assert_int_equal(
		    hosts_forget("hosts", removals[i].name, &e), 0);
		assert_file(removals[i].after);
		assert_int_equal(hosts_forget("hosts", "a", &e), ERR_NOT_FOUND);
		assert_file(removals[i].after);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes),
		cmocka_unit_test(hosts_and_users),
		cmocka_unit_test_setup_teardown(read_all, begin, end),
		cmocka_unit_test_setup_teardown(files, begin, end),
		cmocka_unit_test_setup_teardown(adding, begin, end),
		cmocka_unit_test_setup_teardown(
		    what_cannot_be_added, begin, end),
		cmocka_unit_test_setup_teardown(removing, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
