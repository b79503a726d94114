/* SPDX-License-Identifier: ISC */
/*
 * From facts to findings: what is said of the same key in different places, which
 * rules are open to the world, and that what is not known is not said.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "pemkeep/audit/audit.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#define NOW 1795050000

static char home[] = "/tmp/pemkeep-judge-XXXXXX";

/* One of everything; tests change what matters to them. */
static struct scan_key file;
static struct keeper_key held;
static struct survey_place place;
static struct survey_instance instance;
static struct survey_group group;
static struct survey_pair pair;
static struct survey_address address;
static struct survey_rule rule;
static struct scan scan;
static struct survey survey;
static struct keeper_keys vault;
static struct audit_facts facts;
static struct findings found;
static uint8_t blob[1];

/* The structures have texts that may be changed; nobody does. */
#define TEXT(text) ((char *)(uintptr_t)(text))

static int
set_up(void **state)
{
	(void)state;
	file = (struct scan_key){ .path = TEXT("/x"),
		.mode = 0600,
		.links = 1,
		.changed = NOW - 1000,
		.format = "OpenSSH",
		.type = "ed25519",
		.bits = 256,
		.readable = true,
		.blob = blob,
		.blob_len = 1,
		.fingerprint = "SHA256:one",
		.ec2_created = "one=",
		.ec2_imported = "one=" };
	held = (struct keeper_key){ .name = TEXT("held"),
		.type = TEXT("ed25519"),
		.bits = 256,
		.fingerprint = TEXT("SHA256:two"),
		.ec2_created = TEXT("two="),
		.ec2_imported = TEXT("two="),
		.created = NOW - 1000 };
	place = (struct survey_place){ "main", "123456789012", "eu-west-1",
		{ NOW, NOW, NOW, NOW }, { true, true, true, true } };
	group = (struct survey_group){ "sg-1", "web" };
	instance = (struct survey_instance){ 0, "i-1", "web", "running", "pair",
		"192.0.2.1", "", "required", "enabled", &group, 1, NULL };
	pair = (struct survey_pair){ 0, "pair", "key-1", "ed25519", "one", "",
		NOW, NULL };
	address = (struct survey_address){ 0, "192.0.2.9", "eipalloc-1", "i-1",
		"", NULL };
	rule = (struct survey_rule){ 0, "sgr-1", "sg-1", "tcp", "10.0.0.0/8",
		"", 22, 22, NULL };
	scan = (struct scan){ .keys = &file, .count = 1, .whole = true };
	vault = (struct keeper_keys){ &held, 0 };
	survey = (struct survey){ &place, 1, &instance, 1, &pair, 1, &address,
		1, &rule, 1 };
	facts = (struct audit_facts){ .scan = &scan,
		.vault_known = true,
		.vault = &vault,
		.survey = &survey,
		.now = NOW };
	return 0;
}

/* All findings but the one about hosts, "id:severity id:severity". */
static const char *
judge(void)
{
	static char text[1000];
	struct err e;

	findings_clear(&found);
	assert_int_equal(audit_judge(&facts, &found, &e), 0);
	text[0] = '\0';
	for (size_t i = 0; i < found.count; i++) {
		const struct finding *f = &found.list[i];

		if (strcmp(f->id, "host-key-unproven") == 0)
			continue;
		if (text[0] != '\0')
			strcat(text, " ");
		strcat(text, f->id);
		strcat(text, ":");
		strcat(text, severity_name(f->severity));
		assert_true(f->subject[0] != '\0' && f->text[0] != '\0');
	}
	return text;
}

static void
test_file(void **state)
{
	(void)state;
	assert_string_equal(judge(), "key-unprotected:high");
	instance.state = "stopped";
	assert_string_equal(judge(), "key-unprotected:medium");
	file.encrypted = true;
	assert_string_equal(judge(), "key-outside-vault:low");
	file.certificate = file.more = true;
	assert_string_equal(judge(), "");
	file.mode = 0640;
	assert_string_equal(judge(), "key-readable:medium");
	file.certificate = file.more = file.encrypted = false;
	assert_string_equal(judge(), "key-readable:high");
	instance.state = "running";
	assert_string_equal(judge(), "key-readable:critical");
	assert_non_null(strstr(found.list[0].text, "1 running instance: web"));
	assert_string_equal(found.list[0].command, "pemkeep import --move /x");
}

static void
test_copy(void **state)
{
	(void)state;
	vault.count = 1;
	held.fingerprint = TEXT("SHA256:one");
	assert_string_equal(judge(), "key-copy:medium");
	assert_string_equal(found.list[0].key, "held");
	file.encrypted = true;
	assert_string_equal(judge(), "key-copy:low");
	/* The public half may be all that says so. */
	file.fingerprint[0] = '\0';
	file.blob = NULL;
	assert_string_equal(judge(), "key-outside-vault:low");
	facts.vault_known = false;
	vault.count = 0;
	assert_string_equal(judge(), "");
}

static void
test_weak(void **state)
{
	static const struct {
		const char *type;
		unsigned bits;
		bool readable;
		const char *wanted;
	} keys[] = {
		{ "rsa", 2048, true, "key-unprotected:medium" },
		{ "rsa", 2047, true, "key-unprotected:medium key-weak:medium" },
		{ "rsa", 1024, true, "key-unprotected:medium key-weak:medium" },
		{ "rsa", 1023, false, "key-weak:high" },
		{ "rsa", 0, false, "key-unprotected:medium" },
		{ "dsa", 1024, false, "key-weak:high" },
		{ "ecdsa", 256, true, "key-unprotected:medium" },
		{ "", 0, false, "key-unprotected:medium" },
	};

	(void)state;
	survey = (struct survey){ 0 };
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		file.type = keys[i].type;
		file.bits = keys[i].bits;
		file.readable = keys[i].readable;
		assert_string_equal(judge(), keys[i].wanted);
	}
	/* The vault's own. */
	scan.count = 0;
	vault.count = 1;
	held.type = TEXT("rsa");
	held.bits = 1024;
	assert_string_equal(judge(), "key-weak:medium");
}

static void
test_age(void **state)
{
	(void)state;
	file.changed = NOW - 1000;
	facts.max_age = 1000;
	assert_string_equal(judge(), "key-unprotected:high");
	facts.max_age = 999;
	assert_string_equal(judge(), "key-unprotected:high key-old:low");
}

static void
test_links(void **state)
{
	struct scan_key two[2] = { file, file };

	(void)state;
	two[1].path = TEXT("/y");
	scan = (struct scan){ .keys = two, .count = 2, .whole = true };
	assert_string_equal(
	    judge(), "key-unprotected:high key-unprotected:high");
	two[0].links = two[1].links = 2;
	assert_string_equal(judge(), "key-unprotected:high");
	assert_non_null(strstr(found.list[0].text, "its other name is '/y'"));
	two[1].inode = 5;
	assert_string_equal(
	    judge(), "key-unprotected:high key-unprotected:high");
}

static void
test_holders(void **state)
{
	(void)state;
	scan.count = 0;
	assert_string_equal(judge(), "instance-without-key:medium");
	assert_string_equal(found.list[0].instances[0].id, "i-1");
	pair.name = "another";
	assert_string_equal(
	    judge(), "instance-without-key:medium pair-without-key:low");
	survey.instance_count = 0;
	assert_string_equal(judge(), "pair-without-key:low");
	/* It is not known whether there is one. */
	facts.vault_known = false;
	assert_string_equal(judge(), "");
	facts.vault_known = true;
	scan.whole = false;
	assert_string_equal(judge(), "");
	scan.whole = true;
	facts.files_only = true;
	assert_string_equal(judge(), "");
	facts.files_only = false;
	/* The vault has it, as EC2's fingerprint says. */
	vault.count = 1;
	pair.fingerprint = "two";
	assert_string_equal(judge(), "");
	/* The public key counts more than that. */
	pair.public_key = "ssh-ed25519 AAAA";
	assert_string_equal(judge(), "pair-without-key:low");
}

static void
test_nameless(void **state)
{
	(void)state;
	scan.count = 0;
	instance.key_pair = "";
	survey.pair_count = 0;
	assert_string_equal(judge(), "");
	instance.key_pair = "pair";
	/* A file that does not show what it is may be the one. */
	scan.count = 1;
	survey.pair_count = 1;
	pair.fingerprint = "three";
	file.blob = NULL;
	file.fingerprint[0] = '\0';
	file.encrypted = true;
	file.path = TEXT("/home/pair.pem");
	assert_string_equal(judge(), "key-outside-vault:low");
	file.path = TEXT("/home/pairs.pem");
	assert_string_equal(
	    judge(), "instance-without-key:medium key-outside-vault:low");
}

static void
test_rules(void **state)
{
	static const struct {
		const char *protocol, *cidr, *cidr6;
		int64_t from, to;
		const char *wanted;
	} rules[] = {
		{ "tcp", "0.0.0.0/0", "", 22, 22, "high" },
		{ "6", "0.0.0.0/0", "", 22, 22, "high" },
		{ "tcp", "0.0.0.0/0", "", 3389, 3389, "high" },
		{ "tcp", "0.0.0.0/0", "", 0, 65535, "high" },
		{ "tcp", "0.0.0.0/0", "", -1, -1, "high" },
		{ "tcp", "0.0.0.0/0", "", 21, 22, "high" },
		{ "tcp", "0.0.0.0/0", "", 22, 23, "high" },
		{ "tcp", "0.0.0.0/0", "", 23, 3388, "" },
		{ "tcp", "0.0.0.0/0", "", 21, 21, "" },
		{ "-1", "0.0.0.0/0", "", 0, 0, "high" },
		{ "-1", "0.0.0.0/0", "", -1, -1, "high" },
		{ "udp", "0.0.0.0/0", "", 22, 22, "" },
		{ "icmp", "0.0.0.0/0", "", -1, -1, "" },
		{ "tcp", "128.0.0.0/1", "", 22, 22, "high" },
		{ "tcp", "10.0.0.0/8", "", 22, 22, "" },
		{ "tcp", "203.0.113.7/32", "", 22, 22, "" },
		{ "tcp", "", "::/0", 22, 22, "low" }, /* has no such address */
		{ "tcp", "", "", 22, 22, "" },        /* another group */
		{ "tcp", "0.0.0.0", "", 22, 22, "" },
		{ "tcp", "0.0.0.0/", "", 22, 22, "" },
		{ "tcp", "0.0.0.0/-0", "", 22, 22, "" },
		{ "tcp", "0.0.0.0/0x", "", 22, 22, "" },
	};

	(void)state;
	scan.count = survey.pair_count = 0;
	instance.key_pair = "";
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		rule.protocol = rules[i].protocol;
		rule.cidr = rules[i].cidr;
		rule.cidr6 = rules[i].cidr6;
		rule.from = rules[i].from;
		rule.to = rules[i].to;
		(void)judge();
		if (found.count != (rules[i].wanted[0] != '\0'))
			fail_msg("rule %zu: %zu findings", i, found.count);
		if (found.count == 0)
			continue;
		assert_string_equal(found.list[0].id, "port-open-to-world");
		assert_string_equal(
		    severity_name(found.list[0].severity), rules[i].wanted);
		assert_string_equal(found.list[0].rule, "sgr-1");
	}
}

static void
test_reach(void **state)
{
	(void)state;
	scan.count = survey.pair_count = 0;
	instance.key_pair = "";
	rule.cidr = "0.0.0.0/0";
	assert_string_equal(judge(), "port-open-to-world:high");
	instance.public_ip = "";
	assert_string_equal(judge(), "port-open-to-world:low");
	rule.cidr6 = "::/0";
	instance.ipv6 = "2001:db8::1";
	assert_string_equal(judge(), "port-open-to-world:high");
	instance.state = "stopped";
	assert_string_equal(judge(), "port-open-to-world:low");
	group.id = "sg-2";
	assert_string_equal(judge(), "");
}

static void
test_others(void **state)
{
	(void)state;
	scan.count = survey.pair_count = 0;
	instance.key_pair = "";
	address.instance = "";
	assert_string_equal(judge(), "address-idle:low");
	address.interface = "eni-1";
	instance.tokens = "optional";
	assert_string_equal(judge(), "imds-v1:low");
	instance.endpoint = "disabled";
	assert_string_equal(judge(), "");
	/* A key of no use, where all that could use it was seen. */
	vault.count = 1;
	assert_string_equal(judge(), "");
	facts.cloud_whole = true;
	assert_string_equal(judge(), "vault-key-unused:info");
	place.since[SURVEY_PAIRS] = 0;
	assert_string_equal(judge(), "");
	place.since[SURVEY_PAIRS] = NOW;
	survey.place_count = 0;
	survey.instance_count = survey.address_count = survey.rule_count = 0;
	assert_string_equal(judge(), "");
}

static const char *
command_of(const char *id)
{
	(void)judge();
	for (size_t i = 0; i < found.count; i++)
		if (strcmp(found.list[i].id, id) == 0)
			return found.list[i].command;
	return "no such finding";
}

#define PLACE " --region eu-west-1 --profile main"

/* What somebody has named so that others copy it into their shell. */
static void
test_commands(void **state)
{
	(void)state;
	scan.count = 0;
	instance.key_pair = "-x";
	assert_string_equal(
	    command_of("instance-without-key"), "pemkeep import ./-x.pem");
	pair.name = "file:///home/me/.ssh/id_rsa";
	assert_string_equal(command_of("pair-without-key"),
	    "aws ec2 delete-key-pair --key-pair-id key-1" PLACE);
	pair.id = "file:///home/me/.ssh/id_rsa";
	assert_string_equal(command_of("pair-without-key"), "");
	address.instance = "";
	assert_string_equal(command_of("address-idle"),
	    "aws ec2 release-address --allocation-id eipalloc-1" PLACE);
	address.allocation = "--debug";
	assert_string_equal(command_of("address-idle"), "");
	rule.cidr = "0.0.0.0/0";
	assert_string_equal(command_of("port-open-to-world"),
	    "pemkeep allow i-1" PLACE
	    " && aws ec2 revoke-security-group-ingress --group-id sg-1 "
	    "--security-group-rule-ids sgr-1" PLACE);
	rule.id = "file:///x";
	assert_string_equal(command_of("port-open-to-world"), "");
	instance.name = "-oStrictHostKeyChecking=no";
	assert_string_equal(command_of("host-key-unproven"), "connect i-1");
	scan.count = 1;
	file.type = "rsa";
	file.bits = 1024;
	file.path = TEXT("/x/--type=x.pem");
	assert_string_equal(
	    command_of("key-weak"), "pemkeep generate 'type=x'-new");
	file.path = TEXT("/x/--");
	assert_string_equal(command_of("key-weak"), "pemkeep generate key-new");
}

static void
test_severities(void **state)
{
	enum severity s;

	(void)state;
	assert_true(severity_read("critical", &s) && s == CRITICAL);
	assert_true(severity_read("info", &s) && s == INFO);
	assert_true(severity_read("none", &s) && s == SEVERITIES);
	assert_false(severity_read("", &s));
	assert_false(severity_read("High", &s));
}

static int
begin(void **state)
{
	(void)state;
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_STATE_HOME");
	return mkdtemp(home) != NULL && setenv("HOME", home, 1) == 0 ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_file, set_up),
		cmocka_unit_test_setup(test_copy, set_up),
		cmocka_unit_test_setup(test_weak, set_up),
		cmocka_unit_test_setup(test_age, set_up),
		cmocka_unit_test_setup(test_links, set_up),
		cmocka_unit_test_setup(test_holders, set_up),
		cmocka_unit_test_setup(test_nameless, set_up),
		cmocka_unit_test_setup(test_rules, set_up),
		cmocka_unit_test_setup(test_reach, set_up),
		cmocka_unit_test_setup(test_others, set_up),
		cmocka_unit_test_setup(test_commands, set_up),
		cmocka_unit_test(test_severities),
	};
	int failed = cmocka_run_group_tests(tests, begin, NULL);

	findings_clear(&found);
	(void)rmdir(home);
	return failed;
}
