#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: what known_hosts says is what OpenSSH's own programs read
# in it (ssh-keygen -F finds the same lines, ssh accepts and refuses the same
# keys), but for the differences that known_hosts.h names; and OpenSSH reads
# what we write.

. "$SRC/tests/lib.sh"

cd "$TMP" || exit
umask 077
tool=$BUILD/tests/tools/knownhosts
sshd=$(PATH=$PATH:/usr/sbin:/sbin command -v sshd)
for type in ed25519 rsa ecdsa; do
	ssh-keygen -q -t "$type" -N '' -C '' -f "$type"
done
ssh-keygen -q -t ed25519 -N '' -C '' -f other
key() { cut -d ' ' -f 1,2 "$1.pub"; }
blob() { cut -d ' ' -f 2 "$1.pub"; }
A=$(key ed25519) B=$(key other) R=$(key rsa) E=$(key ecdsa)

# ssh, to a server whose only key is A; what it thinks of the key.  For root,
# sshd would want a folder of the system, so it runs as somebody else.
server=$TMP/server
as_someone=
if [ "$(id -u)" = 0 ]; then
	server=$(mktemp -d /tmp/pk-sshd.XXXXXX) || exit
	at_exit rm -rf "$server"
	as_someone='setpriv --reuid=65534 --regid=65534 --clear-groups'
else
	mkdir "$server"
fi
cp ed25519 "$server/key"
cat >"$server/config" <<END
HostKey $server/key
UsePAM no
PidFile none
StrictModes no
LogLevel QUIET
END
cat >"$server/run" <<END
#!/bin/sh
exec $as_someone '$sshd' -i -f '$server/config'
END
chmod 700 "$server/run"
[ -z "$as_someone" ] || chown -R 65534:65534 "$server"
by_ssh()
{
	ssh -F none -p "$2" -o UserKnownHostsFile="$TMP/file" \
	    -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes \
	    -o BatchMode=yes -o ProxyCommand="$server/run" \
	    -o KexAlgorithms=curve25519-sha256 -o PubkeyAuthentication=no \
	    -o CanonicalizeHostname=no -o UpdateHostKeys=no \
	    -o LogLevel=INFO -- "nobody@$1" true 2>said </dev/null
	case $(cat said) in
	*'REVOKED HOST KEY'*) echo revoked ;;
	*'IDENTIFICATION HAS CHANGED'*) echo changed ;;
	*'host key is known for'*) echo unknown ;;
	*'Permission denied'*) echo match ;;
	*) cat said ;;
	esac
}

servable=
printf 'host %s\n' "$A" >file
if [ -n "$sshd" ] && [ "$(by_ssh host 22)" = match ]; then
	servable=1
fi

# compare TEXT NAME PORT [SSH]: both say the same of key A, or ssh says SSH.
compare()
{
	local ours theirs
	printf '%b' "$1" >file
	ours=$("$tool" check file "$2" "$3" "$(blob ed25519)")
	theirs=$(by_ssh "$2" "$3")
	check "ssh: $(printf '%q' "${1:0:60}") for $2:$3 is $ours" \
	    equals "$ours, ssh: $theirs" "$ours, ssh: ${4-$ours}"
}

hashed()
{
	printf '%s\n' "$1" >to-hash
	ssh-keygen -q -H -f to-hash 2>/dev/null >&2
	cat to-hash
}

H=$(hashed "host $A")
HP=$(hashed "[host]:2222 $A")
HB=$(hashed "host $B")
if [ -z "$servable" ]; then
	skip 'what ssh accepts' "no sshd -i to be had: $(head -c 100 said)"
else
	compare "host $A" host 22
	compare "host $A\n" HOST 22
	compare "HOST $A\n" host 22
	compare "other $A\n" host 22
	compare '' host 22
	compare "host $B\n" host 22
	compare "host $R\n" host 22
	compare "host $E\nhost $B\n" host 22
	compare "host $E\nhost $B\nhost $A\n" host 22
	compare "host $A\nhost $B\n" host 22
	compare "@revoked host $A\n" host 22
	compare "host $A\n@revoked * $A\n" host 22
	compare "@revoked *,!host $A\nhost $A\n" host 22
	compare "@revoked other $A\nhost $A\n" host 22
	compare "@revoked host $B\nhost $A\n" host 22
	compare "@revoked host $B\n" host 22
	compare "@cert-authority host $A\n" host 22
	compare "@cert-authority * $A\nhost $B\n" host 22
	compare "@cert-authority * $B\nhost $A\n" host 22
	compare "@Revoked host $A\nhost $A\n" host 22
	compare "@revoked @revoked host $A\nhost $A\n" host 22
	compare "[host]:2222 $A\n" host 2222
	compare "[host]:2222 $A\n" host 22
	compare "[host]:2222 $B\n" host 2222
	compare "[host]:* $A\n" host 2222
	compare "*host* $A\n" host 2222
	compare "host $B\n" host 2222
	compare "[host]:22 $A\n" host 22
	compare "a,host,b $A\n" host 22
	compare ",,host, $A\n" host 22
	compare "a,b, host $A\n" host 22
	compare "h?s* $A\n" host 22
	compare "*.com $A\n" a.b.com 22
	compare "*,!host $A\n" host 22
	compare "!host,* $A\n" host 22
	compare "!other $A\n" host 22
	compare "!!host,* $A\n" host 22
	compare "!HOST,* $A\n" host 22
	compare "$H\n" host 22
	compare "$H\n" HOST 22
	compare "$H\n" host 2223 match # a difference, see below
	compare "$HP\n" host 2222
	compare "$HP\n" host 22
	compare "$HB\n" host 22
	compare "@revoked $H\n" host 22
	compare "${H%% *},host $A\n" host 22
	compare "|1|x|y $A\nhost $A\n" host 22
	compare "host $A\r\n" host 22
	compare "host $A comment\r\n" host 22
	compare "\t host\t \t$A  x\n" host 22
	compare "#host $A\n" host 22
	compare "host\nhost ssh-ed25519\nhost $A\n" host 22
	compare "host ssh-ed25519 AAAA\n" host 22
	compare "host ssh-rsa ${A#* }\n" host 22
	compare "host ${A%?}\n" host 22
	compare "host 1024 35 12345\n" host 22
	compare "$(printf 'o%d,' {1..20000})host $A\n" host 22
	compare "$(printf '*%.0s' {1..1022}),x $A\n" host 22
	compare "$(printf '*%.0s' {1..1023}),x $A\n" host 22
	# The differences.
	compare "host $A\n" host 2222 match
	compare "host ssh-new AAAAB3NzaC1uZXc=\n" host 22 unknown
fi

# ssh-keygen -F finds a line where the host is not unknown to us.
cat >file <<END
# a comment

host $A
[host]:2222 $R
a.example.com,b.example.com,10.1.2.3 $B
*.example.org,!not.example.org $E
?x? $A
nonsense
$HB
$HP
@revoked bad.example.com $A
@cert-authority *.ca.example.com $A
END
for name in host HOST '[host]:2222' '[host]:22' hos hosts a.example.com \
    B.example.com c.example.com 10.1.2.3 a.example.org not.example.org \
    axb xx nonsense; do
	found=unknown
	ssh-keygen -F "$name" -f file >/dev/null && found=known
	port=22 bare=$name
	[[ $name != '['* ]] || port=${name##*:} bare=host
	[ "$("$tool" types file "$bare" "$port")" != '' ] && ours=known ||
	    ours=unknown
	# ssh-keygen takes "[host]:22" literally, ssh makes "host" of it.
	[ "$name" != '[host]:22' ] || found=known
	check "ssh-keygen -F '$name': $found" equals "$ours" "$found"
done
check 'malformed lines are counted' equals "$("$tool" skipped file)" 1
check 'types, in order' equals "$("$tool" types file host 22)" ssh-ed25519
check 'types for a port' equals "$("$tool" types file host 2222)" \
    ssh-rsa,ssh-ed25519
before=$(for n in host a.example.com 10.1.2.3; do "$tool" types file "$n" 22
done)
grep -v nonsense file >plain
cp plain file
ssh-keygen -q -H -f file >/dev/null 2>&1
check 'ssh-keygen -H has hashed what has no wildcards' equals \
    "$(grep -c '^|1|' file)" 7
check 'hashed by ssh-keygen -H: the same answers' equals "$(for n in host \
    a.example.com 10.1.2.3; do "$tool" types file "$n" 22; done)" "$before"
ssh-keygen -q -R a.example.com -f file >/dev/null 2>&1
check 'removed by ssh-keygen -R: unknown' equals \
    "$("$tool" check file a.example.com 22 "$(blob other)")" unknown
check 'removed by ssh-keygen -R: others stay' equals \
    "$("$tool" check file 10.1.2.3 22 "$(blob other)")" match

# What we write.
cp plain file
"$tool" add file New.Example.com 22 "$(blob ed25519)"
"$tool" add file new.example.com 2222 "$(blob rsa)"
"$tool" add file secret.example.com 2222 "$(blob ecdsa)" hashed
"$tool" add file new.example.com 22 "$(blob ed25519)"
"$tool" add file secret.example.com 2222 "$(blob ecdsa)"
check 'add: three lines' equals "$(($(wc -l <file) - $(wc -l <plain)))" 3
check 'add: the other bytes stay' equals \
    "$(head -n "$(wc -l <plain)" file | sha256sum)" "$(sha256sum <plain)"
check 'add: nothing else is left there' equals "$(echo .file*)" '.file*'
check 'add: mode' mode_is 0600 file
check 'add: found by ssh-keygen -F' equals \
    "$(ssh-keygen -F new.example.com -f file | tail -n 1)" "new.example.com $A"
check 'add: with a port' contains \
    "$(ssh-keygen -F '[new.example.com]:2222' -f file)" "$R"
check 'add: hashed' contains \
    "$(ssh-keygen -F '[secret.example.com]:2222' -f file)" "$E"
check 'add: hashed, the name is not there' lacks "$(cat file)" secret
check 'add: ssh-keygen -l reads every line' equals \
    "$(ssh-keygen -lf file 2>&1 | grep -c SHA256:)" \
    "$(grep -vc -e '^#' -e '^$' -e '^@' file)"
done_testing
