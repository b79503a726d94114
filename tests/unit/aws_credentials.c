/* SPDX-License-Identifier: ISC */
/*
 * Keys without a network: what the environment, the files, a program and
 * aws-cli's cache give, in which order; and what is refused, with which words.
 * What needs an answer is in tests/cli/720-aws-credentials.sh.
 */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "pemkeep/aws/call.h"
#include "pemkeep/aws/credentials.h"
#include "pemkeep/aws/profile.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/path.h"
#include "pemkeep/base/timefmt.h"

#include "src/aws/program.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ARN "arn:aws:iam::123456789012:role/admin"

static char folder[] = "/tmp/pemkeep-keys-XXXXXX";

static const char *const variables[] = { "AWS_ACCESS_KEY_ID",
	"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
	"AWS_CREDENTIAL_EXPIRATION", "AWS_ACCOUNT_ID", "AWS_PROFILE",
	"AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION",
	"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
	"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_ENDPOINT_URL" };

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL || chdir(folder) != 0 ||
	    mkdir(".aws", 0700) != 0)
		return -1;
	setenv("HOME", folder, 1);
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	return 0;
}

static int
teardown(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return chdir("/") != 0 || system(command) != 0;
}

static void
put_file(const char *path, const char *text)
{
	struct buf b = BUF_INIT;
	FILE *f;

	path_folder(path, &b);
	assert_int_equal(path_make_folder(buf_text(&b), NULL), 0);
	buf_free(&b);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* Both files, and "NAME=VALUE" pairs for the environment with '|' between. */
static void
arrange(const char *config, const char *credentials, const char *environment)
{
	char *copy = strdup(environment != NULL ? environment : "");
	char *at = copy, *pair, *value;

	assert_non_null(copy);
	for (size_t i = 0; i < COUNT(variables); i++)
		unsetenv(variables[i]);
	put_file(".aws/config", config != NULL ? config : "");
	put_file(".aws/credentials", credentials != NULL ? credentials : "");
	while ((pair = strsep(&at, "|")) != NULL && *pair != '\0') {
		value = strchr(pair, '=');
		assert_non_null(value);
		*value = '\0';
		setenv(pair, value + 1, 1);
	}
	free(copy);
}

/* The text with '~' for the folder. */
static void
check_text(const char *text, const char *want)
{
	struct buf b = BUF_INIT;
	size_t len = strlen(folder);

	for (; *text != '\0'; text++) {
		if (strncmp(text, folder, len) == 0) {
			buf_put_u8(&b, '~');
			text += len - 1;
		} else {
			buf_put_u8(&b, (uint8_t)*text);
		}
	}
	assert_string_equal(buf_text(&b), want);
	buf_free(&b);
}

static const struct {
	const char *config, *credentials, *environment;
	const char *option;  /* --profile */
	const char *profile; /* asked for */
	int result;
	const char *want; /* "ID SECRET TOKEN ACCOUNT", or the error */
	const char *more; /* the source, or the hint; NULL: whatever */
} cases[] = {
	/* the environment */
	{ NULL, NULL, "AWS_ACCESS_KEY_ID=i|AWS_SECRET_ACCESS_KEY=s", NULL, NULL,
	    0, "i s - -", "the environment" },
	{ NULL, NULL,
	    "AWS_ACCESS_KEY_ID=i|AWS_SECRET_ACCESS_KEY=s|AWS_SESSION_TOKEN=t"
	    "|AWS_ACCOUNT_ID=123456789012",
	    NULL, NULL, 0, "i s t 123456789012", NULL },
	{ NULL, NULL,
	    "AWS_ACCESS_KEY_ID=i|AWS_SECRET_ACCESS_KEY=s|AWS_SESSION_TOKEN=t"
	    "|AWS_SECURITY_TOKEN=first|AWS_ACCOUNT_ID=12345678901",
	    NULL, NULL, 0, "i s first -", NULL },
	{ NULL, NULL, "AWS_ACCESS_KEY_ID=i", NULL, NULL, ERR_FORMAT,
	    "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not",
	    "set both, or unset AWS_ACCESS_KEY_ID" },
	{ NULL, NULL, "AWS_ACCESS_KEY_ID=i|AWS_SECRET_ACCESS_KEY=", NULL, NULL,
	    ERR_FORMAT,
	    "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not", NULL },
	{ NULL, NULL,
	    "AWS_ACCESS_KEY_ID=i|AWS_SECRET_ACCESS_KEY=s|AWS_SESSION_TOKEN=t"
	    "|AWS_CREDENTIAL_EXPIRATION=2020-01-01T00:00:00Z",
	    NULL, NULL, ERR_REFUSED,
	    "the credentials in the environment have expired "
	    "(2020-01-01T00:00:00Z)",
	    "set AWS_ACCESS_KEY_ID and so on anew, or unset them" },
	{ NULL, NULL,
	    "AWS_ACCESS_KEY_ID=i|AWS_SECRET_ACCESS_KEY=s"
	    "|AWS_CREDENTIAL_EXPIRATION=tomorrow",
	    NULL, NULL, ERR_FORMAT,
	    "AWS_CREDENTIAL_EXPIRATION is no time: 'tomorrow'", NULL },
	{ NULL, NULL, "AWS_ACCESS_KEY_ID=i\nX-Evil: 1|AWS_SECRET_ACCESS_KEY=s",
	    NULL, NULL, ERR_FORMAT,
	    "the access key id in the environment holds a blank or another "
	    "character that no key has",
	    NULL },
	{ NULL, NULL,
	    "AWS_ACCESS_KEY_ID=i|AWS_SECRET_ACCESS_KEY=s|AWS_SESSION_TOKEN=서",
	    NULL, NULL, ERR_FORMAT,
	    "the session token in the environment holds a blank or another "
	    "character that no key has",
	    NULL },
	{ "[profile p]\nrole_arn = " ARN "\n", NULL,
	    "AWS_ACCESS_KEY_ID=i|AWS_SECRET_ACCESS_KEY=s|AWS_PROFILE=p", NULL,
	    NULL, 0, "i s - -", NULL }, /* before AWS_PROFILE's role */
	{ NULL, "[p]\naws_access_key_id=pi\naws_secret_access_key=ps\n",
	    "AWS_ACCESS_KEY_ID=i|AWS_SECRET_ACCESS_KEY=s", "p", NULL, 0,
	    "pi ps - -", NULL }, /* but not before --profile */
	{ NULL, "[p]\naws_access_key_id=pi\naws_secret_access_key=ps\n",
	    "AWS_ACCESS_KEY_ID=i|AWS_SECRET_ACCESS_KEY=s", NULL, "p", 0,
	    "pi ps - -", NULL },
	{ NULL, NULL,
	    "AWS_ACCESS_KEY_ID=i|AWS_SECRET_ACCESS_KEY=s|AWS_PROFILE=p", NULL,
	    NULL, ERR_NOT_FOUND,
	    "there is no profile 'p', which the environment names", NULL },
	/* which profile */
	{ NULL, NULL, NULL, NULL, "p", ERR_NOT_FOUND, "there is no profile 'p'",
	    "neither '~/.aws/config' nor '~/.aws/credentials' has any" },
	{ "[default]\n[profile \"a b\"]\n", "[c]\n", NULL, "p", NULL,
	    ERR_NOT_FOUND, "there is no profile 'p'",
	    "there are 'default', 'a b', 'c'" },
	{ NULL, NULL, NULL, NULL, NULL, ERR_REFUSED,
	    "no AWS credentials for profile 'default'; looked at: "
	    "AWS_ACCESS_KEY_ID, '~/.aws/credentials', '~/.aws/config', the "
	    "instance metadata service (AWS_EC2_METADATA_DISABLED is set)",
	    "run `aws configure`, or name another profile with --profile or "
	    "AWS_PROFILE" },
	{ NULL, NULL, NULL, "default", NULL, ERR_NOT_FOUND,
	    "there is no profile 'default'", NULL },
	{ "[profile p]\nregion=x\n", NULL,
	    "AWS_ACCESS_KEY_ID=i|AWS_SECRET_ACCESS_KEY=s", "p", NULL,
	    ERR_REFUSED,
	    "no AWS credentials for profile 'p'; looked at: "
	    "'~/.aws/credentials', '~/.aws/config', the instance metadata "
	    "service (AWS_EC2_METADATA_DISABLED is set)",
	    NULL },
	{ "[default]\nword\n", NULL, NULL, NULL, NULL, ERR_FORMAT,
	    "~/.aws/config:2: '=' is missing", NULL },
	/* keys in the files: credentials before config, process between */
	{ "[default]\naws_access_key_id=ci\naws_secret_access_key=cs\n"
	  "credential_process = false\n",
	    "[default]\naws_access_key_id=ki\naws_secret_access_key=ks\n"
	    "aws_session_token = kt\n",
	    NULL, NULL, NULL, 0, "ki ks kt -",
	    "profile 'default' in '~/.aws/credentials'" },
	{ "[default]\naws_access_key_id=ci\naws_secret_access_key=cs\n"
	  "aws_session_token=second\naws_security_token=first\n"
	  "aws_account_id=123456789012\n",
	    NULL, NULL, NULL, NULL, 0, "ci cs first 123456789012",
	    "profile 'default' in '~/.aws/config'" },
	{ NULL, "[default]\naws_access_key_id=ki\n", NULL, NULL, NULL,
	    ERR_FORMAT,
	    "the secret access key of profile 'default' in "
	    "'~/.aws/credentials' is missing",
	    NULL },
	{ "[default]\naws_secret_access_key=cs\n",
	    "[default]\naws_access_key_id=ki\n", NULL, NULL, NULL, ERR_FORMAT,
	    "the secret access key of profile 'default' in "
	    "'~/.aws/credentials' is missing",
	    NULL }, /* not from the other file */
	{ NULL,
	    "[default]\naws_access_key_id=ki\n"
	    "aws_secret_access_key=ks # mine\n",
	    NULL, NULL, NULL, ERR_FORMAT,
	    "the secret access key of profile 'default' in "
	    "'~/.aws/credentials' holds a blank or another character that no "
	    "key has",
	    "in the AWS files a comment stands on a line of its own" },
	{ NULL, "[default]\naws_access_key_id=\naws_secret_access_key=ks\n",
	    NULL, NULL, NULL, ERR_FORMAT,
	    "the access key id of profile 'default' in '~/.aws/credentials' "
	    "is missing",
	    NULL },
	/* what is known and not supported */
	{ NULL, NULL, "AWS_WEB_IDENTITY_TOKEN_FILE=x", NULL, NULL,
	    ERR_UNSUPPORTED,
	    "credentials of a web identity (AWS_WEB_IDENTITY_TOKEN_FILE) are "
	    "not supported yet",
	    NULL },
	{ "[profile p]\nrole_arn=" ARN "\nweb_identity_token_file=x\n"
	  "source_profile=q\n",
	    NULL, NULL, NULL, "p", ERR_UNSUPPORTED,
	    "credentials of a web identity (web_identity_token_file of profile "
	    "'p') are not supported yet",
	    NULL },
	{ "[profile p]\nlogin_session=x\n", NULL, NULL, NULL, "p",
	    ERR_UNSUPPORTED,
	    "credentials of `aws login` (login_session of profile 'p') are not "
	    "supported yet",
	    NULL },
	{ "[profile p]\n", NULL,
	    "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://x|"
	    "AWS_WEB_IDENTITY_TOKEN_FILE=x",
	    NULL, "p", ERR_UNSUPPORTED,
	    "credentials of a container (AWS_CONTAINER_CREDENTIALS_FULL_URI) "
	    "are not supported yet",
	    NULL },
	{ NULL, "[default]\naws_access_key_id=ki\naws_secret_access_key=ks\n",
	    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/x", NULL, NULL, 0,
	    "ki ks - -", NULL },
	/* roles: what is wrong before anybody is asked */
	{ "[profile p]\nrole_arn=" ARN "\n", NULL, NULL, NULL, "p", ERR_FORMAT,
	    "profile 'p' has role_arn, and neither source_profile nor "
	    "credential_source",
	    "see '~/.aws/config'" },
	{ "[profile p]\nrole_arn=" ARN "\nsource_profile=p\n"
	  "credential_source=Environment\n",
	    NULL, NULL, NULL, "p", ERR_FORMAT,
	    "profile 'p' has both source_profile and credential_source", NULL },
	{ "[profile p]\nrole_arn=" ARN "\nsource_profile=q\n", NULL, NULL, NULL,
	    "p", ERR_FORMAT,
	    "profile 'p' has the source_profile 'q', which does not exist",
	    NULL },
	{ "[profile p]\nrole_arn=" ARN "\nsource_profile=p\n", NULL, NULL, NULL,
	    "p", ERR_FORMAT,
	    "profile 'p' is its own source_profile and has no keys", NULL },
	{ "[profile p]\nrole_arn=" ARN "\nsource_profile=q\n"
	  "[profile q]\nrole_arn=" ARN "\nsource_profile=r\n"
	  "[profile r]\nrole_arn=" ARN "\nsource_profile=p\n",
	    NULL, NULL, NULL, "p", ERR_FORMAT,
	    "profile 'r' has the source_profile 'p', which leads back to it",
	    NULL },
	{ "[profile p]\nrole_arn=" ARN "\nsource_profile=q\n"
	  "[profile q]\nrole_arn=" ARN "\nsource_profile=q\n",
	    NULL, NULL, NULL, "p", ERR_FORMAT,
	    "profile 'q' is its own source_profile and has no keys", NULL },
	{ "[profile p]\nrole_arn=" ARN "\nsource_profile=q\n[profile q]\n",
	    NULL, "AWS_ACCESS_KEY_ID=i|AWS_SECRET_ACCESS_KEY=s", NULL, "p",
	    ERR_REFUSED,
	    "profile 'q' is the source of a role and has no credentials; "
	    "looked at: '~/.aws/credentials', '~/.aws/config'",
	    "run `aws configure --profile q`" },
	{ "[profile p]\nrole_arn=" ARN "\ncredential_source=Elsewhere\n", NULL,
	    NULL, NULL, "p", ERR_FORMAT,
	    "profile 'p' has an unknown credential_source: 'Elsewhere'", NULL },
	{ "[profile p]\nrole_arn=" ARN "\ncredential_source=environment\n",
	    NULL, NULL, NULL, "p", ERR_REFUSED,
	    "profile 'p' has credential_source = environment, and there are no "
	    "credentials; looked at: AWS_ACCESS_KEY_ID",
	    NULL },
	{ "[profile p]\nrole_arn=" ARN
	  "\ncredential_source=Ec2InstanceMetadata\n",
	    NULL, NULL, NULL, "p", ERR_REFUSED,
	    "profile 'p' has credential_source = Ec2InstanceMetadata, and "
	    "there are no credentials; looked at: the instance metadata "
	    "service (AWS_EC2_METADATA_DISABLED is set)",
	    NULL },
	{ "[profile p]\nrole_arn=" ARN "\nsource_profile=q\n"
	  "mfa_serial=arn:aws:iam::123456789012:mfa/me\n",
	    "[q]\naws_access_key_id=ki\naws_secret_access_key=ks\n", NULL, NULL,
	    "p", ERR_REFUSED,
	    "profile 'p' wants the code of the MFA device "
	    "'arn:aws:iam::123456789012:mfa/me', and there is nobody to ask",
	    NULL },
	/* SSO */
	{ "[profile p]\nsso_account_id=1\n", NULL, NULL, NULL, "p", ERR_FORMAT,
	    "profile 'p' uses SSO without sso_role_name",
	    "see '~/.aws/config'" },
	{ "[profile p]\nsso_role_name=r\nsso_account_id=1\nsso_start_url=u\n",
	    NULL, NULL, NULL, "p", ERR_FORMAT,
	    "profile 'p' uses SSO without sso_region", NULL },
	{ "[profile p]\nsso_role_name=r\nsso_account_id=1\nsso_session=s\n",
	    NULL, NULL, NULL, "p", ERR_FORMAT,
	    "profile 'p' uses SSO with an sso_session that does not exist: s",
	    NULL },
	{ "[profile p]\nsso_role_name=r\nsso_account_id=1\nsso_session=s\n"
	  "sso_region=a\n[sso-session s]\nsso_region=b\nsso_start_url=u\n",
	    NULL, NULL, NULL, "p", ERR_FORMAT,
	    "profile 'p' uses SSO with values that differ between profile and "
	    "sso-session: sso_region",
	    NULL },
	{ "[profile p]\nsso_role_name=r\nsso_account_id=1\nsso_session=s\n"
	  "[sso-session s]\nsso_region=us-east-1\nsso_start_url=u\n",
	    "[p]\naws_access_key_id=ki\naws_secret_access_key=ks\n", NULL, NULL,
	    "p", ERR_REFUSED, "the SSO session of profile 'p' has not begun",
	    "run `aws sso login --profile p`" },
	{ "[profile p]\nsso_session=s\n",
	    "[p]\naws_access_key_id=ki\naws_secret_access_key=ks\n", NULL, NULL,
	    "p", 0, "ki ks - -", NULL }, /* only role and account count */
	/* credential_process */
	{ "[profile p]\ncredential_process = sh -c 'echo \"$0\"' "
	  "'{\"Version\":1,\"AccessKeyId\":\"i\",\"SecretAccessKey\":\"s\"}'\n",
	    NULL, NULL, NULL, "p", 0, "i s - -",
	    "credential_process of profile 'p'" },
	{ "[profile p]\ncredential_process = printf %s "
	  "'{\"Version\":1,\"AccessKeyId\":\"i\",\"SecretAccessKey\":\"s\","
	  "\"SessionToken\":\"t\",\"AccountId\":\"123456789012\","
	  "\"Expiration\":\"2099-01-01T00:00:00+00:00\"}'\n"
	  "aws_account_id = 999999999999\n",
	    NULL, NULL, NULL, "p", 0, "i s t 123456789012", NULL },
	{ "[profile p]\naws_account_id = 999999999999\ncredential_process = "
	  "printf %s '{\"Version\":1,\"AccessKeyId\":\"i\","
	  "\"SecretAccessKey\":\"s\"}'\n",
	    NULL, NULL, NULL, "p", 0, "i s - 999999999999", NULL },
	{ NULL, "[p]\ncredential_process = printf '{}'\n", NULL, NULL, "p",
	    ERR_FAILED,
	    "credential_process of profile 'p' does not say \"Version\": 1",
	    NULL },
	{ "[profile p]\ncredential_process = printf %s '{\"Version\":\"1\","
	  "\"AccessKeyId\":\"i\",\"SecretAccessKey\":\"s\"}'\n",
	    NULL, NULL, NULL, "p", ERR_FAILED,
	    "credential_process of profile 'p' does not say \"Version\": 1",
	    NULL },
	{ "[profile p]\ncredential_process = printf %s '{\"Version\":1,"
	  "\"AccessKeyId\":\"i\"}'\n",
	    NULL, NULL, NULL, "p", ERR_FAILED,
	    "credential_process of profile 'p' gives no AccessKeyId or no "
	    "SecretAccessKey",
	    NULL },
	{ "[profile p]\ncredential_process = printf %s '{\"Version\":1,"
	  "\"AccessKeyId\":\"i\",\"SecretAccessKey\":\"s\","
	  "\"Expiration\":\"2020-01-01T00:00:00Z\"}'\n",
	    NULL, NULL, NULL, "p", ERR_FAILED,
	    "credential_process of profile 'p' gives credentials that have "
	    "expired",
	    NULL },
	{ "[profile p]\ncredential_process = printf %s '{\"Version\":1,"
	  "\"AccessKeyId\":\"i\",\"SecretAccessKey\":\"s\","
	  "\"Expiration\":\"soon\"}'\n",
	    NULL, NULL, NULL, "p", ERR_FAILED,
	    "credential_process of profile 'p' gives an Expiration that is no "
	    "time",
	    NULL },
	{ "[profile p]\ncredential_process = printf %s '{\"Version\":1,"
	  "\"AccessKeyId\":\"i\\nj\",\"SecretAccessKey\":\"s\"}'\n",
	    NULL, NULL, NULL, "p", ERR_FORMAT,
	    "the access key id of credential_process holds a blank or another "
	    "character that no key has",
	    NULL },
	{ "[profile p]\ncredential_process = echo secret\n", NULL, NULL, NULL,
	    "p", ERR_FAILED,
	    "credential_process of profile 'p': its output is no JSON (line "
	    "1)",
	    NULL },
	{ "[profile p]\ncredential_process = true\n", NULL, NULL, NULL, "p",
	    ERR_FAILED,
	    "credential_process of profile 'p': its output is empty", NULL },
	{ "[profile p]\ncredential_process = head -c 65537 /dev/zero\n", NULL,
	    NULL, NULL, "p", ERR_FAILED,
	    "credential_process of profile 'p' prints too much", NULL },
	{ "[profile p]\ncredential_process = "
	  "sh -c 'printf \"\\none\\r\\n\\n two \\n\" >&2; exit 7'\n",
	    NULL, NULL, NULL, "p", ERR_FAILED,
	    "credential_process of profile 'p' failed with exit status 7: "
	    "one;  two",
	    NULL },
	{ "[profile p]\ncredential_process = sh -c 'kill -9 $$'\n", NULL, NULL,
	    NULL, "p", ERR_FAILED,
	    "credential_process of profile 'p' ended by signal 9", NULL },
	{ "[profile p]\ncredential_process = /no/such/program -x\n", NULL, NULL,
	    NULL, "p", ERR_FAILED,
	    "credential_process of profile 'p': cannot run "
	    "'/no/such/program': No such file or directory",
	    NULL },
	{ "[profile p]\ncredential_process =\n", NULL, NULL, NULL, "p",
	    ERR_FORMAT, "credential_process of profile 'p' is empty", NULL },
	{ "[profile p]\ncredential_process = echo 'a\n", NULL, NULL, NULL, "p",
	    ERR_FORMAT,
	    "credential_process of profile 'p' is no command: a quote is open",
	    NULL },
	/* no shell: these are words */
	{ "[profile p]\ncredential_process = "
	  "sh -c 'exit $(($# - 5))' 0 ; & $(id) > x\n",
	    NULL, NULL, NULL, "p", ERR_FAILED,
	    "credential_process of profile 'p': its output is empty", NULL },
};

static const char *
shown(const char *text)
{
	return text != NULL ? text : "-";
}

static void
chain(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct aws_options options = { .profile =
							 cases[i].option };
		struct aws *aws = aws_new(&options);
		const struct aws_keys *keys, *again;
		struct err e = { ERR_OK, "", "" };
		char seen[200];
		int r;

		arrange(cases[i].config, cases[i].credentials,
		    cases[i].environment);
		r = aws_credentials(aws, cases[i].profile, &keys, &e);
		if (r != cases[i].result)
			fail_msg("case %zu: %d, '%s'", i, r, e.text);
		if (r == 0) {
			snprintf(seen, sizeof(seen), "%s %s %s %s", keys->id,
			    keys->secret, shown(keys->token),
			    shown(keys->account));
			assert_string_equal(seen, cases[i].want);
			if (cases[i].more != NULL)
				check_text(keys->source, cases[i].more);
			assert_int_equal(
			    aws_credentials(aws, cases[i].profile, &again, &e),
			    0);
			assert_ptr_equal(again, keys);
		} else {
			assert_null(keys);
			check_text(e.text, cases[i].want);
			if (cases[i].more != NULL)
				check_text(e.hint, cases[i].more);
			assert_int_equal(
			    aws_credentials(aws, cases[i].profile, &keys, NULL),
			    r);
		}
		aws_free(aws);
	}
}

/* Names that botocore's own code makes of these settings. */
static const struct {
	const char *settings, *file;
} names[] = {
	{ "", "85df843ebbf3964c64e26d66d796d302b1a7a5ff" },
	{ "role_session_name =\nduration_seconds = long\n",
	    "85df843ebbf3964c64e26d66d796d302b1a7a5ff" },
	{ "mfa_serial = arn:aws:iam::123456789012:mfa/me\n",
	    "b26e45a5efba11b34b676c5657f44efc9db2add0" },
	{ "duration_seconds = 900\n",
	    "cb2d19b88054c01bde7f2f4bd4ffa46332d4e633" },
	{ "role_session_name = s\n",
	    "cc5a374535b1664681eefbe71061507260d37fd3" },
	{ "external_id = x\"\\ é서😀\t\x7f/z\nrole_session_name = "
	  "me@example.com\nduration_seconds = 3600\nmfa_serial = "
	  "GAHT12345678\n",
	    "e11a4aa1c1ae79e2be7375b7b559413768cbf22a" },
};

static void
put_kept(const char *name, const char *expiration)
{
	struct buf path = BUF_INIT, text = BUF_INIT;

	buf_printf(&path, ".aws/cli/cache/%s.json", name);
	buf_printf(&text,
	    "{\"Credentials\": {\"AccessKeyId\": \"kept\", "
	    "\"SecretAccessKey\": \"s\", \"SessionToken\": \"t\", "
	    "\"Expiration\": \"%s\", \"AccountId\": \"123456789012\"}, "
	    "\"ResponseMetadata\": {}}",
	    expiration);
	put_file(buf_text(&path), buf_text(&text));
	buf_free(&path);
	buf_free(&text);
}

static int
ask_for_kept(const char *what, struct err *e)
{
	const struct aws_options options = { .region = NULL };
	struct aws *aws = aws_new(&options);
	const struct aws_keys *keys;
	int r = aws_credentials(aws, "p", &keys, e);

	if (r == 0) {
		assert_string_equal(keys->id, "kept");
		assert_string_equal(keys->account, "123456789012");
		assert_string_equal(keys->source, what);
		assert_true(keys->expires > (int64_t)time(NULL));
		/* AWS does not take them: then they are not taken again */
		aws_credentials_forget(aws, "p");
		assert_true(aws_credentials(aws, "p", &keys, NULL) < 0);
	}
	aws_free(aws);
	return r;
}

static void
clear_kept(void)
{
	assert_int_equal(system("rm -rf .aws/cli"), 0);
}

static void
kept_roles(void **state)
{
	struct buf config = BUF_INIT;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		buf_clear(&config);
		buf_printf(&config,
		    "[profile p]\nrole_arn = " ARN "\nsource_profile = q\n%s"
		    "[profile q]\n",
		    names[i].settings);
		arrange(buf_text(&config), NULL, NULL);
		assert_int_equal(ask_for_kept("", &e), ERR_REFUSED);
		put_kept(names[i].file, "2099-01-01T00:00:00Z");
		assert_int_equal(
		    ask_for_kept("role '" ARN "' (kept by aws-cli)", &e), 0);
		clear_kept();
	}
	buf_free(&config);
}

static void
kept_sso(void **state)
{
	static const char source[] =
	    "SSO role 'R' in account '123456789012' (kept by aws-cli)";
	struct err e;

	(void)state;
	arrange("[profile p]\nsso_role_name = R\nsso_account_id = "
		"123456789012\nsso_start_url = https://e.awsapps.com/start\n"
		"sso_region = us-east-1\n",
	    NULL, NULL);
	assert_int_equal(ask_for_kept("", &e), ERR_REFUSED);
	put_kept("270bb9ddb18b27b94e65b9f7fda778266cdb0abb",
	    "2099-01-01T00:00:00UTC");
	assert_int_equal(ask_for_kept(source, &e), 0);
	clear_kept();
	arrange("[profile p]\nsso_role_name = R\nsso_account_id = "
		"123456789012\nsso_session = corp\n[sso-session corp]\n"
		"sso_start_url = https://e.awsapps.com/start\n"
		"sso_region = us-east-1\n",
	    NULL, NULL);
	put_kept("ba893a37fd132348274d0aa8ba03fedab09ffefe",
	    "2099-01-01T00:00:00+00:00");
	assert_int_equal(ask_for_kept(source, &e), 0);
	clear_kept();
}

/* What is kept counts as expired 15 minutes before; the rest is passed over. */
static void
kept_windows(void **state)
{
	static const char *const bad[] = { "", "{", "[]", "{}", "null",
		"{\"Credentials\": {\"AccessKeyId\": \"kept\", "
		"\"SecretAccessKey\": \"s\", \"SessionToken\": \"t\"}}",
		"{\"Credentials\": {\"AccessKeyId\": \"kept\", "
		"\"SecretAccessKey\": \"s\", \"Expiration\": "
		"\"2099-01-01T00:00:00Z\"}}",
		"{\"Credentials\": {\"AccessKeyId\": \"kept\", "
		"\"SecretAccessKey\": \"s\", \"SessionToken\": \"t\\r\\nx\", "
		"\"Expiration\": \"2099-01-01T00:00:00Z\"}}",
		"{\"Credentials\": {\"AccessKeyId\": \"kept\", "
		"\"SecretAccessKey\": \"s\", \"SessionToken\": \"t\", "
		"\"Expiration\": \"2099\"}}" };
	const char *name = names[0].file;
	struct buf path = BUF_INIT;
	struct err e;
	char text[21];

	(void)state;
	arrange("[profile p]\nrole_arn = " ARN "\nsource_profile = q\n"
		"[profile q]\n",
	    NULL, NULL);
	timefmt_iso((uint64_t)time(NULL) + 15 * 60 + 30, text);
	put_kept(name, text);
	assert_int_equal(
	    ask_for_kept("role '" ARN "' (kept by aws-cli)", &e), 0);
	timefmt_iso((uint64_t)time(NULL) + 15 * 60 - 1, text);
	put_kept(name, text);
	assert_int_equal(ask_for_kept("", &e), ERR_REFUSED);
	buf_printf(&path, ".aws/cli/cache/%s.json", name);
	for (size_t i = 0; i < COUNT(bad); i++) {
		put_file(buf_text(&path), bad[i]);
		assert_int_equal(ask_for_kept("", &e), ERR_REFUSED);
	}
	assert_int_equal(unlink(buf_text(&path)), 0);
	assert_int_equal(mkfifo(buf_text(&path), 0600), 0);
	assert_int_equal(ask_for_kept("", &e), ERR_REFUSED);
	clear_kept();
	buf_free(&path);
}

/* The token that `aws sso login` leaves; with a good one the portal is asked. */
static void
sso_tokens(void **state)
{
	static const struct {
		const char *text, *error;
		int result;
	} tokens[] = {
		{ "{\"accessToken\":\"t\",\"expiresAt\":"
		  "\"2020-01-01T00:00:00UTC\"}",
		    "the SSO session of profile 'p' has expired", ERR_REFUSED },
		{ "{\"accessToken\":\"t\"}",
		    "the SSO session of profile 'p' has no token that can be "
		    "read",
		    ERR_REFUSED },
		{ "{\"expiresAt\":\"2099-01-01T00:00:00Z\"}",
		    "the SSO session of profile 'p' has no token that can be "
		    "read",
		    ERR_REFUSED },
		{ "{\"accessToken\":\"t\\r\\nX-Evil: 1\","
		  "\"expiresAt\":\"2099-01-01T00:00:00Z\"}",
		    "the SSO session of profile 'p' has no token that can be "
		    "read",
		    ERR_REFUSED },
		{ "{",
		    "the SSO session of profile 'p' has no token that can "
		    "be read",
		    ERR_REFUSED },
		{ "{\"accessToken\":\"t\",\"expiresAt\":"
		  "\"2099-01-01T00:00:00Z\"}",
		    NULL, ERR_NETWORK },
	};
	const struct aws_options options = { .region = NULL };
	const struct aws_keys *keys;
	struct aws *aws;
	struct err e;

	(void)state;
	arrange("[profile p]\nsso_role_name = R\nsso_account_id = "
		"123456789012\nsso_session = corp\n[sso-session corp]\n"
		"sso_start_url = https://e.awsapps.com/start\n"
		"sso_region = us-east-1\n",
	    NULL, "AWS_ENDPOINT_URL=http://127.0.0.1:1");
	for (size_t i = 0; i < COUNT(tokens); i++) {
		put_file(".aws/sso/cache/"
			 "ee0bfd2552fbd840c02cc48b6e823320543c450f.json",
		    tokens[i].text);
		aws = aws_new(&options);
		assert_int_equal(
		    aws_credentials(aws, "p", &keys, &e), tokens[i].result);
		if (tokens[i].error != NULL) {
			assert_string_equal(e.text, tokens[i].error);
			assert_string_equal(
			    e.hint, "run `aws sso login --profile p`");
		}
		aws_free(aws);
	}
}

/* Keys near their end are got anew, others once; forgotten ones again. */
static void
once(void **state)
{
	struct buf config = BUF_INIT;
	const struct aws_options options = { .region = NULL };
	struct aws *aws;
	const struct aws_keys *keys;
	struct stat st;
	struct err e;
	char text[21];

	(void)state;
	for (int minutes = 9; minutes <= 11; minutes += 2) {
		timefmt_iso(
		    (uint64_t)time(NULL) + 60 * (unsigned)minutes + 30, text);
		if (minutes == 9)
			timefmt_iso((uint64_t)time(NULL) + 9 * 60, text);
		buf_clear(&config);
		buf_printf(&config,
		    "[profile p]\ncredential_process = sh -c 'echo >>runs; "
		    "printf %%s \"$0\"' "
		    "'{\"Version\":1,\"AccessKeyId\":\"i\","
		    "\"SecretAccessKey\":\"s\",\"Expiration\":\"%s\"}'\n"
		    "[profile bad]\ncredential_process = sh -c 'echo >>runs; "
		    "exit 1'\n",
		    text);
		arrange(buf_text(&config), NULL, NULL);
		put_file("runs", "");
		aws = aws_new(&options);
		for (int i = 0; i < 3; i++)
			assert_int_equal(
			    aws_credentials(aws, "p", &keys, &e), 0);
		assert_int_equal(stat("runs", &st), 0);
		assert_int_equal(st.st_size, minutes == 9 ? 3 : 1);
		put_file("runs", "");
		for (int i = 0; i < 3; i++)
			assert_int_equal(
			    aws_credentials(aws, "bad", &keys, &e), ERR_FAILED);
		assert_int_equal(stat("runs", &st), 0);
		assert_int_equal(st.st_size, 1);
		aws_credentials_forget(aws, "bad");
		aws_credentials_forget(aws, "never asked");
		assert_int_equal(
		    aws_credentials(aws, "bad", &keys, &e), ERR_FAILED);
		assert_int_equal(stat("runs", &st), 0);
		assert_int_equal(st.st_size, 2);
		aws_free(aws);
	}
	aws = aws_new(&options);
	aws_credentials_forget(aws, "p"); /* before the first question */
	aws_free(aws);
	buf_free(&config);
}

static bool
yes(void *arg)
{
	return ++*(int *)arg > 2;
}

static void
programs(void **state)
{
	char *sleeps[] = { "sleep", "20", NULL };
	char *leaves[] = { "sh", "-c", "sleep 3 & echo out", NULL };
	char *floods[] = { "sh", "-c", "yes >&2 & yes", NULL };
	char *talks[] = { "sh", "-c",
		"i=0; while [ $i -lt 9999 ]; do echo 서$i >&2; i=$((i + 1)); "
		"done; exit 1",
		NULL };
	char *looks[] = { "sh", "-c",
		"for n in 3 4 5 6 7 8 9 10 11 12; do "
		"[ ! -e /proc/self/fd/$n ] || exit 1; done",
		NULL };
	struct program p = { .argv = sleeps, .limit_ms = 100 };
	int asked = 0, inherited = fcntl(2, F_DUPFD, 7);

	(void)state;
	assert_int_not_equal(inherited, -1);
	program_run(&p);
	assert_int_equal(p.end, PROGRAM_TOO_LONG);
	buf_free(&p.output);
	p = (struct program){ .argv = sleeps, .limit_ms = 10000 };
	p.interrupted = yes;
	p.arg = &asked;
	program_run(&p);
	assert_int_equal(p.end, PROGRAM_INTERRUPTED);
	buf_free(&p.output);
	/* a child of its own that stays does not matter */
	p = (struct program){ .argv = leaves, .limit_ms = 10000 };
	program_run(&p);
	assert_int_equal(p.end, PROGRAM_DONE);
	assert_string_equal(buf_text(&p.output), "out\n");
	buf_free(&p.output);
	p = (struct program){ .argv = floods, .limit_ms = 10000 };
	program_run(&p);
	assert_int_equal(p.end, PROGRAM_TOO_MUCH);
	buf_free(&p.output);
	p = (struct program){ .argv = talks, .limit_ms = 10000 };
	program_run(&p);
	assert_int_equal(p.end, PROGRAM_FAILED);
	assert_int_equal(p.status, 1);
	assert_true(strlen(p.said) > 250 && strlen(p.said) < sizeof(p.said));
	assert_string_equal(p.said + strlen(p.said) - 7, "서9998");
	assert_true(((unsigned char)p.said[0] & 0xC0) != 0x80);
	buf_free(&p.output);
	p = (struct program){ .argv = looks, .limit_ms = 10000 };
	program_run(&p);
	assert_int_equal(p.end, PROGRAM_DONE);
	buf_free(&p.output);
	close(inherited);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chain),
		cmocka_unit_test(kept_roles),
		cmocka_unit_test(kept_sso),
		cmocka_unit_test(kept_windows),
		cmocka_unit_test(sso_tokens),
		cmocka_unit_test(once),
		cmocka_unit_test(programs),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
