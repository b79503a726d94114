/* SPDX-License-Identifier: ISC */

/* What an audit has found, for people and for programs. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/json.h"
#include "pemkeep/base/timefmt.h"

#include "src/cli/audit.h"
#include "src/cli/cli.h"

/* SGR parameters: red, yellow, cyan, bold. */
static const char *const colours[SEVERITIES] = { "0", "36", "33", "31",
	"1;31" };

static void
put_title(struct buf *b, enum severity s, bool colour)
{
	if (colour)
		buf_printf(
		    b, "\033[%sm%s\033[0m\n", colours[s], severity_name(s));
	else
		buf_printf(b, "%s\n", severity_name(s));
}

/* A sentence begins with a capital, whoever wrote it. */
static void
put_sentence(struct buf *b, const char *text)
{
	char first[2] = { text[0], '\0' };

	if (first[0] >= 'a' && first[0] <= 'z')
		first[0] = (char)(first[0] - 'a' + 'A');
	buf_put_text(b, "      ");
	if (text[0] == '\0')
		return;
	if (strncmp(text, "i-", 2) == 0) { /* the id of an instance */
		out_put(b, text);
	} else {
		out_put(b, first);
		out_put(b, text + 1);
	}
	buf_put_text(b, ".\n");
}

/* As a user writes it, where that is shorter. */
static void
put_subject(struct buf *b, const char *subject)
{
	const char *home = getenv("HOME");
	size_t len = home != NULL ? strlen(home) : 0;

	if (len > 1 && strncmp(subject, home, len) == 0 &&
	    subject[len] == '/') {
		buf_put_u8(b, '~');
		subject += len;
	}
	out_put(b, subject);
}

static void
put_finding(struct buf *b, const struct finding *f, size_t width)
{
	buf_printf(b, "  %-*s  ", (int)width, f->id);
	put_subject(b, f->subject);
	buf_put_text(b, "\n");
	put_sentence(b, f->text);
	if (f->command[0] != '\0') /* is safe as it is, and to be copied */
		buf_printf(b, "      $ %s\n", f->command);
}

static size_t
widest(const struct findings *found)
{
	size_t width = 0;

	for (size_t i = 0; i < found->count; i++)
		if (!found->list[i].fixed && strlen(found->list[i].id) > width)
			width = strlen(found->list[i].id);
	return width;
}

static void
warn_about(const char *what, const struct err *why)
{
	struct err e;

	if (why->code == ERR_OK)
		return;
	err_set(&e, ERR_FAILED, "%s: %s", what, why->text);
	out_warning(e.text, why->hint);
}

#define TROUBLES_SHOWN 5

static void
tell_troubles(const struct audit *a)
{
	size_t shown = a->scan.trouble_count;
	struct err e;

	if (shown > TROUBLES_SHOWN)
		shown = TROUBLES_SHOWN;
	for (size_t i = 0; i < shown; i++) {
		err_set(&e, ERR_FAILED, "'%s' was not looked into: %s",
		    a->scan.troubles[i].path, a->scan.troubles[i].why);
		out_warning(e.text, "");
	}
	if (a->scan.trouble_total > shown) {
		err_set(&e, ERR_FAILED,
		    "%" PRIu64 " more places were not looked into",
		    a->scan.trouble_total - shown);
		out_warning(e.text, "--json lists them");
	}
}

/* What could not be had, on stderr. */
static void
tell_missing(struct audit *a)
{
	if (a->scan_error.code != ERR_OK)
		warn_about("the files are not all seen", &a->scan_error);
	tell_troubles(a);
	if (!a->vault_known)
		warn_about("the vault's keys are not known, and what depends "
			   "on them is left out",
		    &a->vault_error);
	if (!a->cloud_open)
		warn_about("EC2 is left out", &a->cloud_error);
	else
		cloud_tell(&a->cloud, NULL);
}

static const char *
s_of(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* How far this goes, and how old what it rests on is. */
static void
tell_scope(struct audit *a)
{
	char age[TIMEFMT_AGE];
	bool live;
	int64_t fetched = audit_fetched(a, &live);

	out_say(a->cli,
	    "%zu private key%s in %" PRIu64 " file%s and %" PRIu64 " folder%s.",
	    a->scan.count, s_of(a->scan.count), a->scan.files,
	    s_of(a->scan.files), a->scan.folders, s_of(a->scan.folders));
	if (a->scan.elsewhere > 0)
		out_say(a->cli,
		    "Left out on other file systems: %" PRIu64 " folder%s.",
		    a->scan.elsewhere, s_of(a->scan.elsewhere));
	if (fetched == 0 || live)
		return;
	timefmt_age(fetched, a->now, age);
	out_say(
	    a->cli, "What is said of EC2 is from the cache, and %s old.", age);
}

int
audit_show_text(struct audit *a)
{
	enum severity last = SEVERITIES;
	size_t width = widest(&a->found);
	struct buf b = BUF_INIT;
	bool colour = out_colour();
	int status;

	tell_missing(a);
	for (size_t i = 0; i < a->found.count; i++) {
		const struct finding *f = &a->found.list[i];

		if (f->severity != last) {
			if (last != SEVERITIES)
				buf_put_text(&b, "\n");
			put_title(&b, last = f->severity, colour);
		}
		put_finding(&b, f, width);
	}
	if (b.len == 0 && buf_ok(&b))
		out_say(a->cli, "Nothing was found that needs to be mended.");
	status = out_data(&b);
	tell_scope(a);
	buf_free(&b);
	return status;
}

static struct json *
instances_json(const struct finding *f)
{
	struct json *list = json_new_array();

	for (size_t i = 0; i < f->instance_count; i++) {
		const struct finding_instance *n = &f->instances[i];
		struct json *o = json_new_object();

		json_set_text(o, "id", n->id);
		json_set_text(o, "name", n->name[0] != '\0' ? n->name : NULL);
		json_append(list, o);
	}
	return list;
}

static struct json *
finding_json(const struct finding *f)
{
	struct json *o = json_new_object();
	char mode[8];

	snprintf(mode, sizeof(mode), "%04o", f->mode & 07777u);
	json_set_text(o, "id", f->id);
	json_set_text(o, "severity", severity_name(f->severity));
	json_set_text(o, "subject", f->subject);
	json_set_text(o, "text", f->text);
	json_set_text(o, "command", f->command[0] != '\0' ? f->command : NULL);
	json_set_text(o, "path", f->path);
	json_set_text(o, "mode", f->mode != 0 ? mode : NULL);
	json_set_text(o, "key", f->key);
	json_set_text(o, "fingerprint", f->fingerprint);
	json_set_text(o, "profile", f->profile);
	json_set_text(o, "region", f->region);
	json_set_text(o, "key_pair", f->pair);
	json_set_text(o, "security_group", f->group);
	json_set_text(o, "rule", f->rule);
	json_set_text(o, "address", f->address);
	json_set(o, "instances", instances_json(f));
	return o;
}

static void
add_error(
    struct json *errors, const char *path, const char *text, const char *hint)
{
	struct json *o = json_new_object();

	json_set_text(o, "path", path);
	json_set_text(o, "error", text);
	json_set_text(o, "hint", hint != NULL && *hint != '\0' ? hint : NULL);
	json_append(errors, o);
}

static struct json *
errors_json(struct audit *a)
{
	struct json *errors =
	    a->cloud_open ? cloud_errors(&a->cloud) : json_new_array();

	if (!a->cloud_open && a->cloud_error.code != ERR_OK)
		add_error(
		    errors, NULL, a->cloud_error.text, a->cloud_error.hint);
	if (!a->vault_known)
		add_error(
		    errors, NULL, a->vault_error.text, a->vault_error.hint);
	if (a->scan_error.code != ERR_OK)
		add_error(errors, NULL, a->scan_error.text, a->scan_error.hint);
	for (size_t i = 0; i < a->scan.trouble_count; i++)
		add_error(errors, a->scan.troubles[i].path,
		    a->scan.troubles[i].why, NULL);
	return errors;
}

static struct json *
scanned_json(const struct audit *a)
{
	struct json *o = json_new_object();

	json_set_int(o, "files", (int64_t)a->scan.files);
	json_set_int(o, "folders", (int64_t)a->scan.folders);
	json_set_int(o, "keys", (int64_t)a->scan.count);
	return o;
}

int
audit_show_json(struct audit *a)
{
	struct json *top = json_new_object(), *list = json_new_array();
	struct json *fixed = json_new_array();
	char when[21] = "";
	bool live;
	int64_t fetched = audit_fetched(a, &live);

	tell_missing(a);
	for (size_t i = 0; i < a->found.count; i++)
		json_append(list, finding_json(&a->found.list[i]));
	for (size_t i = 0; i < a->before.count; i++)
		if (a->before.list[i].fixed)
			json_append(fixed, finding_json(&a->before.list[i]));
	if (fetched != 0)
		timefmt_iso((uint64_t)fetched, when);
	json_set(top, "findings", list);
	json_set(top, "fixed", fixed);
	json_set(top, "scanned", scanned_json(a));
	json_set_text(top, "vault",
	    !a->vault_there      ? "none"
		: a->vault_known ? "known"
				 : "unknown");
	json_set_text(top, "fetched", fetched != 0 ? when : NULL);
	json_set_bool(top, "live", fetched != 0 && live);
	json_set_bool(top, "partial", audit_partial(a));
	json_set(top, "errors", errors_json(a));
	return out_json(top);
}
