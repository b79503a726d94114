/* SPDX-License-Identifier: ISC */
/*
 * The only file that uses expat.  A tag that does not end makes expat keep all
 * of it, and look at it again each time: how far it lags behind is the length
 * of what it keeps.
 */

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/aws/expat.h"
#include "src/aws/xml.h"

#define REFERENCE_MAX 12u /* characters: "&#x0010FFFF;" */
#define REPLACEMENT "\xEF\xBF\xBD"

struct xml {
	XML_Parser parser;
	const struct xml_events *events;
	void *arg;
	unsigned depth;  /* of open elements that are of interest */
	unsigned passed; /* of open elements that are not */
	size_t text_max; /* 0: no text is wanted now */
	struct buf text;
	char held[REFERENCE_MAX + 1]; /* begin of a reference */
	size_t held_len;
	long long fed;
	int failure; /* of ours; 0: none */
	const char *why;
};

static void
stop(struct xml *xml, int code, const char *why)
{
	if (xml->failure == 0) {
		xml->failure = code;
		xml->why = why;
	}
	XML_StopParser(xml->parser, XML_FALSE);
}

static void XMLCALL
on_doctype(void *arg, const char *name, const char *system, const char *public,
    int internal)
{
	(void)name, (void)system, (void)public, (void)internal;
	stop(arg, ERR_FORMAT, "it has a document type");
}

static void XMLCALL
on_start(void *arg, const char *name, const char **attributes)
{
	struct xml *xml = arg;

	(void)attributes;
	if (xml->depth + xml->passed >= XML_DEPTH_MAX) {
		stop(xml, ERR_FORMAT, "its elements are too deep");
		return;
	}
	if (xml->passed > 0 || xml->text_max > 0) {
		xml->passed++;
		return;
	}
	switch (xml->events->start(xml->arg, name)) {
	case XML_PASS:
		xml->passed++;
		return;
	case XML_INTO:
		break;
	case XML_TEXT:
		xml->text_max = XML_TEXT_MAX;
		break;
	case XML_LONG_TEXT:
		xml->text_max = XML_LONG_TEXT_MAX;
		break;
	}
	xml->depth++;
}

static void XMLCALL
on_end(void *arg, const char *name)
{
	struct xml *xml = arg;

	(void)name;
	if (xml->passed > 0) {
		xml->passed--;
		return;
	}
	xml->depth--;
	xml->text_max = 0;
	if (!buf_ok(&xml->text))
		stop(xml, ERR_NOMEM, "out of memory");
	else if (!xml->events->end(
		     xml->arg, buf_text(&xml->text), xml->text.len))
		stop(xml, ERR_FORMAT, "it is not what was asked for");
	buf_clear(&xml->text);
}

/* In pieces: at each entity, and where the bytes end. */
static void XMLCALL
on_text(void *arg, const char *text, int len)
{
	struct xml *xml = arg;

	if (xml->text_max == 0 || xml->passed > 0)
		return;
	if ((size_t)len > xml->text_max - xml->text.len)
		stop(xml, ERR_FORMAT, "a text in it is too long");
	else
		buf_put(&xml->text, text, (size_t)len);
}

static void
set_up(struct xml *xml)
{
	XML_SetUserData(xml->parser, xml);
	XML_SetStartDoctypeDeclHandler(xml->parser, on_doctype);
	XML_SetElementHandler(xml->parser, on_start, on_end);
	XML_SetCharacterDataHandler(xml->parser, on_text);
	xml->depth = 0;
	xml->passed = 0;
	xml->text_max = 0;
	xml->held_len = 0;
	xml->fed = 0;
	xml->failure = 0;
	buf_clear(&xml->text);
}

int
xml_load(struct err *e)
{
	return expat_load(e);
}

struct xml *
xml_new(const struct xml_events *events, void *arg)
{
	struct xml *xml;

	if (xml_load(NULL) != 0 || (xml = calloc(1, sizeof(*xml))) == NULL)
		return NULL;
	xml->parser = XML_ParserCreate("UTF-8");
	if (xml->parser == NULL) {
		free(xml);
		return NULL;
	}
	xml->events = events;
	xml->arg = arg;
	set_up(xml);
	return xml;
}

/* The text may have been a secret. */
void
xml_free(struct xml *xml)
{
	if (xml == NULL)
		return;
	XML_ParserFree(xml->parser);
	if (xml->text.data != NULL)
		explicit_bzero(xml->text.data, xml->text.capacity);
	buf_free(&xml->text);
	free(xml);
}

bool
xml_reset(struct xml *xml)
{
	if (!XML_ParserReset(xml->parser, "UTF-8"))
		return false;
	set_up(xml);
	return true;
}

static int
said(const struct xml *xml, struct err *e)
{
	return err_set(e, (enum err_code)xml->failure,
	    "the answer is refused: %s", xml->why);
}

static int
parse(struct xml *xml, const void *bytes, size_t len, bool last, struct err *e)
{
	enum XML_Status status;

	if (xml->failure != 0)
		return said(xml, e);
	if (len > INT_MAX)
		return err_set(e, ERR_NOMEM, "out of memory");
	status = XML_Parse(xml->parser, bytes, (int)len, last);
	xml->fed += (long long)len;
	if (status == XML_STATUS_OK && !last &&
	    xml->fed - XML_GetCurrentByteIndex(xml->parser) > XML_TOKEN_MAX)
		stop(xml, ERR_FORMAT, "a tag in it is too long");
	if (xml->failure != 0)
		return said(xml, e);
	if (status == XML_STATUS_OK)
		return 0;
	xml->why = XML_ErrorString(XML_GetErrorCode(xml->parser));
	xml->failure = XML_GetErrorCode(xml->parser) == XML_ERROR_NO_MEMORY
	    ? ERR_NOMEM
	    : ERR_NETWORK;
	return said(xml, e);
}

/* What XML 1.0 calls a Char. */
static bool
is_char(unsigned long v)
{
	return v == '\t' || v == '\n' || v == '\r' ||
	    (v >= 0x20 && v < 0xD800) || (v >= 0xE000 && v < 0xFFFE) ||
	    (v >= 0x10000 && v < 0x110000);
}

/*
 * How many bytes a '&' takes: all of a reference to what is no character, else
 * 1; 0 when there are too few to say.
 */
static size_t
reference(const char *at, size_t left, bool *bad)
{
	size_t begin = 2, n;
	unsigned long v = 0;
	int base = 10;

	*bad = false;
	if (left > 1 && at[1] != '#')
		return 1;
	if (left > 2 && at[2] == 'x') {
		base = 16;
		begin = 3;
	}
	for (n = begin; n < left && n < REFERENCE_MAX; n++) {
		const char *digits = "0123456789abcdefABCDEF", *digit;
		unsigned value;

		if (at[n] == ';')
			break;
		digit = memchr(digits, at[n], base == 10 ? 10 : 22);
		if (digit == NULL)
			return 1;
		value = (unsigned)(digit - digits);
		v = v * (unsigned)base + (value > 15 ? value - 6 : value);
	}
	if (n >= left && n < REFERENCE_MAX)
		return 0;
	*bad = n > begin && n < left && at[n] == ';' && !is_char(v);
	return *bad ? n + 1 : 1;
}

/* With what was held back, byte by byte until it is clear what that is. */
static int
feed_held(struct xml *xml, const char **at, size_t *left, struct err *e)
{
	size_t n = 0;
	bool bad = false;

	while (n == 0 && *left > 0) {
		xml->held[xml->held_len++] = *(*at)++;
		--*left;
		n = reference(xml->held, xml->held_len, &bad);
	}
	if (n == 0)
		return 0;
	n = xml->held_len;
	xml->held_len = 0;
	return bad ? parse(xml, REPLACEMENT, 3, false, e)
		   : parse(xml, xml->held, n, false, e);
}

int
xml_feed(
    struct xml *xml, const void *bytes, size_t len, bool last, struct err *e)
{
	const char *at = bytes, *start, *end;
	int status = 0;
	size_t n;
	bool bad;

	if (xml->failure != 0)
		return said(xml, e);
	if (xml->held_len > 0)
		status = feed_held(xml, &at, &len, e);
	end = at + len;
	for (start = at; status == 0 && at < end &&
	     (at = memchr(at, '&', (size_t)(end - at))) != NULL;
	     at += n) {
		n = reference(at, (size_t)(end - at), &bad);
		if (n == 0) {
			xml->held_len = (size_t)(end - at);
			memcpy(xml->held, at, xml->held_len);
			end = at;
		} else if (bad) {
			status =
			    parse(xml, start, (size_t)(at - start), false, e);
			if (status == 0)
				status = parse(xml, REPLACEMENT, 3, false, e);
			start = at + n;
		}
	}
	if (status == 0)
		status = parse(xml, start, (size_t)(end - start),
		    last && xml->held_len == 0, e);
	if (status == 0 && last && xml->held_len > 0)
		status = parse(xml, xml->held, xml->held_len, true, e);
	return status;
}
