#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: the cloud that the other scenarios rely on is an honest one.
# Signatures are checked with a signer that is not ours (curl's), good ones pass
# and every kind of bad one is refused as AWS refuses it; instances are real
# sshds with the users, keys, addresses, host keys and security groups that the
# API tells of.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

cloud_start pending=0.1 stopping=0.1 || done_testing
region=eu-west-1
declare -A version=([ec2]=2016-11-15 [sts]=2011-06-15)

# signed SERVICE BODY [CURL-ARGUMENT...]: a signed call; 'status' is what came,
# 'body' the file with it.  The keys are $KEY_ID, $SECRET and $TOKEN.
TOKEN=
body=$TMP/body
signed()
{
	local service=$1 data=$2
	shift 2
	status=$(curl -s -o "$body" -w '%{http_code}' -X POST \
	    --aws-sigv4 "aws:amz:$region:$service" -u "$KEY_ID:$SECRET" \
	    ${TOKEN:+-H "X-Amz-Security-Token: $TOKEN"} \
	    -d "$data" "$@" "$CLOUD_URL/")
}

call()
{
	local service=$1 action=$2
	shift 2
	signed "$service" "Action=$action&Version=${version[$service]}${1-}" \
	    "${@:2}"
}

# answers NAME STATUS PART...: the last call was answered so
answers()
{
	local name=$1 wanted=$2
	shift 2
	check "$name: status" equals "$status" "$wanted"
	check "$name: text" contains "$(cat "$body")" "$@"
}

ssm()
{
	local action=$1 data=$2
	shift 2
	signed ssm "$data" -H 'Content-Type: application/x-amz-json-1.1' \
	    -H "X-Amz-Target: AmazonSSM.$action" "$@"
}

# capture SERVICE ACTION: signed headers of such a call, to send again; they
# are in the array 'captured'.
capture()
{
	local line
	captured=()
	curl -sv -o "$body" --aws-sigv4 "aws:amz:$region:$1" \
	    -u "$KEY_ID:$SECRET" -d "Action=$2&Version=${version[$1]}" \
	    "$CLOUD_URL/" 2>"$TMP/verbose"
	while read -r line; do
		captured+=(-H "$line")
	done < <(tr -d '\r' <"$TMP/verbose" |
	    sed -n 's/^> \(Authorization:\|X-Amz-Date:\)/\1/p')
}

# replay BODY [CURL-ARGUMENT...]: with the captured headers
replay()
{
	local data=$1
	shift
	status=$(curl -s -o "$body" -w '%{http_code}' "${captured[@]}" \
	    -d "$data" "$@" "$CLOUD_URL/")
}

cloud_account main $region
cloud_key main/$region 'web key' >/dev/null
cloud_instance main/$region 'my server' key='web key' tag:env=prod
main_id=$KEY_ID main_secret=$SECRET main=$ACCOUNT server=$ID
describe="Action=DescribeInstances&Version=${version[ec2]}"

# Good signatures.
call ec2 DescribeInstances
answers 'DescribeInstances' 200 "<instanceId>$server</instanceId>" \
    '<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
for blank in %20 +; do
	call ec2 DescribeInstances \
	    "&Filter.1.Name=tag:Name&Filter.1.Value.1=my${blank}server"
	answers "a blank as $blank" 200 "<instanceId>$server</instanceId>"
done
status=$(curl -s -o "$body" -w '%{http_code}' --aws-sigv4 \
    "aws:amz:$region:ec2" -u "$KEY_ID:$SECRET" "$CLOUD_URL/?$describe")
answers 'a GET' 200 "<instanceId>$server</instanceId>"
call ec2 DescribeInstances '' -H 'Host: ec2.eu-west-1.amazonaws.com'
answers 'another Host header, signed' 200 "<instanceId>$server</instanceId>"
call ec2 DescribeInstances '' -H 'X-Amz-Meta:  a   b  '
answers 'blanks in a header' 200 "<instanceId>$server</instanceId>"
call sts GetCallerIdentity
answers 'STS' 200 "<Account>$main</Account>" \
    'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"' \
    "<Arn>arn:aws:iam::$main:user/tester</Arn>" '<ResponseMetadata>'
ssm GetParameter '{"Name":"/aws/service/debian/release/12/latest/amd64"}'
answers 'SSM' 200 "$(cloud_ctl image-id $region debian-12)"

# Bad ones.
capture ec2 DescribeInstances
replay "$describe"
answers 'the same request again' 200 "<instanceId>$server</instanceId>"
replay "$describe&DryRun=false"
answers 'another body' 401 '<Code>AuthFailure</Code>' '<RequestID>'
replay "$describe" -H 'X-Amz-Extra: 1'
answers 'an X-Amz header that is not signed' 401 AuthFailure
replay "$describe" -H 'Host: 127.0.0.1'
answers 'the Host without its port' 401 AuthFailure
capture sts GetCallerIdentity
identity="Action=GetCallerIdentity&Version=${version[sts]}"
replay "$identity&X=1"
answers 'STS: another body' 403 '<Code>SignatureDoesNotMatch</Code>' \
    '<ErrorResponse' '<Type>Sender</Type>' 'The request signature we calculated'
replay "$identity" -H 'X-Amz-Security-Token: x'
answers 'STS: a token that is not signed' 403 \
    "'x-amz-security-token' must be a 'SignedHeader'"
status=$(curl -s -o "$body" -w '%{http_code}' -d "$describe" "$CLOUD_URL/")
answers 'EC2: no signature' 400 'AWSAccessKeyId'
status=$(curl -s -o "$body" -w '%{http_code}' -d "$identity" "$CLOUD_URL/")
answers 'STS: no signature' 403 '<Code>MissingAuthenticationToken</Code>'
SECRET=${SECRET}x
call ec2 DescribeInstances
answers 'EC2: wrong secret' 401 '<Code>AuthFailure</Code>' \
    'not able to validate the provided access credentials'
call sts GetCallerIdentity
answers 'STS: wrong secret' 403 '<Code>SignatureDoesNotMatch</Code>'
ssm GetParameter '{"Name":"x"}' -D "$TMP/headers"
answers 'SSM: wrong secret' 400 '"__type": "InvalidSignatureException"'
check 'SSM: the error is in a header, too' \
    contains "$(cat "$TMP/headers")" 'x-amzn-ErrorType: InvalidSignatureExc'
SECRET=$main_secret KEY_ID=AKIAIOSFODNN7EXAMPLE
call ec2 DescribeInstances
answers 'EC2: unknown key' 401 '<Code>AuthFailure</Code>'
call sts GetCallerIdentity
answers 'STS: unknown key' 403 '<Code>InvalidClientTokenId</Code>'
ssm GetParameter '{"Name":"x"}'
answers 'SSM: unknown key' 400 'UnrecognizedClientException'
KEY_ID=$main_id region=eu-wset-1
call ec2 DescribeInstances
answers 'EC2: no such region' 401 AuthFailure
call sts GetCallerIdentity
answers 'STS: no such region' 403 'scoped to a valid region'
region=me-south-1
call ec2 DescribeInstances
answers 'EC2: a region that is not opted in' 401 OptInRequired
region=cn-north-1
call ec2 DescribeInstances
answers 'EC2: a region of another partition' 401 AuthFailure
region=eu-west-1

# The clock.
for skew in 400 -400 90000; do
	cloud_ctl clock $skew
	call ec2 DescribeInstances
	answers "EC2: cloud's clock $skew" 400 '<Code>RequestExpired</Code>'
	call sts GetCallerIdentity
	answers "STS: cloud's clock $skew" 403 SignatureDoesNotMatch \
	    "$([ $skew -gt 0 ] && echo 'Signature expired' ||
	    echo 'Signature not yet current')"
done
for skew in 200 -200 0; do
	cloud_ctl clock $skew
	call ec2 DescribeInstances
	check "cloud's clock $skew: taken" equals "$status" 200
done

# Temporary keys.
arn=$(cloud_ctl role main reader trust="$main" external-id=secret-id)
assume="&RoleArn=$arn&RoleSessionName=me"
call sts AssumeRole "$assume"
answers 'a role without its external id' 403 '<Code>AccessDenied</Code>' \
    "not authorized to perform: sts:AssumeRole on resource: $arn"
call sts AssumeRole "$assume&ExternalId=secret-id&DurationSeconds=60"
answers 'a role for too short' 400 DurationSeconds
call sts AssumeRole "$assume&ExternalId=secret-id"
answers 'a role' 200 '<AccessKeyId>ASIA' \
    "<Arn>arn:aws:sts::$main:assumed-role/reader/me</Arn>"
xml()
{
	sed -n "s|.*<$1>\([^<]*\)</$1>.*|\1|p" "$body"
}
KEY_ID=$(xml AccessKeyId) SECRET=$(xml SecretAccessKey)
TOKEN=$(xml SessionToken) session=$KEY_ID
call ec2 DescribeInstances
answers 'its keys' 200 "<instanceId>$server</instanceId>"
call sts GetCallerIdentity
answers 'its identity' 200 "assumed-role/reader/me</Arn>"
token=$TOKEN TOKEN=
call ec2 DescribeInstances
answers 'its keys without the token' 401 AuthFailure
call sts GetCallerIdentity
answers 'STS: its keys without the token' 403 InvalidClientTokenId
TOKEN=${token}x
call ec2 DescribeInstances
answers 'its keys with another token' 401 AuthFailure
capture sts GetCallerIdentity
replay "$identity" -H "X-Amz-Security-Token: $token"
answers 'a token that is not signed' 403 "must be a 'SignedHeader'"
TOKEN=$token
cloud_ctl expire "$session"
call ec2 DescribeInstances
answers 'EC2: expired' 400 '<Code>RequestExpired</Code>'
call sts GetCallerIdentity
answers 'STS: expired' 403 '<Code>ExpiredToken</Code>'
ssm GetParameter '{"Name":"x"}'
answers 'SSM: expired' 400 ExpiredTokenException
KEY_ID=$main_id SECRET=$main_secret TOKEN=

# MFA.
read -r KEY_ID SECRET serial < <(cloud_ctl user main anna mfa=yes)
arn=$(cloud_ctl role main admin trust="$main" mfa=yes)
call sts AssumeRole "&RoleArn=$arn&RoleSessionName=me"
answers 'a role that wants MFA' 403 AccessDenied
code=$(cloud_ctl mfa-code main anna)
mfa="&SerialNumber=$serial&TokenCode"
call sts AssumeRole "&RoleArn=$arn&RoleSessionName=me$mfa=000000"
answers 'a wrong code' 403 'invalid MFA one time pass code'
call sts AssumeRole "&RoleArn=$arn&RoleSessionName=me$mfa=$code"
answers 'the code' 200 '<AccessKeyId>ASIA'
call sts AssumeRole "&RoleArn=$arn&RoleSessionName=me$mfa=$code"
answers 'the same code again' 403 'invalid MFA one time pass code'
call sts GetSessionToken "$mfa=$(cloud_ctl mfa-code main anna)"
answers 'GetSessionToken' 200 '<AccessKeyId>ASIA'
KEY_ID=$(xml AccessKeyId) SECRET=$(xml SecretAccessKey) TOKEN=$(xml SessionToken)
call sts AssumeRole "&RoleArn=$arn&RoleSessionName=me"
answers 'a role with a session that had MFA' 200 '<AccessKeyId>ASIA'
call sts GetSessionToken
answers 'GetSessionToken with a session' 403 'Cannot call GetSessionToken'
KEY_ID=$main_id SECRET=$main_secret TOKEN=

# Permissions, parameters.
cloud_ctl deny 'ec2:Describe*' who=main
call ec2 DescribeInstances
answers 'EC2: not allowed' 403 '<Code>UnauthorizedOperation</Code>' \
    'ec2:DescribeInstances'
cloud_ctl allow
call ec2 DescribeInstances '&DryRun=true'
answers 'DryRun' 412 '<Code>DryRunOperation</Code>'
call ec2 DescribeInstance
answers 'no such action' 400 '<Code>InvalidAction</Code>'
call ec2 DescribeInstances '&InstanceId=i-1'
answers 'no such parameter' 400 '<Code>UnknownParameter</Code>'
call ec2 DescribeInstances '&Filter.1.Name=colour&Filter.1.Value.1=red'
answers 'no such filter' 400 InvalidParameterValue colour
call ec2 DescribeInstances '&InstanceId.1=i-1'
answers 'an id that is none' 400 InvalidInstanceID.Malformed
call ec2 DescribeInstances '&InstanceId.1=i-0123456789abcdef0'
answers 'an unknown id' 400 InvalidInstanceID.NotFound
call ec2 DescribeInstances "&InstanceId.1=$server&MaxResults=5"
answers 'an id and pages' 400 InvalidParameterCombination

# Pages.
cloud_ctl bulk main/us-east-1 23 many- key=nobody 2>"$TMP/.err"
check 'a key pair that is not there' contains "$(cat "$TMP/.err")" nobody
cloud_ctl bulk main/us-east-1 23 many- ssh=no tag:n=1
region=us-east-1
pages() # how many instances, on how many pages
{
	local next='' count=0 pages=0
	while :; do
		call ec2 DescribeInstances "&MaxResults=10$next"
		count=$((count + $(grep -o '<instanceId>' "$body" | wc -l)))
		pages=$((pages + 1))
		next=$(xml nextToken)
		[ -n "$next" ] && [ $pages -lt 9 ] || break
		next="&NextToken=${next//=/%3D}"
	done
	echo $count $pages
}
check 'pages of 10' equals "$(pages)" '23 3'
cloud_ctl fault pages-empty region=us-east-1 skip=1
check 'an empty page in between' equals "$(pages)" '23 4'
cloud_ctl fault pages-loop times=0
check 'a loop of page tokens' equals "$(pages)" '90 9'
cloud_ctl clear
call ec2 DescribeInstances '&Filter.1.Name=tag:Name&Filter.1.Value.1=many-2?'
check 'a filter with a wildcard' \
    equals "$(grep -o '<instanceId>' "$body" | wc -l)" 4
call ec2 DescribeInstances '&MaxResults=4'
answers 'pages too small' 400 InvalidParameterValue
region=eu-west-1

# The instances are real.
known=$TMP/known
log_in() # KEY USER@ADDRESS [ARGUMENT...]
{
	local key=$1
	shift
	ssh -F none -o UserKnownHostsFile="$known" -o BatchMode=yes \
	    -o StrictHostKeyChecking=yes -o HostKeyAlias="$server" \
	    -o IdentitiesOnly=yes -o ConnectTimeout=2 -i "$TMP/$key" \
	    -p "$CLOUD_PORT" "$@" </dev/null
}

# know ID: its host keys, from the console output as AWS hands it out
know()
{
	call ec2 GetConsoleOutput "&InstanceId=$1&Latest=true"
	xml output | base64 -d >"$TMP/console"
	tr -d '\r' <"$TMP/console" | sed -n \
	    '/BEGIN SSH HOST KEY KEYS/,/END SSH HOST KEY KEYS/s/^[a-z]/'"$1 &/p" \
	    >"$known"
}

know "$server"
check 'console: both host keys' equals "$(cut -d ' ' -f 2 "$known")" \
    $'ecdsa-sha2-nistp256\nssh-ed25519'
check 'console: they are what its sshd shows' equals \
    "$(cut -d ' ' -f 2,3 "$known")" "$(cloud_ctl host-keys "$server" |
    cut -d ' ' -f 1,2)"
check 'console: fingerprints as cloud-init logs them' matches \
    "$(cat "$TMP/console")" \
    '<14>[A-Z][a-z][a-z] [ 0-9][0-9] [0-9:]{8} cloud-init: 256 SHA256:[^ ]{43} root@ip-[-0-9]+ \(ED25519\)'
check 'console: CR LF' contains "$(cat "$TMP/console")" $'KEYS-----\r\n'
check 'log in' expect_status 0 log_in 'web key' "ubuntu@$PUBLIC" \
    'whoami; echo $CLOUD_INSTANCE'
check 'log in: where, as whom' equals "$(out)" "ubuntu"$'\n'"$server"
check 'the private address is the same host' expect_status 0 \
    log_in 'web key' "ubuntu@$PRIVATE" true
check 'root is greeted' expect_status 142 log_in 'web key' "root@$PUBLIC" id
check 'the greeting' equals "$(out)" \
    'Please login as the user "ubuntu" rather than the user "root".'
for user in ec2-user nobody; do
	check "no login for $user" expect_status 255 \
	    log_in 'web key' "$user@$PUBLIC" true
done
ssh-keygen -q -t ed25519 -N '' -f "$TMP/other"
check 'no login with another key' expect_status 255 \
    log_in other "ubuntu@$PUBLIC" true

cloud_instance main/$region deb key='web key' image=debian-12 state=running
server=$ID
know "$ID"
check 'Debian: admin' expect_status 0 log_in 'web key' "admin@$PUBLIC" whoami
check 'Debian: admin: whoami' equals "$(out)" admin
check 'Debian: root is greeted' expect_status 142 \
    log_in 'web key' "root@$PUBLIC" true
check 'Debian: no ubuntu' expect_status 255 \
    log_in 'web key' "ubuntu@$PUBLIC" true

# Security groups.
closed_group()
{
	cloud_ctl group main/$region web "$@" >/dev/null
}
closed_group allow=tcp:22:127.0.0.1/32 allow=tcp:80:0.0.0.0/0
cloud_instance main/$region guarded key='web key' group=web
server=$ID
know "$ID"
check 'group: my address may enter' expect_status 0 \
    log_in 'web key' "ubuntu@$PUBLIC" true
check 'group: another address may not' expect_status 255 \
    log_in 'web key' -b 127.0.0.9 "ubuntu@$PUBLIC" true
for rules in tcp:22:127.0.0.9/32 tcp:80:0.0.0.0/0 udp:22:0.0.0.0/0 \
    tcp:23-99:0.0.0.0/0 tcp:22:203.0.113.0/24; do
	closed_group allow=$rules
	check "group: $rules" expect_status 255 \
	    log_in 'web key' "ubuntu@$PUBLIC" true
done
check 'group: nobody may enter: refused' contains "$(err)" 'Connection refused'
for rules in -1:0:0.0.0.0/0 tcp:20-30:127.0.0.0/8; do
	closed_group allow=$rules
	check "group: $rules" expect_status 0 \
	    log_in 'web key' "ubuntu@$PUBLIC" true
done
cloud_ctl set closed=drop
closed_group
check 'closed=drop: silence' expect_status 255 \
    log_in 'web key' "ubuntu@$PUBLIC" true
check 'closed=drop: a timeout' contains "$(err)" 'timed out'
closed_group allow=tcp:22:0.0.0.0/0
check 'closed=drop: open again' expect_status 0 \
    log_in 'web key' "ubuntu@$PUBLIC" true
cloud_ctl set closed=refuse

# Stop and start.
call ec2 StopInstances "&InstanceId.1=$server"
answers 'stop' 200 '<name>stopping</name>' '<name>running</name>'
cloud_ctl wait "$server" stopped
old=$PUBLIC
check 'stopped: nobody there' expect_status 255 \
    log_in 'web key' "ubuntu@$old" true
call ec2 DescribeInstances "&InstanceId.1=$server"
check 'stopped: no public address' lacks "$(cat "$body")" '<ipAddress>'
call ec2 StartInstances "&InstanceId.1=$server"
answers 'start' 200 '<name>pending</name>' '<name>stopped</name>'
call ec2 StopInstances "&InstanceId.1=$server"
answers 'stop while pending' 400 IncorrectInstanceState
cloud_ctl wait "$server" running
call ec2 DescribeInstances "&InstanceId.1=$server"
new=$(xml ipAddress)
check 'started: another address' lacks "$new" "$old"
check 'started: the same host keys' expect_status 0 \
    log_in 'web key' "ubuntu@$new" true
know "$server"
check 'started: the console shows them no more' equals "$(cat "$known")" ''
cloud_ctl set reuse=1
cloud_ctl stop deb
cloud_ctl wait deb stopped
cloud_ctl stop guarded
cloud_ctl wait guarded stopped
cloud_ctl start deb
cloud_ctl wait deb running
read -r _ now _ < <(cloud_ctl find deb)
check 'reuse: deb has an address that another one had' \
    equals "$now" "$new"

# Elastic addresses.
elastic=$(cloud_ctl elastic main/$region instance=deb tag:Name=eip)
call ec2 DescribeAddresses
answers 'DescribeAddresses' 200 "<publicIp>$elastic</publicIp>" \
    '<key>Name</key><value>eip</value>' '<associationId>eipassoc-'
check 'elastic: its address now' equals \
    "$(cloud_ctl find deb | cut -d ' ' -f 2)" "$elastic"
call ec2 DescribeInstances "&Filter.1.Name=ip-address&Filter.1.Value.1=$elastic"
answers 'elastic: found by it' 200 "<ipOwnerId>$main</ipOwnerId>"

# A host that changes its keys, and one that is somebody else's.
cloud_instance main/$region changed key='web key'
server=$ID
know "$server"
check 'before' expect_status 0 log_in 'web key' "ubuntu@$PUBLIC" true
cloud_ctl host-keys changed new=yes >/dev/null
check 'other host keys' expect_status 255 log_in 'web key' "ubuntu@$PUBLIC" true
check 'other host keys: ssh says so' contains "$(err)" 'IDENTIFICATION HAS CHANGED'
cloud_ctl reimage changed
know "$server"
server=$ID
tail -n 2 "$known" >"$TMP/last"
mv "$TMP/last" "$known"
check 'new image: the console has the new ones' expect_status 0 \
    log_in 'web key' "ubuntu@$PUBLIC" true
folder=$(cloud_ctl stranger "$PUBLIC" key="$TMP/web key.pub")
check 'a stranger: not that host' expect_status 255 \
    log_in 'web key' "ubuntu@$PUBLIC" true
check 'a stranger: nobody has tried to log in' \
    lacks "$(cat "$folder/log")" 'userauth-request'
sed "s/^/$server /" "$folder"/keys-1/*.pub >"$known"
check 'a stranger who lets us in' expect_status 0 \
    log_in 'web key' "ubuntu@$PUBLIC" true
check 'a stranger: the log tells who has' \
    contains "$(cat "$folder/log")" 'userauth-request for user ubuntu'

# What instances may be besides.
cloud_instance main/$region rsa key='web key' hostkeys=rsa
server=$ID
know "$server"
check 'an RSA host key' matches "$(cat "$known")" ' ssh-rsa [^ ]{370}'
check 'an RSA host key: log in' expect_status 0 \
    log_in 'web key' "ubuntu@$PUBLIC" true
cloud_instance main/$region windows image=windows-2022
check 'Windows has no sshd' expect_status 255 \
    log_in 'web key' "Administrator@$PUBLIC" true
cloud_instance main/$region root image=nixos key='web key'
server=$ID
cloud_ctl host-keys root | sed "s/^/$server /" >"$known"
check 'an image whose user is root' expect_status 0 \
    log_in 'web key' "root@$PUBLIC" whoami
check 'an image whose user is root: no greeting' equals "$(out)" root
if grep -qs 00000000000000000000000000000001 /proc/net/if_inet6; then
	cloud_instance main/$region six public=no ipv6=::1 key='web key'
	server=$ID
	know "$server"
	check 'IPv6' expect_status 0 log_in 'web key' ubuntu@::1 true
	call ec2 DescribeInstances \
	    '&Filter.1.Name=ipv6-address&Filter.1.Value.1=::1'
	answers 'IPv6: the API' 200 '<ipv6Address>::1</ipv6Address>'
else
	skip 'IPv6' 'there is no ::1'
fi
for state in pending stopping shutting-down terminated; do
	cloud_instance main/$region "in-$state" state=$state
	call ec2 DescribeInstances "&InstanceId.1=$ID"
	answers "an instance that is $state" 200 "<name>$state</name>"
done
cloud_ctl state in-pending running
check 'state: on' matches "$(cloud_ctl find in-pending)" '127\.16\.'

# The other console shapes.
for style in ec2 old noise cut prints long none empty missing decoy; do
	cloud_instance main/$region "c-$style" console=$style ssh=no
	know "$ID"
	text=$(tr -d '\r\0' <"$TMP/console")
	keys=$(wc -l <"$known")
	case $style in
	ec2)	check "console $style" matches "$text" '<14>[^>]* ec2: #{61}' ;;
	old)	check "console $style" matches "$text" \
		    $'\n''ec2: 256 ([0-9a-f]{2}:){15}[0-9a-f]{2}  root@' ;;
	cut)	check "console $style" lacks "$text" 'END SSH HOST KEY KEYS' ;;
	missing) check "console $style" lacks "$(cat "$body")" '<output' ;;
	long)	check "console $style" equals "$(wc -c <"$TMP/console")" 65536 ;;
	esac
	case $style:$keys in
	ec2:2 | old:2 | noise:2 | cut:2 | prints:0 | long:0 | none:0 | \
	    empty:0 | missing:0 | decoy:3) ok "console $style: $keys keys" ;;
	*)	fail "console $style: $keys keys" "$text" ;;
	esac
done
cloud_instance main/$region xen type=t2.micro
call ec2 GetConsoleOutput "&InstanceId=$ID&Latest=true"
answers 'Latest on Xen' 400 UnsupportedOperation
cloud_ctl set snapshot=1000
call ec2 GetConsoleOutput "&InstanceId=$ID"
answers 'the snapshot comes later' 200 "<instanceId>$ID</instanceId>"
check 'the snapshot comes later: not yet' lacks "$(cat "$body")" '<output'

# Key pairs and images.
ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -C '' -f "$TMP/rsa"
cloud_ctl keypair main/$region imported public="$TMP/rsa.pub" >/dev/null
cloud_ctl keypair main/$region created private="$TMP/rsa" >/dev/null
call ec2 DescribeKeyPairs '&IncludePublicKey=true'
colons()
{
	openssl "$1" -c | sed 's/.*= *//'
}
check 'fingerprint: imported RSA' contains "$(cat "$body")" "$(
    openssl rsa -in "$TMP/rsa" -pubout -outform DER 2>/dev/null | colons md5)"
check 'fingerprint: created RSA' contains "$(cat "$body")" "$(
    openssl pkcs8 -topk8 -nocrypt -in "$TMP/rsa" -outform DER | colons sha1)"
check 'fingerprint: ED25519' contains "$(cat "$body")" "$(ssh-keygen -lf \
    "$TMP/web key.pub" | cut -d ' ' -f 2 | cut -d : -f 2)=</keyFingerprint>"
check 'the public key' contains "$(cat "$body")" \
    "<publicKey>$(cut -d ' ' -f 1,2 "$TMP/rsa.pub") imported</publicKey>"
call ec2 DescribeKeyPairs '&KeyName.1=imported&KeyName.2=nobody'
answers 'one unknown key pair fails all' 400 InvalidKeyPair.NotFound nobody
old=$(cloud_ctl image-id $region ubuntu-18.04)
images='&Filter.1.Name=image-id&Filter.1.Value.1='
call ec2 DescribeImages "$images$old"
check 'a deprecated image is hidden' lacks "$(cat "$body")" "$old"
call ec2 DescribeImages "$images$old&IncludeDeprecated=true"
answers 'a deprecated image, asked for' 200 "<imageId>$old</imageId>" \
    '<imageOwnerId>099720109477</imageOwnerId>'
cloud_ctl deregister $region "$old"
call ec2 DescribeImages "$images$old&IncludeDeprecated=true"
answers 'a deregistered image, by filter' 200 '<imagesSet/>'
call ec2 DescribeImages "&ImageId.1=$old&IncludeDeprecated=true"
answers 'a deregistered image, by id' 400 InvalidAMIID.NotFound
call ec2 DescribeRegions
answers 'DescribeRegions' 200 '<regionName>eu-west-1</regionName>'
check 'DescribeRegions: only those that are on' \
    lacks "$(cat "$body")" me-south-1

# What the tests see.
check 'the log: who, what, how' equals "$(cloud_calls \
    'c["code"] == "InvalidAMIID.NotFound"' | wc -l)" 1
check 'the log: keys' equals "$(cloud_count \
    "c['key'] == '$session' and c['code'] == 'ExpiredToken'")" 1
cloud_ctl dump account=main >"$TMP/dump"
check 'the dump' contains "$(cat "$TMP/dump")" "$elastic" '"web key"'
cloud_stop
check 'stopped: its port is free' expect_status 7 curl -s "$CLOUD_URL/"
check 'stopped: no sshd is left' equals "$(pgrep -f "$CLOUD/hosts")" ''
check 'it had nothing to complain of' equals "$(cat "$CLOUD/output")" ''
done_testing
