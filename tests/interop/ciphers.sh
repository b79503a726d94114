#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: with every cipher and MAC that is offered data come through
# a real sshd unharmed, both ways, in packets of all sizes and with new keys in
# between; and what was damaged on the way, or is no packet at all, ends the
# connection with a clear error before any of it is passed on.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/tools/sshd.sh
. "$SRC/tests/tools/sshd.sh"

key ed25519 ed
host=ubuntu@127.0.0.1
gcm='aes256-gcm@openssh.com aes128-gcm@openssh.com'
ctr='aes256-ctr aes192-ctr aes128-ctr'
macs='hmac-sha2-256-etm@openssh.com hmac-sha2-512-etm@openssh.com
hmac-sha2-256 hmac-sha2-512'

# there_and_back BYTES CIPHER MAC: what arrives there, and what comes back, are
# the same; odd pieces here and there.
there_and_back()
{
	local in_check=1
	head -c "$1" big | "$PYTHON" "$SRC/tests/tools/odd.py" 1 |
	    connect -i ed -o "Ciphers=$2" -o "MACs=$3" $host \
		"tee there | '$PYTHON' '$SRC/tests/tools/odd.py' 2" |
	    sha256sum >back
	equals "${PIPESTATUS[*]}" '0 0 0 0' &&
	    equals "$(cat back)" "$(head -c "$1" big | sha256sum)" &&
	    equals "$(sha256sum <"$D/homes/ubuntu/there")" "$(cat back)"
}

head -c 100000000 /dev/urandom >big
sshd_start 'RekeyLimit 1M' 'Ciphers +aes192-ctr' || fail 'sshd' "$(cat "$D/log")"
for cipher in $gcm; do
	check "100 MB there and back, new keys each MB: $cipher" \
	    there_and_back 100000000 "$cipher" hmac-sha2-256
done
for cipher in $ctr; do
	for mac in $macs; do
		check "5 MB there and back: $cipher, $mac" \
		    there_and_back 5000000 "$cipher" "$mac"
	done
done
sshd_stop
sshd_start || fail 'sshd' "$(cat "$D/log")"
for pair in aes256-ctr,hmac-sha2-256-etm@openssh.com aes128-ctr,hmac-sha2-512; do
	check "100 MB there and back: $pair" \
	    there_and_back 100000000 "${pair%,*}" "${pair#*,}"
done

# One bit of what the server sends is wrong, anywhere.  With CTR the length is
# what can be bent to anything.  What was passed on before must be right.
export REAL_PORT=$PORT
awk '{ $1 = "server"; print }' "$known" >known2
head -c 300000 /dev/zero | tr '\0' x >xs
# shellcheck disable=SC2016 # for the inner shell
client=(sh -c 'exec "$@" >seen' - "$TMP/connect" -i ed
    -o "UserKnownHostsFile=$TMP/known2" -o HostKeyAlias=server
    -o ConnectTimeout=5 -p '{port}' "$host")
command='head -c 300000 /dev/zero | tr "\0" x'

damaged()
{
	local line
	"$PYTHON" "$SRC/tests/tools/badserver.py" "$@" >result || return
	read -r line <result
	cat -v result
	[[ $line == status=255\ * ]] && [ "$(wc -l <result)" -le 3 ] &&
	    cmp -n "$(stat -c %s seen)" seen xs && [ "$(stat -c %s seen)" -lt 300000 ]
}

RANDOM=4 # the same each time
for cipher in aes256-gcm@openssh.com aes128-ctr; do
	for mac in $macs; do
		[[ $cipher != *gcm* || $mac == hmac-sha2-256 ]] || continue
		say=(-o "Ciphers=$cipher" -o "MACs=$mac")
		for ((i = 0; i < 24; i++)); do
			# The login, in small packets, then the flood.
			at=$((i < 12 ? 1700 + RANDOM % 1200 : 3300 + RANDOM * 9))
			damaged flip=$at "${client[@]:0:5}" "${say[@]}" \
			    "${client[@]:5}" "$command" >damaged.out 2>&1 ||
			    break
		done
		check "one bit, in 24 places: $cipher, $mac" \
		    test $i = 24 || sed "s/^/# byte $at: /" damaged.out
	done
done

# Lengths and paddings that nobody sends by accident, from a server that has the
# keys.  The library of the system may die of them; ours has them mended.
if ldd "$PEMKEEP" | grep -q libssh2; then
	skip 'packets of wrong lengths' \
	    "this system's own libssh2 is used, which may lack fixes"
	done_testing
fi
wrong()
{
	"$PYTHON" "$SRC/tests/tools/badpackets.py" "$@" "$TMP/bad-host" \
	    "$TMP/connect" -i ed -o "UserKnownHostsFile=$TMP/bad-host" \
	    -o HostKeyAlias=server -o ConnectTimeout=5 -p '{port}' $host true \
	    >wrong.out 2>&1 || { cat wrong.out; return 1; }
	! grep -Ev '^[^ ]+ status=255 seconds=[0-4]\.[0-9] pemkeep: [^|]*\|$' \
	    wrong.out &&
	    [ "$(grep -c "^good.* it says 'all is well'|$" wrong.out)" = 2 ] &&
	    [ "$(wc -l <wrong.out)" -gt 80 ]
}
for pair in aes256-gcm@openssh.com,hmac-sha2-256 aes128-ctr,hmac-sha2-256 \
    aes256-ctr,hmac-sha2-512-etm@openssh.com; do
	check "packets of wrong lengths: $pair" wrong "${pair%,*}" "${pair#*,}"
done
done_testing
