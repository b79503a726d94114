#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: what is done with the vault and its keys stands in the log,
# by whom, without a key's name; whatever is done to the log itself is named, and
# a crash in the middle of an entry is repaired, and that is said.

. "$SRC/tests/cli/lib.sh"

log=$state/log
events()
{
	pk log --json >j && json j '[i["event"] for i in j["events"]]' |
	    tr '\n' ' '
}
# verify FAULT LINE ENTRY...: 'log --verify' names it (and nothing is changed)
verify_names()
{
	local fault=$1 line=$2 status=7
	shift 2
	[ "$fault" != torn ] || status=1
	pk log --verify --json >j
	[ $? = "$status" ] || { echo "exit status"; return 1; }
	equals "$(json j '(j["fault"], j["line"])')" "$fault"$'\n'"$line" &&
	    refused "$status" "$@" -- pk log --verify
}

check 'no log' expect_status 0 pk log
check 'no log: says so' contains "$(err)" 'Nothing has been logged'
check 'no log: sound' expect_status 0 pk log --verify
check 'no log: nothing was made' test ! -e "$state"
check 'no log: JSON' equals "$(events)" ' '

# What is logged.
umask 0
pk -q init --kdf-memory 64
umask 022
check 'modes' mode_is 0600 "$log" "$log.head"
ssh-keygen -q -t ed25519 -N '' -C '' -f first.pem
ssh-keygen -q -t ed25519 -N '' -C '' -f second.pem
pk -q import first.pem second.pem >/dev/null
pk -q import first.pem >/dev/null 2>&1 # is there already
pk -q generate made >made.pub
pk -q export made -o made.pem
pk -q rename made remade
pk -q remove -y remade
pk -q lock
printf 'wrong words\n' >wrong
chmod 400 wrong
PEMKEEP_PASSPHRASE_FILE=$TMP/wrong pk -q keys >/dev/null 2>&1
pk -q keys >/dev/null
printf '%s\nnew words, and many\n' "$PASS" >both
pk -q passwd --passphrase-fd 8 8<both
check 'events, in order' equals "$(events)" 'init import import generate export rename remove lock wrong-passphrase unlock passwd '
pk -q agent --stop
printf 'new words, and many\n' >"$TMP/newpass"
chmod 400 "$TMP/newpass"
export PEMKEEP_PASSPHRASE_FILE=$TMP/newpass
check 'failures are not logged as done' refused 4 "'nobody'" -- \
    pk export nobody -o nobody.pem
check 'failures are not logged as done: rename' refused 1 "'second'" -- \
    pk rename first second
check 'events: those are not there' lacks "$(events)" 'passwd lock export' \
    'unlock export' 'unlock rename'

print=$(ssh-keygen -lf first.pem.pub | cut -d ' ' -f 2)
check 'log' expect_status 0 pk log
check 'log: keys by fingerprint' contains "$(out)" "import" "$print"
check 'log: who' matches "$(out)" 'export +SHA256:[^ ]+ +pemkeep\[[0-9]+\]'
for name in first second made remade; do
	check "log: no name '$name' in the files" equals \
	    "$(grep -c -w "$name" "$log" "$log.head" | grep -vc ':0$')" 0
done
check 'log: no passphrase in the files' equals \
    "$(grep -c -e 'correct horse' -e 'wrong words' "$log")" 0
check 'log: every line is JSON' "$PYTHON" -c 'import json, sys
for line in open(sys.argv[1]):
    json.loads(line)' "$log"
check 'log: times are UTC' matches "$(json j 'j["events"][0]["time"]')" \
    '^20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z$'
check 'log --verify' expect_status 0 pk log --verify
check 'log --verify: says that all is well' contains "$(err)" 'sound'
check 'log: no passphrase is needed' expect_status 0 \
    env -u PEMKEEP_PASSPHRASE_FILE "$PEMKEEP" --no-input log

# A second implementation of the chain.
check 'the chain, by another program' "$PYTHON" - "$log" <<'END'
import hashlib, sys
chain = bytes(32)
for n, line in enumerate(open(sys.argv[1], "rb"), 1):
    head, tail = line.rsplit(b',"chain":"', 1)
    chain = hashlib.sha256(chain + head).digest()
    assert tail == chain.hex().encode() + b'"}\n', n
    assert head.startswith(b'{"seq":%d,' % n), n
seq, last = open(sys.argv[1] + ".head").read().split()
assert int(seq) == n and last == chain.hex()
END

# Signatures.
sock=$(pk agent --socket)
pk -q unlock
echo data >data
SSH_AUTH_SOCK=$sock ssh-keygen -q -Y sign -n file -f first.pem.pub data \
    2>said
check 'sign through the agent' test -s data.sig
check 'sign: logged' expect_status 0 pk log
check 'sign: with key and program' matches "$(out)" \
    "sign +${print//+/[+]} +ssh-keygen\[[0-9]+\]"
pk -q agent --stop
check 'agent stopped: locked' matches "$(events)" 'lock $'

# What is done to the log.
count=$(wc -l <"$log")
last=$((count + 1))
mkdir good
cp -p "$log" "$log.head" good/
again()
{
	cp -p good/log good/log.head "$state/"
}
sed -i '3s/"import"/"export"/' "$log"
check 'a word changed' verify_names changed 3 'line 3' changed '2 entries'
check 'a word changed: log warns' expect_status 0 pk log
check 'a word changed: log warns so' contains "$(err)" 'line 3'
again
sed -i '4s/"seq":4/"seq":9/' "$log"
check 'a number changed' verify_names changed 4 'line 4'
again
sed -i '5d' "$log"
check 'a line deleted' verify_names deleted 5 'before line 5: number 5 to 5'
again
sed -i '1d' "$log"
check 'the first line deleted' verify_names deleted 1 'before line 1'
again
sed -i '5{h;d};6{G}' "$log"
check 'two lines swapped' verify_names reordered 5 'line 5 is not in its place'
again
sed -i '6p' "$log"
check 'a line repeated' verify_names reordered 7 'line 7'
again
sed -i '$d' "$log"
check 'the last line deleted' verify_names truncated "$count" \
    "number $count to $count"
again
: >"$log"
check 'all lines deleted' verify_names truncated 1 "number 1 to $count"
rm "$log"
check 'the log removed' verify_names truncated 1 "number 1 to $count"
again
truncate -s -5 "$log"
check 'the end cut off' verify_names truncated "$count" 'missing at the end'
again
rm "$log.head"
check 'the head removed' verify_names head 0 'head is missing'
again
echo x >"$log.head"
check 'the head damaged' verify_names head 0 'head is missing or damaged'
again
echo '{"seq":1}' >>"$log"
check 'a line added' verify_names changed "$last" "line $last"
again
printf '\xff\x1b[2J\n' >>"$log"
check 'rubbish added' verify_names changed "$last" "line $last"
check 'rubbish added: log shows the rest' expect_status 0 pk log
check "rubbish added: and nothing that a terminal obeys" safe "$TMP/.out" "$TMP/.err"

# What was cut off stays missing.
again
sed -i '$d' "$log"
sed -i '$d' "$log"
pk -q keys >/dev/null
check 'lines deleted, then more written' verify_names deleted \
    "$((count - 1))" 'are missing before line'
check 'lines deleted, then more written: the log says so' matches \
    "$(pk log 2>/dev/null)" 'repaired .*2 lines were missing'
pk -q agent --stop

# A crash in the middle of an entry.
again
printf '{"seq":%d,"time":"2026-' "$last" >>"$log"
check 'half a line' verify_names torn "$last" 'not complete'
pk -q keys >/dev/null
check 'half a line: the next entry repairs it' expect_status 0 pk log --verify
check 'half a line: and says so' matches "$(pk log)" \
    'repaired .*[0-9]+ bytes of a line dropped'
pk -q agent --stop

# A log that cannot be written keeps nobody from their keys.
rm -f "$log" "$log.head"
mkdir "$log"
check 'a log that cannot be written: a warning' expect_status 0 pk keys
check 'a log that cannot be written: says so' contains "$(err)" \
    'nothing can be logged'
rmdir "$log"
pk -q agent --stop
rm -f "$log" "$log.head"
ln -s "$TMP/elsewhere" "$log"
check 'a link in place of the log: a warning' expect_status 0 pk keys
check 'a link in place of the log: is not followed' test ! -e elsewhere
check 'a link in place of the log: log' refused 1 "'$log'" -- pk log
done_testing
