#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: moto_server, where it is installed, takes our signatures with
# its check on (names that need encoding, session tokens, a port of its own), and
# what it answers is read; wrong keys are not taken.  It is no part of the cloud
# that the other scenarios rely on, so that one mistake in both is not likely.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/moto.sh
. "$SRC/tests/cloud/moto.sh"

call=$BUILD/tests/tools/awscall
moto_start 'signatures, as moto checks them' 6
export AWS_REGION=eu-west-1 AWS_MAX_ATTEMPTS=1
unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN AWS_SECURITY_TOKEN
moto_checked
AWS_ACCESS_KEY_ID=$id AWS_SECRET_ACCESS_KEY=$secret
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
