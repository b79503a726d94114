/* SPDX-License-Identifier: ISC */

/* What is offered, what may be chosen of it, and the order of host keys. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "pemkeep/base/buf.h"
#include "src/ssh/algorithms.h"

static const char *const weak[] = { "sha1", "cbc", "3des", "arcfour", "md5",
	"ssh-dss", "ssh-rsa,", "-cert-", "none" };

static void
nothing_weak(void **state)
{
	struct buf all = BUF_INIT;

	(void)state;
	ssh_algorithms_host(&all, NULL, 0);
	for (int kind = SSH_KEX; kind <= SSH_MACS; kind++)
		buf_printf(
		    &all, ",%s", ssh_algorithms((enum ssh_algorithm_kind)kind));
	buf_printf(&all, ",%s,", SSH_SIGN_ALGORITHMS);
	for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++)
		if (strstr(buf_text(&all), weak[i]) != NULL)
			fail_msg("'%s'", weak[i]);
	buf_free(&all);
}

static const struct {
	enum ssh_algorithm_kind kind;
	const char *list;
	bool known;
} choices[] = {
	{ SSH_CIPHERS, "aes256-ctr", true },
	{ SSH_CIPHERS, "aes128-gcm@openssh.com,aes256-ctr", true },
	{ SSH_CIPHERS, "", false },
	{ SSH_CIPHERS, "aes256", false },
	{ SSH_CIPHERS, "aes256-ctrx", false },
	{ SSH_CIPHERS, "aes256-ctr,", false },
	{ SSH_CIPHERS, ",aes256-ctr", false },
	{ SSH_CIPHERS, "aes256-ctr,,aes128-ctr", false },
	{ SSH_CIPHERS, "aes256-ctr,aes256-cbc", false },
	{ SSH_CIPHERS, "hmac-sha2-256", false },
	{ SSH_MACS, "hmac-sha2-256", true },
	{ SSH_KEX, "curve25519-sha256", true },
	{ SSH_KEX, "+curve25519-sha256", false },
};

static void
chosen(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
		if (ssh_algorithms_known(choices[i].kind, choices[i].list) !=
		    choices[i].known)
			fail_msg("'%s'", choices[i].list);
}

static const struct {
	const char *types[3];
	size_t count;
	const char *begin;
} known[] = {
	{ { NULL }, 0, "ssh-ed25519,ecdsa-sha2-nistp256," },
	{ { "ssh-rsa" }, 1, "rsa-sha2-512,rsa-sha2-256,ssh-ed25519," },
	{ { "ssh-rsa", "ecdsa-sha2-nistp521" }, 2,
	    "ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256,ssh-ed25519," },
	{ { "ssh-dss", "sk-ssh-ed25519@openssh.com", "" }, 3,
	    "ssh-ed25519,ecdsa-sha2-nistp256," },
};

static void
known_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct buf b = BUF_INIT;

		ssh_algorithms_host(&b, known[i].types, known[i].count);
		assert_int_equal(strncmp(buf_text(&b), known[i].begin,
				     strlen(known[i].begin)),
		    0);
		/* All of them, whatever is known. */
		assert_int_equal(b.len,
		    strlen("ssh-ed25519,ecdsa-sha2-nistp256,"
			   "ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,"
			   "rsa-sha2-512,rsa-sha2-256"));
		buf_free(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_weak),
		cmocka_unit_test(chosen),
		cmocka_unit_test(known_first),
	};

	return cmocka_run_group_tests_name("ssh_algorithms", tests, NULL, NULL);
}
