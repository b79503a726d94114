#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: in the scenarios nothing talks to anybody but this machine.
# What 'list', 'resolve', and the process behind them connect to, look up and send
# is seen by strace, with every source of credentials in turn.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

if ! strace -f -o "$TMP/probe" true 2>/dev/null; then
	skip 'no traffic leaves loopback' 'strace does not work here'
	done_testing
fi
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 # not under strace
unset PEMKEEP_PASSPHRASE_FILE
cloud_start pending=0 || done_testing
cloud_account main eu-west-1
main=$ACCOUNT keys=("$KEY_ID" "$SECRET")
cloud_instance main/eu-west-1 myserver ssh=no
my=$ID
cache=$HOME/.cache/pemkeep

# The same for whoever has an instance's role, SSO, a program, or assumes a role.
cloud_ctl role main machine trust="$main" >/dev/null
cloud_ctl imds main machine region=eu-west-1
cloud_ctl sso main Reader token=token
cloud_sso_login corp token
cat >>"$AWS_CONFIG_FILE" <<END
[profile sso]
region = eu-west-1
sso_session = corp
sso_account_id = $main
sso_role_name = Reader
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://example.awsapps.com/start
[profile role]
region = eu-west-1
role_arn = arn:aws:iam::$main:role/machine
source_profile = main
[profile program]
region = eu-west-1
credential_process = cat $TMP/keys.json
END
printf '{"Version": 1, "AccessKeyId": "%s", "SecretAccessKey": "%s"}' \
    "${keys[@]}" >"$TMP/keys.json"

# elsewhere FILE: what a trace shows that is not on this machine
elsewhere()
{
	grep -aE 'sa_family=AF_INET|sin6?_addr' "$1" |
	    grep -avE 'inet_addr\("127\.|inet_pton\(AF_INET6, "::1"' |
	    grep -avE 'getsockname|getpeername|AF_UNSPEC'
}

# quiet NAME COMMAND...: it works, and talks to this machine only
quiet()
{
	local name=$1
	shift
	check "$name" expect_status 0 strace -f -qq -s 64 \
	    -e trace=network -o "$TMP/trace" "$@"
	check "$name: found" contains "$(out)" "$my"
	check "$name: nobody else hears of it" equals \
	    "$(elsewhere "$TMP/trace")" ''
}

for profile in main sso role program; do
	rm -rf "$cache"
	quiet "list, profile $profile" env AWS_PROFILE=$profile "$PEMKEEP" list
	check "list, profile $profile: the cloud was asked" test \
	    "$(grep -c 'connect(.*127\.' "$TMP/trace")" -gt 0
	quiet "resolve, profile $profile" env AWS_PROFILE=$profile "$PEMKEEP" \
	    resolve myserver
	check "resolve, profile $profile: from the cache, nobody was asked" \
	    equals "$(grep -c 'connect(.*AF_INET' "$TMP/trace")" 0
	quiet "all regions, profile $profile" env AWS_PROFILE=$profile "$PEMKEEP" \
	    list --refresh --all-regions
done
mv "$HOME/.aws" "$HOME/off"
rm -rf "$cache"
quiet 'list, on an instance' env -u AWS_EC2_METADATA_DISABLED "$PEMKEEP" list
rm -rf "$cache"
quiet 'resolve, on an instance' env -u AWS_EC2_METADATA_DISABLED "$PEMKEEP" \
    resolve myserver
rm -rf "$cache"
quiet 'keys of the environment' env AWS_ACCESS_KEY_ID="${keys[0]}" \
    AWS_SECRET_ACCESS_KEY="${keys[1]}" AWS_REGION=eu-west-1 "$PEMKEEP" \
    resolve myserver
mv "$HOME/off" "$HOME/.aws"

# The child that refreshes, too: strace ends when it does.
export AWS_PROFILE=main
check 'known' expect_status 0 pk list
"$PYTHON" - "$cache/inventory.db" <<'END'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute('UPDATE place SET fetched = fetched - 1000, tried = tried - 1000')
db.commit()
END
before=$(cloud_count 'c["action"] == "DescribeInstances"')
quiet 'behind our back' "$PEMKEEP" list
check 'behind our back: asked' equals \
    "$(($(cloud_count 'c["action"] == "DescribeInstances"') - before))" 1

# The test would see it.
strace -f -qq -e trace=network -o "$TMP/trace" "$PYTHON" -c 'import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("192.0.2.1", 53))' \
    2>/dev/null
check 'what goes elsewhere is seen' contains "$(elsewhere "$TMP/trace")" 192.0.2.1
done_testing
