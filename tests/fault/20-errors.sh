#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Goal of this test: every file system call of every operation fails once, in
# every way: then the operation says so, with errno and path, and the vault is
# as it was; or it succeeded; or it says that it is not sure (EUNSURE) with the
# new vault in place.  EINTR and short reads and writes are never seen.

# shellcheck source=tests/fault/lib.sh
. "$(dirname "$0")/lib.sh"

calls=open,openat,openat2,read,readv,pread64,write,writev,pwrite64,fsync
calls=$calls,fdatasync,close,fstat,newfstatat,stat,lstat,statx,fstatfs,statfs
calls=$calls,fchmod,fchmodat,chmod,fchown,link,linkat,rename,renameat
calls=$calls,renameat2,unlink,unlinkat,flock,fcntl,lseek,getdents,getdents64
calls=$calls,mkdir,mkdirat,ftruncate,fallocate,readlink,readlinkat,access
calls=$calls,faccessat,symlinkat,copy_file_range,sendfile
errors="ENOSPC EIO EDQUOT EACCES EROFS"

make_base

# What every outcome must be followed by.
claim() { # EXIT-STATUS
	case $1 in
	0 | 44) echo "done" ;;
	*) echo fail ;;
	esac
}

# The errno's number, as vaultop prints it.
number() {
	case $1 in
	EIO) echo 5 ;;
	EACCES) echo 13 ;;
	ENOSPC) echo 28 ;;
	EROFS) echo 30 ;;
	EDQUOT) echo 122 ;;
	EINTR) echo 4 ;;
	esac
}

# May this call be interrupted, or be cut short, in earnest?
interruptible() {
	case $1 in
	open | openat | read | pread64 | write | pwrite64 | writev | fsync) ;;
	fdatasync | flock | ftruncate | close) ;;
	*) return 1 ;;
	esac
}

# said OP ERRNO: the message has the errno and a path
said() {
	case $(cat "$work/$1.err") in
	"vaultop: $1: ESYSTEM $(number "$2"): "*/*) ;;
	"vaultop: $1: EUNSURE "*/*) ;;
	*) return 1 ;;
	esac
}

# point OP CALL.ORDINAL MODE N [ERRNO]
point() {
	op=$1
	at=$2
	shift 2
	fresh "$work/$op"
	"$syswalk" --only "$calls" "$@" "$vaultop" "$work/$op" "$op" \
	    2>"$work/$op.err" | tail -n 1 >"$work/$op.walk"
	read -r reached where how status <"$work/$op.walk"
	wrong=
	[ "$reached $where" = "reached $at" ] || wrong="not reached $at"
	[ "$how" = exit ] || wrong="crashed: signal $status"
	case $status in
	0) outcome="done" ;;
	44) outcome=unsure ;;
	2[1-9] | 3? | 4[0-5]) outcome=failed ;;
	*) outcome=crashed wrong="exit $status" ;;
	esac
	claim=$(claim "$status")
	if [ "$1" = lie ] && [ $outcome = failed ]; then
		claim="kill"
	elif [ "$1" = short ] || [ "${3:-}" = EINTR ]; then
		interruptible "${at%.*}" && [ $outcome != "done" ] &&
			wrong="$1 ${3:-} was not invisible"
	fi
	[ -n "$wrong" ] || [ $outcome = "done" ] || said "$op" "${3:-}" ||
		wrong="message: $(head -n 3 "$work/$op.err")"
	verdict=$("$vaultop" "$work/$op" judge "$op" "$work/base" "$claim" \
	    2>&1) || wrong="${wrong:+$wrong; }$verdict"
	echo "$1 ${3:--} $at $outcome${wrong:+ WRONG $wrong}" >>"$work/$op.log"
}

walk() { # OP
	while read -r n call ordinal; do
		touches "$call" || [ $((n % step)) -eq 0 ] || continue
		for error in $errors EINTR; do
			point "$1" "$call.$ordinal" error "$n" $error
		done
		touches "$call" &&
			point "$1" "$call.$ordinal" lie "$n" EIO
		case $call in
		read | write | pread64 | pwrite64 | readv | writev)
			point "$1" "$call.$ordinal" short "$n"
			;;
		esac
	done <"$work/$1.calls"
}

total=0
for op in $ops; do
	fresh "$work/$op"
	"$syswalk" --only "$calls" count "$vaultop" "$work/$op" "$op" |
		grep '^[0-9]' >"$work/$op.calls"
	total=$((total + 7 * $(wc -l <"$work/$op.calls")))
done

step=1
read -r n call ordinal <"$work/put.calls"
began=$(now_ms)
for _ in 1 2 3 4; do
	point put "$call.$ordinal" error 1 EIO
done
estimate=$((($(now_ms) - began) * total / 8000))
[ "$estimate" -le "$FAULT_BUDGET" ] ||
	step=$((2 * (estimate / FAULT_BUDGET + 1)))
[ $step -eq 1 ] || echo "# slow build: every ${step}th of the calls" \
    "that change no file"

jobs_started=
for op in $ops; do
	: >"$work/$op.log"
	walk "$op" &
	jobs_started="$jobs_started $!"
done
wait
jobs_started=

# tally OP PATTERN
tally() {
	grep -c "$2" "$work/$1.log"
}
echo "# operation  calls  cases failed   done unsure    bad"
for op in $ops; do
	printf '# %-9s %6d %6d %6d %6d %6d %6d\n' "$op" \
	    "$(wc -l <"$work/$op.calls")" "$(wc -l <"$work/$op.log")" \
	    "$(tally "$op" ' failed$')" "$(tally "$op" ' done$')" \
	    "$(tally "$op" ' unsure$')" "$(tally "$op" ' WRONG ')"
done
echo "# fault       cases failed   done unsure    bad"
for fault in 'error ENOSPC' 'error EIO' 'error EDQUOT' 'error EACCES' \
    'error EROFS' 'error EINTR' 'lie EIO' 'short -'; do
	cat "$work"/*.log | grep "^$fault " >"$work/fault"
	printf '# %-12s %5d %6d %6d %6d %6d\n' "$fault" \
	    "$(wc -l <"$work/fault")" \
	    "$(grep -c ' failed$' "$work/fault")" \
	    "$(grep -c ' done$' "$work/fault")" \
	    "$(grep -c ' unsure$' "$work/fault")" \
	    "$(grep -c ' WRONG ' "$work/fault")"
done
for op in $ops; do
	grep ' WRONG ' "$work/$op.log" >"$work/bad"
	cases=$(wc -l <"$work/$op.log")
	if [ -s "$work/bad" ]; then
		not_ok "$op survives errors: $(wc -l <"$work/bad") of $cases"
		sed 's/^/# /' "$work/bad" | head -n 12
	elif [ "$(tally "$op" ' failed$')" -eq 0 ] ||
	    [ "$(tally "$op" ' unsure$')" -eq 0 ]; then
		not_ok "$op: no error got through: is the walk walking?"
	else
		ok "$op survives errors, $cases times"
	fi
done
finish
