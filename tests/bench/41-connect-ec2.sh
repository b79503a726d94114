#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# A warm 'connect' by EC2 name beside one by a name of the hosts file: the same
# instance, the same sshd, in turns.  Numbers are printed, never judged.
#
# Read from the environment: BUILD (build folder, default build), BENCH_INSTANCES
# (in the cache, 10000), BENCH_LOGINS (100).
set -u

SRC=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=$(cd "${BUILD:-$SRC/build}" && pwd) || exit
PEMKEEP=$BUILD/pemkeep
PYTHON=${PYTHON:-python3}
HOME=$(mktemp -d) || exit
export HOME LC_ALL=C.UTF-8
unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME \
    SSH_AUTH_SOCK DISPLAY
. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"
tests_done=none # that file is for tests, and this is none
at_exit rm -rf "$HOME"
instances=${BENCH_INSTANCES:-10000} logins=${BENCH_LOGINS:-100}

die()
{
	echo "bench: $*" >&2
	exit 1
}

cloud_start || die 'no cloud'
cloud_account main eu-west-1
export AWS_PROFILE=main
cloud_key main/eu-west-1 web >/dev/null
cloud_ctl bulk main/eu-west-1 "$instances" other ssh=no state=stopped
cloud_instance main/eu-west-1 myserver key=web
new_vault
pk -q import "$TMP/web" >/dev/null 2>&1
ln -s "$PEMKEEP" "$TMP/connect"
"$TMP/connect" -q myserver true </dev/null || die 'no first contact'
pk -q add static "$PUBLIC" --user ubuntu --key web
sed -n "s/^\[$ID\]/[$PUBLIC]/p" "$state/known_hosts" >"$TMP/more"
cat "$TMP/more" >>"$state/known_hosts"
"$TMP/connect" -q static true </dev/null || die 'no login by the hosts file'

"$BUILD/tests/tools/benchtime" "$logins" "$TMP/connect" static true ::: \
    "$TMP/connect" myserver true ::: "$TMP/connect" "$ID" true \
    >"$TMP/measured" </dev/null || die 'a command has failed'
echo "connect to one of $((instances + 1)) instances in the cache, $logins times:"
awk 'BEGIN { split("by the hosts file;by its Name tag;by its id", name, ";") }
{
	if (NR == 1)
		first = $1
	printf "  %-22s %7.2f ms, processor %5.2f ms   %+6.2f ms", name[NR], \
	    $1, $4, $1 - first
	print (NR > 1 ? " (goal: at most 3)" : "")
}' "$TMP/measured"
