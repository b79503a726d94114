#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# A tour for newcomers: every command that is shown is run, in a private HOME and
# with an sshd of its own, which are gone at the end; and the tour fails when one
# of them does not do what the text says.
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
	[ -z "${PORT-}" ] || sshd_stop || :
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

# A server: the one of the tests, which is the reason for these names.
TMP=$tmp PEMKEEP=$program PYTHON=${PYTHON:-python3}
at_exit()
{
	: # see finish()
}
fail()
{
	broken "$1"
}
set +eo pipefail
# shellcheck source=tests/tools/sshd.sh
. "$SRC/tests/tools/sshd.sh"
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
# a Windows editor.  The server gets the public half of the first, as EC2 would
# give it.
make_keys()
{
	local key
	for key in mykey 서울; do
		ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -C '' \
		    -f "Downloads/$key.pem"
	done
	cp Downloads/mykey.pem.pub "$D/authorized"
	chmod 600 "$D/authorized"
	rm Downloads/*.pub
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

fingerprint()
{
	ssh-keygen -lf "$1" | cut -d ' ' -f 2
}

# The server as it is after somebody has put another machine in its place.
replace_server()
{
	sshd_stop || :
	rm "$D"/host_ed25519*
	ssh-keygen -q -t ed25519 -N '' -C '' -f "$D/host_ed25519"
	sleep 0.2
	env "${wrapped[@]}" /usr/sbin/sshd -f "$D/config" -E "$D/log"
	wait_for_port
}

make_keys
sshd_start 3>&- || broken 'the sshd for this tour does not start'

tell "This is a tour of pemkeep, in a home folder made for it ($HOME)." \
    "The server is an sshd on this machine that only listens to it. Both are" \
    "gone at the end. Where pemkeep would ask you for the vault's passphrase at" \
    "the terminal, here it is handed over through a descriptor" \
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
tell "From now on an agent has the vault open, for half an hour after its last" \
    "use. Take the keys in. With --move each file is removed, but only after its" \
    "key was read back from the vault on the disk. One of them has Windows line" \
    "ends; that is told, and no obstacle:"
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
tell "A new key can be made in the vault; then it was never on a disk in clear." \
    "Its public half is for EC2, or for a server's authorized_keys:"
run 0 'pemkeep generate next-server'
said 'ssh-ed25519 AAAA'

title 'Give your server a name'
run 0 "pemkeep add myserver 127.0.0.1 --port $PORT --user ubuntu --key mykey"
tell "What would happen, and why:"
run 0 'pemkeep resolve myserver'
said 127.0.0.1 "$PORT" ubuntu mykey .config/pemkeep/hosts

title 'Connect'
tell "The first time its host key is not known. At a terminal you would be asked;" \
    "where there is nobody to ask, nothing is sent to a stranger:"
run 255 'connect myserver whoami'
said 'is not known' "$(fingerprint "$D/host_ed25519")" hint:
tell "That is the fingerprint of our server, so:"
run 0 'connect -o StrictHostKeyChecking=accept-new myserver whoami'
said ubuntu
tell "From now on the name is enough. The exit status is the command's:"
run 0 'connect myserver uname -s'
said "$(uname -s)"
run 3 "connect myserver 'echo to stderr >&2; exit 3'"
said 'to stderr'
tell "What goes in comes out, and nothing else:"
run 0 "connect myserver 'tr a-z A-Z' <<<'hello from here'"
said 'HELLO FROM HERE'
tell "The agent speaks the protocol of ssh-agent, so that ssh, scp, git and rsync" \
    "use the same keys:"
run 0 "SSH_AUTH_SOCK=\$(pemkeep agent --socket) ssh-add -l"
said "$(fingerprint "$tmp/as-they-came/mykey.pem")"

title 'What has happened'
tell "Each use of a key is in the log, and each line is bound to the one before:"
run 0 'pemkeep log'
said import sign connect
run 0 'pemkeep log --verify'
said 'log is sound'

title 'EC2, by name'
tell "With your AWS profile pemkeep knows every instance by its Name tag: where" \
    "it is, whom to log in as, and which key opens it. For this tour a small EC2" \
    "runs on this machine; its instances are sshds."
cloud_start stopping=0 pending=0 boot=0 3>&-
cloud_account main eu-west-1
cp "$tmp/as-they-came/mykey.pem" "$tmp/pair"
ssh-keygen -yf "$tmp/pair" >"$tmp/pair.pub"
cloud_ctl keypair main/eu-west-1 mykey private="$tmp/pair" >/dev/null
cloud_instance main/eu-west-1 webshop key=mykey image=ubuntu-24.04
export AWS_PROFILE=main
run 0 'pemkeep list'
said webshop "$ID" "$PUBLIC" running
run 0 'pemkeep resolve webshop'
said "$ID" "$PUBLIC" ubuntu mykey 'next stop'
tell "Its host key is proven: it is the one that the instance has printed on its" \
    "console, so there is nothing to be asked."
run 0 'connect webshop whoami'
said ubuntu
before=$PUBLIC
cloud_ctl stop webshop >/dev/null
cloud_ctl wait webshop stopped >/dev/null
cloud_ctl start webshop >/dev/null
cloud_ctl wait webshop running >/dev/null
read -r _ PUBLIC _ <<<"$(cloud_ctl find webshop)"
holds 'it has the same address' test "$PUBLIC" != "$before"
tell "Stopped and started, it has another address. That is found out, and the" \
    "host key is still the one of this instance:"
run 0 'connect webshop whoami'
said ubuntu

title 'When something goes wrong'
tell "Somebody stands in between, or has put another machine in the place of" \
    "yours:"
replace_server
run 255 'connect myserver whoami'
said 'has CHANGED' "$(fingerprint "$D/host_ed25519")" known_hosts
tell "A name that is not known is asked of nobody; it may be a slip:"
run 255 'connect myservr'
said "'myservr'" myserver
tell "Locked, the agent has neither keys nor passphrase:"
run 0 'pemkeep lock'
run 255 'connect myserver whoami'
said 'passphrase'
tell "A wrong passphrase opens nothing:"
right=$passphrase passphrase='summer2024'
run 3 'pemkeep unlock'
said 'wrong passphrase'
passphrase=$right
run 0 'pemkeep unlock'
tell "And a vault that others can read is refused until that is repaired:"
run 0 'chmod 644 ~/.local/share/pemkeep/vault'
run 7 'pemkeep keys'
said 'has mode 0644' 'check --repair'
run 0 'pemkeep check --repair'
said 'mode was 0644, is 0400' 'The vault is sound'

title 'Get a key out again'
tell "An exported key is byte for byte the file that you downloaded, with the" \
    "mode that ssh wants; for that the passphrase is asked for again. The public" \
    "half goes to the standard output:"
run 0 'pemkeep export mykey -o mykey.pem'
run 0 'ls -l mykey.pem'
said -r--------
holds 'the bytes are not the same' cmp mykey.pem "$tmp/as-they-came/mykey.pem"
run 0 'pemkeep export mykey --public'
said "$(ssh-keygen -yf "$tmp/as-they-came/mykey.pem" | cut -d ' ' -f 1,2)"
pemkeep export 서울 -o "$tmp/seoul" -q
holds 'the bytes of the other are not the same' \
    cmp "$tmp/seoul" "$tmp/as-they-came/서울.pem"

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
