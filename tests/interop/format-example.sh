#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: the worked example in FORMAT.md is right in every byte that
# it shows, and the library opens it.
. "$SRC/tests/lib.sh"

export PYTHONDONTWRITEBYTECODE=1
example=$SRC/tests/tools/example.py
format=$SRC/vault/FORMAT.md

"$PYTHON" "$example" --check "$format"

# A few lines are enough: each run hashes and opens the vault again.
sed 's/^VK = 40/VK = 41/' "$format" >"$TMP/1.md"
sed 's/^file  158  2021/file  158  2121/' "$format" >"$TMP/2.md"
sed 's/^file 5062  4/file 5062  5/' "$format" >"$TMP/3.md"
check 'a wrong value is found out' \
    expect_status 1 "$PYTHON" "$example" --check "$TMP/1.md"
check 'it is that value' contains "$(out)" 'not ok 12 - VK'
check 'a wrong byte of the header is found out' \
    expect_status 1 "$PYTHON" "$example" --check "$TMP/2.md"
check 'a wrong byte of the record is found out' \
    expect_status 1 "$PYTHON" "$example" --check "$TMP/3.md"

"$PYTHON" "$example" --vector "$format" >"$TMP/example.vec"
if [ -x "$BUILD/tests/tools/vaultcheck" ]; then
	check 'the library opens it' \
	    "$BUILD/tests/tools/vaultcheck" "$TMP/example.vec"
else
	skip 'the library opens it' 'vaultcheck is not built'
fi
done_testing
