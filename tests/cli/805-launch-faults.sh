#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: whatever happens at whatever call of a launch (an error, an
# answer that is lost, throttling, the process killed right before or right after),
# it can be undone, and then the account is as it was, or gone on with, and then
# there is one server, one key, one address.  No private key is lost, and nothing
# that is somebody else's is touched.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

cloud_start pending=0.05 stopping=0.05 || done_testing
new_vault
pk -q agent --stop
mkdir walk
cp -a "$data" walk/data
cp -a "$state" walk/state
cp "$PASS_FILE" walk/pass
{
	cat "$HOME/.config/pemkeep/config"
	printf '[launch]\nwait = 30s\n'
} >walk/config
ssh-keygen -q -t ed25519 -N '' -C somebody -f walk/other
check 'the walk' expect_status 0 "$PYTHON" -u "$SRC/tests/tools/launchwalk.py" \
    "$PEMKEEP" "$TMP/walk" "$CLOUD" "$TMP/results"
out | sed 's/^/# /'
while IFS=$'\t' read -r seen name; do
	if [ "$seen" = ok ]; then
		ok "$name"
	else
		fail "$name" "$(printf '%b' "$seen")"
	fi
done <results
check 'it had nothing to complain of' equals "$(cat "$CLOUD/output")" ''
done_testing
