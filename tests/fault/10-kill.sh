#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Goal of this test: kill -9 before and after every system call of every
# operation leaves the old vault or the new one, whole, nothing in clear, and
# the next save works and leaves no temporary file (judge.c says it in full).

# shellcheck source=tests/fault/lib.sh
. "$(dirname "$0")/lib.sh"

make_base

# A judge that cannot condemn is none.
condemns() { # NAME OP CLAIM; the scene is in $work/c
	if "$vaultop" "$work/c" judge "$2" "$work/base" "$3" \
	    >"$work/verdict"; then
		not_ok "the judge condemns $1"
	else
		ok "the judge condemns $1"
	fi
}
fresh "$work/c"
condemns "a save that changed nothing" put "done"
fresh "$work/c"
"$vaultop" "$work/c" put
condemns "a failed save that changed something" put fail
fresh "$work/c"
echo Needle >"$work/c/v/vault.tmp-1" && chmod 400 "$work/c/v/vault.tmp-1"
condemns "plain text in a temporary file" put kill
fresh "$work/c"
: >"$work/c/v/other" && chmod 400 "$work/c/v/other"
condemns "a stray file" put kill
fresh "$work/c"
"$vaultop" "$work/c" passwd
cp -af "$work/base/v/vault" "$work/c/v/vault.bak"
condemns "a .bak that opens with the old passphrase" passwd "done"
fresh "$work/c"
"$vaultop" "$work/c" remove
cp -af "$work/base/v/vault" "$work/c/v/vault.bak"
condemns "a .bak that still has the removed record" remove "done"
fresh "$work/c"
rm -f "$work/c/v/vault.bak"
condemns "a lost .bak" put kill
fresh "$work/c"
chmod 600 "$work/c/v/vault"
head -c 5000 "$work/base/v/vault" >"$work/c/v/vault"
chmod 400 "$work/c/v/vault"
condemns "a cut vault" put kill
fresh "$work/c"
printf 'pemkeep-seen 1\n' >"$work/c/s/seen"
condemns "a memory that lost another vault" put kill

# point OP N MODE CALL: one fault, one verdict
point() {
	fresh "$work/$1"
	if "$syswalk" "$3" "$2" "$vaultop" "$work/$1" "$1" \
	    >"$work/$1.walk" 2>/dev/null; then
		verdict=$("$vaultop" "$work/$1" judge "$1" "$work/base" kill \
		    2>&1)
	else
		verdict="bad: not reached: $(tail -n 1 "$work/$1.walk")"
	fi
	echo "$3 $4 $verdict" >>"$work/$1.log"
}

walk() { # OP
	while read -r n call ordinal; do
		touches "$call" || [ $((n % step)) -eq 0 ] || continue
		point "$1" "$n" kill-before "$call.$ordinal"
		point "$1" "$n" kill-after "$call.$ordinal"
	done <"$work/$1.calls"
}

total=0
for op in $ops; do
	fresh "$work/$op"
	"$syswalk" count "$vaultop" "$work/$op" "$op" >"$work/$op.out"
	grep '^[0-9]' "$work/$op.out" >"$work/$op.calls"
	same "$op alone works" "reached exit 0" "$(tail -n 1 "$work/$op.out")"
	is "$op alone: the new state" \
	    "$vaultop" "$work/$op" judge "$op" "$work/base" "done"
	total=$((total + 2 * $(wc -l <"$work/$op.calls")))
done

# Two cores: how many of these fit the time?
step=1
began=$(now_ms)
for _ in 1 2 3 4; do
	point put 1 kill-before warm-up
done
estimate=$((($(now_ms) - began) * total / 8000))
[ "$estimate" -le "$FAULT_BUDGET" ] ||
	step=$((2 * (estimate / FAULT_BUDGET + 1)))
[ $step -eq 1 ] || echo "# slow build: every ${step}th of the calls" \
    "that touch no file"

jobs_started=
for op in $ops; do
	: >"$work/$op.log"
	walk "$op" &
	jobs_started="$jobs_started $!"
done
wait
jobs_started=

echo "# operation  calls  kills    old    new    bad"
for op in $ops; do
	old=$(grep -c ' old$' "$work/$op.log")
	new=$(grep -c ' new$' "$work/$op.log")
	kills=$(wc -l <"$work/$op.log")
	printf '# %-9s %6d %6d %6d %6d %6d\n' "$op" \
	    "$(wc -l <"$work/$op.calls")" "$kills" "$old" "$new" \
	    $((kills - old - new))
done
for op in $ops; do
	grep -v -e ' old$' -e ' new$' "$work/$op.log" >"$work/bad"
	kills=$(wc -l <"$work/$op.log")
	if [ -s "$work/bad" ]; then
		not_ok "$op survives kill -9: $(wc -l <"$work/bad") of $kills"
		sed 's/^/# /' "$work/bad" | head -n 20
	elif ! grep -q ' old$' "$work/$op.log" ||
	    ! grep -q ' new$' "$work/$op.log"; then
		not_ok "$op: the walk has not gone over the change"
	else
		ok "$op survives kill -9, $kills times"
	fi
done
finish
