#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: the user of an instance is found out where no table knows it,
# by what the server says to root, and is remembered; whoever is given is obeyed.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

cloud_start pending=0.1 stopping=0.1 || done_testing
ln -s "$PEMKEEP" "$TMP/connect"
learned=$state/learned
c()
{
	"$TMP/connect" "$@" </dev/null
}
term()
{
	TERM=xterm "$PYTHON" "$SRC/tests/tools/onterminal.py" "$@"
}
# users ID: who has tried to log in there
users()
{
	sed -n 's/.*userauth-request for user \([^ ]*\) .*/\1/p' \
	    "$CLOUD/hosts/$1/log" | uniq | tr '\n' ' '
}

cloud_account main eu-west-1
export AWS_PROFILE=main
cloud_key main/eu-west-1 web >/dev/null
new_vault
pk -q import "$TMP/web" >/dev/null 2>&1

# Images of the table, one of each user: no question to root.
while read -r image user; do
	cloud_instance main/eu-west-1 "on-$image" key=web image="$image"
	check "$image" expect_status 0 c -o StrictHostKeyChecking=accept-new \
	    "on-$image" whoami
	check "$image: $user" equals "$(out) $(users "$ID")" "$user $user "
done <<'END'
amazon-linux-2 ec2-user
debian-12 admin
centos-7 centos
fedora-41 fedora
rocky-9 rocky
arch arch
flatcar core
bitnami bitnami
END
check 'nothing was learned' test ! -e "$learned"

# An image of our own.
image=$(cloud_ctl image eu-west-1 'our build 7' owner=main user=deploy)
cloud_instance main/eu-west-1 own key=web "image=$image"
own=$ID
cloud_ctl set greeting=30
SECONDS=0
check 'our own image' expect_status 0 c -v own whoami
check 'as the user that root is greeted with' equals "$(out)" deploy
check 'root first, then that user' equals "$(users "$own")" 'root deploy '
check 'that is said' contains "$(err)" "wants the user 'deploy', not 'root'." \
    "connect: user -: not known: the AMI 'our build 7'"
check 'the greeting is not waited for to its end' test $SECONDS -lt 15
cloud_ctl set greeting=0.2
check 'learned, of the instance and of the image' contains \
    "$(cat "$learned")" "[$own]
user = deploy" "[$image]
user = deploy"
: >"$CLOUD/hosts/$own/log"
check 'next time' expect_status 0 c -v own whoami
check 'no question to root' equals "$(out) $(users "$own")" 'deploy deploy '
check 'it says where it is from' contains "$(err)" 'connect: user deploy: learned: '
cloud_instance main/eu-west-1 own2 key=web "image=$image"
check 'another instance of the image' expect_status 0 c own2 whoami
check 'no question to root there' equals "$(out) $(users "$ID")" 'deploy deploy '
check 'a command with output and status' expect_status 7 c own \
    'printf "a\nb"; exit 7'
check 'all of it' equals "$(out)" $'a\nb'
cloud_ctl deregister eu-west-1 "$image"
cloud_instance main/eu-west-1 gone key=web 2>/dev/null

# Root, given or from the table.
: >"$CLOUD/hosts/$own/log"
check '-l root where root is greeted' expect_status 0 c -l root own whoami
check 'that user, and it is said' equals "$(out) $(users "$own")" \
    'deploy root deploy '
cloud_instance main/eu-west-1 nix key=web image=nixos
nix=$ID
check 'root, by the table' expect_status 0 c -o \
    StrictHostKeyChecking=accept-new nix whoami
check 'it is root' equals "$(out) $(users "$nix")" 'root root '
check 'that is real, and learned' contains "$(cat "$learned")" "[$nix]
user = root"
check 'the second time' expect_status 0 c nix whoami
cloud_instance main/eu-west-1 plain key=web greeting=no
check 'root does not let us in' expect_status 255 c -l root plain whoami
check 'it says whom' contains "$(err)" "refuses the login as 'root'"

# Nobody knows it, and neither does root.
image=$(cloud_ctl image eu-west-1 'mute build' owner=main user=hidden)
cloud_instance main/eu-west-1 mute key=web "image=$image" greeting=no
mute=$ID
check 'nobody knows it' expect_status 255 c mute true
check 'nobody knows it: says so, and how to go on' contains "$(err)" \
    "the user of 'mute' ($mute) is not known (not known: the AMI 'mute build'" \
    'use -l USER'
check 'only root was tried' equals "$(users "$mute")" 'root '
check 'no password was asked for as root' term 'absent=assword' \
    "expect=The user of 'mute' \($mute\) is not known" 'expect=Log in as: ' \
    'send=no such\r' "expect='no such' is not a user name" status=255 -- \
    "$TMP/connect" mute whoami
check 'asked, and known' term 'expect=Log in as: ' 'send=hidden\r' \
    'expect=hidden' status=0 cooked -- "$TMP/connect" mute 'sleep 1; whoami'
check 'learned' contains "$(cat "$learned")" "[$mute]
user = hidden"
check 'next time' expect_status 0 c mute whoami
check 'it is that user' equals "$(out)" hidden
image=$(cloud_ctl image eu-west-1 'given build' owner=main user=someone)
cloud_instance main/eu-west-1 given key=web "image=$image" greeting=no
check '-l' expect_status 0 c -l someone given true
check '-l: nothing else was tried' equals "$(users "$ID")" 'someone '
check '-l where nobody knew one: learned' contains "$(cat "$learned")" "[$ID]
user = someone"
check 'next time' expect_status 0 c given true
image=$(cloud_ctl image eu-west-1 'root build' owner=main user=root)
cloud_instance main/eu-west-1 real key=web "image=$image" console=cloud-init
check 'root can log in, and is nobody that was asked for' expect_status 255 \
    c real true
check 'it says so' contains "$(err)" 'root can log in there' 'use -l USER'
check '-l root' expect_status 0 c -l root real whoami
check 'learned' expect_status 0 c real whoami
check 'it is root' equals "$(out)" root
count=$(wc -l <"$learned")
check '-l where the table knows it' expect_status 255 c -l nobody own2 true
check '-l where the table knows it, and is right' expect_status 0 \
    c -l admin on-debian-12 true
check 'nothing more was learned' equals "$(wc -l <"$learned")" "$count"

# What somebody has said in a tag.
cloud_instance main/eu-west-1 tagged key=web user=boss tag:ssh-user=boss
check 'tag ssh-user' expect_status 0 c tagged whoami
check 'it is that user' equals "$(out)" boss
cloud_instance main/eu-west-1 mistagged key=web tag:ssh-user=-oX=y
check 'a tag that is no user: the table' expect_status 0 c mistagged whoami
check 'it is that user' equals "$(out)" ubuntu

# A state folder that cannot be written to is no reason not to connect.
chmod 500 "$state"
image=$(cloud_ctl image eu-west-1 'last build' owner=main user=deploy)
cloud_instance main/eu-west-1 last key=web "image=$image"
if [ "$(id -u)" != 0 ]; then
	check 'nothing can be learned' expect_status 0 c last true
else
	skip 'nothing can be learned' 'root writes everywhere'
fi
chmod 700 "$state"
done_testing
