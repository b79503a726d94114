#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: between any two system calls of connect and of the other
# commands there is no private key and no passphrase in their memory, and in the
# agent's only in memory that is locked; and none is in an argument, in the
# environment, in a file, or on the network.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/tools/sshd.sh
. "$SRC/tests/tools/sshd.sh"

if grep -q sanitize "$BUILD/flags"; then
	skip 'memory' "AddressSanitizer's processes have terabytes of it"
	done_testing
fi
watch=$BUILD/tests/tools/memwatch
if ! "$watch" "$PASS_FILE" -- true >/dev/null 2>&1; then
	skip 'memory' 'processes cannot be traced here'
	done_testing
fi

KEY_PASS='the file has its own'
key ed25519 ed
key rsa rsa -m PEM -b 2048
key ecdsa ec -m PEM
key ed25519 locked
mkdir needles
"$PYTHON" "$SRC/tests/tools/needles.py" needles ed rsa ec locked
ssh-keygen -q -p -N "$KEY_PASS" -f locked >/dev/null
printf '%s' "$PASS" >needles/passphrase
printf '%s' "$KEY_PASS" >needles/key-passphrase
sshd_start || fail 'sshd' "$(cat "$D/log")"
host=ubuntu@127.0.0.1
full=("$TMP/connect" -o "UserKnownHostsFile=$known" -p "$PORT")

# ever CMD...: the needles that ever were there; what else is wrong
ever()
{
	"$watch" needles/* -- "$@" >watched 2>watched.err \
	    9< <(printf '%s\n' "$KEY_PASS" "$PASS")
	sed 's|^needles/||' watched | awk '$1 == "stops" { stops = $2; next }
	    $1 == "exit" { if ($2 != 0) print "exit", $2; next }
	    $2 || $3 { print $1 }
	    END { if (stops < 100) print "stops", stops + 0 }'
}
# finds PART CMD...: it was there
finds()
{
	local wanted=$1
	shift
	contains "$(ever "$@")" "$wanted"
}

# What is there is found, also when it comes and goes.
check 'control: a key file that is read, forgotten, and gone' equals \
    "$(ever "$PYTHON" -c 'import ctypes, os
for name in os.listdir("needles"):
    if name != "ed.seed":
        fd = os.open("needles/" + name, os.O_RDONLY)
        room = ctypes.create_string_buffer(4096)
        os.readv(fd, [room])
        ctypes.memset(room, 0, 4096)
' | sort)" "$(find needles -type f ! -name ed.seed -printf '%f\n' | sort)"
check 'control: ssh with the same key' finds ed.text \
    ssh -F none -o "UserKnownHostsFile=$known" -o IdentitiesOnly=yes \
    -o IdentityAgent=none -i ed -p "$PORT" $host true
check 'control: ssh-keygen and its passphrase' finds key-passphrase \
    ssh-keygen -y -P "$KEY_PASS" -f locked

# Commands.
new_vault
pk -q agent --stop
check 'init' equals "$(rm -rf "$data" "$state"
    ever "$PEMKEEP" -q init --kdf-memory 64)" ''
check 'import' equals "$(ever "$PEMKEEP" -q import ed rsa ec)" ''
check 'import with a passphrase' equals \
    "$(ever "$PEMKEEP" -q import --passphrase-fd 8 locked \
    8< <(printf '%s\n' "$PASS" "$KEY_PASS"))" ''
check 'generate' equals "$(ever "$PEMKEEP" -q generate new)" ''
check 'export' equals "$(ever "$PEMKEEP" -q export rsa -o out.rsa)" ''
check 'check' equals "$(ever "$PEMKEEP" -q check)" ''
pk -q lock
check 'unlock' equals "$(ever "$PEMKEEP" -q unlock)" ''

# connect.
pk -q agent --stop
check 'connect, which starts the agent' equals \
    "$(ever "${full[@]}" -k ed $host true)" ''
pk -q lock
check 'connect, which unlocks it' equals \
    "$(ever "${full[@]}" -k rsa $host true)" ''
for k in ed rsa ec locked; do
	check "connect with $k, agent unlocked" equals \
	    "$(ever "${full[@]}" -k $k $host true)" ''
done
check 'connect --no-agent' equals \
    "$(ever "${full[@]}" --no-agent -k ed $host true)" ''
for k in ed rsa ec; do
	check "connect -i $k" equals "$(ever "${full[@]}" -i $k $host true)" ''
done
check 'connect -i FILE, which has a passphrase' equals \
    "$(ever "${full[@]}" --passphrase-fd 9 -i locked $host true)" ''
check 'connect -A, with a login from there' equals \
    "$(ever "${full[@]}" -A -k ed $host "ssh -F none \
    -o UserKnownHostsFile=$known -p $PORT $host true")" ''

# The agent: only in locked memory, whatever it does.
stop_agent
"$watch" needles/* -- "$PEMKEEP" agent --foreground >agent.seen 2>/dev/null &
agent=$!
for _ in $(seq 100); do
	[ ! -S "$XDG_RUNTIME_DIR/pemkeep/ssh.sock" ] || break
	sleep 0.1
done
rm -f out.rsa
{
	pk agent --status
	pk -q unlock
	"$BUILD/tests/tools/agentbench" 5 "$XDG_RUNTIME_DIR/pemkeep/ssh.sock"
	connect -k rsa $host true
	connect -A -k ed $host "ssh-add -T '$TMP/ec.pub'"
	pk -q export rsa -o out.rsa
	pk -q generate newer
	pk -q remove -y ed
	pk -q import ed
	pk -q check
	with wrong-one -- pk9 -q keys
	with "$PASS" "$PASS" -- pk9 -q passwd
	pk -q lock
	pk -q unlock
	stop_agent
} >used 2>&1
wait $agent
check 'the agent: it was used' equals "$(tail -n 1 agent.seen)" 'exit 0'
check 'the agent: keys and passphrase were in locked memory' equals \
    "$(awk 'NF == 3 && !$2 { print $1 }' agent.seen | tr '\n' ' ')" \
    'needles/key-passphrase needles/locked.text '
check 'the agent: and nowhere else, at any time' equals \
    "$(awk 'NF == 3 && $3 { print $1 }' agent.seen)" ''

# Where it is written.
if ! strace -f -o /dev/null true 2>/dev/null; then
	skip 'what is written' 'strace cannot trace here'
	done_testing
fi
cat >written.py <<'END_PY'
import os, re, sys
# Lines of strace -f -yy -xx -s 1000000, and the needles in them.
needles = {}
for name in os.listdir("needles"):
    with open("needles/" + name, "rb") as f:
        data = f.read()
    needles[name] = ["".join("\\x%02x" % b for b in d)
                     for d in (data, data[::-1])]
calls = 0
for line in open(sys.argv[1], errors="replace"):
    call = re.match(r"\d+ +(\w+)\(([^,)]*)", line)
    if not call:
        continue
    calls += 1
    name, where = call.groups()
    # It may go from one of our processes to another, and to ssh-keygen in a
    # file that is in memory and has no name.
    where = re.sub(r"\\x(..)", lambda m: chr(int(m.group(1), 16)), where)
    if name != "execve" and re.search("<(UNIX|pipe:|/memfd:)", where):
        continue
    for needle, forms in needles.items():
        if any(form in line for form in forms):
            print(name, where[:80], needle)
print("calls" if calls > 20 else "too few calls: %d" % calls)
END_PY
# writes CMD...: needles that went anywhere but between our processes
writes()
{
	local tracer
	rm -f status
	strace -f -yy -xx -s 1000000 -v -o trace -e \
	    trace=execve,write,writev,pwrite64,pwritev,sendto,sendmsg,sendmmsg \
	    sh -c '"$@"; echo $? >status' sh "$@" >/dev/null 2>trace.err \
	    9< <(printf '%s\n' "$KEY_PASS") &
	tracer=$!
	for _ in $(seq 600); do
		[ ! -s status ] || break
		sleep 0.1
	done
	stop_agent
	wait $tracer
	[ "$(cat status)" = 0 ] || cat trace.err
	"$PYTHON" written.py trace
}
check 'control: written to a file' contains \
    "$(writes sh -c 'read -r words <needles/passphrase
    echo "$words" >copied')" passphrase
check 'control: an argument' contains \
    "$(writes env NEEDLE="$PASS" true)" execve
stop_agent
check 'written: unlocking, connecting' equals \
    "$(writes "${full[@]}" -v -k rsa $host true)" calls
check 'written: -i FILE' equals "$(writes "${full[@]}" -v -i rsa $host true)" \
    calls
check 'written: -i FILE with a passphrase' equals \
    "$(writes "${full[@]}" -v --passphrase-fd 9 -i locked $host true)" calls
rm -rf "$data" "$state"
check 'written: init' equals "$(writes "$PEMKEEP" init --kdf-memory 64)" calls
check 'written: import' equals "$(writes "$PEMKEEP" import ed rsa ec)" calls
check 'written: passwd' equals "$(writes "$PEMKEEP" --passphrase-fd 8 passwd \
    8< <(printf '%s\n' "$PASS" "$PASS"))" calls
done_testing
