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

# What is no vector must fail, else the lines below prove nothing.
mutants()
{
	local good=$vectors/001-r00-one-key.vec
	mkdir "$TMP/mutants"
	sed 's/^plaintext: ./plaintext: x/' "$good" >"$TMP/mutants/hash.vec"
	sed 's/^expect: ok/expect: cost/' "$good" >"$TMP/mutants/class.vec"
	sed 's/^\(rule: R\)24/\125/' "$vectors"/720-*.vec >"$TMP/mutants/rule.vec"
	sed 's/^note: .*/note: rollback/' "$vectors"/935-*.vec \
	    >"$TMP/mutants/note.vec"
	sed 's/^key: good/key: bad/' "$vectors"/record1-plain.vec \
	    >"$TMP/mutants/key.vec"
	head -c 4000 "$good" >"$TMP/mutants/body.vec"
	"$PYTHON" "$SRC/tests/tools/vectors.py" --check "$TMP"/mutants/*.vec
}

mkdir "$TMP/again"
check 'vectors.py runs, and each fault breaks one rule' \
    "$PYTHON" "$SRC/tests/tools/vectors.py" "$TMP/again"
check 'and writes these files' diff -rq "$TMP/again" "$vectors"
check 'every rule has a vector (R29 is for writers)' \
    a_vector_breaks {1..28} 30
check 'a wrong head or body is found out' \
    equals "$(mutants | grep -c '^not ok')" 6

# The command line, as people use it.
read_one()
{
	sed '1,/^$/d' "$vectors/$1" >"$TMP/file"
	expect_status "$2" "$PYTHON" "$SRC/tests/tools/vaultread.py" "$TMP/file" \
	    'correct horse' && equals "$(out)" "$3"
}
hash=$(sed -n '/^$/q; s/^plaintext: //p' "$vectors/001-r00-one-key.vec")
check 'vaultread.py says ok and the hash' \
    read_one 001-r00-one-key.vec 0 "ok $hash"
check 'vaultread.py says the class' read_one 510-r17-memory-4g.vec 1 cost

"$PYTHON" "$SRC/tests/tools/vectors.py" --check "$vectors"/*.vec
done_testing
