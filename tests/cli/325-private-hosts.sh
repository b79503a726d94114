#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: an address of a private network says nothing about who
# answers there, so a host at one is never accepted unseen: StrictHostKeyChecking=
# accept-new asks.  Loopback and public addresses are accepted as with ssh.

. "$SRC/tests/cli/lib.sh"

# A network of its own, with whatever addresses we like.
if [ -z "${IN_NETWORK-}" ]; then
	how=-n
	unshare $how true 2>/dev/null || how=-Urn
	if unshare $how true 2>/dev/null; then
		tests_done=1
		IN_NETWORK=1 exec unshare $how "$SRC/tests/cli/${0##*/}"
	fi
	skip 'private addresses' 'there can be no network of our own here (unshare)'
	done_testing
fi
"$PYTHON" - 10.77.0.1 192.168.7.7 100.64.9.9 198.51.100.7 <<'END'
import fcntl, socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(s, 0x8914, struct.pack("16sh", b"lo", 0x49))  # up
for i, address in enumerate(sys.argv[1:]):
    fcntl.ioctl(s, 0x8916, struct.pack("16sHH4s8x", b"lo:%d" % i, socket.AF_INET,
                                       0, socket.inet_aton(address)))
try:
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    for address in "fd00::77", "2001:db8::77":
        fcntl.ioctl(s, 0x8916, struct.pack(
            "16sIi", socket.inet_pton(socket.AF_INET6, address), 128,
            socket.if_nametoindex("lo")))
except OSError:
    pass  # there is no IPv6 here
END

# shellcheck source=tests/tools/sshd.sh
. "$SRC/tests/tools/sshd.sh"
export PYTHONDONTWRITEBYTECODE=1
bad=$SRC/tests/tools/badsession.py
ssh-keygen -q -t ed25519 -N '' -f ed

# at ADDRESS STATUS OPTION...: connect there
at()
{
	local wanted=$2
	export BAD_ADDRESS=$1
	shift 2
	"$PYTHON" "$bad" session-fine "$TMP/connect" -i ed -p '{port}' \
	    -o "UserKnownHostsFile=$known" "$@" "ubuntu@$BAD_ADDRESS" true \
	    >result 2>&1
	cat result
	[ "$(sed 's/ .*//;q' result)" = "status=$wanted" ]
}
# asked ADDRESS STEP...: the same at a terminal, with accept-new
asked()
{
	local address=$1
	export BAD_ADDRESS=$1
	shift
	"$PYTHON" "$bad" session-fine "$PYTHON" "$SRC/tests/tools/onterminal.py" \
	    "$@" -- "$TMP/connect" -i ed -p '{port}' \
	    -o "UserKnownHostsFile=$known" -o StrictHostKeyChecking=accept-new \
	    -o HostKeyAlias=box "ubuntu@$address" true >result 2>&1
	cat result
	[ "$(sed 's/ .*//;q' result)" = status=0 ]
}
has()
{
	"$PYTHON" -c 'import socket, sys
socket.socket(socket.AF_INET6).bind((sys.argv[1], 0))' "$1" 2>/dev/null
}

private=(10.77.0.1 192.168.7.7 100.64.9.9)
public=(127.0.0.1 198.51.100.7)
if has fd00::77 && has 2001:db8::77; then
	private+=(fd00::77)
	public+=(2001:db8::77 ::1)
else
	skip 'IPv6' 'there is none here'
fi
for address in "${private[@]}"; do
	check "$address: accept-new is not enough" \
	    at "$address" 255 -o StrictHostKeyChecking=accept-new
	check "$address: says why, and what to do" contains "$(cat result)" \
	    "'$address' is not known" 'private address' 'hint: ' 'terminal'
	check "$address: nothing learned" test ! -e "$known"
	check "$address: no" asked "$address" 'expect=private address.*Go on' \
	    'send=no\r' status=255 clean
	check "$address: nothing learned" test ! -e "$known"
	check "$address: yes" asked "$address" "expect='box' \\($address" \
	    'expect=Go on' 'send=yes\r' status=0
	check "$address: learned" grep -q '^box ssh-ed25519' "$known"
	check "$address: now it is known" at "$address" 0 -o HostKeyAlias=box \
	    -o StrictHostKeyChecking=accept-new
	rm -f "$known"
	check "$address: no checking is no checking" \
	    at "$address" 0 -o StrictHostKeyChecking=no
	rm -f "$known"
done
for address in "${public[@]}"; do
	check "$address: accept-new is enough" \
	    at "$address" 0 -o StrictHostKeyChecking=accept-new
	check "$address: learned" grep -q "^\[$address\]:.* ssh-ed25519" "$known"
	rm -f "$known"
done
done_testing
