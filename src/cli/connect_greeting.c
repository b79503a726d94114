/* SPDX-License-Identifier: ISC */

/*
 * What cloud-init has a root login say (disable_root_opts): the whole line, as it
 * stands in there, or it is none.
 */

#include <string.h>

#include "src/cli/connect_cloud.h"

#define BEFORE "Please login as the user \""
#define AFTER "\" rather than the user \"root\"."

bool
connect_user_is(const char *text, size_t len)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	static const char others[] = "0123456789.-";

	if (len == 0 || len > CONNECT_USER_MAX ||
	    memchr(letters, text[0], sizeof(letters) - 1) == NULL)
		return false;
	for (size_t i = 1; i < len; i++)
		if (memchr(letters, text[i], sizeof(letters) - 1) == NULL &&
		    memchr(others, text[i], sizeof(others) - 1) == NULL)
			return false;
	return len != 4 || memcmp(text, "root", 4) != 0;
}

static void
read_line(const char *line, size_t len, char name[static CONNECT_USER_MAX + 1])
{
	const size_t before = sizeof(BEFORE) - 1, after = sizeof(AFTER) - 1;

	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (len <= before + after || memcmp(line, BEFORE, before) != 0 ||
	    memcmp(line + len - after, AFTER, after) != 0)
		return;
	len -= before + after;
	if (!connect_user_is(line + before, len))
		return;
	memcpy(name, line + before, len);
	name[len] = '\0';
}

void
connect_user_greeting(const char *text, char name[static CONNECT_USER_MAX + 1])
{
	const char *end;

	name[0] = '\0';
	for (; name[0] == '\0' && (end = strchr(text, '\n')) != NULL;
	     text = end + 1)
		read_line(text, (size_t)(end - text), name);
}
