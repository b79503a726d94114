#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# A tour for newcomers: every command that is shown is run, in a private HOME and
# with an EC2 of its own on loopback, which are gone at the end; and the tour fails
# when one of them does not do what the text says.
# BUILD: build folder; PEMKEEP: the program, $BUILD/pemkeep.
set -euo pipefail

cd "$(dirname "$0")/.."
SRC=$PWD
program=${PEMKEEP:-${BUILD:-build}/pemkeep}
program=$(cd "$(dirname "$program")" && pwd)/${program##*/}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pemkeep-demo.XXXXXX")
finish()
{
	"$program" --quiet agent --stop >/dev/null 2>&1 || :
	[ -z "${CLOUD_PID-}" ] || cloud_stop || :
	chmod -R u+rwx "$tmp"
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

export HOME=$tmp/home XDG_RUNTIME_DIR=$tmp/run
unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME PEMKEEP_PASSPHRASE_FILE
unset SSH_AUTH_SOCK SSH_ASKPASS DISPLAY WAYLAND_DISPLAY
umask 022
mkdir -p "$HOME/Downloads" "$tmp/as-they-came"
mkdir -m 700 "$XDG_RUNTIME_DIR"
passphrase='five random words are good'
bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM:-dumb}" != dumb ]; then
	bold=$'\033[1m' plain=$'\033[0m'
fi

# The EC2 is the one of the tests, which is the reason for these names.
TMP=$tmp PYTHON=${PYTHON:-python3}
at_exit()
{
	: # see finish()
}
fail()
{
	broken "$1"
}
set +eo pipefail
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"
set -eo pipefail
cd "$HOME"

# Where it would ask for the vault's passphrase, it is handed over.
pemkeep()
{
	case $1 in
	init | unlock | export | check)
		"$program" --passphrase-fd 3 "$@" 3<<<"$passphrase"
		;;
	*)
		"$program" --no-input "$@"
		;;
	esac
}

connect()
{
	"$tmp/connect" "$@"
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
	eval "$2" >"$tmp/out" 2>&1 </dev/null || status=$?
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
		mv "Downloads/$key.pem.pub" "$tmp/$key.pub"
	done
	cp Downloads/mykey.pem "$tmp/mykey"
	sed -i 's/$/\r/' Downloads/서울.pem
	chmod 644 Downloads/*.pem
	cp Downloads/*.pem "$tmp/as-they-came"
	chmod 400 "$tmp"/as-they-came/*
}

# What somebody has made in the console, with the "launch wizard".
make_cloud()
{
	local place=main/ap-northeast-2
	cloud_start pending=0.2 stopping=0.2 3>&- ||
	    broken 'the cloud for this tour does not start'
	cloud_account main ap-northeast-2
	export AWS_PROFILE=main
	cloud_ctl keypair $place mykey private="$tmp/mykey" >/dev/null
	cloud_ctl group $place launch-wizard-1 allow=tcp:22:0.0.0.0/0 >/dev/null
	cloud_instance $place webshop key=mykey image=ubuntu-24.04 \
	    group=launch-wizard-1
	shop_address=$PUBLIC
}

address_of()
{
	cloud_ctl find "$1" | cut -d ' ' -f 2
}

# What the EC2 console shows for it, by the recipe of the AWS documentation.
ec2_fingerprint()
{
	openssl pkcs8 -in "$1" -topk8 -nocrypt -outform DER |
	    openssl sha1 -c | sed 's/.*= *//'
}

fingerprint()
{
	ssh-keygen -lf "$1" | cut -d ' ' -f 2
}

# What is in the account, but for instances, of which terminated ones stay a while.
account()
{
	cloud_ctl dump | "$PYTHON" -ESsc 'import json, sys
for account in json.load(sys.stdin).values():
    for place in account.values():
        print(json.dumps([place[k] for k in sorted(place) if k != "instances"]))'
}

is_as_before()
{
	[ "$(account)" = "$before" ]
}

make_keys
make_cloud
before=$(account)
ln -s "$program" "$tmp/connect"

tell "This is a tour of pemkeep, in a home folder made for it ($HOME)." \
    "A small EC2 runs on this machine: its instances are sshds that only listen" \
    "to it. All of it is gone at the end. Where pemkeep would ask you for the" \
    "vault's passphrase at the terminal, here it is handed over through a" \
    "descriptor (--passphrase-fd), which is not shown."

title 'From nothing to a shell'
tell "One file, the vault, holds all keys, encrypted. Make it:"
run 0 'pemkeep init'
said '.local/share/pemkeep/vault' backup
tell "A new server is one command: key, security group, instance, address, and a" \
    "login that proves all of it. What would be called, and what does it cost?"
run 0 'pemkeep launch web --image ubuntu-24.04 --open 80 --plan'
said RunInstances 't2.micro' 'free tier' 'an hour' allowed
holds 'the plan has made something' is_as_before
tell "Its key is made in the vault, and was never on a disk in clear. Port 22 is" \
    "open for your own address only. Each step is written down before it is" \
    "done, so that 'pemkeep launch --undo' finds what a crash leaves behind:"
run 0 'pemkeep launch web --image ubuntu-24.04 --open 80 --yes'
read -r web _ <<<"$(cloud_ctl find web)"
said "$web" "$(address_of web)" "is proven by its console: SHA256:"

title 'Connect'
tell "The name is enough, and nothing is said but what you have asked for. What" \
    "goes in comes out, and the exit status is the command's:"
run 0 'connect web whoami'
said ubuntu
run 0 "connect web 'tr a-z A-Z' <<<'hello from here'"
said 'HELLO FROM HERE'
run 3 "connect web 'echo to stderr >&2; exit 3'"
said 'to stderr'
tell "What would happen, and why:"
run 0 'pemkeep resolve web'
said "$web" "$(address_of web)" 'Elastic IP' ubuntu 'public key of the key pair'

title 'The keys that you have'
tell "You have followed a tutorial before: created key pairs in EC2, downloaded" \
    "them, launched an instance with one of them. Now they lie where the browser" \
    "has put them. Who can read them, and what do they open?"
run 0 'ls -l ~/Downloads'
said -rw-r--r-- mykey.pem 서울.pem
run 1 'pemkeep audit'
said key-readable mykey.pem 'mode 0644' 'opens 1 running instance: webshop' \
    서울.pem 'open to the world'
tell "Take them in. With --move each file is removed, but only after its key was" \
    "read back from the vault on the disk. One of them has Windows line ends;" \
    "that is told, and no obstacle:"
run 0 'pemkeep import ~/Downloads/*.pem --move'
said "mykey.pem: imported as 'mykey'" "imported as '서울'" \
    'mode was 0644 (others could use it)' 'CRLF line ends' \
    'the file was removed' 'keep a backup'
run 0 'ls -A ~/Downloads'
holds 'the files are still there' test ! -s "$tmp/out"
tell "The fingerprints are those that ssh shows and those that the EC2 console" \
    "shows, so you can tell which key belongs to which key pair:"
run 0 'pemkeep keys'
said "$(ec2_fingerprint "$tmp/as-they-came/mykey.pem")" \
    "$(fingerprint "$tmp/as-they-came/mykey.pem")"
tell "Which key opens which server is known from AWS. The host key is proven: it" \
    "is the one that the instance has printed on its console, so there is nothing" \
    "to be asked."
run 0 'connect webshop whoami'
said 'is proven by its console: SHA256:' ubuntu
tell "The agent speaks the protocol of ssh-agent, so that ssh, scp, git and rsync" \
    "use the same keys:"
run 0 "SSH_AUTH_SOCK=\$(pemkeep agent --socket) ssh-add -l"
said "$(fingerprint "$tmp/as-they-came/mykey.pem")" ED25519
tell "An exported key is byte for byte the file that you downloaded, with the" \
    "mode that ssh wants; for that the passphrase is asked for again:"
run 0 'pemkeep export mykey -o mykey.pem'
run 0 'ls -l mykey.pem'
said -r--------
holds 'the bytes are not the same' cmp mykey.pem "$tmp/as-they-came/mykey.pem"
run 0 'rm -f mykey.pem'
pemkeep export 서울 -o "$tmp/seoul" -q
holds 'the bytes of the other are not the same' \
    cmp "$tmp/seoul" "$tmp/as-they-came/서울.pem"
tell "What is left to do?"
run 1 'pemkeep audit'
said port-open-to-world webshop
holds 'there are still keys on the disk' test "$(grep -c -e key-readable \
    -e key-outside "$tmp/out")" = 0

title 'When things change'
tell "Stopped and started, an instance has another address. That is found out," \
    "and the host key is still the one of this instance:"
run 0 'pemkeep stop webshop --yes'
said 'is not elastic' stopped
run 0 'pemkeep start webshop --yes'
holds 'it has the same address' test "$(address_of webshop)" != "$shop_address"
said "$(address_of webshop)"
run 0 'connect webshop whoami'
said ubuntu
tell "But when somebody stands in between, or has put another machine in the" \
    "place of yours:"
cloud_ctl host-keys webshop new=yes >/dev/null
run 255 'connect webshop whoami'
said 'has CHANGED' known_hosts
tell "A name that is not known is asked of nobody; it may be a slip:"
run 255 'connect webshopp'
said "'webshopp'" webshop
tell "Locked, the agent has neither keys nor passphrase, and a wrong one opens" \
    "nothing:"
run 0 'pemkeep lock'
run 255 'connect web whoami'
said 'passphrase'
right=$passphrase passphrase='summer2024'
run 3 'pemkeep unlock'
said 'wrong passphrase'
passphrase=$right
run 0 'pemkeep unlock'
tell "A vault that others can read is refused until that is repaired:"
run 0 'chmod 644 ~/.local/share/pemkeep/vault'
run 7 'pemkeep keys'
said 'has mode 0644' 'check --repair'
run 0 'pemkeep check --repair'
said 'mode was 0644, is 0400' 'The vault is sound'

title 'And nothing left behind'
tell "What a launch has made for it goes with the server: the Elastic IP, which" \
    "would cost money, the security group, and the key pair. The key stays in" \
    "the vault."
run 0 'pemkeep terminate web --yes'
said "$web" 'Elastic IP' 'security group' 'key pair' removed
holds 'something is left in the account' is_as_before

title 'What has happened'
tell "Sessions and uses of a key stand in the log, and each line is bound to the" \
    "one before:"
run 0 'pemkeep log --host web'
said connect disconnect ubuntu@web terminate "$web" 'exit 3'
run 0 'pemkeep log --verify'
said 'log is sound'

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
