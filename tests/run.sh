#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Run test programs and count: run.sh PROGRAM...  (one word each; 'PROGRAM
# ARGUMENT...' in quotes gives it arguments)
#
# A program prints TAP ("ok 1 - name", "not ok 2 - name", "ok 3 - name # SKIP
# why").  It gets a clean environment, an empty HOME and a TMPDIR of its own,
# no standard input, endpoints of AWS where nobody is, and is started in the root
# of the source tree.  It fails
# as a whole, counted as one failure, when it dies, exits non-zero without a
# "not ok", hangs, prints no test, or fewer than it announced.
# The last line is 'N passed, N failed, N skipped'.
#
# Read from the environment: BUILD (build folder, default build), ONLY (run what
# has this in its name), TEST_SECONDS (limit for one program, 300), JOBS.
set -u

SRC=$(cd "$(dirname "$0")/.." && pwd)
cd "$SRC" || exit
given=${BUILD:-build}
BUILD=$(mkdir -p "$given/logs" && cd "$given" && pwd) || exit
PYTHON=${PYTHON:-/usr/bin/python3}
"$PYTHON" -c 'import nacl' 2>/dev/null || PYTHON=$(command -v python3)
limit=${TEST_SECONDS:-300}
jobs=${JOBS:-$(nproc 2>/dev/null || echo 2)}
results=$(mktemp -d "${TMPDIR:-/tmp}/pk.XXXXXX") || exit
trap 'rm -rf "$results"' EXIT
trap 'kill $(jobs -p) 2>/dev/null; wait; exit 130' INT TERM

# What TAP says: "pass fail skip" on the first line, then one line a skip.
read_tap()
{
	# shellcheck disable=SC2094 # the log is read to its end, then appended
	awk -v status="$1" -v limit="$limit" '
	function whole(why) { fail++; print "# the program: " why >"/dev/stderr" }
	/^ *1\.\.0( |$)/ { if (match($0, /# *[Ss][Kk][Ii][Pp]/))
		skips[++skip] = substr($0, RSTART + RLENGTH + 1); next }
	/^1\.\.[0-9]+/ { planned += substr($1, 4); next }
	/^(# )?SKIP [^:]+:/ { sub(/^(# )?SKIP /, ""); name = $0
		sub(/:.*/, "", name); why[name] = $0; next }
	/^(not )?ok( |$)/ { ran++
		if (match($0, /# *[Ss][Kk][Ii][Pp]/)) {
			text = substr($0, 1, RSTART - 1)
			rest = substr($0, RSTART + RLENGTH + 1)
			sub(/^(not )?ok *[0-9]* *(- *)?/, "", text)
			sub(/ +$/, "", text)
			skips[++skip] = text (text && rest ? ": " : "") rest
		} else if (/^not/)
			fail++
		else
			pass++ }
	/^Bail out!/ { whole($0) }
	END {
		if (status == 124)
			whole("took longer than " limit " s")
		else if (status > 128)
			whole("ended by signal " status - 128)
		else if (status != 0 && !fail)
			whole("exit status " status)
		else if (!ran && !skip)
			whole("printed no test")
		else if (planned > ran && !fail)
			whole("announced " planned " tests, ran " ran)
		print pass + 0, fail + 0, skip + 0
		for (i = 1; i <= skip; i++)
			print (skips[i] in why) ? why[skips[i]] : skips[i]
	}' "$2" 2>>"$2"
}

# Run number $1, the command $2; its lines are printed in one piece.
run_one()
{
	local name log tmp status began pass fail skip counts
	name=${2%% *}
	name=${name#"$BUILD"/}
	name=${name#"$given"/}
	name=${name#"$SRC"/}
	log=$BUILD/logs/${name//\//-}.log
	tmp=$results/$1
	mkdir -m 700 "$tmp" "$tmp/home" "$tmp/tmp"
	began=$(date +%s)
	# shellcheck disable=SC2086 # the command is a list of words
	env -i PATH="$PATH" HOME="$tmp/home" TMPDIR="$tmp/tmp" LC_ALL=C.UTF-8 \
	    SRC="$SRC" BUILD="$BUILD" PEMKEEP="$BUILD/pemkeep" CC="${CC:-cc}" \
	    PYTHON="$PYTHON" ${CI:+CI="$CI"} CMOCKA_MESSAGE_OUTPUT=TAP \
	    AWS_EC2_METADATA_DISABLED=true \
	    AWS_ENDPOINT_URL=http://127.0.0.1:1 \
	    AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1 \
	    ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1}" \
	    UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}" \
	    "$PYTHON" "$SRC/tests/supervise.py" "$limit" $2 >"$log" 2>&1
	status=$?
	counts=$(read_tap "$status" "$log")
	read -r pass fail skip <<<"$counts"
	echo "$pass $fail $skip" >"$results/$1.counts"
	sed "1d; s|^|SKIP $name: |" <<<"$counts" >"$results/$1.skips"
	counts="$pass passed"
	[ "$fail" = 0 ] || counts+=", $fail FAILED"
	[ "$skip" = 0 ] || counts+=", $skip skipped"
	counts="$name: $counts ($(($(date +%s) - began)) s)"
	if [ "$fail" != 0 ]; then
		counts+=$'\n'$(tail -n 200 "$log" | sed 's/^/    /')
		counts+=$'\n'"    (log: $log)"
	fi
	printf '%s\n' "$counts"
	chmod -R u+rwx "$tmp"
	rm -rf "$tmp"
}

n=0
for command; do
	[[ $command == *"${ONLY-}"* ]] || continue
	n=$((n + 1))
	[ "$(jobs -rp | wc -l)" -lt "$jobs" ] || wait -n
	run_one "$n" "$command" &
done
wait

cat "$results"/*.skips 2>/dev/null
cat "$results"/*.counts 2>/dev/null | awk '
	{ pass += $1; fail += $2; skip += $3 }
	END {
		printf "%d passed, %d failed, %d skipped\n", pass, fail, skip
		exit fail > 0 || pass == 0
	}'
