/* SPDX-License-Identifier: ISC */
/* The cache: what is found by what, and what a refresh changes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/inventory/cache.h"

#include "tests/unit/inventory_cache_fixture.h"

static char folder[] = "/tmp/pemkeep-cache-XXXXXX";

static int
begin(void **state)
{
	(void)state;
	alarm(300);
	umask(022);
	return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int
end(void **state)
{
	(void)state;
	return chdir("/") | rmdir(folder);
}

static int
clean(void **state)
{
	static const char *const files[] = { PATH, PATH "-wal", PATH "-shm",
		PATH "-journal", "cache/x" };

	(void)state;
	(void)chmod("cache", 0700);
	for (size_t i = 0; i < COUNT(files); i++)
		if (unlink(files[i]) != 0)
			(void)rmdir(files[i]);
	return rmdir("cache");
}

static void
finding(void **state)
{
	struct cache *c = open_good();
	struct buf b = BUF_INIT;
	int64_t both[2];

	(void)state;
	fill(c);
	both[0] = place_of(c, REGION);
	for (size_t i = 0; i < COUNT(lookups); i++)
		if (strcmp(find(c, lookups[i].by, lookups[i].text,
			       lookups[i].value, both, 1, &b),
			lookups[i].want) != 0)
			fail_msg(
			    "%zu '%s': %s", i, lookups[i].text, buf_text(&b));
	/* Nowhere, everywhere. */
	assert_string_equal(find(c, CACHE_NAME, "web", NULL, both, 0, &b), "");
	both[1] = place_of(c, "us-east-1");
	assert_string_equal(
	    find(c, CACHE_NAME, "web", NULL, both, 2, &b), "0000000a 00000000");
	assert_null(cache_trouble(c)); /* no statement was a mistake */
	assert_int_equal(place_of(c, REGION), both[0]);
	buf_free(&b);
	cache_close(c);
}

static int
check_row(void *arg, const struct cache_instance *i)
{
	(void)arg;
	assert_string_equal(i->type, "t3.micro");
	assert_string_equal(i->zone, "eu-west-1a");
	assert_string_equal(i->user, "ubuntu");
	assert_string_equal(i->port, "22");
	assert_string_equal(i->folded, "web");
	assert_string_equal(i->image_name, "ubuntu/images/x");
	assert_string_equal(i->image_owner, "099720109477");
	assert_string_equal(i->parent_name, "parent");
	assert_string_equal(i->parent_owner, "5");
	assert_string_equal(i->pair_public, "ssh-rsa AAAA");
	assert_string_equal(i->pair_fingerprint, "aa:bb");
	assert_string_equal(i->elastic, "");
	assert_string_equal(i->vpc, "");
	assert_int_equal(i->launched, 1600000000);
	assert_false(i->owned_ip);
	return 7;
}

static int
check_elastic(void *arg, const struct cache_instance *i)
{
	struct cache_instance *copy = cache_copy(i);

	(void)arg;
	assert_non_null(copy);
	assert_string_equal(copy->elastic, "52.1.1.1");
	assert_string_equal(copy->name, "web-2");
	assert_string_equal(copy->pair_public, "");
	assert_ptr_not_equal(copy->name, i->name);
	free(copy);
	return 0;
}

static int
put_tag(void *arg, const char *key, const char *value)
{
	buf_printf(arg, "%s=%s;", key, value);
	return 0;
}

static int
put_text(void *arg, const char *text)
{
	buf_printf(arg, "%s;", text);
	return 0;
}

static void
rows(void **state)
{
	struct cache *c = open_good();
	struct cache_query q = { CACHE_ID, "i-0000000a", NULL, NULL, 1 };
	struct buf b = BUF_INIT;
	int64_t place;

	(void)state;
	fill(c);
	cache_close(c);
	c = open_good(); /* it was really in the file */
	place = place_of(c, REGION);
	q.places = &place;
	assert_int_equal(cache_find(c, &q, check_row, NULL, NULL), 7);
	q.text = "i-0000000b";
	assert_int_equal(cache_find(c, &q, check_elastic, NULL, NULL), 0);
	assert_int_equal(
	    cache_tags(c, place, "i-0000000a", put_tag, &b, NULL), 0);
	assert_string_equal(buf_text(&b), "Name=web;env=prod;team=가;가=key;");
	buf_clear(&b);
	assert_int_equal(cache_names(c, &place, 1, put_text, &b, NULL), 0);
	assert_string_equal(
	    buf_text(&b), "a*b\n\x1b[31m'\"@:/;web;web-2;서버;");
	buf_clear(&b);
	assert_int_equal(
	    cache_images_missing(c, place, NOW, put_text, &b, NULL), 0);
	assert_string_equal(buf_text(&b), "ami-2;");
	buf_free(&b);
	cache_close(c);
}

/* An image that AWS does not know is not asked for again at once. */
static void
images(void **state)
{
	const struct cache_image gone = { .id = "ami-2" };
	struct cache *c = open_good();
	struct buf b = BUF_INIT;
	int64_t place;

	(void)state;
	fill(c);
	place = place_of(c, REGION);
	assert_int_equal(cache_set_images(c, &gone, 1, NOW, NULL), 0);
	assert_int_equal(
	    cache_images_missing(c, place, NOW + 60, put_text, &b, NULL), 0);
	assert_string_equal(buf_text(&b), "");
	assert_int_equal(
	    cache_images_missing(c, place, NOW + 2 * 86400, put_text, &b, NULL),
	    0);
	assert_string_equal(buf_text(&b), "ami-2;");
	buf_free(&b);
	cache_close(c);
}

static void
refreshing(void **state)
{
	static const char *const first[] = { "a", "b", "c" };
	static const char *const second[] = { "a", "other" };
	struct cache *c = open_good();
	struct cache_store *s;
	struct cache_place place;
	struct buf b = BUF_INIT;
	int64_t id;

	(void)state;
	store_names(c, REGION, NOW, first, 3);
	store_names(c, "us-east-1", NOW, first, 3);
	store_names(c, REGION, NOW + 10, second, 2);
	assert_int_equal(cache_place(c, ACCOUNT, REGION, &place, NULL), 0);
	assert_int_equal(place.fetched, NOW + 10);
	id = place.id;
	assert_string_equal(
	    find(c, CACHE_ALL, NULL, NULL, &id, 1, &b), "00000000 00000001");
	assert_string_equal(
	    find(c, CACHE_NAME, "other", NULL, &id, 1, &b), "00000001");
	assert_string_equal(find(c, CACHE_NAME, "b", NULL, &id, 1, &b), "");
	assert_string_equal(find(c, CACHE_TAG, "Name", "b", &id, 1, &b), "");
	assert_string_equal(
	    find(c, CACHE_TAG, "Name", "other", &id, 1, &b), "00000001");
	/* Part of an answer: nothing goes, and it does not count as fetched. */
	assert_int_equal(
	    cache_store_begin(c, ACCOUNT, REGION, NOW + 20, &s, NULL), 0);
	assert_int_equal(store_row(s, 9, "new", "running"), 0);
	assert_int_equal(cache_store_end(s, 0, NULL), 0);
	cache_store_free(s);
	assert_int_equal(cache_place(c, ACCOUNT, REGION, &place, NULL), 0);
	assert_int_equal(place.fetched, NOW + 10);
	assert_int_equal(place.tried, NOW + 20);
	assert_string_equal(find(c, CACHE_ALL, NULL, NULL, &id, 1, &b),
	    "00000000 00000009 00000001");
	/* Given up before the end: as it was. */
	assert_int_equal(
	    cache_store_begin(c, ACCOUNT, REGION, NOW + 30, &s, NULL), 0);
	assert_int_equal(store_row(s, 10, "never", "running"), 0);
	cache_store_free(s);
	assert_string_equal(find(c, CACHE_NAME, "never", NULL, &id, 1, &b), "");
	/* An answer from before what is there: what is newer stays. */
	assert_int_equal(
	    cache_store_begin(c, ACCOUNT, REGION, NOW + 15, &s, NULL), 0);
	assert_int_equal(store_row(s, 0, "a", "stopped"), 0);
	assert_int_equal(store_row(s, 9, "old", "running"), 0);
	assert_int_equal(cache_store_end(s, CACHE_INSTANCES, NULL), 0);
	cache_store_free(s);
	assert_string_equal(
	    find(c, CACHE_NAME, "new", NULL, &id, 1, &b), "00000009");
	assert_string_equal(
	    find(c, CACHE_ALL, NULL, NULL, &id, 1, &b), "00000000 00000009");
	/* The other region has not noticed. */
	id = place_of(c, "us-east-1");
	assert_string_equal(find(c, CACHE_ALL, NULL, NULL, &id, 1, &b),
	    "00000000 00000001 00000002");
	buf_free(&b);
	cache_close(c);
}

/* Elastic IPs and key pairs go when a whole answer does not have them. */
static void
leftovers(void **state)
{
	struct cache *c = open_good();
	struct cache_store *s;
	struct buf b = BUF_INIT;
	int64_t place;

	(void)state;
	fill(c);
	place = place_of(c, REGION);
	assert_int_equal(
	    cache_store_begin(c, ACCOUNT, REGION, NOW + 1, &s, NULL), 0);
	assert_int_equal(cache_store_end(s, CACHE_PAIRS, NULL), 0);
	cache_store_free(s);
	assert_string_equal(
	    find(c, CACHE_ADDRESS, "52.1.1.1", NULL, &place, 1, &b),
	    "0000000b");
	assert_int_equal(
	    cache_store_begin(c, ACCOUNT, REGION, NOW + 2, &s, NULL), 0);
	assert_int_equal(
	    cache_store_address(s, "52.1.1.2", "i-0000000b", NULL), 0);
	assert_int_equal(cache_store_end(s, CACHE_ADDRESSES, NULL), 0);
	cache_store_free(s);
	assert_string_equal(
	    find(c, CACHE_ADDRESS, "52.1.1.1", NULL, &place, 1, &b), "");
	assert_string_equal(
	    find(c, CACHE_ADDRESS, "52.1.1.2", NULL, &place, 1, &b),
	    "0000000b");
	buf_free(&b);
	cache_close(c);
}

static void
hostile_rows(void **state)
{
	static char long_text[100000];
	struct cache_tag *tags = calloc(10000, sizeof(*tags));
	struct cache_instance i = { .id = "i-00000001",
		.name = long_text,
		.state = "no such state",
		.launched = INT64_MIN,
		.tags = tags,
		.tag_count = 10000 };
	struct cache *c = open_good();
	struct cache_store *s;
	struct buf b = BUF_INIT;
	int64_t place;

	(void)state;
	assert_non_null(tags);
	memset(long_text, 'x', sizeof(long_text) - 1);
	for (size_t n = 0; n < 10000; n++)
		tags[n] = (struct cache_tag){ "k", long_text };
	assert_int_equal(
	    cache_store_begin(c, ACCOUNT, REGION, NOW, &s, NULL), 0);
	assert_int_equal(cache_store_instance(s, &i, NULL), 0);
	i.name = "second"; /* the same id once more */
	assert_int_equal(cache_store_instance(s, &i, NULL), 0);
	assert_int_equal(cache_store_end(s, CACHE_INSTANCES, NULL), 0);
	cache_store_free(s);
	place = place_of(c, REGION);
	assert_string_equal(
	    find(c, CACHE_ALL, NULL, NULL, &place, 1, &b), "00000001");
	assert_string_equal(
	    find(c, CACHE_NAME, "second", NULL, &place, 1, &b), "00000001");
	assert_null(cache_trouble(c));
	buf_free(&b);
	free(tags);
	cache_close(c);
}

static int
put_state(void *arg, const struct cache_instance *i)
{
	buf_printf(arg, "%s %s;", i->id + 2, i->state);
	return 0;
}

/* What was written while the clock was wrong does not stay until then. */
static void
clock_was_ahead(void **state)
{
	static const char *const names[] = { "one", "two" };
	struct cache *c = open_good();
	struct cache_query q = { .by = CACHE_ALL, .place_count = 1 };
	struct buf b = BUF_INIT;
	struct cache_store *s;
	int64_t place;

	(void)state;
	store_names(c, REGION, NOW + 1000, names, 2);
	assert_int_equal(
	    cache_store_begin(c, ACCOUNT, REGION, NOW, &s, NULL), 0);
	assert_int_equal(store_row(s, 0, "one", "stopped"), 0);
	assert_int_equal(cache_store_end(s, CACHE_INSTANCES, NULL), 0);
	cache_store_free(s);
	place = place_of(c, REGION);
	q.places = &place;
	assert_int_equal(cache_find(c, &q, put_state, &b, NULL), 0);
	assert_string_equal(buf_text(&b), "00000000 stopped;");
	buf_free(&b);
	cache_close(c);
}

static void
accounts(void **state)
{
	static const char *const regions[] = { "eu-west-1", "us-east-1" };
	struct cache *c = open_good();
	struct buf b = BUF_INIT;
	char account[13];
	int64_t since;

	(void)state;
	assert_int_equal(cache_account(c, "x", account, &since, NULL), 0);
	assert_string_equal(account, "");
	assert_int_equal(cache_set_failed(c, "x", 5, NULL), 0);
	assert_int_equal(cache_failed(c, "x", &since, NULL), 0);
	assert_int_equal(since, 5);
	assert_int_equal(cache_set_account(c, "x", ACCOUNT, 9, NULL), 0);
	assert_int_equal(cache_account(c, "x", account, &since, NULL), 0);
	assert_string_equal(account, ACCOUNT);
	assert_int_equal(since, 9);
	assert_int_equal(cache_failed(c, "x", &since, NULL), 0);
	assert_int_equal(since, 0); /* it works again */
	assert_int_equal(
	    cache_regions(c, ACCOUNT, &since, put_text, &b, NULL), 0);
	assert_int_equal(since, 0);
	assert_int_equal(cache_set_regions(c, ACCOUNT, 7, regions, 2, NULL), 0);
	assert_int_equal(cache_set_regions(c, ACCOUNT, 8, regions, 1, NULL), 0);
	assert_int_equal(
	    cache_regions(c, ACCOUNT, &since, put_text, &b, NULL), 0);
	assert_int_equal(since, 8);
	assert_string_equal(buf_text(&b), "eu-west-1;");
	buf_free(&b);
	cache_close(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(finding, clean),
		cmocka_unit_test_teardown(rows, clean),
		cmocka_unit_test_teardown(images, clean),
		cmocka_unit_test_teardown(refreshing, clean),
		cmocka_unit_test_teardown(leftovers, clean),
		cmocka_unit_test_teardown(hostile_rows, clean),
		cmocka_unit_test_teardown(clock_was_ahead, clean),
		cmocka_unit_test_teardown(accounts, clean),
	};

	return cmocka_run_group_tests_name("cache", tests, begin, end);
}
