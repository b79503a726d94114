/* SPDX-License-Identifier: ISC */
/*
 * What pemkeep reads in the AWS files, as JSON, for awsprofiles.py: the names in
 * their order, and of each the values of the keys given.  Texts are shown as
 * they are, so this is a tool for tests only.
 *
 *	awsprofiles KEY...     the profiles
 *	awsprofiles -w TEXT    the words of a text
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/aws/profile.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/json.h"
#include "pemkeep/base/words.h"

static int
print(struct json *j)
{
	struct buf b = BUF_INIT;
	int failed = !json_put(&b, j) || fputs(buf_text(&b), stdout) == EOF;

	json_free(j);
	buf_free(&b);
	return failed;
}

static int
words(const char *text)
{
	struct json *j = json_new_object(), *list = json_new_array();
	char **words = NULL;
	size_t count;

	if (words_split(text, &words, &count) != 0) {
		json_set_text(j, "error", "a quote is open");
		count = 0;
	}
	for (size_t i = 0; i < count; i++)
		json_append_text(list, words[i]);
	json_set(j, "words", list);
	free(words);
	return print(j);
}

static void
show(struct json *list, const struct aws_profiles *p, const char *name,
    char **keys)
{
	struct json *profile = json_new_object(), *values = json_new_object();

	json_set_text(profile, "name", name);
	for (; *keys != NULL; keys++) {
		const char *value = aws_profile_get(p, name, *keys);

		if (value != NULL)
			json_set_text(values, *keys, value);
	}
	json_set(profile, "values", values);
	json_append(list, profile);
}

int
main(int argc, char **argv)
{
	struct json *j = json_new_object(), *list = json_new_array();
	struct aws_profiles *p;
	struct err e;

	if (argc == 3 && strcmp(argv[1], "-w") == 0) {
		json_free(j);
		json_free(list);
		return words(argv[2]);
	}
	if (aws_profiles_load(&p, NULL, NULL, &e) != 0) {
		json_set_text(j, "error", e.text);
	} else {
		for (size_t i = 0; i < aws_profiles_count(p); i++)
			show(list, p, aws_profiles_name(p, i), argv + 1);
		aws_profiles_free(p);
	}
	json_set(j, "profiles", list);
	return print(j);
}
