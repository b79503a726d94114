/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AWS_CURL_H
#define PEMKEEP_SRC_AWS_CURL_H

/*
 * libcurl, loaded when it is first needed: it brings some 25 libraries, which
 * `pemkeep --version` and a connection to a known host need not pay for.
 */

#include <curl/curl.h>

struct err;

/* The functions that are used, with the types that curl.h gives them. */
struct curl {
	__typeof__(curl_global_init) *global_init;
	__typeof__(curl_global_cleanup) *global_cleanup;
	__typeof__(curl_version_info) *version_info;
	__typeof__(curl_getdate) *getdate;
	__typeof__(curl_slist_append) *slist_append;
	__typeof__(curl_slist_free_all) *slist_free_all;
	__typeof__(curl_easy_init) *easy_init;
	__typeof__(curl_easy_setopt) *easy_setopt;
	__typeof__(curl_easy_getinfo) *easy_getinfo;
	__typeof__(curl_easy_strerror) *easy_strerror;
	__typeof__(curl_easy_cleanup) *easy_cleanup;
	__typeof__(curl_multi_init) *multi_init;
	__typeof__(curl_multi_setopt) *multi_setopt;
	__typeof__(curl_multi_add_handle) *multi_add_handle;
	__typeof__(curl_multi_remove_handle) *multi_remove_handle;
	__typeof__(curl_multi_perform) *multi_perform;
	__typeof__(curl_multi_poll) *multi_poll;
	__typeof__(curl_multi_info_read) *multi_info_read;
	__typeof__(curl_multi_cleanup) *multi_cleanup;
};

/*
 * Fill the table and start the library.  ERR_UNSUPPORTED: it is not there, or
 * too old.  curl_unload() stops it, but leaves it in memory.
 */
int curl_load(struct curl *curl, struct err *e);
void curl_unload(struct curl *curl);

#endif
