#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Goal of this test: on a disk that is really full, at every degree of fullness,
# a save happens whole or not at all.  A file system of 1 MiB in a mount
# namespace of our own, filled in steps of 1 KiB.

# shellcheck source=tests/fault/lib.sh
. "$(dirname "$0")/lib.sh"

disk_kib=1024
: "${unit:=kib}"
payload=60000

inside() {
	mount -t tmpfs -o "$1" none "$work/disk"
}

fill() { # KIB, or files when it is inodes that run out
	if [ "$unit" = inodes ]; then
		mkdir "$work/disk/filler" || return
		for i in $(seq "$1"); do
			true >"$work/disk/filler/$i" || return
		done
	else
		head -c $(($1 * 1024)) /dev/zero >"$work/disk/filler"
	fi 2>/dev/null
}

# The steps, inside the namespace: one line each, "KIB STATUS MESSAGE VERDICT"
steps() { # FROM TO STEP
	k=$1
	while [ "$k" -lt "$2" ]; do
		rm -rf "$work/disk/v" "$work/disk/s" "$work/disk/filler"
		cp -a "$work/base/v" "$work/base/s" "$work/base/old" \
		    "$work/disk/"
		rm -f "$work/disk/v/vault.lock"
		fill "$k"
		"$vaultop" "$work/disk" "$op" >/dev/null 2>"$work/err"
		status=$?
		case $status in
		0 | 44) claim="done" ;;
		*) claim=fail ;;
		esac
		rm -rf "$work/disk/filler"
		verdict=$("$vaultop" "$work/disk" judge "$op" "$work/base" \
		    $claim 2>&1)
		message=none
		case $(cat "$work/err") in
		"vaultop: $op: ESYSTEM 28: "*/*) message=good ;;
		'') ;;
		*) message=$(cat "$work/err") ;;
		esac
		echo "$k $status $message $verdict"
		k=$((k + $3))
	done
}

if [ "${1:-}" = inside ]; then
	clean_up
	trap - EXIT
	work=$2
	op=$3
	inside "$4" || exit 9
	steps "$5" "$6" "$7"
	exit 0
fi

if ! unshare -Urm true 2>/dev/null; then
	skip "a full disk" "unshare -Urm is not permitted here"
	finish
fi
mkdir "$work/disk"
is "a scene" "$vaultop" "$work/base" make $payload

# full NAME OP OPTIONS FROM TO STEP
full() {
	unshare -Urm sh "$here/40-full-disk.sh" inside "$work" \
	    "$2" "$3" "$4" "$5" "$6" >"$work/log" 2>"$work/log.err"
	if [ $? -eq 9 ]; then
		skip "$1" "no tmpfs in a namespace of our own"
		return
	fi
	count=$(wc -l <"$work/log")
	failed_saves=$(grep -c ' 21 good old$' "$work/log")
	good=$(grep -c -e ' 0 none new$' -e ' 44 .* new$' "$work/log")
	echo "# $1: $count steps: $failed_saves refused, the old one" \
	    "there; $good saved; $((count - failed_saves - good)) bad"
	grep -v -e ' 21 good old$' -e ' 0 none new$' -e ' 44 .* new$' \
	    "$work/log" | head -n 10 | sed 's/^/# /'
	sed 's/^/# /' "$work/log.err" | head -n 10
	if [ "$count" -ne $((($5 - $4) / $6)) ]; then
		not_ok "$1: $count steps"
	elif [ $((failed_saves + good)) -ne "$count" ]; then
		not_ok "$1: a vault was lost, or a message names no path"
	elif [ "$failed_saves" -eq 0 ] || [ "$good" -eq 0 ]; then
		not_ok "$1: it was never full, or always"
	else
		ok "$1: $count steps"
	fi
}
full "put on a full disk" put size=1m,mode=700 0 $disk_kib 1
for op in remove rename passwd restore; do
	full "$op on a full disk" $op size=1m,mode=700 0 $disk_kib 16
done
unit=inodes
export unit
for op in put remove passwd restore; do
	full "$op without free inodes" $op size=4m,nr_inodes=24,mode=700 0 20 1
done
finish
