/* SPDX-License-Identifier: ISC */

/* Which addresses are private: the borders of every range, and what is none. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "src/cli/connect.h"

static const struct {
	const char *address;
	bool is_private;
} cases[] = {
	{ "9.255.255.255", false },
	{ "10.0.0.0", true },
	{ "10.255.255.255", true },
	{ "11.0.0.0", false },
	{ "172.15.255.255", false },
	{ "172.16.0.0", true },
	{ "172.31.255.255", true },
	{ "172.32.0.0", false },
	{ "192.167.255.255", false },
	{ "192.168.0.0", true },
	{ "192.168.255.255", true },
	{ "192.169.0.0", false },
	{ "100.63.255.255", false },
	{ "100.64.0.0", true },
	{ "100.127.255.255", true },
	{ "100.128.0.0", false },
	{ "169.253.255.255", false },
	{ "169.254.0.0", true },
	{ "169.254.169.254", true },
	{ "169.255.0.0", false },
	{ "127.0.0.1", false },
	{ "3.120.4.5", false },
	{ "::1", false },
	{ "2a05:d014::1", false },
	{ "fbff::1", false },
	{ "fc00::", true },
	{ "fd00:ec2::254", true },
	{ "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true },
	{ "fe00::1", false },
	{ "fe7f::1", false },
	{ "fe80::1", true },
	{ "fe80::1%eth0", true },
	{ "febf::1", true },
	{ "fec0::1", true },
	{ "ff02::1", false },
	{ "::ffff:10.1.2.3", true },
	{ "::ffff:192.168.1.1", true },
	{ "::ffff:3.120.4.5", false },
	/* What cannot be told is not taken for public. */
	{ "", true },
	{ "?", true },
	{ "example.org", true },
	{ "10.1", true },
	{ "3.120.4.5.6", true },
	{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", true },
};

static void
addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (connect_is_private(cases[i].address) != cases[i].is_private)
			fail_msg("'%s'", cases[i].address);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests_name("cli_private", tests, NULL, NULL);
}
