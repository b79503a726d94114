#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: each action gives what the cloud has, signed so that it is
# taken; what goes wrong for a moment is tried again, as botocore does it; what
# goes wrong for good is named, with the exit code for it and the next step.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

call=$BUILD/tests/tools/awscall
cloud_start pending=0 stopping=0 || done_testing
cloud_account main eu-west-1
cloud_key main/eu-west-1 web >/dev/null
cloud_instance main/eu-west-1 myserver key=web tag:env='a b+c/%&=*~ 한글'
id=$ID
cloud_ctl bulk main/us-east-1 25 web- ssh=no
cloud_ctl elastic main/eu-west-1 instance=myserver >"$TMP/elastic"
export AWS_PROFILE=main

# said NAME EXIT PART... -- CALL...: it ends so, and says that
said()
{
	local name=$1 status=$2 parts=()
	shift 2
	while [ "$1" != -- ]; do
		parts+=("$1")
		shift
	done
	shift
	check "$name: exit $status" expect_status "$status" "$call" "$@"
	check "$name" contains "$(out)" "${parts[@]}"
}

said DescribeInstances 0 "instanceId=$id " 'instanceState/name=running ' \
    'keyName=web ' "ipAddress=$(cat "$TMP/elastic") " \
    'tagSet/item[1]/value=a b+c/%&=*~ 한글' ' pages=1 rows=1 ' \
    -- DescribeInstances
said 'a filter with all kinds of letters' 0 "instanceId=$id " -- \
    DescribeInstances Filter.1.Name=tag:env \
    Filter.1.Value.1='a b+c/%&=\*~ 한글'
said 'ids, which exclude pages' 0 ' rows=1 ' -- \
    DescribeInstances InstanceId.1="$id"
check 'ids: no MaxResults' equals \
    "$(cloud_calls 'c["action"] == "DescribeInstances"' | tail -n 1 |
	grep -c MaxResults)" 0
said DescribeAddresses 0 "publicIp=$(cat "$TMP/elastic") " \
    "instanceId=$id " -- DescribeAddresses
said DescribeKeyPairs 0 'keyName=web ' "publicKey=$(cut -d ' ' -f 1-2 \
    "$TMP/web.pub")" -- DescribeKeyPairs IncludePublicKey=true
image=$("$call" DescribeInstances | sed -n 's/.* imageId=\([^ ]*\).*/\1/p')
said DescribeImages 0 "imageId=$image " 'name=ubuntu/images/' \
    'imageOwnerId=099720109477 ' -- DescribeImages IncludeDeprecated=true \
    Filter.1.Name=image-id Filter.1.Value.1="$image"
said DescribeRegions 0 'regionName=eu-west-1 ' 'regionName=us-east-1 ' \
    -- DescribeRegions
said GetCallerIdentity 0 "Account=$ACCOUNT " ':user/tester ' \
    -- GetCallerIdentity
said GetSessionToken 0 'Credentials/AccessKeyId=ASIA' \
    'Credentials/SessionToken=' 'Credentials/Expiration=' -- GetSessionToken
role=$(cloud_ctl role main server trust="$ACCOUNT")
said AssumeRole 0 'Credentials/AccessKeyId=ASIA' \
    ':assumed-role/server/me ' -- AssumeRole RoleArn="$role" \
    RoleSessionName=me
said GetConsoleOutput 0 "instanceId=$id " 'output=' \
    -- GetConsoleOutput InstanceId="$id" Latest=true
cloud_ctl stop myserver
cloud_ctl wait myserver stopped
said StartInstances 0 "instanceId=$id currentState/name=pending " \
    'previousState/name=stopped' -- StartInstances InstanceId.1="$id"

# Temporary keys: their token is signed, too.
read -r tid tsecret ttoken < <(cloud_ctl session main server)
cloud_profile temporary 'region = eu-west-1'
cloud_keys temporary "$tid" "$tsecret" "$ttoken"
said 'a session token' 0 'assumed-role/server' -- -p temporary GetCallerIdentity

# Pages, on one connection; regions at the same time.
cloud_ctl set page=4
said pages 0 ' pages=7 rows=25 ' -- -r us-east-1 DescribeInstances
check 'pages: on one connection' equals "$(cloud_calls \
    'c["action"] == "DescribeInstances" and c["region"] == "us-east-1"' |
    grep -o '"connection": [0-9]*' | sort -u | wc -l)" 1
cloud_ctl fault pages-empty
said 'an empty page' 0 ' pages=8 rows=25 ' -- -r us-east-1 DescribeInstances
cloud_ctl set page=0
regions=(eu-west-1 us-east-1 eu-north-1 ap-northeast-2 sa-east-1 ca-central-1)
cloud_ctl fault delay seconds=1 times=6
began=$SECONDS
said 'six regions' 0 'eu-west-1: exit=0' 'us-east-1: exit=0' \
    'sa-east-1: exit=0' 'rows=25 ' -- -q "${regions[@]/#/-r}" DescribeInstances
check 'six regions: at the same time' test $((SECONDS - began)) -lt 4
cloud_ctl fault deny region=us-east-1 action=DescribeInstances
said 'one of them fails' 6 'eu-west-1: exit=0' 'us-east-1: exit=6' \
    'eu-north-1: exit=0' -- "${regions[@]/#/-r}" DescribeInstances

# For a moment: it is tried again.
while read -r retries fault; do
	# shellcheck disable=SC2086 # words
	cloud_ctl fault $fault
	said "$fault: again" 0 ' code= ' " rows=1 retries=$retries " \
	    -- DescribeInstances
done <<'END'
1 throttle
2 throttle times=2
1 status
1 status status=503
1 lose
1 html
1 cut at=1000
1 truncate at=1000
END
# For good, with as many attempts as are configured.
cloud_ctl fault throttle times=0
said 'throttled for good' 8 'RequestLimitExceeded' 'too many requests' \
    '(3 attempts)' 'retries=2' -- DescribeInstances
AWS_MAX_ATTEMPTS=1 said 'attempts from the environment' 8 'retries=0' \
    -- DescribeInstances
cloud_ctl clear
check 'nothing is sent twice that must not be' \
    equals "$(cloud_count 'c["status"] == 503 and c["faults"] == ["html"]')" 0

# What AWS refuses.
cloud_ctl deny ec2:DescribeInstances
said 'not permitted' 6 'UnauthorizedOperation' \
    'a policy of these keys has to allow ec2:DescribeInstances' 'retries=0' \
    -- DescribeInstances
check 'the blob is left out' lacks "$(out)" 'Encoded authorization'
cloud_ctl allow
cloud_profile wrong 'region = eu-west-1'
cloud_keys wrong "$KEY_ID" "x$SECRET"
said 'a wrong secret' 6 AuthFailure 'check the keys' -- -p wrong \
    DescribeInstances
said 'a wrong secret, STS' 6 SignatureDoesNotMatch \
    'aws_secret_access_key' "profile 'wrong'" -- -p wrong GetCallerIdentity
cloud_profile unknown 'region = eu-west-1'
cloud_keys unknown AKIAUNKNOWNUNKNOWN12 "$SECRET"
said 'unknown keys' 6 InvalidClientTokenId 'does not know these keys' \
    -- -p unknown GetCallerIdentity
cloud_ctl expire "$tid"
said 'expired keys' 6 'have expired' 'aws sso login' -- -p temporary \
    GetCallerIdentity
said 'no such instance' 4 InvalidInstanceID.NotFound -- \
    StartInstances InstanceId.1=i-0123456789abcdef0
said 'no instance id' 2 InvalidInstanceID.Malformed -- \
    StartInstances InstanceId.1=i-xyz
said 'a region that can be none' 2 "'eu west' is no region" -- \
    -r 'eu west' DescribeInstances
AWS_ENDPOINT_URL=127.0.0.1 said 'an endpoint that is none' 2 \
    "'127.0.0.1' is no endpoint" AWS_ENDPOINT_URL -- DescribeInstances

# The clock: +-6 min, +-1 h; one retry, and later pages know.
for seconds in 360 -360 3600 -3600; do
	cloud_ctl clock $seconds
	said "the clock differs by $seconds s" 0 ' rows=1 ' "skew=$seconds" \
	    -- DescribeInstances
done
cloud_ctl clock 3600
cloud_ctl set page=4
cloud_calls >"$TMP/before"
said 'the clock, and pages' 0 ' pages=7 rows=25 ' -- \
    -r us-east-1 DescribeInstances
check 'the clock, and pages: one refused call' equals \
    "$(cloud_calls | tail -n +$(($(wc -l <"$TMP/before") + 1)) |
	grep -c '"status": 200')/$(cloud_calls |
	tail -n +$(($(wc -l <"$TMP/before") + 1)) | wc -l)" 7/8
cloud_ctl set page=0
cloud_ctl fault error code=RequestExpired times=0
said 'the clock, for good' 6 RequestExpired 'clock is 60 min behind' \
    'set the clock' -- DescribeInstances
cloud_ctl clear
cloud_ctl clock 0

# Host keys from the console: of every kind that there is, those of its sshd.
# KIND, how many keys, and how many fingerprints.
while read -r kind keys prints; do
	cloud_instance main/eu-west-1 "console-$kind" console="$kind"
	check "console $kind" expect_status 0 "$call" host-keys "$ID"
	out >"$TMP/found"
	check "console $kind: keys, fingerprints" equals \
	    "$(grep -c '^key' "$TMP/found") $(
		grep -c '^fingerprint' "$TMP/found")" "$keys $prints"
	check "console $kind: those of its sshd" equals "$(sed -n \
	    's/^key //p' "$TMP/found")" "$([ "$keys" = 0 ] ||
	    cloud_ctl host-keys "$ID" | cut -d ' ' -f 1-2)"
done <<'END'
cloud-init 2 2
ec2 2 2
old 2 0
noise 2 2
cut 2 2
prints 0 2
long 0 0
empty 0 0
none 0 0
missing 0 0
decoy 2 2
END
cloud_instance main/eu-west-1 xen type=t2.micro
check 'not Nitro: the snapshot' expect_status 0 "$call" host-keys "$ID"
check 'not Nitro: has them' contains "$(out)" 'key ssh-ed25519'
check 'not Nitro: both were asked for' equals "$(cloud_calls \
    'c["action"] == "GetConsoleOutput"' | tail -n 2 |
    grep -o '"code": "[^"]*"' | tr '\n' ' ')" \
    '"code": "UnsupportedOperation" "code": "" '
said 'no instance of that name' 4 InvalidInstanceID.NotFound -- \
    host-keys i-0123456789abcdef0

# Who asks nothing of AWS does not load libcurl, which brings 25 libraries, and
# not expat or SQLite.
loads()
{
	strace -f -e trace=openat -o "$TMP/opened" "$@" >/dev/null 2>&1
	sed -n 's/.*\/lib\(curl\|expat\|sqlite3\)\..* = [0-9].*/\1/p' \
	    "$TMP/opened" | sort -u | tr '\n' ' '
}
check 'libraries: none for --version' equals "$(loads "$PEMKEEP" --version)" ''
check 'libraries: for a call' equals "$(loads "$call" GetCallerIdentity)" \
    'curl expat '
check 'libraries: none when there are no keys' equals "$(AWS_PROFILE=none \
    loads "$call" GetCallerIdentity)" ''

# Ctrl-C is heard while nothing comes.
cloud_ctl fault hang
"$call" DescribeInstances >"$TMP/hang" &
pid=$!
sleep 0.5
kill -INT $pid
began=$SECONDS
wait $pid
check 'interrupted: exit' equals $? 130
check 'interrupted: at once' test $((SECONDS - began)) -lt 2
check 'interrupted: said' contains "$(cat "$TMP/hang")" \
    'DescribeInstances in eu-west-1: interrupted' 'sent=1'
done_testing
