#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: the library judges every vector as its head says, releases
# nothing that it refused, and refuses a hostile file quickly and in little
# memory.
. "$SRC/tests/lib.sh"

vaultcheck=$BUILD/tests/tools/vaultcheck
vectors=$SRC/tests/vectors

# What is no vector must fail, else the lines below prove nothing.  A vector
# finds its parts in those beside it.
cp -R "$vectors" "$TMP/v"
cd "$TMP/v" || exit
sed 's/^plaintext: ./plaintext: x/' 001-*.vec >bad1
sed 's/^expect: ok/expect: cost/' 001-*.vec >bad2
sed 's/^\(rule: R\)24/\125/' 720-*.vec >bad3
sed 's/^note: .*/note: rollback/' 935-*.vec >bad4
head -c 4000 001-*.vec >bad5
sed 's/^parts: /parts: zeros:1 /' 935-*.vec >bad6
"$vaultcheck" bad? 001-*.vec 720-*.vec 935-*.vec >"$TMP/answers"
check 'a wrong head, part or body is found out' \
    equals "$(grep -c '^not ok . - bad' "$TMP/answers")" 6
check 'in them only' equals "$(grep -c '^ok' "$TMP/answers")" 3
cd "$SRC" || exit

timed=--time
if grep -q __asan_init "$vaultcheck"; then
	timed=
	skip 'time and memory of refusals' 'built with a sanitizer'
fi
# shellcheck disable=SC2086 # nothing, or one word
"$vaultcheck" $timed "$vectors"/*.vec
done_testing
