#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# The audit's look at the disk: 200,000 files beside 'find -type f' on the same
# tree, both with all of it in memory, in turns; and the peak memory of ours.  The tree
# is that of a developer: four fifths of the files have names that say that they are
# no key.  The other lines are about a tenth as many files, since memory is not to
# grow with them: as before, none opened, all opened.  Numbers are printed, never
# judged.
#
# Read from the environment: BUILD (default build), BENCH_ROUNDS (15),
# BENCH_FILES (200000), TMPDIR.
set -euo pipefail
export LC_ALL=C.UTF-8

cd "$(dirname "$0")/../.."
BUILD=$(cd "${BUILD:-build}" && pwd)
tools=$BUILD/tests/tools
pemkeep=$BUILD/pemkeep
rounds=${BENCH_ROUNDS:-15}
files=${BENCH_FILES:-200000}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pemkeep-bench.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' HUP INT TERM
export HOME=$tmp/home AWS_EC2_METADATA_DISABLED=true
unset XDG_CACHE_HOME XDG_STATE_HOME XDG_CONFIG_HOME AWS_PROFILE AWS_REGION \
    AWS_DEFAULT_REGION AWS_DEFAULT_PROFILE AWS_ACCESS_KEY_ID AWS_CONFIG_FILE \
    AWS_SHARED_CREDENTIALS_FILE
mkdir "$HOME"

calc()
{
	awk "BEGIN { printf \"%.2f\", $1 }"
}

# tree NAME FILES KIND: 100 files a folder, of 200 to 20,000 bytes
tree()
{
	python3 - "$tmp/$1" "$2" "$3" <<'END'
import os, random, sys
root, count, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3]
dull = "js js js js ts ts json map py c h css png".split()
others = ["", "", "", "", "md", "md", "txt", "yml", "sh", "xml"]
line = b"const one = require('another'); /* nothing of interest */\n"
pick = random.Random(1)
for folder in range(count // 100):
    path = "%s/%d/%d/%d" % (root, folder % 20, folder // 20 % 10, folder)
    os.makedirs(path)
    for number in range(100):
        open_it = {"all": True, "none": False}.get(kind,
                                                   pick.random() < 0.2)
        end = pick.choice(others if open_it else dull)
        size = pick.choice((200, 800, 2000, 5000, 20000))
        with open("%s/file%d%s" % (path, number, end and "." + end), "wb") as f:
            f.write(line * (size // len(line) + 1))
END
}

# compare WHAT TREE
compare()
{
	local theirs ours peak
	find "$tmp/$2" -type f >"$tmp/list"
	{
		read -r theirs _
		read -r ours _ _ _ peak
	} < <("$tools/benchtime" "$rounds" find "$tmp/$2" -type f \
	    ::: "$pemkeep" --quiet audit --offline --no-input "$tmp/$2")
	printf '%-34s %7s ms  find %7s ms  %s%s; %s MiB\n' "$1" "$ours" \
	    "$theirs" "$(calc "$ours / $theirs")" "${3-}" \
	    "$(calc "$peak / 1024")"
}

printf '\nAudit of %d files, 100 a folder, on %d processors\n' "$files" \
    "$(nproc)"
tree usual "$files" usual
compare 'a developer'"'"'s, a fifth opened' usual ' (goal: at most 2)'
tree tenth $((files / 10)) usual
compare 'a tenth of it' tenth
tree none $((files / 10)) none
compare 'so many whose names say it all' none
tree all $((files / 10)) all
compare 'so many, all opened' all
