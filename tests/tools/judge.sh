# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# What a server that misbehaves may come to, on top of tests/cli/lib.sh.  Sourced.
#
# ends STATUS DEADLINE RESULT    a condition for 'check': RESULT, as badserver.py
#                                prints it, has that status, took no longer than
#                                DEADLINE seconds and a bit, little memory and
#                                hardly any work; what was said, in the file
#                                'said', is short, safe to show, and with status
#                                255 one of our errors.  Data of the server are
#                                lines of x.

# Sanitizers take memory and time of their own.
rss=16384 late=1.5 busy=0.8
if grep -q sanitize "$BUILD/flags"; then
	rss=400000 late=4 busy=4
fi

ends()
{
	# shellcheck disable=SC2034 # conditions look at it
	local in_check=1 line status seconds memory cpu
	read -r line <"$3"
	read -r status seconds memory cpu <<<"${line//[a-z=]/}"
	sed 1d "$3" | grep -av '^x*$' >said
	head -c 2000 "$3" | cat -v
	[ "$status" = "$1" ] && [ "$memory" -le $rss ] &&
	    awk "BEGIN { exit !($seconds <= $2 + $late && $cpu <= $busy) }" &&
	    [ "$(wc -l <said)" -le 3 ] &&
	    [ "$(sed -n '/^pemkeep: /,$p' said | wc -l)" -le 2 ] && safe said && {
		[ "$1" != 255 ] ||
		    matches "$(cat said)" $'(^|\n)pemkeep: [^[:space:]]'
	}
}
