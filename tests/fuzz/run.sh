#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Fuzz each target for a while: run.sh SECONDS PROGRAM...  A target fuzz_X
# starts from a copy of tests/fuzz/corpus/X, with the words of
# tests/fuzz/X.dict.  What it found lies beside the copy; what crashes it
# belongs into the corpus, with the repair.  'run.sh --probe': is there a
# compiler for this?
set -u
if [ "${1-}" = --probe ]; then
	echo 'int LLVMFuzzerTestOneInput(const void *p, unsigned long n);
	    int LLVMFuzzerTestOneInput(const void *p, unsigned long n)
	    { return p == 0 && n != 0; }' |
	    clang -fsanitize=fuzzer,address,undefined -x c -o /dev/null - \
		2>/dev/null && exit
	echo 'fuzz: clang with libFuzzer is missing (Debian: apt-get install' \
	    'clang and the libclang-rt-N-dev of its version)' >&2
	exit 1
fi
cd "$(dirname "$0")" || exit
seconds=$1
shift
[ $# != 0 ] || { echo 'fuzz: there is no target' >&2; exit 1; }
status=0

for program; do
	name=${program##*/fuzz_}
	work=$program.work
	options=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048
	    -print_final_stats=1 -artifact_prefix="$work/")
	[ ! -f "$name.dict" ] || options+=(-dict="$name.dict")
	mkdir -p "$work/corpus"
	cp -R "corpus/$name/." "$work/corpus/" 2>/dev/null ||
	    echo "fuzz: $name has no corpus"
	if "$program" "${options[@]}" "$work/corpus" >"$work/log" 2>&1; then
		echo "fuzz: $name: nothing found in ${seconds} s," \
		    "$(sed -n 's/^stat::number_of_executed_units: *//p' \
			"$work/log") runs"
	else
		tail -n 60 "$work/log"
		echo "fuzz: $name: FOUND SOMETHING, see $work"
		status=1
	fi
done
exit $status
