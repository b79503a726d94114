/* SPDX-License-Identifier: ISC */
/* Endpoints of the partitions, given ones, and how parameters are written. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "pemkeep/aws/call.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/aws/endpoint.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
refused(void **state)
{
	static const struct {
		const char *given, *region;
	} cases[] = {
		{ NULL, "" },
		{ NULL, "EU-WEST-1" },
		{ NULL, "eu west 1" },
		{ NULL, "eu-west-1." },
		{ NULL, "evil.example/#" },
		{ NULL, "eu-west-1@evil" },
		{ NULL, "-eu" },
		{ NULL, "eu-" },
		{ NULL, "1eu" },
		{ NULL, "eu\nwest" },
		{ NULL, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
		{ "https://ok", "../x" },
		{ "", "eu-west-1" },
		{ "ok.example", "eu-west-1" },
		{ "ftp://ok.example", "eu-west-1" },
		{ "file:///etc/passwd", "eu-west-1" },
		{ "HTTPS://ok.example", "eu-west-1" },
		{ "https://", "eu-west-1" },
		{ "https:///path", "eu-west-1" },
		{ "https://:443/", "eu-west-1" },
		{ "https://-x", "eu-west-1" },
		{ "https://user:pw@ok.example", "eu-west-1" },
		{ "https://ok.example/?q", "eu-west-1" },
		{ "https://ok.example/#f", "eu-west-1" },
		{ "https://ok.example/%41", "eu-west-1" },
		{ "https://ok.example/a b", "eu-west-1" },
		{ "https://ok\r\n.example", "eu-west-1" },
	};
	struct buf url = BUF_INIT;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(endpoint_url(cases[i].given, "ec2",
				     cases[i].region, &url, &e),
		    ERR_USAGE);
		assert_true(e.text[0] != '\0' && e.hint[0] != '\0');
	}
	buf_free(&url);
}

static void
partitions(void **state)
{
	static const struct {
		const char *region, *host;
	} cases[] = {
		{ "eu-west-1", "eu-west-1.amazonaws.com" },
		{ "us-east-1", "us-east-1.amazonaws.com" },
		{ "ap-southeast-7", "ap-southeast-7.amazonaws.com" },
		{ "il-central-1", "il-central-1.amazonaws.com" },
		{ "mx-central-1", "mx-central-1.amazonaws.com" },
		{ "xx-new-9", "xx-new-9.amazonaws.com" },
		{ "us-government-1", "us-government-1.amazonaws.com" },
		{ "cn-north-1", "cn-north-1.amazonaws.com.cn" },
		{ "cn-northwest-1", "cn-northwest-1.amazonaws.com.cn" },
		{ "us-gov-west-1", "us-gov-west-1.amazonaws.com" },
		{ "eusc-de-east-1", "eusc-de-east-1.amazonaws.eu" },
		{ "us-iso-east-1", "us-iso-east-1.c2s.ic.gov" },
		{ "us-isob-east-1", "us-isob-east-1.sc2s.sgov.gov" },
		{ "eu-isoe-west-1", "eu-isoe-west-1.cloud.adc-e.uk" },
		{ "us-isof-south-1", "us-isof-south-1.csp.hci.ic.gov" },
	};
	struct buf url = BUF_INIT, want = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		buf_clear(&want);
		buf_printf(&want, "https://sts.%s/", cases[i].host);
		assert_int_equal(
		    endpoint_url(NULL, "sts", cases[i].region, &url, NULL), 0);
		assert_string_equal(buf_text(&url), buf_text(&want));
	}
	buf_free(&url);
	buf_free(&want);
}

static void
given(void **state)
{
	static const char *const cases[][2] = {
		{ "http://127.0.0.1:4566", "http://127.0.0.1:4566/" },
		{ "http://127.0.0.1:4566/", "http://127.0.0.1:4566/" },
		{ "http://[::1]:80", "http://[::1]:80/" },
		{ "https://vpce-0a.ec2.eu-west-1.vpce.amazonaws.com",
		    "https://vpce-0a.ec2.eu-west-1.vpce.amazonaws.com/" },
		{ "https://gw.example/aws/ec2", "https://gw.example/aws/ec2/" },
	};
	struct buf url = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
		    endpoint_url(cases[i][0], "ec2", "eu-west-1", &url, NULL),
		    0);
		assert_string_equal(buf_text(&url), cases[i][1]);
	}
	buf_free(&url);
}

static void
parameters(void **state)
{
	static const char *const names[] = { "web *", "\xED\x95\x9C" };
	struct buf out = BUF_INIT;

	(void)state;
	aws_param(&out, "", "Empty");
	aws_param(&out, "a b+c/=&?#%~.-_\n", "InstanceId.%u", 12u);
	aws_param_filter(&out, 2, "tag:Name", names, 2);
	assert_string_equal(buf_text(&out),
	    "Empty=&InstanceId.12=a+b%2Bc%2F%3D%26%3F%23%25~.-_%0A"
	    "&Filter.2.Name=tag%3AName"
	    "&Filter.2.Value.1=web+%2A&Filter.2.Value.2=%ED%95%9C");
	assert_true(buf_ok(&out));
	buf_clear(&out);
	aws_param(&out, "x", "%0200d", 1);
	assert_false(buf_ok(&out));
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(partitions),
		cmocka_unit_test(given),
		cmocka_unit_test(parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
