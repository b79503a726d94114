#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: the inventory asks AWS when it has to and only then, says what
# it could not find out, and never takes one instance for another.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

cloud_start pending=0.1 stopping=0.1 || done_testing
inv()
{
	"$BUILD/tests/tools/inventory" "$@"
}

# field NAME: of what the last 'inv resolve' wrote
field()
{
	out | sed -n "s/^$1	//p" | head -n 1
}

described()
{
	cloud_count 'c["action"] == "DescribeInstances"'
}

cache=$HOME/.cache/pemkeep/inventory.db
# Everything in the cache is older by so many seconds.
age()
{
	python3 - "$cache" "$1" <<-'PYTHON'
	import sqlite3, sys
	db = sqlite3.connect(sys.argv[1])
	db.execute('UPDATE place SET fetched = fetched - ?, tried = tried - ?',
	    (sys.argv[2],) * 2)
	db.execute('UPDATE login SET since = since - ?, failed = failed - ?',
	    (sys.argv[2],) * 2)
	db.commit()
	PYTHON
}

cloud_account main eu-west-1
main_keys=("$KEY_ID" "$SECRET")
cloud_account other us-east-1
cloud_key main/eu-west-1 web >/dev/null
cloud_instance main/eu-west-1 myserver key=web
my=$ID address=$PUBLIC
cloud_instance main/eu-west-1 twice
cloud_instance main/eu-west-1 twice
cloud_instance main/us-east-1 far
cloud_instance other/us-east-1 theirs
export AWS_PROFILE=main

# When AWS is asked.
check 'a name, the first time' expect_status 0 inv resolve myserver
check 'its id' matches "$(field id)" "^$my	.*asked now"
check 'its address' matches "$(field address)" "^$address	"
check 'asked once' equals "$(described)" 1
check 'the second time' expect_status 0 inv resolve myserver
check 'from the cache' matches "$(field id)" "^$my	.* s ago"
check 'by its address' expect_status 0 inv resolve "$address"
check 'it is the same' matches "$(field id)" "^$my"
check 'an address of nobody' expect_status 0 inv resolve 192.0.2.1
check 'is a static host' equals "$(field instance)" ''
check 'not asked again' equals "$(described)" 1
check 'an unknown name' expect_status 4 inv resolve myservr
check 'what was searched' contains "$(err)" "profile 'main' in eu-west-1"
check 'what comes close' contains "$(err)" "did you mean 'myserver'?"
check 'asked for it' equals "$(described)" 2
check 'several, fresh' expect_status 5 inv resolve twice
check 'both are shown' equals "$(out | grep -c ^candidate)" 2
check 'not asked: fresh' equals "$(described)" 2
age 400
check 'several, stale' expect_status 5 inv resolve twice
check 'asked' equals "$(described)" 3
age 400
check 'one, stale' expect_status 0 inv resolve myserver
check 'served as it is' matches "$(field id)" ' 6 min ago'
check 'not asked' equals "$(described)" 3
check 'forced' expect_status 0 inv -f resolve myserver
check 'asked first' equals "$(described)" 4
check 'live' matches "$(field id)" 'asked now'
check 'one instance only' expect_status 0 inv -L resolve myserver
check 'with a filter' equals "$(cloud_calls \
    'c["action"] == "DescribeInstances"' | tail -n 1 | grep -c instance-id)" 1

# Where it looks.
check 'another region is not searched' expect_status 4 inv resolve far
check 'nor is another account' expect_status 4 inv resolve theirs
check 'unless it is named' expect_status 0 inv -r us-east-1 resolve far
check 'by name and region' expect_status 0 inv resolve \
    other/us-east-1/theirs
check 'which does not make it searched' expect_status 4 inv resolve theirs
check 'all regions' expect_status 0 inv -a resolve far
check 'are asked for once' expect_status 0 inv -a -o list
check 'two profiles' expect_status 0 inv -p main -p other resolve theirs
check 'another region of that name' expect_status 4 inv \
    resolve main/eu-central-1/myserver

# Two profiles of an account are one place.
cloud_profile twin 'region = eu-west-1'
cloud_keys twin "${main_keys[@]}"
rm -rf "${cache%/*}"
before=$(described)
check 'two profiles of an account' expect_status 0 inv -p main -p twin list
check 'each instance once' equals "$(out | wc -l)" 3
check 'asked once' equals "$(($(described) - before))" 1
check 'as the one that is named' expect_status 0 inv -p main -p twin \
    resolve twin/eu-west-1/myserver
check 'the profile' contains "$(field id)" "profile 'twin'"

# An address that has moved, and one that somebody else has now.
check 'stopped' cloud_ctl stop myserver
cloud_ctl wait myserver stopped
cloud_ctl start myserver
cloud_ctl wait myserver running
check 'the cache has the old one' expect_status 0 inv resolve myserver
check 'of course' matches "$(field address)" "^$address	"
check 'live' expect_status 0 inv -L resolve myserver
check 'the new one' lacks "$(field address)" "$address"
check 'is remembered' expect_status 0 inv -o resolve myserver
check 'too' lacks "$(field address)" "$address"
cloud_ctl elastic main/eu-west-1 instance=myserver >"$TMP/elastic"
check 'an Elastic IP' expect_status 0 inv -f resolve myserver
check 'is told' equals "$(field address)" "$(cat "$TMP/elastic")	Elastic IP"
cloud_ctl elastic main/eu-west-1 instance=myserver >"$TMP/elastic"
cloud_ctl deny ec2:DescribeAddresses
check 'it has lost that one, which is not said' expect_status 0 \
    inv -f -L resolve myserver
check 'the one that the instance has counts' equals "$(field address)" \
    "$(cat "$TMP/elastic")	Elastic IP"
cloud_ctl allow
inv -f refresh >/dev/null
cloud_ctl elastic main/eu-west-1 instance=myserver >"$TMP/elastic"
cloud_ctl fault replace action=DescribeInstances old="$my" \
    new=i-00000000000000abc
check 'an answer about another instance' expect_status 0 \
    inv -L resolve myserver
check 'is none' equals "$(field address)" "$(cat "$TMP/elastic")	Elastic IP"
# images CONDITION: how many the cache has
images()
{
	python3 - "$cache" "$1" <<-'PYTHON'
	import sqlite3, sys
	print(sqlite3.connect(sys.argv[1]).execute(
	    'SELECT count(*) FROM image WHERE ' + sys.argv[2]).fetchone()[0])
	PYTHON
}
rm -rf "${cache%/*}"
cloud_ctl fault replace action=DescribeImages old=ami- new=ami-bad times=0
check 'images that nobody asked for' expect_status 0 inv -f resolve myserver
cloud_ctl clear
check 'are not kept' equals "$(images "id LIKE 'ami-bad%'")" 0
check 'those that were asked for are not known' test \
    "$(images "name = ''")" -gt 0
rm -rf "${cache%/*}"
cloud_instance main/eu-west-1 mayfly
old=$ID
check 'one' expect_status 0 inv resolve mayfly
cloud_ctl state "$old" terminated
check 'that is gone' expect_status 4 inv -L resolve mayfly
check 'is said to be' contains "$(err)" "$old, which is terminated"
cloud_instance main/eu-west-1 mayfly
check 'another one of that name' expect_status 0 inv -L resolve mayfly
check 'is found' matches "$(field id)" "^$ID	"

# Names of all kinds are found by what they are, whatever else they look like.
nfd=$(printf '\341\204\211\341\205\245\341\204\207\341\205\245')
long=$(printf '\352\260\200%.0s' {1..256})
names=('user@web:22' 'a/b' "it's \"quoted\" \$(id)" $'two\nlines' \
    $'\u009b31mred' '-oProxyCommand=x' '%h %u' "$nfd" "$long" '*' 'tag:a=b')
ids=()
# XML has no ESC; this is the one of C1.
for name in "${names[@]}"; do
	cloud_instance main/eu-west-1 "$name"
	ids+=("$ID")
done
inv -f refresh >/dev/null
for i in "${!names[@]}"; do
	check "name $i" expect_status 0 inv resolve "${names[i]}"
	check "name $i: the one" matches "$(field id)" "^${ids[i]}	"
done
check 'decomposed Hangul, typed composed' expect_status 0 inv resolve 서버
check 'is the same' matches "$(field id)" "^${ids[7]}	"
check 'and as a glob' expect_status 0 inv resolve '서?'
check 'with a user' expect_status 0 inv resolve "me@$nfd:24"
check 'is split' matches "$(field user)" '^me	'

# What cannot be asked.
rm -rf "${cache%/*}"
denied()
{
	cloud_ctl deny "$1"
	inv resolve myserver
	local status=$?
	cloud_ctl allow
	return $status
}
check 'refused, nothing known' expect_status 6 denied ec2:DescribeInstances
check 'the action' contains "$(err)" ec2:DescribeInstances
check 'a literal address does without' expect_status 0 inv resolve 192.0.2.1
check 'key pairs refused' expect_status 0 denied ec2:DescribeKeyPairs
check 'found all the same' matches "$(field id)" "^$my"
check 'and said' contains "$(out)" 'trouble	main	eu-west-1	DescribeKeyPairs'
cloud_ctl deny 'ec2:*'
check 'all refused, in the cache' expect_status 0 inv -f resolve myserver
check 'not live' contains "$(field instance)" cached
check 'one that must be live' expect_status 6 inv -L resolve myserver
check 'an unknown one' expect_status 4 inv resolve nobody
check 'says what was not asked' contains "$(err)" 'not all of EC2'
cloud_ctl allow
cloud_profile wrong 'region = eu-west-1'
cloud_keys wrong AKIA0000000000000000 wrong
check 'one of two profiles fails' expect_status 0 inv -p wrong -p main list
check 'the other is there' contains "$(out)" "$my"
check 'that is said' contains "$(out)" 'trouble	wrong'
cloud_profile nowhere 'output = json'
cloud_keys nowhere "${main_keys[@]}"
check 'no region' expect_status 4 env AWS_PROFILE=nowhere \
    "$BUILD/tests/tools/inventory" resolve x
check 'is said' contains "$(out)" \
    "trouble	nowhere		no region is set for profile 'nowhere'"
check 'and that EC2 was not searched' contains "$(err)" 'not EC2;'
check 'no such profile' expect_status 4 env AWS_PROFILE=nobody \
    AWS_REGION=eu-west-1 "$BUILD/tests/tools/inventory" resolve x
check 'is said' contains "$(err)" "there is no profile 'nobody'"
cloud_profile empty 'region = eu-west-1'
check 'no credentials' expect_status 6 env AWS_PROFILE=empty \
    "$BUILD/tests/tools/inventory" resolve x
check 'says where they were looked for' contains "$(err)" .aws/credentials
check 'no network' expect_status 8 env AWS_PROFILE=twin AWS_MAX_ATTEMPTS=1 \
    AWS_ENDPOINT_URL=http://127.0.0.1:1 \
    "$BUILD/tests/tools/inventory" resolve myserver
check 'another endpoint is another world' lacks "$(out)" "$my"

# On an instance: region and keys are those of its role.
cloud_ctl role main machine trust=111122220001 >/dev/null
cloud_ctl imds main machine region=eu-west-1
mv "$HOME/.aws" "$HOME/aws.off"
on_instance()
{
	env -u AWS_PROFILE -u AWS_EC2_METADATA_DISABLED \
	    "$BUILD/tests/tools/inventory" "$@"
}
check 'nothing configured, on an instance' expect_status 0 \
    on_instance resolve myserver
check 'found' matches "$(field id)" "^$my"
mv "$HOME/aws.off" "$HOME/.aws"

# A cache in a bad state.
check 'as before' expect_status 0 inv -f resolve myserver
# garble FIRST LAST: pages of the file
garble()
{
	local i
	for ((i = $1; i <= $2; i++)); do
		printf '%4096s' x | dd of="$cache" bs=4096 seek="$i" \
		    conv=notrunc 2>/dev/null
	done
}
garble 1 40
check 'a damaged cache' expect_status 0 inv resolve myserver
check 'is asked for again' matches "$(field id)" "^$my"
check 'and good then' expect_status 0 inv -o resolve myserver
check 'without a word' lacks "$(out)" 'cache	'
garble 4 40
check 'a list from a damaged one' expect_status 0 inv list
check 'is asked for again' contains "$(out)" "$my"
check 'without a word' lacks "$(out)" trouble

# The child that refreshes.
children()
{
	pgrep -f 'pemkeep \(refresh\)' | while read -r pid; do
		grep -qzx "HOME=$HOME" "/proc/$pid/environ" 2>/dev/null &&
		    echo "$pid"
	done
}
childless()
{
	[ -z "$(children)" ]
}
# wait_until CONDITION...: for at most 5 s
wait_until()
{
	for ((i = 0; i < 250; i++)); do
		"$@" && return
		sleep 0.02
	done
	return 1
}
fresh()
{
	inv -o resolve myserver | grep -q ' s ago'
}
before=$(described)
check 'fresh' expect_status 0 inv -b resolve myserver
check 'no child' equals "$(children)" ''
age 1000
cloud_ctl fault delay action=DescribeInstances seconds=1.5 times=1
start=$(date +%s%N)
answer=$(inv -b resolve myserver) # ends when nobody holds the pipe
check 'the child holds no pipe' test $((($(date +%s%N) - start) / 1000000)) \
    -lt 1400
check 'what is old is shown' contains "$answer" 'min ago'
at_work()
{
	child=$(children)
	[ -n "$child" ]
}
check 'a child is at work' wait_until at_work
check 'one' matches "$child" '^[0-9]+$'
check 'without a terminal' equals \
    "$(readlink "/proc/$child/fd/"{0,1,2} | sort -u)" /dev/null
check 'in a session of its own' test \
    "$(ps -o sid= -p "$child" 2>/dev/null | tr -d ' ')" != \
    "$(ps -o sid= -p $$ | tr -d ' ')"
for _ in 1 2 3; do
	inv -b resolve myserver >/dev/null
done
check 'it is the only one' equals "$(children)" "$child"
check 'then it is fresh' wait_until fresh
check 'asked once' equals "$(($(described) - before))" 1
check 'the child is gone' wait_until childless
age 1000
cloud_ctl deny 'ec2:*'
check 'when it is refused' expect_status 0 inv -b resolve myserver
check 'it is quiet' wait_until childless
check 'and what is old stays' expect_status 0 inv -o resolve myserver
cloud_ctl allow

# Many at the same time.
rm -rf "${cache%/*}"
for ((i = 0; i < 8; i++)); do
	inv -f resolve myserver >"$TMP/many.$i" 2>&1 &
	pids+=($!)
done
failed=0
for pid in "${pids[@]}"; do
	wait "$pid" || failed=$((failed + 1))
done
check 'eight at once' equals "$failed" 0
check 'all found it' equals "$(grep -l "^id	$my" "$TMP"/many.* | wc -l)" 8
check 'none had trouble' equals "$(grep -h '^cache\|^trouble' \
    "$TMP"/many.*)" ''
done_testing
