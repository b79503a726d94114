#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: a vault that is missing, open to others, someone else's,
# damaged, from a newer version, rolled back, forked or hostile is refused with
# one clear line, exit code 7 (4, 3) and the way on, which then works; nothing is
# changed before.  An agent that has opened it before notices all the same.

. "$SRC/tests/cli/lib.sh"
ways alone agent

# Flip the lowest bit of the byte at $2 in file $1, whose mode stays.
flip()
{
	local mode byte
	mode=$(stat -c %a "$1")
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	chmod 600 "$1"
	printf "\\x$(printf %02x $((byte ^ 1)))" |
	    dd of="$1" bs=1 seek="$2" conv=notrunc status=none
	chmod "$mode" "$1"
}

# Put file $1 in the vault's place.
place()
{
	rm -rf "$vault"
	cp "$1" "$vault"
	chmod 400 "$vault"
}

number()
{
	od -An -t"u$3" -j "$2" -N "$3" "$1" | tr -d ' '
}

# The generation stands in the header, behind the vault's id.
generation()
{
	number "$vault" 44 8
}

# Every command that changes the vault.
changing=('import key3' 'generate g' 'rename one two' 'remove --yes one'
    'passwd')
change()
{
	# shellcheck disable=SC2086 # words
	with "$PASS" 'another good passphrase' -- pk9 $1
}

for name in one two key3 key4; do
	ssh-keygen -q -t ed25519 -N '' -f $name
done
new_vault
pk -q import one >/dev/null
pk -q import two >/dev/null
keep good
cp "$vault" good.vault

# Missing.
rm -rf "$data" "$state"
check 'no vault' refused 4 "there is no vault '$vault'" \
    'hint: run: pemkeep init' -- pk keys
check 'no vault: --repair' refused 4 'pemkeep init' -- pk check --repair
check 'no vault: nothing was made' test ! -e "$data"
back good
rm "$vault"
check 'only the .bak is left' refused 4 \
    "hint: bring it back: pemkeep check --restore '$vault.bak'" -- pk keys
check 'only the .bak is left: init' refused 1 "'$vault.bak' exists" \
    "pemkeep check --restore '$vault.bak'" -- pk init --kdf-memory 64
check 'only the .bak is left: restored' expect_status 0 \
    pk check --restore "$vault.bak"
check 'only the .bak is left: nothing was replaced' lacks "$(err)" replaced
check 'only the .bak is left: keys' expect_status 0 pk keys
check 'only the .bak is left: as before the last change' contains "$(out)" one
check 'only the .bak is left: and no later' lacks "$(out)" two
check 'only the .bak is left: goes on' expect_status 0 pk import two

# Modes.
for mode in 600 644 440 404 4400; do
	back good
	chmod $mode "$vault"
	check "the vault has mode $mode" refused 7 \
	    "'$vault' has mode $(printf %04d $mode)" \
	    'hint: run: pemkeep check --repair' -- pk keys
	check "the vault has mode $mode: left so" \
	    mode_is "$(printf %04d $mode)" "$vault"
done
for mode in 755 750 701 1777; do
	back good
	chmod $mode "$data"
	check "the folder has mode $mode" refused 7 "'$data' has mode" \
	    'hint: run: pemkeep check --repair' -- pk keys
done
back good
chmod 755 "$data"
chmod 644 "$vault" "$vault.bak"
chmod 666 "$vault.lock"
for command in "${changing[@]}" check 'export one -o out'; do
	# shellcheck disable=SC2086 # words
	check "loose modes: $command" refused 7 --repair -- \
	    with "$PASS" 'another good passphrase' -- pk9 $command
done
check 'loose modes: --repair' expect_status 0 pk check --repair
check 'loose modes: --repair says what it did' contains "$(err)" \
    "'$data" 'mode was 0755, is 0700' \
    "'$vault': mode was 0644, is 0400" \
    "'$vault.bak': mode was 0644, is 0400" \
    "'$vault.lock': mode was 0666, is 0600" sound
check 'loose modes: mended' mode_is 0400 "$vault" "$vault.bak"
check 'loose modes: the folder, too' mode_is 0700 "$data"
check 'loose modes: then all is well' expect_status 0 pk keys
check 'nothing to repair' expect_status 0 pk check --repair
check 'nothing to repair: said' lacks "$(err)" mode
back good
chmod 644 "$vault"
check '--repair of a wrong passphrase: modes are mended' refused 3 'wrong' \
    -- with 'not the passphrase' -- pk9 -q check --repair
check '--repair of a wrong passphrase: yes' mode_is 0400 "$vault"
check '--repair and --restore' refused 2 'one of them' -- \
    pk check --repair --restore "$vault.bak"

# Owners.
if [ "$(id -u)" = 0 ] && chown 65534 two.pub 2>/dev/null; then
	back good
	chown 65534 "$vault"
	check 'the vault is another one'\''s' refused 7 \
	    "'$vault' belongs to another user (uid 65534)" 'hint: ' -- pk keys
	check 'the vault is another one'\''s: --repair' refused 7 \
	    'another user' -- pk check --repair
	back good
	chown 65534 "$data"
	check 'the folder is another one'\''s' refused 7 "'$data' belongs" -- \
	    pk keys
	chown 0 "$data"
else
	skip 'a foreign owner' 'needs root'
fi

# What else may stand there.
back good
rm "$vault"
ln -s "$TMP/good.vault" "$vault"
check 'the vault is a link' refused 7 "'$vault'" 'hint: ' -- pk keys
check 'the vault is a link: init' refused 1 exists -- pk init
check 'the vault is a link: --repair' refused 7 "'$vault'" -- pk check --repair
check 'the vault is a link: what it names is as it was' \
    cmp good.vault "$TMP/kept-good/data/vault"
rm "$vault"
ln -s nowhere "$vault"
check 'the vault is a dangling link' refused 7 "'$vault'" -- pk keys
check 'the vault is a dangling link: init' refused 1 exists -- \
    pk init --kdf-memory 64
rm "$vault"
mkdir "$vault"
check 'the vault is a folder' refused 7 "'$vault'" -- pk keys
check 'the vault is a folder: init' refused 1 exists -- pk init
rmdir "$vault"
mkfifo "$vault"
check 'the vault is a FIFO' refused 7 "'$vault'" -- timeout 5 "$PEMKEEP" keys
rm "$vault"
for what in 'echo no vault, but long enough to be something' true \
    'head -c 5000 /dev/zero'; do
	$what >other
	place other
	check "the vault is another file ($what)" refused 7 "'$vault'" \
	    'not a pemkeep vault' 'check --restore' -- pk keys
	check "another file ($what): import" refused 7 'not a pemkeep vault' \
	    -- pk import key3
done
back good
mkdir elsewhere
mv "$data" elsewhere/
ln -s "$TMP/elsewhere/pemkeep" "$data"
check 'the folder is a link to a good one' expect_status 0 pk import key3
check 'the folder is a link: followed' cmp "$vault" elsewhere/pemkeep/vault
chmod 755 elsewhere/pemkeep
check 'the folder is a link to a loose one' refused 7 'mode 0755' -- pk keys
rm "$data"

# Wrong passphrase.  An agent makes guesses wait; a new one, not yet.
back good
guesses=0
for command in keys check 'check --repair' 'check --restore good.vault' \
    'export one -o out' 'export one --public' "${changing[@]}"; do
	[ $((guesses++ % 4)) != 0 ] || {
		stop_agent
		pk -q keys >/dev/null
	}
	# shellcheck disable=SC2086 # words
	check "wrong passphrase: $command" refused 3 'wrong passphrase' -- \
	    with 'not the passphrase' x -- pk9 $command
done
check 'wrong passphrase: nothing was exported' test ! -e out

# Damage.  Header, index and record are found by the lengths in the file.
index=$((16 + $(number "$vault" 12 4) + 64))
record=$((index + 4112 + 200))
places=("40:the header" "$index:the index" "$record:a record"
    "$(($(stat -c %s "$vault") - 1)):the last byte")
check 'damage: the places are right' test "$(stat -c %s "$vault")" -gt \
    $((record + 400))
for where in "${places[@]}"; do
	back good
	flip "$vault" "${where%%:*}"
	what="damage in ${where#*:}"
	for command in check "${changing[@]}"; do
		case $what,$command in
		*' a record,check' | *' last byte,check') ;;
		*)
			# shellcheck disable=SC2086 # words
			check "$what: $command" refused 7 damaged \
			    "pemkeep check --restore '$vault.bak'" -- \
			    with "$PASS" 'another good passphrase' -- \
			    pk9 $command
			;;
		esac
	done
	case $what in
	*record | *'last byte')
		check "$what: keys are listed" expect_status 0 pk keys
		check "$what: check finds it" expect_status 7 pk check
		check "$what: check names the key" matches "$(out)" \
		    "error: key '(one|two)': .*damaged"
		check "$what: check, JSON" expect_status 7 pk check --json
		out >findings.json
		check "$what: check, JSON: the finding" equals "$(json \
		    findings.json "[f['id'] for f in j['findings']]")" \
		    key-damaged
		check "$what: export of one of them fails" equals \
		    "$(pk export one -o out1 2>err1; echo $?
		    pk export two -o out2 2>err2; echo $?)" \
		    "$(grep -q damaged err1 && echo '7
0' || echo '0
7')"
		check "$what: the other one is good" equals \
		    "$(cat out1 out2 2>/dev/null | sum /dev/stdin)" \
		    "$([ -e out1 ] && sum one || sum two)"
		rm -f out1 out2
		;;
	*)
		check "$what: keys" refused 7 damaged \
		    "pemkeep check --restore '$vault.bak'" -- pk keys
		;;
	esac
	check "$what: the way on works" expect_status 0 \
	    pk check --restore "$vault.bak"
	check "$what: says what became of the damaged one" contains "$(err)" \
	    "'$vault.replaced'"
	check "$what: keys are there again" contains "$(pk keys 2>&1)" one
	check "$what: and the vault can be changed" expect_status 0 \
	    pk import two
	check "$what: check" expect_status 0 pk check
done
back good
truncate -s 300 other
head -c 3000 good.vault >other
place other
check 'a vault that is cut off' refused 7 damaged "'$vault.bak'" -- pk keys
cat good.vault good.vault >other
place other
check 'a vault that is too long' refused 7 damaged -- pk keys

# --restore refuses what is not good, and leaves all as it is.
back good
cp good.vault bad.vault
flip bad.vault $index
check 'restore of a damaged copy' refused 7 "bad.vault': " damaged \
    'hint: nothing was changed; try another copy' -- \
    pk check --restore bad.vault
check 'restore of a missing copy' refused 4 "'" 'none' 'nothing was changed' \
    -- pk check --restore none
check 'restore of a text' refused 7 'one.pub' 'not a pemkeep vault' -- \
    pk check --restore one.pub
check 'restore of a folder' refused 7 "kept-good" -- \
    pk check --restore kept-good
check 'restore with a wrong passphrase' refused 3 'good.vault' 'wrong' -- \
    with 'not the passphrase' -- pk9 check --restore good.vault
check 'restore into a loose folder' refused 7 --repair -- \
    bash -c 'chmod 755 "$1"; "$2" check --restore good.vault' - "$data" \
    "$PEMKEEP"
rm -rf "$data" "$state"
check 'restore where nothing is' expect_status 0 pk check --restore good.vault
check 'restore where nothing is: keys' contains "$(pk keys)" one two
check 'restore where nothing is: modes' mode_is 0700 "$data" "$state"
check 'restore where nothing is: goes on' expect_status 0 pk import key3

# A newer version.
back good
cp good.vault other
printf '\2' | dd of=other bs=1 seek=8 conv=notrunc status=none
place other
for command in keys check 'import key3' 'remove -y one' passwd; do
	# shellcheck disable=SC2086 # words
	check "a newer version: $command" refused 7 'newer version' \
	    'hint: update pemkeep' -- \
	    with "$PASS" 'another good passphrase' -- pk9 $command
done
check 'a newer version: init' refused 1 exists -- pk init

# Rolled back.
back good
was=$(generation)
pk -q import key3 >/dev/null
cp "$vault" newer.vault
check 'generations count up' equals "$(generation)" $((was + 1))
place good.vault
check 'rolled back: keys' expect_status 0 pk keys
check 'rolled back: keys are listed' contains "$(out)" one two
check 'rolled back: with a warning' contains "$(said)" \
    'pemkeep: warning: ' 'older than the one last seen' 'pemkeep check'
check 'rolled back: export' expect_status 0 pk export one --public
for command in "${changing[@]}"; do
	before=$(sum "$vault")
	check "rolled back: $command" expect_status 7 change "$command"
	check "rolled back: $command: says how to go on" contains "$(said)" \
	    "pemkeep: '$vault': the vault is older" "check --restore '$vault'"
	check "rolled back: $command: the vault is as it was" equals \
	    "$(sum "$vault")" "$before"
done
check 'rolled back: --quiet still warns' contains "$(pk -q keys 2>&1)" warning
check 'rolled back: check' expect_status 7 pk check --json
out >findings.json
check 'rolled back: check, JSON' equals "$(json findings.json \
    "[(f['id'], f['severity']) for f in j['findings']]")" \
    "('rolled-back', 'error')"
if [ "$WAY" = agent ]; then
	pk -q lock
	check 'rolled back: unlock' expect_status 0 pk unlock
	check 'rolled back: unlock: with a warning' contains "$(said)" older
fi
place newer.vault
check 'rolled back: the newer one is welcome' expect_status 0 pk keys
check 'rolled back: without a warning' equals "$(said)" ''
place good.vault
check 'rolled back: accepted' expect_status 0 pk check --restore "$vault"
check 'rolled back: then it is the newest' equals "$(generation)" $((was + 2))
check 'rolled back: then keys' expect_status 0 pk keys
check 'rolled back: then no warning' equals "$(said)" ''
check 'rolled back: then import' expect_status 0 pk import key3
check 'rolled back: check' expect_status 0 pk check

# Forked: another machine changed its copy, and so did this one.
back good
elsewhere()
{
	XDG_DATA_HOME=$TMP/there/data XDG_STATE_HOME=$TMP/there/state \
	    "$PEMKEEP" "$@"
}
mkdir -p there/data there/state
cp -a "$data" there/data/
cp -a "$state" there/state/
elsewhere -q import key4 >/dev/null
pk -q import key3 >/dev/null
cp "$vault" here.vault
cp there/data/pemkeep/vault there.vault
for more in '' 'rename key4 key5'; do
	# shellcheck disable=SC2086 # words
	[ -z "$more" ] || elsewhere -q $more
	place there/data/pemkeep/vault
	what="forked${more:+, and further}"
	check "$what: keys" expect_status 0 pk keys
	check "$what: with a warning" contains "$(said)" \
	    'pemkeep: warning: ' 'does not descend' 'pemkeep check'
	check "$what: import" expect_status 7 change 'import key3'
	check "$what: says how to go on" contains "$(said)" \
	    "pemkeep: '$vault': the vault does not descend" "check --restore '$vault'"
	check "$what: check" expect_status 7 pk check
	check "$what: check says it" contains "$(out)" 'error: ' 'descend'
done
check 'forked: accepted' expect_status 0 pk check --restore "$vault"
check 'forked: then all is well' expect_status 0 pk check
check 'forked: the other one is refused now' equals \
    "$(place here.vault; change 'import key3' >/dev/null 2>&1; echo $?)" 7

# The memory itself, while the vault stays as it is.
back good
check 'the memory is good: keys' expect_status 0 pk keys
check 'the memory is good: no word' equals "$(said)" ''
cp "$seen" memory
echo nonsense >"$seen"
check 'the memory is damaged meanwhile: keys' expect_status 0 pk keys
check 'the memory is damaged meanwhile: said' contains "$(said)" \
    "'$seen' cannot be used"
cp memory "$seen"
check 'the memory is good again' expect_status 0 pk keys
check 'the memory is good again: no word' equals "$(said)" ''
echo nonsense >"$seen"
check 'the memory is damaged: check' expect_status 1 pk check
check 'the memory is damaged: check says it' contains "$(out)" \
    "warning: '$seen' cannot be used"
echo nonsense >"$seen"
check 'the memory is damaged: keys' expect_status 0 pk keys
check 'the memory is damaged: said' contains "$(said)" "'$seen' cannot be used"
check 'the memory is damaged: a look does not mend it' expect_status 1 pk check
pk --quiet generate mender >/dev/null
check 'the memory is damaged: a change mends it' expect_status 0 pk check
pk --quiet remove --yes mender
rm -rf "$state"
check 'no memory: keys' expect_status 0 pk keys
check 'no memory: no word' equals "$(said)" ''

# Hostile vaults: refused at once, without the work that they ask for.
vector()
{
	"$PYTHON" "$SRC/tests/tools/vectors.py" --body \
	    "$SRC/tests/vectors/$1.vec"
}
printf 'correct horse\n' >vector.pass
chmod 400 vector.pass
back good
for name in 510-r17-memory-4g 511-r17-memory-above 512-r17-memory-largest \
    517-r17-passes-above 519-r17-both 520-r17-passes-11; do
	vector $name >other
	place other
	began=$(date +%s%N)
	check "hostile: $name" refused 7 absurd 'hint: ' -- \
	    timeout 20 "$PEMKEEP" keys
	check "hostile: $name: at once" test \
	    $((($(date +%s%N) - began) / 1000000)) -lt 2000
done
check 'hostile: restore' refused 7 absurd -- pk check --restore other

# A vault whose passphrase is hashed too cheaply: said, and mended by passwd.
rm -rf "$state"
vector record1-full >other
place other
check 'a cheap hash: keys' expect_status 0 \
    env PEMKEEP_PASSPHRASE_FILE=vector.pass "$PEMKEEP" keys
check 'a cheap hash: check' expect_status 1 \
    env PEMKEEP_PASSPHRASE_FILE=vector.pass "$PEMKEEP" check
check 'a cheap hash: said' contains "$(out)" 'warning: ' cheaply \
    'hint: pemkeep passwd'
check 'a cheap hash: passwd' expect_status 0 \
    with 'correct horse' "$PASS" -- pk9 passwd
check 'a cheap hash: then all is well' expect_status 0 pk check

# A header that somebody has written, with a sum that is right: its generation
# must not get into the vault that is restored over it.
forge()
{
	"$PYTHON" - "$vault" "$1" <<'EOS'
import hashlib, os, struct, sys
path, generation = sys.argv[1], int(sys.argv[2])
data = bytearray(open(path, "rb").read())
length = struct.unpack_from("<I", data, 12)[0]
struct.pack_into("<Q", data, 16 + 22 + 6, generation)
data[16 + length:48 + length] = hashlib.blake2b(
    bytes(data[:16 + length]), digest_size=32).digest()
os.unlink(path)
with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o400), "wb") as f:
    f.write(data)
EOS
}
for number in 9223372036854775806 9223372036854775807; do
	back good
	cp "$vault" copy.vault
	forge "$number"
	check "a forged generation ($number)" refused 7 damaged -- pk keys
	check "a forged generation ($number): restore" expect_status 0 \
	    pk check --restore copy.vault
	check "a forged generation ($number): saving goes" expect_status 0 \
	    pk generate "after"
	rm -f copy.vault
done
done_testing
