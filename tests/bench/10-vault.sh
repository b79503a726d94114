#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# What the vault costs with many keys in it, beside the hash of its passphrase,
# which is meant to be slow; and what starting the program costs.  Numbers are
# printed, never judged.  Commands that are compared take turns (ABAB), so that
# what else the machine does hits them alike; medians are shown.
#
# Read from the environment: BUILD (build folder, default build), BENCH_KEYS
# (10000), BENCH_TYPE (rsa, as EC2 makes them, or ed25519), BENCH_ROUNDS (15),
# TMPDIR (should be a disk: a file system in memory makes fsync free).
set -euo pipefail
export LC_ALL=C.UTF-8
umask 022

cd "$(dirname "$0")/../.."
src=$PWD
BUILD=$(cd "${BUILD:-build}" && pwd)
tools=$BUILD/tests/tools
pemkeep=$BUILD/pemkeep
count=${BENCH_KEYS:-10000}
type=${BENCH_TYPE:-rsa}
rounds=${BENCH_ROUNDS:-15}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pemkeep-bench.XXXXXX")
trap 'chmod -R u+rwx "$tmp"; rm -rf "$tmp"' EXIT
trap 'exit 130' HUP INT TERM
unset XDG_DATA_HOME XDG_STATE_HOME
cd "$tmp"

say()
{
	printf "$@"
}

skip()
{
	say 'SKIP %s: %s\n' "$1" "$2"
}

# in_home FOLDER COMMAND...: with the vault that is there
in_home()
{
	local home=$1
	shift
	HOME=$tmp/$home "$@"
}

# of NUMBER...: the calculation, with two digits
calc()
{
	awk "BEGIN { printf \"%.2f\", $1 }"
}

# A command that benchtime runs with another HOME.
with()
{
	echo env "HOME=$tmp/$1" "$pemkeep"
}

echo 'correct horse battery' >pass
chmod 400 pass
export PEMKEEP_PASSPHRASE_FILE=$tmp/pass
mkdir full empty many more more2 out

say '# %s keys of type %s are being made and imported\n' "$count" "$type" >&2
"$tools/benchkeys" "$type" $((count + 2 * rounds)) many
for ((i = 1; i <= rounds; i++)); do
	printf -v from 'many/%06d.pem' $((count + i))
	mv "$from" "more/more-$i.pem"
	printf -v from 'many/%06d.pem' $((count + rounds + i))
	mv "$from" "more2/more2-$i.pem"
done
printf -v one '%06d' $(((count + 1) / 2))

in_home empty "$pemkeep" -q init
in_home full "$pemkeep" -q init
began=$(date +%s%N)
in_home full "$pemkeep" -q import many >/dev/null
import_all=$(calc "($(date +%s%N) - $began) / 1e9")
place=.local/share/pemkeep
size=$(stat -c %s "full/$place/vault")

say '\nA vault of %s keys (%s): %s MiB on %s; imported in %s s by one command\n' \
    "$count" "$type" "$(calc "$size / 1048576")" "$(df --output=fstype . | tail -n 1)" \
    "$import_all"
say 'hash: Argon2id, 256 MiB, 3 passes; %s; %s rounds; %s processors, load %s\n' \
    "$("$pemkeep" --version)" "$rounds" "$(nproc)" \
    "$(cut -d ' ' -f 1 /proc/loadavg 2>/dev/null || echo '?')"

rows=('the hash alone' 'import one more' 'list (keys)' 'list (keys --json)'
    'fetch one (export -o)' 'fetch one (export --public)')

# measure HOME EMPTY-HOME FOLDER: a line for each of the rows
measure()
{
	local p
	p=$(with "$1")
	# shellcheck disable=SC2086 # a list of words
	"$tools/benchtime" "$rounds" \
	    "$tools/benchvault" hash "$tmp/$2/$place/vault" "$tmp/pass" \
	    ::: $p import "$tmp/$3/$3-{}.pem" -q \
	    ::: $p keys \
	    ::: $p keys --json \
	    ::: $p export "$one" -o "$tmp/out/$1-{}.pem" -q \
	    ::: $p export "$one" --public
}

measure full empty more >total
cp -a full cheap
cp -a empty cheap-empty
for home in cheap cheap-empty; do
	"$tools/benchvault" cheapen "$tmp/$home/$place/vault" "$tmp/pass"
done
measure cheap cheap-empty more2 >cheap.lines

say '\nWith the hash, and what is left of the median without it; goal: below 1000 ms\n'
say '%-28s %9s %9s %9s %9s %11s\n' 'ms' median least greatest processor \
    'beside hash'
hash=$(cut -d ' ' -f 1 total | head -n 1)
i=0
while read -r mid least greatest cpu _; do
	rest=$(calc "$mid - $hash")
	[ $i -gt 0 ] || rest=-
	say '%-28s %9.0f %9.0f %9.0f %9.0f %11s\n' "${rows[i]}" "$mid" "$least" \
	    "$greatest" "$cpu" "${rest%.*}"
	i=$((i + 1))
done <total

say '\nThe same vault with a hash of 8 KiB and 1 pass, so that nothing is subtracted\n'
say '%-28s %9s %9s %9s %9s %11s\n' 'ms' median least greatest processor \
    'peak MiB'
i=0
while read -r mid least greatest cpu peak; do
	say '%-28s %9.1f %9.1f %9.1f %9.1f %11.1f\n' "${rows[i]}" "$mid" \
	    "$least" "$greatest" "$cpu" "$(calc "$peak / 1024")"
	i=$((i + 1))
done <cheap.lines
say 'peak memory with the real hash: %s MiB\n' \
    "$(calc "$(cut -d ' ' -f 5 total | sort -n | tail -n 1) / 1024")"

say '\nunlock, without the hash:    %s ms (goal: at most 20)\n' \
    "$("$tools/benchvault" unlock "$tmp/cheap/$place/vault" pass "$rounds")"
read -r ours raw < <("$tools/benchvault" save "$tmp/cheap/$place/vault" pass \
    "$rounds")
say 'save of one change:          %s ms; a file of that size by temp, fsync, rename, fsync: %s ms\n' \
    "$ours" "$raw"
say '                             ratio %s (goal: at most 2)\n' \
    "$(calc "$ours / $raw")"

if command -v ssh >/dev/null; then
	{
		read -r ours _ _ _ peak
		read -r theirs _ _ _ other
	} < <("$tools/benchtime" 200 "$pemkeep" --version ::: ssh -V 2>/dev/null)
	say 'start, pemkeep --version:    %s ms, %s MiB; ssh -V: %s ms, %s MiB\n' \
	    "$ours" "$(calc "$peak / 1024")" "$theirs" "$(calc "$other / 1024")"
	say '                             ratio %s (goal: at most 1.5)\n' \
	    "$(calc "$ours / $theirs")"
else
	skip 'start of the program' 'ssh is not installed'
fi

if command -v age >/dev/null; then
	read -r theirs ours < <(HOME=$tmp/full "${PYTHON:-python3}" \
	    "$src/tests/tools/agetime.py" 5 "$pemkeep" export "$one" --public)
	say 'fetch one of the keys:       %s ms; age -d of one file (scrypt, 2^18): %s ms\n' \
	    "$ours" "$theirs"
	say '                             ratio %s (goal: at most 0.75)\n' \
	    "$(calc "$ours / $theirs")"
else
	skip 'age -d' 'age is not installed'
fi
if command -v ssh-keygen >/dev/null; then
	ssh-keygen -q -t ed25519 -N 'correct horse battery' -C '' -f bcrypt
	read -r theirs _ < <("$tools/benchtime" "$rounds" ssh-keygen -y \
	    -P 'correct horse battery' -f bcrypt)
	say 'for scale, ssh-keygen -y of one key file with a passphrase (bcrypt, 16 rounds): %s ms\n' \
	    "$theirs"
else
	skip 'ssh-keygen -y' 'ssh-keygen is not installed'
fi
