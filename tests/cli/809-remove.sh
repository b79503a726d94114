#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: what a launch has made is removed, whatever AWS says on the
# way; and what has not its tag, or is used by something that stays, is not
# touched, whatever the answers and the tags hold.

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

# made UUID NAME: a launch; $ID, $address, $group, $pair
made()
{
	local tag=tag:pemkeep:launch=$1
	cloud_ctl keypair $place "$2" public=key.pub "$tag" >/dev/null
	group=$(cloud_ctl group $place "$2" allow=tcp:22:0.0.0.0/0 "$tag")
	cloud_instance $place "$2" "$tag" group="$2" key="$2" ${3:+"$3"}
	address=$(cloud_ctl elastic $place instance="$ID" "$tag")
}

remove()
{
	"$BUILD/tests/tools/launchremove" "$@" >out 2>&1
}

# fate NAME LINE... of the last one, in this order; the id is left out
fates()
{
	check "$1" equals "$(sed -n 's/ *([a-z]*-[0-9a-f]*)//; s/[.0-9]\{7,\}/IP/
	    s/^error.*/error/; /^\(removed\|gone\|left\|failed\|error\)/p' out |
	    cut -f 1-2)" "$2"
}

nothing_left()
{
	check "$1" equals "$(cloud_ctl dump)" "$before"
}

before=$(cloud_ctl dump)

# No tag that could mean more than one launch ever gets to AWS.
for tag in '*' '' '?1234567-89ab-cdef-0123-456789abcdef' "$uuid " \
    01234567-89AB-cdef-0123-456789abcdef "${uuid%?}" "${uuid}0"; do
	check "'$tag' is no launch" expect_status 2 remove eu-west-1 "$tag"
done
check 'nobody was asked about those' equals "$(cloud_count 'True')" 0

all=$'removed\tinstance \'a\'\nremoved\tElastic IP IP
removed\tsecurity group \'a\'\nremoved\tkey pair \'a\''
made $uuid a
check 'all of it' expect_status 0 remove eu-west-1 $uuid
fates 'all of it is said, in this order' "$all"
nothing_left 'nothing is left'
check 'again: nothing to do' expect_status 0 remove eu-west-1 $uuid
fates 'nothing is said' ''

# Denied in the middle: the rest goes, and the second run ends it.
made $uuid a
cloud_ctl deny ec2:ReleaseAddress
check 'denied' expect_status 6 remove eu-west-1 $uuid
fates 'denied: what stays is said' "$(sed '2s/removed/failed/' <<<"$all")
error"
check 'denied: which permission' contains "$(cat out)" 'ReleaseAddress in eu-west-1'
cloud_ctl allow
check 'the rest' expect_status 0 remove eu-west-1 $uuid
fates 'the rest is the address' $'removed\tElastic IP IP'
nothing_left 'denied: nothing is left in the end'

# Errors that go away, answers that do not come.
for fault in 'throttle action=Delete*' 'lose action=Terminate* when=after' \
    'lose action=ReleaseAddress when=after' 'status action=DeleteSecurityGroup' \
    'lose action=DeleteSecurityGroup when=after' 'lose action=DeleteKeyPair' \
    'error action=DeleteSecurityGroup code=DependencyViolation times=3' \
    'error action=ReleaseAddress code=InvalidIPAddress.InUse times=2' \
    'notfound action=DeleteSecurityGroup when=after' \
    'notfound action=DisassociateAddress when=after'; do
	made $uuid a
	# shellcheck disable=SC2086
	cloud_ctl fault $fault
	check "$fault" expect_status 0 remove eu-west-1 $uuid
	nothing_left "$fault: nothing is left"
done

# Without the default VPC's help.
cloud_ctl set default_vpc=0
made $uuid a
check 'another VPC' expect_status 0 remove eu-west-1 $uuid
nothing_left 'another VPC: nothing is left'
cloud_ctl set default_vpc=1

# In use for ever.
made $uuid a
cloud_ctl fault error action=DeleteSecurityGroup code=DependencyViolation times=0
check 'there is an end to patience' expect_status 1 \
    remove -w 400 eu-west-1 $uuid
check 'it says what AWS says' contains "$(cat out)" DependencyViolation
cloud_ctl clear
check 'after that' expect_status 0 remove eu-west-1 $uuid
nothing_left 'after that nothing is left'

# Ctrl-C: each thing that is still there is named.
made $uuid a
check 'interrupted' expect_status 130 remove -i 1 eu-west-1 $uuid
fates 'interrupted: what is left' "${all//removed/failed}
error"
check 'go on' expect_status 0 remove eu-west-1 $uuid
nothing_left 'go on: nothing is left'

# What is somebody else's, also where the endpoint does not care for the filter.
made $other b
cloud_instance $place plain group=b key=b
theirs=$(cloud_ctl dump)
cat >all.xml <<END
<DescribeSecurityGroupsResponse><securityGroupInfo><item>
<groupId>$group</groupId><groupName>b</groupName><tagSet><item>
<key>pemkeep:launch</key><value>$other</value></item></tagSet>
</item></securityGroupInfo></DescribeSecurityGroupsResponse>
END
cloud_ctl fault body file="$TMP/all.xml" action=DescribeSecurityGroups times=2
check 'another launch' expect_status 0 remove eu-west-1 $uuid
check 'another launch: it is not even named' equals "$(cat out)" ''
cloud_ctl clear
changes()
{
	cloud_count 'c["action"].startswith(("Terminate", "Delete", "Rel", "Dis"))'
}
calls=$(changes)
for thing in "0:$ID" "2:$group"; do
	check "not ours: $thing" expect_status 0 remove eu-west-1 $uuid "$thing"
	check "not ours: $thing: it says so" contains "$(cat out)" \
	    'it is not of this launch'
done
check 'not ours: untouched' equals "$(cloud_ctl dump)" "$theirs"
check 'not ours: no call that changes anything' equals "$(changes)" "$calls"

# Another instance uses the group and the key pair, and has got the address.
cloud_ctl associate "$address" plain
check 'in use' expect_status 0 remove eu-west-1 $other
fates 'in use: they are left' "removed	instance 'b'
left	Elastic IP IP
left	security group 'b'
left	key pair 'b'"
check 'in use: by whom' contains "$(cat out)" "it is in use by 'plain' (i-"
cloud_ctl terminate plain
cloud_ctl wait plain terminated
check 'not in use any more' expect_status 0 remove eu-west-1 $other
nothing_left 'not in use: nothing is left'

# Protected: it stays, and so does what it uses.
made $uuid c protected=yes
kept=$(cloud_ctl dump)
check 'protected' expect_status 6 remove eu-west-1 $uuid
fates 'protected: what it uses stays' "failed	instance 'c'
left	Elastic IP IP
left	security group 'c'
left	key pair 'c'
error"
check 'protected: it says so' contains "$(cat out)" 'it is protected'
check 'protected: untouched' equals "$(cloud_ctl dump)" "$kept"

# New: what is not seen yet may be there all the same.
group=$(cloud_ctl group $place new tag:pemkeep:launch=$uuid)
cloud_ctl fault replace old="$group" new=sg-0 times=2 \
    action=DescribeSecurityGroups
check 'a new one that is seen late' expect_status 0 \
    remove eu-west-1 $uuid "2:$group:fresh"
check 'a new one: it was waited for' contains "$(cat out)" pause
check 'a new one: removed' contains "$(cat out)" $'removed\tsecurity group'
check 'an old one that is not there' expect_status 0 \
    remove eu-west-1 $uuid "2:$group"
check 'an old one: gone' contains "$(cat out)" $'gone\tsecurity group'

done_testing
