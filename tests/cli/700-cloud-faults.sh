#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: what is ordered from the cloud to go wrong does go wrong, in
# that way and no other, as often as ordered; and what is asked without a
# signature (metadata, SSO, my address) answers as the real services do.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

cloud_start pending=0 stopping=0 || done_testing
cloud_account main eu-west-1
cloud_ctl bulk main/eu-west-1 6 web- ssh=no
body=$TMP/body
list='Action=DescribeInstances&Version=2016-11-15'

# describe [CURL-ARGUMENT...]: 'status' is HTTP's, or curl's exit as "curl 18"
describe()
{
	: >"$body"
	status=$(curl -s -o "$body" -w '%{http_code}' -m 20 \
	    --aws-sigv4 aws:amz:eu-west-1:ec2 -u "$KEY_ID:$SECRET" \
	    -d "$list" "$@" "$CLOUD_URL/") || status="curl $?"
}

fault()
{
	cloud_ctl fault "$@" || fail "fault $*"
	describe
}

# then_good NAME: it was only that one call
then_good()
{
	describe
	check "$1: then all is well" equals "$status $(
	    grep -o '<instanceId>' "$body" | wc -l)" '200 6'
}

while read -r wanted text kind; do
	# shellcheck disable=SC2086 # words
	fault $kind
	check "$kind: status" equals "$status" "$wanted"
	check "$kind: text" contains "$(head -c 300 "$body")" "$text"
	then_good "$kind"
done <<'END'
503 <Code>RequestLimitExceeded</Code> throttle
503 <Code>RequestLimitExceeded</Code> throttle when=after
500 <Code>InternalError</Code> status
503 <Code>Unavailable</Code> status status=503
504 <Code>InternalError</Code> status status=504
400 <Code>InvalidInstanceID.NotFound</Code> notfound
400 <Code>Own</Code> error code=Own
409 <Code>Own</Code> error code=Own status=409
403 <Code>UnauthorizedOperation</Code> deny
400 <Code>RequestExpired</Code> expired
END
while read -r wanted text kind; do
	# shellcheck disable=SC2086
	fault $kind
	check "$kind: status" equals "$status" "$wanted"
	check "$kind: text" contains "$(cat "$body")" "$text"
	then_good "$kind"
done <<'END'
502 <h1>Bad html
200 <h1>Bad html status=200
200 <!DOCTYPE doctype
200 &l9; laughs
200 SYSTEM entity
200 <code>-99999999999</code> replace old=<code>16</code> new=<code>-99999999999</code>
END

cloud_ctl fault redirect
describe -D "$TMP/headers"
check 'redirect' equals "$status" 307
check 'redirect: to the thief' contains "$(cat "$TMP/headers")" \
    "Location: $CLOUD_THIEF"
check 'redirect: that is another host' lacks "$CLOUD_THIEF" 127.0.0.1

# Those that are no answer at all.
fault lose
check 'lose: no answer' matches "$status" '^curl (52|56)$'
check 'lose: it was not done' equals \
    "$(cloud_calls | tail -n 1 | grep -c '"done": false')" 1
then_good lose
cloud_ctl fault lose when=after action=StopInstances
id=$(cloud_ctl find web-1 | cut -d ' ' -f 1)
list="Action=StopInstances&Version=2016-11-15&InstanceId.1=$id" describe
check 'lose, when it is done: no answer' matches "$status" '^curl (52|56)$'
check 'lose, when it is done: it was done' equals \
    "$(cloud_calls | tail -n 1 | grep -c '"done": true')" 1
check 'lose, when it is done: the instance is stopped' \
    expect_status 0 cloud_ctl wait web-1 stopped
cloud_ctl fault hang
describe -m 1
check 'hang' equals "$status" 'curl 28'
then_good hang
cloud_ctl fault delay seconds=0.5
began=${EPOCHREALTIME/./}
then_good delay
check 'delay' test $((${EPOCHREALTIME/./} - began)) -gt 500000
size=$(wc -c <"$body")
cloud_ctl fault truncate at=100 step=1 times=3
for n in 100 101 102; do
	describe
	check "truncate at $n" equals "$status $(wc -c <"$body")" "200 $n"
done
for n in 0 100 $((size - 1)); do
	fault cut at=$n
	check "cut at $n" equals "$status $(wc -c <"$body")" "curl 18 $n"
done
cloud_ctl fault slow pace=0.1
describe -m 1
check 'slow: not over in a second' equals "$status" 'curl 28'

# Those that are too much.
fault huge size=20000000
check 'huge: status' equals "$status" 200
check 'huge: all of it' test "$(wc -c <"$body")" -gt 20000000
check 'huge: good XML' "$PYTHON" -c 'import sys, xml.etree.ElementTree as e
e.parse(sys.argv[1])' "$body"
cloud_ctl fault endless
curl -s --aws-sigv4 aws:amz:eu-west-1:ec2 -u "$KEY_ID:$SECRET" -d "$list" \
    "$CLOUD_URL/" | head -c 30000000 | wc -c >"$TMP/count"
check 'endless: more than we take' equals "$(cat "$TMP/count")" 30000000
fault bomb size=50000000
check 'bomb: small' test "$(wc -c <"$body")" -lt 100000
check 'bomb: inside' test "$(gzip -dc "$body" | wc -c)" -gt 50000000
fault attribute size=1000000
check 'attribute' test "$(wc -c <"$body")" -gt 1000000
fault text size=1000000
check 'text' test "$(wc -c <"$body")" -gt 1000000
then_good 'too much'

# Where, when, how often.
cloud_ctl fault throttle skip=1 times=2 action='Describe*' account=main \
    region=eu-west-1
seen=
for n in 1 2 3 4; do
	describe
	seen+="$status "
done
check 'skip and times' equals "$seen" '200 503 503 200 '
for where in action=DescribeImages account=dev region=us-east-1 \
    service=sts key=AKIA; do
	fault throttle $where
	check "not $where" equals "$status" 200
done
check 'those are still to come' equals "$(cloud_ctl faults | wc -l)" 5
cloud_ctl clear
check 'clear' equals "$(cloud_ctl faults)" ''
check 'no such fault' expect_status 1 cloud_ctl fault none

# A thief's address keeps what it gets.
curl -s -d secret -H 'Authorization: mine' "$CLOUD_THIEF/" >/dev/null
check 'thief' contains "$(cat "$CLOUD/thief")" secret 'authorization: mine'

# Tags may be anything.
for text in $'a\x1b[31mb' '한글' $'a\nb' "\"quoted\" <&> 'x'" $'\xff\xfe' \
    $'\u202eabc' '-oProxyCommand=x' '$(id)' "$(printf 'x%.0s' {1..256})"; do
	cloud_ctl tag web-2 Odd value="$text"
	describe
	check "tag $(printf %q "$text")" equals "$(
	    LC_ALL=C grep -ao '<key>Odd</key><value>.*</value>' "$body" | wc -l)" \
	    "$([[ $text == *$'\n'* ]] && echo 0 || echo 1)"
done
cloud_ctl tag web-2 Odd value=$'a\x1bb'
describe
check 'a control character is a reference' \
    contains "$(cat "$body")" 'a&#x1B;b</value>'
cloud_ctl tag web-2 Odd value=$'\xff'
describe
check 'a byte that is no UTF-8 is that byte' \
    equals "$(grep -ac $'<value>\xff</value>' "$body")" 1

# Instance metadata.
imds()
{
	status=$(curl -s -o "$body" -w '%{http_code}' "$@")
}
cloud_ctl imds main server region=eu-west-1
api=$CLOUD_URL/latest
credentials=$api/meta-data/iam/security-credentials
imds $credentials/
check 'metadata: not without a token' equals "$status" 401
imds -X PUT $api/api/token
check 'metadata: a token wants its time to live' equals "$status" 400
imds -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 21600' $api/api/token
token=$(cat "$body")
imds -H "X-aws-ec2-metadata-token: $token" $credentials/
check 'metadata: the role' equals "$status $(cat "$body")" '200 server'
imds -H "X-aws-ec2-metadata-token: $token" $credentials/server
value()
{
	json "$body" "$1"
}
list='Action=DescribeInstances&Version=2016-11-15'
id=$KEY_ID secret=$SECRET
KEY_ID=$(value 'j["AccessKeyId"]') SECRET=$(value 'j["SecretAccessKey"]')
describe -H "X-Amz-Security-Token: $(value 'j["Token"]')"
check 'metadata: its keys work' equals "$status" 200
cloud_ctl set imds=v1
imds -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' $api/api/token
check 'metadata, v1 only: no token' equals "$status" 404
imds $credentials/
check 'metadata, v1 only: the role' equals "$(cat "$body")" server

# The SSO portal.
cloud_ctl sso main Developer token=bearer
portal="$CLOUD_URL/federation/credentials?role_name=Developer&account_id"
imds -H 'x-amz-sso_bearer_token: bearer' "$portal=$ACCOUNT"
KEY_ID=$(value 'j["roleCredentials"]["accessKeyId"]')
SECRET=$(value 'j["roleCredentials"]["secretAccessKey"]')
describe -H "X-Amz-Security-Token: $(
    value 'j["roleCredentials"]["sessionToken"]')"
check 'SSO: its keys work' equals "$status" 200
imds -H 'x-amz-sso_bearer_token: other' "$portal=$ACCOUNT"
check 'SSO: another token' equals "$status" 401
imds -H 'x-amz-sso_bearer_token: bearer' "$portal=000000000000"
check 'SSO: another account' equals "$status" 403
KEY_ID=$id SECRET=$secret
check 'my address' equals "$(curl -s "$CLOUD_URL/checkip")" 127.0.0.1
cloud_ctl set checkip=198.51.100.7
check 'my address, as told' equals "$(curl -s "$CLOUD_URL/checkip")" \
    198.51.100.7

# TLS.
cloud_stop
for kind in good:200 expired:60 name:60 unknown:60; do
	cloud_start tls=${kind%:*} || continue
	cloud_account main eu-west-1
	describe --cacert "$AWS_CA_BUNDLE"
	check "TLS: ${kind%:*}" matches "$status" "^(curl )?${kind#*:}\$"
	cloud_stop
done
check 'it had nothing to complain of' equals "$(cat "$CLOUD/output")" ''
done_testing
