# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# moto_server for the scenarios, where it is installed, on top of tests/cli/lib.sh.
# Sourced:
#
# moto_start WHAT [COUNT]   Starts it, and ends it with the test.  Not installed: the
#                           test is over, with WHAT skipped.  With COUNT it checks
#                           signatures, but those of the first COUNT calls.  $port
# moto_anybody              Keys and a region for us; it takes the account from them.
# ec2 REGION PARAMETER...   A call that the program does not have.
# value ELEMENT             Of an answer.
# launch REGION NAME PARAMETER...   Prints the id.
# iam ACTION=...            Before there are keys; 'element NAME' of an answer.
# moto_checked              A user who may do all: $id, $secret.  These are three calls.

moto_start()
{
	local i
	if ! command -v moto_server >/dev/null ||
	    ! moto_server --help >/dev/null 2>&1; then
		skip "$1" 'moto_server is not installed'
		done_testing
	fi
	# It takes no port of its own choice, so that a free one has to be guessed.
	port=$((20000 + RANDOM % 12000))
	env ${2:+INITIAL_NO_AUTH_ACTION_COUNT="$2"} \
	    moto_server -H 127.0.0.1 -p $port >"$TMP/moto" 2>&1 &
	at_exit kill $!
	export AWS_ENDPOINT_URL=http://127.0.0.1:$port
	export AWS_EC2_METADATA_DISABLED=true
	for ((i = 0; i < 300; i++)); do
		curl -s -o "$TMP/.out" "$AWS_ENDPOINT_URL/moto-api/" && return
		sleep 0.1
	done
	fail 'moto_server starts' "$(cat "$TMP/moto")"
	done_testing
}

moto_anybody()
{
	mkdir -p "$HOME/.aws"
	printf '[default]\naws_access_key_id = any\naws_secret_access_key = any\n' \
	    >"$HOME/.aws/credentials"
	printf '[default]\nregion = eu-west-1\n' >"$HOME/.aws/config"
}

ec2()
{
	local region=$1 args=() word
	shift
	for word; do
		args+=(--data-urlencode "$word")
	done
	curl -s --aws-sigv4 "aws:amz:$region:ec2" -u any:any \
	    --data-urlencode Version=2016-11-15 "${args[@]}" "$AWS_ENDPOINT_URL/"
}

value()
{
	tr -d '\n' | sed -n "s|.*<$1>\\([^<]*\\)</$1>.*|\\1|p"
}

launch()
{
	local region=$1 name=$2
	shift 2
	ec2 "$region" Action=RunInstances MinCount=1 MaxCount=1 \
	    TagSpecification.1.ResourceType=instance \
	    TagSpecification.1.Tag.1.Key=Name \
	    "TagSpecification.1.Tag.1.Value=$name" "$@" | value instanceId
}

iam()
{
	curl -s --aws-sigv4 aws:amz:us-east-1:iam -u any:any \
	    -d "Version=2010-05-08&Action=$1" "$AWS_ENDPOINT_URL/"
}

element()
{
	sed -n "s|.*<$1>\\(.*\\)</$1>.*|\\1|p" | head -n 1
}

# shellcheck disable=SC2034 # for the scenario
moto_checked()
{
	local answer
	iam 'CreateUser&UserName=me' >/dev/null
	iam 'PutUserPolicy&UserName=me&PolicyName=all&PolicyDocument=%7B%22Version%22:%222012-10-17%22,%22Statement%22:%5B%7B%22Effect%22:%22Allow%22,%22Action%22:%22*%22,%22Resource%22:%22*%22%7D%5D%7D' \
	    >/dev/null
	answer=$(iam 'CreateAccessKey&UserName=me')
	id=$(element AccessKeyId <<<"$answer")
	secret=$(element SecretAccessKey <<<"$answer")
}
