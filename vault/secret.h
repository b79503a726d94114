/* SPDX-License-Identifier: ISC */
#ifndef VAULT_SECRET_H
#define VAULT_SECRET_H

/*
 * The only home of secrets: bytes in guarded memory (sodium_malloc: no-access
 * pages around it, a canary, mlock, left out of core files), wiped when freed.
 * There is no function that prints one, and none that turns one into a string.
 *
 * Locking can fail without notice where RLIMIT_MEMLOCK is small; see
 * secret_locked().  Nothing here is thread safe.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct secret;

/*
 * A new secret of length 0 that can hold up to 'capacity' bytes (at least 1 is
 * allocated).  It never grows: growing would leave copies.  Returns NULL when
 * memory is short or the library cannot start.  Free with secret_free().
 */
__attribute__((warn_unused_result)) struct secret *secret_new(size_t capacity);

/* A new secret holding a copy of 'len' bytes; the caller wipes the original. */
__attribute__((warn_unused_result)) struct secret *secret_copy(
    const void *bytes, size_t len);

/* Wipe and free.  NULL does nothing. */
void secret_free(struct secret *s);

/* Wipe the content and set the length to 0. */
void secret_clear(struct secret *s);

/*
 * The bytes.  The pointer is valid until secret_free(); up to
 * secret_capacity() bytes may be written through secret_data(), after which
 * secret_set_len() says how many count.
 */
uint8_t *secret_data(struct secret *s);
const uint8_t *secret_bytes(const struct secret *s);
size_t secret_len(const struct secret *s);
size_t secret_capacity(const struct secret *s);

/* Set the length.  Returns false, changing nothing, beyond the capacity. */
bool secret_set_len(struct secret *s, size_t len);

/* Append 'len' bytes.  Returns false, changing nothing, when they don't fit. */
__attribute__((warn_unused_result)) bool secret_append(
    struct secret *s, const void *bytes, size_t len);

/*
 * Are both the same?  Takes constant time for equal lengths; unequal lengths
 * are false at once.
 */
bool secret_equal(const struct secret *a, const struct secret *b);

/*
 * Read from the descriptor to its end, at most 'max' bytes, with read(2) only,
 * straight into guarded memory.  Returns 0 and a new secret in *sp, or -1 with
 * *sp NULL and errno: EFBIG when there is more than 'max', ENOMEM, or what
 * read(2) said.
 */
int secret_read_fd(int fd, size_t max, struct secret **sp);

/*
 * Base64 in constant time (RFC 4648, with padding, no line breaks on output;
 * blanks and line breaks are skipped on input).  NULL when it is not base64, or
 * memory is short.
 */
__attribute__((warn_unused_result)) struct secret *secret_from_base64(
    const void *text, size_t len);
__attribute__((warn_unused_result)) struct secret *secret_to_base64(
    const void *bytes, size_t len);

/*
 * Is the memory of this process's secrets really locked?  Allocates 64 KiB and
 * looks whether VmLck in /proc/self/status follows (sodium_malloc hides that
 * mlock failed).  1 yes; 0 no: the limit is too small; -1 unknown: there is no
 * such file on this system, or AddressSanitizer disables mlock.
 */
int secret_locked(void);

#endif
