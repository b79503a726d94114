#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: of the AWS files, pemkeep reads what botocore reads, and
# takes for a mistake what botocore does; so it is for the words of a command.
. "$SRC/tests/lib.sh"

tool=$BUILD/tests/tools/awsprofiles
export PYTHONDONTWRITEBYTECODE=1
unset "${!AWS_@}"

# The first Python that has botocore; 'aws' may have brought one.
with=
for python in "$PYTHON" python3 /usr/bin/python3; do
	command -v "$python" >/dev/null || continue
	"$python" -c 'import botocore' 2>/dev/null && with=$python && break
done
if [ -z "$with" ]; then
	skip 'the same as botocore' 'no Python here has botocore'
else
	"$with" "$SRC/tests/tools/awsprofiles.py" "$tool" 1 500 >"$TMP/said"
	check 'botocore was asked' contains "$(cat "$TMP/said")" 'random files'
	check 'the same as botocore' lacks "$(cat "$TMP/said")" 'not ok'
fi
done_testing
