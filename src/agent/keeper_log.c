/* SPDX-License-Identifier: ISC */

/*
 * The keeper's part of the event log.  Keys go in by fingerprint: their names
 * are encrypted in the vault, and the log is not.
 */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/path.h"
#include "pemkeep/keys/pubkey.h"
#include "vault/sshkey.h"

#include "src/agent/keeper_internal.h"
#include "src/agent/keeper_log.h"
#include "src/agent/system.h"

/* What waits for the end of a transaction. */
struct keeper_pending {
	struct keeper_pending *next;
	enum log_kind kind;
	char print[64];
};

void
keeper_for(struct keeper *k, struct keeper_asker *asker)
{
	k->asker = asker;
}

static void
append_event(struct keeper *k, struct log_event event)
{
	struct keeper_asker *asker = k->asker;
	struct buf path = BUF_INIT;
	struct err e;

	if (asker != NULL && asker->pid != 0) {
		if (asker->program[0] == '\0')
			system_program((pid_t)asker->pid, asker->program,
			    sizeof(asker->program));
		event.pid = asker->pid;
		if (asker->program[0] != '\0')
			event.program = asker->program;
	}
	if (path_of(PATH_STATE, "log", &path, &e) == 0 &&
	    log_append(buf_text(&path), &event, &e) == 0)
		k->log_failed = false;
	else if (!k->log_failed) { /* once is enough */
		k->log_failed = true;
		keeper_warn(k, e.hint, "nothing can be logged: %s", e.text);
	}
	buf_free(&path);
}

static void
append(struct keeper *k, enum log_kind kind, const char *print,
    const char *detail, bool lazy)
{
	append_event(k,
	    (struct log_event){
		.kind = kind, .key = print, .detail = detail, .lazy = lazy });
}

void
keeper_log(struct keeper *k, enum log_kind kind)
{
	append(k, kind, NULL, NULL, false);
}

void
keeper_log_refused(struct keeper *k, const char *what)
{
	append(k, LOG_REFUSED, NULL, what, true);
}

void
keeper_log_blob(struct keeper *k, enum log_kind kind, const uint8_t *blob,
    size_t len, const char *detail)
{
	struct buf print = BUF_INIT;

	if (pubkey_fingerprint(blob, len, &print) != 0)
		buf_clear(&print);
	append(k, kind, print.len > 0 ? buf_text(&print) : NULL, detail,
	    kind == LOG_SIGN); /* thousands a second, some days */
	buf_free(&print);
}

void
keeper_log_password(
    struct keeper *k, const uint8_t *blob, size_t len, const char *instance)
{
	struct buf print = BUF_INIT;

	if (pubkey_fingerprint(blob, len, &print) != 0)
		buf_clear(&print);
	append_event(k,
	    (struct log_event){ .kind = LOG_PASSWORD,
		.key = print.len > 0 ? buf_text(&print) : NULL,
		.instance = instance });
	buf_free(&print);
}

/* "" for what has no public half that is known here. */
static void
print_of(const struct vault_entry *entry, char *out, size_t size)
{
	struct vault_sshkey info;
	struct buf print = BUF_INIT;
	bool newer;

	out[0] = '\0';
	if (entry->type == VAULT_TYPE_SSHKEY &&
	    vault_sshkey_parse(entry->info, entry->info_len, &info, &newer) &&
	    pubkey_fingerprint(info.public_key, info.public_key_len, &print) ==
		0 &&
	    print.len < size)
		memcpy(out, buf_text(&print), print.len + 1);
	buf_free(&print);
}

void
keeper_log_entry(
    struct keeper *k, enum log_kind kind, const struct vault_entry *entry)
{
	char print[64];

	print_of(entry, print, sizeof(print));
	append(k, kind, print[0] != '\0' ? print : NULL, NULL, false);
}

void
keeper_log_later(
    struct keeper *k, enum log_kind kind, const struct vault_entry *entry)
{
	struct keeper_pending *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return;
	p->kind = kind;
	if (entry != NULL)
		print_of(entry, p->print, sizeof(p->print));
	p->next = k->pending;
	k->pending = p;
}

/* The last one first, as they were put there. */
static struct keeper_pending *
reversed(struct keeper_pending *p)
{
	struct keeper_pending *list = NULL, *next;

	for (; p != NULL; p = next) {
		next = p->next;
		p->next = list;
		list = p;
	}
	return list;
}

void
keeper_log_done(struct keeper *k, bool committed)
{
	struct keeper_pending *p, *next;

	for (p = reversed(k->pending); p != NULL; p = next) {
		next = p->next;
		if (committed)
			append(k, p->kind,
			    p->print[0] != '\0' ? p->print : NULL, NULL,
			    next != NULL);
		free(p);
	}
	k->pending = NULL;
}
