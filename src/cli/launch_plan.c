/* SPDX-License-Identifier: ISC */

/*
 * launch --plan: what would be done, what it would cost, and whether AWS would
 * let us.  Nothing is changed, and nobody is asked anything.
 */

#include <stdio.h>
#include <string.h>

#include "pemkeep/base/err.h"
#include "pemkeep/base/json.h"

#include "src/cli/launch.h"

struct showing {
	struct buf text;
	struct json *answers;
	bool refused;
};

static void
on_line(void *arg, const char *text)
{
	struct showing *s = arg;

	out_put(&s->text, text);
	buf_put_u8(&s->text, '\n');
}

static void
on_answer(void *arg, const char *action, enum launch_verdict verdict,
    const struct err *why)
{
	static const struct {
		const char *text, *word;
	} verdicts[] = {
		[LAUNCH_MAY] = { "allowed", "allowed" },
		[LAUNCH_MAY_NOT] = { "NOT allowed", "denied" },
		[LAUNCH_WONT] = { "would fail", "fails" },
		[LAUNCH_UNKNOWN] = { "not known", "unknown" },
	};
	struct showing *s = arg;
	struct json *o = json_new_object();

	s->refused |= verdict == LAUNCH_MAY_NOT || verdict == LAUNCH_WONT;
	buf_printf(&s->text, "  %-29s %s", action, verdicts[verdict].text);
	json_set_text(o, "action", action);
	json_set_text(o, "verdict", verdicts[verdict].word);
	if (verdict != LAUNCH_MAY) {
		buf_put_text(&s->text, ": ");
		out_put(&s->text, why->text);
		json_set_text(o, "error", why->text);
	} else {
		json_set_text(o, "error", NULL);
	}
	buf_put_u8(&s->text, '\n');
	json_append(s->answers, o);
}

/* The exit status when all has been shown. */
static int
judge(const struct showing *s)
{
	struct err e;

	if (!s->refused)
		return 0;
	err_set(&e, ERR_REFUSED, "AWS would not do all of that");
	return out_error(&e);
}

int
launch_plan_show(struct launching *g)
{
	struct showing s = { .answers = json_new_array() };
	struct json *top = json_new_object(), *plan;
	struct err e;
	int r, status;

	plan = launch_show_plan_json(&g->launch);
	launch_show_plan(g, on_line, &s);
	buf_put_text(&s.text, "Asked of AWS in advance, without doing it:\n");
	cloud_begin(&g->cloud);
	r = launch_dry_run(g->cloud.aws, &g->launch, on_answer, &s, &e);
	cloud_end(&g->cloud);
	json_set(plan, "dry_run", s.answers);
	json_set(top, "plan", plan);
	if (r != 0) {
		status = out_error(&e);
		json_free(top);
	} else if (option_on(g->given, "json")) {
		status = out_json(top);
	} else {
		status = out_data(&s.text);
		json_free(top);
	}
	buf_free(&s.text);
	launch_show_warnings(&g->launch);
	return status != 0 ? status : judge(&s);
}
