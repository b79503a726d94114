/* SPDX-License-Identifier: ISC */
/*
 * Host keys on a console, each variant that images print (cloud-init from 0.7 to
 * 24, Ubuntu, Amazon Linux), and what else may be there: nothing, half of it,
 * other people's keys, keys that are none.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pemkeep/aws/console.h"
#include "pemkeep/base/buf.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define ED \
	"ssh-ed25519 " \
	"AAAAC3NzaC1lZDI1NTE5AAAAIJw/sVYdk6xV5M4W5THhBBdKvwSmgWOF9" \
	"J43xbmos/lf"
#define ED_B64 \
	"AAAAC3NzaC1lZDI1NTE5AAAAIJw/sVYdk6xV5M4W5THhBBdKvwSmgWOF9J43xbmos/lf"
#define ED_SHA "SHA256:6NHlEAe+srFhDCPHrKn+nf7n7zSGcKttpTqIlY5Glr0"
#define EC \
	"ecdsa-sha2-nistp256 " \
	"AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAA" \
	"BBBEFzMhHLy3UrxYLQtKslCnWrAVKwAjFHwJIQZ6FJe6TcYiRh+" \
	"7MfL2ijkqLNvDISREFR" \
	"a36mYnCIoP5KCEDsBlU="
#define EC_SHA "SHA256:VdctVw2e0nPDcQCbsM2XTV0dHQf+UyTLDoYBMuZDlSE"
#define RSA_KEY \
	"ssh-rsa " \
	"AAAAB3NzaC1yc2EAAAADAQABAAABAQDkOGtsD/EFqsUVn6Y9gDiowCnAUJcNv7" \
	"EKjD84VBedtEhKiW/5TywLgU1qBMksKynE8CKf8A1JHe/3gJn0Z2/" \
	"cElJuJQhBdM2jRO9M" \
	"Fgyl9cYCw2gmRZWQ4Z2YiYf4M7fT4tGv8/lJIKeNp8tNQi/kWXYEuHRZlnBwDpGBs/" \
	"BI12" \
	"2pqaXy9h3kiXdou70hRu4uQ2k3Zztcd8jp/" \
	"BL3Whdg2+QdcuZep7rxe7jJ4EzCj8kRJKjE" \
	"5tdZe5zXyK7jVkuR/" \
	"9DkLVliOllT+ElR6uT9K1yoP1NfPBsPPvqGsbUQeADtPSgBClOli3" \
	"lsLWb/JciK32ZCfA5BYgzBkpw68a53"
#define EC521 \
	"ecdsa-sha2-nistp521 " \
	"AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAA" \
	"CFBABCx36thtip6Ypi2Eljp5CuWcrq7OktNDUmWFn5lEOO7xz4KukZc6uEA64tfeDalx" \
	"FG" \
	"UgsV2tcpBTN23ogbT/XsrgCeT6DUX6oDWvj6vIAfCkQyDLx5vxWY1azVGQ/" \
	"cVSEKrNuzLu" \
	"huWpST/P3UACjcfK5wyU6uzYfck6FzXD1bp5bhUg=="
#define BEGIN "-----BEGIN SSH HOST KEY KEYS-----\n"
#define END "-----END SSH HOST KEY KEYS-----\n"
#define BEGIN_PRINTS "-----BEGIN SSH HOST KEY FINGERPRINTS-----\n"
#define END_PRINTS "-----END SSH HOST KEY FINGERPRINTS-----\n"
#define HASHES "#############################################################"

/* What is there, and what is found: first letters of the types ('5' for
 * ed25519, 'c' ecdsa, 'r' rsa), then the number of fingerprints. */
static const struct {
	const char *what, *text, *types;
	size_t fingerprints;
} consoles[] = {
	{ "nothing", "", "", 0 },
	{ "no block", "Linux version 6.1\nlogin: " ED "\n", "", 0 },
	{ "an empty block", BEGIN END, "", 0 },
	{ "a block that was never begun", ED " x\n" END, "", 0 },
	{ "authorized keys of cloud-init are no host keys",
	    BEGIN END "ci-info: | ssh-rsa | " ED_B64 " | root |\n" ED "\n", "",
	    0 },
	{ "a table within the block", BEGIN "| ubuntu | " ED " |\n" END, "",
	    0 },
	{ "another name of a block",
	    "-----BEGIN SSH HOST KEY OTHERS-----\n" ED "\n", "", 0 },
	{ "types that are none",
	    BEGIN "ssh-dss " ED_B64 "\nssh-ed448 " ED_B64
		  "\nssh-ed25519-cert-v01@openssh.com " ED_B64 "\n" END,
	    "", 0 },
	{ "a type that is not the blob's",
	    BEGIN "ssh-rsa " ED_B64 "\necdsa-sha2-nistp256 " ED_B64 "\n" END,
	    "", 0 },
	{ "a blob with something behind it",
	    BEGIN "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJw/sVYdk6xV5M4W5THhBBdK"
		  "vwSmgWOF9J43xbmos/lfAAAA\n" END,
	    "", 0 },
	{ "a blob that is cut off",
	    BEGIN "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJw/sVYdk6xV5M4W5THhBBdK"
		  "vwSmgWOF9J43\n" END,
	    "", 0 },
	{ "no base64",
	    BEGIN "ssh-ed25519 !!!!\nssh-ed25519 \nssh-ed25519\n" END, "", 0 },
	{ "a key of no bits",
	    BEGIN "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAQM=\n" END, "", 0 },
	{ "Ubuntu 22.04",
	    "<14>Nov 21 08:15:00 cloud-init: " HASHES "\n"
	    "<14>Nov 21 08:15:00 cloud-init: " BEGIN_PRINTS
	    "<14>Nov 21 08:15:00 cloud-init: 256 " EC_SHA " root@ip (ECDSA)\n"
	    "<14>Nov 21 08:15:00 cloud-init: 256 " ED_SHA " root@ip (ED25519)\n"
	    "<14>Nov 21 08:15:00 cloud-init: " END_PRINTS
	    "<14>Nov 21 08:15:00 cloud-init: " HASHES "\n" BEGIN EC
	    " root@ip\n" ED " root@ip\n" RSA_KEY " root@ip\n" END,
	    "c5r", 2 },
	{ "Ubuntu 16.04, tag ec2, CR LF",
	    "<14>Nov 21 08:15:00 ec2: \r\n<14>Nov 21 08:15:00 "
	    "ec2: " BEGIN_PRINTS "<14>Nov 21 08:15:00 ec2: 256 " ED_SHA
	    " root@ip (ED25519)\r\n"
	    "<14>Nov 21 08:15:00 ec2: " END_PRINTS BEGIN ED " root@ip\r\n" END,
	    "5", 1 },
	{ "old: a bare prefix and MD5",
	    "ec2: " HASHES "\nec2: " BEGIN_PRINTS
	    "ec2: 2048 15:2f:c7:83:27:4f:51:3c:ac:22:00:51:fb:7b:18:f7  "
	    "/etc/ssh/ssh_host_rsa_key.pub (RSA)\nec2: " END_PRINTS
	    "ec2: " HASHES "\n" BEGIN RSA_KEY " root@ip\n" END,
	    "r", 0 },
	{ "old: keys behind the prefix, too",
	    "ec2: " BEGIN "ec2: " ED " root\nec2: " EC "\nec2: " END, "5c", 0 },
	{ "systemd's prefix",
	    "[   22.1] cloud-init[1042]: " BEGIN
	    "[   22.2] cloud-init[1042]: " ED " root\n"
	    "[   22.3] cloud-init[1042]: " END,
	    "5", 0 },
	{ "no comment, no line feed at the end", BEGIN ED, "5", 0 },
	{ "a comment with another tag in it", BEGIN ED " root@[host]: x\n" END,
	    "5", 0 },
	{ "kernel and systemd between",
	    BEGIN "[   30.1] audit: type=1400\n" ED " x\n"
		  "[  OK  ] Started OpenSSH server.\n\n" EC " x\n" END,
	    "5c", 0 },
	{ "a kernel line within a key spoils that key only",
	    BEGIN "ssh-rsa AAAAB3NzaC1yc2E[   30.1] oops\nAAAADAQAB root\n" ED
		  "\n" END,
	    "5", 0 },
	{ "END is missing", BEGIN ED " x\n" EC " x\n", "5c", 0 },
	{ "BEGIN is missing",
	    "xYZ root@ip (ED25519)\n" END_PRINTS ED " x\n" END, "", 0 },
	{ "a getty before it",
	    "\x1B[H\x1B[J\rUbuntu 22.04 ip ttyS0\r\n\r\nip login: " BEGIN
	    "ip login: " ED " x\n" END,
	    "5", 0 },
	{ "escape sequences everywhere",
	    "\x1B[0m" BEGIN "\x1B[1;32m" ED "\x1B[0m x\n\x1B]0;title\x07" EC
	    " x\n\x1B(B" END,
	    "5c", 0 },
	{ "an escape that does not end",
	    BEGIN "\x1B]0;title " ED "\n" EC "\n" END "\x1B", "c", 0 },
	{ "an escape in a key", BEGIN "ssh-ed25519 " ED_B64 "\x1B[0K x\n" END,
	    "5", 0 },
	{ "twice the same key", BEGIN ED " a\n" ED " b\n" END, "5", 0 },
	{ "the last block counts",
	    BEGIN ED " old\n" EC " old\n" END "Rebooting\n" BEGIN RSA_KEY
		     " new\n" END,
	    "r", 0 },
	{ "newer fingerprints: the keys before them do not count",
	    BEGIN ED " old\n" END "Rebooting\n" BEGIN_PRINTS "256 " EC_SHA
		     " new (ECDSA)\n" END_PRINTS,
	    "", 1 },
	{ "fingerprints alone",
	    BEGIN_PRINTS "256 " EC_SHA " x (ECDSA)\n2048 MD5:15:2f x (RSA)\n"
			 "256 SHA256:short x\nSHA256:nobits\n" END_PRINTS,
	    "", 1 },
	{ "a fingerprint outside of the block",
	    "cloud-init[9]: 256 " EC_SHA " x (ECDSA)\n" BEGIN ED "\n" END, "5",
	    0 },
	{ "P-521", BEGIN EC521 " x\n" END, "c", 0 },
	{ "what a stranger had sshd print",
	    BEGIN ED " x\n" END "[ 900.1] ip sshd[77]: Invalid user " BEGIN
		     "[ 900.2] ip sshd[78]: Invalid user " EC " from\n"
		     "[ 900.3] ip sshd[78]: Invalid user login: " EC "\n"
		     "[ 900.3] ip sshd[78]: Invalid user ec2: " BEGIN
		     "Nov 21 08:15:00 ip sshd[79]: Invalid user ]: " EC "\n",
	    "5", 0 },
	{ "the same within a block that has no END",
	    BEGIN ED " x\n[ 900.3] ip sshd[78]: Invalid user login: " EC
		     "\nNov 21 08:15:00 ip sshd[79]: Invalid user ]: " EC "\n",
	    "5", 0 },
};

static void
check(const char *text, size_t len, size_t i)
{
	struct console_keys keys;

	assert_int_equal(console_host_keys(text, len, &keys, NULL), 0);
	if (keys.count != strlen(consoles[i].types) ||
	    keys.fingerprint_count != consoles[i].fingerprints)
		print_message("%s: %zu keys, %zu fingerprints\n",
		    consoles[i].what, keys.count, keys.fingerprint_count);
	assert_int_equal(keys.count, strlen(consoles[i].types));
	assert_int_equal(keys.fingerprint_count, consoles[i].fingerprints);
	for (size_t k = 0; k < keys.count; k++)
		assert_int_equal(consoles[i].types[k],
		    strcmp(keys.keys[k].type, "ssh-ed25519") == 0 ? '5'
			: keys.keys[k].type[0] == 'e'             ? 'c'
								  : 'r');
	console_clear(&keys);
	console_clear(&keys);
}

static void
variants(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(consoles); i++)
		check(consoles[i].text, strlen(consoles[i].text), i);
}

/* The same behind 64 KB of something else, bytes of any value among it. */
static void
among_others(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(consoles); i++) {
		buf_clear(&b);
		for (unsigned n = 0; n < 0x10000; n++)
			buf_put_u8(&b, (uint8_t)(n * 31 + (n >> 8)));
		buf_put_text(&b, "\x07\n");
		buf_put_text(&b, consoles[i].text);
		check((const char *)b.data, b.len, i);
	}
	buf_free(&b);
}

static void
contents(void **state)
{
	static const char text[] =
	    BEGIN_PRINTS "256 " EC_SHA " x (ECDSA)\n"
			 "256 " ED_SHA " x\n" END_PRINTS BEGIN ED "\n" END;
	static const uint8_t start[] = { 0, 0, 0, 11, 's', 's', 'h', '-', 'e',
		'd', '2', '5', '5', '1', '9', 0, 0, 0, 32, 0x9C, 0x3F };
	struct console_keys keys;

	(void)state;
	assert_int_equal(console_host_keys(text, strlen(text), &keys, NULL), 0);
	assert_int_equal(keys.keys[0].len, 51);
	assert_memory_equal(keys.keys[0].blob, start, sizeof(start));
	assert_string_equal(keys.fingerprints[0], EC_SHA);
	assert_string_equal(keys.fingerprints[1], ED_SHA);
	console_clear(&keys);
	assert_int_equal(keys.count, 0);
}

/* Never more than there is room for; lines without end are passed over. */
static void
too_many(void **state)
{
	struct console_keys keys;
	struct buf b = BUF_INIT;

	(void)state;
	buf_put_text(&b, BEGIN_PRINTS);
	for (int i = 0; i < 1000; i++)
		buf_put_text(&b, "256 " ED_SHA " x\n");
	buf_put_text(&b, BEGIN);
	for (int i = 0; i < 1000; i++)
		buf_put_text(&b, ED);
	buf_put_text(&b, "\n" EC "\n" ED " ");
	for (int i = 0; i < 3000; i++)
		buf_put_u8(&b, 'c');
	assert_int_equal(console_host_keys(b.data, b.len, &keys, NULL), 0);
	assert_int_equal(keys.count, 1);
	assert_int_equal(keys.fingerprint_count, CONSOLE_KEYS_MAX);
	console_clear(&keys);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variants),
		cmocka_unit_test(among_others),
		cmocka_unit_test(contents),
		cmocka_unit_test(too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
