#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: moto_server, where it is installed, takes our signatures with
# its check on (names that need encoding, session tokens, a port of its own), and
# what it answers is read; wrong keys are not taken.  It is no part of the cloud
# that the other scenarios rely on, so that one mistake in both is not likely.

. "$SRC/tests/cli/lib.sh"

call=$BUILD/tests/tools/awscall
if ! command -v moto_server >/dev/null || ! moto_server --help >/dev/null 2>&1
then
	skip 'signatures, as moto checks them' 'moto_server is not installed'
	done_testing
fi

# It takes no port of its own choice, so that a free one has to be guessed.
# The first calls are not checked: those that make the keys.
start()
{
	local i
	port=$((20000 + RANDOM % 12000))
	INITIAL_NO_AUTH_ACTION_COUNT=6 moto_server -H 127.0.0.1 -p $port \
	    >"$TMP/moto" 2>&1 &
	moto=$!
	at_exit kill $moto
	for ((i = 0; i < 300; i++)); do
		curl -s -o "$TMP/.out" "http://127.0.0.1:$port/moto-api/" && return
		sleep 0.1
	done
	fail 'moto_server starts' "$(cat "$TMP/moto")"
	done_testing
}

# iam ACTION=...: before there are keys
iam()
{
	curl -s --aws-sigv4 aws:amz:us-east-1:iam -u any:any \
	    -d "Version=2010-05-08&Action=$1" "http://127.0.0.1:$port/"
}

element()
{
	sed -n "s|.*<$1>\\(.*\\)</$1>.*|\\1|p" | head -n 1
}

start
export AWS_ENDPOINT_URL=http://127.0.0.1:$port AWS_REGION=eu-west-1
export AWS_EC2_METADATA_DISABLED=true AWS_MAX_ATTEMPTS=1
unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN AWS_SECURITY_TOKEN
iam 'CreateUser&UserName=me' >/dev/null
iam 'PutUserPolicy&UserName=me&PolicyName=all&PolicyDocument=%7B%22Version%22:%222012-10-17%22,%22Statement%22:%5B%7B%22Effect%22:%22Allow%22,%22Action%22:%22*%22,%22Resource%22:%22*%22%7D%5D%7D' \
    >/dev/null
answer=$(iam 'CreateAccessKey&UserName=me')
AWS_ACCESS_KEY_ID=$(element AccessKeyId <<<"$answer")
AWS_SECRET_ACCESS_KEY=$(element SecretAccessKey <<<"$answer")
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
trust='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'
iam "CreateRole&RoleName=r&AssumeRolePolicyDocument=$trust" >/dev/null
iam 'PutRolePolicy&RoleName=r&PolicyName=all&PolicyDocument=%7B%22Version%22:%222012-10-17%22,%22Statement%22:%5B%7B%22Effect%22:%22Allow%22,%22Action%22:%22*%22,%22Resource%22:%22*%22%7D%5D%7D' \
    >/dev/null
curl -s -X POST -H 'Content-Type: text/plain' -d 0 \
    "http://127.0.0.1:$port/moto-api/reset-auth" >/dev/null

check 'it checks' expect_status 6 env AWS_SECRET_ACCESS_KEY=wrong "$call" \
    DescribeInstances
check 'it checks: said' contains "$(out)" AuthFailure
check 'it checks the key id' expect_status 6 env \
    AWS_ACCESS_KEY_ID=AKIAUNKNOWNUNKNOWN12 "$call" DescribeInstances
check 'DescribeInstances' expect_status 0 "$call" DescribeInstances
check 'names that need encoding' expect_status 0 "$call" DescribeInstances \
    Filter.1.Name=tag:Name Filter.1.Value.1="a b+c/%&=*~'(한글)"
check 'DescribeRegions' expect_status 0 "$call" DescribeRegions
check 'DescribeRegions: read' contains "$(out)" 'regionName=eu-west-1 '
check 'DescribeImages' expect_status 0 "$call" DescribeImages \
    IncludeDeprecated=true Owner.1=099720109477
check 'DescribeImages: read' contains "$(out)" 'imageOwnerId=099720109477 ' \
    'name=ubuntu/images/'
check 'DescribeKeyPairs' expect_status 0 "$call" DescribeKeyPairs \
    IncludePublicKey=true
check 'DescribeAddresses' expect_status 0 "$call" DescribeAddresses
check 'GetCallerIdentity' expect_status 0 "$call" GetCallerIdentity
check 'GetCallerIdentity: read' contains "$(out)" 'Account=123456789012 '
check 'no such instance' expect_status 4 "$call" StartInstances \
    InstanceId.1=i-0123456789abcdef0
check 'AssumeRole' expect_status 0 "$call" AssumeRole \
    RoleArn=arn:aws:iam::123456789012:role/r RoleSessionName=me
out >"$TMP/role"
field()
{
	sed -n "s|.* Credentials/$1=\\([^ ]*\\).*|\\1|p" "$TMP/role"
}
AWS_ACCESS_KEY_ID=$(field AccessKeyId)
AWS_SECRET_ACCESS_KEY=$(field SecretAccessKey)
token=$(field SessionToken)
check 'temporary keys without their token' expect_status 6 "$call" \
    DescribeInstances
AWS_SESSION_TOKEN=$token check 'a session token' expect_status 0 "$call" \
    DescribeInstances
done_testing
