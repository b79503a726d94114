#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: a damaged or broken stream of a real server never gets as far as
# a login; in a session it is known that what has come is not all.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/tools/sshd.sh
. "$SRC/tests/tools/sshd.sh"
# shellcheck source=tests/tools/judge.sh
. "$SRC/tests/tools/judge.sh"

key ed25519 ed
bad=$SRC/tests/tools/badserver.py
judged()
{
	"$PYTHON" "$bad" "$1" "${client[@]}" >result || return
	ends 255 2 result
}

# A real server that is known, and its stream damaged at one byte.  What is in
# clear goes into the signed hash, but for the padding; the rest is authenticated.
sshd_start || fail 'sshd' "$(cat "$D/log")"
export REAL_PORT=$PORT
awk '{ $1 = "server"; print }' "$known" >known2
client=("$TMP/connect" -i ed -o "UserKnownHostsFile=$TMP/known2"
    -o HostKeyAlias=server -o ConnectTimeout=2 -p '{port}' ubuntu@127.0.0.1
    'echo through')
judged cut=1000000 >/dev/null
check 'unharmed it goes through' matches "$(cat result)" '^status=0 .*through$'
check 'how many bytes that takes' test "$(grep -c . result)" = 2
through=0
for ((i = 0; i < 3000; i = i < 60 ? i + 7 : i + 37)); do
	judged cut=$i >judged.out 2>&1 ||
	    fail "cut after $i bytes" "$(cat judged.out)"
	judged flip=$i >judged.out 2>&1 && continue
	# Only padding before the encryption may be anything.
	if [[ $(cat result) == status=0*$'\nthrough' ]] && [ $i -lt 1600 ]; then
		through=$((through + 1))
	else
		fail "a bit of byte $i" "$(cat judged.out)"
	fi
done
check 'what went through damaged was hardly anything' test $through -le 3
# Damaged in the middle of the session: what has come is right, and it is known that
# it is not all.
client=(sh -c '"$@" >"$0"' "$TMP/got" "$TMP/connect" -i ed
    -o "UserKnownHostsFile=$TMP/known2" -o HostKeyAlias=server
    -o ConnectTimeout=2 -p '{port}' ubuntu@127.0.0.1
    'head -c 3000000 /dev/zero; echo end')
check 'a long answer, unharmed' contains \
    "$(judged cut=10000000 || tail -c 4 got)" end
for n in 20000 1500000 2990000; do
	for how in flip cut; do
		check "$how at byte $n of the session" judged $how=$n
		check "$how at byte $n: what has come is right" equals \
		    "$(tr -d '\0' <got)" ''
	done
done
check 'and nothing was learned' equals "$(wc -l <known2)" 3
done_testing
