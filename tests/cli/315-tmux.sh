#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: what a user sees, in a real terminal (tmux): the remote prompt,
# a full-screen program that follows the window's size, Ctrl-C, and a terminal that
# is as it was before when the server is gone.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/tools/sshd.sh
. "$SRC/tests/tools/sshd.sh"

if ! command -v tmux >/dev/null; then
	skip tmux 'it is not installed'
	done_testing
fi
key ed25519 ed
sshd_start || fail 'sshd' "$(cat "$D/log")"
host=ubuntu@127.0.0.1

tm()
{
	env -u TMUX tmux -S "$TMP/tmux" -f /dev/null "$@"
}
at_exit tm kill-server

screen()
{
	tm capture-pane -p -t 0
}
# shows REGEX: on the screen, soon
shows()
{
	local i
	for ((i = 0; i < 100; i++)); do
		screen | grep -Eq -e "$1" && return
		sleep 0.1
	done
	screen
	return 1
}
type()
{
	tm send-keys -t 0 "$@"
}

tm new-session -d -x 90 -y 30 "env PS1='here> ' ENV= sh -i" || {
	skip tmux 'it does not start here'
	tests_done=1
	done_testing
}
check 'a prompt here' shows '^here>'
type 'stty -a >before' Enter
type "'$TMP/connect' -t -i ed -o 'UserKnownHostsFile=$known' -p $PORT $host" \
    " 'PS1=\"there> \" exec sh'; echo status \$?" Enter
check 'a prompt there' shows '^there>'
type 'stty size' Enter
check 'the size' shows '^30 90'
tm resize-window -t 0 -x 70 -y 20
type 'stty size' Enter
check 'the size, changed' shows '^20 70'
type 'sleep 1000' Enter
sleep 0.5
type C-c
type 'echo "after $?"' Enter
check 'Ctrl-C ends what runs there' shows '^after 130'
type 'vi' Enter
check 'a full-screen program' shows '^~'
check 'it has the whole window' equals "$(screen | grep -c '^~')" 18
tm resize-window -t 0 -x 80 -y 40
shows '^~' >/dev/null
for ((i = 0; i < 50; i++)); do
	[ "$(screen | grep -c '^~')" -ge 38 ] && break
	sleep 0.1
done
check 'it follows the window' equals "$(screen | grep -c '^~')" 38
type ihello Escape ":w $TMP/edited" Enter
check 'what is typed arrives' shows 'written'
check 'and is written' equals "$(cat edited)" hello
type ':q' Enter
check 'back to the prompt' shows '^there>'
type 'kill -9 $PPID' Enter
check 'the server is killed: an error' shows 'pemkeep: [a-z]'
check 'the server is killed: the status' shows 'status 255'
type 'stty -a >after; echo do""ne' Enter
check 'the terminal can be used again' shows '^done'
check 'the terminal is as it was' equals "$(sed 's/rows [0-9]*; columns [0-9]*//' after)" \
    "$(sed 's/rows [0-9]*; columns [0-9]*//' before)"
done_testing
