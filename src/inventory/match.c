/* SPDX-License-Identifier: ISC */
/*
 * Readings of a name.  Tags may hold anything, so that hardly a form excludes
 * another: they are tried in turn.
 */

#include <arpa/inet.h>
#include <string.h>

#include "src/inventory/hosts_internal.h"
#include "src/inventory/match.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* Two letters or more, words, a number: "us-gov-west-1". */
bool
match_is_region(const char *text, size_t len)
{
	size_t words = 0, at = 0, n;

	if (len > 32 || strcspn(text, "/") < len)
		return false;
	for (;; at++, words++) {
		n = strspn(text + at, LOWER);
		if (n == 0 || at + n >= len || text[at + n] != '-')
			break;
		at += n;
	}
	n = strspn(text + at, DIGITS);
	return words >= 2 && n > 0 && n <= 2 && at + n == len &&
	    strspn(text, LOWER) >= 2;
}

bool
match_is_id(const char *text)
{
	size_t n;

	if (strncmp(text, "i-", 2) != 0)
		return false;
	n = strspn(text + 2, DIGITS "abcdef");
	return text[2 + n] == '\0' && (n == 8 || n == 17);
}

static struct match_form *
add(struct match *m, unsigned rank, enum cache_by by, const char *text)
{
	struct match_form *form;

	if (m->count == MATCH_FORMS_MAX)
		return NULL;
	form = &m->forms[m->count++];
	form->rank = rank;
	form->by = by;
	buf_put_text(&form->text, text);
	return form;
}

/* As inet_ntop() would write it, which is how the cache has it. */
static bool
add_address(struct match *m, unsigned rank, const char *name)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, name, &four) == 1)
		inet_ntop(AF_INET, &four, text, sizeof(text));
	else if (inet_pton(AF_INET6, name, &six) == 1)
		inet_ntop(AF_INET6, &six, text, sizeof(text));
	else
		return false;
	(void)add(m, rank, CACHE_ADDRESS, text);
	return true;
}

static void
add_dns(struct match *m, unsigned rank, const char *name)
{
	size_t len = strlen(name);
	struct match_form *form;

	if (strspn(name, NAME_CHARS) != len || memchr(name, '.', len) == NULL ||
	    (form = add(m, rank, CACHE_DNS, "")) == NULL)
		return;
	if (name[len - 1] == '.')
		len--;
	for (size_t i = 0; i < len; i++)
		buf_put_u8(&form->text,
		    (uint8_t)(name[i] >= 'A' && name[i] <= 'Z'
			    ? name[i] - 'A' + 'a'
			    : name[i]));
}

/* "tag:KEY=VALUE", "tag:KEY". */
static bool
add_tag(struct match *m, unsigned rank, const char *name)
{
	struct match_form *form;
	size_t n;

	if (strncmp(name, "tag:", 4) != 0 || name[4] == '\0' || name[4] == '=')
		return false;
	name += 4;
	n = strcspn(name, "=");
	if ((form = add(m, rank, CACHE_TAG, "")) == NULL)
		return true;
	buf_put(&form->text, name, n);
	form->has_value = name[n] == '=';
	if (form->has_value)
		buf_put_text(&form->value, name + n + 1);
	return true;
}

bool
match_is_pattern(const char *name)
{
	return strpbrk(name, "*?") != NULL || strncmp(name, "tag:", 4) == 0;
}

static void
add_all(struct match *m, unsigned rank, const char *name)
{
	if (match_is_id(name)) {
		(void)add(m, rank, CACHE_ID, name);
		return;
	}
	(void)add(m, rank, CACHE_NAME, name);
	if (!add_address(m, rank, name))
		add_dns(m, rank, name);
	if (!add_tag(m, rank + 1, name) && strpbrk(name, "*?") != NULL)
		(void)add(m, rank + 1, CACHE_GLOB, name);
}

void
match_read(const char *name, struct match *m)
{
	const char *region, *end;

	memset(m, 0, sizeof(*m));
	if (*name == '\0' || strlen(name) > MATCH_NAME_MAX)
		return;
	add_all(m, 0, name);
	/* The first part between slashes that looks like a region. */
	for (region = strchr(name, '/'); region != NULL; region = end) {
		size_t first = m->count;

		region++;
		if ((end = strchr(region, '/')) == NULL)
			return;
		if (region - 1 == name || end[1] == '\0' ||
		    !match_is_region(region, (size_t)(end - region)))
			continue;
		add_all(m, 2, end + 1);
		for (size_t i = first; i < m->count; i++) {
			buf_put(&m->forms[i].profile, name,
			    (size_t)(region - 1 - name));
			buf_put(&m->forms[i].region, region,
			    (size_t)(end - region));
		}
		return;
	}
}

bool
match_ok(const struct match *m)
{
	for (size_t i = 0; i < m->count; i++)
		if (!buf_ok(&m->forms[i].text) || !buf_ok(&m->forms[i].value) ||
		    !buf_ok(&m->forms[i].profile) ||
		    !buf_ok(&m->forms[i].region))
			return false;
	return true;
}

void
match_clear(struct match *m)
{
	for (size_t i = 0; i < m->count; i++) {
		buf_free(&m->forms[i].text);
		buf_free(&m->forms[i].value);
		buf_free(&m->forms[i].profile);
		buf_free(&m->forms[i].region);
	}
	memset(m, 0, sizeof(*m));
}
