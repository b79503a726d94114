/* SPDX-License-Identifier: ISC */
/* From a name to a target: who may say what, and which reading counts. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/inventory/target.h"

#include "src/inventory/ssh_config.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PRINT_A "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define PRINT_B "SHA256:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA"

static const char hosts_file[] =
    "[web]\nhost = 10.0.0.1\nuser = ubuntu\nport = 2222\nkey = alpha\n"
    "[bare]\nhost = bare.example.com\n"
    "[web:22]\nhost = 10.0.0.2\n"
    "[me@web]\nhost = 10.0.0.3\n"
    "[서버]\nhost = 10.0.0.4\n"
    "[print]\nhost = 10.0.0.5\nkey = old\nfingerprint = " PRINT_B "\n"
    "[both]\nhost = 10.0.0.6\n"
    "[10.9.9.9]\nhost = 10.0.0.7\n"
    "[nokey]\nhost = 10.0.0.8\nkey = missing\n"
    "[beta]\nhost = 10.0.0.9\n"
    "[e.example.org]\nhost = 10.0.0.10\n";

static const char config_file[] =
    "Host both\n HostName wrong.example.com\n"
    "Host cfg second \"third\" !not glob* -dash\n"
    "  HostName cfg.example.com\n  User cfguser\n  Port 2022\n"
    "  HostKeyAlias cfg-key\n  IdentityFile id_beta\n"
    "host=equals\nHostName equals.example.com\n"
    "Host jump\nProxyJump cfg\n"
    "Host command\nProxyCommand nc %h %p\n"
    "Host none\nProxyCommand none\nProxyJump none\nHostName none.example.com\n"
    "Host bad\nHostName -oProxyCommand=x\n"
    "Host *\nUser staruser\nServerAliveInterval 5\n";

static char folder[] = "/tmp/pemkeep-resolve-XXXXXX";

static void
write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int
begin(void **state)
{
	(void)state;
	alarm(120);
	umask(022);
	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		return -1;
	write_file("hosts", hosts_file);
	write_file("config", config_file);
	/* The public half of the key "beta". */
	write_file("id_beta.pub", "ssh-x YmV0YQ== comment\n");
	return 0;
}

static int
end(void **state)
{
	(void)state;
	return remove("hosts") | remove("config") | remove("id_beta.pub") |
	    (chdir("/") != 0) | rmdir(folder);
}

static const struct inventory_key vault[] = {
	{ "alpha", PRINT_A, (const uint8_t *)"alpha", 5, NULL, NULL },
	{ "beta", PRINT_B, (const uint8_t *)"beta", 4, NULL, NULL },
	{ "gamma", "SHA256:C", (const uint8_t *)"gamma", 5, NULL, NULL },
	{ "delta", "SHA256:D", (const uint8_t *)"delta", 5, NULL, NULL },
	{ "한글", "SHA256:E", (const uint8_t *)"hangul", 6, NULL, NULL },
};

static struct inventory_question
question(const char *argument)
{
	return (struct inventory_question){ .argument = argument,
		.keys = vault,
		.key_count = COUNT(vault),
		.keys_known = true,
		.hosts = "hosts",
		.ssh_config = "config" };
}

static const char *
local_user(void)
{
	return getpwuid(getuid())->pw_name;
}

static const struct {
	const char *argument;
	const char *name, *address;
	const char *user; /* NULL: the user here */
	unsigned port;
	const char *key; /* NULL: none */
	const char *host_key;
} cases[] = {
	/* the hosts file */
	{ "web", "web", "10.0.0.1", "ubuntu", 2222, "alpha", "10.0.0.1" },
	{ "root@web", "web", "10.0.0.1", "root", 2222, "alpha", "10.0.0.1" },
	{ "web:23", "web", "10.0.0.1", "ubuntu", 23, "alpha", "10.0.0.1" },
	{ "a@b@web:23", "web", "10.0.0.1", "a@b", 23, "alpha", "10.0.0.1" },
	{ "[web]:23", "web", "10.0.0.1", "ubuntu", 23, "alpha", "10.0.0.1" },
	{ "bare", "bare", "bare.example.com", NULL, 22, NULL,
	    "bare.example.com" },
	{ "beta", "beta", "10.0.0.9", NULL, 22, "beta", "10.0.0.9" },
	{ "print", "print", "10.0.0.5", NULL, 22, "beta", "10.0.0.5" },
	/* the whole argument first */
	{ "web:22", "web:22", "10.0.0.2", NULL, 22, NULL, "10.0.0.2" },
	{ "me@web", "me@web", "10.0.0.3", NULL, 22, NULL, "10.0.0.3" },
	{ "you@web:22", "web:22", "10.0.0.2", "you", 22, NULL, "10.0.0.2" },
	{ "me@web:24", "web", "10.0.0.1", "me", 24, "alpha", "10.0.0.1" },
	/* decomposed Hangul */
	{ "\xE1\x84\x89\xE1\x85\xA5\xE1\x84\x87\xE1\x85\xA5", "서버",
	    "10.0.0.4", NULL, 22, NULL, "10.0.0.4" },
	/* hosts file, then ~/.ssh/config, then what it is */
	{ "both", "both", "10.0.0.6", NULL, 22, NULL, "10.0.0.6" },
	{ "10.9.9.9", "10.9.9.9", "10.0.0.7", NULL, 22, NULL, "10.0.0.7" },
	{ "e.example.org", "e.example.org", "10.0.0.10", NULL, 22, NULL,
	    "10.0.0.10" },
	{ "cfg", "cfg", "cfg.example.com", "cfguser", 2022, "beta", "cfg-key" },
	{ "third", "third", "cfg.example.com", "cfguser", 2022, "beta",
	    "cfg-key" },
	{ "root@second:7", "second", "cfg.example.com", "root", 7, "beta",
	    "cfg-key" },
	{ "equals", "equals", "equals.example.com", "staruser", 22, NULL,
	    "equals.example.com" },
	{ "none", "none", "none.example.com", "staruser", 22, NULL,
	    "none.example.com" },
	/* addresses and names with a dot; "Host *" does not count */
	{ "10.1.2.3", "10.1.2.3", "10.1.2.3", NULL, 22, NULL, "10.1.2.3" },
	{ "u@10.1.2.3:24", "10.1.2.3", "10.1.2.3", "u", 24, NULL, "10.1.2.3" },
	{ "::1", "::1", "::1", NULL, 22, NULL, "::1" },
	{ "[::1]", "::1", "::1", NULL, 22, NULL, "::1" },
	{ "u@[fe80::1%lo]:24", "fe80::1%lo", "fe80::1%lo", "u", 24, NULL,
	    "fe80::1%lo" },
	{ "x.example.com", "x.example.com", "x.example.com", NULL, 22, NULL,
	    "x.example.com" },
	{ "localhost.", "localhost.", "localhost.", NULL, 22, NULL,
	    "localhost." },
};

static void
targets(void **state)
{
	struct inventory_question q;
	struct target t;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		q = question(cases[i].argument);
		if (inventory_resolve(&q, &t, &e) != 0)
			fail_msg("'%s': %s", cases[i].argument, e.text);
		assert_string_equal(t.name.value, cases[i].name);
		assert_string_equal(t.id.value, "");
		assert_int_equal(t.address_count, 1);
		assert_string_equal(t.addresses[0].value, cases[i].address);
		assert_string_equal(t.user.value,
		    cases[i].user != NULL ? cases[i].user : local_user());
		assert_int_equal(t.port, cases[i].port);
		assert_int_equal(t.key_count, cases[i].key != NULL);
		if (cases[i].key != NULL) {
			assert_string_equal(t.keys[0].name, cases[i].key);
			assert_string_equal(
			    vault[t.keys[0].index].name, cases[i].key);
		}
		assert_int_equal(t.host_key_count, 1);
		assert_string_equal(t.host_keys[0].value, cases[i].host_key);
		target_clear(&t);
	}
}

static const struct {
	const char *argument;
	int want;
	const char *text, *hint;
} refused[] = {
	{ "", ERR_NOT_FOUND, "there is no host ''", "" },
	{ "nobody", ERR_NOT_FOUND, "there is no host 'nobody'", "pemkeep add" },
	{ "localhost", ERR_NOT_FOUND, "without a dot", "" },
	{ "u@nobody:22", ERR_NOT_FOUND, "there is no host 'nobody'", "" },
	{ "wep", ERR_NOT_FOUND, "'wep'", "did you mean 'web'" },
	{ "prin", ERR_NOT_FOUND, "", "did you mean 'print'?" },
	{ "secnod", ERR_NOT_FOUND, "", "did you mean 'second'?" },
	{ "not", ERR_NOT_FOUND, "", "" },
	{ "glob", ERR_NOT_FOUND, "", "" },
	{ "globe", ERR_NOT_FOUND, "", "" },
	{ "-dash", ERR_NOT_FOUND, "", "" },
	{ "*", ERR_NOT_FOUND, "", "" },
	{ "cfg;id", ERR_NOT_FOUND, "", "" },
	{ "$(id).example.com", ERR_NOT_FOUND, "", "" },
	{ "-oProxyCommand=x.y", ERR_NOT_FOUND, "", "" },
	{ "127.1", ERR_NOT_FOUND, "", "" },
	{ "web:0", ERR_USAGE, "'0' is not a port", "" },
	{ "web:99999", ERR_USAGE, "'99999' is not a port", "" },
	{ "web:ssh", ERR_USAGE, "'ssh' is not a port", "" },
	{ "-l@web", ERR_USAGE, "'-l' is not a user name", "" },
	{ "a b@web", ERR_USAGE, "'a b' is not a user name", "" },
	{ "a\n@web", ERR_USAGE, "is not a user name", "" },
	{ "jump", ERR_UNSUPPORTED, "ProxyJump", "ssh 'jump'" },
	{ "u@command:1", ERR_UNSUPPORTED, "ProxyCommand", "ssh 'command'" },
	{ "bad", ERR_FAILED, "ssh -G bad", "" },
	{ "nokey", ERR_NOT_FOUND, "hosts:24: there is no key 'missing'",
	    "pemkeep keys" },
};

static void
refusals(void **state)
{
	struct inventory_question q;
	struct target t;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		int r;

		q = question(refused[i].argument);
		r = inventory_resolve(&q, &t, &e);
		if (strcmp(refused[i].argument, "bad") == 0)
			assert_int_not_equal(r, 0); /* ssh or we say so */
		else if (r != refused[i].want ||
		    strstr(e.text, refused[i].text) == NULL ||
		    strstr(e.hint, refused[i].hint) == NULL)
			fail_msg("'%s': %d %s (%s)", refused[i].argument, r,
			    e.text, e.hint);
		target_clear(&t);
	}
}

static void
options_count_first(void **state)
{
	struct inventory_question q = question("root@web:23");
	struct target t;
	struct err e;

	(void)state;
	q.user = "admin";
	q.port = 24;
	q.key = "gamma";
	assert_int_equal(inventory_resolve(&q, &t, &e), 0);
	assert_string_equal(t.user.value, "admin");
	assert_string_equal(t.user.source, "-l");
	assert_int_equal(t.port, 24);
	assert_string_equal(t.port_source, "-p");
	assert_int_equal(t.key_count, 1);
	assert_string_equal(t.keys[0].name, "gamma");
	assert_string_equal(t.keys[0].source, "-k");
	assert_string_equal(t.addresses[0].source, "hosts:2");
	target_clear(&t);

	/* As macOS writes it. */
	q.key = "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB"
		"\xE1\x84\x80\xE1\x85\xB3\xE1\x86\xAF";
	assert_int_equal(inventory_resolve(&q, &t, &e), 0);
	assert_int_equal(t.keys[0].index, 4);
	target_clear(&t);
	q.key = "nobody";
	assert_int_equal(inventory_resolve(&q, &t, &e), ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "there is no key 'nobody'"));
	target_clear(&t);
	q.key = NULL;
	q.port = 65536;
	assert_int_equal(inventory_resolve(&q, &t, &e), ERR_USAGE);
	target_clear(&t);
	q.port = 0;
	q.user = "-x";
	assert_int_equal(inventory_resolve(&q, &t, &e), ERR_USAGE);
	target_clear(&t);
}

static void
sources(void **state)
{
	struct inventory_question q = question("web");
	struct target t;
	struct err e;

	(void)state;
	assert_int_equal(inventory_resolve(&q, &t, &e), 0);
	assert_string_equal(t.name.source, "hosts:1");
	assert_string_equal(t.user.source, "hosts:3");
	assert_string_equal(t.port_source, "hosts:4");
	assert_string_equal(t.keys[0].source, "hosts:5");
	target_clear(&t);
	q.argument = "cfg";
	assert_int_equal(inventory_resolve(&q, &t, &e), 0);
	assert_string_equal(t.name.source, "config:3");
	assert_string_equal(t.addresses[0].source, "ssh -G (config:3)");
	assert_string_equal(t.host_keys[0].source, "HostKeyAlias");
	assert_string_equal(
	    t.keys[0].source, "IdentityFile id_beta (config:3)");
	target_clear(&t);
	q.argument = "10.1.2.3";
	assert_int_equal(inventory_resolve(&q, &t, &e), 0);
	assert_string_equal(t.addresses[0].source, "as given");
	assert_string_equal(t.port_source, "default");
	assert_string_equal(t.user.source, "your name here");
	target_clear(&t);
}

static void
few_keys(void **state)
{
	struct inventory_question q = question("10.1.2.3");
	struct target t;
	struct err e;

	(void)state;
	for (size_t n = 0; n <= COUNT(vault); n++) {
		q.key_count = n;
		assert_int_equal(inventory_resolve(&q, &t, &e), 0);
		assert_int_equal(t.key_count, n <= TARGET_KEYS_MAX ? n : 0);
		for (size_t i = 0; i < t.key_count; i++)
			assert_int_equal(t.keys[i].index, i);
		target_clear(&t);
	}
	q.key_count = 3;
	q.argument = "beta"; /* that one first, none twice */
	assert_int_equal(inventory_resolve(&q, &t, &e), 0);
	assert_int_equal(t.key_count, 3);
	assert_string_equal(t.keys[0].name, "beta");
	assert_string_equal(t.keys[1].name, "alpha");
	assert_string_equal(t.keys[2].name, "gamma");
	target_clear(&t);
}

/* What is written down is told; nothing is guessed. */
static void
locked_vault(void **state)
{
	static const struct {
		const char *argument, *key, *print;
	} wanted[] = {
		{ "web", "alpha", "" },
		{ "print", "old", PRINT_B },
		{ "nokey", "missing", "" },
		{ "beta", NULL, NULL },
		{ "cfg", NULL, NULL },
	};
	struct target t;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(wanted); i++) {
		struct inventory_question q = question(wanted[i].argument);

		q.keys = NULL;
		q.key_count = 0;
		q.keys_known = false;
		assert_int_equal(inventory_resolve(&q, &t, &e), 0);
		assert_int_equal(t.key_count, wanted[i].key != NULL);
		if (wanted[i].key != NULL) {
			assert_string_equal(t.keys[0].name, wanted[i].key);
			assert_string_equal(
			    t.keys[0].fingerprint, wanted[i].print);
			assert_true(t.keys[0].index == SIZE_MAX);
		}
		target_clear(&t);
	}
}

static void
a_mistake_in_the_hosts_file(void **state)
{
	struct inventory_question q = question("10.1.2.3");
	struct target t;
	struct err e;

	(void)state;
	write_file("hosts", "[a]\nhots = x\n");
	assert_int_equal(inventory_resolve(&q, &t, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "hosts:2: unknown key 'hots'"));
	target_clear(&t);
	write_file("hosts", hosts_file);
}

/* Who can write to ~/.ssh/config can have programs run. */
static void
config_of_others(void **state)
{
	struct inventory_question q = question("cfg");
	struct target t;
	struct err e;

	(void)state;
	assert_int_equal(chmod("config", 0622), 0);
	assert_int_equal(inventory_resolve(&q, &t, &e), ERR_UNTRUSTED);
	target_clear(&t);
	assert_int_equal(chmod("config", 0600), 0);
	q.ssh_config = "gone";
	assert_int_equal(inventory_resolve(&q, &t, &e), ERR_NOT_FOUND);
	target_clear(&t);
}

/* ssh is asked for names that stand there, and for no others. */
static void
no_program_for_other_names(void **state)
{
	static const char *const names[] = { "nobody", "10.1.2.3",
		"x.example.com", "glob1", "web", "u@not", "cfg$(id)" };
	struct inventory_question q;
	struct target t;
	struct buf text = BUF_INIT;
	struct stat st;
	struct err e;

	(void)state;
	buf_printf(
	    &text, "Match exec \"touch %s/ran\"\n%s", folder, config_file);
	write_file("config", buf_text(&text));
	for (size_t i = 0; i < COUNT(names); i++) {
		q = question(names[i]);
		(void)inventory_resolve(&q, &t, &e);
		target_clear(&t);
		assert_int_equal(stat("ran", &st), -1);
	}
	q = question("cfg");
	assert_int_equal(inventory_resolve(&q, &t, &e), 0);
	target_clear(&t);
	assert_int_equal(stat("ran", &st), 0); /* the test can see it */
	assert_int_equal(remove("ran"), 0);
	write_file("config", config_file);
	buf_free(&text);
}

/* A program in the file that does not end. */
static void
ssh_that_hangs(void **state)
{
	struct inventory_question q = question("cfg");
	struct target t;
	struct err e;

	(void)state;
	write_file("config", "Match exec \"sleep 100\"\nHost cfg\n");
	assert_int_equal(inventory_resolve(&q, &t, &e), ERR_FAILED);
	assert_non_null(strstr(e.text, "has not answered"));
	target_clear(&t);
	write_file("config", "Host cfg\nNoSuchOption x\n");
	assert_int_equal(inventory_resolve(&q, &t, &e), ERR_FAILED);
	assert_non_null(strstr(e.text, "ssh -G cfg"));
	target_clear(&t);
	write_file("config", config_file);
}

static void
includes(void **state)
{
	struct inventory_question q = question("inner");
	struct buf text = BUF_INIT;
	struct target t;
	struct err e;

	(void)state;
	buf_printf(&text, "Include %s/inc*\nInclude %s/loop\n", folder, folder);
	write_file("config", buf_text(&text));
	write_file("inc1", "Host inner\nHostName inner.example.com\n");
	buf_clear(&text);
	buf_printf(&text, "Include %s/loop\nHost inloop\n", folder);
	write_file("loop", buf_text(&text));
	buf_clear(&text);
	assert_int_equal(ssh_config_names("config", "inner", &text, &e), 1);
	assert_non_null(strstr(buf_text(&text), "/inc1:1"));
	buf_clear(&text);
	assert_int_equal(ssh_config_names("config", "inloop", &text, &e), 1);
	assert_int_equal(remove("loop"), 0);
	assert_int_equal(inventory_resolve(&q, &t, &e), 0);
	assert_string_equal(t.addresses[0].value, "inner.example.com");
	target_clear(&t);
	assert_int_equal(chmod("inc1", 0646), 0);
	assert_int_equal(inventory_resolve(&q, &t, &e), ERR_UNTRUSTED);
	target_clear(&t);
	assert_int_equal(remove("inc1"), 0);
	write_file("config", config_file);
	buf_free(&text);
}

static const struct {
	const char *text;
	int want;
} answers[] = {
	{ "", ERR_FORMAT },
	{ "hostname h\nuser u\nport 22\n", 0 },
	{ "hostname h\nuser u\nport 22", 0 },
	{ "user u\nport 22\n", ERR_FORMAT },
	{ "hostname h\nport 22\n", ERR_FORMAT },
	{ "hostname h\nuser u\n", ERR_FORMAT },
	{ "hostname h\nuser u\nport 0\n", ERR_FORMAT },
	{ "hostname h\nuser u\nport 222222\n", ERR_FORMAT },
	{ "hostname -h\nuser u\nport 22\n", ERR_FORMAT },
	{ "hostname h i\nuser u\nport 22\n", ERR_FORMAT },
	{ "hostname h\nuser -u\nport 22\n", ERR_FORMAT },
	{ "hostname h\nuser u\nport 22\nproxyjump j\n", ERR_UNSUPPORTED },
	{ "proxycommand x\n", ERR_UNSUPPORTED },
	{ "proxycommand none\nhostname h\nuser u\nport 22\n", 0 },
	{ "hostname h\nhostname -i\nuser u\nport 22\nx\n\n y\n", 0 },
};

static void
answers_of_ssh(void **state)
{
	struct ssh_config_host host;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		const char *text = answers[i].text;

		if (ssh_config_parse("n", text, strlen(text), &host, &e) !=
		    answers[i].want)
			fail_msg("'%s'", text);
		if (answers[i].want == 0)
			assert_string_equal(host.hostname, "h");
		ssh_config_clear(&host);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets),
		cmocka_unit_test(refusals),
		cmocka_unit_test(options_count_first),
		cmocka_unit_test(sources),
		cmocka_unit_test(few_keys),
		cmocka_unit_test(locked_vault),
		cmocka_unit_test(a_mistake_in_the_hosts_file),
		cmocka_unit_test(config_of_others),
		cmocka_unit_test(no_program_for_other_names),
		cmocka_unit_test(ssh_that_hangs),
		cmocka_unit_test(includes),
		cmocka_unit_test(answers_of_ssh),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
