/* SPDX-License-Identifier: ISC */
/* Where a request may go at all; the rest of http.h is for a real server. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/aws/http.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *url, *why;
} refused[] = {
	{ "", "neither https nor http" },
	{ "ftp://127.0.0.1/", "neither https nor http" },
	{ "file:///etc/passwd", "neither https nor http" },
	{ "HTTP://192.0.2.1/", "neither https nor http" },
	{ "http://192.0.2.1/", "without TLS" },
	{ "http://127.0.0.1.example/", "without TLS" },
	{ "http://localhost.example/", "without TLS" },
	{ "http://[::2]/", "without TLS" },
	{ "http://127.0.0.1/\r\nHost: x", "control characters" },
	/* This machine's name is the user here, and what follows the host. */
	{ "http://127.0.0.1:1@127.0.0.2:1/", "a user in it" },
	{ "http://[::1]@127.0.0.2:1/", "a user in it" },
	{ "http://localhost:1@127.0.0.2:1/", "a user in it" },
	{ "https://a:b@127.0.0.2:1/", "a user in it" },
};

static void
refused_urls(void **state)
{
	const struct http_options options = { .user_agent = "test" };
	struct http *http = http_new(&options);
	struct http_response response;
	struct buf body = BUF_INIT;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		const struct http_request request = {
			.method = "GET",
			.url = refused[i].url,
		};

		assert_int_equal(
		    http_call(http, &request, &body, &response, &e),
		    ERR_FAILED);
		assert_non_null(strstr(e.text, refused[i].why));
		assert_false(response.sent);
	}
	buf_free(&body);
	http_free(http);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_urls),
	};

	return cmocka_run_group_tests_name("aws_http", tests, NULL, NULL);
}
