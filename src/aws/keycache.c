/* SPDX-License-Identifier: ISC */
/*
 * Files of aws-cli in ~/.aws that hold temporary keys: what the name is made of
 * is botocore's, to the letter.  A file that cannot be understood is one that is
 * not there: aws-cli would write it anew.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/digest.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/json.h"
#include "pemkeep/base/replace.h"
#include "pemkeep/base/timefmt.h"
#include "pemkeep/base/utf8.h"

#include "src/aws/aws.h"
#include "src/aws/credentials_internal.h"
#include "src/aws/profile_files.h"

#define FILE_MAX 0x40000u /* bytes: 256 KiB */

static void
put_unicode(struct buf *b, uint32_t cp)
{
	if (cp < 0x10000) {
		buf_printf(b, "\\u%04x", (unsigned)cp);
		return;
	}
	cp -= 0x10000;
	buf_printf(b, "\\u%04x\\u%04x", 0xD800 | (unsigned)(cp >> 10),
	    0xDC00 | (unsigned)(cp & 0x3FF));
}

/* ensure_ascii: all but ' ' to '~' is \uXXXX, but for five that have a letter. */
void
keycache_put_text(struct buf *args, const char *text)
{
	static const char plain[] = "\"\\\n\r\t\b\f", letters[] = "\"\\nrtbf";
	size_t len = strlen(text), n;
	const char *special;
	uint32_t cp;

	buf_put_u8(args, '"');
	for (; len > 0; text += n, len -= n) {
		n = utf8_decode(text, len, &cp);
		n = n == 0 ? 1 : n;
		special = cp < 0x80 ? strchr(plain, (int)cp) : NULL;
		if (special != NULL)
			buf_printf(args, "\\%c", letters[special - plain]);
		else if (cp >= ' ' && cp <= '~')
			buf_put_u8(args, (uint8_t)cp);
		else
			put_unicode(args, cp);
	}
	buf_put_u8(args, '"');
}

int
keycache_path(const char *folder, const void *bytes, size_t len,
    struct buf *path, struct err *e)
{
	uint8_t sum[DIGEST_MAX];
	size_t size = digest(DIGEST_SHA1, bytes, len, sum);

	if (size == 0)
		return err_set(
		    e, ERR_UNSUPPORTED, "SHA-1 is not to be had here");
	if (profile_files_expand("~/.aws/", path) != 0)
		return err_set(e, ERR_NOMEM, "out of memory");
	buf_put_text(path, folder);
	digest_put_hex(path, sum, size, 0);
	buf_put_text(path, ".json");
	return buf_ok(path) ? 0 : err_set(e, ERR_NOMEM, "out of memory");
}

int
keycache_read(const char *path, struct json_value **jp, struct err *e)
{
	struct buf text = BUF_INIT, what = BUF_INIT;
	struct stat st;
	int fd, r;

	*jp = NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1 && (errno == ENOENT || errno == ENOTDIR))
		return NOTHING;
	if (fd == -1)
		return err_system(
		    e, ERR_SYSTEM, errno, "cannot open '%s'", path);
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		r = err_set(e, ERR_FORMAT, "'%s' is no regular file", path);
	else
		r = replace_read(fd, path, FILE_MAX, &text, e);
	close(fd);
	if (r == 0) {
		buf_printf(&what, "'%s'", path);
		r = json_parse(text.data, text.len, buf_text(&what), jp, e);
	}
	keys_wipe_buf(&text);
	buf_free(&what);
	return r;
}

int
keycache_get(const struct search *s, const struct buf *args, const char *source,
    struct aws_keys *keys, struct err *e)
{
	const struct json_value *c;
	struct json_value *j = NULL;
	struct buf path = BUF_INIT;
	struct keys_text text = { .source = source };
	struct err ignored;
	int r;

	if (s->c->no_cache)
		return NOTHING;
	r = keycache_path("cli/cache/", args->data, args->len, &path, e);
	if (r != 0)
		goto out;
	r = NOTHING;
	if (keycache_read(buf_text(&path), &j, &ignored) != 0)
		goto out;
	c = json_member(j, "Credentials");
	text.id = json_member_text(c, "AccessKeyId");
	text.secret = json_member_text(c, "SecretAccessKey");
	text.token = json_member_text(c, "SessionToken");
	text.account = json_member_text(c, "AccountId");
	if (json_member_text(c, "Expiration") != NULL &&
	    timefmt_parse(json_member_text(c, "Expiration"), &text.expires) &&
	    text.expires - CACHE_WINDOW >= (int64_t)time(NULL) &&
	    text.token != NULL && keys_set(keys, &text, "kept", NULL) == 0)
		r = 0;
out:
	json_value_free(j);
	buf_free(&path);
	return r;
}

/* The answer of AssumeRole, or what botocore makes of that of SSO. */
static void
put_file(struct buf *b, const struct aws_keys *keys, const char *arn,
    const char *role_id, bool is_sso)
{
	char expires[21];
	const struct {
		const char *name, *value;
	} members[] = {
		{ "AccessKeyId", keys->id },
		{ "SecretAccessKey", keys->secret },
		{ "SessionToken", keys->token },
		{ "Expiration", expires },
		{ "AccountId", keys->account },
	};

	timefmt_iso((uint64_t)keys->expires, expires);
	buf_put_text(b, is_sso ? "{\"ProviderType\": \"sso\", " : "{");
	buf_put_text(b, "\"Credentials\": {");
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (members[i].value == NULL)
			continue;
		buf_printf(b, "%s\"%s\": ", i > 0 ? ", " : "", members[i].name);
		keycache_put_text(b, members[i].value);
	}
	buf_put_text(b, "}");
	if (!is_sso) {
		buf_put_text(b, ", \"AssumedRoleUser\": {\"AssumedRoleId\": ");
		keycache_put_text(b, role_id);
		buf_put_text(b, ", \"Arn\": ");
		keycache_put_text(b, arn);
		buf_put_text(b, "}");
	}
	buf_put_text(b, "}\n");
}

void
keycache_put(const struct search *s, const struct buf *args,
    const struct aws_keys *keys, const char *arn, const char *role_id,
    bool is_sso)
{
	const struct aws_options *o = &s->c->aws->options;
	struct buf path = BUF_INIT, text = BUF_INIT, said = BUF_INIT;
	struct replace *file = NULL;
	struct err why;
	int r;

	if (!o->cache_credentials || keys->expires == 0)
		return;
	r = keycache_path("cli/cache/", args->data, args->len, &path, &why);
	put_file(&text, keys, arn, role_id, is_sso);
	if (r == 0)
		r = replace_begin(buf_text(&path), &file, &why);
	if (r == 0 && buf_ok(&text))
		r = replace_commit(file, text.data, text.len, &why);
	replace_end(file);
	if (r != 0 && o->warn != NULL) {
		buf_printf(
		    &said, "the credentials were not kept: %s", why.text);
		o->warn(o->arg, buf_text(&said));
	}
	keys_wipe_buf(&text);
	buf_free(&path);
	buf_free(&said);
}
