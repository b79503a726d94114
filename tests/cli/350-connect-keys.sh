#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: whoever holds a key is another process than the one that talks
# to the server: in connect's memory there is no private key and no passphrase at
# any time, and when the other process is gone in the middle, the login ends with
# an error, or goes on with a new agent.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/tools/sshd.sh
. "$SRC/tests/tools/sshd.sh"

KEY_PASS='the file has its own'
key ed25519 ed
key rsa rsa -m PEM -b 2048
key ed25519 invault
key ed25519 locked
ssh-keygen -q -p -N "$KEY_PASS" -f locked >/dev/null
sshd_start || fail 'sshd' "$(cat "$D/log")"
host=ubuntu@127.0.0.1
full=("$TMP/connect" -o "UserKnownHostsFile=$known" -p "$PORT")
term()
{
	TERM=xterm "$PYTHON" "$SRC/tests/tools/onterminal.py" "$@"
}
new_vault
pk -q import invault >/dev/null || fail import "exit $?"

# A file, and its passphrase.
check 'a file with a passphrase' expect_status 0 with "$KEY_PASS" -- \
    connect --passphrase-fd 9 -i locked $host echo in
check 'a file with a passphrase: what it printed' equals "$(out)" in
check 'a wrong passphrase' refused 255 "'locked'" 'wrong passphrase' -- \
    with wrong -- connect --passphrase-fd 9 -i locked $host true
check 'nobody to ask' refused 255 "'locked'" 'no terminal' -- \
    connect -i locked $host true
check 'asked, wrong, asked again' term "expect=Passphrase of 'locked': " \
    'send=wrong\r' 'expect=wrong passphrase' "expect=Passphrase of 'locked': " \
    "send=$KEY_PASS\\r" 'absent=its own' 'expect=through' status=0 clean cooked \
    -- "${full[@]}" -i locked $host 'sleep 1; echo through'
check 'asked, and Ctrl-C' term 'expect=Passphrase' 'send=\x03' status=130 \
    cooked -- "${full[@]}" -i locked $host true
cp locked $'lo\e]0;x\ack'
check 'a name with control characters' term 'expect=Passphrase of .lo\^\[\]0;x\^G' \
    "send=$KEY_PASS\\r" status=0 clean -- "${full[@]}" -i $'lo\e]0;x\ack' $host true
check 'a name with control characters, nobody to ask' refused 255 "'lo^[]0;x^Gck'" \
    -- connect -i $'lo\e]0;x\ack' $host true
cat >askpass <<END
#!/bin/sh
echo '$KEY_PASS'
END
chmod 700 askpass
check 'SSH_ASKPASS' expect_status 0 env SSH_ASKPASS="$TMP/askpass" \
    SSH_ASKPASS_REQUIRE=force "${full[@]}" -i locked $host true
echo 'no key' >nokey
mkfifo -m 600 fifo
mkdir -m 700 folder
chmod 600 nokey
for what in nokey fifo folder; do
	check "a $what" refused 255 "'$what'" -- \
	    timeout 20 "${full[@]}" -i $what $host true
done
ln -s ed link
check 'a link to a key, as with ssh' expect_status 0 connect -i link $host true
check 'without a vault and a HOME' expect_status 0 \
    env HOME="$TMP/none" "${full[@]}" -i ed $host true
check 'nothing is left running' equals "$(pgrep -f "$TMP/connect")" ''

# Who holds the key is gone while we ask about the host.
unknown=("${full[@]}" -o HostKeyAlias=unknown)
before=$(grep -c 'Accepted publickey' "$D/log")
check 'the keeper of a file is gone' term 'expect=Go on' kill=KILL:children \
    'send=yes\r' 'expect=pemkeep: .*gone' status=255 clean cooked -- \
    "${unknown[@]}" -i ed $host true
check 'nobody was logged in' equals "$(grep -c 'Accepted publickey' "$D/log")" "$before"
sed -i '/unknown/d' "$known"
agent_pid()
{
	pk agent --status --json | sed -n 's/.*"pid": \([0-9]*\).*/\1/p' >agent.pid
	[ -s agent.pid ]
}
check 'the agent runs' agent_pid
check 'the agent is gone: a new one signs' term 'expect=Go on' \
    kill=KILL:agent.pid 'send=yes\r' status=0 cooked -- \
    "${unknown[@]}" -k invault $host true
sed -i '/unknown/d' "$known"
check 'the agent runs again' agent_pid
check 'the agent is gone: the passphrase is asked for' env -u \
    PEMKEEP_PASSPHRASE_FILE TERM=xterm "$PYTHON" \
    "$SRC/tests/tools/onterminal.py" 'expect=Go on' \
    kill=KILL:agent.pid 'send=yes\r' 'expect=Passphrase of the vault' \
    "send=$PASS\\r" status=0 cooked -- "${unknown[@]}" -k invault $host true
sed -i '/unknown/d' "$known"
check 'the agent runs once more' agent_pid
check 'the agent is gone, and there is no passphrase' env -u \
    PEMKEEP_PASSPHRASE_FILE TERM=xterm "$PYTHON" \
    "$SRC/tests/tools/onterminal.py" 'expect=Go on' \
    kill=KILL:agent.pid 'send=yes\r' 'expect=Passphrase of the vault' \
    'send=\x04' 'expect=pemkeep: ' status=255 cooked -- "${unknown[@]}" \
    -k invault $host true
sed -i '/unknown/d' "$known"
pk -q unlock
check 'the agent runs for the last time' agent_pid
check 'the agent was told to end: a new one signs' term 'expect=Go on' \
    kill=TERM:agent.pid sleep=0.3 'send=yes\r' status=0 cooked -- \
    "${unknown[@]}" -k invault $host true

# What is in memory.
if grep -q sanitize "$BUILD/flags"; then
	skip 'memory' "AddressSanitizer's processes have terabytes of it"
	done_testing
fi
if ! command -v strace >/dev/null || ! "$BUILD/tests/tools/memscan" $$ \
    "$PASS_FILE" >/dev/null 2>&1; then
	skip 'memory' 'memory of processes cannot be read here'
	done_testing
fi
mkdir needles
ssh-keygen -q -p -P "$KEY_PASS" -N '' -f locked >/dev/null
"$PYTHON" "$SRC/tests/tools/needles.py" needles ed rsa invault locked
ssh-keygen -q -p -N "$KEY_PASS" -f locked >/dev/null
printf '%s' "$PASS" >needles/passphrase
printf '%s' "$KEY_PASS" >needles/key-passphrase
found()
{
	"$BUILD/tests/tools/memscan" "$1" needles/* | sed 's|^needles/||' |
	    awk '$2 || $3 { print $1 }'
	[ "${PIPESTATUS[0]}" = 0 ] || echo 'no scan'
}
"$PYTHON" -c 'import sys, time
kept = [open(n, "rb").read()[::1 - 2 * (i % 2)]
        for i, n in enumerate(sys.argv[1:])]
print("ready", flush=True)
time.sleep(60)' needles/* >control.out &
at_exit kill $!
until grep -q ready control.out; do sleep 0.1; done
check 'control: all of it is found in a process that has it' equals \
    "$(found $! | wc -l)" "$(find needles -type f | wc -l)"

# during ARGUMENT...: what is in memory while the session is on, and just before
# the process ends, when what it ever had may still be there.
during()
{
	local pid status
	rm -f held.trace there
	strace -o held.trace -e trace=exit_group \
	    -e inject=exit_group:delay_enter=1500000 "${full[@]}" "$@" $host \
	    "touch '$TMP/there'; sleep 1" 9< <(printf '%s\n' "$KEY_PASS") \
	    >held.out 2>&1 &
	status=$!
	for _ in $(seq 200); do
		[ -e there ] && break
		sleep 0.05
	done
	pid=$(pgrep -P "$status" | head -n 1)
	found "${pid:-0}"
	for _ in $(seq 200); do
		grep -q exit_group held.trace && break
		sleep 0.05
	done
	found "${pid:-0}"
	wait "$status" || {
		echo "exit $?"
		cat held.out
	}
	[ -e there ] || echo 'no session'
}
if ! strace -o /dev/null -e inject=exit_group:delay_enter=1 true 2>/dev/null
then
	skip 'memory of connect' 'strace cannot hold a process here'
	done_testing
fi
check 'a key of the vault: nothing in memory' equals "$(during -k invault)" ''
check 'without an agent: nothing in memory' equals \
    "$(during --no-agent -k invault)" ''
for k in ed rsa; do
	check "-i $k: nothing in memory" equals "$(during -i $k)" ''
done
check '-i with a passphrase: nothing in memory' equals \
    "$(during --passphrase-fd 9 -i locked)" ''
done_testing
