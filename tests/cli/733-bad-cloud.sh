#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: whatever is wrong with credentials, permissions, clock, network,
# endpoint or cache, 'list' and 'resolve' end with the exit code of the manual, say
# what is wrong and what can be done, need little time and memory, and show nothing
# that is not so.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

unset PEMKEEP_PASSPHRASE_FILE
grep -q sanitize "$BUILD/flags" && most=400000 || most=65536 # KiB
cache=$HOME/.cache/pemkeep
config=$HOME/.config/pemkeep/config

# bad NAME STATUS PART... -- [VARIABLE=VALUE...]: so do both commands, when nothing
# is known yet
bad()
{
	local name=$1 status=$2 parts=() command
	shift 2
	while [ "$1" != -- ]; do
		parts+=("$1")
		shift
	done
	shift
	for command in 'list m*' 'resolve myserver'; do
		rm -rf "$cache"
		# shellcheck disable=SC2086 # words
		check "$name: ${command%% *}" refused "$status" "${parts[@]}" -- \
		    env "$@" "$PEMKEEP" $command
	done
}

# measured COMMAND...: its status; $TMP/kib is the most memory it had
measured()
{
	"$PYTHON" -ESsc 'import os, resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
with open(sys.argv[1] + "/kib", "w") as f:
    f.write("%d" % resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)' "$TMP" "$@"
}

on_terminal()
{
	"$PYTHON" "$SRC/tests/tools/onterminal.py" size=200x50 "$@"
}

# --- nothing is configured
export AWS_CONFIG_FILE=$TMP/none AWS_SHARED_CREDENTIALS_FILE=$TMP/none
check 'who does not use AWS hears nothing of it' expect_status 0 pk list
check 'but how a host gets a name' equals "$(err)" \
    'No host has a name yet; pemkeep add gives it one.'
check 'nor does resolve speak of it' refused 4 "there is no host 'myserver'" \
    'pemkeep add' -- pk resolve myserver
check 'but with --profile' refused 4 "there is no profile 'me'" -- \
    pk list --profile me --region eu-west-1

cloud_start pending=0 stopping=0 || done_testing
cloud_account main eu-west-1
main=$ACCOUNT main_keys=("$KEY_ID" "$SECRET")
cloud_instance main/eu-west-1 myserver ssh=no
my=$ID
export AWS_PROFILE=main AWS_MAX_ATTEMPTS=1

# --- credentials
cloud_profile empty 'region = eu-west-1'
bad 'no credentials' 6 'no AWS credentials' AWS_ACCESS_KEY_ID \
    "$AWS_SHARED_CREDENTIALS_FILE" "$AWS_CONFIG_FILE" hint: -- AWS_PROFILE=empty
bad 'no such profile' 4 "there is no profile 'nobody'" "there are 'main'" -- \
    AWS_PROFILE=nobody AWS_REGION=eu-west-1
bad 'no such profile, and so no region' 4 "there is no profile 'nobody'" \
    "there are 'main'" -- AWS_PROFILE=nobody
check 'no such --profile' refused 4 "there is no profile 'mian'" \
    "there are 'main'" -- pk --profile mian list
cloud_profile nowhere 'output = json'
cloud_keys nowhere "${main_keys[@]}"
check 'no region: list' refused 2 "no region is set for profile 'nowhere'" \
    hint: -- env AWS_PROFILE=nowhere "$PEMKEEP" list 'm*'
check 'no region: resolve' expect_status 4 env AWS_PROFILE=nowhere "$PEMKEEP" \
    resolve myserver
check 'no region: resolve: said, and what to do' contains "$(err)" \
    "no region is set for profile 'nowhere'" 'hint: give --region'
check 'no region: resolve: said once' equals "$(err |
    grep -o 'no region is set')" 'no region is set'
cat >>"$AWS_CONFIG_FILE" <<'END'
[profile sso]
region = eu-west-1
sso_session = corp
sso_account_id = 111122220001
sso_role_name = Reader
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://example.awsapps.com/start
END
bad 'SSO before the login' 6 'hint: run `aws sso login --profile sso`' -- \
    AWS_PROFILE=sso
cloud_sso_login corp token 2020-01-01T00:00:00Z
bad 'SSO that has expired' 6 expired 'aws sso login --profile sso' -- \
    AWS_PROFILE=sso
cloud_keys wrong AKIA0000000000000000 wrong
cloud_profile wrong 'region = eu-west-1'
bad 'keys that AWS does not know' 6 InvalidClientTokenId \
    'have they been deleted?' -- \
    AWS_PROFILE=wrong
cloud_keys typo "$KEY_ID" "${SECRET}x"
cloud_profile typo 'region = eu-west-1'
bad 'a wrong secret' 6 SignatureDoesNotMatch 'check aws_secret_access_key' -- \
    AWS_PROFILE=typo
cloud_ctl role main temporary trust="$main" >/dev/null
read -r id secret token <<<"$(cloud_ctl session main temporary)"
cloud_keys session "$id" "$secret" "$token"
cloud_profile session 'region = eu-west-1'
check 'temporary keys' expect_status 0 env AWS_PROFILE=session "$PEMKEEP" list
cloud_ctl expire "$id"
bad 'temporary keys that have expired' 6 'have expired' 'aws sso login' -- \
    AWS_PROFILE=session
cloud_profile process 'region = eu-west-1' 'credential_process = false'
bad 'a program that fails' 1 "credential_process of profile 'process'" \
    'run it by hand' -- AWS_PROFILE=process
cp "$AWS_CONFIG_FILE" good
echo '[profile' >>"$AWS_CONFIG_FILE"
bad 'a mistake in the file' 1 "$AWS_CONFIG_FILE:$(wc -l <"$AWS_CONFIG_FILE")" \
    --
cp good "$AWS_CONFIG_FILE"
chmod 666 "$AWS_SHARED_CREDENTIALS_FILE"
check 'credentials that others can change' expect_status 0 pk list
check 'credentials that others can change: said' contains "$(err)" \
    "pemkeep: warning: others can write to '$AWS_SHARED_CREDENTIALS_FILE'"
chmod 600 "$AWS_SHARED_CREDENTIALS_FILE"

# --- a code from an MFA device
read -r id secret serial <<<"$(cloud_ctl user main me mfa=yes)"
cloud_keys me "$id" "$secret"
cloud_profile guarded 'region = eu-west-1' "role_arn = $(cloud_ctl role main \
    guarded trust="$main" mfa=yes)" 'source_profile = me' "mfa_serial = $serial"
bad 'MFA, and nobody to ask' 6 "the MFA device '$serial'" 'nobody to ask' -- \
    AWS_PROFILE=guarded
code=$(cloud_ctl mfa-code main me)
rm -rf "$cache"
check 'MFA: asked at the terminal, and hidden' on_terminal \
    "expect=Enter MFA code for $serial: " "send=$code\\r" "absent=$code" \
    'expect=myserver' status=0 cooked -- \
    env AWS_PROFILE=guarded "$PEMKEEP" list
rm -rf "$cache"
check 'MFA: a wrong one' on_terminal 'expect=MFA code' 'send=000000\r' \
    'expect=invalid MFA' status=6 cooked -- \
    env AWS_PROFILE=guarded "$PEMKEEP" list
check 'MFA: none' on_terminal 'expect=MFA code' 'send=\r' 'expect=no MFA code' \
    status=6 cooked -- env AWS_PROFILE=guarded "$PEMKEEP" resolve myserver
check 'MFA: Ctrl-C' on_terminal 'expect=MFA code' 'send=\x03' \
    'expect=interrupted' status=130 cooked -- \
    env AWS_PROFILE=guarded "$PEMKEEP" list
check 'MFA: --no-input' on_terminal 'expect=nobody to ask' status=6 -- \
    env AWS_PROFILE=guarded "$PEMKEEP" --no-input list
printf '#!/bin/sh\necho "$1" >%s/prompt\ncat %s/code\n' "$TMP" "$TMP" >askpass
chmod 755 askpass
cloud_ctl mfa-code main me >"$TMP/code"
check 'MFA: asked in a window' expect_status 0 env AWS_PROFILE=guarded \
    SSH_ASKPASS="$PWD/askpass" SSH_ASKPASS_REQUIRE=force "$PEMKEEP" list
check 'MFA: asked in a window: what for' equals "$(cat "$TMP/prompt")" \
    "Enter MFA code for $serial: "
check 'MFA: found' contains "$(out)" "$my"
check 'MFA: nothing is kept' test ! -e "$HOME/.aws/cli"
echo 'cache-credentials = yes' >>"$config"
cloud_ctl mfa-code main me >"$TMP/code"
check 'cache-credentials' expect_status 0 env AWS_PROFILE=guarded \
    SSH_ASKPASS="$PWD/askpass" SSH_ASKPASS_REQUIRE=force "$PEMKEEP" list \
    --refresh
check 'cache-credentials: kept as aws-cli does' mode_is 0600 \
    "$HOME"/.aws/cli/cache/*.json
check 'cache-credentials: nobody is asked again' expect_status 0 \
    env AWS_PROFILE=guarded "$PEMKEEP" --no-input list --refresh
sed -i /cache-cred/d "$config"
rm -rf "$HOME/.aws/cli"

# --- permissions
cloud_ctl deny ec2:DescribeInstances
bad 'not allowed' 6 UnauthorizedOperation \
    'has to allow ec2:DescribeInstances' --
cloud_ctl allow
cloud_ctl deny ec2:DescribeRegions
rm -rf "$cache"
check 'regions may not be asked for' expect_status 0 pk list --all-regions
check 'regions may not be asked for: that of the profile is there' contains \
    "$(out)" "$my"
check 'regions may not be asked for: said' contains "$(err)" \
    'warning: ' 'has to allow ec2:DescribeRegions'
cloud_ctl allow
for action in DescribeImages DescribeKeyPairs DescribeAddresses; do
	cloud_ctl deny ec2:$action
	rm -rf "$cache"
	check "without ec2:$action" expect_status 0 pk list
	check "without ec2:$action: found" contains "$(out)" "$my"
	check "without ec2:$action: said" contains "$(err)" \
	    "has to allow ec2:$action"
	cloud_ctl allow
done

# --- the clock
for seconds in 360 -360 3600 -3600; do
	[ $seconds -gt 0 ] && way=behind || way=ahead
	by=$((${seconds#-} / 60))
	cloud_ctl clock $seconds
	rm -rf "$cache"
	check "a clock $by min $way" expect_status 0 pk resolve myserver
	check "a clock $by min $way: said once" equals "$(err)" \
	    "pemkeep: warning: this machine's clock is $by min $way"
done
cloud_ctl fault error code=RequestExpired status=400 times=0
bad 'a clock that is wrong for good' 6 "clock is 60 min ahead" \
    'set the clock' --
cloud_ctl clear
cloud_ctl clock 0

# --- what AWS says, and what does not come from AWS
cloud_ctl fault throttle times=0
bad 'throttled' 8 'too many requests' 'hint: wait' --
export AWS_MAX_ATTEMPTS=3
cloud_ctl clear
cloud_ctl fault throttle times=2
rm -rf "$cache"
check 'throttled, twice' expect_status 0 pk list
check 'throttled, twice: tried again' contains "$(out)" "$my"
export AWS_MAX_ATTEMPTS=1
bad 'a region that is none' 6 'in eu-wst-1: ' hint: -- AWS_REGION=eu-wst-1
bad 'no answer' 8 "'http://127.0.0.1:1/' does not answer" 'machine online' -- \
    AWS_ENDPOINT_URL=http://127.0.0.1:1
rm -rf "$cache"
check 'an endpoint that is none' refused 2 "'not-a-url' is no endpoint" \
    https://HOST -- env AWS_ENDPOINT_URL=not-a-url "$PEMKEEP" list 'm*'
while IFS='|' read -r fault said; do
	# shellcheck disable=SC2086 # words
	cloud_ctl fault $fault times=0
	rm -rf "$cache"
	check "$fault: resolve" refused 8 "$said" -- \
	    measured "$PEMKEEP" resolve myserver
	check "$fault: $(cat "$TMP/kib") KiB" test "$(cat "$TMP/kib")" -lt $most
	check "$fault: list" refused 8 "$said" -- measured "$PEMKEEP" list 'm*'
	check "$fault: nothing of it is kept" lacks \
	    "$(tr -d '\0' <"$cache/inventory.db")" "$my"
	cloud_ctl clear
done <<'END'
html status=200 action=DescribeInstances|the answer is refused
html action=DescribeInstances|answers as no AWS service does (status 502, text/html)
truncate at=900 action=DescribeInstances|the answer is refused
cut at=900 action=DescribeInstances|does not answer
huge action=DescribeInstances|larger than any should be
bomb action=DescribeInstances|the answer is refused
laughs action=DescribeInstances|it has a document type
entity action=DescribeInstances|it has a document type
lose action=DescribeInstances|does not answer
status status=503 action=DescribeInstances|AWS cannot do it now
redirect action=DescribeInstances|sends us elsewhere
END
cloud_ctl fault pages-loop action=DescribeInstances times=0
rm -rf "$cache"
check 'pages without end' expect_status 0 measured "$PEMKEEP" list
check 'pages without end: those that were whole' contains "$(out)" "$my"
check 'pages without end: said' contains "$(err)" 'warning: ' \
    'its pages have no end'
cloud_ctl clear
check 'the thief got nothing' equals "$(cat "$CLOUD/thief" 2>/dev/null)" ''

# --- what was known stays known
check 'known' expect_status 0 pk list
cloud_ctl fault html times=0
check 'the cache serves' expect_status 0 pk resolve myserver
check 'also what cannot be refreshed' expect_status 0 pk resolve --refresh \
    myserver
check 'the refusal is said' contains "$(err)" 'warning: ' 'answers as no AWS'
check 'and list is partial' expect_status 0 pk list --refresh --json
out >j
check 'and list is partial: the instance, and the reason' equals "$(json j \
    '[j["partial"], j["instances"][0]["id"], len(j["errors"])]')" "True
$my
1"
check 'static hosts need no AWS' expect_status 0 pk resolve 192.0.2.1
cloud_ctl clear

# --- two profiles of one account
cloud_profile twin 'region = eu-west-1'
cloud_keys twin "${main_keys[@]}"
cp "$config" kept
echo 'profiles = twin' >>"$config"
rm -rf "$cache"
check 'two profiles of an account' expect_status 0 pk list --json
out >j
check 'two profiles of an account: each once' equals \
    "$(json j '[i["id"] for i in j["instances"]]')" "$my"
check 'two profiles of an account: no ambiguity' expect_status 0 \
    pk resolve myserver
check 'two profiles of an account: asked once' equals "$(cloud_calls \
    'c["action"] == "DescribeInstances"' | tail -n 2 | wc -l)" 2
cp kept "$config"

# --- the cache
spoil()
{
	case $1 in
	garbage) head -c 20000 /dev/urandom >"$cache/inventory.db" ;;
	empty) : >"$cache/inventory.db" ;;
	text) echo 'not a database' >"$cache/inventory.db" ;;
	cut) truncate -s 5000 "$cache/inventory.db" ;;
	middle) printf 'garbage' | dd of="$cache/inventory.db" bs=1 seek=8200 \
	    conv=notrunc 2>/dev/null ;;
	newer) "$PYTHON" -c 'import sqlite3, sys
sqlite3.connect(sys.argv[1]).execute("PRAGMA user_version = 999")' \
	    "$cache/inventory.db" ;;
	loose) chmod 666 "$cache/inventory.db" ;;
	folder) mv "$cache/inventory.db" "$cache/old"
		mkdir "$cache/inventory.db" ;;
	link) mv "$cache/inventory.db" "$TMP/away"
		ln -s "$TMP/away" "$cache/inventory.db" ;;
	file) rm -rf "$cache"
		echo 'no folder' >"$cache" ;;
	esac
}
for how in garbage empty text cut middle newer loose folder link file; do
	rm -rf "$cache"
	pk list >/dev/null
	rm -f "$cache"/inventory.db-*
	spoil $how
	check "cache, $how: list" expect_status 0 pk list
	check "cache, $how: list: found" contains "$(out)" "$my"
	check "cache, $how: resolve" expect_status 0 pk resolve myserver
	check "cache, $how: resolve: found" contains "$(out)" "$my"
done
check 'no folder for it: said' contains "$(err)" \
    'pemkeep: warning: the inventory is not kept: '
rm -rf "$cache"
if find_someone; then
	as_someone mkdir -p .cache .aws
	cp "$AWS_CONFIG_FILE" "$AWS_SHARED_CREDENTIALS_FILE" "$theirs/.aws"
	chmod -R a+rX "$theirs/.aws"
	chmod 500 "$theirs/.cache"
	their()
	{
		AWS_CONFIG_FILE=$theirs/.aws/config \
		    AWS_SHARED_CREDENTIALS_FILE=$theirs/.aws/credentials someone "$@"
	}
	check 'a folder that is read-only' expect_status 0 their list
	check 'a folder that is read-only: found' contains "$(out)" "$my"
	check 'a folder that is read-only: said' contains "$(err)" 'is not kept'
	chmod 700 "$theirs/.cache"
	check 'now it is not' expect_status 0 their list
	check 'and all is quiet' equals "$(err)" ''
	chmod 500 "$theirs/.cache/pemkeep"
	chmod 400 "$theirs"/.cache/pemkeep/inventory.db*
	check 'a cache that is read-only' expect_status 0 their resolve myserver
	check 'a cache that is read-only: found' contains "$(out)" "$my"
	chmod 700 "$theirs/.cache/pemkeep"
else
	skip 'a cache that is read-only' 'no other user can be had here'
fi

# --- several at the same time
pids=()
for ((i = 0; i < 8; i++)); do
	pk list --json >"$TMP/many.$i" 2>"$TMP/said.$i" &
	pids+=($!)
done
failed=0
for pid in "${pids[@]}"; do
	wait "$pid" || failed=$((failed + 1))
done
check 'eight at once' equals "$failed" 0
check 'eight at once: all found it' equals \
    "$(grep -l "\"id\": \"$my\"" "$TMP"/many.* | wc -l)" 8
check 'eight at once: nobody had trouble' equals "$(cat "$TMP"/said.*)" ''

# --- TLS
cloud_stop
while read -r kind status said; do
	cloud_start tls="$kind" pending=0 || break
	cloud_account "tls-$kind" eu-west-1
	export AWS_PROFILE=tls-$kind
	if [ "$status" = 0 ]; then
		check "TLS, $kind" expect_status 0 pk list --json
	else
		bad "TLS, $kind" "$status" "$said" AWS_CA_BUNDLE --
	fi
	cloud_stop
done <<'END'
good 0 -
expired 8 is not to be trusted
name 8 is not to be trusted
unknown 8 is not to be trusted
END
done_testing
