#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: a key that wants to be confirmed is used only after the user
# has said yes to a question that the client can neither see nor answer.

. "$SRC/tests/cli/lib.sh"

# Says what stands in the file "say": yes, no, or late.
cat >askpass <<'END'
#!/bin/sh
printf '%s\n' "$SSH_ASKPASS_PROMPT: $1" >>"$HOME/asked"
read -r answer <"$HOME/say"
[ "$answer" != late ] || sleep 40
[ "$answer" = yes ]
END
chmod 755 askpass
mv askpass "$HOME/askpass"
say()
{
	rm -f "$HOME/asked"
	echo "$1" >"$HOME/say"
}
asked()
{
	cat "$HOME/asked" 2>/dev/null
}
ssh-keygen -q -t ed25519 -N '' -C '' -f careful
ssh-keygen -q -t ed25519 -N '' -C '' -f free

export SSH_ASKPASS=$HOME/askpass
new_vault
check 'import --confirm' expect_status 0 pk import --confirm careful
pk -q import free >/dev/null
eval "$(pk agent)"
check 'keys: says so' contains "$(pk keys)" 'each use is to be confirmed'
check 'keys --json: says so' equals \
    "$(pk keys --json | grep -c '"confirm": true')" 1
say yes
check 'yes' expect_status 0 ssh-add -T careful.pub
check 'yes: was asked' equals "$(asked)" \
    "confirm: Allow the use of the key 'careful'?"
say no
check 'no' expect_status 1 ssh-add -T careful.pub
check 'no: was asked' contains "$(asked)" careful
check 'each use is asked for' equals "$(say yes; for _ in 1 2 3; do
	ssh-add -T careful.pub 2>/dev/null; done; asked | wc -l)" 3
say no
check 'another key: not asked' expect_status 0 ssh-add -T free.pub
check 'another key: nobody was' equals "$(asked)" ''

# While one waits for its answer, the others go on; in the end it is no.
say late
ssh-add -T careful.pub 2>late.err &
late=$!
sleep 0.5
check 'late: others are served' expect_status 0 ssh-add -T free.pub
check 'late: commands, too' expect_status 0 pk keys
began=$SECONDS
wait "$late"
check 'late: refused' equals $? 1
check 'late: after 30 seconds' test $((SECONDS - began)) -ge 25 -a \
    $((SECONDS - began)) -le 34
say late
ssh-add -T careful.pub 2>late.err &
late=$!
sleep 0.5
pk -q lock
wait "$late"
check 'locked meanwhile: refused' equals $? 1

# The client's own environment is nothing to the agent.
printf '#!/bin/sh\nexit 0\n' >always-yes
chmod 755 always-yes
pk -q unlock
say no
check 'a program of the client is not asked' expect_status 1 \
    env SSH_ASKPASS="$TMP/always-yes" ssh-add -T careful.pub
check 'not even after another command' expect_status 0 \
    env SSH_ASKPASS="$TMP/always-yes" "$PEMKEEP" keys
check 'still not' expect_status 1 ssh-add -T careful.pub
pk -q lock
env -u SSH_ASKPASS "$PEMKEEP" -q unlock
check 'nothing to ask with: refused' expect_status 1 ssh-add -T careful.pub
check 'nothing to ask with: the others work' expect_status 0 ssh-add -T free.pub

# What was refused stands in the log, with the reason.
print=$(ssh-keygen -lf careful.pub | cut -d ' ' -f 2)
check 'the log: not confirmed' matches "$(pk log)" \
    "refused +${print//+/[+]} +ssh-add\\[[0-9]+\\] +sign: not confirmed"
check 'the log: nothing to ask with' matches "$(pk log)" \
    "refused +${print//+/[+]} +ssh-add\\[[0-9]+\\] +sign: nobody could be asked"
check 'the log is sound' expect_status 0 pk log --verify
pk -q lock
SSH_ASKPASS=$TMP/missing pk -q unlock
check 'the program is missing: refused' expect_status 1 \
    ssh-add -T careful.pub
with "$PASS" -- pk9 -q unlock
check 'the passphrase again: the agent hears what to ask with' equals \
    "$(say yes; ssh-add -T careful.pub >/dev/null 2>&1; asked | wc -l)" 1

# From another machine: the question says so, whatever comes later.
cat >forwarded.py <<'END'
import os, socket, struct, sys
import nacl.signing

def string(b):
    return struct.pack(">I", len(b)) + b

s = socket.socket(socket.AF_UNIX)
s.connect(os.environ["SSH_AUTH_SOCK"])

def ask(kind, body):
    s.sendall(struct.pack(">IB", len(body) + 1, kind) + body)
    n, kind = struct.unpack(">IB", s.recv(5, socket.MSG_WAITALL))
    return kind, s.recv(n - 1, socket.MSG_WAITALL) if n > 1 else b""

with open(sys.argv[1]) as f:
    import base64
    blob = base64.b64decode(f.read().split()[1])
for forwarded in sys.argv[2:]:
    host, session = nacl.signing.SigningKey.generate(), os.urandom(32)
    got = ask(27, string(b"session-bind@openssh.com") + string(
        string(b"ssh-ed25519") + string(bytes(host.verify_key))) +
        string(session) + string(string(b"ssh-ed25519") + string(
            host.sign(session).signature)) + bytes((int(forwarded),)))
    assert got == (6, b""), got
print(ask(13, string(blob) + string(b"data") + bytes(4))[0])
END
far=' FROM ANOTHER MACHINE (forwarded)'
say yes
check 'bound to a login: signs' equals \
    "$("$PYTHON" forwarded.py careful.pub 0)" 14
check 'bound to a login: the question' equals "$(asked)" \
    "confirm: Allow the use of the key 'careful'?"
say yes
check 'forwarded: signs' equals "$("$PYTHON" forwarded.py careful.pub 0 1)" 14
check 'forwarded: the question' equals "$(asked)" \
    "confirm: Allow the use of the key 'careful'$far?"
say no
check 'forwarded, and on from there: does not sign' equals \
    "$("$PYTHON" forwarded.py careful.pub 1 0 0)" 5
check 'forwarded, and on from there: the question' equals "$(asked)" \
    "confirm: Allow the use of the key 'careful'$far?"
check 'forwarded: logged' contains "$(pk log)" 'sign: not confirmed (forwarded)'

# Whoever wanted the signature has gone: so has the question.
say late
ssh-add -T careful.pub 2>/dev/null &
late=$!
agent=$(pk agent --status --json | sed -n 's/.*"pid": \([0-9]*\).*/\1/p')
for _ in $(seq 100); do
	asker=$(pgrep -P "$agent" -f askpass) && break
	sleep 0.05
done
sleeper=$(pgrep -P "$asker")
check 'a question is there' test -n "$asker"
kill -KILL $late
sleep 0.5
check 'the client has gone: the question, too' test -z \
    "$(pgrep -P "$agent" -f askpass)"
[ -z "$sleeper" ] || kill $sleeper

# set
check 'set --no-confirm' expect_status 0 pk set careful --no-confirm
say no
check 'set --no-confirm: not asked' expect_status 0 ssh-add -T careful.pub
check 'set --confirm' expect_status 0 pk set careful --confirm
check 'set --confirm: asked' expect_status 1 ssh-add -T careful.pub
check 'set: neither' refused 2 -- pk set careful
check 'set: both' refused 2 -- pk set careful --confirm --no-confirm
check 'set: no such key' refused 4 "'none'" -- pk set none --confirm
check 'the vault is sound' expect_status 0 pk check
pk -q lock
check 'it is in the vault' contains "$(pk keys)" 'each use is to be confirmed'
check 'check: sound' expect_status 0 pk check
done_testing
