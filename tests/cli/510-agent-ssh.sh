#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: OpenSSH's own programs, git and what signs with ssh keys work
# with the agent, on a real sshd; and a machine that the agent is forwarded to can
# sign, and nothing else.

. "$SRC/tests/cli/lib.sh"

sshd=$(command -v sshd || echo /usr/sbin/sshd)
[ -x "$sshd" ] || {
	skip 'ssh' 'sshd is not installed'
	done_testing
}
if [ "$(id -u)" = 0 ] && ! mkdir -p /run/sshd; then
	skip 'ssh' 'sshd cannot run as root here'
	done_testing
fi

new_vault
for kind in ed25519:256 rsa:2048 rsa:4096 ecdsa:256 ecdsa:521; do
	name=${kind%:*}${kind#*:}
	ssh-keygen -q -t "${kind%:*}" -b "${kind#*:}" -m PEM -N '' -C '' \
	    -f "$name"
	pk -q import "$name" >/dev/null
done
SSH_AUTH_SOCK=$(pk agent --socket)
export SSH_AUTH_SOCK

# ssh-add
check 'ssh-add -l' expect_status 0 ssh-add -l
listed=$(out)
for pub in *.pub; do
	check "ssh-add -l: ${pub%.pub}" contains "$listed" \
	    "$(ssh-keygen -lf "$pub" | cut -d ' ' -f 1,2) ${pub%.pub} ("
	check "ssh-add -T ${pub%.pub}" expect_status 0 ssh-add -T "$pub"
done
check 'ssh-add -L' expect_status 0 ssh-add -L
check 'ssh-add -L: the public halves' equals \
    "$(out | cut -d ' ' -f 1,2 | sort)" "$(cut -d ' ' -f 1,2 ./*.pub | sort)"
ssh-keygen -q -t ed25519 -N '' -C '' -f stranger
check 'ssh-add: takes no key' expect_status 1 ssh-add stranger
check 'ssh-add -t, -c: neither' expect_status 1 ssh-add -t 60 -c stranger
ssh-keygen -q -t ed25519 -N '' -C '' -f host
echo "host $(cut -d ' ' -f 1,2 host.pub)" >known-for-h
check 'ssh-add -h: no constraints' expect_status 1 \
    ssh-add -H "$TMP/known-for-h" -h host stranger
check 'ssh-add -d: removes none' expect_status 1 ssh-add -d ed25519256.pub
check 'ssh-add -D: removes none' expect_status 1 ssh-add -D
check 'ssh-add -s: loads nothing' expect_status 1 \
    ssh-add -s /usr/lib/none.so </dev/null
check 'ssh-add: all are there' equals "$(ssh-add -l | wc -l)" 5
check 'the vault has them, too' equals \
    "$(pk keys --json | grep -c '"fingerprint"')" 5
printf '#!/bin/sh\necho "word for ssh-add"\n' >answer
printf '#!/bin/sh\necho "another word"\n' >wrong
chmod 755 answer wrong
with_word()
{
	SSH_ASKPASS=$TMP/$1 SSH_ASKPASS_REQUIRE=force ssh-add "$2"
}
check 'ssh-add -x' expect_status 0 with_word answer -x
check 'ssh-add -x: no keys' contains "$(ssh-add -l)" 'no identities'
check 'ssh-add -x: no signatures' expect_status 1 ssh-add -T rsa2048.pub
check 'ssh-add -X: wrong' expect_status 1 with_word wrong -X
check 'ssh-add -x: commands work all the same' expect_status 0 pk keys
check 'ssh-add -X' expect_status 0 with_word answer -X
check 'ssh-add -X: keys' equals "$(ssh-add -l | wc -l)" 5

# ssh-keygen -Y
echo 'some text' >text
for key in ed25519256 rsa2048 ecdsa256; do
	echo "me $(cut -d ' ' -f 1,2 $key.pub)" >signers
	rm -f text.sig
	check "ssh-keygen -Y sign: $key" expect_status 0 \
	    ssh-keygen -Y sign -q -n file -f $key.pub text
	check "ssh-keygen -Y verify: $key" expect_status 0 \
	    ssh-keygen -Y verify -q -n file -f signers -I me -s text.sig <text
done

# A server.
port=
start_sshd()
{
	cat ./*.pub >authorized
	chmod 600 authorized
	for _ in 1 2 3 4 5; do
		port=$((20000 + RANDOM % 20000))
		cat >sshd.conf <<END
Port $port
ListenAddress 127.0.0.1
HostKey $TMP/host
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AuthorizedKeysFile $TMP/authorized
AllowAgentForwarding yes
SetEnv HOME=$TMP
Subsystem sftp internal-sftp
END
		"$sshd" -D -e -f sshd.conf 2>sshd.log &
		server=$!
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			ssh-keyscan -p "$port" 127.0.0.1 >known 2>/dev/null
			[ -s known ] && at_exit kill "$server" && return
			kill -0 "$server" 2>/dev/null || break
			sleep 0.2
		done
	done
	return 1
}
if ! start_sshd; then
	skip 'ssh, scp, git' "no sshd: $(head -n 3 sshd.log | tr '\n' ' ')"
	done_testing
fi
me=$(id -un)
cat >ssh.conf <<END
Host *
	HostName 127.0.0.1
	Port $port
	User $me
	UserKnownHostsFile $TMP/known
	GlobalKnownHostsFile none
	BatchMode yes
	IdentitiesOnly no
	IdentityFile none
	PreferredAuthentications publickey
END
by_ssh()
{
	ssh -F ssh.conf "$@"
}
check 'ssh' expect_status 0 by_ssh server 'echo hello; exit 0'
check 'ssh: it was there' contains "$(out)" hello
for key in ed25519256 rsa2048 rsa4096 ecdsa256 ecdsa521; do
	check "ssh with $key" expect_status 0 by_ssh -o IdentitiesOnly=yes \
	    -i $key.pub server true
done
head -c 300000 /dev/urandom >big
check 'scp there' expect_status 0 scp -q -F ssh.conf big "server:$TMP/copy"
check 'scp: all of it' cmp big copy
if command -v git >/dev/null; then
	git init -q --bare repo.git
	git init -q work
	git -C work -c user.name=me -c user.email=me@here commit -q \
	    --allow-empty -m first
	check 'git push over ssh' expect_status 0 env \
	    GIT_SSH_COMMAND="ssh -F $TMP/ssh.conf" \
	    git -C work push -q "server:$TMP/repo.git" HEAD:main
	check 'git clone over ssh' expect_status 0 env \
	    GIT_SSH_COMMAND="ssh -F $TMP/ssh.conf" \
	    git clone -q -b main "server:$TMP/repo.git" cloned
	git -C work config gpg.format ssh
	git -C work config user.signingkey "$TMP/ed25519256.pub"
	check 'git signs a commit' expect_status 0 git -C work -c user.name=me \
	    -c user.email=me@here commit -q -S --allow-empty -m second
else
	skip 'git' 'git is not installed'
fi

# Forwarded: what the other side can do with the socket it gets.
cat >remote.py <<'END'
import os, socket, struct, sys

def string(b):
    return struct.pack(">I", len(b)) + b

def ask(kind, body=b""):
    s = socket.socket(socket.AF_UNIX)
    s.connect(os.environ["SSH_AUTH_SOCK"])
    s.settimeout(20)
    s.sendall(struct.pack(">IB", len(body) + 1, kind) + body)
    head = s.recv(5)
    return head[4] if len(head) == 5 else None

vault, seen, last = sys.argv[1], sys.argv[2], int(sys.argv[3])
hello = struct.pack(">I", 1) + string(vault.encode()) + string(seen.encode())
bodies = {
    1: hello, 2: b"\0" + string(b"guess") + bytes(4), 3: b"\1" + bytes(4),
    9: string(b"rsa2048"), 10: string(b"x") * 3, 12: string(b"new") +
    string(b"ed25519") + bytes(4), 14: b"", 16: string(b"rsa2048"),
    17: string(b"rsa2048") + string(b"stolen"),
    18: struct.pack(">I", 1) + string(b"rsa2048"), 19: bytes(8),
    21: b"", 22: string(b"/x"), 23: string(b"rsa2048") + b"\0",
    24: string(b"p"), 26: bytes(4)}
for kind in range(1, last + 1):
    for body in bodies.get(kind, b""), b"", bytes(8), hello:
        if kind == 11 and not body:     # the list, in the ssh-agent protocol
            continue
        answer = ask(kind, body)
        if answer != 5:
            print("request %d: answer %s" % (kind, answer))
print("asked up to", last)
END
# The highest of enum control_request.
last=$(sed -n '/^enum control_request/,/^};/s/^.CONTROL_[A-Z]* = \([0-9]*\).*/\1/p' \
    "$SRC/src/agent/control.h" | sort -n | tail -n 1)
check 'control requests are known' test "${last:-0}" -ge 26
python=$(command -v "$PYTHON")
before=$(pk keys --json)
check 'ssh -A' expect_status 0 by_ssh -A server \
    "$python $TMP/remote.py $vault $seen $last"
check 'ssh -A: every control request is refused' equals "$(out)" \
    "asked up to $last"
check 'ssh -A: the vault is as it was' equals "$(pk keys --json)" "$before"
check 'ssh -A: what was refused is logged' test \
    "$(pk log --json | grep -c '"refused"')" -gt 20
check 'ssh -A: and unlocked' expect_status 0 pk agent --status
check 'ssh -A: it can list and sign' expect_status 0 by_ssh -A server \
    "ssh-add -l >/dev/null && ssh-add -T $TMP/rsa2048.pub"
check 'ssh -A: it cannot add or remove' expect_status 0 by_ssh -A server \
    "! ssh-add $TMP/stranger && ! ssh-add -D"
if ssh -V 2>&1 | grep -qE 'OpenSSH_(8\.9|9|[1-9][0-9])'; then
	check 'ssh -A: it cannot lock the socket' expect_status 1 \
	    by_ssh -A server "SSH_ASKPASS=$TMP/answer \
	    SSH_ASKPASS_REQUIRE=force ssh-add -x"
	check 'ssh -A: it is not locked' equals "$(ssh-add -l | wc -l)" 5
	check 'ssh -A: that was logged' contains "$(pk log)" 'lock (forwarded)' \
	    'add a key (forwarded)'
else
	skip 'ssh -A: it cannot lock the socket' 'OpenSSH is older than 8.9'
fi
check 'ssh -A: control.sock is not forwarded' lacks \
    "$(by_ssh -A server env)" control.sock
check 'ssh -A: on to the next machine' expect_status 0 by_ssh -A server \
    "ssh -F $TMP/ssh.conf server true"
pk -q lock
check 'locked: no login' expect_status 255 by_ssh server true
pk -q unlock
check 'unlocked: login' expect_status 0 by_ssh server true
done_testing
