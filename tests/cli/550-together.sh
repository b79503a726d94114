#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: eight connects at once on a machine where nothing runs ask
# once, at a real terminal, and start one agent; who has something slow to do with
# the agent keeps nobody else waiting; sessions go on when it locks or ends; and
# a login that an agent does not help with says why.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/tools/sshd.sh
. "$SRC/tests/tools/sshd.sh"

run=$XDG_RUNTIME_DIR/pemkeep
attty()
{
	"$PYTHON" "$SRC/tests/tools/attty.py" "$@"
}
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
bare()
{
	env -u PEMKEEP_PASSPHRASE_FILE "$PEMKEEP" --no-input "$@"
}

key ed25519 first
key ed25519 careful
sshd_start || fail 'sshd' "$(cat "$D/log")"
host=ubuntu@127.0.0.1
# The hash takes about a second, so that there is time to look.
cost=(--kdf-memory 256 --kdf-passes 10)
pk -q init "${cost[@]}"
pk -q import first >/dev/null
pk -q import --confirm careful >/dev/null

# Eight at once, at one terminal.
cat >eight <<'END8'
#!/bin/sh
for i in 1 2 3 4 5 6 7 8; do
	"$@" "echo shell-$i" && echo "done-$i" &
done
wait
END8
chmod 755 eight
eight()
{
	local seen
	seen=$(env -u PEMKEEP_PASSPHRASE_FILE "$PYTHON" \
	    "$SRC/tests/tools/attty.py" 'Passphrase of the vault: ' "$1" -- \
	    ./eight "$TMP/connect" -o "UserKnownHostsFile=$known" \
	    -p "$PORT" -k first $host)
	printf '%s\n' "$seen" >eight.seen
	echo "$(grep -o 'Passphrase of the vault' eight.seen | wc -l) asked," \
	    "$(grep -c '^shell-' eight.seen) shells," \
	    "$(grep -c '^done-' eight.seen) done," \
	    "$(pgrep -cf '^pemkeep \(keeper\)|^pemkeep \(agent\)' \
	    -s "$(agent_pid)") agent"
}
wanted='1 asked, 8 shells, 8 done, 1 agent'
pk -q agent --stop
rm -rf "$run"
check 'eight connects, no agent: one question, one agent' equals \
    "$(eight "$PASS")" "$wanted"
check 'eight connects, no agent: the terminal is as it was' contains \
    "$(cat eight.seen)" '[exit 0]' '[echo]'
check 'eight connects, no agent: nothing shows the passphrase' lacks \
    "$(cat eight.seen)" "$PASS"
first=$(agent_pid)
pk -q lock
check 'eight connects, agent locked: one question, the same agent' equals \
    "$(eight "$PASS")" "$wanted"
check 'eight connects, agent locked: it is' equals "$(agent_pid)" "$first"

# Others are served meanwhile.
export SSH_AUTH_SOCK=$run/ssh.sock
cat >latency.py <<'END_PY'
import os, socket, sys, time
# How long the others wait, as long as this process runs; in ms: worst, count.
pid, worst, count = int(sys.argv[1]), 0, 0
while True:
    try:
        with open("/proc/%d/stat" % pid) as f:
            if f.read().rsplit(")", 1)[1].split()[0] == "Z":
                break
    except (FileNotFoundError, ProcessLookupError):
        break
    began = time.time()
    s = socket.socket(socket.AF_UNIX)
    s.connect(os.environ["SSH_AUTH_SOCK"])
    s.sendall(b"\0\0\0\1\x0b")
    assert s.recv(5)[4] == 12
    s.close()
    worst, count = max(worst, time.time() - began), count + 1
    time.sleep(0.002)
print("%d %d" % (worst * 1000, count))
END_PY
# meanwhile CMD...: how long it took, and the others at worst, in ms
meanwhile()
{
	local began pid
	began=$(date +%s%N)
	"$@" >slow.out 2>slow.err &
	pid=$!
	read -r worst count < <("$PYTHON" latency.py $pid)
	wait $pid
	status=$?
	took=$((($(date +%s%N) - began) / 1000000))
}
is_served()
{
	echo "took $took ms, the others waited $worst ms at most ($count)"
	[ "$worst" -lt $((took / 4)) ] && [ "$count" -gt 20 ]
}
pk -q lock
meanwhile pk -q unlock
check 'while a passphrase is tried: that worked' equals "$status" 0
check 'while a passphrase is tried: the others are served' is_served
meanwhile with wrong-one -- pk9 -q unlock
check 'while a wrong one is tried: that failed' equals "$status" 3
check 'while a wrong one is tried: the others are served' is_served
check 'a wrong one: the vault stays unlocked' expect_status 0 bare keys
meanwhile pk -q generate large -t rsa -b 8192
check 'while a key is made: that worked' equals "$status" 0
check 'while a key is made: the others are served' is_served
check 'while a key is made: it is there' contains "$(bare keys)" large
pk -q remove -y large

# … and can do all the same things.
making()
{
	pgrep -P "$first" -f make-key >/dev/null
}
pk generate huge -t rsa -b 16384 >huge.out 2>huge.err &
maker=$!
check 'a large key is being made' wait_for 10 making
check 'meanwhile: sign' expect_status 0 ssh-add -T first.pub
check 'meanwhile: log in' expect_status 0 connect -k first $host true
check 'meanwhile: make another one' expect_status 0 bare generate other
check 'meanwhile: rename' expect_status 0 bare rename other another
check 'meanwhile: it is still being made' making
pk -q lock
wait $maker
check 'locked meanwhile: it is not made' equals "$?" 3
check 'locked meanwhile: says so' contains "$(cat huge.err)" \
    'the vault is locked'
check 'locked meanwhile: nobody goes on with it' wait_for 5 eval '! making'
pk -q unlock
"$PEMKEEP" generate huge -t rsa -b 16384 >huge.out 2>huge.err &
maker=$!
wait_for 10 making
kill -KILL $maker
wait $maker 2>/dev/null
check 'whoever wanted it is gone: nobody goes on with it' \
    wait_for 5 eval '! making'
check 'nothing was stored' lacks "$(bare keys)" huge
check 'a name that is taken is refused at once' refused 1 "'first'" -- \
    timeout 5 "$PEMKEEP" generate first -t rsa -b 16384

# Unlocking that is overtaken.
# The hash is being computed: by a thread of its own.
computes()
{
	[ "$(find "/proc/$first/task" -mindepth 1 -maxdepth 1 | wc -l)" -gt 1 ]
}
busy()
{
	wait_for 10 computes
}
settled()
{
	wait_for 20 eval '! computes'
	sleep 0.2
}
pk -q lock
pk unlock >late.out 2>late.err &
late=$!
busy
check 'locked while it is unlocked' expect_status 0 pk lock
wait $late
check 'locked while it is unlocked: fails' equals "$?" 1
check 'locked while it is unlocked: says so' contains "$(cat late.err)" \
    'the vault was locked meanwhile'
check 'locked while it is unlocked: it is locked' expect_status 3 \
    pk agent --status
"$PEMKEEP" unlock >late.out 2>late.err &
late=$!
busy
kill -KILL $late
wait $late 2>/dev/null
settled
check 'whoever unlocks is gone: it stays locked' expect_status 3 \
    pk agent --status
events=$(pk log --json | grep -c '"wrong-passphrase"')
"$PEMKEEP" -q --passphrase-fd 9 unlock 9< <(echo wrong-one) 2>/dev/null &
late=$!
busy
kill -KILL $late
wait $late 2>/dev/null
settled
check 'whoever guesses is gone: it counts all the same' equals \
    "$(pk log --json | grep -c '"wrong-passphrase"')" $((events + 1))
for i in 1 2 3; do
	pk -q unlock 2>"late.$i" &
	pids[i]=$!
done
ok=0
for i in 1 2 3; do
	wait "${pids[i]}" && ok=$((ok + 1))
done
check 'three unlock at once' equals "$ok" 3
pk -q lock
pk unlock >late.out 2>late.err &
late=$!
busy
kill -TERM "$first"
wait $late
check 'it is ended while it unlocks' equals "$?" 1
check 'it is ended while it unlocks: it ends' wait_for 15 ended "$first"

# Sessions go on.
mkfifo "$TMP/talk"
connect -k first $host 'while read -r line; do echo "got $line"; done' \
    <"$TMP/talk" >talked &
session=$!
exec 5>"$TMP/talk"
echo one >&5
check 'a session' wait_for 10 grep -q one talked
pk -q lock
echo two >&5
check 'a session: locking does not end it' wait_for 10 grep -q two talked
kill -KILL "$(agent_pid)"
echo three >&5
check 'a session: the end of the agent does not end it' \
    wait_for 10 grep -q three talked
exec 5>&-
wait $session
check 'a session: ends as ever' equals "$?" 0

# Keys that want to be confirmed.
cat >askpass <<'END_ASK'
#!/bin/sh
printf '%s\n' "$1" >>"$HOME/asked"
read -r answer <"$HOME/say"
[ "$answer" != late ] || sleep 20
[ "$answer" = yes ]
END_ASK
chmod 755 askpass
export SSH_ASKPASS=$TMP/askpass
pk -q unlock
echo yes >"$HOME/say"
check 'confirmed' expect_status 0 connect -k careful $host true
echo no >"$HOME/say"
check 'not confirmed' expect_status 255 connect -k careful $host true
check 'not confirmed: says so' contains "$(err)" "'careful' was not confirmed"
check 'not confirmed: logged' matches "$(pk log)" \
    'refused +SHA256:[^ ]+ +(connect|pemkeep)\[[0-9]+\] +sign: not confirmed'
asks()
{
	asker=$(pgrep -P "$first" -f askpass)
}
end_asking()
{
	pkill -P "$asker"
	kill "$asker"
}
echo late >"$HOME/say"
first=$(agent_pid)
connect -k careful $host true 2>gone.err &
client=$!
wait_for 10 asks
kill -KILL "$first"
end_asking
echo yes >"$HOME/say"
wait $client
check 'the agent ends while it is asked to sign: a new one signs' equals \
    "$?" 0
check '… and it is another one' test "$(agent_pid)" != "$first"
echo late >"$HOME/say"
first=$(agent_pid)
env -u PEMKEEP_PASSPHRASE_FILE "$TMP/connect" -o BatchMode=yes \
    -o "UserKnownHostsFile=$known" -p "$PORT" -k careful $host true \
    2>gone.err </dev/null &
client=$!
wait_for 10 asks
kill -KILL "$first"
end_asking
wait $client
check 'the same with nobody to ask: fails' equals "$?" 255
check 'the same with nobody to ask: says why' contains "$(cat gone.err)" \
    'a passphrase is needed'
unset SSH_ASKPASS

# Agents that sign nothing.
posing=
at_exit eval 'kill $posing 2>/dev/null'
for case in 'a signature of nothing' 'half a signature' \
    'hangs up when it is to sign'; do
	[ -z "$posing" ] || kill $posing
	rm -rf "$TMP/posed"
	mkdir -m 700 "$TMP/posed" "$TMP/posed/pemkeep"
	"$PYTHON" "$SRC/tests/tools/badagent.py" "$TMP/posed/pemkeep" \
	    "$case" first.pub 2>/dev/null &
	posing=$!
	wait_for 5 test -S "$TMP/posed/pemkeep/control.sock"
	check "an agent that … $case" expect_status 255 \
	    env XDG_RUNTIME_DIR="$TMP/posed" timeout 60 "$TMP/connect" \
	    -o "UserKnownHostsFile=$known" -p "$PORT" -k mine $host true
	check "an agent that … $case: says something" matches "$(err)" \
	    '^pemkeep: [^ ]'
done
done_testing
