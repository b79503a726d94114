#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: terminate ends what was named, after asking; takes with it what
# the launch has made and nothing else; says what stays, above all what costs
# money; and can be gone on with.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

cloud_start pending=0.1 stopping=0.1 addresses=20 || done_testing
cloud_account main eu-west-1
export AWS_PROFILE=main
ssh-keygen -q -t ed25519 -N '' -f key
place=main/eu-west-1
uuid=01234567-89ab-cdef-0123-456789abcdef
other=01234567-89ab-cdef-0123-456789abcde0
before=$(cloud_ctl dump)

# launched UUID NAME [OPTION]: as a launch leaves it; $ID $group $address
launched()
{
	local tag=tag:pemkeep:launch=$1
	cloud_ctl keypair $place "$2" public=key.pub "$tag" >/dev/null
	group=$(cloud_ctl group $place "$2" allow=tcp:22:0.0.0.0/0 "$tag")
	cloud_instance $place "$2" "$tag" group="$2" key="$2" ${3:+"$3"}
	address=$(cloud_ctl elastic $place instance="$ID" "$tag")
}

nothing_left()
{
	check "$1" equals "$(cloud_ctl dump)" "$before"
}

changes()
{
	cloud_count 'c["action"].startswith(("Terminate", "Delete", "Rel", "Dis"))'
}

launched $uuid web
check 'nobody to ask' expect_status 2 pk terminate web </dev/null
check 'all that would go is shown' contains "$(err)" "$ID" \
    "With it goes: Elastic IP $address" "security group 'web' ($group)" \
    "key pair 'web'" --yes
check 'nothing was called' equals "$(changes)" 0
pk list >/dev/null
check 'terminate' expect_status 0 pk -y terminate web
check 'it says so' contains "$(err)" "'web' ($ID): terminated" \
    "Elastic IP $address" "security group 'web'" "key pair 'web'"
nothing_left 'nothing is left'
check 'the cache knows' equals "$(pk list --json web | "$PYTHON" -c '
import json, sys
print([i["state"] for i in json.load(sys.stdin)["instances"]])')" \
    "['terminated']"
check 'the name is not found' expect_status 4 pk resolve web
check 'terminate again, by name' expect_status 4 pk -y terminate web
check 'terminate again: it is over' contains "$(err)" "$ID (terminated)" \
    "pemkeep terminate $ID removes what was launched with it"
check 'terminate again, by id' expect_status 0 pk -y terminate "$ID"
check 'the log has it' contains "$(grep -c '"event":"terminate"' \
    "$state/log")" 1

# Denied in the middle, and gone on with.
launched $uuid web
cloud_ctl deny ec2:ReleaseAddress
check 'denied in the middle' expect_status 6 pk -y terminate web
check 'denied: what is still there' contains "$(err)" \
    "Elastic IP $address" 'still there, and costs money' ec2:ReleaseAddress \
    "security group 'web' ($group): removed"
check 'denied: how to go on' contains "$(err)" \
    "pemkeep terminate main/eu-west-1/$ID"
cloud_ctl allow
check 'go on' expect_status 0 pk -y terminate "main/eu-west-1/$ID"
check 'go on: it says what' contains "$(err)" "With it goes: Elastic IP"
nothing_left 'denied: nothing is left in the end'

# What was launched with it cannot be seen.
launched $uuid web
cloud_ctl deny ec2:DescribeAddresses
check 'it cannot be looked for' expect_status 6 pk -y terminate web
check 'it says that something might stay' contains "$(err)" \
    'might stay and cost money' ec2:DescribeAddresses
cloud_ctl allow
check 'look again' expect_status 0 pk -y terminate "$ID"
nothing_left 'looked again: nothing is left'

# Termination protection, alone and among others.
launched $uuid web protected=yes
check 'protected' expect_status 6 pk -y terminate web
check 'protected: what to do' contains "$(err)" 'it is protected' \
    "--instance-id $ID --no-disable-api-termination"
check 'protected: nothing is removed' contains "$(cloud_ctl dump)" \
    "$address" "$group"
cloud_ctl instance $place plain >/dev/null
check 'one of two is protected' expect_status 6 pk -y terminate web plain
check 'the other one is terminated' contains "$(err)" \
    "'plain' (i-" ': terminated' '1 of 2 are done'
check 'once only, and then each' equals \
    "$(cloud_count 'c["action"] == "TerminateInstances"')" 7
cloud_ctl elastic $place instance="$ID" >/dev/null
cloud_ctl associate "$address" "$ID"

# Somebody else's things of the same name, and our tag on what nobody named.
kept=$(cloud_ctl dump)
cloud_instance $place sibling tag:pemkeep:launch=$uuid group=web
sibling=$ID
check 'a sibling' expect_status 0 pk -y terminate "$sibling"
check 'a sibling: what the other one uses stays' contains "$(err)" \
    "security group 'web' ($group) stays: it is in use by 'web'" \
    "Elastic IP $address"
check 'a sibling: the other one was not touched' equals "$(cloud_ctl dump)" \
    "$kept"

# In an account without all that.
cloud_account two eu-west-1
export AWS_PROFILE=two
place=two/eu-west-1
cloud_ctl keypair $place web public=key.pub >/dev/null
cloud_ctl group $place web allow=tcp:22:0.0.0.0/0 >/dev/null
cloud_ctl instance $place bystander group=web key=web >/dev/null
kept=$(cloud_ctl dump account=two)
cloud_instance $place web tag:pemkeep:launch=$uuid group=web key=web
check 'things of the same name without the tag' expect_status 0 \
    pk -y terminate web
check 'they are not even named' lacks "$(err)" 'With it goes'
check 'they stay' equals "$(cloud_ctl dump account=two)" "$kept"

# Two of one launch, and one of them is named.
launched 33333333-89ab-cdef-0123-456789abcdef first
cloud_ctl instance $place second group=first key=first \
    tag:pemkeep:launch=33333333-89ab-cdef-0123-456789abcdef >/dev/null
kept=$(cloud_ctl dump account=two | grep -c "$address\|$group\|$ID")
check 'one of two of a launch' expect_status 0 pk -y terminate second
check 'the other one runs, with all that it has' equals "$(cloud_ctl dump \
    account=two | grep -c "$address\|$group\|$ID")" $((kept - 1))
check 'and then the other one' expect_status 0 pk -y terminate first
check 'nothing of the two is left' lacks "$(cloud_ctl dump account=two)" \
    33333333-89ab

# A tag that would fit every launch.
launched $other fine
fine=$ID
cloud_ctl instance $place evil 'tag:pemkeep:launch=*' >/dev/null
check 'a tag that would fit every launch' expect_status 0 pk -y terminate evil
check 'it fits none' lacks "$(err)" 'With it goes'
check 'the other launch is whole' contains "$(cloud_ctl dump account=two)" \
    "$address" "$fine"

# An Elastic IP that no launch has made.
cloud_instance $place eip
theirs=$(cloud_ctl elastic $place instance=eip)
check 'an Elastic IP of somebody' expect_status 0 pk -y terminate eip
check 'it stays, and costs money' contains "$(err)" "$theirs" 'costs money'
check 'it is there' contains "$(cloud_ctl dump account=two)" "$theirs"

# The key pair is used elsewhere; the address has moved.
cloud_ctl instance $place user key=fine >/dev/null
cloud_ctl associate "$address" user
check 'used elsewhere' expect_status 0 pk -y terminate fine
check 'used elsewhere: by whom' contains "$(err)" \
    "key pair 'fine'" "stays: it is in use by 'user'" \
    "Elastic IP $address" 'it costs money'
check 'used elsewhere: the group is gone' lacks "$(cloud_ctl dump account=two)" "$group"

# Two terminations at the same time.
launched 11111111-89ab-cdef-0123-456789abcdef one
launched 22222222-89ab-cdef-0123-456789abcdef two
pk -y terminate one 2>one.err &
first=$!
pk -y terminate two 2>two.err
check 'two at a time: the second' equals $? 0
wait $first
check 'two at a time: the first' equals $? 0
check 'two at a time: nothing of both' lacks "$(cloud_ctl dump account=two)" \
    11111111-89ab 22222222-89ab

# Launched for real: everything is gone again, but for the key in the vault; and
# the rule that the launch has made for my address is mine, and moves with it.
new_vault
kept=$(cloud_ctl dump account=two)
check 'launch' expect_status 0 pk -y launch real --image ubuntu-24.04
check 'in from here' contains "$(err)" 'from 127.0.0.1/32'
cloud_ctl set checkip=203.0.113.9
check 'my address moves' expect_status 0 pk allow real
check 'it is not open to the one before' contains "$(err)" \
    'not open to 127.0.0.1/32 any more'
check 'terminate what was launched' expect_status 0 pk -y terminate real
check 'what goes is shown in the order of its removal' equals \
    "$(err | sed -n 's/^With it goes: \([a-zA-Z]*\).*/\1/p' | tr '\n' ' ')" \
    'Elastic security key '
check 'nothing of it is left' equals "$(cloud_ctl dump account=two)" "$kept"
check 'the private key is still there' contains "$(pk keys)" real

# A launch that was not complete is over with its instance; but not when something
# of it is left.
cloud_ctl set checkip=
half()
{
	cloud_ctl fault deny action=AssociateAddress
	check "$1: a launch that is not complete" expect_status 1 \
	    pk -y launch half --image debian-12
	cloud_ctl clear
	check "$1: it has a journal" equals "$(journals)" 1
}
journals()
{
	find "$state/launches" -name 'half-*.json' | wc -l
}
half 'all goes'
check 'all goes: terminate' expect_status 0 pk -y terminate half
check 'all goes: it says that the launch is over' contains "$(err)" \
    'was not complete, and is over now'
check 'all goes: so has its journal' equals "$(journals)" 0
check 'all goes: nothing is left' equals "$(cloud_ctl dump account=two)" "$kept"
pk audit >audited 2>&1
check 'all goes: the audit knows of no launch' lacks "$(cat audited)" \
    'launch --resume'
half 'something stays'
cloud_ctl deny ec2:ReleaseAddress
check 'something stays: terminate' expect_status 6 pk -y terminate half
check 'something stays: so does the journal' equals "$(journals)" 1
check 'something stays: nobody says that it is over' lacks "$(err)" 'is over'
check 'something stays: it is not gone on with' expect_status 1 \
    pk -y launch --resume half
cloud_ctl allow
check 'something stays: undo' expect_status 0 pk -y launch --undo half
check 'something stays: it speaks of that only' lacks "$(err)" 'instance i-'
check 'something stays: nothing is left' equals \
    "$(cloud_ctl dump account=two)" "$kept"
half 'used elsewhere'
half_key=$(cloud_ctl instance $place borrower key=half)
check 'used elsewhere: terminate' expect_status 0 pk -y terminate half
check 'used elsewhere: the journal stays' equals "$(journals)" 1
cloud_ctl state "$half_key" terminated
check 'used elsewhere: undo' expect_status 0 pk -y launch --undo half
check 'used elsewhere: then there is none' equals "$(journals)" 0
cloud_ctl fault lose action=AllocateAddress when=after
cloud_ctl fault deny action=DescribeAddresses times=0
check 'an answer was lost' expect_status 1 pk -y launch half --image debian-12
cloud_ctl clear
cloud_ctl fault replace action=DescribeAddresses times=0 old=pemkeep:launch \
    new=pemkeep:lunch
check 'an answer was lost: terminate' expect_status 0 pk -y terminate half
check 'an answer was lost: the address may be there: so is the journal' \
    equals "$(journals)" 1
cloud_ctl clear
check 'an answer was lost: undo' expect_status 0 pk -y launch --undo half

# What a hint shows can be copied into a shell, whatever the name is.
hostile="it's \$(touch owned); touch \`echo owned\`"
cloud_ctl fault deny action=RunInstances
check 'a hostile name' expect_status 1 pk -y launch "$hostile" --image debian-12
cloud_ctl clear
command=$(err | sed -n "s/.* goes on; pemkeep \(launch --undo .*\) removes it\$/\1/p")
check 'a hostile name: quoted' contains "$command" "'it'\\''s \$(touch owned); "
check 'a hostile name: pasted' expect_status 0 \
    bash -c "\"\$0\" -y $command" "$PEMKEEP"
check 'a hostile name: it has done nothing else' test ! -e owned
check 'a hostile name: launched' expect_status 0 \
    pk -y launch "$hostile" --image debian-12 --no-elastic-ip
command=$(err | sed -n 's/.* is ready: \(connect .*\)$/\1/p')
check 'a hostile name: pasted, too' expect_status 0 \
    bash -c "\"\$0\" -y $command true" "$PEMKEEP"
check 'a hostile name: nor has that' test ! -e owned
check 'a hostile name: terminate' expect_status 0 pk -y terminate "$hostile"
kept=$(cloud_ctl dump account=two)

# Two launches and a termination at the same time.
check 'one more' expect_status 0 pk -y launch busy1 --image debian-12
for n in 2 3; do
	pk -y launch busy$n --image debian-12 >busy$n.out 2>&1 &
	busy[n]=$!
done
pk -y terminate busy1 >busy1.out 2>&1
check 'at the same time: the termination' equals $? 0
for n in 2 3; do
	wait "${busy[n]}"
	check "at the same time: launch $n" equals $? 0
	check "at the same time: launch $n is whole" expect_status 0 \
	    pk connect busy$n whoami
done
check 'at the same time: nothing of the terminated one' lacks \
    "$(cloud_ctl dump account=two)" busy1
check 'at the same time: both go' expect_status 0 pk -y terminate 'busy*'
check 'at the same time: nothing is left' equals \
    "$(cloud_ctl dump account=two)" "$kept"

# Ctrl-C in the middle.
cloud_ctl set stopping=30
launched $uuid slow
"$PYTHON" -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$PEMKEEP" -y terminate slow 2>slow.err &
pid=$!
for ((i = 0; i < 200; i++)); do
	grep -q shutting-down slow.err && break
	sleep 0.05
done
kill -INT $pid
wait $pid
check 'interrupted' equals $? 130
check 'interrupted: how to go on' contains "$(cat slow.err)" \
    "until: pemkeep terminate $ID"
check 'interrupted: the name leads nowhere' refused 4 \
    "hint: pemkeep terminate $ID" -- pk -y terminate slow
cloud_ctl set stopping=0
cloud_ctl state slow terminated
check 'interrupted: nor when it is gone' refused 4 \
    "hint: pemkeep terminate $ID" -- pk -y terminate slow
check 'interrupted: its address is still there' contains \
    "$(cloud_ctl dump account=two)" "$address"
check 'interrupted: go on' expect_status 0 pk -y terminate "$ID"
check 'interrupted: nothing of it' lacks "$(cloud_ctl dump account=two)" $uuid

# Of two with a name, one in an account that cannot be asked any more.
echo 'profiles = main' >>"$HOME/.config/pemkeep/config"
cloud_instance main/eu-west-1 shared
theirs=$ID
cloud_instance two/eu-west-1 shared
check 'one name in two accounts' expect_status 5 pk -y terminate shared
cloud_ctl fault deny account=main action=DescribeInstances times=0
for verb in terminate stop; do
	check "one of two cannot be asked: $verb" expect_status 5 \
	    pk -y $verb shared
	check "one of two cannot be asked: $verb: which" contains "$(err)" \
	    "may also mean $theirs (main/eu-west-1)" "pemkeep $verb $ID"
done
check 'one of two cannot be asked: by its id' expect_status 0 \
    pk -y terminate "$ID"
cloud_ctl clear

done_testing
