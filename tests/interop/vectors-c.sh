#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: the library judges every vector as its head says, releases
# nothing that it refused, and refuses a hostile file quickly and in little
# memory.
. "$SRC/tests/lib.sh"

vaultcheck=$BUILD/tests/tools/vaultcheck
vectors=$SRC/tests/vectors

mkdir "$TMP/mutants"
sed 's/^plaintext: ./plaintext: x/' "$vectors"/001-*.vec >"$TMP/mutants/1.vec"
sed 's/^expect: ok/expect: cost/' "$vectors"/001-*.vec >"$TMP/mutants/2.vec"
sed 's/^\(rule: R\)24/\125/' "$vectors"/720-*.vec >"$TMP/mutants/3.vec"
sed 's/^note: .*/note: rollback/' "$vectors"/935-*.vec >"$TMP/mutants/4.vec"
head -c 4000 "$vectors"/001-*.vec >"$TMP/mutants/5.vec"
check 'a wrong head or body is found out' \
    equals "$("$vaultcheck" "$TMP"/mutants/*.vec | grep -c '^not ok')" 5

timed=--time
if grep -q __asan_init "$vaultcheck"; then
	timed=
	skip 'time and memory of refusals' 'built with a sanitizer'
fi
# shellcheck disable=SC2086 # nothing, or one word
"$vaultcheck" $timed "$vectors"/*.vec
done_testing
