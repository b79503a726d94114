/* SPDX-License-Identifier: ISC */

/* A key as people see it, and as programs do. */

#include <string.h>

#include "pemkeep/agent/listing.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/json.h"
#include "pemkeep/base/timefmt.h"

#include "src/cli/cli.h"

void
show_key_lines(struct buf *b, const struct keeper_key *key)
{
	buf_printf(b, "    %s %u  ", key->type, key->bits);
	out_put(b, key->fingerprint);
	buf_put_text(b, "\n");
	if (*key->ec2_created != '\0' &&
	    strcmp(key->ec2_created, key->ec2_imported) == 0) {
		buf_printf(b, "    in EC2: %s\n", key->ec2_created);
		return;
	}
	if (*key->ec2_created != '\0')
		buf_printf(
		    b, "    in EC2, created there:  %s\n", key->ec2_created);
	if (*key->ec2_imported != '\0')
		buf_printf(
		    b, "    in EC2, imported there: %s\n", key->ec2_imported);
}

static const char *
or_null(const char *text)
{
	return *text != '\0' ? text : NULL;
}

void
show_key_json(struct json *o, const struct keeper_key *key)
{
	char created[21];

	timefmt_iso(key->created, created);
	json_set_text(o, "name", key->name);
	json_set_text(o, "type", key->type);
	json_set_int(o, "bits", key->bits);
	json_set_text(o, "fingerprint", or_null(key->fingerprint));
	json_set_text(o, "ec2_created", or_null(key->ec2_created));
	json_set_text(o, "ec2_imported", or_null(key->ec2_imported));
	json_set_text(o, "public_key", or_null(key->public_line));
	json_set_text(o, "created", created);
	json_set_text(o, "source", or_null(key->source));
	json_set_text(o, "format", or_null(key->format));
	json_set_bool(o, "encrypted", key->encrypted);
	json_set_bool(o, "confirm", key->confirm);
	json_set_text(o, "comment", or_null(key->comment));
}

int
show_keys(const struct keeper_key *keys, size_t count)
{
	struct json *top = json_new_object(), *list = json_new_array();

	for (size_t i = 0; i < count; i++) {
		struct json *o = json_new_object();

		show_key_json(o, &keys[i]);
		json_append(list, o);
	}
	json_set(top, "keys", list);
	return out_json(top);
}
