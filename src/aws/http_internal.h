/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AWS_HTTP_INTERNAL_H
#define PEMKEEP_SRC_AWS_HTTP_INTERNAL_H

/* What http.c (the loop) and http_easy.c (one request) share. */

#include "src/aws/curl.h"
#include "src/aws/http.h"

struct http {
	struct http_options options;
	struct curl curl;
	CURLM *multi; /* NULL: libcurl has not been loaded */
	struct transfer *list;
};

struct transfer {
	struct transfer *next;
	struct http *http;
	struct http_request request;
	struct http_sign sign;
	int64_t due; /* ms of CLOCK_MONOTONIC */
	CURL *easy;  /* NULL until then */
	struct curl_slist *headers;
	size_t header_bytes;
	bool too_large, unwanted;
	struct http_response response;
	char problem[CURL_ERROR_SIZE];
};

/*
 * Make the handle.  False: it cannot be sent, the response says why; there is
 * no handle then.
 */
bool http_easy(struct transfer *t);

/* Complete the response. */
void http_easy_done(struct transfer *t, CURLcode result);

#endif
