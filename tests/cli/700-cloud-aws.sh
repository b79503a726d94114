#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: 'aws', where it is installed, understands every answer of the
# cloud that the other scenarios rely on, finds in it what it looks for, and gets
# in with every kind of credentials that the cloud gives out.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"
# shellcheck source=tests/cloud/aws.sh
. "$SRC/tests/cloud/aws.sh"

cloud_aws || done_testing
cloud_start pending=0 stopping=0 || done_testing
cloud_account main eu-west-1
main=$ACCOUNT
cloud_key main/eu-west-1 web >/dev/null
cloud_load <<'END' >/dev/null
elastic main/eu-west-1
image eu-west-1 "my own image" owner=main public=no source=ubuntu-24.04 tag:a=b
bulk main/eu-west-1 12 web- ssh=no key=web "tag:a & b=<1> \"2\" 한글"
instance main/eu-west-1 winner image=windows-2022 state=stopped protected=yes
instance main/eu-west-1 old state=terminated
elastic main/eu-west-1 instance=web-1
END
read -r id address _ < <(cloud_ctl find web-1)
export AWS_PROFILE=main
all='[i for r in j["Reservations"] for i in r["Instances"]]'
shows 'instances: all pages' "len($all), len({i['InstanceId'] for i in $all})" \
    $'14\n14' ec2 describe-instances --page-size 5
check 'instances: they came in pages' equals "$(cloud_count \
    "c['action'] == 'DescribeInstances' and c['status'] == 200")" 3
shows 'instances: the fields' "[(i['PublicIpAddress'], i['KeyName'],
    i['NetworkInterfaces'][0]['Association']['PublicIp'],
    i['State']['Name'], i['Placement']['AvailabilityZone'],
    i['PlatformDetails'], i['SecurityGroups'][0]['GroupName']) for i in $all]" \
    "('$address', 'web', '$address', 'running', 'eu-west-1a', 'Linux/UNIX', 'open')" \
    ec2 describe-instances --instance-ids "$id"
shows 'instances: odd tags' "[t['Value'] for i in $all for t in i['Tags']
    if t['Key'] == 'a & b']" '<1> "2" 한글' \
    ec2 describe-instances --filters Name=tag-key,Values='a & b' \
    Name=ip-address,Values="$address"
shows 'instances: stopped Windows' \
    "[(i['Platform'], 'PublicIpAddress' in i) for i in $all]" \
    "('windows', False)" ec2 describe-instances \
    --filters Name=instance-state-name,Values=stopped
shows 'instances: none' 'j["Reservations"]' '' ec2 describe-instances \
    --filters Name=tag:Name,Values=nobody
shows 'status' '[s["InstanceStatus"]["Status"] for s in j["InstanceStatuses"]]' \
    ok ec2 describe-instance-status --instance-ids "$id"
shows 'addresses' "[a.get('InstanceId') for a in j['Addresses']]" \
    "$(printf 'None\n%s' "$id")" ec2 describe-addresses
shows 'key pairs' "[(k['KeyName'], k['KeyType'], k['KeyFingerprint'],
    k['PublicKey'].split()[1]) for k in j['KeyPairs']]" \
    "('web', 'ed25519', '$(ssh-keygen -lf web.pub | cut -d ' ' -f 2 |
    cut -d : -f 2)=', '$(cut -d ' ' -f 2 web.pub)')" \
    ec2 describe-key-pairs --include-public-key
shows 'images: mine' "[(i['Name'], i['OwnerId'], i['Public'],
    i['RootDeviceName']) for i in j['Images']]" \
    "('my own image', '$main', False, '/dev/sda1')" \
    ec2 describe-images --owners self
shows 'images: by name' 'sorted(i["Architecture"] for i in j["Images"])' \
    $'arm64\nx86_64' ec2 describe-images --owners 099720109477 --filters \
    'Name=name,Values=ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-*'
shows 'regions' "('eu-west-1' in [r['RegionName'] for r in j['Regions']],
    [r['OptInStatus'] for r in j['Regions'] if r['RegionName'] == 'ap-east-1'])" \
    $'True\n['"'not-opted-in']" ec2 describe-regions --all-regions
shows 'console' "('BEGIN SSH HOST KEY KEYS' in j['Output'], j['InstanceId'])" \
    $'True\n'"$id" ec2 get-console-output --instance-id "$id" --latest
for verb in stop:stopping:running start:pending:stopped \
    terminate:shutting-down:running; do
	IFS=: read -r verb now before <<<"$verb"
	shows "$verb" '[(i["CurrentState"]["Name"], i["PreviousState"]["Name"])
	    for i in list(j.values())[0]]' "('$now', '$before')" \
	    ec2 "$verb-instances" --instance-ids "$id"
done
check 'reboot' aws ec2 reboot-instances --instance-ids \
    "$(cloud_ctl find web-2 | cut -d ' ' -f 1)"
shows 'identity' "(j['Account'], j['Arn'])" \
    "$main"$'\n'"arn:aws:iam::$main:user/tester" sts get-caller-identity
shows 'session token' 'j["Credentials"]["AccessKeyId"][:4]' ASIA \
    sts get-session-token
image=$(cloud_ctl image-id eu-west-1 debian-12)
debian=/aws/service/debian/release/12/latest
shows 'parameter' 'j["Parameter"]["Value"]' "$image" \
    ssm get-parameter --name $debian/amd64
shows 'parameters' "([p['Value'] for p in j['Parameters']] +
    j['InvalidParameters'])" "$image"$'\n/none' \
    ssm get-parameters --names $debian/amd64 /none
shows 'parameters by path' 'len(j["Parameters"])' 2 \
    ssm get-parameters-by-path --path $debian

# Errors.
says 'unknown id' InvalidInstanceID.NotFound \
    ec2 describe-instances --instance-ids i-0123456789abcdef0
says 'protected' OperationNotPermitted ec2 terminate-instances \
    --instance-ids "$(cloud_ctl find winner | cut -d ' ' -f 1)"
says 'unknown parameter' ParameterNotFound ssm get-parameter --name /none
says 'unknown role' AccessDenied sts assume-role \
    --role-arn "arn:aws:iam::$main:role/none" --role-session-name me
says 'DryRun' DryRunOperation ec2 describe-instances --dry-run
cloud_ctl fault throttle times=2
AWS_MAX_ATTEMPTS=3 AWS_RETRY_MODE=standard shows 'two throttled calls' \
    'len(j["Regions"]) > 9' True ec2 describe-regions
check 'two throttled calls: there were three' equals "$(cloud_calls |
    tail -n 3 | grep -o '"status": [0-9]*' | cut -d ' ' -f 2 | xargs)" \
    '503 503 200'
cloud_ctl clock 3600
says 'an hour off' RequestExpired ec2 describe-regions
cloud_ctl clock 0

# Credentials.
trust=$(cloud_ctl role main first trust="$main")
second=$(cloud_ctl role main second trust="$trust" external-id=outside)
cloud_profile first "role_arn = $trust" 'source_profile = main' \
    'region = eu-west-1'
cloud_profile second "role_arn = $second" 'source_profile = first' \
    'external_id = outside' 'region = eu-west-1' 'role_session_name = chain'
AWS_PROFILE=second shows 'a chain of roles' 'j["Arn"]' \
    "arn:aws:sts::$main:assumed-role/second/chain" sts get-caller-identity
cloud_ctl imds main server region=eu-west-1
unset AWS_PROFILE
AWS_EC2_METADATA_DISABLED=false AWS_DEFAULT_REGION=eu-west-1 shows \
    'instance metadata' 'j["Arn"]' \
    "arn:aws:sts::$main:assumed-role/server/i-0123456789abcdef0" \
    sts get-caller-identity
cloud_ctl sso main Developer token=bearer
cloud_profile sso 'sso_start_url = https://example.awsapps.com/start' \
    'sso_region = us-east-1' "sso_account_id = $main" \
    'sso_role_name = Developer' 'region = eu-west-1'
cloud_sso_login https://example.awsapps.com/start bearer
AWS_PROFILE=sso shows 'SSO' 'j["Arn"]' \
    "arn:aws:sts::$main:assumed-role/Developer/sso-user" \
    sts get-caller-identity

aws_read_all ec2 ec2_instances sts ssm
check 'it had nothing to complain of' equals "$(cat "$CLOUD/output")" ''
done_testing
