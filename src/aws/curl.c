/* SPDX-License-Identifier: ISC */
/*
 * The only place that loads libcurl.  It is never unloaded: the libraries it
 * brings are not all made for that, and the program is about to end anyway.
 */

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "pemkeep/base/err.h"

#include "src/aws/curl.h"

#define LEAST 0x075600u /* 7.86 */

static const char *const names[] = { "libcurl.so.4", "libcurl.4.dylib" };

#define FUNCTION(name) \
	{ \
		"curl_" #name, offsetof(struct curl, name) \
	}

static const struct {
	const char *name;
	size_t offset;
} functions[] = {
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

/* Without RTLD_GLOBAL: its libssh2 is another one than ours. */
static void *
open_library(void)
{
	void *library = NULL;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (library == NULL)
			library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	return library;
}

int
curl_load(struct curl *curl, struct err *e)
{
	void *library = open_library(), *function;
	const curl_version_info_data *version;

	if (library == NULL)
		goto missing;
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		function = dlsym(library, functions[i].name);
		if (function == NULL)
			goto missing;
		/* POSIX has it so: both pointers are the same bits. */
		memcpy((char *)curl + functions[i].offset, &function,
		    sizeof(function));
	}
	version = curl->version_info(CURLVERSION_NOW);
	if (version->version_num < LEAST)
		return err_set(e, ERR_UNSUPPORTED,
		    "libcurl %s is too old: 7.86 is the least",
		    version->version);
	if (curl->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(e, ERR_FAILED, "libcurl does not start");
	return 0;
missing:
	err_set(e, ERR_UNSUPPORTED, "libcurl cannot be loaded: %s", dlerror());
	err_hint(e, "install libcurl (Debian: apt-get install libcurl4)");
	return ERR_UNSUPPORTED;
}

void
curl_unload(struct curl *curl)
{
	curl->global_cleanup();
}
