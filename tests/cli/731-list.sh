#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: 'list' shows every instance of the profiles and regions that
# are meant and of no other, in columns that line up, whatever stands in a tag;
# its JSON is what the manual says; and what could not be asked is said, not left
# out in silence.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

unset PEMKEEP_PASSPHRASE_FILE # nobody may ask for it
cloud_start pending=0 stopping=0 || done_testing
cloud_account main eu-west-1
account=$ACCOUNT
cloud_account other us-east-1
export AWS_PROFILE=main
cache=$HOME/.cache/pemkeep/inventory.db
config=$HOME/.config/pemkeep/config

described()
{
	cloud_count 'c["action"] == "DescribeInstances"'
}

# names: of the JSON that the last command wrote
names()
{
	out >"$TMP/names"
	json "$TMP/names" '[i["name"] or "-" for i in j["instances"]]'
}

# row NAME: of the table that it wrote
row()
{
	out | sed -n "s/^$1  *//p" | tr -s ' '
}

# Everything in the cache is older by so many seconds.
age()
{
	"$PYTHON" - "$cache" "$1" <<-'PYTHON'
	import sqlite3, sys
	db = sqlite3.connect(sys.argv[1])
	db.execute('UPDATE place SET fetched = fetched - ?, tried = tried - ?',
	    (sys.argv[2],) * 2)
	db.commit()
	PYTHON
}

# --- what a row says
cloud_key main/eu-west-1 web >/dev/null
cloud_instance main/eu-west-1 myserver key=web launched=1767323045 tag:env=prod
my=$ID
elastic=$(cloud_ctl elastic main/eu-west-1 instance=myserver)
cloud_instance main/eu-west-1 inside public=no image=debian-12
inside=$PRIVATE
cloud_instance main/eu-west-1 six public=no ipv6=fd00::7 ssh=no
cloud_instance main/eu-west-1 plain image=amazon-linux-2023 tag:ssh-user=me \
    tag:ssh-port=2222
public=$PUBLIC
cloud_instance main/eu-west-1 halted state=stopped
cloud_instance main/eu-west-1 -
nameless=$ID
pk -q add zoo 203.0.113.14 -l keeper
check 'list' expect_status 0 pk list
check 'an Elastic IP' matches "$(row myserver)" \
    "^$my running $elastic elastic ubuntu \\(web\\) t3.micro eu-west-1a [0-9]+d\$"
check 'a private one' contains "$(row inside)" " $inside private admin "
check 'IPv6' contains "$(row six)" ' fd00::7 ipv6 ubuntu '
check 'the user and the port of tags' contains "$(row plain)" \
    " $public public me 2222 "
check 'a stopped one' contains "$(row halted)" ' stopped '
check 'a static host' equals "$(row zoo)" '203.0.113.14 keeper'
check 'sorted; those without a name last' equals \
    "$(out | sed 1d | cut -c 1-9 | tr -d ' ' | tr '\n' ' ')" \
    'halted inside myserver plain six zoo  '
check 'one without a name' contains "$(out | tail -n 1)" "$nameless"
check 'nothing is said' equals "$(err)" ''
check 'no passphrase, no agent' test ! -e "$XDG_RUNTIME_DIR/pemkeep"
check 'asked once' equals "$(described)" 1
check 'again' expect_status 0 pk list
check 'not asked again' equals "$(described)" 1
cloud_ctl terminate inside >/dev/null
check 'what the cache cannot know' expect_status 0 pk list
check 'is as it was' contains "$(row inside)" running
check '--refresh' expect_status 0 pk list --refresh
check '--refresh: as it is' contains "$(row inside)" ' terminated '

# --- JSON
check 'JSON' expect_status 0 pk list --json myserver zoo
out >j
check 'JSON: the instance' equals "$(json j '"\n".join("%s=%s" % (k, v) for k, v
    in j["instances"][0].items() if k not in ("vpc", "image", "fetched",
    "private_address"))')" \
    "name=myserver
id=$my
state=running
address=$elastic
address_kind=elastic
user=ubuntu
port=None
key=None
key_pair=web
type=t3.micro
zone=eu-west-1a
region=eu-west-1
profile=main
account=$account
launched=2026-01-02T03:04:05Z
ipv6_address=None
image_name=ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20250115
platform=None
tags=[{'key': 'Name', 'value': 'myserver'}, {'key': 'env', 'value': 'prod'}]
live=False"
check 'JSON: the host' equals "$(json j 'j["hosts"]')" \
    "{'name': 'zoo', 'address': '203.0.113.14', 'user': 'keeper', 'port': None, 'key': None, 'fingerprint': None}"
check 'JSON: all is there' equals "$(json j '[j["partial"], j["errors"]]')" \
    $'False\n[]'

# --- keys: of the vault, by their public halves
export PEMKEEP_PASSPHRASE_FILE=$PASS_FILE
new_vault
pk -q import --name mykey "$TMP/web" >/dev/null
check 'unlocked' expect_status 0 pk list
check 'the name in the vault' contains "$(row myserver)" ' ubuntu mykey '
check 'unlocked, JSON' expect_status 0 pk list --json myserver
out >j
check 'its key, and the pair' equals \
    "$(json j '[j["instances"][0][k] for k in ("key", "key_pair")]')" \
    $'mykey\nweb'
pk -q lock
unset PEMKEEP_PASSPHRASE_FILE
check 'locked' expect_status 0 pk list
check "EC2's name" contains "$(row myserver)" ' ubuntu (web) '
check 'it is still locked' contains "$(pk agent --status)" locked

# --- on a terminal: colours, and what is said to those who watch
on_terminal()
{
	"$PYTHON" "$SRC/tests/tools/onterminal.py" size=200x50 "$@"
}
esc='\x1b\['
check 'colours' on_terminal "expect=${esc}32mrunning${esc}0m  " status=0 -- \
    env TERM=xterm "$PEMKEEP" list
check 'stopped is red' on_terminal "expect=${esc}31mstopped$esc" status=0 -- \
    env TERM=xterm "$PEMKEEP" list
for plain in NO_COLOR=1 TERM=dumb TERM=; do
	check "no colours: $plain" on_terminal expect=running clean status=0 -- \
	    env TERM=xterm "$plain" "$PEMKEEP" list
done
check 'NO_COLOR that is empty' on_terminal "expect=${esc}32m" status=0 -- \
    env TERM=xterm NO_COLOR= "$PEMKEEP" list
check 'what the parentheses mean' on_terminal \
    'expect=Keys in parentheses are named as in EC2' status=0 -- "$PEMKEEP" list
rm -f "$cache"
check 'what takes time is said' on_terminal \
    'expect=asking AWS about 1 region' expect=myserver status=0 -- \
    "$PEMKEEP" list
check 'not with --quiet' on_terminal expect=NAME absent=asking status=0 -- \
    "$PEMKEEP" -q list --refresh
age 1000
check 'what is old is said to be' on_terminal \
    'expect=Some of this is 16m old; pemkeep list --refresh' status=0 -- \
    "$PEMKEEP" list
is_new()
{
	"$PYTHON" - "$cache" <<-'PYTHON'
	import sqlite3, sys, time
	db = sqlite3.connect(sys.argv[1])
	fetched = [row[0] for row in db.execute('SELECT fetched FROM place')]
	sys.exit(min(fetched) < time.time() - 300)
	PYTHON
}
for ((i = 0; i < 100; i++)); do
	is_new && break
	sleep 0.1
done
check 'and is asked for behind our back' is_new
check 'so that it is new the next time' on_terminal expect=myserver \
    'absent=Some of' status=0 -- "$PEMKEEP" list

# --- Ctrl-C
cloud_ctl fault hang
check 'Ctrl-C' on_terminal expect=asking sleep=0.3 'send=\x03' \
    'expect=pemkeep: .*interrupted' status=130 cooked -- "$PEMKEEP" list --refresh
cloud_ctl clear
check 'what was there is there' expect_status 0 pk list --json myserver
check 'what was there is there: it' equals "$(names)" myserver

# --- patterns
check 'by id' expect_status 0 pk list --json "$my"
check 'by id: that' equals "$(names)" myserver
for a in "$elastic" "$public" fd00:0:0::7; do
	check "by address $a" expect_status 0 pk list --json "$a"
done
check 'by address: that' equals "$(names)" six
check 'glob' expect_status 0 pk list --json 'm*r' 'hal?ed'
check 'glob: those' equals "$(names)" $'halted\nmyserver'
check 'by tag' expect_status 0 pk list --json tag:env=prod
check 'by tag: that' equals "$(names)" myserver
check 'by tag and glob' expect_status 0 pk list --json 'tag:env=p*d' \
    'tag:ssh-user=*'
check 'by tag and glob: those' equals "$(names)" $'myserver\nplain'
check 'by profile, region, name' expect_status 0 pk list --json \
    main/eu-west-1/myserver
check 'by profile, region, name: that' equals "$(names)" myserver
check 'a host, too' expect_status 0 pk list 'z*' 'my*'
check 'a host, too: both' equals \
    "$(out | sed 1d | cut -d ' ' -f 1 | tr '\n' ' ')" 'myserver zoo '
check 'twice is once' expect_status 0 pk list --json myserver 'my*' "$my"
check 'twice is once: one' equals "$(names)" myserver
check 'one of two patterns' expect_status 0 pk list --json myserver nobody
check 'nothing fits' refused 4 "no host matches 'nobody'" 'pemkeep list' -- \
    pk list nobody
check 'nothing fits, JSON' refused 4 "no host matches 'nobody'" -- \
    pk list --json nobody

# --- whatever stands in a tag
nfc=$("$PYTHON" -c 'print("한글서버" * 64)')
nfd=$("$PYTHON" -c 'import unicodedata as u
print(u.normalize("NFD", "한국" * 50)[:256])')
cloud_ctl instance main/eu-west-1 "$nfc" >/dev/null
cloud_ctl instance main/eu-west-1 "$nfd" >/dev/null
while IFS= read -r name; do
	cloud_ctl instance main/eu-west-1 "$(printf %b "$name")" >/dev/null
done <<'END'
a"b'c\\d
x@y:1/z
line\nfeed
bidi\u202etxt
c1\u009b31mred
esc\x1b[2Jape
🙂 smile
zero\u200bwidth
$(touch ran)
-oProxyCommand=x
END
check 'odd tags' expect_status 0 pk list --refresh
check 'odd tags: nothing that a terminal obeys' safe "$TMP/.out"
check 'odd tags: one line each' equals "$(out | wc -l)" 20
check 'odd tags: escaped' contains "$(out)" 'line^Jfeed' 'bidi\u{202E}txt' \
    'c1\u{9B}31mred' 'zero\u{200B}width' "a\"b'c\\d" 'x@y:1/z' '🙂 smile'
check 'columns line up' equals "$(out | "$PYTHON" -c '
import sys, unicodedata as u
def width(c):
    return 2 if u.east_asian_width(c) in "WF" else 1
for line in sys.stdin.read().split("\n")[1:]:
    if "running" in line:
        print(sum(map(width, line[:line.index("running")])))' | sort -u |
    wc -l)" 1
check 'odd tags, JSON' expect_status 0 pk list --json
check 'odd tags, JSON: nothing that a terminal obeys' safe "$TMP/.out"
out >j
check 'odd tags, JSON: as they are' equals "$(json j \
    'repr(sorted(n for n in (i["name"] or "" for i in j["instances"])
    if n[0:4] in ("line", "bidi")))')" "['bidi\\u202etxt', 'line\\nfeed']"
check 'odd tags, JSON: NFD stays' equals "$(json j '[n for n in
    (i["name"] or "" for i in j["instances"]) if n[:1] == "\u1112"]')" "$nfd"
for name in "$nfc" "$nfd" 'x@y:1/z' "a\"b'c\\d" $'line\nfeed' \
    '$(touch ran)' '🙂 smile' $'bidi\u202etxt'; do
	check "by such a name: $(printf '%.10s' "$name" | tr '\n' ' ')" \
	    expect_status 0 pk list --json "$name"
	check 'by such a name: that' equals "$(names)" "$name"
done
check 'by such a name: -o' expect_status 0 pk list --json -- -oProxyCommand=x
check 'nothing was run' test ! -e ran
jamo=$("$PYTHON" -c 'import unicodedata as u, sys
print(u.normalize("NFD", sys.argv[1]))' "$nfc")
check 'typed as jamo' expect_status 0 pk list --json "$jamo"
check 'typed as jamo: that' equals "$(names)" "$nfc"
composed=$("$PYTHON" -c 'import unicodedata as u, sys
print(u.normalize("NFC", sys.argv[1]))' "$nfd")
check 'jamo, typed composed' expect_status 0 pk list --json "$composed"
check 'jamo, typed composed: that' equals "$(names)" "$nfd"
for locale in C POSIX ko_KR.eucKR; do
	check "locale $locale" expect_status 0 env LC_ALL=$locale "$PEMKEEP" list
	# The last column is the age, which goes on.
	out | sed -E 's/ +[0-9]+[smhd]$//' >"$TMP/$locale"
done
check 'the same in every locale' cmp "$TMP/C" "$TMP/ko_KR.eucKR"
check 'on a terminal long names are cut' on_terminal \
    'expect=한글서버한글서버한글서버한글서버한글서\.\.  i-' status=0 -- "$PEMKEEP" list

# --- where to look
cloud_ctl instance main/us-east-1 far >/dev/null
cloud_ctl instance other/us-east-1 theirs >/dev/null
cloud_ctl instance other/eu-west-1 theirs-here >/dev/null
check '--region' expect_status 0 pk list --json --region us-east-1
check '--region: that and no other' equals "$(names)" far
check '--region, two' expect_status 0 pk --region us-east-1,eu-west-1 list \
    --json far myserver
check '--region, two: both' equals "$(names)" $'far\nmyserver'
check '--profile' expect_status 0 pk list --json --profile other
check '--profile: its region' equals "$(names)" theirs
check '--profile and --region' expect_status 0 pk list --json --profile other \
    --region=eu-west-1
check '--profile and --region: that' equals "$(names)" theirs-here
check '--all-regions' expect_status 0 pk list --json --all-regions --profile \
    other
check '--all-regions: those' equals "$(names)" $'theirs\ntheirs-here'
check 'what the cache knows of others' expect_status 0 pk list --json 'th*' \
    far myserver
check 'is not shown' equals "$(names)" myserver
for wrong in 'eu west' '' 'eu-west-1,' 'EU-WEST-1' '../x' 'eu-west-1;id'; do
	check "--region '$wrong'" refused 2 'is not a region' -- \
	    pk list --region "$wrong"
done
check 'both' refused 2 exclude -- pk list --region us-east-1 --all-regions
check 'no name of a profile' refused 2 'a name is needed' -- \
    pk list --profile=
cp "$config" kept
echo 'profiles = other' >>"$config"
check 'profiles of the config' expect_status 0 pk list --json
check 'profiles of the config: beside the chosen one' contains "$(names)" \
    theirs myserver
check 'several profiles' expect_status 0 pk list 'th*' 'my*'
check 'several profiles: each row says its own' matches "$(out)" \
    $'PROFILE\n.* main\ntheirs .* other$'
check 'nobody has chosen one' expect_status 0 env -u AWS_PROFILE "$PEMKEEP" \
    list --json
check 'nobody has chosen one: only those' equals "$(names)" theirs
check '--profile stands alone' expect_status 0 pk list --json --profile main \
    'th*' 'my*'
check '--profile stands alone: that' equals "$(names)" myserver
echo 'regions = eu-west-1, us-east-1' >>"$config"
check 'regions of the config' expect_status 0 env -u AWS_PROFILE "$PEMKEEP" \
    list --json
check 'regions of the config: all' equals "$(names)" $'theirs\ntheirs-here'
check '--region counts more' expect_status 0 env -u AWS_PROFILE "$PEMKEEP" \
    list --json --region us-east-1
check '--region counts more: that' equals "$(names)" theirs
cp kept "$config"
echo 'regions = all' >>"$config"
check 'regions = all' expect_status 0 pk list --json far myserver
check 'regions = all: all' equals "$(names)" $'far\nmyserver'
echo 'regoins = all' >>"$config"
check 'a mistake in the config' refused 1 "$config:4: " regoins -- pk list
cp kept "$config"
chmod 666 "$config"
check 'a config that others can write to' refused 7 "'$config'" -- pk list
cp kept "$config"
chmod 600 "$config"

# --- a part of it
echo 'profiles = main, other' >>"$config"
cloud_ctl deny ec2:DescribeInstances who=other
check 'one of two is refused' expect_status 0 pk list --refresh --json \
    myserver far theirs
check 'one of two is refused: the other is there, the cache is served' equals \
    "$(names)" $'myserver\ntheirs'
out >j
check 'JSON says so' equals "$(json j '[j["partial"]] + [(e["profile"],
    e["region"]) for e in j["errors"]]')" "True
('other', 'us-east-1')"
check 'JSON says the action and the next step' contains \
    "$(json j '(j["errors"][0]["error"], j["errors"][0]["hint"])')" \
    UnauthorizedOperation ec2:DescribeInstances
check 'so does stderr' contains "$(err)" \
    "pemkeep: warning: profile 'other', us-east-1: DescribeInstances" \
    'hint: ' ec2:DescribeInstances
rm -f "$cache"*
check 'without a cache' expect_status 0 pk list --json
check 'without a cache: not there' lacks "$(names)" theirs
cloud_ctl deny 'ec2:*'
rm -f "$cache"*
check 'all are refused' expect_status 6 pk list 'm*'
check 'all are refused: each is said once' equals \
    "$(err | grep -c UnauthorizedOperation)" 2
check 'but there is a host' expect_status 0 pk list
check 'but there is a host: it is shown' contains "$(row zoo)" 203.0.113.14
check 'but there is a host: and the rest is said' contains "$(err)" \
    UnauthorizedOperation
cloud_ctl allow
done_testing
