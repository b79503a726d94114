/* SPDX-License-Identifier: ISC */

/*
 * pemkeep completion: a script for a shell, and what that script calls at each
 * key that is pressed.  Then nobody may be kept waiting, and nothing is said.
 */

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pemkeep/base/err.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"
#include "src/cli/complete.h"

#define PATIENCE 1u /* seconds; an agent may have been stopped */

static void
on_alarm(int signo)
{
	(void)signo;
	_exit(0);
}

static void
put_words(const struct complete *c, struct buf *out)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct complete_word *w = &c->list[i];

		buf_put_text(out, w->text);
		if (w->about != NULL)
			buf_printf(out, "\t%s", w->about);
		buf_put_text(out, "\n");
	}
}

/* bash shows what it inserts: only what fits, quoted. */
static void
put_typed(const struct complete *c, const char *last,
    const struct complete_typed *typed, struct buf *out)
{
	for (size_t i = 0; i < c->count; i++) {
		const char *text = c->list[i].text;

		if (strncmp(text, last, strlen(last)) == 0 &&
		    complete_quote(out, text, typed))
			buf_put_text(out, "\n");
	}
}

static const char *
kind_of(const struct complete *c)
{
	switch (c->kind) {
	case COMPLETE_WORDS:
		break;
	case COMPLETE_OPEN:
		return "open\n";
	case COMPLETE_FILES:
		return "files\n";
	}
	return "words\n";
}

/* The operands are the separators of bash, and the line. */
static void
complete_for_bash(struct complete *c, const struct cli *cli, struct buf *out)
{
	struct complete_typed typed = { .kept = 0 };
	size_t count = 0;
	char **words;

	if (cli->operand_count != 2)
		return;
	words =
	    complete_split(cli->operands[1], cli->operands[0], &count, &typed);
	if (words != NULL) {
		complete_line(c, words, count);
		buf_put_text(out, kind_of(c));
		put_typed(c, words[count - 1], &typed, out);
	}
	free(words);
}

static int
answer(const struct cli *cli, const char *shell)
{
	struct complete c = { .front = "" };
	struct buf out = BUF_INIT;
	int status = 0;

	(void)signal(SIGALRM, on_alarm);
	(void)alarm(PATIENCE);
	if (strcmp(shell, "bash") == 0) {
		complete_for_bash(&c, cli, &out);
	} else {
		complete_line(&c, cli->operands, (size_t)cli->operand_count);
		buf_put_text(&out, kind_of(&c));
		put_words(&c, &out);
	}
	if (!c.failed)
		status = out_data(&out);
	complete_clear(&c);
	buf_free(&out);
	return status;
}

static int
run(struct cli *cli)
{
	const char *shell = option_value(cli, "words"), *script = NULL;
	struct buf out = BUF_INIT;
	struct err e;
	int status;

	if (shell != NULL && complete_script(shell) != NULL)
		return answer(cli, shell);
	if (shell == NULL && cli->operand_count == 1)
		shell = cli->operands[0];
	if (shell != NULL)
		script = complete_script(shell);
	if (script == NULL) {
		err_set(&e, ERR_USAGE,
		    "completion is for one of bash, zsh and fish");
		err_hint(&e, "pemkeep help completion");
		return out_error(&e);
	}
	buf_put_text(&out, script);
	status = out_data(&out);
	buf_free(&out);
	return status;
}

static const struct option options[] = {
	{ "words", 0, "SHELL", "what may come next; the scripts call this" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_completion = {
	.name = "completion",
	.args = "bash|zsh|fish",
	.max = -1,
	.summary = "a script that makes a shell complete our command lines",
	.about = "make install puts them where shells look. For a try:\n"
		 "    source <(pemkeep completion bash)\n"
		 "    source <(pemkeep completion zsh)\n"
		 "    pemkeep completion fish | source\n",
	.options = options,
	.run = run,
};
