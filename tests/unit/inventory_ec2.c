/* SPDX-License-Identifier: ISC */
/*
 * Instances as targets, from a cache that was filled by hand: which one a name
 * means, and where address, user, port and keys are from.  AWS is not asked here.
 */

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

#include "pemkeep/base/base64.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/inventory/inventory.h"
#include "pemkeep/inventory/learned.h"
#include "pemkeep/inventory/target.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CACHE "cache/inventory.db"
#define LEARNED "state/learned"
#define MAIN "111122223333"
#define OTHER "444455556666"
#define NOW 1700000000
#define PRINT(c) \
	"SHA256:" c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c \
	    c c c c c c c c c c c c "A"

/* The account of a role is in its name: nobody has to be asked. */
static const char config[] =
    "[default]\nregion = eu-west-1\nrole_arn = arn:aws:iam::" MAIN ":role/r\n"
    "source_profile = keys\n"
    "[profile keys]\nregion = eu-west-1\n"
    "[profile same]\nregion = eu-west-1\nrole_arn = arn:aws:iam::" MAIN
    ":role/s\nsource_profile = keys\n"
    "[profile other]\nregion = us-east-1\nrole_arn = arn:aws:iam::" OTHER
    ":role/r\nsource_profile = keys\n";

static const char hosts_file[] = "[static]\nhost = 203.0.113.1\n"
				 "[both]\nhost = 203.0.113.2\n";

static char folder[] = "/tmp/pemkeep-ec2-XXXXXX";

static const struct inventory_key vault[] = {
	{ "alpha", PRINT("a"), (const uint8_t *)"alpha", 5, NULL, NULL },
	{ "beta", PRINT("b"), (const uint8_t *)"beta", 4, "aa:bb:cc", NULL },
	{ "gamma", PRINT("c"), (const uint8_t *)"gamma", 5, NULL, "Zm9v=" },
	{ "web-key", PRINT("d"), (const uint8_t *)"delta", 5, NULL, NULL },
	{ "한글", PRINT("e"), (const uint8_t *)"hangul", 6, NULL, NULL },
};

#define UBUNTU "ami-0000000000000000a"
#define CUSTOM "ami-0000000000000000b"
#define CHILD "ami-0000000000000000c"
#define BOTTLE "ami-0000000000000000d"
#define UNREADABLE "ami-0000000000000000e"

static const struct cache_image images[] = {
	{ UBUNTU, "ubuntu/images/hvm-ssd/ubuntu-jammy", "099720109477", "",
	    "" },
	{ CUSTOM, "golden", MAIN, "Linux/UNIX", "" },
	{ CHILD, "silver", MAIN, "Linux/UNIX", UBUNTU },
	{ BOTTLE, "bottlerocket-aws-k8s-1.29", "092701018921", "", "" },
	{ UNREADABLE, "", "", "", "" },
};

#define ID(n) "i-0000000000000000" n

static const struct cache_instance rows[] = {
	{ .id = ID("1"),
	    .name = "web",
	    .state = "running",
	    .image = UBUNTU,
	    .key_pair = "web-key",
	    .public_ip = "54.0.0.1",
	    .private_ip = "10.0.0.1",
	    .zone = "eu-west-1a",
	    .launched = 1600000000 },
	{ .id = ID("2"),
	    .name = "web",
	    .state = "stopped",
	    .image = UBUNTU,
	    .private_ip = "10.0.0.2" },
	{ .id = ID("3"),
	    .name = "dup",
	    .state = "running",
	    .image = UBUNTU,
	    .public_ip = "54.0.0.3" },
	{ .id = ID("4"), .name = "dup", .state = "pending", .image = UBUNTU },
	{ .id = ID("5"),
	    .name = "off",
	    .state = "stopped",
	    .image = UBUNTU,
	    .private_ip = "10.0.0.5" },
	{ .id = ID("6"),
	    .name = "over",
	    .state = "terminated",
	    .image = UBUNTU },
	{ .id = ID("7"),
	    .name = "elastic",
	    .state = "running",
	    .image = UBUNTU,
	    .public_ip = "52.0.0.7",
	    .private_ip = "10.0.0.7",
	    .ipv6 = "2001:db8::7",
	    .key_pair = "by-public" },
	{ .id = ID("8"),
	    .name = "inside",
	    .state = "running",
	    .image = CUSTOM,
	    .private_ip = "10.0.0.8",
	    .key_pair = "by-print" },
	{ .id = ID("9"),
	    .name = "six",
	    .state = "running",
	    .image = CHILD,
	    .ipv6 = "2001:db8::9",
	    .private_ip = "10.0.0.9",
	    .key_pair = "by-imported" },
	{ .id = ID("a"), .name = "both", .state = "running", .image = UBUNTU },
	{ .id = ID("b"),
	    .name = "tagged",
	    .state = "running",
	    .image = UBUNTU,
	    .public_ip = "54.0.0.11",
	    .user = "deploy",
	    .port = "2222",
	    .key_pair = "gone" },
	{ .id = ID("c"),
	    .name = "bad-tags",
	    .state = "running",
	    .image = UBUNTU,
	    .public_ip = "54.0.0.12",
	    .user = "-oProxyCommand=x",
	    .port = "99999",
	    .key_pair = "nobody-has" },
	{ .id = ID("d"),
	    .name = "rocket",
	    .state = "running",
	    .image = BOTTLE,
	    .public_ip = "54.0.0.13" },
	{ .id = ID("e"),
	    .name = "riddle",
	    .state = "running",
	    .image = UNREADABLE,
	    .public_ip = "54.0.0.14" },
	{ .id = ID("f"),
	    .name = "win",
	    .state = "running",
	    .image = CUSTOM,
	    .platform = "windows",
	    .public_ip = "54.0.0.15" },
	{ .id = "i-00000000000000010",
	    .name = "user@web:22",
	    .state = "running",
	    .image = UBUNTU,
	    .public_ip = "54.0.0.16" },
	{ .id = "i-00000000000000011",
	    .name = "owned",
	    .state = "running",
	    .image = UBUNTU,
	    .public_ip = "54.0.0.17",
	    .owned_ip = true },
	{ .id = "i-00000000000000012",
	    .name = "10.0.0.1", /* what another one has */
	    .state = "running",
	    .image = UBUNTU },
	{ .id = "i-00000000000000013",
	    .name = ID("1"), /* and another one's id */
	    .state = "running",
	    .image = UBUNTU },
	{ .id = "i-00000000000000014",
	    .name = "\xE1\x84\x89\xE1\x85\xA5\xE1\x84\x87\xE1\x85\xA5",
	    .state = "running",
	    .image = UBUNTU,
	    .public_ip = "54.0.0.20" },
};

static void
put_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void
store(const char *account, const char *region, int64_t now,
    const struct cache_instance *list, size_t count)
{
	struct cache *c;
	struct cache_store *s;
	struct buf line = BUF_INIT;

	assert_int_equal(cache_open(CACHE, &c, NULL), 0);
	assert_null(cache_trouble(c));
	assert_int_equal(
	    cache_store_begin(c, account, region, now, &s, NULL), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(cache_store_instance(s, &list[i], NULL), 0);
	assert_int_equal(cache_store_address(s, "52.0.0.7", ID("7"), NULL), 0);
	buf_put_text(&line, "ssh-x YWxwaGE= made by somebody");
	assert_int_equal(
	    cache_store_pair(s, "by-public", buf_text(&line), "no:pe", NULL),
	    0);
	assert_int_equal(
	    cache_store_pair(s, "by-print", "", "aa:bb:cc", NULL), 0);
	assert_int_equal(
	    cache_store_pair(s, "by-imported", "junk", "Zm9v", NULL), 0);
	assert_int_equal(
	    cache_store_pair(s, "nobody-has", "ssh-x bm9ib2R5", "x", NULL), 0);
	assert_int_equal(
	    cache_store_end(
		s, CACHE_INSTANCES | CACHE_ADDRESSES | CACHE_PAIRS, NULL),
	    0);
	cache_store_free(s);
	assert_int_equal(
	    cache_set_images(c, images, COUNT(images), now, NULL), 0);
	buf_free(&line);
	cache_close(c);
}

static int
begin(void **state)
{
	static const struct cache_instance theirs[] = {
		{ .id = "i-000000000000000a1",
		    .name = "theirs",
		    .state = "running",
		    .image = UBUNTU,
		    .public_ip = "54.1.0.1" },
		{ .id = "i-000000000000000a2",
		    .name = "web",
		    .state = "running",
		    .image = UBUNTU,
		    .public_ip = "54.1.0.2" },
	};
	static const char *const variables[] = { "AWS_PROFILE", "AWS_REGION",
		"AWS_DEFAULT_PROFILE", "AWS_DEFAULT_REGION",
		"AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE" };

	(void)state;
	alarm(120);
	umask(022);
	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		return -1;
	for (size_t i = 0; i < COUNT(variables); i++)
		unsetenv(variables[i]);
	put_file("aws-config", config);
	put_file("hosts", hosts_file);
	put_file(
	    "ssh-config", "Host web theirs-too\n HostName wrong.example\n");
	setenv("AWS_CONFIG_FILE", "aws-config", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "none", 1);
	store(MAIN, "eu-west-1", NOW - 60, rows, COUNT(rows));
	store(OTHER, "us-east-1", NOW - 60 * 60, theirs, COUNT(theirs));
	return 0;
}

static int
end(void **state)
{
	static const char *const files[] = { CACHE, CACHE "-wal", CACHE "-shm",
		LEARNED, "aws-config", "hosts", "ssh-config" };

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++)
		(void)unlink(files[i]);
	(void)rmdir("state");
	return rmdir("cache") | chdir("/") | rmdir(folder);
}

static struct inventory_options
options(void)
{
	return (struct inventory_options){
		.cache = CACHE, .learned = LEARNED, .now = NOW
	};
}

static struct inventory_question
question(const char *argument)
{
	return (struct inventory_question){ .argument = argument,
		.keys = vault,
		.key_count = COUNT(vault),
		.keys_known = true,
		.hosts = "hosts",
		.ssh_config = "ssh-config" };
}

/* Resolve with these options. */
static int
ask(const struct inventory_options *o, struct inventory_question q,
    struct target *t, struct err *e)
{
	struct inventory *inv = inventory_new(o);
	int r;

	assert_non_null(inv);
	q.inventory = inv;
	r = inventory_resolve(&q, t, e);
	inventory_free(inv);
	return r;
}

static const struct {
	const char *argument;
	const char *id, *address;
	enum target_address kind;
	const char *user; /* NULL: not known */
	unsigned port;
	const char *keys; /* names, with blanks between */
} cases[] = {
	/* the one that runs, by all forms; no stopped one, no ssh config */
	{ "web", ID("1"), "54.0.0.1", TARGET_PUBLIC, "ubuntu", 22, "web-key" },
	{ ID("1"), ID("1"), "54.0.0.1", TARGET_PUBLIC, "ubuntu", 22,
	    "web-key" },
	{ ID("2"), ID("2"), "10.0.0.2", TARGET_PRIVATE, "ubuntu", 22, "" },
	{ "54.0.0.1", ID("1"), "54.0.0.1", TARGET_PUBLIC, "ubuntu", 22,
	    "web-key" },
	{ "10.0.0.2", ID("2"), "10.0.0.2", TARGET_PRIVATE, "ubuntu", 22, "" },
	{ "root@web:23", ID("1"), "54.0.0.1", TARGET_PUBLIC, "root", 23,
	    "web-key" },
	{ "we*", ID("1"), "54.0.0.1", TARGET_PUBLIC, "ubuntu", 22, "web-key" },
	{ "default/eu-west-1/web", ID("1"), "54.0.0.1", TARGET_PUBLIC, "ubuntu",
	    22, "web-key" },
	{ "a@default/eu-west-1/we?:5", ID("1"), "54.0.0.1", TARGET_PUBLIC, "a",
	    5, "web-key" },
	{ "서버", "i-00000000000000014", "54.0.0.20", TARGET_PUBLIC, "ubuntu",
	    22, "" },
	/* the whole argument first */
	{ "user@web:22", "i-00000000000000010", "54.0.0.16", TARGET_PUBLIC,
	    "ubuntu", 22, "" },
	/* a stopped one, when there is no other */
	{ "off", ID("5"), "10.0.0.5", TARGET_PRIVATE, "ubuntu", 22, "" },
	/* addresses: Elastic IP, IPv6, private */
	{ "elastic", ID("7"), "52.0.0.7", TARGET_ELASTIC, "ubuntu", 22,
	    "alpha" },
	{ "52.0.0.7", ID("7"), "52.0.0.7", TARGET_ELASTIC, "ubuntu", 22,
	    "alpha" },
	{ "2001:DB8:0::7", ID("7"), "52.0.0.7", TARGET_ELASTIC, "ubuntu", 22,
	    "alpha" },
	{ "owned", "i-00000000000000011", "54.0.0.17", TARGET_ELASTIC, "ubuntu",
	    22, "" },
	{ "inside", ID("8"), "10.0.0.8", TARGET_PRIVATE, NULL, 22, "beta" },
	{ "six", ID("9"), "2001:db8::9", TARGET_IPV6, "ubuntu", 22, "gamma" },
	/* users and ports */
	{ "tagged", ID("b"), "54.0.0.11", TARGET_PUBLIC, "deploy", 2222, "" },
	{ "bad-tags", ID("c"), "54.0.0.12", TARGET_PUBLIC, "ubuntu", 22, "" },
	{ "rocket", ID("d"), "54.0.0.13", TARGET_PUBLIC, NULL, 22, "" },
	{ "riddle", ID("e"), "54.0.0.14", TARGET_PUBLIC, NULL, 22, "" },
	{ "win", ID("f"), "54.0.0.15", TARGET_PUBLIC, "Administrator", 22, "" },
	{ "other/us-east-1/theirs", "i-000000000000000a1", "54.1.0.1",
	    TARGET_PUBLIC, "ubuntu", 22, "" },
};

static void
put_keys(struct buf *b, const struct target *t)
{
	for (size_t i = 0; i < t->key_count; i++)
		buf_printf(b, "%s%s", i > 0 ? " " : "", t->keys[i].name);
}

static void
targets(void **state)
{
	struct inventory_options o = options();
	struct target t;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf keys = BUF_INIT;

		if (ask(&o, question(cases[i].argument), &t, &e) != 0)
			fail_msg("'%s': %s", cases[i].argument, e.text);
		put_keys(&keys, &t);
		if (strcmp(t.id.value, cases[i].id) != 0 ||
		    t.address_count == 0 ||
		    strcmp(t.addresses[0].value, cases[i].address) != 0 ||
		    t.address_kind != cases[i].kind ||
		    t.port != cases[i].port ||
		    strcmp(buf_text(&keys), cases[i].keys) != 0)
			fail_msg("'%s': %s %s %d %u '%s'", cases[i].argument,
			    t.id.value, t.addresses[0].value,
			    (int)t.address_kind, t.port, buf_text(&keys));
		if (cases[i].user == NULL)
			assert_null(t.user.value);
		else
			assert_string_equal(t.user.value, cases[i].user);
		assert_string_equal(t.instance.id, cases[i].id);
		assert_int_equal(t.host_key_count, 1);
		assert_string_equal(t.host_keys[0].value, cases[i].id);
		assert_false(t.live);
		buf_free(&keys);
		target_clear(&t);
	}
}

static void
facts(void **state)
{
	struct inventory_options o = options();
	struct target t;
	struct err e;

	(void)state;
	assert_int_equal(ask(&o, question("web"), &t, &e), 0);
	assert_string_equal(t.name.value, "web");
	assert_string_equal(t.name.source, "Name tag");
	assert_string_equal(
	    t.id.source, "EC2, profile 'default', eu-west-1, 1 min ago");
	assert_string_equal(t.instance.profile, "default");
	assert_string_equal(t.instance.region, "eu-west-1");
	assert_string_equal(t.instance.account, MAIN);
	assert_string_equal(t.instance.state, "running");
	assert_string_equal(t.instance.zone, "eu-west-1a");
	assert_string_equal(t.instance.key_pair, "web-key");
	assert_int_equal(t.instance.launched, 1600000000);
	assert_int_equal(t.fetched, NOW - 60);
	assert_non_null(strstr(t.addresses[0].source, "next stop"));
	assert_non_null(strstr(t.user.source, "Ubuntu, by the AMI's owner"));
	assert_string_equal(t.keys[0].source, "it has the key pair's name");
	assert_non_null(strstr(t.note, ID("2") " (stopped)"));
	assert_false(t.key_missing); /* AWS does not say what the pair is */
	target_clear(&t);
	assert_int_equal(ask(&o, question("elastic"), &t, &e), 0);
	assert_string_equal(
	    t.keys[0].source, "public key of the key pair 'by-public'");
	assert_int_equal(t.address_count, 2);
	assert_string_equal(t.addresses[1].value, "2001:db8::7");
	assert_null(t.note);
	target_clear(&t);
	assert_int_equal(ask(&o, question("inside"), &t, &e), 0);
	assert_string_equal(
	    t.keys[0].source, "fingerprint of the key pair 'by-print'");
	assert_non_null(strstr(t.addresses[0].source, "no way to it"));
	assert_non_null(strstr(t.user.source, "'golden' of " MAIN));
	target_clear(&t);
	assert_int_equal(ask(&o, question("six"), &t, &e), 0);
	assert_non_null(strstr(t.user.source, "ubuntu-jammy"));
	target_clear(&t);
	assert_int_equal(ask(&o, question("bad-tags"), &t, &e), 0);
	assert_true(t.key_missing);
	assert_int_equal(t.key_count, 0);
	target_clear(&t);
	assert_int_equal(ask(&o, question("rocket"), &t, &e), 0);
	assert_non_null(strstr(t.user.source, "admin container"));
	target_clear(&t);
	assert_int_equal(ask(&o, question("riddle"), &t, &e), 0);
	assert_non_null(strstr(t.user.source, UNREADABLE));
	target_clear(&t);
	/* From the hosts file there is no instance. */
	assert_int_equal(ask(&o, question("both"), &t, &e), 0);
	assert_string_equal(t.addresses[0].value, "203.0.113.2");
	assert_null(t.instance.id);
	target_clear(&t);
}

static const struct {
	const char *argument;
	int want;
	const char *text, *hint;
	size_t candidates;
} refused[] = {
	{ "dup", ERR_AMBIGUOUS, "'dup' is 2 instances", "id", 2 },
	{ "tag:x", ERR_NOT_FOUND, "there is no host 'tag:x'", "", 0 },
	{ "*", ERR_AMBIGUOUS, "'*' is 19 instances", "", 19 },
	{ "over", ERR_NOT_FOUND, "which is terminated", "", 0 },
	{ ID("6"), ERR_NOT_FOUND, "which is terminated", "", 0 },
	{ "theirs", ERR_NOT_FOUND, "EC2 (profile 'default' in eu-west-1)", "",
	    0 },
	{ "nobody/us-east-1/theirs", ERR_NOT_FOUND, "", "", 0 },
	{ "default/us-east-1/theirs", ERR_NOT_FOUND, "", "", 0 },
	{ "keys/eu-west-1/web", ERR_NOT_FOUND, "", "", 0 },
	{ "i-99999999999999999", ERR_NOT_FOUND, "", "", 0 },
	{ "elastik", ERR_NOT_FOUND, "", "did you mean 'elastic'?", 0 },
	/* Names that are what others are do not take their place. */
	{ "10.0.0.1", ERR_AMBIGUOUS, "2 instances", "", 2 },
	{ "a b@web", ERR_USAGE, "is not a user name", "", 0 },
	{ "web:0", ERR_USAGE, "is not a port", "", 0 },
};

static void
refusals(void **state)
{
	struct inventory_options o = options();
	struct target t;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		int r = ask(&o, question(refused[i].argument), &t, &e);

		if (r != refused[i].want ||
		    strstr(e.text, refused[i].text) == NULL ||
		    strstr(e.hint, refused[i].hint) == NULL ||
		    t.candidate_count != refused[i].candidates)
			fail_msg("'%s': %d %s (%s) %zu", refused[i].argument, r,
			    e.text, e.hint, t.candidate_count);
		target_clear(&t);
	}
}

/* A candidate that was chosen. */
static void
choosing(void **state)
{
	struct inventory_options o = options();
	struct inventory_question q = question("u@dup:7");
	struct target t;
	struct err e;

	(void)state;
	assert_int_equal(ask(&o, q, &t, &e), ERR_AMBIGUOUS);
	assert_string_equal(t.candidates[0].id, ID("3"));
	assert_string_equal(t.candidates[0].region, "eu-west-1");
	assert_string_equal(t.candidates[0].address, "54.0.0.3");
	assert_string_equal(t.candidates[1].state, "pending");
	target_clear(&t);
	q.instance = ID("4");
	q.region = "eu-west-1";
	assert_int_equal(ask(&o, q, &t, &e), 0);
	assert_string_equal(t.id.value, ID("4"));
	assert_string_equal(t.user.value, "u");
	assert_int_equal(t.port, 7);
	assert_int_equal(t.address_count, 0); /* none yet */
	target_clear(&t);
	q.region = "us-east-1";
	assert_int_equal(ask(&o, q, &t, &e), ERR_NOT_FOUND);
	target_clear(&t);
}

/* Which profiles and regions: those, and no others. */
static void
scope(void **state)
{
	static const char *const two[] = { NULL, "other" };
	static const char *const twice[] = { "same", "default" };
	static const char *const far[] = { "us-east-1" };
	struct inventory_options o = options();
	struct target t;
	struct err e;

	(void)state;
	o.profiles = two;
	o.profile_count = 2;
	assert_int_equal(ask(&o, question("theirs"), &t, &e), 0);
	assert_string_equal(t.instance.account, OTHER);
	assert_string_equal(
	    t.id.source, "EC2, profile 'other', us-east-1, 60 min ago");
	target_clear(&t);
	assert_int_equal(ask(&o, question("web"), &t, &e), ERR_AMBIGUOUS);
	assert_int_equal(t.candidate_count, 3);
	target_clear(&t);
	assert_int_equal(ask(&o, question("other/us-east-1/web"), &t, &e), 0);
	target_clear(&t);
	/* Two profiles of an account show it once, as the first. */
	o.profiles = twice;
	assert_int_equal(ask(&o, question("elastic"), &t, &e), 0);
	assert_string_equal(t.instance.profile, "same");
	target_clear(&t);
	assert_int_equal(
	    ask(&o, question("default/eu-west-1/elastic"), &t, &e), 0);
	assert_string_equal(t.instance.profile, "default");
	target_clear(&t);
	/* Another region: the profile's own one is not searched. */
	o.profiles = NULL;
	o.profile_count = 0;
	o.regions = far;
	o.region_count = 1;
	assert_int_equal(ask(&o, question("elastic"), &t, &e), ERR_NOT_FOUND);
	target_clear(&t);
	o.own_regions = true;
	assert_int_equal(ask(&o, question("elastic"), &t, &e), 0);
	target_clear(&t);
	o.profile = "other";
	o.own_regions = false;
	o.region_count = 0;
	assert_int_equal(ask(&o, question("theirs"), &t, &e), 0);
	target_clear(&t);
	assert_int_equal(ask(&o, question("elastic"), &t, &e), ERR_NOT_FOUND);
	target_clear(&t);
}

static void
given(void **state)
{
	struct inventory_options o = options();
	struct inventory_question q = question("elastic");
	struct target t;
	struct err e;

	(void)state;
	q.user = "me";
	q.port = 99;
	q.key = "gamma";
	assert_int_equal(ask(&o, q, &t, &e), 0);
	assert_string_equal(t.user.source, "-l");
	assert_string_equal(t.port_source, "-p");
	assert_int_equal(t.key_count, 1);
	assert_string_equal(t.keys[0].source, "-k");
	target_clear(&t);
	q = question("elastic");
	q.private_address = true;
	q.default_port = 4022;
	assert_int_equal(ask(&o, q, &t, &e), 0);
	assert_string_equal(t.addresses[0].value, "10.0.0.7");
	assert_int_equal(t.address_count, 1);
	assert_int_equal(t.address_kind, TARGET_PRIVATE);
	assert_int_equal(t.port, 4022);
	assert_string_equal(t.port_source, "config: port");
	target_clear(&t);
	q = question("tagged");
	q.default_port = 4022;
	assert_int_equal(ask(&o, q, &t, &e), 0);
	assert_int_equal(t.port, 2222);
	assert_string_equal(t.port_source, "tag ssh-port");
	assert_string_equal(t.user.source, "tag of the instance");
	target_clear(&t);
	/* Locked: no key, and no complaint about one. */
	q = question("bad-tags");
	q.keys = NULL;
	q.key_count = 0;
	q.keys_known = false;
	assert_int_equal(ask(&o, q, &t, &e), 0);
	assert_int_equal(t.key_count, 0);
	assert_false(t.key_missing);
	target_clear(&t);
	/* What has to be live is not taken from the cache. */
	q = question("web");
	q.live = true;
	assert_int_equal(ask(&o, q, &t, &e), ERR_NETWORK);
	target_clear(&t);
}

static void
learning(void **state)
{
	struct inventory_options o = options();
	struct target t;
	struct err e;

	(void)state;
	assert_int_equal(
	    learned_set(LEARNED, ID("8"), "golden", PRINT("d"), NULL), 0);
	assert_int_equal(
	    learned_set(LEARNED, CUSTOM, "of-image", NULL, NULL), 0);
	assert_int_equal(
	    learned_set(LEARNED, ID("b"), "unused", PRINT("e"), NULL), 0);
	assert_int_equal(ask(&o, question("inside"), &t, &e), 0);
	assert_string_equal(t.user.value, "golden");
	assert_non_null(strstr(t.user.source, "learned: " LEARNED ":1"));
	assert_int_equal(t.key_count, 2); /* the pair's, then this one */
	assert_string_equal(t.keys[0].name, "beta");
	assert_string_equal(t.keys[1].name, "web-key");
	assert_non_null(strstr(t.keys[1].source, "learned"));
	target_clear(&t);
	/* The platform says more than its image; a tag more than both. */
	assert_int_equal(ask(&o, question("win"), &t, &e), 0);
	assert_string_equal(t.user.value, "of-image");
	target_clear(&t);
	assert_int_equal(ask(&o, question("tagged"), &t, &e), 0);
	assert_string_equal(t.user.value, "deploy");
	assert_string_equal(t.keys[0].name, "한글");
	target_clear(&t);
}

struct listed {
	struct buf text;
	size_t rows;
};

static int
put_row(void *arg, const struct inventory_row *row)
{
	struct listed *l = arg;

	l->rows++;
	buf_printf(&l->text, "%s:%s:%s:%s:%d ", row->instance->id + 18,
	    row->profile, row->user != NULL ? row->user : "-", row->address,
	    row->key == SIZE_MAX ? -1 : (int)row->key);
	return l->rows == 1000 ? 3 : 0;
}

static void
listing(void **state)
{
	static const char *const patterns[] = { "web", "we*", ID("1"), "over",
		"other/us-east-1/theirs" };
	struct inventory_options o = options();
	struct listed l = { BUF_INIT, 0 };
	struct inventory *inv = inventory_new(&o);
	struct err e;

	(void)state;
	assert_int_equal(
	    inventory_list(inv, NULL, 0, vault, COUNT(vault), put_row, &l, &e),
	    0);
	assert_int_equal(l.rows, COUNT(rows)); /* terminated ones, too */
	buf_clear(&l.text);
	l.rows = 0;
	assert_int_equal(inventory_list(inv, patterns, COUNT(patterns), vault,
			     COUNT(vault), put_row, &l, &e),
	    0);
	assert_string_equal(buf_text(&l.text),
	    "1:default:ubuntu:54.0.0.1:-1 2:default:ubuntu:10.0.0.2:-1 "
	    "6:default:ubuntu::-1 1:other:ubuntu:54.1.0.1:-1 ");
	buf_clear(&l.text);
	l.rows = 999;
	assert_int_equal(
	    inventory_list(inv, NULL, 0, vault, COUNT(vault), put_row, &l, &e),
	    3);
	buf_free(&l.text);
	inventory_free(inv);
}

/* More than are looked at: one that is up is not the only one, for all we know. */
static void
crowd(void **state)
{
	enum { MANY = 1001 };
	struct cache_instance *list = calloc(MANY, sizeof(*list));
	struct inventory_options o = options();
	char id[MANY][20], name[MANY][16];
	struct target t;
	struct err e;

	(void)state;
	assert_non_null(list);
	for (int i = 0; i < MANY; i++) {
		snprintf(id[i], sizeof(id[i]), "i-%017x", 0xc000 + i);
		snprintf(name[i], sizeof(name[i]), "crowd-%04d", i % 10000);
		list[i] = (struct cache_instance){ .id = id[i],
			.name = name[i],
			.state = i % (MANY - 1) == 0 ? "running" : "stopped" };
	}
	store(OTHER, "us-west-2", NOW - 60, list, MANY);
	assert_int_equal(ask(&o, question("other/us-west-2/crowd-*"), &t, &e),
	    ERR_AMBIGUOUS);
	assert_int_equal(t.candidate_count, TARGET_CANDIDATES_MAX);
	assert_non_null(strstr(e.text, "more than 1000"));
	target_clear(&t);
	assert_int_equal(
	    ask(&o, question("other/us-west-2/crowd-00*"), &t, &e), 0);
	assert_string_equal(t.instance.name, "crowd-0000");
	target_clear(&t);
	free(list);
}

/* ~/.aws/config with a mistake: no EC2, and the rest goes on. */
static void
broken_config(void **state)
{
	struct inventory_options o = options();
	struct inventory *inv = inventory_new(&o);
	struct inventory_question q = question("static");
	struct target t;
	struct err e;
	size_t count;

	(void)state;
	put_file("aws-config", "[default\n");
	q.inventory = inv;
	assert_int_equal(inventory_resolve(&q, &t, &e), 0);
	target_clear(&t);
	inventory_troubles(inv, &count);
	assert_int_equal(count, 0); /* nobody had to look */
	q.argument = "10.9.9.9";
	assert_int_equal(inventory_resolve(&q, &t, &e), 0);
	target_clear(&t);
	q.argument = "elastic";
	assert_int_equal(inventory_resolve(&q, &t, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "aws-config"));
	target_clear(&t);
	assert_true(inventory_partial(inv));
	assert_non_null(inventory_troubles(inv, &count));
	assert_int_equal(count, 1);
	inventory_free(inv);
	put_file("aws-config", config);
}

/* What connect, list and the files for ssh and Ansible all go by. */
static void
ports(void **state)
{
	static const struct {
		const char *tag;
		unsigned port;
	} tags[] = {
		{ "", 0 },
		{ "0", 0 },
		{ "65536", 0 },
		{ "99999999999", 0 },
		{ "02222", 0 },
		{ "2222 ", 0 },
		{ " 2222", 0 },
		{ "-22", 0 },
		{ "+22", 0 },
		{ "22x", 0 },
		{ "ssh", 0 },
		{ "1", 1 },
		{ "2222", 2222 },
		{ "65535", 65535 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		assert_int_equal(inventory_port(tags[i].tag), tags[i].port);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets),
		cmocka_unit_test(facts),
		cmocka_unit_test(refusals),
		cmocka_unit_test(choosing),
		cmocka_unit_test(scope),
		cmocka_unit_test(given),
		cmocka_unit_test(learning),
		cmocka_unit_test(listing),
		cmocka_unit_test(crowd),
		cmocka_unit_test(broken_config),
		cmocka_unit_test(ports),
	};

	return cmocka_run_group_tests_name("ec2", tests, begin, end);
}
