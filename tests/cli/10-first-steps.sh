#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: the first minutes with pemkeep go as the manual tells; the
# vault lies where the XDG variables say, nobody else can look into anything
# that is made, whatever the umask, and a vault is never made cheaper than the
# floor or replaced by another.

. "$SRC/tests/cli/lib.sh"

# Before there is a vault.
for command in keys check passwd 'export k --public' 'remove k' 'rename a b' \
    'generate k'; do
	# shellcheck disable=SC2086 # words
	check "no vault: $command says how to make one" \
	    refused 4 "there is no vault '$vault'" 'hint: run: pemkeep init' \
	    -- pk $command
done
check 'no vault: nothing was made' test ! -e "$data"

# init
check 'init' expect_status 0 pk init --kdf-memory 64
check 'init: nothing on stdout' equals "$(out)" ''
check 'init: says where the vault is' contains "$(err)" "'$vault'"
check 'init: says that a backup is needed' contains "$(err)" 'backup'
check 'init again' refused 1 "'$vault' exists already" 'hint: ' \
    -- pk init --kdf-memory 64
check 'init again: nobody is asked for a passphrase' \
    refused 1 'exists already' \
    -- env -u PEMKEEP_PASSPHRASE_FILE "$PEMKEEP" --no-input init
check 'keys: empty' expect_status 0 pk keys
check 'keys: nothing on stdout' equals "$(out)" ''
check 'keys: says how to go on' contains "$(err)" 'pemkeep import'
check 'check: an empty vault is sound' expect_status 0 pk check

# import, keys, export
ssh-keygen -q -t ed25519 -N '' -C 'me@laptop' -f first.pem
print=$(ssh-keygen -lf first.pem.pub | cut -d ' ' -f 2)
check 'import' expect_status 0 pk import first.pem
check 'import: says what it took' contains "$(out)" \
    "first.pem: imported as 'first'" 'ed25519 256' "$print" \
    'mode was 0600, is 0400' 'in EC2: '
check 'import: nothing on stderr' equals "$(said)" ''
check 'import: the file is there, only for me to read' mode_is 0400 first.pem
check 'import again: it is there already' expect_status 0 pk import first.pem
check 'import again: says so' contains "$(out)" "already in the vault as 'first'" \
    'mode was 0400 already'
check 'import under another name: not twice' \
    expect_status 0 pk import --name second first.pem
check 'keys' expect_status 0 pk keys
check 'keys: one line for the key, one for EC2' \
    equals "$(out | wc -l)" 3
check 'keys: what it is' contains "$(out)" NAME first ed25519 256 "$print" EC2
check 'export' expect_status 0 pk export first -o out.pem
check 'export: byte for byte' cmp first.pem out.pem
check 'export: mode' mode_is 0400 out.pem
check 'export: ssh-keygen reads it' equals "$(ssh-keygen -y -f out.pem)" \
    "$(cat first.pem.pub)"
check 'check' expect_status 0 pk check
check 'check: says that all is well' contains "$(err)" 'sound'

# export writes only new files.
echo mine >there
check 'export over a file' refused 1 "'there' exists already" \
    -- pk export first -o there
check 'export over a file: it is as it was' equals "$(cat there)" mine
ln -s nowhere link
check 'export over a dangling link' refused 1 "'link'" -- \
    pk export first -o link
check 'export over a dangling link: nothing there' test ! -e nowhere
mkdir folder
check 'export over a folder' refused 1 "'folder'" -- pk export first -o folder
check 'export into a folder that is not there' refused 1 "'no/where'" \
    -- pk export first -o no/where
check 'export of a key that is not there' refused 4 "'unknown'" pemkeep\ keys \
    -- pk export unknown -o not-made
check 'export of a key that is not there: no file' test ! -e not-made
check 'export with neither -o nor --public' refused 2 'hint: ' -- \
    pk export first
check 'export with both' refused 2 -- pk export first -o x --public
check 'export --public: nothing written' test ! -e x
check 'export to stdout is no such thing' refused 1 /dev/stdout -- \
    pk export first -o /dev/stdout

# generate, rename
check 'generate' expect_status 0 pk generate new
out >new.pub
check 'generate: prints a public key' \
    matches "$(cat new.pub)" '^ssh-ed25519 AAAA[^ ]+ new$'
pk -q export new -o new.pem
check 'generate: ssh-keygen reads what is exported' equals \
    "$(ssh-keygen -y -f new.pem)" "$(cat new.pub)"
check 'generate rsa' expect_status 0 pk generate big -t rsa -b 2048
out >big.pub
check 'generate rsa: prints a public key' \
    contains "$(ssh-keygen -lf big.pub)" '2048 SHA256:' '(RSA)'
pk -q export big -o big.pem
check 'generate rsa: PEM, as EC2 makes it' equals "$(head -n 1 big.pem)" \
    '-----BEGIN RSA PRIVATE KEY-----'
check 'generate rsa: it is this key' equals \
    "$(ssh-keygen -y -f big.pem | cut -d ' ' -f 1,2)" \
    "$(cut -d ' ' -f 1,2 big.pub)"
check 'generate: name taken' refused 1 "'new'" -- pk generate new
check 'generate: another type' refused 2 "'dsa'" -- pk generate k --type dsa
check 'generate: bits for ed25519' refused 2 -- pk generate k --bits 256
for bits in 1024 2047 16385 999999; do
	check "generate: $bits bits" refused 2 "$bits" -- \
	    pk generate k -t rsa -b $bits
done
check 'generate: 0 bits' refused 2 -- pk generate k -t rsa -b 0
check 'rename' expect_status 0 pk rename new newer
check 'rename: the old name is gone' refused 4 "'new'" -- pk rename new n
check 'rename: the new one is there' expect_status 0 pk export newer --public
check 'rename to itself' expect_status 0 pk rename newer newer
check 'rename onto another' refused 1 "'big' is taken" -- pk rename newer big
hangul=$(printf '\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab\xe1\x84\x80\xe1\x85\xb3\xe1\x86\xaf')
check 'rename: Hangul, as macOS writes it' expect_status 0 \
    pk rename newer "$hangul"
check 'rename: Hangul, as one types it' expect_status 0 pk export 한글 --public
check 'keys: Hangul' expect_status 0 pk keys
check 'keys: columns line up in spite of wide letters' equals \
    "$(out | "$PYTHON" -c 'import sys
cell = lambda c: 2 if "가" <= c <= "힣" else 1
for line in sys.stdin.read().split("\n"):
    if "SHA256:" in line:
        print(sum(map(cell, line[:line.index("SHA256:")])))' | sort -u | wc -l)" 1

# The cost of the passphrase hash.
keep first
rm -rf "$data" "$state"
for wrong in '--kdf-memory 63' '--kdf-memory 1025' '--kdf-memory 0' \
    '--kdf-memory -64' '--kdf-memory 64k' '--kdf-memory=' '--kdf-memory 1e3' \
    '--kdf-memory 99999999999999999999' '--kdf-memory +64' \
    '--kdf-passes 2' '--kdf-passes 11' '--kdf-passes 0' '--kdf-passes three'; do
	# shellcheck disable=SC2086 # words
	check "init $wrong" refused 2 "${wrong%%[ =]*}" -- pk init $wrong
	check "init $wrong: nothing was made" test ! -e "$vault"
done
check 'init: more passes' expect_status 0 \
    pk init --kdf-memory 64 --kdf-passes 10
for wrong in '--kdf-memory 63' '--kdf-memory 1025' '--kdf-memory 0' \
    '--kdf-passes 2' '--kdf-passes 11' '--kdf-passes 0'; do
	# shellcheck disable=SC2086 # words
	check "passwd $wrong" refused 2 "${wrong%% *}" \
	    -- with "$PASS" 'another good one' -- pk9 passwd $wrong
done
rm -rf "$data" "$state"
if [ "$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)" -lt 2000 ]
then
	skip 'init: the most memory' 'less than 2 GB are free'
else
	check 'init: the most memory' expect_status 0 pk init --kdf-memory 1024
fi
check 'a short passphrase is refused' refused 3 'shorter' 'hint: ' \
    -- with 1234567 -- env HOME="$TMP/short" "$PEMKEEP" --passphrase-fd 9 init
check 'a passphrase of 1025 bytes is refused' refused 3 'too long' \
    -- with "$(printf '%1025s' '')" -- \
    env HOME="$TMP/short" "$PEMKEEP" --passphrase-fd 9 init

# Places.
back first
mkdir -p xdg/home
places()
{
	env HOME="$TMP/xdg/home" XDG_DATA_HOME="$TMP/xdg/d" \
	    XDG_STATE_HOME="$TMP/xdg/s" XDG_CONFIG_HOME="$TMP/xdg/c" \
	    XDG_CACHE_HOME="$TMP/xdg/k" "$PEMKEEP" "$@"
}
places -q init --kdf-memory 64
chmod 600 first.pem
check 'places: import' expect_status 0 places import first.pem
check 'places: all is where the variables say' equals \
    "$(cd xdg && find . -type f | sort | tr '\n' ' ')" \
    './d/pemkeep/vault ./d/pemkeep/vault.bak ./d/pemkeep/vault.lock ./s/pemkeep/log ./s/pemkeep/log.head ./s/pemkeep/seen '
check 'places: another HOME, the same vault' expect_status 0 \
    env HOME=/nonexistent XDG_DATA_HOME="$TMP/xdg/d" \
    XDG_STATE_HOME="$TMP/xdg/s" "$PEMKEEP" keys
check 'places: it holds the key' contains "$(out)" first
check 'places: a relative path is ignored' expect_status 0 \
    env XDG_DATA_HOME=xdg/d XDG_STATE_HOME=xdg/s "$PEMKEEP" keys
check 'places: so it is the vault at home' contains "$(out)" first 한글
check 'places: an empty variable is ignored' expect_status 0 \
    env XDG_DATA_HOME= XDG_STATE_HOME= "$PEMKEEP" keys
check 'places: the folder of the data is a file' \
    refused 1 "'$TMP/there'" -- env HOME="$TMP/there" "$PEMKEEP" init
mkdir linked
ln -s "$TMP/linked" "$TMP/xdg/l"
check 'places: a link to a folder' expect_status 0 env XDG_DATA_HOME="$TMP/xdg/l" \
    XDG_STATE_HOME="$TMP/xdg/ls" "$PEMKEEP" init --kdf-memory 64
check 'places: a link to a folder: followed' test -f linked/pemkeep/vault

# Modes.
for mask in 000 022 077 777; do
	home=$TMP/home-$mask
	mkdir -m 755 "$home"
	cp first.pem "$mask.pem"
	chmod 640 "$mask.pem"
	masked()
	{
		(umask $mask && HOME=$home exec "$PEMKEEP" -q "$@")
	}
	check "umask $mask: init" expect_status 0 masked init --kdf-memory 64
	check "umask $mask: import" expect_status 0 masked import "$mask.pem"
	check "umask $mask: generate" expect_status 0 masked generate g
	check "umask $mask: export" expect_status 0 \
	    masked export "$mask" -o "$mask.out"
	check "umask $mask: what was exported" mode_is 0400 "$mask.out"
	check "umask $mask: what was imported" mode_is 0400 "$mask.pem"
	check "umask $mask: all is well" expect_status 0 masked check
	check "umask $mask: the vault and its copy" mode_is 0400 \
	    "$home/.local/share/pemkeep/vault" \
	    "$home/.local/share/pemkeep/vault.bak"
	check "umask $mask: lock and memory" mode_is 0600 \
	    "$home/.local/share/pemkeep/vault.lock" \
	    "$home/.local/state/pemkeep/seen"
	check "umask $mask: folders" mode_is 0700 "$home/.local" \
	    "$home/.local/share" "$home/.local/share/pemkeep" \
	    "$home/.local/state/pemkeep"
	check "umask $mask: a home that was there stays as it was" \
	    mode_is 0755 "$home"
	check "umask $mask: nothing for others" \
	    equals "$(find "$home" -mindepth 1 -perm /077)" ''
done
done_testing
