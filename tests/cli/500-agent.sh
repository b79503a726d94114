#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: one agent is started by the first command that needs it, asks
# once however many commands run, serves only its user and only its own vault,
# and forgets everything when it is told to, when it is idle, and when its place
# is gone.

. "$SRC/tests/cli/lib.sh"

run=$XDG_RUNTIME_DIR/pemkeep
ssh-keygen -q -t ed25519 -N '' -C '' -f first.pem
attty()
{
	"$PYTHON" "$SRC/tests/tools/attty.py" "$@"
}
agent_pid()
{
	pk agent --status --json | sed -n 's/.*"pid": \([0-9]*\).*/\1/p'
}
# wait_for SECONDS CMD...: until it succeeds
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
# Nobody may be there to take its exit status.
ended()
{
	! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status"
}

bare()
{
	env -u PEMKEEP_PASSPHRASE_FILE "$PEMKEEP" --no-input "$@"
}

# So that there is a limit to be set.
ulimit -c unlimited 2>/dev/null

# Nothing is started that is not needed.
check 'status: none' expect_status 4 pk agent --status
check 'status: none: says so' contains "$(out)" 'No agent is running'
check 'status: none: JSON' expect_status 4 pk agent --status --json
check 'status: none: JSON says so' contains "$(out)" '"running": false'
check 'lock: none' expect_status 0 pk lock
check 'stop: none' expect_status 0 pk agent --stop
check 'nothing was made' test ! -e "$run"
check 'no vault: no agent stays' refused 4 'pemkeep init' -- pk keys
check 'no vault: none' expect_status 4 pk agent --status
check 'no vault: no socket' test ! -e "$run/control.sock"

# init leaves an agent behind, import and the others use it.
check 'init' expect_status 0 pk init --kdf-memory 64
check 'it runs' expect_status 0 pk agent --status
check 'its folder is ours' mode_is 0700 "$run"
check 'its sockets are ours' mode_is 0600 "$run/control.sock" "$run/ssh.sock"
first=$(agent_pid)
check 'no other process could ask' expect_status 0 \
    env -u PEMKEEP_PASSPHRASE_FILE "$PEMKEEP" --no-input import first.pem
check 'keys, too' expect_status 0 \
    env -u PEMKEEP_PASSPHRASE_FILE "$PEMKEEP" --no-input keys
check 'it is the same agent' equals "$(agent_pid)" "$first"
check 'it has left the terminal and our folder' equals \
    "$(readlink "/proc/$first/cwd" "/proc/$first/fd/0" "/proc/$first/fd/1" \
    "/proc/$first/fd/2" | tr '\n' ' ')" '/ /dev/null /dev/null /dev/null '
check 'it has left our session' test "$(ps -o sid= -p "$first" | tr -d ' ')" = \
    "$first"
check 'it cannot dump core' contains "$(cat "/proc/$first/limits")" \
    'Max core file size        0 '
if [ "$(id -u)" = 0 ]; then
	ok 'it cannot be traced # nothing binds root'
else
	check 'it cannot be traced' test ! -r "/proc/$first/mem"
fi
exec 8>held
check 'a descriptor of the command' expect_status 0 pk generate second
check 'a descriptor of the command: not held by the agent' \
    lacks "$(ls -l "/proc/$first/fd")" held
exec 8>&-

# Lock and unlock.
check 'lock' expect_status 0 pk lock
check 'lock: it runs, locked' expect_status 3 pk agent --status
check 'lock: nobody to ask' refused 3 'no terminal' -- \
    env -u PEMKEEP_PASSPHRASE_FILE "$PEMKEEP" --no-input keys
check 'lock: it still runs' equals "$(agent_pid)" "$first"
check 'unlock' expect_status 0 pk unlock
check 'unlock: it is' expect_status 0 pk agent --status
check 'unlock: minutes left' contains "$(out)" 'after 30 more minutes'
check 'unlock --for' expect_status 0 pk unlock --for 8h
check 'unlock --for: minutes left' contains \
    "$(pk agent --status)" 'after 480 more minutes'
for wrong in 8x -1h 0 '' 1.5h 99999999999h; do
	check "unlock --for '$wrong'" refused 2 -- pk unlock "--for=$wrong"
done
check 'unlock --no-agent makes no sense' refused 2 -- pk unlock --no-agent

# Idle: listing does not count, signing does.
eval "$(pk agent)"
check 'agent: prints what to eval' equals "$SSH_AUTH_SOCK" "$run/ssh.sock"
pk -q unlock --for 3s
for i in 1 2 3 4 5 6 7; do
	sleep 0.7
	ssh-add -T first.pem.pub 2>/dev/null || break
done
check 'idle: signing keeps it unlocked' equals "$i" 7
for i in 1 2 3 4 5 6; do
	sleep 0.7
	ssh-add -l >/dev/null
	bare keys >/dev/null 2>&1
	bare export first --public >/dev/null 2>&1
	pk agent --status >/dev/null || break
done
check 'idle: listing does not' expect_status 3 pk agent --status
check 'idle: no keys any more' contains "$(ssh-add -l)" 'no identities'
check 'idle: the default comes back' expect_status 0 pk unlock
check 'idle: half an hour' contains "$(pk agent --status)" ' 30 more minutes'

# Time in which the machine sleeps counts, and is noticed by the first request, not
# by a timer, which has slept, too.
cat >slept.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
	int (*real)(clockid_t, struct timespec *) =
	    (int (*)(clockid_t, struct timespec *))dlsym(
		RTLD_NEXT, "clock_gettime");
	int r = real(clock, ts);
	FILE *f = clock == CLOCK_BOOTTIME ? fopen(getenv("SLEPT"), "r") : NULL;
	long seconds = 0;

	if (f != NULL && fscanf(f, "%ld", &seconds) == 1)
		ts->tv_sec += seconds;
	if (f != NULL)
		fclose(f);
	return r;
}
END
if grep -q sanitize "$BUILD/flags"; then
	skip 'a machine that sleeps' 'nothing can be preloaded to a sanitizer'
elif ! cc -shared -fPIC -o slept.so slept.c 2>cc.err; then
	skip 'a machine that sleeps' "no compiler: $(head -n 1 cc.err)"
else
	pk -q agent --stop
	export SLEPT=$TMP/slept
	echo 0 >slept
	LD_PRELOAD=$TMP/slept.so pk -q unlock
	echo 1700 >slept
	check 'slept 28 minutes: still unlocked' expect_status 0 \
	    ssh-add -T first.pem.pub
	echo 3400 >slept
	check 'slept 28 minutes more: signing has counted' expect_status 0 \
	    ssh-add -T first.pem.pub
	echo 5300 >slept
	check 'slept 32 minutes: the first request finds it locked' \
	    expect_status 1 ssh-add -T first.pem.pub
	check 'slept 32 minutes: locked' expect_status 3 pk agent --status
	# A passphrase that was given again counts for a minute.
	pk -q unlock
	check 'the passphrase counts for a minute' equals \
	    "$("$PYTHON" - "$run/control.sock" "$vault" "$seen" "$PASS" \
	    "$SLEPT" <<'END'
import socket, struct, sys

path, vault, seen, words, slept = sys.argv[1:]
s = socket.socket(socket.AF_UNIX)
s.connect(path)


def string(text):
    return struct.pack(">I", len(text)) + text.encode()


def send(kind, body):
    s.sendall(struct.pack(">IB", len(body) + 1, kind) + body)


def ask(kind, body):
    send(kind, body)
    n, kind = struct.unpack(">IB", s.recv(5, socket.MSG_WAITALL))
    s.recv(n - 1, socket.MSG_WAITALL) if n > 1 else b""
    return kind


hello = ask(1, struct.pack(">I", 1) + string(vault) + string(seen))
no_confirm = string("first") + b"\0"
answers = [ask(23, no_confirm)]
send(2, b"\0" + string(words) + bytes(4))
answers += [ask(23, no_confirm), ask(23, no_confirm)]
for more in 55, 70:
    with open(slept, "w") as f:
        f.write(str(5300 + more))
    answers.append(ask(23, no_confirm))
print(hello, *answers)
END
	)" '64 66 64 64 64 66'
	pk -q agent --stop
	unset SLEPT
	pk -q unlock
fi

# What needs the passphrase again.
check 'again: export' refused 3 'passphrase is needed' -- \
    bare export first -o exported
check 'again: export: no file' test ! -e exported
check 'again: remove' refused 3 'passphrase is needed' -- bare remove -y first
check 'again: passwd' refused 3 'passphrase is needed' -- bare passwd
check 'again: set --no-confirm' refused 3 'passphrase is needed' -- \
    bare set first --no-confirm
check 'again: a wrong one' refused 3 'wrong passphrase' -- \
    with wrong-one -- pk9 export first -o exported
check 'again: a wrong one: the vault stays open' expect_status 0 bare keys
check 'again: the right one, once' expect_status 0 \
    with "$PASS" -- pk9 --no-input export first -o exported
check 'again: byte for byte' cmp first.pem exported
check 'a descriptor is read first even when the vault is open' \
    refused 3 'wrong passphrase' -- with wrong-one -- pk9 keys

# Wrong passphrases wait longer and longer.
pk -q agent --stop
pk agent --socket >/dev/null
wrong_time()
{
	local began
	began=$(date +%s%N)
	for _ in 1 2 3 4; do
		with wrong-one -- pk9 -q unlock 2>/dev/null && return 1
	done
	echo $((($(date +%s%N) - began) / 1000000))
}
one=$(wrong_time)
two=$(wrong_time)
check 'guessing gets slower' test $((two - one)) -gt 2500
check 'guessing: the right one is taken all the same' expect_status 0 pk unlock
check 'guessing: and ends the waiting' test \
    "$(wrong_time)" -lt $((one + 1500))

# --socket never asks.
pk -q agent --stop
check 'stop: the sockets are gone' equals "$(ls "$run")" start.lock
check '--socket' expect_status 0 env -u PEMKEEP_PASSPHRASE_FILE \
    "$PEMKEEP" agent --socket
check '--socket: prints the path' equals "$(out)" "$run/ssh.sock"
check '--socket: started, locked' expect_status 3 pk agent --status
check '--socket: no keys' contains "$(ssh-add -l)" 'no identities'
check '--socket again: the same' equals "$(pk agent --socket)" "$run/ssh.sock"
check 'agent takes one of its options' refused 2 -- pk agent --stop --status

# Eight at once on a fresh machine.
pk -q agent --stop
rm -rf "$run"
cat >asker <<'END'
#!/bin/sh
echo asked >>"$ASKED"
sleep 0.5
echo "$ANSWER"
END
chmod 755 asker
export ASKED=$TMP/asked ANSWER=$PASS
asking()
{
	env -u PEMKEEP_PASSPHRASE_FILE SSH_ASKPASS="$TMP/asker" \
	    SSH_ASKPASS_REQUIRE=force "$PEMKEEP" "$@"
}
eight()
{
	local pids=() pid failed=0
	rm -f "$ASKED"
	for _ in 1 2 3 4 5 6 7 8; do
		asking keys >/dev/null &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || failed=$((failed + 1))
	done
	echo "$failed failed, asked $(wc -l <"$ASKED") times, $(pgrep -fc \
	    '^pemkeep \(agent\)' -s "$(agent_pid)") agent"
}
check 'eight at once: ask once, start one' equals "$(eight)" \
    '0 failed, asked 1 times, 1 agent'
pk -q lock
check 'eight at once, agent locked: ask once' equals "$(eight)" \
    '0 failed, asked 1 times, 1 agent'
pk -q agent --stop
export ANSWER=wrong-one
check 'SSH_ASKPASS: a wrong one' expect_status 3 asking keys
check 'SSH_ASKPASS: asked three times' equals "$(tail -n 3 "$ASKED" | wc -l)" 3
check 'SSH_ASKPASS: no agent stays behind' expect_status 4 pk agent --status
export ANSWER=$PASS

# At a terminal.
at_terminal()
{
	attty "$@"
}
unset PEMKEEP_PASSPHRASE_FILE
seen=$(at_terminal 'Passphrase of the vault: ' "$PASS" -- "$PEMKEEP" keys)
check 'terminal: asked, not shown' lacks "$seen" "$PASS"
check 'terminal: done' contains "$seen" 'first' '[exit 0]' '[echo]'
check 'terminal: the agent runs' expect_status 0 pk agent --status
pk -q agent --stop
seen=$(at_terminal 'vault: ' nope 'vault: ' "$PASS" -- "$PEMKEEP" keys)
check 'terminal: a wrong one' contains "$seen" 'wrong passphrase, try again' \
    first '[exit 0]'
pk -q agent --stop
seen=$(at_terminal 'vault: ' a 'vault: ' b 'vault: ' c -- "$PEMKEEP" keys)
check 'terminal: three wrong ones' contains "$seen" '[exit 3]' '[echo]'
check 'terminal: no agent' expect_status 4 pk agent --status
seen=$(at_terminal 'vault: ' ^C -- "$PEMKEEP" keys)
check 'terminal: Ctrl-C' contains "$seen" '[signal 2]' '[echo]'
check 'terminal: Ctrl-C: no agent' expect_status 4 pk agent --status
check 'terminal: Ctrl-C: nobody holds the lock' expect_status 0 \
    env PEMKEEP_PASSPHRASE_FILE="$PASS_FILE" timeout 20 "$PEMKEEP" keys
export PEMKEEP_PASSPHRASE_FILE=$PASS_FILE

# --no-agent, and another vault.
pk -q agent --stop
check '--no-agent' expect_status 0 pk --no-agent keys
check '--no-agent: none' expect_status 4 pk agent --status
pk -q unlock
first=$(agent_pid)
check '--no-agent beside one' expect_status 0 pk --no-agent generate third
check 'the agent sees what another has changed' contains "$(bare keys)" third
mkdir other
check 'another home: another vault' expect_status 0 env HOME="$TMP/other" \
    "$PEMKEEP" init --kdf-memory 64
check 'another home: its keys' equals \
    "$(HOME=$TMP/other "$PEMKEEP" keys 2>/dev/null)" ''
check 'another home: the agent keeps its own' equals "$(agent_pid)" "$first"
check 'another home: and serves it' contains "$(bare keys)" third

# The vault changes under it.
keep now
printf '%s\n' "$PASS" 'another good one' >lines
pk --no-agent -q --passphrase-fd 7 passwd 7<lines
check 'changed elsewhere: the new passphrase is wanted' \
    refused 3 'wrong passphrase' -- pk keys
check 'changed elsewhere: and taken' expect_status 0 \
    with 'another good one' -- pk9 keys
back now
chmod 644 "$vault"
check 'a loose mode is noticed at once' refused 7 'check --repair' -- bare keys
check 'a loose mode: ssh sees no keys' contains "$(ssh-add -l)" 'no identities'
check 'a loose mode: repaired through the agent' expect_status 0 \
    pk check --repair
rm -rf "$data"
check 'no vault any more' refused 4 'pemkeep init' -- pk keys
new_vault
check 'a new one' expect_status 0 pk keys

# Its end.
first=$(agent_pid)
kill -TERM "$first"
check 'SIGTERM: it ends' wait_for 10 ended "$first"
check 'SIGTERM: no socket' test ! -e "$run/ssh.sock"
check 'SIGTERM: it has locked' matches "$(pk log)" 'lock *$'
pk -q unlock
first=$(agent_pid)
rm -rf "$run"
check 'its folder is gone: it ends' wait_for 10 ended "$first"
pk -q unlock
first=$(agent_pid)
rm "$run/ssh.sock"
check 'one of its sockets is gone: it ends' wait_for 10 ended "$first"
pk -q unlock
kill -KILL "$(agent_pid)"
check 'killed: sockets stay behind' test -S "$run/control.sock"
check 'killed: the next command starts one' expect_status 0 pk keys
check 'killed: and it runs' expect_status 0 pk agent --status

# Under a service manager.
pk -q agent --stop
"$PEMKEEP" agent --foreground >fg.out 2>fg.err &
foreground=$!
at_exit kill "$foreground"
check '--foreground: it runs, locked' wait_for 10 test -S "$run/ssh.sock"
check '--foreground: is that process' equals "$(agent_pid)" "$foreground"
check '--foreground twice' refused 1 'running already' -- \
    pk agent --foreground
check '--foreground: unlock' expect_status 0 pk unlock
check '--foreground: keys' expect_status 0 bare keys
pk -q agent --stop
check '--foreground: stop' wait_for 10 ended "$foreground"

# The place.
rm -rf "$run"
mkdir -m 755 "$run"
check 'a folder that others can use' refused 7 "'$run'" -- pk keys
rm -rf "$run"
mkdir elsewhere
ln -s "$TMP/elsewhere" "$run"
check 'a link in its place' refused 7 "'$run'" -- pk keys
rm "$run"
long=$TMP/$(printf '%0100d' 0)
mkdir -m 700 "$long"
check 'a path too long for a socket' refused 1 'too long' -- \
    env XDG_RUNTIME_DIR="$long" "$PEMKEEP" keys
check 'a path too long: --no-agent helps' expect_status 0 \
    env XDG_RUNTIME_DIR="$long" "$PEMKEEP" --no-agent keys
if find_someone && [ "$(id -u)" = 0 ]; then
	XDG_RUNTIME_DIR=$(mktemp -d /tmp/pk-run.XXXXXX)
	at_exit rm -rf "$XDG_RUNTIME_DIR"
	run=$XDG_RUNTIME_DIR/pemkeep
	pk -q unlock
	chmod 755 "$XDG_RUNTIME_DIR" "$run"
	chmod 666 "$run"/*.sock
	stranger()
	{
		as_someone "$PYTHON" -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
try:
    s.sendall(bytes([0, 0, 0, 1, int(sys.argv[2])]))
    print(len(s.recv(100)))
except OSError:
    print(0)' "$@"
	}
	check 'another user: ssh.sock says nothing' equals \
	    "$(stranger "$run/ssh.sock" 11)" 0
	check 'another user: control.sock says nothing' equals \
	    "$(stranger "$run/control.sock" 6)" 0
	chmod 700 "$XDG_RUNTIME_DIR" "$run"
	check 'another user: it still runs' expect_status 0 pk agent --status
	check 'another user: we are still served' \
	    contains "$(SSH_AUTH_SOCK=$run/ssh.sock ssh-add -l)" 'no identities'
	pk -q agent --stop
	mkdir -m 700 "$TMP/posed"
	mkdir -m 700 "$TMP/posed/pemkeep"
	chmod 711 "$TMP/posed" "$TMP/posed/pemkeep"
	"$PYTHON" -c 'import os, socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
os.setuid(65534)
s.listen(5)
time.sleep(60)' "$TMP/posed/pemkeep/control.sock" &
	at_exit kill $!
	wait_for 5 test -S "$TMP/posed/pemkeep/control.sock"
	sleep 0.3
	chmod 700 "$TMP/posed" "$TMP/posed/pemkeep"
	check 'an agent of another user is not trusted' \
	    refused 7 "another user's" -- \
	    env XDG_RUNTIME_DIR="$TMP/posed" "$PEMKEEP" keys
else
	skip 'another user' 'needs root'
fi

# Without a thread to try the passphrase in, it is tried all the same.
if [ -z "$theirs" ] || ! someone -q init --kdf-memory 64 2>/dev/null; then
	skip 'no more threads' 'no other user'
else
	first=$(someone agent --status --json 2>/dev/null |
	    sed -n 's/.*"pid": \([0-9]*\).*/\1/p')
	check 'it cannot be traced by its own user' equals \
	    "$(stat -c %u "/proc/$first/mem")" 0
	prlimit --pid "$first" --nproc=1:1
	someone -q lock
	check 'no more threads: unlock' expect_status 0 someone unlock
	check 'no more threads: a wrong one' expect_status 3 \
	    with wrong-one -- someone --passphrase-fd 9 unlock
	check 'no more threads: it is the same agent' contains \
	    "$(someone agent --status 2>&1)" "process $first"
	someone -q agent --stop
fi

# Memory that cannot be locked: it works, and says so loudly.
little()
{
	as_someone "$BASH" -c 'ulimit -l "$1"; shift; exec "$@"' - "$@"
}
if [ -z "$theirs" ] || grep -q sanitize "$BUILD/flags"; then
	skip 'little memory can be locked' 'no other user, or a sanitizer'
else
	for kib in 0 64; do
		as_someone rm -rf "$theirs/.local"
		check "only $kib KiB can be locked: init" expect_status 0 \
		    little $kib "$theirs/pemkeep" -q init --kdf-memory 64
		check "only $kib KiB can be locked: init says so" \
		    contains "$(err)" 'warning: memory cannot be locked' \
		    'hint: raise the limit: ulimit -l'
		check "only $kib KiB can be locked: status" expect_status 0 \
		    someone agent --status --json
		check "only $kib KiB can be locked: status says so" contains \
		    "$(err) $(out)" 'warning: memory cannot be locked' \
		    '"memory_locked": "no"'
		someone -q lock
		check "only $kib KiB can be locked: unlock" expect_status 0 \
		    someone -q unlock
		check "only $kib KiB can be locked: unlock says so" \
		    contains "$(err)" 'warning: memory cannot be locked'
		check "only $kib KiB can be locked: it works" expect_status 0 \
		    someone -q generate ed
		someone -q agent --stop
	done
fi
done_testing
