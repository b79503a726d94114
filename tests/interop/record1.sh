#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: of every SSH key record of the vectors, good or bad,
# pemkeep thinks as the reader does that was written from FORMAT.md alone.
. "$SRC/tests/lib.sh"

recordcheck=$BUILD/tests/tools/recordcheck
vectors=$SRC/tests/vectors

# What is wrong must fail, else the lines below prove nothing.
cp -R "$vectors" "$TMP/v"
cd "$TMP/v" || exit
sed 's/^key: good/key: bad/' record1-plain.vec >bad1
sed 's/^key: bad/key: good/' record1-other-public.vec >bad2
sed 's/^key: newer/key: bad/' record1-info-newer.vec >bad3
sed '/^key: /d' record1-plain.vec >bad4
cp 000-*.vec bad5
"$recordcheck" bad? record1-plain.vec >"$TMP/answers"
check 'a wrong verdict is found out' \
    equals "$(grep -c '^not ok . - bad' "$TMP/answers")" 5
check 'in them only' equals "$(grep -c '^ok' "$TMP/answers")" 1
cd "$SRC" || exit

"$recordcheck" "$vectors"/record1-*.vec
done_testing
