/* SPDX-License-Identifier: ISC */
/*
 * XML of EC2 and STS to rows: what is refused, and why; what a page that is cut
 * off at any byte gives (nothing); then the rows.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pemkeep/aws/ec2.h"
#include "pemkeep/aws/sts.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/aws/rows.h"
#include "src/aws/xml.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define IN(inside) \
	"<DescribeInstancesResponse>" inside "</DescribeInstancesResponse>"
#define ONE(fields) \
	IN("<reservationSet><item><instancesSet><item>" fields \
	   "</item></instancesSet></item></reservationSet>")

/* All of it, in pieces of 'step' bytes. */
static int
feed(
    struct rows *rows, const char *text, size_t len, size_t step, struct err *e)
{
	int status = rows_begin(rows, e);

	for (size_t at = 0; at < len && status == 0; at += step)
		status = rows_feed(rows, text + at,
		    len - at < step ? len - at : step, false, e);
	return status == 0 ? rows_feed(rows, "", 0, true, e) : status;
}

static const struct {
	const char *text;
	int status;
	const char *why;
} refused[] = {
	{ "", ERR_NETWORK, "no element found" },
	{ "<html><body>503</body></html>", ERR_FORMAT, "something else" },
	{ "<!DOCTYPE html><html></html>", ERR_FORMAT, "document type" },
	{ "<!DOCTYPE a [<!ENTITY l \"lol\"><!ENTITY m \"&l;&l;&l;&l;\">]>"
	  "<DescribeInstancesResponse>&m;</DescribeInstancesResponse>",
	    ERR_FORMAT, "document type" },
	{ "<!DOCTYPE a SYSTEM \"file:///etc/passwd\">" IN(""), ERR_FORMAT,
	    "document type" },
	{ "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" IN("&x;"),
	    ERR_FORMAT, "document type" },
	{ IN("&lol;"), ERR_NETWORK, "undefined entity" },
	{ "<DescribeImagesResponse/>", ERR_FORMAT, "something else" },
	{ "<DescribeInstancesResponseX/>", ERR_FORMAT, "something else" },
	{ "<DescribeInstances/>", ERR_FORMAT, "something else" },
	{ "<Response><Errors/></Response>", ERR_FORMAT, "something else" },
	{ IN("<a></b>"), ERR_NETWORK, "mismatched" },
	{ IN("") IN(""), ERR_NETWORK, "junk after" },
	{ IN("") "x", ERR_NETWORK, "junk after" },
	{ "{\"a\":1}", ERR_NETWORK, "not well-formed" },
	{ "\x1F\x8B\x08\x00\x01\x02", ERR_NETWORK, "not well-formed" },
	{ ONE("<instanceId>\xFF</instanceId>"), ERR_NETWORK,
	    "not well-formed" },
	{ ONE("<instanceId>\x01</instanceId>"), ERR_NETWORK,
	    "not well-formed" },
	{ ONE("<instanceId>&#xx;</instanceId>"), ERR_NETWORK,
	    "not well-formed" },
	{ ONE("<instanceId>&#;</instanceId>"), ERR_NETWORK, "not well-formed" },
	{ ONE("<instanceId>&#x1B</instanceId>"), ERR_NETWORK,
	    "not well-formed" },
	{ ONE("<instanceId>&#00000000000027;</instanceId>"), ERR_NETWORK,
	    "invalid char" },
	{ IN("") "&#", ERR_NETWORK, "well-formed" },
};

static void
refused_texts(void **state)
{
	struct rows *rows = rows_new(&ec2_describe_instances);
	static const size_t steps[] = { 1, 7, 1000 };
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(refused) * COUNT(steps); i++) {
		const char *text = refused[i / COUNT(steps)].text;
		int status =
		    feed(rows, text, strlen(text), steps[i % COUNT(steps)], &e);

		assert_int_equal(status, refused[i / COUNT(steps)].status);
		assert_non_null(strstr(e.text, refused[i / COUNT(steps)].why));
		/* Nothing more is taken. */
		assert_int_equal(
		    rows_feed(rows, IN(""), strlen(IN("")), true, &e), status);
	}
	rows_free(rows);
	rows_free(NULL);
}

/* 'n' times 'part' between both ends. */
static struct buf
many(const char *begin, const char *part, size_t n, const char *end)
{
	struct buf b = BUF_INIT;

	buf_put_text(&b, begin);
	while (n-- > 0)
		buf_put_text(&b, part);
	buf_put_text(&b, end);
	return b;
}

#define DEEP "<a><b><c><d><e><f><g><h>"
#define ROW "<DescribeInstancesResponse><reservationSet><item><instancesSet>"

static const struct {
	const char *begin, *part;
	size_t n;
	const char *end;
	int status;
	const char *why;
} sizes[] = {
	{ "<DescribeInstancesResponse>", DEEP, 7, "", ERR_NETWORK,
	    "no element" },
	{ "<DescribeInstancesResponse>", DEEP, 8, "", ERR_FORMAT, "too deep" },
	{ ROW "<item><instanceId>", "0123456789ABCDEF", 4096, "", ERR_NETWORK,
	    "no element" },
	{ ROW "<item><instanceId>", "0123456789ABCDEF", 4096, "x", ERR_FORMAT,
	    "too long" },
	{ ROW "<item><instanceId>", "<x>junk</x>", 100000,
	    "</instanceId></item></instancesSet></item></reservationSet>"
	    "</DescribeInstancesResponse>",
	    0, "" },
	{ "<DescribeInstancesResponse a=\"", "0123456789ABCDEF", 1300000,
	    "\"/>", ERR_FORMAT, "a tag in it is too long" },
	{ "<DescribeInstancesResponse><", "0123456789ABCDEF", 100000, "/>",
	    ERR_NETWORK, "not well-formed" },
	{ "<DescribeInstancesResponse><!--", "0123456789ABCDEF", 100000, "-->",
	    ERR_FORMAT, "a tag in it is too long" },
	{ ROW, "<item/>", 200000, "", ERR_FORMAT, "too large" },
	/* what is in the row that there was no room for */
	{ ROW, "<item><tagSet><item/></tagSet></item>", 100000, "", ERR_FORMAT,
	    "too large" },
	{ ROW "<item><tagSet>", "<item/>", 2000000, "", ERR_FORMAT,
	    "too large" },
	{ ROW "<item><tagSet>",
	    "<item><key>0123456789</key><value>v</value></item>", 10000,
	    "</tagSet></item></instancesSet></item></reservationSet>"
	    "</DescribeInstancesResponse>",
	    0, "" },
};

static void
too_much(void **state)
{
	struct rows *rows = rows_new(&ec2_describe_instances);
	struct err e = { ERR_OK, "", "" };

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct buf b = many(
		    sizes[i].begin, sizes[i].part, sizes[i].n, sizes[i].end);
		const char *text = buf_text(&b);

		assert_true(buf_ok(&b));
		assert_int_equal(
		    feed(rows, text, b.len, 16384, &e), sizes[i].status);
		if (sizes[i].status != 0)
			assert_non_null(strstr(e.text, sizes[i].why));
		buf_free(&b);
	}
	rows_free(rows);
}

static const char instances[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<DescribeInstancesResponse "
    "xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\n"
    "  <requestId>r-1</requestId><nextToken>t&amp;1</nextToken>\n"
    "  <reservationSet><item><reservationId>r-2</reservationId>\n"
    "   <groupSet/><instancesSet>\n"
    "    <item><instanceId>i-1</instanceId><imageId>ami-1</imageId>\n"
    "     <instanceState><code>16</code><name>running</name></instanceState>\n"
    "     <dnsName/><unknown><instanceId>i-x</instanceId></unknown>\n"
    "     <launchTime>2026-11-21T08:15:00.000Z</launchTime>\n"
    "     <placement><tenancy>default</tenancy><availabilityZone>eu-west-1a"
    "</availabilityZone></placement>\n"
    "     <ipAddress>192.0.2.1</ipAddress>\n"
    "     <tagSet><item><key>Name</key><value>a&lt;b&#x1F600;</value></item>"
    "<item><value>\xED\x95\x9C</value><key>\xEA\xB8\x80</key></item>"
    "<item><key>a</key></item><item/><item><key>5</key></item></tagSet>\n"
    "     <networkInterfaceSet><item><networkInterfaceId>eni-1"
    "</networkInterfaceId><association><publicIp>192.0.2.1</publicIp>"
    "<ipOwnerId>amazon</ipOwnerId></association><ipv6AddressesSet><item>"
    "<ipv6Address>2001:db8::1</ipv6Address></item></ipv6AddressesSet></item>"
    "<item><networkInterfaceId>eni-2</networkInterfaceId></item>"
    "</networkInterfaceSet></item>\n"
    "    <item><instanceId>i-2</instanceId>"
    "<instanceState><name>stopped</name><code>80</code></instanceState>"
    "<launchTime>yesterday</launchTime></item>\n"
    "   </instancesSet></item>\n"
    "   <item><instancesSet><item><tagSet/><keyName>k</keyName>"
    "<keyName>l</keyName></item></instancesSet></item>\n"
    "   <item><instancesSet/></item></reservationSet>\n"
    "</DescribeInstancesResponse>\n";

static void
cut_off(void **state)
{
	struct rows *rows = rows_new(&ec2_describe_instances);
	size_t len = strlen(instances) - 1;
	struct err e;

	(void)state;
	for (size_t i = 0; i < len; i++)
		assert_int_equal(
		    feed(rows, instances, i, 512, &e), ERR_NETWORK);
	assert_int_equal(feed(rows, instances, len, 512, &e), 0);
	rows_free(rows);
}

static void
check_first(const struct ec2_instance *i)
{
	const struct ec2_tag *tags = i->tags.items;
	const struct ec2_interface *interfaces = i->interfaces.items;
	const struct ec2_ipv6 *ipv6;

	assert_string_equal(i->id, "i-1");
	assert_string_equal(i->image, "ami-1");
	assert_string_equal(i->state, "running");
	assert_string_equal(i->public_dns, "");
	assert_string_equal(i->key, "");
	assert_string_equal(i->zone, "eu-west-1a");
	assert_string_equal(i->public_ip, "192.0.2.1");
	assert_int_equal(i->launched, 1795248900);
	assert_int_equal(i->tags.count, 5);
	assert_string_equal(tags[0].key, "Name");
	assert_string_equal(tags[0].value, "a<b\xF0\x9F\x98\x80");
	assert_string_equal(tags[1].key, "\xEA\xB8\x80");
	assert_string_equal(tags[1].value, "\xED\x95\x9C");
	assert_string_equal(tags[2].value, "");
	assert_string_equal(tags[3].key, "");
	assert_string_equal(tags[4].key, "5");
	assert_int_equal(i->interfaces.count, 2);
	assert_string_equal(interfaces[0].id, "eni-1");
	assert_string_equal(interfaces[0].public_ip_owner, "amazon");
	assert_int_equal(interfaces[0].ipv6.count, 1);
	ipv6 = interfaces[0].ipv6.items;
	assert_string_equal(ipv6[0].address, "2001:db8::1");
	assert_string_equal(interfaces[1].id, "eni-2");
	assert_int_equal(interfaces[1].ipv6.count, 0);
	assert_null(interfaces[1].ipv6.items);
}

static void
rows_of_instances(void **state)
{
	struct rows *rows = rows_new(&ec2_describe_instances);
	const struct ec2_instance *i;

	(void)state;
	for (size_t step = 1; step < 2000; step += 13) {
		assert_int_equal(
		    feed(rows, instances, strlen(instances), step, NULL), 0);
		assert_string_equal(rows_token(rows), "t&1");
		check_first(i = rows_next(rows, NULL));
		i = rows_next(rows, i);
		assert_string_equal(i->id, "i-2");
		assert_string_equal(i->state, "stopped");
		assert_int_equal(i->launched, 0);
		i = rows_next(rows, i);
		assert_string_equal(i->id, "");
		assert_string_equal(i->key, "l");
		assert_null(rows_next(rows, i));
	}
	/* An empty page, behind one that was not. */
	assert_int_equal(feed(rows, IN("<reservationSet/>"),
			     strlen(IN("<reservationSet/>")), 5, NULL),
	    0);
	assert_null(rows_next(rows, NULL));
	assert_string_equal(rows_token(rows), "");
	rows_free(rows);
}

#define CONSOLE(output) \
	"<GetConsoleOutputResponse><instanceId>i-1</instanceId>" \
	"<timestamp>2026-11-21T08:15:00Z</timestamp>" output \
	"</GetConsoleOutputResponse>"

static void
row_of_the_root(void **state)
{
	static const struct {
		const char *text, *output;
	} cases[] = {
		{ CONSOLE(""), NULL },
		{ CONSOLE("<output/>"), NULL },
		{ CONSOLE("<output> \n </output>"), NULL },
		{ CONSOLE("<output>no base64!</output>"), NULL },
		{ CONSOLE("<output>aGVs\r\nbG8=\n</output>"), "hello" },
	};
	struct rows *rows = rows_new(&ec2_get_console_output);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct ec2_console *c;
		const char *want = cases[i].output;

		assert_int_equal(
		    feed(rows, cases[i].text, strlen(cases[i].text), 11, NULL),
		    0);
		c = rows_next(rows, NULL);
		assert_non_null(c);
		assert_string_equal(c->instance, "i-1");
		assert_int_equal(c->time, 1795248900);
		assert_int_equal(c->output.data == NULL, want == NULL);
		assert_int_equal(
		    c->output.len, want == NULL ? 0 : strlen(want));
		if (want != NULL)
			assert_memory_equal(
			    c->output.data, want, c->output.len);
		assert_null(rows_next(rows, c));
	}
	rows_free(rows);
}

/* 64 KiB of console are 87 KiB of text. */
static void
long_output(void **state)
{
	struct rows *rows = rows_new(&ec2_get_console_output);
	struct buf b = many("<GetConsoleOutputResponse><output>", "QUFB", 40000,
	    "</output></GetConsoleOutputResponse>");
	const struct ec2_console *c;

	(void)state;
	assert_int_equal(feed(rows, buf_text(&b), b.len, 4096, NULL), 0);
	c = rows_next(rows, NULL);
	assert_int_equal(c->output.len, 120000);
	buf_free(&b);
	rows_free(rows);
}

static void
row_of_sts(void **state)
{
	static const char text[] =
	    "<AssumeRoleResponse><AssumeRoleResult><Credentials>"
	    "<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</"
	    "SecretAccessKey>"
	    "<SessionToken>t</SessionToken>"
	    "<Expiration>2026-11-21T08:15:00Z</Expiration></Credentials>"
	    "<AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn>"
	    "</AssumedRoleUser></AssumeRoleResult><ResponseMetadata/>"
	    "</AssumeRoleResponse>";
	struct rows *rows = rows_new(&sts_assume_role);
	const struct sts_credentials *c;

	(void)state;
	assert_int_equal(feed(rows, text, strlen(text), 3, NULL), 0);
	c = rows_next(rows, NULL);
	assert_string_equal(c->id, "ASIA");
	assert_string_equal(c->secret, "s");
	assert_string_equal(c->token, "t");
	assert_int_equal(c->expires, 1795248900);
	assert_string_equal(c->arn, "arn:aws:sts::1:assumed-role/r/s");
	rows_free(rows);
}

/* Items that are nothing but a text, and a list that is not there. */
static void
items_of_text(void **state)
{
	static const char text[] =
	    "<DescribeInstanceTypesResponse><instanceTypeSet>"
	    "<item><processorInfo><supportedArchitectures><item>i386</item>"
	    "<item/><item>x86<b>-</b>_64</item></supportedArchitectures>"
	    "</processorInfo><instanceType>t2.micro</instanceType>"
	    "<freeTierEligible>true</freeTierEligible></item>"
	    "<item><instanceType>t4g.micro</instanceType></item>"
	    "</instanceTypeSet></DescribeInstanceTypesResponse>";
	struct rows *rows = rows_new(&ec2_describe_instance_types);
	const struct ec2_type *row;
	const struct ec2_text *items;

	(void)state;
	for (size_t step = 1; step < 50; step++) {
		assert_int_equal(feed(rows, text, strlen(text), step, NULL), 0);
		row = rows_next(rows, NULL);
		assert_string_equal(row->name, "t2.micro");
		assert_true(row->free_tier);
		assert_int_equal(row->architectures.count, 3);
		items = row->architectures.items;
		assert_string_equal(items[0].text, "i386");
		assert_string_equal(items[1].text, "");
		assert_string_equal(items[2].text, "x86_64");
		row = rows_next(rows, row);
		assert_string_equal(row->name, "t4g.micro");
		assert_false(row->free_tier);
		assert_int_equal(row->architectures.count, 0);
		assert_null(row->architectures.items);
		assert_null(rows_next(rows, row));
	}
	rows_free(rows);
}

struct kinds {
	int64_t number, time;
	bool flag;
};

static const struct aws_field kind_fields[] = {
	{ "n", AWS_INT, offsetof(struct kinds, number), NULL },
	{ "t", AWS_TIME, offsetof(struct kinds, time), NULL },
	{ "b", AWS_BOOL, offsetof(struct kinds, flag), NULL },
};
static const struct aws_table kind_table = { "set/item", sizeof(struct kinds),
	kind_fields, COUNT(kind_fields) };
static const struct aws_action kind_action = { .name = "Kinds",
	.table = &kind_table };

static void
wrong_types(void **state)
{
	static const struct {
		const char *text;
		int64_t want;
	} numbers[] = {
		{ "", 0 },
		{ "0", 0 },
		{ "-1", -1 },
		{ "65535", 65535 },
		{ "9223372036854775806", INT64_MAX - 1 },
		{ "9223372036854775808", 0 },
		{ "-9223372036854775809", 0 },
		{ "1e5", 0 },
		{ " 1", 0 },
		{ "1 ", 0 },
		{ "+1", 0 },
		{ "0x10", 0 },
		{ "-", 0 },
	};
	struct rows *rows = rows_new(&kind_action);

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		const struct kinds *k;
		struct buf b = BUF_INIT;

		buf_printf(&b,
		    "<KindsResponse><set><item><n>%s</n><b>%s</b><t>%s</t>"
		    "</item></set></KindsResponse>",
		    numbers[i].text, i % 2 == 0 ? "true" : "True",
		    numbers[i].text);
		assert_int_equal(feed(rows, buf_text(&b), b.len, 9, NULL), 0);
		k = rows_next(rows, NULL);
		assert_int_equal(k->number, numbers[i].want);
		assert_int_equal(k->flag, i % 2 == 0);
		assert_int_equal(k->time, 0);
		buf_free(&b);
	}
	rows_free(rows);
}

/* References, cut at each place: what XML cannot have is U+FFFD. */
static void
references(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "a&#x1B;[2Jb", "a\xEF\xBF\xBD[2Jb" },
		{ "&#27;&#0;&#31;", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" },
		{ "&#x9;&#10;&#32;", "\t\n " },
		{ "&#xD83D;&#xDE00;", "\xEF\xBF\xBD\xEF\xBF\xBD" },
		{ "&#x1F600;&#128512;", "\xF0\x9F\x98\x80\xF0\x9F\x98\x80" },
		{ "&#xFFFE;&#xFffF;", "\xEF\xBF\xBD\xEF\xBF\xBD" },
		{ "&#x110000;&#xFFFFFFFF;", "\xEF\xBF\xBD\xEF\xBF\xBD" },
		{ "&#x0000041;&amp;#x1B;", "A&#x1B;" },
		{ "&lt;&gt;&quot;&apos;&amp;", "<>\"'&" },
	};
	struct rows *rows = rows_new(&ec2_describe_instances);
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases) * 40; i++) {
		const struct ec2_instance *row;

		buf_clear(&b);
		buf_printf(
		    &b, ONE("<keyName>%s</keyName>"), cases[i / 40].text);
		assert_int_equal(
		    feed(rows, buf_text(&b), b.len, 1 + i % 40, NULL), 0);
		row = rows_next(rows, NULL);
		assert_string_equal(row->key, cases[i / 40].want);
	}
	buf_free(&b);
	rows_free(rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_texts),
		cmocka_unit_test(too_much),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(rows_of_instances),
		cmocka_unit_test(row_of_the_root),
		cmocka_unit_test(long_output),
		cmocka_unit_test(row_of_sts),
		cmocka_unit_test(items_of_text),
		cmocka_unit_test(wrong_types),
		cmocka_unit_test(references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
