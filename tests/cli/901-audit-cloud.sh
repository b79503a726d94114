#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: an audit says what the keys open, what nobody can open, and
# what everybody can reach, each with the ids that EC2 knows it by; and without the
# network it says the same from the cache, and how old that is.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

cloud_start || done_testing
mkdir -m 700 ~/.ssh
mkdir ~/Downloads
export AWS_PROFILE=main
cloud_account main eu-west-1
cloud_account other us-east-1
here=main/eu-west-1

audit()
{
	pk audit --json "$@" >"$TMP/json" 2>"$TMP/.err"
}
# all ID...: "ID SUBJECT" of these findings, in order; none: of all
all()
{
	"$PYTHON" - "$TMP/json" "$@" <<'END'
import json, sys
j = json.load(open(sys.argv[1]))
print("\n".join(sorted(x["id"] + " " + x["subject"] for x in j["findings"]
                       if not sys.argv[2:] or x["id"] in sys.argv[2:])))
END
}
# of ID SUBJECT MEMBER: what the finding says
of()
{
	"$PYTHON" - "$TMP/json" "$@" <<'END'
import json, sys
j = json.load(open(sys.argv[1]))
for x in j["findings"]:
    if x["id"] == sys.argv[2] and x["subject"] == sys.argv[3]:
        value = x.get(sys.argv[4])
        print(" ".join(i["id"] for i in value)
              if isinstance(value, list) else value)
END
}

new_vault
cloud_ctl group $here office allow=tcp:22:203.0.113.0/24 >"$TMP/.out"
check 'nothing there' expect_status 0 pk audit
check 'is clean' contains "$(err)" 'Nothing was found'

# A key that opens things, where everybody can read it.
cloud_key $here web >"$TMP/.out"
for i in 1 2 3; do
	cloud_instance $here "web-$i" key=web group=office
	web[i]=$ID
done
cloud_instance $here web-old key=web group=office state=stopped
cp "$TMP/web" ~/Downloads/web.pem
chmod 644 ~/Downloads/web.pem
audit
check 'readable: by that key' equals "$(all key-readable)" \
    "key-readable $HOME/Downloads/web.pem"
check 'readable: it is as bad as it gets' equals \
    "$(of key-readable ~/Downloads/web.pem severity)" critical
check 'readable: what it opens' contains \
    "$(of key-readable ~/Downloads/web.pem text)" 'mode 0644' \
    'opens 3 running instances: web-1, web-2, web-3'
chmod 600 ~/Downloads/web.pem
audit
check 'private, but open to a thief' equals \
    "$(of key-unprotected ~/Downloads/web.pem severity)" high
check 'what it opens' contains \
    "$(of key-unprotected ~/Downloads/web.pem text)" 'web-1, web-2, web-3'
check 'nobody is locked out' equals "$(all instance-without-key \
    pair-without-key)" ''

# EC2 knows this one by the digest of the private key only.
ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -f "$TMP/made"
cloud_ctl keypair $here made private="$TMP/made" >/dev/null
cloud_instance $here made key=made group=office
cp "$TMP/made" ~/.ssh/made
chmod 600 ~/.ssh/made
cloud_ctl fault replace action=DescribeKeyPairs old=publicKey \
    new=publicNothing times=0
audit
check 'by fingerprint: created by EC2' contains \
    "$(of key-unprotected ~/.ssh/made text)" 'instance: made'
check 'by fingerprint: imported' contains \
    "$(of key-unprotected ~/Downloads/web.pem text)" 'web-1'
check 'by fingerprint: nobody is locked out' equals \
    "$(all instance-without-key pair-without-key)" ''
cloud_ctl clear >/dev/null

# Into the vault with them.
pk -q import --move ~/Downloads/web.pem ~/.ssh/made
audit
check 'in the vault' equals "$(all | grep -v ^host-key)" ''
check 'hosts that nobody has been to' equals \
    "$(of host-key-unproven known_hosts severity)" info
check 'their ids' contains "$(of host-key-unproven known_hosts instances)" \
    "${web[1]}" "${web[2]}" "${web[3]}"
check 'are no failure' expect_status 0 pk audit
check 'unless they are to be' expect_status 1 pk audit --fail-on info
mkdir -p "$state"
printf '[%s]:2222 ssh-ed25519 AAAA\nx,%s ssh-ed25519 AAAA\n%s0 x AAAA\n' \
    "${web[1]}" "${web[2]}" "${web[3]}" >"$state/known_hosts"
audit
check 'those that are pinned' lacks \
    "$(of host-key-unproven known_hosts instances)" "${web[1]}" "${web[2]}"
check 'and one that is not' contains \
    "$(of host-key-unproven known_hosts instances)" "${web[3]}"

# What nobody can open.
ssh-keygen -q -t ed25519 -N '' -f "$TMP/lost"
cloud_ctl keypair $here lost public="$TMP/lost.pub" >/dev/null
cloud_ctl keypair $here spare public="$TMP/web.pub" >/dev/null
audit
check 'a pair without key' equals "$(all pair-without-key)" \
    'pair-without-key lost'
check 'how it goes away' matches "$(of pair-without-key lost command)" \
    '^aws ec2 delete-key-pair --key-pair-id key-[0-9a-f]+ --region eu-west-1'
check 'which it is' equals "$(of pair-without-key lost fingerprint)" \
    "$(ssh-keygen -lf "$TMP/lost.pub" | cut -d ' ' -f 2)"
cloud_instance $here 'db 한글' key=lost group=office
db=$ID
audit
check 'an instance without key' equals \
    "$(all instance-without-key pair-without-key)" 'instance-without-key db 한글'
check 'its id' equals "$(of instance-without-key 'db 한글' instances)" "$db"
check 'its pair' equals "$(of instance-without-key 'db 한글' key_pair)" lost
cloud_ctl delete-keypair $here lost
audit
check 'a pair that is gone' contains \
    "$(of instance-without-key 'db 한글' text)" 'does not have any more'
cp "$TMP/lost" ~/.ssh/lost
ssh-keygen -q -p -m PEM -N 'a passphrase' -f ~/.ssh/lost >/dev/null 2>&1
chmod 600 ~/.ssh/lost
cloud_ctl keypair $here lost public="$TMP/lost.pub" >/dev/null
audit
check 'a file that has the key' equals "$(all instance-without-key)" ''
rm ~/.ssh/lost
pk -q lock
env -u PEMKEEP_PASSPHRASE_FILE "$PEMKEEP" audit --json --no-input \
    >"$TMP/json" 2>"$TMP/.err"
check 'locked: nobody is said to have no key' equals \
    "$(all instance-without-key pair-without-key vault-key-unused)" ''
check 'locked: that is said' contains "$(err)" "the vault's keys are not known"
cloud_ctl terminate "$db"
cloud_ctl wait "$db" terminated
cloud_ctl delete-keypair $here lost

# A vault key that opens nothing.
pk -q generate idle >/dev/null
for i in a b c; do
	pk -q generate "other-$i" >/dev/null
	pk -q add "host-$i" 192.0.2.1 --key "other-$i"
done
audit
check 'a key of no use' equals "$(all vault-key-unused)" 'vault-key-unused idle'
cloud_ctl deny ec2:DescribeKeyPairs
rm -rf ~/.cache/pemkeep
audit
check 'not said while that is not known' equals "$(all vault-key-unused)" ''
check 'but that it is partial' equals "$(json "$TMP/json" 'j["partial"]')" True
cloud_ctl allow

# Open to the world.
group=$(cloud_ctl group $here world allow=tcp:22:0.0.0.0/0)
audit
check 'a group that nobody is in' equals "$(all port-open-to-world)" ''
cloud_instance $here edge key=web group=world
edge=$ID
audit
check 'port 22' equals "$(all port-open-to-world)" "port-open-to-world $group"
check 'is severe' equals "$(of port-open-to-world "$group" severity)" high
check 'at which instance' equals \
    "$(of port-open-to-world "$group" instances)" "$edge"
check 'by which rule' matches "$(of port-open-to-world "$group" rule)" \
    '^sgr-[0-9a-f]+$'
the_rule=$(of port-open-to-world "$group" rule)
check 'how it is closed' equals "$(of port-open-to-world "$group" command)" \
    "pemkeep allow $edge --region eu-west-1 --profile main &&\
 aws ec2 revoke-security-group-ingress --group-id $group\
 --security-group-rule-ids $the_rule --region eu-west-1 --profile main"
cloud_instance $here inside key=web group=world public=no
audit
check 'the one that can be reached' contains \
    "$(of port-open-to-world "$group" text)" 'anybody try at edge'
check 'all that are in it' equals \
    "$(of port-open-to-world "$group" instances | wc -w)" 2
cloud_ctl terminate edge
cloud_ctl wait "$edge" terminated
audit
check 'nobody can be reached: nobody is to be let in' matches \
    "$(of port-open-to-world "$group" command)" '^aws ec2 revoke'
check 'nobody can be reached: low' equals \
    "$(of port-open-to-world "$group" severity)" low
cloud_instance $here edge key=web group=world ipv6=::1

# opens ALLOW...: does it, and to whom?
opens()
{
	local args=() one
	for one; do args+=("allow=$one"); done
	cloud_ctl group $here world "${args[@]}" >/dev/null
	audit
	of port-open-to-world "$group" severity | sort | tr '\n' ' '
	json "$TMP/json" '[x["text"].split(" is open")[0] for x in j["findings"]
	    if x["id"] == "port-open-to-world"]'
}
both='SSH and RDP (ports 22 and 3389)'
check 'another port' equals "$(opens tcp:443:0.0.0.0/0)" ''
check 'to one network' equals "$(opens tcp:22:10.0.0.0/8)" ''
check 'UDP' equals "$(opens udp:22:0.0.0.0/0)" ''
check 'port 3389' equals "$(opens tcp:3389:0.0.0.0/0)" 'high RDP (port 3389)'
check 'a range' equals "$(opens tcp:20-30:0.0.0.0/0)" 'high SSH (port 22)'
check 'a range beside it' equals "$(opens tcp:23-3388:0.0.0.0/0)" ''
check 'all ports' equals "$(opens tcp:0-65535:0.0.0.0/0)" "high $both"
check 'all protocols' equals "$(opens -1:-1:0.0.0.0/0)" "high $both"
check 'IPv6' equals "$(opens tcp:22:::/0)" 'high SSH (port 22)'
check 'half of the world' equals "$(opens tcp:22:0.0.0.0/1 \
    tcp:22:128.0.0.0/1)" $'high high SSH (port 22)\nSSH (port 22)'
check 'all of IPv6 that there is' equals "$(opens tcp:22:2000::/3)" \
    'high SSH (port 22)'
check 'one rule of several' equals "$(opens tcp:443:0.0.0.0/0 \
    tcp:22:203.0.113.7/32 tcp:22:0.0.0.0/0)" 'high SSH (port 22)'
cloud_ctl group $here world >/dev/null

# Addresses, and the metadata service.
address=$(cloud_ctl elastic $here)
cloud_ctl elastic $here instance=web-1 >/dev/null
cloud_instance $here legacy key=web group=office imds=optional
legacy=$ID
cloud_instance $here deaf key=web group=office imds=disabled
audit
check 'an address that nobody has' equals "$(all address-idle)" \
    "address-idle $address"
check 'goes' matches "$(of address-idle "$address" command)" \
    '^aws ec2 release-address --allocation-id eipalloc-[0-9a-f]+ --region eu'
check 'metadata without token' equals "$(all imds-v1)" 'imds-v1 legacy'
check 'its id' equals "$(of imds-v1 legacy instances)" "$legacy"

# Which accounts and regions, and what can be asked of them.
cloud_ctl elastic other/us-east-1 >"$TMP/far"
audit
check 'another account is not looked at' lacks "$(all)" "$(cat "$TMP/far")"
audit --profile other
check 'unless it is asked for' equals "$(all address-idle)" \
    "address-idle $(cat "$TMP/far")"
check 'with its profile and region' equals "$(of address-idle \
    "$(cat "$TMP/far")" profile) $(of address-idle "$(cat "$TMP/far")" region)" \
    'other us-east-1'
cloud_ctl deny ec2:DescribeSecurityGroupRules
audit
check 'no right to ask for rules' equals "$(json "$TMP/json" 'j["partial"]')" \
    True
check 'says so' contains "$(json "$TMP/json" 'j["errors"][0]["error"]')" \
    DescribeSecurityGroupRules
check 'and finds the rest' equals "$(all address-idle imds-v1)" \
    "address-idle $address"$'\nimds-v1 legacy'
cloud_ctl allow

# A launch that has failed half-way.
cloud_ctl deny ec2:RunInstances
check 'a launch that fails' expect_status 1 pk launch half --yes \
    --image ubuntu-24.04 --no-elastic-ip
cloud_ctl allow
audit
check 'is left half-done' equals "$(all launch-unfinished)" \
    'launch-unfinished half'
check 'where' equals "$(of launch-unfinished half profile) \
$(of launch-unfinished half region)" 'main eu-west-1'
check 'and is taken back' expect_status 0 pk launch --undo half --yes
audit
check 'which is the end of it' equals "$(all launch-unfinished)" ''

# Names from AWS do what they please.
cloud_instance $here $'\u009b31mred\u202e' key=web group=office imds=optional
pk audit >"$TMP/out" 2>"$TMP/said"
check 'a hostile name' safe "$TMP/out" "$TMP/said"

# Without the network.
opens tcp:22:0.0.0.0/0 >/dev/null
audit
cp "$TMP/json" "$TMP/live"
calls=$(cloud_count True)
audit --offline
check 'offline: nothing is asked' equals "$(cloud_count True)" "$calls"
same='sorted(str(x) for x in j["findings"])'
check 'offline: the same findings' equals "$(json "$TMP/json" "$same")" \
    "$(json "$TMP/live" "$same")"
check 'offline: not live' equals "$(json "$TMP/json" 'j["live"]')" False
"$PYTHON" - ~/.cache/pemkeep/inventory.db <<'END'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE survey SET since = since - 7250")
db.commit()
END
check 'offline: how old' expect_status 1 pk audit --offline
check 'offline: is said' contains "$(err)" 'from the cache, and 2h old'
cloud_stop
audit
same='sorted(str(x) for x in j["findings"] if x["id"] != "vault-key-unused")'
check 'AWS is away: the same findings' equals "$(json "$TMP/json" "$same")" \
    "$(json "$TMP/live" "$same")"
check 'AWS is away: a key may be of use all the same' equals \
    "$(all vault-key-unused)" ''
check 'AWS is away: partial' equals "$(json "$TMP/json" 'j["partial"]')" True
rm -r ~/.cache/pemkeep
audit --offline
check 'nothing known, nothing said' equals \
    "$(all port-open-to-world address-idle imds-v1 instance-without-key)" ''
check 'and no date' equals "$(json "$TMP/json" 'j["fetched"]')" None
done_testing
