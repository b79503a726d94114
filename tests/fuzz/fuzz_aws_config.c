/* SPDX-License-Identifier: ISC */
/*
 * ~/.aws/config and, behind the first NUL, ~/.aws/credentials; each text also as
 * the words of a command, as JSON, and as pemkeep's own settings.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/aws/profile.h"
#include "pemkeep/base/config.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/json.h"
#include "pemkeep/base/utf8.h"
#include "pemkeep/base/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int condition)
{
	if (!condition)
		abort();
}

/* Settings that lead to a call; asked for as everything asks for them. */
static void
ask(const struct aws_profiles *p, const char *name)
{
	static const char *const keys[] = { "region", "role_arn", "k",
		"source_profile", "credential_process", "sso_session" };
	const char *value, *section;
	unsigned attempts;
	struct err e;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		value = aws_profile_get(p, name, keys[i]);
		must(value == NULL || utf8_valid(value, strlen(value)));
		if (value != NULL)
			must(value ==
				aws_profile_get_in(
				    p, AWS_FILE_CONFIG, name, keys[i]) ||
			    value ==
				aws_profile_get_in(
				    p, AWS_FILE_CREDENTIALS, name, keys[i]));
	}
	if (aws_profile_attempts(p, name, &attempts, NULL) == 0)
		must(attempts >= 1 && attempts <= 10);
	section = aws_profile_get(p, name, "services");
	must(aws_profile_endpoint(p, name, "ec2", &value, &e) == 0 ||
	    (section != NULL && !aws_services_has(p, section)));
	section = aws_profile_get(p, name, "sso_session");
	if (section != NULL && aws_sso_session_has(p, section))
		(void)aws_sso_session_get(p, section, "sso_region");
}

static void
as_profiles(const struct aws_text *config, const struct aws_text *credentials)
{
	struct aws_profiles *p;
	struct err e = { ERR_OK, "", "" };
	int r = aws_profiles_parse(config, credentials, &p, &e);

	must(r == 0 || r == ERR_FORMAT);
	must((r == 0) == (p != NULL) && (r == 0) == (e.text[0] == '\0'));
	if (r != 0)
		return;
	for (size_t i = 0; i < aws_profiles_count(p); i++) {
		const char *name = aws_profiles_name(p, i);

		must(aws_profiles_has(p, name));
		for (size_t k = 0; k < i && i < 20; k++)
			must(strcmp(aws_profiles_name(p, k), name) != 0);
		ask(p, name);
	}
	must(aws_profiles_name(p, aws_profiles_count(p)) == NULL);
	aws_profiles_free(p);
}

/* Terminated, as where they come from. */
static void
as_words(const char *text)
{
	char **words;
	size_t count, len = 0;

	if (words_split(text, &words, &count) != 0) {
		must(words == NULL);
		return;
	}
	for (size_t i = 0; i < count; i++)
		len += strlen(words[i]);
	must(len <= strlen(text) && words[count] == NULL);
	free(words);
}

static void
as_json(const uint8_t *data, size_t size)
{
	struct json_value *j;
	int64_t n;

	if (json_parse(data, size, "it", &j, NULL) != 0) {
		must(j == NULL);
		return;
	}
	(void)json_member_text(json_member(j, "Credentials"), "AccessKeyId");
	(void)json_member_int(j, "Version", &n);
	for (size_t i = 0; i < json_count(j); i++)
		must(json_at(j, i) != NULL);
	json_value_free(j);
}

static void
as_settings(const uint8_t *data, size_t size)
{
	struct config c;

	if (config_parse("f", data, size, &c, NULL) == 0) {
		must(c.port <= 65535);
		must(c.profiles.count <= size && c.regions.count <= size);
		must(c.passphrase_command == NULL ||
		    c.passphrase_command[0] != NULL);
	}
	config_clear(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size > 0 ? memchr(data, '\0', size) : NULL;
	size_t len = nul != NULL ? (size_t)(nul - data) : size;
	struct aws_text config = { "c", data, len };
	struct aws_text credentials = { "k", nul != NULL ? nul + 1 : NULL,
		nul != NULL ? size - len - 1 : 0 };
	char *text = malloc(size + 1);

	must(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	as_profiles(&config, &credentials);
	as_words(text);
	as_json(data, size);
	as_settings(data, size);
	free(text);
	return 0;
}
