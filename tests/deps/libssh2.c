/* SPDX-License-Identifier: ISC */
/*
 * Is the libssh2 that we link with one that can log in on EC2?  Prints TAP.
 * That it has the security patches cannot be seen from here, since they leave
 * the version number alone: libssh2.sh checks that before it builds.
 */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <libssh2.h>

static int tests;
static int failures;

static void
report(bool passed, const char *name)
{
	printf("%sok %d - %s\n", passed ? "" : "not ", ++tests, name);
	if (!passed)
		failures++;
}

static bool
offers(LIBSSH2_SESSION *session, int method, const char *name)
{
	const char **algs = NULL;
	int n = libssh2_session_supported_algs(session, method, &algs);
	bool found = false;

	for (int i = 0; i < n; i++)
		found = found || strcmp(algs[i], name) == 0;
	if (n > 0)
		libssh2_free(session, algs);
	return found;
}

int
main(void)
{
	LIBSSH2_SESSION *session = NULL;

	printf("# libssh2 %s\n", libssh2_version(0));
	report(libssh2_version(0x010b01) != NULL, "version is 1.11.1 or later");
	if (libssh2_init(0) == 0)
		session = libssh2_session_init();
	report(session != NULL, "a session can be made");
	if (session != NULL) {
		report(offers(session, LIBSSH2_METHOD_HOSTKEY, "rsa-sha2-512"),
		    "takes rsa-sha2-512 host keys");
		report(offers(session, LIBSSH2_METHOD_CRYPT_CS,
			   "aes256-gcm@openssh.com"),
		    "encrypts with AES-GCM");
		libssh2_session_free(session);
	}
	libssh2_exit();
	printf("1..%d\n", tests);
	return failures != 0;
}
