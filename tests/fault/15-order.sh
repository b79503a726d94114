#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Goal of this test: what a power cut would show and kill -9 cannot: a file is
# flushed to the disk before it takes another's place, the folder is flushed
# after that, and only then does the machine remember the new generation.

# shellcheck source=tests/fault/lib.sh
. "$(dirname "$0")/lib.sh"

if ! strace -o "$work/probe" true 2>/dev/null; then
	skip "order of the system calls" "strace cannot trace here"
	finish
fi
make_base

# trace OP: its calls as lines "WHAT NAME", the names without their folder
trace() {
	fresh "$work/t"
	strace -y -o "$work/trace" \
	    -e trace=openat,fchmod,write,fsync,rename,renameat,renameat2,link,linkat,unlink,unlinkat \
	    "$vaultop" "$work/t" "$1" >/dev/null 2>&1 || return 1
	# write(5</dir/vault.tmp-12ab34cd>, …) ; renameat(4</dir>, "a", 4</dir>, "b")
	sed -n -E '
	    s/vault\.tmp-[0-9a-f]{8}/TEMP/g
	    s/^(write|fsync|fchmod)\([0-9]+<([^>]*\/)?([^>\/]*)>.* = 0$/\1 \3/p
	    s/^(write)\([0-9]+<([^>]*\/)?([^>\/]*)>.* = [0-9]+$/\1 \3/p
	    s/^renameat2?\([^,]*, "([^"]*)", [^,]*, "([^"]*)".* = 0$/rename \1 \2/p
	    s/^rename\("([^"]*\/)?([^"\/]*)", "([^"]*\/)?([^"\/]*)"\) += 0$/rename \2 \4/p
	    s/^unlinkat\([^,]*, "([^"]*)".* = 0$/unlink \1/p
	    ' "$work/trace" >"$work/calls"
}

# before NAME A B: the last A stands before the first B, and both are there
before() {
	a=$(grep -nx "$2" "$work/calls" | tail -n 1 | cut -d: -f1)
	b=$(grep -nx "$3" "$work/calls" | head -n 1 | cut -d: -f1)
	if [ -n "$a" ] && [ -n "$b" ] && [ "$a" -lt "$b" ]; then
		ok "$1"
	else
		not_ok "$1: '$2' at ${a:-no line}, '$3' at ${b:-no line}"
		sed 's/^/# /' "$work/calls"
	fi
}

# What is renamed, or written to, too early; there may be two temporary files.
clean_renames() {
	awk '$2 != "TEMP" { next }
	    $1 == "fchmod" { mode = 1 }
	    $1 == "write" { dirty = 1; if (!mode) print "content before mode" }
	    $1 == "fsync" { dirty = 0 }
	    $1 == "rename" { if (dirty) print "not flushed"; mode = 0 }' \
	    "$work/calls"
}

for op in put remove rename info passwd restore; do
	if ! trace "$op"; then
		not_ok "$op: traced"
		sed 's/^/# /' "$work/trace"
		continue
	fi
	same "$op: mode, content, flushed, and only then in its place" "" "$(
		clean_renames)"
	before "$op: it is flushed at all" "fsync TEMP" "rename TEMP vault"
	before "$op: the folder is flushed after that" \
	    "rename TEMP vault" "fsync v"
	before "$op: remembered only then" "fsync v" "rename seen.tmp seen"
	before "$op: the memory is flushed, too" \
	    "fsync seen.tmp" "rename seen.tmp seen"
done
trace remove
before "remove: .bak is without the key first" \
    "rename TEMP vault.bak" "rename TEMP vault"
trace passwd
before "passwd: .bak is gone first" "unlink vault.bak" "rename TEMP vault"
before "passwd: .replaced, too" "unlink vault.replaced" "rename TEMP vault"
finish
