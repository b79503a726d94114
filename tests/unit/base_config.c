/* SPDX-License-Identifier: ISC */
/* pemkeep's own settings: what is refused, at which line; what comes out. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "pemkeep/base/config.h"
#include "pemkeep/base/err.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LIST "a list of names with commas between"
#define PORT "'port' is a number from 1 to 65535, not "
#define TIME "'lock-after' is a time like 90s, 30m, 8h or 2d, not "

static const struct {
	const char *text, *error;
} refused[] = {
	{ "word\n", "f:1: '=' is missing" },
	{ "port = 1\nport = 2\n", "f:2: this key is there twice" },
	{ "\n# c\nprots = 22\n", "f:3: unknown setting 'prots'" },
	{ "port = 22\n[default]\nport = 22\n",
	    "f:2: unknown section 'default'" },
	{ "[a]\n", "f:1: unknown section 'a'" },
	{ "image = x\n", "f:1: unknown setting 'image'" },
	{ "[launch]\nport = 22\n", "f:2: unknown setting 'port'" },
	{ "[launch]\ndisk = 8G\n", "f:2: 'disk' is a size in GiB, not '8G'" },
	{ "[launch]\ndisk = 0\n", "f:2: 'disk' is a size in GiB, not '0'" },
	{ "[launch]\nimage =\n", "f:2: 'image' is one line of text, not ''" },
	{ "[launch]\nelastic-ip = maybe\n",
	    "f:2: 'elastic-ip' is yes or no, not 'maybe'" },
	{ "[launch]\nopen = 80,\n", "f:2: 'open' is " LIST ", not '80,'" },
	{ "port =\n", "f:1: " PORT "''" },
	{ "port = 0\n", "f:1: " PORT "'0'" },
	{ "port = 65536\n", "f:1: " PORT "'65536'" },
	{ "port = 022\n", "f:1: " PORT "'022'" },
	{ "port = -1\n", "f:1: " PORT "'-1'" },
	{ "port = 22 # ssh\n", "f:1: " PORT "'22 # ssh'" },
	{ "address = elastic\n",
	    "f:1: 'address' is public or private, not 'elastic'" },
	{ "require-mlock = true\n",
	    "f:1: 'require-mlock' is yes or no, not 'true'" },
	{ "cache-credentials = Yes\n",
	    "f:1: 'cache-credentials' is yes or no, not 'Yes'" },
	{ "require-mlock =\n", "f:1: 'require-mlock' is yes or no, not ''" },
	{ "profiles =\n", "f:1: 'profiles' is " LIST ", not ''" },
	{ "profiles = a,,b\n", "f:1: 'profiles' is " LIST ", not 'a,,b'" },
	{ "profiles = a, \n", "f:1: 'profiles' is " LIST ", not 'a,'" },
	{ "regions = ,a\n", "f:1: 'regions' is " LIST ", not ',a'" },
	{ "passphrase-command =\n",
	    "f:1: 'passphrase-command' is a program "
	    "and its arguments, not ''" },
	{ "passphrase-command = pass 'x\n",
	    "f:1: 'passphrase-command' is a program and its arguments, not "
	    "'pass 'x'" },
	{ "lock-after = 0\n", "f:1: " TIME "'0'" },
	{ "lock-after = -5m\n", "f:1: " TIME "'-5m'" },
	{ "lock-after = 5 m\n", "f:1: " TIME "'5 m'" },
	{ "lock-after = 5w\n", "f:1: " TIME "'5w'" },
	{ "lock-after = 367d\n", "f:1: " TIME "'367d'" },
	{ "lock-after = 99999999999999999999\n",
	    "f:1: " TIME "'99999999999999999999'" },
	{ "lock-after = never\n", "f:1: " TIME "'never'" },
};

static void
mistakes(void **state)
{
	static const struct config zero;
	struct config c;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		const char *text = refused[i].text;

		assert_int_equal(
		    config_parse("f", text, strlen(text), &c, &e), ERR_FORMAT);
		assert_string_equal(e.text, refused[i].error);
		assert_memory_equal(&c, &zero, sizeof(c));
		assert_int_equal(
		    config_parse("f", text, strlen(text), &c, NULL),
		    ERR_FORMAT);
	}
}

static void
contents(void **state)
{
	static const char text[] =
	    "# mine\nProfiles = main, my dev ,\n  third\n"
	    "regions = eu-west-1,ap-northeast-2\naddress = private\n"
	    "port : 2222\ncache-credentials = yes\nrequire-mlock = no\n"
	    "passphrase-command = secret-tool lookup 'a b' $HOME\n"
	    "lock-after = 8h\nmy-address = http://127.0.0.1/\n"
	    "[launch]\nimage = debian-12\nDisk = 20\nelastic-ip = no\n"
	    "open = 80, 443:me\ntags = a=b\nwait = 90\n"
	    "type = t3.micro\nkey = k\nsubnet = subnet-1\n";
	struct config c;
	struct err e;

	(void)state;
	assert_int_equal(config_parse("f", text, sizeof(text) - 1, &c, &e), 0);
	assert_int_equal(c.profiles.count, 3);
	assert_string_equal(c.profiles.items[0], "main");
	assert_string_equal(c.profiles.items[1], "my dev");
	assert_string_equal(c.profiles.items[2], "third");
	assert_int_equal(c.regions.count, 2);
	assert_string_equal(c.regions.items[1], "ap-northeast-2");
	assert_false(c.all_regions);
	assert_true(c.private_address);
	assert_int_equal(c.port, 2222);
	assert_true(c.cache_credentials);
	assert_false(c.require_mlock);
	assert_string_equal(c.passphrase_command[2], "a b");
	assert_string_equal(c.passphrase_command[3], "$HOME");
	assert_null(c.passphrase_command[4]);
	assert_int_equal(c.lock_after, 8 * 3600);
	assert_string_equal(c.my_address, "http://127.0.0.1/");
	assert_string_equal(c.launch.image, "debian-12");
	assert_string_equal(c.launch.type, "t3.micro");
	assert_string_equal(c.launch.key, "k");
	assert_string_equal(c.launch.subnet, "subnet-1");
	assert_int_equal(c.launch.disk, 20);
	assert_true(c.launch.no_elastic_ip);
	assert_string_equal(c.launch.open.items[1], "443:me");
	assert_string_equal(c.launch.tags.items[0], "a=b");
	assert_int_equal(c.launch.wait, 90);
	config_clear(&c);
	assert_null(c.passphrase_command);
	config_clear(&c);
	assert_int_equal(config_parse("f", "", 0, &c, &e), 0);
	assert_int_equal(c.port + c.lock_after, 0);
	assert_int_equal(c.profiles.count + c.regions.count, 0);
	config_clear(&c);
	assert_int_equal(
	    config_parse("f", "regions=all\nlock-after=90\n", 26, &c, &e), 0);
	assert_true(c.all_regions);
	assert_int_equal(c.regions.count, 0);
	assert_int_equal(c.lock_after, 90);
	config_clear(&c);
}

static void
put_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void
files(void **state)
{
	char folder[] = "/tmp/pemkeep-config-XXXXXX";
	struct config c;
	struct err e;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	setenv("XDG_CONFIG_HOME", folder, 1);
	assert_int_equal(config_load(&c, &e), 0);
	assert_int_equal(c.port, 0);
	assert_int_equal(mkdir("pemkeep", 0700), 0);
	put_file("pemkeep/config", "port = 22\n", 0644);
	assert_int_equal(config_load(&c, &e), 0);
	assert_int_equal(c.port, 22);
	put_file("pemkeep/config", "port = x\n", 0600);
	assert_int_equal(config_load(&c, &e), ERR_FORMAT);
	assert_memory_equal(e.text, folder, strlen(folder));
	assert_non_null(strstr(e.text, "/pemkeep/config:1: "));
	put_file("pemkeep/config", "port = 22\n", 0620);
	assert_int_equal(config_load(&c, &e), ERR_UNTRUSTED);
	assert_int_equal(c.port, 0);
	assert_int_equal(unlink("pemkeep/config"), 0);
	assert_int_equal(mkfifo("pemkeep/config", 0600), 0);
	assert_int_equal(config_load(&c, NULL), ERR_FORMAT);
	assert_int_equal(unlink("pemkeep/config") | rmdir("pemkeep"), 0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(folder), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes),
		cmocka_unit_test(contents),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
