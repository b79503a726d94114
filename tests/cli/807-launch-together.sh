#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: launches, an undo and a terminate at the same time, from the same
# home and in the same account, do not disturb each other.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

cloud_start pending=0.2 stopping=0.2 boot=0.2 addresses=20 || done_testing
cloud_account main eu-west-1
cloud_profile far 'region = us-east-1'
cloud_keys far "$KEY_ID" "$SECRET"
export AWS_PROFILE=main
new_vault

# of NAME: how many instances, pairs, groups, addresses it has, of how many launches
of()
{
	cloud_ctl dump >dump
	"$PYTHON" - "$1" <<'END'
import json, sys
kinds = ("instances", "key_pairs", "groups", "addresses")
found = [[t for a in json.load(open("dump")).values() for p in a.values()
          for t in p[k].values() if t["tags"].get("Name") == sys.argv[1]]
         for k in kinds]
print(*[len(f) for f in found],
      len({t["tags"]["pemkeep:launch"] for f in found for t in f}))
END
}

check 'one to be terminated' expect_status 0 \
    pk launch old --image debian-12 --yes
cloud_ctl fault deny action=AllocateAddress
check 'one to be undone' expect_status 1 pk launch half --image debian-12 --yes
names='one two three'
for name in $names; do
	"$PEMKEEP" launch "$name" --image debian-12 --yes --connect -- whoami \
	    >"said-$name" 2>&1 &
	jobs[$!]=$name
done
"$PEMKEEP" launch two --profile far --image ubuntu-24.04 --yes --connect -- \
    whoami >said-far 2>&1 &
jobs[$!]='two, in another region'
"$PEMKEEP" terminate old --yes >said-old 2>&1 &
jobs[$!]='terminate'
"$PEMKEEP" launch --undo half --yes >said-half 2>&1 &
jobs[$!]='undo'
for job in "${!jobs[@]}"; do
	wait "$job"
	check "at once: ${jobs[job]}" equals "$?" 0
done
for name in $names; do
	check "$name: a login" equals "$(tail -n 1 "said-$name")" admin
done
check 'far: a login' equals "$(tail -n 1 said-far)" ubuntu
check 'one: one of each' equals "$(of one)" '1 1 1 1 1'
check 'two: one of each in each region' equals "$(of two)" '2 2 2 2 2'
check 'three: one of each' equals "$(of three)" '1 1 1 1 1'
check 'old: nothing is left' equals "$(of old)" '0 0 0 0 0'
check 'half: nothing is left' equals "$(of half)" '0 0 0 0 0'
check 'no journal is left' equals \
    "$(find "$state/launches" -type f)" ''
check 'the keys of all of them are in the vault' equals \
    "$(pk keys --json >keys; json keys 'len(j["keys"])')" 6
check 'list knows them' contains "$(pk list)" one two three
check 'list knows that others are gone' lacks \
    "$(pk list | grep -E '^(half|old) ')" running stopped
check 'it had nothing to complain of' equals "$(cat "$CLOUD/output")" ''
done_testing
