#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# The inventory: finding a name among 100,000 instances in a warm cache, listing
# 10,000, and refreshing 10,000 from an endpoint on loopback, beside aws-cli.
# Numbers are printed, never judged; what is compared takes turns.
#
# Read from the environment: BUILD (default build), BENCH_ROUNDS (15), TMPDIR.
set -euo pipefail
export LC_ALL=C.UTF-8

cd "$(dirname "$0")/../.."
src=$PWD
BUILD=$(cd "${BUILD:-build}" && pwd)
tools=$BUILD/tests/tools
inventory=$tools/inventory
rounds=${BENCH_ROUNDS:-15}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pemkeep-bench.XXXXXX")
server=
finish()
{
	[ -z "$server" ] || kill "$server" 2>/dev/null || :
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' HUP INT TERM
# The programs of a version manager look for their files in the real HOME.
aws=$(command -v aws || :)
[ -z "$aws" ] || aws=$(head -c 2 "$aws" | grep -qx '#!' &&
    command -v pyenv >/dev/null && pyenv which aws 2>/dev/null || echo "$aws")
export HOME=$tmp AWS_EC2_METADATA_DISABLED=true AWS_PAGER=''
unset XDG_CACHE_HOME XDG_STATE_HOME XDG_CONFIG_HOME AWS_PROFILE AWS_REGION \
    AWS_DEFAULT_REGION AWS_DEFAULT_PROFILE AWS_ACCESS_KEY_ID AWS_CONFIG_FILE \
    AWS_SHARED_CREDENTIALS_FILE http_proxy https_proxy HTTPS_PROXY ALL_PROXY

calc()
{
	awk "BEGIN { printf \"%.2f\", $1 }"
}

# A warm cache: 10 accounts with 10,000 instances each, whose accounts stand in
# the configuration.
umask 077
mkdir -p "$tmp/.cache/pemkeep" "$tmp/.aws"
profiles=()
for i in 0 1 2 3 4 5 6 7 8 9; do
	printf '[profile p%d]\nregion = eu-west-%d\nsource_profile = p%d\n' \
	    $i $i $i
	printf 'role_arn = arn:aws:iam::00000000000%d:role/x\n' $i
	profiles+=(-p "p$i")
done >"$tmp/.aws/config"
profiles=(-p p0 -p p1 -p p2 -p p3 -p p4 -p p5 -p p6 -p p7 -p p8 -p p9)
cache=$tmp/.cache/pemkeep/inventory.db
"$inventory" fill "$cache" 10 10000

printf '\nA warm cache of 100,000 instances, %s MiB\n' \
    "$(calc "$(stat -c %s "$cache") / 1048576")"
printf '%-28s %9s %9s %9s\n' 'opened, asked, closed; ms' rows median greatest
"$inventory" time "$cache" 10 $((rounds * 4)) |
    awk '{ printf "%-28s %9s %9s %9s\n", "by " $1, $2, $3, $4 }'

{
	read -r resolve _
	read -r static _
	read -r start _
	read -r list _ _ _ peak
} < <("$tools/benchtime" $((rounds * 4)) \
    "$inventory" -o "${profiles[@]}" resolve web-3-77 \
    ::: "$inventory" -o "${profiles[@]}" resolve 192.0.2.1 \
    ::: "$BUILD/pemkeep" --version \
    ::: "$inventory" -o -p p0 list)
printf 'resolve by name: %s ms beyond program start (goal: at most 5);' \
    "$(calc "$resolve - $start")"
printf ' an address nobody has: %s ms\n' "$(calc "$static - $start")"
printf 'list of 10,000: %s ms, %s MiB (goal: at most 50 ms)\n' "$list" \
    "$(calc "$peak / 1024")"

# A refresh.
coproc PAGES { exec python3 "$src/tests/tools/ec2pages.py" 10000; }
server=$PAGES_PID
read -r AWS_ENDPOINT_URL bytes <&"${PAGES[0]}"
export AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID=AKIDEXAMPLE \
    AWS_SECRET_ACCESS_KEY=secret AWS_REGION=eu-west-1 \
    AWS_DEFAULT_REGION=eu-west-1
# aws-cli 1 knows the endpoint as an option only.
theirs=("$aws" --endpoint-url "$AWS_ENDPOINT_URL" ec2 describe-instances
    --output json)
printf '\nA refresh of 10,000 instances (10 pages, %s MB)\n' \
    "$(calc "$bytes / 1e6")"
"$tools/benchtime" "$rounds" sh -c \
    "rm -rf '$tmp/.cache' && exec '$inventory' refresh" \
    ::: "$inventory" refresh >"$tmp/ours"
{
	read -r cold _ _ _ cold_peak
	read -r warm _ _ _ warm_peak
} <"$tmp/ours"
printf 'into an empty cache:         %s ms, %s MiB\n' "$cold" \
    "$(calc "$cold_peak / 1024")"
printf 'into one that has them:      %s ms, %s MiB (goal: at most 32 MiB)\n' \
    "$warm" "$(calc "$warm_peak / 1024")"
if [ -n "$aws" ] && "$aws" --version >/dev/null 2>&1; then
	read -r other _ _ _ other_peak < <("$tools/benchtime" 3 "${theirs[@]}")
	printf '%s: %s ms, %s MiB\n' \
	    "$("$aws" --version 2>&1 | cut -d ' ' -f 1)" "$other" \
	    "$(calc "$other_peak / 1024")"
	printf '                             ratio %s (goal: at most 0.10)\n' \
	    "$(calc "$cold / $other")"
else
	echo 'SKIP aws ec2 describe-instances: aws is not installed'
fi
