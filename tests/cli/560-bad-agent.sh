#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: whatever stands where the agent should be, and however an
# agent ends, a command says in one line what is wrong, with the right exit code,
# soon, and shows nothing that a terminal would obey.

. "$SRC/tests/cli/lib.sh"

run=$XDG_RUNTIME_DIR/pemkeep
agent_pid()
{
	pk agent --status --json | sed -n 's/.*"pid": \([0-9]*\).*/\1/p'
}
wait_for()
{
	local left=$(($1 * 20))
	shift
	until "$@"; do
		left=$((left - 1))
		[ "$left" -gt 0 ] || return 1
		sleep 0.05
	done
}
ended()
{
	! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status"
}
ssh-keygen -q -t ed25519 -N '' -C '' -f key
new_vault
pk -q agent --stop

# posing CASE: an agent that is none, in the place of ours
posing=
pose()
{
	[ -z "$posing" ] || kill "$posing"
	rm -rf "$run"
	mkdir -m 700 "$run"
	"$PYTHON" "$SRC/tests/tools/badagent.py" "$run" "$1" 2>"$TMP/posed" &
	posing=$!
	wait_for 5 test -S "$run/control.sock"
}
unpose()
{
	[ -z "$posing" ] || kill "$posing" 2>/dev/null
}
at_exit unpose
# meets CASE STATUS PART...: what 'pemkeep keys' says then
meets()
{
	local name=$1 status=$2
	shift 2
	pose "$name"
	check "an agent that … $name" refused "$status" "$@" -- \
	    timeout -k 1 40 "$PEMKEEP" keys
}
# In another folder meanwhile: this one takes its time.
(
	XDG_RUNTIME_DIR=$TMP/slow
	mkdir -m 700 "$TMP/slow" "$TMP/slow/pemkeep"
	"$PYTHON" "$SRC/tests/tools/badagent.py" "$TMP/slow/pemkeep" \
	    'says nothing' &
	echo $! >"$TMP/slow.pid"
	wait_for 5 test -S "$TMP/slow/pemkeep/control.sock"
	timeout -k 1 100 "$PEMKEEP" keys >"$TMP/slow.out" 2>"$TMP/slow.err"
	echo $? >"$TMP/slow.status"
	kill "$(cat "$TMP/slow.pid")"
) &
slow=$!

nonsense='the agent talks nonsense'
stop='hint: pemkeep agent --stop'
meets 'hangs up at once' 1 'the agent is gone'
meets 'a length of 0' 1 "$nonsense" "$stop"
meets 'a length of 4 GiB' 1 "$nonsense" "$stop"
meets 'a length above the limit' 1 "$nonsense"
meets 'half an answer' 1 'the agent is gone'
meets 'the other protocol' 1 "$nonsense"
meets 'an empty answer' 1 'another version' "$stop"
meets 'more than an answer' 1 "$nonsense"
meets 'another version' 1 'another version' "$stop"
meets 'an error without a code' 1 "$nonsense"
meets 'an error with a code of its own' 1 "$nonsense"
meets 'an error without words' 1 "$nonsense"
meets 'an error with a zero byte' 1 "$nonsense"
meets 'an error for the terminal' 1 '[2J'
meets 'asks to be greeted' 1 "$nonsense"
meets 'asks and asks' 1 "$nonsense"
meets 'asks for nonsense' 1 "$nonsense"
meets 'half a question' 1 "$nonsense"
meets 'half a warning' 1 "$nonsense"
meets 'news that nobody asked for' 1 "$nonsense"
meets 'hangs up later' 1 'the agent is gone'
meets 'a key that is none' 1 "$nonsense"
meets 'a key with a zero byte' 1 "$nonsense"
meets 'half a key' 1 'the agent is gone'
meets 'an error instead of keys' 7 'not now' 'hint: later'
pose 'warns for the terminal'
check 'an agent that … warns for the terminal' expect_status 0 pk keys
check 'an agent that … warns for the terminal: shown' contains "$(err)" warned
check 'an agent that … warns for the terminal: escaped' safe "$TMP/.err"
check 'all cases were tried' equals \
    "$("$PYTHON" "$SRC/tests/tools/badagent.py" --list |
    grep -v -e sign -e 'says nothing' -e 'warns for' | wc -l)" 25
unpose
posing=

# The same for what finds, stops and watches it.
pose 'a length of 0'
for command in 'agent --status' 'agent --stop' 'agent --socket' lock unlock \
    'agent --foreground'; do
	# shellcheck disable=SC2086 # words
	check "an agent that talks nonsense: $command" expect_status 1 \
	    timeout -k 1 40 "$PEMKEEP" $command
done
check 'an agent that talks nonsense: --no-agent helps' expect_status 0 \
    pk --no-agent keys
unpose
posing=

# What is no socket is in the way, or is cleared away.
folder()
{
	rm -rf "$run"
	mkdir -m 700 "$run"
}
folder
echo text >"$run/control.sock"
check 'a file in its place' expect_status 0 pk keys
check 'a file in its place: a socket now' test -S "$run/control.sock"
pk -q agent --stop
for name in control.sock ssh.sock; do
	folder
	ln -s "$TMP/elsewhere" "$run/$name"
	check "$name: a link to nowhere" expect_status 0 pk keys
	check "$name: a link to nowhere: replaced" test -S "$run/$name" \
	    -a ! -L "$run/$name"
	check "$name: a link to nowhere: not followed" test ! -e elsewhere
	pk -q agent --stop
	folder
	mkfifo "$run/$name"
	check "$name: a FIFO" expect_status 0 timeout 20 "$PEMKEEP" keys
	pk -q agent --stop
	folder
	mkdir "$run/$name"
	check "$name: a folder" refused 1 "'$run/$name'" -- pk keys
	check "$name: a folder: and no agent stays" test ! -S "$run/ssh.sock" \
	    -a ! -S "$run/control.sock"
done
for kind in 'ln -s elsewhere' mkdir; do
	folder
	$kind "$run/start.lock"
	check "start.lock: $kind" refused 1 "'$run/start.lock'" -- pk keys
done
folder
mkfifo "$run/start.lock"
check 'start.lock: a FIFO: nobody waits' expect_status 0 \
    timeout 20 "$PEMKEEP" keys
pk -q agent --stop
check 'start.lock: a link was not followed' test ! -e "$run/elsewhere"
for mask in 000 022 077 777; do
	rm -rf "$run"
	(umask $mask; pk keys >out.$mask 2>&1)
	check "umask $mask: the folder" mode_is 0700 "$run"
	check "umask $mask: what is in it" mode_is 0600 "$run/control.sock" \
	    "$run/ssh.sock" "$run/start.lock"
	pk -q agent --stop
done
rm -rf "$run"
echo text >"$run"
check 'a file in place of the folder' refused 7 "'$run'" -- pk keys
rm "$run"
ln -s "$TMP/nowhere" "$run"
check 'a link to nowhere in place of the folder' refused 7 "'$run'" -- pk keys
rm "$run"
if [ "$(id -u)" = 0 ] && chown 65534 posed 2>/dev/null; then
	mkdir -m 700 "$run"
	chown 65534 "$run"
	check 'the folder is another user'\''s' refused 7 "'$run'" -- pk keys
	rm -rf "$run"
else
	skip 'the folder is another user'\''s' 'needs root'
fi

# Without a folder of the login session.
without()
{
	as_someone env -u XDG_RUNTIME_DIR "$theirs/pemkeep" "$@"
}
if ! find_someone; then
	skip 'no XDG_RUNTIME_DIR' 'no other user to be had'
elif own=/tmp/pemkeep-$(as_someone id -u) && [ -e "$own" ] &&
    { [ "$(id -u)" != 0 ] || without agent --status >/dev/null; }; then
	skip 'no XDG_RUNTIME_DIR' "'$own' is in use"
else
	at_exit rm -rf "$own"
	rm -rf "$own"
	check 'no XDG_RUNTIME_DIR' expect_status 0 without agent --socket
	check 'no XDG_RUNTIME_DIR: a folder in /tmp' equals "$(out)" \
	    "$own/ssh.sock"
	check 'no XDG_RUNTIME_DIR: for its user only' mode_is 0700 "$own"
	for other in relative "$TMP/missing" "$TMP/key" /; do
		check "XDG_RUNTIME_DIR=$other: the same" equals \
		    "$(as_someone env XDG_RUNTIME_DIR="$other" \
		    "$theirs/pemkeep" agent --socket)" "$own/ssh.sock"
	done
	without -q agent --stop
	chmod 711 "$own"
	check 'a folder in /tmp that others can use' refused 7 "'$own'" -- \
	    without agent --socket
	rm -rf "$own"
	as_someone ln -s "$theirs" "$own"
	check 'a link in /tmp' refused 7 "'$own'" -- without agent --socket
	rm -f "$own"
fi

# The agent ends in the middle.
pk -q unlock
first=$(agent_pid)
pk generate large -t rsa -b 16384 >large.out 2>large.err &
client=$!
check 'a key is being made' wait_for 10 pgrep -P "$first" -f make-key
maker=$(pgrep -P "$first" -f make-key)
kill -KILL "$first"
wait "$client"
check 'killed in the middle' equals "$?" 1
check 'killed in the middle: says so' equals "$(cat large.err)" \
    'pemkeep: the agent is gone'
check 'killed in the middle: its child ends, too' wait_for 5 ended "$maker"
check 'killed in the middle: the vault is as it was' equals "$(pk keys)" ''
check 'killed in the middle: and sound' expect_status 0 pk check

# One that has stopped.
first=$(agent_pid)
kill -STOP "$first"
began=$SECONDS
check 'stopped: status' refused 1 'does not answer' \
    "hint: it is process $first; to end it: kill -9 $first" -- \
    timeout 60 "$PEMKEEP" agent --status
check 'stopped: not for ever' test $((SECONDS - began)) -lt 30
kill -CONT "$first"
check 'goes on: status' expect_status 0 pk agent --status

wait "$slow"
check 'an agent that … says nothing' equals "$(cat slow.status)" 1
check 'an agent that … says nothing: says so' contains "$(cat slow.err)" \
    'the agent does not answer' 'kill -9'
done_testing
