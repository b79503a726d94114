/* SPDX-License-Identifier: ISC */
/* The file of the cache: in whatever state it is, it is no reason to fail. */

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

#include <sqlite3.h>

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

/* Files in states that are no good: each is replaced by one that is. */

static void
write_file(const char *path, const void *bytes, size_t len, mode_t mode)
{
	int fd;

	mkdir("cache", 0700);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
assert_works(struct cache *c)
{
	static const char *const names[] = { "one" };
	struct buf b = BUF_INIT;
	int64_t place;

	store_names(c, REGION, NOW, names, 1);
	place = place_of(c, REGION);
	assert_string_equal(
	    find(c, CACHE_NAME, "one", NULL, &place, 1, &b), "00000000");
	buf_free(&b);
}

static void
assert_file_works(void)
{
	struct cache *c = open_good();
	struct stat st;

	assert_works(c);
	cache_close(c);
	assert_int_equal(lstat(PATH, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void
execute(const char *sql)
{
	sqlite3 *db;

	mkdir("cache", 0700);
	assert_int_equal(sqlite3_open(PATH, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(chmod(PATH, 0600), 0);
}

static void
bad_files(void **state)
{
	(void)state;
	write_file(PATH, "", 0, 0600);
	assert_file_works();
	clean(NULL);
	write_file(
	    PATH, "this is no database, but a text of some length", 46, 0600);
	assert_file_works();
	clean(NULL);
	write_file(PATH, "SQLite format 3\0", 16, 0600);
	assert_file_works();
	clean(NULL);
	write_file(PATH, "x", 1, 0644); /* others could have read it */
	assert_file_works();
	clean(NULL);
	mkdir("cache", 0700);
	assert_int_equal(symlink("x", PATH), 0);
	assert_file_works();
	assert_int_equal(access("cache/x", F_OK), -1);
	clean(NULL);
	mkdir("cache", 0700);
	assert_int_equal(mkfifo(PATH, 0600), 0);
	assert_file_works();
	clean(NULL);
	if (geteuid() == 0) { /* somebody else's */
		write_file(PATH, "x", 1, 0600);
		assert_int_equal(chown(PATH, 65534, 65534), 0);
		assert_file_works();
		clean(NULL);
	} else {
		print_message("SKIP foreign_file: not root\n");
	}
	/* of another version, of another program, without our tables */
	execute("CREATE TABLE instance(x); PRAGMA user_version=3;"
		"PRAGMA application_id=5");
	assert_file_works();
	clean(NULL);
	execute("PRAGMA application_id=1886087542; PRAGMA user_version=99;"
		"CREATE TABLE instance(n)");
	assert_file_works();
	clean(NULL);
	execute("PRAGMA application_id=1886087542; PRAGMA user_version=2;"
		"CREATE TABLE instance(n)");
	assert_file_works();
	clean(NULL);
	mkdir("cache", 0700);
	assert_int_equal(mkdir(PATH, 0700), 0); /* cannot be taken away */
	write_file(PATH "/x", "", 0, 0600);
	{
		struct cache *c = must_open();

		assert_non_null(cache_trouble(c));
		assert_works(c);
		cache_close(c);
		unlink(PATH "/x");
	}
}

/* A folder that others can write to is none of ours. */
static void
bad_folder(void **state)
{
	struct cache *c;

	(void)state;
	mkdir("cache", 0700);
	assert_int_equal(chmod("cache", 0777), 0);
	c = must_open();
	assert_non_null(strstr(cache_trouble(c), "others may write"));
	assert_works(c);
	cache_close(c);
	assert_int_equal(access(PATH, F_OK), -1);
	rmdir("cache");
	write_file("cache/../x", "", 0, 0600);
	rmdir("cache");
	assert_int_equal(rename("x", "cache"), 0);
	c = must_open(); /* no folder at all */
	assert_non_null(cache_trouble(c));
	assert_works(c);
	cache_close(c);
	unlink("cache");
	mkdir("cache", 0700);
}

/* 512 bytes in each half of a page garbled, or all that follows cut off. */
static void
damage(void **state)
{
	static uint8_t file[1 << 20];
	struct cache *c = open_good();
	struct buf b = BUF_INIT;
	ssize_t len;
	int fd;

	(void)state;
	fill(c);
	cache_close(c);
	fd = open(PATH, O_RDONLY);
	len = read(fd, file, sizeof(file));
	close(fd);
	assert_true(len > 20 * 4096 && len < (ssize_t)sizeof(file));
	for (ssize_t at = 0; at < len; at += 2048)
		for (int cut = 0; cut < 2; cut++) {
			uint8_t old[512];
			int64_t place;

			memcpy(old, file + at, 512);
			memset(file + at, 0xa5, 512);
			write_file(PATH, file, (size_t)(cut ? at : len), 0600);
			memcpy(file + at, old, 512);
			unlink(PATH "-wal");
			unlink(PATH "-shm");
			c = must_open();
			place = place_of(c, REGION);
			for (size_t i = 0; i < COUNT(lookups); i++) {
				struct cache_query q = { lookups[i].by,
					lookups[i].text, lookups[i].value,
					&place, 1 };
				int r;

				buf_clear(&b);
				r = cache_find(c, &q, put_id, &b, NULL);
				assert_true(r == 0 || r == ERR_FORMAT);
			}
			assert_works(c);
			cache_close(c);
		}
	buf_free(&b);
}

/* Somebody does not let go of it. */
static void
locked(void **state)
{
	struct cache *c = open_good();
	struct buf b = BUF_INIT;
	sqlite3 *db;
	int64_t place;

	(void)state;
	fill(c);
	assert_int_equal(sqlite3_open(PATH, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	/* Reading goes on; writing goes to memory, with all that was there. */
	place = place_of(c, REGION);
	assert_string_equal(
	    find(c, CACHE_NAME, "web", NULL, &place, 1, &b), "0000000a");
	assert_null(cache_trouble(c));
	assert_works(c);
	assert_non_null(strstr(cache_trouble(c), "locked"));
	place = place_of(c, "us-east-1");
	assert_string_equal(
	    find(c, CACHE_NAME, "web", NULL, &place, 1, &b), "00000000");
	cache_close(c);
	sqlite3_close(db);
	/* And the file is as it was. */
	c = open_good();
	place = place_of(c, REGION);
	assert_string_equal(
	    find(c, CACHE_NAME, "web", NULL, &place, 1, &b), "0000000a");
	buf_free(&b);
	cache_close(c);
}

/* A file that cannot be written is read; what is new stays in memory. */
static void
read_only(void **state)
{
	struct cache *c = open_good();
	struct buf b = BUF_INIT;
	struct stat before, after;
	int64_t place;

	(void)state;
	if (geteuid() == 0) {
		print_message("SKIP read_only: root may write everywhere\n");
		cache_close(c);
		return;
	}
	fill(c);
	cache_close(c);
	assert_int_equal(chmod(PATH, 0400), 0);
	assert_int_equal(chmod("cache", 0500), 0);
	assert_int_equal(stat(PATH, &before), 0);
	c = open_good();
	place = place_of(c, REGION);
	assert_string_equal(
	    find(c, CACHE_NAME, "web", NULL, &place, 1, &b), "0000000a");
	assert_works(c);
	assert_non_null(cache_trouble(c));
	place = place_of(c, "us-east-1");
	assert_string_equal(
	    find(c, CACHE_NAME, "web", NULL, &place, 1, &b), "00000000");
	cache_close(c);
	assert_int_equal(stat(PATH, &after), 0);
	assert_int_equal(after.st_mtime, before.st_mtime);
	buf_free(&b);
}

/* One of several writers: each row that it has written must be there. */
static int
writer(int n)
{
	char region[32];
	struct cache *c;
	int r = 0;

	snprintf(region, sizeof(region), "eu-west-%d", n);
	for (int round = 0; round < 10 && r == 0; round++) {
		struct cache_store *s;

		if (cache_open(PATH, &c, NULL) != 0 || cache_trouble(c) != NULL)
			return 1;
		r = cache_store_begin(
		    c, ACCOUNT, region, NOW + round, &s, NULL);
		for (int i = 0; i < 100 && r == 0; i++) {
			char name[32];

			snprintf(name, sizeof(name), "%d-%d", round, i);
			r = store_row(s, i, name, "running");
		}
		if (r == 0)
			r = cache_store_end(s, CACHE_INSTANCES, NULL);
		cache_store_free(s);
		if (cache_trouble(c) != NULL)
			r = 1;
		cache_close(c);
	}
	return r != 0;
}

#define WRITERS 6

static void
many(void **state)
{
	struct cache *c;
	struct buf b = BUF_INIT;
	int status, bad = 0;
	pid_t pid;

	(void)state;
	for (int n = 0; n < WRITERS; n++) {
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			_exit(writer(n));
	}
	for (int n = 0; n < WRITERS; n++) {
		assert_true(wait(&status) > 0);
		bad += status != 0;
	}
	assert_int_equal(bad, 0);
	c = open_good();
	for (int n = 0; n < WRITERS; n++) {
		char region[32];
		int64_t place;

		snprintf(region, sizeof(region), "eu-west-%d", n);
		place = place_of(c, region);
		assert_string_equal(
		    find(c, CACHE_NAME, "9-99", NULL, &place, 1, &b),
		    "00000063");
		find(c, CACHE_ALL, NULL, NULL, &place, 1, &b);
		assert_int_equal(b.len, 100 * 9 - 1);
	}
	buf_free(&b);
	cache_close(c);
}

/* Two find it damaged at the same time: one makes it anew, both go on. */
static void
made_anew_twice(void **state)
{
	struct cache *a = open_good(), *b = open_good();
	struct buf text = BUF_INIT;
	int64_t place;
	int fd;

	(void)state;
	fill(a);
	fd = open(PATH, O_WRONLY);
	for (int i = 1; i < 40; i++)
		assert_int_equal(pwrite(fd, "garbage", 7, i * 4096), 7);
	close(fd);
	fd = open(PATH "-wal", O_WRONLY | O_TRUNC);
	close(fd);
	for (int i = 0; i < 3; i++) {
		struct cache *c = i == 1 ? b : a;
		struct cache_query q = { CACHE_ALL, NULL, NULL, NULL, 1 };

		place = place_of(c, REGION);
		q.places = &place;
		(void)cache_find(c, &q, put_id, &text, NULL);
		assert_works(c);
	}
	cache_close(a);
	cache_close(b);
	assert_file_works();
	buf_free(&text);
}

/*
 * Two places are being stored when the file turns out to be damaged: what the
 * second has does not go to a third that has its number since.
 */
static void
lost_places(void **state)
{
	static const char *const names[] = { "there" };
	struct cache *c = open_good();
	struct cache_store *first, *second;
	struct buf b = BUF_INIT;
	int64_t place;

	(void)state;
	assert_int_equal(
	    cache_store_begin(c, ACCOUNT, "a", NOW, &first, NULL), 0);
	assert_int_equal(
	    cache_store_begin(c, ACCOUNT, "b", NOW, &second, NULL), 0);
	assert_int_equal(store_row(first, 1, "one", "running"), 0);
	assert_int_equal(store_row(second, 2, "two", "running"), 0);
	execute("DROP TABLE tag");
	assert_int_equal(
	    cache_store_end(first, CACHE_INSTANCES, NULL), ERR_FORMAT);
	store_names(c, "c", NOW, names, 1);
	store_names(c, "d", NOW, names, 1);
	place = place_of(c, "d");
	assert_int_equal(
	    cache_store_end(second, CACHE_INSTANCES, NULL), ERR_FORMAT);
	assert_string_equal(
	    find(c, CACHE_ALL, NULL, NULL, &place, 1, &b), "00000000");
	cache_store_free(first);
	cache_store_free(second);
	buf_free(&b);
	cache_close(c);
}

static int
store_tags(struct cache *c, int64_t now, const struct cache_tag *tags, size_t n)
{
	struct cache_instance i = {
		.id = "i-0000000a", .name = "web", .tags = tags, .tag_count = n
	};
	struct cache_store *s;
	int r;

	assert_int_equal(
	    cache_store_begin(c, ACCOUNT, REGION, now, &s, NULL), 0);
	assert_int_equal(cache_store_instance(s, &i, NULL), 0);
	r = cache_store_end(s, CACHE_INSTANCES, NULL);
	cache_store_free(s);
	return r;
}

static int64_t
number(const char *sql)
{
	sqlite3_stmt *stmt;
	sqlite3 *db;
	int64_t n;

	assert_int_equal(sqlite3_open(PATH, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	n = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return n;
}

/* AWS has the tags in any order; what is looked for follows what they are. */
static void
tags(void **state)
{
	const struct cache_tag first[] = { { "a", "1" }, { "b", "2" } };
	const struct cache_tag other[] = { { "b", "2" }, { "a", "1" } };
	const struct cache_tag changed[] = { { "b", "3" }, { "c", "1" } };
	struct cache *c = open_good();

	(void)state;
	assert_int_equal(store_tags(c, NOW, first, 2), 0);
	assert_int_equal(store_tags(c, NOW + 10, other, 2), 0);
	assert_int_equal(number("SELECT written FROM instance"), NOW);
	assert_int_equal(store_tags(c, NOW + 20, changed, 2), 0);
	assert_int_equal(number("SELECT written FROM instance"), NOW + 20);
	assert_int_equal(number("SELECT count(*) FROM tag"), 2);
	assert_int_equal(number("SELECT count(*) FROM tag WHERE key='b' AND"
				" value='3' OR key='c' AND value='1'"),
	    2);
	assert_int_equal(store_tags(c, NOW + 30, NULL, 0), 0);
	assert_int_equal(number("SELECT count(*) FROM tag"), 0);
	assert_int_equal(store_tags(c, NOW + 40, first, 2), 0);
	cache_close(c);
	/* Tags that are damaged: the file is made anew. */
	execute("UPDATE instance SET tags=x'00000002'");
	c = open_good();
	assert_int_equal(store_tags(c, NOW + 50, changed, 2), ERR_FORMAT);
	assert_int_equal(store_tags(c, NOW + 60, changed, 2), 0);
	cache_close(c);
	assert_file_works();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(bad_files, clean),
		cmocka_unit_test_teardown(bad_folder, clean),
		cmocka_unit_test_teardown(damage, clean),
		cmocka_unit_test_teardown(locked, clean),
		cmocka_unit_test_teardown(read_only, clean),
		cmocka_unit_test_teardown(many, clean),
		cmocka_unit_test_teardown(made_anew_twice, clean),
		cmocka_unit_test_teardown(lost_places, clean),
		cmocka_unit_test_teardown(tags, clean),
	};

	return cmocka_run_group_tests_name("cache_file", tests, begin, end);
}
