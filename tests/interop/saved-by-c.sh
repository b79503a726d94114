#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: what the library saves is read by the reader that was
# written from FORMAT.md alone, and has what it must have: everything that was
# there before, of newer versions too, and no nonce or key twice.
. "$SRC/tests/lib.sh"

export PYTHONDONTWRITEBYTECODE=1
"$PYTHON" "$SRC/tests/tools/saved.py" "$BUILD/tests/tools/vaultsave" \
    "$SRC"/tests/vectors/*.vec >"$TMP/saved"
check 'all of saved.py was run' \
    expect_status 0 grep -q '^1\.\.[1-9]' "$TMP/saved"
cat "$TMP/saved"
done_testing
