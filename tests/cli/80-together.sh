#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: several pemkeeps at once lose nothing of each other, wait for
# each other and give up with a clear word; one that is ended in the middle leaves
# the vault as it was, and each key either in it or in its file.  Each opens the
# vault for itself, or all use one agent.

. "$SRC/tests/cli/lib.sh"
ways alone agent

generation()
{
	od -An -tu8 -j 44 -N 8 "$vault" | tr -d ' '
}

names()
{
	pk keys --json >keys.json 2>keys.err &&
	    json keys.json "[k['name'] for k in j['keys']]"
}

# Make $2 keys in folder $1.
keys_in()
{
	local i
	mkdir "$1"
	for ((i = 0; i < $2; i++)); do
		openssl genpkey -algorithm ED25519 -out "$1/${1##*/}$i"
	done
	chmod 600 "$1"/*
}

# statuses COMMAND...: run these (words) at the same time; how each ended
statuses()
{
	local command all=()
	for command; do
		# shellcheck disable=SC2086 # words
		pk $command >/dev/null 2>>together.err &
		all+=($!)
	done
	for command in "${all[@]}"; do
		wait "$command"
		echo -n "$? "
	done
}

# The lock is held elsewhere for longer than anyone waits: tried beside all else.
waiting()
{
	export HOME=$TMP/waiting XDG_RUNTIME_DIR=$TMP/waiting-run
	mkdir -m 700 "$HOME" "$XDG_RUNTIME_DIR"
	pk -q init --kdf-memory 64
	lock=$HOME/.local/share/pemkeep/vault.lock
	flock --no-fork "$lock" sleep 30 &
	while flock -n "$lock" true; do
		sleep 0.05
	done
	pk keys >locked.keys 2>&1
	echo "keys $?"
	began=$(date +%s)
	pk import "$TMP/lone" >locked.out 2>locked.err
	echo "import $?"
	echo "waited $(($(date +%s) - began))"
	kill $!
	stop_agent
}
ssh-keygen -q -t ed25519 -N '' -f lone
waiting >locked.result &
locked=$!

# Two inits.
keys_in many 8
seen=$(statuses 'init --kdf-memory 64' 'init --kdf-memory 64' \
    'init --kdf-memory 64')
check 'three inits: one makes it' equals \
    "$(tr ' ' '\n' <<<"$seen" | sort -r | xargs)" '1 1 0'
check 'three inits: it is sound' expect_status 0 pk check

# Eight imports.
was=$(generation)
commands=()
for file in many/*; do
	commands+=("import $file")
done
check 'eight imports: all succeed' \
    equals "$(statuses "${commands[@]}")" '0 0 0 0 0 0 0 0 '
check 'eight imports: all are there' equals "$(names | wc -l)" 8
check 'eight imports: a generation for each' \
    equals "$(generation)" $((was + 8))
check 'eight imports: check' expect_status 0 pk check
seen=$(statuses 'rename many0 a' 'remove -y many1' 'remove -y many2' \
    'generate g1' 'generate g2' 'rename many3 b' keys check)
check 'this and that: all succeed' equals "$seen" '0 0 0 0 0 0 0 0 '
check 'this and that: what came of it' equals "$(names | xargs)" \
    'a b g1 g2 many4 many5 many6 many7'
check 'this and that: two of one name' equals "$(tr ' ' '\n' \
    <<<"$(statuses 'generate same' 'generate same')" | sort | xargs)" '0 1'
check 'this and that: check' expect_status 0 pk check
check 'this and that: nothing is left' equals "$(ls -A "$data")" \
    $'vault\nvault.bak\nvault.lock'

# One that changes the passphrase among them.
keep before
for _ in 1 2 3; do
	back before
	chmod 600 lone
	with "$PASS" 'another good one' -- pk9 -q passwd 2>passwd.err &
	running=$!
	pk -q import lone >import.out 2>import.err
	imported=$?
	wait $running
	changed=$?
	check 'passwd and import: passwd succeeds' equals $changed 0
	check 'passwd and import: import succeeds, or has the old passphrase' \
	    matches $imported '^[03]$'
	check 'passwd and import: sound afterwards' expect_status 0 \
	    with 'another good one' -- pk9 check
	with 'another good one' -- pk9 keys >"$TMP/.out"
	check 'passwd and import: the key is there if it said so' equals \
	    "$(grep -c '^lone ' "$TMP/.out")" $((imported == 0))
done
back before

# A short wait.
mkfifo go
flock --no-fork "$vault.lock" cat go >/dev/null &
exec 8>go
pk import lone >short.out 2>short.err 8>&- &
running=$!
sleep 1
check 'a short wait: it waits' kill -0 $running
exec 8>&-
wait $running
check 'a short wait: then it succeeds' equals $? 0

# Ended in the middle, at many moments.
many=150
! grep -q sanitize "$BUILD/flags" || many=30 # each takes longer
keys_in big $many
cp -a big whole
new_vault
pk -q import lone >/dev/null
keep small
took=$({ time -p pk -q import big >/dev/null; } 2>&1 | awk '/real/ { print $2 }')
chmod 600 big/*
lost=0 old=0 new=0 odd=0
# The keeper of process $1: its own, or the agent.
keeper_of()
{
	case $WAY in
	alone) pgrep -P "$1" -f '^pemkeep \(agent\)' ;;
	*) pk agent --status --json | sed -n 's/.*"pid": \([0-9]*\).*/\1/p' ;;
	esac
}
for signal in INT KILL TERM; do
	for part in 0.1 0.5 0.7 0.8 0.85 0.9 0.95 1 1.1; do
		back small
		rm -rf big
		cp -a whole big
		"$PEMKEEP" -q import --move big >/dev/null 2>&1 &
		running=$!
		sleep "$(awk "BEGIN { print $part * $took }")"
		# With its keeper, or without.
		keeper=
		[ $signal = INT ] || keeper=$(keeper_of $running)
		# shellcheck disable=SC2086 # there may be none
		kill -$signal $running $keeper 2>/dev/null
		wait $running 2>/dev/null
		# Nobody may be there to take its exit status.
		while [ -n "$keeper" ] &&
		    grep -q '^State:.[^ZX]' "/proc/$keeper/status"; do
			sleep 0.02
		done 2>/dev/null
		names >names.txt || odd=$((odd + 1))
		case $(wc -l <names.txt) in
		1) old=$((old + 1)) ;;
		$((many + 1))) new=$((new + 1)) ;;
		*) odd=$((odd + 1)) ;;
		esac
		for file in whole/*; do
			[ -e "big/${file#*/}" ] ||
			    grep -qx "${file#*/}" names.txt ||
			    lost=$((lost + 1))
		done
	done
done
echo "# ended in the middle: the vault was old $old times, new $new times"
check 'ended in the middle: the vault is old or new' equals $odd 0
check 'ended in the middle: it was tried' test $old -gt 0
check 'ended in the middle: no key is lost' equals $lost 0
cp whole/* big/
check 'ended in the middle: then it works' expect_status 0 pk import big
check 'ended in the middle: nothing is left' equals "$(ls -A "$data")" \
    $'vault\nvault.bak\nvault.lock'
check 'ended in the middle: check' expect_status 0 pk check

wait $locked
check 'a long wait: reading goes meanwhile' contains \
    "$(cat locked.result)" 'keys 0'
check 'a long wait: it ends with exit 1' contains \
    "$(cat locked.result)" 'import 1'
check 'a long wait: after ten seconds' matches \
    "$(cat locked.result)" 'waited (9|[12][0-9])$'
check 'a long wait: said' matches "$(cat locked.err)" \
    "^pemkeep: '.*/vault': another pemkeep .*is changing the vault"
check 'a long wait: says what to do' contains "$(cat locked.err)" 'hint: try'
check 'a long wait: nothing on stdout' equals "$(cat locked.out)" ''
done_testing
