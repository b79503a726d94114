#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: the password of a Windows instance is decrypted by the keeper,
# goes to stdout and nowhere else, and nothing that is not the password ever comes
# out: not what another key makes of it, not what is no RSA ciphertext.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

cloud_start pending=0.1 stopping=0.1 || done_testing
cloud_account main eu-west-1
export AWS_PROFILE=main
place=main/eu-west-1
new_vault
for key in win other; do
	cloud_key $place $key rsa >/dev/null
done
cloud_key $place ed >/dev/null
check 'the keys' expect_status 0 pk import win other ed
cloud_instance $place desk image=windows-2022 key=win
desk=$ID
password="Passw0rd;for,$desk"
cloud_ctl instance $place lin key=win >/dev/null

# Before anything is decrypted.
check 'no such name' expect_status 4 pk password wob
pk add static 192.0.2.1
check 'no instance' expect_status 4 pk password static
check 'not Windows' expect_status 1 pk password lin
check 'not Windows: it says so' contains "$(err)" 'is not Windows'
check 'no name' expect_status 2 pk password
cloud_ctl deny ec2:GetPasswordData
check 'denied' expect_status 6 pk password desk
check 'denied: which permission' contains "$(err)" ec2:GetPasswordData
cloud_ctl allow
check 'locked' expect_status 0 pk lock
PEMKEEP_PASSPHRASE_FILE=/nonexistent check 'locked, and nobody to ask' \
    expect_status 3 pk --no-input password desk </dev/null
check 'locked: nothing came out' equals "$(out)" ''

# The password.
check 'password' expect_status 0 pk password desk
check 'password: it is' equals "$(out)" "$password"
check 'password: one line' equals "$(out | wc -lc | tr -s ' ')" \
    " 1 $((${#password} + 1))"
check 'password: not on stderr' lacks "$(err)" Passw0rd
check 'password: not in the log' lacks "$(cat "$state/log")" Passw0rd
check 'password: not in any file' equals \
    "$(grep -rl 'Passw0rd' "$HOME" "$XDG_RUNTIME_DIR" 2>/dev/null)" ''
check 'password: that it was decrypted is in the log' contains \
    "$(grep '"event":"password"' "$state/log")" "$desk" "$(ssh-keygen -lf win \
    | cut -d ' ' -f 2)"
check 'password: the log is sound' expect_status 0 pk log --verify
check 'without an agent' expect_status 0 pk --no-agent password "$desk"
check 'without an agent: it is' equals "$(out)" "$password"
pk password desk >/dev/full 2>full.err
check 'no space' equals $? 1
check 'no space: it says so' contains "$(cat full.err)" 'cannot write'

# The wrong key, in all ways.
for key in other ed; do
	check "-k $key" expect_status 1 pk password -k $key desk
	check "-k $key: nothing comes out" equals "$(out)" ''
done
check '-k ed: why' contains "$(err)" 'only RSA keys'
check '-k of no key' expect_status 4 pk password -k none desk
tries=0
for ((i = 0; i < 30; i++)); do
	pk password -k other desk >wrong 2>/dev/null
	[ $? = 1 ] && [ ! -s wrong ] || tries=$((tries + 1))
done
check 'the wrong key never makes a password' equals $tries 0
cloud_ctl keypair $place gone public=win.pub >/dev/null
cloud_ctl instance $place gone image=windows-2022 key=gone >/dev/null
cloud_ctl keypair $place gone public=other.pub >/dev/null
check 'a key pair that was made again under this name' expect_status 1 \
    pk password gone
check 'made again: which key' contains "$(err)" 'not encrypted for this key' \
    other
check 'made again: with the right one' expect_status 0 pk password -k win gone
ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -f missing
cloud_ctl keypair $place missing public=missing.pub >/dev/null
cloud_ctl instance $place miss image=windows-2022 key=missing >/dev/null
check 'a key that the vault has not' expect_status 4 pk password miss
check 'a key that the vault has not: which' contains "$(err)" \
    "key pair 'missing'" 'pemkeep import'

# What is no ciphertext.
answer()
{
	cloud_ctl clear
	printf '<GetPasswordDataResponse><instanceId>%s</instanceId>
	    <passwordData>%s</passwordData></GetPasswordDataResponse>' \
	    "${2:-$desk}" "$1" >answer.xml
	cloud_ctl fault body file="$TMP/answer.xml" action=GetPasswordData \
	    times=0
}
answer "$(head -c 255 /dev/urandom | base64 -w 0)"
check 'too short' expect_status 1 pk password desk
check 'too short: why' contains "$(err)" '255 bytes'
answer "$(head -c 256 /dev/zero | base64 -w 0)"
check 'zeros' expect_status 1 pk password desk
answer "$(head -c 256 /dev/zero | tr '\0' '\377' | base64 -w 0)"
check 'larger than the modulus' expect_status 1 pk password desk
answer "$(head -c 100000 /dev/zero | base64 -w 0)"
check 'much too long' expect_status 1 pk password desk
check 'none of it came out' equals "$(out)" ''
sealed()
{
	printf "$1" | openssl pkeyutl -encrypt -pubin -inkey pub.pem |
	    base64 -w 0
}
ssh-keygen -e -m PKCS8 -f win.pub >pub.pem
for text in '' 'short' 'with\nline' 'esc\033[2Jape' 'not\377\376utf-8' \
    'a\0nul and more' 'csi of a terminal \302\2332J' \
    'backwards \342\200\256drow'; do
	answer "$(sealed "$text")"
	check "no password: $(printf %q "$text")" expect_status 1 \
	    pk password desk
	check 'no password: nothing comes out' equals "$(out)" ''
done
answer "$(sealed 'längeres Paßwort 비밀번호')"
check 'UTF-8' expect_status 0 pk password desk
check 'UTF-8: as it is' equals "$(out)" 'längeres Paßwort 비밀번호'
answer "$(printf '\r\n'; sealed 'with blanks around' | fold -w 76; printf '\r\n')"
check 'lines and blanks in the base64' expect_status 0 pk password desk
check 'lines and blanks: it is' equals "$(out)" 'with blanks around'

# Not there yet; never there.
answer "$(sealed 'that of another one')" i-0123456789abcdef0
cloud_ctl instance $place old image=windows-2022 key=win launched=1000000 \
    >/dev/null
check 'an answer about another instance' expect_status 4 pk password old
cloud_ctl clear
answer ''
check 'never there' expect_status 4 pk password old
check 'never there: why' contains "$(err)" 'EC2 has no password' 'key pair'
cloud_ctl clear
cloud_ctl fault replace action=GetPasswordData old=passwordData new=x times=1
check 'not there yet' expect_status 0 pk password desk
check 'not there yet: it says so' contains "$(err)" 'no password yet'
check 'not there yet: and then' equals "$(out)" "$password"
cloud_ctl instance $place nokey image=windows-2022 >/dev/null
check 'no key pair' expect_status 4 pk password nokey

# A key that wants to be confirmed.
printf '#!/bin/sh\necho "$1" >>"%s/asked"\nexit $(cat "%s/say")\n' "$TMP" "$TMP" \
    >askpass
chmod 755 askpass
check 'a key to be confirmed' expect_status 0 pk set win --confirm
pk lock
echo 1 >say
SSH_ASKPASS=$TMP/askpass DISPLAY=:0 check 'not confirmed' expect_status 1 \
    pk password desk
check 'not confirmed: the question' contains "$(cat asked)" "key 'win'"
check 'not confirmed: nothing came out' equals "$(out)" ''
check 'not confirmed: in the log' contains "$(tail -n 1 "$state/log")" \
    'password: not confirmed'
echo 0 >say
SSH_ASKPASS=$TMP/askpass DISPLAY=:0 check 'confirmed' expect_status 0 \
    pk password desk
check 'confirmed: it is' equals "$(out)" "$password"

done_testing
