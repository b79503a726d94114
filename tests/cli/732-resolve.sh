#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: 'resolve' finds the one instance that is meant among 600, by
# every way to name it, gives a reason for every field, never guesses between two,
# and never asks for a passphrase.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

unset PEMKEEP_PASSPHRASE_FILE # nobody may ask for it
cloud_start pending=0 stopping=0 || done_testing
config=$HOME/.config/pemkeep/config
regions='eu-west-1 us-east-1 ap-northeast-2 sa-east-1'

# field NAME WHAT: of the JSON that the last command wrote, "value" or "source"
field()
{
	out >"$TMP/field"
	json "$TMP/field" "(lambda f: f[0] if isinstance(f, list) else f)(
	    j['target']['$1'])['$2']"
}
# row NAME: of the table
row()
{
	out | sed -n "s/^$1  *//p" | tr -s ' '
}
# is NAME ARGUMENT... -- ID: the last word's instance is what the words resolve to
is()
{
	local name=$1 id=${*: -1}
	shift
	check "$name" expect_status 0 pk resolve --json "${@:1:$# - 1}"
	check "$name: it is that one" equals "$(field id value)" "$id"
}

# --- 3 accounts, 4 regions, 50 instances each
for account in alpha beta gamma; do
	cloud_account $account eu-west-1
	for region in $regions; do
		echo "bulk $account/$region 48 $account-$region- ssh=no"
		echo "instance $account/$region db ssh=no tag:of=$account/$region"
		echo "instance $account/$region only-$account-$region ssh=no"
	done
done >"$TMP/load"
cloud_load <"$TMP/load" >/dev/null
cp "$config" kept
printf 'profiles = alpha, beta, gamma\nregions = %s\n' "${regions// /, }" \
    >>"$config"
check 'list of 600' expect_status 0 pk list --json
out >j
check '600' equals "$(json j 'len(j["instances"])')" 600
check '12 places' equals "$(json j \
    'len({(i["account"], i["region"]) for i in j["instances"]})')" 12
check 'a call each' equals "$(cloud_count \
    'c["action"] == "DescribeInstances"')" 12
for account in alpha gamma; do
	for region in $regions; do
		read -r id public private < <(cloud_ctl find \
		    "$account/$region/only-$account-$region")
		where="$account, $region"
		is "by name: $where" "only-$account-$region" "$id"
		is "by id: $where" "$id" "$id"
		is "by address: $where" "$public" "$id"
		is "by private address: $where" "$private" "$id"
		is "by glob: $where" "on?y-$account-$region*" "$id"
		is "by tag: $where" "tag:Name=only-$account-$region" "$id"
		read -r id _ < <(cloud_ctl find "$account/$region/db")
		is "by another tag: $where" "tag:of=$account/$region" "$id"
		is "by profile, region, name: $where" "$account/$region/db" "$id"
		is "narrowed by options: $where" --profile "$account" \
		    --region "$region" db "$id"
	done
done
check 'asked no more' equals "$(cloud_count \
    'c["action"] == "DescribeInstances"')" 12
check 'the name that all have' expect_status 5 pk resolve db
check 'nothing on stdout' equals "$(out)" ''
check 'all of them' equals "$(err | grep -c ' db    running  ')" 12
check 'with all that tells them apart' matches "$(err)" \
    "i-[0-9a-f]{17}  db    running  sa-east-1a +gamma/sa-east-1 +[0-9]+s"
check 'how to go on' contains "$(err)" "'db' is 12 instances" \
    'hint: name one by its id'
check 'JSON: the candidates' expect_status 5 pk resolve --json db
out >j
check 'JSON: no target' equals "$(json j '[j["target"], len(j["candidates"]),
    sorted(j["candidates"][0])]')" "None
12
['account', 'address', 'id', 'launched', 'name', 'profile', 'region', 'state', 'zone']"
check 'a glob that fits many' expect_status 5 pk resolve 'alpha-eu-west-1-*'
check 'a tag that all have' expect_status 5 pk resolve 'tag:Name=only-*'
check 'narrowed to one account' expect_status 5 pk resolve --profile beta db
check 'narrowed to one account: 4' equals "$(err | grep -c ' db    running  ')" 4
check 'narrowed to one region' expect_status 5 pk --region us-east-1 resolve db
check 'narrowed to one region: 3' equals "$(err | grep -c ' db    running  ')" 3
id=$(cloud_ctl find beta/sa-east-1/db)
for region in $regions; do
	for account in alpha beta gamma; do
		[ $account/"$region" = beta/sa-east-1 ] ||
		    echo "state $account/$region/db stopped"
	done
done | cloud_load
is 'the one that runs is meant' --refresh db "${id%% *}"
check 'which is said, in JSON' contains "$(json "$TMP/field" 'j["note"]')" \
    "${id%% *} is the one that is up of 12 that fit"
check 'the table' expect_status 0 pk resolve db
check 'which is said, beside the table' contains "$(err)" \
    "${id%% *} is the one that is up of 12 that fit"
check 'all stopped' expect_status 5 pk resolve --profile alpha db
cp kept "$config"

# --- every field, and its reason
cloud_account main eu-west-1
export AWS_PROFILE=main
account=$ACCOUNT
cloud_key main/eu-west-1 web >/dev/null
cloud_instance main/eu-west-1 myserver key=web
my=$ID public=$PUBLIC
is 'myserver' myserver "$my"
check 'fields' equals "$(json "$TMP/field" '" ".join(sorted(j["target"]))')" \
    'account address_kind addresses host_keys id image image_name key_pair keys live name platform port profile region state type user vpc zone'
check 'each has a reason' equals "$(json "$TMP/field" '[(k, f) for k, v in
    j["target"].items() if k != "live"
    for f in (v if isinstance(v, list) else [v]) if not f.get("source")]')" ''
check 'name' equals "$(field name source)" 'Name tag'
check 'id' equals "$(field id source)" \
    "EC2, profile 'main', eu-west-1, asked now"
check 'address' equals "$(field addresses value) $(field addresses source)" \
    "$public public IPv4; another one after the next stop"
check 'kind of the address' equals "$(field address_kind value)" public
check 'port' equals "$(field port value) $(field port source)" \
    "$CLOUD_PORT config: port"
check 'user' matches "$(field user value) $(field user source)" \
    "^ubuntu Ubuntu, by the AMI's owner and name"
check 'host key' equals "$(field host_keys value)" "$my"
check 'account' equals "$(field account value)" "$account"
check 'state' equals "$(field state value)" running
check 'the table' expect_status 0 pk resolve myserver
check 'the table: all that is known' equals \
    "$(out | sed 's/  .*//' | tr '\n' ',')" \
    'name,id,state,address,port,user,key,host key,key pair,image,type,zone,vpc,region,account,profile,'
check 'the table: locked' contains "$(row key)" 'pemkeep unlock' \
    "in EC2 it is the key pair 'web'"
check 'no agent was started' test ! -e "$XDG_RUNTIME_DIR/pemkeep"
elastic=$(cloud_ctl elastic main/eu-west-1 instance=myserver)
is 'with an Elastic IP' --refresh myserver "$my"
check 'which stays' equals "$(field addresses value) $(field address_kind value)" \
    "$elastic elastic"
cloud_instance main/eu-west-1 inside public=no
inside=$ID
is 'one without a public address' inside "$inside"
check 'one without a public address: said' equals \
    "$(field address_kind value) $(field addresses source)" \
    'private private IPv4; there is no way to it from outside its network'
echo 'address = private' >>"$config"
is 'address = private' myserver "$my"
check 'address = private: so it is' equals \
    "$(field address_kind value) $(field addresses source)" \
    'private private IPv4, as configured'
cp kept "$config"
cloud_instance main/eu-west-1 six ipv6=fd00::7 public=no ssh=no
is 'IPv6' six "$ID"
check 'IPv6: that' equals "$(field addresses value)" fd00::7
cloud_instance main/eu-west-1 tagged tag:ssh-user=me tag:ssh-port=2222
is 'tags' tagged "$ID"
check 'tags: user and port' equals "$(field user value) $(field user source) \
$(field port value) $(field port source)" \
    'me tag of the instance 2222 tag ssh-port'
check 'given ones count more' expect_status 0 pk resolve --json root@tagged:22
check 'given ones count more: so it is' equals \
    "$(field user value) $(field port value)" 'root 22'
cloud_instance main/eu-west-1 windows image=windows-2022
is 'Windows' windows "$ID"
check 'Windows: said' contains "$(field user source) $(field platform value)" \
    Windows windows
cloud_ctl image eu-west-1 'my golden image' owner=111122223333 >/dev/null
cloud_instance main/eu-west-1 own "image=my golden image"
is 'an unknown image' own "$ID"
check 'an unknown image: its user is not' equals "$(field user value)" None
check 'an unknown image: why' contains "$(field user source)" \
    "the AMI 'my golden image'"
cloud_instance main/eu-west-1 orphan image=fedora-41
orphan=$ID
cloud_ctl deregister eu-west-1 "$(cloud_ctl image-id eu-west-1 fedora-41)"
is 'a deregistered image' orphan "$orphan"
check 'a deregistered image: why nobody is known' contains \
    "$(field user source)" 'AWS does not say what the AMI'
check 'a deregistered image: the table' expect_status 0 pk resolve orphan
check 'a deregistered image: user' matches "$(row user)" '^- not known'

# --- states
cloud_instance main/eu-west-1 halted state=stopped
is 'a stopped one' halted "$ID"
check 'a stopped one: said' equals "$(field state value)" stopped
cloud_instance main/eu-west-1 gone
is 'one that will be terminated' gone "$ID"
cloud_ctl state "$ID" terminated
check 'terminated' refused 4 "'gone' is $ID, which is terminated" \
    'pemkeep list' -- pk resolve --refresh gone
check 'terminated, by id' refused 4 'which is terminated' -- pk resolve "$ID"
cloud_instance main/eu-west-1 gone
is 'another one of its name' --refresh gone "$ID"
cloud_instance main/eu-west-1 going state=shutting-down
check 'shutting down' refused 4 "'going' is $ID, which is shutting-down" -- \
    pk resolve going

# --- names
check 'nobody' refused 4 "there is no host 'myservr'" \
    "EC2 (profile 'main' in eu-west-1)" "did you mean 'myserver'?" -- \
    pk resolve myservr
check 'an id of nobody' refused 4 "'i-0123456789abcdef0'" -- \
    pk resolve i-0123456789abcdef0
check 'an address of nobody is a static host' expect_status 0 \
    pk resolve --json 192.0.2.77
check 'as it is given' equals "$(field id value) $(field id source)" \
    'None a static host'
check 'another account is not searched' refused 4 "'only-alpha-eu-west-1'" -- \
    pk resolve only-alpha-eu-west-1
check 'but it may be named' expect_status 0 \
    pk resolve alpha/eu-west-1/only-alpha-eu-west-1
check 'a profile that is none' refused 4 'nobody/eu-west-1/x' -- \
    pk resolve nobody/eu-west-1/x
while IFS= read -r name; do
	name=$(printf %b "$name")
	cloud_instance main/eu-west-1 "$name"
	is "odd: $(printf %q "$name")" --refresh -- "$name" "$ID"
	check 'odd, the table' expect_status 0 pk resolve -- "$name"
	check 'odd, the table: nothing that a terminal obeys' safe "$TMP/.out"
done <<'END'
me@home
web:8080
a/b
alpha/eu-west-1/x
user@host:22
line\nfeed
say "hi" 'there' \\\\ `id` $(id)
tab\there
\u202eevil
--refresh
-oProxyCommand=x
*
END
cloud_instance main/eu-west-1 home
is 'a name before its parts' me@home \
    "$(cloud_ctl find me@home | cut -d ' ' -f 1)"
is 'else its parts' you@home "$ID"
check 'else its parts: the user' equals "$(field user value)" you
nfc=$("$PYTHON" -c 'print("한글서버" * 64)')
nfd=$("$PYTHON" -c 'import unicodedata as u
print(u.normalize("NFD", "한국" * 50)[:256])')
other_form()
{
	"$PYTHON" -c 'import unicodedata as u, sys
print(u.normalize("NFD" if sys.argv[1] == u.normalize("NFC", sys.argv[1])
    else "NFC", sys.argv[1]))' "$1"
}
cloud_instance main/eu-west-1 "$nfc"
is 'Hangul' --refresh "$nfc" "$ID"
is 'Hangul, typed as jamo' "$(other_form "$nfc")" "$ID"
is 'Hangul and more' "root@$nfc:2222" "$ID"
cloud_instance main/eu-west-1 "$nfd"
is 'jamo' --refresh "$nfd" "$ID"
is 'jamo, typed composed' "$(other_form "$nfd")" "$ID"
pk -q add myserver 203.0.113.1
check 'the hosts file comes first' expect_status 0 pk resolve --json myserver
check 'the hosts file comes first: it' equals "$(field addresses value)" \
    203.0.113.1
is 'the instance all the same' main/eu-west-1/myserver "$my"
pk -q forget myserver

# --- keys
cloud_instance main/eu-west-1 keyless
ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -C '' -f "$TMP/far"
cloud_ctl keypair main/eu-west-1 lost public="$TMP/far.pub" >/dev/null
cloud_instance main/eu-west-1 locked-out key=lost
cloud_ctl keypair main/eu-west-1 made out="$TMP/made.pem" type=rsa >/dev/null
cloud_instance main/eu-west-1 created key=made
export PEMKEEP_PASSPHRASE_FILE=$PASS_FILE
new_vault
for name in a b c; do
	pk -q generate $name >/dev/null
done
chmod 600 "$TMP/made.pem"
pk -q import --name mykey "$TMP/web" >/dev/null
pk -q import --name other "$TMP/made.pem" >/dev/null
is 'unlocked' myserver "$my"
check 'unlocked: the key by its public half' equals \
    "$(json "$TMP/field" 'list(j["target"]["keys"][0].items())[0::2]')" \
    "('name', 'mykey')
('present', True)"
check 'unlocked: why' equals "$(field keys source)" \
    "public key of the key pair 'web'"
is 'created by EC2' --refresh created \
    "$(cloud_ctl find created | cut -d ' ' -f 1)"
check 'created by EC2: its key' equals "$(json "$TMP/field" \
    'j["target"]["keys"][0]["name"]')" other
check 'a key pair that nobody has' expect_status 0 pk resolve locked-out
check 'a key pair that nobody has: which, and what to do' contains \
    "$(row key)" "the key of the pair 'lost' is not in the vault" \
    'pemkeep import' '-k'
check 'no key pair' expect_status 0 pk resolve keyless
check 'no key pair: said' contains "$(row key)" 'without a key pair' '-k'
cloud_ctl delete-keypair main/eu-west-1 web
is 'a pair that was deleted there' --refresh myserver "$my"
check 'a pair that was deleted there: what is left to go by' equals \
    "$(json "$TMP/field" 'j["target"]["key_pair"]["value"]')" web
pk -q lock
check 'locked: nobody is asked' expect_status 0 env \
    -u PEMKEEP_PASSPHRASE_FILE "$PEMKEEP" resolve locked-out
check 'locked: the name of the pair' contains "$(row key)" 'pemkeep unlock' lost
check 'it is still locked' contains "$(pk agent --status)" locked
done_testing
