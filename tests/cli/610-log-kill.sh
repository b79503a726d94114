#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: an agent that is killed at any system call of writing an entry,
# or to which any of them fails, leaves a log that is sound, or lacks the end of its
# last line; the next entry repairs that and says so; and nobody is kept from the
# keys.

. "$SRC/tests/cli/lib.sh"

export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
walk=$BUILD/tests/fault/syswalk
log=$state/log
sock=$XDG_RUNTIME_DIR/pemkeep/control.sock
if ! "$walk" count true >/dev/null 2>&1 && ! "$walk" --from-open /dev/null \
    count sh -c ': </dev/null' >/dev/null 2>&1; then
	skip 'killed while it logs' 'processes cannot be traced here'
	done_testing
fi

new_vault
pk -q generate one >/dev/null
pk -q agent --stop
keep start
calls=openat,newfstatat,fchmod,flock,lseek,pread64,read,write,fsync,pwrite64
calls=$calls,ftruncate,fdatasync,close
entries()
{
	wc -l <"$log"
}
before=$(entries)

through=()
# walked MODE...: an agent in which this happens to the first entry, "unlock"
walked()
{
	back start
	rm -rf "${sock%/*}"
	"$walk" --only "$calls" --from-open "$log" "$@" "${through[@]}" \
	    "$PEMKEEP" agent --foreground >walked.out 2>walked.err &
	walker=$!
	for _ in $(seq 1500); do
		[ ! -S "$sock" ] || break
		sleep 0.02
	done
	pk -q unlock >said.out 2>said.err
	unlocked=$?
}
verify()
{
	pk log --verify >verify.out 2>verify.err
	echo $?
}

walked count
pk -q agent --stop
wait $walker
cp walked.out counted
last=$(awk '$2 == "fdatasync" { done = 1 } done && $2 == "close" && ++n == 2 {
    print $1; exit }' walked.out)
check 'the calls of an entry' test "${last:-0}" -ge 15 -a "${last:-0}" -le 40
check 'an entry is written and flushed, then its head' contains \
    "$(sed -n "1,${last}p" walked.out | cut -d ' ' -f 2 | tr '\n' ' ')" \
    'write fsync pwrite64 ftruncate fdatasync close close'

# judge WHAT: after it was killed, or has had its error
judge()
{
	local found
	found=$(verify)
	case $found in
	0) sound=$((sound + 1)) ;;
	1) torn=$((torn + 1)) ;;
	*)
		fail "$1: the log" "$(cat verify.err)"
		return
		;;
	esac
	if ! pk -q keys >next.out 2>next.err; then
		fail "$1: the next command" "$(cat next.err)"
	elif [ "$(verify)" != 0 ]; then
		fail "$1: the next entry" "$(cat verify.err)"
	elif [ "$found" = 1 ] && [[ $(pk log) != *repaired* ]]; then
		fail "$1: repaired, and nobody says so" "$(pk log)"
	elif [ "$(entries)" -le "$before" ]; then
		fail "$1: nothing was added" "$(pk log)"
	else
		good=$((good + 1))
	fi
	pk -q agent --stop
}

sound=0 torn=0 good=0 points=0
for n in $(seq "$last"); do
	walked kill-before "$n"
	wait $walker
	points=$((points + 1))
	judge "killed at $n"
done
check "killed at $points points: $sound sound, $torn cut off" equals \
    "$good" "$points"

# Every call fails once.
sound=0 torn=0 good=0 points=0 warned=0
for n in $(seq "$last"); do
	walked error "$n" EIO
	[ "$unlocked" = 0 ] || fail "error $n: unlocking" "$(cat said.err)"
	! grep -q 'nothing can be logged' said.err || warned=$((warned + 1))
	pk -q agent --stop
	wait $walker
	points=$((points + 1))
	judge "error at $n"
done
check "$points errors: $sound sound, $torn cut off" equals "$good" "$points"
check "$points errors: most are said ($warned)" test "$warned" -ge 10

# Half of it is written, and taken back.
n=$(awk '$2 == "write" { print $1; exit }' counted)
walked short "$n"
pk -q agent --stop
wait $walker
check 'half a line is written: unlocked' equals "$unlocked" 0
check 'half a line is written: said' contains "$(cat said.err)" \
    'nothing can be logged' 'No space left'
check 'half a line is written: and taken back' equals "$(verify)" 0

# Half of it is written, and it is killed before it can take it back: as far as a
# file may grow ('ulimit -f', in KiB) a line fits in part.
back start
until size=$(stat -c %s "$log") && [ $((size % 1024)) -ge 900 ] &&
    [ $((size % 1024)) -le 1000 ]; do
	pk -q --no-agent keys >/dev/null
done
keep start
before=$(entries)
full=$((size / 1024 + 1))
through=("$BASH" -c 'ulimit -f "$0"; exec "$@"' "$full")
walked count
pk -q agent --stop
wait $walker
n=$(awk '$2 == "write" { written = 1 } written && $2 == "ftruncate" {
    print $1; exit }' walked.out)
walked kill-before "$n"
wait $walker
check 'killed with half a line on the disk: it is' equals \
    "$(tail -n 1 walked.out | cut -d . -f 1) $(stat -c %s "$log")" \
    "reached ftruncate $((full * 1024))"
check 'killed with half a line on the disk: noticed' refused 1 'not complete' \
    -- pk log --verify
check 'killed with half a line on the disk: the next entry' expect_status 0 \
    pk keys
check 'killed with half a line on the disk: repaired' equals "$(verify)" 0
check 'killed with half a line on the disk: and said' matches "$(pk log)" \
    "repaired .*$((full * 1024 - size)) bytes of a line dropped"
done_testing
