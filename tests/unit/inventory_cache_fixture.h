/* SPDX-License-Identifier: ISC */
#ifndef TESTS_INVENTORY_CACHE_FIXTURE_H
#define TESTS_INVENTORY_CACHE_FIXTURE_H

/* A cache in a folder of its own, and things to put into it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/inventory/cache.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PATH "cache/inventory.db"
#define ACCOUNT "111122223333"
#define REGION "eu-west-1"
#define NOW 1700000000

static inline struct cache *
must_open(void)
{
	struct cache *c;

	assert_int_equal(cache_open(PATH, &c, NULL), 0);
	return c;
}

static inline struct cache *
open_good(void)
{
	struct cache *c = must_open();

	if (cache_trouble(c) != NULL)
		fail_msg("%s", cache_trouble(c));
	return c;
}

/* Names only, "running", with an address made of the number. */
static inline int
store_row(struct cache_store *s, int n, const char *name, const char *state)
{
	char id[32], ip[32];
	struct cache_tag tag = { "Name", name };
	struct cache_instance i = { .id = id,
		.name = name,
		.state = state,
		.public_ip = ip,
		.tags = &tag,
		.tag_count = 1 };

	snprintf(id, sizeof(id), "i-%08x", n);
	snprintf(ip, sizeof(ip), "54.0.%d.%d", n / 256, n % 256);
	return cache_store_instance(s, &i, NULL);
}

/* Once more when the file turns out to be damaged, as a caller does. */
static inline void
store_names(struct cache *c, const char *region, int64_t now,
    const char *const *names, size_t count)
{
	struct cache_store *s;
	int r = ERR_FORMAT;

	for (int tries = 0; tries < 2 && r == ERR_FORMAT; tries++) {
		assert_int_equal(
		    cache_store_begin(c, ACCOUNT, region, now, &s, NULL), 0);
		for (size_t i = 0; i < count; i++)
			assert_int_equal(
			    store_row(s, (int)i, names[i], "running"), 0);
		r = cache_store_end(s, CACHE_INSTANCES, NULL);
		cache_store_free(s);
	}
	assert_int_equal(r, 0);
}

static inline int64_t
place_of(struct cache *c, const char *region)
{
	struct cache_place place;
	struct err e = { .text = "" };

	if (cache_place(c, ACCOUNT, region, &place, &e) != 0)
		fail_msg("%s", e.text);
	return place.id;
}

static inline int
put_id(void *arg, const struct cache_instance *i)
{
	struct buf *b = arg;

	buf_printf(b, "%s%s", b->len > 0 ? " " : "", i->id + 2);
	return 0;
}

/* The ids that are found, without "i-". */
static inline const char *
find(struct cache *c, enum cache_by by, const char *text, const char *value,
    const int64_t *places, size_t count, struct buf *out)
{
	const struct cache_query q = { by, text, value, places, count };

	buf_clear(out);
	assert_int_equal(cache_find(c, &q, put_id, out, NULL), 0);
	return buf_text(out);
}

/* A world of two regions with something of everything. */
static inline void
fill(struct cache *c)
{
	static const struct cache_tag tags_a[] = { { "Name", "web" },
		{ "env", "prod" }, { "team", "\xE1\x84\x80\xE1\x85\xA1" },
		{ "\xE1\x84\x80\xE1\x85\xA1", "key" } };
	static const struct cache_tag tags_b[] = { { "Name", "web-2" },
		{ "env", "dev" }, { "", "" } };
	static const struct cache_instance rows[] = {
		{ .id = "i-0000000a",
		    .name = "web",
		    .state = "running",
		    .type = "t3.micro",
		    .zone = "eu-west-1a",
		    .image = "ami-1",
		    .key_pair = "key",
		    .public_ip = "54.1.1.1",
		    .private_ip = "10.0.0.1",
		    .ipv6 = "2001:db8::1",
		    .public_dns = "ec2-54-1-1-1.compute.amazonaws.com",
		    .private_dns = "ip-10-0-0-1.ec2.internal",
		    .details = "Linux/UNIX",
		    .launched = 1600000000,
		    .user = "ubuntu",
		    .port = "22",
		    .tags = tags_a,
		    .tag_count = COUNT(tags_a) },
		{ .id = "i-0000000b",
		    .name = "web-2",
		    .state = "stopped",
		    .image = "ami-2",
		    .private_ip = "10.0.0.2",
		    .tags = tags_b,
		    .tag_count = COUNT(tags_b) },
		/* decomposed; and nothing but an id */
		{ .id = "i-0000000c",
		    .name = "\xE1\x84\x89\xE1\x85\xA5\xE1\x84\x87\xE1\x85\xA5",
		    .state = "running" },
		{ .id = "i-0000000d" },
		{ .id = "i-0000000e", .name = "a*b\n\x1b[31m'\"@:/" },
	};
	static const char *const other[] = { "web" };
	const struct cache_image images[] = {
		{ "ami-1", "ubuntu/images/x", "099720109477", "Linux",
		    "ami-0" },
		{ "ami-0", "parent", "5", NULL, NULL },
	};
	struct cache_store *s;

	assert_int_equal(
	    cache_store_begin(c, ACCOUNT, REGION, NOW, &s, NULL), 0);
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(cache_store_instance(s, &rows[i], NULL), 0);
	assert_int_equal(
	    cache_store_address(s, "52.1.1.1", "i-0000000b", NULL), 0);
	assert_int_equal(
	    cache_store_pair(s, "key", "ssh-rsa AAAA", "aa:bb", NULL), 0);
	assert_int_equal(
	    cache_store_end(
		s, CACHE_INSTANCES | CACHE_ADDRESSES | CACHE_PAIRS, NULL),
	    0);
	cache_store_free(s);
	assert_int_equal(cache_set_images(c, images, 2, NOW, NULL), 0);
	store_names(c, "us-east-1", NOW, other, 1);
}

static const struct {
	enum cache_by by;
	const char *text, *value, *want;
} lookups[] = {
	{ CACHE_NAME, "web", NULL, "0000000a" },
	{ CACHE_NAME, "서버", NULL, "0000000c" },
	{ CACHE_NAME, "\xE1\x84\x89\xE1\x85\xA5\xE1\x84\x87\xE1\x85\xA5", NULL,
	    "0000000c" },
	{ CACHE_NAME, "WEB", NULL, "" },
	{ CACHE_NAME, "we", NULL, "" },
	{ CACHE_NAME, "web' OR 1=1 --", NULL, "" },
	{ CACHE_NAME, "a*b\n\x1b[31m'\"@:/", NULL, "0000000e" },
	{ CACHE_ID, "i-0000000b", NULL, "0000000b" },
	{ CACHE_ID, "i-0000000", NULL, "" },
	{ CACHE_ADDRESS, "54.1.1.1", NULL, "0000000a" },
	{ CACHE_ADDRESS, "10.0.0.2", NULL, "0000000b" },
	{ CACHE_ADDRESS, "2001:db8::1", NULL, "0000000a" },
	{ CACHE_ADDRESS, "52.1.1.1", NULL, "0000000b" },
	{ CACHE_ADDRESS, "", NULL, "" },
	{ CACHE_ADDRESS, "54.0.0.0", NULL, "" }, /* of the other region */
	{ CACHE_DNS, "ip-10-0-0-1.ec2.internal", NULL, "0000000a" },
	{ CACHE_DNS, "ec2-54-1-1-1.compute.amazonaws.com", NULL, "0000000a" },
	{ CACHE_DNS, "", NULL, "" },
	{ CACHE_GLOB, "web*", NULL, "0000000a 0000000b" },
	{ CACHE_GLOB, "w?b", NULL, "0000000a" },
	{ CACHE_GLOB, "*2", NULL, "0000000b" },
	{ CACHE_GLOB, "서*", NULL, "0000000c" },
	{ CACHE_GLOB, "\xE1\x84\x89\xE1\x85\xA5*", NULL, "0000000c" },
	{ CACHE_GLOB, "?버", NULL, "0000000c" },
	{ CACHE_GLOB, "x*", NULL, "" },
	{ CACHE_GLOB, "a*b*", NULL, "0000000e" },
	{ CACHE_TAG, "env", "prod", "0000000a" },
	{ CACHE_TAG, "env", "pr*", "0000000a" },
	{ CACHE_TAG, "env", "*", "0000000a 0000000b" },
	{ CACHE_TAG, "env", NULL, "0000000a 0000000b" },
	{ CACHE_TAG, "env", "", "" },
	{ CACHE_TAG, "team", "가", "0000000a" },
	{ CACHE_TAG, "가", "key", "0000000a" },
	{ CACHE_TAG, "\xE1\x84\x80\xE1\x85\xA1", NULL, "0000000a" },
	{ CACHE_TAG, "Name", "web", "0000000a" },
	{ CACHE_TAG, "nothing", NULL, "" },
	{ CACHE_ALL, NULL, NULL,
	    "0000000d 0000000e 0000000a 0000000b 0000000c" },
};

#endif
