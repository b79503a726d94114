/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AWS_XML_H
#define PEMKEEP_SRC_AWS_XML_H

/*
 * XML as it comes, over expat: elements and the text in them, for whoever wants
 * them.  Attributes and namespaces are passed over.  A document type is refused
 * where it begins (EC2 never sends one), and so are elements within each other
 * without end, and names, tags and texts that are too long.
 *
 * A reference to a character that XML cannot have ("&#x1B;": tags of EC2 may hold
 * anything) is U+FFFD, so that one name does not spoil all the others.
 */

#include <stdbool.h>
#include <stddef.h>

struct err;
struct xml;

#define XML_DEPTH_MAX 64
#define XML_TOKEN_MAX 0x20000u     /* bytes: 128 KiB, a tag */
#define XML_TEXT_MAX 0x10000u      /* 64 KiB */
#define XML_LONG_TEXT_MAX 0x40000u /* 256 KiB */

enum xml_interest {
	XML_PASS,     /* nothing of it: its end() is not called either */
	XML_INTO,     /* the elements in it */
	XML_TEXT,     /* the text in it, of at most XML_TEXT_MAX */
	XML_LONG_TEXT /* the same, XML_LONG_TEXT_MAX */
};

struct xml_events {
	enum xml_interest (*start)(void *arg, const char *name);
	/* 'text' is "" for XML_INTO; it is terminated.  False: stop. */
	bool (*end)(void *arg, const char *text, size_t len);
};

/* Load expat.  ERR_UNSUPPORTED: it is not there. */
int xml_load(struct err *e);

/* NULL without memory, or without expat.  'events' must outlive it. */
struct xml *xml_new(const struct xml_events *events, void *arg);
void xml_free(struct xml *xml);

/* Begin a new document. */
bool xml_reset(struct xml *xml);

/*
 * The next bytes; 'last': there are no more.  ERR_NETWORK: it is no XML, or has
 * been cut off; ERR_FORMAT: refused, see above, or what end() has refused;
 * ERR_NOMEM.  Nothing more is taken after a failure.
 */
int xml_feed(
    struct xml *xml, const void *bytes, size_t len, bool last, struct err *e);

#endif
