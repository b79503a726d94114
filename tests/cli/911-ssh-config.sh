#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: with the file that 'pemkeep ssh-config' writes, plain ssh, scp,
# rsync and git reach an instance by its name, with the right one of 20 keys, none of
# which is on the disk, and with host keys checked; and nothing that a tag or a path
# says gets into that file as anything but a word.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

cloud_start pending=0.1 stopping=0.1 || done_testing
ln -s "$PEMKEEP" "$TMP/connect"
conf=$TMP/pemkeep.conf
cloud_account main eu-west-1
cloud_account other eu-west-1
export AWS_PROFILE=main
new_vault
for ((i = 0; i < 19; i++)); do
	ssh-keygen -q -t ed25519 -N '' -f "$TMP/k$i"
done
cloud_key main/eu-west-1 zweb rsa >/dev/null
cloud_key main/eu-west-1 lost >/dev/null
cloud_instance main/eu-west-1 web key=zweb
web=$ID
cloud_instance other/eu-west-1 web key=zweb
check '20 keys, none stays on the disk' expect_status 0 pk -q import --move \
    "$TMP"/k? "$TMP"/k1? "$TMP/zweb"
check 'none does' equals "$(grep -rl 'PRIVATE KEY' "$TMP" | grep -v \
    -e "$TMP/lost\$" -e "^$CLOUD/")" ''

# s WORD...: plain ssh with the file, and nothing else
s()
{
	ssh -F "$conf" -o BatchMode=yes "$@" </dev/null
}
# offered ID: how many times a key was, of the last connection
offered()
{
	grep -c 'userauth-request for user .* method publickey' \
	    "$CLOUD/hosts/$1/log"
}
# odd FILE: lines that are not of the form that they are to have
odd()
{
	local word='[A-Za-z0-9_.][A-Za-z0-9._-]*' path='"/[A-Za-z0-9/._-]*"'
	local to="( --profile $word)?( --region $word)? $word"
	grep -vE -e '^(#.*)?$' -e "^Host $word\$" -e '^	(Port [0-9]+)$' \
	    -e "^	(HostName|HostKeyAlias|User) $word\$" \
	    -e "^	(IdentityFile|IdentityAgent) $path\$" \
	    -e '^	(IdentitiesOnly|StrictHostKeyChecking) yes$' \
	    -e '^	(UserKnownHostsFile|GlobalKnownHostsFile) none$' \
	    -e '^	UpdateHostKeys no$' \
	    -e "^	ProxyCommand $path proxy --port %p$to\$" \
	    -e "^	KnownHostsCommand $path proxy --known-hosts --port %p --host-key %K --as %H$to\$" \
	    "$1"
}

# What cannot be.
refused 2 "'ssh-config' does not take 'web'" -- pk ssh-config web
refused 2 'a file is needed' -- pk ssh-config --output ''
echo 'Host mine' >"$TMP/own"
refused 1 "'$TMP/own' was not written by pemkeep" 'Include' -- \
    pk ssh-config -o "$TMP/own"
check 'it is as it was' equals "$(cat "$TMP/own")" 'Host mine'
ln -s "$TMP/own" "$TMP/link"
check 'a link' expect_status 1 pk ssh-config -o "$TMP/link"
for bad in 'a$(id)b' 'a"b' 'a`id`b' "a'b" 'a%hb' 'a\b' $'a\nb' 'a{{b}}'; do
	mkdir -p "$TMP/$bad"
	refused 1 'has characters that ssh or a shell would change' -- \
	    env XDG_STATE_HOME="$TMP/$bad" "$PEMKEEP" ssh-config
done
mkdir "$TMP/x\$(id)"
cp "$PEMKEEP" "$TMP/x\$(id)/pemkeep"
refused 1 'the path of this program' -- "$TMP/x\$(id)/pemkeep" ssh-config
pk -q lock
refused 3 'a passphrase is needed' -- env -u PEMKEEP_PASSPHRASE_FILE "$PEMKEEP" --no-input \
    ssh-config
pk -q unlock

mkdir -m 700 "$TMP/nothing" "$TMP/nothing/run"
check 'without a vault' expect_status 0 env XDG_DATA_HOME="$TMP/nothing" \
    XDG_RUNTIME_DIR="$TMP/nothing/run" "$PEMKEEP" ssh-config
check 'without a vault: the hosts, without an agent' contains "$(out)" 'Host web'
check 'without a vault: the hosts, without an agent' lacks "$(out)" IdentityAgent
check 'none was started' equals "$(ls -A "$TMP/nothing/run")" ''
rm -r "$state/public"

# The file.
(umask 0; pk ssh-config -o "$conf" >"$TMP/.out" 2>"$TMP/.err")
check 'written' contains "$(err)" "'$conf' has 1 host."
check 'nothing on stdout' equals "$(out)" ''
mode_is 0600 "$conf" "$state"/public/*
check 'printed' expect_status 0 pk ssh-config
check 'printed: the same' equals "$(out)" "$(cat "$conf")"
check 'printed: nothing said' equals "$(err)" ''
check 'every line is of its form' equals "$(odd "$conf")" ''
check 'the public key of the one that it has' equals \
    "$(ssh-keygen -lf "$state"/public/* | cut -d ' ' -f 2)" \
    "$(pk keys --json >"$TMP/j"; json "$TMP/j" \
	'[k["fingerprint"] for k in j["keys"] if k["name"] == "zweb"]')"
check 'by name and by id' equals "$(grep '^Host' "$conf")" "Host web
Host $web"
check 'the id stands for the instance' contains "$(cat "$conf")" \
    "HostName $web" "HostKeyAlias $web"
check 'written again' expect_status 0 pk -q ssh-config -o "$conf"

# The programs.
check 'ssh, first contact' expect_status 0 s web 'whoami; echo $CLOUD_INSTANCE'
check 'ssh: it is that one, as the right user' equals "$(out)" $'ubuntu\n'"$web"
check 'its key was proven' contains "$(err)" 'is proven by its console'
: >"$CLOUD/hosts/$web/log"
check 'ssh again' expect_status 0 s web true
check 'one key of 20 was enough: asked once, signed once' \
    equals "$(offered "$web")" 2
check 'nothing said' equals "$(err)" ''
check 'by its id' expect_status 0 s "$web" 'echo $CLOUD_INSTANCE'
check 'by its id: that one' equals "$(out)" "$web"
check 'with another profile in the environment' expect_status 0 \
    env AWS_PROFILE=other ssh -F "$conf" web 'echo $CLOUD_INSTANCE' </dev/null
check 'it is the same' equals "$(out)" "$web"
check 'the exit status is that of the command' expect_status 7 s web exit 7
head -c 3000000 /dev/urandom >"$TMP/big"
check 'bytes through it' cmp "$TMP/big" <(ssh -F "$conf" web cat <"$TMP/big")
mkdir "$TMP/there" "$TMP/here"
check 'scp' expect_status 0 scp -F "$conf" "$TMP/big" "web:$TMP/there/scp"
check 'scp: it is there' cmp "$TMP/big" "$TMP/there/scp"
check 'scp back' expect_status 0 scp -F "$conf" "web:$TMP/there/scp" "$TMP/here/"
check 'scp back: it is here' cmp "$TMP/big" "$TMP/here/scp"
if command -v rsync >/dev/null; then
	check 'rsync' expect_status 0 rsync -a -e "ssh -F $conf" "$TMP/here/" \
	    "web:$TMP/there/rsync/"
	check 'rsync: it is there' cmp "$TMP/big" "$TMP/there/rsync/scp"
else
	skip rsync 'rsync is not installed'
fi
if command -v git >/dev/null; then
	git init -q "$TMP/there/repo"
	git -C "$TMP/there/repo" -c user.name=me -c user.email=me@example.com \
	    commit -q --allow-empty -m first
	export GIT_SSH_COMMAND="ssh -F $conf"
	check 'git' expect_status 0 git clone -q "ssh://web$TMP/there/repo" \
	    "$TMP/here/repo"
	check 'git: it is here' equals \
	    "$(git -C "$TMP/here/repo" log --format=%s)" first
else
	skip git 'git is not installed'
fi

# A key pair that the vault does not have: the others are not tried instead.
cloud_instance main/eu-west-1 locked key=lost
lost=$ID
cloud_instance main/eu-west-1 keyless
keyless=$ID
check 'more hosts' expect_status 0 pk -q ssh-config --refresh -o "$conf"
for host in locked keyless; do
	check "$host" expect_status 255 s $host true
	check "$host: no other key was tried" lacks "$(err)" 'Too many'
	check "$host: it is a matter of the key" contains "$(err)" \
	    'Permission denied (publickey'
done
check 'locked: one key at most' test "$(offered "$lost")" -le 1
check 'keyless: none' equals "$(offered "$keyless")" 0

# Names.
declare -A by=()
hostile=('-oProxyCommand=x' '$(id)' '`id`' 'a;id' $'a\nHost *' '%h%u' 'a b' '"'
    "'" '한글' '*' '!web' 'web,x' '?' 'a/b' 'a\b' '#x' 'a=b' '{{x}}' 'a@b' '-'
    '--' localhost all none ungrouped 127.0.0.1 17 1.2 "$web" i-x $'\e[31m'
    '${HOME}' '~' github.com gitlab)
for name in "${hostile[@]}"; do
	cloud_instance main/eu-west-1 "$name" key=zweb
	by[$name]=$ID
done
cloud_instance main/eu-west-1 db.example.com key=zweb
dotted=$ID
cloud_instance main/eu-west-1 twin key=zweb
twin=$ID
cloud_instance main/eu-west-1 twin key=zweb
twins="$twin $ID"
cloud_instance main/eu-west-1 half key=zweb
half=$ID
cloud_instance main/eu-west-1 half key=zweb state=stopped
cloud_instance main/eu-west-1 mine key=zweb
mine=$ID
cloud_instance main/eu-west-1 fixed key=zweb
fixed=$ID
cloud_instance main/eu-west-1 gone key=zweb
gone=$ID
cloud_ctl terminate gone
cloud_instance main/eu-west-1 badly key=zweb tag:ssh-user='x;id' tag:ssh-port='2$(id)'
cloud_instance main/eu-west-1 ported key=zweb tag:ssh-user='me' tag:ssh-port=2222
mkdir -m 700 "$HOME/.ssh"
ssh-keygen -q -t ed25519 -N '' -f "$TMP/host"
for name in github.com gitlab,192.0.2.8; do
	echo "$name $(cut -d ' ' -f 1,2 "$TMP/host.pub")"
done >"$HOME/.ssh/known_hosts"
printf '%s\n' "Include $conf" 'Host mine' 'HostName 127.0.0.9' \
    'Host stranger other' 'HostName 127.0.0.9' >"$HOME/.ssh/config"
chmod 600 "$HOME/.ssh/config"
pk -q add fixed 127.0.0.1 --port 2 --key k3 --user me
pk -q add 'not safe' 127.0.0.1
pk -q add stranger 127.0.0.1
check 'hostile names' expect_status 0 pk ssh-config --refresh -o "$conf"
check 'it says what has no name there' contains "$(err)" \
    "$((${#hostile[@]} + 4)) instances are known by id only" \
    'Of the hosts file 2 hosts are left out'
safe "$TMP/.err"
check 'hostile names: every line is of its form' equals "$(odd "$conf")" ''
for name in "${!by[@]}"; do
	check "$(printf %q "$name"): by its id" contains "$(cat "$conf")" \
	    "Host ${by[$name]}"$'\n'
done
check 'names that are left' equals \
    "$(sed -n 's/^Host \([^i]\)/\1/p;s/^Host \(i[^-]\)/\1/p' "$conf" | tr '\n' ' ')" \
    'badly db.example.com fixed half keyless locked ported web '
check 'its id is one once' equals "$(grep -c "^Host $web\$" "$conf")" 1
block()
{
	sed -n "/^Host $1\$/,/^\$/p" "$conf"
}
check 'a name with dots' contains "$(block db.example.com)" "HostKeyAlias $dotted"
check 'the one of two that is up' contains "$(block half)" "HostKeyAlias $half"
for id in $twins "$mine" "$fixed"; do
	check "$id" contains "$(block "$id")" "HostKeyAlias $id"
done
check 'what has ended is not there' lacks "$(cat "$conf")" "$gone"
check 'a static host goes first, with its key' contains "$(block fixed)" \
    'HostKeyAlias fixed' 'Port 2' 'User me' "$state/public/"
check 'tags that are none: not said, or the usual' lacks "$(block badly)" 'id)' \
    'x;'
check 'their port' contains "$(block badly)" "Port $CLOUD_PORT"
check 'tags' contains "$(block ported)" 'Port 2222' 'User me'
check 'by name it goes with its profile and region' contains "$(block web)" \
    ' --profile main --region eu-west-1 web'
check 'by id, too' contains "$(block "$web")" \
    " --profile main --region eu-west-1 $web"
check 'ssh understands it' expect_status 0 ssh -F "$HOME/.ssh/config" -G web
check 'ssh: the user'"'"'s own host is as it was' contains \
    "$(ssh -F "$HOME/.ssh/config" -G mine)" 'hostname 127.0.0.9'

# No shell ever sees one of these names.
if strace -f -o "$TMP/probe" true 2>/dev/null; then
	for name in "${hostile[@]}"; do
		id=${by[$name]} what=$(printf %q "$name")
		SHELL=/bin/sh ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 \
		    strace -f -qq -s 300 -e trace=execve \
		    -o "$TMP/trace" ssh -F "$conf" -o BatchMode=yes -- "$id" \
		    'echo $CLOUD_INSTANCE' </dev/null >"$TMP/.out" 2>"$TMP/.err"
		check "$what: connected" equals "$(out)" "$id"
		check "$what: what was started" equals \
		    "$(grep -oE 'execve\("[^"]*"' "$TMP/trace" |
		    sed 's,.*/,,;s/"//' | grep -vx exe | sort | uniq -c |
		    tr -s '\n ' ' ')" ' 3 pemkeep 1 sh 1 ssh '
		check "$what: the shell's command" equals \
		    "$(grep -oE '"-c", .*\]' "$TMP/trace")" \
		    "\"-c\", \"exec \\\"$PEMKEEP\\\" proxy --port $CLOUD_PORT --profile main --region eu-west-1 $id\"]"
	done
else
	skip 'no shell sees a name' 'strace does not work here'
fi

# Our own file is not taken for the user's: a name in it is looked for in EC2.
cloud_ctl terminate web
cloud_ctl wait "$web" terminated
cloud_instance main/eu-west-1 web key=zweb
check 'another instance has the name, and connect finds it' expect_status 0 \
    "$TMP/connect" web 'echo $CLOUD_INSTANCE' </dev/null
check 'it is that one' equals "$(out)" "$ID"
check 'so does ssh, with the file as it was' expect_status 0 \
    s web 'echo $CLOUD_INSTANCE'
check 'it is that one' equals "$(out)" "$ID"
check 'it says so' contains "$(err)" "'web' is $ID now, no longer $web"
check 'the old id' expect_status 255 s "$web" true
check 'the old id: says what became of it' matches "$(err)" \
    "$web, which is (terminated|shutting-down)"

# Keys of the environment belong to no profile: then only ids mean the same always.
read -r KEY_ID SECRET < <(cloud_ctl user main someone)
check 'keys in the environment' expect_status 0 env -u AWS_PROFILE \
    AWS_ACCESS_KEY_ID="$KEY_ID" AWS_SECRET_ACCESS_KEY="$SECRET" \
    AWS_REGION=eu-west-1 "$PEMKEEP" ssh-config
check 'keys in the environment: by id' equals \
    "$(out | grep -c "ProxyCommand.*--port %p --region eu-west-1 i-")" \
    "$(out | grep -c "^Host" | { read -r n; echo $((n - 1)); })"
check 'keys in the environment: no profile' lacks "$(out)" --profile

# A home with a blank and Hangul.
mkdir -m 700 "$TMP/my 홈"
check 'a path with a blank' env XDG_STATE_HOME="$TMP/my 홈" "$PEMKEEP" -q \
    ssh-config -o "$conf"
check 'a path with a blank: it works' expect_status 0 \
    env XDG_STATE_HOME="$TMP/my 홈" ssh -F "$conf" -o BatchMode=yes web \
    'echo $CLOUD_INSTANCE' </dev/null
check 'it is that one' equals "$(out)" "$ID"
done_testing
