/* SPDX-License-Identifier: ISC */
/*
 * Parameters as a form.  Blanks become '+': some who check signatures write the
 * form anew before they do, and write it so.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pemkeep/aws/call.h"
#include "pemkeep/base/buf.h"

#define NAME_MAX_LEN 128

static void
put_encoded(struct buf *out, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~";

	for (; *text != '\0'; text++)
		if (strchr(plain, *text) != NULL)
			buf_put_u8(out, (uint8_t)*text);
		else if (*text == ' ')
			buf_put_u8(out, '+');
		else
			buf_printf(out, "%%%02X", (unsigned char)*text);
}

void
aws_param(struct buf *params, const char *value, const char *name, ...)
{
	char text[NAME_MAX_LEN];
	va_list arguments;
	int len;

	va_start(arguments, name);
	len = vsnprintf(text, sizeof(text), name, arguments);
	va_end(arguments);
	if (len < 0 || (size_t)len >= sizeof(text))
		params->failed = true;
	if (params->len > 0)
		buf_put_u8(params, '&');
	put_encoded(params, text);
	buf_put_u8(params, '=');
	put_encoded(params, value);
}

void
aws_param_filter(struct buf *params, unsigned n, const char *name,
    const char *const *values, size_t count)
{
	aws_param(params, name, "Filter.%u.Name", n);
	for (size_t i = 0; i < count; i++)
		aws_param(params, values[i], "Filter.%u.Value.%zu", n, i + 1);
}
