#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: `make demo` shows what it promises, leaves nothing behind,
# and fails when the program does something else.
. "$SRC/tests/lib.sh"

export TMPDIR=$TMP/tmp
mkdir "$TMPDIR"
real=$PEMKEEP

check 'the tour' expect_status 0 "$SRC/tests/demo.sh"
out >"$TMP/said"
check 'the tour: no warnings of other programs' equals "$(err)" ''
check 'the tour: what was typed' contains "$(out)" \
    $'\n$ pemkeep init\n' $'\n$ pemkeep import ~/Downloads/*.pem --move\n' \
    $'\n$ pemkeep export mykey -o mykey.pem\n' 'wrong passphrase' 'Read next'
check 'the tour: no colours' lacks "$(out)" $'\033'
check 'the tour: nothing is left' equals "$(ls -A "$TMPDIR")" ''

# broken WHAT SCRIPT: a program that does something else ends the tour.
broken()
{
	export PEMKEEP=$TMP/pemkeep
	printf '#!/usr/bin/env bash\n%s\n' "$2" >"$PEMKEEP"
	chmod +x "$PEMKEEP"
	check "$1" expect_status 1 "$SRC/tests/demo.sh"
	check "$1: said" contains "$(err)" 'demo: the step above'
	check "$1: nothing is left" equals "$(ls -A "$TMPDIR")" ''
}

broken 'a program that does nothing' 'exit 0'
broken 'a program that fails' 'exit 1'
broken 'a program that says everything' \
    "cat '$TMP/said'; exec '$real' \"\$@\" >/dev/null"
broken 'files that stay' \
    "for a; do shift; [ \"\$a\" = --move ] || set -- \"\$@\" \"\$a\"; done
exec '$real' \"\$@\""
broken 'an export with another mode' \
    "'$real' \"\$@\" || exit; [ ! -e mykey.pem ] || chmod 644 mykey.pem"
broken 'an export with other bytes' \
    "'$real' \"\$@\" || exit; [ ! -e mykey.pem ] || {
	chmod 600 mykey.pem; echo >>mykey.pem; chmod 400 mykey.pem; }"
done_testing
