#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: a key file that a stranger may have made is read by a process
# that has this file, little memory and time, and nothing else; meanwhile the agent
# serves the others; and the process ends with whoever wanted it, and with a lock.

. "$SRC/tests/cli/lib.sh"

agent_pid()
{
	pk agent --status --json | sed -n 's/.*"pid": \([0-9]*\).*/\1/p'
}
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
new_vault
pk -q generate one >one.pub
agent=$(agent_pid)
SSH_AUTH_SOCK=$(pk agent --socket)
export SSH_AUTH_SOCK

# 65,536 rounds of the hash, said to be 8,388,607: seconds of work for the reader,
# which then finds the passphrase wrong.
openssl genpkey -quiet -algorithm ed25519 -out plain 2>/dev/null ||
    openssl genpkey -algorithm ed25519 -out plain 2>/dev/null
openssl pkcs8 -topk8 -in plain -v2 aes-256-cbc -v2prf hmacWithSHA512 \
    -iter 65536 -passout pass:words -outform DER -out quick.der
"$PYTHON" - <<'END_PY'
import base64
with open("quick.der", "rb") as f:
    der = f.read()
old, new = b"\x02\x03\x01\x00\x00", b"\x02\x03\x7f\xff\xff"
assert der.count(old) == 1
text = base64.encodebytes(der.replace(old, new)).decode()
with open("slow", "w") as f:
    f.write("-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + text +
            "-----END ENCRYPTED PRIVATE KEY-----\n")
END_PY
chmod 600 slow
reading()
{
	reader=$(pgrep -P "$agent" -f read-key)
}
computing()
{
	reading && [ "$(cut -d ' ' -f 14 "/proc/$reader/stat")" -gt 20 ]
}
# begin: an import that takes its time
begin()
{
	"$PEMKEEP" import --passphrase-fd 9 slow 9< <(printf '%s\n' "$PASS" words \
	    words words) >slow.out 2>slow.err &
	client=$!
	wait_for 20 computing
}

check 'a file that takes its time' begin
limits=$(cat "/proc/$reader/limits")
check 'the reader: processor time' matches "$limits" \
    'Max cpu time +60 +60 +seconds'
if grep -q sanitize "$BUILD/flags"; then
	skip 'the reader: memory' 'AddressSanitizer needs more'
else
	check 'the reader: memory' matches "$limits" \
	    'Max address space +1610612736 +1610612736 +bytes'
fi
check 'the reader: files' matches "$limits" 'Max open files +32 +32 +files'
check 'the reader: what it can write' matches "$limits" \
    'Max file size +65536 +65536 +bytes'
check 'the reader: no core' matches "$limits" 'Max core file size +0 +0 +bytes'
descriptors=$(cd "/proc/$reader/fd" && for fd in *; do
	echo "$fd $(readlink "$fd")"
done)
check 'the reader: the file' contains "$descriptors" "0 $TMP/slow"
check 'the reader: no terminal' contains "$descriptors" '1 /dev/null' \
    '2 /dev/null'
check 'the reader: two pipes' matches "$descriptors" \
    $'3 pipe:[^\n]*\n4 pipe:'
check 'the reader: nothing else' equals "$(wc -l <<<"$descriptors")" 5
check 'the reader: no socket' lacks "$descriptors" socket
check 'the reader: nothing of our environment' equals \
    "$(tr '\0' '\n' <"/proc/$reader/environ" | grep -v -e '^PATH=' \
    -e '^LC_ALL=C$')" ''
check 'the reader: no passphrase among its arguments' lacks \
    "$(tr '\0' ' ' <"/proc/$reader/cmdline")" words
check 'meanwhile: sign' expect_status 0 ssh-add -T one.pub
check 'meanwhile: keys' expect_status 0 timeout 2 "$PEMKEEP" keys
check 'meanwhile: import another one' expect_status 0 \
    timeout 5 "$PEMKEEP" import plain
check 'it is still being read' reading
wait $client
check 'then the passphrase is wrong' equals "$?" 3
check 'then the passphrase is wrong: says so' contains "$(cat slow.err)" \
    "'slow'"
check 'nobody goes on with it' wait_for 5 eval '! reading'

check 'once more' begin
kill -KILL $client
wait $client 2>/dev/null
check 'whoever wanted it is gone: nobody goes on with it' \
    wait_for 2 eval '! reading'
check 'once more' begin
check 'locked meanwhile' expect_status 0 pk lock
check 'locked meanwhile: nobody goes on with it' wait_for 2 eval '! reading'
wait $client
check 'locked meanwhile: the command fails' test $? != 0
check 'locked meanwhile: nothing was imported' lacks "$(pk keys)" slow
pk -q unlock
check 'once more' begin
kill -KILL "$agent"
check 'the agent ends: its child, too' wait_for 2 eval \
    '! kill -0 $reader 2>/dev/null || grep -q "^State:.Z" /proc/$reader/status'
wait $client
check 'the agent ends: the command fails' test $? != 0
check 'the vault is sound' expect_status 0 pk check
done_testing
