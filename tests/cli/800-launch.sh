#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: from nothing to a shell in one command, with every image and
# every option; '--plan' shows all of it and changes nothing; the private key never
# gets out of the vault; and what was launched is known to the other commands at
# once.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

cloud_start pending=0.1 stopping=0.1 boot=0.1 addresses=100 || done_testing
cloud_account main eu-west-1
cloud_account dev ap-northeast-2
export AWS_PROFILE=main
new_vault

# of NAME PYTHON: about the instance of that name; 'i' is it, 'p' its place
of()
{
	cloud_ctl dump >dump
	json dump "[eval(sys.argv[3], {'i': i, 'p': p, 'id': id})
	    for a in j.values() for p in a.values()
	    for id, i in p['instances'].items()
	    if i['tags'].get('Name') == sys.argv[4]]" "$2" "$1"
}
# call ACTION PYTHON: about each such call; 'c' is its parameters
call()
{
	cloud_calls "c['action'] == '$1' and c['done']" |
	    "$PYTHON" -c 'import json, sys
for line in sys.stdin:
    c = json.loads(line)["params"]
    print(eval(sys.argv[1]))' "$2"
}
changing='c["action"][:8] not in ("Describe", "GetCalle", "GetParam", "GetConso")'
# Nothing is ever left in the place of unfinished launches.
none_open()
{
	equals "$(find "$state/launches" -type f 2>/dev/null)" ''
}

# A plan changes nothing.
cloud_ctl dump >before
pk -q lock
export PEMKEEP_PASSPHRASE_FILE=$TMP/no-such-file
check 'plan' expect_status 0 pk launch web --image ubuntu-24.04 --open 80 \
    --disk 8 --tag env=prod --plan
check 'plan: says all of it' contains "$(out)" "Launch 'web' in eu-west-1" \
    'ubuntu-24.04: ami-' 'ubuntu-noble-24.04-amd64' 't2.micro' \
    'eligible for the free tier' '8 GiB (/dev/sda1)' 'env = prod' \
    '$0.005 an hour' ImportKeyPair 'CreateSecurityGroup           pemkeep-web' \
    'tcp 80 from 0.0.0.0/0' 'tcp 22 from 127.0.0.1/32 (me)' RunInstances \
    AllocateAddress AssociateAddress 'RunInstances                  allowed'
check 'plan: safely' safe "$TMP/.out" "$TMP/.err"
check 'plan: no passphrase was wanted' lacks "$(err)" no-such-file
export PEMKEEP_PASSPHRASE_FILE=$PASS_FILE
cloud_ctl dump >after
check 'plan: the account is as it was' cmp before after
check 'plan: no call has changed anything' equals \
    "$(cloud_count "$changing and c['done'] and c['service'] == 'ec2'")" 0
check 'plan: all that could be asked about was a dry run' equals \
    "$(cloud_calls "$changing and c['service'] == 'ec2'" |
    grep -c '"DryRun": "true"')" 4
check 'plan: nothing was written' test ! -e "$state/launches"
check 'plan: no key was made' equals \
    "$(pk keys --json | grep -c fingerprint)" 0
check 'plan --json' expect_status 0 pk launch web --image debian-12 --plan \
    --json --key-from-aws
out >plan
check 'plan --json: the calls' equals \
    "$(json plan '[c["action"] for c in j["plan"]["calls"]]')" \
    'CreateKeyPair
CreateSecurityGroup
AuthorizeSecurityGroupIngress
RunInstances
AllocateAddress
AssociateAddress'
cloud_ctl deny ec2:AllocateAddress
cloud_ctl deny ec2:RunInstances
check 'plan: what is not allowed' expect_status 6 pk launch web \
    --image debian-12 --plan
check 'plan: says so' contains "$(out)" 'RunInstances                  NOT allowed' \
    'AllocateAddress               NOT allowed' \
    'ImportKeyPair                 allowed'
cloud_ctl allow

# Three images, to a shell.
launch()
{
	local image=$1 user=$2 name=$3
	check "$image" expect_status 0 pk launch "$name" --image "$image" \
	    --open 80 --yes --connect -- whoami
	check "$image: as $user" equals "$(out)" "$user"
	check "$image: the host key was proven before" contains "$(err)" \
	    "The host key of '$name' (i-" 'is proven by its console: SHA256:'
	check "$image: nothing is left open" none_open
}
launch ubuntu-24.04 ubuntu web
launch amazon-linux-2023 ec2-user amazon
launch debian-12 admin debian
id=$(of web id)
check 'its address is the elastic one' equals "$(of web \
    '([a["public"] for a in p["addresses"].values() if a["instance"] == id] ==
	[i["address"]])')" True
check 'the key is in the vault, once' equals \
    "$(pk keys --json | grep -c '"name": "web"')" 1
pk export web --public >web.pub
check 'the key pair is that key' contains "$(of web \
    'p["key_pairs"]["web"]["public"]')" "$(cut -d ' ' -f 1,2 web.pub)"
check 'the tag is on all four' equals "$(of web '[len({t["tags"]["pemkeep:launch"]
    for t in [i, p["key_pairs"]["web"],
    *[g for g in p["groups"].values() if g["name"] == "pemkeep-web"],
    *[a for a in p["addresses"].values() if a["instance"] == id]]})]')" '[1]'
check 'version 2 of the metadata only' equals "$(call RunInstances \
    'c["MetadataOptions.HttpTokens"]' | sort -u)" required
check 'a ClientToken with each' equals "$(call RunInstances \
    'len(c["ClientToken"])' | sort -u)" 36
check 'every create call has the tag' equals "$(cloud_calls '(c["done"] and
    c["action"] in ("RunInstances", "AllocateAddress", "CreateSecurityGroup",
    "ImportKeyPair", "AuthorizeSecurityGroupIngress"))' |
    grep -vc '"TagSpecification.1.Tag.1.Key": "pemkeep:launch"')" 0
before=$(cloud_count True)
check 'resolve knows it' expect_status 0 pk resolve web
check 'resolve: elastic, by its key' contains "$(out)" "$(of web 'i["address"]')" \
    "$id" ubuntu
check 'list knows it' contains "$(pk list)" "$id" running elastic
check 'AWS was not asked for that' equals "$(cloud_count True)" "$before"
check 'connect by name' expect_status 0 pk connect web true
check 'connect: nothing said' equals "$(err)" ''
check 'the event log knows it' contains "$(pk log)" launch "$id" \
    main/eu-west-1
check 'port 80 is open, and 22 for me only' equals "$(of web \
    'sorted((r["from"], r["cidr"]) for g in p["groups"].values()
	for r in g["rules"] if g["name"] == "pemkeep-web")')" \
    "[(22, '127.0.0.1/32'), (80, '0.0.0.0/0')]"
check 'exit status of the command' expect_status 7 pk launch seven \
    --image debian-12 --no-elastic-ip --yes --connect -- exit 7

# The name is in use.
check 'in use' refused 1 "'web' is in use in eu-west-1: $id" -- \
    pk launch web --image debian-12 --yes
check 'in use: nothing was made' none_open
check 'in use: --again' expect_status 0 pk launch web --again --yes \
    --image amazon-linux-2023 --no-elastic-ip
check 'again: the plan says so' contains "$(err)" \
    "key       'web-2' (ed25519), new, made in the vault; key pair 'web-" \
    "the key 'web' of the vault is not used (--key 'web' uses it)"
check 'again: a key of its own' contains "$(pk keys)" web-2
check 'again: prints id and address' matches "$(out)" \
    '^i-[0-9a-f]{17} 127\.[0-9.]+$'
again=$(out | cut -d ' ' -f 1)
check 'again: another group and pair' equals "$(of web 'i["key"]' | sort -u |
    wc -l)" 2
check 'again: no Elastic IP' equals "$(cloud_calls \
    'c["action"] == "AssociateAddress"' | grep -c "$again")" 0

# Options.
printf '#!/bin/sh\necho \377 hello\n' >data
check 'options' expect_status 0 pk launch full --image ubuntu-22.04 \
    --type t3.small --disk 20 --open 8000-8010 --open 443:10.1.2.3/8 \
    --open 22:me --open '53:2001:db8::1/32' --tag env=dev --tag 'a b=c=d é' \
    --user-data data --key web --yes --json
out >result
check 'JSON' equals "$(json result 'sorted(j["launch"])')" 'address
elastic
id
key
key_pair
name
region
security_group'
check 'JSON: the address' equals "$(json result 'j["launch"]["address"]')" \
    "$(of full 'i["address"]')"
check 'type, disk' equals "$(of full '[i["type"], i["volume"]]')" \
    "['t3.small', 20]"
check 'rules' equals "$(of full 'sorted((r["from"], r["to"], r["cidr"])
    for g in p["groups"].values() for r in g["rules"]
    if g["name"] == "pemkeep-full")')" "[(22, 22, '127.0.0.1/32'), \
(53, 53, '2001:db8::/32'), (443, 443, '10.0.0.0/8'), (8000, 8010, '0.0.0.0/0')]"
check 'tags' equals "$(of full '[i["tags"]["env"], i["tags"]["a b"]]')" \
    "['dev', 'c=d é']"
check 'user data, byte by byte' equals "$(call RunInstances \
    'c.get("UserData", "")' | tail -n 1)" "$(base64 -w 0 <data)"
keeps=$(cloud_ctl image eu-west-1 keeps-disk owner=main keeps-disk=yes)
check 'an image whose disk outlives the instance' expect_status 0 \
    pk launch kept --image "$keeps" --key web --yes
check 'no disk outlives its instance' equals "$(call RunInstances \
    'c["ImageId"], c.get("BlockDeviceMapping.1.Ebs.DeleteOnTermination")' |
    grep "$keeps")" "('$keeps', 'true')"
check '--key: the pair that is there' equals "$(of full 'i["key"]')" web
check '--key: no other was imported' equals "$(call ImportKeyPair \
    'c["KeyName"]' | grep -c full)" 0
pk -q generate old >/dev/null
check '--key: one that the region has not' expect_status 0 pk launch older \
    --image debian-12 --key old --yes --no-elastic-ip
check '--key: is imported then' equals "$(of older 'i["key"]')" old
check 'the same key from the config' bash -c '
	printf "[launch]\nimage = debian-12\nkey = old\nelastic-ip = no\n" \
	    >>"$1" && "$2" launch configured --yes -q --open 9000 >/dev/null' - \
    "$HOME/.config/pemkeep/config" "$PEMKEEP"
check 'config: all of it' equals "$(of configured \
    '[i["key"], i["image"] == [k["image"] for k in p["instances"].values()
	if k["tags"].get("Name") == "older"][0]]')" "['old', True]"
sed -i '/^\[launch\]/,$d' "$HOME/.config/pemkeep/config"

# A key that EC2 makes.
check 'key from AWS' expect_status 0 pk launch ours --image ubuntu-20.04 \
    --key-from-aws --yes --no-elastic-ip --connect -- whoami
check 'key from AWS: it opens the server' equals "$(out)" ubuntu
check 'key from AWS: the vault has it, and knows whose it is' equals "$(
    pk keys --json >keys; json keys '[k["ec2_created"].rstrip("=") for k in
	j["keys"] if k["name"] == "ours"]')" \
    "$(of ours 'p["key_pairs"]["ours"]["fingerprint"].rstrip("=")')"
check 'key from AWS: never on the disk in clear' equals "$(grep -rlaE \
    'BEGIN (OPENSSH|RSA) PRIVATE' "$HOME" 2>/dev/null)" ''

check 'a session after a launch' expect_status 0 pk launch held \
    --image debian-12 --yes --no-elastic-ip --connect -- ls "$state/launches"
check 'it keeps no launch of that name waiting' equals "$(out)" ''

# Images by id and by pattern, arm64, another region, names of all kinds.
image=$(cloud_ctl image-id eu-west-1 alma-9)
check 'an image by id' expect_status 0 pk launch alma --image "$image" --yes \
    --no-elastic-ip
check 'it is that one' equals "$(of alma 'i["image"]')" "$image"
cloud_ctl image eu-west-1 mine-1 owner=main user=ubuntu \
    created=2025-02-01T00:00:00.000Z >/dev/null
new=$(cloud_ctl image eu-west-1 mine-2 owner=main user=ubuntu \
    created=2025-03-01T00:00:00.000Z)
cloud_ctl image eu-west-1 mine-3 owner=dev user=ubuntu \
    created=2025-04-01T00:00:00.000Z >/dev/null
check 'an image by its name' expect_status 0 pk launch byname \
    --image 'name:mine-*' --yes --no-elastic-ip
check 'the newest, and nobody else'\''s' equals "$(of byname 'i["image"]')" "$new"
check 'an image of an owner' expect_status 0 pk launch owned --plan \
    --image 'name:debian-12-amd64-*@136693071363'
check 'it is that one' contains "$(out)" debian-12-amd64-20250115
check 'arm64' expect_status 0 pk launch arm --image debian-12-arm64 --yes \
    --no-elastic-ip
check 'arm64: a type for it' equals "$(of arm 'i["type"]')" t4g.micro
check 'a region without t2' expect_status 0 pk launch north --plan \
    --region eu-north-1 --image debian-12
check 'it has t3' contains "$(out)" 't3.micro: 2 vCPU' 'eligible'
check 'another profile and its region' expect_status 0 pk launch 웹서버 \
    --profile dev --image ubuntu-24.04 --type t2.micro --disk 8 --open 80 \
    --open 443 --open 8000 --yes
check 'Seoul: known at once' contains "$(pk --profile dev list)" 웹서버 \
    ap-northeast-2
check 'Seoul: by its name' expect_status 0 pk connect --profile dev 웹서버 true
check 'Seoul: --connect finds it from anywhere' expect_status 0 \
    pk launch second --profile dev --image debian-12 --yes --connect -- true
check 'names that only tags may have' expect_status 0 pk launch \
    "anna's @/: <web>" --image debian-12 --yes --no-elastic-ip
check 'its group' contains "$(of "anna's @/: <web>" \
    'sorted(g["name"] for g in p["groups"].values())')" pemkeep-anna-s-web
check 'nothing is left open' none_open

# Windows.
check 'Windows' expect_status 0 pk launch win --image windows-2022 --yes \
    --no-elastic-ip
check 'Windows: an RSA key, and its port' equals "$(of win \
    '[p["key_pairs"]["win"]["type"], [r["from"] for g in p["groups"].values()
	for r in g["rules"] if g["name"] == "pemkeep-win"]]')" "['rsa', [3389]]"

# On a terminal.
term()
{
	TERM=xterm "$PYTHON" "$SRC/tests/tools/onterminal.py" "$@"
}
check 'asked: no' term 'expect=Launch it\? ' 'send=n\r' \
    'expect=nothing was changed' status=1 -- \
    "$PEMKEEP" launch asked --image debian-12
check 'asked: nothing is there' equals "$(of asked id)" ''
check 'nobody to ask' expect_status 2 pk --no-input launch asked \
    --image debian-12
cloud_ctl set boot=2
check 'asked: yes; and what it waits for' term 'expect=Launch it\? ' \
    'send=y\r' "expect=waiting for its SSH server, (10:00|9:5[0-9]) left" \
    "expect='asked' is ready: connect 'asked'" status=0 -- \
    "$PEMKEEP" launch asked --image debian-12 --no-elastic-ip
cloud_ctl set boot=0.1
check '-q' expect_status 0 pk -q launch quiet --image debian-12 --yes \
    --no-elastic-ip
check '-q: nothing but id and address' equals "$(err)" ''
check 'the whole internet' expect_status 0 pk launch open --image debian-12 \
    --open 22 --plan
check 'the whole internet: warns' contains "$(err)" \
    'port 22 will be open to the whole internet'
check '::/0' expect_status 0 pk launch open --image debian-12 \
    --open '20-30:::/0' --plan
check '::/0: warns' contains "$(err)" 'port 22 will be open'
check 'half of it' expect_status 0 pk launch open --image debian-12 \
    --open 3389:128.0.0.0/1 --plan
check 'half of it: warns' contains "$(err)" 'port 3389 will be open'
check 'one network' expect_status 0 pk launch open --image debian-12 \
    --open 22:10.0.0.0/8 --plan
check 'one network: does not warn' lacks "$(err)" 'will be open'
check 'it had nothing to complain of' equals "$(cat "$CLOUD/output")" ''
done_testing
