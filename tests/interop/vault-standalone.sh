#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: vault/ can be taken out of this project.  Its files, alone
# in another folder, build with libc and libsodium, and work.
. "$SRC/tests/lib.sh"

mkdir -m 700 "$TMP/copy" "$TMP/home"
cp "$SRC"/vault/*.[ch] "$TMP/copy"
cat >"$TMP/copy/program.c" <<'END'
#include <stdio.h>
#include <string.h>

#include "secret.h"
#include "vault.h"

int
main(int argc, char **argv)
{
	struct vault_place place = { argv[1], NULL, 0 };
	struct vault_kdf kdf = { VAULT_KDF_MEMORY_MIN, VAULT_KDF_PASSES_MIN };
	struct secret *pass = secret_copy("open sesame", 11);
	struct secret *got = NULL;
	struct vault_error e;
	struct vault *v = NULL;
	struct vault_put put = { "a key", 1, NULL, 0, pass };
	uint8_t id[VAULT_ID_BYTES];

	(void)argc;
	if (vault_create(&place, pass, &kdf, &v, &e) != 0 ||
	    vault_begin(v, &e) != 0 ||
	    vault_put(v, &put, id, &e) != 0 ||
	    vault_commit(v, &e) != 0 ||
	    (vault_close(v), vault_open(&place, pass, &v, &e)) != 0 ||
	    vault_get(v, id, &got, &e) != 0) {
		char text[512];

		vault_message(&e, text, sizeof(text));
		puts(text);
		return 1;
	}
	printf("%zu record, %s\n", vault_count(v),
	    secret_equal(pass, got) ? "equal" : "different");
	secret_free(got);
	vault_close(v);
	secret_free(pass);
	return 0;
}
END

build()
{
	local flags
	flags=$(pkg-config --cflags --libs libsodium)
	# shellcheck disable=SC2086 # a list of words
	(cd "$TMP/copy" && "$CC" -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror \
	    *.c -o program $flags)
}

check 'builds by itself' build
check 'needs libsodium and libc only' equals \
    "$(objdump -p "$TMP/copy/program" | sed -n 's/^ *NEEDED *//p' |
	sed 's/\.so.*//' | sort | tr '\n' ' ')" 'libc libsodium '
check 'works' expect_status 0 "$TMP/copy/program" "$TMP/home/vault"
check 'and gives back what it was given' equals "$(out)" '1 record, equal'
done_testing
