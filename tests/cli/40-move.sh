#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: import --move removes a key file when the very same private
# key is in the vault on the disk, and never before: the last good copy of a key
# is never lost.

. "$SRC/tests/cli/lib.sh"

KEY_PASS='a passphrase of the key'
number=0
# A new Ed25519 key in the file $1.
new_key()
{
	number=$((number + 1))
	ssh-keygen -q -t ed25519 -N "${2-}" -a 4 -C "key $number" -f "$1" &&
	    rm "$1.pub" && cp -p "$1" "$TMP/copy-${1##*/}"
}

# The key in the vault is the one that was in file $1 first.
kept()
{
	rm -f "$TMP/exported"
	pk -q export "$1" -o "$TMP/exported" &&
	    cmp "$TMP/exported" "$TMP/copy-$1"
}

# It removes what it has stored.
new_vault
new_key plain
check 'a key' expect_status 0 pk import --move plain
check 'a key: said that it was removed' contains "$(out)" \
    "imported as 'plain'" 'the file was removed'
check 'a key: said that a backup is needed' contains "$(err)" 'backup' \
    "$vault"
check 'a key: the file is gone' test ! -e plain
check 'a key: it is in the vault' kept plain
new_key locked "$KEY_PASS"
check 'an encrypted key' expect_status 0 \
    with "$PASS" "$KEY_PASS" -- pk9 import --move locked
check 'an encrypted key: the file is gone' test ! -e locked
check 'an encrypted key: comes out encrypted' kept locked
new_key json
check 'JSON' expect_status 0 pk import --move --json json
out >answer.json
check 'JSON: moved' equals \
    "$(json answer.json "[f['moved'] for f in j['imported']]")" True
new_key stays
check 'without --move' expect_status 0 pk import stays
check 'without --move: the file is there' cmp stays copy-stays
check 'without --move: nothing about backups' equals "$(said)" ''

# It is there already.
cp copy-plain again
check 'a key that is there' expect_status 0 pk import --move again
check 'a key that is there: said' contains "$(out)" \
    "already in the vault as 'plain'" 'the file was removed'
check 'a key that is there: the file is gone' test ! -e again
openssl genrsa -traditional -out rsa 2048 2>/dev/null
cp rsa copy-rsa
openssl pkcs8 -topk8 -nocrypt -in rsa -out rsa8
openssl rsa -in rsa -aes128 -traditional -passout "pass:$KEY_PASS" \
    -out rsa-locked 2>/dev/null
cp rsa rsa-openssh
ssh-keygen -q -p -N '' -f rsa-openssh >/dev/null
"$PYTHON" "$SRC/tests/tools/badkeys.py" other-d rsa >rsa-other
chmod 640 rsa*
check 'the same in other formats' expect_status 0 with "$PASS" "$KEY_PASS" -- \
    pk9 import --move rsa rsa8 rsa-openssh rsa-locked
check 'the same in other formats: all are gone' \
    equals "$(echo rsa*)" rsa-other
check 'the same in other formats: the first is kept' kept rsa
check 'the same public key, another private half' expect_status 1 \
    pk import --move rsa-other
check 'another private half: said' contains "$(out)" \
    "NOT the same as in the vault, 'rsa'" 'the file stays: '
check 'another private half: the file is there' test -e rsa-other
check 'another private half: the vault keeps its own' kept rsa

# One file by several names.
new_key twice
check 'a file given twice' expect_status 0 pk import --move twice ./twice
check 'a file given twice: gone' test ! -e twice
check 'a file given twice: nobody says that it stays' lacks "$(out)" stays
check 'a file given twice: kept' kept twice
mkdir folder
new_key folder/inside
check 'a file and its folder' expect_status 0 \
    pk import --move folder folder/inside
check 'a file and its folder: gone' test ! -e folder/inside
check 'a file and its folder: kept' kept inside
new_key linked
ln linked second
ln linked third
check 'a file with several names' expect_status 0 pk import --move linked second
check 'a file with several names: the given ones are gone' \
    equals "$(ls -d linked second third 2>/dev/null)" third
check 'a file with several names: the other one is whole' cmp third copy-linked
check 'a file with several names: closed for others' mode_is 0400 third
new_key target
ln -s target name
check 'a symbolic link' refused 1 "'name'" -- pk import --move name
check 'a symbolic link: both are there' cmp name copy-target

# A folder with this and that: 20 files, 7 of them keys.
mkdir -p mix/deep/er mix/.hidden
new_key mix/one
new_key mix/two.pem
new_key mix/deep/three
new_key mix/deep/er/four
new_key mix/.hidden/five
openssl genrsa -traditional -out mix/six.pem 2048 2>/dev/null
printf '\xef\xbb\xbf' >mix/seven
sed 's/$/\r/' copy-target >>mix/seven
ssh-keygen -y -f copy-one >mix/one.pub
echo "example $(cat mix/one.pub)" >mix/known_hosts
cp mix/one.pub mix/authorized_keys
echo 'Host *' >mix/config
openssl req -x509 -new -key mix/six.pem -subj /CN=x -out mix/cert.pem 2>/dev/null
openssl rsa -in mix/six.pem -pubout -out mix/six.public.pem 2>/dev/null
: >mix/empty
truncate -s 100M mix/huge
head -c 2000 /dev/urandom >mix/noise
ln -s ../target mix/link
ln -s . mix/deep/loop
ln -s /nowhere mix/dangling
mkfifo mix/fifo
echo 'the keys are here' >mix/README
others=$(cd mix && find . -mindepth 1 ! -type d | sort |
    grep -Ev '/(one|two.pem|three|four|five|six.pem|seven)$')
check 'a folder: it holds 20 other things and keys' \
    equals "$(find mix ! -type d | wc -l)" 21
check 'a folder' expect_status 0 timeout 20 "$PEMKEEP" import --move mix
check 'a folder: seven keys' equals "$(out | grep -c ': imported as ')" 7
check 'a folder: seven removed' equals "$(out | grep -c 'file was removed')" 7
check 'a folder: the rest is there' equals \
    "$(cd mix && find . -mindepth 1 ! -type d | sort)" "$others"
check 'a folder: what a link names is there' cmp target copy-target
for name in one two three four five; do
	mv "copy-$name.pem" "copy-$name" 2>/dev/null
	check "a folder: $name is kept" kept $name
done
mkdir -p "$(printf 'd/%.0s' {1..18})"
new_key shallow
cp shallow d/
mv shallow "$(printf 'd/%.0s' {1..18})"
check 'a deep folder' expect_status 0 pk import --move d
check 'a deep folder: below 16 it is left alone' \
    equals "$(find d -type f)" "$(printf 'd/%.0s' {1..18})shallow"

# When the vault cannot be saved, nothing is removed and nothing changed.
for name in first second-key; do
	new_key $name
	chmod 644 $name
done
# limited BLOCKS ARGUMENT...: the keeper, of this command or of all, has the limit
limited()
{
	# shellcheck disable=SC2086 # there may be none
	(ulimit -f "$1" && exec "$PEMKEEP" $keeper "${@:2}")
}
check 'a file size limit: the log is beyond it' test \
    "$(stat -c %s "$state/log")" -gt 2048
for keeper in --no-agent ''; do
	what="a file size limit${keeper:+, $keeper}"
	stop_agent
	remember
	check "$what" expect_status 1 limited 2 import --move first second-key
	check "$what: said" contains "$(err)" "pemkeep: cannot write '$data/" \
	    'File too large'
	check "$what: the log could not be written, either" contains "$(err)" \
	    'warning: nothing can be logged'
	check "$what: the vault is as it was" unchanged
	check "$what: the keys are there" mode_is 0644 first second-key
	check "$what: nothing is left" equals "$(ls -A "$data")" \
	    $'vault\nvault.bak\nvault.lock'
	stop_agent
	check "$what: export" expect_status 1 limited 1 export rsa -o exported2
	check "$what: export: no file" test ! -e exported2
done
stop_agent
check 'a file size limit: the log is whole' expect_status 0 pk log --verify
if find_someone; then
	someone -q init --kdf-memory 64
	as_someone ssh-keygen -q -t ed25519 -N '' -f stored
	someone -q import stored
	mkdir "$theirs/keys"
	cp first "$theirs/keys/first"
	cp second-key "$theirs/second"
	[ "$(id -u)" != 0 ] || chown -R 65534:65534 "$theirs"
	place=$theirs/.local/share/pemkeep
	before=$(sum "$place/vault")
	chmod 500 "$place"
	check "the vault's folder is read-only" refused 1 "$place" \
	    'Permission denied' -- someone import --move keys/first second
	check "the vault's folder is read-only: the keys are there" \
	    mode_is 0644 "$theirs/keys/first" "$theirs/second"
	check "the vault's folder is read-only: the vault is as it was" \
	    equals "$(sum "$place/vault")" "$before"
	check "the vault's folder is read-only: reading goes" \
	    expect_status 0 someone keys
	chmod 700 "$place"
	chmod 500 "$theirs/keys"
	check "the key's folder is read-only" expect_status 1 \
	    someone import --move keys second
	check "the key's folder is read-only: said" contains "$(out)" \
	    "keys/first: imported as 'first'" \
	    'the file stays: cannot remove it: Permission denied'
	check "the key's folder is read-only: the file is there" \
	    cmp "$theirs/keys/first" copy-first
	check "the key's folder is read-only: and closed for others" \
	    mode_is 0400 "$theirs/keys/first"
	check "the key's folder is read-only: the other one is removed" \
	    test ! -e "$theirs/second"
	chmod 700 "$theirs/keys"
	as_someone ssh-keygen -q -t ed25519 -N '' -f unseen
	chmod 500 "$theirs/.local/state/pemkeep"
	check 'the memory of generations is read-only' expect_status 0 \
	    someone import --move unseen
	check 'the memory of generations is read-only: said' \
	    contains "$(said)" 'warning' "$theirs/.local/state/pemkeep/seen"
	check 'the memory of generations is read-only: moved' \
	    test ! -e "$theirs/unseen"
	chmod 700 "$theirs/.local/state/pemkeep"
else
	skip 'read-only folders' 'root, and cannot be another'
fi

# A disk that is full: a file system of our own.
full_disk()
{
	mkdir -p "$TMP/disk"
	mount -t tmpfs -o size=256k,mode=700 none "$TMP/disk" || exit 77
	export HOME=$TMP/disk
	"$PEMKEEP" -q init --kdf-memory 64
	cp "$TMP/first" "$TMP/disk/first"
	head -c 1M /dev/zero >"$TMP/disk/filler" 2>/dev/null
	before=$(sum "$TMP/disk/.local/share/pemkeep/vault")
	"$PEMKEEP" import --move "$TMP/disk/first"
	echo "status $?"
	cmp "$TMP/disk/first" "$TMP/copy-first" && echo 'the file is there'
	[ "$(sum "$TMP/disk/.local/share/pemkeep/vault")" = "$before" ] &&
	    echo 'the vault is as it was'
	rm "$TMP/disk/filler"
	"$PEMKEEP" import --move "$TMP/disk/first" >/dev/null 2>&1
	echo "then status $?"
	[ -e "$TMP/disk/first" ] || echo 'the file is gone'
	"$PEMKEEP" export first -o "$TMP/disk/out" && cmp "$TMP/disk/out" \
	    "$TMP/copy-first" && echo 'it is kept'
	"$PEMKEEP" -q agent --stop
}
export -f full_disk sum
export TMP
unshare -Urm bash -c full_disk >disk.log 2>&1
if [ $? = 77 ] || ! grep -q '^status' disk.log; then
	skip 'a full disk' 'unshare -Urm or a tmpfs in it is not permitted here'
else
	check 'a full disk' contains "$(cat disk.log)" 'status 1' \
	    'No space left on device' 'the file is there' \
	    'the vault is as it was'
	check 'a full disk: when there is room again' contains "$(cat disk.log)" \
	    'then status 0' 'the file is gone' 'it is kept'
fi

# begin FILE...: import --move them, the last one's passphrase being waited for
begin()
{
	rm -f pipe
	mkfifo pipe
	pk --passphrase-fd 9 import --move "$@" 9<pipe \
	    >"$TMP/.out" 2>"$TMP/.err" &
	running=$!
	exec 8>pipe
	echo "$PASS" >&8
	for _ in {1..100}; do
		pgrep -f "^pemkeep \(ask\) .*Passphrase of '${*: -1}'" \
		    >/dev/null && return
		sleep 0.1
	done
}
# Give it, and wait for the end.
go_on()
{
	printf '%s\n' "$KEY_PASS" >&8
	exec 8>&-
	wait $running
}

# A file that was replaced while a passphrase was waited for.
new_key replaced
new_key waiting "$KEY_PASS"
new_key other
new_key changed
new_key written
begin replaced changed waiting
mv other replaced
cat written >changed
check 'replaced meanwhile: others can read the vault' expect_status 0 pk keys
go_on
status=$?
check 'replaced meanwhile: it is not removed' cmp replaced copy-other
check 'replaced meanwhile: it fails' equals "$status" 1
check 'replaced meanwhile: what was read first is in the vault' kept replaced
check 'replaced meanwhile: the other file is moved' test ! -e waiting
check 'changed meanwhile: it is not removed' cmp changed written
check 'changed meanwhile: what was read first is in the vault' kept changed

# A vault that was locked meanwhile has forgotten what was read.
new_key forgotten
new_key slow "$KEY_PASS"
begin forgotten slow
check 'locked meanwhile' expect_status 0 pk lock
check 'locked meanwhile: by now it is unlocked' expect_status 0 pk unlock
remember
go_on
check 'locked meanwhile: it fails' equals $? 3
check 'locked meanwhile: said' contains "$(err)" 'nothing was imported' \
    'hint: run the command again'
check 'locked meanwhile: nothing was imported' unchanged
check 'locked meanwhile: the files are there' \
    equals "$(cat forgotten slow | sum /dev/stdin)" \
    "$(cat copy-forgotten copy-slow | sum /dev/stdin)"
check 'locked meanwhile: again' expect_status 0 \
    with "$PASS" "$KEY_PASS" -- pk9 import --move forgotten slow

# More files than go into one save: none is touched before all are stored.
mkdir many
for n in {001..260}; do
	ssh-keygen -q -t ed25519 -N '' -C '' -f many/k$n && rm many/k$n.pub
done
cp -a many many.copy
files()
{
	cat "$1"/k* | sum /dev/stdin
}
check 'many: some of them' expect_status 0 pk -q import many/k{001..256}
chmod 644 many/*
stop_agent
# Room for what is there, and not for four more.
check 'many: the second save fails' expect_status 1 \
    bash -c 'ulimit -f "$1" && exec "${@:2}"' - \
    $(($(stat -c %s "$vault") / 1024 + 2)) "$PEMKEEP" import --move many
stop_agent
check 'many: the second save fails: said' contains "$(err)" 'File too large' \
    'the keys of 256 files are in the vault by now; no file was touched' \
    'hint: run the command again'
check 'many: the second save fails: all files are there' \
    equals "$(files many)" "$(files many.copy)"
check 'many: the second save fails: no mode was set' \
    mode_is 0644 many/k001 many/k256
# The first file once more, as the last one of the second save.
check 'many' expect_status 0 pk import --move many many/k001 ./many/k002
check 'many: each is named as moved' equals \
    "$(out | grep -c 'the file was removed')" 262
check 'many: nobody says that one is missing' lacks "$(err)" exist
check 'many: all are gone' equals "$(ls many)" ''
for n in 001 002 256 260; do
	cp many.copy/k$n copy-k$n
	check "many: k$n is kept" kept k$n
done

# Removing a file must not take more away than the key.
new_key extra
check 'more than the key: the key is there' expect_status 0 pk import extra
{ cat copy-extra; echo 'and the only note of something else'; } >bundle
cp bundle bundle.copy
check 'more than the key: it stays' expect_status 1 pk import --move bundle
check 'more than the key: said' contains "$(out)" 'the file stays' 'more than'
check 'more than the key: as it was' cmp bundle bundle.copy

# A name that is no UTF-8 is kept in a form that is.
new_key bytes
mv bytes $'\xff\xfe.pem'
check 'bytes for a name' expect_status 0 \
    pk import --move --name bytes $'\xff\xfe.pem'
check 'bytes for a name: the record is sound' expect_status 0 pk check
check 'bytes for a name: kept' kept bytes
done_testing
