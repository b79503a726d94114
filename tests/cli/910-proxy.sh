#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: plain ssh gets to an instance through 'pemkeep proxy', and to
# nobody else: it finds those that have moved, checks host keys as 'connect' does,
# and neither a stranger at an address of the cache nor a hostile name gets
# anything of it.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

cloud_start pending=0.1 stopping=0.1 || done_testing
known=$state/known_hosts
ln -s "$PEMKEEP" "$TMP/connect"
printf '#!/bin/sh\nexec "%s" "$@"\n' "$PEMKEEP" >"$TMP/pk"
chmod 755 "$TMP/pk"
cloud_account main eu-west-1
export AWS_PROFILE=main
cloud_key main/eu-west-1 web >/dev/null
cloud_instance main/eu-west-1 web key=web tag:env=prod
web=$ID address=$PUBLIC
new_vault
check 'the key is taken in' expect_status 0 pk -q import "$TMP/web"
SOCKET=$(pk agent --socket)

# via NAME COMMAND...: plain ssh, with nothing of its own but the public key
via()
{
	local name=$1
	shift
	ssh -F none -l ubuntu -p "$CLOUD_PORT" \
	    -o "ProxyCommand=$PEMKEEP proxy --port %p $name" \
	    -o "KnownHostsCommand=$PEMKEEP proxy --known-hosts --port %p --host-key %K --as %H $name" \
	    -o UserKnownHostsFile=none -o GlobalKnownHostsFile=none \
	    -o StrictHostKeyChecking=yes -o UpdateHostKeys=no -o BatchMode=yes \
	    -o IdentityAgent="$SOCKET" -o IdentitiesOnly=yes \
	    -o IdentityFile="$TMP/web.pub" -o HostKeyAlias="${ALIAS:-$web}" \
	    "${VIA_OPTIONS[@]}" -- "${HOST:-$web}" "$@" </dev/null
}
VIA_OPTIONS=()
# tried FOLDER: has anybody said there who wants to log in?
tried()
{
	grep -c 'userauth-request' "$1/log" 2>/dev/null || true
}
met()
{
	{ cat "$1/log" 2>/dev/null || true; } |
	    grep -c 'Connection from\|Client protocol version' || true
}

# What cannot be.
refused 2 "'proxy' needs more: NAME" -- pk proxy
refused 2 "'proxy' does not take 'x'" -- pk proxy web x
refused 2 'a name is needed' -- pk proxy ''
refused 2 "--port needs a number from 1 on, not 0" -- pk proxy --port 0 web
refused 2 "70000 is not a port" -- pk proxy --port 70000 web
refused 2 '--host-key and --as belong to --known-hosts' -- \
    pk proxy --host-key NONE web
refused 4 "'wob'" web -- pk proxy wob
refused 4 "'wob'" -- pk proxy --known-hosts wob
refused 7 'the host has shown a key of a kind' -- \
    pk proxy --known-hosts --host-key AAAA web
for bad in 'a b' $'a\nb' '*' '' 'a,b' '|1|x|y' '@revoked' '#'; do
	refused 2 "--as: '" -- pk proxy --known-hosts --as "$bad" web
done
cloud_instance main/eu-west-1 twin key=web
twin=$ID
cloud_instance main/eu-west-1 twin key=web
check 'several' expect_status 5 pk proxy twin
check 'several: they are listed' contains "$(err)" "'twin' is 2 instances" \
    "$twin" "$ID"
equals "$(out)" ''
cloud_instance main/eu-west-1 resting key=web state=stopped
check 'stopped' expect_status 1 pk proxy resting
check 'stopped: says so, and how to go on' contains "$(err)" \
    "'resting' ($ID) is stopped" "connect --start $ID"
cloud_ctl group main/eu-west-1 closed >/dev/null
cloud_instance main/eu-west-1 walled key=web group=closed
refused 8 "cannot connect to '$PUBLIC'" 'security group' -- pk proxy walled

# The bytes, without any SSH: both ways, and each end by itself.
port=$("$PYTHON" - "$TMP/echo" <<'END'
import os, socket, sys
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(8)
print(s.getsockname()[1])
sys.stdout.flush()
if os.fork():
    os._exit(0)
os.close(1)
open(sys.argv[1] + ".pid", "w").write(str(os.getpid()))
while True:
    c, _ = s.accept()
    if os.fork() == 0:
        break
    c.close()
first = c.recv(1)
if first == b"e":           # echo to the end, then one line more
    while True:
        data = c.recv(65536)
        if not data:
            break
        c.sendall(data)
    c.sendall(b"end\n")
elif first == b"h":         # says all it has, and goes on listening
    c.sendall(b"all\n")
    c.shutdown(socket.SHUT_WR)
    n = 0
    while True:
        data = c.recv(65536)
        if not data:
            break
        n += len(data)
    open(sys.argv[1], "w").write("%d" % n)
elif first == b"r":         # is cut off
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
elif first == b"m":         # says more than fits anywhere
    c.sendall(b"x" * (64 << 20))
c.close()
END
)
at_exit eval 'kill "$(cat "$TMP/echo.pid")"'
check 'a static host' expect_status 0 pk -q add raw 127.0.0.1 --port "$port"
head -c 20000000 /dev/urandom >"$TMP/random"
check '20 MB there and back' bash -c \
    '(printf e; cat "$2") | "$0" proxy "$1" >"$3"' "$PEMKEEP" raw \
    "$TMP/random" "$TMP/back"
check 'they are the same, and what came after our end' cmp "$TMP/back" \
    <(cat "$TMP/random"; echo end)
check 'a server that has ended first still hears us' equals "$(
	(printf h; sleep 0.5; head -c 300000 /dev/zero) | pk proxy raw
	for ((i = 0; i < 50; i++)); do
		[ ! -s "$TMP/echo" ] || break
		sleep 0.1
	done
	cat "$TMP/echo")" $'all\n300000'
check 'nothing to say' bash -c '"$0" proxy raw </dev/null | cat' "$PEMKEEP"
check 'nobody reads: it ends' "$PYTHON" -c 'import subprocess, sys
p = subprocess.Popen(sys.argv[1:] + ["proxy", "raw"], stdin=subprocess.PIPE,
                     stdout=subprocess.PIPE)
p.stdin.write(b"m")
p.stdin.flush()
p.stdout.read(1000)
p.stdout.close()
sys.exit(p.wait(20))' "$PEMKEEP"
# With one socket for both ways, as libssh has it, and a server that says nothing
# and does not end either: it gets the last words.
check 'nobody at the socket: it ends' "$PYTHON" -c 'import socket, subprocess, sys
server = socket.create_server(("127.0.0.1", 0))
ours, theirs = socket.socketpair()
p = subprocess.Popen([sys.argv[1], "proxy", "raw", "--port",
                      str(server.getsockname()[1])], stdin=theirs, stdout=theirs)
theirs.close()
there, _ = server.accept()
there.sendall(b"hello")
ours.recv(5, socket.MSG_WAITALL)
ours.sendall(b"x" * 100000)
ours.close()
there.settimeout(20)
said = there.recv(100000, socket.MSG_WAITALL)
sys.exit(p.wait(20) or said != b"x" * 100000)' "$PEMKEEP"
(printf r; sleep 1) | pk proxy raw >"$TMP/.out" 2>"$TMP/.err"
check 'cut off' equals "${PIPESTATUS[1]} $(err)" \
    "8 pemkeep: the connection was cut: Connection reset by peer"

# First contact: proven by the console, remembered under the instance's id.
check 'before: nothing is known' test ! -e "$known"
check 'by ssh' expect_status 0 via web 'whoami; echo $CLOUD_INSTANCE'
check 'it is that one, as the right user' equals "$(out)" $'ubuntu\n'"$web"
check 'its key was proven' contains "$(err)" \
    "The host key of 'web' ($web) is proven by its console: SHA256:"
check 'it is known under its id' equals \
    "$(cut -d ' ' -f 1,2 "$known" | sort)" \
    "[$web]:$CLOUD_PORT ecdsa-sha2-nistp256
[$web]:$CLOUD_PORT ssh-ed25519"
mode_is 0600 "$known"
before=$(cloud_count True)
for name in web "$web" "$address" tag:env=prod main/eu-west-1/web \
    "ubuntu@web:$CLOUD_PORT"; do
	check "by '$name'" expect_status 0 via "$name" 'echo $CLOUD_INSTANCE'
	check "by '$name': it is that one" equals "$(out)" "$web"
	check "by '$name': nothing said" equals "$(err)" ''
done
check 'AWS was not asked about any of them' equals "$(cloud_count True)" "$before"
check 'connect knows it, too' expect_status 0 "$TMP/connect" web true </dev/null
check 'what is known, for people' expect_status 0 pk proxy --known-hosts web
check 'these are the lines of the file' equals "$(out | sort)" "$(sort "$known")"
check 'under another name' expect_status 0 \
    pk proxy --known-hosts --as "[x.y]:22" web
check 'they are' equals "$(out | cut -d ' ' -f 1 | sort -u)" '[x.y]:22'
pk -q lock
check 'a locked vault: nothing is asked' expect_status 255 \
    env -u PEMKEEP_PASSPHRASE_FILE setsid -w bash -c "$(declare -f via)
	PEMKEEP='$PEMKEEP' CLOUD_PORT=$CLOUD_PORT SOCKET='$SOCKET'
	TMP='$TMP' web=$web; VIA_OPTIONS=(); via web true"
check 'it says what is missing' contains "$(err)" 'the vault is locked' \
    'pemkeep unlock' 'Permission denied'
pk -q unlock

# Who never said that the console is wrong.
cloud_instance main/eu-west-1 prints key=web console=prints
ALIAS=$ID check 'only fingerprints on the console' expect_status 0 via prints true
check 'they prove it' contains "$(err)" 'is proven by its console'
cloud_instance main/eu-west-1 mute key=web console=none
mute=$ID
ALIAS=$ID check 'no proof' expect_status 255 via mute true
check 'no proof: says why, and what to do' contains "$(err)" \
    "the host 'mute' ($mute) is not known" 'does not show any' "connect 'mute'"
check 'no proof: no login was tried' equals "$(tried "$CLOUD/hosts/$mute")" 0
check 'no proof: nothing is known' lacks "$(cat "$known")" "$mute"
check 'no proof: no key of its own' equals \
    "$(pk proxy --known-hosts mute 2>/dev/null)" ''
cloud_instance main/eu-west-1 liar key=web
liar=$ID
cloud_ctl host-keys liar new=yes >/dev/null
ALIAS=$ID check 'another key than the console shows' expect_status 255 \
    via liar true
check 'that is an alarm' contains "$(err)" "$liar" 'NOT one that the console'
check 'no login was tried' equals "$(tried "$CLOUD/hosts/$liar")" 0
check 'nothing is known' lacks "$(cat "$known")" "$liar"

# A changed key.
cloud_instance main/eu-west-1 changed key=web
changed=$ID
ALIAS=$ID check 'changed: first contact' expect_status 0 via changed true
cloud_ctl host-keys changed new=yes >/dev/null
: >"$CLOUD/hosts/$changed/log"
ALIAS=$ID check 'another key' expect_status 255 via changed true
check 'an alarm' contains "$(err)" "the host key of '$changed' has CHANGED" \
    "$known"
check 'no login was tried' equals "$(tried "$CLOUD/hosts/$changed")" 0

# restart NAME: as somebody else does it; its address is another one then
restart()
{
	cloud_ctl stop "$1"
	cloud_ctl wait "$1" stopped
	cloud_ctl start "$1"
	cloud_ctl wait "$1" running
	read -r ID PUBLIC _ <<<"$(cloud_ctl find "$1")"
}
restart web
check 'the address is another one' test "$PUBLIC" != "$address"
check 'moved: found' expect_status 0 via web 'echo $CLOUD_INSTANCE'
check 'it is that one' equals "$(out)" "$web"
check 'nobody notices' equals "$(err)" ''
before=$(cloud_count True)
check 'next time it is known' expect_status 0 via web true
check 'AWS was not asked' equals "$(cloud_count True)" "$before"

# A stranger at the address of one that is known: neither trust nor an alarm.
was=$PUBLIC
restart web
stranger=$(cloud_ctl stranger "$was" key="$TMP/web.pub" user=ubuntu)
check 'a stranger has its address' expect_status 255 via web true
check 'it says that it has moved' contains "$(err)" \
    "'web' ($web) is not at $was any more" 'try again'
check 'it is no alarm' lacks "$(err)" CHANGED 'IDENTIFICATION HAS CHANGED'
check 'the stranger was met' test "$(met "$stranger")" -gt 0
check 'but saw no login' equals "$(tried "$stranger")" 0
check 'and again' expect_status 0 via web 'echo $CLOUD_INSTANCE'
check 'it is the right one' equals "$(out)" "$web"

# A stranger at the address of one that was never met: he is not even visited.
cloud_instance main/eu-west-1 new key=web
new=$ID was=$PUBLIC
check 'new is in the cache' expect_status 0 pk -q list --refresh
cloud_ctl move new 127.17.0.1
stranger=$(cloud_ctl stranger "$was" key="$TMP/web.pub" user=ubuntu)
cloud_ctl deny ec2:DescribeInstances
ALIAS=$new check 'AWS may not be asked' expect_status 255 via new true
check 'it says why' contains "$(err)" \
    "the host keys of 'new' ($new) are not known, and its address is from the" \
    ec2:DescribeInstances
check 'the stranger was not met' equals "$(met "$stranger")" 0
check 'nor are keys told' expect_status 6 pk proxy --known-hosts new
check 'none' equals "$(out)" ''
key=$(cloud_ctl host-keys new | grep ed25519 | cut -d ' ' -f 2)
check 'nor is one accepted that the console shows' expect_status 7 \
    pk proxy --known-hosts --host-key "$key" new
check 'it says why' contains "$(err)" 'is from the cache, and may be' \
    ec2:DescribeInstances
check 'nothing is known' lacks "$(cat "$known")" "$new"
cloud_ctl allow
ALIAS=$new check 'AWS may be asked' expect_status 0 via new 'echo $CLOUD_INSTANCE'
check 'it is that one' equals "$(out)" "$new"
check 'the stranger was not met' equals "$(met "$stranger")" 0

# AWS is not needed for one that is known, and where it was.
cloud_ctl fault status action='*' times=0
check 'AWS is down' expect_status 0 via web true
restart web
check 'moved, and AWS is down' expect_status 255 via web true
check 'moved, and AWS is down: says both' contains "$(err)" 'warning: ' \
    "cannot connect to"
cloud_ctl clear

# Static hosts: what is known in all three files.
check 'static' expect_status 0 pk -q add static "$PUBLIC" --port "$CLOUD_PORT"
ALIAS=static HOST=static check 'not known' expect_status 255 via static true
check 'not known: says so, and what to do' contains "$(err)" \
    "the host '$PUBLIC' is not known" "connect 'static'"
cloud_ctl host-keys web | sed "s/^/[$PUBLIC]:$CLOUD_PORT /" >"$TMP/lines"
mkdir -p "$HOME/.ssh"
cp "$TMP/lines" "$HOME/.ssh/known_hosts"
ALIAS=static HOST=static check 'known in ~/.ssh/known_hosts' expect_status 0 \
    via static 'echo $CLOUD_INSTANCE'
check 'it is that one' equals "$(out)" "$web"
sed 's/^/@revoked /' "$TMP/lines" >>"$HOME/.ssh/known_hosts"
ALIAS=static HOST=static check 'revoked' expect_status 255 via static true
check 'revoked: says so' contains "$(err)" 'is revoked'
rm "$HOME/.ssh/known_hosts"
done_testing
