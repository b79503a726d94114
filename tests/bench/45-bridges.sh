#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# The bridges: what a completion takes at a key that is pressed, and what a proxy
# costs plain ssh: a login that runs 'true', and a large transfer.  Numbers are
# printed, never judged; what is compared takes turns.
#
# Read from the environment: BUILD (default build), BENCH_ROUNDS (15), BENCH_MB (300).
set -u

SRC=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=$(cd "${BUILD:-$SRC/build}" && pwd) || exit
PEMKEEP=$BUILD/pemkeep
PYTHON=${PYTHON:-python3}
HOME=$(mktemp -d) || exit
export HOME LC_ALL=C.UTF-8 PEMKEEP_PASSPHRASE_FILE=$HOME/pass
unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME SSH_AUTH_SOCK \
    DISPLAY AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION AWS_DEFAULT_PROFILE \
    AWS_ACCESS_KEY_ID AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE
export AWS_EC2_METADATA_DISABLED=true AWS_PROFILE=p0
. "$SRC/tests/lib.sh"
# shellcheck source=tests/tools/sshd.sh
. "$SRC/tests/tools/sshd.sh"
tests_done=none # that file is for tests, and this is none
at_exit rm -rf "$HOME"
cd "$TMP" || exit
rounds=${BENCH_ROUNDS:-15} megabytes=${BENCH_MB:-300}

die()
{
	echo "bench: $*" >&2
	exit 1
}

calc()
{
	awk "BEGIN { printf \"%.2f\", $1 }"
}

time_of()
{
	"$BUILD/tests/tools/benchtime" "$@" || die "a command has failed"
}

echo 'only for this bench' >"$PEMKEEP_PASSPHRASE_FILE"
chmod 400 "$PEMKEEP_PASSPHRASE_FILE"
"$PEMKEEP" -q init --kdf-memory 64 || die 'no vault'
at_exit "$PEMKEEP" -q agent --stop
key ed25519 key0
for ((i = 1; i < 20; i++)); do
	ssh-keygen -q -t ed25519 -N '' -f key$i
done
"$PEMKEEP" -q import key? key1? >/dev/null || die 'no keys'
umask 077
mkdir -p "$HOME/.cache/pemkeep" "$HOME/.aws"
for i in 0 1 2 3 4 5 6 7 8 9; do
	printf '[profile p%d]\nregion = eu-west-%d\nsource_profile = p%d\n' \
	    $i $i $i
	printf 'role_arn = arn:aws:iam::00000000000%d:role/x\n' $i
done >"$HOME/.aws/config"
"$BUILD/tests/tools/inventory" fill "$HOME/.cache/pemkeep/inventory.db" 10 10000

breaks=$' \t\n"\'@><=;|&(:'
words=("$PEMKEEP" completion --words bash -- "$breaks")
[ "$("${words[@]}" 'connect web-' | wc -l)" -gt 5 ] ||
    die 'no names'
echo "completion (goal: at most 50 ms); load $(cut -d ' ' -f 1 /proc/loadavg)"
time_of $((rounds * 4)) "${words[@]}" 'pemkeep ex' \
    ::: "${words[@]}" 'pemkeep export k' ::: "${words[@]}" 'connect web-12' \
    ::: "$PEMKEEP" completion --words zsh -- connect '' >measured
for what in 'a command' 'a key of 20' 'one of 10,000 instances' \
    'all of 10,000, for zsh'; do
	read -r median _ greatest _
	printf '  %-28s %6.1f ms, at most %.1f\n' "$what" "$median" "$greatest"
done <measured

sshd_start >/dev/null || die 'sshd does not start'
sed -i '/^SetEnv/d' "$D/config"
"$PEMKEEP" -q add bench 127.0.0.1 --port "$PORT" --user ubuntu --key key0
mkdir -m 700 "$HOME/.ssh" && cp "$known" "$HOME/.ssh/known_hosts"
"$PEMKEEP" -q ssh-config -o conf || die 'no configuration'
direct=(ssh -F none -o "UserKnownHostsFile=$known" -o IdentitiesOnly=yes -o
    IdentityFile="$TMP/key0.pub" -o IdentityAgent="$("$PEMKEEP" agent --socket)"
    -p "$PORT" -l ubuntu 127.0.0.1)
through=(ssh -F conf bench)
"${through[@]}" true || die 'the proxy does not work'
time_of "$rounds" "${through[@]}" true ::: "${direct[@]}" true >measured
{
	read -r a _
	read -r b _
} <measured
printf 'ssh through the proxy, true:   %.1f ms; directly %.1f ms; ratio %s\n' \
    "$a" "$b" "$(calc "$a / $b")"
time_of 5 sh -c "ssh -F conf bench 'head -c ${megabytes}000000 /dev/zero' | cat" \
    ::: sh -c "$(printf '%q ' "${direct[@]}") 'head -c ${megabytes}000000 /dev/zero' | cat" \
    >measured
{
	read -r a _
	read -r b _
} <measured
printf '%s MB through it: %.0f MB/s; directly %.0f MB/s; ratio %s\n' "$megabytes" \
    "$(calc "$megabytes * 1e3 / $a")" "$(calc "$megabytes * 1e3 / $b")" \
    "$(calc "$b / $a")"
