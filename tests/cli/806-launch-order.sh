#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: what a power cut would show and kill -9 cannot.  Before each call
# that changes something the journal says so, flushed to the disk, and its folder
# too; after it, what has come of it; and the key is in the vault, flushed, before the
# first thing is made in AWS.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

if ! strace -f -o "$TMP/probe" true 2>/dev/null; then
	skip 'the order of the system calls' 'strace does not work here'
	done_testing
fi
if grep -q sanitize "$BUILD/flags"; then
	skip 'the order of the system calls' 'the reader of keys has not the time for \
strace and a sanitizer; the order is the same without'
	done_testing
fi
cloud_start pending=0.05 stopping=0.05 || done_testing
cloud_account main eu-west-1
export AWS_PROFILE=main
new_vault
pk -q agent --stop

cat >judge.py <<'END'
"""judge.py TRACE WITH-KEY: what has happened too early, one a line; then "N calls"."""
import re
import sys

STEP = {"CreateKeyPair": 0, "ImportKeyPair": 1, "CreateSecurityGroup": 2,
        "AuthorizeSecurityGroupIngress": 3, "RunInstances": 4,
        "AllocateAddress": 6, "AssociateAddress": 7}
content, flushed, placed, durable = {}, set(), None, None
vault_placed = vault_durable = False
calls, known = 0, set()
pending = {}


def whole_lines(path):
    """Calls that another thread has cut in two are put together."""
    for line in open(path, encoding="utf-8", errors="replace"):
        pid, _, text = line.rstrip("\n").partition(" ")
        text = text.strip()
        if text.endswith("<unfinished ...>"):
            pending[pid] = text[:-len("<unfinished ...>")]
        elif text.startswith("<... "):
            yield pending.pop(pid, "") + text.split(" resumed>", 1)[-1]
        else:
            yield text


for text in whole_lines(sys.argv[1]):
    name = text.split("(", 1)[0]
    path = re.match(r"\w+\(\d+<([^>]*)>", text)
    path = path[1] if path else ""
    if name == "write" and "/launches/" in path:
        content[path] = text
        flushed.discard(path)
    elif name in ("fsync", "fdatasync"):
        flushed.add(path)
        if path.endswith("/launches") and placed:
            durable = placed
        if path.endswith("share/pemkeep") and vault_placed:
            vault_durable = True
    elif name.startswith("rename"):
        old, new = re.findall(r'"([^"]*)"', text)[:2]
        if re.search(r"/?web-[0-9a-f]+\.json$", new):
            source = [p for p in content if p.endswith(old.split("/")[-1])]
            if not source or source[0] not in flushed:
                print("renamed before it was flushed:", old)
            placed = content[source[0]] if source else ""
        elif new.split("/")[-1] == "vault":
            vault_placed = True
    elif name in ("sendto", "write", "writev", "sendmsg"):
        action = re.search(r"Action=(\w+)", text)
        if not action or action[1] not in STEP:
            continue
        calls += 1
        step = r'\\"step\\": %d,' % STEP[action[1]]
        if not durable or not re.search(step, durable) or \
                r'\"begun\": 1' not in durable:
            print(action[1], "is called before the journal says so on the disk")
        if sys.argv[2] == "yes" and not vault_durable:
            print(action[1], "is called before the key is on the disk")
        for kind, member in (("RunInstances", "group_id"),
                             ("AllocateAddress", "instance"),
                             ("AssociateAddress", "allocation")):
            if action[1] == kind and \
                    r'\"%s\": \"\"' % member in (durable or ""):
                print(kind, "is called before the journal knows", member)
print(calls, "calls")
END

# trace NAME OPTION...
trace()
{
	strace -f -y -s 8000 -o "$TMP/trace" \
	    -e trace=write,writev,sendto,sendmsg,fsync,fdatasync,rename,renameat,renameat2 \
	    "$PEMKEEP" --no-agent launch web --image debian-12 --yes "$@" \
	    </dev/null >"$TMP/said" 2>&1 || cat "$TMP/said"
}
trace
check 'a new key: each call is in the journal, on the disk, before it is made' \
    equals "$("$PYTHON" judge.py "$TMP/trace" yes)" '6 calls'
pk -q terminate web --yes >/dev/null 2>&1
pk -q agent --stop
trace --key-from-aws --no-elastic-ip
check 'a key of EC2: so is each call, and the pair comes first' equals \
    "$("$PYTHON" judge.py "$TMP/trace" no)" '4 calls'
check 'a key of EC2: it is on the disk before the next thing is made' equals \
    "$("$PYTHON" judge.py "$TMP/trace" yes)" \
    'CreateKeyPair is called before the key is on the disk
4 calls'
done_testing
