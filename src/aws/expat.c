/* SPDX-License-Identifier: ISC */
/* The table of expat's functions, the same for all documents. */

#include <stdbool.h>
#include <stddef.h>

#include "pemkeep/base/library.h"

#include "src/aws/expat.h"

struct expat expat;

#define X(name) { "XML_" #name, offsetof(struct expat, name) },
static const struct library_function functions[] = { EXPAT_FUNCTIONS(X) };
#undef X

int
expat_load(struct err *e)
{
	static const char *const files[] = { "libexpat.so.1",
		"libexpat.1.dylib", NULL };
	const struct library library = { "expat", "libexpat1", files, functions,
		sizeof(functions) / sizeof(functions[0]) };
	static bool loaded;
	int r = loaded ? 0 : library_load(&library, &expat, e);

	loaded = r == 0;
	return r;
}
