/* SPDX-License-Identifier: ISC */

/* From a command line to what may come next, by the tables. */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/path.h"
#include "pemkeep/base/utf8.h"

#include "src/cli/cli.h"
#include "src/cli/commands.h"
#include "src/cli/complete.h"
#include "src/cli/connect.h"

void
complete_add(struct complete *c, const char *text, const char *about)
{
	struct complete_word *list;
	size_t left = strlen(text), n;
	uint32_t cp;

	for (const char *at = text; left > 0; at += n, left -= n)
		if ((n = utf8_decode(at, left, &cp)) == 0 || utf8_unsafe(cp))
			return;
	if (c->count == c->room) {
		size_t room = c->room > 0 ? c->room * 2 : 64;

		list = reallocarray(c->list, room, sizeof(*list));
		if (list == NULL) {
			c->failed = true;
			return;
		}
		c->list = list;
		c->room = room;
	}
	list = &c->list[c->count];
	list->about = about;
	n = strlen(c->front);
	if ((list->text = malloc(n + strlen(text) + 1)) == NULL) {
		c->failed = true;
		return;
	}
	memcpy(list->text, c->front, n);
	memcpy(list->text + n, text, strlen(text) + 1);
	c->count++;
}

void
complete_clear(struct complete *c)
{
	for (size_t i = 0; i < c->count; i++)
		free(c->list[i].text);
	free(c->list);
	memset(c, 0, sizeof(*c));
}

/* What a table calls an operand, or the value of an option. */
struct slot {
	const char *text;
	size_t len;
};

static bool
has(const struct slot *s, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= s->len; i++)
		if (memcmp(s->text + i, word, n) == 0)
			return true;
	return false;
}

static void
add_alternatives(struct complete *c, const struct slot *s)
{
	struct buf word = BUF_INIT;

	for (size_t i = 0, n; i < s->len; i += n + 1) {
		for (n = 0; i + n < s->len && s->text[i + n] != '|'; n++)
			;
		buf_clear(&word);
		buf_put(&word, s->text + i, n);
		complete_add(c, buf_text(&word), NULL);
	}
	buf_free(&word);
}

static void
add_commands(struct complete *c)
{
	for (size_t i = 0; commands[i] != NULL; i++)
		complete_add(c, commands[i]->name, commands[i]->summary);
}

static void
add_slot(struct complete *c, const struct cli *cli, const struct slot *s)
{
	if (has(s, "KEY")) {
		complete_keys(c, cli);
	} else if (has(s, "PROFILE")) {
		complete_profiles(c);
	} else if (has(s, "FILE") || has(s, "DIR") || has(s, "PATH")) {
		c->kind = COMPLETE_FILES;
	} else if (has(s, "HOST") || has(s, "NAME") || has(s, "PATTERN")) {
		complete_hosts(c, cli);
	} else if (has(s, "COMMAND")) {
		add_commands(c);
	} else if (has(s, "|")) {
		add_alternatives(c, s);
	}
}

/* The at-th operand of "KEY NEW", "[PATTERN...]", "FILE|DIR...". */
static bool
find_slot(const char *args, size_t at, struct slot *s)
{
	for (;;) {
		args += strspn(args, " [");
		if (*args == '\0')
			return false;
		s->text = args;
		s->len = strcspn(args, " ].");
		args += s->len;
		if (at-- == 0 || *args == '.')
			return true;
		args += strcspn(args, " ");
	}
}

static void
add_option(struct complete *c, const struct option *o)
{
	struct buf word = BUF_INIT;

	buf_printf(&word, "--%s", o->name);
	complete_add(c, buf_text(&word), o->summary);
	buf_free(&word);
}

static void
add_options(struct complete *c, const struct cli *cli)
{
	const struct option *const lists[] = {
		cli->command != NULL ? cli->command->options : NULL,
		global_options
	};

	for (size_t i = 0; i < 2; i++)
		for (const struct option *o = lists[i];
		     o != NULL && o->name != NULL; o++)
			if (!option_on(cli, o->name))
				add_option(c, o);
}

static const struct option *
find_option(const struct cli *cli, const char *word)
{
	const struct option *const lists[] = {
		cli->command != NULL ? cli->command->options : NULL,
		global_options
	};
	size_t len = strcspn(word, "=");

	for (size_t i = 0; i < 2; i++)
		for (const struct option *o = lists[i];
		     o != NULL && o->name != NULL; o++) {
			if (word[1] == '-' && strlen(o->name) == len - 2 &&
			    memcmp(o->name, word + 2, len - 2) == 0)
				return o;
			/* Of letters the last one may want a value. */
			if (word[1] != '-' && o->letter != 0 &&
			    word[strlen(word) - 1] == o->letter)
				return o;
		}
	return NULL;
}

static void
give(struct cli *cli, const struct option *o, const char *value)
{
	if (cli->given_count < OPTIONS_MAX) {
		cli->given[cli->given_count].option = o;
		cli->given[cli->given_count++].value = value;
	}
}

/* The words before the last: what they have said already. */
struct reading {
	struct cli cli;
	const struct option *waiting; /* its value is the next word */
	size_t operands;
	bool only_operands;
	bool lost; /* there is no such command */
};

static void
read_word(struct reading *r, const char *word)
{
	const char *value = strchr(word, '=');

	if (r->waiting != NULL) {
		give(&r->cli, r->waiting, word);
		r->waiting = NULL;
	} else if (!r->only_operands && strcmp(word, "--") == 0) {
		r->only_operands = true;
	} else if (!r->only_operands && word[0] == '-' && word[1] != '\0') {
		const struct option *o = find_option(&r->cli, word);

		if (o != NULL && o->arg != NULL && value == NULL)
			r->waiting = o;
		else if (o != NULL)
			give(&r->cli, o, value != NULL ? value + 1 : NULL);
	} else if (r->cli.command == NULL) {
		r->cli.command = command_find(word);
		r->lost |= r->cli.command == NULL;
	} else {
		r->operands++;
	}
}

static void
add_value(
    struct complete *c, const struct cli *cli, const struct option *option)
{
	const struct slot s = { option->arg, strlen(option->arg) };

	/* A name that an option takes is a new one. */
	if (strcmp(option->arg, "NAME") != 0)
		add_slot(c, cli, &s);
}

/* "--key=…" in one word. */
static void
add_joined(struct complete *c, const struct reading *r, const char *word)
{
	const struct option *o = find_option(&r->cli, word);
	struct buf front = BUF_INIT;

	if (o != NULL && o->arg != NULL) {
		buf_put(&front, word, strcspn(word, "=") + 1);
		c->front = buf_text(&front);
		add_value(c, &r->cli, o);
		c->front = "";
	}
	buf_free(&front);
}

static void
add_last(struct complete *c, const struct reading *r, const char *word)
{
	const struct command *command = r->cli.command;
	struct slot s;

	if (r->lost)
		return;
	if (r->waiting != NULL)
		add_value(c, &r->cli, r->waiting);
	else if (!r->only_operands && strncmp(word, "--", 2) == 0 &&
	    strchr(word, '=') != NULL)
		add_joined(c, r, word);
	else if (!r->only_operands && word[0] == '-')
		add_options(c, &r->cli);
	else if (command == NULL)
		add_commands(c);
	else if (find_slot(command->args, r->operands, &s))
		add_slot(c, &r->cli, &s);
}

/* connect: the lines of its help are its table */

/* "  -l USER          log in as USER": the next option of a line. */
static const char *
next_option(const char *at, struct slot *word, struct slot *value)
{
	at += strspn(at, " ,");
	if (*at != '-')
		return NULL;
	*word = (struct slot){ at, strcspn(at, " ,\n") };
	at += word->len;
	*value = (struct slot){ at, 0 };
	if (at[0] == ' ' && at[1] != ' ') {
		value->text = at + 1;
		value->len = strcspn(at + 1, " \n");
		at += 1 + value->len;
	}
	return at;
}

struct connect_option {
	struct slot word, value;
	const char *about; /* to the end of the line */
};

/* Call 'fn' with each; not 0 ends it. */
static void
each_connect_option(struct buf *help,
    bool (*fn)(void *arg, const struct connect_option *o), void *arg)
{
	struct connect_option o;

	for (const char *line = buf_text(help); *line != '\0';
	     line += strcspn(line, "\n"), line += *line == '\n') {
		const char *at = line;

		if (strncmp(line, "  ", 2) != 0)
			continue;
		while ((at = next_option(at, &o.word, &o.value)) != NULL) {
			o.about = at + strspn(at, " ");
			if (!fn(arg, &o))
				return;
			if (*at != ',')
				break;
		}
	}
}

static bool
add_connect_option(void *arg, const struct connect_option *o)
{
	struct buf word = BUF_INIT;
	struct complete *c = arg;

	buf_put(&word, o->word.text, o->word.len);
	complete_add(c, buf_text(&word), NULL);
	buf_free(&word);
	return true;
}

struct wanted {
	const char *word;
	struct slot value;
	bool found;
};

static bool
is_wanted(void *arg, const struct connect_option *o)
{
	struct wanted *w = arg;

	if (o->word.len != strlen(w->word) ||
	    memcmp(o->word.text, w->word, o->word.len) != 0)
		return true;
	w->value = o->value;
	w->found = true;
	return false;
}

static void
add_config_keys(struct complete *c)
{
	struct buf word = BUF_INIT;
	const char *key;

	c->kind = COMPLETE_OPEN;
	for (size_t i = 0; (key = connect_config_key(i)) != NULL; i++) {
		buf_clear(&word);
		buf_printf(&word, "%s=", key);
		complete_add(c, buf_text(&word), NULL);
	}
	buf_free(&word);
}

/* "user@" may be a user, or the beginning of a name. */
static void
add_connect_host(struct complete *c, const struct cli *cli, const char *word)
{
	const char *at = strchr(word, '@');
	struct buf front = BUF_INIT;

	complete_hosts(c, cli);
	if (at == NULL)
		return;
	buf_put(&front, word, (size_t)(at + 1 - word));
	c->front = buf_text(&front);
	complete_hosts(c, cli);
	c->front = "";
	buf_free(&front);
}

static void
keep_scope(struct cli *cli, const char *word, const char *value)
{
	for (const struct option *g = global_options; g->name != NULL; g++)
		if (strncmp(word, "--", 2) == 0 &&
		    strcmp(g->name, word + 2) == 0)
			give(cli, g, value);
}

static void
complete_connect(struct complete *c, char *const *words, size_t count)
{
	const char *last = words[count - 1];
	struct cli cli = { .command = &cmd_connect };
	struct buf help = BUF_INIT;
	struct wanted w = { .found = false };

	connect_options_help(&help);
	for (size_t i = 1; i + 1 < count; i++) {
		if (words[i][0] != '-')
			goto out; /* the host; what follows runs there */
		w = (struct wanted){ .word = words[i] };
		each_connect_option(&help, is_wanted, &w);
		if (w.value.len > 0 && i + 2 < count)
			keep_scope(&cli, words[i], words[i + 1]);
		i += w.value.len > 0 && i + 2 < count;
	}
	if (count > 2 && w.value.len > 0 &&
	    strcmp(words[count - 2], w.word) == 0) {
		if (strcmp(w.word, "-o") == 0)
			add_config_keys(c);
		else if (strcmp(w.word, "--profile") == 0)
			complete_profiles(c);
		else if (strcmp(w.word, "-k") == 0 || strcmp(w.word, "-i") == 0)
			add_slot(c, &cli, &w.value);
	} else if (last[0] == '-') {
		each_connect_option(&help, add_connect_option, c);
	} else {
		add_connect_host(c, &cli, last);
	}
out:
	buf_free(&help);
}

static int
by_text(const void *a, const void *b)
{
	const struct complete_word *x = a, *y = b;

	return strcmp(x->text, y->text);
}

static void
sort(struct complete *c)
{
	size_t n = 0;

	if (c->count > 1)
		qsort(c->list, c->count, sizeof(*c->list), by_text);
	for (size_t i = 0; i < c->count; i++)
		if (n > 0 && strcmp(c->list[n - 1].text, c->list[i].text) == 0)
			free(c->list[i].text);
		else
			c->list[n++] = c->list[i];
	c->count = n;
}

void
complete_line(struct complete *c, char *const *words, size_t count)
{
	struct reading r = { .waiting = NULL };

	c->front = "";
	if (count < 2)
		return;
	if (strcmp(path_base(words[0]), "connect") == 0) {
		complete_connect(c, words, count);
		sort(c);
		return;
	}
	for (size_t i = 1; i + 1 < count; i++) {
		read_word(&r, words[i]);
		if (r.cli.command == &cmd_connect) {
			complete_connect(c, words + i, count - i);
			sort(c);
			return;
		}
	}
	add_last(c, &r, words[count - 1]);
	sort(c);
}
