#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: a launch that cannot be, or that goes wrong half-way, says what
# there is now, what of it costs money, and how to go on or have nothing left; what
# is somebody else's stays as it is; and no host key is taken without proof.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

cloud_start pending=0.05 stopping=0.05 || done_testing
cloud_account main eu-west-1
export AWS_PROFILE=main
new_vault
ssh-keygen -q -t ecdsa -N '' -C ec -f ec
ssh-keygen -q -t ed25519 -N '' -C mine -f mine
ssh-keygen -q -t ed25519 -N '' -C theirs -f theirs
pk -q import ec mine
cloud_ctl keypair main/eu-west-1 mine public="$TMP/theirs.pub"
printf '[launch]\nwait = 4s\n' >>"$HOME/.config/pemkeep/config"
cloud_ctl dump >before

# shellcheck disable=SC2120 # check hands it arguments
l()
{
	pk launch web --image debian-12 --yes "$@"
}
# The account has what it had; what a failure has left of the scene goes first.
as_before()
{
	cloud_ctl dump >now
	cmp before now
}
# goes_back NAME: --undo has nothing left
goes_back()
{
	check "$1: undo" expect_status 0 pk launch --undo web --yes
	check "$1: then it is as before" as_before
	check "$1: and no journal is left" equals \
	    "$(find "$state/launches" -name '*.json')" ''
}

# What is refused before anything is made.
while IFS='|' read -r status part line; do
	eval "set -- $line"
	check "refused: $line" refused "$status" "$part" -- \
	    pk launch --yes "$@"
done <<'END'
2|which image|web
2|there is no image 'ubuntu'|web --image ubuntu
2|there is no image 'ami'|web --image ami
2|there is no image 'name:'|web --image name:
4|there is no image 'ami-0123456789abcdef0'|web --image ami-0123456789abcdef0
4|there is no image 'name:nothing-*'|web --image 'name:nothing-*'
4|there is no image 'name:debian-12-amd64-*'|web --image 'name:debian-12-amd64-*'
4|no image for the alias 'amazon-linux-2-arm64'|web --image amazon-linux-2-arm64
4|there is no type 't9.huge'|web --image debian-12 --type t9.huge
1|is for x86_64|web --image debian-12 --type t4g.micro
1|is for arm64|web --image debian-12-arm64 --type t2.micro
4|there is no subnet 'subnet-x'|web --image debian-12 --subnet subnet-x
2|one region|web --image debian-12 --region eu-west-1,us-east-1
2|one region|web --image debian-12 --all-regions
2|is not a region|web --image debian-12 --region Mars
2|'0': it begins with a port|web --image debian-12 --open 0
2|'65536': it begins with a port|web --image debian-12 --open 65536
2|'80-70': the range|web --image debian-12 --open 80-70
2|'80:everybody': behind the port|web --image debian-12 --open 80:everybody
2|'80:10.0.0.0/33': behind the port|web --image debian-12 --open 80:10.0.0.0/33
2|'ssh': it begins with a port|web --image debian-12 --open ssh
2|it is KEY=VALUE|web --image debian-12 --tag env
2|'Name' is set by the launch|web --image debian-12 --tag Name=x
2|is set by AWS alone|web --image debian-12 --tag aws:x=y
2|is set by the launch|web --image debian-12 --tag pemkeep:launch=y
2|given twice|web --image debian-12 --tag a=b --tag a=c
2|from 1 on|web --image debian-12 --disk 0
2|16384 GiB|web --image debian-12 --disk 20000
2|exclude each other|web --image debian-12 --key mine --key-from-aws
2|exclude each other|web --resume --undo
2|--connect|web uptime --image debian-12
2|--plan does nothing else|web --image debian-12 --plan --connect
4|'nokey'|web --image debian-12 --key nokey
1|'ec' is ecdsa|web --image debian-12 --key ec
1|is another key than 'mine'|web --image debian-12 --key mine
1|RSA keys only|web --image windows-2022 --key mine
4|no-such-file|web --image debian-12 --user-data no-such-file
1|no regular file|web --image debian-12 --user-data .
2|a name has|'' --image debian-12
2|characters that no name|$'a\eb' --image debian-12
2|begins or ends|' web' --image debian-12
4|no launch of 'web'|web --resume
4|no launch of 'web'|web --undo
END
head -c 20000 /dev/zero >large
check 'user data that is too long' refused 1 "'large'" -- l --user-data large
check 'all of that has made nothing' as_before
cloud_ctl set default_vpc=0
check 'no default VPC' refused 4 'eu-west-1 has no default VPC' -- l
cloud_ctl set default_vpc=1
check 'my address cannot be found out' bash -c '
	sed "s,^my-address.*,my-address = http://127.0.0.1:9/," "$1" >"$1.new" &&
	mv "$1" "$1.old" && mv "$1.new" "$1"' - "$HOME/.config/pemkeep/config"
check 'my address: says so' refused 8 "public address could not be found out" -- l
check 'my address: not needed' expect_status 0 l --plan --open 22:10.0.0.1
mv "$HOME/.config/pemkeep/config.old" "$HOME/.config/pemkeep/config"
cloud_ctl set checkip='<html>'
check 'my address: no address' refused 8 'it does not say one' -- l
cloud_ctl set checkip=
check 'the vault is locked' bash -c '"$0" -q lock' "$PEMKEEP"
PEMKEEP_PASSPHRASE_FILE=$TMP/none check 'the vault is locked: nothing is begun' \
    expect_status 3 l --no-input
check 'a name of an image that a terminal would obey' equals "$(
    cloud_ctl image eu-west-1 $'mine-\e[31m\u202e' owner=main >/dev/null
    pk launch web --image 'name:mine-*' --plan >shown; echo $?)" 0
check 'it is shown safely' safe shown
check 'still nothing' as_before

# The id of the instance that is being launched; "" when it never comes.
launched()
{
	local i id
	for ((i = 0; i < 300; i++)); do
		id=$(sed -n 's/^ *"instance": "\(i-[0-9a-f]*\)".*/\1/p' \
		    "$state"/launches/web-*.json 2>/dev/null)
		[ -z "$id" ] || break
		sleep 0.02
	done
	echo "$id"
}

# Half-way: what each leaves is said.
left()
{
	local name=$1 status=$2
	shift 2
	check "$name" expect_status "$status" l
	check "$name: says what there is, what it costs, how to go on" contains \
	    "$(err)" "$@" "pemkeep launch --resume 'web' goes on" \
	    "pemkeep launch --undo 'web' removes it"
	check "$name: safely" safe "$TMP/.err"
}
cloud_ctl set vcpus=0
left 'a limit of vCPUs' 1 VcpuLimitExceeded "key pair 'web' (key-" \
    "security group 'pemkeep-web' (sg-" "the key 'web' is in the vault"
check 'a limit: no instance is spoken of' lacks "$(err)" 'instance i-' perhaps
cloud_ctl set vcpus=1000
check 'an unfinished one is in the way' refused 1 'not complete' -- l --again
goes_back 'a limit of vCPUs'
cloud_ctl set addresses=0
left 'a limit of addresses' 1 AddressLimitExceeded 'instance i-' \
    'which costs money while it runs (t2.micro)'
cloud_ctl set addresses=5
check 'a limit of addresses: resume' expect_status 0 pk launch --resume web --yes
check 'then it is there' matches "$(out)" '^i-[0-9a-f]+ 127\.64\.'
check 'then there is nothing to go on with' expect_status 4 \
    pk launch --resume web --yes
pk -q terminate web --yes >/dev/null 2>&1
check 'terminate: as before' as_before
cloud_ctl deny ec2:RunInstances
left 'a permission is missing' 1 "ec2:RunInstances" 'security group'
check 'the permission: without it again' expect_status 1 \
    pk launch --resume web --yes
cloud_ctl allow
goes_back 'a permission is missing'
cloud_ctl fault throttle action=CreateSecurityGroup times=9
left 'throttled' 1 RequestLimitExceeded "key pair 'web'"
cloud_ctl clear
goes_back 'throttled'
cloud_ctl fault deny action=AssociateAddress
left 'the address is not associated' 1 'Elastic IP 127.64.' \
    '$0.005 an hour' 'instance i-'
goes_back 'the address is not associated'
cloud_ctl fault deny action=AssociateAddress
l >/dev/null 2>&1
cloud_ctl fault deny action=ReleaseAddress
check 'undo that fails' expect_status 1 pk launch --undo web --yes
check 'undo: says what stays and costs' contains "$(err)" 'Elastic IP' stays \
    '$0.005 an hour' "pemkeep launch --undo 'web' removes it"
check 'undo: what is being undone is not gone on with' expect_status 1 \
    pk launch --resume web --yes
goes_back 'undo once more'

# The instance dies; its SSH server never answers; nobody proves who it is.
cloud_ctl set pending=60
"$PEMKEEP" launch web --image debian-12 --yes >said 2>&1 &
cloud_ctl state "$(launched)" terminated
wait $!
check 'it dies while pending' equals "$?" 1
check 'it dies: says so' contains "$(cat said)" 'is terminated' --undo
cloud_ctl set pending=0.05
goes_back 'it dies while pending'
cloud_ctl set boot=1000
left 'no SSH server' 1 'has not answered' 'get-console-output' \
    'which costs money while it runs' 'Elastic IP'
cloud_ctl set boot=0
goes_back 'no SSH server'
cloud_ctl set console=1000 snapshot=1000
rm -f "$state/known_hosts"
left 'no proof' 1 'nothing has proven its host key' 'connect i-' 'instance i-'
check 'no proof: the key was not taken' test ! -s "$state/known_hosts"
check 'no proof: nobody has logged in' equals \
    "$(grep -c 'Accepted publickey' "$CLOUD/hosts/$(launched)/log")" 0
TERM=xterm check 'no proof, on a terminal: asks, no' "$PYTHON" \
    "$SRC/tests/tools/onterminal.py" 'expect=waiting for its console' \
    'expect=Go on .*fingerprint\)\? ' 'send=no\r' 'expect=was not accepted' \
    'expect=Go on with it \(g\)' 'send=l\r' status=1 -- \
    "$PEMKEEP" launch --resume web
TERM=xterm check 'no proof, on a terminal: asks, yes' "$PYTHON" \
    "$SRC/tests/tools/onterminal.py" 'expect=Go on .*fingerprint\)\? ' \
    'send=yes\r' "expect='web' is ready" status=0 -- \
    "$PEMKEEP" launch --resume web
pk -q terminate web --yes >/dev/null 2>&1
rm -f "$state/known_hosts"
cloud_ctl set console=0 snapshot=0 boot=3
"$PEMKEEP" launch web --image debian-12 --yes >said 2>&1 &
id=$(launched)
cloud_ctl wait "$id" running
cloud_ctl host-keys "$id" new=yes >/dev/null
wait $!
check 'another host key than the console shows' equals "$?" 1
check 'it is an alarm' contains "$(cat said)" 'is NOT one that the console'
check 'the alarm: at once' lacks "$(cat said)" 'waiting for its console'
check 'the alarm: nobody has logged in, no key was taken' equals "$(
    cat "$state/known_hosts" 2>/dev/null
    grep -c 'Accepted publickey' "$CLOUD/hosts/$id/log")" 0
cloud_ctl set boot=0
goes_back 'another host key'

# The journal.
check 'it cannot be written: nothing is begun' bash -c '
	rm -rf "$1/launches" && : >"$1/launches"
	"$0" launch web --image debian-12 --yes >said 2>&1; [ $? = 1 ]' \
    "$PEMKEEP" "$state"
rm -f "$state/launches"
check 'it cannot be written: as before' as_before
"$PEMKEEP" -q unlock
bash -c 'ulimit -f 0; exec "$0" launch web --image debian-12 --yes' \
    "$PEMKEEP" 2>&1 | cat >said
check 'a full disk: says so' contains "$(cat said)" 'pemkeep: ' 'launches/web-'
check 'a full disk: nothing is begun' as_before
cloud_ctl fault delay action=CreateSecurityGroup seconds=1
"$PEMKEEP" launch web --image debian-12 --yes >said 2>&1 &
for ((i = 0; i < 200; i++)); do
	[ -n "$(cloud_ctl faults)" ] || break
	sleep 0.02
done
mv "$state/launches" "$state/aside"
: >"$state/launches"
wait $!
check 'the disk is full half-way' equals "$?" 1
check 'half-way: says what there is' contains "$(cat said)" "key pair 'web'" \
    "security group 'pemkeep-web'"
rm "$state/launches"
mv "$state/aside" "$state/launches"
check 'half-way: and it can be gone on with' expect_status 0 \
    pk launch --resume web --yes
check 'half-way: one of each' equals "$(cloud_count \
    'c["action"] == "CreateSecurityGroup" and c["done"] and c["time"] > '"$(
    stat -c %Y said)"' - 3')" 1
pk -q terminate web --yes >/dev/null 2>&1
cloud_ctl fault deny action=RunInstances
l >/dev/null 2>&1
journal=$(find "$state/launches" -name '*.json')
mode_is 0600 "$journal"
cp "$journal" good
printf '{' >"$journal"
check 'a damaged journal' refused 1 "$journal" -- pk launch --undo web --yes
sed 's/"step": [0-9]*/"step": 99/' good >"$journal"
check 'a journal that makes no sense' refused 1 'is damaged' -- \
    pk launch --undo web --yes
cp good "$journal"
chmod 666 "$journal"
check 'a journal that others can write' refused 7 'others may write' -- \
    pk launch --undo web --yes
chmod 600 "$journal"
sed 's/"account": "[0-9]*"/"account": "999999999999"/' good >"$journal"
check 'of another account' refused 6 'was begun in the account 999999999999' -- \
    pk launch --undo web --yes
cp good "$journal"
goes_back 'the journal is good again'

# Two at once, and Ctrl-C.
cloud_ctl fault delay action=RunInstances seconds=2
"$PEMKEEP" launch web --image debian-12 --yes >said 2>&1 &
for ((i = 0; i < 200; i++)); do
	[ -n "$(cloud_ctl faults)" ] || break
	sleep 0.02
done
check 'a second one of that name' expect_status 1 l
check 'the second one: says so' contains "$(err)" 'is under way at this moment'
check 'the second one cannot undo the first' expect_status 1 \
    pk launch --undo web --yes
wait $!
check 'the first one is not disturbed' equals "$?" 0
pk -q terminate web --yes >/dev/null 2>&1
cloud_ctl set pending=60
TERM=xterm check 'Ctrl-C: asks' "$PYTHON" "$SRC/tests/tools/onterminal.py" \
    'expect=Launch it\? ' 'send=y\r' 'expect=pending, 9:5' 'send=\x03' \
    'expect=interrupted' 'expect=which costs money' \
    'expect=Go on with it \(g\), undo it \(u\), or leave it' 'send=g\r' \
    'expect=pending, 9:5' 'send=\x03' 'expect=leave it as it is \(l\)\? ' \
    'send=u\r' "expect='web' is undone" status=1 cooked -- \
    "$PEMKEEP" launch web --image debian-12
cloud_ctl set pending=0.05
check 'Ctrl-C: undone' as_before

# What somebody else makes meanwhile.
between()
{
	cloud_ctl fault hang action="$1"
	shift
	"$PEMKEEP" launch web --image debian-12 --yes "$@" >said 2>&1 &
	for ((i = 0; i < 300; i++)); do
		[ -n "$(cloud_ctl faults)" ] || break
		sleep 0.02
	done
	kill -9 $!
	wait $! 2>/dev/null
}
between CreateSecurityGroup
cloud_ctl group main/eu-west-1 pemkeep-web allow=tcp:1:10.0.0.0/8 >/dev/null
cloud_ctl dump >with
check 'their group' expect_status 1 pk launch --resume web --yes
check 'their group: says so' contains "$(err)" \
    "the security group 'pemkeep-web' in eu-west-1 was made by somebody else"
check 'their group: undo' expect_status 0 pk launch --undo web --yes
cloud_ctl dump >now
check 'their group is as it was' equals "$("$PYTHON" - <<'END'
import json
def group(name):
    return [g for a in json.load(open(name)).values() for p in a.values()
            for g in p["groups"].values() if g["name"] == "pemkeep-web"]
print(group("with") == group("now") and len(group("now")))
END
)" 1
cp now before
for kind in '' --key-from-aws; do
	action=ImportKeyPair name=web-$((RANDOM + 10000))
	[ -z "$kind" ] || action=CreateKeyPair
	cloud_ctl fault hang action=$action
	# shellcheck disable=SC2086 # one word or none
	"$PEMKEEP" launch "$name" --image debian-12 --yes $kind >said 2>&1 &
	for ((i = 0; i < 300; i++)); do
		[ -n "$(cloud_ctl faults)" ] || break
		sleep 0.02
	done
	kill -9 $!
	wait $! 2>/dev/null
	cloud_ctl keypair main/eu-west-1 "$name" public="$TMP/theirs.pub"
	cloud_ctl dump >before
	check "their key pair, $action" expect_status 1 \
	    pk launch --resume "$name" --yes
	check "their key pair, $action: says so" contains "$(err)" \
	    "the key pair '$name' in eu-west-1 was made by somebody else"
	check "their key pair, $action: undo" expect_status 0 \
	    pk launch --undo "$name" --yes
	check "their key pair, $action: is as it was" as_before
done
# An answer that shows what is not ours is not believed, whatever was asked for.
cloud_ctl fault lose action=AllocateAddress when=after
cloud_ctl fault replace action=DescribeAddresses times=5 old=pemkeep:launch \
    new=pemkeep:lunch
cloud_ctl fault deny action=AllocateAddress skip=1
check 'an address without our tag' expect_status 1 l
check 'it is not taken' lacks "$(err)" 'Elastic IP 127.64.'
cloud_ctl clear
goes_back 'an address without our tag'
check 'it had nothing to complain of' equals "$(cat "$CLOUD/output")" ''
# Answers with an id that is none: it does not get into a command, and what was
# made is found by its tag all the same.
while read -r action prefix status; do
	cloud_ctl fault replace action="$action" old=">$prefix-" new='>-oX$(id)' \
	    times=1
	check "$action: no id" expect_status "$status" l
	check "$action: no id: it is not shown" lacks "$(out)$(err)" '-oX$(id)'
	[ "$status" = 0 ] || check "$action: no id: it is found" \
	    expect_status 0 pk launch --resume web --yes
	check "$action: no id: terminate" expect_status 0 pk -y terminate web
	check "$action: no id: then it is as before" as_before
	cloud_ctl clear
done <<'END'
ImportKeyPair key 0
CreateSecurityGroup sg 0
RunInstances i 1
AllocateAddress eipalloc 0
END
cloud_ctl fault replace action=CreateKeyPair old='>key-' new='>-oX$(id)' times=1
check 'CreateKeyPair: no id' expect_status 0 l --key-from-aws
check 'CreateKeyPair: no id: terminate' expect_status 0 pk -y terminate web
check 'CreateKeyPair: no id: then it is as before' as_before
cloud_ctl clear

# Gone on with: what is open for me is known as mine, and closed when I move.
cloud_ctl fault deny action=AuthorizeSecurityGroupIngress
check 'the ports are not opened' expect_status 1 l
check 'the ports are not opened: go on' expect_status 0 \
    pk launch --resume web --yes
cloud_ctl set checkip=203.0.113.9
check 'my address moves' expect_status 0 pk allow web
check 'it is not open to the one before' contains "$(err)" \
    'not open to 127.0.0.1/32 any more'
cloud_ctl set checkip=127.0.0.1
check 'my address moves: terminate' expect_status 0 pk -y terminate web
check 'my address moves: then it is as before' as_before
done_testing
