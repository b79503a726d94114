#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: who is at the other end, and who we are there: host keys that
# are known, new, changed, of another type, revoked; keys that are refused,
# passwords, several methods in a row; the options of ssh that are supported, and
# an error for those that are not; dead connections.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/tools/sshd.sh
. "$SRC/tests/tools/sshd.sh"

key ed25519 ed
key rsa rsa -m PEM -b 2048
ssh-keygen -q -t ed25519 -N '' -f stranger
ssh-keygen -q -t ed25519 -N 'its own' -f locked
cat locked.pub >>"$D/authorized"
printf 'Welcome \033]0;owned\007\n\tto \xff \xe2\x80\xae this\n' >"$D/banner"
sshd_start "Banner $D/banner" 'ClientAliveInterval 0' ||
    fail 'sshd' "$(cat "$D/log")"
host=ubuntu@127.0.0.1
term()
{
	TERM=xterm "$PYTHON" "$SRC/tests/tools/onterminal.py" "$@"
}
full=("$TMP/connect" -o "UserKnownHostsFile=$known" -p "$PORT")
logins()
{
	grep -c 'Accepted' "$D/log"
}

# Host keys.
check 'known' expect_status 0 connect -i ed $host true
check 'the banner is shown safely' contains "$(err)" \
    $'Welcome ^[]0;owned^G\n^Ito \\xFF \\u{202E} this'
check 'nothing raw in it' safe "$TMP/.err"
check '-q: no banner' expect_status 0 connect -q -i ed $host true
check '-q: nothing at all' equals "$(err)" ''
cp "$known" known.all
for type in ecdsa rsa; do
	know_host $type
	check "only its $type key is known: that is asked for" \
	    expect_status 0 connect -v -o StrictHostKeyChecking=yes -i ed $host true
done
: >"$known"
before=$(logins)
for strict in yes ask; do
	check "unknown, StrictHostKeyChecking=$strict" expect_status 255 \
	    connect -o BatchMode=yes -o StrictHostKeyChecking=$strict -i ed \
	    $host true
	check "unknown, $strict: says its fingerprint" contains "$(err)" \
	    'is not known' "$(ssh-keygen -lf "$D/host_ed25519" | cut -d ' ' -f 2)"
	check "unknown, $strict: nothing learned" equals "$(cat "$known")" ''
done
check 'unknown: asked, and no' term 'expect=Go on .*\? ' 'send=n\r' status=255 \
    'expect=not accepted' cooked -- "${full[@]}" -i ed $host true
check 'unknown: just Return is no' term 'expect=Go on .*\? ' 'send=\r' \
    status=255 -- "${full[@]}" -i ed $host true
check 'unknown: Ctrl-C' term 'expect=Go on .*\? ' 'send=\x03' status=130 cooked \
    -- "${full[@]}" -i ed $host true
check 'nothing learned' equals "$(cat "$known")" ''
check 'nobody was logged in' equals "$(logins)" "$before"
check 'unknown: asked, and yes' term 'expect=Go on .*\? ' 'send=yes\r' status=0 \
    -- "${full[@]}" -i ed $host true
printf '#!/bin/sh\nprintf "%%s\\n" "$1" >"%s/asked"\necho yes\n' "$TMP" >askpass
chmod 755 askpass
: >"$known"
check 'unknown: asked by SSH_ASKPASS, and yes' expect_status 0 env DISPLAY=:0 \
    SSH_ASKPASS="$TMP/askpass" setsid "${full[@]}" -i ed $host true
check 'SSH_ASKPASS: it was told which host, and its fingerprint' contains \
    "$(cat asked)" "'127.0.0.1'" \
    "$(ssh-keygen -lf "$D/host_ed25519" | cut -d ' ' -f 2)"
check 'learned' grep -q "^\[127.0.0.1\]:$PORT ssh-ed25519 " "$known"
: >"$known"
check 'unknown: the fingerprint is a yes' term 'expect=Go on .*\? ' \
    "send=$(ssh-keygen -lf "$D/host_ed25519" | cut -d ' ' -f 2)\\r" status=0 \
    -- "${full[@]}" -i ed $host true
: >"$known"
check 'accept-new' expect_status 0 connect -o \
    StrictHostKeyChecking=accept-new -i ed $host true
check 'accept-new: learned' grep -q "ssh-ed25519 " "$known"
ssh-keygen -q -t ed25519 -N '' -f other
before=$(logins)
for strict in yes ask accept-new no; do
	echo "[127.0.0.1]:$PORT $(cut -d ' ' -f 1,2 other.pub)" >"$known"
	check "changed, $strict" expect_status 255 \
	    connect -o StrictHostKeyChecking=$strict -i ed $host true
	check "changed, $strict: says so, and where" contains "$(err)" CHANGED \
	    "$known" 'line 1'
	sed 's/^/@revoked /' known.all >"$known"
	cat known.all >>"$known"
	check "revoked, $strict" expect_status 255 \
	    connect -o StrictHostKeyChecking=$strict -i ed $host true
	check "revoked, $strict: says so" contains "$(err)" 'revoked'
done
sed -n 's/^[^ ]* ssh-ed25519/@revoked * ssh-ed25519/p' known.all >"$known"
cat known.all >>"$known"
check 'revoked for all hosts' expect_status 255 connect -i ed $host true
check 'revoked: says where' contains "$(err)" "'$known' line 1" 'hint: '
check 'nobody was logged in' equals "$(logins)" "$before"
: >"$known"
check 'StrictHostKeyChecking=no: an unknown host' expect_status 0 connect -o \
    StrictHostKeyChecking=no -i ed $host true
check 'only the key that was shown is learned, whatever else the server has' \
    equals "$(cut -d ' ' -f 2 "$known")" ssh-ed25519
check 'no file to learn into' expect_status 0 "$TMP/connect" -o \
    UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -p "$PORT" -i ed \
    $host true
check 'no file, no trust' expect_status 255 "$TMP/connect" -o \
    UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes -p "$PORT" -i ed \
    $host true
"$PYTHON" - >"$known" <<'END'
import random, string
random.seed(3)
for i in range(10000):
    print("".join(random.choices(string.printable[:95], k=random.randrange(200))))
END
before=$(logins)
check 'known_hosts of 10,000 lines of anything' expect_status 255 connect \
    -o StrictHostKeyChecking=yes -i ed $host true
check 'it knows nobody' contains "$(err)" 'is not known'
check 'nobody was logged in' equals "$(logins)" "$before"
cat known.all >>"$known"
check 'known_hosts of 10,000 lines of anything, and the right ones' \
    expect_status 0 connect -o StrictHostKeyChecking=yes -i ed $host true
cp known.all "$known"
sed "s/^[^ ]*/mine/" known.all >aliased
check 'HostKeyAlias' expect_status 0 "$TMP/connect" -o HostKeyAlias=mine \
    -o "UserKnownHostsFile=$TMP/aliased" -p "$PORT" -i ed $host true
check 'nobody to ask, no terminal' expect_status 255 connect -o \
    HostKeyAlias=unheard-of -i ed $host true
check 'nobody to ask: says who it is' contains "$(err)" "'unheard-of'" SHA256:
mkdir -p "$HOME/.ssh"
cp known.all "$HOME/.ssh/known_hosts"
chmod 600 "$HOME/.ssh/known_hosts"
check "ssh's own known hosts count" expect_status 0 "$TMP/connect" -o \
    StrictHostKeyChecking=yes -p "$PORT" -i ed $host true

# Keys.
check 'a key that it does not know' expect_status 255 \
    connect -o BatchMode=yes -i stranger $host true
check 'a key that it does not know: says what it takes' contains "$(err)" \
    "refuses the login as 'ubuntu'" publickey
chmod 644 ed
check 'a key that others can read' expect_status 255 connect -i ed $host true
check 'a key that others can read: says so' contains "$(err)" \
    'can be read by others' 'chmod 400'
chmod 600 ed
check 'no such key file' expect_status 255 connect -i nokey $host true
check 'what is no key' expect_status 255 connect -i known.all $host true
check 'a key with a passphrase, nobody to ask' expect_status 255 \
    connect -o BatchMode=yes -i locked $host true
check 'a key with a passphrase' term "expect=Passphrase of 'locked': " \
    'send=wrong\r' 'expect=Passphrase' 'send=its own\r' 'absent=its own' \
    'expect=through' status=0 cooked -- "${full[@]}" -i locked $host \
    'sleep 1; echo through'

# Options.
while IFS='|' read -r text options; do
	# shellcheck disable=SC2086 # words
	check "option refused: $options" \
	    expect_status 255 connect -i ed $options $host true
	check "option refused: $options: says why" contains "$(err)" "$text"
done <<'END'
unknown option -Z|-Z
not supported|-J jump
not supported|-N
not supported|-o ProxyCommand=x
not supported|-o Foo=bar
not supported|-o =x
wrong value|-o Port=0
wrong value|-o Port=65536
wrong value|-o Port=22x
wrong value|-o StrictHostKeyChecking=maybe
wrong value|-o ServerAliveInterval=-1
wrong value|-o Ciphers=3des-cbc
wrong value|-o Ciphers=aes256-ctr,chacha20-poly1305@openssh.com
wrong value|-o MACs=hmac-sha1
wrong value|-o KexAlgorithms=diffie-hellman-group1-sha1
needs a value|-o KexAlgorithms=
wrong value|-o BatchMode=2
wrong value|-o SetEnv=novalue
needs a value|-o User=
given twice|-l a -l b
there is no host|-l x -- nowhere
END
check 'connect(1) has the keys of -o that there are' equals \
    "$(sed -n '/^\.Sh HOST/q; s/^\.It Cm \([A-Z]\)/\1/p' \
    "$SRC/man/connect.1" | sed 's/ , Cm /\n/g' | sort)" \
    "$(sed -n 's/^\t{ "\([A-Za-z]*\)", [A-Z_]* },$/\1/p' \
    "$SRC/src/cli/connect_config.c" | sort)"
check 'connect(1) has the options that there are' equals \
    "$(sed -n '/^\.Sh HOST/q; s/^\.It Fl //p' "$SRC/man/connect.1" |
    sed 's/ , Fl /\n/g' | sed 's/ .*//; s/^/-/' | sort)" \
    "$(connect --help | sed 's/^  \(.*\), -/  \1\n  -/' |
    sed -n 's/^  *\(-[^ ,;]*\).*/\1/p' | sort)"
check 'no host' expect_status 255 connect -i ed
check '-f without a command' expect_status 255 connect -f -i ed $host
check '-f without a command: says so' contains "$(err)" 'needs a command'
check '--help' expect_status 0 "$TMP/connect" --help
check '--help: on stdout' contains "$(out)" 'usage: connect' -A
check 'pemkeep help connect is the same' expect_status 0 pk help connect
check '--version' expect_status 0 "$TMP/connect" --version
check 'options end at the host' expect_status 0 \
    connect -q -i ed $host printf '%s.' -v --help
check 'options end at the host: they are the command' equals "$(out)" '-v.--help.'
check 'letters together' expect_status 0 connect -qTied $host true
check 'pemkeep connect' expect_status 0 pk connect -q -i ed -p "$PORT" -o \
    "UserKnownHostsFile=$known" $host true
check 'pemkeep -q connect' expect_status 0 pk -q connect -i ed -p "$PORT" -o \
    "UserKnownHostsFile=$known" $host true
check 'pemkeep -q connect: quiet' equals "$(err)" ''
check '-l, -o with a blank, any case' expect_status 0 connect -q -i ed \
    -l ubuntu -o 'logLEVEL quiet' -o 'ConnectTimeout = 5' 127.0.0.1 true
check '-4' expect_status 0 connect -q -4 -i ed $host true
check '-6: the other family' expect_status 255 connect -q -6 -i ed $host true
check 'the first value of a key counts' expect_status 0 connect -q -i ed \
    -o User=ubuntu -o User=nobody 127.0.0.1 true
for kex in curve25519-sha256 ecdh-sha2-nistp384 diffie-hellman-group16-sha512 \
    diffie-hellman-group-exchange-sha256 diffie-hellman-group14-sha256; do
	check "key exchange $kex" expect_status 0 \
	    connect -v -o KexAlgorithms=$kex -i ed $host true
	check "key exchange $kex: it is that" contains "$(err)" \
	    "key exchange $kex"
done

# What is given may come from somewhere else: it is shown safely.
odd=$'\e]0;x\a\e[31m\xff\xc2\x9b\xe2\x80\xaeab'
check 'odd: a host' refused 255 '^[]0;x' -- connect -i ed "$odd" true
check 'odd: an address' refused 255 '^[]0;x' -- connect -i ed "ubuntu@$odd.org" true
check 'odd: a user' refused 255 '^[]0;x' -- connect -i ed -l "$odd" 127.0.0.1 true
check 'odd: a key file' refused 255 '^[]0;x' -- connect -i "$odd" $host true
check 'odd: an option' refused 255 '^[]0;x' -- connect -o "$odd=1" $host true
check 'odd: a value' refused 255 '^[]0;x' -- connect -o "Port=$odd" $host true
check 'odd: an alias' refused 255 -- connect -i ed -o "HostKeyAlias=$odd" $host true
: >"$odd"
chmod 666 "$odd"
check 'odd: a file of known hosts' refused 255 '^[]0;x' -- "$TMP/connect" -i ed \
    -o "UserKnownHostsFile=$TMP/$odd" -p "$PORT" $host true
for host_with in '-oProxyCommand=x' '$(id)' '`id`' 'a;id' 'a|id' '%h%u' '-v' \
    $'a\nb' '../x' '~x' '*' ' x'; do
	check "odd: the host '$host_with'" refused 255 -- \
	    connect -i ed -- "$host_with" true
done

# A server that takes longer for each login than we want to wait.
check 'keepalive: nothing comes from a stopped server' bash -c '
	"$@" & client=$!
	sleep 1
	stopped=$(pgrep -P "$(cat "$0/pid")")
	kill -STOP $stopped
	wait $client; status=$?
	kill -CONT $stopped
	exit $((status != 255))' "$D" "${full[@]}" -q -o ServerAliveInterval=1 \
    -o ServerAliveCountMax=2 -i ed $host 'sleep 30'
check 'keepalive: an idle session lives' expect_status 0 connect -q \
    -o ServerAliveInterval=1 -o ServerAliveCountMax=1 -i ed $host 'sleep 4'

# Keys are exchanged anew in the middle, while data go both ways.
sshd_stop
sshd_start 'RekeyLimit 1M' || fail 'sshd' "$(cat "$D/log")"
full=("$TMP/connect" -o "UserKnownHostsFile=$known" -p "$PORT")
head -c 33554432 /dev/urandom >big
connect -i ed $host cat <big 2>big.err | sha256sum >sum
check 'new keys every MiB, 32 MiB there and back' \
    equals "${PIPESTATUS[0]} $(cat big.err sum)" "0 $(sha256sum <big)"

# Passwords.
sshd_stop
sshd_start 'PasswordAuthentication yes' 'MaxAuthTries 3' ||
    fail 'sshd' "$(cat "$D/log")"
full=("$TMP/connect" -o "UserKnownHostsFile=$known" -p "$PORT" -i stranger)
check 'a password' term "expect=ubuntu@127.0.0.1's password: " \
    'send=open sesame\r' 'absent=sesame' 'expect=through' status=0 cooked -- \
    "${full[@]}" $host 'sleep 1; echo through'
check 'wrong, then right' term 'expect=password: ' 'send=x\r' \
    'expect=password: ' 'send=open sesame\r' status=0 cooked -- \
    "${full[@]}" $host true
check 'wrong for good' term 'expect=password: ' 'send=x\r' 'expect=password: ' \
    'send=x\r' status=255 cooked -- "${full[@]}" $host true
check 'BatchMode: nobody is asked' expect_status 255 "${full[@]}" \
    -o BatchMode=yes $host true
check 'SIGTERM at the question' term 'expect=password: ' kill=TERM status=143 \
    cooked -- "${full[@]}" $host true
check 'Ctrl-C at the question' term 'expect=password: ' 'send=\x03' status=130 \
    cooked -- "${full[@]}" $host true

# Questions of the server, from a real one.
sshd_stop
if pam_start 'MaxAuthTries 3'; then
	full=("$TMP/connect" -o "UserKnownHostsFile=$known" -p "$PORT")
	who='\(ubuntu@127\.0\.0\.1\) '
	check 'keyboard-interactive' term \
	    "expect=succeeded\r\n${who}Password: " 'send=open sesame\r' \
	    'absent=sesame' 'expect=through' status=0 clean cooked -- \
	    "${full[@]}" -i stranger $host 'sleep 1; echo through'
	check 'keyboard-interactive: wrong, then right' term 'expect=Password: ' \
	    'send=x\r' 'expect=Password: ' 'send=open sesame\r' status=0 \
	    cooked -- "${full[@]}" -i stranger $host true
	check 'keyboard-interactive: wrong for good' term 'expect=Password: ' \
	    'send=x\r' 'expect=Password: ' 'send=x\r' status=255 cooked -- \
	    "${full[@]}" -i stranger $host true
	check 'keyboard-interactive: nobody to ask' refused 255 \
	    "refuses the login as 'ubuntu'" -- connect -i stranger $host true
	check 'keyboard-interactive: what it takes' \
	    contains "$(err)" 'publickey, keyboard-interactive'
	sshd_stop
	pam_start 'AuthenticationMethods publickey,keyboard-interactive' ||
	    fail 'sshd' "$(cat "$D/log")"
	full=("$TMP/connect" -o "UserKnownHostsFile=$known" -p "$PORT")
	check 'a key, then a question' term 'expect=Password: ' \
	    'send=open sesame\r' status=0 cooked -- "${full[@]}" -i ed $host true
	sshd_stop
else
	skip 'keyboard-interactive' 'libpam-wrapper is not installed'
fi

# A key and a password.
sshd_stop
sshd_start 'PasswordAuthentication yes' \
    'AuthenticationMethods publickey,password' || fail 'sshd' "$(cat "$D/log")"
check 'a key and a password' term 'expect=password: ' 'send=open sesame\r' \
    status=0 cooked -- "$TMP/connect" -o "UserKnownHostsFile=$known" \
    -p "$PORT" -i ed $host true
check 'the key alone is not enough' expect_status 255 connect \
    -o BatchMode=yes -i ed $host true

# A server that has another type of key than the one that is known.
sshd_stop
sshd_start 'HostKeyAlgorithms rsa-sha2-512' || fail 'sshd' "$(cat "$D/log")"
know_host ed25519
cp "$known" before
for strict in yes ask accept-new no; do
	check "another type of host key, $strict" refused 255 CHANGED ssh-rsa \
	    ssh-ed25519 "$known' line 1" -- connect \
	    -o StrictHostKeyChecking=$strict -i ed $host true
done
check 'another type: nothing learned' cmp "$known" before
check 'another type: nobody was logged in' equals "$(logins)" 0
know_host ed25519 rsa
check 'both types are known' expect_status 0 connect -i ed $host true

# A certificate of a host is not taken for anything; its plain key is.
ssh-keygen -q -s other -I box -h -n 127.0.0.1 -V -2d:-1d "$D/host_ed25519.pub"
sshd_stop
sshd_start "HostCertificate $D/host_ed25519-cert.pub" ||
    fail 'sshd' "$(cat "$D/log")"
echo "@cert-authority * $(cat other.pub)" >"$known"
check 'a host certificate that has expired: not known by it' expect_status 255 \
    connect -o StrictHostKeyChecking=yes -i ed $host true
know_host ed25519
check 'a host certificate: the plain key is known' expect_status 0 \
    connect -o StrictHostKeyChecking=yes -i ed $host true

# A server that has only what we do not take.
sshd_stop
sshd_start 'Ciphers chacha20-poly1305@openssh.com,aes128-cbc' ||
    fail 'sshd' "$(cat "$D/log")"
check 'no cipher in common' expect_status 255 connect -i ed $host true
check 'no cipher in common: says so' contains "$(err)" 'algorithms'
sshd_stop
sshd_start 'PubkeyAcceptedAlgorithms ssh-rsa' || fail 'sshd' "$(cat "$D/log")"
check 'only SHA-1 signatures' expect_status 255 connect \
    -o BatchMode=yes -i rsa $host true
check 'only SHA-1 signatures: no login' lacks "$(cat "$D/log")" "Accepted publickey"
done_testing
