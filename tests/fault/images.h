/* SPDX-License-Identifier: ISC */
#ifndef FAULT_IMAGES_H
#define FAULT_IMAGES_H

/*
 * Vaults in memory, and where their parts begin, for tests that change them.
 * All open with the passphrase "old".
 */

#include <stddef.h>
#include <stdint.h>

struct scene;

#define PREAMBLE 16
#define HASH 32
#define SMALL 4 /* records */
#define LARGE 100

struct image {
	uint8_t *data;
	size_t len;
	size_t header; /* length of the TLV list */
	size_t index;  /* offsets */
	size_t records;
	size_t record; /* length of each record */
	size_t memory; /* offset of the passphrase hash's memory cost */
};

struct images {
	struct image small, next, other, large;
};

/*
 * Make them all, in the scene's folders.  'next' is one save later than
 * 'small', with every record written anew; 'other' is another vault of the
 * same layout; 'large' has 100 records of one length.
 */
void images_make(struct images *images, struct scene *s);
void images_free(struct images *images);

uint32_t images_u32(const uint8_t *p);

#endif
