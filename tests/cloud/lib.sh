# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# A cloud on loopback for the scenarios, on top of tests/cli/lib.sh.  Sourced:
#
#	. "$SRC/tests/cli/lib.sh"
#	. "$SRC/tests/cloud/lib.sh"
#	cloud_start
#	cloud_account main eu-west-1		# account and profile "main"
#	cloud_key main/eu-west-1 web		# $TMP/web, web.pub; imported there
#	cloud_instance main/eu-west-1 myserver key=web tag:env=prod
#	echo "$ID $PUBLIC $PRIVATE"
#	AWS_PROFILE=main pk list
#	cloud_ctl fault throttle action=DescribeInstances times=2
#	cloud_calls 'c["action"] == "DescribeInstances"'
#
# cloud_start [tls=good|expired|name|unknown] [SETTING=VALUE...]
#     Starts it (and ends it with the test), points AWS's variables at it, and
#     writes ~/.config/pemkeep/config with its "port" and "my-address"
#     unless there is one.
#     $CLOUD       its folder, with 'calls' (the log, one JSON object a line; see
#                  gateway.py), 'thief' (what came to $CLOUD_THIEF, where nobody
#                  should go), 'hosts/ID/log' (that sshd's log, with all attempts)
#     $CLOUD_URL   the endpoint: EC2, STS, SSM (the reading actions and those of a
#                  launch: 'grep @action tests/cloud/*.py'); also IMDS, the SSO portal, and
#                  $CLOUD_URL/checkip
#     $CLOUD_PORT  where all instances listen; it stands for 22
# cloud_stop
# cloud_ctl WORD...             one command, see below; prints its answer
# cloud_load                    commands from standard input, one a line, in shell
#                               quoting: the fast way to make many things
# cloud_account NAME [REGION]   makes the account with a user "tester", and the
#                               profile NAME.  $ACCOUNT $KEY_ID $SECRET
# cloud_profile NAME LINE...    a profile in ~/.aws/config
# cloud_keys NAME KEYID SECRET [TOKEN]   its keys in ~/.aws/credentials
# cloud_key PLACE NAME [rsa]    a key pair made here and imported
# cloud_instance PLACE NAME [OPTION...]  $ID $PUBLIC $PRIVATE
# cloud_calls [EXPRESSION]      the log's records that fit (Python; 'c' is one)
# cloud_count EXPRESSION        how many
# cloud_sso_login NAME TOKEN [EXPIRES]   as 'aws sso login' leaves it; NAME is the
#                               sso-session or the start URL
#
# Commands of cloud_ctl.  PLACE is ACCOUNT/REGION, ACCOUNT an id or a name; an
# INSTANCE is its id, its Name tag, or ACCOUNT/REGION/NAME.
#   set SETTING=VALUE...        see SETTINGS in world.py: pending, stopping, boot,
#                               console, snapshot, closed=refuse|drop, reuse, page,
#                               imds, checkip, ...
#   clock SECONDS               the cloud's clock is ahead by so much
#   account NAME [id= partition= opt-in=REGION]    ID KEYID SECRET
#   user ACCOUNT NAME [mfa=yes]                    KEYID SECRET [SERIAL]
#   mfa-code ACCOUNT USER       a code that is good now (each works once)
#   role ACCOUNT NAME trust=ACCOUNTID|ARN... [external-id= mfa=yes max=]   ARN
#   session ACCOUNT ROLE [seconds=]                KEYID SECRET TOKEN
#   expire KEYID|'*'            delete-key KEYID
#   deny SERVICE:ACTION [who=]  with wildcards;   allow    takes all that back
#   sso ACCOUNT ROLE token=     the portal gives it out for this token
#   imds ACCOUNT ROLE [region=] the metadata service gives it out
#   keypair PLACE NAME public=FILE | private=FILE | out=FILE [type=]
#                               imported | as if made by EC2 | made by EC2 now
#   delete-keypair PLACE NAME
#   group PLACE NAME [allow=tcp:22:CIDR...]        its rules; prints the id
#   instance PLACE NAME|- [OPTION...]              ID PUBLIC PRIVATE
#       image=ubuntu-24.04 (see images.py; or an id or a name) type= key= group=
#       (default: "open") state= public=ADDRESS|no private= ipv6= zone= launched=
#       user= (whom its sshd lets in) greeting=no ssh=no hostkeys=rsa,ed25519
#       console= (see console.py) protected=yes imds=optional|disabled
#       tag:KEY=VALUE...
#   bulk PLACE COUNT PREFIX [OPTION...]            PREFIX1, PREFIX2, ...
#   find INSTANCE                                  ID PUBLIC PRIVATE
#   start|stop|reboot|terminate INSTANCE           as the API does
#   reimage INSTANCE            reboots with new host keys, shown on the console
#   host-keys INSTANCE [new=yes]   what its sshd shows; new: unknown to the console
#   state INSTANCE STATE        straight there;  wait INSTANCE STATE
#   tag INSTANCE KEY [value=]
#   elastic PLACE [instance= address=]             ADDRESS
#   associate ADDRESS INSTANCE  the elastic one goes there, wherever it was
#   move INSTANCE ADDRESS       it has this automatic address now
#   stranger ADDRESS [key=FILE.pub user=]          somebody else's sshd is there
#   image REGION NAME [owner= user= public=no source= ...]   ID
#   image-id REGION ALIAS       deregister REGION IMAGE
#   fault KIND [OPTION...]      see faults.py;  faults    lists;  clear
#   dump [account=]             all resources as JSON, to compare
# A tag's or a fault's text may be any bytes.
#
# Outside of a scenario it needs $SRC, $TMP, an own $HOME, and the functions
# 'at_exit' and 'fail' of tests/lib.sh.

CLOUD=$TMP/cloud
CLOUD_PYTHON=${PYTHON:-python3}

cloud_ctl()
{
	"$CLOUD_PYTHON" -ESs "$SRC/tests/cloud/ctl.py" "$CLOUD" "$@"
}

cloud_load()
{
	cat >"$CLOUD/load" && cloud_ctl load "$CLOUD/load"
}

# cloud_certificate KIND: server.pem and server.key, and ca.pem to check it with.
cloud_certificate()
{
	local days=2 name=IP:127.0.0.1 who
	case $1 in
	expired) days=-1 ;;
	name) name=DNS:ec2.example.com ;;
	esac
	for who in ca other; do
		openssl req -x509 -newkey ec -nodes -days 2 -subj "/CN=$who" \
		    -pkeyopt ec_paramgen_curve:prime256v1 \
		    -keyout "$CLOUD/$who.key" -out "$CLOUD/$who.pem"
	done 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
	    -keyout "$CLOUD/server.key" -out "$CLOUD/server.csr" \
	    -subj /CN=cloud 2>/dev/null
	printf 'subjectAltName=%s\n' "$name" >"$CLOUD/server.ext"
	openssl x509 -req -in "$CLOUD/server.csr" -CA "$CLOUD/ca.pem" \
	    -CAkey "$CLOUD/ca.key" -CAcreateserial -days $days \
	    -extfile "$CLOUD/server.ext" -out "$CLOUD/server.pem" 2>/dev/null
	[ "$1" != unknown ] || mv "$CLOUD/other.pem" "$CLOUD/ca.pem"
}

cloud_start()
{
	local i tls=() word settings=()
	rm -rf "$CLOUD"
	mkdir -p "$CLOUD" "$HOME/.aws"
	for word; do
		case $word in
		tls=*)
			cloud_certificate "${word#*=}"
			tls=("$CLOUD/server.pem" "$CLOUD/server.key")
			export AWS_CA_BUNDLE=$CLOUD/ca.pem ;;
		*)	settings+=("$word") ;;
		esac
	done
	# Compiled modules stay out of the source tree.
	PYTHONPATH=$SRC/tests PYTHONPYCACHEPREFIX=${BUILD:-$TMP}/pycache \
	    "$CLOUD_PYTHON" -Ss -m cloud "$CLOUD" "${tls[@]}" \
	    >"$CLOUD/output" 2>&1 &
	CLOUD_PID=$!
	for ((i = 0; i < 500; i++)); do
		[ ! -f "$CLOUD/ready" ] || break
		kill -0 $CLOUD_PID 2>/dev/null || break
		sleep 0.02
	done
	if [ ! -f "$CLOUD/ready" ]; then
		fail 'the cloud starts' "$(cat "$CLOUD/output")"
		return 1
	fi
	# shellcheck disable=SC1091 # made by the server
	. "$CLOUD/ready"
	cloud_environment
	[ ${#settings[@]} = 0 ] || cloud_ctl set "${settings[@]}"
}

cloud_environment()
{
	local config=$HOME/.config/pemkeep/config
	export AWS_ENDPOINT_URL=$CLOUD_URL
	export AWS_CONFIG_FILE=$HOME/.aws/config
	export AWS_SHARED_CREDENTIALS_FILE=$HOME/.aws/credentials
	export AWS_EC2_METADATA_DISABLED=true AWS_PAGER=''
	export AWS_EC2_METADATA_SERVICE_ENDPOINT=$CLOUD_URL
	unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_REGION AWS_DEFAULT_REGION \
	    AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN \
	    AWS_SECURITY_TOKEN http_proxy https_proxy HTTPS_PROXY ALL_PROXY
	[ -e "$config" ] || {
		mkdir -p "${config%/*}"
		printf 'port = %s\nmy-address = %s\n' "$CLOUD_PORT" \
		    "$CLOUD_URL/checkip" >"$config"
	}
}

cloud_stop()
{
	[ -n "${CLOUD_PID-}" ] || return 0
	kill "$CLOUD_PID" 2>/dev/null
	wait "$CLOUD_PID" 2>/dev/null
	CLOUD_PID=
}
at_exit cloud_stop

cloud_profile()
{
	local name=$1
	shift
	[ "$name" = default ] || name="profile $name"
	printf '%s\n' "[$name]" "$@" >>"$AWS_CONFIG_FILE"
}

cloud_keys()
{
	{
		printf '[%s]\naws_access_key_id = %s\n' "$1" "$2"
		printf 'aws_secret_access_key = %s\n' "$3"
		[ -z "${4-}" ] || printf 'aws_session_token = %s\n' "$4"
	} >>"$AWS_SHARED_CREDENTIALS_FILE"
}

cloud_account()
{
	local line
	line=$(cloud_ctl account "$1") || return
	# shellcheck disable=SC2034 # for the scenario
	read -r ACCOUNT KEY_ID SECRET <<<"$line"
	cloud_profile "$1" ${2:+"region = $2"}
	cloud_keys "$1" "$KEY_ID" "$SECRET"
}

cloud_key()
{
	[ -f "$TMP/$2" ] || ssh-keygen -q -t "${3:-ed25519}" \
	    ${3:+-b 2048 -m PEM} -N '' -C "$2" -f "$TMP/$2" || return
	cloud_ctl keypair "$1" "$2" public="$TMP/$2.pub"
}

cloud_instance()
{
	local line
	line=$(cloud_ctl instance "$@") || return
	# shellcheck disable=SC2034 # for the scenario
	read -r ID PUBLIC PRIVATE <<<"$line"
}

cloud_calls()
{
	"$CLOUD_PYTHON" -ESsc 'import json, sys
for line in open(sys.argv[1], encoding="utf-8"):
    c = json.loads(line)
    if eval(sys.argv[2]):
        sys.stdout.write(line)' "$CLOUD/calls" "${1:-True}"
}

cloud_count()
{
	cloud_calls "$1" | wc -l
}

cloud_sso_login()
{
	local folder=$HOME/.aws/sso/cache name
	name=$(printf %s "$1" | sha1sum)
	mkdir -p "$folder"
	printf '{"startUrl": "https://example.awsapps.com/start", "region": %s' \
	    '"us-east-1", ' >"$folder/${name%% *}.json"
	printf '"accessToken": "%s", "expiresAt": "%s"}\n' "$2" \
	    "${3:-2099-01-01T00:00:00Z}" >>"$folder/${name%% *}.json"
}
