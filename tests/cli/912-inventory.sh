#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: Ansible, with 'pemkeep inventory' as its inventory, reaches all
# instances that are up, in groups that are right, with the right one of 20 keys of
# the agent; and no tag of an instance is evaluated, or makes two groups one.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

cloud_start pending=0.1 stopping=0.1 || done_testing
cloud_account main eu-west-1
cloud_account dev us-east-1
export AWS_PROFILE=main
new_vault
for ((i = 0; i < 19; i++)); do
	ssh-keygen -q -t ed25519 -N '' -f "$TMP/k$i"
done
cloud_key main/eu-west-1 zweb rsa >/dev/null
cloud_key dev/us-east-1 zweb >/dev/null
cloud_instance main/eu-west-1 web key=zweb tag:env=prod 'tag:역할=웹' tag:a.b=x
web=$ID address=$PUBLIC
cloud_instance dev/us-east-1 db key=zweb image=amazon-linux-2023 tag:env=prod \
    tag:a:b=x
db=$ID
cloud_instance main/eu-west-1 off key=zweb state=stopped
off=$ID
cloud_instance main/eu-west-1 'not safe' key=zweb tag:env=test
unsafe=$ID
touched=$TMP/touched
cloud_instance main/eu-west-1 evil key=zweb tag:env=$'pr\nod' \
    "tag:run={{ lookup('pipe', 'touch $touched') }}" \
    "tag:{% x %}=y" tag:note='{# c #}' tag:plain='{ }' \
    "tag:ssh-user={{ lookup('pipe', 'touch $touched') }}"
printf 'profiles = main, dev\nport = %s\n' "$CLOUD_PORT" \
    >"$HOME/.config/pemkeep/config"
check '20 keys, none stays on the disk' expect_status 0 pk -q import --move \
    "$TMP"/k? "$TMP"/k1? "$TMP/zweb"
check 'none does' equals "$(grep -rl 'PRIVATE KEY' "$TMP" | grep -v "^$CLOUD/")" ''

# What cannot be.
refused 2 'one of --list and --host' -- pk inventory
refused 2 'one of --list and --host' -- pk inventory --list --host x
refused 2 "'inventory' does not take 'x'" -- pk inventory --list x
check 'AWS is asked' expect_status 0 pk -q list --refresh
refused 4 "no host 'nobody' is in the inventory" -- pk inventory --host nobody
refused 4 "no host 'off'" -- pk inventory --host off
cloud_ctl fault status action='*' times=0
cp -r "$HOME/.cache" "$TMP/cache"
rm -rf "$HOME/.cache"
check 'nothing is known, and AWS is down' expect_status 8 pk inventory --list
equals "$(out)" ''
cloud_ctl clear
rm -rf "$HOME/.cache"
cp -r "$TMP/cache" "$HOME/.cache"

# What it says.
check 'list' expect_status 0 pk inventory --list
out >"$TMP/list"
check 'list: nothing said' equals "$(err)" ''
check 'the hosts that are up, the unsafe ones by their ids' equals \
    "$(json "$TMP/list" 'sorted(j["all"]["hosts"])')" \
    "$(printf '%s\n' web db evil "$unsafe" | LC_ALL=C sort)"
check 'as many have variables' equals \
    "$(json "$TMP/list" 'sorted(j["_meta"]["hostvars"])')" \
    "$(json "$TMP/list" 'sorted(j["all"]["hosts"])')"
group()
{
	json "$TMP/list" "sorted(j['$1']['hosts'])" 2>&1
}
check 'a profile' equals "$(group profile_dev)" db
check 'a region' equals "$(group region_us_east_1)" db
check 'a tag' equals "$(group tag_env_prod)" $'db\nweb'
check 'Hangul' equals "$(group tag_ec97aded95a0_ec9bb9)" web
check 'keys that would come to the same are kept apart' equals \
    "$(json "$TMP/list" '[j[g]["hosts"] for g in sorted(j)
        if g.startswith("tag_a_b_x_")]' | sort)" "['db']
['web']"
check 'names of groups are variables' equals "$(json "$TMP/list" \
    '[g for g in j if not __import__("re").fullmatch("[A-Za-z_][A-Za-z0-9_]*", g)]')" ''
check 'all groups are below all' equals \
    "$(json "$TMP/list" 'sorted(j["all"]["children"])')" \
    "$(json "$TMP/list" 'sorted(g for g in j if g not in ("all", "_meta"))')"
check 'variables' equals "$(json "$TMP/list" '[j["_meta"]["hostvars"]["web"][k]
    for k in ("ansible_host", "ansible_port", "ansible_user")]')" \
    "$address
$CLOUD_PORT
ubuntu"
check 'facts' equals "$(json "$TMP/list" '[j["_meta"]["hostvars"]["db"]["pemkeep"][k]
    for k in ("id", "name", "profile", "region", "state")]')" \
    "$db
db
dev
us-east-1
running"
check 'nothing that would be evaluated' lacks "$(cat "$TMP/list")" '{{' '{%' '{#' \
    "$touched"
check 'what is no such thing is there' equals "$(json "$TMP/list" \
    'j["_meta"]["hostvars"]["evil"]["pemkeep"]["tags"]["plain"]')" '{ }'
check 'one host' expect_status 0 pk inventory --host web
check 'one host: the same' equals \
    "$(out >"$TMP/j"; json "$TMP/j" 'json.dumps(j, sort_keys=True)')" \
    "$(json "$TMP/list" \
	'json.dumps(j["_meta"]["hostvars"]["web"], sort_keys=True)')"
pk -q lock
check 'a locked vault' expect_status 0 env -u PEMKEEP_PASSPHRASE_FILE \
    "$PEMKEEP" inventory --list
check 'a locked vault: EC2 knows the public keys' equals "$(out)" \
    "$(cat "$TMP/list")"
pk -q unlock

# Ansible itself.
if ! command -v ansible >/dev/null; then
	skip 'Ansible' 'ansible is not installed'
	done_testing
fi
printf '#!/bin/sh\nexec "%s" inventory "$@"\n' "$PEMKEEP" >"$TMP/script"
chmod 755 "$TMP/script"
export ANSIBLE_LOCAL_TEMP=$TMP/ansible ANSIBLE_NOCOLOR=1 ANSIBLE_HOME=$TMP/ansible
export ANSIBLE_REMOTE_TEMP=$TMP/remote ANSIBLE_SSH_CONTROL_PATH_DIR=$TMP/c
export ANSIBLE_DEPRECATION_WARNINGS=0 ANSIBLE_PYTHON_INTERPRETER=/usr/bin/python3
export ANSIBLE_SSH_ARGS='-F none -o ControlMaster=no'
a()
{
	ansible -i "$TMP/script" "$@" </dev/null
}
check 'ping' expect_status 0 a all -m ping
check 'ping: all four' equals "$(out | grep -c SUCCESS)" 4
check 'ping: no word about our inventory' lacks "$(err)" WARNING ERROR
for host in web "$unsafe" evil; do
	check "$host: it is that one, as the right user" equals \
	    "$(a "$host" -m raw -a 'whoami; echo $CLOUD_INSTANCE' |
		tr -d '\r' | sed '1d;/^Connection to\|^$/d' | tr '\n' ' ')" \
	    "ubuntu $(json "$TMP/list" \
	    "j['_meta']['hostvars']['$host']['pemkeep']['id']") "
done
check 'host keys are pinned' contains "$(cat "$state/known_hosts")" "$web" "$db" \
    "$unsafe"
check 'of 20 keys one was tried: asked once, signed once' equals "$(
	: >"$CLOUD/hosts/$web/log"
	a web -m raw -a true >/dev/null
	grep -c 'userauth-request for user .* method publickey' \
	    "$CLOUD/hosts/$web/log")" 2
check 'a group' equals "$(a tag_env_prod --list-hosts | sed 1d | tr -s ' \n' ' ')" \
    ' db web '
check 'the variables can be shown' expect_status 0 a evil -m debug -a 'var=pemkeep'
check 'nothing was evaluated' test ! -e "$touched"

# A changed host key.
cloud_ctl host-keys web new=yes >/dev/null
check 'another host key' expect_status 4 a web -m ping
check 'another host key: says so' contains "$(out)$(err)" \
    "the host key of '$web' has CHANGED"
check 'the stopped one was left alone' lacks "$(cat "$state/known_hosts")" "$off"
done_testing
