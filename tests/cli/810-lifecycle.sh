#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: start, stop and reboot hit what was named and nothing else,
# show it and ask first, wait until it is so, and say which of several failed; the
# cache follows at once.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

cloud_start pending=0.2 stopping=0.2 || done_testing
check 'no AWS at all' expect_status 4 pk -y stop web
check 'no AWS at all: it says so' contains "$(err)" 'no AWS account' 'aws configure'
cloud_account main eu-west-1
export AWS_PROFILE=main
place=main/eu-west-1
state_of()
{
	"$PYTHON" -c 'import json, sys
for account in json.load(sys.stdin).values():
    for place in account.values():
        for id, i in place["instances"].items():
            if i["tags"].get("Name") == sys.argv[1]: print(i["state"])' "$1" \
	    < <(cloud_ctl dump)
}

cached()
{
	pk list --json "$1" | "$PYTHON" -c 'import json, sys
print(*(i["state"] + " " + str(i["address"]) for i in json.load(sys.stdin)["instances"]))'
}

changes()
{
	cloud_count 'c["action"] in ("StartInstances", "StopInstances",
	    "RebootInstances", "TerminateInstances")'
}

# Nobody to ask, nothing to hit.
cloud_instance $place web
web=$ID address=$PUBLIC
check 'nobody to ask' expect_status 2 pk stop web </dev/null
check 'nobody to ask: it shows what it would hit' contains "$(err)" \
    "$web" "$address" main/eu-west-1 --yes
check 'no such name' expect_status 4 pk -y stop wob
check 'no such name: how to go on' contains "$(err)" wob 'pemkeep list'
check 'one of two names is wrong' expect_status 4 pk -y stop web wob
check 'no such id' expect_status 4 pk -y stop i-0123456789abcdef0
check 'no names' expect_status 2 pk -y stop
check 'no such glob' expect_status 4 pk -y stop 'x*'
check 'nothing was called' equals "$(changes)" 0
check 'still running' equals "$(state_of web)" running

# Stop and start.
check 'stop' expect_status 0 pk -y stop web
check 'stop: the address will change' contains "$(err)" \
    "The address $address of 'web'" 'after the next start'
check 'stop: said when it has stopped' contains "$(err)" "'web' ($web): stopped"
check 'stop: it has' equals "$(state_of web)" stopped
calls=$(cloud_count 'c["action"] == "DescribeInstances"')
check 'stop: the cache knows' equals "$(cached web)" 'stopped '"$PRIVATE"
check 'stop: the cache was not asked anew' equals \
    "$(cloud_count 'c["action"] == "DescribeInstances"')" "$calls"
check 'stop again' expect_status 0 pk -y stop web
check 'stop again: it says so' contains "$(err)" 'is stopped already'
check 'reboot: not while it is stopped' expect_status 1 pk -y reboot web
check 'reboot: what to do' contains "$(err)" 'it is stopped' \
    "pemkeep start $web"
check 'start' expect_status 0 pk -y start web
check 'start: the new address' contains "$(err)" "'web' ($web): running, "
check 'start: not the old address' lacks "$(err | tail -n 1)" "$address"
check 'start: the cache knows' equals "$(cached web)" \
    "running $(cloud_ctl find web | cut -d ' ' -f 2)"
check 'start again' expect_status 0 pk -y start "$web"
check 'start again: it says so' contains "$(err)" 'is running already'
before=$(changes)
check 'reboot' expect_status 0 pk -y reboot main/eu-west-1/web
check 'reboot: it says so' contains "$(err)" "'web' ($web): reboots"
check 'reboot: once' equals "$(changes)" $((before + 1))
check 'the log has them' equals "$("$PYTHON" -c 'import json, sys
print(*(e["event"] for e in map(json.loads, open(sys.argv[1]))
        if e["instance"] == sys.argv[2] and e["host"] == "web"))' \
    "$state/log" "$web")" 'stop start reboot'
check 'the log is sound' expect_status 0 pk log --verify

# An Elastic IP stays.
elastic=$(cloud_ctl elastic $place instance=web)
check 'stop with an Elastic IP' expect_status 0 pk -y stop web
check 'no word of another address' lacks "$(err)" 'next start'
check 'it is shown as what it is' contains "$(err)" "$elastic (elastic)"
check 'start with it' expect_status 0 pk -y start web
check 'the same address' contains "$(err)" "running, $elastic"

# States on the way.
cloud_ctl set stopping=1
cloud_ctl stop web
check 'start what is stopping' expect_status 0 pk -y start web
check 'it was waited for' contains "$(err)" ': stopped' ': running'
cloud_ctl set pending=1 stopping=0.2
cloud_ctl stop web && cloud_ctl wait web stopped && cloud_ctl start web
check 'stop what is pending' expect_status 0 pk -y stop web
check 'it has stopped' equals "$(state_of web)" stopped
cloud_ctl set pending=0.2

# Two of one name: the one that can be meant, else none.
cloud_instance $place twin
first=$ID
cloud_instance $place twin state=stopped
second=$ID
check 'start the stopped one of two' expect_status 0 pk -y start twin
check 'it was that one' contains "$(err)" "($second): running"
before=$(changes)
check 'stop: which of two?' expect_status 5 pk -y stop twin
check 'both are shown' contains "$(err)" "$first" "$second"
check 'which: neither' equals "$(changes)" "$before"
check 'by id' expect_status 0 pk -y stop "$first"
check 'reboot the running one of two' expect_status 0 pk -y reboot twin
check 'that one' contains "$(err)" "$second"

# Several: one call for each place.
cloud_ctl bulk $place 3 node >/dev/null
cloud_ctl instance main/us-east-1 node9 >/dev/null
before=$(changes)
check 'several' expect_status 0 \
    pk --region eu-west-1,us-east-1 -y stop 'node*' node1
check 'several: two regions, two calls' equals "$(changes)" $((before + 2))
check 'several: all have stopped' equals "$(for n in 1 2 3 9; do
	state_of node$n; done | sort | uniq -c | tr -s ' ')" ' 4 stopped'
cloud_ctl tag node1 role value=db && cloud_ctl tag node2 role value=db
check 'by tag' expect_status 0 pk -y start tag:role=db
check 'by tag: those' equals \
    "$(state_of node1) $(state_of node2) $(state_of node3)" \
    'running running stopped'

# One of them fails.
cloud_ctl stop node1 && cloud_ctl wait node1 stopped
cloud_ctl fault error action=StartInstances \
    code=IncorrectInstanceState times=1
check 'a call for many that fails is made for each' expect_status 0 \
    pk -y start 'node*'
cloud_ctl stop node1 && cloud_ctl wait node1 stopped
cloud_ctl stop node2 && cloud_ctl wait node2 stopped
cloud_ctl fault error action=StartInstances code=InsufficientInstanceCapacity \
    times=2
check 'one has no room' expect_status 1 pk -y start node1 node2
check 'which, and why' contains "$(err)" 'none to spare' '1 of 2 are done'
check 'one runs' equals "$(for n in 1 2; do state_of node$n; done | sort |
    tr '\n' ' ')" 'running stopped '
cloud_ctl deny ec2:StopInstances
check 'denied' expect_status 6 pk -y stop node3
check 'denied: which permission' contains "$(err)" ec2:StopInstances
check 'denied: still running' equals "$(state_of node3)" running
cloud_ctl allow
cloud_ctl fault throttle action=StopInstances times=2
check 'throttled' expect_status 0 pk -y stop node3
cloud_ctl fault lose action=StartInstances when=after
check 'an answer that is lost' expect_status 0 pk -y start node3

# The question, at a terminal.
on_terminal()
{
	"$PYTHON" "$SRC/tests/tools/onterminal.py" size=150x40 "$@"
}
cloud_ctl set stopping=1
check 'the question: no' on_terminal "expect=node3" \
    'expect=Stop .node3. \(i-[0-9a-f]*\)\? \[y/N\] ' 'send=n\r' \
    'expect=not confirmed' status=1 -- env TERM=xterm "$PEMKEEP" stop node3
check 'the question: nothing was done' equals "$(state_of node3)" running
check 'the question: yes, and what is waited for' on_terminal \
    'expect=\[y/N\] ' 'send=y\r' 'expect=node3.*: stopping, [0-9]+ s' \
    'expect=node3.*: stopped' status=0 -- \
    env TERM=xterm "$PEMKEEP" stop node3
cloud_ctl stop node2 && cloud_ctl wait node2 stopped
check 'several: asked once' on_terminal 'expect=Start these 2 instances\?' \
    'send=y\r' 'absent=\[y/N\].*\[y/N\]' status=0 -- env TERM=xterm \
    "$PEMKEEP" start node2 node3
cloud_ctl set stopping=1.5
(sleep 0.7; cloud_ctl fault throttle action=DescribeInstances times=4) &
check 'throttled while it is waited for' expect_status 0 pk -y stop node3
wait %% 2>/dev/null
cloud_ctl clear
check 'throttled: and started again' expect_status 0 pk -y start node3
cloud_ctl set stopping=0.2

# It does not come up.
cloud_ctl set pending=1
(sleep 0.6; cloud_ctl state node3 terminated) &
cloud_ctl stop node3 && cloud_ctl wait node3 stopped
check 'it ends while it starts' expect_status 1 pk -y start node3
check 'it says so' contains "$(err)" 'it is terminated, not running'
wait %% 2>/dev/null
cloud_ctl set pending=0.2
check 'terminated ones are not found' expect_status 4 pk -y start node3

# AWS cannot be asked: what the cache has is not enough.
cloud_ctl deny ec2:DescribeInstances
before=$(changes)
check 'not live' expect_status 6 pk -y stop node1
check 'not live: nothing was called' equals "$(changes)" "$before"
cloud_ctl allow

# Keys of the environment, without any profile.
check 'keys of the environment' expect_status 0 env -u AWS_PROFILE \
    AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null \
    AWS_ACCESS_KEY_ID="$KEY_ID" AWS_SECRET_ACCESS_KEY="$SECRET" \
    AWS_REGION=eu-west-1 "$PEMKEEP" -y stop web

# Ctrl-C while waiting.
cloud_ctl set stopping=30
cloud_instance $place slow
# A shell lets what it runs behind ignore the signal.
"$PYTHON" -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$PEMKEEP" -y stop slow 2>slow.err &
pid=$!
for ((i = 0; i < 100; i++)); do
	[ "$(state_of slow)" != stopping ] || break
	sleep 0.05
done
kill -INT $pid
wait $pid
check 'interrupted' equals $? 130
check 'interrupted: AWS goes on' contains "$(cat slow.err)" 'goes on'

# What a tag holds never reaches the terminal raw.
cloud_ctl set stopping=0
cloud_ctl instance $place $'a\nb\u009b31m\u202ec' >/dev/null
check 'a name with escape sequences' expect_status 0 \
    pk -y stop $'a\nb\u009b31m\u202ec'
err >odd
check 'it is escaped' safe odd

done_testing
