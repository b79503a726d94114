#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: `make demo` shows what it promises, leaves nothing behind,
# and fails when the program does something else.
. "$SRC/tests/lib.sh"

export TMPDIR=$TMP/tmp
mkdir "$TMPDIR"
# A copy, so that its processes are known.
real=$(realpath "$TMP")/real/pemkeep
mkdir "$TMP/real"
cp "$PEMKEEP" "$real"
export PEMKEEP=$real

# as_printed FILE: the block behind "`make demo` prints" stands in what the tour has
# printed ($TMP/said), line by line, where "..." stands for what is left out.  What
# is made anew each time may differ.
as_printed()
{
	"$PYTHON" -ESs - "$1" "$TMP/said" <<'END'
import re, sys

def text(path):
    with open(path, encoding="utf-8") as file:
        return file.read()

def plain(line):
    for what, by in (
            (r"\S*/pemkeep-demo\.\w+/home\b", "/home/me"),
            (r"\b(i|sg|sgr|eipalloc|key|subnet|vpc)-[0-9a-f]{17}\b", r"\1-"),
            (r"SHA256:[A-Za-z0-9+/]{43}", "SHA256:"),
            (r"\b([0-9a-f]{2}:){15,19}[0-9a-f]{2}\b", "00:"),
            (r"\b127\.\d+\.\d+\.\d+\b", "127."), (r"\bport \d+", "port"),
            (r"\d{4}-\d\d-\d\d(T[0-9:]+Z)?", "date"), (r"\[\d+\]", "[]"),
            (r"\b\d+ s\b", "s"), (r"^([-rwx]{10}) .* (\S+)$", r"\1 \2"),
            (r" +", " ")):
        line = re.sub(what, by, line)
    return line.rstrip()

block = re.search(r"`make demo` prints.*\n\n((?:    .*\n|\n)+)", text(sys.argv[1]))
if not block:
    sys.exit("there is no block of `make demo`")
printed = "\n" + "\n".join(map(plain, text(sys.argv[2]).splitlines())) + "\n"
lines = [plain(line[4:]) for line in block[1].rstrip().splitlines()]
at = 0
for part in "\n".join(lines).split("\n...\n"):
    part = "\n" + part.removesuffix("\n...") + "\n"
    found = printed.find(part, at)
    if found < 0:
        sys.exit("is not printed:" + part)
    at = found + len(part) - 1
END
}

began=$(date +%s)
check 'the tour' expect_status 0 "$SRC/tests/demo.sh"
took=$(($(date +%s) - began))
# On a machine that does nothing else.
busy=$(awk -v n="$(nproc)" '{ print int($1 / n) + 1 }' /proc/loadavg || echo 1)
out >"$TMP/said"
check 'the tour: no warnings of other programs' equals "$(err)" ''
check 'the tour: what was typed' contains "$(out)" \
    $'\n$ pemkeep init\n' $'\n$ pemkeep import ~/Downloads/*.pem --move\n' \
    $'\n$ pemkeep launch web --image ubuntu-24.04 --open 80 --yes\n' \
    $'\n$ connect web whoami\nubuntu\n' $'\n$ pemkeep audit\n' \
    $'\n$ pemkeep log --host web\n' 'has CHANGED' 'wrong passphrase' \
    $'\n$ pemkeep export mykey -o mykey.pem\n' \
    $'\n$ pemkeep terminate web --yes\n' 'Read next'
check 'the tour: no colours' lacks "$(out)" $'\033'
check 'the README shows what it prints' as_printed "$SRC/README.md"
sed 's/proven by its console/found on its console/' "$SRC/README.md" >"$TMP/readme"
check 'and when it does not, that is found' contains \
    "$(as_printed "$TMP/readme" 2>&1)" 'is not printed:' 'found on its console'
check 'the tour: under 20 seconds' test "$took" -lt $((20 * busy))

# Neither files, nor agent, nor server; an agent ends by itself, but not at once.
nothing_left()
{
	local i
	for ((i = 0; i < 30; i++)); do
		[ -n "$(ls -A "$TMPDIR")$(pgrep -f "$TMPDIR")" ] || break
		sleep 0.1
	done
	equals "$(ls -A "$TMPDIR")" '' && equals "$(pgrep -af "$TMPDIR")" '' &&
	    lacks "$(readlink /proc/[0-9]*/exe 2>/dev/null)" "$real"
}
check 'the tour: nothing is left' nothing_left
for after in 0.2 1; do
	"$SRC/tests/demo.sh" >"$TMP/cut" 2>&1 &
	tour=$!
	sleep $after
	kill $tour
	wait $tour
	check "ended after $after s: by the signal" test $? = 143
	check "ended after $after s: nothing is left" nothing_left
done

# broken WHAT SCRIPT STEP: a program that does something else ends the tour at
# this step.  $real is the true one.
ln -s pemkeep "$TMP/real/connect"
broken()
{
	export PEMKEEP=$TMP/pemkeep
	printf '#!/usr/bin/env bash\nas=${0##*/}\nreal=%q/$as\n%s\n' \
	    "$TMP/real" "$2" >"$PEMKEEP"
	chmod +x "$PEMKEEP"
	check "$1" expect_status 1 "$SRC/tests/demo.sh"
	check "$1: said" contains "$(err)" 'demo: the step above'
	check "$1: where" contains "$(out | grep '^\$ ' | tail -n 1)" "$3"
	check "$1: nothing is left" nothing_left
}

broken 'a program that does nothing' 'exit 0' 'pemkeep init'
broken 'a program that fails' 'exit 1' 'pemkeep init'
broken 'a program that says everything' \
    "cat '$TMP/said'; exec \"\$real\" \"\$@\" >/dev/null" '' # anywhere
broken 'files that stay' \
    'for a; do shift; [ "$a" = --move ] || set -- "$@" "$a"; done
exec "$real" "$@"' 'pemkeep import'
broken 'a plan that is carried out' \
    'for a; do shift; [ "$a" != --plan ] || a=--yes; set -- "$@" "$a"; done
exec "$real" "$@"' 'pemkeep launch'
broken 'an audit that finds nothing' \
    '[ "$2" != audit ] || exit 0; exec "$real" "$@"' 'pemkeep audit'
broken 'a command that is not run' \
    '[ "$as $1" != "connect web" ] || exit 255; exec "$real" "$@"' \
    'connect web whoami'
broken 'a host key that is not looked at' \
    '[ "$as" != connect ] || set -- -o StrictHostKeyChecking=no \
    -o UserKnownHostsFile=/dev/null "$@"; exec "$real" "$@"' \
    'connect webshop whoami'
broken 'a server that stays' \
    '[ "$2" != terminate ] || exec "$real" --no-input stop -y web; exec "$real" "$@"' \
    'pemkeep terminate'
broken 'an exit status that is lost' \
    '"$real" "$@"; [ $? = 255 ] && exit 255; exit 0' "'echo to stderr"
broken 'an export with another mode' \
    '"$real" "$@" || exit; [ ! -e mykey.pem ] || chmod 644 mykey.pem' \
    'ls -l mykey.pem'
broken 'an export with other bytes' '"$real" "$@" || exit; [ ! -e mykey.pem ] || {
	chmod 600 mykey.pem; echo >>mykey.pem; chmod 400 mykey.pem; }' \
    'ls -l mykey.pem'
done_testing
