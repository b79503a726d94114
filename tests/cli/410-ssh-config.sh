#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: a host that ~/.ssh/config names is found with what OpenSSH
# itself says about it; no other word starts ssh or what a configuration could
# run; a way through another host is refused, not left out.

. "$SRC/tests/cli/lib.sh"

mkdir -m 700 "$HOME/.ssh"
config=$HOME/.ssh/config
ssh-keygen -q -t ed25519 -N '' -C '' -f "$HOME/.ssh/id_work"
cat >"$config" <<END
Include $HOME/.ssh/more
Host *.pattern pat*
	HostName pattern.example.com
# Host comment
Host work "quoted" !negated
	HostName work.example.com
	Port 2022
	User worker
	IdentityFile $HOME/.ssh/id_work
	HostKeyAlias work-alias
HOST=equals
	Hostname 192.0.2.7
Host jump
	ProxyJump work
Host command
	ProxyCommand nc %h %p
Match exec "touch $TMP/ran-%n"
	ServerAliveInterval 7
Host *
	User everybody
END
cat >"$HOME/.ssh/more" <<END
Host included
	HostName included.example.com
END

field()
{
	pk resolve "$1" | sed -n "s/^$2  *\([^ ]*\)  *\(.*\)/\1 (\2)/p"
}
same_as_ssh()
{
	local ours theirs
	ours=$(pk resolve --json "$1") || return
	echo "$ours" >j
	theirs=$(ssh -G -F "$config" "$1" | sed -n -e 's/^hostname //p' \
	    -e 's/^user //p' -e 's/^port //p' | sort)
	equals "$(json j '[j["target"]["addresses"][0]["value"],
	    j["target"]["port"]["value"], j["target"]["user"]["value"]]' |
	    sort)" "$theirs"
}

for name in work quoted equals included; do
	check "$name: what ssh -G says" same_as_ssh "$name"
done
rm -f ran-*
check 'address and where it is from' equals "$(field work address)" \
    "work.example.com (ssh -G ($config:5))"
check 'included: where it stands' equals "$(field included name)" \
    "included ($HOME/.ssh/more:1)"
check 'host key alias' equals "$(field work 'host key')" \
    'work-alias (HostKeyAlias)'
check 'what is given counts first' contains "$(field root@work:7 user)" \
    'root (given with the name)'
check 'what the user has written down for ssh is run, as ssh would' \
    test -e ran-work
rm -f ran-*
for name in nobody negated comment pattern patx '*' exec touch work2 \
    'work;id' 'work$(id)' $'work\nwork'; do
	check "$(printf %q "$name") is nothing" refused 4 'there is no host' \
	    -- pk resolve "$name"
done
check '-G is nothing' refused 4 "there is no host '-G'" -- pk resolve -- -G
check 'what only a pattern means is a DNS name' equals \
    "$(field x.pattern address)" 'x.pattern (as given)'
check 'no program was run for these' equals "$(ls -d ran-* 2>/dev/null)" ''
check 'ProxyJump' refused 1 "ProxyJump" 'not supported yet' "ssh 'jump'" -- \
    pk resolve jump
check 'ProxyCommand' refused 1 "ProxyCommand" -- pk resolve u@command:22

# The hosts file goes first.
pk -q add work 192.0.2.8
check 'the hosts file goes first' contains "$(field work address)" 192.0.2.8
pk -q forget work

# Keys.
new_vault
pk -q import --name office "$HOME/.ssh/id_work" >/dev/null
check "the vault's key for an IdentityFile" contains "$(field work key)" \
    "office (IdentityFile $HOME/.ssh/id_work ($config:5))"

# Files that others can write to; mistakes.
chmod 666 "$HOME/.ssh/more"
check 'included file of others' refused 7 \
    "others may write to '$HOME/.ssh/more'" -- pk resolve included
chmod 600 "$HOME/.ssh/more"
chmod 620 "$config"
check 'file of others' refused 7 "others may write to '$config'" -- \
    pk resolve work
chmod 600 "$config"
echo 'NoSuchKeyword x' >>"$config"
check 'a mistake in it' refused 1 "'ssh -G work' has failed" -- \
    pk resolve work
check 'a mistake in it: addresses work all the same' expect_status 0 \
    pk resolve 192.0.2.1
mkdir bin
ln -s "$(type -P true)" bin/ssh
check 'ssh that says nothing' refused 1 "gives no host" -- \
    env PATH="$PWD/bin" "$PEMKEEP" resolve work
rm bin/ssh
# What ssh runs (Match exec) could read it, too.
printf '#!/bin/sh\nls -l /proc/self/fd >"%s"\nexec "%s" "$@"\n' "$TMP/open" \
    "$(type -P ssh)" >bin/ssh
chmod 755 bin/ssh
sed -i '$d' "$config"
echo "$PASS" >words
check 'ssh is asked' expect_status 0 env PATH="$PWD/bin:$PATH" "$PEMKEEP" \
    --passphrase-fd 9 resolve work 9<words
check 'ssh is asked: it has no descriptor of ours' equals \
    "$(grep -c -e /words -e socket: open)" 0
rm bin/ssh
check 'no ssh' refused 1 'ssh is not installed' -- \
    env PATH="$PWD/bin" "$PEMKEEP" resolve work
done_testing
