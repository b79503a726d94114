#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: no client, whatever it sends and however many there are, gets
# more out of the agent than it may, keeps it from serving the others, or makes
# it grow.

. "$SRC/tests/cli/lib.sh"

# What AddressSanitizer keeps back is not growth.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=0
new_vault
pk -q generate ed >/dev/null
pk -q generate rsa -t rsa -b 2048 >/dev/null
run=$XDG_RUNTIME_DIR/pemkeep
agent_pid()
{
	pk agent --status --json | sed -n 's/.*"pid": \([0-9]*\).*/\1/p'
}
agent=$(agent_pid)
ulimit -n 4096 2>/dev/null || ulimit -n "$(ulimit -Hn)"
while IFS=$'\t' read -r name result; do
	if [ "$result" = ok ]; then
		ok "$name"
	else
		fail "$name" "$result"
	fi
done < <("$PYTHON" "$SRC/tests/tools/agenthostile.py" "$run" "$agent" \
    "$vault" "$seen" 2>&1)
check 'it is the same agent still' equals "$(agent_pid)" "$agent"
check 'the vault is sound' expect_status 0 pk check

# Signing grows nothing.
grown()
{
	awk '/^VmRSS/ { print $2 }' "/proc/$agent/status"
}
files=$(find "/proc/$agent/fd" -type l | wc -l)
# What AddressSanitizer keeps for itself grows at first.
more=256
! grep -q sanitize "$BUILD/flags" || more=4096
few_files()
{
	for _ in $(seq 100); do
		[ "$(find "/proc/$agent/fd" -type l | wc -l)" -gt "$files" ] ||
		    return 0
		sleep 0.05
	done
	return 1
}
# signatures N KIND: of each key that there is
signatures()
{
	local was
	"$BUILD/tests/tools/agentbench" 200 "$run/ssh.sock" >/dev/null
	before=$(grown)
	was=$(wc -l <"$state/log")
	check "$1 signatures $2" expect_status 0 \
	    "$BUILD/tests/tools/agentbench" "$1" "$run/ssh.sock"
	check "$1 signatures $2: no more memory" test \
	    $(($(grown) - before)) -le $more
	check "$1 signatures $2: no more descriptors" few_files
	check "$1 signatures $2: all are logged" test \
	    $(($(wc -l <"$state/log") - was)) -ge "$1"
}
signatures 2000 'of each key'
pk -q remove -y rsa
signatures "${SIGNS:-100000}" 'of an Ed25519 key'
check 'the log is sound' expect_status 0 pk log --verify
before=$(grown)
many()
{
	for _ in $(seq 300); do
		SSH_AUTH_SOCK=$run/ssh.sock ssh-add -l >/dev/null || return
	done
}
check '300 connections' many
check 'connections: no more memory' test $(($(grown) - before)) -le $more
check 'connections: no more descriptors' few_files
done_testing
