#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# The agent beside ssh-agent: the time of a signature, interleaved, on the same
# machine; and 100,000 signatures, which must not make it grow.

set -u
SRC=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=$(cd "${BUILD:-$SRC/build}" && pwd) || exit
dir=$(mktemp -d) || exit
export HOME=$dir XDG_RUNTIME_DIR=$dir/run PEMKEEP_PASSPHRASE_FILE=$dir/pass
unset XDG_DATA_HOME XDG_STATE_HOME
mkdir -m 700 "$XDG_RUNTIME_DIR"
printf 'only for this bench\n' >"$dir/pass"
chmod 400 "$dir/pass"
cd "$dir" || exit
SSH_AGENT_PID=
finish()
{
	"$BUILD/pemkeep" -q agent --stop
	[ -z "$SSH_AGENT_PID" ] || kill "$SSH_AGENT_PID"
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM

"$BUILD/pemkeep" -q init --kdf-memory 64 || exit
eval "$(ssh-agent -a "$dir/theirs.sock")" >/dev/null || exit
for type in ed25519:256 rsa:2048 rsa:4096 ecdsa:256; do
	name=${type%:*}-${type#*:}
	ssh-keygen -q -t "${type%:*}" -b "${type#*:}" -N '' -f "$name" || exit
	"$BUILD/pemkeep" -q import "$name" >/dev/null || exit
	ssh-add -q "$name"
done
ours=$XDG_RUNTIME_DIR/pemkeep/ssh.sock
"$BUILD/tests/tools/agentbench" 20 "$ours" >/dev/null # the first time costs
echo "agent: one signature over 256 bytes through the socket, median of ${SIGNS:=500};" \
    "$(nproc) processors, load $(cut -d ' ' -f 1 /proc/loadavg 2>/dev/null)"
"$BUILD/tests/tools/agentbench" "$SIGNS" "$ours" "$dir/theirs.sock" |
    awk '{ goal["ed25519-256"] = "0.25"; goal["rsa-2048"] = "0.7"
	printf "  %-28s %6.0f us   ssh-agent %6.0f us   %.2f%s\n", $1, $2, $3,
	    $2 / $3, $1 in goal ? " (goal: at most " goal[$1] ")" : "" }'

agent=$("$BUILD/pemkeep" agent --status --json |
    sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')
size()
{
	awk '/^VmRSS/ { print $2 }' "/proc/$agent/status"
}
"$BUILD/pemkeep" -q remove -y rsa-4096 rsa-2048
before=$(size)
"$BUILD/tests/tools/agentbench" 50000 "$ours" >/dev/null || exit
echo "  100,000 signatures: $before KiB before, $(size) KiB after," \
    "$(find "/proc/$agent/fd" -type l | wc -l) descriptors"
