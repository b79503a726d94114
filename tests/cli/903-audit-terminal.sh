#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: whoever is at a terminal sees how far an audit is, is asked for
# what it needs and before anything is taken away, and gets the screen back.

. "$SRC/tests/cli/lib.sh"

ASK='expect=Passphrase of the vault: '
# at NAME STATUS STEP... -- ARGUMENT...: as in 70-terminal.sh, all on the screen
at()
{
	local name=$1 status=$2 steps=() seen
	shift 2
	while [ "$1" != -- ]; do
		steps+=("$1")
		shift
	done
	shift
	seen=$(env -u PEMKEEP_PASSPHRASE_FILE TERM=xterm "$PYTHON" \
	    "$SRC/tests/tools/terminal.py" "${steps[@]}" -- "$PEMKEEP" "$@" 2>&1)
	check "$name" equals "$seen" "status $status, echo on"
}
screen()
{
	cat terminal.screen
}

new_vault
mkdir -m 700 ~/.ssh
mkdir ~/Documents
ssh-keygen -q -t ed25519 -N '' -f "$TMP/held"
pk -q import "$TMP/held" >/dev/null
cp "$TMP/held" ~/.ssh/copy
ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/new
chmod 644 ~/.ssh/new
chmod 600 ~/.ssh/copy

pk -q lock
at 'locked: the passphrase is asked for' 1 "$ASK" echo=off "send=$PASS"$'\n' \
    -- audit
check 'progress' contains "$(screen)" ' files in ' ' folders'
check 'is wiped' contains "$(screen)" $'\r\e[K'
check 'the findings' contains "$(screen)" key-readable key-copy \
    "a copy of 'held'"
check 'in colour' contains "$(screen)" $'\e[31mhigh\e[0m'
at 'unlocked: nothing is asked' 1 -- audit
check 'no question' lacks "$(screen)" Passphrase
at 'quiet: no progress' 1 -- -q audit
check 'at all' lacks "$(screen)" $'\e[K' 'files in'
pk -q lock
at 'locked, and nobody is to be asked' 1 -- audit --no-input
check 'what is left out is said' contains "$(screen)" \
    "the vault's keys are not known"
check 'and is' lacks "$(screen)" key-copy
check 'the rest is there' contains "$(screen)" key-readable

pk -q unlock
at 'no is an answer' 1 'expect=into the vault, and remove them?' \
    $'send=n\n' -- audit --fix
check 'no: the files stay' test -f ~/.ssh/new -a -f ~/.ssh/copy
check 'no: but the mode was set' mode_is 0400 ~/.ssh/new
at 'yes' 0 'expect=into the vault, and remove them?' $'send=y\n' -- \
    audit --fix
check 'yes: the files are gone' test ! -e ~/.ssh/new -a ! -e ~/.ssh/copy
check 'yes: and in the vault' contains "$(pk keys)" held new
check 'yes: a backup is advised' contains "$(screen)" 'keep a backup'

# A passphrase of a key file is asked for by name.
ssh-keygen -q -t ed25519 -a 4 -N 'its own' -f ~/.ssh/locked
rm ~/.ssh/locked.pub
at 'a key with a passphrase' 0 'expect=into the vault, and remove it?' \
    $'send=y\n' 'expect=ssh/locked' echo=off $'send=its own\n' -- audit --fix
check 'its file is gone' test ! -e ~/.ssh/locked
done_testing
