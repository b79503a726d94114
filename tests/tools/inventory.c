/* SPDX-License-Identifier: ISC */
/*
 * The inventory from the command line, and its time:
 *
 *	inventory [-p PROFILE]... [-r REGION]... [-aforL] resolve NAME
 *	inventory [...] list [PATTERN...]
 *	inventory [...] refresh
 *	inventory fill FILE PLACES EACH	a cache with so many instances
 *	inventory time FILE PLACES ROUNDS	medians, opening included
 *
 * -a all regions, -f ask AWS first, -o offline, -L the address must be live, -b
 * refresh behind.  'time' looks for what 'fill' has made.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pemkeep/aws/call.h"
#include "pemkeep/base/err.h"
#include "pemkeep/inventory/inventory.h"
#include "pemkeep/inventory/target.h"

#define LIST_MAX 16
#define ROUNDS_MAX 1000

static void
fail(const char *what, const struct err *e)
{
	fprintf(stderr, "%s: %s%s%s\n", what, e->text,
	    e->hint[0] != '\0' ? "; " : "", e->hint);
	exit(err_exit_status(e->code));
}

static void
show_text(const char *field, const struct target_text *text)
{
	printf("%s\t%s\t%s\n", field, text->value != NULL ? text->value : "-",
	    text->source);
}

static void
show_target(const struct target *t)
{
	char port[16];

	show_text("name", &t->name);
	show_text("id", &t->id);
	for (size_t i = 0; i < t->address_count; i++)
		show_text("address", &t->addresses[i]);
	snprintf(port, sizeof(port), "%u", t->port);
	printf("port\t%s\t%s\n", port, t->port_source);
	show_text("user", &t->user);
	for (size_t i = 0; i < t->key_count; i++)
		printf("key\t%s\t%s\n", t->keys[i].name, t->keys[i].source);
	for (size_t i = 0; i < t->host_key_count; i++)
		show_text("host key", &t->host_keys[i]);
	if (t->instance.id != NULL)
		printf("instance\t%s %s %s %s %s %s %s\t%s\n", t->instance.id,
		    t->instance.state, t->instance.zone, t->instance.account,
		    t->instance.profile, t->instance.key_pair,
		    t->instance.image_name, t->live ? "live" : "cached");
	if (t->note != NULL)
		printf("note\t%s\n", t->note);
}

static void
show_troubles(const struct inventory *inv)
{
	size_t count;
	const struct inventory_trouble *t = inventory_troubles(inv, &count);

	for (size_t i = 0; i < count; i++)
		printf("trouble\t%s\t%s\t%s\n", t[i].profile, t[i].region,
		    t[i].error.text);
	if (inventory_cache_trouble(inv) != NULL)
		printf("cache\t%s\n", inventory_cache_trouble(inv));
}

static int
resolve(struct inventory *inv, struct inventory_question *q)
{
	struct target t;
	struct err e;
	int r;

	q->inventory = inv;
	r = inventory_resolve(q, &t, &e);
	for (size_t i = 0; i < t.candidate_count; i++)
		printf("candidate\t%s\t%s\t%s\t%s\n", t.candidates[i].id,
		    t.candidates[i].state, t.candidates[i].region,
		    t.candidates[i].address);
	if (r == 0)
		show_target(&t);
	target_clear(&t);
	show_troubles(inv);
	if (r != 0)
		fprintf(stderr, "resolve: %s%s%s\n", e.text,
		    e.hint[0] != '\0' ? "; " : "", e.hint);
	return r;
}

static int
show_row(void *arg, const struct inventory_row *row)
{
	(void)arg;
	printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row->instance->name,
	    row->instance->id, row->instance->state, row->address,
	    row->user != NULL ? row->user : "-", row->profile, row->region);
	return 0;
}

static int
list(struct inventory *inv, char **patterns, int count)
{
	struct err e;
	int r = inventory_list(inv, (const char *const *)patterns,
	    (size_t)count, NULL, 0, show_row, NULL, &e);

	show_troubles(inv);
	if (r != 0)
		fprintf(stderr, "list: %s\n", e.text);
	return r;
}

static void
store(struct cache *c, int place, int each)
{
	char account[16], region[32], texts[7][96];
	struct cache_store *s;
	struct err e;

	snprintf(account, sizeof(account), "%012d", place);
	snprintf(region, sizeof(region), "eu-west-%d", place % 100);
	if (cache_store_begin(c, account, region, time(NULL), &s, &e) != 0)
		fail("fill", &e);
	for (int i = 0; i < each; i++) {
		struct cache_tag tags[] = { { "Name", texts[1] },
			{ "env", i % 3 == 0 ? "dev" : "prod" },
			{ "team", "payments" },
			{ "aws:autoscaling:groupName", "a-group-of-servers" },
			{ "owner", "somebody@example.com" } };
		struct cache_instance row = { .id = texts[0],
			.name = texts[1],
			.state = "running",
			.type = "t3.micro",
			.zone = "eu-west-1a",
			.image = texts[6],
			.key_pair = "key",
			.public_ip = texts[2],
			.private_ip = texts[3],
			.public_dns = texts[4],
			.private_dns = texts[5],
			.details = "Linux/UNIX",
			.launched = 1700000000 + i,
			.tags = tags,
			.tag_count = sizeof(tags) / sizeof(tags[0]) };
		int a = place, b = i / 256, d = i % 256;

		snprintf(texts[0], 96, "i-%09x%08x", place, i);
		snprintf(texts[1], 96, "web-%d-%d", place, i);
		snprintf(texts[2], 96, "54.%d.%d.%d", a, b, d);
		snprintf(texts[3], 96, "10.%d.%d.%d", a, b, d);
		snprintf(texts[4], 96,
		    "ec2-54-%d-%d-%d.%s.compute.amazonaws.com", a, b, d,
		    region);
		snprintf(texts[5], 96, "ip-10-%d-%d-%d.%s.compute.internal", a,
		    b, d, region);
		snprintf(texts[6], 96, "ami-%017x", i % 20);
		if (cache_store_instance(s, &row, &e) != 0)
			fail("fill", &e);
	}
	if (cache_store_end(s, CACHE_INSTANCES, &e) != 0)
		fail("fill", &e);
	cache_store_free(s);
}

static struct cache *
open_cache(const char *path)
{
	struct cache *c;
	struct err e;

	if (cache_open(path, &c, &e) != 0)
		fail("open", &e);
	if (cache_trouble(c) != NULL) {
		fprintf(stderr, "open: %s\n", cache_trouble(c));
		exit(1);
	}
	return c;
}

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int
count_row(void *arg, const struct cache_instance *i)
{
	size_t *rows = arg;

	(void)i;
	++*rows;
	return 0;
}

static int
by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* One question: open, find the places, ask, close. */
static size_t
ask(const char *path, int places, struct cache_query q)
{
	struct cache *c = open_cache(path);
	int64_t ids[100];
	size_t rows = 0;
	struct err e;

	for (int i = 0; i < places && i < 100; i++) {
		struct cache_place place;
		char account[16], region[32];

		snprintf(account, sizeof(account), "%012d", i);
		snprintf(region, sizeof(region), "eu-west-%d", i % 100);
		if (cache_place(c, account, region, &place, &e) != 0)
			fail("time", &e);
		ids[q.place_count++] = place.id;
	}
	q.places = ids;
	if (cache_find(c, &q, count_row, &rows, &e) != 0)
		fail("time", &e);
	cache_close(c);
	return rows;
}

static int
measure(const char *path, int places, int rounds)
{
	static const struct {
		const char *name;
		struct cache_query q;
	} all[] = {
		{ "name", { CACHE_NAME, "web-0-77", NULL, NULL, 0 } },
		{ "id", { CACHE_ID, "i-00000000000000077", NULL, NULL, 0 } },
		{ "address", { CACHE_ADDRESS, "54.0.0.77", NULL, NULL, 0 } },
		{ "dns",
		    { CACHE_DNS, "ip-10-0-0-77.eu-west-0.compute.internal",
			NULL, NULL, 0 } },
		{ "glob", { CACHE_GLOB, "web-0-77*", NULL, NULL, 0 } },
		{ "glob-all", { CACHE_GLOB, "*-777", NULL, NULL, 0 } },
		{ "tag", { CACHE_TAG, "Name", "web-0-77", NULL, 0 } },
		{ "unknown", { CACHE_NAME, "nobody", NULL, NULL, 0 } },
		{ "list-all", { CACHE_ALL, NULL, NULL, NULL, 0 } },
	};
	static double times[ROUNDS_MAX];

	if (rounds > ROUNDS_MAX)
		rounds = ROUNDS_MAX;
	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
		size_t rows = 0;

		for (int i = 0; i < rounds; i++) {
			double start = now_ms();

			rows = ask(path, places, all[k].q);
			times[i] = now_ms() - start;
		}
		qsort(times, (size_t)rounds, sizeof(times[0]), by_size);
		printf("%s %zu %.3f %.3f\n", all[k].name, rows,
		    times[rounds / 2], times[rounds - 1]);
	}
	return 0;
}

static int
usage(void)
{
	fputs("usage: inventory [-p PROFILE]... [-r REGION]... [-afobL] "
	      "resolve|list|refresh ...\n"
	      "       inventory fill|time FILE PLACES N\n",
	    stderr);
	return 2;
}

static int
do_command(
    struct inventory *inv, struct inventory_question *q, int argc, char **argv)
{
	struct err e;
	int r;

	if (argc == 2 && strcmp(argv[0], "resolve") == 0) {
		q->argument = argv[1];
		return resolve(inv, q);
	}
	if (argc >= 1 && strcmp(argv[0], "list") == 0)
		return list(inv, argv + 1, argc - 1);
	if (argc != 1 || strcmp(argv[0], "refresh") != 0)
		return ERR_USAGE;
	if ((r = inventory_refresh(inv, &e)) != 0)
		fprintf(stderr, "refresh: %s\n", e.text);
	show_troubles(inv);
	return r;
}

int
main(int argc, char **argv)
{
	const char *profiles[LIST_MAX], *regions[LIST_MAX];
	struct inventory_options o = { .profiles = profiles,
		.regions = regions };
	struct aws_options options = { .user_agent = "inventory" };
	struct inventory_question q = { .keys_known = true };
	struct inventory *inv;
	bool behind = false;
	int c, r, status;

	if (inventory_role_main(argc, argv, &status))
		return status;
	while ((c = getopt(argc, argv, "+p:r:afobL")) != -1) {
		if (c == 'p' && o.profile_count < LIST_MAX)
			profiles[o.profile_count++] = optarg;
		else if (c == 'r' && o.region_count < LIST_MAX)
			regions[o.region_count++] = optarg;
		else if (c == '?' || c == 'p' || c == 'r')
			return usage();
		o.all_regions |= c == 'a';
		q.refresh |= c == 'f';
		o.offline |= c == 'o';
		behind |= c == 'b';
		q.live |= c == 'L';
	}
	argc -= optind;
	argv += optind;
	if (argc == 4 && strcmp(argv[0], "fill") == 0) {
		struct cache *cache = open_cache(argv[1]);

		for (int i = 0; i < atoi(argv[2]); i++)
			store(cache, i, atoi(argv[3]));
		cache_close(cache);
		return 0;
	}
	if (argc == 4 && strcmp(argv[0], "time") == 0)
		return measure(argv[1], atoi(argv[2]), atoi(argv[3]));
	if ((o.aws = aws_new(&options)) == NULL ||
	    (inv = inventory_new(&o)) == NULL)
		return 1;
	r = do_command(inv, &q, argc, argv);
	if (behind)
		inventory_refresh_behind(inv);
	inventory_free(inv);
	aws_free(o.aws);
	return r == ERR_USAGE && argc == 0 ? usage()
					   : err_exit_status((enum err_code)r);
}
