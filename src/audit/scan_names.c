/* SPDX-License-Identifier: ISC */
/*
 * Names that say that a file is no key: opening all of a home takes ten times as
 * long as reading its folders.  Only ends that say what program reads the file,
 * and none that a text, a download or a backup could have.
 */

#include <stdlib.h>
#include <string.h>

#include "src/audit/scan_child.h"

/* In the order of strcasecmp(). */
static const char *const dull[] = { "7z", "a", "aac", "apk", "ass", "avi",
	"avif", "bmp", "bz2", "c", "cc", "class", "cmake", "cpp", "cs", "css",
	"cxx", "d", "dart", "deb", "dex", "dll", "dmg", "doc", "docx", "dylib",
	"ejs", "elf", "eot", "epub", "erl", "ex", "exe", "exs", "f90", "flac",
	"flv", "fs", "gif", "go", "gz", "h", "hbs", "heic", "hh", "hpp", "hs",
	"htm", "html", "hxx", "ico", "img", "ipynb", "iso", "jar", "java",
	"jpeg", "jpg", "js", "json", "jsx", "kt", "lha", "lib", "lock", "lua",
	"lz4", "m4a", "m4v", "map", "mjs", "mkv", "ml", "mo", "mov", "mp3",
	"mp4", "mpeg", "mpg", "mts", "node", "o", "obj", "odp", "ods", "odt",
	"ogg", "opus", "otf", "pack", "pas", "pdb", "pdf", "php", "pl", "pm",
	"png", "po", "ppt", "pptx", "psd", "pub", "py", "pyc", "pyi", "pyo",
	"r", "rar", "raw", "rb", "rlib", "rmeta", "rpm", "rs", "s", "sass",
	"scala", "scss", "snap", "so", "sqlite", "svelte", "svg", "swift",
	"tar", "tex", "tgz", "tif", "tiff", "ts", "tsx", "ttf", "vsix", "vue",
	"wasm", "wav", "webm", "webp", "whl", "wma", "wmv", "woff", "woff2",
	"xcf", "xls", "xlsx", "xz", "zig", "zip", "zst" };

static int
compare(const void *key, const void *element)
{
	return strcasecmp(key, *(const char *const *)element);
}

bool
scan_is_dull(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL && dot != name &&
	    bsearch(dot + 1, dull, sizeof(dull) / sizeof(dull[0]),
		sizeof(dull[0]), compare) != NULL;
}
