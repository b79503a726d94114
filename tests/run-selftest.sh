#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: the runner counts what a program says, and never takes a
# program that dies, hangs or says nothing for a good one; and the helpers of
# the scenarios can fail.
. "$SRC/tests/lib.sh"

program()
{
	cat >"$TMP/$1"
	chmod +x "$TMP/$1"
}

# run EXIT FINAL-LINE PROGRAM...: what the runner makes of these programs.
run()
{
	local status=$1 final=$2
	shift 2
	BUILD=$TMP/build TEST_SECONDS=1 JOBS=4 "$SRC/tests/run.sh" \
	    "${@/#/$TMP/}" >"$TMP/seen" 2>&1
	equals "exit $?: $(tail -n 1 "$TMP/seen")" "exit $status: $final"
}

program good <<'END'
#!/bin/sh
echo 1..2
echo ok 1 - one
echo ok 2 - two
END
program bad <<'END'
#!/bin/sh
echo ok 1 - one
echo not ok 2 - two
echo "why it failed"
exit 1
END
program bad_exit_0 <<'END'
#!/bin/sh
echo not ok 1 - one
END
program crash <<'END'
#!/bin/sh
echo ok 1 - one
kill -SEGV $$
END
program late <<'END'
#!/bin/sh
echo ok 1 - one
exit 3
END
program silent <<'END'
#!/bin/sh
END
program short <<'END'
#!/bin/sh
echo 1..3
echo ok 1 - one
END
program hang <<'END'
#!/bin/sh
echo ok 1 - one
sleep 60
END
program skips <<'END'
#!/bin/sh
echo ok 1 - one
echo "ok 2 - two # SKIP no moon"
echo "SKIP three: no sun"
echo "not ok 3 # SKIP three"
END
program all_skipped <<'END'
#!/bin/sh
echo "1..0 # SKIP not on this system"
END
program daemon <<'END'
#!/bin/sh
setsid sh -c "echo \$\$ >'$SRC'/pid; sleep 60" >/dev/null 2>&1 &
END
program clean <<'END'
#!/bin/bash
bad=$(env | grep -E '^(XDG_|SSH_|AWS_|PEMKEEP_|SECRET)' |
    grep -vE '^AWS_(EC2_METADATA_DISABLED=true|[A-Z0-9_]*=http://127.0.0.1:1)$')
[ -z "$bad" ] && [ -z "$(ls -A "$HOME")" ] && [ "$HOME" != "$TMPDIR" ] &&
    [ "$(stat -c %a "$HOME" "$TMPDIR" | tr '\n' ' ')" = '700 700 ' ] &&
    ! read -r && [ "$PWD" = "$SRC" ] && [ -x "$PYTHON" ] &&
    touch "$HOME/x" "$TMPDIR/y" && echo ok 1 - clean
END

check 'passes' run 0 '2 passed, 0 failed, 0 skipped' good
check 'a failure' run 1 '1 passed, 1 failed, 0 skipped' bad
check 'its log is shown' contains "$(cat "$TMP/seen")" 'why it failed'
check 'not ok, but exit 0' run 1 '0 passed, 1 failed, 0 skipped' bad_exit_0
check 'a crash' run 1 '1 passed, 1 failed, 0 skipped' crash
check 'exit status after the tests' \
    run 1 '1 passed, 1 failed, 0 skipped' late
check 'no test' run 1 '0 passed, 1 failed, 0 skipped' silent
check 'fewer than announced' run 1 '1 passed, 1 failed, 0 skipped' short
check 'a hanging program' run 1 '1 passed, 1 failed, 0 skipped' hang
check 'its limit is told' contains "$(cat "$TMP/seen")" 'longer than 1 s'
check 'no such program' run 1 '0 passed, 1 failed, 0 skipped' nothing
check 'skips' run 0 '1 passed, 0 failed, 2 skipped' skips
check 'a reason in TAP' contains "$(cat "$TMP/seen")" \
    'SKIP' 'skips: two: no moon'
check 'a reason beside it' contains "$(cat "$TMP/seen")" \
    'skips: three: no sun'
check 'a skipped program' run 0 '2 passed, 0 failed, 1 skipped' \
    good all_skipped
check 'nothing but skips is no success' \
    run 1 '0 passed, 0 failed, 1 skipped' all_skipped
check 'all together' run 1 '10 passed, 8 failed, 3 skipped' good bad \
    bad_exit_0 crash late silent short hang skips all_skipped nothing good
check 'one line in the end' equals \
    "$(grep -c 'passed, [0-9]* failed, [0-9]* skipped$' "$TMP/seen")" 1

SECRET=1 XDG_DATA_HOME=/nowhere SSH_AUTH_SOCK=/nowhere AWS_PROFILE=none \
    check 'a clean environment' run 0 '1 passed, 0 failed, 0 skipped' clean

cat >>"$TMP/daemon" <<END
until [ -s "$TMP/pid" ]; do sleep 0.1; done
echo ok 1 - started
END
sed -i "s|'\$SRC'/pid|'$TMP/pid'|" "$TMP/daemon"
check 'a daemon is no reason to hang' \
    run 0 '1 passed, 0 failed, 0 skipped' daemon
check 'and is ended' test ! -e "/proc/$(cat "$TMP/pid")"

# The helpers: every condition that must fail does, and is counted.
program scenario <<'END'
#!/bin/bash
. "$SRC/tests/lib.sh"
check 'true' true
check 'false' false
expect_status 3 sh -c 'echo data; echo talk >&2; exit 3'
check 'out' equals "$(out)" data
check 'err' equals "$(err)" talk
expect_status 0 sh -c 'exit 3'
check 'nested' expect_status 0 false
equals a b
contains abc b x
lacks abc x b
matches abc '^b'
touch "$TMP/f"; chmod 640 "$TMP/f"
mode_is 0400 "$TMP/f"
mode_is 0400 "$TMP/nothing"
mode_is 0640 "$TMP/f" && equals a a && contains abc a c &&
    lacks abc x && matches abc '^a.c$'
fail 'said so' because
skip 'later' 'no time'
done_testing
END
program early <<'END'
#!/bin/bash
. "$SRC/tests/lib.sh"
check 'true' true
exit 0
END
program unset <<'END'
#!/bin/bash
. "$SRC/tests/lib.sh"
check 'true' true
echo "$no_such_variable"
done_testing
END
program empty <<'END'
#!/bin/bash
. "$SRC/tests/lib.sh"
done_testing
END
check 'the helpers fail' run 1 '9 passed, 10 failed, 1 skipped' scenario
check 'a scenario that stops early' \
    run 1 '1 passed, 1 failed, 0 skipped' early
check 'one that trips over a variable' \
    run 1 '1 passed, 1 failed, 0 skipped' unset
check 'one without a check' run 1 '0 passed, 1 failed, 0 skipped' empty

ONLY=goo check 'only what was asked for' \
    run 0 '2 passed, 0 failed, 0 skipped' good bad

done_testing
