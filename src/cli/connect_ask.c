/* SPDX-License-Identifier: ISC */

/*
 * A question of the server, or about it.  What is said about a failure is not
 * about passphrases.
 */

#include <string.h>

#include "pemkeep/agent/question.h"
#include "pemkeep/base/err.h"
#include "vault/secret.h"

#include "src/cli/cli.h"
#include "src/cli/connect.h"

int
connect_ask(
    const char *prompt, bool echo, char *answer, size_t size, struct err *e)
{
	struct secret *typed;
	int r;

	memset(answer, 0, size);
	if (!question_possible())
		return err_set(e, ERR_USAGE, "there is nobody to ask");
	if ((typed = secret_new(size)) == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	out_progress_end();
	r = question_ask(prompt, echo, typed, e);
	if (r == 0 && secret_len(typed) < size)
		memcpy(answer, secret_bytes(typed), secret_len(typed));
	else if (r != ERR_INTERRUPTED)
		r = err_set(e, ERR_REFUSED,
		    "no answer was given, or one that is too long");
	secret_free(typed);
	return r;
}
