#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Format, cppcheck, shell scripts, manuals; sizes as information.  The compiler's
# own analysis is the Makefile's part.  Usage: lint.sh C-FILE...
set -u
cd "$(dirname "$0")/.." || exit
status=0

step()
{
	local name=$1
	shift
	if ! command -v "$1" >/dev/null; then
		echo "lint: $name: '$1' is not installed"
		[ "$name" = scripts ] || status=1
	elif "$@"; then
		echo "lint: $name: clean"
	else
		echo "lint: $name: FAILED"
		status=1
	fi
}

shopt -s nullglob
pages=(man/*.[1-9])
scripts=(.ci/run tests/*.sh tests/*/*.sh)
sources=()
for file; do
	[[ $file = *.c && $file != tests/* ]] && sources+=("$file")
done

# Longer than the house likes: no failure.
awk '
FNR == 1 { open = 0 }
/^[a-z_0-9]+\(/ { name = $0; sub(/\(.*/, "()", name) }
/^\{/ { open = FNR }
/^\}/ { if (open && FNR - open > 61)
		print "size: " FILENAME ":" open ": " name " has " \
		    FNR - open - 1 " lines"
	open = 0 }
{ lines[FILENAME] = FNR }
END { for (file in lines) if (lines[file] > 500)
	print "size: " file " has " lines[file] " lines" }' "$@"

step format clang-format --dry-run -Werror "$@"
step cppcheck cppcheck --quiet --enable=warning,portability --std=c11 -I. \
    -Iinclude --inline-suppr --suppress=missingIncludeSystem \
    --error-exitcode=1 "${sources[@]}"
step scripts shellcheck -x -S warning "${scripts[@]}"
[ ${#pages[@]} = 0 ] || step manuals mandoc -Tlint -Wwarning "${pages[@]}"
exit $status
