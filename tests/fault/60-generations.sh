#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Goal of this test: an old copy put back, and two copies gone different ways,
# are noticed by a machine that knows better; nothing else is; and a lost or
# broken memory never stops a save.  (FORMAT.md, chapter 9.)

# shellcheck source=tests/fault/lib.sh
. "$(dirname "$0")/lib.sh"

at=$work/at
is "a scene" "$vaultop" "$work/base" make

start() {
	fresh "$at"
}

# The vault of one scene into another: synchronised by hand.
carry() { # FROM TO
	rm -f "$2"
	cp "$1" "$2"
	chmod 400 "$2"
}

says() { # KEY
	sed -n "s/^$1 //p" "$work/check"
}

# state NAME GENERATION NOTE BEGIN [VAULTOP-OPTION...]
state() {
	name=$1
	generation=$2
	note=$3
	begin=$4
	shift 4
	"$vaultop" "$@" "$at" check >"$work/check" 2>&1
	same "$name" "$generation/$note/$begin" \
	    "$(says generation)/$(says note | one_line)/$(says begin)"
}

# newest NAME [VAULTOP-OPTION...]: above generation 4, no note, can be saved
newest() {
	name=$1
	shift
	"$vaultop" "$@" "$at" check >"$work/check" 2>&1
	if [ "$(says generation)" -gt 4 ] &&
	    [ "$(says note)/$(says begin)" = /OK ]; then
		ok "$name"
	else
		not_ok "$name: $(cat "$work/check")"
	fi
}

remembered() {
	sed -n '$s/^[0-9a-f]* \([0-9]*\) .*/\1/p' "$at/s/seen" 2>/dev/null
}

start
state "the same machine, nothing happened" 3 "" OK

# Rolled back.
"$vaultop" "$at" put
"$vaultop" "$at" remove
carry "$work/base/v/vault" "$at/v/vault"
state "an old copy put back: read with a note, no saving" \
    3 rollback EROLLBACK
refuses "an old copy put back: put" EROLLBACK "$vaultop" "$at" put x-needle
refuses "an old copy put back: passwd" EROLLBACK "$vaultop" "$at" passwd
same "an old copy put back: it is not touched" \
    "$(cksum <"$work/base/v/vault")" "$(cksum <"$at/v/vault")"
same "an old copy put back: the memory stays" 5 "$(remembered)"
carry "$at/old" "$at/v/vault"
state "an older one yet" 2 rollback EROLLBACK

# The way back.
start
"$vaultop" "$at" put
carry "$at/v/vault" "$work/four"
"$vaultop" "$at" remove
is "restore: an old file becomes the newest" \
    "$vaultop" "$at" restore "$work/four"
state "restore: one above all that was seen" 6 "" OK
same "restore: its records are there" 4 "$(says count)"
is "restore: and can be saved" "$vaultop" "$at" put needle-after
state "restore: then it goes on" 7 "" OK

start
"$vaultop" "$at" put
carry "$work/base/v/vault" "$at/v/vault"
is "restore what was rolled back to: accepts it" \
    "$vaultop" "$at" restore "$work/base/v/vault"
state "restore what was rolled back to: no alarm any more" 5 "" OK

start
is "restore the vault's own .bak" \
    "$vaultop" "$at" restore "$at/v/vault.bak"
state "restore the vault's own .bak: newest" 4 "" OK

start
"$vaultop" "$at" put
head -c 3000 "$at/v/vault" >"$work/cut"
carry "$work/cut" "$at/v/vault"
refuses "a damaged vault does not open" EDAMAGED "$vaultop" "$at" check
is "a damaged vault: .bak restores" \
    "$vaultop" "$at" restore "$at/v/vault.bak"
state "a damaged vault: restored, above what was seen" 5 "" OK
start
rm -f "$at/v/vault"
refuses "a lost vault" ENOVAULT "$vaultop" "$at" check
is "a lost vault: .bak restores" \
    "$vaultop" "$at" restore "$at/v/vault.bak"
state "a lost vault: restored" 4 "" OK
start
cp -a "$work/base/v/vault" "$work/cut-copy"
chmod 600 "$work/cut-copy"
echo x >>"$work/cut-copy"
refuses "restore refuses a damaged file" EDAMAGED \
    "$vaultop" "$at" restore "$work/cut-copy"
refuses "restore refuses another passphrase" EPASSPHRASE \
    "$vaultop" -p wrong "$at" restore "$work/four"
refuses "restore refuses a missing file" ENOVAULT \
    "$vaultop" "$at" restore "$work/nothing"
same "restore refused: the vault is as it was" \
    "$(cksum <"$work/base/v/vault")" "$(cksum <"$at/v/vault")"

# Other machines: the second has its own memory.
start
"$vaultop" -s "$work/seen2" "$at" put needle-there
state "newer, from another machine: accepted" 4 "" OK
same "newer, from another machine: remembered" 4 "$(remembered)"
start
for i in $(seq 16); do
	"$vaultop" -s "$work/seen3" "$at" put "needle-$i"
done
state "16 saves ahead: it can prove its descent" 19 "" OK
start
for i in $(seq 17); do
	"$vaultop" -s "$work/seen4" "$at" put "needle-$i"
done
state "17 saves ahead: it cannot" 20 fork EFORK
same "17 saves ahead: not remembered" 3 "$(remembered)"
is "17 saves ahead: restore takes it in" \
    "$vaultop" "$at" restore "$at/v/vault"
state "17 saves ahead: then it is the newest" 21 "" OK

# Forked: both machines save generation 4.
start
carry "$at/v/vault" "$work/common"
"$vaultop" "$at" put needle-here
carry "$at/v/vault" "$work/here"
carry "$work/common" "$at/v/vault"
"$vaultop" -s "$work/seen5" "$at" put needle-there
carry "$at/v/vault" "$work/there"
cp "$work/seen5" "$work/seen6"
state "two copies, the same generation: fork" 4 fork EFORK
refuses "two copies: put" EFORK "$vaultop" "$at" put needle-x
"$vaultop" -s "$work/seen5" "$at" put needle-more
state "two copies, a newer generation: fork" 5 fork EFORK
carry "$work/here" "$at/v/vault"
state "two copies: ours is fine" 4 "" OK
is "two copies: restore takes the other" \
    "$vaultop" "$at" restore "$work/there"
newest "two copies: the other is the newest now"
newest "two copies: the other machine accepts it" -s "$work/seen6"

# A restore that another machine sees.
start
cp -a "$at/s/seen" "$work/seen7"
"$vaultop" "$at" put
"$vaultop" -s "$work/seen7" "$at" list >/dev/null
"$vaultop" "$at" restore "$work/base/v/vault"
state "restored here: a machine that saw the replaced one follows" 5 "" OK \
    -s "$work/seen7"

# Another vault in its place is no rollback.
start
"$vaultop" "$work/foreign" make
carry "$work/foreign/v/vault" "$at/v/vault"
state "another vault in its place: new here" 3 "" OK
same "another vault in its place: the first stays known" 3 \
    "$(grep -c . "$at/s/seen" | awk '{ print $1 - 1 }')"

# The memory itself.
start
rm "$at/s/seen"
state "no memory: new here" 3 "" OK
same "no memory: now there is one" 3 "$(remembered)"
state "no memory wanted" 3 "" OK -S
for what in 'garbage' 'pemkeep-seen 2' 'pemkeep-seen 1
0011 4 aa' ''; do
	start
	printf '%s\n' "$what" >"$at/s/seen"
	state "memory is '$(echo $what)': read with a note, saving goes" \
	    3 seen-bad OK
	"$vaultop" "$at" put
	state "memory is '$(echo $what)': mended by the save" 4 "" OK
done
start
: >"$at/s/seen"
state "memory is empty" 3 seen-bad OK
start
head -c 70000 /dev/zero | tr '\0' x >"$at/s/seen"
state "memory is too long" 3 seen-bad OK
start
sed '$s/ 3 / 99999999999999999999999 /' "$work/base/s/seen" >"$at/s/seen"
state "memory of an impossible generation" 3 seen-bad OK
start
sed '$s/ 3 / 4 /' "$work/base/s/seen" >"$at/s/seen"
state "memory of a later generation" 3 rollback EROLLBACK
start
truncate -s -1 "$at/s/seen"
state "memory without its last line feed" 3 seen-bad OK

# Places where memory cannot be.
start
mv "$at/s/seen" "$work/elsewhere"
ln -s "$work/elsewhere" "$at/s/seen"
state "memory is a symbolic link: not followed" 3 seen-bad OK
"$vaultop" "$at" put
same "memory is a symbolic link: what it names is not touched" \
    "$(cksum <"$work/base/s/seen")" "$(cksum <"$work/elsewhere")"
start
rm "$at/s/seen"
ln -s "$work/nowhere" "$at/s/seen"
"$vaultop" "$at" put
is "memory is a dangling link: saving goes" \
    "$vaultop" "$at" put needle-again
same "memory is a dangling link: nothing made there" no \
    "$([ -e "$work/nowhere" ] && echo yes || echo no)"
start
rm "$at/s/seen"
mkdir "$at/s/seen"
is "memory is a folder: saving goes" "$vaultop" "$at" put
state "memory is a folder: said" 4 "seen-bad" OK
start
rm "$at/s/seen"
mkfifo "$at/s/seen"
is "memory is a FIFO: saving goes, and nobody waits" \
    timeout 10 "$vaultop" "$at" put
start
is "memory in a missing folder: saving goes" \
    "$vaultop" -s "$at/none/seen" "$at" put
state "memory in a missing folder: said" 4 seen-unsaved OK \
    -s "$at/none/seen"
is "memory in a missing folder: restore goes" \
    "$vaultop" -s "$at/none/seen" "$at" restore
if [ "$(id -u)" -eq 0 ]; then
	skip "memory in a folder without permission" "root may write anywhere"
else
	start
	chmod 500 "$at/s"
	is "memory in a folder without permission: saving goes" \
	    "$vaultop" "$at" put
	state "memory in a folder without permission: said" 4 \
	    seen-unsaved OK
	chmod 700 "$at/s"
	start
	chmod 000 "$at/s/seen"
	is "memory without permission: saving goes" "$vaultop" "$at" put
fi
finish
