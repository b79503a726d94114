/* SPDX-License-Identifier: ISC */
/*
 * Signature version 4: what cannot be signed; then AWS' published vectors (the
 * first four, of its test suite), and values that botocore 1.43 has computed,
 * also on both sides of midnight.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/aws/sign.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define SUITE "us-east-1", "service", 1440938160
#define FORM "application/x-www-form-urlencoded"
#define BODY "Action=DescribeInstances&Version=2016-11-15"

static const char long_secret[] =
    "0123456789012345678901234567890123456789012345678901234567890123456789"
    "0123456789012345678901234567890123456789012345678901234567890123456789"
    "0123456789012345678901234567890123456789012345678901234567890123456789"
    "01234567890123456789012345678901234567890123456";

static const struct {
	const char *url, *id, *secret, *token, *header;
	int status;
} refused[] = {
	{ "example.com/", "A", SECRET, NULL, "A: b", ERR_FAILED },
	{ "https:///x", "A", SECRET, NULL, "A: b", ERR_FAILED },
	{ "https://a/", "A\nB", SECRET, NULL, "A: b", ERR_REFUSED },
	{ "https://a/", "A B", SECRET, NULL, "A: b", ERR_REFUSED },
	{ "https://a/", "A", "secret\n", NULL, "A: b", ERR_REFUSED },
	{ "https://a/", "A", SECRET, "t\r\nX: y", "A: b", ERR_REFUSED },
	{ "https://a/", "A", SECRET, "\xC3\xA9", "A: b", ERR_REFUSED },
	{ "https://a/", "A", long_secret, NULL, "A: b", ERR_FAILED },
	{ "https://a/", "A", SECRET, NULL, "no colon", ERR_FAILED },
	{ "https://a/", "A", SECRET, NULL, ": no name", ERR_FAILED },
	{ "https://a/?1&2&3&4&5&6&7&8&9&a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q&r&s&t"
	  "&u&v&w&x",
	    "A", SECRET, NULL, "A: b", ERR_FAILED },
};

static void
not_signed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		const char *const headers[] = { refused[i].header, NULL };
		const struct sign_request r = { .method = "GET",
			.url = refused[i].url,
			.headers = headers,
			.id = refused[i].id,
			.secret = refused[i].secret,
			.token = refused[i].token,
			.region = "r",
			.service = "s",
			.now = 0 };
		struct buf out = BUF_INIT;
		struct err e;

		assert_int_equal(sign_v4(&r, &out, &e), refused[i].status);
		assert_int_equal(e.code, refused[i].status);
		assert_null(strstr(buf_text(&out), "Authorization"));
		assert_null(strstr(e.text, SECRET));
		buf_free(&out);
	}
}

static const struct {
	const char *method, *url, *headers[3], *body, *token;
	const char *region, *service;
	int64_t now;
	const char *names, *signature;
} signed_as[] = {
	{ "GET", "https://example.amazonaws.com/", { NULL }, "", NULL, SUITE,
	    "host;x-amz-date",
	    "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf3"
	    "1" },
	{ "POST", "https://example.amazonaws.com", { NULL }, "", NULL, SUITE,
	    "host;x-amz-date",
	    "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6"
	    "b" },
	{ "POST", "https://example.amazonaws.com/", { "Content-Type: " FORM },
	    "Param1=value1", NULL, SUITE, "content-type;host;x-amz-date",
	    "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473"
	    "a" },
	{ "GET", "https://example.amazonaws.com/?Param2=value2&Param1=value1",
	    { NULL }, "", "", SUITE, "host;x-amz-date",
	    "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf250"
	    "0" },
	{ "POST", "https://ec2.eu-west-1.amazonaws.com/",
	    { "content-type:" FORM ";  charset=utf-8 " }, BODY, NULL,
	    "eu-west-1", "ec2", 1440979199, "content-type;host;x-amz-date",
	    "b9bcdfaf8490a4b79bd42d52a364ebc2cb5d149f83b991fcd9d9da01cc5227c"
	    "8" },
	{ "POST", "https://ec2.eu-west-1.amazonaws.com/",
	    { "Content-Type: " FORM "; charset=utf-8" }, BODY, NULL,
	    "eu-west-1", "ec2", 1440979200, "content-type;host;x-amz-date",
	    "3ecbbd75ba337951cb31bcde8f3ed47c81e2779ce43218daef480915024245e"
	    "f" },
	{ "POST", "http://127.0.0.1:8080/",
	    { "Content-Type: " FORM "; charset=utf-8" }, BODY,
	    "TOKEN/+==", "eu-west-1", "ec2", 1440979200,
	    "content-type;host;x-amz-date;x-amz-security-token",
	    "67634e83456a427f7f3c4ded808a819bfeb5da8fba9ef7ec9c1fa30a65aaf59"
	    "a" },
	{ "POST", "https://ssm.eu-west-1.amazonaws.com:443/",
	    { "X-Amz-Target: AmazonSSM.GetParameter",
		"Content-Type: application/x-amz-json-1.1" },
	    "{\"Name\":\"a  b\"}", NULL, "eu-west-1", "ssm", 1440979200,
	    "content-type;host;x-amz-date;x-amz-target",
	    "012391a5feddea2406a5bd3e48fb972f193c5a64834ca126e669f65f08fd64f"
	    "4" },
	{ "GET", "http://127.0.0.1:80/a/b?z=1&b&a=2&a=1&A=3", { NULL }, "",
	    NULL, "eu-west-1", "ec2", 1440979200, "host;x-amz-date",
	    "6eb999f8f1c5220701a63d032f40b48edd3b6d87aaf1b35dc8be8abfe3f3c66"
	    "2" },
};

static void
as_others_sign(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(signed_as); i++) {
		const struct sign_request r = { .method = signed_as[i].method,
			.url = signed_as[i].url,
			.headers = signed_as[i].headers,
			.body = signed_as[i].body,
			.body_len = strlen(signed_as[i].body),
			.id = "AKIDEXAMPLE",
			.secret = SECRET,
			.token = signed_as[i].token,
			.region = signed_as[i].region,
			.service = signed_as[i].service,
			.now = signed_as[i].now };
		struct buf out = BUF_INIT;
		const char *at;
		char want[300];

		assert_int_equal(sign_v4(&r, &out, NULL), 0);
		snprintf(want, sizeof(want), "SignedHeaders=%s, Signature=%s\n",
		    signed_as[i].names, signed_as[i].signature);
		at = strstr(buf_text(&out), "SignedHeaders=");
		assert_non_null(at);
		assert_string_equal(at, want);
		assert_int_equal(
		    strstr(buf_text(&out), "X-Amz-Security-Token: ") != NULL,
		    r.token != NULL && *r.token != '\0');
		assert_null(strstr(buf_text(&out), SECRET));
		buf_free(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(not_signed),
		cmocka_unit_test(as_others_sign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
