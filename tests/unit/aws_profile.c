/* SPDX-License-Identifier: ISC */
/*
 * The AWS files: what is refused, at which line; the quirks of Python's parser
 * and of botocore's rules; where the files are; settings and their order.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "pemkeep/aws/profile.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/words.h"

#include "src/aws/profile_files.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int
parse(const char *config, const char *credentials, struct aws_profiles **pp,
    struct err *e)
{
	struct aws_text a = { "c", config, config ? strlen(config) : 0 };
	struct aws_text b = { "k", credentials,
		credentials ? strlen(credentials) : 0 };

	return aws_profiles_parse(&a, &b, pp, e);
}

static const struct {
	const char *text;
	const char *error;
} refused[] = {
	{ "key = value\n", "c:1: this stands before the first section" },
	{ " [a\n", "c:1: this stands before the first section" },
	{ "[]\n", "c:1: this stands before the first section" },
	{ "[a]\n[]\n", "c:2: '=' is missing" },
	{ "[a]\nword\n", "c:2: '=' is missing" },
	{ "[a]\n = value\n", "c:2: there is nothing before '='" },
	{ "[a]\n:\n", "c:2: there is nothing before '='" },
	{ "[a]\nk = 1\nK=2\n", "c:3: this key is there twice" },
	{ "[a]\nk=1\n[b]\nk=2\n[a]\n", "c:5: this section is there twice" },
	{ "[a]\rk\r", "c:2: '=' is missing" },
	{ "[a]\r\nk\r\n", "c:2: '=' is missing" },
	{ "[a]\nk = \xFF\n", "'c' is no UTF-8 text" },
	{ "[a]\n\ns3 =\n  a = b\n  word\n",
	    "c:3: '=' is missing in a line that belongs to this" },
	{ "[a]\ns3 =\n  a : b\n",
	    "c:2: '=' is missing in a line that belongs to this" },
};

static void
mistakes(void **state)
{
	struct aws_profiles *p;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		assert_int_equal(
		    parse(refused[i].text, "", &p, &e), ERR_FORMAT);
		assert_null(p);
		assert_string_equal(e.text, refused[i].error);
		assert_int_equal(
		    parse(NULL, refused[i].text, &p, NULL), ERR_FORMAT);
		assert_null(p);
	}
	assert_int_equal(
	    aws_profiles_parse(&(struct aws_text){ "c", "[a]\0", 4 },
		&(struct aws_text){ "k", NULL, 0 }, &p, &e),
	    ERR_FORMAT);
	aws_profiles_free(NULL);
}

static void
too_much(void **state)
{
	struct buf b = BUF_INIT;
	struct aws_profiles *p;
	struct err e;

	(void)state;
	buf_put_text(&b, "[default]\n");
	for (unsigned i = 0; i < 1000; i++)
		buf_printf(&b, "k%u=\n", i);
	assert_int_equal(parse(buf_text(&b), NULL, &p, &e), 0);
	aws_profiles_free(p);
	buf_put_text(&b, "more=\n");
	assert_int_equal(parse(buf_text(&b), NULL, &p, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "c:1002: "));
	while (b.len <= AWS_FILE_SIZE_MAX)
		buf_put_text(&b, "#\n");
	assert_int_equal(parse(buf_text(&b), NULL, &p, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "too large"));
	buf_free(&b);
}

/* The names, and the value of "k" in each; '/' for line feeds. */
static void
dump(const struct aws_profiles *p, struct buf *out)
{
	for (size_t i = 0; i < aws_profiles_count(p); i++) {
		const char *name = aws_profiles_name(p, i);
		const char *k = aws_profile_get(p, name, "k");

		assert_true(aws_profiles_has(p, name));
		buf_printf(out, "%s%s", i > 0 ? "|" : "", name);
		if (k != NULL)
			buf_printf(out, "=%s", k);
	}
	assert_null(aws_profiles_name(p, aws_profiles_count(p)));
	for (size_t i = 0; i < out->len; i++)
		if (out->data[i] == '\n')
			out->data[i] = '/';
}

static const struct {
	const char *config, *credentials, *want;
} taken[] = {
	{ NULL, NULL, "" },
	{ "", "", "" },
	/* which sections are profiles */
	{ "[default]\nk=1\n[a]\nk=2\n[profile b]\nk=3\n", NULL,
	    "default=1|b=3" },
	{ "[profile \"my dev\"]\nk=1", NULL, "my dev=1" },
	{ "[profile 'it''s']\n[profile a\\ b]\n", NULL, "its|a b" },
	{ "[profile a b]\n[profile]\n[profile \"a]\n[profile a\\]\n", NULL,
	    "" },
	{ "[profile  \t x ]\n", NULL, "x" },
	{ "[ profile x]\n[ default ]\n[Default]\n[PROFILE x]\n", NULL, "" },
	{ "[profiles x]\n[profile.y z]\n", NULL, "x|z" }, /* by the prefix */
	{ "[profile default]\nk=1\n", NULL, "default=1" },
	{ "[default]\nk=1\nj=1\n[profile b]\n[profile default]\nk=2\n", NULL,
	    "default=2|b" },
	{ "[profile x]\nk=1\n[profile \"x\"]\nj=1\n", NULL, "x" },
	{ "[sso-session s]\nk=1\n[services t]\nk=1\n[preview]\n", NULL, "" },
	{ NULL, "[a]\nk=1\n[profile b]\nk=2\n[default]\n[ c ]\n",
	    "a=1|profile b=2|default| c " },
	{ "[profile 서버]\nk=값\n", NULL, "서버=값" },
	/* credentials over config, key by key */
	{ "[profile a]\nk=config\n", "[a]\nj=1\n", "a=config" },
	{ "[profile a]\nk=config\n", "[b]\n[a]\nk=cred\n", "a=cred|b" },
	{ "[profile a]\nk=config\n", "[a]\nk=\n", "a=" },
	{ "[profile a]\nk=config\n", "[a]\nk=\n j=1\n", "a" }, /* nested */
	/* headers */
	{ "[default] x # y\nk=1\n", NULL, "default=1" },
	{ "[default];c\nk=1\n", NULL, "default=1" },
	{ NULL, "[a]b]\nk=1\n[[c]\n[]]\n", "a]b=1|[c|]" },
	{ "\xEF\xBB\xBF[default]\nk=1\n", NULL, "default=1" },
	/* keys and values */
	{ "[default]\nK : v\n", NULL, "default=v" },
	{ "[default]\nk=a = b : c\n", NULL, "default=a = b : c" },
	{ "[default]\nk:a=b\n", NULL, "default=a=b" },
	{ "[default]\nk = eu-west-1 # x ; y\n", NULL,
	    "default=eu-west-1 # x ; y" },
	{ "[default]\nk = %(x)s ${y} \"q\"\n", NULL,
	    "default=%(x)s ${y} \"q\"" },
	{ "[default]\nk = \n", NULL, "default=" },
	{ "[default]\n#k=1\n;k=2\n  # k=3\nk=4", NULL, "default=4" },
	{ "[default]\r\nk = v\r\nl=1\r\n", NULL, "default=v" },
	{ "[default]\rk = v\rl=1\r", NULL, "default=v" },
	{ "[default]\nk = \t v\x0C\x0B \n", NULL, "default=v" },
	{ "[default]\nk = \x1B[2J\n", NULL, "default=\x1B[2J" },
	{ "[default]\nk\xE3\x80\x80=\xE3\x80\x80v\xC2\xA0\n", NULL,
	    "default=v" },
	/* lines that go on */
	{ "[default]\nk = 1\n 2\n\t3 \nl=4\n", NULL, "default=1/2/3" },
	{ "[default]\nk = 1\n\n\n 2\n\n", NULL, "default=1///2" },
	{ "[default]\nk = 1\n # c\n\n 2\n", NULL, "default=1//2" },
	{ "[default]\nk = 1\n\xE3\x80\x80"
	  "2\n",
	    NULL, "default=1/2" },
	{ "[default]\nk = 1\n [b]\nl=2\n", NULL, "default=1/[b]" },
	{ "[default]\n  j = 1\n  k = 2\n   3\n", NULL, "default=2/3" },
	{ "[default]\n  j = 1\nk = 2\n", NULL, "default=2" },
	{ "[profile a]\nj=1\n\n[default]\n [profile b]\nk=3\n", NULL,
	    "a|default|b=3" },
	{ "[default]\nk =\n\n\nj=1", NULL, "default=" },
	{ "[default]\ns3 =\n a = b\n k = c\n", NULL, "default" },
	/* [DEFAULT] holds for all sections of its file */
	{ "[DEFAULT]\nk=1\n[default]\n[profile a]\nk=2\n", "[b]\n",
	    "default=1|a=2|b" },
	{ "[default]\nk=1\n", "[DEFAULT]\nk=2\n[default]\n", "default=2" },
};

static void
contents(void **state)
{
	struct buf out = BUF_INIT;
	struct aws_profiles *p;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(taken); i++) {
		if (parse(taken[i].config, taken[i].credentials, &p, &e) != 0)
			fail_msg("%s: %s", taken[i].want, e.text);
		buf_clear(&out);
		dump(p, &out);
		assert_string_equal(buf_text(&out), taken[i].want);
		aws_profiles_free(p);
	}
	buf_free(&out);
}

static void
sections(void **state)
{
	struct aws_profiles *p;
	struct err e;

	(void)state;
	assert_int_equal(
	    parse("[sso-session corp]\nsso_region = eu-west-1\n"
		  "[services \"local cloud\"]\n"
		  "ec2 =\n  endpoint_url = http://127.0.0.1:1\n  x = \n"
		  "STS =\n  Endpoint_Url = a\n  Endpoint_Url = b = c\n"
		  "plain = http://127.0.0.1:2\n"
		  "[profile a]\nk=config\n",
		"[a]\nk=cred\n[corp]\nsso_region=x\n", &p, &e),
	    0);
	assert_true(aws_sso_session_has(p, "corp"));
	assert_false(aws_sso_session_has(p, "local cloud"));
	assert_string_equal(
	    aws_sso_session_get(p, "corp", "sso_region"), "eu-west-1");
	assert_null(aws_sso_session_get(p, "corp", "sso_start_url"));
	assert_null(aws_sso_session_get(p, "other", "sso_region"));
	assert_true(aws_services_has(p, "local cloud"));
	assert_string_equal(
	    aws_services_get(p, "local cloud", "ec2", "endpoint_url"),
	    "http://127.0.0.1:1");
	assert_string_equal(aws_services_get(p, "local cloud", "ec2", "x"), "");
	/* keys on the first level are folded, those within are not */
	assert_string_equal(
	    aws_services_get(p, "local cloud", "sts", "Endpoint_Url"), "b = c");
	assert_null(aws_services_get(p, "local cloud", "sts", "endpoint_url"));
	assert_null(aws_services_get(p, "local cloud", "plain", "x"));
	assert_null(aws_services_get(p, "local cloud", "ssm", "endpoint_url"));
	assert_null(aws_services_get(p, "corp", "ec2", "endpoint_url"));
	assert_string_equal(
	    aws_profile_get_in(p, AWS_FILE_CONFIG, "a", "k"), "config");
	assert_string_equal(
	    aws_profile_get_in(p, AWS_FILE_CREDENTIALS, "a", "k"), "cred");
	assert_null(aws_profile_get_in(p, AWS_FILE_CONFIG, "corp", "k"));
	assert_null(aws_profile_get(p, "none", "k"));
	assert_string_equal(aws_profiles_path(p, AWS_FILE_CONFIG), "c");
	aws_profiles_free(p);
}

static const struct {
	const char *text;
	int result;
	const char *want; /* words with '|' behind each */
} split[] = {
	{ "", 0, "" },
	{ " \t\r\n", 0, "" },
	{ "a", 0, "a|" },
	{ "  a\tb\nc ", 0, "a|b|c|" },
	{ "a 'b  c' \"d e\"f", 0, "a|b  c|d ef|" },
	{ "'' \"\" a''b", 0, "||ab|" },
	{ "'a\\' \"a\\b\\\"c\\\\\"", 0, "a\\|a\\b\"c\\|" },
	{ "\"\\'\" \"\\$\"", 0, "\\'|\\$|" },
	{ "a\\ b \\\\ \\'", 0, "a b|\\|'|" },
	{ "a\\\nb", 0, "a\nb|" },
	{ "a#b #c $HOME `d` ~ * ; &", 0, "a#b|#c|$HOME|`d`|~|*|;|&|" },
	{ "서버\xE3\x80\x80열쇠", 0, "서버\xE3\x80\x80열쇠|" },
	{ "'a", ERR_FORMAT, NULL },
	{ "a \"b", ERR_FORMAT, NULL },
	{ "a '", ERR_FORMAT, NULL },
	{ "a\\", ERR_FORMAT, NULL },
	{ "\"a\\", ERR_FORMAT, NULL },
	{ "\"a\\\"", ERR_FORMAT, NULL },
};

static void
words(void **state)
{
	struct buf b = BUF_INIT;
	char **list;
	size_t count;

	(void)state;
	for (size_t i = 0; i < COUNT(split); i++) {
		assert_int_equal(
		    words_split(split[i].text, &list, &count), split[i].result);
		if (split[i].result != 0) {
			assert_null(list);
			continue;
		}
		buf_clear(&b);
		for (size_t k = 0; k < count; k++)
			buf_printf(&b, "%s|", list[k]);
		assert_null(list[count]);
		assert_string_equal(buf_text(&b), split[i].want);
		free(list);
	}
	buf_free(&b);
}

static void
unset_all(void)
{
	static const char *const names[] = { "AWS_PROFILE",
		"AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION",
		"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EC2",
		"AWS_ENDPOINT_URL_SSO_OIDC", "AWS_CA_BUNDLE",
		"REQUESTS_CA_BUNDLE", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
		"AWS_USE_FIPS_ENDPOINT", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE",
		"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE" };

	for (size_t i = 0; i < COUNT(names); i++)
		unsetenv(names[i]);
}

static void
expansion(void **state)
{
	static const struct {
		const char *path, *want;
	} cases[] = {
		{ "", "" }, { "a/b", "a/b" }, { "~", "/h" }, { "~/x", "/h/x" },
		{ "x/~", "x/~" }, { "~no such user/x", "~no such user/x" },
		{ "$PEMKEEP_X/y", "v/y" }, { "${PEMKEEP_X}y$PEMKEEP_X", "vyv" },
		{ "$PEMKEEP_Xy", "$PEMKEEP_Xy" },
		{ "$PEMKEEP_NONE ${PEMKEEP_NONE}",
		    "$PEMKEEP_NONE ${PEMKEEP_NONE}" },
		{ "$ $$ ${ ${} ${PEMKEEP_X", "$ $$ ${ ${} ${PEMKEEP_X" },
		{ "$PEMKEEP_HOME/x", "/h/x" }, /* variables first */
	};
	struct buf b = BUF_INIT;

	(void)state;
	setenv("HOME", "/h/", 1);
	setenv("PEMKEEP_X", "v", 1);
	setenv("PEMKEEP_HOME", "~", 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(profile_files_expand(cases[i].path, &b), 0);
		assert_string_equal(buf_text(&b), cases[i].want);
	}
	setenv("HOME", "", 1);
	assert_int_equal(profile_files_expand("~/x", &b), 0);
	assert_string_equal(buf_text(&b), "/x");
	buf_free(&b);
}

static void
put_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void
count_warning(void *arg, const char *text)
{
	assert_non_null(strstr(text, "others can write to '"));
	assert_null(strchr(text, '\n'));
	++*(int *)arg;
}

static void
files(void **state)
{
	char folder[] = "/tmp/pemkeep-aws-XXXXXX";
	struct aws_profiles *p;
	struct err e;
	int warned = 0;

	(void)state;
	unset_all();
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	setenv("HOME", folder, 1);
	/* neither folder nor files */
	assert_int_equal(aws_profiles_load(&p, count_warning, &warned, &e), 0);
	assert_int_equal(aws_profiles_count(p), 0);
	assert_non_null(strstr(
	    aws_profiles_path(p, AWS_FILE_CREDENTIALS), "/.aws/credentials"));
	aws_profiles_free(p);
	assert_int_equal(mkdir(".aws", 0700), 0);
	put_file(".aws/config", "[profile a]\n", 0600);
	put_file("real", "[b]\n", 0662);
	assert_int_equal(symlink("../real", ".aws/credentials"), 0);
	assert_int_equal(aws_profiles_load(&p, count_warning, &warned, &e), 0);
	assert_int_equal(aws_profiles_count(p), 2);
	assert_int_equal(warned, 1);
	aws_profiles_free(p);
	assert_int_equal(aws_profiles_load(&p, NULL, NULL, &e), 0);
	aws_profiles_free(p);
	/* elsewhere; what is no file is none */
	put_file("other", "[default]\n", 0400);
	setenv("AWS_CONFIG_FILE", "~/other", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
	assert_int_equal(aws_profiles_load(&p, NULL, NULL, &e), 0);
	assert_int_equal(aws_profiles_count(p), 1);
	assert_string_equal(aws_profiles_name(p, 0), "default");
	aws_profiles_free(p);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	setenv("AWS_CONFIG_FILE", "fifo", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", folder, 1);
	assert_int_equal(aws_profiles_load(&p, NULL, NULL, &e), 0);
	assert_int_equal(aws_profiles_count(p), 0);
	aws_profiles_free(p);
	setenv("AWS_CONFIG_FILE", "", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "other/x", 1);
	assert_int_equal(aws_profiles_load(&p, NULL, NULL, &e), 0);
	assert_int_equal(aws_profiles_count(p), 0);
	aws_profiles_free(p);
	/* mistakes have the path */
	put_file("real", "[b]\nword\n", 0600);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "$HOME/real", 1);
	assert_int_equal(aws_profiles_load(&p, NULL, NULL, &e), ERR_FORMAT);
	assert_null(p);
	assert_memory_equal(e.text, folder, strlen(folder));
	assert_non_null(strstr(e.text, "/real:2: '=' is missing"));
	if (geteuid() != 0) {
		put_file("real", "[b]\n", 0000);
		assert_int_equal(
		    aws_profiles_load(&p, NULL, NULL, &e), ERR_SYSTEM);
	}
	assert_int_equal(unlink("fifo") | unlink("other") | unlink("real") |
		unlink(".aws/config") | unlink(".aws/credentials") |
		rmdir(".aws"),
	    0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(folder), 0);
	unset_all();
}

static void
current_and_region(void **state)
{
	struct aws_profiles *p;

	(void)state;
	unset_all();
	assert_int_equal(
	    parse("[profile a]\nregion = eu-west-1\n[profile b]\nregion =\n",
		"[c]\nregion = ap-northeast-2\n", &p, NULL),
	    0);
	assert_string_equal(aws_profile_current(NULL), "default");
	setenv("AWS_DEFAULT_PROFILE", "d", 1);
	assert_string_equal(aws_profile_current(NULL), "d");
	setenv("AWS_PROFILE", "p", 1);
	assert_string_equal(aws_profile_current(NULL), "p");
	assert_string_equal(aws_profile_current("o"), "o");
	setenv("AWS_PROFILE", "", 1);
	assert_string_equal(aws_profile_current(NULL), "d");
	assert_string_equal(aws_profile_region(p, "a", NULL), "eu-west-1");
	assert_string_equal(aws_profile_region(p, "c", NULL), "ap-northeast-2");
	assert_null(aws_profile_region(p, "b", NULL));
	assert_null(aws_profile_region(p, "none", NULL));
	setenv("AWS_DEFAULT_REGION", "r1", 1);
	assert_string_equal(aws_profile_region(p, "a", NULL), "r1");
	setenv("AWS_REGION", "r2", 1);
	assert_string_equal(aws_profile_region(p, "a", NULL), "r2");
	assert_string_equal(aws_profile_region(p, "a", "r3"), "r3");
	aws_profiles_free(p);
	unset_all();
}

static void
endpoints(void **state)
{
	struct aws_profiles *p;
	const char *url;
	struct err e;

	(void)state;
	unset_all();
	assert_int_equal(
	    parse("[profile a]\nservices = s\nendpoint_url = http://all\n"
		  "[services s]\nec2 =\n endpoint_url = http://ec2\n"
		  "ssm =\n endpoint_url =\n"
		  "[profile b]\nservices = gone\nendpoint_url = http://b\n"
		  "[profile c]\nendpoint_url =\n"
		  "[profile d]\nignore_configured_endpoint_urls = TRUE\n"
		  "endpoint_url = http://d\n",
		NULL, &p, NULL),
	    0);
	assert_int_equal(aws_profile_endpoint(p, "a", "ec2", &url, &e), 0);
	assert_string_equal(url, "http://ec2");
	assert_int_equal(aws_profile_endpoint(p, "a", "sts", &url, &e), 0);
	assert_string_equal(url, "http://all");
	assert_int_equal(aws_profile_endpoint(p, "a", "ssm", &url, &e), 0);
	assert_string_equal(url, "http://all");
	assert_int_equal(
	    aws_profile_endpoint(p, "b", "ec2", &url, &e), ERR_FORMAT);
	assert_null(url);
	assert_non_null(strstr(e.text, "[services gone]"));
	assert_int_equal(aws_profile_endpoint(p, "c", "ec2", &url, &e), 0);
	assert_null(url);
	assert_int_equal(aws_profile_endpoint(p, "d", "ec2", &url, &e), 0);
	assert_null(url);
	setenv("AWS_ENDPOINT_URL", "http://env", 1);
	assert_int_equal(aws_profile_endpoint(p, "b", "ec2", &url, &e), 0);
	assert_string_equal(url, "http://env");
	setenv("AWS_ENDPOINT_URL_EC2", "http://env-ec2", 1);
	setenv("AWS_ENDPOINT_URL_SSO_OIDC", "http://env-oidc", 1);
	assert_int_equal(aws_profile_endpoint(p, "a", "ec2", &url, &e), 0);
	assert_string_equal(url, "http://env-ec2");
	assert_int_equal(aws_profile_endpoint(p, "a", "sso_oidc", &url, &e), 0);
	assert_string_equal(url, "http://env-oidc");
	setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
	assert_int_equal(aws_profile_endpoint(p, "a", "ec2", &url, &e), 0);
	assert_null(url);
	setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "1", 1);
	assert_int_equal(aws_profile_endpoint(p, "d", "ec2", &url, &e), 0);
	assert_string_equal(url, "http://env-ec2");
	aws_profiles_free(p);
	unset_all();
}

static void
other_settings(void **state)
{
	static const struct {
		const char *profile, *mode, *text;
		int result;
		unsigned attempts;
	} cases[] = {
		{ "none", NULL, NULL, 0, 3 },
		{ "a", NULL, NULL, 0, 2 },
		{ "a", NULL, "7", 0, 7 },
		{ "none", "legacy", NULL, 0, 5 },
		{ "none", "adaptive", NULL, 0, 3 },
		{ "none", NULL, "99", 0, 10 },
		{ "none", NULL, "0", ERR_FORMAT, 0 },
		{ "none", NULL, "-1", ERR_FORMAT, 0 },
		{ "none", NULL, "3 # x", ERR_FORMAT, 0 },
		{ "none", NULL, " 3", ERR_FORMAT, 0 },
	};
	struct aws_profiles *p;
	unsigned n;

	(void)state;
	unset_all();
	assert_int_equal(
	    parse("[profile a]\nmax_attempts = 2\nca_bundle = /ca\n"
		  "use_fips_endpoint = True\n",
		NULL, &p, NULL),
	    0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		unset_all();
		if (cases[i].mode != NULL)
			setenv("AWS_RETRY_MODE", cases[i].mode, 1);
		if (cases[i].text != NULL)
			setenv("AWS_MAX_ATTEMPTS", cases[i].text, 1);
		assert_int_equal(
		    aws_profile_attempts(p, cases[i].profile, &n, NULL),
		    cases[i].result);
		if (cases[i].result == 0)
			assert_int_equal(n, cases[i].attempts);
	}
	unset_all();
	assert_null(aws_profile_ca_bundle(p, "none"));
	setenv("REQUESTS_CA_BUNDLE", "/requests", 1);
	assert_string_equal(aws_profile_ca_bundle(p, "none"), "/requests");
	assert_string_equal(aws_profile_ca_bundle(p, "a"), "/ca");
	setenv("AWS_CA_BUNDLE", "/env", 1);
	assert_string_equal(aws_profile_ca_bundle(p, "a"), "/env");
	assert_true(aws_profile_is(p, "a", "use_fips_endpoint"));
	assert_false(aws_profile_is(p, "none", "use_fips_endpoint"));
	setenv("AWS_USE_FIPS_ENDPOINT", "false", 1);
	assert_false(aws_profile_is(p, "a", "use_fips_endpoint"));
	aws_profiles_free(p);
	unset_all();
}

/* 10,000 profiles: no square of them anywhere. */
static void
many(void **state)
{
	struct buf b = BUF_INIT;
	struct aws_profiles *p;

	(void)state;
	for (unsigned i = 0; i < 10000; i++)
		buf_printf(&b, "[profile p%u]\nk=%u\n", i, i);
	assert_int_equal(parse(buf_text(&b), "[p7]\nk=cred\n", &p, NULL), 0);
	assert_int_equal(aws_profiles_count(p), 10000);
	assert_string_equal(aws_profile_get(p, "p9999", "k"), "9999");
	assert_string_equal(aws_profile_get(p, "p7", "k"), "cred");
	assert_string_equal(aws_profiles_name(p, 7), "p7");
	aws_profiles_free(p);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes),
		cmocka_unit_test(too_much),
		cmocka_unit_test(contents),
		cmocka_unit_test(sections),
		cmocka_unit_test(words),
		cmocka_unit_test(expansion),
		cmocka_unit_test(files),
		cmocka_unit_test(current_and_region),
		cmocka_unit_test(endpoints),
		cmocka_unit_test(other_settings),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
