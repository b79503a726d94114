/* SPDX-License-Identifier: ISC */
/* One page, one line.  What is not an address never gets further than this. */

#include <arpa/inet.h>
#include <string.h>

#include "pemkeep/aws/my_address.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/aws/aws.h"
#include "src/aws/http.h"

#define TIMEOUT_MS 10000u
#define ANSWER_MAX 256u

/* The text without blanks around it, as the system would write it. */
static bool
read_address(const char *text, char address[static AWS_MY_ADDRESS_SIZE])
{
	size_t before = strspn(text, " \t\r\n"), len;
	char word[AWS_MY_ADDRESS_SIZE];
	struct in6_addr v6;
	struct in_addr v4;

	text += before;
	len = strcspn(text, " \t\r\n");
	if (len >= sizeof(word) || text[len + strspn(text + len, " \t\r\n")])
		return false;
	memcpy(word, text, len);
	word[len] = '\0';
	if (inet_pton(AF_INET, word, &v4) == 1)
		return inet_ntop(AF_INET, &v4, address, AWS_MY_ADDRESS_SIZE) !=
		    NULL;
	return inet_pton(AF_INET6, word, &v6) == 1 &&
	    inet_ntop(AF_INET6, &v6, address, AWS_MY_ADDRESS_SIZE) != NULL;
}

static int
no_address(const char *url, const char *why, struct err *e)
{
	err_set(e, ERR_NETWORK,
	    "this machine's public address could not be found out at '%s': %s",
	    url, why);
	err_hint(e,
	    "give the address yourself, or set 'my-address' in the config to "
	    "another page that answers with it");
	return ERR_NETWORK;
}

int
aws_my_address(struct aws *aws, const char *url,
    char address[static AWS_MY_ADDRESS_SIZE], struct err *e)
{
	struct http_request request = {
		.method = "GET", .timeout_ms = TIMEOUT_MS, .cap = ANSWER_MAX
	};
	struct http_response response = { 0 };
	struct http *http = aws_http(aws);
	struct buf answer = BUF_INIT;
	struct err why;
	int r;

	address[0] = '\0';
	if (http == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	request.url = url != NULL ? url : AWS_MY_ADDRESS_URL;
	request.ca_bundle = aws_ca_bundle(aws, NULL);
	r = http_call(http, &request, &answer, &response, &why);
	if (r == ERR_INTERRUPTED || r == ERR_NOMEM || r == ERR_UNSUPPORTED) {
		if (e != NULL)
			*e = why;
	} else if (r != 0) {
		r = no_address(request.url, why.text, e);
	} else if (response.status != 200 || answer.len == 0 ||
	    memchr(answer.data, '\0', answer.len) != NULL ||
	    !read_address(buf_text(&answer), address)) {
		address[0] = '\0';
		r = no_address(request.url, "it does not say one", e);
	}
	buf_free(&answer);
	return r;
}
