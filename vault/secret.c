/* SPDX-License-Identifier: ISC */

/*
 * Secrets in guarded memory, on libsodium's sodium_malloc.  The struct itself
 * holds only a pointer and two lengths, so it lives on the ordinary heap.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "secret.h"

struct secret {
	uint8_t *data;
	size_t len;
	size_t capacity;
};

struct secret *
secret_new(size_t capacity)
{
	struct secret *s;

	if (sodium_init() < 0)
		return NULL;
	if (capacity == 0)
		capacity = 1;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	if ((s->data = sodium_malloc(capacity)) == NULL) {
		free(s);
		return NULL;
	}
	s->capacity = capacity;
	return s;
}

struct secret *
secret_copy(const void *bytes, size_t len)
{
	struct secret *s;

	if ((s = secret_new(len)) == NULL)
		return NULL;
	if (len > 0)
		memcpy(s->data, bytes, len);
	s->len = len;
	return s;
}

void
secret_free(struct secret *s)
{
	if (s == NULL)
		return;
	sodium_free(s->data);
	free(s);
}

void
secret_clear(struct secret *s)
{
	sodium_memzero(s->data, s->capacity);
	s->len = 0;
}

uint8_t *
secret_data(struct secret *s)
{
	return s->data;
}

const uint8_t *
secret_bytes(const struct secret *s)
{
	return s->data;
}

size_t
secret_len(const struct secret *s)
{
	return s->len;
}

size_t
secret_capacity(const struct secret *s)
{
	return s->capacity;
}

bool
secret_set_len(struct secret *s, size_t len)
{
	if (len > s->capacity)
		return false;
	s->len = len;
	return true;
}

bool
secret_append(struct secret *s, const void *bytes, size_t len)
{
	if (len > s->capacity - s->len)
		return false;
	if (len > 0)
		memcpy(s->data + s->len, bytes, len);
	s->len += len;
	return true;
}

bool
secret_equal(const struct secret *a, const struct secret *b)
{
	return a->len == b->len && sodium_memcmp(a->data, b->data, a->len) == 0;
}

int
secret_read_fd(int fd, size_t max, struct secret **sp)
{
	struct secret *s;
	ssize_t n;
	int saved;

	*sp = NULL;
	/* One byte more than allowed tells "full" from "too much". */
	if (max == SIZE_MAX || (s = secret_new(max + 1)) == NULL) {
		errno = ENOMEM;
		return -1;
	}
	while (s->len <= max) {
		n = read(fd, s->data + s->len, s->capacity - s->len);
		if (n == 0)
			break;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			goto fail;
		s->len += (size_t)n;
	}
	if (s->len > max) {
		errno = EFBIG;
		goto fail;
	}
	*sp = s;
	return 0;
fail:
	saved = errno;
	secret_free(s);
	errno = saved;
	return -1;
}

/*
 * libsodium 1.0.18 takes bytes above 0x7f for digits, and a zero byte for one
 * that may be skipped.  One pass over all of it, whatever it finds.
 */
static bool
is_ascii(const uint8_t *text, size_t len)
{
	unsigned bad = 0;

	for (size_t i = 0; i < len; i++)
		bad |= (text[i] & 0x80u) | (((unsigned)text[i] - 1u) >> 8);
	return bad == 0;
}

struct secret *
secret_from_base64(const void *text, size_t len)
{
	struct secret *s;
	const char *end;
	size_t n;

	if (len > SIZE_MAX - 4 || !is_ascii(text, len) ||
	    (s = secret_new(len / 4 * 3 + 3)) == NULL)
		return NULL;
	if (sodium_base642bin(s->data, s->capacity, text, len, " \t\r\n", &n,
		&end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
	    end != (const char *)text + len) {
		secret_free(s);
		return NULL;
	}
	s->len = n;
	return s;
}

struct secret *
secret_to_base64(const void *bytes, size_t len)
{
	struct secret *s;
	size_t room;

	if (len > SIZE_MAX / 2)
		return NULL;
	room = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
	if ((s = secret_new(room)) == NULL)
		return NULL;
	sodium_bin2base64(
	    (char *)s->data, room, bytes, len, sodium_base64_VARIANT_ORIGINAL);
	s->len = room - 1;
	return s;
}

/* VmLck in bytes, or -1 where there is no such thing. */
static long long
locked_bytes(void)
{
	char text[4096];
	const char *line;
	ssize_t n;
	int fd;

	if ((fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC)) == -1)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	if ((line = strstr(text, "\nVmLck:")) == NULL)
		return -1;
	return strtoll(line + strlen("\nVmLck:"), NULL, 10) * 1024;
}

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
/* AddressSanitizer makes mlock do nothing. */
static const bool can_tell = false;
#else
static const bool can_tell = true;
#endif

int
secret_locked(void)
{
	const size_t probe = 65536;
	struct secret *s;
	long long before, after;

	if (!can_tell)
		return -1;
	/*
	 * The limit counts all locked memory together: when a large piece can
	 * be locked now, the smaller ones before it could be, too.
	 */
	before = locked_bytes();
	if (before == -1 || (s = secret_new(probe)) == NULL)
		return -1;
	after = locked_bytes();
	secret_free(s);
	return after >= before + (long long)probe;
}
