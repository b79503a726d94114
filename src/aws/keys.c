/* SPDX-License-Identifier: ISC */
/* Keys as a value: checked when they come in, wiped when they go. */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/aws/call.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/aws/credentials_internal.h"

static void
drop(char **text)
{
	if (*text != NULL)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

void
aws_keys_clear(struct aws_keys *keys)
{
	drop(&keys->id);
	drop(&keys->secret);
	drop(&keys->token);
	drop(&keys->account);
	drop(&keys->source);
	keys->expires = 0;
}

void
keys_wipe_buf(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->capacity);
	buf_free(b);
}

void
keys_room(struct buf *b, size_t size)
{
	uint8_t zeros[1024] = { 0 };

	*b = (struct buf)BUF_INIT;
	while (b->len < size && buf_ok(b))
		buf_put(b, zeros, sizeof(zeros));
	buf_clear(b);
}

/* They go into the header of a request: no blank, no line end, no byte above. */
static bool
is_word(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < '!' || *text > '~')
			return false;
	return true;
}

static const char *
none_if_empty(const char *text)
{
	return text != NULL && *text != '\0' ? text : NULL;
}

static bool
copy(char **to, const char *text)
{
	*to = text != NULL ? strdup(text) : NULL;
	return text == NULL || *to != NULL;
}

static int
refuse(const char *name, const char *why, const char *what, struct err *e)
{
	err_set(e, ERR_FORMAT, "the %s %s %s", name, what, why);
	return ERR_FORMAT;
}

int
keys_set(struct aws_keys *keys, const struct keys_text *text, const char *what,
    struct err *e)
{
	const struct {
		const char *name, *text;
		bool needed;
	} parts[] = {
		{ "access key id", none_if_empty(text->id), true },
		{ "secret access key", none_if_empty(text->secret), true },
		{ "session token", none_if_empty(text->token), false },
	};
	const char *account = none_if_empty(text->account);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].text == NULL && parts[i].needed)
			return refuse(parts[i].name, "is missing", what, e);
		if (parts[i].text == NULL || is_word(parts[i].text))
			continue;
		refuse(parts[i].name,
		    "holds a blank or another character that no key has", what,
		    e);
		err_hint(e,
		    "in the AWS files a comment stands on a line of its own");
		return ERR_FORMAT;
	}
	aws_keys_clear(keys);
	keys->expires = text->expires;
	if (copy(&keys->id, parts[0].text) &&
	    copy(&keys->secret, parts[1].text) &&
	    copy(&keys->token, parts[2].text) &&
	    copy(&keys->account,
		account != NULL && aws_is_account(account) ? account : NULL) &&
	    copy(&keys->source, text->source))
		return 0;
	aws_keys_clear(keys);
	return err_set(e, ERR_NOMEM, "out of memory");
}

int
keys_copy(struct aws_keys *to, const struct aws_keys *from, struct err *e)
{
	const struct keys_text text = {
		.id = from->id,
		.secret = from->secret,
		.token = from->token,
		.account = from->account,
		.source = from->source,
		.expires = from->expires,
	};

	return keys_set(to, &text, "that was found", e);
}
