/* SPDX-License-Identifier: ISC */
/*
 * Key files as ssh-keygen, openssl and puttygen make them: every truncation,
 * every kind of line end, passphrases.  Files made by hand to deceive are in
 * keys_openssh.c, keys_der.c, keys_ppk.c and keys_nokey.c.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keys_fixture.h"
#include "pemkeep/keys/keyfile.h"

#define PASS "correct horse"

/* Each makes the file "key" in the current folder. */
static const struct sample {
	const char *name, *command;
	enum keyfile_format format;
	bool encrypted;
	bool own; /* ssh-keygen is needed to read it */
} samples[] = {
	{ "PKCS#1", "ssh-keygen -q -t rsa -b 1024 -m PEM -N '' -f key",
	    KEYFILE_PKCS1, false, false },
	{ "PKCS#8 RSA", "ssh-keygen -q -t rsa -b 1024 -m PKCS8 -N '' -f key",
	    KEYFILE_PKCS8, false, false },
	{ "PKCS#8 Ed25519", "openssl genpkey -algorithm ed25519 -out key",
	    KEYFILE_PKCS8, false, false },
	{ "PKCS#8 P-256",
	    "openssl genpkey -algorithm EC -pkeyopt "
	    "ec_paramgen_curve:P-256 -out key",
	    KEYFILE_PKCS8, false, false },
	{ "SEC1", "ssh-keygen -q -t ecdsa -b 384 -m PEM -N '' -f key",
	    KEYFILE_SEC1, false, false },
	{ "OpenSSH RSA", "ssh-keygen -q -t rsa -b 1024 -N '' -f key",
	    KEYFILE_OPENSSH, false, false },
	{ "OpenSSH Ed25519", "ssh-keygen -q -t ed25519 -N '' -f key -C me",
	    KEYFILE_OPENSSH, false, false },
	{ "OpenSSH P-521", "ssh-keygen -q -t ecdsa -b 521 -N '' -f key",
	    KEYFILE_OPENSSH, false, false },
	{ "PPK 2 RSA",
	    "puttygen -q -t rsa -b 2048 -O private -o key "
	    "--new-passphrase /dev/null --ppk-param version=2",
	    KEYFILE_PPK2, false, false },
	{ "PPK 3 Ed25519",
	    "puttygen -q -t ed25519 -O private -o key "
	    "--new-passphrase /dev/null --ppk-param version=3",
	    KEYFILE_PPK3, false, false },
	{ "PPK 3 P-256",
	    "puttygen -q -t ecdsa -b 256 -O private -o key "
	    "--new-passphrase /dev/null --ppk-param version=3",
	    KEYFILE_PPK3, false, false },
	{ "PKCS#1 encrypted",
	    "ssh-keygen -q -t rsa -b 1024 -m PEM -N '" PASS "' -f key",
	    KEYFILE_PKCS1, true, false },
	{ "PKCS#8 encrypted",
	    "openssl genpkey -algorithm ed25519 -aes256 -pass 'pass:" PASS
	    "' -out key",
	    KEYFILE_PKCS8, true, false },
	{ "SEC1 encrypted",
	    "ssh-keygen -q -t ecdsa -m PEM -N '" PASS "' -f key", KEYFILE_SEC1,
	    true, false },
	{ "OpenSSH encrypted",
	    "ssh-keygen -q -t ed25519 -a 2 -N '" PASS "' -f key",
	    KEYFILE_OPENSSH, true, true },
};

static struct secret *
make(const struct sample *s)
{
	struct secret *file;
	int fd;

	(void)unlink("key");
	(void)unlink("key.pub");
	if (system(s->command) != 0) {
		print_message("SKIP %s: cannot run: %s\n", s->name, s->command);
		return NULL;
	}
	fd = open("key", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(secret_read_fd(fd, KEYFILE_MAX, &file), 0);
	close(fd);
	return file;
}

static int
read_bytes(const void *bytes, size_t len, const char *pass, struct keyfile *f,
    struct err *e)
{
	struct secret *file = fixture_secret(bytes, len);
	struct secret *p = pass == NULL ? NULL : fixture_text(pass);
	int r;

	memset(e, 0, sizeof(*e));
	memset(f, 0xee, sizeof(*f));
	r = keyfile_read(file, p, f, e);
	assert_int_equal(e->code, r);
	if (r != 0) {
		assert_null(f->key);
		assert_string_equal(f->comment, "");
		assert_true(e->text[0] != '\0');
	}
	secret_free(file);
	secret_free(p);
	return r;
}

static bool
only_line_ends(const uint8_t *bytes, size_t len)
{
	while (len > 0 && (*bytes == '\n' || *bytes == '\r')) {
		bytes++;
		len--;
	}
	return len == 0;
}

static void
truncations(void **state)
{
	const uint8_t *bytes;
	struct secret *file;
	struct keyfile f;
	struct err e;
	size_t len;
	int r;

	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		file = make(&samples[i]);
		if (file == NULL)
			continue;
		bytes = secret_bytes(file);
		len = secret_len(file);
		for (size_t cut = 0; cut < len; cut++) {
			if (only_line_ends(bytes + cut, len - cut))
				break;
			r = read_bytes(bytes, cut, NULL, &f, &e);
			if (r != ERR_FORMAT && r != ERR_UNSUPPORTED)
				fail_msg("%s cut at %zu: %d %s",
				    samples[i].name, cut, r, e.text);
			if (cut > 40 && strstr(e.text, "cut off") == NULL)
				fail_msg("%s cut at %zu: %s", samples[i].name,
				    cut, e.text);
		}
		secret_free(file);
	}
}

static void
whole_files(void **state)
{
	struct secret *file;
	struct keyfile f;
	struct err e;
	int r;

	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		file = make(&samples[i]);
		if (file == NULL)
			continue;
		r = read_bytes(
		    secret_bytes(file), secret_len(file), NULL, &f, &e);
		if (r != (samples[i].encrypted ? ERR_NEED_PASSPHRASE : 0))
			fail_msg("%s: %d %s", samples[i].name, r, e.text);
		assert_int_equal(f.format, samples[i].format);
		assert_int_equal(f.encrypted, samples[i].encrypted);
		assert_int_equal(f.repairs, 0);
		keyfile_clear(&f);
		assert_null(f.key);
		secret_free(file);
	}
}

static size_t
open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static void
passphrases(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} wrong[] = {
		{ "", 0 },
		{ "wrong", 5 },
		{ PASS " ", sizeof(PASS) },
		{ PASS "\n", sizeof(PASS) },
		{ PASS "\r", sizeof(PASS) },
		{ "\0" PASS, sizeof(PASS) },
		{ "\n" PASS, sizeof(PASS) },
		{ PASS "\nwrong", sizeof(PASS) + 5 },
	};
	static uint8_t long_one[2000];
	struct secret *file, *pass;
	struct keyfile f;
	struct err e;
	size_t before = open_descriptors();

	(void)state;
	memset(long_one, 'x', sizeof(long_one));
	for (size_t i = 0; i < COUNT(samples); i++) {
		if (!samples[i].encrypted)
			continue;
		file = make(&samples[i]);
		if (file == NULL)
			continue;
		for (size_t j = 0; j <= COUNT(wrong); j++) {
			pass = j == COUNT(wrong)
			    ? fixture_secret(long_one, sizeof(long_one))
			    : fixture_secret(wrong[j].bytes, wrong[j].len);
			if (keyfile_read(file, pass, &f, &e) != ERR_LOCKED)
				fail_msg("%s, passphrase %zu: %d %s",
				    samples[i].name, j, (int)e.code, e.text);
			assert_null(f.key);
			secret_free(pass);
		}
		if (read_bytes(secret_bytes(file), secret_len(file), PASS, &f,
			&e) != 0)
			fail_msg("%s: %s", samples[i].name, e.text);
		assert_int_equal(f.format, samples[i].format);
		assert_true(f.encrypted);
		assert_int_equal(key_prove(f.key, NULL, NULL), 0);
		keyfile_clear(&f);
		secret_free(file);
	}
	/* Nothing was left behind. */
	assert_int_equal(open_descriptors(), before);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* Text transformations that keep the key. */
enum change {
	PLAIN,
	CRLF,
	CR,
	CRCRLF,
	BOM,
	UTF16LE,
	UTF16BE,
	UTF16LE_BARE,
	UTF16BE_BARE,
	BLANKS,
	INDENT,
	LINES_AROUND,
	TEXT_BEFORE,
	TEXT_AFTER,
	NO_LAST_LINE_END,
	CHANGES
};

static const unsigned expected[CHANGES] = {
	[CRLF] = KEYFILE_CRLF,
	[CR] = KEYFILE_CRLF,
	[CRCRLF] = KEYFILE_CRLF,
	[BOM] = KEYFILE_BOM,
	[UTF16LE] = KEYFILE_BOM | KEYFILE_UTF16,
	[UTF16BE] = KEYFILE_BOM | KEYFILE_UTF16,
	[UTF16LE_BARE] = KEYFILE_UTF16,
	[UTF16BE_BARE] = KEYFILE_UTF16,
	[BLANKS] = KEYFILE_BLANKS,
	[INDENT] = KEYFILE_BLANKS,
	[LINES_AROUND] = KEYFILE_BLANKS,
	[TEXT_BEFORE] = KEYFILE_TEXT,
	[TEXT_AFTER] = KEYFILE_TEXT,
};

static void
put_line_end(struct buf *b, enum change c)
{
	if (c == CR)
		buf_put_text(b, "\r");
	else if (c == CRLF)
		buf_put_text(b, "\r\n");
	else if (c == CRCRLF)
		buf_put_text(b, "\r\r\n");
	else if (c == BLANKS)
		buf_put_text(b, " \t\n");
	else if (c == INDENT)
		buf_put_text(b, "\n\t ");
	else
		buf_put_u8(b, '\n');
}

static void
widen(struct buf *b, bool big)
{
	struct buf wide = BUF_INIT;

	for (size_t i = 0; i < b->len; i++) {
		if (big)
			buf_put_u8(&wide, 0);
		buf_put_u8(&wide, b->data[i]);
		if (!big)
			buf_put_u8(&wide, 0);
	}
	buf_free(b);
	*b = wide;
}

static void
apply(struct buf *b, const struct secret *file, enum change c)
{
	const uint8_t *in = secret_bytes(file);
	size_t len = secret_len(file);

	memset(b, 0, sizeof(*b));
	if (c == BOM)
		buf_put_text(b, "\xef\xbb\xbf");
	else if (c == TEXT_BEFORE)
		buf_put_text(b, "# my key\n");
	else if (c == LINES_AROUND)
		buf_put_text(b, "\n\n");
	if (c == NO_LAST_LINE_END)
		len--;
	for (size_t i = 0; i < len; i++)
		if (in[i] == '\n')
			put_line_end(b, c);
		else
			buf_put_u8(b, in[i]);
	if (c == TEXT_AFTER)
		buf_put_text(b, "# that was my key\n");
	else if (c == LINES_AROUND)
		buf_put_text(b, "\n");
	if (c == UTF16LE || c == UTF16LE_BARE || c == UTF16BE ||
	    c == UTF16BE_BARE)
		widen(b, c == UTF16BE || c == UTF16BE_BARE);
	if (c == UTF16LE || c == UTF16BE) {
		struct buf marked = BUF_INIT;

		buf_put(&marked, c == UTF16LE ? "\xff\xfe" : "\xfe\xff", 2);
		buf_put(&marked, b->data, b->len);
		buf_free(b);
		*b = marked;
	}
}

static void
changed_texts(void **state)
{
	struct keyfile f, original;
	struct secret *file;
	struct err e;
	struct buf b;

	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		if (samples[i].own)
			continue;
		file = make(&samples[i]);
		if (file == NULL)
			continue;
		assert_int_equal(read_bytes(secret_bytes(file),
				     secret_len(file), PASS, &original, &e),
		    0);
		for (enum change c = PLAIN; c < CHANGES; c++) {
			apply(&b, file, c);
			if (read_bytes(b.data, b.len, PASS, &f, &e) != 0 ||
			    f.repairs != expected[c])
				fail_msg("%s change %d: %u %s", samples[i].name,
				    (int)c, f.repairs, e.text);
			fixture_same_blob(f.key, original.key);
			if (!keyfile_looks_like_key(b.data, b.len))
				fail_msg("%s change %d: does not look like it",
				    samples[i].name, (int)c);
			keyfile_clear(&f);
			buf_free(&b);
		}
		keyfile_clear(&original);
		secret_free(file);
	}
}

/* Every byte changed: refused, or the same key with another comment. */
static void
changed_bytes(void **state)
{
	struct keyfile f, original;
	struct secret *file;
	struct err e;
	int r;

	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		/* Whatever an Ed25519 seed in PKCS#8 is, it is a key. */
		if (samples[i].encrypted || i == 2)
			continue;
		file = make(&samples[i]);
		if (file == NULL)
			continue;
		assert_int_equal(read_bytes(secret_bytes(file),
				     secret_len(file), NULL, &original, &e),
		    0);
		for (size_t at = 0; at < secret_len(file); at++) {
			uint8_t was = secret_data(file)[at];

			secret_data(file)[at] = was == 'A' ? 'B' : 'A';
			r = read_bytes(
			    secret_bytes(file), secret_len(file), NULL, &f, &e);
			if (r == 0) {
				fixture_same_blob(f.key, original.key);
				assert_int_equal(f.format, original.format);
			}
			keyfile_clear(&f);
			secret_data(file)[at] = was;
		}
		keyfile_clear(&original);
		secret_free(file);
	}
}

static int
enter_folder(void **state)
{
	static char folder[] = "/tmp/keys_file.XXXXXX";

	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		return -1;
	*state = folder;
	return 0;
}

static int
leave_folder(void **state)
{
	(void)unlink("key");
	(void)unlink("key.pub");
	return rmdir(*state);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(truncations),
		cmocka_unit_test(whole_files),
		cmocka_unit_test(passphrases),
		cmocka_unit_test(changed_texts),
		cmocka_unit_test(changed_bytes),
	};

	(void)argv;
	if (keyfile_askpass_main(argc))
		return 0;
	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
