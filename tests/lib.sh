# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Helpers of the scenarios (tests/*/*.sh, run by tests/run.sh).  A scenario:
#
#	#!/usr/bin/env bash
#	# Goal of this test: what a user relies on.
#	. "$SRC/tests/lib.sh"
#	check 'there is no vault yet' expect_status 4 pk keys
#	check 'it says how to make one' contains "$(err)" 'pemkeep init'
#	done_testing
#
# check NAME CONDITION...   a test: passes when the condition is true, and shows
#                           what the condition printed when it is not
# Conditions, each a test of its own when called without 'check':
#   expect_status N CMD...  run CMD; out and err then print what it wrote
#   equals SEEN WANTED      contains SEEN PART...       lacks SEEN PART...
#   matches SEEN REGEX      (extended, anywhere in SEEN)
#   mode_is MODE FILE...    (0400 and the like)
# ok NAME, fail NAME WHY, skip NAME WHY        say the result yourself
# at_exit CMD...            run at the end, last one first
# pk ARGUMENT...            the program under test
# $TMP                      an empty folder, removed at the end
# done_testing              the last line: without it the scenario has failed

set -u
TMP=$(mktemp -d) || exit
: "${SRC:?tests are run by tests/run.sh}"

tests_run=0
tests_failed=0
tests_done=
in_check=
cleanups=()

# A runtime folder of its own, so that no scenario meets another one's agent.
export XDG_RUNTIME_DIR=$TMP/run
mkdir -m 700 "$XDG_RUNTIME_DIR"

at_exit()
{
	cleanups=("$(printf '%q ' "$@")" "${cleanups[@]}")
}

finish()
{
	local status=$? cmd
	trap - EXIT
	for cmd in "${cleanups[@]}"; do
		eval "$cmd"
	done
	chmod -R u+rwx "$TMP" 2>/dev/null
	rm -rf "$TMP"
	[ -n "$tests_done" ] || {
		echo "not ok $((tests_run + 1)) - ended before done_testing" \
		    "(exit $status)"
		exit 1
	}
	exit "$status"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

ok()
{
	tests_run=$((tests_run + 1))
	echo "ok $tests_run - $1"
}

fail()
{
	tests_run=$((tests_run + 1))
	tests_failed=$((tests_failed + 1))
	echo "not ok $tests_run - $1"
	sed 's/^/#   /' <<<"${2-}"
}

skip()
{
	tests_run=$((tests_run + 1))
	echo "ok $tests_run - $1 # SKIP ${2:?skip needs a reason}"
}

check()
{
	local name=$1 status
	shift
	in_check=1
	"$@" >"$TMP/.check" 2>&1
	status=$?
	in_check=
	if [ "$status" = 0 ]; then
		ok "$name"
	else
		fail "$name" "$(printf '%q ' "$@"; echo
		    echo "exit $status"; cat -v "$TMP/.check")"
	fi
}

# condition STATUS NAME WHY: inside 'check' a result, else a test.
condition()
{
	if [ -n "$in_check" ]; then
		[ "$1" = 0 ] || echo "$3"
	elif [ "$1" = 0 ]; then
		ok "$2"
	else
		fail "$2" "$3"
	fi
	return "$1"
}

pk()
{
	"$PEMKEEP" "$@"
}

out()
{
	cat "$TMP/.out"
}

err()
{
	cat "$TMP/.err"
}

expect_status()
{
	local wanted=$1 status
	shift
	"$@" >"$TMP/.out" 2>"$TMP/.err"
	status=$?
	[ "$status" = "$wanted" ]
	condition $? "exit $wanted: $*" "$(echo "exit $status, wanted $wanted"
	    echo "stdout:"; out | cat -v; echo "stderr:"; err | cat -v)"
}

equals()
{
	[ "$1" = "$2" ]
	condition $? "equals $2" "$(printf 'seen:   %s\nwanted: %s' "$1" "$2")"
}

contains()
{
	local seen=$1 part status=0
	shift
	for part; do
		[[ $seen == *"$part"* ]] || status=1
	done
	condition $status "contains $*" \
	    "$(printf 'wanted all of: %s\nin: %s' "$*" "$seen")"
}

lacks()
{
	local seen=$1 part status=0
	shift
	for part; do
		[[ $seen != *"$part"* ]] || status=1
	done
	condition $status "lacks $*" \
	    "$(printf 'wanted none of: %s\nin: %s' "$*" "$seen")"
}

matches()
{
	[[ $1 =~ $2 ]]
	condition $? "matches $2" "$(printf 'wanted: %s\nin: %s' "$2" "$1")"
}

mode_is()
{
	local wanted=$1 seen status=0
	shift
	seen=$(stat -c '%04a %n' "$@") || status=1
	! grep -qv "^$wanted " <<<"$seen" || status=1
	condition $status "mode $wanted: $*" "$seen"
}

done_testing()
{
	tests_done=1
	echo "1..$tests_run"
	[ "$tests_run" != 0 ] || {
		echo "not ok 1 - no test was run"
		exit 1
	}
	[ "$tests_failed" = 0 ]
	exit
}
