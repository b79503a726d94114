#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: allow lets in who should be let in, once, in the right group;
# an address that has moved replaces the one before; and nothing is ever taken out
# that was not put in here.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

cloud_start pending=0.1 stopping=0.1 || done_testing
cloud_account main eu-west-1
export AWS_PROFILE=main
place=main/eu-west-1
grep -q my-address "$HOME/.config/pemkeep/config" ||
	printf 'my-address = %s/checkip\n' "$CLOUD_URL" \
	    >>"$HOME/.config/pemkeep/config"
uuid=01234567-89ab-cdef-0123-456789abcdef

# rules GROUP: what it lets in, one a line
rules()
{
	cloud_ctl dump | "$PYTHON" -c 'import json, sys
for account in json.load(sys.stdin).values():
    for place in account.values():
        for g in place["groups"].values():
            if g["name"] == sys.argv[1]:
                print(*sorted("%s:%s-%s:%s" % (r["protocol"], r["from"],
                    r["to"], r["cidr"]) for r in g["rules"]), sep="\n")' "$1"
}

changes()
{
	cloud_count 'c["action"].startswith(("Authorize", "Revoke"))'
}

# What goes wrong before anything is changed.
cloud_ctl group $place web >/dev/null
cloud_instance $place web group=web
web=$ID
for range in 1.2.3 1.2.3.4/33 ::/129 example.com 1.2.3.4/8x ''; do
	check "--cidr '$range'" expect_status 2 pk allow web --cidr "$range"
done
check '--port 0' expect_status 2 pk allow web --port 0
check '--port 65536' expect_status 2 pk allow web --port 65536
check 'no such name' expect_status 4 pk allow wob
pk add static 192.0.2.1 >/dev/null 2>&1
check 'no instance' expect_status 4 pk allow static
check 'no such group' expect_status 4 pk allow web --group sg-0123
check 'no such group: the one there is' contains "$(err)" "'web'"
for answer in '' 'nonsense' '1.2.3.4 5.6.7.8' '<html>1.2.3.4</html>' \
    1.2.3.4.5 1.2.3.256 0.0.0.0/0 '1.2.3.4,5.6.7.8'; do
	[ -n "$answer" ] || continue
	cloud_ctl set "checkip=$answer"
	check "my address: '$answer'" expect_status 8 pk allow web
	check "my address: '$answer': what to do" contains "$(err)" --cidr
done
cloud_ctl set checkip=203.0.113.7
cloud_ctl fault status action=CheckIp status=500 times=0
check 'my address: the page is broken' expect_status 8 pk allow web
cloud_ctl clear
cloud_ctl deny ec2:AuthorizeSecurityGroupIngress
check 'denied' expect_status 6 pk allow web
check 'denied: which permission' contains "$(err)" \
    ec2:AuthorizeSecurityGroupIngress
cloud_ctl allow
check 'nobody was let in' equals "$(rules web)" ''

# In, again, and out.
check 'allow' expect_status 0 pk allow web
check 'allow: it says so' contains "$(err)" \
    "'web' ($web): port 22 is open to 203.0.113.7/32 (security group 'web'"
check 'allow: it is' equals "$(rules web)" tcp:22-22:203.0.113.7/32
before=$(changes)
check 'again' expect_status 0 pk allow web
check 'again: it says so' contains "$(err)" 'open to 203.0.113.7/32 already'
check 'again: no call' equals "$(changes)" "$before"
cloud_ctl fault replace action=DescribeSecurityGroupRules old=sgr- new=x times=0
cloud_ctl fault replace action=DescribeSecurityGroupRules old=203.0.113.7 \
    new=203.0.113.8 times=0
check 'one that AWS did not show yet' expect_status 0 pk allow web
cloud_ctl clear
check 'still one' equals "$(rules web)" tcp:22-22:203.0.113.7/32
check 'another port' expect_status 0 pk allow web --port 443
check 'both' equals "$(rules web)" \
    $'tcp:22-22:203.0.113.7/32\ntcp:443-443:203.0.113.7/32'

# The address moves: the new one in, the old one out, of this port only.
cloud_ctl set checkip=198.51.100.4
check 'moved' expect_status 0 pk allow web
check 'moved: it says so' contains "$(err)" 'open to 198.51.100.4/32' \
    'not open to 203.0.113.7/32 any more, your address before'
check 'moved' equals "$(rules web)" \
    $'tcp:22-22:198.51.100.4/32\ntcp:443-443:203.0.113.7/32'
check 'moved: first in, then out' equals "$(cloud_calls \
    'c["action"].startswith(("Authorize", "Revoke"))' | tail -n 2 | grep -o \
    '"action": "[A-Z][a-z]*' | cut -d '"' -f 4 | tr '\n' ' ')" \
    'Authorize Revoke '
cloud_ctl set checkip=2001:DB8::7
check 'IPv6' expect_status 0 pk allow web
check 'IPv6 beside IPv4' equals "$(rules web)" \
    $'tcp:22-22:198.51.100.4/32\ntcp:22-22:2001:db8::7/128
tcp:443-443:203.0.113.7/32'
cloud_ctl set checkip=2001:db8:0::8
check 'IPv6 moves' expect_status 0 pk allow web
check 'IPv6 has moved' contains "$(rules web)" 2001:db8::8/128
check 'IPv6: the one before is out' lacks "$(rules web)" 2001:db8::7
cloud_ctl set checkip=198.51.100.4
check 'the moved rule cannot be taken out' expect_status 0 \
    pk allow web --port 443
cloud_ctl set checkip=198.51.100.5
cloud_ctl deny ec2:AuthorizeSecurityGroupIngress
check 'not in' expect_status 6 pk allow web
check 'not in: nor is the old one out' contains "$(rules web)" \
    22-22:198.51.100.4/32
cloud_ctl allow
cloud_ctl deny ec2:RevokeSecurityGroupIngress
check 'in, but the old one not out' expect_status 6 pk allow web
check 'in' contains "$(rules web)" 198.51.100.5/32 198.51.100.4/32
cloud_ctl allow
check 'again: the old one goes' expect_status 0 pk allow web
check 'out' lacks "$(rules web)" 22-22:198.51.100.4

# A range that was given stays when my address moves.
check 'a range' expect_status 0 pk allow web --cidr 192.0.2.77/24
check 'a range: host bits are zero' contains "$(rules web)" \
    22-22:192.0.2.0/24
before=$(changes)
check 'the same range, written otherwise' expect_status 0 \
    pk allow web --cidr 192.0.2.1/24
check 'the same range: no call' equals "$(changes)" "$before"
cloud_ctl set checkip=198.51.100.6
check 'my address moves' expect_status 0 pk allow web
check 'the range stays' contains "$(rules web)" 192.0.2.0/24 198.51.100.6/32
check 'revoke' expect_status 0 pk allow web --revoke
check 'revoke: both families' contains "$(err)" 198.51.100.6/32 2001:db8::8/128
check 'revoke: what is open still' contains "$(err)" \
    'Port 22 is still open to 192.0.2.0/24'
check 'revoke: mine are out' equals "$(rules web)" \
    $'tcp:22-22:192.0.2.0/24\ntcp:443-443:198.51.100.4/32'
before=$(changes)
check 'revoke again' expect_status 0 pk allow web --revoke
check 'revoke again: nothing to do' contains "$(err)" 'no rule of yours'
check 'revoke again: no call' equals "$(changes)" "$before"
check 'revoke the range' expect_status 0 \
    pk allow web --revoke --cidr 192.0.2.0/24
check 'revoke another port' expect_status 0 pk allow web --revoke -p 443
check 'nobody is let in' equals "$(rules web)" ''
check 'the log has them' equals "$(grep -c '"event":"revoke"' "$state/log") \
$(grep -c '"event":"allow"' "$state/log")" '9 10'

# Rules that somebody else has made, with my address in them.
cloud_ctl set checkip=203.0.113.7
cloud_ctl group $place web allow=tcp:22:203.0.113.7/32 \
    allow=tcp:22:203.0.113.9/32 >/dev/null
before=$(changes)
check 'let in by somebody' expect_status 0 pk allow web
check 'let in by somebody: already' contains "$(err)" already
check 'revoke: not mine' expect_status 0 pk allow web --revoke
check 'revoke: not mine, by range' expect_status 1 \
    pk allow web --revoke --cidr 203.0.113.9
check 'revoke: not mine: it stays' contains "$(err)" 'was not made here' \
    revoke-security-group-ingress
check 'somebody else: no call' equals "$(changes)" "$before"
cloud_ctl set checkip=203.0.113.10
check 'moved: somebody else'"'"'s stay' expect_status 0 pk allow web
check 'three of them' equals "$(rules web | wc -l)" 3
# The tag of another machine is not mine either.
HOSTNAME_FAKE=other
if unshare -Ur --uts true 2>/dev/null; then
	cloud_ctl set checkip=203.0.113.11
	export PEMKEEP HOSTNAME_FAKE
	check 'from another machine' expect_status 0 unshare -Ur --uts sh -c \
	    'hostname "$HOSTNAME_FAKE" && exec "$PEMKEEP" allow web'
	check 'from another machine: one more' contains "$(rules web)" \
	    203.0.113.10/32 203.0.113.11/32
else
	skip 'from another machine' 'unshare --uts is off here'
fi

# The whole internet.
before=$(changes)
check 'the internet: nobody to ask' expect_status 2 \
    pk allow web --cidr 0.0.0.0/0 </dev/null
check 'the internet: a warning' contains "$(err)" 'the whole internet'
check 'the internet: half of it' expect_status 2 \
    pk allow web --cidr 128.0.0.0/1 </dev/null
check 'the internet: IPv6' expect_status 2 pk allow web --cidr ::/0 </dev/null
check 'the internet: RDP' expect_status 2 \
    pk allow web --port 3389 --cidr 0.0.0.0/0 </dev/null
check 'the internet: no call' equals "$(changes)" "$before"
check 'the internet: port 80 is usual' expect_status 0 \
    pk allow web --port 80 --cidr 0.0.0.0/0
check 'the internet: somebody wants it' expect_status 0 \
    pk -y allow web --cidr 0.0.0.0/0
check 'the internet: from then on a warning' expect_status 0 pk allow web
check 'the internet: with the way out' contains "$(err)" \
    'lets the whole internet in, also to port 22 (0.0.0.0/0)' \
    '--security-group-rule-ids sgr-'
cloud_ctl group $place all allow=-1:0:0.0.0.0/0 >/dev/null
cloud_ctl instance $place open group=all >/dev/null
check 'all protocols are port 22, too' expect_status 0 pk allow open
check 'all protocols: the warning' contains "$(err)" 'also to port 22'

# Which group?
cloud_ctl set checkip=203.0.113.11
cloud_ctl group $place a >/dev/null
cloud_ctl group $place b >/dev/null
launched=$(cloud_ctl group $place l tag:pemkeep:launch=$uuid)
cloud_ctl instance $place two group=a group=b >/dev/null
check 'which group?' expect_status 5 pk allow two
check 'which group: they are shown' contains "$(err)" sg- 'a' 'b' --group
check 'which group: nobody was let in' equals "$(rules a)$(rules b)" ''
check 'the one that is named' expect_status 0 pk allow two --group b
check 'that one' equals "$(rules a)$(rules b)" tcp:22-22:203.0.113.11/32
cloud_ctl instance $place three group=a group=l >/dev/null
check 'the one of a launch' expect_status 0 pk allow three
check 'that one: of a launch' contains "$(err)" "'l', $launched"
cloud_ctl group $place m tag:pemkeep:launch=${uuid%f}0 >/dev/null
cloud_ctl instance $place four group=m group=l \
    tag:pemkeep:launch=$uuid >/dev/null
check 'the one of its own launch' expect_status 0 pk allow four
check 'that one: of its own' contains "$(err)" "$launched"
check 'who else is in it' contains "$(err)" "is also that of 'three'"

# Windows, and the way in for real.
cloud_ctl instance $place win image=windows-2022 group=a >/dev/null 2>&1 &&
	check 'Windows: RDP' expect_status 0 pk allow win &&
	check 'Windows: RDP' contains "$(err)" 'port 3389 is open'
new_vault
cloud_key $place k >/dev/null
pk import "$TMP/k" >/dev/null 2>&1
cloud_ctl group $place shut >/dev/null
cloud_ctl instance $place shut key=k group=shut >/dev/null
go()
{
	"$PEMKEEP" connect -o StrictHostKeyChecking=accept-new \
	    -o ConnectTimeout=5 shut whoami </dev/null
}
cloud_ctl set checkip=
check 'shut' expect_status 255 go
check 'let me in' expect_status 0 pk allow shut --port 22
check 'I am in' expect_status 0 go
check 'I am in: as the user' equals "$(out)" ubuntu

done_testing
