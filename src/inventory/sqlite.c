/* SPDX-License-Identifier: ISC */
/*
 * The table of SQLite's functions, the same for all caches: the library is there
 * once, and its callbacks know of no cache.
 */

#include <stdbool.h>
#include <stddef.h>

#include "pemkeep/base/library.h"

#include "src/inventory/sqlite.h"

struct sqlite sqlite;

#define X(name) { "sqlite3_" #name, offsetof(struct sqlite, name) },
static const struct library_function functions[] = { SQLITE_FUNCTIONS(X) };
#undef X

int
sqlite_load(struct err *e)
{
	static const char *const files[] = { "libsqlite3.so.0",
		"libsqlite3.dylib", NULL };
	const struct library library = { "SQLite", "libsqlite3-0", files,
		functions, sizeof(functions) / sizeof(functions[0]) };
	static bool loaded;
	int r;

	if (loaded)
		return 0;
	if ((r = library_load(&library, &sqlite, e)) != 0)
		return r;
	/* Nobody asks how much memory it has; counting takes a lock each time. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	loaded = true;
	return 0;
}
