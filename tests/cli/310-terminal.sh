#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: a session on a terminal is one: the modes, the size and its
# changes, control keys, full-screen programs, the escapes; and the terminal is as
# it was before after every way out.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/tools/sshd.sh
. "$SRC/tests/tools/sshd.sh"

key ed25519 ed
sshd_start || fail 'sshd' "$(cat "$D/log")"
host=ubuntu@127.0.0.1
prompt='PS1="remote> " exec sh'

term()
{
	TERM=xterm "$PYTHON" "$SRC/tests/tools/onterminal.py" "$@"
}

# on STEP... : a shell with a prompt
on()
{
	term 'expect=remote> ' "$@" -- "$TMP/connect" -t -i ed \
	    -o "UserKnownHostsFile=$known" -p "$PORT" $host "$prompt"
}

check 'a shell without a command gets a terminal' term 'expect=[$#] ' raw \
    'send=tty\r' 'expect=/dev/pts/' 'send=exit 6\r' status=6 cooked -- \
    "$TMP/connect" -i ed -o "UserKnownHostsFile=$known" -p "$PORT" $host
check 'its status' on 'send=exit 7\r' status=7 cooked
check 'the size, and its changes' on size=91x33 'send=stty size\r' \
    'expect=33 91' size=100x40 sleep=0.3 'send=stty size\r' 'expect=40 100' \
    'send=exit\r' status=0
check 'TERM' on 'send=echo "<$TERM>"\r' 'expect=<xterm>' 'send=exit\r' status=0
check 'a very long TERM' env \
    TERM="$(printf 'x%.0s' {1..300})" "$PYTHON" \
    "$SRC/tests/tools/onterminal.py" 'expect=fine' status=0 -- \
    "$TMP/connect" -t -i ed -o "UserKnownHostsFile=$known" -p "$PORT" \
    $host 'echo fine'
check 'Ctrl-C goes to the command there' on 'send=sleep 100\r' sleep=0.3 \
    'send=\x03' 'expect=remote> ' 'send=echo st$?\r' 'expect=st130' \
    'send=exit\r' status=0 cooked
check 'Ctrl-D ends the shell there' on 'send=\x04' status=0 cooked
check 'every byte comes through' on \
    'send=stty raw -echo; echo rea""dy; head -c 6 | od -An -tx1; exit\r' \
    'expect=ready' 'send=\x00\x03\x11\x13\x1a\xff' \
    'expect=00 03 11 13 1a ff' status=0
check 'UTF-8' on 'send=echo \xed\x95\x9c\xea\xb8\x80\r' \
    'expect=\n한글' 'send=exit\r' status=0
# The modes: set here, seen there.
check 'the modes go along' term 'expect=here> ' \
    'send=stty intr ^X kill ^K -iutf8 -echoe ixany\r' 'expect=here> ' \
    "send='$TMP/connect' -t -i ed -o 'UserKnownHostsFile=$known' -p $PORT $host 'stty -a'\\r" \
    'expect=intr = \^X;.*kill = \^K;.*[^-]ixany.*-iutf8.*-echoe' \
    'expect=here> ' 'send=exit\r' status=0 -- env PS1='here> ' sh -i
check 'a full-screen program' term 'expect=\x1b\[.*~' 'send=itext here\x1b' \
    "send=:w $TMP/edited\\r" 'expect=written' 'send=:q\r' status=0 cooked -- \
    "$TMP/connect" -t -i ed -o "UserKnownHostsFile=$known" -p "$PORT" \
    $host vi
check 'what it wrote' equals "$(cat edited)" 'text here'
check '-tt without a terminal here' expect_status 0 connect -tt -i ed $host tty
check '-tt: there is one there' contains "$(out)" /dev/pts/
check '-t without a terminal here' expect_status 1 connect -t -i ed $host tty
check '-t: there is none, and it says so' contains "$(out) $(err)" \
    'not a tty' '-tt'
check '-T' term 'expect=not a tty' status=1 cooked -- "$TMP/connect" -T -i ed \
    -o "UserKnownHostsFile=$known" -p "$PORT" $host tty

# Escapes.
check '~? ~~ and ~.' on 'send=\r~?' 'expect=Supported escape' 'send=~~a\r' \
    'expect=~a' 'expect=remote> ' 'send=echo x~.y\r' 'expect=x~\.y' \
    'expect=remote> ' 'send=~.' status=255 cooked
check '~ in the middle of a line is none' on 'send=echo a~?b\r' 'expect=a~\?b' \
    'send=exit\r' status=0
check '~. of a session that hangs' on 'send=sleep 100\r' sleep=0.3 'send=\r~.' \
    status=255 cooked
check '~^Z and fg' term 'expect=here> ' \
    "send='$TMP/connect' -t -i ed -o 'UserKnownHostsFile=$known' -p $PORT $host '${prompt//\"/\\\"}'\\r" \
    'expect=remote> ' raw 'send=\r~\x1a' 'expect=Stopped.*here> ' cooked \
    size=70x20 'send=fg\r' sleep=0.5 raw 'send=stty size\r' 'expect=20 70' \
    'send=exit 4\r' 'expect=here> ' 'send=echo st$?\r' 'expect=st4' \
    'send=exit\r' status=0 -- env PS1='here> ' ENV= sh -i

# Ways out.
for signal in TERM HUP INT QUIT; do
	check "SIG$signal" on raw kill=$signal status=255 cooked
done
check 'the session there is killed' on 'send=kill -9 $PPID\r' status=255 cooked
check 'the shell there is killed' on 'send=kill -9 $$\r' status=137 cooked
check 'the terminal goes away' on eof status=255
check 'nothing of ours is left' equals "$(pgrep -f "$TMP/connect")" ''
done_testing
