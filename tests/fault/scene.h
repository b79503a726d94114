/* SPDX-License-Identifier: ISC */
#ifndef FAULT_SCENE_H
#define FAULT_SCENE_H

/*
 * The scene of the fault tests: a folder DIR with the vault in DIR/v/vault,
 * the machine's memory in DIR/s/seen, and an older generation in DIR/old.
 * Everything secret in it (names, payloads, infos, passphrases) contains the
 * word "needle", so that one search tells whether anything lies in clear.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vault/vault.h"

struct secret;

#define SCENE_PATH 4096
#define SCENE_NEEDLE "needle"
#define SCENE_SIZE 700 /* bytes of a payload, unless told */

/* Another vault's line in the seen file; no save may lose it. */
#define SCENE_OTHER \
	"00112233445566778899aabbccddeeff 7 " \
	"00112233445566778899aabbccddeeff" \
	"00112233445566778899aabbccddeeff\n"

struct scene {
	char dir[SCENE_PATH];
	char vault[SCENE_PATH];
	char seen[SCENE_PATH];
	struct vault_place place;
};

/* One record as it should be. */
struct want {
	const char *name;
	const char *seed; /* its payload is made from this */
	const char *info; /* NULL: made from the seed too */
};

/* What a vault should hold. */
struct state {
	size_t count;
	struct want list[6];
};

extern const struct vault_kdf scene_kdf; /* as cheap as can be */

void scene_init(struct scene *s, const char *dir);

/* DIR/NAME in 'out', or exit 3. */
void scene_path(const struct scene *s, const char *name, char *out);

/* The passphrase called "old", "new" or "wrong". */
struct secret *scene_pass(const char *which);

/* The payload that belongs to a seed. */
struct secret *scene_payload(const char *seed, size_t size);

/* vault_put() of a record named after its seed. */
int scene_put(
    struct vault *v, const char *seed, size_t size, struct vault_error *e);

/* Does the vault hold this, all of this, and nothing else? */
bool scene_matches(const struct vault *v, const struct state *state);

/*
 * What 'file' is, opened as a copy elsewhere without memory: 0 or a code of
 * the library.  *vp may be NULL when nobody asks what is in it.
 */
int scene_try(const struct scene *s, const char *file, const char *pass,
    struct vault **vp);

/* Make the folders and a vault of three records, saved twice since creation. */
int scene_make(struct scene *s, size_t size, struct vault_error *e);

/* A whole file, NULL when it cannot be read; free() it. */
uint8_t *scene_read(const char *path, size_t *len);

/* Write a file with this mode, or exit 3. */
void scene_write(const char *path, const void *data, size_t len, unsigned mode);

/* "EDAMAGED" for VAULT_EDAMAGED. */
const char *scene_code(int code);

/* Print to stderr and exit 3: the test itself is broken. */
__attribute__((noreturn, format(printf, 1, 2))) void scene_die(
    const char *fmt, ...);

/* judge.c: print what became of the vault; 0 when it is as it must be. */
int judge(struct scene *s, const char *op, const char *base, const char *claim);

#endif
