#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: moto_server, where it is installed, takes every call of a launch
# with its check of signatures on, and has afterwards what the launch says it has made,
# and nothing after '--undo': so that our own cloud is not wrong in the same way.
# Nobody can log in there: its instances are records, and its console shows no host
# keys.  So the launch ends where it waits for that.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/moto.sh
. "$SRC/tests/cloud/moto.sh"

moto_start 'a launch with moto_server' 3
moto_checked
export AWS_MAX_ATTEMPTS=1
mkdir -p "$HOME/.aws" "$HOME/.config/pemkeep" page
printf '[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n' \
    "$id" "$secret" >"$HOME/.aws/credentials"
printf '[default]\nregion = eu-west-1\n' >"$HOME/.aws/config"

# My address, and a short wait: there is nothing to wait for.
echo 203.0.113.7 >page/me
"$PYTHON" -m http.server -b 127.0.0.1 -d page $((port + 1)) >/dev/null 2>&1 &
at_exit kill $!
for ((i = 0; i < 100; i++)); do
	curl -s -o "$TMP/.out" "http://127.0.0.1:$((port + 1))/me" && break
	sleep 0.1
done
printf 'my-address = http://127.0.0.1:%d/me\n[launch]\nwait = 2s\n' \
    $((port + 1)) >>"$HOME/.config/pemkeep/config"
new_vault

# ec2 ACTION PARAMETER...: a call that is none of ours, to ask moto what it has
ec2()
{
	local args=()
	for word; do
		args+=(--data-urlencode "$word")
	done
	curl -s --aws-sigv4 aws:amz:eu-west-1:ec2 -u "$id:$secret" \
	    --data-urlencode Version=2016-11-15 "${args[@]}" \
	    "http://127.0.0.1:$port/" | tr -d '\n'
}
# all ELEMENT: each of an answer
all()
{
	grep -o "<$1>[^<]*" | sed 's/.*>//' | sort -u
}
# The status of each request since 'forget'.
requests()
{
	sed -n 's/.*"POST [^"]*" \([0-9]*\) .*/\1/p' "$TMP/moto" | sed "1,${seen}d"
}
forget()
{
	seen=$(grep -c '"POST ' "$TMP/moto")
}
seen=0
state_of()
{
	ec2 Action=DescribeInstances InstanceId.1="$1" |
	    sed -n 's|.*<instanceState>[^/]*</code> *<name>\([a-z-]*\)<.*|\1|p'
}
# It has an image of each of these, and the parameters of Amazon Linux only: those
# may name images that it has not.
ubuntu='name:ubuntu/images/hvm-ssd/ubuntu-*-amd64-server-*@099720109477'

AWS_SECRET_ACCESS_KEY=wrong AWS_ACCESS_KEY_ID=$id check 'it checks signatures' \
    expect_status 6 pk launch web --image "$ubuntu" --plan
addresses=$(ec2 Action=DescribeAddresses)
groups=$(ec2 Action=DescribeSecurityGroups | all groupId)

# The plan: what DryRun says, and nothing is made.
forget
check 'plan' expect_status 0 pk launch web --image "$ubuntu" --open 80 \
    --tag env=prod --plan
for action in ImportKeyPair CreateSecurityGroup RunInstances AllocateAddress; do
	check "plan: $action would be allowed" matches "$(out |
	    grep "$action .* allowed\$")" ' allowed$'
done
check 'plan: nothing is not' lacks "$(out)" 'NOT allowed' unknown
check 'plan: nobody was refused but by DryRun' equals \
    "$(requests | sort -u | tr '\n' ' ')" '200 412 '
check 'plan: four dry runs' equals "$(requests | grep -c 412)" 4
check 'plan: no instance' equals "$(ec2 Action=DescribeInstances |
    all instanceId)" ''
check 'plan: no key pair' equals "$(ec2 Action=DescribeKeyPairs | all keyName)" ''
check 'plan: no group' equals "$(ec2 Action=DescribeSecurityGroups |
    all groupId)" "$groups"
check 'plan: no address' equals "$(ec2 Action=DescribeAddresses)" "$addresses"
check 'an alias that it has' expect_status 0 pk launch web \
    --image amazon-linux-2 --plan
check 'an alias that it has not' expect_status 4 pk launch web \
    --image debian-12 --plan

# The launch, as far as moto goes.
forget
check 'launch' expect_status 1 pk launch web --image "$ubuntu" --open 80 \
    --disk 8 --tag env=prod --yes
check 'launch: each request was accepted' equals \
    "$(requests | sort -u | tr '\n' ' ')" '200 '
check 'launch: it says what there is, and what it costs' contains "$(err)" \
    "key pair 'web'" "security group 'pemkeep-web' (sg-" \
    'which costs money while it runs' 'Elastic IP 127.' '$0.005 an hour' \
    "the key 'web' is in the vault" 'pemkeep launch --resume' \
    'pemkeep launch --undo'
check 'launch: safely' safe "$TMP/.err"
instance=$(err | grep -o 'instance i-[0-9a-f]*' | head -n 1 | cut -d ' ' -f 2)
group=$(err | grep -o '(sg-[0-9a-f]*' | head -n 1 | cut -c 2-)
address=$(err | grep -o 'Elastic IP 127[0-9.]*' | head -n 1 | cut -d ' ' -f 3)

# What moto has.
made=$(ec2 Action=DescribeInstances "InstanceId.1=$instance")
uuid=$(sed -n 's|.*<key>pemkeep:launch</key><value>\([^<]*\).*|\1|p' < \
    <(tr -d ' ' <<<"$made"))
check 'moto: our tag' matches "$uuid" '^[0-9a-f-]{36}$'
tagged="<key>pemkeep:launch</key><value>$uuid</value>"
check 'moto: the instance runs' equals "$(state_of "$instance")" running
check 'moto: its key pair and group' contains "$made" \
    '<keyName>web</keyName>' "<groupId>$group</groupId>"
check 'moto: its tags' contains "$(tr -d ' ' <<<"$made")" \
    '<key>Name</key><value>web</value>' '<key>env</key><value>prod</value>'
check 'moto: 22 for me, 80 for all, and nothing else' equals "$(ec2 \
    Action=DescribeSecurityGroupRules Filter.1.Name=group-id \
    "Filter.1.Value.1=$group" | tr -d ' ' |
    sed 's/<securityGroupRuleId>/\n&/g' | grep '<isEgress>false' |
    sed 's/.*<fromPort>\([^<]*\).*<cidrIpv4>\([^<]*\).*/\1 \2/' | sort)" \
    $'22 203.0.113.7/32\n80 0.0.0.0/0'
check 'moto: the tag of the group' contains \
    "$(ec2 Action=DescribeSecurityGroups "GroupId.1=$group" | tr -d ' ')" \
    "$tagged"
pairs=$(ec2 Action=DescribeKeyPairs IncludePublicKey=true | tr -d ' ')
check 'moto: the key pair, with its tag' contains "$pairs" \
    '<keyName>web</keyName>' "$tagged"
check 'moto: one address, at the instance, with its tag' equals "$(ec2 \
    Action=DescribeAddresses | tr -d ' ' | grep -o '<publicIp>' | wc -l)" 1
check 'moto: that one' contains "$(ec2 Action=DescribeAddresses | tr -d ' ')" \
    "<publicIp>$address</publicIp>" "<instanceId>$instance</instanceId>" \
    "$tagged"
if command -v aws >/dev/null && aws --version >/dev/null 2>&1; then
	check 'aws-cli sees the same' equals "$(aws ec2 describe-instances \
	    --filters "Name=tag:pemkeep:launch,Values=$uuid" --output text \
	    --query 'Reservations[].Instances[].[InstanceId,PublicIpAddress,KeyName]')" \
	    "$instance	$address	web"
else
	skip 'aws-cli sees the same' 'aws-cli is not installed'
fi
check 'list knows it' contains "$(pk list --refresh)" "$instance" "$address" \
    elastic

# Gone on with: it stands where it stood, and nothing is made twice.
forget
check 'resume' expect_status 1 pk launch --resume web --yes
check 'resume: each request was accepted' equals \
    "$(requests | sort -u | tr '\n' ' ')" '200 '
check 'resume: one instance' equals "$(ec2 Action=DescribeInstances |
    all instanceId)" "$instance"

# Undone.
forget
check 'undo' expect_status 0 pk launch --undo web --yes
check 'undo: each request was accepted' equals \
    "$(requests | sort -u | tr '\n' ' ')" '200 '
check 'undo: it says what is removed' contains "$(err)" \
    "removed: instance 'web' ($instance)" "removed: Elastic IP $address" \
    "removed: security group 'pemkeep-web' ($group)" "removed: key pair 'web'"
check 'undo: the instance is terminated' equals "$(state_of "$instance")" \
    terminated
check 'undo: no address' equals "$(ec2 Action=DescribeAddresses)" "$addresses"
check 'undo: no group of ours' equals "$(ec2 Action=DescribeSecurityGroups |
    all groupId)" "$groups"
# moto accepts DeleteKeyPair with a KeyPairId, and does nothing.  AWS deletes it, and
# so does our own cloud.  It is the id all the same: a name may be another's by now.
if [ -z "$(ec2 Action=DescribeKeyPairs | all keyName)" ]; then
	ok 'undo: no key pair'
else
	skip 'undo: no key pair' \
	    'moto ignores DeleteKeyPair by KeyPairId, and says that it is done'
fi
check 'undo: the key stays in the vault' contains "$(pk keys)" web
check 'undo: nothing is left to undo' expect_status 4 \
    pk launch --undo web --yes
done_testing
