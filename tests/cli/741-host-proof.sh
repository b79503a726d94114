#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: the first contact with an instance is proven by its console,
# whatever else stands there; what is not proven is asked, and what the console
# contradicts is refused, whatever is configured.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

cloud_start pending=0.2 || done_testing
ln -s "$PEMKEEP" "$TMP/connect"
known=$state/known_hosts
c()
{
	"$TMP/connect" "$@" </dev/null
}
term()
{
	TERM=xterm "$PYTHON" "$SRC/tests/tools/onterminal.py" "$@"
}
# tried ID: has anybody said there who wants to log in?
tried()
{
	grep -c 'userauth-request' "$CLOUD/hosts/$1/log" 2>/dev/null || true
}
# blobs: what is known of the instance ID, without the name
pinned()
{
	grep "^\[$1\]:$CLOUD_PORT " "$known" 2>/dev/null | cut -d ' ' -f 2,3 |
	    sort
}
shown()
{
	cloud_ctl host-keys "$1" | cut -d ' ' -f 1,2 | sort
}

cloud_account main eu-west-1
export AWS_PROFILE=main
cloud_key main/eu-west-1 web >/dev/null
new_vault
pk -q import "$TMP/web" >/dev/null 2>&1

# Every way in which it may stand there.
for style in cloud-init ec2 old noise cut decoy; do
	cloud_instance main/eu-west-1 "in-$style" key=web "console=$style"
	check "console $style" expect_status 0 c -o StrictHostKeyChecking=yes \
	    "in-$style" 'echo $CLOUD_INSTANCE'
	check "console $style: proven" contains "$(err)" 'is proven by its console'
	check "console $style: it is that one" equals "$(out)" "$ID"
	case $style in
	cut)	check 'the key that was shown is known' contains "$(shown "$ID")" \
		    "$(pinned "$ID" | tail -n 1)" ;;
	*)	check "console $style: all its keys are known, no other" \
		    equals "$(pinned "$ID")" "$(shown "$ID")" ;;
	esac
	check "console $style: once more" expect_status 0 c "in-$style" true
	check "console $style: nothing said" equals "$(err)" ''
done
cloud_instance main/eu-west-1 in-prints key=web console=prints
check 'fingerprints only' expect_status 0 c in-prints true
check 'fingerprints only: proven' contains "$(err)" 'is proven by its console'
check 'fingerprints only: the key that was shown is known' \
    equals "$(pinned "$ID" | wc -l)" 1
cloud_instance main/eu-west-1 xen key=web type=t2.micro
check 'an instance whose live console cannot be read' expect_status 0 c xen true
check 'the snapshot proves it' contains "$(err)" 'is proven by its console'
asked=$(cloud_count 'c["action"] == "GetConsoleOutput"')
check '-q' expect_status 0 c -q xen true
check '-q: nothing said' equals "$(err)" ''
check 'the console of one that is known is not asked for' \
    equals "$(cloud_count 'c["action"] == "GetConsoleOutput"')" "$asked"

# No proof: as StrictHostKeyChecking says.
for style in none empty missing long; do
	cloud_instance main/eu-west-1 "no-$style" key=web "console=$style"
	for strict in ask yes; do
		check "no proof ($style), $strict" expect_status 255 c \
		    -o BatchMode=yes -o StrictHostKeyChecking=$strict "no-$style" true
		check "no proof ($style), $strict: says why" contains "$(err)" \
		    "'no-$style' ($ID) is not known (ED25519 SHA256:" \
		    'its console, which would prove its host key, does not show any'
		check "no proof ($style), $strict: no login was tried" \
		    equals "$(tried "$ID")" 0
		check "no proof ($style), $strict: nothing is known" \
		    equals "$(pinned "$ID")" ''
	done
	check "no proof ($style): asked, and no" term 'expect=is not known;' \
	    'expect=its console, which would prove' 'expect=ED25519 key is SHA256:' \
	    'expect=Go on .*\? ' 'send=no\r' status=255 -- "$TMP/connect" \
	    "no-$style" true
	check "no proof ($style), accept-new: the address is one of now" \
	    expect_status 0 c -o StrictHostKeyChecking=accept-new "no-$style" true
	check "no proof ($style), accept-new: says so" contains "$(err)" \
	    'the host was not known; its key is now'
	check "no proof ($style), accept-new: the key that was shown is known" \
	    equals "$(pinned "$ID" | wc -l)" 1
done
cloud_instance main/eu-west-1 asked key=web console=none
check 'asked, and yes' term 'expect=Go on .*\? ' 'send=yes\r' status=0 -- \
    "$TMP/connect" asked true
check 'it is known under its id' equals "$(pinned "$ID" | wc -l)" 1
cloud_instance main/eu-west-1 lax key=web console=none
check 'StrictHostKeyChecking=no' expect_status 0 c -o \
    StrictHostKeyChecking=no lax true
cloud_instance main/eu-west-1 inner key=web public=no console=none
check 'a private address, accept-new' expect_status 255 c -o BatchMode=yes \
    -o StrictHostKeyChecking=accept-new inner true
check 'a private address, accept-new: says why' contains "$(err)" \
    "$PRIVATE is a private address, which accept-new does not cover"
check 'a private address: nothing is known' equals "$(pinned "$ID")" ''
cloud_instance main/eu-west-1 inner-good key=web public=no
check 'a private address, proven' expect_status 0 c inner-good true

# Later.
cloud_ctl set console=3600 snapshot=3600
cloud_instance main/eu-west-1 late key=web
check 'the console shows nothing yet' expect_status 255 c -o BatchMode=yes late true
check 'it says so' contains "$(err)" 'does not show any'
cloud_ctl set console=0
check 'then it does' expect_status 0 c late true
check 'proven now' contains "$(err)" 'is proven by its console'
cloud_ctl set snapshot=0

# The console cannot be read.
cloud_instance main/eu-west-1 unread key=web
cloud_ctl fault throttle action=GetConsoleOutput times=2
check 'throttled twice' expect_status 0 c unread true
check 'throttled twice: proven all the same' contains "$(err)" \
    'is proven by its console'
cloud_instance main/eu-west-1 unread2 key=web
cloud_ctl fault throttle action=GetConsoleOutput times=0
check 'throttled to the end' expect_status 255 c -o BatchMode=yes unread2 true
check 'throttled to the end: says so' contains "$(err)" \
    'its console, which would prove its host key, could not be read' \
    RequestLimitExceeded
check 'throttled to the end: no login was tried' equals "$(tried "$ID")" 0
cloud_ctl clear
cloud_ctl deny ec2:GetConsoleOutput
check 'not allowed' expect_status 255 c -o BatchMode=yes unread2 true
check 'not allowed: says what is missing' contains "$(err)" ec2:GetConsoleOutput
check 'not allowed: asked, and yes' term 'expect=Go on .*\? ' 'send=yes\r' \
    status=0 -- "$TMP/connect" unread2 true
cloud_ctl allow
for fault in html 'body file=/dev/null' 'truncate at=200' 'cut at=100' laughs; do
	cloud_instance main/eu-west-1 "bad-${fault%% *}" key=web
	# shellcheck disable=SC2086 # words
	cloud_ctl fault $fault action=GetConsoleOutput times=0
	check "console: $fault" expect_status 255 c -o BatchMode=yes \
	    "bad-${fault%% *}" true
	check "console: $fault: no login was tried" equals "$(tried "$ID")" 0
	cloud_ctl clear
done

# Another key than those of the console: an alarm, and no question.
cloud_instance main/eu-west-1 wrong key=web
cloud_ctl host-keys wrong new=yes >/dev/null
for strict in ask accept-new no yes; do
	check "another key, $strict" expect_status 255 \
	    c -o StrictHostKeyChecking=$strict wrong true
	check "another key, $strict: an alarm" contains "$(err)" \
	    "the host key at $PUBLIC is NOT one that the console of 'wrong' ($ID)" \
	    'somebody may be in between'
done
check 'another key, at a terminal: no question' term 'absent=Go on' \
    'expect=NOT one' 'absent=Go on' status=255 -- "$TMP/connect" wrong true
check 'another key: no login was tried' equals "$(tried "$ID")" 0
check 'another key: nothing is known' equals "$(pinned "$ID")" ''
cloud_instance main/eu-west-1 wrong2 key=web console=prints
cloud_ctl host-keys wrong2 new=yes >/dev/null
check 'another key than those of the fingerprints' expect_status 255 \
    c -o StrictHostKeyChecking=no wrong2 true
check 'another fingerprint: an alarm' contains "$(err)" 'NOT one'

# console ID LINE...: the console has these keys
console()
{
	local id=$1
	shift
	{
		printf '<GetConsoleOutputResponse xmlns="http://ec2.amazonaws.com/'
		printf 'doc/2016-11-15/"><requestId>x</requestId><instanceId>%s' "$id"
		printf '</instanceId><timestamp>2026-11-21T00:00:00.000Z</timestamp>'
		printf '<output>%s</output></GetConsoleOutputResponse>' "$(
		    printf '%s\r\n' '-----BEGIN SSH HOST KEY KEYS-----' "$@" \
			'-----END SSH HOST KEY KEYS-----' | base64 -w 0)"
	} >"$TMP/console.xml"
	cloud_ctl fault body action=GetConsoleOutput file="$TMP/console.xml" \
	    times=0
}
cloud_instance main/eu-west-1 types key=web hostkeys=rsa,ecdsa,ed25519
console "$ID" "$(cloud_ctl host-keys types | grep ssh-rsa)"
check 'the console has a key of another type only: that one is asked for' \
    expect_status 0 c types true
check 'proven' contains "$(err)" 'is proven by its console'
check 'it is the one that is known' matches "$(pinned "$ID")" '^ssh-rsa [^ ]*$'
cloud_ctl clear
cloud_instance main/eu-west-1 types2 key=web hostkeys=ecdsa,ed25519
console "$ID" "$(cloud_ctl host-keys types | grep ssh-rsa)"
check 'of another type only, which the server does not have' expect_status 255 \
    c -o StrictHostKeyChecking=accept-new types2 true
check 'an alarm' contains "$(err)" 'NOT one'
cloud_ctl clear
cloud_instance main/eu-west-1 theirs key=web console=none
console "$ID" "$(cat "$TMP/web.pub")"
check 'the console has a key that is no host key of it' expect_status 255 \
    c -o StrictHostKeyChecking=no theirs true
check 'an alarm, too' contains "$(err)" 'NOT one'
check 'nothing is known' equals "$(pinned "$ID")" ''
cloud_ctl clear

# Where it is kept.
cloud_instance main/eu-west-1 kept key=web
check 'UserKnownHostsFile' expect_status 0 c -o "UserKnownHostsFile=$TMP/mine" \
    kept true
check 'it is kept there' equals "$(cut -d ' ' -f 1 "$TMP/mine" | sort -u)" \
    "[$ID]:$CLOUD_PORT"
check 'ssh takes it from there' expect_status 0 ssh -F none -o \
    "UserKnownHostsFile=$TMP/mine" -o StrictHostKeyChecking=yes -o \
    HostKeyAlias="[$ID]:$CLOUD_PORT" -o IdentitiesOnly=yes -i "$TMP/web" -p "$CLOUD_PORT" \
    "ubuntu@$PUBLIC" true
check 'HostKeyAlias' expect_status 0 c -o HostKeyAlias=other kept true
check 'HostKeyAlias: kept under that' contains "$(cut -d ' ' -f 1 "$known")" other
cloud_instance main/eu-west-1 nowhere key=web
check 'kept nowhere' expect_status 0 c -o UserKnownHostsFile=/dev/null nowhere true
check 'kept nowhere: proven each time' expect_status 0 \
    c -o UserKnownHostsFile=/dev/null nowhere true
check 'it is' contains "$(err)" 'is proven by its console'
done_testing
