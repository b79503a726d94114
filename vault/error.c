/* SPDX-License-Identifier: ISC */

/* One list of failures, and one sentence for each. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

int
vault_fail(struct vault_error *e, enum vault_result code, unsigned rule,
    const char *where)
{
	if (e != NULL) {
		memset(e, 0, sizeof(*e));
		e->code = code;
		e->rule = rule;
		snprintf(e->where, sizeof(e->where), "%s", where);
	}
	return code;
}

int
vault_fail_system(struct vault_error *e, const char *doing, const char *path)
{
	int saved = errno;

	vault_fail(e, VAULT_ESYSTEM, 0, "");
	if (e != NULL) {
		e->os_error = saved;
		snprintf(
		    e->where, sizeof(e->where), "cannot %s '%s'", doing, path);
	}
	return VAULT_ESYSTEM;
}

int
vault_fail_number(struct vault_error *e, enum vault_result code,
    uint64_t number, const char *where)
{
	vault_fail(e, code, 0, where);
	if (e != NULL)
		e->number = number;
	return code;
}

/* %s is 'where'. */
static const struct text {
	enum vault_result code;
	const char *text;
} texts[] = {
	{ VAULT_OK, "no error" },
	{ VAULT_ENOMEM, "out of memory" },
	{ VAULT_ENOVAULT, "there is no vault '%s'" },
	{ VAULT_EEXISTS, "'%s' exists already" },
	{ VAULT_EKIND,
	    "'%s' is not what it should be (a regular file in a folder)" },
	{ VAULT_ENOTVAULT, "'%s' is not a pemkeep vault" },
	{ VAULT_EVERSION,
	    "the vault was made by a newer version of pemkeep (%s)" },
	{ VAULT_ECOST, "the vault asks for an absurd passphrase hash (%s)" },
	{ VAULT_EPASSPHRASE, "wrong passphrase" },
	{ VAULT_ENOSTANZA, "the vault cannot be unlocked with a passphrase" },
	{ VAULT_EROLLBACK, "the vault is older than the one last seen here" },
	{ VAULT_EFORK,
	    "the vault does not descend from the one last seen here" },
	{ VAULT_ECHANGED, "the vault's passphrase was changed meanwhile" },
	{ VAULT_ENOTFOUND, "there is no such record" },
	{ VAULT_ENAME, "that is not a possible name" },
	{ VAULT_ETAKEN, "the name is taken" },
	{ VAULT_EFULL, "the vault is full (%s)" },
	{ VAULT_ESTANZA,
	    "the vault has ways to unlock it that this version does "
	    "not know, and would lose" },
	{ VAULT_EUNSURE,
	    "saved, but it is not certain to survive a power cut: "
	    "cannot flush '%s'" },
	{ VAULT_EUSE, "internal error: %s" },
};

static const char *
text_of(enum vault_result code)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].code == code)
			return texts[i].text;
	return "unknown error";
}

/* The texts hold at most one %s; done by hand to keep the format constant. */
static void
fill_in(char *text, size_t size, const char *form, const char *where)
{
	const char *hole = strstr(form, "%s");

	if (hole == NULL)
		snprintf(text, size, "%s", form);
	else
		snprintf(text, size, "%.*s%s%s", (int)(hole - form), form,
		    where, hole + 2);
}

void
vault_message(const struct vault_error *e, char *text, size_t size)
{
	switch (e->code) {
	case VAULT_ESYSTEM:
		snprintf(text, size, "%s: %s", e->where, strerror(e->os_error));
		break;
	case VAULT_ENOKDFMEM:
		snprintf(text, size,
		    "not enough memory for the passphrase hash: it needs %llu "
		    "MiB",
		    (unsigned long long)(e->number + 1023) / 1024);
		break;
	case VAULT_EMODE:
		snprintf(text, size, "'%s' has mode %04llo, too open", e->where,
		    (unsigned long long)e->number);
		break;
	case VAULT_EOWNER:
		snprintf(text, size, "'%s' belongs to another user (uid %llu)",
		    e->where, (unsigned long long)e->number);
		break;
	case VAULT_EDAMAGED:
		snprintf(text, size, "the vault is damaged: %s (rule %u)",
		    e->where, e->rule);
		break;
	case VAULT_ELOCKED:
		if (e->number != 0)
			snprintf(text, size,
			    "another pemkeep (process %llu) is changing the "
			    "vault",
			    (unsigned long long)e->number);
		else
			snprintf(text, size,
			    "another pemkeep is changing the vault");
		break;
	default:
		fill_in(text, size, text_of(e->code), e->where);
	}
}
