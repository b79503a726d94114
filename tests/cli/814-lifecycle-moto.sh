#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: start, stop, reboot, terminate and allow do with moto_server,
# where it is installed, what they do with our own cloud: so that both are not wrong
# in the same way.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/moto.sh
. "$SRC/tests/cloud/moto.sh"

unset PEMKEEP_PASSPHRASE_FILE
moto_start 'the lifecycle with moto_server'
moto_anybody

uuid=01234567-89ab-cdef-0123-456789abcdef
tagged()
{
	echo "TagSpecification.$1.ResourceType=$2
TagSpecification.$1.Tag.1.Key=pemkeep:launch
TagSpecification.$1.Tag.1.Value=$uuid"
}
state_of()
{
	ec2 eu-west-1 Action=DescribeInstances InstanceId.1="$1" | tr -d '\n' |
	    sed -n 's|.*<instanceState>[^/]*</code> *<name>\([a-z-]*\)<.*|\1|p'
}

# As a launch makes it.
ssh-keygen -q -t ed25519 -N '' -C '' -f "$TMP/web"
mapfile -t tags < <(tagged 1 key-pair)
ec2 eu-west-1 Action=ImportKeyPair KeyName=web "${tags[@]}" \
    "PublicKeyMaterial=$(base64 -w 0 "$TMP/web.pub")" >/dev/null
mapfile -t tags < <(tagged 1 security-group)
group=$(ec2 eu-west-1 Action=CreateSecurityGroup GroupName=web \
    GroupDescription=test "${tags[@]}" | value groupId)
image=$(ec2 eu-west-1 Action=DescribeImages Owner.1=099720109477 \
    Filter.1.Name=name 'Filter.1.Value.1=ubuntu/images/*' | value imageId)
web=$(launch eu-west-1 web ImageId="$image" KeyName=web \
    SecurityGroupId.1="$group" TagSpecification.1.Tag.2.Key=pemkeep:launch \
    TagSpecification.1.Tag.2.Value=$uuid)
plain=$(launch eu-west-1 plain ImageId="$image")
far=$(launch us-east-1 far ImageId="$image")
check 'it has instances' matches "$web $plain $far" \
    '^i-[0-9a-f]{17} i-[0-9a-f]{17} i-[0-9a-f]{17}$'

# Lifecycle.
check 'stop' expect_status 0 pk -y stop web
# moto says of each address that it is the account's own: no word of a change.
check 'stop: it has' equals "$(state_of "$web")" stopped
check 'reboot: not what is stopped' expect_status 1 pk -y reboot web
check 'start' expect_status 0 pk -y start "$web"
check 'start: it runs' equals "$(state_of "$web")" running
check 'reboot' expect_status 0 pk -y reboot web
check 'two regions' expect_status 0 \
    pk -y --region eu-west-1,us-east-1 stop plain far
check 'two regions: both' contains "$(err)" "($plain): stopped" \
    "($far): stopped"
check 'an id that is none' expect_status 4 pk -y stop i-0123456789abcdef0

# Allow.
mkdir page
echo 203.0.113.7 >page/me
"$PYTHON" -m http.server -b 127.0.0.1 -d page $((port + 1)) >/dev/null 2>&1 &
at_exit kill $!
mkdir -p "$HOME/.config/pemkeep"
echo "my-address = http://127.0.0.1:$((port + 1))/me" \
    >"$HOME/.config/pemkeep/config"
for ((i = 0; i < 100; i++)); do
	curl -s -o "$TMP/.out" "http://127.0.0.1:$((port + 1))/me" && break
	sleep 0.1
done
rules()
{
	ec2 eu-west-1 Action=DescribeSecurityGroupRules Filter.1.Name=group-id \
	    Filter.1.Value.1="$group" | tr -d ' \n' |
	    grep -o '<cidrIpv[46]>[^<]*' | sed 's/.*>//' | grep -v '/0$' | sort
}
check 'allow' expect_status 0 pk allow web
check 'allow: it is' equals "$(rules)" 203.0.113.7/32
check 'allow: again' expect_status 0 pk allow web
check 'allow: again: already' contains "$(err)" already
check 'allow: IPv6' expect_status 0 pk allow web --cidr 2001:db8::7
check 'allow: both' equals "$(rules)" $'2001:db8::7/128\n203.0.113.7/32'
echo 203.0.113.8 >page/me
check 'allow: moved' expect_status 0 pk allow web
check 'allow: moved: it is' equals "$(rules)" \
    $'2001:db8::7/128\n203.0.113.8/32'
check 'allow: revoke' expect_status 0 pk allow web --revoke
check 'allow: revoke a range' expect_status 0 \
    pk allow web --revoke --cidr 2001:db8::7/128
check 'allow: none is left' equals "$(rules)" ''

# Terminate.
mapfile -t tags < <(tagged 1 elastic-ip)
allocation=$(ec2 eu-west-1 Action=AllocateAddress Domain=vpc "${tags[@]}" |
    value allocationId)
ec2 eu-west-1 Action=AssociateAddress InstanceId="$web" \
    AllocationId="$allocation" >/dev/null
check 'terminate' expect_status 0 pk -y terminate web
check 'terminate: it is' equals "$(state_of "$web")" terminated
check 'terminate: the address is released' lacks \
    "$(ec2 eu-west-1 Action=DescribeAddresses)" "$allocation"
check 'terminate: the group is deleted' lacks \
    "$(ec2 eu-west-1 Action=DescribeSecurityGroups)" "$group"
# moto does not delete key pairs by their id (AWS does).
check 'terminate: the key pair, as far as moto goes' contains "$(err)" \
    "key pair 'web'"
check 'terminate: the other one is there' equals "$(state_of "$plain")" stopped
done_testing
