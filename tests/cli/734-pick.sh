#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: where a name means several instances, 'connect' has one chosen
# at the terminal, with fzf or from a list, and goes to that one and to no other;
# nothing that stands in a tag has a say in it; and where nobody can be asked it
# shows them and goes nowhere.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

cloud_start pending=0 stopping=0 || done_testing
cloud_account main eu-west-1
export AWS_PROFILE=main
new_vault
# Stopped ones: what was chosen shows in what is said about it.
for n in 1 2 3; do
	cloud_instance main/eu-west-1 twice state=stopped ssh=no
done
cloud_instance main/eu-west-1 other state=stopped ssh=no
pk resolve twice 2>"$TMP/table" >/dev/null
mapfile -t ids < <(grep -o 'i-[0-9a-f]\{17\}' "$TMP/table")
check 'three of them' equals "${#ids[@]}" 3

on_terminal()
{
	"$PYTHON" "$SRC/tests/tools/onterminal.py" size=150x40 "$@"
}
# goes ID: the steps when that one was chosen
goes()
{
	steps=("expect=\($1\) is stopped\." 'expect=\[y/N\] ' 'send=n\r'
	    status=255)
}
# The rest of PATH has no fzf.
mkdir bin empty
for tool in env cat sh sed tee; do
	ln -s "$(command -v $tool)" bin
done
choose()
{
	on_terminal "$@" -- env TERM="${TERMINAL:-xterm}" PATH="$PWD/bin" \
	    "$PEMKEEP" connect "${WHO:-twice}" true
}

# --- a numbered list
for n in 1 2 3; do
	goes "${ids[n - 1]}"
	check "number $n" choose 'expect=1  i-.*2  i-.*3  i-.*which one \(1-3\)\? ' \
	    "send=$n\\r" "${steps[@]}"
done
goes "${ids[2]}"
for wrong in 0 4 -1 2x 'i-0' 99999999999999999999 '1 2' '\x1b[A'; do
	check "'$wrong' is asked again" choose 'expect=which one' \
	    "send=$wrong\\r" 'expect=a number from 1 to 3: ' 'send= 3 \r' \
	    "${steps[@]}"
done
check 'three times' choose 'expect=which one' 'send=x\r' 'expect=a number' \
    'send=x\r' 'expect=a number' 'send=x\r' 'expect=nothing was chosen' \
    'absent=i-0' status=255
check 'none' choose 'expect=which one' 'send=\r' 'expect=nothing was chosen' \
    status=255
check 'Ctrl-D' choose 'expect=which one' 'send=\x04' \
    'expect=nothing was chosen' status=255
check 'Ctrl-C' choose 'expect=which one' 'send=\x03' status=130
cloud_ctl tag "${ids[1]}" Name value=$'twice\n1  i-00000000000000000  x'
pk list --refresh >/dev/null
WHO="twice*" check 'a name with a line in it is one line' \
    choose 'expect=twice\^J1  i-00000000000000000  x .*which one \(1-3\)' \
    'send=\r' status=255

# --- nobody can be asked
check 'no terminal' expect_status 255 setsid -w "$PEMKEEP" connect twice
check 'no terminal: they are shown' contains "$(err)" 'PROFILE/REGION' \
    "${ids[0]}" "${ids[2]}" "'twice' is 2 instances" 'name one by its id'
check '--no-input' on_terminal 'expect=PROFILE/REGION' "expect=${ids[0]}" \
    "expect='twice' is 2 instances" 'absent=which one' status=255 -- \
    "$PEMKEEP" connect --no-input twice
check 'resolve never asks' on_terminal 'expect=PROFILE/REGION' \
    "expect='twice' is 2 instances" status=5 -- "$PEMKEEP" resolve twice

# --- fzf
fake()
{
	{
		printf '#!/bin/sh\nexec 2>>%q\n' "$TMP/fzf.err"
		printf 'env >%q\nprintf "%%s\\n" "$@" >%q\n' "$TMP/fzf.env" \
		    "$TMP/fzf.args"
		printf 'cat >%q\n%s\n' "$TMP/fzf.in" "$1"
	} >bin/fzf
	chmod 755 bin/fzf
}
line()
{
	printf 'sed -n %dp %q' "$(($1 + 1))" "$TMP/fzf.in"
}
cloud_ctl tag "${ids[1]}" Name value=twice
pk list --refresh >/dev/null
for n in 1 2 3; do
	fake "$(line $n)"
	goes "${ids[n - 1]}"
	check "fzf: line $n" choose "${steps[@]}"
	check "fzf: line $n: no list" lacks "$(cat "$TMP/.check")" 'which one'
done
check 'fzf: a title, and one line each' equals "$(wc -l <"$TMP/fzf.in")" 4
check 'fzf: it gets one choice, and no program to run' equals \
    "$(grep -v -e --height -e --reverse -e --prompt "$TMP/fzf.args")" \
    '--no-multi
--no-mouse
--header-lines=1'
fake "$(line 2)"
goes "${ids[1]}"
FZF_DEFAULT_OPTS="--preview 'touch $TMP/ran {}' --bind 'start:execute(touch $TMP/ran)'" \
    FZF_DEFAULT_COMMAND="touch $TMP/ran" FZF_DEFAULT_OPTS_FILE=$TMP/options \
    check 'fzf: not the options of the environment' choose \
    "${steps[@]}"
check 'fzf: not the options of the environment: none' equals \
    "$(grep -c ^FZF "$TMP/fzf.env")" 0
cloud_ctl tag "${ids[1]}" Name value=$'twice\n1  x\e[2J\u202e$(touch ran)'
pk list --refresh >/dev/null
fake "$(line 3)" # it comes last now
goes "${ids[1]}"
WHO="twice*" check 'fzf: what stands in a tag' choose "${steps[@]}"
check 'fzf: what stands in a tag is escaped' safe "$TMP/fzf.in"
check 'fzf: what stands in a tag is one line' equals \
    "$(wc -l <"$TMP/fzf.in")" 4
check 'nothing was run' test ! -e ran -a ! -e "$TMP/ran"
fake 'exit 130'
check 'fzf: none' choose 'expect=nothing was chosen' status=255
fake 'exit 1'
check 'fzf: nothing fits' choose 'expect=nothing was chosen' status=255
goes "${ids[0]}"
for how in 'exit 2' 'exit 127' 'echo i-00000000000000000' 'echo 0' 'echo 99' \
    'echo 2x' 'kill -9 $$' ''; do
	fake "$how"
	check "fzf: '$how': the list instead" choose 'expect=which one' \
	    'send=1\r' "${steps[@]}"
done
fake "$(line 2)"
TERMINAL=dumb check 'fzf: not where the terminal is dumb' choose \
    'expect=which one' 'send=1\r' "${steps[@]}"
done_testing
