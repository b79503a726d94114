/* SPDX-License-Identifier: ISC */
/*
 * From what AWS has answered to what the cache keeps.  Ids and addresses become
 * parts of other things (names of host keys, addresses to dial), so that only
 * what looks like one is let in; the other texts are kept as they came.
 */

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/aws/ec2.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/inventory/inventory_internal.h"
#include "src/inventory/match.h"

bool
rows_address_text(const char *text, char out[static 46])
{
	struct in6_addr six;
	struct in_addr four;

	out[0] = '\0';
	if (inet_pton(AF_INET, text, &four) == 1)
		return inet_ntop(AF_INET, &four, out, 46) != NULL;
	return inet_pton(AF_INET6, text, &six) == 1 &&
	    inet_ntop(AF_INET6, &six, out, 46) != NULL;
}

/* What a row needs beside what it points to. */
struct scratch {
	char public_ip[46], private_ip[46], ipv6[46];
	struct buf public_dns, private_dns;
	struct cache_tag *tags;
};

/* DNS names do not know upper case. */
static const char *
lower(struct buf *b, const char *name)
{
	buf_put_text(b, name);
	for (size_t i = 0; i < b->len; i++)
		if (b->data[i] >= 'A' && b->data[i] <= 'Z')
			b->data[i] = (uint8_t)(b->data[i] - 'A' + 'a');
	return buf_text(b);
}

/* The first that an interface has, where the instance says nothing. */
static const char *
any_ipv6(const struct ec2_instance *row)
{
	const struct ec2_interface *list = row->interfaces.items;

	if (row->ipv6[0] != '\0')
		return row->ipv6;
	for (size_t i = 0; i < row->interfaces.count; i++) {
		const struct ec2_ipv6 *six = list[i].ipv6.items;

		if (list[i].ipv6.count > 0)
			return six[0].address;
	}
	return "";
}

static void
take_tags(struct cache_instance *to, const struct ec2_instance *row,
    struct scratch *s)
{
	const struct ec2_tag *tags = row->tags.items;
	const char *other = "";

	for (size_t i = 0; i < row->tags.count && s->tags != NULL; i++) {
		const char *key = tags[i].key, *value = tags[i].value;

		s->tags[i] = (struct cache_tag){ key, value };
		if (strcmp(key, "Name") == 0)
			to->name = value;
		else if (strcmp(key, "ssh-user") == 0)
			to->user = value;
		else if (strcmp(key, "default-user") == 0)
			other = value;
		else if (strcmp(key, "ssh-port") == 0)
			to->port = value;
	}
	if (to->user == NULL || *to->user == '\0')
		to->user = other;
	to->tags = s->tags;
	to->tag_count = row->tags.count;
}

/* Accounts have 12 digits; "amazon" owns what it hands out for a while. */
int
rows_instance(void *store, const void *given, struct err *e)
{
	const struct ec2_instance *row = given;
	struct scratch s = { .tags = NULL };
	struct cache_instance i = { .id = row->id,
		.state = row->state,
		.type = row->type,
		.zone = row->zone,
		.image = row->image,
		.key_pair = row->key,
		.platform = row->platform,
		.details = row->platform_details,
		.vpc = row->vpc,
		.lifecycle = row->lifecycle,
		.launched = row->launched,
		.owned_ip = ec2_is_elastic(row),
		.public_ip = s.public_ip,
		.private_ip = s.private_ip,
		.ipv6 = s.ipv6 };
	int r;

	if (!match_is_id(row->id))
		return 0;
	(void)rows_address_text(row->public_ip, s.public_ip);
	(void)rows_address_text(row->private_ip, s.private_ip);
	(void)rows_address_text(any_ipv6(row), s.ipv6);
	i.public_dns = lower(&s.public_dns, row->public_dns);
	i.private_dns = lower(&s.private_dns, row->private_dns);
	s.tags = calloc(row->tags.count + 1, sizeof(*s.tags));
	take_tags(&i, row, &s);
	if (s.tags != NULL && buf_ok(&s.public_dns) && buf_ok(&s.private_dns))
		r = cache_store_instance(store, &i, e);
	else
		r = err_set(e, ERR_NOMEM, "out of memory");
	free(s.tags);
	buf_free(&s.public_dns);
	buf_free(&s.private_dns);
	return r;
}

int
rows_address(void *store, const void *given, struct err *e)
{
	const struct ec2_address *row = given;
	char ip[46];

	if (!match_is_id(row->instance) ||
	    !rows_address_text(row->public_ip, ip))
		return 0;
	return cache_store_address(store, ip, row->instance, e);
}

int
rows_pair(void *store, const void *given, struct err *e)
{
	const struct ec2_key_pair *row = given;

	if (row->name[0] == '\0')
		return 0;
	return cache_store_pair(
	    store, row->name, row->public_key, row->fingerprint, e);
}
