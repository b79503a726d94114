/* SPDX-License-Identifier: ISC */
/*
 * What somebody types as a NAME, the file of what was learned, and the name of
 * an image: each gets the same bytes.  What comes out has been checked.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/inventory/ami_users.h"

#include "src/inventory/hosts_internal.h"
#include "src/inventory/inventory_internal.h"
#include "src/inventory/learned_internal.h"
#include "src/inventory/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int condition)
{
	if (!condition)
		abort();
}

static void
as_name(const char *name)
{
	struct match m;

	match_read(name, &m);
	must(match_ok(&m) && m.count <= MATCH_FORMS_MAX);
	for (size_t i = 0; i < m.count; i++) {
		struct match_form *f = &m.forms[i];

		must(f->text.len <= MATCH_NAME_MAX + 1);
		must(i == 0 || f->rank >= m.forms[i - 1].rank);
		must((f->profile.len > 0) == (f->region.len > 0));
		must(f->region.len == 0 ||
		    match_is_region(buf_text(&f->region), f->region.len));
		/* An id is nothing else. */
		must(f->by != CACHE_ID ||
		    (match_is_id(buf_text(&f->text)) &&
			(i + 1 == m.count || m.forms[i + 1].rank != f->rank)));
		must(f->by != CACHE_NAME || !match_is_id(buf_text(&f->text)));
	}
	match_clear(&m);
}

static void
as_learned(const uint8_t *data, size_t size)
{
	struct buf out = BUF_INIT, again = BUF_INIT;
	struct learned_file *f, *after;
	struct learned l;

	must(learned_parse("f", data, size, &f, NULL) == 0);
	l = learned_find(f, "i-1");
	must(l.user == NULL || hosts_is_user(l.user));
	must(l.key == NULL || hosts_is_fingerprint(l.key));
	must(learned_change(f, "i-2", "u", NULL, &out, NULL) == 0);
	must(learned_parse("f", out.data, out.len, &after, NULL) == 0);
	must(strcmp(learned_find(after, "i-2").user, "u") == 0);
	must((l.user == NULL) == (learned_find(after, "i-1").user == NULL));
	/* What was written is what would be written again. */
	must(learned_change(after, "i-2", "u", NULL, &again, NULL) == 0);
	must(
	    out.len == again.len && memcmp(out.data, again.data, out.len) == 0);
	learned_close(f);
	learned_close(after);
	buf_free(&out);
	buf_free(&again);
}

static void
as_image(const char *name)
{
	const struct ami_facts facts = { .name = name, .details = name };
	enum ami_reason reason;
	const struct ami_user *user = ami_users_find(&facts, &reason);

	must(user == NULL || user->user == NULL || hosts_is_user(user->user));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), address[46];

	must(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	as_name(text);
	as_image(text);
	must(rows_address_text(text, address) == (address[0] != '\0'));
	as_learned(data, size);
	free(text);
	return 0;
}
