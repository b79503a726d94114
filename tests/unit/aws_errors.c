/* SPDX-License-Identifier: ISC */
/*
 * Errors: what is no error body, codes and messages of each form; what is said,
 * with which exit code, and what is done next.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/aws/errors.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *header, *body, *code, *message;
} bodies[] = {
	{ "", "", "", "" },
	{ "", " \r\n", "", "" },
	{ "", "<html><body><h1>502 Bad Gateway</h1></body></html>", "", "" },
	{ "", "<!DOCTYPE html><html><Error><Code>X</Code></Error></html>", "",
	    "" },
	{ "", "<Response><Errors><Error><Code>Cut</Code><Mess", "", "" },
	{ "", "<Response><Errors><Error><Code>Cut</Code>", "", "" },
	{ "", "<Response><Code>NotInError</Code></Response>", "", "" },
	{ "", "Service Unavailable", "", "" },
	{ "", "{\"__type\":\"Cut", "", "" },
	{ "", "[]", "", "" },
	{ "", "{\"__type\":5,\"message\":[]}", "", "" },
	{ "", "\x1F\x8B\x08", "", "" },
	{ "",
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors>"
	    "<Error><Code>AuthFailure</Code><Message>AWS was not able to "
	    "validate</Message></Error></Errors><RequestID>1</RequestID>"
	    "</Response>",
	    "AuthFailure", "AWS was not able to validate" },
	{ "",
	    "<ErrorResponse xmlns=\"https://sts.amazonaws.com/\"><Error>"
	    "<Type>Sender</Type><Code>ExpiredToken</Code><Message>a &amp; b"
	    "</Message></Error><RequestId/></ErrorResponse>",
	    "ExpiredToken", "a & b" },
	{ "",
	    "<ErrorResponse><Errors><Error><Message>m</Message>"
	    "<Detail><Code>inner</Code></Detail><Code>Outer</Code></Error>"
	    "<Error><Code>Second</Code></Error></Errors></ErrorResponse>",
	    "Outer", "m" },
	{ "", "<a><Error><Code>Whole</Code></Error><b></a>", "Whole", "" },
	{ "", "<Error><Code>two words</Code></Error>", "two", "" },
	{ "", "<Error><Code>a\x1B[2J</Code></Error>", "", "" },
	{ "", "{\"__type\":\"com.amazon#ParameterNotFound\",\"message\":\"m\"}",
	    "ParameterNotFound", "m" },
	{ "", "\n{\"__type\":\"Plain:http://x\",\"Message\":\"M\"}", "Plain",
	    "M" },
	{ "FromHeader", "{\"__type\":\"Other\",\"message\":\"m\"}",
	    "FromHeader", "m" },
	{ "FromHeader", "", "FromHeader", "" },
};

static void
reading(void **state)
{
	struct buf message = BUF_INIT;
	char code[ERRORS_CODE_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct http_response r = { .status = 400 };

		memcpy(r.error_type, bodies[i].header,
		    strlen(bodies[i].header) + 1);
		errors_read(
		    &r, bodies[i].body, strlen(bodies[i].body), code, &message);
		assert_string_equal(code, bodies[i].code);
		assert_string_equal(buf_text(&message), bodies[i].message);
	}
	buf_free(&message);
}

static void
long_ones(void **state)
{
	struct buf message = BUF_INIT, body = BUF_INIT;
	struct http_response r = { .status = 400 };
	char code[ERRORS_CODE_SIZE];

	(void)state;
	buf_put_text(&body, "<Error><Code>");
	for (int i = 0; i < 1000; i++)
		buf_put_text(&body, "C");
	buf_put_text(&body, "</Code><Message>");
	for (int i = 0; i < 10000; i++)
		buf_put_text(&body, "M");
	buf_put_text(&body, "</Message></Error>");
	errors_read(&r, body.data, body.len, code, &message);
	assert_int_equal(strlen(code), ERRORS_CODE_SIZE - 1);
	assert_in_range(message.len, 1000, 4096);
	buf_free(&body);
	buf_free(&message);
}

static const struct {
	const char *code, *message;
	struct http_response response;
	int64_t skew;
	enum err_code result;
	const char *text, *hint;
} said[] = {
	{ "UnauthorizedOperation",
	    "You are not authorized. Encoded authorization failure message: "
	    "xyz",
	    { .status = 403 }, 0, ERR_REFUSED,
	    "DescribeInstances in eu-west-1, profile 'dev': these keys may not "
	    "do this (UnauthorizedOperation): You are not authorized",
	    "a policy of these keys has to allow ec2:DescribeInstances" },
	{ "AuthFailure", "", { .status = 401 }, 0, ERR_REFUSED,
	    "AWS does not accept these keys (AuthFailure)",
	    "eu-west-1 is enabled" },
	{ "AuthFailure", "", { .status = 401 }, 400, ERR_REFUSED,
	    "; this machine's clock is 7 min behind", "set the clock" },
	{ "RequestExpired", "", { .status = 400 }, -86400, ERR_REFUSED,
	    "; this machine's clock is 24 h ahead", "set the clock" },
	{ "ExpiredToken", "", { .status = 403 }, 0, ERR_REFUSED, "have expired",
	    "aws sso login" },
	{ "InvalidClientTokenId", "", { .status = 403 }, 0, ERR_REFUSED,
	    "does not know these keys", "China" },
	{ "SignatureDoesNotMatch", "long", { .status = 403 }, 0, ERR_REFUSED,
	    "key id (SignatureDoesNotMatch)", "aws_secret_access_key" },
	{ "InvalidInstanceID.NotFound", "The instance ID 'i-1' does not exist",
	    { .status = 400 }, 0, ERR_NOT_FOUND,
	    "(InvalidInstanceID.NotFound): The instance ID 'i-1' does not "
	    "exist",
	    "" },
	{ "InvalidInstanceID.Malformed", "m", { .status = 400 }, 0, ERR_USAGE,
	    "form of an id", "" },
	{ "InvalidGroup.Duplicate", "m", { .status = 400 }, 0, ERR_EXISTS,
	    "there already", "" },
	{ "NotFound", "m", { .status = 400 }, 0, ERR_FAILED, ": NotFound: m",
	    "" },
	{ "IncorrectInstanceState", "m", { .status = 400 }, 0, ERR_FAILED,
	    "its state does not allow it", "wait" },
	{ "UnsupportedOperation", "m", { .status = 400 }, 0, ERR_UNSUPPORTED,
	    "cannot be done with it", "" },
	{ "RequestLimitExceeded", "", { .status = 503 }, 0, ERR_NETWORK,
	    "too many requests", "wait" },
	{ "Unavailable", "m", { .status = 503 }, 0, ERR_NETWORK,
	    "AWS cannot do it now (Unavailable): m", "wait" },
	{ "Some.New", "its words. ", { .status = 400 }, 0, ERR_FAILED,
	    "'dev': Some.New: its words", "" },
	{ "", "", { .status = 502, .type = "text/html" }, 0, ERR_NETWORK,
	    "answers as no AWS service does (status 502, text/html)",
	    "AWS_ENDPOINT_URL" },
	{ "", "", { .status = 403 }, 0, ERR_NETWORK, "(status 403)", "proxy" },
	{ "", "", { .status = 302 }, 0, ERR_NETWORK,
	    "sends us elsewhere (status 302), which is not followed", "" },
	{ "", "", { .status = 407 }, 0, ERR_NETWORK, "the proxy wants",
	    "HTTPS_PROXY" },
	{ "", "", { .failure = HTTP_NO_HOST, .problem = "p" }, 0, ERR_NETWORK,
	    "the host of 'https://e/' is not known",
	    "is 'eu-west-1' a region" },
	{ "", "", { .failure = HTTP_NO_ANSWER, .problem = "refused" }, 0,
	    ERR_NETWORK, "'https://e/' does not answer: refused", "online" },
	{ "", "", { .failure = HTTP_TIMEOUT, .problem = "late" }, 0,
	    ERR_NETWORK, "does not answer: late", "online" },
	{ "", "", { .failure = HTTP_TLS, .problem = "self-signed" }, 0,
	    ERR_NETWORK, "not to be trusted: self-signed", "AWS_CA_BUNDLE" },
	{ "", "", { .failure = HTTP_TOO_LARGE, .problem = "large" }, 0,
	    ERR_NETWORK, "large", "proxy" },
	{ "", "", { .status = 200, .problem = "no XML" }, 0, ERR_NETWORK,
	    "'https://e/': no XML", "proxy" },
	{ "", "", { .failure = HTTP_BAD_REQUEST, .problem = "clear" }, 0,
	    ERR_FAILED, "'https://e/': clear", "" },
	{ "", "", { .failure = HTTP_INTERRUPTED }, 0, ERR_INTERRUPTED,
	    "interrupted", "" },
};

static void
saying(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(said); i++) {
		struct errors_call call = { .action = "DescribeInstances",
			.service = "ec2",
			.region = "eu-west-1",
			.profile = "dev",
			.endpoint = "https://e/",
			.code = said[i].code,
			.message = said[i].message,
			.response = &said[i].response,
			.skew = said[i].skew,
			.attempts = 1 };
		struct err e;

		assert_int_equal(errors_say(&call, &e), said[i].result);
		assert_int_equal(e.code, said[i].result);
		assert_non_null(strstr(e.text, said[i].text));
		assert_non_null(strstr(e.hint, said[i].hint));
		assert_null(strstr(e.text, "(3 attempts)"));
		assert_null(strstr(e.text, "xyz"));
		call.attempts = 3;
		call.profile = NULL;
		errors_say(&call, &e);
		assert_non_null(strstr(e.text, " (3 attempts)"));
		assert_null(strstr(e.text, "profile 'dev'"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading),
		cmocka_unit_test(long_ones),
		cmocka_unit_test(saying),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
