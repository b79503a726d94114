#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Goal of this test: many processes save at the same time and every save is
# there afterwards; who reads meanwhile sees a whole vault and no false alarm;
# who holds the lock and sleeps is named; who dies frees it.

# shellcheck source=tests/fault/lib.sh
. "$(dirname "$0")/lib.sh"

: "${FAULT_ADDS:=50}"
patience=120000 # ms: this is about losing, not about fairness

is "a scene" "$vaultop" "$work/base" make 60

value() { # KEY, from $work/check
	sed -n "s/^$1 //p" "$work/check"
}

remembered() { # SCENE: the generation of the seen file's last line
	sed -n '$s/^[0-9a-f]* \([0-9]*\) .*/\1/p' "$1/s/seen"
}

# writers N: N processes, each so many saves, and readers: two that open the vault
# again and again, one that keeps it open
writers() {
	n=$1
	at=$work/w$n
	fresh "$at"
	jobs_started=
	bad=
	began=$(now_ms)
	for r in reads1 reads2 reloads3; do
		"$vaultop" "$at" "${r%?}" "$at/stop" >"$at/$r.out" 2>&1 &
		jobs_started="$jobs_started $!"
	done
	readers=$jobs_started
	pids=
	for i in $(seq "$n"); do
		"$vaultop" -w $patience "$at" adds "$FAULT_ADDS" "needle$i" \
		    >"$at/$i.out" 2>&1 &
		pids="$pids $!"
	done
	jobs_started="$jobs_started $pids"
	for pid in $pids; do
		wait "$pid" || bad=1
	done
	took=$(($(now_ms) - began))
	: >"$at/stop"
	reader_bad=
	for pid in $readers; do
		wait "$pid" || reader_bad=1
	done
	jobs_started=
	adds=$((n * FAULT_ADDS))
	if [ -n "$bad" ]; then
		not_ok "$n writers: a save was refused"
		cat "$at"/[0-9]*.out | sort | uniq -c | head -n 5 |
			sed 's/^/# /'
	else
		ok "$n writers, $adds saves, none refused"
	fi
	if [ -n "$reader_bad" ]; then
		not_ok "$n writers: a reader met an error or an alarm"
		sed 's/^/# /' "$at"/re*.out | head -n 5
	else
		ok "$n writers: three readers always met a sound vault"
	fi
	if ! "$vaultop" "$at" check >"$work/check" 2>&1; then
		not_ok "$n writers: the vault opens: $(cat "$work/check")"
		return
	fi
	same "$n writers: all adds are there" $((adds + 3)) "$(value count)"
	same "$n writers: a generation for each save" $((adds + 3)) \
	    "$(value generation)"
	same "$n writers: the last one is remembered" $((adds + 3)) \
	    "$(remembered "$at")"
	same "$n writers: no note" "" "$(value note)"
	names=$(seq "$n" | while read -r i; do
		seq 0 $((FAULT_ADDS - 1)) | sed "s/^/needle$i-/"
	done | sort)
	same "$n writers: these names and no others" "$names" \
	    "$(value record | sed 's/ .*//' | grep '^needle[0-9]' | sort)"
	same "$n writers: no temporary file" "vault vault.bak vault.lock" \
	    "$(ls "$at/v" | one_line)"
	echo "# $n writers: $adds saves in $took ms," \
	    "$(cat "$at"/re*.out | awk '/^reads/ { n += $2 } END { print n }')" \
	    "readings meanwhile"
}

for n in 2 4 8 16; do
	writers $n
done

# Two vaults share one memory; their locks are two.
fresh "$work/one"
"$vaultop" "$work/two" make 60
jobs_started=
pids=
for i in 1 2 3; do
	"$vaultop" -w $patience -s "$work/one/s/seen" "$work/one" \
	    adds 20 "needle$i" >>"$work/two.out" 2>&1 &
	pids="$pids $!"
	"$vaultop" -w $patience -s "$work/one/s/seen" "$work/two" \
	    adds 20 "needle$i" >>"$work/two.out" 2>&1 &
	pids="$pids $!"
done
jobs_started=$pids
bad=
for pid in $pids; do
	wait "$pid" || bad=1
done
jobs_started=
if [ -n "$bad" ]; then
	not_ok "two vaults, one memory: $(sort "$work/two.out" | uniq -c |
		head -n 3)"
else
	ok "two vaults, one memory: no alarm"
fi
same "two vaults, one memory: both are remembered, and the stranger" \
    "63 63 7 " "$(sed -n 's/^[0-9a-f]* \([0-9]*\) .*/\1/p' \
	"$work/one/s/seen" | sort -rn | tr '\n' ' ')"

# A holder that sleeps.
hold() {
	rm -f "$work/held"
	"$vaultop" "$at" hold "$work/held" &
	holder=$!
	jobs_started=$holder
	for i in $(seq 200); do
		[ -s "$work/held" ] && return
		sleep 0.05
	done
	not_ok "a holder could be started"
}
at=$work/hold
fresh "$at"
hold
kill -STOP "$holder"
began=$(now_ms)
refuses "a sleeping holder stops a save" ELOCKED \
    "$vaultop" -w 300 "$at" put
took=$(($(now_ms) - began))
case $(cat "$work/refuses.err") in
*"$holder"*) ok "the message names its pid" ;;
*) not_ok "the message names its pid: $(cat "$work/refuses.err")" ;;
esac
if [ $took -ge 290 ] && [ $took -le 5000 ]; then
	ok "after the time that was given"
else
	not_ok "after the time that was given: $took ms for 300"
fi
refuses "nor can it be restored over" ELOCKED \
    "$vaultop" -w 100 "$at" restore
is "reading needs no lock" "$vaultop" -w 100 "$at" list
kill -9 "$holder"
kill -CONT "$holder" 2>/dev/null
wait "$holder" 2>/dev/null
is "a killed holder frees the lock" "$vaultop" -w 300 "$at" put
hold
kill -9 "$holder"
wait "$holder" 2>/dev/null
is "and again" "$vaultop" -w 300 "$at" put needle-again
jobs_started=
finish
