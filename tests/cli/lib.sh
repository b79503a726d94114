# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# What the command scenarios share, on top of tests/lib.sh.  Sourced, not run.
#
# $PASS, $PASS_FILE      the vault's passphrase; the program gets it from the file
# stop_agent             so that the next command starts one, and asks
# ways WAY...            the first thing a scenario says if it is to be run once for
#                        each of these; $WAY is then what all commands do:
#   alone                open the vault for themselves (--no-agent)
#   started              start the agent: one that runs is stopped before each
#   locked               find an agent that runs, and is locked before each
#   agent                find an agent as the last one has left it
# forget                 after it, the next command needs the passphrase
# $data $vault $state $seen    the places, in a HOME that is this test's alone
# new_vault              an empty vault, whatever was there before
# keep NAME, back NAME   put data and state aside, and bring them back
# with LINE... -- CMD    run CMD with these lines on descriptor 9; 'pk9' is pk with
#                        --passphrase-fd 9
# Conditions for 'check', besides those of tests/lib.sh:
#   refused STATUS PART... -- CMD    see below
#   unchanged              the vault is as it was at the last 'remember'
#   safe FILE...           nothing in it that a terminal would obey
# someone ARGUMENT...    pemkeep as a user whom permissions bind; see below

. "$SRC/tests/lib.sh"

umask 022
cd "$TMP" || exit
PASS='correct horse battery staple'
PASS_FILE=$TMP/pass
data=$HOME/.local/share/pemkeep
state=$HOME/.local/state/pemkeep
vault=$data/vault
seen=$state/seen
printf '%s\n' "$PASS" >"$PASS_FILE"
chmod 400 "$PASS_FILE"
export PEMKEEP_PASSPHRASE_FILE=$PASS_FILE

# Commands leave an agent behind.
program=$PEMKEEP
stop_agent()
{
	"$program" --quiet agent --stop
}
at_exit stop_agent

WAY=${WAY-agent}
go_way()
{
	local before='' option=''
	case $WAY in
	agent) return ;;
	alone) option=--no-agent ;;
	started) before="'$program' -q agent --stop" ;;
	locked)
		before="'$program' agent --socket >/dev/null
		'$program' -q lock"
		;;
	esac
	PEMKEEP=$TMP/pemkeep-$WAY
	printf '#!/bin/sh\n%s\nexec "%s" %s "$@"\n' \
	    "$before" "$program" "$option" >"$PEMKEEP"
	chmod 755 "$PEMKEEP"
}

ways()
{
	local way status=0
	if [ -n "${WAYS_BEGUN-}" ]; then
		go_way
		return
	fi
	for way; do
		mkdir -m 700 "$TMP/$way"
		WAYS_BEGUN=1 WAY=$way HOME=$TMP/$way PEMKEEP=$program \
		    "$BASH" "$SRC/tests/cli/${0##*/}" |
		    sed -u -E "s/^((not )?ok [0-9]+ - )/\\1$way: /"
		[ "${PIPESTATUS[0]}" = 0 ] || status=1
	done
	tests_done=1
	exit $status
}

forget()
{
	[ "$WAY" != agent ] || pk -q lock
}

new_vault()
{
	rm -rf "$data" "$state"
	pk --quiet init --kdf-memory 64 || fail 'a new vault' "exit $?"
}

keep()
{
	rm -rf "$TMP/kept-$1"
	mkdir "$TMP/kept-$1"
	cp -a "$data" "$TMP/kept-$1/data"
	cp -a "$state" "$TMP/kept-$1/state"
}

back()
{
	rm -rf "$data" "$state"
	cp -a "$TMP/kept-$1/data" "$data"
	cp -a "$TMP/kept-$1/state" "$state"
}

with()
{
	local lines=()
	while [ "$1" != -- ]; do
		lines+=("$1")
		shift
	done
	shift
	"$@" 9< <(printf '%s\n' "${lines[@]}")
}

pk9()
{
	pk --passphrase-fd 9 "$@"
}

sum()
{
	if [ -f "$1" ] || [ "$1" = /dev/stdin ]; then
		sha256sum <"$1"
	else
		echo none
	fi
}

remember()
{
	remembered=$(sum "$vault")
}

unchanged()
{
	equals "$(sum "$vault")" "$remembered"
}

# What was said on stderr, but for one warning that depends on the system.
said()
{
	sed '/^pemkeep: warning: memory cannot be locked/{N;d;}' "$TMP/.err"
}

# What a terminal would obey, or show as something else, is not in the file.
safe()
{
	"$PYTHON" - "$@" <<'END'
import re, sys
bad = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e"
                 "\u2060\u2066-\u2069\ufeff\ufffe\U000e0000-\U000e007f]")
for name in sys.argv[1:]:
    data = open(name, "rb").read()
    try:
        found = bad.search(data.decode("utf-8"))
    except UnicodeDecodeError as e:
        sys.exit("%s: not UTF-8: %s" % (name, e))
    if found:
        sys.exit("%s: raw %r in %r" % (name, found.group(), data))
END
}

# The parts of 'refused'; its local variables are seen here.
judge()
{
	local in_check=1
	equals "status $1" "status $wanted" &&
	    equals "$(cat "$TMP/.out")" '' &&
	    matches "$first" '^pemkeep: [^[:space:]]' &&
	    contains "$text" "${parts[@]}" &&
	    matches "$hint" '^(hint: [^[:space:]]|$)' &&
	    lacks "$hint" $'\n' &&
	    safe "$TMP/.err" &&
	    equals "$(sum "$vault")" "$before"
}

# refused STATUS PART... -- CMD: CMD ends with STATUS, prints nothing, and says
# one line, with all the parts in it, and at most one hint; the vault stays as
# it was.
refused()
{
	local wanted=$1 parts=() before status text first hint
	shift
	while [ "$1" != -- ]; do
		parts+=("$1")
		shift
	done
	shift
	before=$(sum "$vault")
	"$@" >"$TMP/.out" 2>"$TMP/.err"
	status=$?
	text=$(said)
	first=${text%%$'\n'*}
	hint=${text#"$first"}
	hint=${hint#$'\n'}
	judge "$status" >"$TMP/.judged" 2>&1
	condition $? "exit $wanted: $*" \
	    "$(cat "$TMP/.judged"; echo "stderr:"; cat -v "$TMP/.err")"
}

# Root may do everything, so permissions are tried as "nobody" there.  'theirs'
# is a folder with a home for it; 'someone keys' runs the program in it, and
# 'as_someone CMD' anything else.  Without the rights for that, false.
theirs=
find_someone()
{
	if [ "$(id -u)" != 0 ]; then
		theirs=$TMP/theirs
		mkdir "$theirs" || return
		as_someone()
		{
			env -C "$theirs" HOME="$theirs" \
			    XDG_RUNTIME_DIR="$theirs/run" \
			    PEMKEEP_PASSPHRASE_FILE="$theirs/pass" "$@"
		}
	else
		setpriv --reuid=65534 --regid=65534 --clear-groups true \
		    2>/dev/null || return
		theirs=$(mktemp -d /tmp/pk-theirs.XXXXXX) || return
		at_exit rm -rf "$theirs"
		as_someone()
		{
			setpriv --reuid=65534 --regid=65534 --clear-groups \
			    env -C "$theirs" HOME="$theirs" \
			    XDG_RUNTIME_DIR="$theirs/run" \
			    PEMKEEP_PASSPHRASE_FILE="$theirs/pass" "$@"
		}
	fi
	cp "$program" "$theirs/pemkeep"
	cp "$PASS_FILE" "$theirs/pass"
	mkdir -m 700 "$theirs/run"
	at_exit someone -q agent --stop
	if [ "$(id -u)" = 0 ]; then
		chown -R 65534:65534 "$theirs"
	fi
	as_someone "$theirs/pemkeep" --version >/dev/null 2>&1
}

someone()
{
	as_someone "$theirs/pemkeep" "$@"
}

# What another helper asks of --json output: 'json FILE PYTHON-EXPRESSION', where
# 'j' is the whole of it.
json()
{
	"$PYTHON" -c 'import json, sys
with open(sys.argv[1]) as f:
    j = json.load(f)
r = eval(sys.argv[2])
print(r if not isinstance(r, (list, tuple)) else "\n".join(map(str, r)))' "$@"
}
