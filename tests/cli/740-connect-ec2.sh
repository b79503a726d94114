#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: 'connect NAME' opens a session on an EC2 instance by any of its
# names, with the right user and key, asks nobody anything that a wrong name would
# make needless, starts what is stopped only when somebody says so, and on the
# second time does it without AWS.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

cloud_start pending=0.2 stopping=0.1 || done_testing
ln -s "$PEMKEEP" "$TMP/connect"
c()
{
	"$TMP/connect" "$@" </dev/null
}
term()
{
	TERM=xterm "$PYTHON" "$SRC/tests/tools/onterminal.py" "$@"
}
calls()
{
	cloud_count True
}

cloud_account main eu-west-1
cloud_account dev us-east-1
cloud_key main/eu-west-1 web >/dev/null
cloud_key dev/us-east-1 devkey rsa >/dev/null
cloud_instance main/eu-west-1 myserver key=web tag:env=prod
my=$ID address=$PUBLIC inside=$PRIVATE
cloud_instance dev/us-east-1 ours key=devkey image=amazon-linux-2023
ours=$ID
export AWS_PROFILE=main
new_vault
check 'the keys are taken in' expect_status 0 pk -q import "$TMP/web" "$TMP/devkey"

# The vault is not opened for a name that nobody knows, nor for one of several.
cloud_instance main/eu-west-1 twin key=web
twin=$ID
cloud_instance main/eu-west-1 twin key=web
pk -q lock
export PEMKEEP_PASSPHRASE_FILE=$TMP/no-such-file
check 'a wrong name' expect_status 255 c myservr
check 'a wrong name: says so, and what comes close' contains "$(err)" \
    "'myservr'" myserver
check 'a wrong name: no passphrase was wanted' lacks "$(err)" passphrase \
    no-such-file
check 'several' expect_status 255 c -o BatchMode=yes twin
check 'several: they are listed' contains "$(err)" "'twin' is 2 instances" \
    "$twin" "$ID" running
check 'several: no passphrase was wanted' lacks "$(err)" no-such-file
check 'the right name, but a locked vault' expect_status 255 c -o BatchMode=yes \
    myserver true
check 'the right name: then it is' contains "$(err)" no-such-file
export PEMKEEP_PASSPHRASE_FILE=$PASS_FILE

# By every name.
check 'by its Name tag' expect_status 0 c myserver 'whoami; echo $CLOUD_INSTANCE'
check 'it is that one, as the right user' equals "$(out)" $'ubuntu\n'"$my"
check 'the host key was proven' contains "$(err)" \
    "The host key of 'myserver' ($my) is proven by its console: SHA256:"
check 'all types of it are known now' equals \
    "$(cut -d ' ' -f 1,2 "$state/known_hosts" | sort)" \
    "[$my]:$CLOUD_PORT ecdsa-sha2-nistp256
[$my]:$CLOUD_PORT ssh-ed25519"
mode_is 0600 "$state/known_hosts"
before=$(calls)
for name in myserver "$my" "$address" "$inside" 'myse*' tag:env=prod \
    "main/eu-west-1/myserver" "ubuntu@myserver" "myserver:$CLOUD_PORT" \
    "ubuntu@main/eu-west-1/$my:$CLOUD_PORT"; do
	check "by '$name'" expect_status 0 c "$name" 'echo $CLOUD_INSTANCE'
	check "by '$name': it is that one" equals "$(out)" "$my"
	check "by '$name': nothing said" equals "$(err)" ''
done
check 'AWS was not asked about any of them' equals "$(calls)" "$before"
check 'another profile and region, by prefix' expect_status 0 \
    c dev/us-east-1/ours 'whoami; echo $CLOUD_INSTANCE'
check 'it is that one, with its own user and key' equals "$(out)" \
    $'ec2-user\n'"$ours"
check '--profile' expect_status 0 c --profile dev ours true
check '--profile, --region' expect_status 255 c --profile dev \
    --region=us-west-2 ours true
check 'connect --region: what is no region' expect_status 255 \
    c --region Mars ours true
check 'it says so' contains "$(err)" "'Mars' is not a region"
check 'one of several, chosen at the terminal' env PATH=/usr/sbin:/bin \
    TERM=xterm "$PYTHON" "$SRC/tests/tools/onterminal.py" \
    'expect=which one \(1-2\)\? ' 'send=2\r' 'expect=chosen i-' status=0 -- \
    "$TMP/connect" twin 'sleep 1; echo chosen $CLOUD_INSTANCE'

# Warm: no AWS, and not even its library.
strace -f -qq -e trace=openat,connect,execve -o "$TMP/trace" \
    "$TMP/connect" myserver true </dev/null 2>"$TMP/trace.err"
if [ -s "$TMP/trace" ]; then
	check 'warm: libcurl stays where it is' lacks "$(cat "$TMP/trace")" \
	    libcurl
	check 'warm: nothing but the instance and our own sockets is connected to' \
	    equals "$(grep -c 'connect(.*AF_INET' "$TMP/trace")" 1
else
	skip 'warm: libcurl' "strace does not work here: $(head -n 1 "$TMP/trace.err")"
fi

# A cache that is old is used all the same, and made new behind.
python3 - "$HOME/.cache/pemkeep/inventory.db" <<'END'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE place SET fetched = fetched - 600, tried = tried - 600")
db.commit()
END
described='c["action"] == "DescribeInstances"'
before=$(cloud_count "$described")
cloud_ctl fault delay action=DescribeInstances seconds=1 times=0
check 'the cache is 10 minutes old' expect_status 0 c myserver \
    'sleep 0.2; echo $CLOUD_INSTANCE'
check 'it is that one' equals "$(out)" "$my"
check 'it did not wait for AWS' equals "$(cloud_count "$described")" "$before"
for ((i = 0; i < 50; i++)); do
	[ "$(cloud_count "$described")" = "$before" ] || break
	sleep 0.1
done
check 'AWS was asked all the same' equals "$(cloud_count "$described")" \
    $((before + 1))
cloud_ctl clear
check 'the cache is not held open by a session' bash -c '
	"$0" myserver "sleep 2" </dev/null &
	sleep 1
	ls -l /proc/$!/fd | grep -c inventory.db >"$1"
	wait $!' "$TMP/connect" "$TMP/held"
check 'it is not' equals "$(cat "$TMP/held")" 0

# Why.
check '-v' expect_status 0 c -v myserver true
check '-v: says why' contains "$(err)" \
    'connect: name myserver: Name tag' \
    "connect: instance $my: EC2, profile 'main', eu-west-1, " \
    "connect: address $address: public IPv4; another one after the next stop" \
    "connect: port $CLOUD_PORT: config: port" \
    "connect: user ubuntu: Ubuntu, by " \
    "connect: key web: public key of the key pair 'web'"
check '-v: safely' safe "$TMP/.err"

# The one that runs, of several.
cloud_instance main/eu-west-1 mixed key=web state=stopped
stopped=$ID
cloud_instance main/eu-west-1 mixed key=web
check 'the one that runs of two' expect_status 0 c mixed 'echo $CLOUD_INSTANCE'
check 'it is that one' equals "$(out)" "$ID"
check 'it says what was passed over' contains "$(err)" "$stopped (stopped)"
check '-q: it does not' expect_status 0 c -q mixed true
check '-q: nothing at all' equals "$(err)" ''

# Stopped.
cloud_instance main/eu-west-1 resting key=web state=stopped
rest=$ID
check 'stopped' expect_status 255 c resting true
check 'stopped: says so, and how to go on' equals "$(err)" \
    "pemkeep: 'resting' ($rest) is stopped
hint: connect --start $rest"
check 'stopped, BatchMode' expect_status 255 c -o BatchMode=yes resting true
check 'stopped, asked: no' term "expect='resting' \($rest\) is stopped. +Start it\?" \
    'send=n\r' 'expect=was not started' status=255 cooked -- \
    "$TMP/connect" resting true
check 'nothing was started' equals \
    "$(cloud_count 'c["action"] == "StartInstances"')" 0
check 'stopped, asked: yes' term "expect=Start it\?" 'send=y\r' \
    'expect=starting, [0-9]+ s' 'expect=waiting for its SSH server' \
    'expect=Go on .*\? ' 'send=yes\r' 'expect=up now' status=0 -- \
    "$TMP/connect" resting 'sleep 1; echo up now'
cloud_ctl stop resting
cloud_ctl wait resting stopped
cloud_ctl set boot=2
check 'the cache has it running still; --start, while sshd takes its time' \
    expect_status 0 c --start resting 'echo $CLOUD_INSTANCE'
check 'it is up' equals "$(out)" "$rest"
check 'it said what it waits for' contains "$(err)" \
    "'resting' ($rest): starting ..." 'waiting for its SSH server ...'
cloud_ctl set boot=0
check '--start of what runs' expect_status 0 c --start resting true
check '--start of what runs: nothing said' equals "$(err)" ''
cloud_ctl stop resting
cloud_ctl deny ec2:StartInstances
check 'starting is not allowed' expect_status 255 c --start resting true
check 'starting is not allowed: says what is missing' contains "$(err)" \
    ec2:StartInstances
cloud_ctl allow
cloud_ctl fault error action=StartInstances code=InsufficientInstanceCapacity \
    status=500 times=0 message='We currently do not have sufficient capacity'
check 'no capacity' expect_status 255 c --start resting true
check 'no capacity: says so' contains "$(err)" \
    'none to spare' InsufficientInstanceCapacity
cloud_ctl clear
cloud_ctl state resting stopping
check 'it is just stopping: asked all the same' expect_status 255 c resting true
check 'stopping: says so' contains "$(err)" "'resting' ($rest) is stopping"
(sleep 2; cloud_ctl state resting stopped) &
check 'stopping: started once it has stopped' expect_status 0 \
    c --start resting true
wait $!
cloud_ctl terminate resting
check 'terminated since' expect_status 255 c resting true
check 'terminated: says so' matches "$(err)" "$rest, which is (shutting-down|terminated)"

# Nobody answers.
cloud_ctl group main/eu-west-1 closed >/dev/null
cloud_instance main/eu-west-1 walled key=web group=closed
check 'the security group lets nobody in' expect_status 255 c walled true
check 'it says what to look at' contains "$(err)" "cannot connect to '$PUBLIC'" \
    'security group' "$CLOUD_PORT"
cloud_instance main/eu-west-1 win image=windows-2022 key=web
check 'Windows' expect_status 255 c win true
check 'Windows: says what it needs' contains "$(err)" Windows OpenSSH
cloud_instance main/eu-west-1 hidden key=web public=no group=closed
check 'private only' expect_status 255 c hidden true
check 'private only: says so' contains "$(err)" "$PRIVATE is a private address"

# Keys.
cloud_key main/eu-west-1 lost >/dev/null
cloud_instance main/eu-west-1 locked key=lost
lost=$ID
check 'a key pair that nobody has' expect_status 255 c locked true
check 'it says which, and what can be done' contains "$(err)" \
    "'locked' ($lost)" "key pair 'lost'" 'pemkeep import' "'lost.pem'" '-i FILE'
check 'nobody was bothered' test ! -e "$CLOUD/hosts/$lost/log"
check 'with -i' expect_status 0 c -i "$TMP/lost" locked true
for ((i = 0; i < 20; i++)); do
	ssh-keygen -q -t ed25519 -N '' -f "$TMP/k$i"
done
check '20 more keys' expect_status 0 pk -q import "$TMP"/k? "$TMP"/k1?
# offered ID: how many times a key was, of the last connection
offered()
{
	grep -c 'userauth-request for user .* method publickey' \
	    "$CLOUD/hosts/$1/log"
}
: >"$CLOUD/hosts/$my/log"
check 'a vault with 22 keys' expect_status 0 c myserver true
check 'one was enough: asked once, signed once' equals "$(offered "$my")" 2
: >"$CLOUD/hosts/$lost/log"
check 'a key that it does not take' expect_status 255 c -k k3 locked true
check 'only that one was offered' equals "$(offered "$lost")" 1
check 'it says what it would take' contains "$(err)" "key pair 'lost'"
cloud_instance main/eu-west-1 keyless image=ubuntu-24.04
: >"$TMP/none"
check 'no key pair at all, and 22 keys' expect_status 255 c keyless true
check 'none of them was offered' equals "$(offered "$ID")" 0
check 'it says why' contains "$(err)" 'without a key pair'

# A pair that was deleted and made again: the name misleads.
mkdir "$TMP/again"
ssh-keygen -q -t ed25519 -N '' -f "$TMP/old" -C old
cloud_ctl keypair main/eu-west-1 pair public="$TMP/old.pub" >/dev/null
cloud_instance main/eu-west-1 changed key=pair
changed=$ID
ssh-keygen -q -t ed25519 -N '' -f "$TMP/again/newer" -C newer
cloud_ctl keypair main/eu-west-1 pair public="$TMP/again/newer.pub" >/dev/null
pk -q import "$TMP/again/newer"
pk -q import --name pair "$TMP/old"
check 'the first candidate is wrong' expect_status 0 c changed true
check 'it says which one worked' contains "$(err)" \
    "The key 'pair' was taken, 'newer' was not."
check 'it is learned' contains "$(cat "$state/learned")" "[$changed]" \
    "key = $(ssh-keygen -lf "$TMP/old.pub" | cut -d ' ' -f 2)"
pk -q rename pair else
check 'found again, though its name does not fit any more' expect_status 0 \
    c -v changed true
check 'it says that it was learned' contains "$(err)" \
    'connect: key else: learned: '
check 'and not once more which one worked' lacks "$(err)" 'was taken'
: >"$CLOUD/hosts/$changed/log"
check 'with -k' expect_status 0 c -k else changed true
check 'with -k: only that one' equals "$(offered "$changed")" 2
check '-k: there is no such key' expect_status 255 c -k nokey myserver true
check '-k: says so' contains "$(err)" "no key 'nokey'"

# What is not known of AWS.
check 'another profile without a region' env AWS_PROFILE=nobody bash -c \
    '"$@" >"$0" 2>&1; [ $? = 255 ]' "$TMP/.err" "$TMP/connect" myserver true
check 'it says what is missing' contains "$(err)" "'nobody'"

# Names that mean something elsewhere.  (XML has no ESC; it has C1.)
n=0
hangul=$("$PYTHON" -c 'print("\uc6f9\uc11c\ubc84" * 85 + "\uc6f9")')
for name in $'\xc2\x9b31mred\x7f\xc2\x85' 'me@there:22/x' '$(id)' '`id`' ';id' \
    '-oProxyCommand=id' '%h%u' $'two\nlines' '../../x' 'a "b" c' "it's" \
    $'\xe2\x80\xaereversed' "$hangul" tag:x 'i-0123' '[::1]' 127.0.0.1; do
	n=$((n + 1))
	cloud_instance main/eu-west-1 "$name" key=web
	check "name $n is in the cache" expect_status 0 pk -q list --refresh
	check "name $n" expect_status 0 c -v -- "$name" 'echo $CLOUD_INSTANCE'
	check "name $n: it is that one" equals "$(out)" "$ID"
	check "name $n: said safely" safe "$TMP/.err"
	cloud_ctl stop "$ID"
	cloud_ctl wait "$ID" stopped
	check "name $n: stopped" expect_status 255 c -- "$name" true
	check "name $n: said safely" safe "$TMP/.err"
	check "name $n: asked safely" term clean 'expect=Start it\?' clean \
	    'send=n\r' clean status=255 -- "$TMP/connect" -- "$name" true
	cloud_ctl terminate "$ID"
done
typed=$("$PYTHON" -c 'import unicodedata
print(unicodedata.normalize("NFD", "\uc6f9\uc11c\ubc84"))')
cloud_instance main/eu-west-1 "$("$PYTHON" -c 'print("\uc6f9\uc11c\ubc84")')" \
    key=web
check 'Hangul, typed decomposed' expect_status 0 c "$typed" 'echo $CLOUD_INSTANCE'
check 'it is that one' equals "$(out)" "$ID"

# A state that nobody knows, with what a terminal would take for a sequence.
cloud_instance main/eu-west-1 odd key=web
cloud_ctl state odd $'stop\u009b2Jping'
check 'an odd state: shown safely' term \
    'expect=: stop.u.9B.2Jping, [01] s' 'send=\x03' -- "$TMP/connect" --start odd true
cloud_ctl terminate odd

# Ctrl-C while AWS is asked.
rm -rf "$HOME/.cache/pemkeep"
cloud_ctl fault hang action=DescribeInstances times=0
check 'Ctrl-C while AWS is asked' term 'expect=asking AWS about' 'send=\x03' \
    status=255 cooked -- "$TMP/connect" myserver true
cloud_ctl clear
check 'and again' expect_status 0 c myserver true
done_testing
