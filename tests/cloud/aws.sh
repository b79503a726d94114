# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# What 'aws' makes of the cloud, on top of tests/cloud/lib.sh.  Sourced.
#
# cloud_aws             true when aws can be run; says a SKIP otherwise
# shows NAME PYTHON-EXPRESSION WANTED ARGUMENT...   of the JSON that aws prints
# says NAME CODE ARGUMENT...                        aws fails with this error
# aws_read_all MODULE...    every action of these modules has been read by aws

cloud_aws()
{
	local what='the cloud, as aws sees it'
	if ! command -v aws >/dev/null; then
		skip "$what" 'aws is not installed'
		return 1
	elif ! aws --version >"$TMP/.out" 2>&1; then
		skip "$what" "aws does not run: $(head -n 1 "$TMP/.out")"
		return 1
	fi
	# Nothing may depend on a terminal, a pager or a retry.
	export AWS_MAX_ATTEMPTS=1 AWS_DEFAULT_OUTPUT=json AWS_PAGER=''
}

shows()
{
	local name=$1 expression=$2 wanted=$3
	shift 3
	if aws "$@" >"$TMP/json" 2>"$TMP/.err"; then
		check "$name" equals "$(json "$TMP/json" "$expression")" "$wanted"
	else
		fail "$name" "$(cat "$TMP/.err")"
	fi
}

says()
{
	local name=$1 part=$2
	shift 2
	if aws "$@" >"$TMP/.out" 2>"$TMP/.err"; then
		fail "$name" "$(cat "$TMP/.out")"
	else
		check "$name" contains "$(cat "$TMP/.err")" "($part)"
	fi
}

# An action that aws has not read is one that nobody has checked.
aws_read_all()
{
	PYTHONPATH=$SRC/tests "$PYTHON" -Bc 'import sys
from cloud.gateway import SERVICES
for service in SERVICES.values():
    for name, (function, _) in service.actions.items():
        if function.__module__[6:] in sys.argv[1:]:
            print(name)' "$@" | sort >"$TMP/actions"
	cloud_calls 'c["done"] and c["status"] == 200' |
	    sed 's/.*"action": "\([A-Za-z]*\)".*/\1/' | sort -u >"$TMP/seen"
	check 'aws has read every action there is' \
	    equals "$(comm -23 "$TMP/actions" "$TMP/seen")" ''
	check 'there are some' test -s "$TMP/actions"
}
