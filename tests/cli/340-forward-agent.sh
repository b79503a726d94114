#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: with -A the server's side can list keys and sign, through
# our agent or another one, and nothing else: whatever else is sent there is
# refused or ends that channel, and the session goes on.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/tools/sshd.sh
. "$SRC/tests/tools/sshd.sh"

key ed25519 ed
key rsa rsa -m PEM -b 2048
ssh-keygen -q -t ed25519 -N '' -f stranger
sshd_start || fail 'sshd' "$(cat "$D/log")"
host=ubuntu@127.0.0.1
eval "$(ssh-agent -s)" >/dev/null
at_exit kill "$SSH_AGENT_PID"
ssh-add -q ed rsa
agent=$SSH_AUTH_SOCK
forward=(-q -o "ForwardAgent=$agent" -i ed)

check 'nothing is forwarded unless asked' expect_status 0 connect -q -i ed \
    $host 'echo "<$SSH_AUTH_SOCK>"'
check 'nothing is forwarded unless asked: nothing' equals "$(out)" '<>'
check 'list' expect_status 0 connect "${forward[@]}" $host ssh-add -l
check 'list: both keys' equals "$(out)" "$(ssh-add -l)"
for k in ed rsa; do
	check "sign: $k" expect_status 0 connect "${forward[@]}" $host \
	    ssh-add -T "$TMP/$k.pub"
done
check 'log in from there' expect_status 0 connect "${forward[@]}" $host \
    "ssh -F none -o UserKnownHostsFile=$known -p $PORT ubuntu@127.0.0.1 echo twice"
check 'log in from there: it is' equals "$(out)" twice
for what in '-D' '-d ed' 'stranger' '-x </dev/null' '-t 5 stranger' \
    '-s /lib/pkcs11.so </dev/null'; do
	check "refused: ssh-add $what" expect_status 1 connect \
	    "${forward[@]}" $host "cd '$TMP' && ssh-add $what || exit 1"
done
check 'the agent is as it was' equals "$(ssh-add -l | wc -l)" 2

cat >talk.py <<'END'
import os, socket, struct, sys


def call():
    s = socket.socket(socket.AF_UNIX)
    s.connect(os.environ["SSH_AUTH_SOCK"])
    s.settimeout(20)
    return s


def answer(s):
    data, wanted = b"", 4
    while len(data) < wanted:
        more = s.recv(wanted - len(data))
        if not more:
            return None
        data += more
        if len(data) == 4:
            wanted += struct.unpack(">I", data)[0]
    return data[4:]


def ask(data):
    s = call()
    s.sendall(data)
    return answer(s)


passed = []
for t in range(256):
    for rest in b"", b"\0" * 8:
        reply = ask(struct.pack(">IB", 1 + len(rest), t) + rest)
        if reply != b"\x05":
            passed.append((t, len(rest), reply and reply[0]))
print("passed", passed)
print("too long", ask(struct.pack(">I", 262145) + b"\x0d"))
print("longest", ask(struct.pack(">I", 262144) + b"\x0d" + b"x" * 262143))
print("empty", ask(struct.pack(">I", 0)))
print("huge", ask(b"\xff" * 9))
s = call()
s.sendall(b"\0\0\0\1\x13\0\0\0\1\x0b\0\0\0\1\x12")
print("three at once", [answer(s)[0] for i in range(3)])
s = call()
for c in b"\0\0\0\1\x0b":
    s.sendall(bytes([c]))
print("byte by byte", answer(s)[0])
many = [call() for i in range(40)]
served = 0
for s in many:
    try:
        s.sendall(b"\0\0\0\1\x0b")
        reply = answer(s)
        served += reply is not None and reply[0] == 12
    except OSError:
        pass
print("of 40 at once", served)
for s in many:
    s.close()
print("afterwards", ask(b"\0\0\0\1\x0b")[0])
END
check 'every request, and no requests' expect_status 0 connect "${forward[@]}" \
    $host "$PYTHON '$TMP/talk.py'"
check 'what passed: only "list"; "sign" reaches the agent, which fails' equals \
    "$(out)" 'passed [(11, 0, 12)]
too long None
longest b'"'\\x05'"'
empty None
huge None
three at once [5, 12, 5]
byte by byte 12
of 40 at once 32
afterwards 12'

# Agents that misbehave.
cat >agent.py <<'END'
import os, socket, struct, sys
path, reply = sys.argv[1], bytes.fromhex(sys.argv[2])
s = socket.socket(socket.AF_UNIX)
s.bind(path)
s.listen(5)
while True:
    c, _ = s.accept()
    c.recv(65536)
    c.sendall(reply)
    c.close()
END
n=0
for reply in '' 0000 00000001 ffffffff0c 0000000006 0000000106 000000010e \
    000000020c0000ff 00000000; do
	n=$((n + 1))
	"$PYTHON" agent.py "$TMP/agent$n" "$reply" &
	at_exit kill $!
	for ((i = 0; i < 50; i++)); do
		[ -S "agent$n" ] && break
		sleep 0.1
	done
	check "an agent that answers <$reply>" expect_status 1 connect -q -i ed \
	    -o "ForwardAgent=$TMP/agent$n" $host ssh-add -l
done
check 'no agent there' expect_status 1 connect -q -i ed \
    -o "ForwardAgent=$TMP/none" $host ssh-add -l

# Our own.
unset SSH_AUTH_SOCK
new_vault
pk -q import rsa >/dev/null || fail import "exit $?"
at_exit "$PEMKEEP" -q agent --stop
check 'a key of the vault' expect_status 0 connect -q -k rsa $host echo in
check '-A: our agent' expect_status 9 connect -q -A -k rsa $host \
    "ssh-add -l && ssh-add -T '$TMP/rsa.pub'; ssh-add -D || exit 9"
check '-A: it has the key' contains "$(out)" \
    "$(ssh-keygen -lf rsa.pub | cut -d ' ' -f 2)"
check '-A: and still has it' contains "$(pk keys)" rsa
check 'no such key in the vault' expect_status 255 connect -k nokey $host true
check 'no such key in the vault: says so' contains "$(err)" "'nokey'"
done_testing
