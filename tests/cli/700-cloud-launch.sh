#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: a server can be launched in the test cloud as on AWS, step by
# step, with 'aws' where it is installed; what AWS refuses is refused here; and
# when all is undone nothing is left.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"
# shellcheck source=tests/cloud/aws.sh
. "$SRC/tests/cloud/aws.sh"

cloud_aws || done_testing
cloud_start pending=0.3 stopping=0.3 || done_testing
cloud_account main eu-west-1
export AWS_PROFILE=main
cloud_ctl dump >before
keyfile()
{
	"$PYTHON" -c 'import json, sys
print(json.load(open(sys.argv[1]))["KeyMaterial"], end="")' json >"$1"
	chmod 600 "$1"
}

# Key pairs.
shows 'create RSA' 'j["KeyName"]' web ec2 create-key-pair --key-name web \
    --tag-specifications 'ResourceType=key-pair,Tags=[{Key=a,Value=b}]'
keyfile web
check 'create RSA: PKCS#1' contains "$(head -n 1 web)" 'BEGIN RSA PRIVATE KEY'
check 'create RSA: the fingerprint' equals "$(json json 'j["KeyFingerprint"]')" \
    "$(openssl pkcs8 -topk8 -nocrypt -in web -outform DER | openssl sha1 -c |
    sed 's/.*= *//')"
shows 'create ED25519' 'j["KeyName"]' ed ec2 create-key-pair --key-name ed \
    --key-type ed25519
keyfile ed
check 'create ED25519: OpenSSH' \
    contains "$(head -n 1 ed)" 'BEGIN OPENSSH PRIVATE KEY'
if command -v puttygen >/dev/null; then
	shows 'create PPK' 'j["KeyMaterial"][:20]' PuTTY-User-Key-File- ec2 \
	    create-key-pair --key-name putty --key-format ppk
else
	skip 'create PPK' 'puttygen is not installed'
fi
ssh-keygen -q -t ed25519 -N '' -f mine
ssh-keygen -q -t ecdsa -N '' -f ec
material()
{
	# The first version of aws wants text that it encodes itself.
	case $(aws --version 2>&1) in
	aws-cli/1.*) echo "file://$1" ;;
	*)	echo "fileb://$1" ;;
	esac
}
shows 'import' 'j["KeyFingerprint"].rstrip("=")' \
    "$(ssh-keygen -lf mine.pub | cut -d ' ' -f 2 | cut -d : -f 2)" \
    ec2 import-key-pair --key-name mine \
    --public-key-material "$(material mine.pub)"
says 'import ECDSA' InvalidKey.Format ec2 import-key-pair --key-name ec \
    --public-key-material "$(material ec.pub)"
says 'a name that is taken' InvalidKeyPair.Duplicate \
    ec2 create-key-pair --key-name web
shows 'delete' 'j.get("Return", True)' True ec2 delete-key-pair --key-name ed
shows 'delete again' 'j.get("Return", True)' True \
    ec2 delete-key-pair --key-name ed
cloud_ctl delete-keypair main/eu-west-1 putty 2>/dev/null
cloud_ctl delete-keypair main/eu-west-1 mine

# Groups.
shows 'group' 'j["GroupId"][:3]' sg- ec2 create-security-group \
    --group-name pemkeep-web --description 'made by a test' \
    --tag-specifications 'ResourceType=security-group,Tags=[{Key=a,Value=b}]'
group=$(json json 'j["GroupId"]')
says 'group: the name is taken' InvalidGroup.Duplicate ec2 \
    create-security-group --group-name PEMKEEP-web --description x
says 'group: an apostrophe' InvalidParameterValue ec2 \
    create-security-group --group-name "anna's" --description x
allow()
{
	local ranges=$1
	shift
	"$@" ec2 authorize-security-group-ingress --group-id "$group" \
	    --ip-permissions "IpProtocol=tcp,FromPort=22,ToPort=22,$ranges"
}
allow 'IpRanges=[{CidrIp=127.0.0.1/32,Description=me}]' shows 'allow' \
    '[(r["CidrIpv4"], r["FromPort"]) for r in j["SecurityGroupRules"]]' \
    "('127.0.0.1/32', 22)"
rule=$(json json 'j["SecurityGroupRules"][0]["SecurityGroupRuleId"]')
allow 'IpRanges=[{CidrIp=127.0.0.1/32}]' says 'allow again' \
    InvalidPermission.Duplicate
allow 'Ipv6Ranges=[{CidrIpv6=2001:db8::1/64}]' shows 'allow IPv6' \
    '[r["CidrIpv6"] for r in j["SecurityGroupRules"]]' '2001:db8::/64'
shows 'groups' '[(p["IpProtocol"], len(p["IpRanges"]), len(p["Ipv6Ranges"]))
    for p in j["SecurityGroups"][0]["IpPermissions"]]' "('tcp', 1, 1)" \
    ec2 describe-security-groups --group-ids "$group"
shows 'rules' 'len(j["SecurityGroupRules"])' 2 ec2 \
    describe-security-group-rules --filters "Name=group-id,Values=$group"

# The server.
shows 'types' '[(t["InstanceType"],
    t["ProcessorInfo"]["SupportedArchitectures"]) for t in j["InstanceTypes"]]' \
    "('t2.micro', ['i386', 'x86_64'])" ec2 describe-instance-types \
    --filters Name=free-tier-eligible,Values=true
shows 'offerings' 'len(j["InstanceTypeOfferings"])' 2 ec2 \
    describe-instance-type-offerings --location-type availability-zone \
    --filters Name=instance-type,Values=t2.micro
shows 'VPC' '[v["IsDefault"] for v in j["Vpcs"]]' True ec2 describe-vpcs
shows 'subnets' 'len(j["Subnets"])' 3 ec2 describe-subnets
image=$(cloud_ctl image-id eu-west-1 ubuntu-24.04)
run()
{
	"$@" ec2 run-instances --image-id "${use_image:-$image}" \
	    --instance-type "${use_type:-t2.micro}" --key-name web \
	    --security-group-ids "$group" --count 1 \
	    --client-token "${use_token:-one}" --tag-specifications \
	    "ResourceType=instance,Tags=[{Key=Name,Value=${use_name:-web}}]" \
	    --block-device-mappings \
	    '[{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 10}}]'
}
run shows 'run' '[(i["State"]["Name"], "PublicIpAddress" in i, i["KeyName"])
    for i in j["Instances"]]' "('pending', False, 'web')"
id=$(json json 'j["Instances"][0]["InstanceId"]')
run shows 'run with the same token' \
    '[i["InstanceId"] for i in j["Instances"]]' "$id"
use_name=other run says 'run with the same token, otherwise' \
    IdempotentParameterMismatch
use_token=2 use_image=ami-0123456789abcdef0 run says 'no such image' \
    InvalidAMIID.NotFound
use_token=2 use_type=t4g.micro run says 'another architecture' \
    InvalidParameterValue
use_token=2 use_type=t9.micro run says 'no such type' InvalidParameterValue
cloud_ctl set vcpus=1
use_token=2 run says 'a limit' VcpuLimitExceeded
cloud_ctl set vcpus=100 default_vpc=0
says 'no default VPC' VPCIdNotSpecified ec2 run-instances --image-id "$image" \
    --instance-type t2.micro
cloud_ctl set default_vpc=1
cloud_ctl wait "$id" running

# Its address.
shows 'allocate' 'j["PublicIp"][:7]' 127.64. ec2 allocate-address --domain vpc
allocation=$(json json 'j["AllocationId"]') address=$(json json 'j["PublicIp"]')
shows 'associate' 'j["AssociationId"][:9]' eipassoc- ec2 associate-address \
    --allocation-id "$allocation" --instance-id "$id"
association=$(json json 'j["AssociationId"]')
cloud_ctl host-keys "$id" | sed "s/^/$id /" >known
log_in()
{
	ssh -F none -o UserKnownHostsFile=known -o HostKeyAlias="$id" \
	    -o BatchMode=yes -o IdentitiesOnly=yes -i web -p "$CLOUD_PORT" \
	    "ubuntu@$address" "$@" </dev/null
}
check 'log in with the key that EC2 made' expect_status 0 log_in whoami
check 'log in: as ubuntu' equals "$(out)" ubuntu
shows 'revoke' 'j.get("Return", True)' True ec2 \
    revoke-security-group-ingress --group-id "$group" \
    --security-group-rule-ids "$rule"
check 'revoke: no more' expect_status 255 log_in true
check 'tags' aws ec2 create-tags --resources "$id" "$group" --tags Key=x,Value=y
check 'tags: off again' aws ec2 delete-tags --resources "$group" --tags Key=x
shows 'tags: seen' '[(t["ResourceType"], t["Value"]) for t in j["Tags"]]' \
    "('instance', 'y')" ec2 describe-tags --filters Name=key,Values=x
says 'tags: reserved' InvalidParameterValue ec2 create-tags --resources "$id" \
    --tags Key=aws:x,Value=y

# Windows' password.
cloud_instance main/eu-west-1 windows image=windows-2022 key=web
shows 'password' 'len(j["PasswordData"].strip())' 344 \
    ec2 get-password-data --instance-id "$ID"
json json 'j["PasswordData"]' | base64 -di |
    openssl pkeyutl -decrypt -inkey web >password
check 'password: decrypted' equals "$(cat password)" "Passw0rd;for,$ID"
cloud_ctl terminate windows

# All of it undone.
says 'the group is in use' DependencyViolation \
    ec2 delete-security-group --group-id "$group"
cloud_ctl set stopping=600
check 'terminate' aws ec2 terminate-instances --instance-ids "$id"
says 'the group is in use for a while' DependencyViolation \
    ec2 delete-security-group --group-id "$group"
cloud_ctl state "$id" terminated
says 'the address is free: nothing to take it from' \
    InvalidAssociationID.NotFound ec2 disassociate-address \
    --association-id "$association"
other=$(cloud_ctl instance main/eu-west-1 other | cut -d ' ' -f 1)
aws ec2 associate-address --allocation-id "$allocation" --instance-id "$other" \
    >json
check 'disassociate' aws ec2 disassociate-address \
    --association-id "$(json json 'j["AssociationId"]')"
cloud_ctl state other terminated
check 'release' aws ec2 release-address --allocation-id "$allocation"
says 'release again' InvalidAllocationID.NotFound ec2 release-address \
    --allocation-id "$allocation"
check 'delete the group' aws ec2 delete-security-group --group-id "$group"
check 'delete the key pair' aws ec2 delete-key-pair --key-name web
cloud_ctl dump >after
"$PYTHON" - <<'END' >left
import json
place = json.load(open("after"))
for account in place.values():
    for about in account.values():
        about["groups"] = {k: v for k, v in about["groups"].items()
                           if v["name"] != "open"}
        print({k: v for k, v in about.items() if v})
END
check 'nothing is left' equals "$(cat left)" '{}'
check 'there was nothing before' equals "$(json before 'list(j.values())')" '{}'
aws_read_all ec2_addresses ec2_groups ec2_keys ec2_run ec2_tags
check 'it had nothing to complain of' equals "$(cat "$CLOUD/output")" ''
done_testing
