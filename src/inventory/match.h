/* SPDX-License-Identifier: ISC */
#ifndef INVENTORY_MATCH_H
#define INVENTORY_MATCH_H

/*
 * What a NAME may mean among instances: a Name tag, an id, an address, a DNS
 * name, a glob, "tag:KEY=VALUE", and "PROFILE/REGION/" before any of these.
 */

#include <stdbool.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/inventory/cache.h"

/*
 * Bytes.  A Name tag has at most 256 characters, and a Hangul syllable that is
 * typed as jamo has 9.
 */
#define MATCH_NAME_MAX 4096
#define MATCH_FORMS_MAX 12

/*
 * One reading.  Those of a rank count together; a higher rank only where a lower
 * one has found nothing.
 */
struct match_form {
	unsigned rank;
	enum cache_by by;
	struct buf text, value;
	bool has_value;
	struct buf profile, region; /* empty: wherever is searched */
};

struct match {
	struct match_form forms[MATCH_FORMS_MAX];
	size_t count;
};

/*
 * All readings of a name, the likeliest first.  An id is nothing else: nobody
 * shall take its place with a tag.  Clear it, whatever is in it.
 */
void match_read(const char *name, struct match *m);
void match_clear(struct match *m);
/* False without memory. */
bool match_ok(const struct match *m);

/* "eu-west-1"? */
bool match_is_region(const char *text, size_t len);
/* "i-0123456789abcdef0"? */
bool match_is_id(const char *text);

/* Could this mean several? */
bool match_is_pattern(const char *name);

#endif
