#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: 'list' and 'resolve' do with moto_server, where it is
# installed, what they do with our own cloud: so that both are not wrong in the same
# way.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/moto.sh
. "$SRC/tests/cloud/moto.sh"

unset PEMKEEP_PASSPHRASE_FILE
moto_start 'list and resolve with moto_server'
moto_anybody
field()
{
	out >"$TMP/field"
	json "$TMP/field" "(lambda f: f[0] if isinstance(f, list) else f)(
	    j['target']['$1'])['value']"
}
names()
{
	out >"$TMP/names"
	json "$TMP/names" '[i["name"] for i in j["instances"]]'
}

ssh-keygen -q -t ed25519 -N '' -C '' -f "$TMP/web"
ec2 eu-west-1 Action=ImportKeyPair KeyName=web \
    "PublicKeyMaterial=$(base64 -w 0 "$TMP/web.pub")" >/dev/null
image=$(ec2 eu-west-1 Action=DescribeImages Owner.1=099720109477 \
    Filter.1.Name=name 'Filter.1.Value.1=ubuntu/images/*' | value imageId)
my=$(launch eu-west-1 myserver ImageId="$image" KeyName=web \
    TagSpecification.1.Tag.2.Key=env TagSpecification.1.Tag.2.Value=prod)
one=$(launch eu-west-1 twice ImageId="$image")
two=$(launch eu-west-1 twice ImageId="$image")
hangul=$(launch eu-west-1 '한글 서버 @:/' ImageId="$image")
far=$(launch us-east-1 far ImageId="$image")
gone=$(launch eu-west-1 gone ImageId="$image")
ec2 eu-west-1 Action=TerminateInstances InstanceId.1="$gone" >/dev/null
check 'it has instances' matches "$my $far" '^i-[0-9a-f]{17} i-[0-9a-f]{17}$'

check 'list' expect_status 0 pk list --json
check 'list: all of the region' contains "$(names)" myserver twice '한글 서버 @:/'
check 'list: not those of another one' lacks "$(names)" far
check 'list, two regions' expect_status 0 pk list --json \
    --region eu-west-1,us-east-1
check 'list, two regions: both' contains "$(names)" far myserver
check 'list, all regions' expect_status 0 pk list --json --all-regions
check 'list, all regions: both' contains "$(names)" far myserver
check 'list, a tag' expect_status 0 pk list --json tag:env=prod
check 'list, a tag: that' equals "$(names)" myserver
check 'resolve' expect_status 0 pk resolve --json myserver
public=$(field addresses)
check 'resolve: id' equals "$(field id)" "$my"
check 'resolve: user' equals "$(field user)" ubuntu
check 'resolve: key pair' equals "$(field key_pair)" web
check 'resolve: account' equals "$(field account)" 123456789012
for name in "$my" "$public" 'mys?rv*' tag:env=prod default/eu-west-1/myserver; do
	check "resolve $name" expect_status 0 pk resolve --json "$name"
	check "resolve $name: it" equals "$(field id)" "$my"
done
check 'Hangul' expect_status 0 pk resolve --json '한글 서버 @:/'
check 'Hangul: it' equals "$(field id)" "$hangul"
check 'several' expect_status 5 pk resolve twice
check 'several: both' contains "$(err)" "$one" "$two" 'name one by its id'
check 'a terminated one' expect_status 4 pk resolve gone
check 'nobody' expect_status 4 pk resolve nobody
allocation=$(ec2 eu-west-1 Action=AllocateAddress Domain=vpc)
elastic=$(value publicIp <<<"$allocation")
ec2 eu-west-1 Action=AssociateAddress InstanceId="$my" \
    "AllocationId=$(value allocationId <<<"$allocation")" >/dev/null
check 'an Elastic IP' expect_status 0 pk resolve --refresh --json myserver
check 'an Elastic IP: it' equals "$(field addresses) $(field address_kind)" \
    "$elastic elastic"
ec2 eu-west-1 Action=StopInstances InstanceId.1="$one" >/dev/null
check 'one of two is stopped' expect_status 0 pk resolve --refresh --json twice
check 'one of two is stopped: the other' equals "$(field id)" "$two"
export PEMKEEP_PASSPHRASE_FILE=$PASS_FILE
new_vault
pk -q import --name mykey "$TMP/web" >/dev/null
check 'the key' expect_status 0 pk resolve --json myserver
out >j
check 'the key: by its public half' equals \
    "$(json j 'j["target"]["keys"][0]["name"]')" mykey
done_testing
