#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: after passwd the old passphrase opens nothing that lies in
# the vault's folder, and after remove no file there holds the key any more;
# both happen whole or not at all, and remove asks first.

. "$SRC/tests/cli/lib.sh"
ways alone agent

NEW='another horse, another battery'
for name in one two three four; do
	ssh-keygen -q -t ed25519 -N '' -f $name
done
new_vault
for name in one two three; do
	pk -q import $name >/dev/null
done

# A home with nothing but the file $1 as its vault; prints its keys with
# passphrase $2, and fails when it does not open, neither so nor by --restore.
opens()
{
	local home status
	home=$(mktemp -d "$TMP/home.XXXXXX")
	mkdir -m 700 "$home/d" "$home/d/pemkeep" "$home/s"
	cp "$1" "$home/d/pemkeep/vault"
	chmod 400 "$home/d/pemkeep/vault"
	for command in keys "check --restore $1"; do
		# shellcheck disable=SC2086 # words
		with "$2" -- env XDG_DATA_HOME="$home/d" \
		    XDG_STATE_HOME="$home/s" "$PEMKEEP" --passphrase-fd 9 \
		    $command 2>/dev/null
		status=$?
		[ $status = 0 ] && break
	done
	return $status
}

# Everything that lies around: also what a crash or a restore left.
everything()
{
	find "$data" "$state" -type f
}

# passwd
pk -q check --restore "$vault.bak"
pk -q import three >/dev/null
cp "$vault" "$vault.tmp-01234567"
cp "$vault" old.vault
remember
check 'before: many files open' test "$(everything | while read -r file; do
	opens "$file" "$PASS" >/dev/null && echo "$file"; done | wc -l)" -ge 4
check 'passwd: not while there is a replaced vault' refused 1 \
    "'$vault.replaced'" 'hint: ' -- with "$PASS" "$NEW" -- pk9 passwd
rm -f "$vault.replaced"
check 'passwd: no new passphrase to be had' refused 3 'no terminal' 'hint: ' \
    -- pk passwd
check 'passwd: no second line' refused 3 -- with "$PASS" -- pk9 passwd
check 'passwd: the new one is too short' refused 3 shorter -- \
    with "$PASS" 1234567 -- pk9 passwd
check 'passwd: the new one is empty' refused 3 empty -- \
    with "$PASS" '' -- pk9 passwd
check 'passwd: the new one is too long' refused 3 'too long' -- \
    with "$PASS" "$(printf '%1025s' x)" -- pk9 passwd
check 'passwd: the new one cannot be typed' refused 3 'control character' -- \
    with "$PASS" $'correct horse\r' -- pk9 passwd
check 'passwd: the old one is wrong' refused 3 wrong -- \
    with "$NEW" "$NEW" -- pk9 passwd
check 'passwd: after all that, nothing is changed' unchanged
check 'passwd: the file is for the old one only' refused 3 'no terminal' -- \
    env PEMKEEP_PASSPHRASE_FILE="$PASS_FILE" "$PEMKEEP" passwd
check 'passwd' expect_status 0 with "$PASS" "$NEW" -- pk9 passwd
check 'passwd: nothing on stdout' equals "$(out)" ''
check 'passwd: says that copies elsewhere still open' contains "$(err)" \
    'elsewhere' 'old passphrase'
forget
check 'passwd: the old one is refused' refused 3 'wrong passphrase' -- pk keys
check 'passwd: the new one opens' expect_status 0 with "$NEW" -- pk9 keys
check 'passwd: all keys are there' contains "$(out)" one two three
check 'passwd: all keys work' expect_status 0 with "$NEW" -- pk9 check
check 'passwd: export' expect_status 0 with "$NEW" -- pk9 export two -o out
check 'passwd: byte for byte' cmp two out
everything >files
check 'passwd: there are files to look at' contains "$(cat files)" "$vault"
while read -r file; do
	check "passwd: ${file#"$HOME"/} does not open with the old one" \
	    equals "$(opens "$file" "$PASS" || echo refused)" refused
done <files
check 'passwd: what a crash had left is gone' \
    equals "$(grep -c "vault[.]tmp-" files)" 0
check 'passwd: a copy elsewhere does' contains "$(opens old.vault "$PASS")" two
keep changed
cp old.vault put-back
mv -f put-back "$vault"
chmod 400 "$vault"
check 'passwd: the old file put back is noticed' expect_status 0 pk keys
check 'passwd: the old file put back: said' contains "$(said)" 'older'
back changed
check 'passwd: a long passphrase, with any bytes' expect_status 0 \
    with "$NEW" "$(printf '%1024s' $'\xff\xfe 한글')" -- pk9 passwd
check 'passwd: and back' expect_status 0 \
    with "$(printf '%1024s' $'\xff\xfe 한글')" "$PASS" -- pk9 passwd
check 'passwd: the same again' expect_status 0 \
    with "$PASS" "$PASS" -- pk9 passwd
check 'passwd: check' expect_status 0 pk check

# remove
pk -q import four >/dev/null
pk -q check --restore "$vault.bak"
pk -q import four >/dev/null
cp "$vault" "$vault.tmp-01234567"
cp "$vault" with-two.vault
remember
check 'before: the .bak and others hold it' test "$(everything |
    while read -r file; do opens "$file" "$PASS" 2>/dev/null |
    grep -q '^two ' && echo "$file"; done | wc -l)" -ge 4
check 'remove: not while there is a replaced vault' refused 1 \
    "'$vault.replaced'" 'hint: ' -- pk remove --yes two
rm -f "$vault.replaced"
check 'remove: nobody to ask' refused 2 "'two'" '--yes' -- pk remove two
check 'remove: nobody may be asked' refused 2 '--yes' -- \
    pk remove --no-input two
check 'remove: one that is not there' refused 4 "'unknown'" -- \
    pk remove --yes unknown
check 'remove: nobody is asked about one that is not there' refused 4 \
    "'unknown'" -- pk remove unknown
check 'remove: one of them is not there: none is removed' \
    refused 4 "'unknown'" -- pk remove --yes two unknown three
check 'remove: one of them twice: none is removed' refused 4 "'two'" -- \
    pk remove --yes two three two
check 'remove: nothing to remove' refused 2 'needs more' -- pk remove --yes
check 'remove: after all that, nothing is changed' unchanged
check 'remove: all are there' contains "$(pk keys)" one two three four
check 'remove' expect_status 0 pk remove --yes two
check 'remove: nothing on stdout' equals "$(out)" ''
check 'remove: said, and that copies elsewhere hold it' contains "$(err)" \
    "'two' is removed" elsewhere
check 'remove: it is not listed' lacks "$(pk keys)" two
check 'remove: the others are' contains "$(pk keys)" one three four
check 'remove: it cannot be had' refused 4 "'two'" -- pk export two -o out2
everything >files
check 'remove: there are files to look at' contains "$(cat files)" \
    "$vault" "$vault.bak"
while read -r file; do
	check "remove: ${file#"$HOME"/} does not hold it" lacks \
	    "$(opens "$file" "$PASS" || echo refused)" two
done <files
check 'remove: the .bak opens, and holds the others' \
    contains "$(opens "$vault.bak" "$PASS")" one three four
check 'remove: a copy elsewhere holds it' \
    contains "$(opens with-two.vault "$PASS")" two
check 'remove: it can come back' expect_status 0 pk import two
check 'remove several' expect_status 0 pk remove -y one two three
check 'remove several: one is left' contains "$(pk keys)" four
check 'remove several: and no other' lacks "$(pk keys)" one two three
check 'remove the last' expect_status 0 pk remove -y four
check 'remove the last: empty' equals "$(pk -q keys)" ''
check 'remove the last: check' expect_status 0 pk check
check 'remove the last: goes on' expect_status 0 pk import one

# rename
pk -q import three >/dev/null
remember
check 'rename onto a name that is taken' refused 1 "'three' is taken" \
    'hint: ' -- pk rename one three
check 'rename of one that is not there' refused 4 "'two'" -- pk rename two x
check 'rename: nothing was changed' unchanged
check 'rename' expect_status 0 pk rename one uno
check 'rename: the key is the same' expect_status 0 pk export uno -o uno
check 'rename: byte for byte' cmp uno one
done_testing
