/* SPDX-License-Identifier: ISC */
#ifndef TESTS_VAULT_FIXTURE_H
#define TESTS_VAULT_FIXTURE_H

/* What the tests of the vault library share.  Include cmocka.h before. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "vault/secret.h"
#include "vault/vault.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define OLD_PASS "correct horse"
#define NEW_PASS "battery staple"

/* A folder for each test: DIR/v/vault, and DIR/seen. */
struct fixture {
	char dir[512];
	char vault[600];
	char seen[600];
	struct vault_place place; /* waits for the lock 1 ms */
};

extern const struct vault_kdf fixture_kdf; /* as cheap as can be */

/* For cmocka_unit_test_setup_teardown(). */
int fixture_up(void **state);
int fixture_down(void **state);

/* A path in the vault's folder: "vault" and suffix.  Good for 16 calls. */
const char *fixture_path(const struct fixture *f, const char *suffix);

/* Fail the test unless the library said so; with 0, unless it succeeded. */
void expect_code(int result, int wanted, const struct vault_error *e);

struct secret *fixture_secret(const char *text);
struct vault *fixture_create(const struct fixture *f);
struct vault *fixture_open(const struct fixture *f, const char *pass);

/* vault_open()'s result, the vault closed. */
int fixture_try(const struct vault_place *place, const char *pass);

/* In a transaction: a record whose payload is its name. */
void fixture_put(struct vault *v, const char *name);
/* A transaction of one record. */
void fixture_add(struct vault *v, const char *name);
/* vault_set_passphrase() at the cheapest cost. */
void fixture_passwd(struct vault *v, const char *pass);
void fixture_commit(struct vault *v);

/* Exactly these names, in this order, separated by blanks; all readable. */
void expect_names(const struct vault *v, const char *names);
void expect_payload(const struct vault *v, const char *name, const char *text);

/* vault_restore()'s result. */
int fixture_restore(
    const struct fixture *f, const char *file, const char *pass);

/* Generations 1 to 3: nothing, "one", "one two"; 2 is kept as vault.old. */
void fixture_generations(const struct fixture *f);

/* Files. */
struct copy {
	uint8_t *data;
	size_t len;
};
struct copy file_copy(const char *path);
void file_make(const char *path, struct copy c, mode_t mode);
bool file_is(const char *path, struct copy c);
bool file_exists(const char *path);
mode_t file_mode_of(const char *path);
void copy_free(struct copy *c);

#endif
