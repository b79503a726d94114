#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: an audit says of moto_server, where it is installed, what it says of
# our own cloud: so that both are not wrong in the same way.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/moto.sh
. "$SRC/tests/cloud/moto.sh"

moto_start 'an audit of moto_server'
moto_anybody

audit()
{
	pk audit --json "$@" >"$TMP/json" 2>"$TMP/.err"
}
# of ID EXPRESSION: of all findings with that id, 'x' is one
of()
{
	json "$TMP/json" "[$2 for x in j['findings'] if x['id'] == '$1']"
}

new_vault
for name in held lost unused; do
	ssh-keygen -q -t ed25519 -N '' -C '' -f "$TMP/$name"
	ec2 eu-west-1 Action=ImportKeyPair KeyName=$name \
	    "PublicKeyMaterial=$(base64 -w 0 "$TMP/$name.pub")" >/dev/null
done
pk -q import "$TMP/held" >/dev/null
image=$(ec2 eu-west-1 Action=DescribeImages Owner.1=099720109477 \
    Filter.1.Name=name 'Filter.1.Value.1=ubuntu/images/*' | value imageId)
group=$(ec2 eu-west-1 Action=CreateSecurityGroup GroupName=world \
    GroupDescription=x | value groupId)
ec2 eu-west-1 Action=AuthorizeSecurityGroupIngress GroupId="$group" \
    IpPermissions.1.IpProtocol=tcp IpPermissions.1.FromPort=22 \
    IpPermissions.1.ToPort=22 \
    IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0 >/dev/null
rule=$(ec2 eu-west-1 Action=DescribeSecurityGroupRules \
    Filter.1.Name=group-id "Filter.1.Value.1=$group" | sed 's/<item>/\n&/g' |
    grep '<isEgress>false' | value securityGroupRuleId)
open=$(launch eu-west-1 open ImageId="$image" KeyName=held \
    SecurityGroupId.1="$group")
closed=$(launch eu-west-1 closed ImageId="$image" KeyName=lost)
address=$(ec2 eu-west-1 Action=AllocateAddress Domain=vpc | value publicIp)
check 'it has these' matches "$open $closed $group $rule" \
    '^i-[0-9a-f]+ i-[0-9a-f]+ sg-[0-9a-f]+ sgr-[0-9a-f]+$'

audit
check 'all could be asked' equals "$(json "$TMP/json" 'j["errors"]')" ''
check 'an instance without key' equals \
    "$(of instance-without-key 'x["instances"][0]["id"]')" "$closed"
check 'a pair without key' equals "$(of pair-without-key 'x["key_pair"]')" unused
check 'open to the world' equals \
    "$(of port-open-to-world 'x["security_group"] + " " + x["rule"]')" "$group $rule"
check 'at that instance' equals \
    "$(of port-open-to-world 'x["instances"][0]["id"]')" "$open"
check 'an idle address' equals "$(of address-idle 'x["address"]')" "$address"
cp "$TMP/held" ~/held.pem
chmod 644 ~/held.pem
audit
check 'a key that opens one' contains "$(of key-readable 'x["text"]')" \
    '1 running instance: open' "the vault has it as 'held'"
audit --offline
check 'offline' equals "$(of port-open-to-world 'x["rule"]')" "$rule"
done_testing
