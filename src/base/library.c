/* SPDX-License-Identifier: ISC */
/*
 * dlopen() without RTLD_GLOBAL: libcurl brings a libssh2 that is another one
 * than ours, and nothing is to be found by accident.
 */

#include <dlfcn.h>
#include <string.h>

#include "pemkeep/base/err.h"
#include "pemkeep/base/library.h"

static int
missing(const struct library *library, struct err *e)
{
	const char *why = dlerror();

	err_set(e, ERR_UNSUPPORTED, "%s cannot be loaded: %s", library->name,
	    why != NULL ? why : "it is not whole");
	err_hint(e, "install %s (Debian: apt-get install %s)", library->name,
	    library->package);
	return ERR_UNSUPPORTED;
}

int
library_load(const struct library *library, void *table, struct err *e)
{
	void *handle = NULL, *function;

	for (const char *const *file = library->files;
	     *file != NULL && handle == NULL; file++)
		handle = dlopen(*file, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL)
		return missing(library, e);
	for (size_t i = 0; i < library->count; i++) {
		const struct library_function *f = &library->functions[i];

		if ((function = dlsym(handle, f->name)) == NULL)
			return missing(library, e);
		/* POSIX has it so: both pointers are the same bits. */
		memcpy((char *)table + f->offset, &function, sizeof(function));
	}
	return 0;
}
