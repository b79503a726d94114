#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# A tour for newcomers: every command that is shown is run, in a private HOME
# that is removed at the end, and the tour fails when one of them does not do what
# the text says.  BUILD: build folder; PEMKEEP: the program, $BUILD/pemkeep.
set -euo pipefail

cd "$(dirname "$0")/.."
program=${PEMKEEP:-${BUILD:-build}/pemkeep}
program=$(cd "$(dirname "$program")" && pwd)/${program##*/}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pemkeep-demo.XXXXXX")
trap 'chmod -R u+rwx "$tmp"; rm -rf "$tmp"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

export HOME=$tmp/home
unset XDG_DATA_HOME XDG_STATE_HOME PEMKEEP_PASSPHRASE_FILE
umask 022
mkdir -p "$HOME/Downloads" "$tmp/as-they-came"
cd "$HOME"
passphrase='five random words are good'
bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM:-dumb}" != dumb ]; then
	bold=$'\033[1m' plain=$'\033[0m'
fi

# What stands in front of "pemkeep" in the lines that are shown is added here.
pemkeep()
{
	"$program" --passphrase-fd 3 "$@" 3<<<"$passphrase"
}

title()
{
	printf '\n%s== %s%s\n' "$bold" "$1" "$plain"
}

tell()
{
	printf '\n'
	fmt -w 78 <<<"$*"
}

broken()
{
	printf '\ndemo: the step above did not do what it says: %s\n' "$1" >&2
	exit 1
}

# run STATUS COMMAND: show the command, run it, show what it prints.
run()
{
	local status=0
	printf '\n%s$ %s%s\n' "$bold" "$2" "$plain"
	eval "$2" >"$tmp/out" 2>&1 || status=$?
	cat "$tmp/out"
	[ "$status" = "$1" ] || broken "exit status $status, not $1"
}

# said TEXT...: the last command has printed all of these.
said()
{
	local text
	for text; do
		[ -n "$text" ] || broken 'the tour does not know what to expect'
		grep -qF -e "$text" "$tmp/out" || broken "it does not say '$text'"
	done
}

# holds WHAT COMMAND...
holds()
{
	local what=$1
	shift
	"$@" >/dev/null 2>&1 || broken "$what"
}

mode_is()
{
	[ "$(stat -c %a "$2")" = "$1" ]
}

# As EC2 makes a key pair: RSA, 2048 bits, PKCS#1; and one that has been through
# a Windows editor.
make_keys()
{
	local key
	for key in mykey 서울; do
		ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -C '' \
		    -f "Downloads/$key.pem"
		rm "Downloads/$key.pem.pub"
	done
	sed -i 's/$/\r/' Downloads/서울.pem
	chmod 644 Downloads/*.pem
	cp Downloads/*.pem "$tmp/as-they-came"
	chmod 400 "$tmp"/as-they-came/*
}

# What the EC2 console shows for it, by the recipe of the AWS documentation.
ec2_fingerprint()
{
	openssl pkcs8 -in "$1" -topk8 -nocrypt -outform DER |
	    openssl sha1 -c | sed 's/.*= *//'
}

make_keys

tell "This is a tour of pemkeep, in a home folder made for it ($HOME) that is" \
    "removed at the end. Where pemkeep needs the vault's passphrase it would ask" \
    "you at the terminal; here it is handed over through a descriptor" \
    "(--passphrase-fd), which is not shown."

title 'Where you come from'
tell "You have followed a tutorial: created key pairs in EC2, and downloaded" \
    "them. Now they lie where the browser has put them, and everybody on this" \
    "machine can read them:"
run 0 'ls -l ~/Downloads'
said -rw-r--r-- mykey.pem 서울.pem

title 'Put them away'
tell "One file, the vault, will hold all keys, encrypted. Make it:"
run 0 'pemkeep init'
said '.local/share/pemkeep/vault' backup
tell "Take the keys in. With --move each file is removed, but only after its" \
    "key was read back from the vault on the disk. One of them has Windows line" \
    "ends; that is told, and no obstacle:"
run 0 'pemkeep import ~/Downloads/*.pem --move'
said "mykey.pem: imported as 'mykey'" "imported as '서울'" \
    'mode was 0644 (others could use it)' 'CRLF line ends' \
    'the file was removed' 'keep a backup'
run 0 'ls -A ~/Downloads'
holds 'the files are still there' test ! -s "$tmp/out"

title 'What is in there'
tell "The fingerprints are those that ssh shows and those that the EC2 console" \
    "shows, so you can tell which key belongs to which key pair:"
run 0 'pemkeep keys'
said "$(ec2_fingerprint "$tmp/as-they-came/mykey.pem")" \
    "$(ssh-keygen -lf "$tmp/as-they-came/mykey.pem" | cut -d ' ' -f 2)"
tell "A new key can be made in the vault; then it was never on a disk in clear." \
    "Its public half is for EC2, or for a server's authorized_keys:"
run 0 'pemkeep generate next-server'
said 'ssh-ed25519 AAAA'

title 'Get one out again'
tell "An exported key is byte for byte the file that you downloaded, with the" \
    "mode that ssh wants. The public half goes to the standard output:"
run 0 'pemkeep export mykey -o mykey.pem'
run 0 'ls -l mykey.pem'
said -r--------
holds 'the bytes are not the same' cmp mykey.pem "$tmp/as-they-came/mykey.pem"
run 0 'pemkeep export mykey --public'
said "$(ssh-keygen -yf "$tmp/as-they-came/mykey.pem" | cut -d ' ' -f 1,2)"
pemkeep -q export 서울 -o "$tmp/seoul"
holds 'the bytes of the other are not the same' \
    cmp "$tmp/seoul" "$tmp/as-they-came/서울.pem"

title 'When something goes wrong'
tell "A message says what is wrong, and what to do next. The public half in" \
    "place of the key:"
ssh-keygen -yf mykey.pem >mykey.pub
run 1 'pemkeep import mykey.pub'
said 'it is a public key' hint:
tell "A vault that is there already is not replaced:"
run 1 'pemkeep init'
said 'exists already'
tell "Now with a wrong passphrase:"
right=$passphrase passphrase='summer2024'
run 3 'pemkeep export mykey -o again.pem'
said 'wrong passphrase'
holds 'something was written' test ! -e again.pem
passphrase=$right
tell "And a vault that others can read is refused until that is repaired:"
run 0 'chmod 644 ~/.local/share/pemkeep/vault'
run 7 'pemkeep keys'
said 'has mode 0644' 'check --repair'
run 0 'pemkeep check --repair'
said 'mode was 0644, is 0400' 'The vault is sound'

title 'What lies on the disk'
tell "The vault, the one before the last change, and a lock. No name and no key" \
    "can be read in it: grep counts the lines that have one."
run 0 'ls -l ~/.local/share/pemkeep'
holds 'the vault has another mode' mode_is 400 .local/share/pemkeep/vault
holds 'its folder has another mode' mode_is 700 .local/share/pemkeep
run 1 'grep -c -a -e mykey -e "PRIVATE KEY" -e ssh-rsa ~/.local/share/pemkeep/vault'
said 0
tell "A copy of that one file is a backup. Keep one on another disk, and keep" \
    "the passphrase: without both of them the keys are lost."

tell "Read next: README.md (what pemkeep protects, and what not);" \
    "man ./man/pemkeep.1 (all commands); vault/FORMAT.md (the bytes)."
