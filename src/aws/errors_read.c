/* SPDX-License-Identifier: ISC */
/*
 * The first element Error, at any depth and whatever the root is: EC2, STS, and
 * those that imitate them differ in all else.
 */

#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/json.h"

#include "src/aws/errors.h"
#include "src/aws/xml.h"

#define MESSAGE_MAX 2048u

struct found {
	char *code;
	struct buf *message;
	char last; /* 'C'ode, 'M'essage: whose text comes next */
	bool inside, done;
};

/* A code is a word. */
static void
take_code(char code[static ERRORS_CODE_SIZE], const char *text, size_t len)
{
	const char *colon = memchr(text, ':', len);
	const char *hash = memchr(text, '#', len);
	size_t n = 0;

	if (hash != NULL) {
		len -= (size_t)(hash + 1 - text);
		text = hash + 1;
	} else if (colon != NULL) {
		len = (size_t)(colon - text);
	}
	for (; n < len && n + 1 < ERRORS_CODE_SIZE && text[n] > ' ' &&
	     text[n] <= '~';
	     n++)
		code[n] = text[n];
	code[n] = '\0';
}

static void
take_message(struct buf *message, const char *text, size_t len)
{
	buf_clear(message);
	buf_put(message, text, len < MESSAGE_MAX ? len : MESSAGE_MAX);
}

static enum xml_interest
on_start(void *arg, const char *name)
{
	struct found *f = arg;

	f->last = '\0';
	if (f->done)
		return XML_PASS;
	if (f->inside && strcmp(name, "Code") == 0)
		f->last = 'C';
	else if (f->inside && strcmp(name, "Message") == 0)
		f->last = 'M';
	else if (f->inside)
		return XML_PASS;
	else if (strcmp(name, "Error") == 0)
		f->inside = true;
	return f->last == '\0' ? XML_INTO : XML_TEXT;
}

static bool
on_end(void *arg, const char *text, size_t len)
{
	struct found *f = arg;

	if (f->last == 'C')
		take_code(f->code, text, len);
	else if (f->last == 'M')
		take_message(f->message, text, len);
	else if (f->inside)
		f->done = true;
	f->last = '\0';
	return true;
}

static void
read_xml(const void *body, size_t len, char *code, struct buf *message)
{
	static const struct xml_events events = { on_start, on_end };
	struct found found = { .code = code, .message = message };
	struct xml *xml = xml_new(&events, &found);

	/* What comes behind the error need not be whole. */
	if (xml != NULL)
		xml_feed(xml, body, len, true, NULL);
	xml_free(xml);
	if (!found.done) {
		code[0] = '\0';
		buf_clear(message);
	}
}

static void
read_json(const void *body, size_t len, char *code, struct buf *message)
{
	struct json_value *top;
	const char *text;

	if (json_parse(body, len, "error", &top, NULL) != 0)
		return;
	text = json_member_text(top, "__type");
	if (text != NULL && code[0] == '\0')
		take_code(code, text, strlen(text));
	text = json_member_text(top, "message");
	if (text == NULL)
		text = json_member_text(top, "Message");
	if (text != NULL)
		take_message(message, text, strlen(text));
	json_value_free(top);
}

void
errors_read(const struct http_response *response, const void *body, size_t len,
    char code[static ERRORS_CODE_SIZE], struct buf *message)
{
	const char *at = body;

	buf_clear(message);
	take_code(code, response->error_type, strlen(response->error_type));
	while (len > 0 && strchr(" \t\r\n", *at) != NULL) {
		at++;
		len--;
	}
	if (len > 0 && *at == '{')
		read_json(at, len, code, message);
	else if (len > 0 && *at == '<' && code[0] == '\0')
		read_xml(at, len, code, message);
}
