#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: the vectors are what tests/tools/vectors.py declares, byte
# for byte, there is one for every rule, and the reader that was written from
# FORMAT.md alone judges each of them as its head says.
. "$SRC/tests/lib.sh"

export PYTHONDONTWRITEBYTECODE=1
vectors=$SRC/tests/vectors

a_vector_breaks()
{
	local rule missing=''
	for rule in "$@"; do
		grep -qaxF "rule: R$rule" "$vectors"/*.vec || missing+=" R$rule"
	done
	equals "$missing" ''
}

mkdir "$TMP/again"
check 'vectors.py runs, and each fault breaks one rule' \
    "$PYTHON" "$SRC/tests/tools/vectors.py" "$TMP/again"
check 'and writes these files' diff -rq "$TMP/again" "$vectors"
check 'every rule has a vector (R29 is for writers)' \
    a_vector_breaks {1..28} 30

# What is no vector must fail, else the lines below prove nothing.  A vector
# finds its parts in those beside it.
cd "$TMP/again" || exit
sed 's/^plaintext: ./plaintext: x/' 001-*.vec >bad1
sed 's/^expect: ok/expect: cost/' 001-*.vec >bad2
sed 's/^\(rule: R\)24/\125/' 720-*.vec >bad3
sed 's/^note: .*/note: rollback/' 935-*.vec >bad4
sed 's/^key: good/key: bad/' record1-plain.vec >bad5
head -c 4000 001-*.vec >bad6
sed 's/^parts: /parts: zeros:1 /' 935-*.vec >bad7
"$PYTHON" "$SRC/tests/tools/vectors.py" --check bad? 001-*.vec 720-*.vec \
    935-*.vec record1-plain.vec >"$TMP/answers"
check 'a wrong head, part or body is found out' \
    equals "$(grep -c '^not ok . - bad' "$TMP/answers")" 7
check 'in them only' equals "$(grep -c '^ok' "$TMP/answers")" 4
cd "$SRC" || exit

# The command line, as people use it.
read_one()
{
	"$PYTHON" "$SRC/tests/tools/vectors.py" --body "$vectors/$1" \
	    >"$TMP/file"
	expect_status "$2" "$PYTHON" "$SRC/tests/tools/vaultread.py" "$TMP/file" \
	    'correct horse' && equals "$(out)" "$3"
}
hash=$(sed -n '/^$/q; s/^plaintext: //p' "$vectors/001-r00-one-key.vec")
check 'vaultread.py says ok and the hash' \
    read_one 001-r00-one-key.vec 0 "ok $hash"
check 'vaultread.py says the class' read_one 510-r17-memory-4g.vec 1 cost

"$PYTHON" "$SRC/tests/tools/vectors.py" --check "$vectors"/*.vec
done_testing
