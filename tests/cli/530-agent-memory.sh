#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: no private key and no passphrase is ever in the memory of the
# process that a command runs in; the agent has them in locked memory only, and
# nowhere once it is locked.

. "$SRC/tests/cli/lib.sh"

if ! "$BUILD/tests/tools/memscan" $$ "$PASS_FILE" >/dev/null 2>&1; then
	skip 'memory' 'memory of processes cannot be read here'
	done_testing
fi
if [ "$(id -u)" != 0 ] && [ -z "${IN_NAMESPACE-}" ]; then
	if unshare -Ur true 2>/dev/null; then
		tests_done=1
		IN_NAMESPACE=1 exec unshare -Ur "$0"
	fi
	skip 'memory' 'an agent can only be looked into by root or in unshare -Ur'
	done_testing
fi

# All but the line feed.
printf '%s' "$PASS" >passphrase
KEY_PASS='another file another word'
printf '%s' "$KEY_PASS" >key-passphrase
ssh-keygen -q -t ed25519 -N '' -C '' -f ed
ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -C '' -f rsa
ssh-keygen -q -t ecdsa -m PEM -N '' -C '' -f ec
ssh-keygen -q -t ed25519 -N '' -C '' -f locked
mkdir needles
"$PYTHON" "$SRC/tests/tools/needles.py" needles ed rsa ec locked
ssh-keygen -q -p -N "$KEY_PASS" -f locked >/dev/null
mv passphrase key-passphrase needles

# scan PID: the needles that are there, "NAME in locked memory", "NAME elsewhere"
scan()
{
	"$BUILD/tests/tools/memscan" "$1" needles/* | sed 's|^needles/||' |
	    awk '$2 { print $1 " in locked memory" }
		$3 { print $1 " elsewhere" }'
	[ "${PIPESTATUS[0]}" = 0 ] || echo 'no scan'
}
elsewhere()
{
	scan "$1" | grep -v 'in locked memory$'
}
agent_pid()
{
	pk agent --status --json | sed -n 's/.*"pid": \([0-9]*\).*/\1/p'
}

# What is there is found.
"$PYTHON" -c 'import sys, time
kept = [open(n, "rb").read()[::1 - 2 * (i % 2)]
        for i, n in enumerate(sys.argv[1:])]
print("ready", flush=True)
time.sleep(60)' needles/* >control.out &
control=$!
at_exit kill "$control"
until grep -q ready control.out; do sleep 0.1; done
check 'control: all needles are found in a process that has them' equals \
    "$(scan "$control" | grep -c elsewhere)" "$(find needles -type f | wc -l)"

pk -q init --kdf-memory 64
agent=$(agent_pid)
if ! pk agent --status --json | grep -q '"memory_locked": "yes"'; then
	skip 'memory' 'memory cannot be locked here'
	done_testing
fi
pk -q import ed rsa ec >/dev/null
with "$PASS" "$KEY_PASS" -- pk9 -q import locked >/dev/null
SSH_AUTH_SOCK=$(pk agent --socket)
export SSH_AUTH_SOCK

# The password of ssh-add -x is in the agent as long as it is set.
printf '%s' 'a password for ssh-add' >needles/ssh-add-password
add_password()
{
	SSH_ASKPASS=$TMP/answer SSH_ASKPASS_REQUIRE=force ssh-add "$1" >/dev/null 2>&1
}
printf '#!/bin/sh\ncat "%s/needles/ssh-add-password"\n' "$TMP" >answer
chmod 755 answer
add_password -x
check 'control: what is in guarded memory is found there' equals \
    "$(scan "$agent" | grep ssh-add)" 'ssh-add-password in locked memory'
add_password -X
check 'ssh-add -X: it is wiped' equals "$(scan "$agent" | grep ssh-add)" ''
rm needles/ssh-add-password

check 'agent, after importing: nothing' equals "$(elsewhere "$agent")" ''
"$BUILD/tests/tools/agentbench" 500 "$SSH_AUTH_SOCK" >/dev/null
check 'agent, after 2,000 signatures: nothing' equals "$(elsewhere "$agent")" ''
check 'agent: keys that have just signed are ready in locked memory' \
    contains "$(scan "$agent")" 'rsa.p in locked memory'
pk -q export rsa -o out.rsa
pk -q export ed -o out.ed
pk -q set ed --no-confirm
check 'agent, after exporting: nothing' equals "$(elsewhere "$agent")" ''
with wrong-one -- pk9 export ed -o not-made 2>/dev/null
check 'agent, after a wrong passphrase: nothing' \
    equals "$(elsewhere "$agent")" ''
printf '%s\n' "$PASS" 'something else is new' >lines
printf '%s' 'something else is new' >needles/new-passphrase
pk -q --passphrase-fd 7 passwd 7<lines
printf '%s\n' 'something else is new' "$PASS" >lines
pk -q --passphrase-fd 7 passwd 7<lines
check 'agent, after passwd: nothing' equals "$(elsewhere "$agent")" ''

# The vault's own keys, as the second reader finds them.
vault_keys()
{
	"$PYTHON" "$SRC/tests/tools/vaultread.py" --json "$vault" "$PASS" |
	    "$PYTHON" -c 'import json, sys
values = json.load(sys.stdin)["values"]
for name in "KEK", "VK", "K-hdr", "K-idx", "K-rec", "DEK":
    with open("needles/vault." + name, "wb") as f:
        f.write(bytes.fromhex(values[name]))'
}
check "the vault's keys" vault_keys
check "agent, unlocked: the vault's keys are in locked memory" contains \
    "$(scan "$agent")" 'vault.VK in locked memory' \
    'vault.K-rec in locked memory'
check "agent, unlocked: and nowhere else" equals "$(elsewhere "$agent")" ''
pk -q keys
pk -q check
"$BUILD/tests/tools/agentbench" 5 "$SSH_AUTH_SOCK" >/dev/null
check 'agent, after everything was read: nothing' equals \
    "$(elsewhere "$agent")" ''
pk -q lock
check 'agent, after lock: nothing, not even in locked memory' \
    equals "$(scan "$agent")" ''
pk -q unlock --for 1s
"$BUILD/tests/tools/agentbench" 5 "$SSH_AUTH_SOCK" >/dev/null
sleep 4
check 'agent, locked by itself' expect_status 3 pk agent --status
check 'agent, locked by itself: nothing' equals "$(scan "$agent")" ''

# A command, held just before it ends: what it ever had may still be there.
command -v strace >/dev/null || {
	skip 'commands' 'strace is not installed'
	done_testing
}
held()
{
	local pid status
	"$@" 9< <(printf '%s\n' "$PASS" "$KEY_PASS") >held.out 2>&1 &
	status=$!
	for _ in $(seq 200); do
		pid=$(pgrep -P "$status" -x pemkeep | head -n 1)
		[ -n "$pid" ] && grep -q . "/proc/$pid/wchan" 2>/dev/null &&
		    grep -q '^[0-9]* exit_group\|exit_group(' held.trace \
			2>/dev/null && break
		sleep 0.05
	done
	elsewhere "${pid:-0}"
	wait "$status" || echo "exit $?"
}
trace()
{
	: >held.trace
	held strace -o held.trace -e trace=exit_group \
	    -e inject=exit_group:delay_enter=1500000 "$PEMKEEP" "$@"
}
# Whatever was locked for them is free again.
locked_memory()
{
	awk '/^VmLck/ { print $2 }' "/proc/$agent/status"
}
pk -q agent --stop
pk agent --socket >/dev/null
agent=$(agent_pid)
pk -q unlock
"$BUILD/tests/tools/agentbench" 5 "$SSH_AUTH_SOCK" >/dev/null
pk -q lock
before=$(locked_memory)
for _ in 1 2 3 4 5; do
	pk -q unlock
	"$BUILD/tests/tools/agentbench" 5 "$SSH_AUTH_SOCK" >/dev/null
	with wrong-one -- pk9 -q keys 2>/dev/null
	pk -q lock
done
check 'agent, after each lock: as much memory is locked as before' equals \
    "$(locked_memory)" "$before"

pk -q agent --stop
if [ "$(trace --version)" != '' ]; then
	skip 'commands' 'strace cannot hold a process here'
	done_testing
fi
check 'unlocking: nothing in the command' equals "$(trace keys)" ''
check 'again: nothing' equals "$(trace --passphrase-fd 9 keys)" ''
check 'exporting: nothing' equals \
    "$(trace --passphrase-fd 9 export rsa -o out2.rsa)" ''
pk -q remove -y locked ed
check 'importing: nothing' equals "$(trace import ed)" ''
check 'importing what has a passphrase: nothing' equals \
    "$(trace --passphrase-fd 9 import locked)" ''
check 'with --no-agent: nothing' equals "$(trace --no-agent keys)" ''
done_testing
