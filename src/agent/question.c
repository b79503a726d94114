/* SPDX-License-Identifier: ISC */

/* Which of the two ways a question takes is decided as for passphrases. */

#include "pemkeep/agent/question.h"

#include "src/agent/askpass.h"
#include "src/agent/tty.h"

bool
question_possible(void)
{
	return askpass_wanted() || tty_there();
}

int
question_ask(
    const char *prompt, bool echo, struct secret *answer, struct err *e)
{
	if (askpass_wanted())
		return askpass_ask(prompt, answer, e);
	return tty_ask(prompt, echo, answer, e);
}
