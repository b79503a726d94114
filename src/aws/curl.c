/* SPDX-License-Identifier: ISC */
/* The only place that loads libcurl, and starts and stops it. */

#include <stddef.h>

#include "pemkeep/base/err.h"
#include "pemkeep/base/library.h"

#include "src/aws/curl.h"

#define LEAST 0x075600u /* 7.86 */

#define FUNCTION(name) \
	{ \
		"curl_" #name, offsetof(struct curl, name) \
	}

static const struct library_function functions[] = {
	FUNCTION(global_init),
	FUNCTION(global_cleanup),
	FUNCTION(version_info),
	FUNCTION(getdate),
	FUNCTION(slist_append),
	FUNCTION(slist_free_all),
	FUNCTION(easy_init),
	FUNCTION(easy_setopt),
	FUNCTION(easy_getinfo),
	FUNCTION(easy_strerror),
	FUNCTION(easy_cleanup),
	FUNCTION(multi_init),
	FUNCTION(multi_setopt),
	FUNCTION(multi_add_handle),
	FUNCTION(multi_remove_handle),
	FUNCTION(multi_perform),
	FUNCTION(multi_poll),
	FUNCTION(multi_info_read),
	FUNCTION(multi_cleanup),
};

int
curl_load(struct curl *curl, struct err *e)
{
	static const char *const files[] = { "libcurl.so.4", "libcurl.4.dylib",
		NULL };
	const struct library library = { "libcurl", "libcurl4", files,
		functions, sizeof(functions) / sizeof(functions[0]) };
	const curl_version_info_data *version;
	int r;

	if ((r = library_load(&library, curl, e)) != 0)
		return r;
	version = curl->version_info(CURLVERSION_NOW);
	if (version->version_num < LEAST)
		return err_set(e, ERR_UNSUPPORTED,
		    "libcurl %s is too old: 7.86 is the least",
		    version->version);
	if (curl->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(e, ERR_FAILED, "libcurl does not start");
	return 0;
}

void
curl_unload(struct curl *curl)
{
	curl->global_cleanup();
}
