/* SPDX-License-Identifier: ISC */
/*
 * What is believed of the process that looks for keys: nothing that is cut off,
 * out of bounds, or comes after its end.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <cmocka.h>

#include "pemkeep/base/err.h"
#include "pemkeep/keys/keyfile_facts.h"
#include "src/audit/scan_child.h"
#include "vault/secret.h"

static const char ed25519[] =
    "\0\0\0\013ssh-ed25519\0\0\0\040"
    "\x00\x8a\x66\x0b\xaa\x6d\x69\x49\x6a\x87\x64\xeb\xb8\xfb\xd5\x2d"
    "\xbb\x53\xc6\x04\x2a\x7b\xf0\x47\x17\xeb\x5b\x0d\xd6\x03\xd0\x6e";

/* A frame of a key, whose content may be changed. */
static void
put_key(struct buf *b, const char *path, size_t blob_len)
{
	struct stat st = { .st_mode = S_IFREG | 0644, .st_nlink = 1 };
	struct keyfile_facts facts = { .format = KEYFILE_OPENSSH,
		.readable = true,
		.type = "ed25519",
		.bits = 256 };

	buf_put(&facts.blob, ed25519, blob_len);
	scan_put_key(b, path, &st, &facts, false);
	keyfile_facts_clear(&facts);
}

static int
take(struct scan *scan, const struct buf *b, size_t *used)
{
	struct err e;

	memset(scan, 0, sizeof(*scan));
	return scan_take(scan, b->data, b->len, used, &e);
}

static void
test_key(void **state)
{
	struct buf b = BUF_INIT;
	struct scan scan;
	size_t used;

	(void)state;
	put_key(&b, "/x/key", 0);
	put_key(&b, "/x/other", sizeof(ed25519) - 1);
	assert_int_equal(take(&scan, &b, &used), 0);
	assert_int_equal(used, b.len);
	assert_int_equal(scan.count, 2);
	assert_string_equal(scan.keys[0].path, "/x/key");
	assert_string_equal(scan.keys[0].format, "OpenSSH");
	assert_string_equal(scan.keys[0].fingerprint, "");
	assert_null(scan.keys[0].blob);
	assert_int_equal(scan.keys[1].mode, 0644);
	assert_int_equal(scan.keys[1].blob_len, sizeof(ed25519) - 1);
	assert_memory_equal(scan.keys[1].fingerprint, "SHA256:", 7);
	/* EC2 shows the same for both kinds of an Ed25519 key. */
	assert_string_equal(
	    scan.keys[1].ec2_created, scan.keys[1].ec2_imported);
	scan_clear(&scan);
	buf_free(&b);
}

/* Half a frame waits for its other half, wherever it was cut. */
static void
test_cut(void **state)
{
	struct buf b = BUF_INIT;
	struct scan scan;
	size_t used;
	struct err e;

	(void)state;
	put_key(&b, "/x/key", sizeof(ed25519) - 1);
	for (size_t len = 0; len < b.len; len++) {
		memset(&scan, 0, sizeof(scan));
		assert_int_equal(scan_take(&scan, b.data, len, &used, &e), 0);
		assert_int_equal(used, 0);
		assert_int_equal(scan.count, 0);
		scan_clear(&scan);
	}
	buf_free(&b);
}

/* One that says it is whole, and is not. */
static void
test_short(void **state)
{
	struct buf b = BUF_INIT;
	struct scan scan;
	size_t used, whole;

	(void)state;
	put_key(&b, "/x/key", sizeof(ed25519) - 1);
	for (whole = b.len - 4; b.len > 5;) {
		b.len--;
		b.data[3] = (uint8_t)(b.len - 4);
		b.data[2] = (uint8_t)((b.len - 4) >> 8);
		assert_int_equal(take(&scan, &b, &used), ERR_UNTRUSTED);
		scan_clear(&scan);
	}
	assert_true(whole > 0);
	buf_free(&b);
}

static void
test_senseless(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} frames[] = {
		{ "\0\0\0\0", 4 },                        /* nothing */
		{ "\0\1\0\1\1", 5 },                      /* too long */
		{ "\377\377\377\377", 4 },                /* far too long */
		{ "\0\0\0\1\0", 5 },                      /* unknown */
		{ "\0\0\0\1\5", 5 },                      /* unknown */
		{ "\0\0\0\12\2\0\0\0\0\0\0\0\0\0", 14 },  /* no path */
		{ "\0\0\0\13\2\0\0\0\1\0\0\0\0\1w", 15 }, /* a zero in it */
	};
	struct scan scan;
	size_t used;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		memset(&scan, 0, sizeof(scan));
		assert_int_equal(
		    scan_take(&scan, (const uint8_t *)frames[i].bytes,
			frames[i].len, &used, &e),
		    ERR_UNTRUSTED);
		scan_clear(&scan);
	}
}

/* A blob that is none is no fingerprint. */
static void
test_blob(void **state)
{
	struct buf b = BUF_INIT;
	struct scan scan;
	size_t used;

	(void)state;
	for (size_t len = 1; len < sizeof(ed25519) - 1; len++) {
		buf_clear(&b);
		put_key(&b, "/x/key", len);
		assert_int_equal(take(&scan, &b, &used), ERR_UNTRUSTED);
		scan_clear(&scan);
	}
	buf_free(&b);
}

static void
test_end(void **state)
{
	struct scan counts = { .files = 7, .folders = 3, .opened = 2 }, scan;
	struct buf b = BUF_INIT;
	size_t used;

	(void)state;
	scan_put_counts(&b, SCAN_PROGRESS, &counts);
	assert_int_equal(take(&scan, &b, &used), 0);
	assert_false(scan.whole);
	scan_put_counts(&b, SCAN_END, &counts);
	assert_int_equal(take(&scan, &b, &used), 0);
	assert_true(scan.whole);
	assert_int_equal(scan.files, 7);
	put_key(&b, "/x/late", 0);
	assert_int_equal(take(&scan, &b, &used), ERR_UNTRUSTED);
	scan_clear(&scan);
	buf_free(&b);
}

/* However many there are: they are counted, and not all kept. */
static void
test_troubles(void **state)
{
	struct buf b = BUF_INIT;
	struct scan scan;
	size_t used;

	(void)state;
	for (unsigned i = 0; i < 2 * SCAN_TROUBLES_MAX; i++)
		scan_put_trouble(&b, "/x", "because");
	assert_int_equal(take(&scan, &b, &used), 0);
	assert_int_equal(scan.trouble_count, SCAN_TROUBLES_MAX);
	assert_int_equal(scan.trouble_total, 2 * SCAN_TROUBLES_MAX);
	scan_clear(&scan);
	buf_free(&b);
}

/* How many keys are said to be in "folder/name"; -1: it was not looked into. */
static int
look(int folder, const char *name)
{
	struct scanner s = { .file = secret_new(KEYFILE_MAX) };
	struct scan scan = { 0 };
	struct err e;
	size_t used;
	int count;

	assert_non_null(s.file);
	assert_true(scan_set_path(&s, "/x", name));
	assert_true(scan_look(&s, folder, name));
	assert_int_equal(scan_take(&scan, s.out.data, s.out.len, &used, &e), 0);
	count = s.count.opened == 0 ? -1 : (int)scan.count;
	scan_clear(&scan);
	secret_free(s.file);
	buf_free(&s.out);
	buf_free(&s.path);
	return count;
}

/*
 * What a folder says of a name may not be true any more when it is opened: a link
 * is not followed then, and nothing waits at a FIFO.
 */
static void
test_swapped(void **state)
{
	char path[] = "/tmp/pemkeep-scan-XXXXXX";
	int folder;

	(void)state;
	assert_non_null(mkdtemp(path));
	folder = open(path, O_RDONLY | O_DIRECTORY);
	assert_int_equal(chdir(path), 0);
	assert_int_equal(system("ssh-keygen -q -t ed25519 -N '' -f key"), 0);
	assert_int_equal(symlinkat("key", folder, "link"), 0);
	assert_int_equal(mkfifoat(folder, "fifo", 0600), 0);
	assert_int_equal(mkdirat(folder, "folder", 0700), 0);
	alarm(20);
	assert_int_equal(look(folder, "key"), 1);
	assert_int_equal(look(folder, "key.pub"), 0);
	assert_int_equal(look(folder, "link"), -1);
	assert_int_equal(look(folder, "gone"), -1);
	assert_int_equal(look(folder, "fifo"), 0);
	assert_int_equal(look(folder, "folder"), 0);
	alarm(0);
	assert_int_equal(system("rm -r key key.pub link fifo folder"), 0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(path), 0);
	close(folder);
}

/* In a process of its own, since there is no way back. */
_Noreturn static void
confined(const char *path)
{
	int mine = open(path, O_RDONLY), fd, failed = 0;
	int terminal = posix_openpt(O_RDWR | O_NOCTTY);
	struct winsize size;

	scan_confine();
	failed |= (socket(AF_INET, SOCK_STREAM, 0) != -1) << 0;
	failed |= (open(path, O_WRONLY) != -1) << 1;
	failed |= (open(path, O_RDWR) != -1) << 1;
	failed |= (open("/tmp/pemkeep-never", O_RDONLY | O_CREAT, 0600) != -1)
	    << 2;
	failed |= (unlink(path) == 0) << 3;
	failed |= (fchmod(mine, 0777) == 0) << 4;
	failed |= (execl("/bin/true", "true", (char *)NULL) != -1) << 5;
	fd = open(path, O_RDONLY);
	failed |= (fd == -1) << 6;
	/* What has more names than one. */
	failed |= (syscall(SYS_tkill, syscall(SYS_gettid), 0) == 0) << 7;
	failed |= (lsetxattr(path, "user.pemkeep", "x", 1, 0) == 0) << 4;
#ifdef SYS_utime
	failed |= (syscall(SYS_utime, path, NULL) == 0) << 4;
#endif
	failed |= (syscall(452, AT_FDCWD, path, 0777, 0) == 0) << 4;
	/* Whoever reads the terminal would take it for the user's word. */
	failed |= (ioctl(terminal, TIOCGWINSZ, &size) == 0) << 7;
	_exit(failed);
}

/* Not with AddressSanitizer, which needs more. */
static void
test_confined(void **state)
{
#if defined(__SANITIZE_ADDRESS__)
	(void)state;
	(void)confined;
	skip();
#else
	char path[] = "/tmp/pemkeep-scan-XXXXXX";
	int status, mine;
	pid_t pid;

	(void)state;
	if (prctl(PR_GET_SECCOMP) == -1)
		skip(); /* a kernel without it */
	assert_int_not_equal(mine = mkstemp(path), -1);
	if ((pid = fork()) == 0)
		confined(path);
	close(mine);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(unlink(path), 0);
#endif
}

#define NOWHERE "/nowhere/"

/* What a process that has been taken over could say of a root. */
static const struct lie {
	const char *root, *path;
	bool believed;
} lies[] = {
	{ NOWHERE "good", NOWHERE "good/a/key", true },
	{ NOWHERE "itself", NOWHERE "itself", true },
	{ NOWHERE "out", "/etc/out/key", false },
	{ NOWHERE "beside", NOWHERE "besides/key", false },
	{ NOWHERE "up", NOWHERE "up/../key", false },
	{ NOWHERE "dot", NOWHERE "dot/./key", false },
	{ NOWHERE "twice", NOWHERE "twice//key", false },
	{ NOWHERE "ending", NOWHERE "ending/", false },
	{ NOWHERE "bare", "--undo", false },
	{ NOWHERE "shallow", NOWHERE "shallow/a/key", false },
	{ NOWHERE "flat", NOWHERE "flat/key", true },
	{ NOWHERE "none", "", false },
};

/* This program is started again as the process that looks for keys. */
static int
lie(const char *root)
{
	const struct scan counts = { .files = 2 };
	struct buf b = BUF_INIT;
	int status = 1;

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		if (strcmp(lies[i].root, root) != 0)
			continue;
		put_key(&b, root, sizeof(ed25519) - 1);
		put_key(&b, lies[i].path, sizeof(ed25519) - 1);
		scan_put_counts(&b, SCAN_END, &counts);
		status = write(SCAN_FD, b.data, b.len) != (ssize_t)b.len;
	}
	buf_free(&b);
	return status;
}

/* What it says of places that it was not sent to is not believed. */
static void
test_lies(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		const char *name = lies[i].root + strlen(NOWHERE);
		const struct scan_root root = { .path = lies[i].root,
			.shallow = strcmp(name, "shallow") == 0 ||
			    strcmp(name, "flat") == 0,
			.optional = true };
		struct scan scan;
		struct err e;
		int r = scan_run(&root, 1, NULL, NULL, &scan, &e);

		if (r != (lies[i].believed ? 0 : ERR_UNTRUSTED))
			fail_msg("'%s': %d", lies[i].path, r);
		assert_int_equal(scan.count, lies[i].believed ? 2 : 0);
		scan_clear(&scan);
	}
}

static void
test_names(void **state)
{
	static const char *const dull[] = { "a.js", "A.JPG", "x.7z", "x.zst",
		"x.pub", ".x.c" };
	static const char *const others[] = { "id_rsa", "x.pem", "x.ppk",
		"x.key", "x.txt", "x.js.pem", "x.", ".js", "x.crt", "x.bak" };

	(void)state;
	for (size_t i = 0; i < sizeof(dull) / sizeof(dull[0]); i++)
		assert_true(scan_is_dull(dull[i]));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(scan_is_dull(others[i]));
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_senseless),
		cmocka_unit_test(test_blob),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_troubles),
		cmocka_unit_test(test_swapped),
		cmocka_unit_test(test_confined),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_lies),
	};

	if (argc == 3 && strcmp(argv[1], SCAN_ROLE) == 0)
		return lie(argv[2] + 2); /* behind "d:" */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
