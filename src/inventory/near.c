/* SPDX-License-Identifier: ISC */
/* What somebody may have meant by a name that is not there. */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/quote.h"
#include "pemkeep/base/utf8.h"

#include "src/inventory/find.h"
#include "src/inventory/hosts_internal.h"
#include "src/inventory/inventory_internal.h"
#include "src/inventory/ssh_config.h"
#include "src/inventory/target_internal.h"

#define LENGTH_MAX 64 /* code points that are compared */
#define SHOWN 3

struct near {
	uint32_t wanted[LENGTH_MAX];
	size_t len;
	struct {
		unsigned distance;
		struct buf name;
	} best[SHOWN];
};

/* Code points, ASCII in lower case. */
static size_t
spell(const char *text, uint32_t *out)
{
	size_t count = 0, left = strlen(text), n;

	for (; left > 0 && count < LENGTH_MAX; text += n, left -= n) {
		n = utf8_decode(text, left, &out[count]);
		if (out[count] >= 'A' && out[count] <= 'Z')
			out[count] += 'a' - 'A';
		count++;
		n = n > 0 ? n : 1;
	}
	return count;
}

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
	a = a < b ? a : b;
	return a < c ? a : c;
}

/* How many letters are to be changed, added or left out (Levenshtein). */
static unsigned
distance(const uint32_t *a, size_t a_len, const uint32_t *b, size_t b_len)
{
	unsigned row[LENGTH_MAX + 1] = { 0 }, corner, above;

	for (unsigned j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		corner = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			above = row[j];
			row[j] = least(above + 1, row[j - 1] + 1,
			    corner + (a[i - 1] != b[j - 1]));
			corner = above;
		}
	}
	return row[b_len];
}

static bool
starts(const uint32_t *text, size_t len, const uint32_t *with, size_t with_len)
{
	return with_len >= 2 && with_len <= len &&
	    memcmp(text, with, with_len * sizeof(*with)) == 0;
}

static void
consider(void *arg, const char *name, const char *where)
{
	struct near *n = arg;
	uint32_t other[LENGTH_MAX];
	size_t len = spell(name, other), at = SHOWN;
	unsigned d = distance(n->wanted, n->len, other, len);

	(void)where;
	if (starts(other, len, n->wanted, n->len))
		d = 1;
	if (d > 2 || d >= n->len || d >= len)
		return;
	for (size_t i = 0; i < SHOWN; i++)
		if (n->best[i].name.len > 0 &&
		    strcmp(buf_text(&n->best[i].name), name) == 0)
			return;
	while (at > 0 &&
	    (n->best[at - 1].name.len == 0 || n->best[at - 1].distance > d))
		at--;
	if (at == SHOWN)
		return;
	buf_free(&n->best[SHOWN - 1].name);
	memmove(&n->best[at + 1], &n->best[at],
	    (SHOWN - 1 - at) * sizeof(n->best[0]));
	n->best[at].distance = d;
	n->best[at].name = (struct buf)BUF_INIT;
	buf_put_text(&n->best[at].name, name);
}

static void
put_hint(struct near *n, const char *name, struct err *e)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < SHOWN && n->best[i].name.len > 0; i++)
		buf_printf(&text, "%s'%s'", i > 0 ? ", " : "",
		    buf_text(&n->best[i].name));
	if (text.len > 0)
		err_hint(e, "did you mean %s?", buf_text(&text));
	else
		quote_hint(e, "pemkeep add ", name, " ADDRESS");
	buf_free(&text);
}

static int
consider_tag(void *arg, const char *folded)
{
	consider(arg, folded, "");
	return 0;
}

/* Those of the instances that are searched. */
static void
consider_instances(struct near *n, struct inventory *inv)
{
	size_t count;
	int64_t *places;

	if (inv == NULL || !inv->ready)
		return;
	if ((places = find_places(inv, &count)) != NULL)
		(void)cache_names(
		    inv->cache, places, count, consider_tag, n, NULL);
	free(places);
}

/* "EC2 (profile 'x' in eu-west-1, and 3 more)". */
static void
put_searched(struct buf *b, const struct inventory *inv)
{
	const struct area *first = NULL;
	size_t more = 0;

	if (inv == NULL)
		return;
	for (size_t i = 0; i < inv->area_count; i++) {
		const struct area *a = &inv->areas[i];

		if ((a->extra && !a->named) || a->place.fetched == 0)
			continue;
		if (first == NULL)
			first = a;
		else
			more++;
	}
	if (first != NULL)
		buf_printf(b, ", EC2 (profile '%s' in %s",
		    inv->logins[first->login].name, first->region);
	if (more > 0)
		buf_printf(b, " and %zu more", more);
	if (first != NULL)
		buf_put_text(b, ")");
	if (inv->trouble_count > 0)
		buf_put_text(
		    b, first == NULL ? ", not EC2" : ", not all of EC2");
	/* Of who has to do with AWS all troubles are said anyhow. */
	if (inv->trouble_count > 0 && !inv->configured)
		buf_printf(b, " (%s)", inv->troubles[0].error.text);
}

int
target_not_found(const struct inventory_question *q, const char *name,
    const struct hosts *hosts, struct err *e)
{
	struct near n = { .len = 0 };
	struct buf searched = BUF_INIT;

	n.len = spell(name, n.wanted);
	for (size_t i = 0; i < hosts->count; i++)
		consider(&n, hosts->list[i].name, "");
	(void)ssh_config_each(q->ssh_config, consider, &n, NULL);
	consider_instances(&n, q->inventory);
	put_searched(&searched, q->inventory);
	err_set(e, ERR_NOT_FOUND,
	    "there is no host '%s'; searched: '%s', ~/.ssh/config%s; it is no "
	    "address, and a word without a dot is not asked of the DNS",
	    name, hosts->path, buf_text(&searched));
	put_hint(&n, name, e);
	for (size_t i = 0; i < SHOWN; i++)
		buf_free(&n.best[i].name);
	buf_free(&searched);
	return ERR_NOT_FOUND;
}
