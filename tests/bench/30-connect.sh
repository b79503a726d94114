#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# connect beside ssh, on the same machine and the same sshd, in turns: a login
# that runs 'true', large transfers through a pipe, memory, and the start of the
# program.  Numbers are printed, never judged.  Both take their key from an agent.
#
# sshd waits 5 to 9 ms after some requests of a login; how long is drawn when it
# starts.  So several are started, and the median of theirs is shown.
#
# Read from the environment: BUILD (build folder, default build), BENCH_SERVERS
# (7), BENCH_LOGINS (of each client at each of them, 12), BENCH_MB (300),
# BENCH_ROUNDS (of transfers, 7).
set -u

SRC=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=$(cd "${BUILD:-$SRC/build}" && pwd) || exit
PEMKEEP=$BUILD/pemkeep
PYTHON=${PYTHON:-python3}
HOME=$(mktemp -d) || exit
export HOME LC_ALL=C.UTF-8 PEMKEEP_PASSPHRASE_FILE=$HOME/pass
unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME SSH_AUTH_SOCK DISPLAY
. "$SRC/tests/lib.sh"
# shellcheck source=tests/tools/sshd.sh
. "$SRC/tests/tools/sshd.sh"
tests_done=none # that file is for tests, and this is none
at_exit rm -rf "$HOME"
cd "$TMP" || exit
servers=${BENCH_SERVERS:-7} logins=${BENCH_LOGINS:-12}
megabytes=${BENCH_MB:-300} rounds=${BENCH_ROUNDS:-7}
bytes=$((megabytes * 1000000))

die()
{
	echo "bench: $*" >&2
	exit 1
}

calc()
{
	awk "BEGIN { printf \"%.2f\", $1 }"
}

busy()
{
	cut -d ' ' -f 1 /proc/loadavg 2>/dev/null || echo '?'
}

# Which of the two that there may be.
library()
{
	if ldd "$PEMKEEP" | grep -q libssh2; then
		echo "the system's libssh2"
	elif grep -q unpatched "$SRC/build/deps/libssh2.version"; then
		echo "our libssh2, without our patch"
	else
		echo "our libssh2 (patched)"
	fi
}

# A server without what the tests need inside of sessions.
start_server()
{
	sshd_start >/dev/null || die "sshd does not start"
	sshd_stop
	sleep 0.2
	sed -i '/^SetEnv/d' "$D/config"
	env "${wrapped[@]}" /usr/sbin/sshd -f "$D/config" -E "$D/log"
	wait_for_port || die "sshd does not start again"
	theirs=(ssh -F none -o "UserKnownHostsFile=$known" -o BatchMode=yes
	    -o "IdentityAgent=$TMP/theirs.sock" -o IdentitiesOnly=yes -p "$PORT")
	ours=("$TMP/connect" -o "UserKnownHostsFile=$known" -p "$PORT")
	equal=(-o KexAlgorithms=curve25519-sha256)
	host=ubuntu@127.0.0.1
}

time_of()
{
	"$BUILD/tests/tools/benchtime" "$@" || die "a command has failed"
}

# The median of a column of numbers.
middle()
{
	sort -n | awk '{ x[NR] = $1 }
	    END { print (x[int((NR + 1) / 2)] + x[int(NR / 2) + 1]) / 2 }'
}

# What a command line says, for sh -c.
quoted()
{
	printf '%q ' "$@"
}

echo 'only for this bench' >"$PEMKEEP_PASSPHRASE_FILE"
chmod 400 "$PEMKEEP_PASSPHRASE_FILE"
"$PEMKEEP" -q init --kdf-memory 64 || die "no vault"
eval "$(ssh-agent -a "$TMP/theirs.sock")" >/dev/null || die "no ssh-agent"
at_exit kill "$SSH_AGENT_PID"
unset SSH_AUTH_SOCK
key ed25519 ed25519
key rsa rsa -m PEM -b 2048
for k in ed25519 rsa; do
	"$PEMKEEP" -q import $k >/dev/null || die "no key"
	SSH_AUTH_SOCK=$TMP/theirs.sock ssh-add -q $k
done
at_exit "$PEMKEEP" -q agent --stop
# Ended together with who reads this (tee), it still has to clean up.
at_exit trap '' PIPE
trap 'exit 141' PIPE

echo "connect: $("$PEMKEEP" --version) with $(library), $(ssh -V 2>&1);"
echo "  $(nproc) processors, load $(busy)"

for k in ed25519 rsa; do
	rm -f first second third
	for ((i = 0; i < servers; i++)); do
		start_server
		time_of "$logins" "${ours[@]}" -k $k $host true \
		    ::: "${theirs[@]}" "${equal[@]}" -i $k.pub $host true \
		    ::: "${theirs[@]}" -i $k.pub $host true >measured
		for name in first second third; do
			read -r line
			echo "$line" >>$name
		done <measured
		sshd_stop
	done
	for name in first second third; do
		printf -v $name '%s' "$(cut -d ' ' -f 1 $name | middle)"
	done
	# shellcheck disable=SC2154 # set by printf
	printf '  %-28s %6.1f ms   ssh %6.1f ms   %s (goal: at most 0.30)\n' \
	    "true, $k, curve25519" "$first" "$second" \
	    "$(calc "$first / $second")"
	# shellcheck disable=SC2154
	printf '  %-28s %6.1f ms   ssh %6.1f ms   %s\n' \
	    '    ssh as it comes' "$first" "$third" "$(calc "$first / $third")"
	ratios=$(paste -d ' ' first second | awk '{ print $1 / $6 }' | sort -n)
	printf '  %-28s %s to %s of ssh; processor %s of %s ms\n' \
	    "    at $servers servers" \
	    "$(calc "$(head -n 1 <<<"$ratios")")" \
	    "$(calc "$(tail -n 1 <<<"$ratios")")" \
	    "$(cut -d ' ' -f 4 first | middle)" \
	    "$(cut -d ' ' -f 4 second | middle)"
done

a=$(cut -d ' ' -f 5 first | middle)
b=$(cut -d ' ' -f 5 second | middle)
printf '  %-28s %6.1f MiB  ssh %6.1f MiB  %s (goal: at most 1.0)\n' \
    'memory, true' "$(calc "$a / 1024")" "$(calc "$b / 1024")" \
    "$(calc "$a / $b")"

# transfer CIPHER: both ways, a line each; $best_read and $best_write are the
# least times of ssh, $read and $write what we took with our first.
mac=hmac-sha2-256-etm@openssh.com
best_read=1e9 best_write=1e9 read='' write=''
transfer()
{
	local cipher=$1 o a b c d peak other
	o=(-o "Ciphers=$cipher" -o "MACs=$mac")
	a=$(quoted "${ours[@]}" "${o[@]}" -k ed25519 $host)
	b=$(quoted "${theirs[@]}" "${equal[@]}" "${o[@]}" -i ed25519.pub $host)
	[ "$cipher" != chacha20-poly1305@openssh.com ] || a=$b # we have none
	time_of "$rounds" \
	    sh -c "$a 'head -c $bytes /dev/zero' | cat >/dev/null" \
	    ::: sh -c "$b 'head -c $bytes /dev/zero' | cat >/dev/null" \
	    ::: sh -c "head -c $bytes /dev/zero | $a 'cat >/dev/null'" \
	    ::: sh -c "head -c $bytes /dev/zero | $b 'cat >/dev/null'" >measured
	{
		read -r a _ _ _ peak
		read -r b _ _ _ other
		read -r c _
		read -r d _
	} <measured
	best_read=$(printf '%s\n' "$best_read" "$b" | sort -g | head -n 1)
	best_write=$(printf '%s\n' "$best_write" "$d" | sort -g | head -n 1)
	if [ "$cipher" = chacha20-poly1305@openssh.com ]; then
		printf '  %-28s %15s   ssh %6.0f MB/s\n' "read, ${cipher%%@*}" '' \
		    "$(calc "$megabytes * 1e3 / $b")"
		return
	fi
	[ -n "$read" ] || read=$a write=$c
	printf '  %-28s %6.0f MB/s   ssh %6.0f MB/s   %s (goal: at least 1.0)\n' \
	    "read, ${cipher%%@*}" "$(calc "$megabytes * 1e3 / $a")" \
	    "$(calc "$megabytes * 1e3 / $b")" "$(calc "$b / $a")"
	printf '  %-28s %6.0f MB/s   ssh %6.0f MB/s   %s\n' \
	    "write, ${cipher%%@*}" "$(calc "$megabytes * 1e3 / $c")" \
	    "$(calc "$megabytes * 1e3 / $d")" "$(calc "$d / $c")"
	printf '  %-28s %6.1f MiB    ssh %6.1f MiB    %s (goal: at most 1.0)\n' \
	    "    memory" "$(calc "$peak / 1024")" "$(calc "$other / 1024")" \
	    "$(calc "$peak / $other")"
}

start_server
echo "  $megabytes MB through a pipe; MAC of CTR: ${mac%@*}; load $(busy)"
for cipher in aes256-gcm@openssh.com aes128-gcm@openssh.com aes256-ctr \
    aes128-ctr chacha20-poly1305@openssh.com; do
	transfer "$cipher"
done
printf '  %-28s %s of the throughput (goal: at least 0.9); write %s\n' \
    "our first, ssh's best: read" "$(calc "$best_read / $read")" \
    "$(calc "$best_write / $write")"

time_of 200 "$TMP/connect" --version ::: ssh -V 2>/dev/null >measured
{
	read -r a _
	read -r b _
} <measured
printf '  %-28s %6.2f ms   ssh %6.2f ms   %s (goal: at most 1.5)\n' \
    'start of the program' "$a" "$b" "$(calc "$a / $b")"
echo "  load at the end $(busy)"
