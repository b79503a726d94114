#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: commands run on a real sshd as with ssh: with every kind of
# key that EC2 knows, exit statuses, the three streams apart and unharmed, the
# environment, early ends on either side, and 100 MiB both ways at once.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/tools/sshd.sh
. "$SRC/tests/tools/sshd.sh"

key rsa rsa -m PEM -b 2048 # as EC2 makes it
key ed25519 ed
key ecdsa ec
key ecdsa ec521 -b 521
key rsa rsa4096 -b 4096
sshd_start || fail 'sshd' "$(cat "$D/log")"
host=ubuntu@127.0.0.1

check 'the RSA key is PKCS#1' \
    contains "$(head -n 1 rsa)" 'BEGIN RSA PRIVATE KEY'
for k in rsa ed ec ec521 rsa4096; do
	check "key $k" expect_status 0 connect -i $k $host 'echo in; whoami'
	check "key $k: what it printed" equals "$(out)" $'in\nubuntu'
	check "key $k: nothing said" equals "$(err)" ''
done
check 'RSA signs with SHA-2' expect_status 0 \
    connect -v -i rsa $host true
check 'RSA signs with SHA-2: says so' \
    contains "$(err)" 'signing with rsa-sha2-512' 'aes256-gcm@openssh.com'

# Exit statuses, beside ssh's.
while read -r command; do
	kssh ed $host "$command" >ssh.out 2>ssh.err </dev/null
	status=$?
	check "as with ssh: $command" \
	    expect_status $status connect -i ed $host "$command" </dev/null
	check "as with ssh: $command: stdout" cmp "$TMP/.out" ssh.out
	check "as with ssh: $command: stderr" cmp "$TMP/.err" ssh.err
done <<'END'
true
false
exit 255
exit 256
no-such-command-here
echo out; echo err >&2; exit 3
printf 'no line end'; exit 200
exec >&- 2>&-; sleep 0.3; exit 5
exec <&-; sleep 0.3; exit 6
printf '\000\001\377\r\n'; cat; exit 9
END
check 'several words are one command' expect_status 0 \
    connect -i ed $host echo a '$((1' + '1))' \; echo b
check 'several words are one command: run by a shell there' \
    equals "$(out)" $'a 2\nb'
for n in 9:KILL 15:TERM 11:SEGV; do
	check "killed by ${n#*:}" expect_status $((128 + ${n%:*})) \
	    connect -i ed $host "kill -${n#*:} \$\$"
	check "killed by ${n#*:}: says so" contains "$(err)" "${n#*:}"
done

# The streams.
head -c 1048576 /dev/urandom >data
check 'stdin to a file' expect_status 0 \
    connect -i ed $host "cat >'$TMP/copy'" <data
check 'stdin to a file: the same' cmp data copy
check 'stdin not read' expect_status 4 \
    connect -i ed $host 'head -c 10 >/dev/null; exit 4' <data
check 'stderr of 20 MiB, then stdout' expect_status 0 connect -i ed $host \
    'head -c 20971520 /dev/zero >&2; echo done'
check 'stderr of 20 MiB: all of it' equals "$(err | wc -c)" 20971520
check 'stdout after it' equals "$(out)" 'done'
check '-n: no input' expect_status 0 connect -n -i ed $host cat <data
check '-n: nothing came' equals "$(out)" ''
check 'a shell without a terminal reads commands' expect_status 7 \
    connect -i ed $host <<<'echo from $((40 + 2)); exit 7'
check 'its output' equals "$(out)" 'from 42'
check 'input from a device' expect_status 0 connect -i ed $host wc -c </dev/null
connect -i ed $host 'yes' 2>yes.err | head -n 1 >yes.out
check 'nobody reads the output: it ends' \
    equals "${PIPESTATUS[0]} $(cat yes.out yes.err)" '255 y'
check 'stdout is a full device' expect_status 255 \
    bash -c '"$@" >/dev/full' - "$TMP/connect" -o "UserKnownHostsFile=$known" \
    -p "$PORT" -i ed $host 'while echo x; do sleep 0.1; done'
check 'stdout is a full device: says so' \
    contains "$(err)" 'cannot write to standard output'

# 100 MiB through both directions at once.
head -c 104857600 /dev/urandom >big
connect -i ed $host cat <big 2>big.err | sha256sum >sum
check '100 MiB there and back' equals "${PIPESTATUS[0]} $(cat big.err)" '0 '
check '100 MiB there and back: the same' \
    equals "$(cat sum)" "$(sha256sum <big)"
for cipher in aes128-gcm@openssh.com aes256-ctr; do
	for mac in hmac-sha2-256-etm@openssh.com hmac-sha2-512; do
		check "$cipher, $mac" expect_status 0 connect -i ed -o \
		    Ciphers=$cipher -o MACs=$mac $host cat <data
		check "$cipher, $mac: the same" cmp "$TMP/.out" data
	done
done
# A slow reader must not lose anything, nor make us spin.
connect -i ed $host 'head -c 8388608 /dev/zero' |
    (sleep 2; sha256sum) >slow
check 'a slow reader' equals "$(cat slow)" \
    "$(head -c 8388608 /dev/zero | sha256sum)"

# The window counts bytes; packets cost memory besides.
cat >tiny.py <<'END'
import os, sys, time
end, n = time.monotonic() + 3, 0
while time.monotonic() < end:
    n += os.write(1, b"x")
sys.stderr.write("%d\n" % n)
END
"$BUILD/tests/tools/measure" sh -c '"$@" | (sleep 4; wc -c)' - \
    "$TMP/connect" -o "UserKnownHostsFile=$known" -p "$PORT" -i ed $host \
    "'$PYTHON' '$TMP/tiny.py'" >tiny
check 'a slow reader of single bytes gets them all' equals \
    "$(sed 1d tiny | sort -u | wc -l)" 1
check 'a slow reader of single bytes: in little memory' test \
    "$(sed -n '1s/.*rss=\([0-9]*\).*/\1/p' tiny)" -le \
    "$(grep -q sanitize "$BUILD/flags" && echo 400000 || echo 20480)"

# The descriptors that we are given stay blocking: others share them.
check 'nobody finds its descriptors non-blocking' expect_status 0 \
    "$PYTHON" -c 'import fcntl, os, subprocess, sys
r, w = os.pipe()
p = subprocess.Popen(sys.argv[1:], stdin=r, stdout=w, stderr=w)
seen = 0
while p.poll() is None:
    for fd in r, w:
        seen |= fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK
sys.exit(1 if seen else p.returncode)' "$TMP/connect" -o \
    "UserKnownHostsFile=$known" -p "$PORT" -n -i ed $host 'echo x; sleep 0.5'

# The environment.
check 'LANG and LC_*, SendEnv, SetEnv' env LANG=de_DE LC_FOO=1 FOO_A=a FOO_B=b \
    bash -c '"$@" >"$0"' "$TMP/env" "$TMP/connect" -o \
    "UserKnownHostsFile=$known" -p "$PORT" -i ed -o 'SendEnv=FOO_A NONE*' \
    -o SetEnv=FOO_C=c=d -o SetEnv=LC_FOO=2 $host env
check 'those and no others' equals \
    "$(grep -E '^(LANG|LC_F|FOO_)' env | sort | tr '\n' ' ')" \
    'FOO_A=a FOO_C=c=d LANG=de_DE LC_FOO=2 '

# In the background.
check '-f' expect_status 0 connect -f -i ed $host "sleep 1; echo >'$TMP/there'"
check '-f: it has come back before the command has ended' test ! -e there
for ((i = 0; i < 50; i++)); do
	[ -e there ] && break
	sleep 0.1
done
check '-f: the command ended all the same' test -e there

# Dropbear.
if command -v dropbear >/dev/null && dropbear_start; then
	for k in rsa ed ec; do
		check "dropbear: key $k" expect_status 3 \
		    connect -i $k $host 'echo in; exit 3'
		check "dropbear: key $k: what it printed" equals "$(out)" in
	done
	connect -i ed $host cat <data >copy
	check 'dropbear: 1 MiB there and back' cmp data copy
else
	skip dropbear "it is not installed, or does not start here"
fi
done_testing
