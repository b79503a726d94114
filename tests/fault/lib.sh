# SPDX-License-Identifier: ISC
# shellcheck shell=sh
#
# What the fault scripts share: where the tools are, a folder in memory that
# goes away, TAP lines, and how much of a walk fits the time.  Sourced, not run.
#
# BUILD        the build folder; the tools are in $BUILD/tests/fault
# FAULT_TMP    where to work; /dev/shm or $TMPDIR
# FAULT_BUDGET seconds that a walk may take; a slow build (sanitizers) then
#              skips points, and says so

set -u
LC_ALL=C
export LC_ALL
umask 022
# LeakSanitizer cannot run under ptrace; a crash must not look like a refusal.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0:exitcode=99
UBSAN_OPTIONS=${UBSAN_OPTIONS:+$UBSAN_OPTIONS:}halt_on_error=1:exitcode=99
export ASAN_OPTIONS UBSAN_OPTIONS

here=$(cd "$(dirname "$0")" && pwd)
: "${BUILD:=$here/../../build}"
BUILD=$(cd "$BUILD" && pwd) || exit 1
: "${FAULT_BUDGET:=40}"
# shellcheck disable=SC2034 # used by those who source this
vaultop=$BUILD/tests/fault/vaultop
# shellcheck disable=SC2034
syswalk=$BUILD/tests/fault/syswalk
# shellcheck disable=SC2034
ops="put remove rename info passwd restore"
tests=0
failed=0

if [ -z "${FAULT_TMP:-}" ]; then
	FAULT_TMP=${TMPDIR:-/tmp}
	[ -d /dev/shm ] && [ -w /dev/shm ] && FAULT_TMP=/dev/shm
fi
work=$(mktemp -d "$FAULT_TMP/fault.XXXXXX") || exit 1
work=$(cd "$work" && pwd -P)

clean_up() {
	[ -z "${jobs_started:-}" ] || kill -9 $jobs_started 2>/dev/null
	chmod -R u+rwx "$work" 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' HUP INT TERM

ok() {
	tests=$((tests + 1))
	echo "ok - $*"
}

not_ok() {
	tests=$((tests + 1))
	failed=$((failed + 1))
	echo "not ok - $*"
}

skip() { # NAME WHY
	ok "$1 # SKIP $2"
}

# is NAME COMMAND...: the command must succeed
is() {
	name=$1
	shift
	if "$@" >"$work/is.out" 2>&1; then
		ok "$name"
	else
		not_ok "$name"
		sed 's/^/# /' "$work/is.out"
	fi
}

# same NAME EXPECTED SEEN
same() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1: expected '$2', seen '$3'"
	fi
}

finish() {
	echo "1..$tests"
	[ "$failed" -eq 0 ]
	exit
}

# All of the input on one line.
one_line() {
	tr '\n' ' ' | sed 's/ $//'
}

now_ms() {
	echo $(($(date +%s%N) / 1000000))
}

# $work/base: a vault with a .bak, and a .replaced as 'restore' leaves it
make_base() {
	is "a scene" "$vaultop" "$work/base" make
	cp -a "$work/base/v/vault" "$work/base/v/vault.replaced"
}

# Does this system call change files?
touches() {
	case "$1" in
	open | openat | write | writev | pwrite64 | fsync | fdatasync) ;;
	link | linkat | rename | renameat | renameat2 | unlink | unlinkat) ;;
	ftruncate | fchmod | fchmodat | mkdir | mkdirat | symlinkat) ;;
	*) return 1 ;;
	esac
}

# fresh COPY: a new copy of the scene in $work/base
fresh() {
	rm -rf "$1"
	cp -a "$work/base" "$1"
}

# refuses NAME CODE COMMAND...: vaultop must say this code, naming a path
refuses() {
	name=$1
	code=$2
	shift 2
	"$@" >"$work/refuses.out" 2>"$work/refuses.err"
	status=$?
	said=$(sed -n 's/^vaultop: [a-z]*: \(E[A-Z]*\) .*/\1/p' \
	    "$work/refuses.err")
	if [ "$said" = "$code" ] && [ $status -ge 20 ]; then
		ok "$name"
	else
		not_ok "$name: expected $code, seen '${said:-none}' ($status)"
		sed 's/^/# /' "$work/refuses.err"
	fi
}
