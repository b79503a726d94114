#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: keys come from where aws-cli would take them: environment,
# files, roles (chains, MFA, external id), SSO, a program, the instance; each
# provider is asked over HTTP as AWS wants it, once, and is believed only where
# it should be; what cannot be had is said with the next step.  Temporary keys of
# aws-cli are used, and kept for it only on demand.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

cloud_start || done_testing
tool=$BUILD/tests/tools/awskeys
kept=$HOME/.aws/cli/cache

# gives NAME PART... -- ARGUMENT...: the tool finds keys with these parts
gives()
{
	local name=$1 parts=()
	shift
	while [ "$1" != -- ]; do
		parts+=("$1")
		shift
	done
	check "$name: status" expect_status 0 "$tool" "${@:2}"
	check "$name: keys" contains "$(out)" "${parts[@]}"
}

# fails STATUS NAME PART... -- ARGUMENT...: it does not, and says why
fails()
{
	local status=$1 name=$2 parts=()
	shift 2
	while [ "$1" != -- ]; do
		parts+=("$1")
		shift
	done
	check "$name: status" expect_status "$status" "$tool" "${@:2}"
	check "$name: words" contains "$(out)" "${parts[@]}"
}

# id_of: that of the last keys
id_of()
{
	out | sed -n 's/.*"id": "\([^"]*\)".*/\1/p'
}

# asked SERVICE [EXPRESSION]: how many calls there have been since the last time
echo 0 >"$TMP/seen"
asked()
{
	tail -n "+$(($(cat "$TMP/seen") + 1))" "$CLOUD/calls" >"$TMP/new"
	wc -l <"$CLOUD/calls" >"$TMP/seen"
	"$CLOUD_PYTHON" -ESsc 'import json, sys
print(sum(1 for line in open(sys.argv[1], encoding="utf-8")
          for c in [json.loads(line)] if eval(sys.argv[2])))' \
	    "$TMP/new" "c['service'] == '$1'${2:+ and ($2)}"
}

cloud_account main eu-west-1
main=$ACCOUNT main_key=$KEY_ID
cloud_account other us-east-1
other=$ACCOUNT

# --- static keys: nobody is asked
gives 'the credentials file' "\"id\": \"$KEY_ID\"" \
    "profile 'other' in '$HOME/.aws/credentials'" -- other
AWS_PROFILE=other gives 'AWS_PROFILE' "\"id\": \"$KEY_ID\"" --
AWS_ACCESS_KEY_ID=ENV AWS_SECRET_ACCESS_KEY=s AWS_PROFILE=other \
    gives 'the environment' '"id": "ENV"' 'the environment' --
check 'nobody was asked' equals "$(wc -l <"$CLOUD/calls")" 0

# --- roles
arn=$(cloud_ctl role main admin trust="$main" max=7200)
cloud_profile admin "role_arn = $arn" 'source_profile = main' \
    'duration_seconds = 7200' 'role_session_name = me@example.com'
asked sts >"$TMP/null"
gives 'a role' '"id": "ASIA' "\"account\": \"$main\"" "role '$arn'" -- \
    -n 3 admin
check 'a role: asked once' equals "$(asked sts "c['action'] == 'AssumeRole' \
    and c['status'] == 200 and c['key'] == '$main_key' \
    and c['params']['RoleArn'] == '$arn' \
    and c['params']['RoleSessionName'] == 'me@example.com' \
    and c['params']['DurationSeconds'] == '7200'")" 1
check 'a role: nothing is kept' expect_status 2 ls "$kept"

chained=$(cloud_ctl role other deep trust="$arn" external-id='x /+&=é')
cloud_profile deep "role_arn = $chained" 'source_profile = admin' \
    'external_id = x /+&=é' 'region = ap-northeast-2'
gives 'a chain of roles' "\"account\": \"$other\"" "role '$chained'" -- deep
check 'a chain of roles: asked twice' equals "$(asked sts "c['status'] == 200 \
    and c['region'] == 'ap-northeast-2'")" 2
gives 'both' "role '$arn'" "role '$chained'" -- admin deep
check 'both: the one of both is asked for once' equals "$(asked sts)" 2

cloud_profile wrong-id "role_arn = $chained" 'source_profile = admin'
fails 6 'the external id is missing' 'AssumeRole' 'sts:AssumeRole' -- wrong-id
cloud_profile self "role_arn = $arn" 'source_profile = self'
cloud_keys self "$main_key" \
    "$(sed -n '/^\[main\]/,/^$/s/aws_secret_access_key = //p' \
	"$HOME/.aws/credentials" | head -n 1)"
gives 'its own source' "role '$arn'" -- self
cloud_profile by-env "role_arn = $arn" 'credential_source = Environment'
fails 6 'the environment as a source, empty' 'credential_source = Environment' \
    AWS_ACCESS_KEY_ID -- by-env
secret=$(sed -n 's/aws_secret_access_key = //p' "$HOME/.aws/credentials" |
    head -n 1)
AWS_ACCESS_KEY_ID=$main_key AWS_SECRET_ACCESS_KEY=$secret \
    gives 'the environment as a source' "role '$arn'" -- by-env
cloud_profile stale "role_arn = $arn" 'source_profile = gone'
cloud_keys gone AKIAGONE00000000GONE secret
fails 6 'a source that AWS does not know' InvalidClientTokenId -- stale

# --- MFA
read -r id secret serial <<<"$(cloud_ctl user main me mfa=yes)"
cloud_keys me "$id" "$secret"
guarded=$(cloud_ctl role main guarded trust="$main" mfa=yes)
cloud_profile guarded "role_arn = $guarded" 'source_profile = me' \
    "mfa_serial = $serial"
asked sts >"$TMP/null"
fails 6 'nobody can be asked for a code' "the MFA device '$serial'" \
    'nobody to ask' -- guarded
fails 6 'no code is given' 'no code was given' -- -m '' guarded
fails 6 'that is no code' 'no MFA code' -- -m 'abc def' guarded
check 'without a code AWS is not asked' equals "$(asked sts)" 0
gives 'a code' "role '$guarded'" -- -n 2 -m "$(cloud_ctl mfa-code main me)" \
    guarded
check 'a code: the question' equals "$(err | sed 's/: [0-9]*$//')" \
    "Enter MFA code for $serial"
fails 6 'a wrong code' 'invalid MFA one time pass code' -- -n 2 -m 000000 \
    guarded
check 'a wrong code: asked once' equals "$(err | wc -l)" 1

# --- what aws-cli keeps
gives 'kept' "role '$guarded'" -- -c -m "$(cloud_ctl mfa-code main me)" guarded
id=$(id_of)
file=$(printf '{"RoleArn": "%s", "SerialNumber": "%s"}' "$guarded" "$serial" |
    sha1sum)
file=$kept/${file%% *}.json
check 'kept: the file' mode_is 0600 "$file"
check 'kept: the folder' mode_is 0700 "$kept"
check 'kept: nothing else' equals "$(ls -A "$kept")" "${file##*/}"
asked sts >"$TMP/null"
gives 'kept, and used' "\"id\": \"$id\"" 'kept by aws-cli' \
    "\"account\": \"$main\"" -- guarded
check 'kept, and used: nobody was asked' equals "$(asked sts)" 0
sed -i 's/"Expiration": "[^"]*"/"Expiration": "2020-01-01T00:00:00Z"/' "$file"
gives 'kept too long' "role '$guarded'" -- -m "$(cloud_ctl mfa-code main me)" \
    guarded
check 'kept too long: as it was' contains "$(cat "$file")" 2020
chmod 777 "$kept"
gives 'a folder for all' "role '$arn'" -- -c admin
check 'a folder for all: nothing is kept there' contains "$(err)" \
    'warning: the credentials were not kept' 'others may write'
check 'a folder for all: one file as before' equals "$(ls -A "$kept")" \
    "${file##*/}"
chmod 700 "$kept"
with=
for python in "$PYTHON" python3 /usr/bin/python3; do
	command -v "$python" >/dev/null || continue
	"$python" -c 'import botocore' 2>/dev/null && with=$python && break
done
if [ -z "$with" ]; then
	skip 'botocore uses what we keep' 'no Python here has botocore'
else
	check 'kept for botocore' expect_status 0 "$tool" -c admin
	id=$(id_of)
	cat >"$TMP/kept.py" <<'END'
import os
import botocore.session
from botocore.utils import JSONFileCache
session = botocore.session.Session(profile='admin')
provider = session.get_component('credential_provider')
provider.get_provider('assume-role').cache = JSONFileCache(
    os.path.expanduser('~/.aws/cli/cache'))
print(session.get_credentials().get_frozen_credentials().access_key)
END
	check 'botocore uses what we keep' equals \
	    "$("$with" "$TMP/kept.py" 2>&1)" "$id"
fi
rm -rf "$kept"

# --- SSO, in both forms
cloud_ctl sso main Reader token=sso-token-1
cloud_profile sso 'sso_session = corp' "sso_account_id = $main" \
    'sso_role_name = Reader'
cat >>"$AWS_CONFIG_FILE" <<'END'
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://example.awsapps.com/start
END
cloud_profile old-sso 'sso_start_url = https://example.awsapps.com/start#/' \
    'sso_region = us-east-1' "sso_account_id = $main" 'sso_role_name = Reader'
login='run `aws sso login --profile sso`'
fails 6 'SSO before the login' 'has not begun' "$login" -- sso
cloud_sso_login corp sso-token-1
asked sso >"$TMP/null"
gives 'SSO' '"id": "ASIA' "\"account\": \"$main\"" "SSO role 'Reader'" -- \
    -n 2 sso
check 'SSO: asked once' equals "$(asked sso "c['status'] == 200")" 1
gives 'SSO, kept' "SSO role 'Reader'" -- -c sso
id=$(id_of)
gives 'SSO, kept and used' "\"id\": \"$id\"" 'kept by aws-cli' -- sso
file=$(printf '{"accountId":"%s","roleName":"Reader","sessionName":"corp"}' \
    "$main" | sha1sum)
check 'SSO, kept as aws-cli does' contains "$(cat "$kept/${file%% *}.json")" \
    '"ProviderType": "sso"'
rm -rf "$kept"
fails 6 'SSO, older form, before the login' 'has not begun' -- old-sso
cloud_sso_login 'https://example.awsapps.com/start#/' sso-token-1
gives 'SSO, older form' "SSO role 'Reader'" -- old-sso
cloud_sso_login corp sso-token-1 2020-01-01T00:00:00UTC
asked sso >"$TMP/null"
fails 6 'SSO: expired' 'has expired' "$login" -- sso
check 'SSO: expired, so nobody is asked' equals "$(asked sso)" 0
cloud_sso_login corp revoked
fails 6 'SSO: the portal does not know the token' 'is not valid any more' \
    "$login" -- sso
cloud_sso_login corp sso-token-1
cloud_profile sso-2 'sso_session = corp' "sso_account_id = $main" \
    'sso_role_name = No such/role&x=1'
fails 6 'SSO: no such role' "does not give you role 'No such/role&x=1'" -- sso-2
cloud_ctl fault status service=sso times=2
gives 'SSO: in trouble, twice' "SSO role 'Reader'" -- sso
cloud_ctl fault status service=sso times=3
fails 8 'SSO: in trouble' 'answers with status 500' -- sso
cloud_ctl fault html service=sso status=200
fails 8 'SSO: HTML' 'is no JSON' -- sso
cloud_ctl fault redirect service=sso
fails 8 'SSO: a redirect' 'answers with status 307' -- sso
check 'SSO: the token goes nowhere else' equals "$(cat "$CLOUD/thief")" ''
cloud_ctl clear
# a source of a role that is SSO
cloud_ctl role main from-sso trust="arn:aws:iam::$main:role/Reader" \
    >"$TMP/null"
cloud_profile from-sso "role_arn = arn:aws:iam::$main:role/from-sso" \
    'source_profile = sso'
gives 'a role behind SSO' "role/from-sso'" -- from-sso

# --- credential_process
cloud_profile process "credential_process = sh -c 'printf %s \"\$0\"; \
echo >>\"$TMP/runs\"' '{\"Version\": 1, \"AccessKeyId\": \"PROC\", \
\"SecretAccessKey\": \"s\"}'"
gives 'a program' '"id": "PROC"' '"expires": 0' -- -n 3 process
check 'a program: run once' equals "$(wc -l <"$TMP/runs")" 1
cloud_profile no-shell 'credential_process = echo $(id) ; touch x && false'
fails 1 'no shell' 'is no JSON' -- no-shell
check 'no shell: nothing else ran' expect_status 1 test -e x
cloud_profile broken "credential_process = sh -c 'echo why >&2; exit 9'"
fails 1 'a program that fails' 'exit status 9: why' -- broken

# --- the instance
cloud_ctl imds other web region=sa-east-1
unset AWS_EC2_METADATA_DISABLED
asked imds >"$TMP/null"
gives 'the instance' '"id": "ASIA' "role 'web' of this instance" -- -n 2
check 'the instance: version 2' equals "$(asked imds "c['status'] == 200")" 3
http_proxy=http://127.0.0.1:1 HTTP_PROXY=http://127.0.0.1:1 \
    ALL_PROXY=http://127.0.0.1:1 \
    gives 'the instance: not through a proxy' "role 'web'" --
check 'the region of the instance' expect_status 0 "$tool" -R
check 'the region of the instance: which' contains "$(out)" sa-east-1
asked imds >"$TMP/null"
gives 'not when there are others' "\"id\": \"$main_key\"" -- main
check 'not when there are others: not asked' equals "$(asked imds)" 0
cloud_profile by-instance \
    "role_arn = $(cloud_ctl role other via trust="$other")" \
    'credential_source = Ec2InstanceMetadata'
gives 'the instance as a source' "role/via'" -- by-instance
for mode in v1 off denied; do
	cloud_ctl set imds=$mode
	asked imds >"$TMP/null"
	fails 6 "the instance: $mode" 'the instance metadata service (status 40' \
	    --
	check "the instance: $mode, no version 1" equals \
	    "$(asked imds "c['action'] != 'Token'")" 0
done
cloud_ctl set imds=v2
cloud_ctl fault hang service=imds times=0
before=$(date +%s%N)
fails 6 'the instance: silence' 'the instance metadata service (' --
took=$((($(date +%s%N) - before) / 1000000))
check "the instance: silence, $took ms" [ $took -lt 1500 ]
fails 4 'the region of a silent instance' 'does not say a region' -- -R
cloud_ctl clear
AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1 \
    fails 6 'no instance' 'looked at: AWS_ACCESS_KEY_ID' credentials config \
    'the instance metadata service' --
AWS_EC2_METADATA_DISABLED=TRUE fails 6 'switched off' \
    'AWS_EC2_METADATA_DISABLED is set' --
export AWS_EC2_METADATA_DISABLED=true

# At its own address, where nobody is asked but by a network of our own.
cat >"$TMP/imds.py" <<'END'
import http.server
import subprocess
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        self.reply('token' if self.path == '/latest/api/token' else '')

    def do_GET(self):
        roles = '/latest/meta-data/iam/security-credentials/'
        if self.headers['x-aws-ec2-metadata-token'] != 'token':
            self.reply('')
        else:
            self.reply({roles: 'web\n', roles + 'web': """{"Code": "Success",
"AccessKeyId": "ASIAREAL", "SecretAccessKey": "s", "Token": "t",
"Expiration": "2099-01-01T00:00:00Z"}"""}.get(self.path, ''))

    def reply(self, text):
        self.send_response(200 if text else 404)
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(('169.254.169.254', 80), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.exit(subprocess.run(sys.argv[1:]).returncode)
END
own_network()
{
	env -u AWS_EC2_METADATA_SERVICE_ENDPOINT \
	    -u AWS_EC2_METADATA_DISABLED http_proxy=http://127.0.0.1:1 \
	    all_proxy=http://127.0.0.1:1 \
	    unshare -rn sh -c 'ip link set lo up &&
	    ip addr add 169.254.169.254/32 dev lo && exec "$@"' sh "$@"
}
if own_network true 2>/dev/null; then
	check 'the real address' expect_status 0 own_network "$PYTHON" \
	    "$TMP/imds.py" "$tool"
	check 'the real address: keys' contains "$(out)" '"id": "ASIAREAL"'
else
	skip 'the real address' 'no network namespaces here, or no ip(8)'
fi

# --- files that others can write to
chmod 666 "$AWS_SHARED_CREDENTIALS_FILE"
gives 'a file for all' "\"id\": \"$main_key\"" -- main
check 'a file for all: a warning' contains "$(err)" 'others can write to' \
    "$AWS_SHARED_CREDENTIALS_FILE"
chmod 600 "$AWS_SHARED_CREDENTIALS_FILE"

# --- all of that stays here
unset AWS_EC2_METADATA_DISABLED
cloud_profile nothing 'region = eu-west-1'
if strace -o /dev/null true 2>/dev/null; then
	strace -f -e trace=connect,sendto,execve -o "$TMP/trace" "$tool" \
	    deep sso process main nothing >"$TMP/null"
	check 'the way out: all were asked' contains "$(cat "$TMP/trace")" \
	    "htons(${CLOUD_URL##*:})" '"sh", "-c"'
	check 'the way out: nothing but loopback' equals "$(grep -E \
	    'sin6?_addr' "$TMP/trace" | grep -v '"127\.')" ''
	check 'the way out: one program, which is configured' equals \
	    "$(grep -c 'execve(' "$TMP/trace")" \
	    "$(($(grep -c 'execve(.*"sh", "-c"' "$TMP/trace") + 1))"
else
	skip 'the way out' 'strace does not work here'
fi
export AWS_EC2_METADATA_DISABLED=true

# --- where nothing is
HOME=$TMP/nobody AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=x \
    fails 6 'nothing at all' "looked at: AWS_ACCESS_KEY_ID, 'x', '/dev/null'" \
    'aws configure' --
check 'no keys on standard error' lacks "$(cat "$CLOUD/output")" Traceback
done_testing
