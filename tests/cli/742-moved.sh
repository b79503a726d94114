#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: addresses come and go.  An instance that has another one is
# found there, one that has another's is no alarm, another key on the same instance
# is one, and a stranger on an address of the cache gets neither our trust nor a
# login, whatever is configured.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

cloud_start pending=0.1 stopping=0.1 || done_testing
ln -s "$PEMKEEP" "$TMP/connect"
known=$state/known_hosts
c()
{
	"$TMP/connect" "$@" </dev/null
}
calls()
{
	cloud_count True
}
# tried FOLDER: has anybody said there who wants to log in?
tried()
{
	grep -c 'userauth-request' "$1/log" 2>/dev/null || true
}
met()
{
	grep -c 'Connection from\|Client protocol version' "$1/log" 2>/dev/null ||
	    true
}
# restart NAME: as somebody else does it; its address is another one then
restart()
{
	cloud_ctl stop "$1"
	cloud_ctl wait "$1" stopped
	cloud_ctl start "$1"
	cloud_ctl wait "$1" running
	read -r ID PUBLIC _ <<<"$(cloud_ctl find "$1")"
}

cloud_account main eu-west-1
export AWS_PROFILE=main
cloud_key main/eu-west-1 web >/dev/null
cloud_instance main/eu-west-1 one key=web
one=$ID was=$PUBLIC
cloud_instance main/eu-west-1 two key=web
two=$ID
new_vault
pk -q import "$TMP/web" >/dev/null 2>&1
check 'first contact' expect_status 0 c one true
check 'first contact' expect_status 0 c two true

# It has another address, and nobody has the old one.
restart one
check 'the address is another one' test "$PUBLIC" != "$was"
check 'stopped and started: found' expect_status 0 c one 'echo $CLOUD_INSTANCE'
check 'it is that one' equals "$(out)" "$one"
check 'nobody notices' equals "$(err)" ''
before=$(calls)
check 'next time it is known' expect_status 0 c one true
check 'AWS was not asked' equals "$(calls)" "$before"
# Silence, as EC2 has it, is not waited for to the end.
cloud_ctl set closed=drop
restart one
SECONDS=0
check 'nothing comes from the old address: found' expect_status 0 c one true
check 'in less than the time to connect' test $SECONDS -lt 15
check 'nobody notices' equals "$(err)" ''
cloud_ctl set closed=refuse
check 'a name of many: found by its id' expect_status 0 c "$one" true

# Another instance of ours has the old address.
restart one
there=$PUBLIC
check 'again' expect_status 0 c one true
cloud_ctl stop one
cloud_ctl wait one stopped
cloud_ctl move two "$there"
cloud_ctl start one
cloud_ctl wait one running
: >"$CLOUD/hosts/$two/log"
check 'another instance has its address: no alarm' expect_status 0 \
    c one 'echo $CLOUD_INSTANCE'
check 'it is the right one' equals "$(out)" "$one"
check 'nobody notices' equals "$(err)" ''
check 'the other one was met' test "$(met "$CLOUD/hosts/$two")" -gt 0
check 'but saw no login' equals "$(tried "$CLOUD/hosts/$two")" 0
check 'the other one, which has moved there' expect_status 0 c two \
    'echo $CLOUD_INSTANCE'
check 'it is that one' equals "$(out)" "$two"
check 'nobody notices' equals "$(err)" ''
cloud_instance main/eu-west-1 three key=web
check 'one more' expect_status 0 c three true

# A stranger has the old address of one that is known.
read -r ID PUBLIC _ <<<"$(cloud_ctl find one)"
check 'its address is in the cache' expect_status 0 c one true
cloud_ctl stop one
cloud_ctl wait one stopped
cloud_ctl start one
cloud_ctl wait one running
stranger=$(cloud_ctl stranger "$PUBLIC" key="$TMP/web.pub" user=ubuntu)
for strict in ask accept-new no yes; do
	cp "$HOME/.cache/pemkeep/inventory.db" "$TMP/stale.db"
	check "a stranger has its address, $strict" expect_status 0 \
	    c -o StrictHostKeyChecking=$strict one 'echo $CLOUD_INSTANCE'
	check "a stranger, $strict: it is the right one" equals "$(out)" "$one"
	check "a stranger, $strict: nobody notices" equals "$(err)" ''
	cp "$TMP/stale.db" "$HOME/.cache/pemkeep/inventory.db"
	rm -f "$HOME/.cache/pemkeep/inventory.db-"*
done
check 'the stranger was met' test "$(met "$stranger")" -ge 4
check 'but saw no login' equals "$(tried "$stranger")" 0
pub=$(cut -d ' ' -f 2 "$stranger"/keys-*/*.pub)
check 'nor is its key known' lacks "$(cat "$known")" "$pub"

# AWS cannot be asked.
cloud_ctl fault status action='*' times=0
check 'a stranger has its address, and AWS is down' expect_status 255 \
    c -o StrictHostKeyChecking=no one true
check 'it is refused, but is no alarm' contains "$(err)" \
    "the address $PUBLIC of 'one' ($one) is from the cache, and may be somebody"
check 'it is no alarm' lacks "$(err)" CHANGED
check 'the stranger saw no login' equals "$(tried "$stranger")" 0
check 'one that is where the cache says: AWS is not needed' expect_status 0 \
    c three true
cloud_ctl clear
cloud_ctl deny ec2:DescribeInstances
check 'a stranger has its address, and asking is not allowed' expect_status 255 \
    c -o StrictHostKeyChecking=accept-new one true
check 'it says why' contains "$(err)" ec2:DescribeInstances
check 'the stranger saw no login' equals "$(tried "$stranger")" 0
cloud_ctl allow

# Nobody answers there for longer than an address of the cache has.
cloud_instance main/eu-west-1 slow key=web
check 'slow' expect_status 0 c slow true
cloud_ctl set closed=drop
cloud_ctl stop slow
cloud_ctl fault status action='*' times=0
SECONDS=0
check 'no answer, and AWS is down: waits as long as with others' \
    expect_status 255 c -o ConnectTimeout=7 slow true
check 'it did' test $SECONDS -ge 11
check 'it says both' contains "$(err)" 'warning: ' "no answer from '$PUBLIC'"
cloud_ctl clear
cloud_ctl set closed=refuse

# A stranger at the address of one that was never met: the cache is all we know.
n=0
for strict in accept-new no yes ask; do
	cloud_instance main/eu-west-1 "new-$strict" key=web
	new=$ID was=$PUBLIC
	check "new-$strict is in the cache" expect_status 0 pk -q list --refresh
	# Not by a restart: its console would not show the keys any more.
	cloud_ctl move "new-$strict" "127.17.0.$((++n))"
	stranger=$(cloud_ctl stranger "$was" key="$TMP/web.pub" user=ubuntu)
	check "a stranger at a first contact, $strict" expect_status 0 \
	    c -o StrictHostKeyChecking=$strict "new-$strict" \
	    'echo $CLOUD_INSTANCE'
	check "first contact, $strict: it is the right one" equals "$(out)" "$new"
	check "first contact, $strict: proven" contains "$(err)" \
	    'is proven by its console'
	check "first contact, $strict: the stranger was met" test \
	    "$(met "$stranger")" -gt 0
	check "first contact, $strict: but saw no login" \
	    equals "$(tried "$stranger")" 0
	pub=$(cut -d ' ' -f 2 "$stranger"/keys-*/*.pub)
	check "first contact, $strict: nor is its key known" \
	    lacks "$(cat "$known")" "$pub"
done
# Without a console to prove it, too.
cloud_instance main/eu-west-1 mute key=web console=none
mute=$ID was=$PUBLIC
check 'mute is in the cache' expect_status 0 pk -q list --refresh
restart mute
stranger=$(cloud_ctl stranger "$was" key="$TMP/web.pub" user=ubuntu)
cloud_ctl fault status action='*' times=0
for strict in accept-new no; do
	check "a stranger, no console, AWS is down, $strict" expect_status 255 \
	    c -o StrictHostKeyChecking=$strict mute true
	check "AWS is down, $strict: no login" equals "$(tried "$stranger")" 0
	check "AWS is down, $strict: nothing is known" \
	    lacks "$(cat "$known")" "$mute"
done
cloud_ctl clear
check 'a stranger, no console, accept-new' expect_status 0 \
    c -o StrictHostKeyChecking=accept-new mute 'echo $CLOUD_INSTANCE'
check 'it is the right one' equals "$(out)" "$mute"
check 'the stranger saw no login' equals "$(tried "$stranger")" 0

# It is stopped, and a stranger has the address.
cloud_instance main/eu-west-1 asleep key=web
check 'asleep' expect_status 0 c asleep true
cloud_ctl stop asleep
cloud_ctl wait asleep stopped
stranger=$(cloud_ctl stranger "$PUBLIC" key="$TMP/web.pub" user=ubuntu)
check 'it sleeps, and a stranger has its address' expect_status 255 \
    c -o StrictHostKeyChecking=no asleep true
check 'it sleeps: says so' contains "$(err)" "'asleep' ($ID) is stopped" --start
check 'the stranger saw no login' equals "$(tried "$stranger")" 0
check 'it sleeps, --start' expect_status 0 c --start asleep 'echo $CLOUD_INSTANCE'
check 'it is the right one' equals "$(out)" "$ID"

# Another key on the same instance, at the address that AWS gives: an alarm.
cloud_instance main/eu-west-1 changed key=web
changed=$ID
check 'changed: first contact' expect_status 0 c changed true
cloud_ctl host-keys changed new=yes >/dev/null
: >"$CLOUD/hosts/$changed/log"
for strict in ask accept-new no yes; do
	before=$(cloud_count 'c["action"] == "DescribeInstances"')
	check "another key, $strict" expect_status 255 \
	    c -o StrictHostKeyChecking=$strict changed true
	check "another key, $strict: an alarm" contains "$(err)" \
	    "the host key of '$changed' has CHANGED" "$known" 'line '
	check "another key, $strict: AWS was asked before" equals \
	    "$(cloud_count 'c["action"] == "DescribeInstances"')" $((before + 1))
done
check 'another key: no login was tried' \
    equals "$(tried "$CLOUD/hosts/$changed")" 0
cloud_ctl reimage two
check 'another key that its console shows: an alarm all the same' \
    expect_status 255 c two true
check 'an alarm' contains "$(err)" CHANGED
sed -i "/$two/d" "$known"
check 'what is known is removed: proven by the last block of the console' \
    expect_status 0 c two true
check 'proven' contains "$(err)" 'is proven by its console'

# Another instance has the name.
cloud_instance main/eu-west-1 name key=web
old=$ID
check 'name' expect_status 0 c name true
cloud_ctl terminate name
cloud_ctl wait "$old" terminated
cloud_instance main/eu-west-1 name key=web
check 'another instance has its name now' expect_status 0 \
    c name 'echo $CLOUD_INSTANCE'
check 'it is that one' equals "$(out)" "$ID"
check 'that is said' contains "$(err)" "'name' is $ID now, no longer $old"
check 'its key was proven' contains "$(err)" 'is proven by its console'

# By an address.
cloud_instance main/eu-west-1 given key=web
given=$ID was=$PUBLIC
check 'given is in the cache' expect_status 0 pk -q list --refresh
check 'by its address' expect_status 0 c "$was" true
restart given
stranger=$(cloud_ctl stranger "$was" key="$TMP/web.pub" user=ubuntu)
check 'by the address that it had' expect_status 255 \
    c -o StrictHostKeyChecking=no "$was" true
check 'it says that it is not that any more' contains "$(err)" "'$was'" "$given"
check 'the stranger saw no login' equals "$(tried "$stranger")" 0

# Elastic IPs move, too.
cloud_instance main/eu-west-1 first key=web
first=$ID
cloud_instance main/eu-west-1 second key=web
second=$ID
elastic=$(cloud_ctl elastic main/eu-west-1 instance=first)
check 'first is in the cache' expect_status 0 pk -q list --refresh
check 'first, by its Elastic IP' expect_status 0 c "$elastic" 'echo $CLOUD_INSTANCE'
check 'it is that one' equals "$(out)" "$first"
check 'second' expect_status 0 c second true
cloud_ctl associate "$elastic" second
: >"$CLOUD/hosts/$second/log"
check 'first, without it' expect_status 0 c first 'echo $CLOUD_INSTANCE'
check 'it is that one' equals "$(out)" "$first"
check 'the other one saw no login' equals "$(tried "$CLOUD/hosts/$second")" 0
check 'the Elastic IP is the other one now' expect_status 0 \
    c "$elastic" 'echo $CLOUD_INSTANCE'
check 'it is that one' equals "$(out)" "$second"

# What does not answer, where AWS says that it is.
cloud_instance main/eu-west-1 deaf key=web ssh=no
before=$(cloud_count 'c["action"] == "DescribeInstances"')
check 'deaf is in the cache' expect_status 0 pk -q list --refresh
check 'nobody answers' expect_status 255 c deaf true
check 'nobody answers: says where' contains "$(err)" \
    "cannot connect to '$PUBLIC'" 'AWS says that this is its address'
check 'AWS was asked once more, and not again' equals \
    "$(cloud_count 'c["action"] == "DescribeInstances"')" $((before + 2))
done_testing
